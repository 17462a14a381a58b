/**
 * When the places of carried objects are sent: the newest of each, at most 20 times a second (SPEC section 8.13). Pure.
 */
import type { MoveMessage } from "../generated.js";
import { millimetres, packOrientation } from "../wire/quantities.js";
import type { Quaternion, Vector } from "../wire/quantities.js";

const INTERVAL_MS = 50;
const EARLY = 0.5; // as of poses

/** An object's place as the wire has it. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly orientation: number;
}

/** Quantise an object's place. Throws RangeError out of the protocol's bounds. */
export function placeOf(position: Vector, orientation: Quaternion): Place {
  const [x, y, z] = position;
  return {
    x: millimetres(x),
    y: millimetres(y),
    z: millimetres(z),
    orientation: packOrientation(...orientation),
  };
}

interface Grip {
  readonly version: number;
  readonly place: Place;
  isDue: boolean;
}

export class ObjectSender {
  private readonly grips = new Map<number, Grip>();
  private nextAtMs = -Infinity;

  /** Let a held object be at `place`. */
  move(entity: number, version: number, place: Place): void {
    const grip = this.grips.get(entity);
    if (grip?.version !== version || !isSame(grip.place, place))
      this.grips.set(entity, { version, place, isDue: true });
  }

  /** Forget a held object, sent or not, and return where it was moved last. */
  drop(entity: number): Place | null {
    const grip = this.grips.get(entity);
    this.grips.delete(entity);
    return grip?.place ?? null;
  }

  /** Forget every object: nothing is held any more. */
  clear(): void {
    this.grips.clear();
  }

  /** Send every place again: the connection broke and may have swallowed the newest. */
  repeat(): void {
    for (const grip of this.grips.values()) grip.isDue = true;
  }

  /** Return the moves to send now; they count as sent. */
  due(nowMs: number): MoveMessage[] {
    if (nowMs < this.nextAtMs) return [];
    const moves: MoveMessage[] = [];
    for (const [entity, grip] of this.grips) {
      if (!grip.isDue) continue;
      grip.isDue = false;
      moves.push({ type: "move", entity, version: grip.version, ...grip.place });
    }
    if (moves.length > 0) this.nextAtMs = Math.max(this.nextAtMs + INTERVAL_MS, nowMs + INTERVAL_MS * EARLY);
    return moves;
  }
}

function isSame(one: Place, other: Place): boolean {
  return one.x === other.x && one.y === other.y && one.z === other.z && one.orientation === other.orientation;
}
