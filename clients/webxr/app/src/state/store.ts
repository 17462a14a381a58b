// Everything that the UI shows, as signals. Written by the bridge and the actions alone; the UI reads.
import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { ConnectionState, NetworkReport, Person, Thing, Welcome } from "@presence-hub/client";
import { ChatLog } from "./chat";
import type { Directory } from "./directory";
import type { Command, Prompt } from "../player/contract";
import type { Point, Scene, Stats } from "./scene";
import type { Settings } from "./settings";
import type { Toasts } from "./toasts";

/** What a person waits for on the way into a room, in order. */
export const STEPS = ["connecting", "joining", "world", "picture"] as const;
export type Step = (typeof STEPS)[number];

export type Failure =
  | { readonly kind: "world_unreachable" | "world_invalid" | "world_differs" | "no_picture" | "unexpected" }
  | { readonly kind: "refused"; readonly name: string };

export interface Destination {
  readonly room: string;
  /** Empty for the server's choice. */
  readonly world: string;
}

export type Screen =
  | { readonly kind: "lobby" }
  | { readonly kind: "loading"; readonly to: Destination; readonly step: Step }
  | { readonly kind: "room" }
  | { readonly kind: "failed"; readonly to: Destination; readonly failure: Failure }
  | {
      readonly kind: "ended";
      readonly code: number;
      readonly name: string;
      readonly reason: string;
      readonly from: Destination | null;
    };

export interface RoomView {
  readonly name: string;
  readonly world: string;
  /** One's own entity. */
  readonly self: number;
  readonly isLocked: boolean;
}

export interface NetworkSample extends NetworkReport {
  readonly stats: Stats;
}

/** Parts of the interface that open and close. */
export type Panel = "roster" | "chat" | "network" | "settings" | "help";

export interface Store {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly toasts: Toasts;
  readonly chat: ChatLog;
  readonly screen: Signal<Screen>;
  readonly connection: Signal<ConnectionState>;
  /** Token that was signed in with; empty for a guest. Kept in memory only. */
  readonly token: Signal<string>;
  readonly me: Signal<Welcome | null>;
  readonly room: Signal<RoomView | null>;
  readonly people: Signal<ReadonlyMap<number, Person>>;
  readonly things: Signal<ReadonlyMap<number, Thing>>;
  /** Users hidden from this one and the other way round: user id to name. */
  readonly blocked: Signal<ReadonlyMap<string, string>>;
  /** Users whose words are not shown here; nobody else is told. */
  readonly silenced: Signal<ReadonlySet<string>>;
  /** Whom one pinned in this room: generations by entity. Nobody is told what other moderators pinned. */
  readonly pinned: Signal<ReadonlyMap<number, number>>;
  /** The place that one looks from besides one's own; null for none. */
  readonly viewpoint: Signal<Point | null>;
  readonly scene: Signal<Scene | null>;
  readonly prompt: ReadonlySignal<Prompt | null>;
  /** Whether one's own hand holds something that could be handed over. */
  readonly isHolding: ReadonlySignal<boolean>;
  /** Whom one chose, in the list or by pointing. */
  readonly selected: Signal<number | null>;
  /** Where the lobby's form leads, when the address named a room but not who comes. */
  readonly wanted: Signal<Destination | null>;
  /** The newest key that was pressed for the interface; a new object each time. */
  readonly command: Signal<{ readonly name: Command } | null>;
  readonly isVrSupported: Signal<boolean>;
  readonly isInVr: ReadonlySignal<boolean>;
  /** The newest last; sampled while the network panel is open. */
  readonly network: Signal<readonly NetworkSample[]>;
  readonly panels: Signal<ReadonlySet<Panel>>;
  /** Whether there is room for one panel at a time only. */
  readonly isNarrow: ReadonlySignal<boolean>;
  /** Whom a direct message goes to. */
  readonly directTo: Signal<number | null>;
  readonly mayModerate: ReadonlySignal<boolean>;
  /** Whether one of one's roles may let one look from elsewhere: which ones do is the operator's choice, and not told. */
  readonly mayHaveViewpoint: ReadonlySignal<boolean>;
  /** The clock that `connection.retryAtMs` is on. */
  monotonicMs(): number;
}

const MODERATORS: readonly string[] = ["moderator", "operator"];
export const OFFLINE: ConnectionState = { phase: "offline", attempt: 0, retryAtMs: null, reason: "", end: null };

export interface StoreParts {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly toasts: Toasts;
  readonly isNarrow: ReadonlySignal<boolean>;
  readonly monotonicMs: () => number;
}

export function makeStore({ settings, directory, toasts, isNarrow, monotonicMs }: StoreParts): Store {
  const scene = signal<Scene | null>(null);
  const me = signal<Welcome | null>(null);
  const room = signal<RoomView | null>(null);
  const things = signal<ReadonlyMap<number, Thing>>(new Map());
  const panels = signal<ReadonlySet<Panel>>(new Set(isNarrow.peek() ? [] : ["roster", "chat"]));
  const chat = new ChatLog();
  effect(() => {
    chat.show(panels.value.has("chat"));
  });
  return {
    settings,
    directory,
    toasts,
    chat,
    screen: signal<Screen>({ kind: "lobby" }),
    connection: signal(OFFLINE),
    token: signal(""),
    me,
    room,
    people: signal(new Map()),
    things,
    blocked: signal(new Map()),
    silenced: signal(new Set()),
    pinned: signal(new Map()),
    viewpoint: signal(null),
    scene,
    prompt: computed(() => scene.value?.prompt.value ?? null),
    isHolding: computed(() => holds(things.value, room.value?.self)),
    selected: signal(null),
    wanted: signal(null),
    command: signal(null),
    isVrSupported: signal(false),
    isInVr: computed(() => scene.value?.isInVr.value ?? false),
    network: signal([]),
    panels,
    isNarrow,
    directTo: signal(null),
    mayModerate: computed(() => me.value?.roles.some((role) => MODERATORS.includes(role)) ?? false),
    mayHaveViewpoint: computed(() => (me.value?.roles.length ?? 0) > 0),
    monotonicMs,
  };
}

function holds(things: ReadonlyMap<number, Thing>, self: number | undefined): boolean {
  for (const thing of things.values()) if (thing.holder === self) return true;
  return false;
}
