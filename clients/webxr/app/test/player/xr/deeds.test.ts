import { Raycaster } from "three";
import { beforeEach, describe, expect, it } from "vitest";
import { Visit } from "../../../src/player/visit";
import { HandDeeds } from "../../../src/player/xr/deeds";
import { type HandInput, Inputs } from "../../../src/player/xr/inputs";
import { FakeRoom, FakeStage, settle } from "../fakes";
import { DOCUMENT, GEOMETRY } from "../world";

let room: FakeRoom;
let stage: FakeStage;
let visit: Visit;
let inputs: Inputs;
let deeds: HandDeeds;
let jumps: (readonly number[])[];
let pressed: number;
let isPanelMet: boolean;

beforeEach(() => {
  room = new FakeRoom([2, 0, 0]);
  stage = new FakeStage();
  stage.rig.position.set(2, 0, 0);
  stage.rig.updateMatrixWorld(true);
  visit = new Visit(room.asRoom, GEOMETRY, DOCUMENT, stage, () => undefined);
  jumps = [];
  pressed = 0;
  isPanelMet = false;
  deeds = new HandDeeds(stage.rig, {
    point: (_hand, sight) => (isPanelMet && sight instanceof Raycaster ? () => pressed++ : null),
    teleport: (place) => jumps.push(place),
  });
  inputs = new Inputs();
  for (const hand of inputs.hands) {
    hand.grip.isSeen = hand.ray.isSeen = true;
    hand.grip.position.set(0.2, 1.2, -0.3);
    hand.ray.position.set(0.2, 1.2, -0.3);
  }
  room.put(7, "folder", [2.2, 1.2, -0.4]);
});

type Buttons = "trigger" | "squeeze";

function hold(hand: HandInput, button: Buttons, isDown: boolean): void {
  hand[button].update(isDown);
  deeds.update(visit, inputs);
  hand[button].update(isDown);
}

describe("the trigger", () => {
  it("throws an arc while it is held, and jumps where it is let go", () => {
    hold(inputs.right, "trigger", true);
    expect(deeds.arc?.landing).not.toBeNull();
    expect(jumps).toEqual([]);
    hold(inputs.right, "trigger", false);
    expect(jumps).toHaveLength(1);
    expect(jumps[0]?.[1]).toBe(0);
    expect(deeds.arc).toBeNull();
  });

  it("jumps nowhere where one may not go", () => {
    stage.rig.position.set(2, 0, 5);
    stage.rig.updateMatrixWorld(true);
    inputs.right.ray.orientation.set(0, Math.SQRT1_2, 0, Math.SQRT1_2); // at the wall in the west
    hold(inputs.right, "trigger", true);
    expect(deeds.arc?.isAllowed).toBe(false);
    hold(inputs.right, "trigger", false);
    expect(jumps).toEqual([]);
  });

  it("presses a button of the panel instead, where it points at one", () => {
    isPanelMet = true;
    hold(inputs.right, "trigger", true);
    isPanelMet = false;
    hold(inputs.right, "trigger", false);
    expect(pressed).toBe(1);
    expect(jumps).toEqual([]);
  });
});

describe("the grip", () => {
  it("holds a thing as long as it is squeezed, and puts it down on what is below", async () => {
    hold(inputs.right, "squeeze", true);
    await settle();
    inputs.right.grip.position.set(0.4, 1, -0.6);
    hold(inputs.right, "squeeze", true);
    expect(stage.drawn.get(7)?.position[0]).toBeCloseTo(2.4);
    hold(inputs.right, "squeeze", false);
    await settle();
    expect(room.sent.at(-1)).toEqual(["release", 7, [2.4, 0, -0.6]]);
    expect(visit.carrying.held("right")).toBeNull();
  });

  it("lets go once the server agrees, where it was only tapped", async () => {
    hold(inputs.right, "squeeze", true);
    hold(inputs.right, "squeeze", false);
    expect(room.sent).toEqual([["grab", 7]]);
    await settle();
    hold(inputs.right, "squeeze", false);
    await settle();
    expect(visit.carrying.held("right")).toBeNull();
  });

  it("hands a thing over by letting go near somebody: it does not fall", async () => {
    room.people.set(3, {});
    stage.places.set(3, [2.3, 0, -1.2]);
    hold(inputs.right, "squeeze", true);
    await settle();
    hold(inputs.right, "squeeze", false);
    await settle();
    const [, , at] = room.sent.at(-1) as [string, number, [number, number, number]];
    expect(at[1]).toBeCloseTo(1.2);
  });

  it("takes with either hand, one thing each", async () => {
    room.put(8, "folder", [2.2, 1.2, -0.35]);
    hold(inputs.right, "squeeze", true);
    await settle();
    hold(inputs.left, "squeeze", true);
    await settle();
    expect(visit.carrying.held("right")).toBe(8);
    expect(visit.carrying.held("left")).toBe(7);
  });
});

describe("a pinch of a bare hand", () => {
  beforeEach(() => {
    inputs.right.isBareHand = true;
  });

  it("takes what the hand touches, and lets go where it opens", async () => {
    hold(inputs.right, "trigger", true);
    await settle();
    expect(visit.carrying.held("right")).toBe(7);
    expect(deeds.arc).toBeNull();
    hold(inputs.right, "trigger", false);
    await settle();
    expect(visit.carrying.held("right")).toBeNull();
    expect(jumps).toEqual([]);
  });

  it("throws an arc where nothing is at hand", () => {
    room.things.clear();
    hold(inputs.right, "trigger", true);
    hold(inputs.right, "trigger", false);
    expect(jumps).toHaveLength(1);
  });
});
