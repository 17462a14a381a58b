/** What is written is read the same, and whatever arrives is either a message or refused as the protocol says. */
import { expect, it } from "vitest";
import { ProtocolError } from "../../src/errors.js";
import { FIELDS, STRUCTS, TYPES } from "../../src/generated.js";
import type { Kind, Message, MessageName } from "../../src/generated.js";
import { codePoints, decode, encode } from "../../src/wire/codec.js";
import { seeded, whole } from "../support/random.js";

const LETTERS = ["a", "Z", "é", "ش", "中", "👩", "\u200e", " "];

function drawn(kind: Kind, random: () => number): unknown {
  switch (kind.kind) {
    case "int":
      return random() < 0.3 ? (random() < 0.5 ? kind.low : kind.high) : whole(random, kind.low, kind.high);
    case "bool":
      return random() < 0.5;
    case "text":
      return Array.from(
        { length: whole(random, kind.min, Math.min(kind.max, 300)) },
        () => LETTERS[whole(random, 0, 7)],
      ).join("");
    case "slug":
      return "a_-9".repeat(16).slice(0, whole(random, Math.max(kind.min, 1), kind.max));
    case "bin":
      return Uint8Array.from({ length: whole(random, 0, Math.min(kind.max, 400)) }, () => whole(random, 0, 255));
    case "list":
      return Array.from({ length: whole(random, 0, Math.min(kind.max, 40)) }, () => drawn(kind.item, random));
    case "struct":
      return Object.fromEntries(STRUCTS[kind.struct].map((field) => [field.name, drawn(field.kind, random)]));
  }
}

function drawnMessage(name: MessageName, random: () => number): Message {
  const fields: Record<string, unknown> = { type: name };
  for (const field of FIELDS[name]) fields[field.name] = drawn(field.kind, random);
  return fields as unknown as Message;
}

it.each(Object.keys(TYPES) as MessageName[])("%s is read as it was written", (name) => {
  const random = seeded(TYPES[name]);
  for (let round = 0; round < 50; round += 1) {
    const message = drawnMessage(name, random);
    expect(decode(encode(message), TYPES[name] < 64 ? "client" : ("server" as never))).toEqual(message);
  }
});

it("bytes that were spoilt are read or refused, and nothing else happens", () => {
  const random = seeded(7);
  let refused = 0;
  for (let round = 0; round < 5000; round += 1) {
    const name = (Object.keys(TYPES) as MessageName[])[whole(random, 0, Object.keys(TYPES).length - 1)] ?? "ping";
    const bytes = encode(drawnMessage(name, random));
    for (let spoilt = whole(random, 1, 3); spoilt > 0; spoilt -= 1)
      bytes[whole(random, 0, bytes.length - 1)] = whole(random, 0, 255);
    try {
      decode(bytes.subarray(0, random() < 0.3 ? whole(random, 0, bytes.length) : bytes.length));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(1000);
});

it("a refusal names the field and its bound", () => {
  const bad = encode({ type: "correction", seq: 1, cause: 99, x: 0, y: 0, z: 0, yaw: 0 });
  expect(() => decode(bad)).toThrow(/correction\.cause: 99 is not within 0 to/);
});

it("arrays nested without end are refused without much work", () => {
  expect(() => decode(new Uint8Array(2_000_000).fill(0x91))).toThrow(ProtocolError);
});

it("characters are code points", () => {
  expect(["", "aé", "👩", "a👩b👩"].map(codePoints)).toEqual([0, 2, 1, 4]);
});
