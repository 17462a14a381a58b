/** The visible bodies of lamps; their light itself is baked into the light field. */

import type { Light, WorldDocument } from "@presence-hub/client";
import { linear, PALETTE } from "../palette";
import type { Rgb } from "../mesher";
import { Kit } from "./kit";
import type { Site } from "./site";

export function buildLamps(site: Site, document: WorldDocument): void {
  for (const light of document.lights) {
    const kit = new Kit(site, light.position[0], light.position[1], light.position[2], 0);
    const shine = shineOf(light);
    switch (light.kind) {
      case "pendant":
        pendant(kit, shine, ceilingAbove(document, light) - light.position[1]);
        break;
      case "panel":
        kit.block("paint", 1.24, 0.05, 0.64, 0, 0, 0, PALETTE.white);
        kit.block("glow", 1.16, 0.012, 0.56, 0, -0.008, 0, shine);
        break;
      case "strip":
        kit.block("paint", 2.44, 0.05, 0.14, 0, 0, 0, PALETTE.bronze);
        kit.block("glow", 2.4, 0.02, 0.09, 0, -0.014, 0, shine);
        break;
      case "spot":
        kit.turned(
          "paint",
          [
            [-0.02, 0.07],
            [0.16, 0.06],
          ],
          12,
          PALETTE.graphite,
        );
        kit.turned(
          "glow",
          [
            [-0.026, 0.055],
            [-0.02, 0.055],
          ],
          12,
          shine,
        );
        break;
      case "lamp":
        kit.ball("glow", 0, 0, 0, 0.11, PALETTE.white, 14);
        kit.turned(
          "metal",
          [
            [-0.12, 0.05],
            [-0.09, 0.06],
          ],
          12,
          PALETTE.brass,
        );
        break;
      case "glow":
        break;
    }
  }
}

function pendant(kit: Kit, shine: Rgb, drop: number): void {
  kit.turned(
    "paint",
    [
      [0.2, 0.004],
      [Math.max(0.3, drop), 0.004],
    ],
    4,
    PALETTE.ink,
  );
  kit.turned(
    "metal",
    [
      [0, 0.27],
      [0.06, 0.265],
      [0.13, 0.2],
      [0.18, 0.09],
      [0.22, 0.03],
    ],
    24,
    PALETTE.brass,
  );
  kit.on("glow").loft(
    [
      [-0.03, 0.1, 0.1],
      [-0.015, 0.2, 0.2],
      [0.01, 0.25, 0.25],
    ],
    20,
    shine,
  );
}

/** The lowest ceiling over a lamp, or a cord's length above it. */
function ceilingAbove(document: WorldDocument, light: Light): number {
  const [x, y, z] = light.position;
  let lowest = y + 1.2;
  let isFound = false;
  for (const ceiling of document.ceilings) {
    const isOver = x >= ceiling.min[0] && x <= ceiling.max[0] && z >= ceiling.min[1] && z <= ceiling.max[1];
    if (!isOver || ceiling.height < y || (isFound && ceiling.height > lowest)) continue;
    lowest = ceiling.height;
    isFound = true;
  }
  return lowest;
}

/** A lamp's face: its colour, washed out towards white, a little brighter than white so that it reads as light. */
function shineOf(light: Light): Rgb {
  const [red, green, blue] = linear(Number.parseInt(light.colour.slice(1), 16));
  return [red * 0.5 + 0.75, green * 0.5 + 0.72, blue * 0.5 + 0.68];
}
