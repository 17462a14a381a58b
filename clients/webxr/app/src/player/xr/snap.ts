/**
 * Turning by a stick in VR: one flick, one step; or smoothly where the person prefers that.
 *
 * Pure.
 */
const FLICK = 0.7;
const BACK = 0.35;
const SMOOTH_RAD_S = 1.6;
const DEAD = 0.15;

export class StickTurn {
  #isOut = false;

  /** How far to turn now, in radians, counter-clockwise; `x` is the stick, right positive. */
  update(x: number, snapDegrees: number, dtS: number): number {
    if (snapDegrees === 0) return Math.abs(x) < DEAD ? 0 : -x * SMOOTH_RAD_S * dtS;
    if (this.#isOut) {
      if (Math.abs(x) < BACK) this.#isOut = false;
      return 0;
    }
    if (Math.abs(x) < FLICK) return 0;
    this.#isOut = true;
    return (-Math.sign(x) * snapDegrees * Math.PI) / 180;
  }
}

/** A stick's value with its dead zone taken out. */
export function withoutDeadZone(value: number): number {
  const beyond = Math.abs(value) - DEAD;
  return beyond <= 0 ? 0 : (Math.sign(value) * beyond) / (1 - DEAD);
}
