/** What the solid boxes of a world look like. Each piece fills its box and never leaves it by more than a finger's breadth, since
 * the box is what stops people. */

import type { Furniture, WorldDocument } from "@presence-hub/client";
import { floorHeightAt } from "../light-field";
import { hashUnit, linear, PALETTE } from "../palette";
import { clipped, foliageBall } from "./plants";
import { Kit } from "./kit";
import type { Site } from "./site";

/** A box seen from its own middle: half sizes, so that pieces are drawn around the axis. */
interface Space {
  readonly kit: Kit;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

type Maker = (space: Space) => void;

/** Pieces that are seen, and missed, from far away. */
const LANDMARKS: ReadonlySet<string> = new Set([
  "column",
  "planter",
  "pool",
  "hedge",
  "podium",
  "counter",
  "booth",
  "vehicle",
  "stone",
]);

export function buildFurniture(site: Site, document: WorldDocument): void {
  for (const box of document.boxes) {
    if (box.look === "none") continue;
    const space = spaceOf(site, box);
    site.isSmall = !LANDMARKS.has(box.look);
    (MAKERS[box.look] ?? plain)(space);
    site.isSmall = false;
    const floor = floorHeightAt(document, space.kit.x, space.kit.z, box.min[1]);
    if (box.min[1] - floor < 0.1) {
      site.shadeRectangle(box.min[0] + 0.02, box.min[2] + 0.02, box.max[0] - 0.02, box.max[2] - 0.02, floor, 0.35, 0.5);
    }
  }
}

function spaceOf(site: Site, box: Furniture): Space {
  const [x0, y0, z0] = box.min;
  const [x1, y1, z1] = box.max;
  return {
    kit: new Kit(site, (x0 + x1) / 2, y0, (z0 + z1) / 2, 0),
    width: x1 - x0,
    height: y1 - y0,
    depth: z1 - z0,
  };
}

const plain: Maker = ({ kit, width, height, depth }) => {
  kit.block("panel", width, height, depth);
};

function solid(surface: "stone" | "marble" | "concrete" | "plaster" | "panel" | "brick"): Maker {
  return ({ kit, width, height, depth }) => {
    kit.block(surface, width, height, depth, 0, 0, 0, undefined, 0.8);
  };
}

/** A top on two side panels, with a modesty panel: which way it faces does not matter, people sit on both sides of some. */
const desk: Maker = ({ kit, width, height, depth }) => {
  kit.block("panel", width, 0.035, depth, 0, height - 0.035);
  kit.block("paint", width - 0.02, 0.012, depth - 0.02, 0, height - 0.047, 0, PALETTE.bronze);
  const isLong = width >= depth;
  for (const side of [-1, 1]) {
    const offset = ((isLong ? width : depth) / 2 - 0.05) * side;
    if (isLong) legFrame(kit, offset, 0, 0.05, depth * 0.86, height);
    else legFrame(kit, 0, offset, width * 0.86, 0.05, height);
  }
  if (isLong) kit.block("paint", width - 0.14, height * 0.42, 0.018, 0, height * 0.5, 0, PALETTE.linen);
  else kit.block("paint", 0.018, height * 0.42, depth - 0.14, 0, height * 0.5, 0, PALETTE.linen);
};

function legFrame(kit: Kit, x: number, z: number, width: number, depth: number, height: number): void {
  kit.block("paint", width, 0.03, depth, x, 0, z, PALETTE.bronze);
  const isAcross = depth > width;
  for (const side of [-1, 1]) {
    const [dx, dz] = isAcross ? [0, (side * (depth - 0.05)) / 2] : [(side * (width - 0.05)) / 2, 0];
    kit.block("paint", 0.045, height - 0.045, 0.045, x + dx, 0, z + dz, PALETTE.bronze);
  }
}

const table: Maker = ({ kit, width, height, depth }) => {
  const isRound = Math.abs(width - depth) < 0.05 && width < 2.2;
  if (isRound) {
    kit.turned(
      "panel",
      [
        [height - 0.035, width / 2],
        [height, width / 2],
      ],
      28,
    );
    kit.turned(
      "metal",
      [
        [0, width * 0.28],
        [0.02, width * 0.28],
        [0.04, 0.05],
        [height - 0.035, 0.05],
      ],
      16,
      PALETTE.brass,
    );
    return;
  }
  kit.block("walnut", width, 0.045, depth, 0, height - 0.045);
  kit.block("metal", width - 0.06, 0.014, depth - 0.06, 0, height - 0.059, 0, PALETTE.brass);
  const isLong = width >= depth;
  const length = isLong ? width : depth;
  const feet = Math.max(2, Math.round(length / 2.4) + 1);
  for (let foot = 0; foot < feet; foot++) {
    const at = (foot / (feet - 1) - 0.5) * (length - Math.min(1, length * 0.3));
    if (isLong) kit.block("walnut", 0.09, height - 0.06, depth * 0.5, at, 0, 0, undefined, 0.7);
    else kit.block("walnut", width * 0.5, height - 0.06, 0.09, 0, 0, at, undefined, 0.7);
  }
};

const counter: Maker = ({ kit, width, height, depth }) => {
  kit.block("paint", width - 0.08, 0.1, depth - 0.08, 0, 0, 0, PALETTE.bronze);
  kit.block("slats", width - 0.03, height - 0.16, depth - 0.03, 0, 0.1, 0, undefined, 0.8);
  kit.block("metal", width - 0.02, 0.015, depth - 0.02, 0, height - 0.06, 0, PALETTE.brass);
  kit.block("marble", width, 0.045, depth, 0, height - 0.045);
};

const podium: Maker = ({ kit, width, height, depth }) => {
  kit.block("walnut", width - 0.02, height - 0.03, depth - 0.02, 0, 0, 0, undefined, 0.75);
  kit.block("carpet", width, 0.03, depth, 0, height - 0.03);
  kit.block("metal", width + 0.008, 0.02, depth + 0.008, 0, height - 0.05, 0, PALETTE.brass);
};

const bench: Maker = ({ kit, width, height, depth }) => {
  const isLong = width >= depth;
  const slats = Math.max(3, Math.round((isLong ? depth : width) / 0.13));
  for (let slat = 0; slat < slats; slat++) {
    const pitch = (isLong ? depth : width) / slats;
    const at = (slat + 0.5 - slats / 2) * pitch;
    if (isLong) kit.block("deck", width, 0.04, pitch - 0.015, 0, height - 0.04, at);
    else kit.block("deck", pitch - 0.015, 0.04, depth, at, height - 0.04);
  }
  for (const side of [-1, 1]) {
    const at = side * ((isLong ? width : depth) / 2 - 0.2);
    if (isLong) kit.block("stone", 0.18, height - 0.04, depth * 0.8, at);
    else kit.block("stone", width * 0.8, height - 0.04, 0.18, 0, 0, at);
  }
};

const planter: Maker = ({ kit, width, height, depth }) => {
  const rim = 0.05;
  kit.block("stone", width, height, depth, 0, 0, 0, undefined, 0.78);
  kit.block("paint", width - rim * 2, 0.012, depth - rim * 2, 0, height, 0, 0x3d2e22);
  const count = Math.min(40, Math.max(2, Math.round(width * depth * 5)));
  for (let leaf = 0; leaf < count; leaf++) {
    const at = `${kit.x}:${kit.z}:${leaf}`;
    const x = (hashUnit(at, 1) - 0.5) * (width - 0.35);
    const z = (hashUnit(at, 2) - 0.5) * (depth - 0.35);
    const size = 0.17 + hashUnit(at, 3) * 0.16;
    const tone = [PALETTE.leaf, PALETTE.leafDark, PALETTE.leafPale][leaf % 3] ?? PALETTE.leaf;
    foliageBall(kit, x, height + size * 0.7, z, size, tone, leaf);
  }
};

const shelf: Maker = ({ kit, width, height, depth }) => {
  const isLong = width >= depth;
  const length = isLong ? width : depth;
  kit.block("panel", width, 0.03, depth, 0, height - 0.03);
  kit.block("panel", width, 0.08, depth);
  const back = isLong
    ? kit.block.bind(kit, "panel", width, height, 0.02)
    : kit.block.bind(kit, "panel", 0.02, height, depth);
  back(0, 0, 0);
  const bays = Math.max(1, Math.round(length / 0.9));
  for (let bay = 0; bay <= bays; bay++) {
    const at = (bay / bays - 0.5) * (length - 0.03);
    if (isLong) kit.block("panel", 0.03, height, depth, at);
    else kit.block("panel", width, height, 0.03, 0, 0, at);
  }
  const rows = Math.max(2, Math.round(height / 0.4));
  for (let row = 0; row < rows; row++) {
    const y = 0.08 + (row * (height - 0.11)) / rows;
    if (row > 0) kit.block("panel", width - 0.02, 0.022, depth - 0.01, 0, y);
    books(kit, isLong, length, isLong ? depth : width, y + 0.022, row);
  }
};

const BINDINGS = [
  PALETTE.navy,
  PALETTE.blue,
  0x7c3b32,
  PALETTE.linen,
  0x9a8456,
  PALETTE.leafDark,
  0x50545c,
  PALETTE.teal,
];

function books(kit: Kit, isLong: boolean, length: number, depth: number, y: number, row: number): void {
  let at = -length / 2 + 0.06;
  for (let book = 0; at < length / 2 - 0.12; book++) {
    const key = `${kit.x}:${kit.z}:${row}:${book}`;
    const run = 0.1 + hashUnit(key, 1) * 0.26;
    const gap = hashUnit(key, 2) > 0.72 ? 0.18 : 0.012;
    const tall = 0.19 + hashUnit(key, 3) * 0.09;
    const colour = BINDINGS[Math.floor(hashUnit(key, 4) * BINDINGS.length)] ?? PALETTE.navy;
    const end = Math.min(run, length / 2 - 0.06 - at);
    if (isLong) kit.block("paint", end, tall, depth * 0.8, at + end / 2, y, 0, colour);
    else kit.block("paint", depth * 0.8, tall, end, 0, y, at + end / 2, colour);
    at += run + gap;
  }
}

const cabinet: Maker = ({ kit, width, height, depth }) => {
  kit.block("paint", width - 0.04, 0.08, depth - 0.04, 0, 0, 0, PALETTE.graphite);
  kit.block("paint", width, height - 0.08, depth, 0, 0.08, 0, 0xdfe2e2, 0.85);
  const isLong = width >= depth;
  const doors = Math.max(1, Math.round((isLong ? width : depth) / 0.5));
  for (let door = 0; door < doors; door++) {
    const pitch = (isLong ? width : depth) / doors;
    const at = (door + 0.5 - doors / 2) * pitch;
    for (const face of [-1, 1]) {
      const out = face * ((isLong ? depth : width) / 2 + 0.004);
      const inner = height - 0.14;
      if (isLong) {
        kit.block("paint", pitch - 0.014, inner, 0.012, at, 0.1, out, 0xeef0ee);
        kit.block("metal", 0.014, 0.14, 0.02, at + pitch * 0.36, height * 0.5, out, PALETTE.steel);
      } else {
        kit.block("paint", 0.012, inner, pitch - 0.014, out, 0.1, at, 0xeef0ee);
        kit.block("metal", 0.02, 0.14, 0.014, out, height * 0.5, at + pitch * 0.36, PALETTE.steel);
      }
    }
  }
};

const sofa: Maker = ({ kit, width, height, depth }) => {
  const isLong = width >= depth;
  const blue = linear(0x3f608f);
  const pale = linear(0x5878a6);
  const seat = Math.min(0.42, height * 0.6);
  kit.block("paint", width * 0.92, 0.08, depth * 0.92, 0, 0, 0, PALETTE.bronze);
  kit.block("fabric", width, seat - 0.2, depth, 0, 0.08, 0, blue, 0.75);
  const cushions = Math.max(1, Math.round((isLong ? width : depth) / 0.75));
  for (let cushion = 0; cushion < cushions; cushion++) {
    const pitch = ((isLong ? width : depth) - 0.3) / cushions;
    const at = (cushion + 0.5 - cushions / 2) * pitch;
    if (isLong) kit.block("fabric", pitch - 0.02, 0.15, depth - 0.2, at, seat - 0.12, 0.05, pale, 0.8);
    else kit.block("fabric", width - 0.2, 0.15, pitch - 0.02, 0.05, seat - 0.12, at, pale, 0.8);
  }
  const top = height - 0.08;
  if (isLong) {
    kit.block("fabric", width, top - 0.08, 0.2, 0, 0.08, -depth / 2 + 0.1, blue, 0.75);
    for (const side of [-1, 1])
      kit.block("fabric", 0.15, seat + 0.06, depth, side * (width / 2 - 0.075), 0.08, 0, blue, 0.75);
  } else {
    kit.block("fabric", 0.2, top - 0.08, depth, -width / 2 + 0.1, 0.08, 0, blue, 0.75);
    for (const side of [-1, 1])
      kit.block("fabric", width, seat + 0.06, 0.15, 0, 0.08, side * (depth / 2 - 0.075), blue, 0.75);
  }
};

const workbench: Maker = ({ kit, width, height, depth }) => {
  kit.block("paint", width - 0.1, 0.09, depth - 0.1, 0, 0, 0, PALETTE.graphite);
  kit.block("paint", width - 0.04, height - 0.13, depth - 0.04, 0, 0.09, 0, 0xe9ecec, 0.85);
  kit.block("gloss", width, 0.04, depth, 0, height - 0.04, 0, 0x3a4450);
  const isLong = width >= depth;
  const columns = Math.max(1, Math.round((isLong ? width : depth) / 0.6));
  for (let column = 0; column < columns; column++) {
    const pitch = (isLong ? width : depth) / columns;
    const at = (column + 0.5 - columns / 2) * pitch;
    for (const face of [-1, 1]) {
      const out = face * ((isLong ? depth : width) / 2 - 0.014);
      for (const [low, tall] of [
        [0.1, height * 0.52],
        [0.12 + height * 0.52, height * 0.26],
      ] as const) {
        if (isLong) {
          kit.block("paint", pitch - 0.02, tall, 0.012, at, low, out, 0xd4dcdf);
          kit.block("metal", pitch * 0.4, 0.014, 0.022, at, low + tall - 0.05, out, PALETTE.steel);
        } else {
          kit.block("paint", 0.012, tall, pitch - 0.02, out, low, at, 0xd4dcdf);
          kit.block("metal", 0.022, 0.014, pitch * 0.4, out, low + tall - 0.05, at, PALETTE.steel);
        }
      }
    }
  }
};

const conveyor: Maker = ({ kit, width, height, depth }) => {
  const isLong = width >= depth;
  const length = isLong ? width : depth;
  kit.block("paint", width, 0.12, depth, 0, height - 0.12, 0, 0xc9ced1, 0.8);
  if (isLong) kit.block("paint", width - 0.02, 0.012, depth - 0.14, 0, height - 0.004, 0, PALETTE.ink);
  else kit.block("paint", width - 0.14, 0.012, depth - 0.02, 0, height - 0.004, 0, PALETTE.ink);
  const feet = Math.max(2, Math.round(length / 1.4));
  for (let foot = 0; foot < feet; foot++) {
    const at = (foot / (feet - 1) - 0.5) * (length - 0.3);
    if (isLong) kit.block("paint", 0.12, height - 0.12, depth * 0.8, at, 0, 0, PALETTE.graphite);
    else kit.block("paint", width * 0.8, height - 0.12, 0.12, 0, 0, at, PALETTE.graphite);
  }
};

/** A booth for one officer: a desk front, and glass above it between slim posts. */
const booth: Maker = ({ kit, width, height, depth }) => {
  const sill = Math.min(1.08, height * 0.5);
  kit.block("slats", width - 0.03, sill - 0.05, depth - 0.03, 0, 0.02, 0, undefined, 0.8);
  kit.block("marble", width + 0.02, 0.05, depth + 0.02, 0, sill - 0.03);
  kit.block("paint", width, 0.1, depth, 0, height - 0.1, 0, PALETTE.navy);
  kit.block("glow", width - 0.3, 0.01, depth - 0.3, 0, height - 0.112, 0, 0xfff3dc);
  for (const x of [-1, 1]) {
    for (const z of [-1, 1]) {
      kit.block(
        "paint",
        0.05,
        height - sill,
        0.05,
        x * (width / 2 - 0.03),
        sill,
        z * (depth / 2 - 0.03),
        PALETTE.bronze,
      );
    }
  }
  const glass = kit.on("glass");
  const [hx, hz] = [width / 2 - 0.03, depth / 2 - 0.03];
  const top = height - 0.1;
  const ring = [
    [-hx, hz],
    [hx, hz],
    [hx, -hz],
    [-hx, -hz],
  ] as const;
  ring.forEach(([ax, az], index) => {
    const [bx, bz] = ring[(index + 1) % 4] ?? [0, 0];
    glass.quad([ax, sill, az], [bx, sill, bz], [bx, top, bz], [ax, top, az], [0, 0, 1, 0, 1, 1, 0, 1]);
  });
};

const crate: Maker = ({ kit, width, height, depth }) => {
  kit.block("deck", width - 0.02, height - 0.02, depth - 0.02, 0, 0.01, 0, undefined, 0.8);
  for (const y of [0, height - 0.07]) kit.block("panel", width, 0.07, depth, 0, y);
};

const column: Maker = ({ kit, width, height, depth }) => {
  const radius = Math.min(width, depth) / 2;
  kit.block("stone", width, 0.12, depth, 0, 0, 0, undefined, 0.8);
  kit.turned(
    "stone",
    [
      [0.12, radius * 0.92],
      [0.5, radius * 0.86],
      [height - 0.5, radius * 0.82],
      [height - 0.12, radius * 0.92],
    ],
    24,
  );
  kit.turned(
    "metal",
    [
      [0.12, radius * 0.95],
      [0.15, radius * 0.95],
    ],
    24,
    PALETTE.brass,
  );
  kit.block("stone", width, 0.12, depth, 0, height - 0.12);
};

const pool: Maker = ({ kit, width, height, depth }) => {
  const rim = 0.28;
  for (const side of [-1, 1]) {
    kit.block("stone", width, height, rim, 0, 0, side * (depth / 2 - rim / 2), undefined, 0.8);
    kit.block("stone", rim, height, depth - rim * 2, side * (width / 2 - rim / 2), 0, 0, undefined, 0.8);
  }
  kit.block("water", width - rim * 2, 0.02, depth - rim * 2, 0, height - 0.1);
};

const hedge: Maker = ({ kit, width, height, depth }) => {
  kit.block("leaf", width * 0.9, height * 0.9, depth * 0.9, 0, 0, 0, linear(PALETTE.leafDark), 0.55);
  clipped(kit, width, height, depth);
};

const vehicle: Maker = ({ kit, width, height, depth }) => {
  const isLong = width >= depth;
  const [length, across] = isLong ? [width, depth] : [depth, width];
  const own = new Kit(kit.site, kit.x, kit.y, kit.z, isLong ? Math.PI / 2 : 0);
  own.block("gloss", across, height * 0.42, length * 0.99, 0, height * 0.18, 0, PALETTE.white);
  own.block("gloss", across * 0.9, height * 0.4, length * 0.62, 0, height * 0.58, length * 0.06, PALETTE.ink);
  own.block("gloss", across * 0.86, 0.05, length * 0.56, 0, height * 0.96, length * 0.06, PALETTE.white);
  own.block("paint", across + 0.008, height * 0.1, length * 0.97, 0, height * 0.34, 0, PALETTE.navy);
  own.block("glow", across * 0.6, 0.07, 0.2, 0, height, 0, PALETTE.blue);
  for (const x of [-1, 1]) {
    for (const z of [-1, 1]) {
      const wheel = own.on("paint");
      wheel.ball(x * (across / 2 - 0.09), 0.33, z * length * 0.31, 0.1, 0.33, 0.33, 14, linear(PALETTE.ink));
    }
  }
};

const glassBox: Maker = ({ kit, width, height, depth }) => {
  kit.block("paint", width, 0.06, depth, 0, 0, 0, PALETTE.bronze);
  kit.block("glass", width - 0.02, height - 0.1, depth - 0.02, 0, 0.06);
  kit.block("paint", width, 0.04, depth, 0, height - 0.04, 0, PALETTE.bronze);
};

const metalBox: Maker = ({ kit, width, height, depth }) => {
  kit.block("metal", width, height, depth, 0, 0, 0, PALETTE.steel);
};

const MAKERS: Readonly<Record<string, Maker>> = {
  wood: plain,
  stone: solid("stone"),
  marble: solid("marble"),
  concrete: solid("concrete"),
  plaster: solid("plaster"),
  metal: metalBox,
  glass: glassBox,
  desk,
  table,
  counter,
  podium,
  bench,
  planter,
  shelf,
  cabinet,
  sofa,
  workbench,
  conveyor,
  booth,
  crate,
  column,
  pool,
  hedge,
  vehicle,
};
