/** The body everybody has, in three degrees of detail. Each vertex knows its bone and what it is painted with; vertices are relative
 * to their bone's joint. Stylised, in a jacket, with a face one can read; 1.74 m tall, facing −Z. */

import { BufferAttribute, type BufferGeometry } from "three";
import { Mesher } from "../stage/mesher";
import { dress, TORSO } from "./clothes";
import { SLOTS, type Slot } from "./looks";

export const BONES = [
  "torso",
  "head",
  "leftUpperArm",
  "leftForearm",
  "rightUpperArm",
  "rightForearm",
  "leftHand",
  "rightHand",
  "leftThigh",
  "leftShin",
  "rightThigh",
  "rightShin",
  "bob",
  "bun",
  "lanyard",
  "insignia",
] as const;
export type Bone = (typeof BONES)[number];
export const BONE_INDEX = Object.fromEntries(BONES.map((bone, index) => [bone, index])) as Readonly<
  Record<Bone, number>
>;

export const HIP_Y = 0.94;
export const NECK_Y = 1.475;
export const SHOULDER_X = 0.19;
export const SHOULDER_Y = 1.4;
export const UPPER_ARM = 0.27;
export const FOREARM = 0.25;
export const HIP_X = 0.092;
export const THIGH = 0.45;
export const SHIN = 0.45;
export const ANKLE_Y = HIP_Y - THIGH - SHIN;

export type Detail = "near" | "middle" | "far";

interface Pieces {
  readonly bones: number[];
  readonly slots: number[];
}

/** Draws with one bone and one colour at a time, noting both for every vertex made. */
export class Sculptor {
  readonly mesher = new Mesher();
  readonly pieces: Pieces = { bones: [], slots: [] };

  with(bone: Bone, slot: Slot, draw: (mesher: Mesher) => void): void {
    draw(this.mesher);
    while (this.pieces.bones.length < this.mesher.vertexCount) {
      this.pieces.bones.push(BONE_INDEX[bone]);
      this.pieces.slots.push(SLOTS.indexOf(slot));
    }
  }

  build(): BufferGeometry {
    const geometry = this.mesher.build();
    geometry.deleteAttribute("uv");
    geometry.deleteAttribute("color");
    geometry.setAttribute("bone", new BufferAttribute(new Float32Array(this.pieces.bones), 1));
    geometry.setAttribute("slot", new BufferAttribute(new Float32Array(this.pieces.slots), 1));
    return geometry;
  }
}

export function makeBody(detail: Detail): BufferGeometry {
  const sculptor = new Sculptor();
  if (detail === "far") {
    farBody(sculptor);
    return sculptor.build();
  }
  const sides = { near: 18, middle: 8 }[detail];
  torso(sculptor, sides, detail);
  head(sculptor, sides, detail);
  for (const side of [-1, 1] as const) {
    arm(sculptor, side, Math.round(sides * 0.5), detail);
    leg(sculptor, side, Math.round(sides * 0.5), detail);
  }
  return sculptor.build();
}

/** As few faces as still read as somebody: there are hundreds of these. Open where no one sees in. */
function farBody(sculptor: Sculptor): void {
  const tube = (bone: Bone, slot: Slot, sides: number, rings: readonly (readonly number[])[]): void => {
    sculptor.with(bone, slot, (mesher) => {
      mesher.loft(rings, sides, undefined, false);
    });
  };
  tube("torso", "jacket", 5, [
    [-0.12, 0.17, 0.115],
    [0.16, 0.15, 0.105],
    [0.42, 0.2, 0.12],
    [0.53, 0.05, 0.05],
  ]);
  tube("head", "skin", 5, [
    [-0.06, 0.05, 0.052, 0, -0.004],
    [0.03, 0.052, 0.058, 0, -0.02],
    [0.12, 0.09, 0.102, 0, -0.011],
    [0.22, 0.093, 0.108, 0, -0.005],
  ]);
  tube("head", "hair", 5, [
    [0.12, 0.094, 0.08, 0, 0.034],
    [0.22, 0.104, 0.11, 0, 0.006],
    [0.292, 0, 0, 0, 0.004],
  ]);
  for (const side of ["left", "right"] as const) {
    tube(`${side}UpperArm`, "jacket", 3, [
      [-UPPER_ARM - 0.02, 0.05],
      [0.06, 0.06],
    ]);
    tube(`${side}Forearm`, "jacket", 3, [
      [-FOREARM, 0.042],
      [0.03, 0.05],
    ]);
    tube(`${side}Hand`, "skin", 3, [
      [-0.15, 0.018, 0.04],
      [0.02, 0.034, 0.034],
    ]);
    tube(`${side}Thigh`, "trousers", 4, [
      [-THIGH - 0.02, 0.064],
      [0.05, 0.092],
    ]);
    tube(`${side}Shin`, "trousers", 4, [
      [-SHIN, 0.054],
      [0.02, 0.064],
    ]);
    sculptor.with(`${side}Shin`, "dark", (mesher) => {
      const sole = -SHIN - ANKLE_Y;
      mesher.box(-0.045, sole, -0.17, 0.045, sole + 0.08, 0.05, undefined, "d");
    });
  }
}

type Close = Exclude<Detail, "far">;

function torso(sculptor: Sculptor, sides: number, detail: Close): void {
  sculptor.with("torso", "jacket", (mesher) => {
    mesher.loft(TORSO, sides);
  });
  sculptor.with("torso", "skin", (mesher) => {
    mesher.loft(
      [
        [0.49, 0.06, 0.06, 0, 0.01],
        [0.535, 0.052, 0.052, 0, 0.004],
        [0.6, 0.05, 0.052, 0, -0.004],
      ],
      detail === "near" ? 12 : 6,
      undefined,
      false,
    );
  });
  dress(sculptor, sides, detail);
}

function head(sculptor: Sculptor, sides: number, detail: Close): void {
  // Relative to the neck's joint: the head's middle is 0.16 above it, a little ahead.
  const y = 0.155;
  sculptor.with("head", "skin", (mesher) => {
    mesher.loft(
      [
        [0.028, 0.03, 0.034, 0, -0.045],
        [0.04, 0.055, 0.06, 0, -0.034],
        [0.075, 0.077, 0.084, 0, -0.022],
        [0.13, 0.09, 0.1, 0, -0.012],
        [0.19, 0.095, 0.108, 0, -0.006],
        [0.235, 0.086, 0.1, 0, -0.002],
        [0.268, 0.058, 0.07, 0, 0],
        [0.282, 0.022, 0.028, 0, 0],
      ],
      sides,
    );
  });
  hair(sculptor, sides, detail);
  sculptor.with("head", "skin", (mesher) => {
    mesher.ball(0, y - 0.018, -0.113, 0.013, 0.022, 0.017, detail === "near" ? 6 : 4);
    if (detail !== "near") return;
    for (const side of [-1, 1]) mesher.ball(side * 0.094, y - 0.005, 0.002, 0.014, 0.028, 0.02, 6);
  });
  sculptor.with("head", "shirt", (mesher) => {
    for (const side of [-1, 1])
      mesher.ball(side * 0.036, y + 0.018, -0.0985, 0.019, 0.0125, 0.009, detail === "near" ? 8 : 4);
  });
  sculptor.with("head", "dark", (mesher) => {
    for (const side of [-1, 1]) {
      mesher.ball(side * 0.036, y + 0.018, -0.1045, 0.0095, 0.0105, 0.006, detail === "near" ? 8 : 4);
      if (detail === "near") mesher.ball(side * 0.037, y + 0.045, -0.094, 0.021, 0.0045, 0.01, 6);
    }
  });
  if (detail !== "near") return;
  sculptor.with("head", "dark", (mesher) => {
    mesher.box(-0.024, y - 0.066, -0.1015, 0.024, y - 0.0615, -0.095);
  });
}

function hair(sculptor: Sculptor, sides: number, detail: Close): void {
  sculptor.with("head", "hair", (mesher) => {
    // A cap over the crown, lower at the back than over the forehead.
    mesher.loft(
      [
        [0.085, 0.07, 0.05, 0, 0.052],
        [0.13, 0.095, 0.076, 0, 0.038],
        [0.185, 0.102, 0.092, 0, 0.024],
        [0.222, 0.101, 0.108, 0, 0.003],
        [0.258, 0.085, 0.096, 0, 0],
        [0.29, 0.046, 0.055, 0, 0],
        [0.298, 0.012, 0.014, 0, 0],
      ],
      sides,
    );
  });
  sculptor.with("bob", "hair", (mesher) => {
    mesher.loft(
      [
        [-0.02, 0.088, 0.05, 0, 0.062],
        [0.03, 0.112, 0.075, 0, 0.044],
        [0.12, 0.115, 0.09, 0, 0.03],
        [0.2, 0.108, 0.1, 0, 0.014],
        [0.265, 0.082, 0.09, 0, 0.004],
      ],
      sides,
    );
  });
  sculptor.with("bun", "hair", (mesher) => {
    mesher.ball(0, 0.215, 0.115, 0.05, 0.05, 0.045, detail === "near" ? 12 : 5);
  });
}

function arm(sculptor: Sculptor, side: -1 | 1, sides: number, detail: Close): void {
  const upper = side < 0 ? "leftUpperArm" : "rightUpperArm";
  const fore = side < 0 ? "leftForearm" : "rightForearm";
  const hand = side < 0 ? "leftHand" : "rightHand";
  sculptor.with(upper, "jacket", (mesher) => {
    mesher.loft(
      [
        [-UPPER_ARM - 0.02, 0.044],
        [-UPPER_ARM * 0.5, 0.052],
        [-0.03, 0.062],
        [0.03, 0.056],
        [0.055, 0.03],
      ],
      sides,
    );
  });
  sculptor.with(fore, "jacket", (mesher) => {
    mesher.loft(
      [
        [-FOREARM, 0.04],
        [-FOREARM * 0.5, 0.045],
        [0, 0.047],
        [0.03, 0.03],
      ],
      sides,
    );
  });
  if (detail === "near") {
    sculptor.with(fore, "shirt", (mesher) => {
      mesher.loft(
        [
          [-FOREARM - 0.014, 0.036],
          [-FOREARM, 0.037],
        ],
        sides,
      );
    });
  }
  sculptor.with(hand, "skin", (mesher) => {
    mesher.loft(
      [
        [-0.175, 0.012, 0.022],
        [-0.16, 0.017, 0.034],
        [-0.09, 0.02, 0.044],
        [-0.03, 0.022, 0.034],
        [0.012, 0.026, 0.028],
      ],
      detail === "near" ? Math.max(6, sides) : 4,
    );
    // The thumb, ahead of the palm.
    mesher.ball(-side * 0.004, -0.075, -0.047, 0.014, 0.036, 0.016, detail === "near" ? 6 : 4);
  });
}

function leg(sculptor: Sculptor, side: -1 | 1, sides: number, detail: Close): void {
  const thigh = side < 0 ? "leftThigh" : "rightThigh";
  const shin = side < 0 ? "leftShin" : "rightShin";
  sculptor.with(thigh, "trousers", (mesher) => {
    mesher.loft(
      [
        [-THIGH - 0.03, 0.058],
        [-THIGH, 0.066],
        [-THIGH * 0.4, 0.08],
        [-0.06, 0.084],
        [0.04, 0.07],
        [0.08, 0.04],
      ],
      sides,
    );
  });
  sculptor.with(shin, "trousers", (mesher) => {
    mesher.loft(
      [
        [-SHIN + 0.005, 0.056],
        [-SHIN * 0.4, 0.06],
        [0, 0.065],
        [0.03, 0.05],
      ],
      sides,
    );
  });
  sculptor.with(shin, "dark", (mesher) => {
    const sole = -SHIN - ANKLE_Y;
    mesher.box(-0.046, sole, -0.17, 0.046, sole + 0.02, 0.065);
    mesher.ball(0, sole + 0.04, -0.06, 0.045, 0.045, 0.115, detail === "near" ? Math.max(6, sides) : 4);
  });
}
