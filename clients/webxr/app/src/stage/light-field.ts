/** The baked light of a world: one small map over its ground that holds, for every place, how much light arrives there.
 *
 * Daylight floods in from where there is no solid ceiling, round corners and through doors and glass; lamps of the document flood
 * likewise, so light never passes a wall. Everything drawn (floors, walls, people, things) reads this map, at every quality.
 * Pure: numbers in, numbers out.
 */

import type { WorldDocument } from "@presence-hub/client";

export interface LightField {
  readonly width: number;
  readonly depth: number;
  readonly originX: number;
  readonly originZ: number;
  /** Metres covered by one texel. */
  readonly cell: number;
  /** RGBA bytes: light as sqrt(value / 4), and how much of the sky is open above (0 indoors, 255 outdoors). */
  readonly texels: Uint8Array<ArrayBuffer>;
}

const LONGEST_TEXELS = 256;
const FINEST_CELL_M = 0.25;
/** Daylight loses 1/e of itself over this way indoors. */
const DAYLIGHT_REACH_M = 8;
const INDOOR_AMBIENT: readonly [number, number, number] = [0.4, 0.385, 0.36];
const DAYLIGHT: readonly [number, number, number] = [0.5, 0.53, 0.56];
const GLASS_ROOF_OPENNESS = 0.9;
/** Chamfer distances: straight and diagonal steps, in units of 1/5 cell. */
const STRAIGHT = 5;
const DIAGONAL = 7;
const FAR = 0xffff;
const OFFSETS = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
  [1, 1],
  [1, -1],
  [-1, 1],
  [-1, -1],
] as const;

const STEPS = Int8Array.from(OFFSETS.flat());

export function isSeeThrough(look: string): boolean {
  return look.includes("glass");
}

export function bakeLight(document: WorldDocument, daylightStrength: number): LightField {
  const { min, max } = document.bounds;
  const cell = Math.max(FINEST_CELL_M, Math.max(max[0] - min[0], max[2] - min[2]) / LONGEST_TEXELS);
  const width = Math.ceil((max[0] - min[0]) / cell);
  const depth = Math.ceil((max[2] - min[2]) / cell);
  const grid = new Grid(width, depth, min[0], min[2], cell);
  markWalls(grid, document);
  const openness = markOpenness(grid, document);

  const distance = new Uint16Array(width * depth).fill(FAR);
  const sources: number[] = [];
  openness.forEach((open, at) => {
    if (open > 0 && !grid.solid[at] && grid.touchesLess(openness, at)) sources.push(at);
  });
  grid.flood(sources, distance, Math.ceil((DAYLIGHT_REACH_M * 4) / cell) * STRAIGHT);

  const light = new Float32Array(width * depth * 3);
  const sky = new Float32Array(width * depth);
  for (let at = 0; at < sky.length; at++) {
    const steps = distance[at] ?? FAR;
    const reached = steps === FAR ? 0 : Math.exp((-steps * cell) / STRAIGHT / DAYLIGHT_REACH_M);
    const open = openness[at] ?? 0;
    sky[at] = open > 0 ? open : reached * 0.7;
    const day = (open > 0 ? 1 : reached * 0.75) * daylightStrength;
    const indoor = open > 0 ? 0.25 : 1;
    for (let channel = 0; channel < 3; channel++) {
      light[at * 3 + channel] = (INDOOR_AMBIENT[channel] ?? 0) * indoor + (DAYLIGHT[channel] ?? 0) * day;
    }
  }
  addLamps(grid, document, light);
  softenWalls(grid, light, sky);
  return { width, depth, originX: min[0], originZ: min[2], cell, texels: encode(light, sky) };
}

class Grid {
  readonly solid: Uint8Array;

  readonly width: number;
  readonly depth: number;
  readonly originX: number;
  readonly originZ: number;
  readonly cell: number;

  constructor(width: number, depth: number, originX: number, originZ: number, cell: number) {
    this.width = width;
    this.depth = depth;
    this.originX = originX;
    this.originZ = originZ;
    this.cell = cell;
    this.solid = new Uint8Array(width * depth);
  }

  indexAt(x: number, z: number): number {
    const column = Math.min(this.width - 1, Math.max(0, Math.floor((x - this.originX) / this.cell)));
    const row = Math.min(this.depth - 1, Math.max(0, Math.floor((z - this.originZ) / this.cell)));
    return row * this.width + column;
  }

  forEachIn(min: readonly [number, number], max: readonly [number, number], visit: (at: number) => void): void {
    const firstColumn = Math.max(0, Math.floor((min[0] - this.originX) / this.cell));
    const lastColumn = Math.min(this.width - 1, Math.ceil((max[0] - this.originX) / this.cell) - 1);
    const firstRow = Math.max(0, Math.floor((min[1] - this.originZ) / this.cell));
    const lastRow = Math.min(this.depth - 1, Math.ceil((max[1] - this.originZ) / this.cell) - 1);
    for (let row = firstRow; row <= lastRow; row++) {
      for (let column = firstColumn; column <= lastColumn; column++) visit(row * this.width + column);
    }
  }

  /** Whether a neighbour has less than a cell itself: only from such edges is there anything to flood. */
  touchesLess(values: Float32Array, at: number): boolean {
    const own = values[at] ?? 0;
    return OFFSETS.some(([dx, dz]) => (values[at + dz * this.width + dx] ?? own) < own);
  }

  /** Shortest ways round walls from `sources`, up to `limit`; `distance` must hold FAR everywhere it may reach. Returns the
   * reached cells. Buckets by distance instead of a heap: steps are 5 or 7. */
  flood(sources: readonly number[], distance: Uint16Array, limit: number): number[] {
    const buckets: number[][] = Array.from({ length: DIAGONAL + 1 }, () => []);
    const reached: number[] = [];
    let pending = sources.length;
    for (const source of sources) {
      distance[source] = 0;
      buckets[0]?.push(source);
    }
    for (let now = 0; pending > 0 && now <= limit; now++) {
      const bucket = buckets[now % (DIAGONAL + 1)] ?? [];
      while (bucket.length > 0) {
        const at = bucket.pop() ?? 0;
        pending--;
        if (distance[at] !== now) continue;
        reached.push(at);
        const column = at % this.width;
        const row = (at - column) / this.width;
        for (let neighbour = 0; neighbour < 16; neighbour += 2) {
          const dx = STEPS[neighbour] ?? 0;
          const dz = STEPS[neighbour + 1] ?? 0;
          const nextColumn = column + dx;
          const nextRow = row + dz;
          if (nextColumn < 0 || nextRow < 0 || nextColumn >= this.width || nextRow >= this.depth) continue;
          const next = nextRow * this.width + nextColumn;
          if (this.solid[next]) continue;
          const isDiagonal = dx !== 0 && dz !== 0;
          if (isDiagonal && (this.solid[row * this.width + nextColumn] || this.solid[nextRow * this.width + column]))
            continue;
          const then = now + (isDiagonal ? DIAGONAL : STRAIGHT);
          if (then < (distance[next] ?? 0)) {
            distance[next] = then;
            buckets[then % (DIAGONAL + 1)]?.push(next);
            pending++;
          }
        }
      }
    }
    return reached;
  }
}

function markWalls(grid: Grid, document: WorldDocument): void {
  for (const wall of document.walls) {
    if (isSeeThrough(wall.look) || wall.height < 1.6) continue;
    const floor = floorHeightAt(document, (wall.from[0] + wall.to[0]) / 2, (wall.from[1] + wall.to[1]) / 2, wall.base);
    if (wall.base > floor + 1.2) continue;
    const length = Math.hypot(wall.to[0] - wall.from[0], wall.to[1] - wall.from[1]);
    const steps = Math.max(1, Math.ceil((length / grid.cell) * 3));
    for (let step = 0; step <= steps; step++) {
      const t = step / steps;
      const x = wall.from[0] + (wall.to[0] - wall.from[0]) * t;
      const z = wall.from[1] + (wall.to[1] - wall.from[1]) * t;
      grid.solid[grid.indexAt(x, z)] = 1;
    }
  }
}

/** The highest floor at or below `under`, or the lowest point of the bounds. */
export function floorHeightAt(document: WorldDocument, x: number, z: number, under: number): number {
  let found = document.bounds.min[1];
  for (const floor of document.floors) {
    if (x < floor.min[0] || x > floor.max[0] || z < floor.min[1] || z > floor.max[1]) continue;
    let height = floor.height;
    if (floor.slope) {
      const axis = floor.slope.axis === "x" ? 0 : 1;
      const value = axis === 0 ? x : z;
      height += ((floor.slope.to - floor.height) * (value - floor.min[axis])) / (floor.max[axis] - floor.min[axis]);
    }
    if (height <= under + 0.3 && height > found) found = height;
  }
  return found;
}

function markOpenness(grid: Grid, document: WorldDocument): Float32Array {
  const openness = new Float32Array(grid.width * grid.depth).fill(1);
  for (const ceiling of document.ceilings) {
    const open = isSeeThrough(ceiling.look) ? GLASS_ROOF_OPENNESS : 0;
    grid.forEachIn(ceiling.min, ceiling.max, (at) => {
      openness[at] = Math.min(openness[at] ?? 1, open);
    });
  }
  return openness;
}

function addLamps(grid: Grid, document: WorldDocument, light: Float32Array): void {
  const distance = new Uint16Array(grid.width * grid.depth).fill(FAR);
  for (const lamp of document.lights) {
    const [red, green, blue] = linearOf(lamp.colour);
    const limit = (lamp.range / grid.cell) * STRAIGHT;
    const reached = grid.flood([grid.indexAt(lamp.position[0], lamp.position[2])], distance, limit);
    for (const at of reached) {
      const nearness = 1 - (distance[at] ?? 0) / limit;
      const strength = nearness > 0 ? lamp.intensity * nearness * nearness * 0.6 : 0;
      light[at * 3] = (light[at * 3] ?? 0) + red * strength;
      light[at * 3 + 1] = (light[at * 3 + 1] ?? 0) + green * strength;
      light[at * 3 + 2] = (light[at * 3 + 2] ?? 0) + blue * strength;
    }
    clearAround(grid, distance, reached);
  }
}

/** Ready the distance map for the next lamp: reached cells, and their neighbours that were only seen. */
function clearAround(grid: Grid, distance: Uint16Array, reached: readonly number[]): void {
  for (const at of reached) {
    distance[at] = FAR;
    for (const [dx, dz] of OFFSETS) {
      const next = at + dz * grid.width + dx;
      if (next >= 0 && next < distance.length) distance[next] = FAR;
    }
  }
}

/** Cells inside walls take what is around them, a little darker: that reads as the shade at a wall's foot. */
function softenWalls(grid: Grid, light: Float32Array, sky: Float32Array): void {
  for (let at = 0; at < sky.length; at++) {
    if (!grid.solid[at]) continue;
    const sum = [0, 0, 0, 0];
    let count = 0;
    for (const [dx, dz] of OFFSETS) {
      const next = at + dz * grid.width + dx;
      if (next < 0 || next >= sky.length || grid.solid[next]) continue;
      for (let channel = 0; channel < 3; channel++)
        sum[channel] = (sum[channel] ?? 0) + (light[next * 3 + channel] ?? 0);
      sum[3] = (sum[3] ?? 0) + (sky[next] ?? 0);
      count++;
    }
    if (count === 0) continue;
    for (let channel = 0; channel < 3; channel++) light[at * 3 + channel] = ((sum[channel] ?? 0) / count) * 0.8;
    sky[at] = ((sum[3] ?? 0) / count) * 0.8;
  }
}

function encode(light: Float32Array, sky: Float32Array): Uint8Array<ArrayBuffer> {
  const texels = new Uint8Array(sky.length * 4);
  for (let at = 0; at < sky.length; at++) {
    for (let channel = 0; channel < 3; channel++) {
      texels[at * 4 + channel] = Math.min(255, Math.sqrt((light[at * 3 + channel] ?? 0) / 4) * 255);
    }
    texels[at * 4 + 3] = (sky[at] ?? 0) * 255;
  }
  return texels;
}

function linearOf(colour: string): [number, number, number] {
  const hex = Number.parseInt(colour.slice(1), 16);
  const channel = (byte: number): number => ((byte & 255) / 255) ** 2.2;
  return [channel(hex >> 16), channel(hex >> 8), channel(hex)];
}
