// Where a body may go, what carries it, and which zone and portal it stands in: the server's rules (docs/worlds.md), to
// the millimetre. Made once from a world document, never changes, and knows nothing of who is there. The same cases run
// here and on the server (tests/presence/world_cases.json).

import type { Box, Floor, Point, Portal, SeatRow, WorldDocument, Zone } from "./document.js";
import { STEP_HEIGHT_MM, Walls } from "./walls.js";
import type { SeatLook } from "./words.js";

/** x (east), y (up), z (south) in whole millimetres. */
export type Mm3 = readonly [number, number, number];

/** One seat: where the feet of who sits there are, and where they look. */
export interface Seat {
  readonly index: number;
  readonly positionMm: Mm3;
  readonly yawRadians: number;
  readonly look: SeatLook;
}

/** A floor in millimetres: its height at p on its axis is `start + floor(rise * (p - from) / run)`. */
interface Ground {
  readonly low: Mm3;
  readonly high: Mm3;
  readonly axis: 0 | 2;
  readonly start: number;
  readonly rise: number;
  readonly run: number;
}

/** The exact rules of one world. */
export class WorldGeometry {
  readonly seats: readonly Seat[];
  private readonly bounds: Volume<null>;
  private readonly walls: Walls;
  private readonly grounds: readonly Ground[];
  private readonly zones: readonly Volume<Zone>[];
  private readonly portals: readonly Volume<Portal>[];

  constructor(document: WorldDocument) {
    this.bounds = volume(document.bounds, null);
    this.walls = new Walls(wallRows(document), this.bounds.low, this.bounds.high);
    this.grounds = document.floors.map(ground);
    this.zones = document.zones.map((zone) => volume(zone, zone));
    this.portals = document.portals.map((portal) => volume(portal, portal));
    this.seats = document.seats.flatMap(seatsOf).map((seat, index) => ({ index, ...seat }));
  }

  /** Whether a place lies inside the bounds, faces included. */
  inBounds(place: Mm3): boolean {
    return holds(this.bounds, place);
  }

  /** Whether the server would stop a walker from start to end: by a wall, or by the bounds. */
  blocked(start: Mm3, end: Mm3): boolean {
    return !this.inBounds(start) || !this.inBounds(end) || this.walls.stop(start, end);
  }

  /**
   * The height of the highest floor that is at most 300 mm above the feet, or null where there is none. In a world
   * without floors, the feet's own height.
   */
  floorUnder(xMm: number, zMm: number, feetMm: number): number | null {
    if (this.grounds.length === 0) return feetMm;
    let best: number | null = null;
    for (const floor of this.grounds) {
      const height = heightAt(floor, xMm, zMm);
      if (height !== null && height <= feetMm + STEP_HEIGHT_MM && (best === null || height > best)) best = height;
    }
    return best;
  }

  /** Whether feet at this place are carried by a floor; always where the world lists none. */
  isOnFloor(place: Mm3): boolean {
    if (this.grounds.length === 0) return true;
    return this.grounds.some((floor) => {
      const height = heightAt(floor, place[0], place[2]);
      return height !== null && Math.abs(place[1] - height) <= STEP_HEIGHT_MM;
    });
  }

  /** The first listed zone that holds a place. */
  zoneAt(place: Mm3): Zone | null {
    return this.zones.find((zone) => holds(zone, place))?.of ?? null;
  }

  /** The first listed portal that holds a place. */
  portalAt(place: Mm3): Portal | null {
    return this.portals.find((portal) => holds(portal, place))?.of ?? null;
  }
}

interface Volume<Of> {
  readonly low: Mm3;
  readonly high: Mm3;
  readonly of: Of;
}

function volume<Of>(box: Box, of: Of): Volume<Of> {
  return { low: millimetres(box.min), high: millimetres(box.max), of };
}

function holds({ low, high }: Volume<unknown>, [x, y, z]: Mm3): boolean {
  return x >= low[0] && x <= high[0] && y >= low[1] && y <= high[1] && z >= low[2] && z <= high[2];
}

/** Six numbers for each wall, then for each side of each box: min z, max x, max z, min x. */
function wallRows(document: WorldDocument): number[] {
  const rows: number[] = [];
  for (const { from, to, base, height } of document.walls) {
    const bottom = millimetre(base);
    const ends = [from[0], from[1], to[0], to[1]].map(millimetre);
    rows.push(...ends, bottom, bottom + millimetre(height));
  }
  for (const box of document.boxes) {
    const [x0, y0, z0] = millimetres(box.min);
    const [x1, y1, z1] = millimetres(box.max);
    rows.push(x0, z0, x1, z0, y0, y1, x1, z0, x1, z1, y0, y1, x1, z1, x0, z1, y0, y1, x0, z1, x0, z0, y0, y1);
  }
  return rows;
}

function ground({ min, max, height, slope }: Floor): Ground {
  const low = millimetres([min[0], height, min[1]]);
  const high = millimetres([max[0], slope?.to ?? height, max[1]]);
  const axis = slope?.axis === "z" ? 2 : 0;
  return { low, high, axis, start: low[1], rise: high[1] - low[1], run: high[axis] - low[axis] };
}

function heightAt(floor: Ground, x: number, z: number): number | null {
  const { low, high, axis } = floor;
  if (x < low[0] || x > high[0] || z < low[2] || z > high[2]) return null;
  const along = (axis === 0 ? x : z) - low[axis];
  return floor.start + Math.floor((floor.rise * along) / floor.run);
}

function seatsOf({ from, to, count, yaw, look }: SeatRow): Omit<Seat, "index">[] {
  const start = millimetres(from);
  const end = millimetres(to);
  const gaps = Math.max(1, count - 1);
  const at = (axis: 0 | 1 | 2, i: number) => start[axis] + Math.floor(((end[axis] - start[axis]) * i) / gaps);
  return Array.from({ length: count }, (_, i) => ({
    positionMm: [at(0, i), at(1, i), at(2, i)],
    yawRadians: (yaw * Math.PI) / 180,
    look,
  }));
}

function millimetres([x, y, z]: Point): Mm3 {
  return [millimetre(x), millimetre(y), millimetre(z)];
}

function millimetre(metres: number): number {
  return Math.round(metres * 1000) + 0; // + 0: no negative zero
}
