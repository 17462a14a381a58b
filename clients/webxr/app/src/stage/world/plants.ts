/** Leaves: plants and trees as clusters of ragged balls with light tops and dark undersides. */

import { hashUnit, linear, PALETTE } from "../palette";
import type { Kit } from "./kit";

/** A ball of leaves: sprays that stand around its middle and are lit as its surface would be, light above and dark below. */
export function foliageBall(
  kit: Kit,
  x: number,
  y: number,
  z: number,
  radius: number,
  tone: number,
  seed: number,
): void {
  const mesher = kit.on("foliage");
  const sprays = kit.site.quality === "low" ? 5 : 9;
  for (let spray = 0; spray < sprays; spray++) {
    // Evenly around the ball, along a spiral.
    const ny = 1 - ((spray + 0.5) / sprays) * 1.7;
    const flat = Math.sqrt(Math.max(0, 1 - ny * ny));
    const angle = spray * 2.4 + seed;
    const [nx, nz] = [Math.cos(angle) * flat, Math.sin(angle) * flat];
    const [cx, cy, cz] = [x + nx * radius * 0.45, y + ny * radius * 0.45, z + nz * radius * 0.45];
    const turn = hashUnit(`${seed}:${spray}`) * Math.PI;
    const half = radius * 0.86;
    const [ux, uz] = [Math.cos(turn), Math.sin(turn)];
    const tilt = (hashUnit(`${seed}:${spray}`, 3) - 0.5) * 1.1;
    const first = mesher.vertexCount;
    for (const [a, b] of CORNERS) {
      const [px, py, pz] = [cx + (ux * a + uz * tilt * b) * half, cy + b * half, cz + (uz * a - ux * tilt * b) * half];
      const shade = 0.62 + Math.max(0, Math.min(1, (py - y) / radius + 0.7)) * 0.55;
      const out = Math.hypot(px - x, py - y + radius * 0.3, pz - z) || 1;
      mesher.vertex(
        [px, py, pz],
        [(px - x) / out, (py - y + radius * 0.3) / out, (pz - z) / out],
        (a + 1) / 2,
        (b + 1) / 2,
        linear(tone, shade * 1.35),
      );
    }
    mesher.triangle(first, first + 1, first + 2);
    mesher.triangle(first, first + 2, first + 3);
  }
}

const CORNERS = [
  [-1, -1],
  [1, -1],
  [1, 1],
  [-1, 1],
] as const;

/** A blade-shaped leaf that rises from the middle and bends outwards; both its sides are seen. */
function blade(kit: Kit, y: number, angle: number, length: number, width: number, rise: number, tone: number): void {
  const mesher = kit.on("leaf");
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  let before: [number, number] | null = null;
  const steps = 4;
  for (let step = 0; step <= steps; step++) {
    const t = step / steps;
    const out = length * (t * 0.9 + 0.06);
    const up = y + rise * length * (t - t * t * 0.72);
    const half = width * Math.sin(Math.PI * Math.min(0.97, t * 0.85 + 0.12)) * 0.5;
    const shade = linear(tone, 0.7 + t * 0.5);
    const left = mesher.vertex(
      [cos * out - sin * half, up, sin * out + cos * half],
      [cos * -0.3, 0.95, sin * -0.3],
      0,
      0,
      shade,
    );
    const right = mesher.vertex(
      [cos * out + sin * half, up, sin * out - cos * half],
      [cos * -0.3, 0.95, sin * -0.3],
      0,
      0,
      shade,
    );
    if (before) {
      mesher.triangle(before[0], left, before[1]);
      mesher.triangle(before[1], left, right);
    }
    before = [left, right];
  }
}

export function plant(kit: Kit): void {
  kit.turned(
    "gloss",
    [
      [0, 0.16],
      [0.02, 0.17],
      [0.36, 0.22],
      [0.38, 0.22],
    ],
    16,
    0xe9e2d4,
  );
  kit.turned(
    "paint",
    [
      [0.37, 0.205],
      [0.375, 0.205],
    ],
    12,
    0x3d2e22,
  );
  kit.turned(
    "metal",
    [
      [0.0, 0.172],
      [0.03, 0.176],
    ],
    16,
    PALETTE.brass,
  );
  tuft(kit, 0.36);
  kit.shade(0.2, 0.2);
}

/** Blades that rise from the earth at height `y`: what grows in a pot, or straight from a planter. */
export function tuft(kit: Kit, y: number): void {
  const seed = `${kit.x}:${kit.z}`;
  for (let leaf = 0; leaf < 15; leaf++) {
    const angle = leaf * 2.4 + hashUnit(seed, leaf) * 0.7;
    const length = 0.5 + hashUnit(seed, leaf + 50) * 0.35;
    const tone = [PALETTE.leaf, PALETTE.leafDark, PALETTE.leafPale][leaf % 3] ?? PALETTE.leaf;
    blade(kit, y, angle, length, 0.16, leaf < 5 ? 2.1 : leaf < 10 ? 1.5 : 0.9, tone);
  }
}

export function tree(place: Kit): void {
  const kit = place.sized(1.3);
  const seed = `${kit.x}:${kit.z}`;
  const height = 2.1 + hashUnit(seed, 1) * 0.5;
  kit.turned(
    "paint",
    [
      [0, 0.15],
      [0.3, 0.11],
      [height * 0.6, 0.085, 0.085, 0.05, 0.03],
      [height + 0.5, 0.05, 0.05, -0.03, 0],
    ],
    8,
    PALETTE.bark,
  );
  const balls = kit.site.quality === "low" ? 9 : 15;
  for (let ball = 0; ball < balls; ball++) {
    const t = ball / balls;
    const angle = ball * 2.4;
    const out = 0.75 * Math.sqrt(Math.sin(Math.PI * Math.min(1, t + 0.12)));
    const radius = 0.58 + hashUnit(seed, ball) * 0.28;
    const tone = [PALETTE.leaf, PALETTE.leafPale, PALETTE.leafDark, PALETTE.leaf][ball % 4] ?? PALETTE.leaf;
    foliageBall(kit, Math.cos(angle) * out, height + 0.2 + t * 1.35, Math.sin(angle) * out, radius, tone, ball);
  }
  kit.shade(0.5, 0.5, 0.4);
}

/** Leaves over the faces of a clipped hedge. */
export function clipped(kit: Kit, width: number, height: number, depth: number): void {
  const step = kit.site.quality === "low" ? 0.6 : 0.42;
  for (let x = -width / 2 + 0.1; x < width / 2; x += step) {
    for (let z = -depth / 2 + 0.1; z < depth / 2; z += step) {
      const isRim = x < -width / 2 + step || x > width / 2 - step || z < -depth / 2 + step || z > depth / 2 - step;
      for (let y = isRim ? 0.2 : height - 0.15; y < height; y += step) {
        foliageBall(
          kit,
          x,
          y,
          z,
          0.32,
          y > height * 0.6 ? PALETTE.leaf : PALETTE.leafDark,
          Math.round((x + y) * 31 + z * 17),
        );
      }
    }
  }
}
