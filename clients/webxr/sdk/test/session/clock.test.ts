/** The server's clock is known as well as the best pong allows, and its reading never goes back. */
import { expect, it } from "vitest";
import { ClockSync, SteadyReading } from "../../src/session/clock.js";
import { seeded } from "../support/random.js";

/** One ping and pong over ways of these lengths, the server's clock being `aheadMs` ahead. */
function probe(clock: ClockSync, atMs: number, thereMs: number, backMs: number, aheadMs: number): number {
  const receivedMs = atMs + thereMs + aheadMs;
  clock.receive(atMs * 1000, receivedMs * 1000, (receivedMs + 0.5) * 1000, atMs + thereMs + 0.5 + backMs);
  return atMs + thereMs + 0.5 + backMs;
}

it("knows nothing before the first pong", () => {
  const clock = new ClockSync();
  expect([clock.roundTripMs, clock.pingMs, clock.serverMs(5)]).toEqual([null, null, null]);
});

it("believes the pong with the shortest round trip, and forgets it after a minute", () => {
  const clock = new ClockSync();
  probe(clock, 0, 200, 10, 1000);
  probe(clock, 1000, 10, 10, 1000);
  const nowMs = probe(clock, 2000, 10, 300, 1000);
  expect(clock.roundTripMs).toBeCloseTo(20, 6);
  expect(clock.pingMs).toBeCloseTo(310, 6);
  expect(clock.serverMs(nowMs)).toBeCloseTo(nowMs + 1000, 6);
  probe(clock, 63_000, 40, 40, 1000);
  expect(clock.roundTripMs).toBeCloseTo(80, 6);
});

it("errs by at most half of the shortest round trip, however uneven the ways are, and never goes back", () => {
  const random = seeded(8);
  const clock = new ClockSync();
  let before = -Infinity;
  for (let atMs = 0; atMs < 120_000; atMs += 1000) {
    const nowMs = probe(clock, atMs, 5 + random() * 80, 5 + random() * 80, 5000);
    const reading = clock.serverMs(nowMs)!;
    expect(reading).toBeGreaterThan(before);
    before = reading;
    if (atMs > 30_000) expect(Math.abs(reading - nowMs - 5000)).toBeLessThanOrEqual(clock.roundTripMs! / 2 + 1);
  }
});

it("a reading is steered by at most 5 %, and steps forward only over a large error", () => {
  const clock = new SteadyReading();
  expect(clock.read(1000, 0)).toBe(1000);
  expect(clock.read(1500, 100)).toBeCloseTo(1105, 9);
  expect(clock.read(1000, 200)).toBeCloseTo(1200, 9);
  expect(clock.read(9000, 300)).toBe(9000);
});
