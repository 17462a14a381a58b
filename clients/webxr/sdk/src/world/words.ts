// The closed lists of a world file: the words for how things look, and the languages. The server has the same ones
// (presence/world_parts.py), and a test keeps the two equal. This module never says what a word looks like.

/** The languages of every text in a world. */
export const LANGUAGES = ["en", "fr", "es", "ar"] as const;
export type Language = (typeof LANGUAGES)[number];

/** How a wall looks. */
export const WALL_LOOKS = [
  "plaster",
  "glass",
  "wood",
  "stone",
  "marble",
  "concrete",
  "metal",
  "brick",
  "tiles",
  "acoustic",
  "curtain",
  "door",
  "railing",
  "glass-railing",
  "desk",
  "belt",
  "hedge",
  "none",
] as const;
export type WallLook = (typeof WALL_LOOKS)[number];

/** How a piece of furniture looks. */
export const BOX_LOOKS = [
  "wood",
  "stone",
  "marble",
  "concrete",
  "metal",
  "glass",
  "plaster",
  "desk",
  "table",
  "counter",
  "podium",
  "bench",
  "planter",
  "shelf",
  "cabinet",
  "sofa",
  "workbench",
  "conveyor",
  "booth",
  "crate",
  "column",
  "pool",
  "hedge",
  "vehicle",
  "none",
] as const;
export type BoxLook = (typeof BOX_LOOKS)[number];

/** What a floor is made of. */
export const FLOOR_LOOKS = [
  "terrazzo",
  "marble",
  "stone",
  "carpet",
  "carpet-dark",
  "wood",
  "tiles",
  "vinyl",
  "concrete",
  "paving",
  "asphalt",
  "gravel",
  "grass",
  "deck",
  "water",
] as const;
export type FloorLook = (typeof FLOOR_LOOKS)[number];

/** What is overhead. */
export const CEILING_LOOKS = ["plaster", "acoustic", "slats", "coffers", "concrete", "metal", "glass-roof"] as const;
export type CeilingLook = (typeof CEILING_LOOKS)[number];

/** What one sits on. */
export const SEAT_LOOKS = ["chair", "office-chair", "armchair", "stool", "bench", "lounge"] as const;
export type SeatLook = (typeof SEAT_LOOKS)[number];

/** Decoration; its natural size stands in docs/worlds.md. */
export const FIXTURE_KINDS = [
  "globe",
  "fountain",
  "sculpture",
  "plant",
  "tree",
  "flag",
  "clock",
  "rug",
  "bin",
  "coat-stand",
  "bookshelf",
  "screen",
  "whiteboard",
  "lectern",
  "microphone",
  "projector",
  "speaker",
  "monitor",
  "laptop",
  "keyboard",
  "telephone",
  "papers",
  "desk-lamp",
  "coffee-machine",
  "water-cooler",
  "microscope",
  "fume-hood",
  "centrifuge",
  "glassware",
  "evidence-tray",
  "evidence-marker",
  "mannequin",
  "queue-post",
  "scanner-arch",
  "xray-machine",
  "passport-reader",
  "stamp",
  "departure-board",
  "luggage",
  "trolley",
  "aircraft",
  "lamp-post",
  "parasol",
  "bollard",
  "bicycle",
] as const;
export type FixtureKind = (typeof FIXTURE_KINDS)[number];

/** The body of a lamp; `glow` has none. */
export const LIGHT_KINDS = ["pendant", "panel", "strip", "spot", "lamp", "glow"] as const;
export type LightKind = (typeof LIGHT_KINDS)[number];

/** How a sign is made. */
export const SIGN_STYLES = ["title", "wayfinding", "plate", "notice", "departures"] as const;
export type SignStyle = (typeof SIGN_STYLES)[number];

/** The hour of the day. */
export const SKY_KINDS = ["day", "overcast", "dusk", "night"] as const;
export type SkyKind = (typeof SKY_KINDS)[number];
