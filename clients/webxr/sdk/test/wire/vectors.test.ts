/** The specification's own vectors: what must be read, and what must be refused. */
import { describe, expect, it } from "vitest";
import { ProtocolError } from "../../src/errors.js";
import { LAYOUTS, MAJOR, MAX_CLIENT_ARRAY, STRIDES, Section, TYPES } from "../../src/generated.js";
import type { Message, PackedField } from "../../src/generated.js";
import { InputPose } from "../../src/motion/input-pose.js";
import { decode, encode } from "../../src/wire/codec.js";
import { Reader } from "../../src/wire/msgpack.js";
import type { PredictedRecords } from "../../src/wire/predicted.js";
import {
  digestTerm,
  millimetres,
  packOrientation,
  pitchRadians,
  pitchSteps,
  quaternionOf,
  yawRadians,
  yawTurns,
} from "../../src/wire/quantities.js";
import { SnapshotFrame } from "../../src/wire/snapshot.js";
import { bytesOf, hexOf, vectors } from "../support/vectors.js";

interface MessageVector {
  readonly name: string;
  readonly payload: string;
  readonly message?: Message["type"];
  readonly fields?: Record<string, unknown>;
  readonly close?: number;
}

type Records = [section: string, fields: Record<string, number>][];

interface RecordVector {
  readonly name: string;
  readonly data: string;
  readonly records?: Records;
  readonly close?: number;
}

/** A message's fields as the vectors write them: bin as hex, structures as arrays. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "object" && value !== null ? Object.values(value).map(plain) : value;
}

function fieldsOf(message: Message): Record<string, unknown> {
  const fields = Object.entries(message).filter(([name]) => name !== "type");
  return Object.fromEntries(fields.map(([name, value]) => [name, plain(value)]));
}

/** The code with which a reader refuses, or null where it reads. */
function refusal(read: () => unknown): number | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

describe.each(["client", "server"] as const)("payloads from a %s", (sender) => {
  const decoded = (payload: string): Message => decode(bytesOf(payload), sender as "client");

  it.each(vectors<MessageVector>(sender))("$name", ({ payload, message, fields, close }) => {
    if (close !== undefined) expect(refusal(() => decoded(payload))).toBe(close);
    else {
      const read = decoded(payload);
      expect(read.type).toBe(message);
      expect(fieldsOf(read)).toEqual(fields);
    }
  });

  it("are written so that they read the same", () => {
    for (const { payload, close } of vectors<MessageVector>(sender)) {
      if (close === undefined) expect(decode(encode(decoded(payload)), sender as "client")).toEqual(decoded(payload));
    }
  });
});

it("a client's messages are written in their shortest form", () => {
  const examples = vectors<MessageVector>("client").filter(({ name }) => name.endsWith("the example"));
  expect(examples.length).toBeGreaterThan(15);
  for (const { payload } of examples) expect(hexOf(encode(decode(bytesOf(payload), "client")))).toBe(payload);
});

it.each(vectors<MessageVector & { minor?: number }>("handshake"))("handshake: $name", ({ payload, close, minor }) => {
  // A server looks at the major version before anything after it; a client that speaks another one is refused for that.
  if (close === 4204) expect(majorOf(payload)).not.toBe(MAJOR);
  else if (close !== undefined) expect(refusal(() => firstMessage(payload))).toBe(close);
  else expect(Math.min(firstMessage(payload).minor, 1)).toBe(minor);
});

function majorOf(payload: string): number {
  const reader = new Reader(bytesOf(payload), MAX_CLIENT_ARRAY);
  reader.array("message");
  expect(reader.int("type")).toBe(TYPES.hello);
  return reader.int("major");
}

function firstMessage(payload: string): Message & { type: "hello" } {
  const message = decode(bytesOf(payload), "client");
  if (message.type !== "hello") throw new ProtocolError("nothing else may come first", 4202);
  return message;
}

// --- packed records --------------------------------------------------------------------------------------------------

const WIDTHS = { u8: 8, i8: 8, u16: 16, i16: 16, u24: 24, i24: 24, u32: 32, i32: 32 };

const TURNS = ["head", "left", "right"].flatMap((part) =>
  ["first", "second", "third"].map((turn) => `${part}.${turn}`),
);

/** Read one packed record by the generated layout. */
function recordAt(view: DataView, at: number, section: keyof typeof LAYOUTS): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const [name, { type, offset }] of Object.entries<PackedField>(LAYOUTS[section])) {
    const bits = WIDTHS[type];
    let value = 0n;
    for (let byte = bits / 8 - 1; byte >= 0; byte -= 1)
      value = (value << 8n) | BigInt(view.getUint8(at + offset + byte));
    if (name === "dxz") {
      fields["dx"] = Number(BigInt.asIntN(12, value));
      fields["dz"] = Number(BigInt.asIntN(12, value >> 12n));
    } else if (name === "signs_dy") {
      fields["dy"] = Number(BigInt.asIntN(7, value >> 9n));
      for (const [bit, turn] of TURNS.entries()) fields[turn]! -= 256 * Number((value >> BigInt(bit)) & 1n);
    } else fields[name] = Number(type.startsWith("i") ? BigInt.asIntN(bits, value) : value);
  }
  return fields;
}

function predictedRecord({ id, age, x, y, z, yaw, pitch }: PredictedRecords): Record<string, number> {
  return { id, age, x, y, z, yaw, pitch };
}

function recordsOf(data: Uint8Array): Records {
  const frame = new SnapshotFrame();
  frame.read(data);
  const read: Records = [["header", recordAt(frame.view, 0, "snapshot_header")]];
  for (const [name, kind] of Object.entries(Section)) {
    if (kind === Section.PREDICTED) continue;
    for (let index = 0; index < (frame.count[kind] ?? 0); index += 1) {
      const at = (frame.start[kind] ?? 0) + index * (frame.stride[kind] ?? 0);
      read.push([name.toLowerCase(), recordAt(frame.view, at, name.toLowerCase() as keyof typeof LAYOUTS)]);
    }
  }
  while (frame.predicted.next()) read.push(["predicted", predictedRecord(frame.predicted)]);
  return read;
}

it.each(vectors<RecordVector>("snapshot"))("snapshot: $name", ({ data, records, close }) => {
  if (close !== undefined) expect(refusal(() => recordsOf(bytesOf(data)))).toBe(close);
  else expect(recordsOf(bytesOf(data))).toEqual(records);
});

/** A client writes poses and never reads one: what a server accepts from one is written byte for byte. */
const POSES = vectors<RecordVector>("pose").filter(
  ({ data, records = [] }) =>
    records.length === 1 &&
    bytesOf(data).length === STRIDES.section_header + strideOf(records) &&
    Object.entries(records[0]?.[1] ?? {}).every(([name, value]) => !name.endsWith("orientation") || isPacked(value)),
);

/** Whether packing gives these bits: of nearly equal values only one. */
function isPacked(bits: number): boolean {
  return packOrientation(...quaternionOf(bits)) === bits;
}

function strideOf(records: Records): number {
  return records[0]?.[0] === "tracked_input" ? STRIDES.tracked_input : STRIDES.root_input;
}

it.each(POSES)("pose: $name", ({ data, records }) => {
  const fields = records?.[0]?.[1] ?? {};
  const field = (name: string): number => fields[name] ?? 0;
  const pose = new InputPose();
  pose.place(
    [field("x") / 1000, field("y") / 1000, field("z") / 1000],
    yawRadians(field("yaw")),
    pitchRadians(field("pitch")),
  );
  const part = (name: string) => ({
    position: [field(`${name}.x`) / 1000, field(`${name}.y`) / 1000, field(`${name}.z`) / 1000] as const,
    orientation: quaternionOf(field(`${name}.orientation`)),
  });
  if (records?.[0]?.[0] === "tracked_input")
    pose.track({ head: part("head"), left: part("left"), right: part("right") });
  expect(hexOf(pose.record(field("seq"), field("age") * 4))).toBe(data);
});

it("there are poses to write, of both kinds", () => {
  expect(new Set(POSES.map(({ records }) => records?.[0]?.[0]))).toEqual(new Set(["root_input", "tracked_input"]));
});

// --- arithmetic ------------------------------------------------------------------------------------------------------

interface Sum {
  readonly name: string;
  readonly of: string;
  readonly given: never;
  readonly value: unknown;
}

const ARITHMETIC: Record<string, (given: never) => unknown> = {
  millimetres,
  yaw: yawTurns,
  pitch: pitchSteps,
  pack_orientation: (q: readonly [number, number, number, number]) => packOrientation(...q),
  unpack_orientation: quaternionOf,
  digest: (held: readonly (readonly [number, number])[]) =>
    held.reduce((sum, [entity, generation]) => (sum + digestTerm(entity, generation)) >>> 0, 0),
};

// How coordinates are laid out in bytes is shown by the snapshots above.
const SUMS = vectors<Sum>("arithmetic").filter(({ of }) => of !== "i24" && of !== "dxz");

it.each(SUMS)("arithmetic: $name", ({ of, given, value }) => {
  const found = ARITHMETIC[of]?.(given);
  if (of !== "unpack_orientation") expect(found).toBe(value);
  else (value as number[]).forEach((part, axis) => expect((found as number[])[axis]).toBeCloseTo(part, 6));
});
