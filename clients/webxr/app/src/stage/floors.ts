/** Where a ray meets the floors of a world. Pure. */

import type { Floor, WorldDocument } from "@presence-hub/client";

type Triple = readonly [number, number, number];

/** The nearest point, in front of `origin`, where the ray comes down on a floor; null where it meets none. In a world without floors
 * the lowest level of its bounds is one. */
export function meetFloor(
  document: WorldDocument,
  origin: Triple,
  direction: Triple,
  reachM: number,
): [number, number, number] | null {
  const { min, max } = document.bounds;
  const floors: readonly Pick<Floor, "min" | "max" | "height" | "slope">[] =
    document.floors.length > 0
      ? document.floors
      : [{ min: [min[0], min[2]], max: [max[0], max[2]], height: min[1], slope: null }];
  let nearest = reachM;
  let isMet = false;
  for (const floor of floors) {
    const distance = distanceTo(floor, origin, direction);
    if (distance === null || distance > nearest) continue;
    nearest = distance;
    isMet = true;
  }
  if (!isMet) return null;
  return [origin[0] + direction[0] * nearest, origin[1] + direction[1] * nearest, origin[2] + direction[2] * nearest];
}

/** Along the ray to the floor's plane `y = height + slope · way`, if it is met from above within the floor's rectangle. */
function distanceTo(
  floor: Pick<Floor, "min" | "max" | "height" | "slope">,
  origin: Triple,
  direction: Triple,
): number | null {
  const axis = floor.slope?.axis === "z" ? 1 : 0;
  const rise = floor.slope ? (floor.slope.to - floor.height) / (floor.max[axis] - floor.min[axis]) : 0;
  const alongOrigin = axis === 0 ? origin[0] : origin[2];
  const alongDirection = axis === 0 ? direction[0] : direction[2];
  const closing = direction[1] - rise * alongDirection;
  if (closing >= -1e-9) return null;
  const above = origin[1] - floor.height - rise * (alongOrigin - floor.min[axis]);
  const distance = -above / closing;
  if (distance < 0) return null;
  const x = origin[0] + direction[0] * distance;
  const z = origin[2] + direction[2] * distance;
  const isInside = x >= floor.min[0] && x <= floor.max[0] && z >= floor.min[1] && z <= floor.max[1];
  return isInside ? distance : null;
}
