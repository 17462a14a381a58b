/**
 * One's own pose as it goes over the wire: quantised, comparable, and written as the one record of a `pose` message.
 */
import { LAYOUTS, STRIDES, Section } from "../generated.js";
import {
  ageSteps,
  millimetres,
  packOrientation,
  partMillimetres,
  pitchSteps,
  quaternionOf,
  yawTurns,
} from "../wire/quantities.js";
import type { Quaternion, Vector } from "../wire/quantities.js";

/** A head or a hand, in the frame of the avatar's root (turned by its yaw); metres. */
export interface Part {
  readonly position: Vector;
  readonly orientation: Quaternion;
}

/** What a headset tracks. */
export interface TrackedParts {
  readonly head: Part;
  readonly left: Part;
  readonly right: Part;
}

const X = 0;
const YAW = 3;
const PITCH = 4;
const ROOT_SIZE = 5;
const PART_SIZE = 4; // x y z, packed orientation
const SIZE = ROOT_SIZE + 3 * PART_SIZE;

const INPUT = LAYOUTS.tracked_input; // begins as root_input does
const PART_BYTES = INPUT["left.x"].offset - INPUT["head.x"].offset;

// A body that stands still trembles: changes below these may wait (SPEC section 11.2).
const TREMBLE_MM = 3;
const TREMBLE_DEGREES = 1;
const TREMBLE_YAW = (TREMBLE_DEGREES * 65_536) / 360;
const TREMBLE_PITCH = (TREMBLE_DEGREES * 127) / 90;
const TREMBLE_DOT = Math.cos((TREMBLE_DEGREES * Math.PI) / 360);

export class InputPose {
  isTracked = false;
  private readonly values = new Int32Array(SIZE);

  /** Put the root somewhere; metres and radians. Throws RangeError out of the protocol's bounds. */
  place(position: Vector, yaw: number, pitch: number): void {
    const [x, y, z] = position;
    const values = this.values;
    const mm = [millimetres(x), millimetres(y), millimetres(z)];
    values.set(mm, X);
    values[YAW] = yawTurns(yaw);
    values[PITCH] = pitchSteps(pitch);
  }

  /** Say where head and hands are; null for a desktop avatar. What is out of reach is drawn in. */
  track(parts: TrackedParts | null): void {
    this.isTracked = parts !== null;
    if (parts === null) this.values.fill(0, ROOT_SIZE);
    else
      [parts.head, parts.left, parts.right].forEach((part, index) => {
        this.setPart(part, index);
      });
  }

  copy(other: InputPose): void {
    this.isTracked = other.isTracked;
    this.values.set(other.values);
  }

  /** Whether the other pose would be the same bytes. */
  equals(other: InputPose): boolean {
    return this.isTracked === other.isTracked && this.values.every((value, index) => value === other.values[index]);
  }

  /** Whether both are of a kind, and differ by no more than a resting body trembles. */
  isTremble(other: InputPose): boolean {
    if (this.isTracked !== other.isTracked) return false;
    const turn = ((this.at(YAW) - other.at(YAW)) << 16) >> 16;
    if (Math.abs(turn) >= TREMBLE_YAW || Math.abs(this.at(PITCH) - other.at(PITCH)) >= TREMBLE_PITCH) return false;
    if (!this.isNear(other, X)) return false;
    for (let at = ROOT_SIZE; at < SIZE; at += PART_SIZE) {
      if (!this.isNear(other, at) || !isTurnedLittle(this.at(at + 3), other.at(at + 3))) return false;
    }
    return true;
  }

  /** Where the root is, in whole millimetres. */
  get rootMm(): readonly [number, number, number] {
    return [this.at(X), this.at(X + 1), this.at(X + 2)];
  }

  /** Write the record, as sequence `seq`, sampled `ageMs` ago. */
  record(seq: number, ageMs: number): Uint8Array {
    const stride = this.isTracked ? STRIDES.tracked_input : STRIDES.root_input;
    const bytes = new Uint8Array(STRIDES.section_header + stride);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, this.isTracked ? Section.TRACKED_INPUT : Section.ROOT_INPUT);
    view.setUint8(1, stride);
    view.setUint16(2, 1, true);
    this.writeRoot(new DataView(bytes.buffer, STRIDES.section_header), seq, ageMs);
    if (this.isTracked) this.writeParts(new DataView(bytes.buffer, STRIDES.section_header));
    return bytes;
  }

  private writeRoot(view: DataView, seq: number, ageMs: number): void {
    view.setUint32(INPUT.seq.offset, seq, true);
    view.setInt32(INPUT.x.offset, this.at(X), true);
    view.setInt32(INPUT.y.offset, this.at(X + 1), true);
    view.setInt32(INPUT.z.offset, this.at(X + 2), true);
    view.setUint16(INPUT.yaw.offset, this.at(YAW), true);
    view.setInt8(INPUT.pitch.offset, this.at(PITCH));
    view.setUint8(INPUT.age.offset, ageSteps(ageMs));
  }

  private writeParts(view: DataView): void {
    for (let part = 0; part < 3; part += 1) {
      const from = ROOT_SIZE + part * PART_SIZE;
      const to = INPUT["head.x"].offset + part * PART_BYTES;
      for (let axis = 0; axis < 3; axis += 1) view.setInt16(to + 2 * axis, this.at(from + axis), true);
      view.setUint32(to + 6, this.at(from + 3) >>> 0, true);
    }
  }

  private setPart(part: Part, index: number): void {
    const at = ROOT_SIZE + index * PART_SIZE;
    this.values.set(part.position.map(partMillimetres), at);
    this.values[at + 3] = packOrientation(...part.orientation) | 0;
  }

  private isNear(other: InputPose, from: number): boolean {
    for (let at = from; at < from + 3; at += 1) if (Math.abs(this.at(at) - other.at(at)) >= TREMBLE_MM) return false;
    return true;
  }

  private at(index: number): number {
    return this.values[index] ?? 0;
  }
}

function isTurnedLittle(one: number, other: number): boolean {
  if (one === other) return true;
  const [ax, ay, az, aw] = quaternionOf(one >>> 0);
  const [bx, by, bz, bw] = quaternionOf(other >>> 0);
  return Math.abs(ax * bx + ay * by + az * bz + aw * bw) > TREMBLE_DOT;
}
