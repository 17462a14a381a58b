// Everything that a person can do, in one place: the UI and the player call these, and nothing else changes the store.
import {
  Action,
  Channel,
  Emote,
  EndedError,
  PresenceError,
  Status,
  type NetworkReport,
  type Person,
  type Portal,
  type Room,
} from "@presence-hub/client";
import type { Entry } from "./entry";
import type { ChannelName } from "./chat";
import { refusalKey } from "./refusals";
import { cut } from "./text";
import type { Command } from "../player/contract";
import type { Destination, Panel, Store } from "./store";
import { Travel, type TravelHome } from "./travel";

export type EmoteName = "wave" | "nod" | "applaud" | "raise_hand" | "point" | "thumbs_up";
export type StatusName = "available" | "busy" | "in_course" | "away";
export type ModeratorAct = "mute" | "unmute" | "kick" | "pin" | "unpin" | "lock" | "unlock";

/** In the order of their keys, 1 to 6. */
export const EMOTES: readonly { readonly name: EmoteName; readonly code: Emote }[] = [
  { name: "wave", code: Emote.WAVE },
  { name: "nod", code: Emote.NOD },
  { name: "applaud", code: Emote.APPLAUD },
  { name: "raise_hand", code: Emote.RAISE_HAND },
  { name: "point", code: Emote.POINT },
  { name: "thumbs_up", code: Emote.THUMBS_UP },
];

export const STATUSES: readonly { readonly name: StatusName; readonly code: Status }[] = [
  { name: "available", code: Status.AVAILABLE },
  { name: "busy", code: Status.BUSY },
  { name: "in_course", code: Status.IN_COURSE },
  { name: "away", code: Status.AWAY },
];

const CHANNELS: Record<ChannelName, Channel> = {
  room: Channel.ROOM,
  nearby: Channel.NEARBY,
  direct: Channel.DIRECT,
};

const ACTS: Record<ModeratorAct, Action> = {
  mute: Action.MUTE,
  unmute: Action.UNMUTE,
  kick: Action.KICK,
  pin: Action.PIN,
  unpin: Action.UNPIN,
  lock: Action.LOCK,
  unlock: Action.UNLOCK,
};

/** Longest chat text and longest reason, in code points (SPEC 8.8, 8.17). */
export const MAX_TEXT = 1000;
export const MAX_REASON = 200;

const FIND_MS = 5_000;

export class Actions {
  readonly #store: Store;
  readonly #home: TravelHome;
  readonly #travel: Travel;

  constructor(store: Store, home: TravelHome) {
    this.#store = store;
    this.#home = home;
    this.#travel = new Travel(home, store);
  }

  // --- coming and going ---

  /** Begin as the address asks: in a room, or in the lobby. */
  start(entry: Entry): void {
    const { settings } = this.#store;
    if (entry.language !== null) settings.language.value = entry.language;
    if (entry.quality !== null) settings.quality.value = entry.quality;
    if (entry.view !== null) settings.view.value = entry.view;
    if (entry.name !== "") settings.name.value = entry.name;
    if (entry.token !== "") this.signIn(entry.token);
    // Titles of worlds are shown in rooms too.
    this.#store.directory.refresh();
    if (entry.isBroken) this.refuse("unknown_world");
    if (entry.room === null) return;
    const to = { room: entry.room, world: entry.world };
    if (entry.name !== "" || entry.token !== "") void this.enter(to);
    else this.#store.wanted.value = to;
  }

  /** Use this token from now on; an empty one is a guest's. */
  signIn(token: string): void {
    this.#store.token.value = token;
    this.#store.directory.identify(token);
    const renewable = this.#travel.client;
    if (renewable !== null && token !== "") void this.#attempt(renewable.renew(token));
  }

  enter(to: Destination): Promise<boolean> {
    return this.#travel.enter(to);
  }

  /** Follow a portal: to its room, or to any that is made from its world. */
  travel(portal: Pick<Portal, "world" | "room">): Promise<boolean> {
    const { world } = portal;
    const listed = this.#store.directory.rooms.peek()?.find((room) => room.world === world);
    return this.enter({ room: portal.room ?? listed?.name ?? world, world });
  }

  leave(): Promise<void> {
    return this.#travel.leave();
  }

  /** Give the seat up, since the page goes away. */
  end(): Promise<void> {
    return this.#travel.signOut();
  }

  /** How the connection does, in numbers; null without one. */
  network(): NetworkReport | null {
    return this.#travel.client?.network() ?? null;
  }

  /** Connect again at once instead of waiting. */
  reconnect(): void {
    this.#travel.client?.retry();
  }

  /** To the lobby, to present another token than the one that met this close code. */
  signInAgain(name: string): void {
    this.signIn("");
    this.#store.directory.problem.value = { kind: "refused", code: name };
    void this.leave();
  }

  /** Join the room where somebody is, and step beside them. */
  async goToUser(user: string, room: string): Promise<void> {
    if (this.#store.room.peek()?.name !== room && !(await this.enter({ room, world: "" }))) return;
    const entity = await this.#found(user);
    if (entity === null) this.#store.toasts.add("problem", "refusal.unknown_entity");
    else await this.goTo(entity);
  }

  // --- people ---

  goTo(entity: number): Promise<boolean> {
    return this.#command((room) => room.goTo(entity));
  }

  act(): void {
    this.#store.scene.peek()?.act();
  }

  /** Walk as the on-screen stick points: right and forward, −1 to 1. */
  walkByTouch(right: number, forward: number): void {
    this.#store.scene.peek()?.setTouchMove(right, forward);
  }

  handOver(entity: number): void {
    this.#store.scene.peek()?.handOver(entity);
  }

  async block(person: Pick<Person, "user" | "name">, isBlocked: boolean): Promise<void> {
    const client = this.#travel.client;
    if (client === null || !(await this.#attempt(client.block(person.user, isBlocked)))) return;
    const blocked = new Map(this.#store.blocked.peek());
    if (isBlocked) blocked.set(person.user, person.name);
    else blocked.delete(person.user);
    this.#store.blocked.value = blocked;
    this.#store.toasts.add("info", isBlocked ? "notice.blocked" : "notice.unblocked", { name: person.name });
  }

  /** Stop showing somebody's words here, or show them again. */
  silence(user: string, isSilenced: boolean): void {
    const silenced = new Set(this.#store.silenced.peek());
    if (isSilenced) silenced.add(user);
    else silenced.delete(user);
    this.#store.silenced.value = silenced;
  }

  /** Act as a moderator; `entity` is 0 for lock and unlock. */
  async moderate(act: ModeratorAct, entity: number, reason: string): Promise<boolean> {
    const isDone = await this.#command((room) => room.moderate(ACTS[act], entity, reason));
    if (!isDone) return false;
    this.#notePin(act, entity);
    this.#store.toasts.add("info", `notice.${act}`);
    return true;
  }

  /** See who is near this place too, wherever one goes from here; or see from there no longer. */
  async lookFromHere(isLooking: boolean): Promise<void> {
    const here = this.#store.scene.peek()?.ownPosition() ?? null;
    if (here === null) return;
    const place = isLooking ? here : null;
    if (!(await this.#command((room) => room.lookFrom(place && [place.x, place.y, place.z])))) return;
    this.#store.viewpoint.value = place;
    this.#store.toasts.add("info", isLooking ? "notice.viewpoint_placed" : "notice.viewpoint_removed");
  }

  // --- what one says and shows ---

  async chat(channel: ChannelName, text: string): Promise<boolean> {
    const said = cut(text.trim(), MAX_TEXT);
    if (said === "") return false;
    const target = channel === "direct" ? (this.#store.directTo.peek() ?? 0) : 0;
    return this.#command((room) => room.chat(CHANNELS[channel], said, target));
  }

  /** Choose whom direct messages go to. */
  addressDirectly(entity: number | null): void {
    this.#store.directTo.value = entity;
  }

  gesture(emote: EmoteName): void {
    const found = EMOTES.find(({ name }) => name === emote);
    if (found !== undefined) void this.#command((room) => room.gesture(found.code));
  }

  setStatus(status: StatusName): void {
    const found = STATUSES.find(({ name }) => name === status);
    if (found !== undefined) void this.#command((room) => room.setStatus(found.code));
  }

  // --- what is on the screen ---

  /** Say that something could not be done, by the name of a refusal of the protocol or of the player. */
  refuse(name: string): void {
    this.#store.toasts.add("problem", refusalKey(name));
  }

  select(entity: number | null): void {
    this.#store.selected.value = entity;
  }

  /** Do what a key means for the interface. */
  command(name: Command): void {
    const emote = EMOTES[Number(name.replace("emote-", "")) - 1];
    if (name.startsWith("emote-") && emote !== undefined) this.gesture(emote.name);
    else if (name === "help") this.toggle("help");
    else this.#store.command.value = { name };
  }

  toggle(panel: Panel): void {
    const open = new Set(this.#store.panels.peek());
    if (!open.delete(panel)) {
      if (this.#store.isNarrow.peek()) open.clear();
      open.add(panel);
    }
    this.#store.panels.value = open;
  }

  open(panel: Panel): void {
    if (!this.#store.panels.peek().has(panel)) this.toggle(panel);
  }

  close(panel: Panel): void {
    if (this.#store.panels.peek().has(panel)) this.toggle(panel);
  }

  async enterVr(): Promise<void> {
    try {
      await this.#store.scene.peek()?.enterVr();
    } catch {
      this.refuse("vr_failed");
    }
  }

  #notePin(act: ModeratorAct, entity: number): void {
    const person = this.#store.people.peek().get(entity);
    if (person === undefined || (act !== "pin" && act !== "unpin")) return;
    const pinned = new Map(this.#store.pinned.peek());
    if (act === "pin") pinned.set(entity, person.generation);
    else pinned.delete(entity);
    this.#store.pinned.value = pinned;
  }

  async #found(user: string): Promise<number | null> {
    const client = this.#travel.client;
    const find = () => {
      for (const person of client?.room?.people.values() ?? []) if (person.user === user) return person.entity;
      return null;
    };
    const now = find();
    if (now !== null || client === null) return now;
    return new Promise((resolve) => {
      const finish = (entity: number | null) => {
        end();
        this.#home.clearTimer(timer);
        resolve(entity);
      };
      const timer = this.#home.setTimer(() => {
        finish(null);
      }, FIND_MS);
      const end = client.on("people", () => {
        const entity = find();
        if (entity !== null) finish(entity);
      });
    });
  }

  async #command(send: (room: Room) => Promise<unknown>): Promise<boolean> {
    const room = this.#travel.client?.room;
    return room != null && (await this.#attempt(send(room)));
  }

  /** Wait for an answer; a refusal becomes a note, and a session that ended meanwhile says so itself. */
  async #attempt(answer: Promise<unknown>): Promise<boolean> {
    try {
      await answer;
      return true;
    } catch (error) {
      if (error instanceof PresenceError && !(error instanceof EndedError)) this.refuse(error.name);
      return false;
    }
  }
}
