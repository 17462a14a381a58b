import { describe, expect, it } from "vitest";
import { Sight, type Area } from "../../src/stage/sight";
import { shipped, world } from "./worlds";

const EYE_M = 1.65;

function around(x: number, z: number): Area {
  return { minX: x - 0.5, minZ: z - 0.5, maxX: x + 0.5, maxZ: z + 0.5 };
}

describe("Sight", () => {
  const across = { from: [-10, 0], to: [10, 0], base: 0, height: 5 };

  it("ends at a wall that closes a room", () => {
    const sight = new Sight(world({ walls: [across] }));
    sight.lookFrom(0, EYE_M, 4);
    expect(sight.sees(around(0, 3))).toBe(true);
    expect(sight.sees(around(0, -4))).toBe(false);
  });

  it.each([
    ["glass", { ...across, look: "glass" }],
    ["a low wall", { ...across, height: 1.2 }],
    ["what hangs over a door", { ...across, base: 2.4, height: 2.6 }],
    ["what is not drawn", { ...across, look: "none" }],
  ])("goes on past %s", (_name, wall) => {
    const sight = new Sight(world({ walls: [wall] }));
    sight.lookFrom(0, EYE_M, 4);
    expect(sight.sees(around(0, -4))).toBe(true);
  });

  it("goes through a gap, and no further aside than the gap lets it", () => {
    const walls = [
      { from: [-10, 0], to: [-1, 0], base: 0, height: 5 },
      { from: [1, 0], to: [10, 0], base: 0, height: 5 },
    ];
    const sight = new Sight(world({ walls }));
    sight.lookFrom(0, EYE_M, 4);
    expect(sight.sees(around(0, -4))).toBe(true);
    expect(sight.sees(around(8, -4))).toBe(false);
  });

  it("is not shut in by a wall one stands at", () => {
    const sight = new Sight(world({ walls: [across] }));
    sight.lookFrom(0, EYE_M, 0.2);
    expect(sight.sees(around(0, 4))).toBe(true);
  });

  it("sees everything from outside, and whatever reaches beyond the bounds", () => {
    const sight = new Sight(world({ walls: [across] }));
    sight.lookFrom(500, EYE_M, 500);
    expect(sight.sees(around(0, -4))).toBe(true);
    sight.lookFrom(0, EYE_M, 4);
    expect(sight.sees({ minX: -500, minZ: -500, maxX: 500, maxZ: 500 })).toBe(true);
  });

  it("looks again only where the eye moved", () => {
    const sight = new Sight(world({ walls: [across] }));
    expect(sight.lookFrom(0, EYE_M, 4)).toBe(true);
    expect(sight.lookFrom(0.1, EYE_M, 4)).toBe(false);
    expect(sight.lookFrom(1, EYE_M, 4)).toBe(true);
  });

  it("hides the assembly hall from the classroom of the headquarters, and shows the garden", () => {
    const sight = new Sight(shipped("headquarters"));
    sight.lookFrom(-24, EYE_M, 11);
    expect(sight.sees(around(0, -20))).toBe(false);
    expect(sight.sees(around(-30, -20))).toBe(true);
  });
});
