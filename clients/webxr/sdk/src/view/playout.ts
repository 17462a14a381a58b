/**
 * Which moment of room time to show now (SPEC section 11.5).
 *
 * Behind the newest snapshot by two ticks (one until the next sample exists, one because samples are up to a tick older
 * than their snapshot) plus the jitter lately measured; it gets there by running up to 10 % fast or slow, so that nobody
 * is seen to jump. Pure; local times are the client's monotonic milliseconds.
 */

const DELAY_TICKS = 2;
const MAX_DELAY_MS = 500;
const WINDOW_MS = 10_000; // clocks drift by less than a millisecond within it
const JITTER_SNAPSHOTS = 128; // about six seconds of a busy room
const JITTER_QUANTILE = 0.95;
const MAX_SLEW = 0.1;
const SETTLE_MS = 500; // a small error is steered away within about this time
const SNAP_MS = 1000; // beyond this the moment shown jumps: the machine slept, or the room is another one

interface Transit {
  readonly atMs: number;
  readonly transitMs: number;
}

export class Playout {
  private readonly tickMs: number;
  private readonly fastest: Transit[] = []; // rising transits: the window's minimum stands first
  private readonly transits = new Float64Array(JITTER_SNAPSHOTS);
  private readonly ordered = new Float64Array(JITTER_SNAPSHOTS);
  private received = 0;
  private jitter = 0;
  private at: number | null = null;
  private moment = 0;
  private pace = 1;

  constructor(tickMs: number) {
    this.tickMs = tickMs;
  }

  /** Take note of a snapshot of room time `timeMs` that arrived now. */
  receive(timeMs: number, nowMs: number): void {
    const transitMs = nowMs - timeMs;
    this.transits[this.received % JITTER_SNAPSHOTS] = transitMs;
    this.received += 1;
    while ((this.fastest.at(-1)?.transitMs ?? -Infinity) >= transitMs) this.fastest.pop();
    this.fastest.push({ atMs: nowMs, transitMs });
    while ((this.fastest[0]?.atMs ?? nowMs) < nowMs - WINDOW_MS) this.fastest.shift();
    this.jitter = this.measuredJitter();
    this.advance(nowMs);
  }

  /** Steer towards the moment that should be shown now. Call it at least every tick. */
  advance(nowMs: number): void {
    if (this.received === 0) return;
    const target = this.roomMs(nowMs) - this.delayMs;
    const shown = this.momentMs(nowMs);
    if (this.at === null || Math.abs(target - shown) > SNAP_MS) {
      this.moment = target;
      this.pace = 1;
    } else {
      this.moment = shown;
      this.pace = 1 + Math.max(-MAX_SLEW, Math.min(MAX_SLEW, (target - shown) / SETTLE_MS));
    }
    this.at = nowMs;
  }

  /** Whether a snapshot has come. */
  get isRunning(): boolean {
    return this.at !== null;
  }

  /** How much later than the fastest a snapshot arrives: the 95th percentile of the last ones. */
  get jitterMs(): number {
    return this.jitter;
  }

  /** How far behind the newest moment to show. */
  get delayMs(): number {
    return Math.min(DELAY_TICKS * this.tickMs + this.jitter, MAX_DELAY_MS);
  }

  /** Room time as the fastest snapshots tell it: late by the network's shortest way here. */
  roomMs(nowMs: number): number {
    return nowMs - this.baseMs;
  }

  /** The room time to show at `nowMs`; changes nothing, so any time near the last `advance` may be asked for. */
  momentMs(nowMs: number): number {
    return this.at === null ? this.moment : this.moment + (nowMs - this.at) * this.pace;
  }

  private measuredJitter(): number {
    const count = Math.min(this.received, JITTER_SNAPSHOTS);
    const ordered = this.ordered.subarray(0, count);
    ordered.set(this.transits.subarray(0, count));
    ordered.sort();
    return Math.max((ordered[Math.floor(JITTER_QUANTILE * (count - 1))] ?? 0) - this.baseMs, 0);
  }

  private get baseMs(): number {
    return this.fastest[0]?.transitMs ?? 0;
  }
}
