import { describe, expect, it } from "vitest";
import { View } from "../../src/player/view";

const FRAME_S = 1 / 60;
const OPEN = (): number => 1;

function settle(view: View, isSeated = false, reach = OPEN) {
  let pose = view.camera(isSeated, FRAME_S, false, reach);
  for (let frame = 0; frame < 120; frame++) pose = view.camera(isSeated, FRAME_S, false, reach);
  return pose;
}

describe("the view", () => {
  it("is in the eyes in first person, and hides the body", () => {
    const view = new View(true);
    const pose = settle(view);
    expect(pose).toMatchObject({ right: 0, back: 0 });
    expect(pose.up).toBeCloseTo(1.65);
    expect(view.isBodyShown).toBe(false);
  });

  it("is behind and over the head in third person, and shows the body", () => {
    const view = new View(false);
    const pose = settle(view);
    expect(pose.back).toBeGreaterThan(2);
    expect(pose.up).toBeGreaterThan(1.7);
    expect(pose.pitch).toBeLessThan(0);
    expect(view.isBodyShown).toBe(true);
  });

  it("zooms from far to near, into the head, and out again", () => {
    const view = new View(false);
    for (let step = 0; step < 30; step++) view.zoom(1);
    expect(settle(view).back).toBeLessThan(7.1);
    for (let step = 0; step < 30; step++) view.zoom(-1);
    expect(view.isFirst).toBe(true);
    view.zoom(-1);
    expect(view.isFirst).toBe(true);
    view.zoom(1);
    expect(view.isFirst).toBe(false);
    expect(settle(view).back).toBeLessThan(1.6);
  });

  it("comes nearer at once before a wall, and moves back out gently", () => {
    const view = new View(false);
    const far = settle(view).back;
    expect(view.camera(false, FRAME_S, false, () => 0.3).back).toBeCloseTo(far * 0.3);
    const leaving = view.camera(false, FRAME_S, false, OPEN).back;
    expect(leaving).toBeGreaterThan(far * 0.3);
    expect(leaving).toBeLessThan(far * 0.6);
    expect(settle(view).back).toBeCloseTo(far);
  });

  it("goes back out at once for those who asked for less motion", () => {
    const view = new View(false);
    const far = settle(view).back;
    view.camera(false, FRAME_S, true, () => 0.3);
    expect(view.camera(false, FRAME_S, true, OPEN).back).toBeCloseTo(far);
  });

  it("never looks over the zenith, and turns round and round", () => {
    const view = new View(true);
    view.look(10 * Math.PI, 9);
    expect(view.yaw).toBeCloseTo(0);
    expect(view.pitch).toBeLessThan(Math.PI / 2);
    view.look(0, -99);
    expect(view.pitch).toBeGreaterThan(-Math.PI / 2);
  });

  it("is lower on a seat", () => {
    const view = new View(true);
    expect(settle(view, true).up).toBeCloseTo(1.2);
  });

  it("eases stairs, but jumps where one is put elsewhere", () => {
    const view = new View(true);
    expect(view.floor(0, FRAME_S)).toBe(0);
    const onStair = view.floor(0.17, FRAME_S);
    expect(onStair).toBeGreaterThan(0);
    expect(onStair).toBeLessThan(0.1);
    expect(view.floor(3, FRAME_S)).toBe(3);
    view.place();
    expect(view.floor(3.2, FRAME_S)).toBe(3.2);
  });
});
