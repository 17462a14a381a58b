/**
 * What a hand reaches for: the thing nearest to it, or the one it points at.
 *
 * Pure.
 */
import type { Point } from "@presence-hub/client";

const TOUCH_M = 0.4;
const POINT_M = 2.6;
/** How far beside the ray a thing may lie, per metre of distance: a small cone. */
const CONE = 0.12;
const LEAST_M = 0.1;

export function reachedFor<T extends { readonly position: Point }>(
  things: Iterable<T>,
  hand: Point,
  ray: { readonly from: Point; readonly direction: Point } | null,
): T | null {
  let best: T | null = null;
  let least = Infinity;
  for (const thing of things) {
    const touch = distance(thing.position, hand);
    const cost = touch <= TOUCH_M ? touch : ray ? pointed(thing.position, ray.from, ray.direction) : Infinity;
    if (cost < least) {
      least = cost;
      best = thing;
    }
  }
  return best;
}

/** Things in the hand's touch come before all that it points at. */
function pointed(at: Point, from: Point, direction: Point): number {
  const offset: Point = [at[0] - from[0], at[1] - from[1], at[2] - from[2]];
  const ahead = offset[0] * direction[0] + offset[1] * direction[1] + offset[2] * direction[2];
  if (ahead <= 0 || ahead > POINT_M) return Infinity;
  const aside = Math.sqrt(Math.max(0, offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2 - ahead ** 2));
  return aside <= LEAST_M + CONE * ahead ? TOUCH_M + ahead + aside : Infinity;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
