import { signal } from "@preact/signals";
import { Quaternion, Vector3 } from "three";
import { beforeEach, describe, expect, it } from "vitest";
import type { PlayerSettings } from "../../../src/player/contract";
import { Visit } from "../../../src/player/visit";
import { VrBody } from "../../../src/player/xr/body";
import { Inputs } from "../../../src/player/xr/inputs";
import { FakeRoom, FakeStage } from "../fakes";
import { DOCUMENT, GEOMETRY } from "../world";

const FRAME_S = 1 / 72;
const UP = new Vector3(0, 1, 0);

let room: FakeRoom;
let visit: Visit;
let inputs: Inputs;
let body: VrBody;
let settings: PlayerSettings;

beforeEach(() => {
  room = new FakeRoom([2, 0, 0]);
  visit = new Visit(room.asRoom, GEOMETRY, DOCUMENT, new FakeStage(), () => undefined);
  inputs = new Inputs();
  inputs.head.isSeen = true;
  look(0.3, 1.6, -0.2);
  settings = {
    view: signal("third"),
    pointer: signal("drag"),
    lookSensitivity: signal(1),
    invertLook: signal(false),
    snapDegrees: signal(30),
    vignette: signal(1),
    seated: signal(false),
    reducedMotion: signal(false),
  };
  body = new VrBody(settings);
});

function look(x: number, y: number, z: number, yaw = 0): void {
  inputs.head.position.set(x, y, z);
  inputs.head.orientation.copy(new Quaternion().setFromAxisAngle(UP, yaw));
}

function frames(count: number, isFloorKnown = true): void {
  for (let frame = 0; frame < count; frame++) body.update(visit, inputs, isFloorKnown, FRAME_S);
}

/** Where the head is drawn. */
function drawnHead(): Vector3 {
  const { x, y, z, yaw } = body.rig;
  return inputs.head.position
    .clone()
    .applyAxisAngle(UP, yaw)
    .add(new Vector3(x, y, z));
}

describe("a headset that is put on", () => {
  it("leaves the avatar where it was, looking where it looked", () => {
    room.own.yaw = 1.2;
    frames(2);
    expect(room.own.position[0]).toBeCloseTo(2);
    expect(room.own.position[2]).toBeCloseTo(0);
    expect(room.own.yaw).toBeCloseTo(1.2);
    expect(drawnHead().x).toBeCloseTo(2);
    expect(drawnHead().y).toBeCloseTo(1.6);
    expect(drawnHead().z).toBeCloseTo(0);
  });

  it("is told to others: the head over the root", () => {
    frames(1);
    expect(room.own.parts?.head.position).toEqual([0, 1.6, 0]);
  });
});

describe("moving", () => {
  it("by one's own steps moves the avatar with the head, and stops at walls", () => {
    frames(1);
    for (let step = 0; step < 50; step++) {
      look(0.3, 1.6, -0.2 - step * 0.02);
      frames(1);
    }
    expect(room.own.position[2]).toBeCloseTo(-0.98);
    room.own.position = [0.1, 0, 5];
    frames(60);
    for (let step = 0; step < 20; step++) {
      look(0.3 - step * 0.05, 1.6, -1.18);
      frames(1);
    }
    expect(room.own.position[0]).toBeGreaterThan(0);
    expect(drawnHead().x).toBeCloseTo(room.own.position[0]);
  });

  it("by the stick goes where one looks, and dims the edge of sight meanwhile", () => {
    look(0.3, 1.6, -0.2, Math.PI / 2);
    room.own.yaw = Math.PI / 2;
    inputs.left.stickY = 1;
    frames(72);
    expect(room.own.position[0]).toBeLessThan(0.5);
    expect(room.own.position[2]).toBeCloseTo(0);
    expect(body.motion).toBeGreaterThan(0.9);
    inputs.left.stickY = 0;
    frames(72);
    expect(body.motion).toBeLessThan(0.05);
  });

  it("by a flick turns about the head, without going anywhere", () => {
    frames(1);
    inputs.right.stickX = 1;
    frames(30);
    expect(body.rig.yaw).toBeCloseTo(-Math.PI / 6);
    expect(drawnHead().x).toBeCloseTo(2);
    expect(room.own.position).toEqual([2, 0, 0]);
  });
});

describe("being put elsewhere", () => {
  it("by a teleport of one's own keeps the gaze, and glides there", () => {
    frames(1);
    room.own.position = [5, 0, -2];
    frames(1);
    expect(drawnHead().x).toBeLessThan(5);
    expect(body.rig.yaw).toBeCloseTo(0);
    frames(60);
    expect(drawnHead().x).toBeCloseTo(5, 2);
  });

  it("jumps for those who asked for less motion", () => {
    settings = { ...settings, reducedMotion: signal(true) };
    body = new VrBody(settings);
    frames(1);
    room.own.position = [5, 0, -2];
    frames(1);
    expect(drawnHead().x).toBeCloseTo(5);
  });

  it("by the server turns one as it says", () => {
    frames(1);
    room.own.position = [5, 0, -2];
    room.own.yaw = 2;
    frames(1);
    expect(body.rig.yaw).toBeCloseTo(2);
  });
});

describe("heights", () => {
  it("are lifted to standing for who sits on a real chair, and for a headset that knows no floor", () => {
    look(0, 1.1, 0);
    frames(1, false);
    expect(drawnHead().y).toBeCloseTo(1.65);
    expect(room.own.parts?.head.position[1]).toBeCloseTo(1.65);
    const seated = new VrBody({ ...settings, seated: signal(true) });
    seated.update(visit, inputs, true, FRAME_S);
    expect(seated.rig.y + 1.1).toBeCloseTo(1.65);
  });

  it("come down on a seat, and bowing still bows", async () => {
    room.own.position = [-5, 0, 5];
    frames(1);
    await visit.sit(1);
    frames(90);
    expect(drawnHead().y).toBeCloseTo(1.2);
    look(0.3, 1.4, -0.2);
    frames(90);
    expect(drawnHead().y).toBeCloseTo(1);
  });
});
