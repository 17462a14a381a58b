/** What is held is what the server believes is held, and where it is not, that is noticed. */
import { describe, expect, it } from "vitest";
import { ProtocolError } from "../../src/errors.js";
import { Section } from "../../src/generated.js";
import { PoseTable } from "../../src/view/pose-table.js";
import { Sight } from "../../src/view/sight.js";
import { packOrientation } from "../../src/wire/quantities.js";
import { seeded, whole } from "../support/random.js";
import { FULL, Sections, digestOf } from "../support/snapshots.js";
import type { Axes, PartShift } from "../support/snapshots.js";

/** Where a subject's newest sample is, mm. */
function newest(sight: Sight, entity: number): number[] {
  const table = new PoseTable();
  sight.sample(table, 1e9); // long after every sample: all rest at their newest
  const row = table.entity.subarray(0, table.count).indexOf(entity);
  return Array.from(table.position.subarray(row * 3, row * 3 + 3), (metres) => Math.round(metres * 1000));
}

it("follows a server through enters, moves and leaves, and the digest agrees all the way", () => {
  const random = seeded(11);
  const sight = new Sight();
  const world = new Map<number, { generation: number; mm: number[]; isTracked: boolean }>();
  const level = packOrientation(0, 0, 0, 1);
  const parts = [0, 1, 2].map(() => [0, 1000, 0, level] as const);
  for (let tick = 0; tick < 400; tick += 1) {
    const sections = new Sections();
    const isFull = tick === 0 || random() < 0.02;
    for (const [entity, subject] of world) {
      if (!isFull && random() < 0.1) {
        sections.leave(entity);
        world.delete(entity);
      } else if (isFull || random() < 0.5) {
        const by: Axes = [whole(random, -2047, 2047), whole(random, -63, 63), whole(random, -2047, 2047)];
        subject.mm = subject.mm.map((axis, index) => axis + by[index]!);
        const absolute = isFull || random() < 0.2;
        if (isFull) sections.enter(entity, subject.generation);
        if (absolute && random() < 0.3) subject.isTracked = !subject.isTracked;
        const at = subject.mm as unknown as Axes;
        if (absolute && subject.isTracked) sections.tracked(entity, at, 0, parts);
        else if (absolute) sections.root(entity, at, 0);
        else if (subject.isTracked)
          sections.trackedDelta(
            entity,
            by,
            0,
            parts.map(() => [0, 0, 0, 0, 0, 0] as const),
          );
        else sections.rootDelta(entity, by, 0);
      }
    }
    for (let coming = whole(random, 0, 12); coming > 0; coming -= 1) {
      const entity = whole(random, 1, 65_535);
      if (world.has(entity)) continue;
      const mm: Axes = [
        whole(random, -4_000_000, 4_000_000),
        whole(random, -9000, 9000),
        whole(random, -90_000, 90_000),
      ];
      world.set(entity, { generation: whole(random, 0, 65_535), mm: [...mm], isTracked: false });
      sections.enter(entity, world.get(entity)!.generation).root(entity, mm, 0);
    }
    const digest = digestOf([...world].map(([entity, { generation }]) => [entity, generation] as const));
    sight.apply(sections.data({ tick, timeMs: tick * 50, digest, flags: isFull ? FULL : 0 }));
    expect(sight.wantsResync).toBe(false);
    expect(sight.count).toBe(world.size);
  }
  expect(world.size).toBeGreaterThan(40);
  for (const [entity, { mm }] of world) {
    newest(sight, entity).forEach((axis, index) => expect(Math.abs(axis - mm[index]!)).toBeLessThanOrEqual(1)); // 32-bit floats
  }
});

it("a delta with head and hands shows what the absolute record would", () => {
  const random = seeded(5);
  const component = (): number => whole(random, 1, 1023);
  const packed = (largest: number, [first, second, third]: Axes): number =>
    ((largest << 30) | (first << 20) | (second << 10) | third) >>> 0;
  for (let round = 0; round < 200; round += 1) {
    const by: Axes = [whole(random, -2047, 2047), whole(random, -63, 63), whole(random, -2047, 2047)];
    const parts = [0, 1, 2].map(() => {
      const before: Axes = [component(), component(), component()];
      const turn = before.map((from) => whole(random, Math.max(-255, 1 - from), Math.min(255, 1023 - from)));
      const after = before.map((from, index) => from + turn[index]!) as unknown as Axes;
      const largest = whole(random, 0, 3);
      const shift = [whole(random, -127, 127), whole(random, -127, 127), whole(random, -127, 127), ...turn];
      return { shift, before: packed(largest, before), after: packed(largest, after) };
    });
    const poses = [true, false].map((isDelta) => {
      const sight = new Sight();
      const start = new Sections().enter(1).tracked(
        1,
        [5, 6, 7],
        3,
        parts.map(({ before }) => [100, 200, 300, before] as const),
        { pitch: 40 },
      );
      sight.apply(start.data({ timeMs: 1000 }));
      const next = new Sections();
      if (isDelta)
        next.trackedDelta(
          1,
          by,
          9,
          parts.map(({ shift }) => shift as unknown as PartShift),
        );
      else
        next.tracked(
          1,
          [5 + by[0], 6 + by[1], 7 + by[2]],
          9,
          parts.map(({ shift: [x, y, z], after }) => [100 + x!, 200 + y!, 300 + z!, after] as const),
          { pitch: 40 },
        );
      sight.apply(next.data({ timeMs: 1050 }));
      const table = new PoseTable();
      sight.sample(table, 1e9);
      return [...table.position.subarray(0, 3), table.pitch[0], ...table.parts.subarray(0, 21)];
    });
    expect(poses[0]).toEqual(poses[1]);
  }
});

it("knows who is far away by their place alone, and forgets how they were turned", () => {
  const sight = new Sight();
  const table = new PoseTable();
  const seen = (sections: Sections, timeMs: number): unknown[] => {
    sight.apply(sections.data({ timeMs, digest: digestOf([[1, 1]]) }));
    sight.sample(table, 1e9);
    return [table.body[0], ...table.position.subarray(0, 3), table.yaw[0] === 0, table.pitch[0] === 0];
  };
  const near = new Sections().enter(1).root(1, [-1060, 0, 60], 9000, { pitch: 5 });
  expect(seen(near, 1000)[0]).toBe(Section.ROOT);
  expect(seen(new Sections().dot(1, [-8, 0, 32_000]), 1050)).toEqual([Section.DOT, -1, 0, 4000, true, true]);
  expect(sight.placeOfThing(1)).toBeNull();
  expect(sight.wantsResync).toBe(false);
  sight.apply(new Sections().rootDelta(1, [1, 1, 1], 0).data({ timeMs: 1100, digest: digestOf([[1, 1]]) }));
  expect(sight.wantsResync).toBe(true);
});

describe("what cannot come from a correct server is skipped, and a resync wanted", () => {
  const held = (): Sight => {
    const sight = new Sight();
    sight.apply(
      new Sections()
        .enter(1, 4)
        .root(1, [10, 20, 30], 0)
        .data({ timeMs: 1000, digest: digestOf([[1, 4]]), flags: FULL }),
    );
    expect(sight.wantsResync).toBe(false);
    return sight;
  };
  const digest = digestOf([[1, 4]]);

  it.each([
    ["a record of who is not held", new Sections().root(2, [0, 0, 0], 0)],
    ["a leave of who is not held", new Sections().leave(2)],
    ["an enter of who is held", new Sections().enter(1, 5)],
    ["a delta of who is not held", new Sections().rootDelta(2, [1, 1, 1], 0)],
    [
      "a delta of another body",
      new Sections().trackedDelta(1, [1, 1, 1], 0, [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
      ]),
    ],
  ])("%s", (_name, sections) => {
    const sight = held();
    sight.apply(sections.data({ timeMs: 1050, digest }));
    expect(sight.wantsResync).toBe(true);
    expect(sight.count).toBe(1);
    expect(newest(sight, 1)).toEqual([10, 20, 30]);
  });

  it("a digest that differs", () => {
    const sight = held();
    sight.apply(new Sections().data({ timeMs: 1050, digest: 1 }));
    expect(sight.wantsResync).toBe(true);
  });

  it("and a full snapshot mends it", () => {
    const sight = held();
    sight.apply(new Sections().leave(9).data({ timeMs: 1050, digest }));
    sight.apply(
      new Sections()
        .enter(3, 1)
        .root(3, [1, 2, 3], 0)
        .data({ timeMs: 1100, digest: digestOf([[3, 1]]), flags: FULL }),
    );
    expect(sight.wantsResync).toBe(false);
    expect([sight.holds(1), sight.holds(3)]).toEqual([false, true]);
  });
});

it("a snapshot that cannot be parsed changes nothing", () => {
  const sight = new Sight();
  sight.apply(new Sections().enter(1).root(1, [0, 0, 0], 0).data({ timeMs: 1000 }));
  const bad = new Sections().leave(1).data({ timeMs: 1050 });
  expect(() => sight.apply(bad.subarray(0, bad.length - 1))).toThrow(ProtocolError);
  expect(sight.holds(1)).toBe(true);
});

it("the place of a thing is that of its newest record", () => {
  const sight = new Sight();
  sight.apply(
    new Sections().enter(300).thing(300, [2000, 750, -3000], 7).enter(1).root(1, [0, 0, 0], 0).data({ timeMs: 1000 }),
  );
  sight.apply(new Sections().thing(300, [2100, 750, -3000], 9).data({ timeMs: 1050 }));
  expect(sight.placeOfThing(300)).toEqual([2100, 750, -3000, 9]);
  expect([sight.placeOfThing(1), sight.placeOfThing(5)]).toEqual([null, null]);
});
