/**
 * What this session holds: the subjects in sight, exactly as the server believes (SPEC section 10.6).
 *
 * Applies snapshots to the samples of `samples.ts`, without garbage for a record. Where what is held and what the server
 * says can be told apart, `wantsResync` is set until a full snapshot comes. Never sees its own avatar, which snapshots
 * leave out. Pure.
 */
/* eslint-disable @typescript-eslint/no-non-null-assertion -- columns of numbers: every slot and row is within them */
import { AGE_STEP_MS, DOT_STEP_MM, LAYOUTS, POSE_JUMP, Section } from "../generated.js";
import type { PredictedRecords } from "../wire/predicted.js";
import { digestTerm } from "../wire/quantities.js";
import { SnapshotFrame } from "../wire/snapshot.js";
import { PARTS } from "./pose-table.js";
import type { PoseTable } from "./pose-table.js";
import { PART_AXES, Samples, WAY } from "./samples.js";

const MAX_ID = 0xffff;

const ROOT = LAYOUTS.root;
const TRACKED = LAYOUTS.tracked;
const THING = LAYOUTS.thing;
const DOT = LAYOUTS.dot;
const ROOT_DELTA = LAYOUTS.root_delta;
const TRACKED_DELTA = LAYOUTS.tracked_delta;
const PART_BYTES = TRACKED["left.x"].offset - TRACKED["head.x"].offset;
const TURNS = 3; // for each part
const SIGN_BITS = TURNS * PARTS;
const PART_DELTA_BYTES = TRACKED_DELTA["left.dx"].offset - TRACKED_DELTA["head.dx"].offset;

export class Sight {
  /** How many subjects are held. */
  count = 0;
  /** What is held does not match what the server said. */
  wantsResync = false;
  digest = 0;
  private readonly frame = new SnapshotFrame();
  private readonly slots = new Int32Array(MAX_ID + 1).fill(-1);
  private readonly samples = new Samples();

  /** Whether `entity` is in sight. */
  holds(entity: number): boolean {
    return (this.slots[entity] ?? -1) >= 0;
  }

  /** The newest place of a held thing as records carry it: x y z in millimetres, packed orientation. */
  placeOfThing(entity: number): readonly [number, number, number, number] | null {
    const slot = this.slots[entity] ?? -1;
    const columns = this.samples.columns;
    if (slot < 0 || columns.body[slot] !== Section.THING) return null;
    const row = this.samples.newest(slot);
    return [
      columns.mm[row * 3]!,
      columns.mm[row * 3 + 1]!,
      columns.mm[row * 3 + 2]!,
      columns.orientation[row * PARTS]!,
    ];
  }

  /** Hold nothing. */
  forget(): void {
    for (let slot = 0; slot < this.count; slot += 1) this.slots[this.samples.columns.entity[slot]!] = -1;
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
    for (let kind: number = Section.LEAVE; kind < Section.PREDICTED; kind += 1) this.takeSection(kind);
    while (frame.predicted.next()) this.predict(frame.predicted);
    if (frame.digest !== this.digest) this.wantsResync = true;
    return frame;
  }

  /** Take the records of one kind; kinds are numbered in the order in which they are applied, predicted ones last. */
  private takeSection(kind: number): void {
    const { view, count, start, stride } = this.frame;
    let at = start[kind]!;
    for (let left = count[kind]!; left > 0; left -= 1) {
      this.take(kind, view, at);
      at += stride[kind]!;
    }
  }

  private take(kind: number, view: DataView, at: number): void {
    if (kind === Section.ROOT_DELTA) this.displaceRoot(view, at);
    else if (kind === Section.TRACKED_DELTA) this.displaceTracked(view, at);
    else if (kind === Section.ROOT) this.placeAvatar(view, at, Section.ROOT);
    else if (kind === Section.TRACKED) this.placeTracked(view, at);
    else if (kind === Section.THING) this.placeThing(view, at);
    else if (kind === Section.DOT) this.placeDot(view, at);
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
    const columns = this.samples.columns;
    this.digest = (this.digest - digestTerm(entity, columns.generation[slot]!)) >>> 0;
    this.slots[entity] = -1;
    this.count -= 1;
    if (slot === this.count) return;
    this.samples.relocate(this.count, slot);
    this.slots[columns.entity[slot]!] = slot;
  }

  private enter(view: DataView, at: number): void {
    const entity = view.getUint16(at + LAYOUTS.enter.id.offset, true);
    const generation = view.getUint16(at + LAYOUTS.enter.generation.offset, true);
    if (this.holds(entity)) {
      this.wantsResync = true;
      return;
    }
    this.samples.start(this.count, entity, generation);
    this.slots[entity] = this.count;
    this.count += 1;
    this.digest = (this.digest + digestTerm(entity, generation)) >>> 0;
  }

  private placeTracked(view: DataView, at: number): void {
    const slot = this.slots[view.getUint16(at, true)]!;
    const wasTracked = slot >= 0 && this.samples.columns.body[slot] === Section.TRACKED;
    const row = this.placeAvatar(view, at, Section.TRACKED);
    if (row < 0) return;
    this.readPartsAt(row, view, at);
    if (!wasTracked) this.samples.spreadParts(slot, row);
  }

  private readPartsAt(row: number, view: DataView, at: number): void {
    const { partMm, orientation } = this.samples.columns;
    for (let part = 0; part < PARTS; part += 1) {
      const from = at + TRACKED["head.x"].offset + part * PART_BYTES;
      const axes = row * PART_AXES + part * 3;
      partMm[axes] = view.getInt16(from, true);
      partMm[axes + 1] = view.getInt16(from + 2, true);
      partMm[axes + 2] = view.getInt16(from + 4, true);
      orientation[row * PARTS + part] = view.getUint32(from + 6, true);
    }
  }

  /** Take the root of an absolute record over; returns its row, or -1 where it does not fit. */
  private placeAvatar(view: DataView, at: number, body: number): number {
    const slot = this.slotFor(view.getUint16(at, true), 0);
    if (slot < 0) return -1;
    const columns = this.samples.columns;
    this.samples.become(slot, body);
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
    this.samples.become(slot, Section.THING);
    const row = this.push(slot, view.getUint8(at + THING.age.offset));
    this.samples.columns.isJump[row] = 0;
    this.placeAt(row, view, at + THING.x.offset);
    this.samples.columns.orientation[row * PARTS] = view.getUint32(at + THING.orientation.offset, true);
  }

  private placeDot(view: DataView, at: number): void {
    const slot = this.slotFor(view.getUint16(at, true), 0);
    if (slot < 0) return;
    this.samples.become(slot, Section.DOT);
    const row = this.push(slot, 0);
    const { isJump, mm, yaw, pitch } = this.samples.columns;
    isJump[row] = yaw[row] = pitch[row] = 0;
    mm[row * 3] = view.getInt16(at + DOT.x.offset, true) * DOT_STEP_MM;
    mm[row * 3 + 1] = view.getInt16(at + DOT.y.offset, true) * DOT_STEP_MM;
    mm[row * 3 + 2] = view.getInt16(at + DOT.z.offset, true) * DOT_STEP_MM;
  }

  private displaceTracked(view: DataView, at: number): void {
    const slot = this.slots[view.getUint16(at, true)]!;
    const base = slot < 0 ? 0 : this.samples.newest(slot);
    const signsAndDy = view.getInt16(at + TRACKED_DELTA.signs_dy.offset, true);
    const yaw = view.getUint16(at + TRACKED_DELTA.yaw.offset, true);
    const row = this.displaceAvatar(view, at, Section.TRACKED, signsAndDy >> SIGN_BITS, yaw);
    if (row < 0) return;
    const { partMm, orientation, pitch } = this.samples.columns;
    pitch[row] = pitch[base]!;
    for (let part = 0; part < PARTS; part += 1) {
      const from = at + TRACKED_DELTA["head.dx"].offset + part * PART_DELTA_BYTES;
      const axes = row * PART_AXES + part * 3;
      const old = base * PART_AXES + part * 3;
      partMm[axes] = partMm[old]! + view.getInt8(from);
      partMm[axes + 1] = partMm[old + 1]! + view.getInt8(from + 1);
      partMm[axes + 2] = partMm[old + 2]! + view.getInt8(from + 2);
      orientation[row * PARTS + part] = turned(
        orientation[base * PARTS + part]!,
        view,
        from + 3,
        signsAndDy >> (part * TURNS),
      );
    }
  }

  private displaceRoot(view: DataView, at: number): void {
    const dy = view.getInt8(at + ROOT_DELTA.dy.offset);
    const yaw = view.getUint16(at + ROOT_DELTA.yaw.offset, true);
    const row = this.displaceAvatar(view, at, Section.ROOT, dy, yaw);
    if (row >= 0) this.samples.columns.pitch[row] = view.getInt8(at + ROOT_DELTA.pitch.offset);
  }

  /** Add the root of a delta record to the pose it is relative to; returns its row, or -1 where it does not fit. */
  private displaceAvatar(view: DataView, at: number, body: number, dy: number, yaw: number): number {
    const slot = this.slotFor(view.getUint16(at, true), body);
    if (slot < 0) return -1;
    const { hasWay, way, yaw: yaws } = this.samples.columns;
    const dxz =
      view.getUint16(at + ROOT_DELTA.dxz.offset, true) | (view.getUint8(at + ROOT_DELTA.dxz.offset + 2) << 16);
    const to = slot * WAY;
    hasWay[slot] = 1;
    way[to] = (dxz << 20) >> 20;
    way[to + 1] = dy;
    way[to + 2] = (dxz << 8) >> 20;
    way[to + 3] = yaw - yaws[this.samples.newest(slot)]!;
    return this.advance(slot, view.getUint8(at + ROOT_DELTA.age.offset));
  }

  /** Lead a subject on by its way, which a predicted record corrects. */
  private predict(record: PredictedRecords): void {
    const slot = this.slotFor(record.id, Section.ROOT);
    if (slot < 0) return;
    const { age, hasWay, pitch, way } = this.samples.columns;
    if (hasWay[slot] === 0) {
      this.wantsResync = true;
      return;
    }
    const to = slot * WAY;
    way[to] = way[to]! + record.x;
    way[to + 1] = way[to + 1]! + record.y;
    way[to + 2] = way[to + 2]! + record.z;
    way[to + 3] = way[to + 3]! + record.yaw;
    const raised = pitch[this.samples.newest(slot)]! + record.pitch;
    pitch[this.advance(slot, (age[slot]! + record.age) & 0xff)] = raised;
  }

  /** Move the root of a subject's newest sample by its way, whose yaw is modulo 65,536 as that of a pose; returns the row. */
  private advance(slot: number, age: number): number {
    const { isJump, mm, way, yaw } = this.samples.columns;
    const base = this.samples.newest(slot);
    const row = this.push(slot, age);
    const by = slot * WAY;
    isJump[row] = 0;
    mm[row * 3] = mm[base * 3]! + way[by]!;
    mm[row * 3 + 1] = mm[base * 3 + 1]! + way[by + 1]!;
    mm[row * 3 + 2] = mm[base * 3 + 2]! + way[by + 2]!;
    yaw[row] = yaw[base]! + way[by + 3]!;
    return row;
  }

  /** The slot of a record's subject; -1 where it is not held, or its last record is not of the body asked for (0: any). */
  private slotFor(entity: number, body: number): number {
    const slot = this.slots[entity]!;
    if (slot >= 0 && (body === 0 || this.samples.columns.body[slot] === body)) return slot;
    this.wantsResync = true;
    return -1;
  }

  private placeAt(row: number, view: DataView, at: number): void {
    const { mm } = this.samples.columns;
    mm[row * 3] = view.getUint16(at, true) | (view.getInt8(at + 2) << 16);
    mm[row * 3 + 1] = view.getUint16(at + 3, true) | (view.getInt8(at + 5) << 16);
    mm[row * 3 + 2] = view.getUint16(at + 6, true) | (view.getInt8(at + 8) << 16);
  }

  private push(slot: number, age: number): number {
    this.samples.columns.age[slot] = age;
    return this.samples.push(slot, this.frame.timeMs - age * AGE_STEP_MS, this.frame.timeMs);
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  /** Read every held subject's pose at a moment of room time. */
  sample(into: PoseTable, momentMs: number): void {
    this.samples.read(into, this.count, momentMs, this.frame.timeMs);
  }
}

/** Turn a packed orientation by the turns at `at`, whose signs are the lowest bits of `signs` (SPEC section 10.5). */
function turned(packed: number, view: DataView, at: number, signs: number): number {
  const first = (packed >>> 20) + view.getUint8(at) - ((signs & 1) << 8);
  const second = (packed >>> 10) + view.getUint8(at + 1) - ((signs & 2) << 7);
  const third = packed + view.getUint8(at + 2) - ((signs & 4) << 6);
  return ((packed & 0xc0000000) | ((first & 0x3ff) << 20) | ((second & 0x3ff) << 10) | (third & 0x3ff)) >>> 0;
}
