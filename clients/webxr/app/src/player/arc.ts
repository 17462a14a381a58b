/**
 * The arc of a teleport: a thrown point that lands on a floor.
 *
 * Pure. Says where it lands and whether one may go there; drawing and jumping are others' work.
 */
import type { Point } from "@presence-hub/client";

const SPEED_M_S = 7.5;
const GRAVITY_M_S2 = 9.8;
const STEP_S = 1 / 22;
const MOST_STEPS = 46;
/** The server's reach of a teleport (SPEC 8.5), with a hand's breadth to spare for the way its rounding goes. */
export const REACH_M = 14.9;

export interface ArcWorld {
  /** Height of the highest floor at or under a point, metres; null where there is none. */
  floorBelow(x: number, y: number, z: number): number | null;
  /** Whether something solid cuts the straight line between two points. */
  cuts(from: Point, to: Point): boolean;
  /** Whether a person may stand there. */
  isFree(place: Point): boolean;
}

export interface Arc {
  /** Points along the arc, from the hand to where it ends. */
  readonly points: readonly Point[];
  /** Where it meets the floor; null where a wall stops it or it falls out of the world. */
  readonly landing: Point | null;
  /** Whether one may go to the landing. */
  readonly isAllowed: boolean;
}

/** Throw a point from `from` along `direction` (of length 1); `feet` is where one stands. */
export function throwArc(world: ArcWorld, from: Point, direction: Point, feet: Point): Arc {
  const points: Point[] = [from];
  let at = from;
  let vy = direction[1] * SPEED_M_S;
  for (let step = 0; step < MOST_STEPS; step++) {
    const next: Point = [
      at[0] + direction[0] * SPEED_M_S * STEP_S,
      at[1] + vy * STEP_S,
      at[2] + direction[2] * SPEED_M_S * STEP_S,
    ];
    vy -= GRAVITY_M_S2 * STEP_S;
    const floor = next[1] < at[1] ? world.floorBelow(next[0], at[1], next[2]) : null;
    if (floor !== null && floor >= next[1]) {
      const part = (at[1] - floor) / (at[1] - next[1]);
      const landing: Point = [at[0] + (next[0] - at[0]) * part, floor, at[2] + (next[2] - at[2]) * part];
      if (world.cuts(at, [landing[0], landing[1] + 0.02, landing[2]]))
        return { points, landing: null, isAllowed: false };
      points.push(landing);
      const isNear = Math.hypot(landing[0] - feet[0], landing[1] - feet[1], landing[2] - feet[2]) <= REACH_M;
      return { points, landing, isAllowed: isNear && world.isFree(landing) };
    }
    if (world.cuts(at, next)) break;
    points.push(next);
    at = next;
  }
  return { points, landing: null, isAllowed: false };
}
