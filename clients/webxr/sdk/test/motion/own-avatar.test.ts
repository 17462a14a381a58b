/** One's own avatar never walks where the server would refuse it, and stands where the server says. */
import { expect, it } from "vitest";
import { Cause } from "../../src/generated.js";
import { OwnAvatar } from "../../src/motion/own-avatar.js";
import type { Ground } from "../../src/motion/own-avatar.js";
import { PoseSender } from "../../src/motion/pose-sender.js";
import { WorldGeometry, parseWorld } from "../../src/world/index.js";
import { seeded, whole } from "../support/random.js";

const WORLD = {
  name: "hall",
  title: "Hall",
  bounds: { min: [-20, -1, -20], max: [20, 6, 20] },
  spawns: [{ position: [0, 0, 0], yaw: 0 }],
  walls: [
    { from: [-5, -5], to: [5, -5], base: 0, height: 3 },
    { from: [5, -5], to: [5, 5], base: 0, height: 3 },
    { from: [-8, -8], to: [-2, -14], base: 0, height: 3 },
  ],
  boxes: [{ min: [-2, 0, 2], max: [-1, 1, 3] }],
  floors: [
    { min: [-20, -20], max: [20, 8], height: 0, look: "terrazzo" },
    { min: [-20, 8], max: [20, 12], height: 0, slope: { axis: "z", to: 2 }, look: "carpet" },
    { min: [-20, 12], max: [20, 16], height: 2, look: "terrazzo" },
  ],
  zones: [{ name: "vault", min: [10, 0, -5], max: [15, 3, 5] }],
};

class Walker {
  nowMs = 0;
  readonly sender = new PoseSender();
  readonly own = new OwnAvatar(
    this.sender,
    () => this.nowMs,
    () => undefined,
  );
  readonly ground: Ground = new WorldGeometry(parseWorld(WORLD));

  constructor(x = 0, z = 0, y = 0) {
    this.own.setGeometry(this.ground);
    this.own.start([x, y, z], 0);
  }

  /** Walk frame by frame, at 60 Hz. */
  walk(dx: number, dz: number, frames = 1): void {
    for (let frame = 0; frame < frames; frame += 1) {
      this.nowMs += 1000 / 60;
      this.own.walk(dx, dz);
    }
  }

  get mm(): number[] {
    return this.own.position.map((metres) => Math.round(metres * 1000));
  }
}

it("walks freely where nothing stands", () => {
  const walker = new Walker();
  walker.walk(0.02, 0, 50);
  expect(walker.mm).toEqual([1000, 0, 0]);
});

it("stops at a wall, a body's width before it, and slides along it", () => {
  const walker = new Walker();
  walker.walk(0, -0.05, 200);
  expect(Math.abs(walker.mm[0]!)).toBeLessThan(15);
  expect(walker.mm[2]).toBeGreaterThan(-4800);
  expect(walker.mm[2]).toBeLessThan(-4700);
  walker.walk(-0.03, -0.03, 100);
  expect(walker.mm[0]).toBeLessThan(-2980);
  expect(walker.mm[2]).toBeGreaterThan(-4800);
});

it("who was put beside a wall may go away from it and along it", () => {
  const walker = new Walker(0, -4.95);
  walker.walk(0, -0.03, 10);
  expect(walker.mm).toEqual([0, 0, -4950]);
  walker.walk(0.03, 0, 10);
  expect(walker.mm).toEqual([300, 0, -4950]);
  walker.walk(0, 0.03, 10);
  expect(walker.mm).toEqual([300, 0, -4650]);
});

it("slides along a wall that stands askew", () => {
  const walker = new Walker(-8, -13);
  walker.walk(0.03, 0, 200); // the wall runs from (-8, -8) to (-2, -14)
  expect(walker.mm[0]! / 1000 + walker.mm[2]! / 1000).toBeLessThan(-16);
  expect(walker.mm[0]).toBeGreaterThan(-6500);
});

it("goes up a ramp and down again, and not over an edge", () => {
  const walker = new Walker();
  walker.walk(0, 0.03, 450);
  expect(walker.mm).toEqual([0, 2000, 13_500]);
  walker.walk(0, 0.03, 300);
  expect(walker.mm[1]).toBe(2000);
  expect(walker.mm[2]).toBeLessThanOrEqual(16_000);
  walker.walk(0, -0.03, 600);
  expect(walker.mm[1]).toBe(0);
});

it("whatever the walk, the server would accept each pose that goes out", () => {
  const random = seeded(21);
  for (let round = 0; round < 30; round += 1) {
    const walker = new Walker(whole(random, -19, 4), whole(random, -4, 7));
    if (walker.ground.blocked(place(walker.mm), place(walker.mm))) continue;
    let judgedFrom = place(walker.mm);
    let dx = 0;
    let dz = 0;
    for (let frame = 0; frame < 600; frame += 1) {
      if (frame % 20 === 0) {
        const angle = random() * 2 * Math.PI;
        dx = Math.cos(angle) * 0.09;
        dz = Math.sin(angle) * 0.09;
      }
      walker.walk(dx, dz);
      const record = walker.sender.due(walker.nowMs);
      if (record === null) continue;
      const view = new DataView(record.buffer);
      const claimed = [8, 12, 16].map((offset) => view.getInt32(offset, true));
      expect(walker.ground.blocked(judgedFrom, place(claimed))).toBe(false);
      expect(walker.ground.isOnFloor(place(claimed))).toBe(true);
      judgedFrom = place(claimed);
    }
  }
});

it("waits at a corner until the server can follow: it judges from the pose that went out last", () => {
  const walker = new Walker(-3, 2.5); // a box stands to the east, from (-2, 2) to (-1, 3)
  const around = (): void => {
    walker.walk(0, -0.05, 30);
    walker.walk(0.05, 0, 60);
    walker.walk(0, 0.05, 30);
  };
  around();
  expect(walker.ground.blocked([-3000, 0, 2500], place(walker.mm))).toBe(false);
  const held = walker.mm;
  expect(walker.sender.due(walker.nowMs)).not.toBeNull();
  walker.walk(0.05, 0, 60);
  walker.sender.due(walker.nowMs);
  walker.walk(0, 0.05, 30);
  expect(walker.mm).not.toEqual(held);
  expect(walker.mm[0]).toBeGreaterThan(-800);
});

function place(mm: readonly number[]): readonly [number, number, number] {
  return mm as unknown as readonly [number, number, number];
}

it("a correction is adopted; the view glides there within 150 ms", () => {
  const walker = new Walker();
  walker.own.turn(1, 0.3);
  walker.walk(0.1, 0, 10);
  walker.own.correct(0, Cause.TOO_FAST, [0.4, 0, 0], 0.5);
  expect([walker.mm[0], walker.own.yaw, walker.own.pitch]).toEqual([400, 0.5, 0.3]);
  expect(walker.own.renderOffset[0]).toBeCloseTo(0.6, 9);
  walker.nowMs += 75;
  expect(walker.own.renderOffset[0]).toBeCloseTo(0.15, 9);
  walker.nowMs += 76;
  expect(walker.own.renderOffset[0]).toBe(0);
});

it("a jump is shown as one, and counts as a placement", () => {
  const walker = new Walker();
  const placed = walker.own.placements;
  walker.own.correct(0, Cause.MOVED, [1, 0, 0], 0);
  expect(walker.own.renderOffset).toEqual([0, 0, 0]);
  expect(walker.own.placements).toBe(placed + 1);
  walker.own.correct(0, Cause.WALL, [9, 0, 0], 0);
  expect(walker.own.renderOffset).toEqual([0, 0, 0]);
  expect(walker.own.placements).toBe(placed + 1);
});

it("a zone that let nobody in is not tried again for a while", () => {
  const walker = new Walker(9.9, 0);
  walker.walk(0.05, 0, 10);
  walker.own.correct(0, Cause.ZONE_CLEARANCE, [9.9, 0, 0], 0);
  walker.walk(0.05, 0, 20);
  expect(walker.mm[0]).toBeLessThan(10_000);
  walker.nowMs += 4000;
  walker.walk(0.05, 0, 20);
  expect(walker.mm[0]).toBeGreaterThan(10_000);
});

it("without a world one walks anywhere, and outside a room nowhere", () => {
  const walker = new Walker();
  walker.own.setGeometry(null);
  walker.walk(0, -10);
  expect(walker.mm[2]).toBe(-10_000);
  walker.sender.stop();
  walker.walk(0, -10);
  expect(walker.mm[2]).toBe(-10_000);
});
