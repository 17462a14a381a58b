/**
 * Quantisation: metres and radians to whole numbers of the wire and back (SPEC sections 10.4, 10.5, 10.8), and
 * serial arithmetic (section 1.2). Exact; pure.
 */
import { AGE_STEP_MS, MAX_AGE, MAX_COORDINATE_MM, MAX_PART_MM, PITCH_QUARTER, YAW_TURN } from "../generated.js";

/** x, y, z; metres unless its name says millimetres. */
export type Vector = readonly [number, number, number];
/** x, y, z, w of a unit quaternion. */
export type Quaternion = readonly [number, number, number, number];

/** No rotation. */
export const UPRIGHT: Quaternion = [0, 0, 0, 1];

const TURN = 2 * Math.PI;
const COMPONENT_SCALE = 511 * Math.SQRT2;

/** Round to the nearest integer, halves to the even one. */
export function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Round metres to millimetres. Throws RangeError beyond the protocol's bounds, and for what is no number. */
export function millimetres(metres: number): number {
  const value = roundEven(metres * 1000);
  if (!(Math.abs(value) <= MAX_COORDINATE_MM))
    throw new RangeError(`${metres} m is beyond ${MAX_COORDINATE_MM / 1000} m`);
  return value + 0; // never -0
}

/** Round metres of a head or hand to millimetres, held within an avatar's reach. */
export function partMillimetres(metres: number): number {
  const value = roundEven(metres * 1000);
  return Math.min(Math.max(value, -MAX_PART_MM), MAX_PART_MM) + 0;
}

/** Round radians of yaw to turns / 65,536. */
export function yawTurns(radians: number): number {
  const turns = roundEven(radians * (YAW_TURN / TURN)) % YAW_TURN;
  return turns < 0 ? turns + YAW_TURN : turns + 0;
}

/** Undo `yawTurns`: radians in [0, 2π). */
export function yawRadians(turns: number): number {
  return turns * (TURN / YAW_TURN);
}

/** Round radians of pitch to 90/127 degrees, clamped to straight up and straight down. */
export function pitchSteps(radians: number): number {
  const steps = roundEven(radians * (PITCH_QUARTER / (Math.PI / 2)));
  return Math.min(Math.max(steps, -PITCH_QUARTER), PITCH_QUARTER) + 0;
}

/** Undo `pitchSteps`. */
export function pitchRadians(steps: number): number {
  return steps * (Math.PI / 2 / PITCH_QUARTER);
}

/** Round an age to steps of 4 ms. */
export function ageSteps(ms: number): number {
  return Math.min(Math.max(roundEven(ms / AGE_STEP_MS), 0), MAX_AGE);
}

/** Pack a quaternion smallest-three. It is normalised; one of length 0 counts as no rotation. */
export function packOrientation(x: number, y: number, z: number, w: number): number {
  let length = Math.sqrt(x * x + y * y + z * z + w * w);
  if (!(length > 0)) {
    x = y = z = 0;
    w = length = 1;
  }
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  const az = Math.abs(z);
  const aw = Math.abs(w);
  if (ax >= ay && ax >= az && ax >= aw) return packed(0, x, y, z, w, length);
  if (ay >= az && ay >= aw) return packed(1, y, x, z, w, length);
  return az >= aw ? packed(2, z, x, y, w, length) : packed(3, w, x, y, z, length);
}

function packed(largest: number, dropped: number, a: number, b: number, c: number, length: number): number {
  const scale = (dropped < 0 ? -COMPONENT_SCALE : COMPONENT_SCALE) / length;
  const kept =
    ((roundEven(a * scale) + 512) << 20) | ((roundEven(b * scale) + 512) << 10) | (roundEven(c * scale) + 512);
  return ((largest << 30) | kept) >>> 0;
}

/** Undo `packOrientation`: write x, y, z, w into `into` from index `at`. Every u32 gives a unit quaternion. */
export function unpackOrientation(bits: number, into: Float32Array | Float64Array, at: number): void {
  const a = (((bits >>> 20) & 1023) - 512) / COMPONENT_SCALE;
  const b = (((bits >>> 10) & 1023) - 512) / COMPONENT_SCALE;
  const c = ((bits & 1023) - 512) / COMPONENT_SCALE;
  const sum = a * a + b * b + c * c;
  const dropped = Math.sqrt(Math.max(0, 1 - sum));
  const scale = sum > 1 ? 1 / Math.sqrt(sum) : 1;
  const largest = bits >>> 30;
  into[at] = (largest === 0 ? dropped : a) * scale;
  into[at + 1] = (largest === 1 ? dropped : largest === 0 ? a : b) * scale;
  into[at + 2] = (largest === 2 ? dropped : largest === 3 ? c : b) * scale;
  into[at + 3] = (largest === 3 ? dropped : c) * scale;
}

/** Undo `packOrientation`, as a tuple. */
export function quaternionOf(bits: number): Quaternion {
  const q = new Float64Array(4);
  unpackOrientation(bits, q, 0);
  return [q[0] ?? 0, q[1] ?? 0, q[2] ?? 0, q[3] ?? 0];
}

/** What one held subject adds to the digest, modulo 2³². */
export function digestTerm(entity: number, generation: number): number {
  let term = Math.imul((entity << 16) | generation, 0x9e3779b1);
  term ^= term >>> 15;
  term = Math.imul(term, 0x85ebca77);
  return (term ^ (term >>> 13)) >>> 0;
}

/** Whether counter `a` is newer than `b`, which wrap at 2³². */
export function isNewer(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}
