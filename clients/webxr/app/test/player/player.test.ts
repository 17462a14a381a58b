// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { Section, type Portal, PoseTable } from "@presence-hub/client";
import type { Vector3 } from "three";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PORTAL_DWELL_MS, type PlayerHooks, type PlayerSettings } from "../../src/player/contract";
import { Player } from "../../src/player/player";
import type { PlayerStage } from "../../src/player/stage";
import { FakeRoom, FakeStage, SELF, settle } from "./fakes";
import { DOCUMENT, GEOMETRY } from "./world";

const FRAME_S = 1 / 60;

let canvas: HTMLCanvasElement;
let stage: FakeStage;
let room: FakeRoom;
let player: Player;
let heard: string[];
let settings: PlayerSettings;
let nowMs: number;
let goal: Vector3 | null;

beforeEach(() => {
  document.body.innerHTML = "";
  canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.setPointerCapture = () => undefined;
  canvas.getBoundingClientRect = () => new DOMRect(0, 0, 800, 600);
  document.body.append(canvas);
  stage = new FakeStage();
  stage.camera.fov = 68;
  stage.camera.aspect = 800 / 600;
  stage.camera.updateProjectionMatrix();
  room = new FakeRoom([2, 0, 0]);
  heard = [];
  nowMs = 0;
  goal = null;
  settings = {
    view: signal("first"),
    pointer: signal("drag"),
    lookSensitivity: signal(1),
    invertLook: signal(false),
    snapDegrees: signal(30),
    vignette: signal(1),
    seated: signal(false),
    reducedMotion: signal(false),
  };
  const hooks: PlayerHooks = {
    select: (entity) => heard.push(`select ${entity}`),
    travel: (portal: Portal) => heard.push(`travel ${portal.world}`),
    refuse: (action, why) => heard.push(`${action}: ${why}`),
    command: (command) => heard.push(command),
    vrPanel: signal({ title: "", lines: [], tone: "good", buttons: [], isRightToLeft: false }),
    pressVrPanel: (button) => heard.push(button),
  };
  const full = Object.assign(stage, {
    renderer: { domElement: canvas },
    scene: stage.rig,
    markers: {
      showTeleport: () => undefined,
      hideTeleport: () => undefined,
      select: (place: Vector3 | null) => (goal = place),
      setVignette: () => undefined,
    },
    highlight: (entity: number | null) => heard.push(`highlight ${entity}`),
  });
  player = new Player(full as unknown as PlayerStage, settings, hooks);
  player.enter(room.asRoom, GEOMETRY, DOCUMENT);
  heard = [];
});

afterEach(() => {
  player.dispose();
});

function frames(seconds: number): void {
  for (let frame = 0; frame < seconds * 60; frame++) {
    nowMs += FRAME_S * 1000;
    player.update(FRAME_S, nowMs);
  }
}

function key(type: "keydown" | "keyup", code: string): void {
  canvas.dispatchEvent(new KeyboardEvent(type, { code, bubbles: true, cancelable: true }));
}

function click(x: number, y: number): void {
  stage.camera.updateWorldMatrix(true, false);
  for (const type of ["pointerdown", "pointerup"]) {
    canvas.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: x, clientY: y, bubbles: true }));
  }
}

describe("walking", () => {
  it("goes forward by a key, and the rig with it", () => {
    key("keydown", "KeyW");
    frames(1);
    key("keyup", "KeyW");
    frames(0.5);
    expect(room.own.position[2]).toBeLessThan(-1.8);
    expect(stage.rig.position.z).toBeCloseTo(room.own.position[2]);
    expect(stage.rig.position.x).toBeCloseTo(2);
  });

  it("goes by the on-screen stick too", () => {
    player.setTouchMove(1, 0);
    frames(1);
    player.setTouchMove(0, 0);
    expect(room.own.position[0]).toBeGreaterThan(3.5);
  });

  it("goes to where the floor was clicked, seen through a door", () => {
    room.own.position = [2, 0, -1.2];
    room.own.yaw = Math.PI / 2;
    frames(0.1);
    click(250, 520);
    frames(0.1);
    expect(goal?.x).toBeCloseTo(-1.3, 0);
    frames(4);
    expect(goal).toBeNull();
    expect(room.own.position[0]).toBeCloseTo(-1.3, 0);
    expect(room.own.position[2]).toBeCloseTo(-0.1, 0);
  });

  it("goes nowhere where a wall was clicked", () => {
    room.own.position = [2, 0, -4];
    room.own.yaw = Math.PI / 2;
    frames(0.1);
    click(400, 400);
    frames(1);
    expect(room.own.position[0]).toBe(2);
  });

  it("turns by keys and by dragging, which others see", () => {
    key("keydown", "KeyQ");
    frames(0.5);
    key("keyup", "KeyQ");
    expect(room.own.yaw).toBeGreaterThan(0.8);
    canvas.dispatchEvent(new PointerEvent("pointerdown", { pointerId: 1, clientX: 0, clientY: 0 }));
    canvas.dispatchEvent(new PointerEvent("pointermove", { pointerId: 1, clientX: 0, clientY: 100 }));
    frames(0.1);
    expect(room.own.pitch).toBeLessThan(-0.3);
  });

  it("looks as the server says when it is turned on the spot", () => {
    frames(0.1);
    room.own.yaw = 1;
    room.own.placements += 1;
    frames(0.1);
    expect(room.own.yaw).toBe(1);
  });

  it("looks as the server says after a jump", () => {
    frames(0.1);
    room.own.position = [6, 0, -2];
    room.own.yaw = 2;
    frames(0.1);
    expect(room.own.yaw).toBeCloseTo(2);
    expect(stage.rig.rotation.y).toBeCloseTo(2);
  });
});

describe("one's own avatar", () => {
  it("is drawn in third person alone", () => {
    const table = new PoseTable();
    frames(1);
    player.appendTo(table);
    expect(table.count).toBe(0);
    settings.view.value = "third";
    frames(1);
    player.appendTo(table);
    expect(table.count).toBe(1);
    expect(table.entity[0]).toBe(SELF);
    expect(table.body[0]).toBe(Section.ROOT);
    expect(table.position[0]).toBeCloseTo(2);
  });

  it("is drawn beside however many others", () => {
    settings.view.value = "third";
    frames(1);
    const table = new PoseTable();
    const others = table.entity.length;
    table.count = others;
    player.appendTo(table);
    expect(table.entity[others]).toBe(SELF);
    expect(table.position[others * 3]).toBeCloseTo(2);
  });

  it("changes between the two by the wheel, and the setting follows", () => {
    canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: 100, cancelable: true }));
    expect(settings.view.peek()).toBe("third");
  });
});

describe("the action key", () => {
  it("does what the prompt says: takes, and puts down", async () => {
    room.put(7, "folder", [2, 0.8, -1]);
    frames(0.2);
    expect(player.prompt.peek()).toEqual({ kind: "take", entity: 7, prop: "folder" });
    expect(heard).toContain("highlight 7");
    key("keydown", "KeyF");
    await settle();
    frames(0.2);
    expect(player.prompt.peek()?.kind).toBe("put_down");
    player.act();
    await settle();
    expect(room.sent.at(-1)).toEqual(["release", 7, [2, 0, -0.7]]);
  });

  it("selects the person before one", () => {
    room.people.set(3, {});
    stage.places.set(3, [2, 0, -1.5]);
    player.act();
    expect(heard).toEqual(["select 3"]);
  });
});

describe("a portal", () => {
  it("takes through who stays in it, and at once by the action key", () => {
    frames(0.1);
    room.own.position = [9, 0, 9];
    frames(PORTAL_DWELL_MS / 1000 + 0.2);
    expect(heard).toContain("travel test");
    heard = [];
    player.act();
    expect(heard).toEqual(["travel test"]);
  });
});

describe("seats", () => {
  it("are left by walking", async () => {
    room.own.position = [-5, 0, 5.2];
    room.own.yaw = Math.PI;
    frames(0.1);
    player.act();
    await settle();
    frames(0.2);
    expect(player.prompt.peek()).toEqual({ kind: "stand" });
    key("keydown", "KeyW");
    frames(0.05);
    await settle();
    frames(0.3);
    expect(room.own.position[2]).toBeGreaterThan(6.4);
  });
});

describe("a room that was left", () => {
  it("leaves nothing behind", () => {
    room.put(7, "folder", [2, 0.8, -1]);
    frames(0.2);
    player.leave();
    expect(player.prompt.peek()).toBeNull();
    expect(player.position).toBeNull();
    player.act();
    frames(0.2);
    expect(room.sent).toEqual([]);
  });
});
