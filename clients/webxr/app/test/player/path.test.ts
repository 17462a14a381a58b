import type { Mm3 } from "@presence-hub/client";
import { describe, expect, it } from "vitest";
import { findPath, Route } from "../../src/player/path";
import { GEOMETRY } from "./world";

/** Whether somebody who walks corner to corner in short steps is never stopped. */
function isWalkable(start: Mm3, way: readonly Mm3[]): boolean {
  let at = start;
  for (const corner of way) {
    const from = at;
    const steps = Math.ceil(Math.hypot(corner[0] - from[0], corner[2] - from[2]) / 100);
    for (let step = 1; step <= steps; step++) {
      const x = Math.round(from[0] + ((corner[0] - from[0]) * step) / steps);
      const z = Math.round(from[2] + ((corner[2] - from[2]) * step) / steps);
      const next: Mm3 = [x, GEOMETRY.floorUnder(x, z, at[1]) ?? NaN, z];
      if (GEOMETRY.blocked(at, next) || !GEOMETRY.isOnFloor(next)) return false;
      at = next;
    }
  }
  return true;
}

describe("a way to a place", () => {
  it("is straight where nothing stands between", () => {
    expect(findPath(GEOMETRY, [2000, 0, 0], [5000, 0, 3000])).toEqual([[5000, 0, 3000]]);
  });

  it("leads through the door", () => {
    const start: Mm3 = [3000, 0, 6000];
    const way = findPath(GEOMETRY, start, [-3000, 0, 6000]) ?? [];
    expect(way.at(-1)).toEqual([-3000, 0, 6000]);
    expect(way.length).toBeLessThan(6);
    expect(isWalkable(start, way)).toBe(true);
  });

  it("leads up a ramp to what lies over one's head", () => {
    const start: Mm3 = [8000, 0, -3000];
    const way = findPath(GEOMETRY, start, [8000, 2000, -8000]) ?? [];
    expect(way.at(-1)).toEqual([8000, 2000, -8000]);
    expect(isWalkable(start, way)).toBe(true);
  });

  it("is not found into furniture, nor out of the world", () => {
    expect(findPath(GEOMETRY, [2000, 0, 0], [5000, 0, 4500])).toBeNull();
    expect(findPath(GEOMETRY, [2000, 0, 0], [15_000, 0, 0])).toBeNull();
  });
});

describe("following a way", () => {
  it("goes from corner to corner, slows down, and ends", () => {
    const route = new Route();
    route.follow([
      [1000, 0, 0],
      [1000, 0, 1000],
    ]);
    let [x, z] = [0, 0];
    for (let frame = 0; frame < 400 && route.isActive; frame++) {
      const direction = route.direction(x, z, 1 / 60);
      if (!direction) break;
      x += direction.x * 0.04;
      z += direction.z * 0.04;
    }
    expect(route.isActive).toBe(false);
    expect(Math.hypot(x - 1, z - 1)).toBeLessThan(0.15);
  });

  it("gives up where it gets no nearer", () => {
    const route = new Route();
    route.follow([[5000, 0, 0]]);
    let frames = 0;
    while (route.direction(0, 0, 1 / 60)) frames++;
    expect(frames).toBeGreaterThan(20);
    expect(frames).toBeLessThan(60);
    expect(route.isActive).toBe(false);
  });
});
