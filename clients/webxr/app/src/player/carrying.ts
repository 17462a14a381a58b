/**
 * The things one holds: taking, carrying along, putting down.
 *
 * Owns which hand holds what. The server decides who holds a thing; a refusal is reported in words and changes nothing.
 * A held thing is drawn where the hand is at once; the SDK tells others as often as they can use.
 */
import { PresenceError, type Room } from "@presence-hub/client";
import type { PlayerAction } from "./contract";
import type { Point } from "@presence-hub/client";

export type Quaternion4 = readonly [number, number, number, number];

export interface Held {
  readonly position: Point;
  readonly orientation: Quaternion4;
}

/** Where held things are drawn: the stage's props. */
export interface Shelf {
  carry(entity: number, pose: Held | null): void;
}

/** Which hand: on a desktop there is one. */
export type Hand = "left" | "right";

/** The server's reach for things is 3 m from the feet (SPEC 8.13); this keeps clear of its rounding. */
const REACH_M = 2.9;
/** A thing put down is shown there until snapshots, which come a little later, agree. */
const SETTLE_MS = 400;

interface Grip {
  readonly entity: number;
  /** The server has agreed. */
  isOurs: boolean;
  /** The room's list says so too, which it does a little later: from then on it tells when the thing is lost. */
  isListed: boolean;
}

export class Carrying {
  readonly #room: Room;
  readonly #shelf: Shelf;
  readonly #refuse: (action: PlayerAction, why: string) => void;
  readonly #hands = new Map<Hand, Grip>();
  readonly #settling = new Map<number, number>();
  #nowMs = 0;

  constructor(room: Room, shelf: Shelf, refuse: (action: PlayerAction, why: string) => void) {
    this.#room = room;
    this.#shelf = shelf;
    this.#refuse = refuse;
  }

  /** What a hand holds, or is about to; null for an empty hand. */
  held(hand: Hand): number | null {
    return this.#hands.get(hand)?.entity ?? null;
  }

  /** Whether the server has agreed that a hand holds what it holds. */
  isHeld(hand: Hand): boolean {
    return this.#hands.get(hand)?.isOurs ?? false;
  }

  async take(entity: number, hand: Hand): Promise<void> {
    if (this.#hands.has(hand) || this.#isInHand(entity)) return;
    const grip: Grip = { entity, isOurs: false, isListed: false };
    this.#hands.set(hand, grip);
    this.#settling.delete(entity);
    try {
      await this.#room.grab(entity);
      grip.isOurs = true;
    } catch (error) {
      this.#letGo(hand, grip.entity);
      this.#refuse("take", refusalName(error));
    }
  }

  /** Once a frame, before `carry`. */
  update(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const [entity, untilMs] of this.#settling) {
      if (nowMs < untilMs) continue;
      this.#settling.delete(entity);
      this.#shelf.carry(entity, null);
    }
  }

  /** Carry what a hand holds along; called each frame. */
  carry(hand: Hand, at: Held, feet: Point): void {
    const grip = this.#hands.get(hand);
    if (!grip?.isOurs) return;
    const isListed = this.#room.things.get(grip.entity)?.holder === this.#room.self;
    if (grip.isListed && !isListed) {
      // The server gave it back to the room, or to somebody else.
      this.#letGo(hand, grip.entity);
      return;
    }
    grip.isListed = isListed;
    const held = { position: withinReach(at.position, feet), orientation: at.orientation };
    this.#shelf.carry(grip.entity, held);
    this.#room.move(grip.entity, held.position, held.orientation);
  }

  /** Let go of what a hand holds, at a place. */
  async putDown(hand: Hand, at: Held, feet: Point, action: PlayerAction = "put_down"): Promise<void> {
    const grip = this.#hands.get(hand);
    if (!grip?.isOurs) return;
    grip.isOurs = false;
    const position = withinReach(at.position, feet);
    this.#shelf.carry(grip.entity, { position, orientation: at.orientation });
    try {
      await this.#room.release(grip.entity, position, at.orientation);
      this.#hands.delete(hand);
      this.#settling.set(grip.entity, this.#nowMs + SETTLE_MS);
    } catch (error) {
      grip.isOurs = true;
      this.#refuse(action, refusalName(error));
    }
  }

  /** Forget everything: the room was left. */
  clear(): void {
    for (const [hand, { entity }] of [...this.#hands]) this.#letGo(hand, entity);
    this.update(Infinity);
  }

  #isInHand(entity: number): boolean {
    return [...this.#hands.values()].some((grip) => grip.entity === entity);
  }

  #letGo(hand: Hand, entity: number): void {
    this.#hands.delete(hand);
    this.#shelf.carry(entity, null);
  }
}

/** A refusal's name for the interface. What the SDK does not reject with is a bug, and thrown on. */
export function refusalName(error: unknown): string {
  if (error instanceof PresenceError) return error.name;
  throw new Error("a command failed in a way the SDK does not know", { cause: error });
}

/** The nearest place to `at` that is within reach of `feet`. */
export function withinReach(at: Point, feet: Point): Point {
  const dx = at[0] - feet[0];
  const dy = at[1] - feet[1];
  const dz = at[2] - feet[2];
  const away = Math.hypot(dx, dy, dz);
  if (away <= REACH_M) return at;
  const part = REACH_M / away;
  return [feet[0] + dx * part, feet[1] + dy * part, feet[2] + dz * part];
}
