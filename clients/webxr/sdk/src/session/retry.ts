/**
 * Whether to come back after a connection ended, and when (SPEC sections 5.5 and 14). Pure; chance is an argument.
 */
import { Close } from "../generated.js";

const FIRST_MS = 250;
const LONGEST_MS = 10_000;
const STABLE_MS = 10_000; // a session that stood this long was not one of a row of failures
const MAX_DOUBLINGS = 16;

/**
 * Tell whether to come back by oneself after this close code (null: the connection broke without one).
 *
 * `hasStood`: whether a session was open before. A crowd that comes back at once pushes some of its own out again; only
 * trying once more finds the place that became free.
 */
export function mayReturn(code: number | null, hasStood: boolean): boolean {
  if (code === null || (code >= 4000 && code <= 4099)) return true;
  return hasStood && (code === Close.HANDSHAKE_TIMEOUT || code === Close.SERVER_FULL);
}

/** Waits that double up to a bound, jittered so that a crowd does not come back as one. */
export class Backoff {
  private failures = 0;
  private sinceMs: number | null = null;
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  /** Failures in a row, the waits handed out for them included. */
  get attempts(): number {
    return this.failures;
  }

  /** Let the failures so far count as none. */
  forgive(): void {
    this.failures = 0;
  }

  /** Take note that a session stands. */
  opened(nowMs: number): void {
    this.sinceMs = nowMs;
  }

  /** Say how long to wait before the next attempt, at least what the server asked for. */
  waitMs(nowMs: number, askedMs = 0): number {
    if (this.sinceMs !== null && nowMs - this.sinceMs >= STABLE_MS) this.failures = 0;
    this.sinceMs = null;
    const bound = Math.min(FIRST_MS * 2 ** this.failures, LONGEST_MS);
    this.failures = Math.min(this.failures + 1, MAX_DOUBLINGS);
    return askedMs + (bound / 2) * (1 + this.random());
  }
}
