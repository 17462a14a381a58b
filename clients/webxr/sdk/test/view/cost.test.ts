/** A full hall costs the main thread little: what a snapshot and a frame of 300 may take, with room for a slow machine. */
import { expect, it } from "vitest";
import { PoseTable } from "../../src/view/pose-table.js";
import { Sight } from "../../src/view/sight.js";
import { decode, encode } from "../../src/wire/codec.js";
import { packOrientation } from "../../src/wire/quantities.js";
import { FULL, Sections, digestOf } from "../support/snapshots.js";

const CROWD = 300;
const TICKS = 300;
const WARM_UP = 60;

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

it("300 tracked walkers are taken in within a millisecond, and read within two", () => {
  const digest = digestOf(Array.from({ length: CROWD }, (_, index) => [index + 1, 1] as const));
  const payload = (tick: number): Uint8Array => {
    const sections = new Sections();
    const turned = packOrientation(0, Math.sin(tick / 50), 0, Math.cos(tick / 50));
    for (let entity = 1; entity <= CROWD; entity += 1) {
      if (tick === 0)
        sections.enter(entity).tracked(entity, [entity * 100, 0, 0], 0, Array(3).fill([0, 1600, 0, turned]));
      else sections.trackedDelta(entity, [70, 0, 3], tick * 100, Array(3).fill([1, -1, 1, turned]));
    }
    return encode({
      type: "snapshot",
      data: sections.data({ tick, timeMs: tick * 50, digest, flags: tick === 0 ? FULL : 0 }),
    });
  };
  const sight = new Sight();
  const table = new PoseTable();
  const applying: number[] = [];
  const sampling: number[] = [];
  for (let tick = 0; tick < TICKS; tick += 1) {
    const bytes = payload(tick);
    const startMs = performance.now();
    const message = decode(bytes);
    if (message.type === "snapshot") sight.apply(message.data);
    const appliedMs = performance.now();
    sight.sample(table, tick * 50 - 75);
    applying.push(appliedMs - startMs);
    sampling.push(performance.now() - appliedMs);
  }
  expect([table.count, sight.wantsResync]).toEqual([CROWD, false]);
  expect(median(applying.slice(WARM_UP))).toBeLessThan(1);
  expect(median(sampling.slice(WARM_UP))).toBeLessThan(2);
});
