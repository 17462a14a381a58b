/**
 * Sitting down and getting up: which seats are free, and where one stands up to.
 *
 * Pure. The wire knows no sitting: who stands exactly where a seat is sits on it; so does everybody's client see it.
 */
import type { Mm3, Seat } from "@presence-hub/client";
import { type Ground, stepTo } from "./path";
import type { Point } from "@presence-hub/client";
import { toMetres } from "./terrain";

/** Closer to a seat than this is on it. */
const ON_SEAT_M = 0.3;
const DISTANCES_MM = [700, 500, 900, 1200];
const TURNS = [0, 1, -1, 2, -2, 3, -3, 4].map((eighths) => (eighths * Math.PI) / 4);

export function isTaken(seat: Seat, people: Iterable<{ readonly position: Point }>): boolean {
  const [x, y, z] = toMetres(seat.positionMm);
  for (const { position: at } of people) {
    if (Math.hypot(at[0] - x, at[2] - z) < ON_SEAT_M && Math.abs(at[1] - y) < 1) return true;
  }
  return false;
}

/** A place to stand beside a seat, before it first. */
export function placeBeside(ground: Ground, seat: Seat): Mm3 | null {
  return placeNear(ground, seat.positionMm, seat.yawRadians);
}

/**
 * A place to stand near another on the same floor, along `yaw` first: one that is walked to from there, or where furniture
 * shuts it in, anyone free.
 */
export function placeNear(ground: Ground, at: Mm3, yaw: number): Mm3 | null {
  const places = around(at, yaw);
  for (const [x, z] of places) {
    const place = stepTo(ground, at, x, z);
    if (place) return place;
  }
  for (const [x, z] of places) {
    const floor = ground.floorUnder(x, z, at[1]);
    if (floor !== null && !ground.blocked([x, floor, z], [x, floor, z])) return [x, floor, z];
  }
  return null;
}

function around([x, , z]: Mm3, yaw: number): (readonly [number, number])[] {
  return DISTANCES_MM.flatMap((distance) =>
    TURNS.map((turn) => {
      const direction = yaw + turn;
      return [Math.round(x - Math.sin(direction) * distance), Math.round(z - Math.cos(direction) * distance)] as const;
    }),
  );
}
