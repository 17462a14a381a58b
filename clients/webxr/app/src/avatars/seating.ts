/** Who sits: whoever stands still on a seat's place. Pure; asked for every avatar each frame, so seats are found by square metre. */

import type { Seat } from "@presence-hub/client";

const REACH_M = 0.3;
const STILL_MPS = 0.25;

export class Seating {
  readonly #cells = new Map<number, number[]>();

  constructor(seats: readonly Seat[]) {
    for (const { positionMm } of seats) {
      const [x, y, z] = [positionMm[0] / 1000, positionMm[1] / 1000, positionMm[2] / 1000];
      const key = cellOf(Math.floor(x), Math.floor(z));
      const cell = this.#cells.get(key);
      if (cell) cell.push(x, y, z);
      else this.#cells.set(key, [x, y, z]);
    }
  }

  isSeat(x: number, y: number, z: number, speed: number): boolean {
    if (speed > STILL_MPS || this.#cells.size === 0) return false;
    const column = Math.floor(x);
    const row = Math.floor(z);
    for (let dx = -1; dx <= 1; dx++) {
      for (let dz = -1; dz <= 1; dz++) {
        const cell = this.#cells.get(cellOf(column + dx, row + dz));
        if (!cell) continue;
        for (let at = 0; at < cell.length; at += 3) {
          const [sx = 0, sy = 0, sz = 0] = [cell[at], cell[at + 1], cell[at + 2]];
          if (Math.hypot(x - sx, z - sz) <= REACH_M && Math.abs(y - sy) < 0.6) return true;
        }
      }
    }
    return false;
  }
}

function cellOf(column: number, row: number): number {
  return (column + 32768) * 65536 + row + 32768;
}
