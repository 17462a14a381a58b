/**
 * The world in metres, as the player's own questions need it: floors, sight lines, free places, where a thing comes to rest.
 *
 * Pure. Whether a body may go somewhere is always asked of `WorldGeometry`, in whole millimetres, as the server does.
 */
import type { Mm3, WorldDocument, WorldGeometry } from "@presence-hub/client";
import type { ArcWorld } from "./arc";
import type { Point } from "@presence-hub/client";
import { Solids } from "./solids";

/** `floorUnder` looks this much above the feet: a stair. */
const STAIR_MM = 300;
const PICK_STEP_M = 0.2;
const PICK_REACH_M = 60;

export class Terrain implements ArcWorld {
  readonly geometry: WorldGeometry;
  readonly #solids: Solids;
  readonly #ground: number;
  readonly #hasFloors: boolean;

  constructor(geometry: WorldGeometry, document: WorldDocument) {
    this.geometry = geometry;
    this.#solids = new Solids(document);
    this.#ground = document.bounds.min[1];
    this.#hasFloors = document.floors.length > 0;
  }

  floorBelow(x: number, y: number, z: number): number | null {
    // Where a world lists no floors, people walk on the lowest height there is.
    if (!this.#hasFloors) return this.#ground <= y ? this.#ground : null;
    const floor = this.geometry.floorUnder(mm(x), mm(z), mm(y) - STAIR_MM);
    return floor === null ? null : floor / 1000;
  }

  firstHit(from: Point, to: Point): number {
    return this.#solids.firstHit(from, to);
  }

  cuts(from: Point, to: Point): boolean {
    return this.#solids.firstHit(from, to) < 1;
  }

  isFree(place: Point): boolean {
    const at = toMm(place);
    return !this.geometry.blocked(at, at) && this.geometry.isOnFloor(at);
  }

  /** Height of what a thing let go at a point comes to lie on. */
  restBelow(at: Point): number {
    return this.#solids.restBelow(at, this.floorBelow(...at) ?? this.#ground);
  }

  /** Where a line of sight meets the floor; null where something stands in front of it, or there is none. */
  pickFloor(from: Point, direction: Point): Point | null {
    for (let far = PICK_STEP_M; far <= PICK_REACH_M; far += PICK_STEP_M) {
      const before = along(from, direction, far - PICK_STEP_M);
      const at = along(from, direction, far);
      const floor = at[1] < before[1] ? this.floorBelow(at[0], before[1], at[2]) : null;
      if (floor !== null && floor >= at[1]) {
        const part = (before[1] - floor) / (before[1] - at[1]);
        const landing = along(from, direction, far - PICK_STEP_M * (1 - part));
        return this.cuts(before, [landing[0], floor + 0.01, landing[2]]) ? null : [landing[0], floor, landing[2]];
      }
      if (this.cuts(before, at)) return null;
    }
    return null;
  }
}

export function mm(metres: number): number {
  return Math.round(metres * 1000);
}

export function toMm([x, y, z]: Point): Mm3 {
  return [mm(x), mm(y), mm(z)];
}

export function toMetres([x, y, z]: Mm3): Point {
  return [x / 1000, y / 1000, z / 1000];
}

function along(from: Point, direction: Point, far: number): Point {
  return [from[0] + direction[0] * far, from[1] + direction[1] * far, from[2] + direction[2] * far];
}
