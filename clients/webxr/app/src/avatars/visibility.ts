/** Which avatars are drawn, in which detail, and which badges are readable. Pure. */

import type { QualitySettings } from "../stage/quality";

export const NEAR = 0;
export const MIDDLE = 1;
export const FAR = 2;

/** The detail at a distance; one that is already nearer is kept a little longer, so that nobody flickers at an edge. */
export function detailAt(distanceM: number, before: number, settings: QualitySettings): number {
  const slack = 1.1;
  if (distanceM < settings.nearAvatarM * (before === NEAR ? slack : 1)) return NEAR;
  if (distanceM < settings.middleAvatarM * (before <= MIDDLE ? slack : 1)) return MIDDLE;
  return FAR;
}

/** Rectangles on the screen that are already taken; the nearest come first and win. */
export class Clearing {
  readonly #taken: Float32Array;
  #count = 0;

  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#taken = new Float32Array(capacity * 4);
  }

  reset(): void {
    this.#count = 0;
  }

  /** Take a rectangle around a point if no earlier one overlaps it by much. */
  claim(x: number, y: number, halfWidth: number, halfHeight: number): boolean {
    for (let at = 0; at < this.#count * 4; at += 4) {
      const apartX = Math.abs(x - (this.#taken[at] ?? 0));
      const apartY = Math.abs(y - (this.#taken[at + 1] ?? 0));
      const isOver =
        apartX < (halfWidth + (this.#taken[at + 2] ?? 0)) * 0.86 &&
        apartY < (halfHeight + (this.#taken[at + 3] ?? 0)) * 0.86;
      if (isOver) return false;
    }
    if (this.#count === this.capacity) return false;
    this.#taken.set([x, y, halfWidth, halfHeight], this.#count * 4);
    this.#count++;
    return true;
  }
}
