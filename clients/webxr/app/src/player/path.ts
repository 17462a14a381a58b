/**
 * The way to a place that was clicked: A* over a coarse grid of the walkable floor, then straightened.
 *
 * Pure; bounded work: a click never costs more than `MOST_CELLS` looks at the world.
 */
import type { Mm3, WorldGeometry } from "@presence-hub/client";

export type Ground = Pick<WorldGeometry, "blocked" | "floorUnder">;

const CELL_MM = 400;
const STAIR_MM = 300;
/** Bodies keep this far from walls. */
const SHOULDER_MM = 260;
const MOST_CELLS = 8000;
/** Above 1, ways are found much sooner and are a little longer than the shortest. */
const GREED = 1.6;
const ARRIVED_MM = 120;
const SIDES = [
  [1, 0, 1],
  [-1, 0, 1],
  [0, 1, 1],
  [0, -1, 1],
  [1, 1, Math.SQRT2],
  [1, -1, Math.SQRT2],
  [-1, 1, Math.SQRT2],
  [-1, -1, Math.SQRT2],
] as const;

interface Cell {
  readonly column: number;
  readonly row: number;
  readonly at: Mm3;
  readonly cost: number;
  readonly rank: number;
  readonly from: Cell | null;
}

/** The place one comes to by going straight from `at` to (x, z), or null where a wall or a drop is in the way. */
export function stepTo(ground: Ground, at: Mm3, x: number, z: number): Mm3 | null {
  const floor = ground.floorUnder(x, z, at[1]);
  if (floor === null || Math.abs(floor - at[1]) > STAIR_MM) return null;
  const place: Mm3 = [x, floor, z];
  return ground.blocked(at, place) ? null : place;
}

/** As `stepTo`, to a place with room for the shoulders. */
function wideStepTo(ground: Ground, at: Mm3, x: number, z: number): Mm3 | null {
  const place = stepTo(ground, at, x, z);
  return place && isWide(ground, place) ? place : null;
}

function isWide(ground: Ground, [x, y, z]: Mm3): boolean {
  return (
    !ground.blocked([x - SHOULDER_MM, y, z], [x + SHOULDER_MM, y, z]) &&
    !ground.blocked([x, y, z - SHOULDER_MM], [x, y, z + SHOULDER_MM])
  );
}

/** Corners of a way from `start` to `goal`, without `start`; null where none was found. */
export function findPath(ground: Ground, start: Mm3, goal: Mm3): Mm3[] | null {
  if (walksStraight(ground, start, goal)) return [goal];
  const away = (at: Mm3): number => Math.hypot(at[0] - goal[0], at[2] - goal[2]) / CELL_MM;
  const grid = new Grid(ground, start);
  const open = new Heap();
  const best = new Map<number, number>();
  open.push({ column: 0, row: 0, at: start, cost: 0, rank: away(start), from: null });
  for (let seen = 0; seen < MOST_CELLS; seen++) {
    const cell = open.pop();
    if (!cell) return null;
    if (away(cell.at) <= 1 && Math.abs(cell.at[1] - goal[1]) <= STAIR_MM && walksStraight(ground, cell.at, goal)) {
      return straighten(ground, start, [...trace(cell), goal]);
    }
    for (const [columns, rows, length] of SIDES) {
      const column = cell.column + columns;
      const row = cell.row + rows;
      const cost = cell.cost + length;
      const key = keyOf(column, row, cell.at[1]);
      if (cost >= (best.get(key) ?? Infinity)) continue;
      const at = grid.placeFrom(cell.at, column, row, key);
      if (!at || ground.blocked(cell.at, at)) continue;
      best.set(key, cost);
      open.push({ column, row, at, cost, rank: cost + GREED * away(at), from: cell });
    }
  }
  return null;
}

/** Floors lie over each other, and ramps rise from them: a cell is a place and the height one comes from. */
function keyOf(column: number, row: number, feetMm: number): number {
  return ((column + 4096) * 8192 + row + 4096) * 1024 + Math.round(feetMm / 250) + 512;
}

/** The cells around the start; each is looked at once. */
class Grid {
  readonly #ground: Ground;
  readonly #start: Mm3;
  readonly #places = new Map<number, Mm3 | null>();

  constructor(ground: Ground, start: Mm3) {
    this.#ground = ground;
    this.#start = start;
  }

  /** Where one stands in a cell that is entered at the height of `from`; null where nobody can. */
  placeFrom(from: Mm3, column: number, row: number, key: number): Mm3 | null {
    const known = this.#places.get(key);
    const place = known === undefined ? this.#look(from, column, row) : known;
    if (known === undefined) this.#places.set(key, place);
    return place && Math.abs(place[1] - from[1]) <= STAIR_MM ? place : null;
  }

  #look(from: Mm3, column: number, row: number): Mm3 | null {
    const x = this.#start[0] + column * CELL_MM;
    const z = this.#start[2] + row * CELL_MM;
    const floor = this.#ground.floorUnder(x, z, from[1]);
    if (floor === null) return null;
    const place: Mm3 = [x, floor, z];
    return isWide(this.#ground, place) ? place : null;
  }
}

/** Whether one can go straight, stair by stair. */
function walksStraight(ground: Ground, from: Mm3, to: Mm3): boolean {
  const length = Math.hypot(to[0] - from[0], to[2] - from[2]);
  const steps = Math.max(1, Math.ceil(length / CELL_MM));
  let at = from;
  for (let step = 1; step <= steps; step++) {
    const x = Math.round(from[0] + ((to[0] - from[0]) * step) / steps);
    const z = Math.round(from[2] + ((to[2] - from[2]) * step) / steps);
    const next = step === steps ? stepTo(ground, at, x, z) : wideStepTo(ground, at, x, z);
    if (!next) return false;
    at = next;
  }
  return Math.abs(at[1] - to[1]) <= STAIR_MM;
}

function trace(end: Cell): Mm3[] {
  const way: Mm3[] = [];
  for (let cell = end; cell.from; cell = cell.from) way.unshift(cell.at);
  return way;
}

/** Leave out every corner that can be cut. */
function straighten(ground: Ground, start: Mm3, way: readonly Mm3[]): Mm3[] {
  const kept: Mm3[] = [];
  let from = start;
  for (let index = 0; index < way.length; index++) {
    const after = way[index + 1];
    const corner = way[index];
    if (corner && (!after || !walksStraight(ground, from, after))) {
      kept.push(corner);
      from = corner;
    }
  }
  return kept;
}

/** A binary heap by rank. */
class Heap {
  readonly #cells: Cell[] = [];

  push(cell: Cell): void {
    const cells = this.#cells;
    let index = cells.push(cell) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = cells[parent];
      if (!above || above.rank <= cell.rank) break;
      cells[index] = above;
      index = parent;
    }
    cells[index] = cell;
  }

  pop(): Cell | undefined {
    const cells = this.#cells;
    const top = cells[0];
    const last = cells.pop();
    if (!last || cells.length === 0) return top;
    let index = 0;
    for (;;) {
      const left = cells[2 * index + 1];
      const right = cells[2 * index + 2];
      const child = left && right && right.rank < left.rank ? 2 * index + 2 : 2 * index + 1;
      const below = cells[child];
      if (!below || below.rank >= last.rank) break;
      cells[index] = below;
      index = child;
    }
    cells[index] = last;
    return top;
  }
}

/** Follows a way: which direction to walk now. */
export class Route {
  #corners: Mm3[] = [];
  #nearest = Infinity;
  #stuckS = 0;

  get isActive(): boolean {
    return this.#corners.length > 0;
  }

  /** Where it leads, in millimetres; null when not under way. */
  get goal(): Mm3 | null {
    return this.#corners.at(-1) ?? null;
  }

  follow(corners: Mm3[]): void {
    this.#corners = [...corners];
    this.#nearest = Infinity;
    this.#stuckS = 0;
  }

  stop(): void {
    this.#corners = [];
  }

  /** The direction from (x, z), metres, to the next corner, shorter than 1 when nearly there; null when there or stuck. */
  direction(x: number, z: number, dtS: number): { readonly x: number; readonly z: number } | null {
    for (let corner = this.#corners[0]; corner; corner = this.#corners[0]) {
      const dx = corner[0] / 1000 - x;
      const dz = corner[2] / 1000 - z;
      const away = Math.hypot(dx, dz);
      const isLast = this.#corners.length === 1;
      if (away * 1000 > (isLast ? ARRIVED_MM : CELL_MM / 2)) {
        if (this.#isStuck(away, dtS)) break;
        const pace = isLast ? Math.min(1, away / 0.5) : 1;
        return { x: (dx / away) * pace, z: (dz / away) * pace };
      }
      this.#corners.shift();
      this.#nearest = Infinity;
    }
    this.stop();
    return null;
  }

  #isStuck(away: number, dtS: number): boolean {
    if (away < this.#nearest - 0.02) {
      this.#nearest = away;
      this.#stuckS = 0;
    } else {
      this.#stuckS += dtS;
    }
    return this.#stuckS > 0.6;
  }
}
