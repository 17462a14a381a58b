/** Who somebody is, as far as it can be seen, and the colours that follow from it. The same person has the same looks on every page,
 * since they are drawn from a hash of the name and agency. Pure. */

import { hashUnit, linear, PALETTE } from "../stage/palette";

/** How somebody looks to others: what is drawn over and on their avatar. */
export interface AvatarLook {
  readonly name: string;
  /** ISO 3166-1 alpha-2; empty for guests. */
  readonly country: string;
  readonly agency: string;
  /** In the reader's language; empty where there is none to show. */
  readonly role: string;
  readonly isGuest: boolean;
  /** `Status` of the protocol. */
  readonly status: number;
  readonly isAway: boolean;
  readonly isMuted: boolean;
  readonly isSpeaking: boolean;
}

/** What a vertex of the body is painted with; the order of texels in the tint map. */
export const SLOTS = ["skin", "jacket", "trousers", "shirt", "accent", "hair", "trim", "dark"] as const;
export type Slot = (typeof SLOTS)[number];

const SKINS = [0xf0c9a8, 0xe3b08a, 0xc98d63, 0xa86f48, 0x7f5134, 0x5d3a26, 0xd9a47c];
const HAIRS = [0x1d1713, 0x2f221a, 0x4a3423, 0x7a5433, 0x9c7a4e, 0x6e6a66, 0xb9b2a8, 0x5a2f1e];
/** Jackets of agencies: a family of blues and their neighbours, so that a crowd looks like one house. */
const JACKETS = [0x1f3e6d, 0x27548a, 0x1d4f63, 0x2f3f5c, 0x3a4a78, 0x24595a, 0x46506a, 0x553f5e, 0x5b4a3c];
const ACCENTS = [0x8e2f38, 0xc6a15b, 0x2f6fb5, 0x3d7f6a, 0xa9602f, 0x6b4a86];
const GUEST_JACKETS = [0xcfc3ad, 0xd8d2c6, 0xb9c0bd, 0xc9b7a2];
const GUEST_ACCENT = 0xf0a02c;

export const STATUS_COLOURS = [0x49c98b, 0xe05a4e, 0x4f9be8, 0xd9b44a] as const;

export interface Tints {
  /** Linear RGB for each slot, in the order of SLOTS. */
  readonly colours: readonly (readonly [number, number, number])[];
  /** Which of the hair styles: 0 short, 1 bob, 2 bun. */
  readonly hairStyle: number;
}

export function tintsOf(look: AvatarLook): Tints {
  const who = `${look.name}|${look.agency}|${look.country}`;
  const house = look.agency || look.country;
  const pick = (from: readonly number[], key: string, salt: number): number =>
    from[Math.floor(hashUnit(key, salt) * from.length)] ?? 0;
  const shade = 0.92 + hashUnit(who, 9) * 0.16;
  const jacket = look.isGuest ? pick(GUEST_JACKETS, who, 1) : pick(JACKETS, house, 2);
  const colours = [
    linear(pick(SKINS, who, 3)),
    linear(jacket, shade),
    look.isGuest ? linear(0x5b6472, shade) : linear(0x252c38, shade),
    linear(look.isGuest ? 0x8fa3b5 : PALETTE.white),
    linear(look.isGuest ? GUEST_ACCENT : pick(ACCENTS, house, 4)),
    linear(pick(HAIRS, who, 5)),
    look.isGuest ? linear(jacket, shade * 0.85) : linear(PALETTE.brass),
    linear(0x17181c),
  ] as const;
  if (!look.isAway) return { colours, hairStyle: Math.floor(hashUnit(who, 6) * 3) };
  return { colours: colours.map(faded), hairStyle: Math.floor(hashUnit(who, 6) * 3) };
}

/** Away: most of the colour gone, towards a pale blue. */
function faded(colour: readonly [number, number, number]): [number, number, number] {
  const grey = colour[0] * 0.3 + colour[1] * 0.5 + colour[2] * 0.2;
  const towards = (channel: number, pale: number): number => (channel * 0.25 + grey * 0.75) * 0.6 + pale * 0.4;
  return [towards(colour[0], 0.42), towards(colour[1], 0.48), towards(colour[2], 0.56)];
}
