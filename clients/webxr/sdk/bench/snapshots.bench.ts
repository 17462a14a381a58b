/** What a full hall costs the main thread: taking in a snapshot of 300 tracked avatars, and reading their poses for a frame. */
import { test } from "vitest";
import { PoseTable } from "../src/view/pose-table.js";
import { Sight } from "../src/view/sight.js";
import { decode, encode } from "../src/wire/codec.js";
import { packOrientation } from "../src/wire/quantities.js";
import { FULL, Sections, digestOf } from "../test/support/snapshots.js";

const CROWD = 300;
const TICK_MS = 50;
const DIGEST = digestOf(Array.from({ length: CROWD }, (_, index) => [index + 1, 1] as const));

function payload(tick: number): Uint8Array {
  const sections = new Sections();
  const turned = packOrientation(0, Math.sin(tick / 50), 0, Math.cos(tick / 50));
  for (let entity = 1; entity <= CROWD; entity += 1) {
    if (tick === 0)
      sections.enter(entity).tracked(entity, [entity * 100, 0, 0], 0, Array(3).fill([0, 1600, 0, turned]));
    else sections.trackedDelta(entity, [70, 0, 3], tick * 100, Array(3).fill([1, -1, 1, 0, 9, -9]));
  }
  const flags = tick === 0 ? FULL : 0;
  return encode({ type: "snapshot", data: sections.data({ tick, timeMs: tick * TICK_MS, digest: DIGEST, flags }) });
}

function apply(sight: Sight, bytes: Uint8Array): void {
  const message = decode(bytes);
  if (message.type === "snapshot") sight.apply(message.data);
}

test("300 tracked avatars", async ({ bench }) => {
  const next = payload(1);
  const sight = new Sight();
  const table = new PoseTable();
  apply(sight, payload(0));
  apply(sight, next);

  await bench("take in a snapshot", () => {
    apply(sight, next);
  }).run();
  await bench("read their poses for a frame", () => {
    sight.sample(table, TICK_MS * 0.75);
  }).run();
});
