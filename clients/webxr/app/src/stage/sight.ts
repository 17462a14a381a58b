/** What can be seen of a world from a place: straight lines over its ground, as far as the walls that close its rooms. Pure.
 *
 * A processor that draws can't afford what stands behind a wall. Heights are not followed: a wall that rises well above the eye hides what is
 * behind it, any other hides nothing, so that a little too much is drawn and never too little. */

import type { WorldDocument } from "@presence-hub/client";
import { floorHeightAt, isSeeThrough } from "./light-field";

/** A rectangle on the ground. */
export interface Area {
  readonly minX: number;
  readonly minZ: number;
  readonly maxX: number;
  readonly maxZ: number;
}

const FINEST_CELL_M = 0.5;
const MOST_CELLS = 256;
const LINES = 360;
/** Only a wall that rises so far above the eye closes a room. */
const ABOVE_EYE_M = 2;
/** Whoever stands so near a wall that both are in one cell looks past it. */
const ARM_M = 0.75;

export class Sight {
  readonly #cellM: number;
  readonly #width: number;
  readonly #depth: number;
  readonly #originX: number;
  readonly #originZ: number;
  /** The height up to which a cell is closed. */
  readonly #tops: Float32Array;
  readonly #isSeen: Uint8Array;
  /** Where the eye was when it last looked, or NaN. */
  #eyeX = Number.NaN;
  #eyeY = Number.NaN;
  #eyeZ = Number.NaN;

  constructor(document: WorldDocument) {
    const { min, max } = document.bounds;
    this.#cellM = Math.max(FINEST_CELL_M, Math.max(max[0] - min[0], max[2] - min[2]) / MOST_CELLS);
    this.#width = Math.ceil((max[0] - min[0]) / this.#cellM);
    this.#depth = Math.ceil((max[2] - min[2]) / this.#cellM);
    this.#originX = min[0];
    this.#originZ = min[2];
    this.#tops = new Float32Array(this.#width * this.#depth).fill(-Infinity);
    this.#isSeen = new Uint8Array(this.#width * this.#depth);
    this.#raiseWalls(document);
  }

  /** Look around from a place. Returns whether it is far enough from the last one for anything to have changed. */
  lookFrom(x: number, y: number, z: number): boolean {
    const movedM = Math.hypot(x - this.#eyeX, y - this.#eyeY, z - this.#eyeZ);
    if (movedM < this.#cellM / 2) return false;
    [this.#eyeX, this.#eyeY, this.#eyeZ] = [x, y, z];
    const isInside = this.#indexAt(x, z) !== null;
    this.#isSeen.fill(isInside ? 0 : 1);
    if (!isInside) return true;
    for (let line = 0; line < LINES; line++) this.#follow((line / LINES) * Math.PI * 2);
    return true;
  }

  /** Whether any of an area was seen; what lies beyond the bounds always is. */
  sees({ minX, minZ, maxX, maxZ }: Area): boolean {
    // A cell more on each side: lines leave gaps between them far away.
    const [left, right] = [this.#column(minX) - 1, this.#column(maxX) + 1];
    const [far, near] = [this.#row(minZ) - 1, this.#row(maxZ) + 1];
    if (left < 0 || far < 0 || right >= this.#width || near >= this.#depth) return true;
    for (let row = far; row <= near; row++) {
      for (let column = left; column <= right; column++) {
        if (this.#isSeen[row * this.#width + column]) return true;
      }
    }
    return false;
  }

  #column(x: number): number {
    return Math.floor((x - this.#originX) / this.#cellM);
  }

  #row(z: number): number {
    return Math.floor((z - this.#originZ) / this.#cellM);
  }

  #indexAt(x: number, z: number): number | null {
    const [column, row] = [this.#column(x), this.#row(z)];
    const isInside = column >= 0 && row >= 0 && column < this.#width && row < this.#depth;
    return isInside ? row * this.#width + column : null;
  }

  #raiseWalls(document: WorldDocument): void {
    for (const wall of document.walls) {
      if (isSeeThrough(wall.look) || wall.look === "none") continue;
      const [x0, z0] = wall.from;
      const [dx, dz] = [wall.to[0] - x0, wall.to[1] - z0];
      const floor = floorHeightAt(document, x0 + dx / 2, z0 + dz / 2, wall.base);
      // Under a lintel is a door.
      if (wall.base > floor + 0.5) continue;
      const steps = Math.max(1, Math.ceil((Math.hypot(dx, dz) / this.#cellM) * 3));
      for (let step = 0; step <= steps; step++) {
        const at = this.#indexAt(x0 + (dx * step) / steps, z0 + (dz * step) / steps);
        if (at !== null) this.#tops[at] = Math.max(this.#tops[at] ?? 0, wall.base + wall.height);
      }
    }
  }

  #follow(angle: number): void {
    const [dx, dz] = [Math.cos(angle), Math.sin(angle)];
    const stepM = this.#cellM * 0.7;
    for (let wayM = 0; ; wayM += stepM) {
      const at = this.#indexAt(this.#eyeX + dx * wayM, this.#eyeZ + dz * wayM);
      if (at === null) return;
      this.#isSeen[at] = 1;
      if (wayM > ARM_M && (this.#tops[at] ?? 0) > this.#eyeY + ABOVE_EYE_M) return;
    }
  }
}
