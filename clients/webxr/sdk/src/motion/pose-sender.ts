/**
 * When one's own pose is sent: as rarely as exactness allows (SPEC section 11.2). Numbers the poses; pure.
 *
 * Nothing is sent while a pose is the same after quantisation; while it changes, the newest goes out at most 20 times a
 * second, and while it only trembles, four times; the first after a pause at once, and the last of a movement always.
 */
import { isNewer } from "../wire/quantities.js";
import type { Vector } from "../wire/quantities.js";
import { InputPose } from "./input-pose.js";
import type { TrackedParts } from "./input-pose.js";

const RATE_HZ = 20; // the server's tick: more would be merged there
/** How much earlier than its time a pose may go, as part of the interval: timers are late, and must not cost a frame. */
const EARLY = 0.5;
const TREMBLE_EVERY_MS = 250;
const REPEAT_AFTER_MS = 1000; // a pose the server has not dealt with by then is sent again

export class PoseSender {
  private readonly intervalMs = 1000 / RATE_HZ;
  private readonly pose = new InputPose();
  private readonly sent = new InputPose();
  private seq = 0;
  private sampledAtMs = 0;
  private sentAtMs = -Infinity;
  private nextAtMs = -Infinity;
  private unconfirmed = 0; // the newest sequence sent in this room that no snapshot has acknowledged; 0 for none
  private mustSend = false;
  private isInRoom = false;
  private isPaused = false;

  /** Whether a pose given now would count: in a room, and no teleport waits for its answer. */
  get isListening(): boolean {
    return this.isInRoom && !this.isPaused;
  }

  /** The place that the server judges the next pose from: the one sent last, or put there by the server. */
  get anchorMm(): readonly [number, number, number] {
    return this.sent.rootMm;
  }

  /** Let the avatar's pose be this, sampled now. Ignored unless `isListening`. */
  move(position: Vector, yaw: number, pitch: number, parts: TrackedParts | null, nowMs: number): void {
    if (!this.isListening) return;
    this.pose.place(position, yaw, pitch);
    this.pose.track(parts);
    this.sampledAtMs = nowMs;
  }

  /** Return the record to send now, or null. What is returned counts as sent. */
  due(nowMs: number): Uint8Array | null {
    if (!this.isListening || nowMs < this.nextAtMs || !this.hasNews(nowMs)) return null;
    this.nextAtMs = Math.max(this.nextAtMs + this.intervalMs, nowMs + this.intervalMs * EARLY);
    this.sentAtMs = nowMs;
    this.mustSend = false;
    this.sent.copy(this.pose);
    this.unconfirmed = this.nextSeq();
    return this.pose.record(this.unconfirmed, nowMs - this.sampledAtMs);
  }

  private hasNews(nowMs: number): boolean {
    if (this.mustSend) return true;
    if (this.pose.equals(this.sent)) return this.unconfirmed !== 0 && nowMs - this.sentAtMs >= REPEAT_AFTER_MS;
    return nowMs - this.sentAtMs >= TREMBLE_EVERY_MS || !this.pose.isTremble(this.sent);
  }

  /** Take the next pose sequence (a teleport needs one too). */
  nextSeq(): number {
    this.seq = (this.seq + 1) >>> 0;
    return this.seq;
  }

  /** Take note of the newest sequence that the server has dealt with. */
  acknowledge(ack: number): void {
    if (this.unconfirmed !== 0 && !isNewer(this.unconfirmed, ack)) this.unconfirmed = 0;
  }

  /** Send nothing and take no pose until `resume`. */
  pause(): void {
    this.isPaused = true;
  }

  /** Go on after `pause`. */
  resume(): void {
    this.isPaused = false;
  }

  /** Be where the server put the avatar; that place is not sent back. Sequences go on. */
  adopt(position: Vector, yaw: number, pitch: number, parts: TrackedParts | null): void {
    this.isInRoom = true;
    this.pose.place(position, yaw, pitch);
    this.pose.track(parts);
    this.sent.copy(this.pose);
    this.unconfirmed = 0;
    this.mustSend = false;
  }

  /**
   * Be where a correction says, which answers sequence `seq`. Poses that were still in the air then are judged from
   * there, and one of them may be accepted: so where there were any, the place is sent once more behind them.
   */
  correct(seq: number, position: Vector, yaw: number, pitch: number, parts: TrackedParts | null): void {
    const wasInTheAir = isNewer(this.seq, seq);
    this.adopt(position, yaw, pitch, parts);
    this.mustSend = wasInTheAir;
  }

  /** Be in no room. */
  stop(): void {
    this.isInRoom = false;
    this.isPaused = false;
  }

  /** Send the present pose again: the connection broke and may have swallowed it. */
  repeat(): void {
    this.mustSend = this.isInRoom;
  }

  /** A new session begins: sequences start over. */
  restart(): void {
    this.seq = 0;
    this.stop();
  }
}
