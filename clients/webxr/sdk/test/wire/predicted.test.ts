/** What a stream of bits says is read number by number, and one that says nothing sensible is refused. */
import { expect, it } from "vitest";
import { ProtocolError } from "../../src/errors.js";
import { PredictedRecords } from "../../src/wire/predicted.js";
import { seeded, whole } from "../support/random.js";
import { streamOf } from "../support/snapshots.js";
import type { Errors } from "../support/snapshots.js";

type Numbers = [id: number, age: number, x: number, y: number, z: number, yaw: number, pitch: number];

const reader = new PredictedRecords();

/** Read a stream that stands from the third byte on, `stride` apart. */
function read(stream: readonly number[], stride = 1): Numbers[] {
  const bytes = new Uint8Array(2 + stream.length * stride).fill(0xff);
  stream.forEach((byte, index) => (bytes[2 + index * stride] = byte));
  reader.open(new DataView(bytes.buffer), 2, stride, stream.length);
  const records: Numbers[] = [];
  while (reader.next()) records.push([reader.id, reader.age, reader.x, reader.y, reader.z, reader.yaw, reader.pitch]);
  return records;
}

function written(records: readonly Numbers[]): number[] {
  const errors = ([id, age, x, y, z, yaw, pitch]: Numbers): [number, Errors] => [id, { age, x, y, z, yaw, pitch }];
  return streamOf(Object.fromEntries(records.map(errors)));
}

it("reads what was written, whatever the numbers and the stride", () => {
  const random = seeded(3);
  for (let round = 0; round < 300; round += 1) {
    const ids = new Set(Array.from({ length: whole(random, 0, 60) }, () => whole(random, 0, 65_535 >> (round % 12))));
    const number = (): number => {
      const reach = 2 ** whole(random, 0, 15) - 1;
      return whole(random, -reach, reach);
    };
    const records = [...ids]
      .sort((one, other) => one - other)
      .map((id): Numbers => [id, number(), number(), number(), number(), number(), number()]);
    expect(read(written(records), 1 + (round % 3))).toEqual(records);
  }
});

it("reads every number around the ends of a prefix", () => {
  for (let power = 0; power < 18; power += 1) {
    for (const n of [2 ** power - 1, 2 ** power, 2 ** power + 1, -(2 ** power)]) {
      const record: Numbers = [0, n >> 2, n, n >> 2, n, n, n];
      expect(read(written([record]))).toEqual([record]);
    }
  }
});

it("has nothing to read in a rest of less than eight bits, whatever they are", () => {
  expect(read([])).toEqual([]);
  // a record of no error is 24 bits, so that one of 25 leaves seven
  const stream = written([[0, 0, 0, 0, 0, 0, 2]]);
  expect(stream).toHaveLength(4);
  stream[3]! |= 0xfe;
  expect(read(stream)).toEqual([[0, 0, 0, 0, 0, 0, 2]]);
});

it("refuses a stream that ends in the middle of a record, wherever that is", () => {
  const stream = written([[40_000, -255, 8188, -508, -8188, -32_768, 254]]);
  for (let length = 1; length < stream.length; length += 1)
    expect(() => read(stream.slice(0, length))).toThrow(ProtocolError);
  expect(() => read([...stream, 0])).toThrow(ProtocolError);
});

it("refuses an id above all, and reads the last", () => {
  expect(read(written([[65_535, 0, 0, 0, 0, 0, 0]]))[0]?.[0]).toBe(65_535);
  for (const ids of [[65_536], [0, 65_536], [65_535, 65_536]])
    expect(() => read(written(ids.map((id): Numbers => [id, 0, 0, 0, 0, 0, 0])))).toThrow("an id beyond all");
});

it("reads a prefix of nineteen ones, and refuses one of twenty", () => {
  const zeros = Array<number>(8).fill(0);
  // gap 0 and age 0 are six zeros, so that the prefix of x begins in the seventh bit
  expect(read([0xc0, 0xff, 0xff, 0x01, ...zeros.slice(4)])).toEqual([[0, 0, (2 + 2 ** 16) * 2, 0, 0, 0, 0]]);
  expect(() => read([0xc0, 0xff, 0xff, 0x03, ...zeros])).toThrow("a prefix too long");
});

it("reads or refuses any bytes, and never goes on for ever", () => {
  const random = seeded(4);
  let records = 0;
  let refused = 0;
  for (let round = 0; round < 3000; round += 1) {
    const bytes = Array.from({ length: whole(random, 0, 40) }, () => whole(random, 0, 255));
    try {
      records += read(bytes, 2).length;
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      refused += 1;
    }
  }
  expect([records > 100, refused > 100]).toEqual([true, true]);
});
