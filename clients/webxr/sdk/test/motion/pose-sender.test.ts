/** One's own poses go out as rarely as exactness allows: the reference rule of SPEC section 11.2. */
import { describe, expect, it } from "vitest";
import { ObjectSender, placeOf } from "../../src/motion/object-sender.js";
import { InputPose } from "../../src/motion/input-pose.js";
import type { TrackedParts } from "../../src/motion/input-pose.js";
import { PoseSender } from "../../src/motion/pose-sender.js";
import { UPRIGHT } from "../../src/wire/quantities.js";
import type { Quaternion, Vector } from "../../src/wire/quantities.js";
import { seeded, whole } from "../support/random.js";
import { vectors } from "../support/vectors.js";

interface Stance {
  readonly position: Vector;
  readonly yaw: number;
  readonly pitch: number;
  readonly parts: readonly [Vector, Quaternion][] | null;
}

interface Sending {
  readonly name: string;
  readonly start: Stance;
  readonly samples: readonly (readonly [atMs: number, pose: Stance])[];
  readonly asked_every_ms: number;
  readonly until_ms: number;
  readonly sent: readonly (readonly [atMs: number, sample: number])[];
}

function partsOf({ parts }: Stance): TrackedParts | null {
  if (parts === null) return null;
  const [head, left, right] = parts.map(([position, orientation]) => ({ position, orientation }));
  return { head: head!, left: left!, right: right! };
}

function recordOf(stance: Stance, seq: number, ageMs: number): Uint8Array {
  const pose = new InputPose();
  pose.place(stance.position, stance.yaw, stance.pitch);
  pose.track(partsOf(stance));
  return pose.record(seq, ageMs);
}

describe("the specification's own vectors", () => {
  it.each(vectors<Sending>("sending"))("$name", ({ start, samples, asked_every_ms, until_ms, sent }) => {
    const sender = new PoseSender();
    sender.adopt(start.position, start.yaw, start.pitch, partsOf(start));
    const going: [number, Uint8Array][] = [];
    for (let nowMs = 0; nowMs < until_ms; nowMs += asked_every_ms) {
      for (const [atMs, pose] of samples.filter(([atMs]) => atMs > nowMs - asked_every_ms && atMs <= nowMs))
        sender.move(pose.position, pose.yaw, pose.pitch, partsOf(pose), atMs);
      const record = sender.due(nowMs);
      if (record === null) continue;
      going.push([nowMs, record]);
      sender.acknowledge(going.length);
    }
    const expected = sent.map(([atMs, sample], index) => {
      const [sampledAtMs, pose] = samples[sample]!;
      return [atMs, recordOf(pose, index + 1, atMs - sampledAtMs)];
    });
    expect(going).toEqual(expected);
  });
});

function inRoom(): PoseSender {
  const sender = new PoseSender();
  sender.adopt([0, 0, 0], 0, 0, null);
  return sender;
}

const seqOf = (record: Uint8Array | null): number | null =>
  record === null ? null : new DataView(record.buffer).getUint32(4, true);
const xOf = (record: Uint8Array | null): number | null =>
  record === null ? null : new DataView(record.buffer).getInt32(8, true);

/** Call `due` every `stepMs` and list [time, x in mm] of what goes out. */
function sent(sender: PoseSender, fromMs: number, toMs: number, stepMs = 10): [number, number][] {
  const records: [number, number][] = [];
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += stepMs) {
    const x = xOf(sender.due(nowMs));
    if (x !== null) records.push([nowMs, x]);
  }
  return records;
}

it("nothing is sent while still, nor for what is less than a step of the wire", () => {
  const sender = inRoom();
  sender.move([0.0004, 0, 0], 0.00001, 0, null, 0);
  expect(sent(sender, 0, 3000)).toEqual([]);
});

it("the first pose after a pause goes out at once, and the last of a movement always", () => {
  const sender = inRoom();
  sender.move([0.1, 0, 0], 0, 0, null, 1000);
  expect(xOf(sender.due(1000))).toBe(100);
  sender.move([0.2, 0, 0], 0, 0, null, 1010);
  expect(sender.due(1010)).toBeNull();
  sender.move([0.3, 0, 0], 0, 0, null, 1020);
  sender.acknowledge(1);
  expect(sent(sender, 1020, 1900)).toEqual([[1030, 300]]);
});

it("whatever the frames, at most twenty go out in any second", () => {
  const random = seeded(4);
  const sender = inRoom();
  const times: number[] = [];
  for (let nowMs = 0; nowMs < 20_000; nowMs += whole(random, 1, 40)) {
    sender.move([nowMs / 1000, 0, 0], 0, 0, null, nowMs);
    if (sender.due(nowMs) !== null) times.push(nowMs);
  }
  expect(times.length).toBeGreaterThan(330);
  for (const from of times) expect(times.filter((at) => at >= from && at < from + 1000).length).toBeLessThanOrEqual(21);
});

it("a record says how old its sample is", () => {
  const sender = inRoom();
  sender.move([1, 0, 0], 0, 0, null, 100);
  expect(sender.due(120)?.[4 + 19]).toBe(5);
});

const at = (y: number): TrackedParts => {
  const part = { position: [0, y, 0] as const, orientation: UPRIGHT };
  return { head: part, left: part, right: part };
};

it("who takes the headset off is shown without it at once", () => {
  const sender = inRoom();
  sender.move([0, 0, 0], 0, 0, at(1.6), 0);
  expect(sender.due(0)?.length).toBe(54);
  sender.move([0, 0, 0], 0, 0, null, 60);
  expect(sender.due(60)?.length).toBe(24);
});

it("a pose that the server does not deal with within a second is sent again, once a second", () => {
  const sender = inRoom();
  sender.move([1, 0, 0], 0, 0, null, 0);
  expect(seqOf(sender.due(0))).toBe(1);
  expect(sent(sender, 10, 2500)).toEqual([
    [1000, 1000],
    [2000, 1000],
  ]);
  sender.acknowledge(3);
  expect(sent(sender, 2500, 6000)).toEqual([]);
});

it("a correction is adopted, and sent back only behind poses that were still in the air", () => {
  const sender = inRoom();
  sender.move([1, 0, 0], 0, 0, null, 0);
  sender.due(0);
  sender.correct(1, [0.5, 0, 0], 0, 0, null);
  expect(sent(sender, 50, 3000)).toEqual([]);
  sender.move([1, 0, 0], 0, 0, null, 3000);
  sender.due(3000);
  sender.move([2, 0, 0], 0, 0, null, 3050);
  sender.due(3050);
  sender.correct(2, [0.5, 0, 0], 0, 0, null);
  expect(sent(sender, 3060, 3300)).toEqual([[3080, 500]]);
});

it("after a break the present pose is sent again, under a new sequence that goes on", () => {
  const sender = inRoom();
  sender.move([1, 0, 0], 0, 0, null, 0);
  expect(seqOf(sender.due(0))).toBe(1);
  sender.acknowledge(1);
  sender.repeat();
  expect(seqOf(sender.due(200))).toBe(2);
  sender.stop();
  sender.repeat();
  expect(sender.due(400)).toBeNull();
  sender.adopt([5, 0, 0], 0, 0, null);
  sender.move([6, 0, 0], 0, 0, null, 500);
  expect(seqOf(sender.due(500))).toBe(3);
});

it("while a teleport waits for its answer, no pose is taken or sent", () => {
  const sender = inRoom();
  sender.pause();
  sender.move([1, 0, 0], 0, 0, null, 0);
  expect(sent(sender, 0, 500)).toEqual([]);
  sender.resume();
  expect(sent(sender, 500, 1000)).toEqual([]);
});

it("of carried objects only the newest places go out, at most twenty times a second", () => {
  const objects = new ObjectSender();
  const times: number[] = [];
  for (let nowMs = 0; nowMs < 2000; nowMs += 7) {
    objects.move(300, 2, placeOf([nowMs / 1000, 1, 0], UPRIGHT));
    objects.move(301, 1, placeOf([0, 1, 0], UPRIGHT));
    const moves = objects.due(nowMs);
    if (moves.length === 0) continue;
    expect(moves[0]).toMatchObject({ type: "move", entity: 300, version: 2, x: nowMs });
    expect(moves.length).toBe(times.length === 0 ? 2 : 1);
    times.push(nowMs);
  }
  expect(times.length).toBeLessThanOrEqual(41);
  expect(objects.drop(301)).toMatchObject({ x: 0, y: 1000 });
  objects.clear();
  expect(objects.due(9000)).toEqual([]);
});
