/** Leaves: plants and trees as clusters of ragged balls with light tops and dark undersides. */

import { hashUnit, linear, PALETTE } from "../palette";
import type { Kit } from "./kit";

/** A low, ragged ball of leaves, lighter on top. */
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
  const sides = kit.site.quality === "low" ? 5 : 8;
  const stacks = kit.site.quality === "low" ? 3 : 5;
  const first = mesher.vertexCount;
  for (let stack = 0; stack <= stacks; stack++) {
    const polar = (stack / stacks) * Math.PI;
    for (let side = 0; side <= sides; side++) {
      const angle = ((side + (stack % 2) * 0.5) / sides) * Math.PI * 2;
      const wobble = 0.8 + hashUnit(`${seed}:${stack}:${side % sides}`, 7) * 0.4;
      const nx = Math.sin(polar) * Math.cos(angle);
      const ny = -Math.cos(polar);
      const nz = Math.sin(polar) * Math.sin(angle);
      const r = radius * wobble;
      mesher.vertex(
        [x + nx * r, y + ny * r * 0.9, z + nz * r],
        [nx, ny, nz],
        0,
        0,
        linear(tone, 0.62 + (ny + 1) * 0.3 + wobble * 0.1),
      );
    }
  }
  for (let stack = 0; stack < stacks; stack++) {
    for (let side = 0; side < sides; side++) {
      const a = first + stack * (sides + 1) + side;
      mesher.triangle(a, a + sides + 1, a + 1);
      mesher.triangle(a + 1, a + sides + 1, a + sides + 2);
    }
  }
}

/** A blade-shaped leaf that rises from the middle and bends outwards; both its sides are seen. */
function blade(kit: Kit, y: number, angle: number, length: number, width: number, rise: number, tone: number): void {
  const mesher = kit.on("foliage");
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
  const seed = `${kit.x}:${kit.z}`;
  for (let leaf = 0; leaf < 15; leaf++) {
    const angle = leaf * 2.4 + hashUnit(seed, leaf) * 0.7;
    const length = 0.5 + hashUnit(seed, leaf + 50) * 0.35;
    const tone = [PALETTE.leaf, PALETTE.leafDark, PALETTE.leafPale][leaf % 3] ?? PALETTE.leaf;
    blade(kit, 0.36, angle, length, 0.16, leaf < 5 ? 2.1 : leaf < 10 ? 1.5 : 0.9, tone);
  }
  kit.shade(0.2, 0.2);
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
  const balls = kit.site.quality === "low" ? 7 : 13;
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
