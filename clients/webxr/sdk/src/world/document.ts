// What a world is made of, as its file says it (docs/worlds.md) with everything that may be left out filled in. Lengths
// are metres, angles degrees. This module holds shapes only: parse.ts makes them, geometry.ts answers questions of them.

import type {
  BoxLook,
  CeilingLook,
  FixtureKind,
  FloorLook,
  Language,
  LightKind,
  SeatLook,
  SignStyle,
  SkyKind,
  WallLook,
} from "./words.js";

/** x (east), y (up), z (south) in metres. */
export type Point = readonly [number, number, number];
/** x (east), z (south) in metres. */
export type GroundPoint = readonly [number, number];
/** One text in every language. */
export type Texts = Readonly<Record<Language, string>>;

/** A volume; its faces belong to it. */
export interface Box {
  readonly min: Point;
  readonly max: Point;
}

/** A vertical rectangle that stops people. */
export interface Wall {
  readonly from: GroundPoint;
  readonly to: GroundPoint;
  readonly base: number;
  readonly height: number;
  readonly look: WallLook;
}

/** Solid furniture, which stops people as four walls do. */
export interface Furniture extends Box {
  readonly look: BoxLook;
}

/** What one may stand on: level, or with a slope a ramp from `height` at its min to `slope.to` at its max. */
export interface Floor {
  readonly min: GroundPoint;
  readonly max: GroundPoint;
  readonly height: number;
  readonly slope: { readonly axis: "x" | "z"; readonly to: number } | null;
  readonly look: FloorLook;
}

/** What is overhead; it stops nobody. */
export interface Ceiling {
  readonly min: GroundPoint;
  readonly max: GroundPoint;
  readonly height: number;
  readonly look: CeilingLook;
}

/** A named volume with rules of its own. */
export interface Zone extends Box {
  readonly name: string;
  /** Those inside and those outside do not see each other. */
  readonly isolated: boolean;
  /** Chat and voice stay inside. */
  readonly speechPrivate: boolean;
  /** The grants one needs, all of them, to enter and to see who is inside. */
  readonly clearance: readonly string[];
  /** How many people may be inside at once; null is any number. */
  readonly capacity: number | null;
}

/** Where a newcomer appears. Yaw 0 looks along -Z and grows counter-clockwise seen from above. */
export interface Spawn {
  readonly position: Point;
  readonly yaw: number;
}

/** A row of seats at equal distances; `WorldGeometry.seats` has each of them. */
export interface SeatRow {
  readonly from: Point;
  readonly to: Point;
  readonly count: number;
  readonly yaw: number;
  readonly look: SeatLook;
}

/** A volume that leads to another world. */
export interface Portal extends Box {
  readonly world: string;
  readonly room: string | null;
}

/** A kind of object that may be spawned here. */
export interface PropKind {
  readonly kind: string;
  readonly grabbable: boolean;
}

/** An object that is there when a room opens. Orientation: a quaternion x y z w. */
export interface PropObject {
  readonly kind: string;
  readonly position: Point;
  readonly orientation: readonly [number, number, number, number];
}

/** Decoration, which stops nobody; the position is the middle of its foot. */
export interface Fixture {
  readonly kind: FixtureKind;
  readonly position: Point;
  readonly yaw: number;
  readonly scale: number;
}

/** A lamp. `colour` is #rrggbb, `range` metres. */
export interface Light {
  readonly kind: LightKind;
  readonly position: Point;
  readonly colour: string;
  readonly intensity: number;
  readonly range: number;
}

/** A text; the position is its middle, and yaw the way it faces. */
export interface Sign {
  readonly text: Texts;
  readonly position: Point;
  readonly yaw: number;
  readonly width: number;
  readonly style: SignStyle;
}

/** The hour of the day. Azimuth is clockwise from -Z, as a compass. */
export interface Sky {
  readonly kind: SkyKind;
  readonly sun: { readonly azimuth: number; readonly elevation: number };
}

/** A whole world. */
export interface WorldDocument {
  readonly name: string;
  readonly title: Texts;
  readonly bounds: Box;
  /** How far people see each other here, or null where that is for the server to say (`joined.radius_mm`). */
  readonly sight: number | null;
  readonly clearances: readonly string[];
  readonly walls: readonly Wall[];
  readonly boxes: readonly Furniture[];
  /** Empty: people may be at any height. */
  readonly floors: readonly Floor[];
  readonly ceilings: readonly Ceiling[];
  readonly zones: readonly Zone[];
  readonly spawns: readonly Spawn[];
  readonly seats: readonly SeatRow[];
  readonly portals: readonly Portal[];
  readonly props: { readonly kinds: readonly PropKind[]; readonly objects: readonly PropObject[] };
  readonly fixtures: readonly Fixture[];
  readonly lights: readonly Light[];
  readonly signs: readonly Sign[];
  readonly sky: Sky;
}
