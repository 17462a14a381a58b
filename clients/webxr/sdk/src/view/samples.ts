/**
 * The last samples of every subject in sight, and where to show each at a moment of room time (SPEC section 11.5).
 *
 * Keeps everything in columns of numbers, quantised as on the wire: a subject has one *slot*, and its samples are a ring of
 * *rows*. `sight.ts` says which slot is whose and writes the rows; reading makes no garbage. Pure.
 */
/* eslint-disable @typescript-eslint/no-non-null-assertion -- columns of numbers: every slot and row is within them */
import { Section } from "../generated.js";
import { pitchRadians, unpackOrientation, yawRadians } from "../wire/quantities.js";
import { PARTS, PART_SIZE } from "./pose-table.js";
import type { PoseTable } from "./pose-table.js";

const PAUSE_MS = 150; // a gap longer than this is a pause: still subjects are not sent
const COAST_MS = 50;
const REST_MS = 150;
/** Rows of a slot: at 20 Hz, 800 ms, which is more than the longest delay. */
export const SAMPLES = 16;
const NEWEST = SAMPLES - 1; // a mask, since SAMPLES is a power of two
const FIRST_CAPACITY = 64;
/** Coordinates of head and hands in a row. */
export const PART_AXES = PARTS * 3;
/** Numbers of a way. */
export const WAY = 4;

/** By slot; below the comment, by row. */
interface Columns {
  readonly entity: Uint16Array;
  readonly generation: Uint16Array;
  readonly body: Uint8Array;
  /** Samples ever pushed; the newest stands at (pushed − 1) in its ring. */
  readonly pushed: Uint32Array;
  /** Room time of the last snapshot that had a record of it. */
  readonly spokenMs: Float64Array;
  /** Of the last record: its age, and the way it gave its subject, if any (SPEC section 10.6). */
  readonly age: Uint8Array;
  readonly hasWay: Uint8Array;
  readonly way: Int32Array; // WAY a slot: dx dy dz dyaw
  // by row
  readonly sampledMs: Float64Array;
  readonly isJump: Uint8Array;
  readonly mm: Int32Array; // 3 a row
  readonly yaw: Uint16Array;
  readonly pitch: Int8Array;
  readonly partMm: Int16Array; // 9 a row
  readonly orientation: Uint32Array; // 3 a row: of head and hands; a thing's stands first
}

function columnsOf(capacity: number): Columns {
  const rows = capacity * SAMPLES;
  return {
    entity: new Uint16Array(capacity),
    generation: new Uint16Array(capacity),
    body: new Uint8Array(capacity),
    pushed: new Uint32Array(capacity),
    spokenMs: new Float64Array(capacity),
    age: new Uint8Array(capacity),
    hasWay: new Uint8Array(capacity),
    way: new Int32Array(capacity * WAY),
    sampledMs: new Float64Array(rows),
    isJump: new Uint8Array(rows),
    mm: new Int32Array(rows * 3),
    yaw: new Uint16Array(rows),
    pitch: new Int8Array(rows),
    partMm: new Int16Array(rows * PART_AXES),
    orientation: new Uint32Array(rows * PARTS),
  };
}

export class Samples {
  private capacity = FIRST_CAPACITY;
  /** Replaced when they grow. */
  columns = columnsOf(FIRST_CAPACITY);
  // What `bracket` found: two rows, how far between them the moment lies, and how long the motion there takes (0: none).
  private earlier = 0;
  private later = 0;
  private part = 0;
  private spanMs = 0;

  // --- writing -------------------------------------------------------------------------------------------------------

  /** Begin anew at `slot`, at most one beyond those in use. */
  start(slot: number, entity: number, generation: number): void {
    if (slot === this.capacity) this.grow();
    const columns = this.columns;
    columns.entity[slot] = entity;
    columns.generation[slot] = generation;
    columns.body[slot] = 0;
    columns.pushed[slot] = 0;
  }

  /**
   * Say of which kind a slot's records are from now on: an absolute one came, which takes the way away. Dots are not mixed
   * with others: its samples start over.
   */
  become(slot: number, body: number): void {
    const columns = this.columns;
    if ((columns.body[slot] === Section.DOT) !== (body === Section.DOT)) columns.pushed[slot] = 0;
    columns.body[slot] = body;
    columns.hasWay[slot] = 0;
  }

  /** Open a row for a sample taken at `sampledMs`. One that is not newer than the last (ages are rounded) takes its place. */
  push(slot: number, sampledMs: number, timeMs: number): number {
    const columns = this.columns;
    columns.spokenMs[slot] = timeMs;
    if (columns.pushed[slot]! > 0 && sampledMs <= columns.sampledMs[this.newest(slot)]!) return this.newest(slot);
    columns.pushed[slot] = columns.pushed[slot]! + 1;
    const row = this.newest(slot);
    columns.sampledMs[row] = sampledMs;
    return row;
  }

  /** The row of a slot's newest sample. */
  newest(slot: number): number {
    return slot * SAMPLES + ((this.columns.pushed[slot]! - 1) & NEWEST);
  }

  /** Who puts a headset on had no head and hands in older samples: they are shown as in the first that has them. */
  spreadParts(slot: number, row: number): void {
    const { partMm, orientation } = this.columns;
    for (let other = slot * SAMPLES; other < (slot + 1) * SAMPLES; other += 1) {
      partMm.copyWithin(other * PART_AXES, row * PART_AXES, (row + 1) * PART_AXES);
      orientation.copyWithin(other * PARTS, row * PARTS, (row + 1) * PARTS);
    }
  }

  /** Put one slot in another's place. */
  relocate(from: number, to: number): void {
    for (const column of Object.values(this.columns) as Uint8Array[]) {
      const size = column.length / this.capacity;
      column.copyWithin(to * size, from * size, (from + 1) * size);
    }
  }

  private grow(): void {
    const old = Object.values(this.columns) as Uint8Array[];
    this.capacity *= 2;
    this.columns = columnsOf(this.capacity);
    (Object.values(this.columns) as Uint8Array[]).forEach((column, index) => {
      column.set(old[index]!);
    });
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  /** Read the poses of the first `count` slots at a moment of room time; `timeMs` is the newest snapshot's. */
  read(into: PoseTable, count: number, momentMs: number, timeMs: number): void {
    into.reserve(count);
    let row = 0;
    for (let slot = 0; slot < count; slot += 1) {
      if (this.columns.pushed[slot] === 0) continue; // entered without a record: a resync is on its way
      this.bracket(slot, momentMs, timeMs);
      this.readSlot(slot, into, row);
      row += 1;
    }
    into.count = row;
  }

  /** Choose two rows of a slot's ring, and how far between them the moment lies; beyond 1 it coasts. */
  private bracket(slot: number, momentMs: number, timeMs: number): void {
    const { sampledMs, isJump, pushed, spokenMs } = this.columns;
    const base = slot * SAMPLES;
    const newest = pushed[slot]! - 1;
    const oldest = Math.max(newest - SAMPLES + 1, 0);
    let past = newest;
    while (past > oldest && sampledMs[base + (past & NEWEST)]! > momentMs) past -= 1;
    const isBeyond = past === newest;
    this.earlier = base + ((isBeyond ? Math.max(newest - 1, oldest) : past) & NEWEST);
    this.later = base + ((isBeyond ? newest : past + 1) & NEWEST);
    const start = sampledMs[this.earlier]!;
    const end = sampledMs[this.later]!;
    if (isJump[this.later] !== 0) this.hold(isBeyond ? 1 : 0);
    else if (!isBeyond) this.between(Math.max(start, end - PAUSE_MS), end, momentMs);
    else if (end > start && end - start <= PAUSE_MS && spokenMs[slot]! >= timeMs)
      this.coast(end - start, momentMs - end);
    else this.hold(1);
  }

  private hold(part: number): void {
    this.part = part;
    this.spanMs = 0;
  }

  private between(start: number, end: number, momentMs: number): void {
    this.part = Math.min(Math.max((momentMs - start) / (end - start), 0), 1);
    this.spanMs = this.part > 0 && this.part < 1 ? end - start : 0;
  }

  /** Go on with the last motion for COAST_MS, then ease back to the newest sample until REST_MS. */
  private coast(gapMs: number, beyondMs: number): void {
    const easing = (COAST_MS * (REST_MS - beyondMs)) / (REST_MS - COAST_MS);
    const reach = Math.min(Math.max(Math.min(beyondMs, easing), 0), COAST_MS);
    this.part = 1 + reach / gapMs;
    this.spanMs = beyondMs < COAST_MS ? gapMs : 0;
  }

  private readSlot(slot: number, into: PoseTable, row: number): void {
    const { body, entity, mm } = this.columns;
    const from = this.earlier * 3;
    const to = this.later * 3;
    const dx = mm[to]! - mm[from]!;
    const dy = mm[to + 1]! - mm[from + 1]!;
    const dz = mm[to + 2]! - mm[from + 2]!;
    into.entity[row] = entity[slot]!;
    into.body[row] = body[slot]!;
    into.position[row * 3] = (mm[from]! + dx * this.part) / 1000;
    into.position[row * 3 + 1] = (mm[from + 1]! + dy * this.part) / 1000;
    into.position[row * 3 + 2] = (mm[from + 2]! + dz * this.part) / 1000;
    into.speed[row] = this.spanMs > 0 ? Math.sqrt(dx * dx + dy * dy + dz * dz) / this.spanMs : 0;
    if (body[slot] === Section.THING) {
      this.turn(this.earlier * PARTS, this.later * PARTS, into.orientation, row * 4);
      return;
    }
    this.readGaze(into, row);
    if (body[slot] === Section.TRACKED) this.readParts(into, row);
  }

  private readGaze(into: PoseTable, row: number): void {
    const { yaw, pitch } = this.columns;
    const start = yaw[this.earlier]!;
    const turn = ((yaw[this.later]! - start) << 16) >> 16; // the shorter way round
    const shown = (start + turn * this.part) % 65_536;
    into.yaw[row] = yawRadians(shown < 0 ? shown + 65_536 : shown);
    const level = pitch[this.earlier]!;
    const raised = level + (pitch[this.later]! - level) * this.part;
    into.pitch[row] = pitchRadians(Math.min(Math.max(raised, -127), 127));
  }

  private readParts(into: PoseTable, row: number): void {
    const { partMm } = this.columns;
    for (let part = 0; part < PARTS; part += 1) {
      const out = (row * PARTS + part) * PART_SIZE;
      const from = this.earlier * PART_AXES + part * 3;
      const to = this.later * PART_AXES + part * 3;
      for (let axis = 0; axis < 3; axis += 1) {
        const start = partMm[from + axis]!;
        into.parts[out + axis] = (start + (partMm[to + axis]! - start) * this.part) / 1000;
      }
      this.turn(this.earlier * PARTS + part, this.later * PARTS + part, into.parts, out + 3);
    }
  }

  /** Interpolate between two packed orientations along the chord, the shorter way. */
  private turn(from: number, to: number, into: Float32Array, at: number): void {
    const { orientation } = this.columns;
    if (orientation[from] === orientation[to] || this.part === 1) {
      unpackOrientation(orientation[to]!, into, at);
      return;
    }
    unpackOrientation(orientation[from]!, START, 0);
    unpackOrientation(orientation[to]!, END, 0);
    const dot = START[0]! * END[0]! + START[1]! * END[1]! + START[2]! * END[2]! + START[3]! * END[3]!;
    const sign = dot < 0 ? -1 : 1;
    let sum = 0;
    for (let axis = 0; axis < 4; axis += 1) {
      const mixed = START[axis]! + (END[axis]! * sign - START[axis]!) * this.part;
      into[at + axis] = mixed;
      sum += mixed * mixed;
    }
    const scale = 1 / Math.sqrt(sum);
    for (let axis = 0; axis < 4; axis += 1) into[at + axis] = into[at + axis]! * scale;
  }
}

const START = new Float64Array(4);
const END = new Float64Array(4);
