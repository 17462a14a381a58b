/**
 * One's own avatar: moved at once, by the rules the server judges by, and put where the server says otherwise.
 *
 * The only writer of outgoing poses. A walk never ends where the server would refuse it: every step is tested, in whole
 * millimetres, against the world's geometry, both from where the avatar stands and from the place that was sent last,
 * which is where the server judges from. What the server corrects nevertheless (a full zone, a clearance) is adopted, and
 * the difference fades out of `renderOffset`. Never draws; `now` is the client's clock.
 */
import { Cause } from "../generated.js";
import { roundEven } from "../wire/quantities.js";
import type { Vector } from "../wire/quantities.js";
import type { Mm3 } from "../world/index.js";
import type { TrackedParts } from "./input-pose.js";
import type { PoseSender } from "./pose-sender.js";

/** What walking asks of a world; `WorldGeometry` is one. */
export interface Ground {
  /** Whether the server would refuse a move: walls and bounds. */
  blocked(start: Mm3, end: Mm3): boolean;
  /** The highest floor at most 300 mm above the feet; null where there is none. */
  floorUnder(xMm: number, zMm: number, feetMm: number): number | null;
  /** Whether feet may be here; always, in a world without floors. */
  isOnFloor(p: Mm3): boolean;
  /** The zone a place belongs to. */
  zoneAt(p: Mm3): { readonly name: string } | null;
}

/** How far a body keeps from walls all around, so that neither its shoulders nor the camera stand in them. */
const MARGIN_MM = 200;
const AROUND: readonly (readonly [number, number])[] = Array.from({ length: 8 }, (_, eighth) => [
  Math.round(Math.cos((eighth * Math.PI) / 4) * MARGIN_MM),
  Math.round(Math.sin((eighth * Math.PI) / 4) * MARGIN_MM),
]);
const TOWARDS = 0.75 * MARGIN_MM; // a way within 41° of a wall's direction leads towards it
const STEP_MM = 300; // what is higher is no step, and what is deeper an edge
// Where neither straight on nor along an axis leads on, the wall may stand askew.
const DETOURS_DEGREES = [15, 30, 45, 60, 75];
const FADE_MS = 150;
const FADE_BELOW_M = 2; // a longer way is a jump and is shown as one
const ZONE_REST_MS = 3000; // how long a zone that let nobody in is not tried again
const MAX_PITCH = Math.PI / 2;

export class OwnAvatar {
  /** How often one was put somewhere, and turned, by other means than `walk`: each time, views look where `yaw` does. */
  placements = 0;
  private readonly sender: PoseSender;
  private readonly now: () => number;
  private readonly moved: () => void;
  private readonly at: [number, number, number] = [0, 0, 0];
  private heading = 0;
  private gaze = 0;
  private parts: TrackedParts | null = null;
  private ground: Ground | null = null;
  private readonly offset: [number, number, number] = [0, 0, 0];
  private readonly fading: [number, number, number] = [0, 0, 0];
  private fadesFromMs = -Infinity;
  private shutZone: string | null = null;
  private shutUntilMs = -Infinity;

  /** @internal */
  constructor(sender: PoseSender, now: () => number, moved: () => void) {
    this.sender = sender;
    this.now = now;
    this.moved = moved;
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  /** The point on the floor between the feet: x y z, metres. The same array, always; copy what is to be kept. */
  get position(): Vector {
    return this.at;
  }

  /** Radians about +Y, counter-clockwise seen from above, 0 looks along −Z. */
  get yaw(): number {
    return this.heading;
  }

  /** Radians, up positive. */
  get pitch(): number {
    return this.gaze;
  }

  /** Head and hands, or null on a desktop. */
  get tracked(): TrackedParts | null {
    return this.parts;
  }

  /**
   * What to add to `position` when drawing, metres: after a correction the view starts where it was and glides to the new
   * place within 150 ms. The same array, always.
   */
  get renderOffset(): Vector {
    const left = Math.max(1 - (this.now() - this.fadesFromMs) / FADE_MS, 0);
    for (let axis = 0; axis < 3; axis += 1) this.fading[axis] = (this.offset[axis] ?? 0) * left * left;
    return this.fading;
  }

  // --- moving --------------------------------------------------------------------------------------------------------

  /** Walk by the rules of this world; null lets one walk anywhere. */
  setGeometry(ground: Ground | null): void {
    this.ground = ground;
  }

  /** Walk this far, metres along x and z: along walls rather than into them, up and down ramps and steps. */
  walk(dxM: number, dzM: number): void {
    if (!this.sender.isListening || (dxM === 0 && dzM === 0)) return;
    if (this.ground === null) this.stand(this.at[0] + dxM, this.at[1], this.at[2] + dzM);
    else if (!this.steps(this.ground, dxM, dzM)) return;
    this.tell();
  }

  /** Look elsewhere; radians. */
  turn(yaw: number, pitch: number): void {
    this.heading = yaw;
    this.gaze = Math.min(Math.max(pitch, -MAX_PITCH), MAX_PITCH);
    this.tell();
  }

  /** Stand elsewhere, metres, without asking the geometry: for what the server decided, or a seat within a step. */
  place(position: Vector, yaw: number): void {
    this.stand(...position);
    this.heading = yaw;
    this.tell();
  }

  /** Say where head and hands are, in the root's frame; null takes the headset off. */
  track(parts: TrackedParts | null): void {
    this.parts = parts;
    this.tell();
  }

  private stand(x: number, y: number, z: number): void {
    this.at[0] = x;
    this.at[1] = y;
    this.at[2] = z;
  }

  private tell(): void {
    this.sender.move(this.at, this.heading, this.gaze, this.parts, this.now());
    this.moved();
  }

  // --- walking -------------------------------------------------------------------------------------------------------

  /** Take the first way on that is free: straight, along either axis, or around a wall that stands askew. */
  private steps(ground: Ground, dx: number, dz: number): boolean {
    if (this.step(ground, dx, dz)) return true;
    const isAlongX = Math.abs(dx) > Math.abs(dz);
    if (dx !== 0 && dz !== 0) {
      if (this.step(ground, isAlongX ? dx : 0, isAlongX ? 0 : dz)) return true;
      if (this.step(ground, isAlongX ? 0 : dx, isAlongX ? dz : 0)) return true;
    }
    return DETOURS_DEGREES.some(
      (degrees) => this.detour(ground, dx, dz, degrees) || this.detour(ground, dx, dz, -degrees),
    );
  }

  private detour(ground: Ground, dx: number, dz: number, degrees: number): boolean {
    const along = Math.cos((degrees * Math.PI) / 180);
    const across = Math.sin((degrees * Math.PI) / 180);
    // as far as the way straight on reaches in this direction
    return this.step(ground, (dx * along - dz * across) * along, (dx * across + dz * along) * along);
  }

  /** Go this way if the server would accept it and the body has room; tell whether it was free. */
  private step(ground: Ground, dx: number, dz: number): boolean {
    const x = this.at[0] + dx;
    const z = this.at[2] + dz;
    const from = mmOf(this.at);
    const end = this.landing(ground, roundEven(x * 1000), roundEven(z * 1000), from[1]);
    if (end === null || !this.isFree(ground, from, end, dx, dz)) return false;
    this.stand(x, end[1] === from[1] ? this.at[1] : end[1] / 1000, z);
    return true;
  }

  /** Where the feet come down at x z; null where there is no floor, or an edge. */
  private landing(ground: Ground, xMm: number, zMm: number, feetMm: number): Mm3 | null {
    const floor = ground.floorUnder(xMm, zMm, feetMm);
    if (floor === null) return ground.isOnFloor([xMm, feetMm, zMm]) ? [xMm, feetMm, zMm] : null;
    return floor < feetMm - STEP_MM ? null : [xMm, floor, zMm];
  }

  private isFree(ground: Ground, from: Mm3, end: Mm3, dx: number, dz: number): boolean {
    if (ground.blocked(from, end) || ground.blocked(this.sender.anchorMm, end)) return false;
    if (this.shutZone !== null && this.now() < this.shutUntilMs && ground.zoneAt(end)?.name === this.shutZone)
      return false;
    // Who was put too near a wall may go along it and away, and no nearer.
    return AROUND.every(
      ([x, z]) =>
        hasRoom(ground, end, x, z) || (x * dx + z * dz <= TOWARDS * Math.hypot(dx, dz) && !hasRoom(ground, from, x, z)),
    );
  }

  // --- what the server decides ---------------------------------------------------------------------------------------

  /** @internal Stand where a room was entered. */
  start(position: Vector, yaw: number): void {
    this.settle(position, yaw);
    this.sender.adopt(this.at, this.heading, this.gaze, this.parts);
    this.fadesFromMs = -Infinity;
    this.shutZone = null;
    this.placements += 1;
    this.moved();
  }

  /** @internal Stand where a teleport led. */
  jump(position: Vector, yaw: number): void {
    this.settle(position, yaw);
    this.sender.adopt(this.at, this.heading, this.gaze, this.parts);
    this.fadesFromMs = -Infinity;
    this.placements += 1;
    this.moved();
  }

  /** @internal Stand where a correction says; gaze, head and hands stay as they are. */
  correct(seq: number, cause: number, position: Vector, yaw: number): void {
    if (cause === Cause.ZONE_FULL || cause === Cause.ZONE_CLEARANCE) this.shut();
    if (cause === Cause.MOVED) {
      this.fadesFromMs = -Infinity;
      this.placements += 1;
    } else this.fade(position);
    this.settle(position, yaw);
    this.sender.correct(seq, this.at, this.heading, this.gaze, this.parts);
    this.moved();
  }

  private settle(position: Vector, yaw: number): void {
    this.stand(...position);
    this.heading = yaw;
  }

  private fade(to: Vector): void {
    const shown = this.renderOffset;
    const gap = [0, 1, 2].map((axis) => (this.at[axis] ?? 0) + (shown[axis] ?? 0) - (to[axis] ?? 0));
    const isJump = Math.hypot(...gap) > FADE_BELOW_M;
    this.offset.splice(0, 3, ...((isJump ? [0, 0, 0] : gap) as [number, number, number]));
    this.fadesFromMs = this.now();
  }

  private shut(): void {
    this.shutZone = this.ground?.zoneAt(mmOf(this.at))?.name ?? null;
    this.shutUntilMs = this.now() + ZONE_REST_MS;
  }
}

function mmOf(position: Vector): Mm3 {
  return [roundEven(position[0] * 1000), roundEven(position[1] * 1000), roundEven(position[2] * 1000)];
}

function hasRoom(ground: Ground, from: Mm3, dx: number, dz: number): boolean {
  return !ground.blocked(from, [from[0] + dx, from[1], from[2] + dz]);
}
