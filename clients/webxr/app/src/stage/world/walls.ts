/** Walls with thickness around the exact lines that stop people: skirtings, caps, door frames under lintels, glass with its frames.
 * A wall never reaches further than HALF_THICKNESS_M beside its line, so that what is seen agrees with what stops one. */

import type { Wall, WorldDocument } from "@presence-hub/client";
import { floorHeightAt } from "../light-field";
import { linear, PALETTE } from "../palette";
import type { Rgb } from "../mesher";
import type { Surface } from "../surfaces";
import { Kit } from "./kit";
import { clipped } from "./plants";
import type { Site } from "./site";

export const HALF_THICKNESS_M = 0.07;
/** How far a wall runs past a corner to close it: just short of the other wall's far face, so that no faces coincide. */
const CORNER_M = HALF_THICKNESS_M - 0.004;
const SKIRTING: Rgb = linear(PALETTE.bronze);
const FRAME: Rgb = linear(PALETTE.walnut);
const BRONZE: Rgb = linear(0x5d5246);
const BRASS: Rgb = linear(PALETTE.brass);
const SHADE_REACH_M = 0.55;
const MULLION_EVERY_M = 1.6;
const TRANSOM_EVERY_M = 2.5;

const SURFACE_OF: Readonly<Record<string, Surface>> = {
  plaster: "plaster",
  wood: "panel",
  stone: "stone",
  marble: "marble",
  concrete: "concrete",
  metal: "concrete",
  brick: "brick",
  tiles: "tiles",
  acoustic: "slats",
};

/** A wall in its own frame: along +X from 0 to `length`, thickness along Z. */
interface Run {
  readonly x: number;
  readonly z: number;
  readonly yaw: number;
  readonly length: number;
  readonly middleX: number;
  readonly middleZ: number;
  /** Where it stands, and whether that is a floor. */
  readonly base: number;
  readonly top: number;
  readonly isGrounded: boolean;
  readonly floor: number;
  readonly startsAtCorner: boolean;
  readonly endsAtCorner: boolean;
}

export function buildWalls(site: Site, document: WorldDocument): void {
  const joints = new Map<string, Wall[]>();
  for (const wall of document.walls) {
    for (const end of [wall.from, wall.to]) {
      const key = `${end[0]}:${end[1]}`;
      joints.set(key, [...(joints.get(key) ?? []), wall]);
    }
  }
  for (const wall of document.walls) {
    const run = layOut(wall, document, joints);
    buildWall(site, wall, run);
  }
}

function layOut(wall: Wall, document: WorldDocument, joints: ReadonlyMap<string, readonly Wall[]>): Run {
  const [x0, z0] = wall.from;
  const [x1, z1] = wall.to;
  const isCorner = (end: readonly [number, number]): boolean =>
    (joints.get(`${end[0]}:${end[1]}`) ?? []).some((other) => other !== wall && !isParallel(wall, other));
  const middleX = (x0 + x1) / 2;
  const middleZ = (z0 + z1) / 2;
  const floor = floorHeightAt(document, middleX, middleZ, wall.base);
  return {
    x: x0,
    z: z0,
    yaw: -Math.atan2(z1 - z0, x1 - x0),
    length: Math.hypot(x1 - x0, z1 - z0),
    middleX,
    middleZ,
    base: wall.base,
    top: wall.base + wall.height,
    isGrounded: Math.abs(wall.base - floor) < 0.31,
    floor,
    startsAtCorner: isCorner(wall.from),
    endsAtCorner: isCorner(wall.to),
  };
}

function isParallel(one: Wall, other: Wall): boolean {
  const ax = one.to[0] - one.from[0];
  const az = one.to[1] - one.from[1];
  const bx = other.to[0] - other.from[0];
  const bz = other.to[1] - other.from[1];
  return Math.abs(ax * bz - az * bx) < 1e-4 * Math.hypot(ax, az) * Math.hypot(bx, bz);
}

function buildWall(site: Site, wall: Wall, run: Run): void {
  if (wall.look === "none") return;
  const make = SPECIAL[wall.look];
  if (make) make(site, run);
  else {
    slab(site, run, SURFACE_OF[wall.look] ?? "plaster");
    if (!run.isGrounded && run.base > 1.6) doorFrame(site, run);
  }
  if (!run.isGrounded) return;
  const x1 = run.x + Math.cos(run.yaw) * run.length;
  const z1 = run.z - Math.sin(run.yaw) * run.length;
  const isLight = wall.look === "glass" || wall.look.includes("railing") || wall.look === "belt";
  site.shadeLine(run.x, run.z, x1, z1, run.base, SHADE_REACH_M * (isLight ? 0.5 : 1), isLight ? 0.22 : 0.42);
}

/** A box in a run's frame, `from`–`to` along it, `half` to both sides; texture coordinates run along the wall. */
function piece(
  site: Site,
  surface: Surface,
  run: Run,
  from: number,
  to: number,
  low: number,
  high: number,
  half: number,
  colour: Rgb = [1, 1, 1],
  shadeBelow = 1,
): void {
  if (to - from < 1e-3 || high - low < 1e-3) return;
  site
    .at(surface, run.middleX, run.middleZ)
    .place(run.x, 0, run.z, run.yaw)
    .box(from, low, -half, to, high, half, colour, "", shadeBelow);
}

function slab(site: Site, run: Run, surface: Surface): void {
  const from = run.startsAtCorner ? -CORNER_M : 0;
  const to = run.length + (run.endsAtCorner ? CORNER_M : 0);
  const height = run.top - run.base;
  const tone = (shade: number): Rgb => [shade, shade, shade];
  if (run.isGrounded && height > 1.2) {
    // Darker towards the floor and the ceiling, as light reaches corners less.
    const foot = run.base + 0.5;
    const head = run.top - 0.5;
    const mesher = site.at(surface, run.middleX, run.middleZ).place(run.x, 0, run.z, run.yaw);
    const half = HALF_THICKNESS_M;
    mesher.box(from, run.base, -half, to, foot, half, tone(0.98), "ud", 0.76);
    mesher.box(from, foot, -half, to, head, half, tone(1), "ud", 0.98);
    mesher.box(from, head, -half, to, run.top, half, tone(0.86), "d", 1 / 0.86);
    if (surface !== "brick" && surface !== "tiles") {
      piece(site, "paint", run, from - 0.004, to + 0.004, run.base, run.base + 0.1, half + 0.014, SKIRTING);
    }
    if (height < 3) piece(site, "stone", run, from - 0.01, to + 0.01, run.top, run.top + 0.05, half + 0.025);
  } else {
    piece(site, surface, run, from, to, run.base, run.top, HALF_THICKNESS_M, [1, 1, 1], run.isGrounded ? 0.8 : 0.9);
  }
}

/** Under a lintel is a door: its frame stands at both ends, from the floor below. */
function doorFrame(site: Site, run: Run): void {
  const half = HALF_THICKNESS_M + 0.03;
  const low = run.floor;
  if (run.length > 6 || run.base - low > 4) return;
  piece(site, "walnut", run, -0.03, 0.045, low, run.base + 0.06, half);
  piece(site, "walnut", run, run.length - 0.045, run.length + 0.03, low, run.base + 0.06, half);
  piece(site, "walnut", run, 0.045, run.length - 0.045, run.base - 0.03, run.base + 0.06, half);
}

function glazing(site: Site, run: Run): void {
  const height = run.top - run.base;
  const pane = site.at("glass", run.middleX, run.middleZ).place(run.x, 0, run.z, run.yaw);
  pane.quad(
    [0, run.base, 0],
    [run.length, run.base, 0],
    [run.length, run.top, 0],
    [0, run.top, 0],
    [0, run.base, run.length, run.base, run.length, run.top, 0, run.top],
  );
  const half = height > 4 ? 0.065 : 0.045;
  const width = height > 4 ? 0.05 : 0.035;
  const colour = BRONZE;
  piece(site, "paint", run, 0, run.length, run.base, run.base + (run.isGrounded ? 0.12 : 0.05), half, colour);
  piece(site, "paint", run, 0, run.length, run.top - 0.07, run.top, half, colour);
  const bays = Math.max(1, Math.round(run.length / MULLION_EVERY_M));
  for (let bay = 0; bay <= bays; bay++) {
    const at = Math.min(run.length - width / 2, Math.max(width / 2, (run.length * bay) / bays));
    piece(site, "paint", run, at - width / 2, at + width / 2, run.base, run.top, half * 0.9, colour);
  }
  for (let level = run.base + TRANSOM_EVERY_M; level < run.top - 0.8; level += TRANSOM_EVERY_M) {
    piece(site, "paint", run, 0, run.length, level - 0.025, level + 0.025, half * 0.8, colour);
  }
  if (run.isGrounded && height > 1.6) {
    // A frosted band at eye height, so that nobody walks into the pane.
    piece(site, "frosted", run, 0.03, run.length - 0.03, run.base + 1.42, run.base + 1.5, 0.004);
  }
}

function glassRailing(site: Site, run: Run): void {
  const pane = site.at("glass", run.middleX, run.middleZ).place(run.x, 0, run.z, run.yaw);
  pane.quad(
    [0, run.base + 0.06, 0],
    [run.length, run.base + 0.06, 0],
    [run.length, run.top - 0.03, 0],
    [0, run.top - 0.03, 0],
    [0, 0, run.length, 0, run.length, 1, 0, 1],
  );
  piece(site, "metal", run, -0.02, run.length + 0.02, run.top - 0.035, run.top + 0.015, 0.03, BRASS);
  piece(site, "paint", run, 0, run.length, run.base, run.base + 0.08, 0.035, BRONZE);
  const bays = Math.max(1, Math.round(run.length / 1.5));
  for (let bay = 0; bay <= bays; bay++) {
    const at = Math.min(run.length - 0.02, Math.max(0.02, (run.length * bay) / bays));
    piece(site, "paint", run, at - 0.012, at + 0.012, run.base, run.top - 0.03, 0.02, BRONZE);
  }
}

function railing(site: Site, run: Run): void {
  piece(site, "panel", run, -0.02, run.length + 0.02, run.top - 0.05, run.top, 0.035);
  const height = run.top - run.base;
  for (const level of [0.18, 0.4, 0.62]) {
    const y = run.base + height * level;
    piece(site, "metal", run, 0, run.length, y, y + 0.016, 0.008, linear(PALETTE.steel));
  }
  const posts = Math.max(1, Math.round(run.length / 1.4));
  for (let post = 0; post <= posts; post++) {
    const at = Math.min(run.length - 0.02, Math.max(0.02, (run.length * post) / posts));
    piece(site, "paint", run, at - 0.02, at + 0.02, run.base, run.top - 0.04, 0.02, BRONZE);
  }
}

/** The band of a queue: posts with a webbing between them. */
function belt(site: Site, run: Run): void {
  const posts = Math.max(1, Math.round(run.length / 2));
  for (let post = 0; post <= posts; post++) {
    const at = (run.length * post) / posts;
    const mesher = site.at("metal", run.middleX, run.middleZ);
    const x = run.x + Math.cos(run.yaw) * at;
    const z = run.z - Math.sin(run.yaw) * at;
    mesher.place(x, run.base, z).loft(
      [
        [0, 0.15, 0.15],
        [0.02, 0.15, 0.15],
        [0.035, 0.03, 0.03],
        [0.9, 0.028, 0.028],
        [0.91, 0.036, 0.036],
        [0.98, 0.036, 0.036],
      ],
      10,
      linear(0x8c8f94),
    );
    site.shadeRectangle(x - 0.06, z - 0.06, x + 0.06, z + 0.06, run.base, 0.16, 0.4);
  }
  piece(site, "paint", run, 0.03, run.length - 0.03, run.base + 0.89, run.base + 0.95, 0.004, linear(PALETTE.navy));
}

/** Cloth in folds; the folds stay within the wall's thickness. */
function curtain(site: Site, run: Run): void {
  const mesher = site.at("fabric", run.middleX, run.middleZ).place(run.x, 0, run.z, run.yaw);
  const folds = Math.max(4, Math.round(run.length / 0.14));
  const low = run.base + 0.02;
  for (let fold = 0; fold < folds; fold++) {
    const a = (run.length * fold) / folds;
    const b = (run.length * (fold + 1)) / folds;
    const za = fold % 2 ? 0.05 : -0.05;
    const lit = linear(PALETTE.navy, fold % 2 ? 1.25 : 0.8);
    mesher.quad(
      [a, low, za],
      [b, low, -za],
      [b, run.top, -za],
      [a, run.top, za],
      [a, low, b, low, b, run.top, a, run.top],
      lit,
    );
    mesher.quad(
      [b, low, -za],
      [a, low, za],
      [a, run.top, za],
      [b, run.top, -za],
      [b, low, a, low, a, run.top, b, run.top],
      lit,
    );
  }
  piece(site, "metal", run, 0, run.length, run.top - 0.02, run.top + 0.02, 0.02, BRASS);
}

function doorLeaf(site: Site, run: Run): void {
  const leaves = run.length > 1.5 ? 2 : 1;
  for (let leaf = 0; leaf < leaves; leaf++) {
    const from = (run.length * leaf) / leaves + 0.012;
    const to = (run.length * (leaf + 1)) / leaves - 0.012;
    piece(site, "walnut", run, from, to, run.base + 0.01, run.top - 0.02, 0.03);
    const handle = leaf === 0 && leaves === 2 ? to - 0.09 : from + 0.09;
    piece(site, "metal", run, handle - 0.012, handle + 0.012, run.base + 0.85, run.base + 1.25, 0.06, BRASS);
    piece(site, "metal", run, from, to, run.base + 0.01, run.base + 0.2, 0.033, BRASS);
  }
  piece(site, "paint", run, -0.03, 0.03, run.base, run.top + 0.03, HALF_THICKNESS_M, FRAME);
  piece(site, "paint", run, run.length - 0.03, run.length + 0.03, run.base, run.top + 0.03, HALF_THICKNESS_M, FRAME);
}

/** A writing surface half a metre deep over a front, for rows of seats. */
function desk(site: Site, run: Run): void {
  slab(site, run, "walnut");
  piece(site, "panel", run, -0.02, run.length + 0.02, run.top - 0.04, run.top, 0.25);
  piece(site, "metal", run, -0.021, run.length + 0.021, run.top - 0.055, run.top - 0.04, 0.251, BRASS);
}

function hedge(site: Site, run: Run): void {
  piece(site, "leaf", run, 0, run.length, run.base, run.top - 0.06, 0.12, linear(PALETTE.leafDark), 0.6);
  const kit = new Kit(site, run.middleX, run.base, run.middleZ, run.yaw);
  // Leaves reach a little beyond where they are put.
  clipped(kit, run.length - 0.5, run.top - run.base - 0.1, 0.24);
}

const SPECIAL: Readonly<Record<string, (site: Site, run: Run) => void>> = {
  glass: glazing,
  "glass-railing": glassRailing,
  railing,
  belt,
  curtain,
  door: doorLeaf,
  desk,
  hedge,
};
