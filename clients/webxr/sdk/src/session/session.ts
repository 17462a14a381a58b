/**
 * One session as the client sees it, without I/O: payloads in, events and payloads out.
 *
 * Owns everything that outlives a connection (resume token, event bookkeeping, what is known and held, one's own avatar's
 * sequence) and the state of the present one. The caller (`client.ts`) opens and closes connections when told, hands every
 * payload to `receive`, calls `advance` some twenty times a second, and sends what `take` returns after each of the three.
 * No clock: times are monotonic milliseconds.
 *
 *     open ──► hello ──► welcome ──► (join ──► joined) ──► events and snapshots
 *       ▲                                                        │ the connection breaks: `lose`
 *       └───────────── hello with the resume token ◄─────────────┘
 */
import { ProtocolError } from "../errors.js";
import { Close, LANES, MAJOR, MINOR, SCHEMA_HASH, STATES } from "../generated.js";
import type {
  ClientMessage,
  ClosingMessage,
  ErrorMessage,
  GoawayMessage,
  JoinedMessage,
  ServerMessage,
  SessionState,
  WelcomeMessage,
} from "../generated.js";
import { ObjectSender } from "../motion/object-sender.js";
import { PoseSender } from "../motion/pose-sender.js";
import { Playout } from "../view/playout.js";
import { RoomView } from "../view/room-view.js";
import { Sight } from "../view/sight.js";
import { decode, encode } from "../wire/codec.js";
import { ClockSync, SteadyReading } from "./clock.js";
import { CommandsInTheAir } from "./commands.js";
import type { Command } from "./commands.js";
import { EventLane } from "./lanes.js";
import type { SessionEvent } from "./session-event.js";
import { Traffic } from "./traffic.js";

const HANDSHAKE_MS = 10_000;
const MISSED_HEARTBEATS = 3;
const PING_SHARE = 0.8; // of a heartbeat, from one ping to the next: in time, whenever timers fire
const FIRST_PINGS = 4; // the first pings follow each other quickly: the clock is good within half a second
const FIRST_PING_EVERY_MS = 250; // below the server's limit of five a second
const FIRST_TICK_MS = 50;

/** Where the present connection stands. */
export type Phase =
  | "offline"
  | "opening" // hello is sent
  | "ready" // welcomed
  | "closing"; // the server said that it closes, or broke the protocol

/** Who opens a session: a token's user, or a guest called `name`. */
export interface Credentials {
  token: string;
  name: string;
  agent: string;
}

export class Session {
  readonly credentials: Credentials;
  phase: Phase = "offline";
  welcome: WelcomeMessage | null = null;
  joined: JoinedMessage | null = null;
  closing: Pick<ClosingMessage, "code" | "reason"> | null = null;
  goaway: GoawayMessage | null = null;
  readonly view = new RoomView();
  readonly sight = new Sight();
  readonly motion = new PoseSender();
  readonly objects = new ObjectSender();
  readonly traffic = new Traffic();
  playout = new Playout(FIRST_TICK_MS);
  clock = new ClockSync();
  resyncs = 0;
  corrections = 0;
  /** When the last snapshot came; null before the first one of a room. */
  snapshotAtMs: number | null = null;
  private roomClock = new SteadyReading();
  private readonly lane = new EventLane();
  private outgoing: Uint8Array<ArrayBuffer>[] = [];
  private events: SessionEvent[] = [];
  private readonly commands = new CommandsInTheAir();
  private rejoinRef = 0;
  private roomBefore = "";
  private heardAtMs = 0;
  private nextPingAtMs = 0;
  private pings = 0;
  private hasAskedResync = false;

  constructor(credentials: Credentials) {
    this.credentials = credentials;
  }

  // --- the connection ------------------------------------------------------------------------------------------------

  /** A connection stands: say hello, with the resume token of the last session if there was one. */
  open(nowMs: number): void {
    this.phase = "opening";
    this.closing = this.goaway = null;
    this.heardAtMs = nowMs;
    this.pings = 0;
    this.send({
      type: "hello",
      major: MAJOR,
      minor: MINOR,
      schema: SCHEMA_HASH,
      ...this.credentials,
      resume: this.welcome?.resume ?? "",
      last_event: this.welcome === null ? 0 : this.lane.last,
    });
  }

  /** The connection is gone. Commands without an answer wait for what a resumed session says of them. */
  lose(): void {
    this.phase = "offline";
    this.outgoing = [];
    this.commands.orphan();
  }

  /** The server broke the protocol: end as if it had closed for that reason. */
  fail(error: ProtocolError): void {
    this.phase = "closing";
    this.closing = { code: error.code, reason: `the server broke the protocol: ${error.reason}` };
  }

  /** Whether the server has been silent for so long that the connection must be given up. */
  isSilent(nowMs: number): boolean {
    const patienceMs =
      this.phase === "opening" || this.welcome === null ? HANDSHAKE_MS : MISSED_HEARTBEATS * this.welcome.heartbeat_ms;
    return nowMs - this.heardAtMs > patienceMs;
  }

  /** Say good-bye: the seat is given up. */
  end(): void {
    if (this.phase === "ready") this.send({ type: "bye" });
  }

  // --- incoming ------------------------------------------------------------------------------------------------------

  /**
   * Take one payload; return what it means to the application, in order.
   *
   * Throws ProtocolError where the server broke the protocol: the connection must then be closed for good.
   */
  receive(payload: Uint8Array, nowMs: number): readonly SessionEvent[] {
    this.heardAtMs = nowMs;
    this.events = [];
    const message = decode(payload);
    this.traffic.received(message.type, payload.length);
    if (this.phase === "opening" && LANES[message.type] !== "control")
      throw new ProtocolError("the server's first message is not a welcome", Close.OUT_OF_STATE);
    if (!("seq" in message) || LANES[message.type] !== "events" || this.lane.receive(message.seq, nowMs))
      this.handle(message, nowMs);
    return this.events;
  }

  private handle(message: ServerMessage, nowMs: number): void {
    switch (message.type) {
      case "welcome":
        this.onWelcome(message, nowMs);
        break;
      case "joined":
        this.onJoined(message);
        break;
      case "left":
        this.commands.answered(message.ref);
        this.joined = null;
        this.leaveRoom();
        this.events.push(message);
        break;
      case "snapshot":
        this.onSnapshot(message.data, nowMs);
        break;
      case "correction":
        this.corrections += 1;
        this.motion.acknowledge(message.seq);
        this.events.push(message);
        break;
      case "done":
        this.commands.answered(message.ref);
        this.view.receive(message);
        this.events.push(message);
        break;
      case "error":
        this.onError(message);
        break;
      case "pong":
        this.clock.receive(message.sent, message.received, message.replied, nowMs);
        if (this.joined === null) this.loseOrphans();
        break;
      case "goaway":
        this.goaway = message;
        this.events.push(message);
        break;
      case "closing":
        this.phase = "closing";
        this.closing = message;
        break;
      case "gone":
        this.events.push({ type: "gone", ...this.view.split(message.entities) });
        this.view.receive(message);
        break;
      case "roster":
      case "objects":
      case "room_state":
        this.view.receive(message);
        this.events.push(message);
        break;
      case "said":
      case "gestured":
        this.events.push(message);
        break;
    }
  }

  private onWelcome(message: WelcomeMessage, nowMs: number): void {
    if (this.phase !== "opening") throw new ProtocolError("a second welcome", Close.OUT_OF_STATE);
    this.phase = "ready";
    this.welcome = message;
    this.nextPingAtMs = nowMs;
    this.hasAskedResync = false;
    if (message.resumed) {
      this.motion.repeat();
      this.objects.repeat();
    } else this.startOver();
    this.events.push({ type: "online", resumed: message.resumed });
  }

  /** A new session: nothing of the old one holds, and the way back into its room is asked for. */
  private startOver(): void {
    this.lane.restart();
    this.motion.restart();
    this.clock = new ClockSync();
    this.loseOrphans();
    const previous = this.joined;
    this.joined = null;
    this.leaveRoom();
    if (previous === null) return;
    this.roomBefore = previous.room;
    this.rejoinRef = this.command({ type: "join", room: previous.room, world: previous.world });
  }

  private onJoined(message: JoinedMessage): void {
    this.commands.answered(message.ref);
    this.view.receive(message);
    this.joined = message;
    this.sight.forget();
    this.playout = new Playout(1000 / message.tick_hz);
    this.roomClock = new SteadyReading();
    this.snapshotAtMs = null;
    this.motion.stop();
    this.objects.clear();
    this.events.push(message);
  }

  private leaveRoom(): void {
    this.view.forget();
    this.sight.forget();
    this.motion.stop();
    this.objects.clear();
    this.snapshotAtMs = null;
  }

  private onSnapshot(data: Uint8Array, nowMs: number): void {
    const frame = this.sight.apply(data);
    this.playout.receive(frame.timeMs, nowMs);
    this.motion.acknowledge(frame.ack);
    this.snapshotAtMs = nowMs;
    if (!this.sight.wantsResync) this.hasAskedResync = false;
    else if (!this.hasAskedResync) {
      this.hasAskedResync = true;
      this.resyncs += 1;
      this.send({ type: "resync" });
    }
    this.loseOrphans();
  }

  private onError(message: ErrorMessage): void {
    this.commands.answered(message.ref);
    if (message.ref !== 0 && message.ref === this.rejoinRef)
      this.events.push({ type: "room_lost", room: this.roomBefore, code: message.code, reason: message.reason });
    else this.events.push(message);
  }

  // --- outgoing ------------------------------------------------------------------------------------------------------

  /** Take the payloads to send now, in order. */
  take(): readonly Uint8Array<ArrayBuffer>[] {
    const outgoing = this.outgoing;
    if (outgoing.length > 0) this.outgoing = [];
    return outgoing;
  }

  /** Read the room's clock: monotonic, right to within the unevenness of the way here and back; null before a snapshot. */
  roomTimeMs(nowMs: number): number | null {
    if (!this.playout.isRunning) return null;
    return this.roomClock.read(this.playout.roomMs(nowMs) + (this.clock.roundTripMs ?? 0) / 2, nowMs);
  }

  /** Queue what is due: a ping, an acknowledgement, poses (where the connection can take them). */
  advance(nowMs: number, isWritable: boolean): void {
    this.traffic.advance(nowMs);
    if (this.phase !== "ready") return;
    if (nowMs >= this.nextPingAtMs) this.ping(nowMs);
    const seq = this.lane.dueAck(nowMs);
    if (seq !== null) this.send({ type: "ack", seq });
    if (this.joined !== null && isWritable && this.isSettled) this.sendMotion(nowMs);
    this.playout.advance(nowMs);
  }

  private sendMotion(nowMs: number): void {
    const record = this.motion.due(nowMs);
    if (record !== null) this.send({ type: "pose", record });
    for (const move of this.objects.due(nowMs)) this.send(move);
  }

  /** Queue a command. Returns its ref, which the answer repeats. */
  command(command: Command): number {
    const ref = this.commands.add(command.type);
    this.send({ ...command, ref }); // a command is a message but for its ref
    return ref;
  }

  /** Whether the server's state allows this command now: what is about a room needs one (SPEC section 6.1). */
  allows(type: Command["type"]): boolean {
    const states: readonly SessionState[] = STATES[type];
    return states.includes("ready") || (this.joined !== null && !this.commands.has("leave"));
  }

  /** Whether no change of rooms is in the air: poses would be about the wrong one. */
  get isSettled(): boolean {
    return !this.commands.has("join") && !this.commands.has("leave");
  }

  /** Whether too many commands wait for their answers. */
  get isFull(): boolean {
    return this.commands.isFull;
  }

  private ping(nowMs: number): void {
    this.pings += 1;
    const rarelyMs = PING_SHARE * (this.welcome?.heartbeat_ms ?? Infinity);
    this.nextPingAtMs = nowMs + (this.pings < FIRST_PINGS ? FIRST_PING_EVERY_MS : rarelyMs);
    this.send({ type: "ping", sent: Math.floor(nowMs * 1000) });
  }

  private send(message: ClientMessage): void {
    const payload = encode(message);
    this.traffic.sent(message, payload.length);
    this.outgoing.push(payload);
  }

  /**
   * Give up commands of a broken connection, once everything the server had to say of them has come: a resumed session
   * first repeats its unread events; the first snapshot (outside a room: the first pong) comes after them.
   */
  private loseOrphans(): void {
    const refs = this.commands.takeOrphans();
    if (refs.length > 0) this.events.push({ type: "unanswered", refs });
  }
}
