// What the state asks of the picture and of one's own avatar. The composition root makes one from the stage and the
// player; tests make one that draws nothing.
import type { ReadonlySignal } from "@preact/signals";
import type { Room, WorldDocument, WorldGeometry } from "@presence-hub/client";
import type { AvatarLook } from "../avatars/looks";
import type { Language } from "../i18n/translate";
import type { Prompt } from "../player/contract";

export type { AvatarLook };

/** A point in the room, metres. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** A world, ready to be walked in. */
export interface World {
  readonly document: WorldDocument;
  readonly geometry: WorldGeometry;
}

export interface ThingLook {
  readonly prop: string;
  /** Entity of who holds it; 0 for nobody. */
  readonly holder: number;
}

export interface Stats {
  readonly fps: number;
  readonly frameMs: number;
  readonly drawCalls: number;
  readonly triangles: number;
}

export interface Scene {
  /** Draw this world, and put one's own avatar where the room says. */
  enter(room: Room, world: World): void;
  leave(): void;
  setLanguage(language: Language): void;

  describePerson(entity: number, look: AvatarLook): void;
  forgetPerson(entity: number): void;
  describeThing(entity: number, look: ThingLook): void;
  forgetThing(entity: number): void;
  /** Mark where one looks from besides one's own place, or nowhere. */
  markViewpoint(place: Point | null): void;
  say(entity: number, text: string): void;
  gesture(entity: number, emote: number): void;

  /** Where somebody is drawn; null while they are not. */
  positionOf(entity: number): Point | null;
  ownPosition(): Point | null;
  readonly stats: Stats;

  readonly prompt: ReadonlySignal<Prompt | null>;
  act(): void;
  handOver(to: number): void;
  /** Where the on-screen stick points: right and forward, −1 to 1. */
  setTouchMove(right: number, forward: number): void;

  readonly isInVr: ReadonlySignal<boolean>;
  enterVr(): Promise<void>;
  leaveVr(): void;
}

/** There is no WebGL 2 here, or it was lost: nothing can be drawn. */
export class NoPictureError extends Error {
  override readonly name = "NoPictureError";
}

/** The world cannot be had, or is not the one that the server uses. */
export class WorldLoadError extends Error {
  override readonly name = "WorldLoadError";
  readonly kind: "unreachable" | "invalid" | "differs";

  constructor(kind: WorldLoadError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}
