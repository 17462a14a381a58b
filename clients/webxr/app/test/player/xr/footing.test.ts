import { describe, expect, it } from "vitest";
import { Footing, type Ground2, Torso } from "../../../src/player/xr/footing";

/** Feet that go anywhere but past x = 1. */
class Feet {
  at: Ground2 = { x: 0, z: 0 };
  readonly walk = (dx: number, dz: number): Ground2 => {
    this.at = { x: Math.min(this.at.x + dx, 1), z: this.at.z + dz };
    return this.at;
  };
}

describe("feet under a head", () => {
  it("stand where the avatar stood, looking where it looked", () => {
    const footing = new Footing();
    const head = { x: 0.4, z: -0.7 };
    footing.anchor(head, 0.3, { x: 5, z: 6 }, 2);
    expect(footing.toWorld(head).x).toBeCloseTo(5);
    expect(footing.toWorld(head).z).toBeCloseTo(6);
    expect(footing.yaw + 0.3).toBeCloseTo(2);
  });

  it("follow the head, in the direction the space is turned", () => {
    const footing = new Footing();
    const feet = new Feet();
    footing.anchor({ x: 0, z: 0 }, 0, feet.at, Math.PI / 2);
    footing.follow({ x: 0, z: -0.3 }, feet.at, feet.walk);
    expect(feet.at.x).toBeCloseTo(-0.3);
    expect(feet.at.z).toBeCloseTo(0);
  });

  it("push the space back where a wall stops them, so that the head stays over them", () => {
    const footing = new Footing();
    const feet = new Feet();
    footing.anchor({ x: 0, z: 0 }, 0, feet.at, 0);
    for (let step = 0; step <= 20; step++) footing.follow({ x: step / 10, z: 0 }, feet.at, feet.walk);
    expect(feet.at.x).toBe(1);
    expect(footing.toWorld({ x: 2, z: 0 }).x).toBeCloseTo(1);
    footing.follow({ x: 1.6, z: 0 }, feet.at, feet.walk);
    expect(feet.at.x).toBeCloseTo(0.6);
  });

  it("stay when the headset loses its place", () => {
    const footing = new Footing();
    const feet = new Feet();
    footing.anchor({ x: 0, z: 0 }, 0, feet.at, 0);
    footing.follow({ x: -3, z: 2 }, feet.at, feet.walk);
    expect(feet.at).toEqual({ x: 0, z: 0 });
    expect(footing.toWorld({ x: -3, z: 2 }).x).toBeCloseTo(0);
  });

  it("turn about the head", () => {
    const footing = new Footing();
    const head = { x: 1, z: 1 };
    footing.anchor(head, 0, { x: 4, z: 4 }, 0);
    footing.turn(1.2, head);
    expect(footing.toWorld(head).x).toBeCloseTo(4);
    expect(footing.toWorld(head).z).toBeCloseTo(4);
    expect(footing.yaw).toBeCloseTo(1.2);
  });
});

describe("the body", () => {
  it("stays while one looks about, and follows where one looks far", () => {
    const torso = new Torso();
    torso.place(0);
    for (let frame = 0; frame < 60; frame++) torso.update(0.5, false, 1 / 60);
    expect(torso.yaw).toBe(0);
    for (let frame = 0; frame < 120; frame++) torso.update(1.5, false, 1 / 60);
    expect(torso.yaw).toBeCloseTo(0.8, 1);
  });

  it("faces where one walks", () => {
    const torso = new Torso();
    torso.place(0);
    for (let frame = 0; frame < 120; frame++) torso.update(0.5, true, 1 / 60);
    expect(torso.yaw).toBeCloseTo(0.5);
  });
});
