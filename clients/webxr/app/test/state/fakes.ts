// A client, a picture and a clock that do what a test tells them.
import { signal } from "@preact/signals";
import type { Client, ClientEvents, ConnectionState, Person, Room, Welcome } from "@presence-hub/client";
import { Actions } from "../../src/state/actions";
import { Directory } from "../../src/state/directory";
import { WorldLoadError, type AvatarLook, type Point, type Scene, type World } from "../../src/state/scene";
import { makeSettings } from "../../src/state/settings";
import { makeStore, type Store } from "../../src/state/store";
import { Toasts } from "../../src/state/toasts";
import type { Prompt } from "../../src/player/contract";

export class FakeClock {
  nowMs = 1_000_000;
  #timers = new Map<number, { atMs: number; fn: () => void }>();
  #next = 1;

  now = () => this.nowMs;

  setTimer = (fn: () => void, ms: number) => {
    this.#timers.set(this.#next, { atMs: this.nowMs + ms, fn });
    return this.#next++;
  };

  clearTimer = (timer: number) => {
    this.#timers.delete(timer);
  };

  get parts() {
    return { now: this.now, setTimer: this.setTimer, clearTimer: this.clearTimer };
  }

  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.nowMs += ms;
    for (const [timer, { atMs, fn }] of [...this.#timers]) {
      if (atMs > this.nowMs || !this.#timers.delete(timer)) continue;
      fn();
    }
  }
}

export function person(entity: number, name: string, more: Partial<Person> = {}): Person {
  return {
    entity,
    generation: 1,
    user: `u-${name}`,
    name,
    agency: "NCB",
    country: "FR",
    roles: [],
    guest: false,
    status: 0,
    away: false,
    muted: false,
    ...more,
  };
}

type Answer = "done" | Error;

export class FakeClient {
  connection: ConnectionState = { phase: "offline", attempt: 0, retryAtMs: null, reason: "", end: null };
  welcome: Welcome | null = null;
  room: Room | null = null;
  readonly people = new Map<number, Person>();
  readonly sent: unknown[][] = [];
  /** What the next command meets. */
  answer: Answer = "done";
  joins: Answer = "done";
  roles: string[] = [];
  readonly #listeners = new Map<string, Set<(event: never) => void>>();

  on<E extends keyof ClientEvents>(event: E, listener: (value: ClientEvents[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) (listener as (value: ClientEvents[E]) => void)(value);
  }

  open(): void {
    this.become({ phase: "connecting", attempt: 1 });
  }

  become(state: Partial<ConnectionState>): void {
    this.connection = { ...this.connection, reason: "", end: null, retryAtMs: null, ...state };
    if (this.connection.phase === "online") {
      this.welcome = { roles: this.roles, resumed: false } as unknown as Welcome;
    }
    this.emit("connection", this.connection);
  }

  end(code: number, name: string, reason = ""): void {
    const end = { code, name, reason, action: "" };
    this.room = null;
    this.become({ phase: "ended", end });
    this.emit("ended", end);
  }

  close(): Promise<void> {
    this.sent.push(["close"]);
    return Promise.resolve();
  }

  retry(): void {
    this.sent.push(["retry"]);
  }

  join(name: string, world = ""): Promise<Room> {
    this.sent.push(["join", name, world]);
    if (this.joins !== "done") return Promise.reject(this.joins);
    const command =
      (kind: string) =>
      (...parts: unknown[]) =>
        this.command(kind, ...parts);
    const room = {
      name,
      world: world || "headquarters",
      worldDigest: "d",
      self: 1,
      isLocked: false,
      people: this.people,
      things: new Map(),
      chat: command("chat"),
      gesture: command("gesture"),
      setStatus: command("setStatus"),
      goTo: command("goTo"),
      moderate: command("moderate"),
      lookFrom: command("lookFrom"),
    } as unknown as Room;
    this.room = room;
    this.emit("joined", room);
    return Promise.resolve(room);
  }

  leave(): Promise<void> {
    this.room = null;
    this.emit("left", { room: "", error: null });
    return Promise.resolve();
  }

  block(user: string, blocked: boolean): Promise<void> {
    return this.command("block", user, blocked);
  }

  renew(token: string): Promise<void> {
    return this.command("renew", token);
  }

  command(...parts: unknown[]): Promise<void> {
    this.sent.push(parts);
    return this.answer === "done" ? Promise.resolve() : Promise.reject(this.answer);
  }
}

export class FakeScene implements Scene {
  readonly looks = new Map<number, AvatarLook>();
  readonly bubbles: [number, string][] = [];
  readonly prompt = signal<Prompt | null>(null);
  readonly isInVr = signal(false);
  readonly stats = { fps: 60, frameMs: 1, drawCalls: 2, triangles: 3 };
  readonly calls: unknown[][] = [];
  viewpoint: Point | null = null;
  entered: Room | null = null;

  enter(room: Room): void {
    this.entered = room;
  }
  leave(): void {
    this.entered = null;
  }
  setLanguage(language: string): void {
    this.calls.push(["setLanguage", language]);
  }
  describePerson(entity: number, look: AvatarLook): void {
    this.looks.set(entity, look);
  }
  forgetPerson(entity: number): void {
    this.looks.delete(entity);
  }
  describeThing(): void {
    this.calls.push(["describeThing"]);
  }
  forgetThing(): void {
    this.calls.push(["forgetThing"]);
  }
  markViewpoint(place: Point | null): void {
    this.viewpoint = place;
  }
  say(entity: number, text: string): void {
    this.bubbles.push([entity, text]);
  }
  gesture(entity: number, emote: number): void {
    this.calls.push(["gesture", entity, emote]);
  }
  positionOf(entity: number) {
    return this.looks.has(entity) ? { x: entity, y: 0, z: -1.23456 } : null;
  }
  ownPosition(): Point | null {
    return { x: 0, y: 0, z: 0 };
  }
  act(): void {
    this.calls.push(["act"]);
  }
  handOver(to: number): void {
    this.calls.push(["handOver", to]);
  }
  setTouchMove(right: number, forward: number): void {
    this.calls.push(["touch", right, forward]);
  }
  enterVr(): Promise<void> {
    return Promise.resolve();
  }
  leaveVr(): void {
    this.calls.push(["leaveVr"]);
  }
}

export interface Page {
  readonly store: Store;
  readonly actions: Actions;
  readonly clock: FakeClock;
  readonly scene: FakeScene;
  /** The newest client that was made. */
  readonly client: () => FakeClient;
  readonly reported: unknown[];
  /** Make loading the world, or the picture, fail. */
  readonly failing: { world?: WorldLoadError["kind"]; scene?: Error };
  /** Come into a room with these people. */
  readonly enter: (people?: readonly Person[]) => Promise<void>;
}

export function makePage(prepare: (client: FakeClient) => void = () => undefined): Page {
  const clock = new FakeClock();
  const settings = makeSettings({ storage: null, languages: ["en"], isMotionReduced: signal(false) });
  settings.name.value = "Ada";
  const directory = new Directory({
    ...clock.parts,
    fetch: () => Promise.reject(new TypeError("no network")),
    isHidden: signal(false),
  });
  const store = makeStore({
    settings,
    directory,
    toasts: new Toasts(clock.setTimer),
    isNarrow: signal(false),
    monotonicMs: clock.now,
  });
  const scene = new FakeScene();
  const made: FakeClient[] = [];
  const reported: unknown[] = [];
  const failing: Page["failing"] = {};
  const actions = new Actions(store, {
    ...clock.parts,
    makeClient: () => {
      const client = new FakeClient();
      prepare(client);
      made.push(client);
      return client as unknown as Client;
    },
    loadWorld: () =>
      failing.world === undefined
        ? Promise.resolve({} as World)
        : Promise.reject(new WorldLoadError(failing.world, "broken")),
    openScene: () => (failing.scene === undefined ? Promise.resolve(scene) : Promise.reject(failing.scene)),
    report: (error) => reported.push(error),
  });
  const client = () => {
    const newest = made.at(-1);
    if (newest === undefined) throw new Error("no client was made");
    return newest;
  };
  return {
    store,
    actions,
    clock,
    scene,
    client,
    reported,
    failing,
    async enter(people = [person(1, "Ada")]) {
      const entered = actions.enter({ room: "hq", world: "headquarters" });
      for (const one of people) client().people.set(one.entity, one);
      client().become({ phase: "online" });
      await entered;
    },
  };
}
