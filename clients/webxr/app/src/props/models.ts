/** What the kinds of objects look like: small models, in metres, around the middle of their underside, lying as they would on a desk. */

import type { BufferGeometry } from "three";
import { Mesher, type Rgb } from "../stage/mesher";
import { linear, PALETTE } from "../stage/palette";

type Model = (mesher: Mesher) => void;

function block(
  mesher: Mesher,
  width: number,
  height: number,
  depth: number,
  colour: number | Rgb,
  x = 0,
  y = 0,
  z = 0,
): void {
  const rgb = typeof colour === "number" ? linear(colour) : colour;
  mesher.box(x - width / 2, y, z - depth / 2, x + width / 2, y + height, z + depth / 2, rgb, "", 0.85);
}

const folder: Model = (mesher) => {
  block(mesher, 0.235, 0.004, 0.315, 0xd9a95a);
  block(mesher, 0.21, 0.012, 0.297, PALETTE.white, -0.004, 0.004);
  block(mesher, 0.235, 0.004, 0.315, 0xe2b568, 0, 0.016);
  block(mesher, 0.02, 0.006, 0.09, 0xe2b568, 0.125, 0.012, -0.08);
  block(mesher, 0.1, 0.001, 0.05, PALETTE.white, 0, 0.0201, -0.07);
  block(mesher, 0.07, 0.001, 0.008, PALETTE.navy, 0, 0.0212, -0.075);
};

const evidenceBag: Model = (mesher) => {
  block(mesher, 0.2, 0.008, 0.28, 0xdfe7e8);
  block(mesher, 0.16, 0.02, 0.15, 0xc9d6d8, 0, 0.004, 0.03);
  block(mesher, 0.2, 0.0095, 0.035, PALETTE.red, 0, 0, -0.115);
  block(mesher, 0.14, 0.002, 0.055, PALETTE.white, 0, 0.0235, 0.03);
  for (let line = 0; line < 3; line++) block(mesher, 0.11, 0.001, 0.005, PALETTE.ink, 0, 0.0252, 0.015 + line * 0.015);
  block(mesher, 0.05, 0.016, 0.014, 0x8a8d92, 0.01, 0.01, 0.085);
};

const passport: Model = (mesher) => {
  block(mesher, 0.088, 0.002, 0.125, 0x1c2f57);
  block(mesher, 0.084, 0.006, 0.121, 0xf3ecda, 0, 0.002);
  block(mesher, 0.088, 0.002, 0.125, 0x22396a, 0, 0.008);
  mesher.loft(
    [
      [0.01, 0.02, 0.02, 0, 0.005],
      [0.0108, 0.02, 0.02, 0, 0.005],
    ],
    20,
    linear(PALETTE.brass),
  );
  mesher.loft(
    [
      [0.0108, 0.014, 0.014, 0, 0.005],
      [0.0112, 0.014, 0.014, 0, 0.005],
    ],
    20,
    linear(0x22396a),
  );
  block(mesher, 0.05, 0.0012, 0.006, PALETTE.brass, 0, 0.01, -0.04);
  block(mesher, 0.036, 0.0012, 0.004, PALETTE.brass, 0, 0.01, 0.045);
};

const tablet: Model = (mesher) => {
  block(mesher, 0.245, 0.009, 0.175, PALETTE.graphite);
  block(mesher, 0.222, 0.0015, 0.152, 0x1c4a86, 0, 0.009);
  block(mesher, 0.222, 0.0018, 0.02, 0x4f93d8, 0, 0.009, -0.066);
  for (let row = 0; row < 2; row++)
    for (let column = 0; column < 4; column++)
      block(
        mesher,
        0.038,
        0.002,
        0.038,
        [0x7fc8ff, 0xf3c668, 0x8fd3a2, 0xe8eef2][(row + column) % 4] ?? 0,
        -0.078 + column * 0.052,
        0.009,
        -0.024 + row * 0.052,
      );
};

const lamp: Model = (mesher) => {
  mesher.loft(
    [
      [0, 0.075, 0.075],
      [0.012, 0.075, 0.075],
      [0.02, 0.01, 0.01],
      [0.3, 0.008, 0.008],
    ],
    18,
    linear(PALETTE.brass),
  );
  mesher.loft(
    [
      [0.27, 0.115, 0.115],
      [0.37, 0.07, 0.07],
      [0.39, 0.02, 0.02],
    ],
    20,
    linear(PALETTE.navy),
  );
  mesher.ball(0, 0.3, 0, 0.035, 0.04, 0.035, 10, [1.6, 1.4, 1.05]);
};

const sign: Model = (mesher) => {
  block(mesher, 0.62, 0.36, 0.025, PALETTE.navy, 0, -0.18);
  block(mesher, 0.66, 0.4, 0.018, PALETTE.brass, 0, -0.2);
  for (const [y, width] of [
    [0.05, 0.42],
    [-0.02, 0.5],
    [-0.09, 0.34],
  ] as const)
    block(mesher, width, 0.025, 0.031, PALETTE.white, 0, y);
};

const magnifier: Model = (mesher) => {
  for (let step = 0; step < 20; step++) {
    const [a, b] = [(step / 20) * Math.PI * 2, ((step + 1) / 20) * Math.PI * 2];
    const at = (angle: number, radius: number, y: number): [number, number, number] => [
      Math.cos(angle) * radius,
      y,
      Math.sin(angle) * radius - 0.06,
    ];
    const brass = linear(PALETTE.brass);
    mesher.quad(at(a, 0.052, 0.014), at(a, 0.043, 0.014), at(b, 0.043, 0.014), at(b, 0.052, 0.014), [], brass);
    mesher.quad(at(b, 0.052, 0), at(a, 0.052, 0), at(a, 0.052, 0.014), at(b, 0.052, 0.014), [], brass);
    mesher.quad(at(a, 0.043, 0.0), at(b, 0.043, 0.0), at(b, 0.043, 0.014), at(a, 0.043, 0.014), [], brass);
  }
  mesher.loft(
    [
      [0.005, 0.044, 0.044, 0, -0.06],
      [0.009, 0.044, 0.044, 0, -0.06],
    ],
    20,
    linear(0xbcdcea),
  );
  block(mesher, 0.018, 0.014, 0.11, PALETTE.walnut, 0, 0, 0.05);
  block(mesher, 0.014, 0.013, 0.02, PALETTE.brass, 0, 0.0005, -0.005);
};

const camera: Model = (mesher) => {
  block(mesher, 0.135, 0.085, 0.055, PALETTE.ink);
  block(mesher, 0.05, 0.022, 0.04, PALETTE.ink, 0, 0.085);
  block(mesher, 0.03, 0.075, 0.064, PALETTE.graphite, 0.055, 0.004, -0.006);
  for (let ring = 0; ring < 4; ring++)
    mesher.ball(
      0,
      0.042,
      -0.03 - ring * 0.016,
      0.036 - ring * 0.002,
      0.036 - ring * 0.002,
      0.014,
      16,
      linear(ring === 3 ? 0x28405f : PALETTE.graphite),
    );
  block(mesher, 0.014, 0.008, 0.014, PALETTE.red, 0.05, 0.085, -0.01);
  block(mesher, 0.09, 0.05, 0.003, 0x274668, -0.01, 0.018, 0.028);
};

const fingerprintCard: Model = (mesher) => {
  block(mesher, 0.2, 0.002, 0.2, 0xf6f1e4);
  block(mesher, 0.19, 0.0026, 0.03, PALETTE.navy, 0, 0, -0.08);
  for (let row = 0; row < 2; row++) {
    for (let finger = 0; finger < 5; finger++) {
      const [x, z] = [-0.076 + finger * 0.038, -0.03 + row * 0.062];
      block(mesher, 0.034, 0.0024, 0.054, 0xe2dac6, x, 0, z);
      for (let ridge = 0; ridge < 4; ridge++)
        block(mesher, 0.02 - ridge * 0.004, 0.003, 0.004, 0x3b4048, x, 0, z - 0.014 + ridge * 0.008);
    }
  }
};

const sampleTube: Model = (mesher) => {
  mesher.loft(
    [
      [0, 0.004, 0.004],
      [0.006, 0.011, 0.011],
      [0.045, 0.011, 0.011],
    ],
    14,
    linear(0xc7484a),
  );
  mesher.loft(
    [
      [0.045, 0.0112, 0.0112],
      [0.085, 0.0112, 0.0112],
    ],
    14,
    linear(0xdfeaee),
  );
  mesher.loft(
    [
      [0.08, 0.014, 0.014],
      [0.105, 0.014, 0.014],
    ],
    14,
    linear(PALETTE.blue),
  );
  mesher.loft(
    [
      [0.02, 0.0116, 0.0116],
      [0.06, 0.0116, 0.0116],
    ],
    14,
    linear(PALETTE.white),
  );
};

const suitcase: Model = (mesher) => {
  const shell = linear(0x27548a);
  mesher.box(-0.2, 0.04, -0.12, 0.2, 0.6, 0.12, shell, "", 0.8);
  for (const x of [-0.12, 0, 0.12]) block(mesher, 0.02, 0.56, 0.25, linear(0x1e4270), x, 0.04);
  for (const x of [-0.16, 0.16])
    for (const z of [-0.08, 0.08]) mesher.ball(x, 0.025, z, 0.025, 0.025, 0.025, 8, linear(PALETTE.ink));
  for (const x of [-0.07, 0.07]) block(mesher, 0.012, 0.3, 0.012, PALETTE.steel, x, 0.6, 0.08);
  block(mesher, 0.16, 0.025, 0.025, PALETTE.ink, 0, 0.89, 0.08);
};

const document: Model = (mesher) => {
  block(mesher, 0.21, 0.003, 0.297, PALETTE.white);
  for (let line = 0; line < 9; line++)
    block(
      mesher,
      line === 0 ? 0.09 : 0.15,
      0.001,
      0.006,
      line === 0 ? PALETTE.navy : 0x8d9297,
      line === 0 ? -0.03 : 0,
      0.003,
      -0.11 + line * 0.026,
    );
};

const pen: Model = (mesher) => {
  block(mesher, 0.01, 0.01, 0.13, PALETTE.navy);
  block(mesher, 0.0104, 0.0104, 0.02, PALETTE.brass, 0, 0, -0.06);
};

const stamp: Model = (mesher) => {
  block(mesher, 0.065, 0.018, 0.04, PALETTE.ink);
  mesher.loft(
    [
      [0.018, 0.012, 0.012],
      [0.05, 0.009, 0.009],
      [0.075, 0.019, 0.019],
      [0.095, 0.012, 0.012],
    ],
    12,
    linear(PALETTE.walnut),
  );
};

const cup: Model = (mesher) => {
  mesher.loft(
    [
      [0, 0.03, 0.03],
      [0.09, 0.042, 0.042],
    ],
    16,
    linear(PALETTE.white),
  );
  mesher.loft(
    [
      [0.084, 0.037, 0.037],
      [0.091, 0.037, 0.037],
    ],
    16,
    linear(0x4a2e1d),
  );
  block(mesher, 0.012, 0.045, 0.03, PALETTE.white, 0.048, 0.025);
};

/** A plain parcel for kinds nobody drew. */
const parcel: Model = (mesher) => {
  block(mesher, 0.26, 0.16, 0.2, 0xc79a63);
  block(mesher, 0.262, 0.161, 0.03, 0xe6d2a8);
  block(mesher, 0.09, 0.002, 0.06, PALETTE.white, 0.06, 0.1605, 0.05);
};

const MODELS: Readonly<Record<string, Model>> = {
  folder,
  "evidence-bag": evidenceBag,
  passport,
  tablet,
  lamp,
  sign,
  magnifier,
  camera,
  "fingerprint-card": fingerprintCard,
  "sample-tube": sampleTube,
  suitcase,
  luggage: suitcase,
  document,
  papers: document,
  pen,
  stamp,
  cup,
};

export const PROP_KINDS: readonly string[] = Object.keys(MODELS);

/** The model of a kind; a parcel for a kind that has none. */
export function makeProp(kind: string): BufferGeometry {
  const mesher = new Mesher();
  (Object.hasOwn(MODELS, kind) ? (MODELS[kind] ?? parcel) : parcel)(mesher);
  return mesher.build();
}
