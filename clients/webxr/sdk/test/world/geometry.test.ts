// The same questions as the server's, and the same answers: to the millimetre.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseWorld, WorldGeometry, type Mm3 } from "../../src/world/index.js";

interface Cases {
  world: unknown;
  places: {
    at: Mm3;
    in_bounds: boolean;
    on_floor: boolean;
    floor_under: number | null;
    zone: string | null;
    portal: boolean;
  }[];
  moves: { from: Mm3; to: Mm3; blocked: boolean }[];
  seats: Mm3[];
}

const ROOT = new URL("../../../../../", import.meta.url);
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, ROOT), "utf-8"));
const cases = read("tests/presence/world_cases.json") as Cases;
const geometry = new WorldGeometry(parseWorld(cases.world));

describe("the server's cases", () => {
  it("agree about every place", () => {
    const answers = cases.places.map(({ at }) => ({
      at,
      in_bounds: geometry.inBounds(at),
      on_floor: geometry.isOnFloor(at),
      floor_under: geometry.floorUnder(at[0], at[2], at[1]),
      zone: geometry.zoneAt(at)?.name ?? null,
      portal: geometry.portalAt(at) !== null,
    }));
    expect(answers).toEqual(cases.places);
  });

  it("agree about every move, there and back", () => {
    const answers = cases.moves.map(({ from, to }) => ({ from, to, blocked: geometry.blocked(from, to) }));
    expect(answers).toEqual(cases.moves);
    expect(cases.moves.map(({ from, to }) => geometry.blocked(to, from))).toEqual(
      cases.moves.map(({ blocked }) => blocked),
    );
  });

  it("agree about every seat", () => {
    expect(geometry.seats.map(({ positionMm }) => positionMm)).toEqual(cases.seats);
    expect(geometry.seats.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(geometry.seats[0]).toMatchObject({ look: "armchair", yawRadians: Math.PI / 2 });
  });
});

describe("a world without floors", () => {
  it("lets people be at any height", () => {
    const open = new WorldGeometry(parseWorld(read("presence/worlds/open.json")));
    expect(open.isOnFloor([0, 12_345, 0])).toBe(true);
    expect(open.floorUnder(0, 0, 12_345)).toBe(12_345);
    expect(open.blocked([0, 0, 0], [1_999_000, 0, 0])).toBe(false);
  });
});

describe("the headquarters", () => {
  it("answers a step in microseconds", () => {
    const headquarters = new WorldGeometry(parseWorld(read("presence/worlds/headquarters.json")));
    const steps = Array.from({ length: 20_000 }, (_, i): [Mm3, Mm3] => {
      const x = ((i * 7919) % 88_000) - 44_000;
      const z = ((i * 104_729) % 76_000) - 35_000;
      return [
        [x, 0, z],
        [x + 60, 0, z + 60],
      ];
    });
    const started = performance.now();
    const stopped = steps.filter(([from, to]) => headquarters.blocked(from, to)).length;
    const microseconds = ((performance.now() - started) * 1000) / steps.length;
    expect(stopped).toBeGreaterThan(100);
    expect(stopped).toBeLessThan(steps.length / 2);
    expect(microseconds).toBeLessThan(50); // 1 or 2 on a laptop; the rest is for a busy machine
  });
});
