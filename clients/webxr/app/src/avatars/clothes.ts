/** What is worn over the jacket: shirt and collar, lapels, tie and insignia, or a guest's lanyard and card. All of it follows the chest,
 * a hair above it. */

import type { Mesher } from "../stage/mesher";
import type { Detail, Sculptor } from "./body";

/** The jacket, from its hem to the neck: [y, radiusX, radiusZ, offsetX, offsetZ], above the hips' joint. */
export const TORSO: readonly (readonly number[])[] = [
  [-0.15, 0.186, 0.132],
  [-0.09, 0.184, 0.13],
  [0.03, 0.168, 0.115],
  [0.15, 0.153, 0.106],
  [0.27, 0.172, 0.118],
  [0.37, 0.196, 0.124, 0, 0.004],
  [0.44, 0.2, 0.11, 0, 0.012],
  [0.485, 0.165, 0.088, 0, 0.014],
  [0.51, 0.085, 0.068, 0, 0.012],
];

/** Where the chest's front is at a height and a way aside. */
function chestZ(x: number, y: number): number {
  let above = TORSO.findIndex(([height = 0]) => height > y);
  if (above < 1) above = TORSO.length - 1;
  const [y0 = 0, rx0 = 1, rz0 = 1, , oz0 = 0] = TORSO[above - 1] ?? [];
  const [y1 = 1, rx1 = 1, rz1 = 1, , oz1 = 0] = TORSO[above] ?? [];
  const t = Math.min(1, (y - y0) / (y1 - y0));
  const across = Math.min(0.98, Math.abs(x) / (rx0 + (rx1 - rx0) * t));
  return oz0 + (oz1 - oz0) * t - (rz0 + (rz1 - rz0) * t) * Math.sqrt(1 - across * across);
}

/** A ribbon up the chest: at each height from one x to another (the left one first), lifted off it. */
function ribbon(mesher: Mesher, lift: number, stops: readonly (readonly [number, number, number])[]): void {
  for (let stop = 0; stop + 1 < stops.length; stop++) {
    const [y0, l0, r0] = stops[stop] ?? [0, 0, 0];
    const [y1, l1, r1] = stops[stop + 1] ?? [0, 0, 0];
    mesher.quad(
      [r0, y0, chestZ(r0, y0) - lift],
      [l0, y0, chestZ(l0, y0) - lift],
      [l1, y1, chestZ(l1, y1) - lift],
      [r1, y1, chestZ(r1, y1) - lift],
      [],
    );
  }
}

/** The same ribbon on both sides: `inner` and `outer` are ways aside. */
function ribbons(mesher: Mesher, lift: number, stops: readonly (readonly [number, number, number])[]): void {
  ribbon(
    mesher,
    lift,
    stops.map(([y, inner, outer]) => [y, inner, outer]),
  );
  ribbon(
    mesher,
    lift,
    stops.map(([y, inner, outer]) => [y, -outer, -inner]),
  );
}

export function dress(sculptor: Sculptor, sides: number, detail: Detail): void {
  const around = detail === "near" ? 12 : 6;
  sculptor.with("torso", "shirt", (mesher) => {
    ribbon(mesher, 0.003, [
      [0.2, -0.004, 0.004],
      [0.27, -0.03, 0.03],
      [0.37, -0.048, 0.048],
      [0.44, -0.056, 0.056],
      [0.485, -0.06, 0.06],
      [0.505, -0.055, 0.055],
    ]);
    mesher.loft(
      [
        [0.495, 0.066, 0.066, 0, 0.002],
        [0.535, 0.06, 0.058, 0, 0.002],
      ],
      around,
      undefined,
      false,
    );
  });
  sculptor.with("torso", "dark", (mesher) => {
    for (const y of [0.04, 0.12])
      mesher.ball(0.012, y, chestZ(0.012, y), 0.009, 0.009, 0.006, detail === "near" ? 6 : 4);
    mesher.loft(
      [
        [-0.155, 0.17, 0.118],
        [-0.148, 0.17, 0.118],
      ],
      sides,
      undefined,
      false,
    );
  });
  insignia(sculptor, detail);
  lanyard(sculptor);
  if (detail !== "near") return;
  sculptor.with("torso", "jacket", (mesher) => {
    ribbons(mesher, 0.009, [
      [0.18, 0.0, 0.014],
      [0.27, 0.03, 0.075],
      [0.36, 0.047, 0.112],
      [0.4, 0.052, 0.098],
      [0.45, 0.056, 0.09],
      [0.49, 0.058, 0.08],
    ]);
  });
  sculptor.with("torso", "trim", (mesher) => {
    ribbons(mesher, 0.004, [
      [0.31, 0.122, 0.158],
      [0.318, 0.122, 0.158],
    ]);
  });
}

function insignia(sculptor: Sculptor, detail: Detail): void {
  sculptor.with("insignia", "accent", (mesher) => {
    ribbon(mesher, 0.007, [
      [0.2, -0.002, 0.002],
      [0.24, -0.024, 0.024],
      [0.34, -0.021, 0.021],
      [0.42, -0.016, 0.016],
      [0.462, -0.013, 0.013],
    ]);
    ribbon(mesher, 0.013, [
      [0.455, -0.014, 0.014],
      [0.49, -0.02, 0.02],
    ]);
  });
  sculptor.with("insignia", "trim", (mesher) => {
    for (const side of [-1, 1]) {
      // Boards on the shoulders, level with the cloth below them.
      mesher.box(side * 0.14 - 0.04, 0.462, -0.022, side * 0.14 + 0.04, 0.486, 0.046);
      if (detail === "near") mesher.ball(side * 0.14, 0.345, chestZ(0.14, 0.345), 0.013, 0.013, 0.008, 8);
    }
  });
}

function lanyard(sculptor: Sculptor): void {
  sculptor.with("lanyard", "accent", (mesher) => {
    ribbons(mesher, 0.006, [
      [0.17, 0.006, 0.024],
      [0.28, 0.03, 0.047],
      [0.38, 0.052, 0.069],
      [0.45, 0.066, 0.082],
      [0.5, 0.068, 0.082],
    ]);
    mesher.box(-0.045, 0.165, -0.128, 0.045, 0.18, -0.106);
  });
  sculptor.with("lanyard", "shirt", (mesher) => {
    mesher.box(-0.045, 0.06, -0.128, 0.045, 0.166, -0.114);
  });
}
