/** Quantisation errs as little as the specification says, and counters wrap. */
import { expect, it } from "vitest";
import {
  ageSteps,
  isNewer,
  millimetres,
  packOrientation,
  partMillimetres,
  pitchRadians,
  pitchSteps,
  quaternionOf,
  yawRadians,
  yawTurns,
} from "../../src/wire/quantities.js";
import { seeded } from "../support/random.js";

it("orientations err by less than 0.28°, whatever they are", () => {
  const random = seeded(1);
  let worst = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const q = Array.from({ length: 4 }, () => random() * 2 - 1) as [number, number, number, number];
    const length = Math.hypot(...q);
    const back = quaternionOf(packOrientation(...q));
    expect(Math.hypot(...back)).toBeCloseTo(1, 12);
    const dot = Math.min(Math.abs(q.reduce((sum, part, axis) => sum + (part / length) * (back[axis] ?? 0), 0)), 1);
    worst = Math.max(worst, (2 * Math.acos(dot) * 180) / Math.PI);
  }
  expect(worst).toBeLessThan(0.28);
  expect(worst).toBeGreaterThan(0.1);
});

it("what is no rotation counts as none", () => {
  expect(quaternionOf(packOrientation(0, 0, 0, 0))).toEqual([0, 0, 0, 1]);
  expect(quaternionOf(packOrientation(NaN, 0, 0, 1))).toEqual([0, 0, 0, 1]);
});

it("places, angles and ages come back within half a step", () => {
  const random = seeded(2);
  for (let round = 0; round < 2000; round += 1) {
    const metres = (random() - 0.5) * 8000;
    expect(Math.abs(millimetres(metres) / 1000 - metres)).toBeLessThanOrEqual(0.0005001);
    const yaw = (random() - 0.5) * 50;
    expect(Math.cos(yawRadians(yawTurns(yaw)) - yaw)).toBeGreaterThan(Math.cos(0.00005));
    const pitch = (random() - 0.5) * Math.PI;
    expect(Math.abs(pitchRadians(pitchSteps(pitch)) - pitch)).toBeLessThanOrEqual(Math.PI / 4 / 127 + 1e-12);
  }
  expect([ageSteps(-1), ageSteps(2), ageSteps(6), ageSteps(1018), ageSteps(99_999)]).toEqual([0, 0, 2, 254, 255]);
});

it("a place out of bounds is an error, a hand out of reach is drawn in", () => {
  expect(() => millimetres(4194.304)).toThrow(RangeError);
  expect(() => millimetres(NaN)).toThrow(RangeError);
  expect([partMillimetres(3.5), partMillimetres(-9), partMillimetres(-0.0001)]).toEqual([3000, -3000, 0]);
});

it("counters are compared across their wrap", () => {
  expect(isNewer(1, 0xffff_ffff)).toBe(true);
  expect(isNewer(0xffff_ffff, 1)).toBe(false);
  expect(isNewer(5, 5)).toBe(false);
  expect(isNewer(0x8000_0000, 0)).toBe(false);
  expect(isNewer(0x7fff_ffff, 0)).toBe(true);
});
