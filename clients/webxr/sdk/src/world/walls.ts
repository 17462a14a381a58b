// The collision rule (docs/worlds.md), with an index so that a step asks only the walls around it. Whole millimetres
// in, exact answers out: every product stays within 2^53. Never changes, and knows nothing of floors or zones.

import type { Mm3 } from "./geometry.js";

/** A wall that ends this far above the feet is a stair, and is stepped over. */
export const STEP_HEIGHT_MM = 300;
/** A wall that starts this far above the feet is a lintel, and is walked under. */
export const BODY_HEIGHT_MM = 1700;

const WIDTH = 6; // x0 z0 x1 z1 base top
const SMALLEST_CELL_MM = 1024; // a few steps: a walker asks one cell or two
const MOST_CELLS = 2 ** 18; // 1 MB of index; a wider world gets coarser cells

/** Vertical rectangles, asked whether one of them stops a move. */
export class Walls {
  private readonly rows: Int32Array;
  private readonly originX: number;
  private readonly originZ: number;
  private readonly cellMm: number;
  private readonly columns: number;
  private readonly lines: number;
  /** Cell c lists `members[first[c]]` up to, and without, `members[first[c + 1]]`. */
  private readonly first: Uint32Array;
  private readonly members: Uint32Array;

  /** rows: six numbers for each wall. All walls lie within the corners. */
  constructor(rows: readonly number[], low: Mm3, high: Mm3) {
    this.rows = Int32Array.from(rows);
    [this.originX, , this.originZ] = low;
    const width = high[0] - low[0];
    const depth = high[2] - low[2];
    let cell = SMALLEST_CELL_MM;
    while ((Math.floor(width / cell) + 1) * (Math.floor(depth / cell) + 1) > MOST_CELLS) cell *= 2;
    this.cellMm = cell;
    this.columns = Math.floor(width / cell) + 1;
    this.lines = Math.floor(depth / cell) + 1;
    const cells = Array.from({ length: this.columns * this.lines }, (): number[] => []);
    for (let at = 0; at < this.rows.length; at += WIDTH) {
      const [x0 = 0, z0 = 0, x1 = 0, z1 = 0] = this.rows.subarray(at, at + 4);
      this.eachCell(x0, z0, x1, z1, (index) => {
        cells[index]?.push(at);
        return false;
      });
    }
    this.first = new Uint32Array(cells.length + 1);
    cells.forEach((list, index) => (this.first[index + 1] = (this.first[index] ?? 0) + list.length));
    this.members = Uint32Array.from(cells.flat());
  }

  /** Whether any wall stops the move; both ends lie within the corners. */
  stop(start: Mm3, end: Mm3): boolean {
    return this.eachCell(start[0], start[2], end[0], end[2], (cell) => {
      const beyond = this.first[cell + 1] ?? 0;
      for (let i = this.first[cell] ?? 0; i < beyond; i += 1) {
        if (this.stopsAt(this.members[i] ?? 0, start, end)) return true;
      }
      return false;
    });
  }

  /** Visits the cells that the rectangle around a segment touches, until `visit` says true. */
  private eachCell(x0: number, z0: number, x1: number, z1: number, visit: (cell: number) => boolean): boolean {
    const firstColumn = Math.floor((Math.min(x0, x1) - this.originX) / this.cellMm);
    const lastColumn = Math.floor((Math.max(x0, x1) - this.originX) / this.cellMm);
    const firstLine = Math.floor((Math.min(z0, z1) - this.originZ) / this.cellMm);
    const lastLine = Math.floor((Math.max(z0, z1) - this.originZ) / this.cellMm);
    for (let column = firstColumn; column <= lastColumn; column += 1) {
      for (let line = firstLine; line <= lastLine; line += 1) {
        if (visit(column * this.lines + line)) return true;
      }
    }
    return false;
  }

  /** The rule itself, for the wall whose numbers start at `at`. */
  private stopsAt(at: number, [sx, sy, sz]: Mm3, [ex, ey, ez]: Mm3): boolean {
    const { rows } = this;
    const ax = rows[at] ?? 0;
    const az = rows[at + 1] ?? 0;
    const bx = rows[at + 2] ?? 0;
    const bz = rows[at + 3] ?? 0;
    const base = rows[at + 4] ?? 0;
    const top = rows[at + 5] ?? 0;
    return (
      top > Math.min(sy, ey) + STEP_HEIGHT_MM &&
      base < Math.max(sy, ey) + BODY_HEIGHT_MM &&
      rangesMeet(sx, ex, ax, bx) &&
      rangesMeet(sz, ez, az, bz) &&
      !oneSide(cross(ax, az, bx, bz, sx, sz), cross(ax, az, bx, bz, ex, ez)) &&
      !oneSide(cross(sx, sz, ex, ez, ax, az), cross(sx, sz, ex, ez, bx, bz))
    );
  }
}

function cross(px: number, pz: number, qx: number, qz: number, rx: number, rz: number): number {
  return (qx - px) * (rz - pz) - (qz - pz) * (rx - px);
}

// Signs are compared, never multiplied: the product of two cross products would need 98 bits.
function oneSide(one: number, other: number): boolean {
  return (one > 0 && other > 0) || (one < 0 && other < 0);
}

function rangesMeet(a: number, b: number, c: number, d: number): boolean {
  return Math.max(a, b) >= Math.min(c, d) && Math.min(a, b) <= Math.max(c, d);
}
