/** Snapshots written by hand, byte by byte: what the view is tested against shares nothing with it. */

export const FULL = 1;
export const JUMP = 1;

export type Axes = readonly [number, number, number];
/** x y z, packed orientation. */
export type PartRow = readonly [number, number, number, number];
/** Displacements, and how far each component of the orientation turned. */
export type PartShift = readonly [number, number, number, number, number, number];

const LEAVE = 1;
const ENTER = 2;
const ROOT = 3;
const TRACKED = 4;
const THING = 5;
const ROOT_DELTA = 6;
const TRACKED_DELTA = 7;
const DOT = 8;
const PREDICTED = 9;

/** What a predicted record adds beyond the way; what is left out is zero. */
export type Errors = Partial<Record<keyof typeof ORDERS, number>>;

const ORDERS = { age: 0, x: 2, y: 0, z: 2, yaw: 7, pitch: 2 };
const GAP_ORDER = 4;

interface Head {
  readonly tick?: number;
  readonly timeMs: number;
  readonly ack?: number;
  readonly digest?: number;
  readonly flags?: number;
  /** Bytes behind each record that no reader knows. */
  readonly beyond?: number;
}

export interface RootOptions {
  readonly age?: number;
  readonly flags?: number;
  readonly pitch?: number;
}

/** The records of one snapshot, by section. */
export class Sections {
  private readonly rows = new Map<number, number[][]>();

  leave(entity: number): this {
    return this.add(LEAVE, u16(entity));
  }

  enter(entity: number, generation = 1): this {
    return this.add(ENTER, [...u16(entity), ...u16(generation)]);
  }

  root(entity: number, at: Axes, yaw: number, options: RootOptions = {}): this {
    return this.add(ROOT, root(entity, at, yaw, options));
  }

  tracked(entity: number, at: Axes, yaw: number, parts: readonly PartRow[], options: RootOptions = {}): this {
    const packed = parts.flatMap(([x, y, z, q]) => [...u16(x), ...u16(y), ...u16(z), ...u32(q)]);
    return this.add(TRACKED, [...root(entity, at, yaw, options), ...packed]);
  }

  thing(entity: number, at: Axes, orientation: number, age = 0): this {
    return this.add(THING, [...u16(entity), age, ...at.flatMap(u24), ...u32(orientation)]);
  }

  /** `at`: in steps of 125 mm. */
  dot(entity: number, at: Axes): this {
    return this.add(DOT, [...u16(entity), ...at.flatMap(u16)]);
  }

  rootDelta(entity: number, by: Axes, yaw: number, options: RootOptions = {}): this {
    return this.add(ROOT_DELTA, delta(entity, by, yaw, options));
  }

  trackedDelta(entity: number, by: Axes, yaw: number, parts: readonly PartShift[], age = 0): this {
    const packed = parts.flatMap((shift) => shift.map((value) => value & 0xff));
    const signs = parts
      .flatMap((shift) => shift.slice(3))
      .reduce((bits, turn, bit) => bits | (Number(turn < 0) << bit), 0);
    const root = [...u16(entity), age, ...across(by), ...u16(yaw)];
    return this.add(TRACKED_DELTA, [...root, ...packed, ...u16(signs | (by[1] << 9))]);
  }

  /** All predicted records of the snapshot, by entity. */
  predicted(records: Readonly<Record<number, Errors>>): this {
    return this.stream(streamOf(records));
  }

  /** The bytes of predicted records as they are, malformed or not. */
  stream(bytes: readonly number[]): this {
    for (const byte of bytes) this.add(PREDICTED, [byte]);
    return this;
  }

  /** The `data` of a snapshot. */
  data({ tick = 1, timeMs, ack = 0, digest = 0, flags = 0, beyond = 0 }: Head): Uint8Array {
    const header = [...u32(tick), ...u32(timeMs), ...u32(ack), ...u32(digest), flags];
    const sections = [...this.rows].sort(([one], [other]) => one - other);
    const rest = Array<number>(beyond).fill(0xaa);
    return Uint8Array.from([
      ...header,
      ...sections.flatMap(([kind, rows]) => [
        ...[kind, (rows[0]?.length ?? 0) + beyond, ...u16(rows.length)],
        ...rows.flatMap((row) => [...row, ...rest]),
      ]),
    ]);
  }

  private add(kind: number, row: number[]): this {
    const rows = this.rows.get(kind) ?? [];
    rows.push(row);
    this.rows.set(kind, rows);
    return this;
  }
}

/** The digest of what is held, by BigInt arithmetic: SPEC section 10.8 to the letter. */
export function digestOf(held: Iterable<readonly [entity: number, generation: number]>): number {
  const mask = 0xffffffffn;
  let sum = 0n;
  for (const [entity, generation] of held) {
    let t = ((BigInt(entity) << 16n) | BigInt(generation)) & mask;
    t = (t * 0x9e3779b1n) & mask;
    t ^= t >> 15n;
    t = (t * 0x85ebca77n) & mask;
    sum += t ^ (t >> 13n);
  }
  return Number(sum & mask);
}

function root(entity: number, at: Axes, yaw: number, { age = 0, flags = 0, pitch = 0 }: RootOptions): number[] {
  return [...u16(entity), age, flags, ...at.flatMap(u24), ...u16(yaw), pitch & 0xff];
}

function delta(entity: number, by: Axes, yaw: number, { age = 0, pitch = 0 }: RootOptions): number[] {
  return [...u16(entity), age, ...across(by), by[1] & 0xff, ...u16(yaw), pitch & 0xff];
}

function across([dx, , dz]: Axes): number[] {
  return u24((dx & 0xfff) | ((dz & 0xfff) << 12));
}

/** The bytes of predicted records, by entity: SPEC section 10.11 to the letter. */
export function streamOf(records: Readonly<Record<number, Errors>>): number[] {
  const bits: number[] = [];
  let last = -1;
  for (const [entity, errors] of Object.entries(records)) {
    // keys that are whole numbers ascend
    bits.push(...code(Number(entity) - 1 - last, GAP_ORDER));
    for (const [name, order] of Object.entries(ORDERS)) {
      const error = errors[name as keyof Errors] ?? 0;
      bits.push(...code(error < 0 ? -2 * error - 1 : 2 * error, order));
    }
    last = Number(entity);
  }
  const bytes = Array<number>(Math.ceil(bits.length / 8)).fill(0);
  for (const [index, bit] of bits.entries()) bytes[index >> 3]! |= bit << (index & 7);
  return bytes;
}

function code(n: number, order: number): number[] {
  let q = 0;
  while (n >= firstOf(q + 1, order)) q += 1;
  const r = n - firstOf(q, order);
  const w = order + Math.max(0, q - 3);
  return [...Array<number>(q).fill(1), 0, ...Array.from({ length: w }, (_, bit) => (r >> bit) & 1)];
}

/** The first number that this prefix writes. */
function firstOf(q: number, order: number): number {
  return (q < 3 ? q : 2 + 2 ** (q - 3)) * 2 ** order;
}

function u16(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff];
}

function u24(value: number): number[] {
  return [...u16(value), (value >> 16) & 0xff];
}

function u32(value: number): number[] {
  return [...u16(value), ...u16(value >>> 16)];
}
