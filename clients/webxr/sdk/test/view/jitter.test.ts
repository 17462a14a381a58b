/** Others are shown smoothly: the rules in numbers, which every SDK is held to (tests/clients/jitter_cases.json). */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Playout } from "../../src/view/playout.js";
import { PoseTable } from "../../src/view/pose-table.js";
import { Sight } from "../../src/view/sight.js";
import { packOrientation } from "../../src/wire/quantities.js";
import { seeded, whole } from "../support/random.js";
import { FULL, JUMP, Sections } from "../support/snapshots.js";
import type { Axes, PartRow } from "../support/snapshots.js";

interface RecordStep {
  readonly entity: number;
  readonly enters?: boolean;
  readonly age?: number;
  readonly mm: Axes;
  readonly yaw: number;
  readonly jump?: boolean;
  /** The record is a dot, in these steps. */
  readonly dot?: Axes;
}

interface PoseCase {
  readonly name: string;
  readonly snapshots: {
    readonly time_ms: number;
    readonly full?: boolean;
    readonly leaves?: number[];
    readonly records: RecordStep[];
  }[];
  readonly shown: { readonly moment_ms: number; readonly entity: number; readonly mm: Axes; readonly yaw: number }[];
}

interface PlayoutCase {
  readonly name: string;
  readonly tick_ms: number;
  readonly arrivals: [timeMs: number, nowMs: number][];
  readonly shown: [nowMs: number, momentMs: number][];
}

const CASES = JSON.parse(
  readFileSync(new URL("../../../../../tests/clients/jitter_cases.json", import.meta.url), "utf8"),
) as { poses: PoseCase[]; playout: PlayoutCase[] };

function told(snapshots: PoseCase["snapshots"]): Sight {
  const sight = new Sight();
  for (const { time_ms: timeMs, full, leaves = [], records } of snapshots) {
    const sections = new Sections();
    for (const entity of leaves) sections.leave(entity);
    for (const { entity, enters, age = 0, mm, yaw, jump, dot } of records) {
      if (enters === true) sections.enter(entity);
      if (dot !== undefined) sections.dot(entity, dot);
      else sections.root(entity, mm, yaw, { age, flags: jump === true ? JUMP : 0 });
    }
    sight.apply(sections.data({ timeMs, flags: full === true ? FULL : 0 }));
  }
  return sight;
}

function rowOf(sight: Sight, entity: number, momentMs: number): { table: PoseTable; row: number } {
  const table = new PoseTable();
  sight.sample(table, momentMs);
  return { table, row: table.entity.subarray(0, table.count).indexOf(entity) };
}

it.each(CASES.poses)("$name", ({ snapshots, shown }) => {
  const sight = told(snapshots);
  for (const { moment_ms: momentMs, entity, mm, yaw } of shown) {
    const { table, row } = rowOf(sight, entity, momentMs);
    // tables hold floats of 32 bits: a hundredth of a millimetre near the middle of a room
    mm.forEach((axis, index) => expect(table.position[row * 3 + index]! * 1000).toBeCloseTo(axis, 1));
    const off = (table.yaw[row]! * 65_536) / (2 * Math.PI) - yaw;
    expect(((((off + 32_768) % 65_536) + 65_536) % 65_536) - 32_768).toBeCloseTo(0, 0);
  }
});

it.each(CASES.playout)("$name", ({ tick_ms: tickMs, arrivals, shown }) => {
  const playout = new Playout(tickMs);
  const left = [...arrivals];
  for (const [nowMs, momentMs] of shown) {
    while (left[0] !== undefined && left[0][1] <= nowMs) playout.receive(...left.shift()!);
    expect(playout.momentMs(nowMs)).toBeCloseTo(momentMs, 2);
  }
});

it("the delay grows with jitter, and only so far", () => {
  const playout = new Playout(50);
  const random = seeded(5);
  for (let tick = 0; tick < 200; tick += 1) playout.receive(tick * 50, tick * 50 + 20 + random() * 4000);
  expect(playout.delayMs).toBe(500);
});

it("the moment shown never goes back while a network hiccups", () => {
  const playout = new Playout(50);
  const random = seeded(6);
  let shown = -Infinity;
  let arrivedMs = 0;
  for (let tick = 0; tick < 400; tick += 1) {
    arrivedMs = Math.max(arrivedMs, tick * 50 + 20 + (random() < 0.1 ? random() * 300 : random() * 10));
    playout.receive(tick * 50, arrivedMs);
    for (let frame = 0; frame < 3; frame += 1) {
      const momentMs = playout.momentMs(arrivedMs + frame * 8);
      if (frame > 0) expect(momentMs).toBeGreaterThan(shown);
      shown = momentMs;
    }
    expect(playout.momentMs(arrivedMs)).toBeLessThanOrEqual(playout.roomMs(arrivedMs));
  }
});

it("after a long sleep the moment shown jumps to the present", () => {
  const playout = new Playout(50);
  playout.receive(1000, 1020);
  playout.receive(61_000, 61_020);
  expect(playout.momentMs(61_020)).toBe(60_900);
});

it("only the newest samples are kept", () => {
  const records = (tick: number): RecordStep[] => [{ entity: 1, enters: tick === 0, mm: [tick, 0, 0], yaw: 0 }];
  const sight = told(Array.from({ length: 21 }, (_, tick) => ({ time_ms: 1000 + tick * 50, records: records(tick) })));
  const { table, row } = rowOf(sight, 1, 0);
  expect(table.position[row * 3]).toBeCloseTo(0.005, 6);
});

it("head and hands are interpolated in place and orientation, and things turn", () => {
  const sight = new Sight();
  const level = packOrientation(0, 0, 0, 1);
  const rolled = packOrientation(0, 0, 1, 1);
  const parts = (y: number, q: number): PartRow[] => [
    [0, y, 0, q],
    [-300, y, 0, q],
    [300, y, 0, q],
  ];
  sight.apply(
    new Sections()
      .enter(1)
      .tracked(1, [0, 0, 0], 0, parts(600, level))
      .enter(2)
      .thing(2, [0, 0, 0], level)
      .data({ timeMs: 1000 }),
  );
  sight.apply(
    new Sections()
      .tracked(1, [0, 0, 0], 0, parts(700, rolled), { pitch: 127 })
      .thing(2, [50, 0, 0], rolled)
      .data({ timeMs: 1050 }),
  );
  const { table, row } = rowOf(sight, 1, 1025);
  const eighth = Math.sin(Math.PI / 8);
  expect([...table.parts.subarray(row * 21, row * 21 + 3)]).toEqual([0, expect.closeTo(0.65, 5), 0]);
  expect(table.parts[row * 21 + 7]).toBeCloseTo(-0.3, 5);
  expect(table.parts[row * 21 + 5]).toBeCloseTo(eighth, 2);
  expect(table.pitch[row]).toBeCloseTo(Math.PI / 4, 2);
  const thing = rowOf(sight, 2, 1025);
  expect(thing.table.orientation[thing.row * 4 + 2]).toBeCloseTo(eighth, 2);
  expect(thing.table.position[thing.row * 3]).toBeCloseTo(0.025, 5);
});

it("who puts a headset on gets no head and hands out of nowhere", () => {
  const sight = new Sight();
  const level = packOrientation(0, 0, 0, 1);
  sight.apply(new Sections().enter(1).root(1, [0, 0, 0], 0).data({ timeMs: 1000 }));
  sight.apply(
    new Sections()
      .tracked(1, [0, 0, 0], 0, [
        [0, 1600, 0, level],
        [0, 0, 0, level],
        [0, 0, 0, level],
      ])
      .data({ timeMs: 1050 }),
  );
  const { table, row } = rowOf(sight, 1, 1010);
  expect(table.parts[row * 21 + 1]).toBeCloseTo(1.6, 5);
});

it("speed is that of the motion shown", () => {
  const walk = (tick: number): RecordStep[] => [{ entity: 1, enters: tick === 0, mm: [tick * 70, 0, 0], yaw: 0 }];
  const sight = told([0, 1, 2].map((tick) => ({ time_ms: 1000 + tick * 50, records: walk(tick) })));
  const speedAt = (momentMs: number): number => {
    const { table, row } = rowOf(sight, 1, momentMs);
    return table.speed[row]!;
  };
  expect(speedAt(1060)).toBeCloseTo(1.4, 5);
  expect(speedAt(900)).toBe(0);
  sight.apply(new Sections().data({ timeMs: 1150 })); // it says nothing of the walker, who rests then
  expect(speedAt(1200)).toBe(0);
});

it("a crowd is read like one alone, whatever each has been through", () => {
  const random = seeded(3);
  const together = new Sight();
  const alone = new Map<number, Sight>();
  for (let tick = 0; tick < 14; tick += 1) {
    const all = new Sections();
    for (let entity = 1; entity < 200; entity += 1) {
      const one = new Sections();
      const at: Axes = [whole(random, 0, 9000), whole(random, 0, 9000), whole(random, 0, 9000)];
      const options = { age: whole(random, 0, 14), flags: random() < 0.1 ? JUMP : 0 };
      const yaw = whole(random, 0, 65_535);
      const speaks = tick === 0 || random() < 0.6;
      for (const sections of [all, one]) {
        if (tick === 0) sections.enter(entity);
        if (speaks) sections.root(entity, at, yaw, options);
      }
      if (tick === 0) alone.set(entity, new Sight());
      alone.get(entity)!.apply(one.data({ timeMs: 1000 + tick * 50 }));
    }
    together.apply(all.data({ timeMs: 1000 + tick * 50 }));
  }
  const table = new PoseTable();
  together.sample(table, 1530);
  expect(table.count).toBe(199);
  for (let row = 0; row < table.count; row += 1) {
    const { table: own } = rowOf(alone.get(table.entity[row]!)!, table.entity[row]!, 1530);
    expect(own.position.subarray(0, 3)).toEqual(table.position.subarray(row * 3, row * 3 + 3));
    expect(own.yaw[0]).toBe(table.yaw[row]);
  }
});
