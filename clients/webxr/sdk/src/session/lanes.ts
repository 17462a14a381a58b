/**
 * The events lane, exact: every event once, in order, over any number of reconnects (SPEC section 7.2). Pure.
 */
import { ProtocolError } from "../errors.js";

// The server asks for an acknowledgement at least every 32 events or every second; half of it leaves room for delay.
const ACK_EVERY_EVENTS = 16;
const ACK_AFTER_MS = 500;

/** Sequence bookkeeping of the events lane. */
export class EventLane {
  /** The newest event received. */
  last = 0;
  private acked = 0;
  private owedSinceMs = 0;

  /** A new session begins: its events count from 1. */
  restart(): void {
    this.last = this.acked = 0;
  }

  /** Take note of an event; false means that it came before and must be ignored. Throws where one is missing. */
  receive(seq: number, nowMs: number): boolean {
    if (seq <= this.last) return false;
    if (seq !== this.last + 1) throw new ProtocolError(`event ${seq} came after event ${this.last}: one is missing`);
    if (this.last === this.acked) this.owedSinceMs = nowMs;
    this.last = seq;
    return true;
  }

  /** The sequence to acknowledge now, if it is time; it counts as acknowledged from here on. */
  dueAck(nowMs: number): number | null {
    const owed = this.last - this.acked;
    if (owed === 0 || (owed < ACK_EVERY_EVENTS && nowMs - this.owedSinceMs < ACK_AFTER_MS)) return null;
    this.acked = this.last;
    return this.last;
  }
}
