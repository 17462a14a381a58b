// World documents: what they hold, reading them, and the exact questions a client asks of them.

export * from "./words.js";
export type * from "./document.js";
export { parseWorld, WorldError } from "./parse.js";
export { WorldGeometry, type Mm3, type Seat } from "./geometry.js";
