// The one place where events of the SDK become signals, and where they reach the picture. Follows one client from its
// making to its end; never sends anything.
import { batch, effect } from "@preact/signals";
import { Cause, Channel, type Client, type Person, type Room, type Said } from "@presence-hub/client";
import type { Language } from "../i18n/translate";
import { roleWord } from "./badge";
import type { ChannelName } from "./chat";
import { refusalKey } from "./refusals";
import type { Scene } from "./scene";
import type { Store } from "./store";

export interface Clock {
  /** The time of day, ms since 1970. */
  readonly now: () => number;
  readonly setTimer: (fn: () => void, ms: number) => number;
  readonly clearTimer: (timer: number) => void;
}

/** Names of the channels, by their number on the wire. */
export const CHANNEL_NAMES: readonly ChannelName[] = ["room", "nearby", "direct"];

// A roster of 300 comes in several messages, and changes come in bursts: drawn at most this often.
const PEOPLE_MS = 60;
const SAME_NOTICE_MS = 5_000;

/** Follow a client; returns the end of it. */
export function follow(client: Client, store: Store, clock: Clock): () => void {
  const follower = new Follower(client, store, clock);
  const ends = [
    client.on("connection", (connection) => {
      store.connection.value = connection;
      store.me.value = client.welcome;
    }),
    client.on("joined", (room) => {
      follower.enter(room);
    }),
    client.on("left", () => {
      follower.leave();
    }),
    client.on("people", () => {
      follower.peopleSoon();
    }),
    client.on("things", () => {
      follower.describeThings();
    }),
    client.on("said", (said) => {
      follower.hear(said);
    }),
    client.on("gestured", (gestured) => {
      store.scene.peek()?.gesture(gestured.entity, gestured.emote);
    }),
    client.on("roomState", ({ isLocked }) => {
      const room = store.room.peek();
      if (room !== null) store.room.value = { ...room, isLocked };
    }),
    client.on("notice", ({ name }) => {
      store.toasts.add("info", name === "goaway" ? "notice.goaway" : refusalKey(name));
    }),
    client.on("correction", ({ cause }) => {
      follower.explain(cause);
    }),
    effect(() => {
      store.scene.value?.markViewpoint(store.viewpoint.value);
    }),
  ];
  return () => {
    follower.leave();
    for (const end of ends) end();
  };
}

class Follower {
  readonly #client: Client;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #described = new Map<number, Person>();
  readonly #things = new Set<number>();
  readonly #speaking = new Map<number, number>();
  #peopleTimer: number | null = null;
  #lastNotice = { cause: -1, atMs: -Infinity };
  #scene: Scene | null = null;
  #language: Language = "en";
  #endOfScene: () => void = () => undefined;

  constructor(client: Client, store: Store, clock: Clock) {
    this.#client = client;
    this.#store = store;
    this.#clock = clock;
  }

  enter(room: Room): void {
    this.leave();
    batch(() => {
      this.#store.room.value = { name: room.name, world: room.world, self: room.self, isLocked: room.isLocked };
      this.#store.people.value = new Map(room.people);
      this.#store.chat.clear();
    });
    // A picture that comes later, or another language, is told everything again.
    this.#endOfScene = effect(() => {
      this.#scene = this.#store.scene.value;
      this.#language = this.#store.settings.language.value;
      this.#scene?.setLanguage(this.#language);
      this.#described.clear();
      this.describePeople();
      this.describeThings();
    });
  }

  leave(): void {
    this.#endOfScene();
    this.#endOfScene = () => undefined;
    for (const timer of this.#speaking.values()) this.#clock.clearTimer(timer);
    if (this.#peopleTimer !== null) this.#clock.clearTimer(this.#peopleTimer);
    this.#peopleTimer = null;
    for (const entity of this.#described.keys()) this.#scene?.forgetPerson(entity);
    for (const entity of this.#things) this.#scene?.forgetThing(entity);
    this.#speaking.clear();
    this.#described.clear();
    this.#things.clear();
    batch(() => {
      this.#store.room.value = null;
      this.#store.people.value = new Map();
      this.#store.things.value = new Map();
      this.#store.directTo.value = null;
      this.#store.selected.value = null;
      this.#store.pinned.value = new Map();
      this.#store.viewpoint.value = null;
    });
  }

  peopleSoon(): void {
    this.#peopleTimer ??= this.#clock.setTimer(() => {
      this.#peopleTimer = null;
      const room = this.#client.room;
      if (room === null) return;
      this.#store.people.value = new Map(room.people);
      this.describePeople();
    }, PEOPLE_MS);
  }

  describePeople(): void {
    const people = this.#client.room?.people;
    if (people === undefined || this.#scene === null) return;
    for (const entity of this.#described.keys()) {
      if (people.has(entity)) continue;
      this.#described.delete(entity);
      this.#scene.forgetPerson(entity);
    }
    for (const person of people.values()) {
      if (this.#described.get(person.entity) !== person) this.#describe(person);
    }
  }

  #describe(person: Person): void {
    this.#described.set(person.entity, person);
    this.#scene?.describePerson(person.entity, {
      name: person.name,
      country: person.country,
      agency: person.agency,
      role: roleWord(this.#language, person.roles),
      isGuest: person.guest,
      status: person.status,
      isAway: person.away,
      isMuted: person.muted,
      isSpeaking: this.#speaking.has(person.entity),
    });
  }

  describeThings(): void {
    const things = this.#client.room?.things;
    if (things === undefined) return;
    this.#store.things.value = new Map(things);
    if (this.#scene === null) return;
    for (const entity of this.#things) {
      if (things.has(entity)) continue;
      this.#things.delete(entity);
      this.#scene.forgetThing(entity);
    }
    for (const thing of things.values()) {
      this.#things.add(thing.entity);
      this.#scene.describeThing(thing.entity, { prop: thing.prop, holder: thing.holder });
    }
  }

  hear({ entity, person, channel, text }: Said): void {
    if (person === null || this.#store.silenced.peek().has(person.user)) return;
    this.#store.chat.add({
      user: person.user,
      name: person.name,
      isOwn: entity === this.#store.room.peek()?.self,
      channel: CHANNEL_NAMES[channel] ?? "room",
      text,
      atMs: this.#clock.now(),
    });
    if (channel === Channel.DIRECT) return;
    this.#scene?.say(entity, text);
    this.#speak(person, text);
  }

  /** Mark somebody as speaking for about as long as their words take to read. */
  #speak(person: Person, text: string): void {
    const before = this.#speaking.get(person.entity);
    if (before !== undefined) this.#clock.clearTimer(before);
    const timer = this.#clock.setTimer(
      () => {
        this.#speaking.delete(person.entity);
        const now = this.#client.room?.people.get(person.entity);
        if (now !== undefined) this.#describe(now);
      },
      Math.min(2_000 + 50 * text.length, 8_000),
    );
    this.#speaking.set(person.entity, timer);
    this.#describe(person);
  }

  /** Say why one was put back, where the reason is a rule and not a stumble, and not every tick. */
  explain(cause: number): void {
    if (cause !== Cause.ZONE_CLEARANCE && cause !== Cause.ZONE_FULL) return;
    const atMs = this.#clock.now();
    if (cause === this.#lastNotice.cause && atMs - this.#lastNotice.atMs < SAME_NOTICE_MS) return;
    this.#lastNotice = { cause, atMs };
    this.#store.toasts.add("problem", cause === Cause.ZONE_FULL ? "notice.zone_full" : "notice.zone_clearance");
  }
}
