/**
 * Walking: from what keys or a stick ask for to a velocity over the ground, with a short ramp up and down.
 *
 * Pure. Knows nothing of walls: whoever applies a step tells how far it really went, so that a walker who leans on a
 * wall does not keep a speed that would shoot off at the wall's end.
 */

export const WALK_M_S = 2.4;
/** The server allows 6 m/s along the slope (SPEC 11.3); this leaves room for stairs and for uneven frames. */
export const RUN_M_S = 4.8;
const ACCELERATION_M_S2 = 16;
const BRAKING_M_S2 = 22;

/** What is asked for: each axis from −1 to 1, as the view sees it. */
export interface Wish {
  readonly right: number;
  readonly forward: number;
  readonly isRunning: boolean;
}

export interface Step {
  readonly dx: number;
  readonly dz: number;
}

const STILL: Step = { dx: 0, dz: 0 };

export class Locomotion {
  #x = 0;
  #z = 0;

  get speed(): number {
    return Math.hypot(this.#x, this.#z);
  }

  /** Direction of motion as a yaw; meaningful only while there is speed. */
  get heading(): number {
    return Math.atan2(-this.#x, -this.#z);
  }

  /** Advance by `dtS` as seen along `yaw`, and return the way to go, in metres. */
  step(wish: Wish, yaw: number, dtS: number): Step {
    const strength = Math.hypot(wish.right, wish.forward);
    const pace = (wish.isRunning ? RUN_M_S : WALK_M_S) / Math.max(1, strength);
    const sin = Math.sin(yaw);
    const cos = Math.cos(yaw);
    const wantedX = (wish.right * cos - wish.forward * sin) * pace;
    const wantedZ = (-wish.right * sin - wish.forward * cos) * pace;
    const dx = wantedX - this.#x;
    const dz = wantedZ - this.#z;
    const change = Math.hypot(dx, dz);
    const most = (strength > 0 ? ACCELERATION_M_S2 : BRAKING_M_S2) * dtS;
    const part = change > most ? most / change : 1;
    this.#x += dx * part;
    this.#z += dz * part;
    return this.#x === 0 && this.#z === 0 ? STILL : { dx: this.#x * dtS, dz: this.#z * dtS };
  }

  /** Tell how far the last step really went. */
  went(dx: number, dz: number, dtS: number): void {
    if (dtS <= 0) return;
    const speed = Math.hypot(dx, dz) / dtS;
    if (speed < this.speed) {
      this.#x = dx / dtS;
      this.#z = dz / dtS;
    }
  }

  stop(): void {
    this.#x = 0;
    this.#z = 0;
  }
}

/** The same angle within ±π. */
export function wrapAngle(angle: number): number {
  return angle - Math.PI * 2 * Math.round(angle / (Math.PI * 2));
}

/** How far an exponential ease goes in `dtS` when it goes 63 % in `timeS`. */
export function easing(dtS: number, timeS: number): number {
  return 1 - Math.exp(-dtS / timeS);
}
