/**
 * The world as sight lines and thrown things meet it: thin rays against walls, furniture, floors and ceilings.
 *
 * Where bodies may go is `WorldGeometry`'s to say, exactly; this is for the camera, for teleport arcs and for putting
 * things down, where the body's rule would be wrong. Pure, in metres. A ray is tested against every solid: some thousand
 * cheap comparisons, which no index would make noticeably faster at the size of our worlds.
 */
import type { Point, WorldDocument } from "@presence-hub/client";

interface Sheet {
  readonly minX: number;
  readonly minZ: number;
  readonly maxX: number;
  readonly maxZ: number;
  readonly height: number;
}

interface Wall {
  readonly ax: number;
  readonly az: number;
  readonly bx: number;
  readonly bz: number;
  readonly base: number;
  readonly top: number;
}

export class Solids {
  readonly #walls: readonly Wall[];
  readonly #boxes: readonly { readonly min: Point; readonly max: Point }[];
  readonly #sheets: readonly Sheet[];

  constructor(document: WorldDocument) {
    this.#walls = document.walls.map(({ from, to, base, height }) => ({
      ax: from[0],
      az: from[1],
      bx: to[0],
      bz: to[1],
      base,
      top: base + height,
    }));
    this.#boxes = document.boxes;
    const level = document.floors.filter(({ slope }) => slope === null);
    this.#sheets = [...level, ...document.ceilings].map(({ min, max, height }) => ({
      minX: min[0],
      minZ: min[1],
      maxX: max[0],
      maxZ: max[1],
      height,
    }));
  }

  /** How far along the line something solid comes first: 0 to 1; 1 where nothing does. */
  firstHit(from: Point, to: Point): number {
    let first = 1;
    for (const wall of this.#walls) first = Math.min(first, hitWall(wall, from, to));
    for (const box of this.#boxes) first = Math.min(first, hitBox(box.min, box.max, from, to));
    for (const sheet of this.#sheets) first = Math.min(first, hitSheet(sheet, from, to));
    return first;
  }

  /** Height of what a thing let go at a point comes to lie on: furniture, or else `floor`. */
  restBelow(at: Point, floor: number): number {
    let height = floor;
    for (const { min, max } of this.#boxes) {
      const isOver = at[0] >= min[0] && at[0] <= max[0] && at[2] >= min[2] && at[2] <= max[2];
      if (isOver && max[1] <= at[1] && max[1] > height) height = max[1];
    }
    return height;
  }
}

function hitWall(wall: Wall, from: Point, to: Point): number {
  const dx = to[0] - from[0];
  const dz = to[2] - from[2];
  const wx = wall.bx - wall.ax;
  const wz = wall.bz - wall.az;
  const cross = dx * wz - dz * wx;
  if (cross === 0) return 1;
  const ox = wall.ax - from[0];
  const oz = wall.az - from[2];
  const along = (ox * wz - oz * wx) / cross;
  if (along < 0 || along >= 1) return 1;
  const aside = (ox * dz - oz * dx) / cross;
  if (aside < 0 || aside > 1) return 1;
  const y = from[1] + (to[1] - from[1]) * along;
  return y >= wall.base && y <= wall.top ? along : 1;
}

function hitBox(min: Point, max: Point, from: Point, to: Point): number {
  let enter = 0;
  let leave = 1;
  for (const axis of [0, 1, 2] as const) {
    const start = from[axis];
    const way = to[axis] - start;
    if (way === 0) {
      if (start < min[axis] || start > max[axis]) return 1;
      continue;
    }
    const a = (min[axis] - start) / way;
    const b = (max[axis] - start) / way;
    enter = Math.max(enter, Math.min(a, b));
    leave = Math.min(leave, Math.max(a, b));
    if (enter > leave) return 1;
  }
  return enter;
}

function hitSheet(sheet: Sheet, from: Point, to: Point): number {
  const way = to[1] - from[1];
  if (way === 0) return 1;
  const along = (sheet.height - from[1]) / way;
  if (along < 0 || along >= 1) return 1;
  const x = from[0] + (to[0] - from[0]) * along;
  const z = from[2] + (to[2] - from[2]) * along;
  return x >= sheet.minX && x <= sheet.maxX && z >= sheet.minZ && z <= sheet.maxZ ? along : 1;
}
