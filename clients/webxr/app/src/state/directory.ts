// Who is where, as the server tells over HTTP: rooms, people and worlds. Asks politely: one question at a time, never in
// a hidden tab, seldomer after failures, and as late as the server wishes.
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { isSlug } from "./entry";

export interface RoomListing {
  readonly name: string;
  readonly world: string;
  readonly people: number;
  readonly capacity: number;
  readonly isLocked: boolean;
}

export interface PersonListing {
  readonly user: string;
  readonly name: string;
  readonly agency: string;
  readonly country: string;
  readonly roles: readonly string[];
  readonly guest: boolean;
  readonly away: boolean;
  readonly room: string;
}

/** A text in one language for all, or one for each. */
export type Localised = string | Readonly<Record<"en" | "fr" | "es" | "ar", string>>;

export interface WorldListing {
  readonly name: string;
  readonly title: Localised;
  readonly digest: string;
}

/** Why there is nothing to show: the server does not answer, or it wants a (better) token. */
export type DirectoryProblem = { readonly kind: "away" } | { readonly kind: "refused"; readonly code: string };

export interface DirectoryHome {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
  readonly isHidden: ReadonlySignal<boolean>;
  readonly setTimer: (fn: () => void, ms: number) => number;
  readonly clearTimer: (timer: number) => void;
}

const POLL_MS = 5_000;
const SLOWEST_POLL_MS = 60_000;

export class Directory {
  /** null until the server has answered for the first time. */
  readonly rooms: Signal<readonly RoomListing[] | null> = signal(null);
  readonly people: Signal<readonly PersonListing[]> = signal([]);
  readonly worlds: Signal<readonly WorldListing[]> = signal([]);
  readonly problem: Signal<DirectoryProblem | null> = signal(null);

  readonly #home: DirectoryHome;
  #token = "";
  #timer: number | null = null;
  #isWatching = false;
  #isAsking = false;
  #failures = 0;
  #round = 0;

  constructor(home: DirectoryHome) {
    this.#home = home;
    home.isHidden.subscribe((isHidden) => {
      if (!isHidden && this.#isWatching) this.refresh();
    });
  }

  /** Ask again and again while a lobby is shown. */
  watch(): void {
    this.#isWatching = true;
    this.refresh();
  }

  unwatch(): void {
    this.#isWatching = false;
    this.#disarm();
  }

  /** Ask with another token from now on; what is shown was told to somebody else. */
  identify(token: string): void {
    if (token === this.#token) return;
    this.#token = token;
    this.#round += 1;
    this.#isAsking = false;
    this.problem.value = null;
    if (this.#isWatching) this.refresh();
  }

  /** Ask now. */
  refresh(): void {
    this.#disarm();
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#ask(this.#round);
  }

  async #ask(round: number): Promise<void> {
    let waitMs = POLL_MS;
    try {
      const rooms = roomsFrom(await this.#get("/v1/rooms"));
      const people = peopleFrom(await this.#get("/v1/presence"));
      const worlds = this.worlds.peek().length > 0 ? this.worlds.peek() : worldsFrom(await this.#get("/v1/worlds"));
      if (round !== this.#round) return;
      this.rooms.value = rooms;
      this.people.value = people;
      this.worlds.value = worlds;
      this.problem.value = null;
      this.#failures = 0;
    } catch (error) {
      if (round !== this.#round) return;
      this.#failures += 1;
      waitMs = Math.min(POLL_MS * 2 ** this.#failures, SLOWEST_POLL_MS);
      if (error instanceof Refusal && error.isTooSoon) waitMs = Math.max(error.retryMs, waitMs);
      else this.problem.value = error instanceof Refusal ? { kind: "refused", code: error.code } : { kind: "away" };
    }
    this.#isAsking = false;
    if (this.#isWatching && !this.#home.isHidden.peek()) {
      this.#timer = this.#home.setTimer(() => {
        this.refresh();
      }, waitMs);
    }
  }

  async #get(path: string): Promise<unknown> {
    const headers: HeadersInit = { Accept: "application/json" };
    if (this.#token !== "") headers["Authorization"] = `Bearer ${this.#token}`;
    const response = await this.#home.fetch(path, { headers, cache: "no-store" });
    if (response.ok) return response.json();
    if (response.status !== 401 && response.status !== 429) throw new Error(`${path} answered ${response.status}`);
    throw await refusal(response);
  }

  #disarm(): void {
    if (this.#timer !== null) this.#home.clearTimer(this.#timer);
    this.#timer = null;
  }
}

class Refusal extends Error {
  readonly code: string;
  readonly isTooSoon: boolean;
  readonly retryMs: number;

  constructor(code: string, isTooSoon: boolean, retryMs: number) {
    super(code);
    this.code = code;
    this.isTooSoon = isTooSoon;
    this.retryMs = retryMs;
  }
}

async function refusal(response: Response): Promise<Refusal> {
  const body = record(await response.json());
  const retryS = Number(response.headers.get("Retry-After") ?? 0);
  return new Refusal(text(body["code"]), response.status === 429, Number.isFinite(retryS) ? retryS * 1000 : 0);
}

/** A world's title in one language; its name where the server lists no such world. */
export function worldTitle(worlds: readonly WorldListing[], name: string, language: "en" | "fr" | "es" | "ar"): string {
  const title = worlds.find((world) => world.name === name)?.title;
  if (title === undefined) return name;
  return typeof title === "string" ? title : title[language];
}

// What comes from the network is checked before anything is made of it; an entry that is not what it should be is an
// error of the whole answer, since a correct server sends none.

function roomsFrom(body: unknown): RoomListing[] {
  return list(record(body)["rooms"]).map((entry) => {
    const room = record(entry);
    return {
      name: slug(room["name"]),
      world: slug(room["world"]),
      people: count(room["people"]),
      capacity: count(room["capacity"]),
      isLocked: room["locked"] === true,
    };
  });
}

function peopleFrom(body: unknown): PersonListing[] {
  return list(record(body)["people"]).map((entry) => {
    const person = record(entry);
    return {
      user: text(person["user"]),
      name: text(person["name"]),
      agency: text(person["agency"]),
      country: text(person["country"]),
      roles: list(person["roles"]).map(text),
      guest: person["guest"] === true,
      away: person["away"] === true,
      room: slug(person["room"]),
    };
  });
}

function worldsFrom(body: unknown): WorldListing[] {
  return list(record(body)["worlds"]).map((entry) => {
    const world = record(entry);
    return { name: slug(world["name"]), title: localised(world["title"]), digest: text(world["digest"]) };
  });
}

function localised(value: unknown): Localised {
  if (typeof value === "string") return value;
  const texts = record(value);
  return { en: text(texts["en"]), fr: text(texts["fr"]), es: text(texts["es"]), ar: text(texts["ar"]) };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("not an object");
  return value as Record<string, unknown>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("not a list");
  return value as readonly unknown[];
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("not a text");
  return value;
}

function slug(value: unknown): string {
  const name = text(value);
  if (!isSlug(name)) throw new TypeError("not a name");
  return name;
}

function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw new TypeError("not a count");
  return Number(value);
}
