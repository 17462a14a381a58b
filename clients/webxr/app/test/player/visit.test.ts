import { Refusal } from "@presence-hub/client";
import { beforeEach, describe, expect, it } from "vitest";
import { withinReach } from "../../src/player/carrying";
import { Visit } from "../../src/player/visit";
import { FakeRoom, FakeStage } from "./fakes";
import { DOCUMENT, GEOMETRY } from "./world";

let room: FakeRoom;
let stage: FakeStage;
let refusals: string[];
let visit: Visit;
const HELD = { position: [2.2, 1.1, -0.5], orientation: [0, 0, 0, 1] } as const;

beforeEach(() => {
  room = new FakeRoom();
  stage = new FakeStage();
  refusals = [];
  visit = new Visit(room.asRoom, GEOMETRY, DOCUMENT, stage, (action, why) => refusals.push(`${action}: ${why}`));
  room.put(7, "folder", [2, 0.8, -1]);
});

function join(entity: number, at: readonly [number, number, number]): void {
  room.people.set(entity, {});
  stage.places.set(entity, at);
}

describe("things", () => {
  it("are taken, carried along with the hand, and told to others", async () => {
    expect(visit.prompt(0, "right")).toEqual({ kind: "take", entity: 7, prop: "folder" });
    await visit.carrying.take(7, "right");
    visit.carrying.carry("right", HELD, visit.feet);
    expect(stage.drawn.get(7)).toEqual(HELD);
    expect(room.sent).toContainEqual(["move", 7, HELD.position]);
    expect(visit.prompt(0, "right")).toEqual({ kind: "put_down", entity: 7, prop: "folder" });
  });

  it("are not carried before the server agrees", () => {
    void visit.carrying.take(7, "right");
    visit.carrying.carry("right", HELD, visit.feet);
    expect(stage.drawn.size).toBe(0);
    expect(visit.carrying.isHeld("right")).toBe(false);
  });

  it("stay where they are when the server refuses, and the reason is told", async () => {
    room.refusal = Refusal.HELD;
    await visit.carrying.take(7, "right");
    expect(refusals).toEqual(["take: held"]);
    expect(visit.carrying.held("right")).toBeNull();
  });

  it("are put down on what is below, and shown there until snapshots agree", async () => {
    visit.carrying.update(1000);
    await visit.carrying.take(7, "right");
    await visit.putDown("right", [2, 1.3, -0.7], 0);
    expect(room.sent).toContainEqual(["release", 7, [2, 0, -0.7]]);
    expect(visit.carrying.held("right")).toBeNull();
    visit.carrying.update(1100);
    expect(stage.drawn.get(7)?.position).toEqual([2, 0, -0.7]);
    visit.carrying.update(1500);
    expect(stage.drawn.size).toBe(0);
  });

  it("stay in the hand when putting them down is refused", async () => {
    await visit.carrying.take(7, "right");
    room.refusal = Refusal.BAD_PLACE;
    await visit.putDown("right", [2, 1.3, -0.7], 0);
    expect(refusals).toEqual(["put_down: bad_place"]);
    expect(visit.carrying.isHeld("right")).toBe(true);
  });

  it("stay in the hand although the room's list is late", async () => {
    await visit.carrying.take(7, "right");
    room.put(7, "folder", [2, 0.8, -1]);
    visit.carrying.carry("right", HELD, visit.feet);
    expect(visit.carrying.isHeld("right")).toBe(true);
  });

  it("leave the hand when the server gives them to another", async () => {
    await visit.carrying.take(7, "right");
    visit.carrying.carry("right", HELD, visit.feet);
    room.put(7, "folder", [2, 0.8, -1], 9);
    visit.carrying.carry("right", HELD, visit.feet);
    expect(visit.carrying.held("right")).toBeNull();
  });

  it("that nobody may take, or somebody holds, are not offered", () => {
    room.put(7, "sign", [2, 0.8, -1]);
    room.put(8, "folder", [2, 0.8, -1], 9);
    expect(visit.prompt(0, "right")).toBeNull();
  });

  it("are never carried out of the server's reach", () => {
    const [x, y, z] = withinReach([12, 1, 0], [2, 0, 0]);
    expect(Math.hypot(x - 2, y, z)).toBeLessThan(3);
    expect(withinReach([2, 1, 1], [2, 0, 0])).toEqual([2, 1, 1]);
  });
});

describe("handing over", () => {
  it("lets go before the nearest person, within both persons' reach", async () => {
    join(3, [2, 0, -2.5]);
    join(4, [5, 0, 0]);
    await visit.carrying.take(7, "right");
    await visit.handOver("right", null);
    const [, , at] = room.sent.at(-1) as [string, number, [number, number, number]];
    expect(Math.hypot(at[0] - 2, at[1], at[2])).toBeLessThan(3);
    expect(Math.hypot(at[0] - 2, at[2] + 2.5)).toBeLessThan(0.7);
    expect(at[1]).toBeGreaterThan(0.9);
  });

  it("says why it can't be done", async () => {
    await visit.handOver("right", null);
    await visit.carrying.take(7, "right");
    await visit.handOver("right", null);
    join(3, [2, 0, -8]);
    await visit.handOver("right", 3);
    expect(refusals).toEqual(["hand_over: nothing_held", "hand_over: nobody_near", "hand_over: out_of_reach"]);
  });
});

describe("seats", () => {
  beforeEach(() => {
    room.own.position = [-5, 0, 5];
  });

  it("are offered where they are free, and taken exactly", async () => {
    const prompt = visit.prompt(Math.PI, "right");
    expect(prompt).toEqual({ kind: "sit", seat: 1 });
    await visit.sit(1);
    expect(visit.isSeated).toBe(true);
    expect(room.own.position).toEqual([-5, 0, 6]);
    expect(room.own.yaw).toBeCloseTo(Math.PI);
    expect(visit.prompt(0, "right")).toEqual({ kind: "stand" });
  });

  it("that are taken are refused with a word", async () => {
    join(3, [-5, 0, 6.1]);
    await visit.sit(1);
    expect(refusals).toEqual(["sit: seat_taken"]);
    expect(visit.isSeated).toBe(false);
    expect(visit.prompt(Math.PI, "right")).not.toEqual({ kind: "sit", seat: 1 });
  });

  it("are left for a free place before them", async () => {
    await visit.sit(1);
    await visit.stand();
    expect(visit.isSeated).toBe(false);
    const [x, y, z] = room.own.position;
    expect(Math.hypot(x + 5, z - 6)).toBeGreaterThan(0.4);
    expect(z).toBeGreaterThan(6); // the seats look south
    expect(visit.terrain.isFree([x, y, z])).toBe(true);
  });

  it("are left by who is put elsewhere", async () => {
    await visit.sit(1);
    room.own.position = [2, 0, 0];
    visit.leaveSeatIfMoved();
    expect(visit.isSeated).toBe(false);
  });

  it("keep one sitting where the server refuses to let one stand", async () => {
    await visit.sit(1);
    room.refusal = Refusal.TOO_SOON;
    await visit.stand();
    expect(visit.isSeated).toBe(true);
    expect(refusals).toEqual(["stand: too_soon"]);
  });
});

describe("jumps", () => {
  it("beyond the server's reach are refused without asking it", async () => {
    expect(await visit.teleport([-9, 0, 12])).toBe(false);
    expect(room.sent).toEqual([]);
    expect(refusals).toEqual(["teleport: out_of_reach"]);
  });
});

describe("portals", () => {
  it("are offered to who stands in one", () => {
    room.own.position = [9, 0, 9];
    expect(visit.prompt(0, "right")?.kind).toBe("portal");
  });
});
