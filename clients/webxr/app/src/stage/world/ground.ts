/** Floors, ramps and ceilings, and the ground outside: what is underfoot and overhead. */

import type { Ceiling, Floor, WorldDocument } from "@presence-hub/client";
import { linear, PALETTE } from "../palette";
import type { Rgb } from "../mesher";
import type { Surface } from "../surfaces";
import type { Site } from "./site";

const FLOOR_SURFACES: Readonly<Record<string, Surface>> = {
  terrazzo: "terrazzo",
  marble: "marble",
  stone: "stone",
  carpet: "carpet",
  "carpet-dark": "carpetDark",
  wood: "parquet",
  tiles: "tiles",
  vinyl: "vinyl",
  concrete: "concrete",
  paving: "paving",
  asphalt: "asphalt",
  gravel: "gravel",
  grass: "grass",
  deck: "deck",
  water: "water",
};
const CEILING_SURFACES: Readonly<Record<string, Surface>> = {
  plaster: "plaster",
  acoustic: "acoustic",
  slats: "slats",
  coffers: "plaster",
  concrete: "concrete",
  metal: "concrete",
};
/** Floors that overlap would flicker; a later one lies a hair higher. */
const LAYER_M = 0.0015;
const SLAB_M = 0.28;
/** A floor of kilometres is cut more coarsely. */
const MOST_CUTS = 8;
const SURROUNDINGS_M = 480;
const WHITE: Rgb = [1, 1, 1];

export function buildGround(site: Site, document: WorldDocument): void {
  const { min, max } = document.bounds;
  if (document.floors.length === 0) flat(site, "paving", min[0], min[2], max[0], max[2], min[1]);
  document.floors.forEach((floor, index) => {
    buildFloor(site, floor, index * LAYER_M);
  });
  surroundings(site, document);
  for (const ceiling of document.ceilings) buildCeiling(site, ceiling);
}

function flat(site: Site, surface: Surface, x0: number, z0: number, x1: number, z1: number, y: number): void {
  // Cut along the parts of the site, so that large floors can be skipped where they are out of view.
  const step = Math.max(site.partM, Math.max(x1 - x0, z1 - z0) / MOST_CUTS);
  const rows = spans(z0, z1, step);
  for (const [left, right] of spans(x0, x1, step)) {
    for (const [far, near] of rows) {
      site
        .at(surface, (left + right) / 2, (far + near) / 2)
        .quad(
          [left, y, near],
          [right, y, near],
          [right, y, far],
          [left, y, far],
          [left, near, right, near, right, far, left, far],
          WHITE,
        );
    }
  }
}

/** The way from one place to another, cut halfway between multiples of `step`: where the parts of a site end. */
function spans(from: number, to: number, step: number): [number, number][] {
  const found: [number, number][] = [];
  let start = from;
  for (let edge = (Math.floor(from / step) + 0.5) * step; edge < to; edge += step) {
    if (edge <= start) continue;
    found.push([start, edge]);
    start = edge;
  }
  found.push([start, to]);
  return found;
}

function buildFloor(site: Site, floor: Floor, lift: number): void {
  const surface = FLOOR_SURFACES[floor.look] ?? "concrete";
  const [x0, z0] = floor.min;
  const [x1, z1] = floor.max;
  if (!floor.slope) {
    flat(site, surface, x0, z0, x1, z1, floor.height + lift);
    if (floor.height > 0.05) edges(site, floor, () => floor.height);
    return;
  }
  const { axis, to } = floor.slope;
  const heightAt = (x: number, z: number): number => {
    const t = axis === "x" ? (x - x0) / (x1 - x0) : (z - z0) / (z1 - z0);
    return floor.height + (to - floor.height) * t;
  };
  site
    .at(surface, (x0 + x1) / 2, (z0 + z1) / 2)
    .quad(
      [x0, heightAt(x0, z1) + lift, z1],
      [x1, heightAt(x1, z1) + lift, z1],
      [x1, heightAt(x1, z0) + lift, z0],
      [x0, heightAt(x0, z0) + lift, z0],
      [x0, z1, x1, z1, x1, z0, x0, z0],
    );
  edges(site, floor, heightAt);
}

/** The sides of a raised floor, down to the ground, and a brass nosing along its rim. */
function edges(site: Site, floor: Floor, heightAt: (x: number, z: number) => number): void {
  const [x0, z0] = floor.min;
  const [x1, z1] = floor.max;
  const corners = [
    [x0, z1],
    [x1, z1],
    [x1, z0],
    [x0, z0],
  ] as const;
  const mesher = site.at("paint", (x0 + x1) / 2, (z0 + z1) / 2);
  const drop = Math.min(0.5, Math.max(0.16, floor.height));
  const face = linear(PALETTE.stone, 0.8);
  corners.forEach(([ax, az], index) => {
    const [bx, bz] = corners[(index + 1) % 4] ?? [0, 0];
    const ay = heightAt(ax, az);
    const by = heightAt(bx, bz);
    if (ay < 0.02 && by < 0.02) return;
    mesher.quad(
      [ax, Math.max(0, ay - drop), az],
      [bx, Math.max(0, by - drop), bz],
      [bx, by, bz],
      [ax, ay, az],
      [],
      face,
    );
  });
}

/** The land around a world, out to the haze, a little below its floors. */
function surroundings(site: Site, document: WorldDocument): void {
  const { min, max } = document.bounds;
  const low = document.floors.reduce(
    (lowest, floor) => Math.min(lowest, floor.height, floor.slope?.to ?? floor.height),
    min[1],
  );
  const y = Math.min(low, min[1] + 0.001) - 0.06;
  const [x0, z0, x1, z1] = [
    min[0] - SURROUNDINGS_M,
    min[2] - SURROUNDINGS_M,
    max[0] + SURROUNDINGS_M,
    max[2] + SURROUNDINGS_M,
  ];
  site
    .at("grass", 1e6, 1e6)
    .quad([x0, y, z1], [x1, y, z1], [x1, y, z0], [x0, y, z0], [x0, z1, x1, z1, x1, z0, x0, z0], linear(0xd9d8c6));
}

function buildCeiling(site: Site, ceiling: Ceiling): void {
  if (ceiling.look === "glass-roof") {
    glassRoof(site, ceiling);
    return;
  }
  const [x0, z0] = ceiling.min;
  const [x1, z1] = ceiling.max;
  const y = ceiling.height;
  const middleX = (x0 + x1) / 2;
  const middleZ = (z0 + z1) / 2;
  const under = site.at(CEILING_SURFACES[ceiling.look] ?? "plaster", middleX, middleZ);
  under.quad([x0, y, z0], [x1, y, z0], [x1, y, z1], [x0, y, z1], [x0, z0, x1, z0, x1, z1, x0, z1], [0.97, 0.97, 0.97]);
  const roof = site.at("concrete", middleX, middleZ);
  roof.box(x0 - 0.1, y + 0.01, z0 - 0.1, x1 + 0.1, y + SLAB_M, z1 + 0.1, [0.95, 0.95, 0.95], "d");
  if (ceiling.look === "coffers") coffers(site, ceiling);
}

function coffers(site: Site, ceiling: Ceiling): void {
  const [x0, z0] = ceiling.min;
  const [x1, z1] = ceiling.max;
  const mesher = site.at("panel", (x0 + x1) / 2, (z0 + z1) / 2);
  const depth = 0.32;
  const low = ceiling.height - depth;
  for (const [from, to, isX] of [
    [x0, x1, true],
    [z0, z1, false],
  ] as const) {
    const bays = Math.max(1, Math.round((to - from) / 2.4));
    for (let bay = 0; bay <= bays; bay++) {
      const at = from + ((to - from) * bay) / bays;
      const [a, b] = [Math.max(from, at - 0.08), Math.min(to, at + 0.08)];
      const lift = isX ? 0 : 0.003;
      if (isX) mesher.box(a, low, z0, b, ceiling.height, z1, [0.95, 0.95, 0.95], "u", 0.8);
      else mesher.box(x0, low + lift, a, x1, ceiling.height, b, [0.95, 0.95, 0.95], "u", 0.8);
    }
  }
}

/** Panes between slender beams; every fourth beam is a deep one. */
function glassRoof(site: Site, ceiling: Ceiling): void {
  const [x0, z0] = ceiling.min;
  const [x1, z1] = ceiling.max;
  const y = ceiling.height;
  site
    .at("glass", (x0 + x1) / 2, (z0 + z1) / 2)
    .quad([x0, y, z0], [x1, y, z0], [x1, y, z1], [x0, y, z1], [x0, z0, x1, z0, x1, z1, x0, z1]);
  const steel = site.at("paint", (x0 + x1) / 2, (z0 + z1) / 2);
  const colour = linear(0xe9e4d9);
  const isWide = x1 - x0 > z1 - z0;
  const [from, to] = isWide ? [x0, x1] : [z0, z1];
  const bays = Math.max(2, Math.round((to - from) / 1.6));
  for (let bay = 0; bay <= bays; bay++) {
    const at = from + ((to - from) * bay) / bays;
    const isDeep = bay % 4 === 0;
    const half = isDeep ? 0.09 : 0.03;
    const low = y - (isDeep ? 0.55 : 0.12);
    if (isWide) steel.box(at - half, low, z0, at + half, y + 0.05, z1, colour, "", 0.85);
    else steel.box(x0, low, at - half, x1, y + 0.05, at + half, colour, "", 0.85);
  }
  const [across0, across1] = isWide ? [z0, z1] : [x0, x1];
  const rows = Math.max(1, Math.round((across1 - across0) / 3.2));
  for (let row = 0; row <= rows; row++) {
    const at = across0 + ((across1 - across0) * row) / rows;
    if (isWide) steel.box(x0, y - 0.1, at - 0.03, x1, y + 0.04, at + 0.03, colour);
    else steel.box(at - 0.03, y - 0.1, z0, at + 0.03, y + 0.04, z1, colour);
  }
}
