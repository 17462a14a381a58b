/**
 * What the player asks of its surroundings: settings it follows, hooks it calls, and the prompt it shows.
 *
 * The state layer implements these; the player never reaches into state or interface by itself.
 */
import type { Portal } from "@presence-hub/client";
import type { ReadonlySignal, Signal } from "@preact/signals";

/** Settings the player follows at once when they change. It writes `view` back when the wheel crosses the line. */
export interface PlayerSettings {
  readonly view: Signal<"first" | "third">;
  /** Drag to look, or hold the pointer from a click until Escape. */
  readonly pointer: ReadonlySignal<"drag" | "lock">;
  /** A factor on how far the view turns: 1 is the default. */
  readonly lookSensitivity: ReadonlySignal<number>;
  readonly invertLook: ReadonlySignal<boolean>;
  /** How far one flick of the right stick turns in VR; 0 turns smoothly. */
  readonly snapDegrees: ReadonlySignal<number>;
  /** How strongly the edge of sight is dimmed while one is moved by a stick in VR: 0 to 1. */
  readonly vignette: ReadonlySignal<number>;
  /** In VR: sitting on a real chair, seen at standing height. */
  readonly seated: ReadonlySignal<boolean>;
  readonly reducedMotion: ReadonlySignal<boolean>;
}

/** What the action key does now. */
export type Prompt =
  | { readonly kind: "take" | "put_down"; readonly entity: number; readonly prop: string }
  | { readonly kind: "sit"; readonly seat: number }
  | { readonly kind: "stand" }
  | { readonly kind: "portal"; readonly portal: Portal }
  | { readonly kind: "person"; readonly entity: number };

export type PlayerAction = "take" | "put_down" | "hand_over" | "sit" | "stand" | "teleport" | "walk" | "vr";

/** Keys that belong to the interface; the player only hears them. */
export type Command = "chat" | "close" | "mute" | "roster" | "help" | `emote-${1 | 2 | 3 | 4 | 5 | 6}`;

export interface PlayerHooks {
  /** A person was pointed at, or nobody. */
  select(entity: number | null): void;
  /** Step through a portal. */
  travel(portal: Portal): void;
  /** Something could not be done; `why` is a refusal's name of the protocol, or one of `OwnRefusal`. */
  refuse(action: PlayerAction, why: string): void;
  command(command: Command): void;
  /** What the panel in VR shows, in the person's language. */
  readonly vrPanel: ReadonlySignal<VrPanel>;
  /** A button of the panel in VR was pressed. */
  pressVrPanel(button: string): void;
}

/** Reasons of the player's own, beside the protocol's refusal names. */
export type OwnRefusal = "seat_taken" | "no_place" | "nothing_held" | "nobody_near" | "no_way" | "vr_failed";

export interface VrPanel {
  readonly title: string;
  readonly lines: readonly string[];
  readonly tone: "good" | "warning" | "bad";
  readonly buttons: readonly { readonly id: string; readonly label: string }[];
  readonly isRightToLeft: boolean;
}

/** How long one stands in a portal before it takes one through. */
export const PORTAL_DWELL_MS = 1500;
