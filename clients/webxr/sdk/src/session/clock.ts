/**
 * The server's clock, as well as a client can know it (SPEC section 11.4).
 *
 * Every pong gives one estimate of the offset between the two clocks, wrong by at most half of its round trip; the pong
 * with the shortest round trip of the last minute is believed. A reading is steered towards that estimate, never stepped
 * back. Pure; times are the client's monotonic milliseconds.
 */

const WINDOW_MS = 60_000; // clocks drift apart by some 50 µs/s: within a window by less than a network's jitter
const MAX_PONGS = 128;
const MAX_SLEW = 0.05;
const STEP_BEYOND_MS = 1000; // an error this large is not drift (the machine slept): the reading steps forward

/** A clock steered towards where it should be: it never goes back, and steps forward only over large errors. */
export class SteadyReading {
  private readAt = 0;
  private reading: number | null = null;

  /** Read the clock, which should show `targetMs`; call it with times that do not go back. */
  read(targetMs: number, nowMs: number): number {
    if (this.reading === null) this.reading = targetMs;
    else {
      const passed = nowMs - this.readAt;
      const error = targetMs - (this.reading + passed);
      const slew = Math.max(-MAX_SLEW * passed, Math.min(MAX_SLEW * passed, error));
      this.reading += passed + (error > STEP_BEYOND_MS ? error : slew);
    }
    this.readAt = nowMs;
    return this.reading;
  }
}

interface Probe {
  readonly atMs: number;
  readonly roundTripMs: number;
  readonly offsetMs: number;
}

/** Estimates the server's clock from pongs. */
export class ClockSync {
  private probes: Probe[] = [];
  private readonly steady = new SteadyReading();

  /** Take one pong: our clock when we pinged, the server's when it received and replied (µs); `nowMs` on arrival. */
  receive(sentUs: number, receivedUs: number, repliedUs: number, nowMs: number): void {
    const sentMs = sentUs / 1000;
    const receivedMs = receivedUs / 1000;
    const repliedMs = repliedUs / 1000;
    const roundTripMs = Math.max(nowMs - sentMs - (repliedMs - receivedMs), 0);
    const offsetMs = (receivedMs - sentMs + repliedMs - nowMs) / 2;
    this.probes.push({ atMs: nowMs, roundTripMs, offsetMs });
    const first = this.probes.findIndex((probe) => probe.atMs >= nowMs - WINDOW_MS);
    this.probes = this.probes.slice(Math.max(first, this.probes.length - MAX_PONGS, 0));
  }

  /** The shortest round trip of the last minute: the network without its queues. null before the first pong. */
  get roundTripMs(): number | null {
    return this.best?.roundTripMs ?? null;
  }

  /** The newest round trip. null before the first pong. */
  get pingMs(): number | null {
    return this.probes.at(-1)?.roundTripMs ?? null;
  }

  /** Read the server's clock; never less than an earlier reading. null before the first pong. */
  serverMs(nowMs: number): number | null {
    return this.best === null ? null : this.steady.read(nowMs + this.best.offsetMs, nowMs);
  }

  private get best(): Probe | null {
    let best: Probe | null = null;
    for (const probe of this.probes) if (best === null || probe.roundTripMs < best.roundTripMs) best = probe;
    return best;
  }
}
