import { describe, expect, it } from "vitest";
import { BONE_INDEX, FOREARM, UPPER_ARM, type Bone } from "../../src/avatars/body";
import { BodyState } from "../../src/avatars/skeleton";

function joint(state: BodyState, bone: Bone): readonly [number, number, number] {
  const at = BONE_INDEX[bone] * 12;
  return [state.matrices[at + 3] ?? 0, state.matrices[at + 7] ?? 0, state.matrices[at + 11] ?? 0];
}

function settled(change: (state: BodyState) => void, seconds = 2): BodyState {
  const state = new BodyState(0.5);
  change(state);
  for (let step = 0; step < seconds * 60; step++) state.pose(1 / 60);
  return state;
}

describe("BodyState", () => {
  it("stands on its feet with its head up", () => {
    const state = settled(() => undefined);
    expect(joint(state, "torso")[1]).toBeCloseTo(0.94, 1);
    expect(joint(state, "head")[1]).toBeGreaterThan(1.4);
    expect(state.headY).toBeGreaterThan(1.7);
    expect(joint(state, "leftHand")[1]).toBeLessThan(1);
  });

  it("is where it is told to be, turned the way it looks", () => {
    const state = settled((body) => {
      body.x = 3;
      body.y = 1;
      body.z = -2;
      body.yaw = Math.PI / 2;
    });
    const [x, y, z] = joint(state, "torso");
    expect(x).toBeCloseTo(3, 1);
    expect(y).toBeCloseTo(1.94, 1);
    expect(z).toBeCloseTo(-2, 1);
    // Looking along −X, the right hand is towards −Z.
    expect(joint(state, "rightHand")[2]).toBeLessThan(joint(state, "leftHand")[2]);
  });

  it("sits lower, with its knees ahead", () => {
    const state = settled((body) => {
      body.isSeated = true;
    });
    expect(joint(state, "torso")[1]).toBeCloseTo(0.53, 1);
    expect(joint(state, "leftShin")[2]).toBeLessThan(-0.25);
  });

  it("swings its legs as it walks, and only then", () => {
    const reach = (speed: number): number => {
      const state = settled((body) => {
        body.speed = speed;
      });
      let [lowest, highest] = [Infinity, -Infinity];
      for (let step = 0; step < 120; step++) {
        state.pose(1 / 60);
        const knee = joint(state, "leftShin")[2];
        [lowest, highest] = [Math.min(lowest, knee), Math.max(highest, knee)];
      }
      return highest - lowest;
    };
    expect(reach(1.3)).toBeGreaterThan(0.1);
    expect(reach(0)).toBeLessThan(0.02);
  });

  it("holds its hands where a headset's are", () => {
    const state = settled((body) => {
      body.isTracked = true;
      body.parts.set([0, 1.6, 0, 0, 0, 0, 1, -0.3, 1.2, -0.3, 0, 0, 0, 1, 0.25, 1.4, -0.35, 0, 0, 0, 1]);
    });
    const [lx, ly, lz] = joint(state, "leftHand");
    expect(Math.hypot(lx + 0.3, ly - 1.2, lz + 0.3)).toBeLessThan(0.03);
    const [rx, ry, rz] = joint(state, "rightHand");
    expect(Math.hypot(rx - 0.25, ry - 1.4, rz + 0.35)).toBeLessThan(0.03);
  });

  it("stretches no arm beyond its length", () => {
    const state = settled((body) => {
      body.isTracked = true;
      body.parts.set([0, 1.6, 0, 0, 0, 0, 1, -3, 3, -3, 0, 0, 0, 1, 3, 0, 3, 0, 0, 0, 1]);
    });
    for (const [upper, hand] of [
      ["leftUpperArm", "leftHand"],
      ["rightUpperArm", "rightHand"],
    ] as const) {
      const [ax, ay, az] = joint(state, upper);
      const [bx, by, bz] = joint(state, hand);
      expect(Math.hypot(ax - bx, ay - by, az - bz)).toBeLessThanOrEqual(UPPER_ARM + FOREARM + 0.001);
    }
  });

  it("raises its hand for the gesture, and lowers it again", () => {
    const state = settled(() => undefined);
    state.play("raise_hand");
    for (let step = 0; step < 60; step++) state.pose(1 / 60);
    expect(joint(state, "rightHand")[1]).toBeGreaterThan(1.6);
    for (let step = 0; step < 300; step++) state.pose(1 / 60);
    expect(joint(state, "rightHand")[1]).toBeLessThan(1);
    expect(state.gesture).toBeNull();
  });

  it("wears what guests wear, or what officers do", () => {
    const guest = settled((body) => {
      body.isGuest = true;
    });
    expect(joint(guest, "lanyard")).toEqual(joint(guest, "torso"));
    expect(joint(guest, "insignia")).toEqual([0, 0, 0]);
  });
});
