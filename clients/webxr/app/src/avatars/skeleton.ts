/** Poses a body: from where somebody is, looks and moves (and, tracked, where head and hands are) to a matrix for each bone. Walking,
 * sitting, idle sway and gestures are made here. Pure arithmetic on typed arrays: no allocation per frame. */

import {
  ANKLE_Y,
  BONES,
  BONE_INDEX,
  FOREARM,
  HIP_X,
  HIP_Y,
  NECK_Y,
  SHIN,
  SHOULDER_X,
  SHOULDER_Y,
  THIGH,
  UPPER_ARM,
} from "./body";

/** Floats for one body: a 3×4 matrix, by rows, for each bone. */
export const BODY_FLOATS = BONES.length * 12;

/** Head, left hand, right hand: position and quaternion each, relative to the root. */
export const PART_FLOATS = 21;

export const GESTURES = ["wave", "nod", "applaud", "raise_hand", "point", "thumbs_up"] as const;
export type Gesture = (typeof GESTURES)[number];
const GESTURE_S: Readonly<Record<Gesture, number>> = {
  wave: 2.6,
  nod: 1.6,
  applaud: 3,
  raise_hand: 4,
  point: 2.4,
  thumbs_up: 2.4,
};

/** Sitting: where the hips are above the feet. */
const SEATED_HIP_Y = 0.53;
const STRIDE_M = 1.45;
const WALK_MPS = 1.3;
/** The body follows the head's turn at this pace, and lets it turn this far alone. */
const BODY_FOLLOW_PER_S = 7;
const NECK_TURN = 0.9;

/** Everything about one body that lasts from frame to frame. */
export class BodyState {
  x = 0;
  y = 0;
  z = 0;
  yaw = 0;
  pitch = 0;
  speed = 0;
  isSeated = false;
  isTracked = false;
  hairStyle = 0;
  isGuest = false;
  readonly parts = new Float32Array(PART_FLOATS);
  readonly matrices = new Float32Array(BODY_FLOATS);
  /** Top of the head, in the world: where badges float. */
  headX = 0;
  headY = 1.75;
  headZ = 0;

  gesture: Gesture | null = null;
  gestureS = 0;
  #bodyYaw = Number.NaN;
  #phase: number;
  #walk = 0;
  #seated = 0;
  #clock: number;

  constructor(seed: number) {
    this.#phase = seed * 6.28;
    this.#clock = seed * 20;
  }

  play(gesture: Gesture): void {
    this.gesture = gesture;
    this.gestureS = 0;
  }

  /** Advance by `dtS` and write the matrices. */
  pose(dtS: number): void {
    this.#advance(dtS);
    root.set(this.x, this.y, this.z, this.#bodyYaw);
    out = this.matrices;
    const walk = this.#walk * (1 - this.#seated);
    const sway = Math.sin(this.#clock * 1.3) * 0.006 * (1 - walk);
    const breath = Math.sin(this.#clock * 1.7) * 0.004;
    const bob = Math.abs(Math.sin(this.#phase)) * 0.03 * walk;

    if (this.isTracked) this.#trackedTorso();
    else {
      hip.x = sway;
      hip.y = mix(HIP_Y - 0.02 * walk + bob + breath * 0.5, SEATED_HIP_Y, this.#seated);
      hip.z = this.#seated * 0.05;
      hip.lean = walk * 0.07 + this.#seated * -0.05;
    }
    const cos = Math.cos(hip.lean);
    const sin = Math.sin(hip.lean);
    // Leaning turns about X, forwards: the chest moves to −Z.
    rotationX(-hip.lean);
    write(BONE_INDEX.torso, hip.x, hip.y, hip.z);
    this.#dress();
    this.#head(cos, sin);
    this.#arms(walk, cos, sin);
    this.#legs(walk);
  }

  #advance(dtS: number): void {
    this.#clock += dtS;
    if (Number.isNaN(this.#bodyYaw)) this.#bodyYaw = this.yaw;
    const turn = wrapped(this.yaw - this.#bodyYaw);
    const follow =
      this.isTracked || this.speed > 0.3
        ? 1 - Math.exp(-dtS * BODY_FOLLOW_PER_S * 2)
        : 1 - Math.exp(-dtS * BODY_FOLLOW_PER_S * 0.5);
    const rest = this.isTracked ? 0 : Math.max(-NECK_TURN, Math.min(NECK_TURN, turn * (1 - follow)));
    this.#bodyYaw = this.isTracked ? this.yaw : this.yaw - rest;
    const ease = 1 - Math.exp(-dtS * 9);
    this.#walk += (Math.min(1, this.speed / WALK_MPS) - this.#walk) * ease;
    this.#seated += ((this.isSeated ? 1 : 0) - this.#seated) * ease;
    this.#phase +=
      (dtS * Math.max(this.speed, 0) * Math.PI * 2) / (STRIDE_M * (1 + Math.max(0, this.speed - WALK_MPS) * 0.18));
    if (this.gesture) {
      this.gestureS += dtS;
      if (this.gestureS > GESTURE_S[this.gesture]) this.gesture = null;
    }
  }

  /** 0..1: how much the gesture has the body, easing in and out. */
  #gestureWeight(gesture: Gesture): number {
    if (this.gesture !== gesture) return 0;
    const left = GESTURE_S[gesture] - this.gestureS;
    return smooth(Math.min(1, this.gestureS / 0.3)) * smooth(Math.min(1, Math.max(0, left) / 0.35));
  }

  /** Put the torso under a tracked head. */
  #trackedTorso(): void {
    const headX = this.parts[0] ?? 0;
    const headY = this.parts[1] ?? 1.6;
    const headZ = this.parts[2] ?? 0;
    const drop = NECK_Y + 0.15 - headY;
    hip.y = Math.max(0.42, Math.min(HIP_Y + 0.12, HIP_Y - drop));
    hip.lean = Math.max(0, Math.min(0.5, drop * 0.5));
    hip.x = headX;
    hip.z = headZ + 0.03 + hip.lean * 0.35;
    this.#seated = 0;
  }

  /** Lanyard or insignia, and the hair style: the others collapse to nothing. */
  #dress(): void {
    copy(BONE_INDEX.torso, this.isGuest ? BONE_INDEX.lanyard : BONE_INDEX.insignia);
    hide(this.isGuest ? BONE_INDEX.insignia : BONE_INDEX.lanyard);
  }

  #head(cos: number, sin: number): void {
    const rise = NECK_Y - HIP_Y;
    if (this.isTracked) {
      rotationQuaternion(this.parts, 3);
      // The tracked point is between the eyes; the joint is below and behind it.
      const [x, y, z] = [this.parts[0] ?? 0, this.parts[1] ?? 0, this.parts[2] ?? 0];
      write(
        BONE_INDEX.head,
        x - (r[1] ?? 0) * 0.17 + (r[2] ?? 0) * 0.08,
        y - (r[4] ?? 0) * 0.17 + (r[5] ?? 0) * 0.08,
        z - (r[7] ?? 0) * 0.17 + (r[8] ?? 0) * 0.08,
      );
    } else {
      const nod = this.#gestureWeight("nod") * Math.sin(this.gestureS * 10) * 0.28;
      const turn = wrapped(this.yaw - this.#bodyYaw);
      rotationYawPitch(
        turn + Math.sin(this.#clock * 0.6) * 0.03,
        Math.max(-0.9, Math.min(0.9, this.pitch)) * 0.85 - nod,
      );
      write(BONE_INDEX.head, hip.x, hip.y + rise * cos, hip.z - rise * sin);
    }
    const at = BONE_INDEX.head * 12;
    this.headX = out[at + 3] ?? 0;
    this.headY = (out[at + 7] ?? 0) + 0.3;
    this.headZ = out[at + 11] ?? 0;
    for (const [bone, style] of HAIR) {
      if (this.hairStyle === style) copy(BONE_INDEX.head, bone);
      else hide(bone);
    }
  }

  #arms(walk: number, cos: number, sin: number): void {
    const rise = SHOULDER_Y - HIP_Y;
    const swing = Math.sin(this.#phase) * 0.2 * walk;
    for (const side of [-1, 1] as const) {
      const shoulderX = hip.x + side * SHOULDER_X;
      const shoulderY = hip.y + rise * cos;
      const shoulderZ = hip.z - rise * sin + 0.01;
      const isLeft = side < 0;
      const upper = isLeft ? BONE_INDEX.leftUpperArm : BONE_INDEX.rightUpperArm;
      const fore = isLeft ? BONE_INDEX.leftForearm : BONE_INDEX.rightForearm;
      const hand = isLeft ? BONE_INDEX.leftHand : BONE_INDEX.rightHand;
      const part = isLeft ? 7 : 14;
      const isHandTracked = this.isTracked && (this.parts[part + 3] !== 0 || this.parts[part + 6] !== 0);
      if (isHandTracked) {
        wrist.x = this.parts[part] ?? 0;
        wrist.y = this.parts[part + 1] ?? 0;
        wrist.z = this.parts[part + 2] ?? 0;
      } else this.#restingWrist(side, walk, swing, shoulderY, sin);
      reach(
        upper,
        fore,
        shoulderX,
        shoulderY,
        shoulderZ,
        wrist.x,
        wrist.y,
        wrist.z,
        UPPER_ARM,
        FOREARM,
        side * 0.55,
        -0.65,
        0.75,
      );
      if (isHandTracked) {
        // A grip points ahead (−Z) where our hand hangs down (−Y).
        rotationQuaternion(this.parts, part + 3);
        turnGrip();
        write(hand, limbEnd.x, limbEnd.y, limbEnd.z);
      } else copyAt(fore, hand, limbEnd.x, limbEnd.y, limbEnd.z);
    }
  }

  /** Where a hand is by itself: beside the hip, swinging, on the lap, or as the gesture has it. */
  #restingWrist(side: -1 | 1, walk: number, swing: number, shoulderY: number, sin: number): void {
    const hang = shoulderY - UPPER_ARM - FOREARM + 0.025;
    wrist.x = hip.x + side * mix(0.25, 0.15, this.#seated);
    wrist.y = mix(hang + Math.abs(swing) * 0.15, SEATED_HIP_Y + 0.13, this.#seated);
    wrist.z = mix(hip.z - sin * 0.3 - 0.03 - side * -swing - walk * 0.04, -0.24, this.#seated);
    const t = this.gestureS;
    const lift = shoulderY - SHOULDER_Y;
    if (side < 0) {
      blendWrist(this.#gestureWeight("applaud"), hip.x - 0.045 - Math.abs(Math.sin(t * 13)) * 0.09, 1.17 + lift, -0.32);
      return;
    }
    blendWrist(this.#gestureWeight("wave"), hip.x + 0.36 + Math.sin(t * 9) * 0.12, 1.66 + lift, -0.12);
    blendWrist(this.#gestureWeight("raise_hand"), hip.x + 0.22, 1.88 + lift, -0.04);
    blendWrist(this.#gestureWeight("applaud"), hip.x + 0.045 + Math.abs(Math.sin(t * 13)) * 0.09, 1.17 + lift, -0.32);
    blendWrist(this.#gestureWeight("point"), hip.x + 0.12, 1.4 + lift, -0.5);
    blendWrist(this.#gestureWeight("thumbs_up"), hip.x + 0.2, 1.2 + lift, -0.4 + Math.sin(t * 6) * 0.02);
  }

  #legs(walk: number): void {
    const stride = (0.2 + Math.min(0.16, Math.max(0, this.speed - WALK_MPS) * 0.06)) * walk;
    for (const side of [-1, 1] as const) {
      const swing = Math.sin(this.#phase) * side;
      const lift = Math.max(0, Math.cos(this.#phase) * side);
      const footX = hip.x + side * mix(HIP_X, 0.12, this.#seated);
      const footY = ANKLE_Y + lift * 0.11 * walk;
      const footZ = mix((this.isTracked ? hip.z : 0) + swing * stride, -0.4, this.#seated);
      const isLeft = side < 0;
      reach(
        isLeft ? BONE_INDEX.leftThigh : BONE_INDEX.rightThigh,
        isLeft ? BONE_INDEX.leftShin : BONE_INDEX.rightShin,
        hip.x + side * HIP_X,
        hip.y - 0.005,
        hip.z,
        footX,
        footY,
        footZ,
        THIGH,
        SHIN,
        side * 0.12,
        0,
        -1,
      );
    }
  }
}

const HAIR = [
  [BONE_INDEX.bob, 1],
  [BONE_INDEX.bun, 2],
] as const;

// Scratch, shared by all bodies: one is posed at a time.
const hip = { x: 0, y: HIP_Y, z: 0, lean: 0 };
const wrist = { x: 0, y: 0, z: 0 };
const limbEnd = { x: 0, y: 0, z: 0 };
/** Rotation about to be written, by rows. */
const r = new Float64Array([1, 0, 0, 0, 1, 0, 0, 0, 1]);
let out: Float32Array = new Float32Array(BODY_FLOATS);

const root = {
  x: 0,
  y: 0,
  z: 0,
  cos: 1,
  sin: 0,
  set(x: number, y: number, z: number, yaw: number): void {
    this.x = x;
    this.y = y;
    this.z = z;
    this.cos = Math.cos(yaw);
    this.sin = Math.sin(yaw);
  },
};

/** Write the scratch rotation and a joint's place, both relative to the root, as one bone's matrix in the world. */
function write(bone: number, x: number, y: number, z: number): void {
  const at = bone * 12;
  const { cos, sin } = root;
  for (let column = 0; column < 3; column++) {
    const top = r[column] ?? 0;
    const low = r[column + 6] ?? 0;
    out[at + column] = cos * top + sin * low;
    out[at + 4 + column] = r[column + 3] ?? 0;
    out[at + 8 + column] = cos * low - sin * top;
  }
  out[at + 3] = root.x + cos * x + sin * z;
  out[at + 7] = root.y + y;
  out[at + 11] = root.z + cos * z - sin * x;
}

function copy(from: number, to: number): void {
  out.copyWithin(to * 12, from * 12, from * 12 + 12);
}

/** As another bone is turned, but at a place of its own. */
function copyAt(from: number, to: number, x: number, y: number, z: number): void {
  copy(from, to);
  const at = to * 12;
  out[at + 3] = root.x + root.cos * x + root.sin * z;
  out[at + 7] = root.y + y;
  out[at + 11] = root.z + root.cos * z - root.sin * x;
}

function hide(bone: number): void {
  out.fill(0, bone * 12, bone * 12 + 12);
}

function rotationX(angle: number): void {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  setRotation(1, 0, 0, 0, cos, -sin, 0, sin, cos);
}

function rotationYawPitch(yaw: number, pitch: number): void {
  const cy = Math.cos(yaw);
  const sy = Math.sin(yaw);
  const cp = Math.cos(pitch);
  const sp = Math.sin(pitch);
  setRotation(cy, sy * sp, sy * cp, 0, cp, -sp, -sy, cy * sp, cy * cp);
}

function rotationQuaternion(from: Float32Array, at: number): void {
  const x = from[at] ?? 0;
  const y = from[at + 1] ?? 0;
  const z = from[at + 2] ?? 0;
  const w = from[at + 3] ?? 1;
  setRotation(
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  );
}

/** From a grip's frame to the hand's: what points along −Z comes to point along −Y. */
function turnGrip(): void {
  for (let row = 0; row < 9; row += 3) {
    const y = r[row + 1] ?? 0;
    const z = r[row + 2] ?? 0;
    r[row + 1] = z;
    r[row + 2] = -y;
  }
}

function setRotation(
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g: number,
  h: number,
  i: number,
): void {
  r[0] = a;
  r[1] = b;
  r[2] = c;
  r[3] = d;
  r[4] = e;
  r[5] = f;
  r[6] = g;
  r[7] = h;
  r[8] = i;
}

/** A limb of two bones from a joint to a target, bending towards the pole. Bones hang along their −Y. */
function reach(
  upper: number,
  lower: number,
  ax: number,
  ay: number,
  az: number,
  bx: number,
  by: number,
  bz: number,
  upperLength: number,
  lowerLength: number,
  poleX: number,
  poleY: number,
  poleZ: number,
): void {
  let dx = bx - ax;
  let dy = by - ay;
  let dz = bz - az;
  const full = Math.hypot(dx, dy, dz) || 1e-6;
  const length = Math.min(full, (upperLength + lowerLength) * 0.999);
  dx /= full;
  dy /= full;
  dz /= full;
  // The pole without its part along the limb.
  const along = poleX * dx + poleY * dy + poleZ * dz;
  let px = poleX - along * dx;
  let py = poleY - along * dy;
  let pz = poleZ - along * dz;
  const pole = Math.hypot(px, py, pz) || 1;
  px /= pole;
  py /= pole;
  pz /= pole;
  const cosine = Math.max(
    -1,
    Math.min(1, (upperLength * upperLength + length * length - lowerLength * lowerLength) / (2 * upperLength * length)),
  );
  const sine = Math.sqrt(1 - cosine * cosine);
  const ex = ax + (dx * cosine + px * sine) * upperLength;
  const ey = ay + (dy * cosine + py * sine) * upperLength;
  const ez = az + (dz * cosine + pz * sine) * upperLength;
  limbEnd.x = ax + dx * length;
  limbEnd.y = ay + dy * length;
  limbEnd.z = az + dz * length;
  hang(upper, ax, ay, az, ex, ey, ez);
  hang(lower, ex, ey, ez, limbEnd.x, limbEnd.y, limbEnd.z);
}

/** A bone at A whose −Y points to B, its front (−Z) kept as far ahead as that allows. */
function hang(bone: number, ax: number, ay: number, az: number, bx: number, by: number, bz: number): void {
  const length = Math.hypot(ax - bx, ay - by, az - bz) || 1e-6;
  const yx = (ax - bx) / length;
  const yy = (ay - by) / length;
  const yz = (az - bz) / length;
  // Right is what stays across when the limb swings fore and aft.
  const dot = yx;
  let xx = 1 - dot * yx;
  let xy = -dot * yy;
  let xz = -dot * yz;
  const across = Math.hypot(xx, xy, xz) || 1;
  xx /= across;
  xy /= across;
  xz /= across;
  setRotation(xx, yx, xy * yz - xz * yy, xy, yy, xz * yx - xx * yz, xz, yz, xx * yy - xy * yx);
  write(bone, ax, ay, az);
}

function blendWrist(weight: number, x: number, y: number, z: number): void {
  wrist.x = mix(wrist.x, x, weight);
  wrist.y = mix(wrist.y, y, weight);
  wrist.z = mix(wrist.z, z, weight);
}

function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

function wrapped(angle: number): number {
  return angle - Math.round(angle / (Math.PI * 2)) * Math.PI * 2;
}
