/** The colours of the house, named by what they are for. Everything drawn takes its colour from here or from the world
 * document; nothing else in the app invents one for the scene. sRGB hexadecimal. */

export const PALETTE = {
  plaster: 0xf1ece2,
  plasterDeep: 0xd9d1c3,
  stone: 0xd8d0c1,
  stoneDark: 0x8f887c,
  paving: 0xc3bbae,
  concrete: 0xb3aea6,
  asphalt: 0x6c6d70,
  oak: 0xc79c6b,
  oakPale: 0xdcbb8e,
  walnut: 0x74502f,
  carpet: 0x2d4a73,
  carpetWarm: 0x8a7660,
  navy: 0x17335c,
  blue: 0x2f6fb5,
  sky: 0x9cc9ea,
  brass: 0xc6a15b,
  bronze: 0x4a4138,
  steel: 0xaeb4b8,
  graphite: 0x2c3036,
  ink: 0x161a20,
  white: 0xfbf9f5,
  linen: 0xe6ddcd,
  leaf: 0x4f7f48,
  leafDark: 0x2f5a38,
  leafPale: 0x84a663,
  grass: 0x7d9562,
  bark: 0x6b4f38,
  clay: 0xb5714e,
  amber: 0xe8a33d,
  green: 0x3fa36b,
  red: 0xc5483c,
  teal: 0x2b8a8f,
} as const;

/** Linear RGB of an sRGB hexadecimal colour, scaled by `shade`: what vertex colours hold. */
export function linear(hex: number, shade = 1): [number, number, number] {
  return [channel(hex >> 16) * shade, channel(hex >> 8) * shade, channel(hex) * shade];
}

function channel(byte: number): number {
  const value = (byte & 255) / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** A stable, well-mixed number in [0, 1) for a text: the same person has the same looks on every page. */
export function hashUnit(text: string, salt = 0): number {
  let hash = 2166136261 ^ salt;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 4294967296;
}
