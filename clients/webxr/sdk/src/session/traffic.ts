/**
 * What a client measures of its connection: bytes by lane, rates, the cost of snapshots. Pure.
 */
import { LANES } from "../generated.js";
import type { Lane, Message, ServerMessage } from "../generated.js";

const WINDOW_MS = 3000; // rates shown live are the last seconds'

/** Bytes by lane; of what is sent, poses and carried objects count as `poses`, what is answered as `events`. */
export type LaneBytes = Readonly<Record<Lane, number>>;

interface Counts {
  atMs: number;
  snapshots: number;
  applyMs: number;
  readonly received: Record<Lane, number>;
  readonly sent: Record<Lane, number>;
}

/** Rates of the last seconds. */
export interface Rates {
  readonly snapshotsPerS: number;
  /** What taking in one snapshot costs, ms. */
  readonly snapshotMs: number;
  readonly received: LaneBytes;
  readonly sent: LaneBytes;
}

/** Counts payloads; transport framing is not in it. */
export class Traffic {
  private readonly now: Counts = blank();
  private readonly past: Counts[] = [blank()];

  received(type: ServerMessage["type"], bytes: number): void {
    this.now.received[LANES[type]] += bytes;
  }

  sent(message: Message, bytes: number): void {
    this.now.sent[laneOf(message)] += bytes;
  }

  /** Count a snapshot, and how long taking it in took. */
  applied(tookMs: number): void {
    this.now.snapshots += 1;
    this.now.applyMs += tookMs;
  }

  /** Keep the window moving; call it about every half second or more often. */
  advance(nowMs: number): void {
    this.now.atMs = nowMs;
    if (nowMs - (this.past.at(-1)?.atMs ?? -Infinity) < 250) return;
    this.past.push({ ...this.now, received: { ...this.now.received }, sent: { ...this.now.sent } });
    while ((this.past[1]?.atMs ?? nowMs) <= nowMs - WINDOW_MS) this.past.shift();
  }

  rates(nowMs: number): Rates {
    const old = this.past[0] ?? this.now;
    const passedS = Math.max(nowMs - old.atMs, 1) / 1000;
    const snapshots = this.now.snapshots - old.snapshots;
    return {
      snapshotsPerS: snapshots / passedS,
      snapshotMs: snapshots > 0 ? (this.now.applyMs - old.applyMs) / snapshots : 0,
      received: perSecond(this.now.received, old.received, passedS),
      sent: perSecond(this.now.sent, old.sent, passedS),
    };
  }
}

function laneOf(message: Message): Lane {
  if (message.type === "pose" || message.type === "move") return "poses";
  return "ref" in message ? "events" : "control";
}

function blank(): Counts {
  const none = { control: 0, events: 0, poses: 0 };
  return { atMs: 0, snapshots: 0, applyMs: 0, received: { ...none }, sent: { ...none } };
}

function perSecond(present: LaneBytes, old: LaneBytes, passedS: number): LaneBytes {
  return {
    control: (present.control - old.control) / passedS,
    events: (present.events - old.events) / passedS,
    poses: (present.poses - old.poses) / passedS,
  };
}
