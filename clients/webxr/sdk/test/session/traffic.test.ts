/** Rates are those of the last three seconds, by lane. */
import { expect, it } from "vitest";
import { Traffic } from "../../src/session/traffic.js";

it("counts bytes by lane and snapshots a second, and forgets what is older", () => {
  const traffic = new Traffic();
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 50) {
    if (nowMs > 5000) {
      traffic.received("snapshot", 100);
      traffic.applied(0.5);
      traffic.sent({ type: "pose", record: new Uint8Array() }, 24);
    }
    if (nowMs % 1000 === 0) {
      traffic.received("pong", 10);
      traffic.sent({ type: "ping", sent: 0 }, 9);
    }
    traffic.advance(nowMs);
  }
  const { snapshotsPerS, snapshotMs, received, sent } = traffic.rates(10_000);
  expect(snapshotsPerS).toBeCloseTo(20, 0);
  expect(snapshotMs).toBeCloseTo(0.5, 9);
  expect(received.poses).toBeCloseTo(2000, -2);
  expect(received.events).toBe(0);
  expect(received.control).toBeCloseTo(10, 0);
  expect([sent.poses, sent.control, sent.events]).toEqual([expect.closeTo(480, -2), expect.closeTo(9, 0), 0]);
});
