import { describe, expect, it } from "vitest";
import { bakeLight, floorHeightAt, type LightField } from "../../src/stage/light-field";
import { world } from "./worlds";

/** Linear light and openness of the sky at a place. */
function at(field: LightField, x: number, z: number): { light: number; sky: number } {
  const column = Math.floor((x - field.originX) / field.cell);
  const row = Math.floor((z - field.originZ) / field.cell);
  const texel = (row * field.width + column) * 4;
  const byte = (channel: number): number => (field.texels[texel + channel] ?? 0) / 255;
  return { light: byte(1) ** 2 * 4, sky: byte(3) };
}

const ROOM = [
  { from: [-5, -5], to: [5, -5], base: 0, height: 3 },
  { from: [5, -5], to: [5, 5], base: 0, height: 3 },
  { from: [5, 5], to: [-5, 5], base: 0, height: 3 },
  { from: [-5, 5], to: [-5, -5], base: 0, height: 3 },
];
const ROOF = [{ min: [-5, -5], max: [5, 5], height: 3, look: "plaster" }];

describe("bakeLight", () => {
  it("is full daylight everywhere without ceilings", () => {
    const field = bakeLight(world({}), 1);
    expect(at(field, 0, 0)).toEqual(at(field, 10, -10));
    expect(at(field, 0, 0).sky).toBe(1);
  });

  it("keeps daylight out of a closed room", () => {
    const field = bakeLight(world({ walls: ROOM, ceilings: ROOF }), 1);
    expect(at(field, 0, 0).sky).toBe(0);
    expect(at(field, 10, 0).sky).toBe(1);
  });

  it("lets it in through a door, less further in", () => {
    const doors = [
      ...ROOM.slice(1),
      { from: [-5, -5], to: [-1, -5], base: 0, height: 3 },
      { from: [1, -5], to: [5, -5], base: 0, height: 3 },
    ];
    const field = bakeLight(world({ walls: doors, ceilings: ROOF }), 1);
    expect(at(field, 0, -4).sky).toBeGreaterThan(at(field, 0, 3).sky);
    expect(at(field, 0, 3).sky).toBeGreaterThan(0);
  });

  it("lets it in through glass", () => {
    const glass = ROOM.map((wall, index) => (index === 0 ? { ...wall, look: "glass" } : wall));
    expect(at(bakeLight(world({ walls: glass, ceilings: ROOF }), 1), 0, 0).sky).toBeGreaterThan(0);
  });

  it("does not let a lamp shine through a wall", () => {
    const lamp = { kind: "pendant", position: [0, 2.5, 0], colour: "#ffffff", intensity: 2, range: 12 };
    const dark = bakeLight(world({ walls: ROOM, ceilings: ROOF }), 1);
    const lit = bakeLight(world({ walls: ROOM, ceilings: ROOF, lights: [lamp] }), 1);
    expect(at(lit, 1, 1).light).toBeGreaterThan(at(dark, 1, 1).light + 0.3);
    expect(at(lit, 7, 0).light).toBe(at(dark, 7, 0).light);
  });
});

describe("floorHeightAt", () => {
  const ramp = world({
    floors: [
      { min: [-20, -20], max: [20, 0], height: 0 },
      { min: [-20, 0], max: [20, 10], height: 0, slope: { axis: "z", to: 2 } },
    ],
  });

  it("follows a ramp", () => {
    expect(floorHeightAt(ramp, 0, 5, 8)).toBeCloseTo(1);
  });

  it("does not step up from below", () => {
    expect(floorHeightAt(ramp, 0, 9, 0.2)).toBe(0);
  });
});
