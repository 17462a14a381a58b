import { describe, expect, it } from "vitest";
import { easing, Locomotion, RUN_M_S, WALK_M_S, wrapAngle } from "../../src/player/locomotion";

const FRAME_S = 1 / 60;

function walk(wish: { right: number; forward: number; isRunning: boolean }, yaw: number, seconds: number) {
  const locomotion = new Locomotion();
  let x = 0;
  let z = 0;
  for (let frame = 0; frame < seconds * 60; frame++) {
    const step = locomotion.step(wish, yaw, FRAME_S);
    x += step.dx;
    z += step.dz;
  }
  return { x, z, locomotion };
}

describe("walking", () => {
  it("goes where the view looks", () => {
    const north = walk({ right: 0, forward: 1, isRunning: false }, 0, 1);
    expect(north.x).toBeCloseTo(0);
    expect(north.z).toBeLessThan(-1.8);
    const west = walk({ right: 0, forward: 1, isRunning: false }, Math.PI / 2, 1);
    expect(west.x).toBeLessThan(-1.8);
    expect(west.z).toBeCloseTo(0);
    const right = walk({ right: 1, forward: 0, isRunning: false }, 0, 1);
    expect(right.x).toBeGreaterThan(1.8);
  });

  it("is never faster than its pace, diagonally either, and running stays below what the server allows", () => {
    const { locomotion } = walk({ right: 1, forward: 1, isRunning: false }, 0.3, 2);
    expect(locomotion.speed).toBeCloseTo(WALK_M_S);
    const running = walk({ right: -1, forward: 1, isRunning: true }, 0.3, 2);
    expect(running.locomotion.speed).toBeCloseTo(RUN_M_S);
    expect(RUN_M_S).toBeLessThan(6);
  });

  it("starts and stops within a quarter of a second, not at once", () => {
    const { locomotion } = walk({ right: 0, forward: 1, isRunning: false }, 0, 1);
    const still = { right: 0, forward: 0, isRunning: false };
    locomotion.step(still, 0, FRAME_S);
    expect(locomotion.speed).toBeGreaterThan(1);
    for (let frame = 0; frame < 15; frame++) locomotion.step(still, 0, FRAME_S);
    expect(locomotion.speed).toBe(0);
    expect(locomotion.step(still, 0, FRAME_S)).toEqual({ dx: 0, dz: 0 });
  });

  it("keeps no speed against a wall", () => {
    const { locomotion } = walk({ right: 0, forward: 1, isRunning: true }, 0, 1);
    locomotion.went(0, 0, FRAME_S);
    expect(locomotion.speed).toBe(0);
    locomotion.step({ right: 0, forward: 1, isRunning: true }, 0, FRAME_S);
    expect(locomotion.speed).toBeLessThan(0.5);
  });

  it("knows where it is heading", () => {
    const { locomotion } = walk({ right: -1, forward: 0, isRunning: false }, 0, 1);
    expect(locomotion.heading).toBeCloseTo(Math.PI / 2);
  });
});

describe("angles", () => {
  it("turn the shorter way", () => {
    expect(wrapAngle(3 * Math.PI + 0.1)).toBeCloseTo(-Math.PI + 0.1);
    expect(wrapAngle(-0.1)).toBeCloseTo(-0.1);
  });

  it("ease the same way in many small steps as in one", () => {
    let left = 1;
    for (let frame = 0; frame < 10; frame++) left *= 1 - easing(0.01, 0.1);
    expect(left).toBeCloseTo(1 - easing(0.1, 0.1));
  });
});
