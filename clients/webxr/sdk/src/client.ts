/**
 * The client: one session, and what an application does with it outside of a room.
 *
 *     const client = new Client({ url: "ws://localhost:8080", name: "Ada" });
 *     client.on("said", (said) => console.log(said.person?.name, said.text));
 *     client.open();
 *     const room = await client.join("lobby");
 *     await room.chat(Channel.ROOM, "hello");
 *
 * Owns who is told what, and which command an answer belongs to. The connection's life is `connection.ts`'s, all state is
 * `session/session.ts`'s.
 */
import { Connection } from "./connection.js";
import type { ConnectionState } from "./connection.js";
import { browserEdge } from "./edge.js";
import type { Edge } from "./edge.js";
import { BusyError, EndedError, OfflineError, PresenceError, RefusedError } from "./errors.js";
import type { ClientEvents } from "./events.js";
import type { DoneMessage, WelcomeMessage } from "./generated.js";
import { report } from "./network.js";
import type { NetworkReport } from "./network.js";
import { Room } from "./room.js";
import type { Commander } from "./room.js";
import { Session } from "./session/session.js";
import type { Command } from "./session/commands.js";
import type { SessionEvent } from "./session/session-event.js";
import { yawRadians } from "./wire/quantities.js";

const AGENT = "presence-client-js/0.1.0";

/** How to make a client. */
export interface ClientOptions {
  /** `ws://host:port` or `wss://…`; `http(s)://…` means the same server. */
  readonly url: string;
  /** What a guest is called. */
  readonly name?: string;
  /** A signed identity token; without one, a guest. */
  readonly token?: string;
  /** The application's name and version, for the server's logs; at most 64 characters. */
  readonly agent?: string;
  /** What stands in for the browser: sockets, clock, chance, timer, network. For tests and other platforms. */
  readonly edge?: Partial<Edge>;
}

/** Who the server says one is. */
export type Welcome = Readonly<Omit<WelcomeMessage, "type" | "resume">>;

interface Answer {
  readonly resolve: (done: DoneMessage | null) => void;
  readonly reject: (error: PresenceError) => void;
}

type Listener<E extends keyof ClientEvents> = (event: ClientEvents[E]) => void;

export class Client {
  private readonly options: ClientOptions;
  private readonly edge: Edge;
  private readonly listeners = new Map<keyof ClientEvents, Set<Listener<never>>>();
  private readonly answers = new Map<number, Answer>();
  private readonly waiting: Answer[] = []; // for the connection to stand
  private session: Session;
  private link: Connection;
  private present: Room | null = null;
  private willFlush = false;

  constructor(options: ClientOptions) {
    this.options = options;
    this.edge = { ...browserEdge(), ...options.edge };
    this.session = this.newSession();
    this.link = this.newLink();
  }

  // --- the connection ------------------------------------------------------------------------------------------------

  /** Connect, and stay connected until `close`, or until the server ends the session. Does nothing while that lasts. */
  open(): void {
    const { phase } = this.connection;
    if (phase !== "offline" && phase !== "ended") return;
    this.session = this.newSession();
    this.link = this.newLink();
    this.link.open();
  }

  /** Give the seat up and close. The good-bye is sent at once, so that it may be called while a page goes away. */
  async close(): Promise<void> {
    await this.link.close();
  }

  /** Try again at once instead of waiting; does nothing unless the connection is `waiting`. */
  retry(): void {
    this.link.hurry();
  }

  get connection(): ConnectionState {
    return this.link.state;
  }

  /** What the server said of the session; null before. */
  get welcome(): Welcome | null {
    return this.session.welcome;
  }

  /** The room the session is in. */
  get room(): Room | null {
    return this.present;
  }

  /** How the connection does, in numbers. */
  network(): NetworkReport {
    return report(this.session, this.link.reconnects, this.edge.now());
  }

  /** Call `listener` whenever this happens; returns how to stop. What a listener throws is reported, and goes no further. */
  on<E extends keyof ClientEvents>(event: E, listener: (value: ClientEvents[E]) => void): () => void {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  // --- commands ------------------------------------------------------------------------------------------------------

  /**
   * Enter a room, leaving the present one; `world` is what to make it from if it does not exist yet. Waits for the
   * connection to stand. Rejects with RefusedError, OfflineError or EndedError.
   */
  async join(room: string, world = ""): Promise<Room> {
    await this.online();
    await this.command({ type: "join", room, world });
    if (this.present === null) throw new OfflineError("The room was left again.");
    return this.present;
  }

  /** Leave the room; the session goes on. */
  async leave(): Promise<void> {
    await this.command({ type: "leave" });
  }

  /** Hide a user (a `user` id of the roster) and oneself from each other for as long as the session lasts, or undo it. */
  async block(user: string, blocked: boolean): Promise<void> {
    await this.command({ type: "block", user, blocked });
  }

  /**
   * Be sent at most so many bytes of snapshots a second, a whole number, for as long as the session lasts: for a network
   * that got worse. The furthest people are told of more rarely then. The server sends no more than
   * `room.budgetBytesPerS` whatever is asked, and plans with no less than 8,000.
   */
  async setBudget(bytesPerS: number): Promise<void> {
    await this.command({ type: "set_budget", bytes_per_s: bytesPerS });
  }

  /** Present a newer token of the same user. */
  async renew(token: string): Promise<void> {
    await this.command({ type: "renew", token });
    this.session.credentials.token = token;
  }

  private command(command: Command): Promise<DoneMessage | null> {
    return new Promise((resolve, reject) => {
      this.check(command.type);
      this.answers.set(this.session.command(command), { resolve, reject });
      this.link.flush();
    });
  }

  /** Throws what explains why this cannot be sent now. */
  private check(type: Command["type"]): void {
    const { phase, end } = this.connection;
    if (end !== null) throw new EndedError(end);
    if (phase !== "online") throw new OfflineError("There is no connection just now.");
    if (!this.session.allows(type)) throw new PresenceError("no_room", "You are in no room.", "Join one first.");
    if (this.session.isFull) throw new BusyError();
  }

  /** Wait until a session stands. */
  private online(): Promise<unknown> {
    const { phase, end } = this.connection;
    if (end !== null) return Promise.reject(new EndedError(end));
    if (phase === "offline") return Promise.reject(new OfflineError("The client is not open."));
    if (phase === "online") return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  // --- what happens --------------------------------------------------------------------------------------------------

  private happened(event: SessionEvent): void {
    switch (event.type) {
      case "online":
        for (const { resolve } of this.waiting.splice(0)) resolve(null);
        break;
      case "joined":
        this.entered(event);
        break;
      case "left":
        this.leftRoom(null);
        this.answer(event.ref, null);
        break;
      case "room_lost":
        this.leftRoom(new RefusedError(event.code, event.reason));
        break;
      case "unanswered":
        for (const ref of event.refs)
          this.refuse(ref, new OfflineError("The connection broke before the server answered."));
        break;
      case "done":
        this.answer(event.ref, event);
        break;
      case "error":
        this.refused(new RefusedError(event.code, event.reason), event.ref);
        break;
      case "correction":
        this.corrected(event);
        break;
      case "roster":
        this.emit("people", { changed: event.people, gone: [] });
        break;
      case "objects":
        this.emit("things", { changed: event.things, gone: [] });
        break;
      case "gone":
        if (event.people.length > 0) this.emit("people", { changed: [], gone: event.people });
        if (event.things.length > 0) this.emit("things", { changed: [], gone: event.things });
        break;
      case "said":
        this.said(event);
        break;
      case "gestured":
        this.emit("gestured", { entity: event.entity, emote: event.emote });
        break;
      case "room_state":
        this.emit("roomState", { isLocked: event.locked });
        break;
      case "goaway":
        this.emit("notice", { name: "goaway", reason: event.reason, action: "Wait: the client comes back by itself." });
        break;
    }
  }

  private entered(event: SessionEvent & { type: "joined" }): void {
    if (this.present?.name === event.room) this.present.enter(event);
    else this.present = new Room(this.commander(), event);
    this.emit("joined", this.present);
    this.answer(event.ref, null);
  }

  private leftRoom(error: RefusedError | null): void {
    const room = this.present;
    this.present = null;
    if (room !== null) this.emit("left", { room: room.name, error });
  }

  private corrected(event: SessionEvent & { type: "correction" }): void {
    const position = [event.x / 1000, event.y / 1000, event.z / 1000] as const;
    const yaw = yawRadians(event.yaw);
    this.present?.own.correct(event.seq, event.cause, position, yaw);
    this.emit("correction", { cause: event.cause, position, yaw });
  }

  private said(event: SessionEvent & { type: "said" }): void {
    const { entity, channel, text, time_ms: timeMs } = event;
    this.emit("said", { entity, person: this.session.view.people.get(entity) ?? null, channel, text, timeMs });
  }

  private refused(error: RefusedError, ref: number): void {
    if (ref !== 0) this.refuse(ref, error);
    else this.emit("notice", { name: error.name, reason: error.reason, action: error.action });
  }

  private changed(state: ConnectionState): void {
    if (state.phase === "offline" || state.phase === "ended") this.finish(state);
    this.emit("connection", state);
    if (state.end !== null) this.emit("ended", state.end);
  }

  /** Let nothing wait any longer: the session is over. */
  private finish(state: ConnectionState): void {
    const error = state.end === null ? new OfflineError("The client was closed.") : new EndedError(state.end);
    this.present = null;
    const answers = [...this.answers.values(), ...this.waiting.splice(0)];
    this.answers.clear();
    for (const { reject } of answers) reject(error);
  }

  private answer(ref: number, done: DoneMessage | null): void {
    this.answers.get(ref)?.resolve(done);
    this.answers.delete(ref);
  }

  private refuse(ref: number, error: PresenceError): void {
    this.answers.get(ref)?.reject(error);
    this.answers.delete(ref);
  }

  private emit<E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])] as Listener<E>[]) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error; // the application's fault, to be seen as such; it must not cost the connection
        });
      }
    }
  }

  // --- composition ---------------------------------------------------------------------------------------------------

  private newSession(): Session {
    const { token = "", name = "", agent = AGENT } = this.options;
    return new Session({ token, name, agent });
  }

  private newLink(): Connection {
    return new Connection(this.options.url, this.session, this.edge, {
      happened: (event) => {
        this.happened(event);
      },
      changed: (state) => {
        this.changed(state);
      },
    });
  }

  private commander(): Commander {
    return {
      session: this.session,
      now: this.edge.now,
      command: (command) => this.command(command),
      check: (type) => {
        this.check(type);
      },
      moved: () => {
        this.flushSoon();
      },
    };
  }

  /** Send what a frame changed, all of it together. */
  private flushSoon(): void {
    if (this.willFlush) return;
    this.willFlush = true;
    queueMicrotask(() => {
      this.willFlush = false;
      this.link.flush();
    });
  }
}
