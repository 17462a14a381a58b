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

interface Head {
  readonly tick?: number;
  readonly timeMs: number;
  readonly ack?: number;
  readonly digest?: number;
  readonly flags?: number;
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

  /** The `data` of a snapshot. */
  data({ tick = 1, timeMs, ack = 0, digest = 0, flags = 0 }: Head): Uint8Array {
    const header = [...u32(tick), ...u32(timeMs), ...u32(ack), ...u32(digest), flags];
    const sections = [...this.rows].sort(([one], [other]) => one - other);
    return Uint8Array.from([
      ...header,
      ...sections.flatMap(([kind, rows]) => [kind, rows[0]?.length ?? 0, ...u16(rows.length), ...rows.flat()]),
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

function u16(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff];
}

function u24(value: number): number[] {
  return [...u16(value), (value >> 16) & 0xff];
}

function u32(value: number): number[] {
  return [...u16(value), ...u16(value >>> 16)];
}
