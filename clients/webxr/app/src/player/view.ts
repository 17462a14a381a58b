/**
 * The desktop and touch view: where one looks, and where the camera stands for it, first or third person.
 *
 * Pure. Everything is in the frame of one's own feet turned by the view's yaw, so that the rig carries position and yaw
 * and the camera only height, distance and pitch.
 */
import { easing, wrapAngle } from "./locomotion";

const MAX_PITCH = 1.45;
const STANDING_EYE_M = 1.65;
const SEATED_EYE_M = 1.2;
const NEAREST_M = 1.4;
const FARTHEST_M = 7;
const DEFAULT_DISTANCE_M = 3.2;
/** In third person the camera stands a little over the head, a little to the right, and looks a little down. */
const RAISE_M = 0.25;
const SHOULDER_M = 0.4;
const TILT = 0.14;
const ZOOM_STEP = 1.18;
/** Coming nearer than this shows the inside of one's own head. */
const HIDE_BODY_M = 0.7;
/** Something higher than this is a jump, not a stair. */
const JUMP_M = 0.7;

/** How far, as a part of the way, the camera may go from over the feet to the point (right, up, back). */
export type Reach = (right: number, up: number, back: number) => number;

export class View {
  yaw = 0;
  pitch = 0;
  #isFirst: boolean;
  #distance = DEFAULT_DISTANCE_M;
  #shown = 0;
  #eye = STANDING_EYE_M;
  #floor: number | null = null;

  constructor(isFirst: boolean) {
    this.#isFirst = isFirst;
    this.#shown = isFirst ? 0 : 1;
  }

  /** Height of the eyes over the feet. */
  get eye(): number {
    return this.#eye;
  }

  get isFirst(): boolean {
    return this.#isFirst;
  }

  set isFirst(isFirst: boolean) {
    this.#isFirst = isFirst;
  }

  /** Whether one's own avatar is drawn: not while the camera is in its head. */
  get isBodyShown(): boolean {
    return this.#shown * this.#distance > HIDE_BODY_M;
  }

  look(yaw: number, pitch: number): void {
    this.yaw = wrapAngle(this.yaw + yaw);
    this.pitch = Math.min(Math.max(this.pitch + pitch, -MAX_PITCH), MAX_PITCH);
  }

  /** Zoom out by `steps` of a wheel (negative: in). Crossing the nearest distance changes between the two persons. */
  zoom(steps: number): void {
    if (this.#isFirst) {
      if (steps > 0) {
        this.#isFirst = false;
        this.#distance = NEAREST_M;
      }
      return;
    }
    const distance = this.#distance * ZOOM_STEP ** steps;
    if (distance < NEAREST_M) this.#isFirst = true;
    this.#distance = Math.min(Math.max(distance, NEAREST_M), FARTHEST_M);
  }

  /** Ease the height of the floor under the feet: stairs and ramps do not shake the view. Returns the height to show. */
  floor(height: number, dtS: number): number {
    const shown = this.#floor ?? height;
    const away = height - shown;
    this.#floor = Math.abs(away) > JUMP_M ? height : shown + away * easing(dtS, 0.08);
    return this.#floor;
  }

  /** Forget eased heights: one has been put elsewhere. */
  place(): void {
    this.#floor = null;
  }

  /** Where the camera is in the rig, and its pitch. `reach` says what walls allow. */
  camera(isSeated: boolean, dtS: number, isCalm: boolean, reach: Reach): CameraPose {
    this.#eye += ((isSeated ? SEATED_EYE_M : STANDING_EYE_M) - this.#eye) * easing(dtS, 0.12);
    const wanted = this.#isFirst ? 0 : 1;
    const back = TILT - this.pitch;
    const right = SHOULDER_M;
    const up = this.#eye + RAISE_M + Math.sin(back) * this.#distance;
    const behind = Math.cos(back) * this.#distance;
    const allowed = wanted === 0 ? 0 : reach(right, Math.max(up, 0.3), behind);
    // A wall takes the camera nearer at once; it moves back out gently.
    if (allowed < this.#shown && wanted === 1) this.#shown = allowed;
    else this.#shown += (allowed - this.#shown) * (isCalm ? 1 : easing(dtS, 0.1));
    if (this.#shown < 0.01 && wanted === 0) this.#shown = 0;
    const part = this.#shown;
    return {
      right: right * part,
      up: this.#eye + (Math.max(up, 0.3) - this.#eye) * part,
      back: behind * part,
      pitch: this.pitch - TILT * part,
    };
  }
}

export interface CameraPose {
  readonly right: number;
  readonly up: number;
  readonly back: number;
  readonly pitch: number;
}
