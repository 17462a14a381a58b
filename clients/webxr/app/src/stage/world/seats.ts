/** Seats: one small model for each look, drawn once for all its places nearby. A seat's place is where the feet are; people face its yaw,
 * so the seat itself stands a little behind. */

import type { Seat } from "@presence-hub/client";
import { InstancedMesh, Matrix4, type Group } from "three";
import { Mesher, type Rgb } from "../mesher";
import { linear, PALETTE } from "../palette";
import type { SurfaceLibrary } from "../surfaces";
import type { Site } from "./site";

const SEAT_HEIGHT_M = 0.45;
/** Seats are drawn by parts of the ground of this size, so that a hall behind one costs nothing. */
const PART_MM = 18_000;
/** From further away a seat is a few pixels; at low quality it is left out. */
const REACH_M = 40;
const BLUE: Rgb = linear(0x34568a);
const DEEP: Rgb = linear(0x24406d);
const DARK: Rgb = linear(PALETTE.graphite);
const WOOD: Rgb = linear(PALETTE.oak);
const BRASS: Rgb = linear(0xa98648);

/** Models face −Z, the sitter's back is at +Z. */
const MODELS: Readonly<Record<string, (mesher: Mesher) => void>> = {
  chair: (mesher) => {
    legs(mesher, 0.2, SEAT_HEIGHT_M - 0.04, WOOD);
    cushion(mesher, 0.23, SEAT_HEIGHT_M - 0.05, 0.05, -0.2, 0.22, BLUE);
    mesher.box(-0.21, 0.62, 0.19, 0.21, 0.86, 0.225, BLUE, "", 0.85);
    for (const x of [-0.2, 0.18]) mesher.box(x, 0.4, 0.195, x + 0.02, 0.84, 0.235, WOOD);
  },
  "office-chair": (mesher) => {
    for (let foot = 0; foot < 5; foot++) {
      const angle = (foot / 5) * Math.PI * 2;
      mesher.ball(Math.cos(angle) * 0.24, 0.035, Math.sin(angle) * 0.24, 0.035, 0.035, 0.035, 6, DARK);
      const [x, z] = [Math.cos(angle) * 0.12, Math.sin(angle) * 0.12];
      mesher.box(x - 0.06, 0.06, z - 0.05, x + 0.06, 0.09, z + 0.05, DARK);
    }
    mesher.loft(
      [
        [0.06, 0.03, 0.03],
        [SEAT_HEIGHT_M - 0.06, 0.03, 0.03],
      ],
      8,
      linear(PALETTE.steel),
    );
    cushion(mesher, 0.24, SEAT_HEIGHT_M - 0.06, 0.07, -0.22, 0.22, DEEP);
    mesher.box(-0.03, 0.4, 0.22, 0.03, 0.66, 0.25, DARK);
    cushionBack(mesher, 0.22, 0.56, 1.02, 0.2, DEEP);
    for (const x of [-0.27, 0.22]) mesher.box(x, 0.62, -0.1, x + 0.05, 0.65, 0.16, DARK);
  },
  armchair: (mesher) => {
    mesher.box(-0.22, 0, -0.16, 0.22, 0.05, 0.2, linear(PALETTE.bronze));
    mesher.box(-0.24, 0.05, -0.18, 0.24, SEAT_HEIGHT_M - 0.1, 0.22, DEEP, "", 0.7);
    cushion(mesher, 0.23, SEAT_HEIGHT_M - 0.1, 0.1, -0.22, 0.18, BLUE);
    cushionBack(mesher, 0.25, SEAT_HEIGHT_M - 0.06, 1.02, 0.17, BLUE);
    for (const side of [-1, 1]) {
      const x = side * 0.275;
      mesher.box(x - 0.03, 0.05, -0.17, x + 0.03, 0.6, 0.24, DEEP, "", 0.75);
      mesher.box(x - 0.036, 0.6, -0.19, x + 0.036, 0.64, 0.24, WOOD);
    }
  },
  stool: (mesher) => {
    mesher.loft(
      [
        [0, 0.2, 0.2],
        [0.02, 0.2, 0.2],
        [0.04, 0.03, 0.03],
        [SEAT_HEIGHT_M - 0.06, 0.03, 0.03],
      ],
      14,
      BRASS,
    );
    mesher.loft(
      [
        [SEAT_HEIGHT_M - 0.06, 0.18, 0.18],
        [SEAT_HEIGHT_M - 0.02, 0.19, 0.19],
        [SEAT_HEIGHT_M, 0.17, 0.17],
      ],
      16,
      BLUE,
    );
  },
  bench: (mesher) => {
    mesher.box(-0.3, SEAT_HEIGHT_M - 0.05, -0.2, 0.3, SEAT_HEIGHT_M, 0.2, WOOD);
    for (const x of [-0.24, 0.2]) mesher.box(x, 0, -0.17, x + 0.04, SEAT_HEIGHT_M - 0.05, 0.17, DARK);
  },
  lounge: (mesher) => {
    for (const x of [-0.28, 0.25]) for (const z of [-0.24, 0.26]) mesher.box(x, 0, z, x + 0.03, 0.14, z + 0.03, BRASS);
    mesher.box(-0.32, 0.14, -0.28, 0.32, SEAT_HEIGHT_M - 0.12, 0.32, linear(0xb9a27f), "", 0.75);
    cushion(mesher, 0.29, SEAT_HEIGHT_M - 0.12, 0.12, -0.29, 0.22, linear(0xcdb893));
    cushionBack(mesher, 0.31, SEAT_HEIGHT_M - 0.06, 0.86, 0.2, linear(0xc3ac86));
    for (const side of [-1, 1])
      mesher.box(side * 0.33 - 0.05, 0.14, -0.26, side * 0.33 + 0.05, 0.58, 0.32, linear(0xb9a27f), "", 0.8);
  },
};

function legs(mesher: Mesher, half: number, height: number, colour: Rgb): void {
  for (const x of [-half, half - 0.03])
    for (const z of [-half, half - 0.03]) mesher.box(x, 0, z, x + 0.03, height, z + 0.03, colour);
}

/** A seat with rounded edges: a thinner slab on a slightly smaller one. */
function cushion(
  mesher: Mesher,
  half: number,
  y: number,
  thick: number,
  front: number,
  back: number,
  colour: Rgb,
): void {
  mesher.box(-half, y, front, half, y + thick * 0.7, back, colour, "", 0.75);
  mesher.box(
    -half + 0.02,
    y + thick * 0.7,
    front + 0.02,
    half - 0.02,
    y + thick,
    back - 0.01,
    [colour[0] * 1.12, colour[1] * 1.12, colour[2] * 1.12],
    "d",
  );
}

function cushionBack(mesher: Mesher, half: number, low: number, high: number, z: number, colour: Rgb): void {
  mesher.box(-half, low, z, half, high - 0.04, z + 0.09, colour, "", 0.8);
  mesher.box(-half + 0.025, high - 0.04, z + 0.012, half - 0.025, high, z + 0.08, colour, "d");
  mesher.box(
    -half + 0.03,
    low + 0.05,
    z - 0.025,
    half - 0.03,
    high - 0.06,
    z,
    [colour[0] * 1.12, colour[1] * 1.12, colour[2] * 1.12],
    "b",
    0.9,
  );
}

/** Add every seat to `group`; one draw for each look. */
export function buildSeats(site: Site, seats: readonly Seat[], group: Group, library: SurfaceLibrary): void {
  const groups = new Map<string, Seat[]>();
  for (const seat of seats) {
    const [x, , z] = seat.positionMm;
    const key = `${seat.look}:${Math.floor(x / PART_MM)}:${Math.floor(z / PART_MM)}`;
    groups.set(key, [...(groups.get(key) ?? []), seat]);
  }
  for (const [key, places] of groups) {
    const look = places[0]?.look ?? "";
    const mesher = new Mesher();
    (MODELS[look] ?? MODELS["chair"])?.(mesher);
    const mesh = new InstancedMesh(mesher.build(), library.material("paint"), places.length);
    places.forEach((seat, index) => {
      const [x, y, z] = seat.positionMm;
      mesh.setMatrixAt(index, PLACE.makeRotationY(seat.yawRadians).setPosition(x / 1000, y / 1000, z / 1000));
      site.shadeRectangle(
        x / 1000 - 0.16,
        z / 1000 - 0.16,
        x / 1000 + 0.16,
        z / 1000 + 0.16,
        y / 1000 + 0.002,
        0.22,
        0.42,
      );
    });
    mesh.name = `seats:${key}`;
    mesh.castShadow = mesh.receiveShadow = true;
    mesh.computeBoundingSphere();
    if (library.quality === "low") mesh.userData = { reachM: REACH_M };
    group.add(mesh);
  }
}

const PLACE = new Matrix4();
