/**
 * How the connection does, in numbers: for a network panel, tests and support.
 */
import type { LaneBytes } from "./session/traffic.js";
import type { Session } from "./session/session.js";

/** What `Client.network` reports. Rates are those of the last three seconds. */
export interface NetworkReport {
  /** The newest round trip, ms; null before the first. */
  readonly pingMs: number | null;
  /** How much later than the fastest snapshots arrive: the 95th percentile of the last ones. */
  readonly jitterMs: number;
  /** How far behind the room's time others are shown. */
  readonly interpolationDelayMs: number;
  readonly snapshotsPerS: number;
  /** Time of the main thread that taking in one snapshot costs. */
  readonly snapshotMs: number;
  /** By lane, transport framing not counted. */
  readonly bytesPerS: { readonly in: LaneBytes; readonly out: LaneBytes };
  /** Poses that the server did not accept. */
  readonly corrections: number;
  /** How often what was held did not match what the server said. */
  readonly resyncs: number;
  /** How often a connection broke and another one stood after it. */
  readonly reconnects: number;
  /** Since the last snapshot; null outside a room. */
  readonly staleMs: number | null;
  /** How many subjects are in sight. */
  readonly inSight: number;
}

export function report(session: Session, reconnects: number, nowMs: number): NetworkReport {
  const rates = session.traffic.rates(nowMs);
  return {
    pingMs: session.clock.pingMs,
    jitterMs: session.playout.jitterMs,
    interpolationDelayMs: session.playout.delayMs,
    snapshotsPerS: rates.snapshotsPerS,
    snapshotMs: rates.snapshotMs,
    bytesPerS: { in: rates.received, out: rates.sent },
    corrections: session.corrections,
    resyncs: session.resyncs,
    reconnects,
    staleMs: session.snapshotAtMs === null ? null : nowMs - session.snapshotAtMs,
    inSight: session.sight.count,
  };
}
