import { describe, expect, it } from "vitest";
import { meetFloor } from "../../src/stage/floors";
import { world } from "./worlds";

const DOWN_AHEAD = [0, -Math.SQRT1_2, -Math.SQRT1_2] as const;

describe("meetFloor", () => {
  const stepped = world({
    floors: [
      { min: [-20, -20], max: [20, 20], height: 0 },
      { min: [-2, -4], max: [2, -1], height: 1 },
    ],
  });

  it("meets the nearest floor on the way", () => {
    expect(meetFloor(stepped, [0, 3, 0], DOWN_AHEAD, 40)?.[1]).toBeCloseTo(1);
    expect(meetFloor(stepped, [5, 3, 0], DOWN_AHEAD, 40)?.[1]).toBeCloseTo(0);
  });

  it("meets a ramp where it is", () => {
    const ramp = world({ floors: [{ min: [-20, -20], max: [20, 20], height: 2, slope: { axis: "z", to: 0 } }] });
    const met = meetFloor(ramp, [0, 5, 0], [0, -1, 0], 40);
    expect(met?.[1]).toBeCloseTo(1);
  });

  it("meets nothing upwards, beyond its reach or beside every floor", () => {
    expect(meetFloor(stepped, [0, 3, 0], [0, 1, 0], 40)).toBeNull();
    expect(meetFloor(stepped, [0, 3, 0], [0, -0.01, -1], 40)).toBeNull();
    expect(meetFloor(stepped, [0, 3, 19], [0, -0.5, 0.86], 40)).toBeNull();
  });

  it("takes the lowest level of a world without floors for one", () => {
    expect(meetFloor(world({}), [0, 3, 0], DOWN_AHEAD, 40)?.[1]).toBeCloseTo(0);
  });
});
