import { parseWorld, WorldGeometry } from "@presence-hub/client";
import { describe, expect, it } from "vitest";
import { throwArc } from "../../src/player/arc";
import { Terrain } from "../../src/player/terrain";
import { DOCUMENT, GEOMETRY } from "./world";

const terrain = new Terrain(GEOMETRY, DOCUMENT);

describe("sight lines", () => {
  it("end at walls and pass through doors, under the lintel", () => {
    expect(terrain.firstHit([2, 1.5, 5], [-2, 1.5, 5])).toBeCloseTo(0.5);
    expect(terrain.firstHit([2, 1.5, 0], [-2, 1.5, 0])).toBe(1);
    expect(terrain.firstHit([2, 2.5, 0], [-2, 2.5, 0])).toBeCloseTo(0.5);
  });

  it("pass over furniture, and end at it, at ceilings and at floors", () => {
    expect(terrain.cuts([5, 1, 2], [5, 1, 8])).toBe(false);
    expect(terrain.firstHit([5, 0.5, 2], [5, 0.5, 8])).toBeCloseTo(1 / 3);
    expect(terrain.firstHit([-5, 1, 0], [-5, 5, 0])).toBeCloseTo(0.5);
    expect(terrain.cuts([8, 3, -8], [8, 1, -8])).toBe(true);
  });
});

describe("the floor under a pixel", () => {
  it("is where the line of sight comes down", () => {
    const at = terrain.pickFloor([2, 2, 0], [0.6, -0.8, 0]);
    expect(at?.[0]).toBeCloseTo(3.5);
    expect(at?.[1]).toBe(0);
  });

  it("is not behind a wall, nor in the sky", () => {
    expect(terrain.pickFloor([2, 1.6, 5], [-0.98, -0.199, 0])).toBeNull();
    expect(terrain.pickFloor([2, 1.6, 5], [0, 1, 0])).toBeNull();
  });

  it("lies on ramps", () => {
    const at = terrain.pickFloor([5, 4, -8], [0, -1, 0]);
    expect(at?.[1]).toBeCloseTo(1);
  });
});

describe("what is let go", () => {
  it("comes to lie on furniture, or on the floor beside it", () => {
    expect(terrain.restBelow([5, 1.2, 4.5])).toBe(0.75);
    expect(terrain.restBelow([5, 0.5, 4.5])).toBe(0);
    expect(terrain.restBelow([3, 1.2, 4.5])).toBe(0);
    expect(terrain.restBelow([8, 3, -8])).toBe(2);
  });

  it("falls to the lowest height of a world without floors", () => {
    const document = parseWorld({
      name: "field",
      title: "Field",
      bounds: { min: [-5, -1, -5], max: [5, 5, 5] },
      spawns: [{ position: [0, 0, 0], yaw: 0 }],
    });
    expect(new Terrain(new WorldGeometry(document), document).restBelow([0, 2, 0])).toBe(-1);
  });
});

describe("the arc of a teleport", () => {
  const level = Math.SQRT1_2;

  it("lands on the floor ahead, where one may go", () => {
    const arc = throwArc(terrain, [2, 1.4, 0], [level, 0.3, -0.64], [2, 0, 0]);
    expect(arc.landing?.[1]).toBe(0);
    expect(arc.isAllowed).toBe(true);
    expect(arc.points.at(-1)).toEqual(arc.landing);
    expect(arc.points.length).toBeLessThanOrEqual(48);
  });

  it("ends at a wall, and goes through a door", () => {
    expect(throwArc(terrain, [2, 1.4, 5], [-1, 0, 0], [2, 0, 5]).landing).toBeNull();
    expect(throwArc(terrain, [2, 1.4, 0], [-1, 0, 0], [2, 0, 0]).landing?.[0]).toBeLessThan(-1);
  });

  it("is refused on furniture, and beyond reach", () => {
    expect(throwArc(terrain, [5, 1.4, 2], [0, -0.35, 0.94], [5, 0, 2]).isAllowed).toBe(false);
    expect(throwArc(terrain, [2, 1.4, 0], [level, 0.3, -0.64], [-10, 0, 9]).isAllowed).toBe(false);
  });
});
