/**
 * What this session holds: the subjects in sight, exactly as the server believes, and their last samples (SPEC 10.6).
 *
 * Applies snapshots and reads poses at a moment of room time by the reference rule of SPEC section 11.5. Where what is
 * held and what the server says can be told apart, `wantsResync` is set until a full snapshot comes. Keeps everything in
 * columns of numbers: neither applying nor sampling makes garbage for a record. Never sees its own avatar, which
 * snapshots leave out. Pure.
 */
/* eslint-disable @typescript-eslint/no-non-null-assertion -- columns of numbers: every slot and row is within them */
import { AGE_STEP_MS, LAYOUTS, POSE_JUMP, Section } from "../generated.js";
import { digestTerm, pitchRadians, unpackOrientation, yawRadians } from "../wire/quantities.js";
import { SnapshotFrame } from "../wire/snapshot.js";
import { PARTS, PART_SIZE } from "./pose-table.js";
import type { PoseTable } from "./pose-table.js";

const PAUSE_MS = 150; // a gap longer than this is a pause: still subjects are not sent
const COAST_MS = 50;
const REST_MS = 150;
const SAMPLES = 16; // at 20 Hz, 800 ms: more than the longest delay
const NEWEST = SAMPLES - 1; // a mask, since SAMPLES is a power of two
const FIRST_CAPACITY = 64;
const MAX_ID = 0xffff;
const PART_AXES = PARTS * 3;

const ROOT = LAYOUTS.root;
const TRACKED = LAYOUTS.tracked;
const THING = LAYOUTS.thing;
const ROOT_DELTA = LAYOUTS.root_delta;
const TRACKED_DELTA = LAYOUTS.tracked_delta;
const PART_BYTES = TRACKED["left.x"].offset - TRACKED["head.x"].offset;
const PART_DELTA_BYTES = TRACKED_DELTA["left.dx"].offset - TRACKED_DELTA["head.dx"].offset;

/** The columns. A subject has one slot from 0 to `count`; its samples are a ring of SAMPLES rows. */
interface Columns {
  readonly entity: Uint16Array;
  readonly generation: Uint16Array;
  readonly body: Uint8Array;
  /** Samples ever pushed; the newest stands at (pushed − 1) in its ring. */
  readonly pushed: Uint32Array;
  /** Room time of the last snapshot that had a record of it. */
  readonly spokenMs: Float64Array;
  // rings: SAMPLES rows a slot
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
    sampledMs: new Float64Array(rows),
    isJump: new Uint8Array(rows),
    mm: new Int32Array(rows * 3),
    yaw: new Uint16Array(rows),
    pitch: new Int8Array(rows),
    partMm: new Int16Array(rows * PART_AXES),
    orientation: new Uint32Array(rows * PARTS),
  };
}

export class Sight {
  /** How many subjects are held. */
  count = 0;
  /** What is held does not match what the server said. */
  wantsResync = false;
  digest = 0;
  readonly frame = new SnapshotFrame();
  private readonly slots = new Int32Array(MAX_ID + 1).fill(-1);
  private capacity = FIRST_CAPACITY;
  private columns = columnsOf(FIRST_CAPACITY);
  // What `bracket` found: two rows of the rings, how far between them, and the speed there.
  private earlier = 0;
  private later = 0;
  private part = 0;
  private spanMs = 0;

  /** Whether `entity` is in sight. */
  holds(entity: number): boolean {
    return (this.slots[entity] ?? -1) >= 0;
  }

  /** The newest place of a held thing as records carry it: x y z in millimetres, packed orientation. */
  placeOfThing(entity: number): readonly [number, number, number, number] | null {
    const slot = this.slots[entity] ?? -1;
    const columns = this.columns;
    if (slot < 0 || columns.body[slot] !== Section.THING) return null;
    const row = this.newestRow(slot);
    return [
      columns.mm[row * 3]!,
      columns.mm[row * 3 + 1]!,
      columns.mm[row * 3 + 2]!,
      columns.orientation[row * PARTS]!,
    ];
  }

  /** Hold nothing. */
  forget(): void {
    for (let slot = 0; slot < this.count; slot += 1) this.slots[this.columns.entity[slot]!] = -1;
    this.count = 0;
    this.digest = 0;
    this.wantsResync = false;
  }

  // --- applying ------------------------------------------------------------------------------------------------------

  /**
   * Apply the `data` of one snapshot. Throws ProtocolError where it cannot be parsed, before changing anything; what
   * does not fit what is held is skipped, and sets `wantsResync`. Returns the frame, which the next call overwrites.
   */
  apply(data: Uint8Array): SnapshotFrame {
    const frame = this.frame;
    frame.read(data);
    if (frame.isFull) this.forget();
    for (let kind = 0; kind < frame.count.length; kind += 1) this.takeSection(kind);
    if (frame.digest !== this.digest) this.wantsResync = true;
    return frame;
  }

  /** Take the records of one kind; kinds are numbered in the order in which they are applied. */
  private takeSection(kind: number): void {
    const { view, count, start, stride } = this.frame;
    let at = start[kind]!;
    for (let left = count[kind]!; left > 0; left -= 1) {
      this.take(kind, view, at);
      at += stride[kind]!;
    }
  }

  private take(kind: number, view: DataView, at: number): void {
    if (kind === Section.ROOT_DELTA) this.displaceAvatar(view, at, Section.ROOT);
    else if (kind === Section.TRACKED_DELTA) this.displaceTracked(view, at);
    else if (kind === Section.ROOT) this.placeAvatar(view, at, Section.ROOT);
    else if (kind === Section.TRACKED) this.placeTracked(view, at);
    else if (kind === Section.THING) this.placeThing(view, at);
    else if (kind === Section.ENTER) this.enter(view, at);
    else this.leave(view, at);
  }

  private leave(view: DataView, at: number): void {
    const entity = view.getUint16(at, true);
    const slot = this.slots[entity]!;
    if (slot < 0) {
      this.wantsResync = true;
      return;
    }
    const columns = this.columns;
    this.digest = (this.digest - digestTerm(entity, columns.generation[slot]!)) >>> 0;
    this.slots[entity] = -1;
    this.count -= 1;
    if (slot !== this.count) this.relocate(this.count, slot);
  }

  private enter(view: DataView, at: number): void {
    const entity = view.getUint16(at + LAYOUTS.enter.id.offset, true);
    const generation = view.getUint16(at + LAYOUTS.enter.generation.offset, true);
    if (this.holds(entity)) {
      this.wantsResync = true;
      return;
    }
    if (this.count === this.capacity) this.grow();
    const slot = this.count;
    this.count += 1;
    this.slots[entity] = slot;
    this.columns.entity[slot] = entity;
    this.columns.generation[slot] = generation;
    this.columns.body[slot] = 0;
    this.columns.pushed[slot] = 0;
    this.digest = (this.digest + digestTerm(entity, generation)) >>> 0;
  }

  private placeTracked(view: DataView, at: number): void {
    const slot = this.slots[view.getUint16(at, true)]!;
    const wasTracked = slot >= 0 && this.columns.body[slot] === Section.TRACKED;
    const row = this.placeAvatar(view, at, Section.TRACKED);
    if (row < 0) return;
    this.readPartsAt(row, view, at);
    if (!wasTracked) this.spreadParts(slot, row);
  }

  private readPartsAt(row: number, view: DataView, at: number): void {
    const { partMm, orientation } = this.columns;
    for (let part = 0; part < PARTS; part += 1) {
      const from = at + TRACKED["head.x"].offset + part * PART_BYTES;
      const axes = row * PART_AXES + part * 3;
      partMm[axes] = view.getInt16(from, true);
      partMm[axes + 1] = view.getInt16(from + 2, true);
      partMm[axes + 2] = view.getInt16(from + 4, true);
      orientation[row * PARTS + part] = view.getUint32(from + 6, true);
    }
  }

  /** Who puts a headset on had no head and hands in older samples: they are shown as in the first that has them. */
  private spreadParts(slot: number, row: number): void {
    const { partMm, orientation } = this.columns;
    for (let other = slot * SAMPLES; other < (slot + 1) * SAMPLES; other += 1) {
      partMm.copyWithin(other * PART_AXES, row * PART_AXES, (row + 1) * PART_AXES);
      orientation.copyWithin(other * PARTS, row * PARTS, (row + 1) * PARTS);
    }
  }

  /** Take the root of an absolute record over; returns its row, or -1 where it does not fit. */
  private placeAvatar(view: DataView, at: number, body: number): number {
    const slot = this.slotFor(view.getUint16(at, true), 0);
    if (slot < 0) return -1;
    const columns = this.columns;
    columns.body[slot] = body;
    const row = this.push(slot, view.getUint8(at + ROOT.age.offset));
    columns.isJump[row] = view.getUint8(at + ROOT.flags.offset) & POSE_JUMP;
    this.placeAt(row, view, at + ROOT.x.offset);
    columns.yaw[row] = view.getUint16(at + ROOT.yaw.offset, true);
    columns.pitch[row] = view.getInt8(at + ROOT.pitch.offset);
    return row;
  }

  private placeThing(view: DataView, at: number): void {
    const slot = this.slotFor(view.getUint16(at, true), 0);
    if (slot < 0) return;
    this.columns.body[slot] = Section.THING;
    const row = this.push(slot, view.getUint8(at + THING.age.offset));
    this.columns.isJump[row] = 0;
    this.placeAt(row, view, at + THING.x.offset);
    this.columns.orientation[row * PARTS] = view.getUint32(at + THING.orientation.offset, true);
  }

  private displaceTracked(view: DataView, at: number): void {
    const slot = this.slots[view.getUint16(at, true)]!;
    const base = slot < 0 ? 0 : this.newestRow(slot);
    const row = this.displaceAvatar(view, at, Section.TRACKED);
    if (row < 0) return;
    const { partMm, orientation } = this.columns;
    for (let part = 0; part < PARTS; part += 1) {
      const from = at + TRACKED_DELTA["head.dx"].offset + part * PART_DELTA_BYTES;
      const axes = row * PART_AXES + part * 3;
      const old = base * PART_AXES + part * 3;
      partMm[axes] = partMm[old]! + view.getInt8(from);
      partMm[axes + 1] = partMm[old + 1]! + view.getInt8(from + 1);
      partMm[axes + 2] = partMm[old + 2]! + view.getInt8(from + 2);
      orientation[row * PARTS + part] = view.getUint32(from + 3, true);
    }
  }

  /** Add the root of a delta record to the pose it is relative to; returns its row, or -1 where it does not fit. */
  private displaceAvatar(view: DataView, at: number, body: number): number {
    const slot = this.slotFor(view.getUint16(at, true), body);
    if (slot < 0) return -1;
    const columns = this.columns;
    const base = this.newestRow(slot) * 3;
    const row = this.push(slot, view.getUint8(at + ROOT_DELTA.age.offset));
    const dxz =
      view.getUint16(at + ROOT_DELTA.dxz.offset, true) | (view.getUint8(at + ROOT_DELTA.dxz.offset + 2) << 16);
    columns.isJump[row] = 0;
    columns.mm[row * 3] = columns.mm[base]! + ((dxz << 20) >> 20);
    columns.mm[row * 3 + 1] = columns.mm[base + 1]! + view.getInt8(at + ROOT_DELTA.dy.offset);
    columns.mm[row * 3 + 2] = columns.mm[base + 2]! + ((dxz << 8) >> 20);
    columns.yaw[row] = view.getUint16(at + ROOT_DELTA.yaw.offset, true);
    columns.pitch[row] = view.getInt8(at + ROOT_DELTA.pitch.offset);
    return row;
  }

  /** The slot of a record's subject; -1 where it is not held, or its last record is not of the body asked for (0: any). */
  private slotFor(entity: number, body: number): number {
    const slot = this.slots[entity]!;
    if (slot >= 0 && (body === 0 || this.columns.body[slot] === body)) return slot;
    this.wantsResync = true;
    return -1;
  }

  private placeAt(row: number, view: DataView, at: number): void {
    const { mm } = this.columns;
    mm[row * 3] = view.getUint16(at, true) | (view.getInt8(at + 2) << 16);
    mm[row * 3 + 1] = view.getUint16(at + 3, true) | (view.getInt8(at + 5) << 16);
    mm[row * 3 + 2] = view.getUint16(at + 6, true) | (view.getInt8(at + 8) << 16);
  }

  /** Open a row for a new sample. One that is not newer than the last (ages are rounded) takes its place. */
  private push(slot: number, age: number): number {
    const columns = this.columns;
    const timeMs = this.frame.timeMs - age * AGE_STEP_MS;
    const pushed = columns.pushed[slot]!;
    columns.spokenMs[slot] = this.frame.timeMs;
    if (pushed > 0 && timeMs <= columns.sampledMs[this.newestRow(slot)]!) return this.newestRow(slot);
    columns.pushed[slot] = pushed + 1;
    const row = this.newestRow(slot);
    columns.sampledMs[row] = timeMs;
    return row;
  }

  private newestRow(slot: number): number {
    return slot * SAMPLES + ((this.columns.pushed[slot]! - 1) & NEWEST);
  }

  private relocate(from: number, to: number): void {
    for (const column of Object.values(this.columns) as Uint8Array[]) {
      const size = column.length / this.capacity;
      column.copyWithin(to * size, from * size, (from + 1) * size);
    }
    this.slots[this.columns.entity[to]!] = to;
  }

  private grow(): void {
    const old = Object.values(this.columns) as Uint8Array[];
    this.capacity *= 2;
    this.columns = columnsOf(this.capacity);
    (Object.values(this.columns) as Uint8Array[]).forEach((column, index) => {
      column.set(old[index]!);
    });
  }

  // --- sampling ------------------------------------------------------------------------------------------------------

  /** Read every held subject's pose at a moment of room time. */
  sample(into: PoseTable, momentMs: number): void {
    into.reserve(this.count);
    let row = 0;
    for (let slot = 0; slot < this.count; slot += 1) {
      if (this.columns.pushed[slot] === 0) continue; // entered without a record: a resync is on its way
      this.bracket(slot, momentMs);
      this.read(slot, into, row);
      row += 1;
    }
    into.count = row;
  }

  /** Choose two rows of a slot's ring, and how far between them the moment lies; beyond 1 it coasts. */
  private bracket(slot: number, momentMs: number): void {
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
    else if (end > start && end - start <= PAUSE_MS && spokenMs[slot]! >= this.frame.timeMs)
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

  private read(slot: number, into: PoseTable, row: number): void {
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
