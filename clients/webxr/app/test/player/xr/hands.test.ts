import { Euler, Quaternion } from "three";
import { describe, expect, it } from "vitest";
import { reachedFor } from "../../../src/player/xr/aim";
import { gazeOf, trackedParts } from "../../../src/player/xr/bodyframe";
import { Inputs } from "../../../src/player/xr/inputs";
import { buttonAt, buttonBox } from "../../../src/player/xr/panel";
import { Pinch } from "../../../src/player/xr/pinch";
import { StickTurn, withoutDeadZone } from "../../../src/player/xr/snap";

describe("a flick of the stick", () => {
  it("turns one step, and again only after the stick came back", () => {
    const turn = new StickTurn();
    expect(turn.update(0.9, 30, 0.01)).toBeCloseTo(-Math.PI / 6);
    expect(turn.update(1, 30, 0.01)).toBe(0);
    expect(turn.update(0.5, 30, 0.01)).toBe(0);
    expect(turn.update(0, 30, 0.01)).toBe(0);
    expect(turn.update(-0.9, 45, 0.01)).toBeCloseTo(Math.PI / 4);
  });

  it("turns smoothly where that is preferred", () => {
    const turn = new StickTurn();
    expect(turn.update(1, 0, 0.1)).toBeCloseTo(-0.16);
    expect(turn.update(0.1, 0, 0.1)).toBe(0);
  });

  it("is no flick within the dead zone", () => {
    expect(withoutDeadZone(0.1)).toBe(0);
    expect(withoutDeadZone(1)).toBe(1);
    expect(withoutDeadZone(-1)).toBe(-1);
  });
});

describe("a pinch", () => {
  it("closes and opens without flutter", () => {
    const pinch = new Pinch();
    const gaps = [0.06, 0.03, 0.017, 0.025, 0.03, 0.04, 0.03];
    const closed = gaps.map((gap) => {
      pinch.update(gap);
      return pinch.isClosed;
    });
    expect(closed).toEqual([false, false, true, true, true, false, false]);
  });
});

describe("a hand", () => {
  const near = { name: "near", position: [0.2, 1, 0] as const };
  const pointedAt = { name: "pointed at", position: [0, 1, -2] as const };
  const far = { name: "far", position: [0, 1, -4] as const };
  const ray = { from: [0, 1, 0], direction: [0, 0, -1] } as const;

  it("reaches for what it touches before what it points at", () => {
    expect(reachedFor([pointedAt, near], [0, 1, 0], ray)).toBe(near);
    expect(reachedFor([far, pointedAt], [0, 1, 0], ray)).toBe(pointedAt);
  });

  it("reaches for nothing too far away, aside or behind", () => {
    expect(reachedFor([far], [0, 1, 0], ray)).toBeNull();
    expect(reachedFor([{ position: [1.5, 1, -1] }], [0, 1, 0], ray)).toBeNull();
    expect(reachedFor([{ position: [0, 1, 1] }], [0, 1, 0], ray)).toBeNull();
    expect(reachedFor([pointedAt], [0, 1, 0], null)).toBeNull();
  });
});

describe("what others are told of a headset", () => {
  function inputs(): Inputs {
    const made = new Inputs();
    made.head.isSeen = true;
    made.head.position.set(1, 1.6, 2);
    made.left.grip.isSeen = true;
    made.left.grip.position.set(0.8, 1.1, 1.7);
    return made;
  }

  it("is relative to feet under the head, in the frame of the body", () => {
    const { head, left } = trackedParts(inputs(), Math.PI / 2, 0);
    expect(head.position).toEqual([0, 1.6, 0]);
    // The rig is turned a quarter left of the body: what lies before its head lies left of the body.
    expect(left.position[0]).toBeCloseTo(-0.3);
    expect(left.position[1]).toBeCloseTo(1.1);
    expect(left.position[2]).toBeCloseTo(0.2);
    expect(Math.hypot(...head.orientation)).toBeCloseTo(1);
  });

  it("lets a hand that is not seen hang, and lifts who sits on a real chair", () => {
    const { head, right } = trackedParts(inputs(), 0, 0.4);
    expect(head.position[1]).toBeCloseTo(2);
    expect(right.position[0]).toBeGreaterThan(0.1);
    expect(right.position[1]).toBeLessThan(1.5);
  });

  it("stays within what the wire carries", () => {
    const made = inputs();
    made.left.grip.position.set(40, -40, 2);
    expect(trackedParts(made, 0, 0).left.position).toEqual([3, -3, 0]);
  });
});

describe("a gaze", () => {
  const turned = (pitch: number, yaw: number): Quaternion =>
    new Quaternion().setFromEuler(new Euler(pitch, yaw, 0, "YXZ"));

  it("has a yaw and a pitch, straight down too", () => {
    expect(gazeOf(turned(0.4, 1.1)).yaw).toBeCloseTo(1.1);
    expect(gazeOf(turned(0.4, 1.1)).pitch).toBeCloseTo(0.4);
    expect(gazeOf(turned(-Math.PI / 2, 1.1)).yaw).toBeCloseTo(1.1);
    expect(gazeOf(turned(Math.PI / 2, -2)).yaw).toBeCloseTo(-2);
  });
});

describe("the panel", () => {
  const panel = {
    title: "HQ",
    lines: [],
    tone: "good",
    buttons: ["a", "b", "c", "d"].map((id) => ({ id, label: id })),
    isRightToLeft: false,
  } as const;

  it("has its buttons where they are drawn", () => {
    panel.buttons.forEach(({ id }, index) => {
      const box = buttonBox(index, 4, false);
      expect(buttonAt(panel, (box.x + box.width / 2) / 640, 1 - (box.y + box.height / 2) / 480)).toBe(id);
    });
    expect(buttonAt(panel, 0.5, 0.99)).toBeNull();
  });

  it("is mirrored for who reads from the right", () => {
    expect(buttonBox(0, 4, true).x).toBeGreaterThan(buttonBox(1, 4, true).x);
  });
});
