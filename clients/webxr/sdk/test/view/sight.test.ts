/** What is held is what the server believes is held, and where it is not, that is noticed. */
import { describe, expect, it } from "vitest";
import { ProtocolError } from "../../src/errors.js";
import { Section } from "../../src/generated.js";
import { PoseTable } from "../../src/view/pose-table.js";
import { Sight } from "../../src/view/sight.js";
import { packOrientation } from "../../src/wire/quantities.js";
import { seeded, whole } from "../support/random.js";
import { FULL, JUMP, Sections, digestOf, streamOf } from "../support/snapshots.js";
import type { Axes, Errors, PartShift } from "../support/snapshots.js";

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
  const world = new Map<number, { generation: number; mm: number[]; isTracked: boolean; way: Axes | null }>();
  const level = packOrientation(0, 0, 0, 1);
  const parts = [0, 1, 2].map(() => [0, 1000, 0, level] as const);
  for (let tick = 0; tick < 400; tick += 1) {
    const sections = new Sections();
    const errors: Record<number, Errors> = {};
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
        else if (subject.way !== null && !subject.isTracked && random() < 0.6) {
          const [dx, dy, dz] = subject.way;
          errors[entity] = { x: by[0] - dx, y: by[1] - dy, z: by[2] - dz };
        } else if (subject.isTracked)
          sections.trackedDelta(
            entity,
            by,
            0,
            parts.map(() => [0, 0, 0, 0, 0, 0] as const),
          );
        else sections.rootDelta(entity, by, 0);
        subject.way = absolute ? null : by;
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
      world.set(entity, { generation: whole(random, 0, 65_535), mm: [...mm], isTracked: false, way: null });
      sections.enter(entity, world.get(entity)!.generation).root(entity, mm, 0);
    }
    const digest = digestOf([...world].map(([entity, { generation }]) => [entity, generation] as const));
    sections.predicted(errors);
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

it("a predicted record shows what the delta would, however many come one behind the other", () => {
  const random = seeded(8);
  const held = 100;
  const digest = digestOf(Array.from({ length: held }, (_, entity) => [entity, 1] as const));
  const sights = [new Sight(), new Sight()] as const;
  const start = new Sections();
  const subjects = Array.from({ length: held }, (_, entity) => {
    start.enter(entity).root(entity, [entity * 1000, 0, 0], 0);
    return { way: [0, 0, 0] as Axes, yaw: 0, dyaw: 0, age: 0, pitch: 0, hasWay: false };
  });
  for (const sight of sights) sight.apply(start.data({ timeMs: 1000, digest }));
  for (let timeMs = 1050; timeMs < 6000; timeMs += 50) {
    const [given, expected] = [new Sections(), new Sections()];
    const errors: Record<number, Errors> = {};
    for (const [entity, subject] of subjects.entries()) {
      if (random() < 0.2) continue; // this one stands still for a tick, and later goes on as before
      const way: Axes = [whole(random, -2047, 2047), whole(random, -127, 127), whole(random, -2047, 2047)];
      const next = { yaw: whole(random, 0, 65_535), age: whole(random, 0, 255), pitch: whole(random, -127, 127) };
      expected.rootDelta(entity, way, next.yaw, next);
      if (subject.hasWay)
        errors[entity] = {
          age: modulo(next.age - subject.age, 256),
          x: way[0] - subject.way[0],
          y: way[1] - subject.way[1],
          z: way[2] - subject.way[2],
          yaw: modulo(next.yaw - subject.yaw - subject.dyaw, 65_536),
          pitch: modulo(next.pitch - subject.pitch, 256),
        };
      else given.rootDelta(entity, way, next.yaw, next);
      Object.assign(subject, next, { way, dyaw: next.yaw - subject.yaw, hasWay: true });
    }
    given.predicted(errors);
    sights[0].apply(given.data({ timeMs, digest, beyond: timeMs % 3 }));
    sights[1].apply(expected.data({ timeMs, digest }));
    for (const momentMs of [timeMs - 120, timeMs - 20, 1e9])
      expect(shown(sights[0], momentMs)).toEqual(shown(sights[1], momentMs));
  }
  expect(sights.map(({ wantsResync }) => wantsResync)).toEqual([false, false]);
});

/** The same number modulo `base`, as near to zero as there is. */
function modulo(value: number, base: number): number {
  const rest = ((value % base) + base) % base;
  return rest < base / 2 ? rest : rest - base;
}

function shown(sight: Sight, momentMs: number): number[] {
  const table = new PoseTable();
  sight.sample(table, momentMs);
  const { count, position, yaw, pitch, speed } = table;
  return [position.subarray(0, 3 * count), ...[yaw, pitch, speed].map((column) => column.subarray(0, count))].flatMap(
    (column) => [...column],
  );
}

describe("a predicted record", () => {
  const digest = digestOf([[1, 1]]);
  /** Somebody who walked from 10, 20, 30 by 5, -2, 7, and turned from 65,000 to 65,400. */
  const walking = (): Sight => {
    const sight = new Sight();
    sight.apply(new Sections().enter(1).root(1, [10, 20, 30], 65_000, { age: 3 }).data({ timeMs: 1000, digest }));
    const step = new Sections().rootDelta(1, [5, -2, 7], 65_400, { age: 250, pitch: 120 });
    sight.apply(step.data({ timeMs: 1050, digest }));
    return sight;
  };
  const turned = (sight: Sight): number => {
    const table = new PoseTable();
    sight.sample(table, 1e9);
    return Math.round((table.yaw[0]! * 65_536) / (2 * Math.PI) + 65_536) % 65_536;
  };

  it("leads on by the way, and corrects it", () => {
    const sight = walking();
    sight.apply(new Sections().predicted({ 1: {} }).data({ timeMs: 2100, digest }));
    expect([newest(sight, 1), turned(sight)]).toEqual([[20, 16, 44], 264]);
    sight.apply(new Sections().predicted({ 1: { x: -6, y: -3, z: 1, yaw: -500 } }).data({ timeMs: 3150, digest }));
    expect([newest(sight, 1), turned(sight)]).toEqual([[19, 11, 52], 164]);
    sight.apply(new Sections().predicted({ 1: {} }).data({ timeMs: 4200, digest }));
    expect([newest(sight, 1), turned(sight)]).toEqual([[18, 6, 60], 64]);
    sight.apply(new Sections().predicted({ 1: {} }).data({ timeMs: 5250, digest }));
    expect([newest(sight, 1), turned(sight)]).toEqual([[17, 1, 68], 65_500]);
    expect(sight.wantsResync).toBe(false);
  });

  it("has an age modulo 256, and a pitch that is not led on", () => {
    const sight = walking();
    sight.apply(new Sections().predicted({ 1: { age: 10, pitch: -20 } }).data({ timeMs: 2100, digest }));
    const table = new PoseTable();
    // It was sampled at 2100 - 4 * 4, and from then on rests: the pause before it lasted long.
    sight.sample(table, 2084 - 75);
    expect(table.position[0]).toBeCloseTo(0.0175, 6);
    sight.sample(table, 2084);
    expect([table.position[0], table.pitch[0]]).toEqual([
      expect.closeTo(0.02, 6),
      expect.closeTo((100 / 127) * (Math.PI / 2), 6),
    ]);
  });

  it("goes on from the delta in whose place it stands, where it is no newer", () => {
    const sight = walking();
    sight.apply(new Sections().predicted({ 1: { age: 5 } }).data({ timeMs: 1050, digest }));
    expect([newest(sight, 1), turned(sight)]).toEqual([[20, 16, 44], 264]);
  });

  it.each([
    ["a root", new Sections().root(1, [15, 18, 37], 65_400)],
    ["a new entry", new Sections().leave(1).enter(1).root(1, [15, 18, 37], 65_400)],
    ["an entry without a record", new Sections().leave(1).enter(1)],
    ["a thing", new Sections().thing(1, [15, 18, 37], 0)],
    ["a dot", new Sections().dot(1, [0, 0, 0])],
    ["head and hands", new Sections().tracked(1, [15, 18, 37], 0, Array(3).fill([0, 0, 0, 0]))],
    [
      "head and hands that moved",
      new Sections()
        .tracked(1, [14, 18, 37], 0, Array(3).fill([0, 0, 0, 0]))
        .trackedDelta(1, [1, 0, 0], 0, Array(3).fill([0, 0, 0, 0, 0, 0])),
    ],
  ])("is skipped after %s, and a resync wanted", (_name, sections) => {
    const sight = walking();
    sight.apply(sections.data({ timeMs: 2000, digest }));
    expect(sight.wantsResync).toBe(false);
    const before = newest(sight, 1);
    sight.apply(new Sections().predicted({ 1: {} }).data({ timeMs: 3000, digest }));
    expect([sight.wantsResync, newest(sight, 1)]).toEqual([true, before]);
  });

  it("of who is not held leaves the others' alone", () => {
    const sight = walking();
    sight.apply(new Sections().predicted({ 0: {}, 1: {}, 2: {} }).data({ timeMs: 2100, digest }));
    expect([sight.wantsResync, newest(sight, 1)]).toEqual([true, [20, 16, 44]]);
  });

  it("stands in the first byte of each stride", () => {
    const sight = walking();
    const sections = new Sections().predicted({ 1: { x: 1000, y: 1, yaw: 30_000 } });
    sight.apply(sections.data({ timeMs: 2100, digest, beyond: 2 }));
    expect([newest(sight, 1), turned(sight), sight.wantsResync]).toEqual([[1020, 17, 44], 30_264, false]);
  });

  it("is no jump, though one may have stood where its sample stands now", () => {
    const sight = new Sight();
    sight.apply(new Sections().enter(1).root(1, [0, 0, 0], 0, { flags: JUMP }).data({ timeMs: 1000, digest }));
    sight.apply(new Sections().rootDelta(1, [10, 0, 0], 0).data({ timeMs: 1050, digest }));
    const table = new PoseTable();
    for (let timeMs = 1100; timeMs <= 3000; timeMs += 50) {
      sight.apply(new Sections().predicted({ 1: {} }).data({ timeMs, digest }));
      sight.sample(table, timeMs - 25);
      expect(table.position[0]).toBeCloseTo((timeMs - 1025) / 5000, 6);
    }
  });

  it("that is malformed leaves everything as it was", () => {
    const sight = walking();
    const sections = new Sections().leave(1).enter(2).root(2, [0, 0, 0], 0);
    const [good, short] = [streamOf({ 1: {} }), streamOf({ 2: { x: 9 } }).slice(0, -1)];
    const bad = sections.stream([...good, ...short]).data({ timeMs: 1100, digest });
    expect(() => sight.apply(bad)).toThrow(ProtocolError);
    expect([sight.holds(1), sight.holds(2), sight.wantsResync]).toEqual([true, false, false]);
    expect([newest(sight, 1), turned(sight)]).toEqual([[15, 18, 37], 65_400]);
    sight.apply(new Sections().predicted({ 1: {} }).data({ timeMs: 2100, digest }));
    expect([newest(sight, 1), turned(sight)]).toEqual([[20, 16, 44], 264]);
  });
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
    ["a predicted record of who has no way", new Sections().predicted({ 1: {} })],
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
