/** Surface textures computed in code: a tile of colour, and from its height a normal map. Tiles repeat without a seam; the
 * colours are neutral around white so that a material's own colour tints them. Never loads anything. */

import {
  CanvasTexture,
  DataTexture,
  LinearFilter,
  LinearMipmapLinearFilter,
  LinearSRGBColorSpace,
  RepeatWrapping,
  RGBAFormat,
  SRGBColorSpace,
  type Texture,
} from "three";

export type Pattern =
  | "plaster"
  | "terrazzo"
  | "wood"
  | "parquet"
  | "carpet"
  | "stone"
  | "marble"
  | "paving"
  | "concrete"
  | "brick"
  | "tiles"
  | "acoustic"
  | "gravel"
  | "grass"
  | "slats"
  | "fabric";

/** What a pattern paints at one texel: brightness of the three channels around 1, and height in 0..1. */
interface Texel {
  red: number;
  green: number;
  blue: number;
  height: number;
}

type Painter = (u: number, v: number, texel: Texel) => void;

export interface SurfaceMaps {
  readonly colour: Texture;
  readonly normal: Texture | null;
}

/** Tileable value noise in 0..1: `period` lattice cells across the tile. */
function noise(u: number, v: number, period: number, seed: number): number {
  const x = u * period;
  const y = v * period;
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const fx = smooth(x - x0);
  const fy = smooth(y - y0);
  const top = mix(lattice(x0, y0, period, seed), lattice(x0 + 1, y0, period, seed), fx);
  const bottom = mix(lattice(x0, y0 + 1, period, seed), lattice(x0 + 1, y0 + 1, period, seed), fx);
  return mix(top, bottom, fy);
}

function stretched(u: number, v: number, periodU: number, periodV: number, seed: number): number {
  const x = u * periodU;
  const y = v * periodV;
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const fx = smooth(x - x0);
  const fy = smooth(y - y0);
  const x1 = (x0 + 1) % periodU;
  const y1 = (y0 + 1) % periodV;
  return mix(
    mix(random(x0, y0, seed), random(x1, y0, seed), fx),
    mix(random(x0, y1, seed), random(x1, y1, seed), fx),
    fy,
  );
}

function lattice(x: number, y: number, period: number, seed: number): number {
  return random(((x % period) + period) % period, ((y % period) + period) % period, seed);
}

function random(x: number, y: number, seed: number): number {
  let hash = Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ Math.imul(seed, 2246822519);
  hash = Math.imul(hash ^ (hash >>> 13), 1274126177);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}

function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

function grey(texel: Texel, value: number, height: number): void {
  texel.red = texel.green = texel.blue = value;
  texel.height = height;
}

/** Distance of a coordinate in 0..1 to the nearest of `count` evenly spaced joints, in fractions of a cell. */
function joint(value: number, count: number): number {
  const cell = value * count;
  return Math.abs(cell - Math.round(cell));
}

const PAINTERS: Readonly<Record<Pattern, Painter>> = {
  plaster: (u, v, texel) => {
    const rough = noise(u, v, 48, 1) * 0.5 + noise(u, v, 96, 2) * 0.5;
    grey(texel, 0.975 + rough * 0.025 + noise(u, v, 4, 3) * 0.02, rough * 0.35);
  },
  concrete: (u, v, texel) => {
    const cloud = noise(u, v, 4, 4) * 0.6 + noise(u, v, 13, 5) * 0.4;
    const pore = noise(u, v, 80, 6) > 0.86 ? 0.06 : 0;
    grey(texel, 0.9 + cloud * 0.12 - pore, 0.5 - pore * 4 + noise(u, v, 64, 7) * 0.1);
  },
  terrazzo: (u, v, texel) => {
    grey(texel, 0.955 + noise(u, v, 6, 8) * 0.03, 0.5);
    for (let layer = 0; layer < 3; layer++) {
      const period = 22 + layer * 13;
      const x = Math.floor(u * period);
      const y = Math.floor(v * period);
      const centreX = 0.3 + random(x, y, 10 + layer) * 0.4;
      const centreY = 0.3 + random(x, y, 20 + layer) * 0.4;
      const dx = u * period - x - centreX;
      const dy = v * period - y - centreY;
      const turn = random(x, y, 30 + layer) * 6.283;
      const along = dx * Math.cos(turn) + dy * Math.sin(turn);
      const across = dy * Math.cos(turn) - dx * Math.sin(turn);
      const size = 0.1 + random(x, y, 40 + layer) * 0.18;
      if (Math.abs(along) + Math.abs(across) * 1.6 < size) {
        const tint = random(x, y, 50 + layer);
        if (tint < 0.34) [texel.red, texel.green, texel.blue] = [0.84, 0.72, 0.58];
        else if (tint < 0.6) [texel.red, texel.green, texel.blue] = [0.62, 0.66, 0.72];
        else if (tint < 0.8) [texel.red, texel.green, texel.blue] = [1.04, 1.03, 1];
        else [texel.red, texel.green, texel.blue] = [0.76, 0.75, 0.72];
      }
    }
    const seam = Math.min(joint(u, 2), joint(v, 2));
    if (seam < 0.006) [texel.red, texel.green, texel.blue] = [0.8, 0.68, 0.46];
  },
  wood: (u, v, texel) => {
    const board = Math.floor(u * 6);
    const tone = 0.9 + random(board, 0, 60) * 0.14;
    const wave = noise(u, v, 5, 61) * 0.35;
    const grain = stretched(u + wave * 0.02, v, 120, 6, 62 + board);
    const ring = Math.abs(Math.sin((u * 34 + wave * 5 + random(board, 1, 63) * 9) * 3.1416));
    const groove = joint(u, 6) < 0.02 ? 0.72 : 1;
    const value = tone * (0.9 + grain * 0.1 + ring * 0.05) * groove;
    texel.red = value;
    texel.green = value * (0.985 - ring * 0.02);
    texel.blue = value * (0.96 - ring * 0.04);
    texel.height = (0.4 + grain * 0.2) * (groove < 1 ? 0.2 : 1);
  },
  parquet: (u, v, texel) => {
    const row = Math.floor(u * 10);
    const offset = random(row, 0, 70);
    const board = Math.floor((v + offset) * 3);
    const tone = 0.88 + random(row, ((board % 3) + 3) % 3, 71) * 0.2;
    const grain = stretched(u, v, 150, 9, 72);
    const gap = joint(u, 10) < 0.018 || Math.abs((v + offset) * 3 - Math.round((v + offset) * 3)) < 0.006 ? 0.7 : 1;
    const value = tone * (0.92 + grain * 0.12) * gap;
    texel.red = value;
    texel.green = value * 0.985;
    texel.blue = value * 0.955;
    texel.height = gap < 1 ? 0.1 : 0.5 + grain * 0.12;
  },
  slats: (u, v, texel) => {
    const inside = joint(u + 1 / 16, 8);
    const gap = joint(u, 8) < 0.14;
    const grain = stretched(u, v, 160, 7, 75);
    const value = gap ? 0.32 : (0.9 + grain * 0.14) * (0.86 + Math.min(0.14, inside * 0.4));
    texel.red = value;
    texel.green = value * 0.98;
    texel.blue = value * 0.95;
    texel.height = gap ? 0 : 0.7;
  },
  carpet: (u, v, texel) => {
    const fibre = noise(u, v, 128, 80);
    const weave = joint(u, 64) * joint(v, 64) * 2;
    grey(texel, 0.84 + fibre * 0.22 + weave * 0.1, fibre * 0.8);
    if (joint(u, 4) < 0.008 || joint(v, 4) < 0.008) grey(texel, 0.82, 0.2);
  },
  fabric: (u, v, texel) => {
    const warp = Math.sin(u * 402) * 0.5 + Math.sin(v * 402) * 0.5;
    grey(texel, 0.92 + warp * 0.05 + noise(u, v, 40, 82) * 0.06, 0.5 + warp * 0.4);
  },
  stone: (u, v, texel) => {
    const row = Math.floor(v * 4);
    const shift = (row % 2) * 0.25;
    const column = Math.floor((((u + shift) % 1) + 1) * 2) % 2;
    const tone = 0.94 + random(row, column, 90) * 0.08;
    const vein = noise(u, v, 6, 91) * 0.5 + noise(u, v, 19, 92) * 0.3 + noise(u, v, 57, 93) * 0.2;
    const seam = Math.min(joint(u + shift, 2) * 2, joint(v, 4)) < 0.012;
    const value = tone * (0.93 + vein * 0.12) * (seam ? 0.82 : 1);
    texel.red = value;
    texel.green = value * 0.99;
    texel.blue = value * 0.97;
    texel.height = seam ? 0.1 : 0.6 + vein * 0.1;
  },
  paving: (u, v, texel) => {
    const column = Math.floor(u * 4);
    const row = Math.floor(v * 4);
    const tone = 0.9 + random(column, row, 95) * 0.13;
    const speck = noise(u, v, 110, 96);
    const seam = Math.min(joint(u, 4), joint(v, 4)) < 0.018;
    grey(texel, tone * (0.95 + speck * 0.08) * (seam ? 0.74 : 1), seam ? 0 : 0.6 + speck * 0.12);
  },
  marble: (u, v, texel) => {
    const warp = noise(u, v, 4, 101) * 1.2 + noise(u, v, 11, 102) * 0.5 + noise(u, v, 29, 103) * 0.2;
    const vein = Math.pow(1 - Math.abs(Math.sin((u * 3 + v * 2 + warp) * 3.1416)), 6);
    const seam = Math.min(joint(u, 2), joint(v, 2)) < 0.006;
    const value = (0.99 - vein * 0.16 - noise(u, v, 3, 104) * 0.04) * (seam ? 0.86 : 1);
    texel.red = value;
    texel.green = value * (1 - vein * 0.01);
    texel.blue = value * (1 - vein * 0.04);
    texel.height = 0.5;
  },
  brick: (u, v, texel) => {
    const row = Math.floor(v * 16);
    const shift = (row % 2) / 12;
    const column = Math.floor(((u + shift) % 1) * 6);
    const tone = 0.82 + random(row, column, 105) * 0.26;
    const seam = joint(v, 16) < 0.09 || joint(u + shift, 6) < 0.035;
    const speck = noise(u, v, 90, 106);
    texel.red = seam ? 1.02 : tone * (0.95 + speck * 0.1);
    texel.green = seam ? 1.04 : tone * (0.93 + speck * 0.1);
    texel.blue = seam ? 1.04 : tone * (0.92 + speck * 0.1);
    texel.height = seam ? 0 : 0.7 + speck * 0.15;
  },
  tiles: (u, v, texel) => {
    const tone = 0.97 + random(Math.floor(u * 4), Math.floor(v * 4), 107) * 0.035;
    const seam = Math.min(joint(u, 4), joint(v, 4)) < 0.018;
    grey(texel, seam ? 0.82 : tone, seam ? 0 : 0.6);
  },
  acoustic: (u, v, texel) => {
    const seam = Math.min(joint(u, 2), joint(v, 2)) < 0.012;
    const hole = Math.hypot(joint(u + 1 / 64, 32), joint(v + 1 / 64, 32)) < 0.17;
    grey(texel, seam ? 0.8 : hole ? 0.82 : 0.99, seam ? 0.1 : hole ? 0.3 : 0.6);
  },
  gravel: (u, v, texel) => {
    const pebble = noise(u, v, 70, 108) * 0.6 + noise(u, v, 31, 109) * 0.4;
    grey(texel, 0.78 + pebble * 0.3, pebble);
  },
  grass: (u, v, texel) => {
    const patch = noise(u, v, 5, 97) * 0.5 + noise(u, v, 17, 98) * 0.5;
    const blade = noise(u, v, 120, 99);
    const value = 0.72 + patch * 0.25 + blade * 0.2;
    texel.red = value * (0.96 + patch * 0.08);
    texel.green = value;
    texel.blue = value * 0.9;
    texel.height = blade;
  },
};

/** Paint one tile. `size` is in texels; normals only where asked for, as they double the work. */
export function paintSurface(pattern: Pattern, size: number, withNormals: boolean): SurfaceMaps {
  const painter = PAINTERS[pattern];
  const pixels = new Uint8Array(size * size * 4);
  const heights = new Float32Array(size * size);
  const texel: Texel = { red: 1, green: 1, blue: 1, height: 0.5 };
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at++) {
      painter(x / size, y / size, texel);
      pixels[at * 4] = Math.min(255, texel.red * 245);
      pixels[at * 4 + 1] = Math.min(255, texel.green * 245);
      pixels[at * 4 + 2] = Math.min(255, texel.blue * 245);
      pixels[at * 4 + 3] = 255;
      heights[at] = texel.height;
    }
  }
  const colour = tile(pixels, size);
  colour.colorSpace = SRGBColorSpace;
  return { colour, normal: withNormals ? tile(normalsOf(heights, size), size) : null };
}

function normalsOf(heights: Float32Array, size: number): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(size * size * 4);
  const at = (x: number, y: number): number => heights[((y + size) % size) * size + ((x + size) % size)] ?? 0;
  for (let y = 0, index = 0; y < size; y++) {
    for (let x = 0; x < size; x++, index += 4) {
      const dx = (at(x - 1, y) - at(x + 1, y)) * 2;
      const dy = (at(x, y - 1) - at(x, y + 1)) * 2;
      const length = Math.hypot(dx, dy, 1);
      pixels[index] = (dx / length) * 127 + 128;
      pixels[index + 1] = (dy / length) * 127 + 128;
      pixels[index + 2] = (1 / length) * 127 + 128;
      pixels[index + 3] = 255;
    }
  }
  return pixels;
}

function tile(pixels: Uint8Array<ArrayBuffer>, size: number): DataTexture {
  const texture = new DataTexture(pixels, size, size, RGBAFormat);
  texture.wrapS = texture.wrapT = RepeatWrapping;
  texture.magFilter = LinearFilter;
  texture.minFilter = LinearMipmapLinearFilter;
  texture.generateMipmaps = true;
  texture.anisotropy = 4;
  texture.colorSpace = LinearSRGBColorSpace;
  texture.needsUpdate = true;
  return texture;
}

/** A texture of something drawn on a canvas: signs, screens, badges. */
export function drawnTexture(canvas: HTMLCanvasElement): CanvasTexture {
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.anisotropy = 4;
  return texture;
}

/** A spray of leaves on nothing, white so that vertices tint it: what foliage is cut from. */
export function leafTexture(size: number): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d");
  if (pen) {
    pen.translate(size / 2, size / 2);
    for (let leaf = 0; leaf < 64; leaf++) {
      const out = Math.sqrt(random(leaf, 1, 200)) * 0.4 * size;
      const angle = random(leaf, 2, 201) * 6.283;
      const shade = Math.round(150 + random(leaf, 3, 202) * 105);
      pen.save();
      pen.translate(Math.cos(angle) * out, Math.sin(angle) * out);
      pen.rotate(angle + (random(leaf, 4, 203) - 0.5) * 2.2);
      pen.fillStyle = `rgb(${shade}, ${shade}, ${Math.round(shade * 0.86)})`;
      pen.beginPath();
      const [long, wide] = [size * (0.07 + random(leaf, 5, 204) * 0.035), size * 0.036];
      pen.moveTo(-long, 0);
      pen.quadraticCurveTo(0, -wide * 1.6, long, 0);
      pen.quadraticCurveTo(0, wide * 1.6, -long, 0);
      pen.fill();
      pen.restore();
    }
  }
  return drawnTexture(canvas);
}
