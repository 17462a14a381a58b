/**
 * What the action key means now: of everything at hand, the nearest meaningful thing one looks at.
 *
 * Pure.
 */
import type { Point, Portal } from "@presence-hub/client";
import type { Prompt } from "./contract";

/** How far one bends for a thing, and how far one speaks to somebody. The server's reach for objects is 3 m. */
const TAKE_M = 2.2;
const SIT_M = 1.6;
const PERSON_M = 3;
/** Things further aside than this from the gaze are not meant (cosine). */
const ASIDE = 0.35;
/** While seated only what one looks straight at is meant; otherwise one stands up. */
const STRAIGHT = 0.93;

export interface Surroundings {
  readonly feet: Point;
  readonly yaw: number;
  readonly portal: Portal | null;
  readonly carried: { readonly entity: number; readonly prop: string } | null;
  readonly isSeated: boolean;
  readonly things: Iterable<{ readonly entity: number; readonly prop: string; readonly position: Point }>;
  readonly seats: Iterable<{ readonly seat: number; readonly position: Point }>;
  readonly people: Iterable<{ readonly entity: number; readonly position: Point }>;
}

export function choosePrompt(around: Surroundings): Prompt | null {
  if (around.portal) return { kind: "portal", portal: around.portal };
  if (around.carried) return { kind: "put_down", ...around.carried };
  const thing = nearest(around, around.things, TAKE_M, around.isSeated ? STRAIGHT : ASIDE);
  if (thing) return { kind: "take", entity: thing.entity, prop: thing.prop };
  if (around.isSeated) return { kind: "stand" };
  const seat = nearest(around, around.seats, SIT_M, ASIDE);
  if (seat) return { kind: "sit", seat: seat.seat };
  const person = nearest(around, around.people, PERSON_M, ASIDE);
  return person ? { kind: "person", entity: person.entity } : null;
}

/** Whether two prompts are the same, so that the interface is told only of changes. */
export function samePrompt(a: Prompt | null, b: Prompt | null): boolean {
  if (a === b) return true;
  if (a?.kind !== b?.kind || !a || !b) return false;
  switch (a.kind) {
    case "stand":
      return true;
    case "sit":
      return b.kind === "sit" && a.seat === b.seat;
    case "portal":
      return b.kind === "portal" && a.portal === b.portal;
    case "take":
    case "put_down":
    case "person":
      return "entity" in b && a.entity === b.entity;
  }
}

function nearest<T extends { readonly position: Point }>(
  around: Surroundings,
  candidates: Iterable<T>,
  reachM: number,
  aside: number,
): T | null {
  const gazeX = -Math.sin(around.yaw);
  const gazeZ = -Math.cos(around.yaw);
  let best: T | null = null;
  let least = Infinity;
  for (const candidate of candidates) {
    const dx = candidate.position[0] - around.feet[0];
    const dz = candidate.position[2] - around.feet[2];
    const away = Math.hypot(dx, dz);
    const height = candidate.position[1] - around.feet[1];
    if (away > reachM || height < -0.6 || height > 2.2) continue;
    // What lies at one's feet is meant whichever way one looks.
    const cosine = away < 0.45 ? 1 : (dx * gazeX + dz * gazeZ) / away;
    if (cosine < aside) continue;
    const cost = away * (1.6 - cosine);
    if (cost < least) {
      least = cost;
      best = candidate;
    }
  }
  return best;
}
