/**
 * A server in memory, as far as a client can tell: sessions that resume, one room, events with their sequences, snapshots of
 * absolute records. Time moves only when a test says so; a socket can be cut, silenced or refused.
 */
import type { Edge, NetworkSignal, SocketLike } from "../../src/edge.js";
import { MAJOR, MINOR } from "../../src/generated.js";
import type { ClientMessage, Person, ServerMessage } from "../../src/generated.js";
import { decode, encode } from "../../src/wire/codec.js";
import { FULL, Sections, digestOf } from "./snapshots.js";
import type { Axes } from "./snapshots.js";

const BEAT_MS = 50;

/** An event without the `seq` that its session gives it. */
export type Unnumbered = ServerMessage extends infer M ? (M extends { seq: number } ? Omit<M, "seq"> : never) : never;

export class FakeSocket implements SocketLike {
  binaryType: BinaryType = "blob";
  bufferedAmount = 0;
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  isClosed = false;
  /** Everything that came over this connection. */
  readonly received: ClientMessage[] = [];
  member: Member | null = null;
  readonly url: string;
  private readonly server: FakeServer;

  constructor(server: FakeServer, url: string) {
    this.server = server;
    this.url = url;
  }

  send(data: Parameters<SocketLike["send"]>[0]): void {
    const message = decode(data as Uint8Array, "client");
    this.received.push(message);
    this.server.receive(this, message);
  }

  close(): void {
    this.isClosed = true;
    if (this.member !== null) this.member.socket = null;
  }

  // --- what a test or the server does to the client ---

  open(): void {
    this.onopen?.call(null as never, null as never);
  }

  deliver(message: ServerMessage): void {
    this.onmessage?.call(null as never, { data: encode(message).buffer } as never);
  }

  raw(data: unknown): void {
    this.onmessage?.call(null as never, { data } as never);
  }

  /** End the connection as a network (1006) or a server does. */
  cut(code = 1006, reason = ""): void {
    const { onclose } = this;
    this.close();
    onclose?.call(null as never, { code, reason } as never);
  }
}

/** A session, as the server has it. */
export class Member {
  socket: FakeSocket | null = null;
  seq = 0;
  unread: ServerMessage[] = [];
  room = "";
  mm: Axes = [0, 0, 0];
  yaw = 0;
  poseSeq = 0;
  isFull = true;
  readonly person: Person;
  readonly held = new Set<number>();

  constructor(entity: number, name: string) {
    this.person = {
      entity,
      generation: 1,
      user: `guest:${name}`,
      name,
      agency: "",
      country: "",
      roles: [],
      guest: true,
      status: 0,
      away: false,
      muted: false,
    };
  }
}

export class FakeServer {
  nowMs = 5000;
  tick = 0;
  /** Whether connections are let in, and whether commands are answered. */
  isReachable = true;
  isMute = false;
  readonly sockets: FakeSocket[] = [];
  readonly members = new Map<string, Member>(); // by resume token
  readonly network = new FakeNetwork();
  private tokens = 0;
  private readonly beats = new Set<() => void>();

  /** An edge for a client of this server. */
  edge(): Edge {
    return {
      now: () => this.nowMs,
      random: () => 0.5,
      dial: (url) => this.dial(url),
      every: (_ms, beat) => {
        this.beats.add(beat);
        return () => this.beats.delete(beat);
      },
      network: this.network,
    };
  }

  /** Let time pass: clients beat, and the room ticks where there is one. */
  async pass(ms: number): Promise<void> {
    for (const until = this.nowMs + ms; this.nowMs < until;) {
      this.nowMs = Math.min(this.nowMs + BEAT_MS, until);
      for (const beat of [...this.beats]) beat();
      this.tickRoom();
      await settle();
    }
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  /** Number an event and send it, or keep it for a member who is away. */
  tell(member: Member, event: Unnumbered): void {
    member.seq += 1;
    const message = { ...event, seq: member.seq } as ServerMessage;
    member.unread.push(message);
    member.socket?.deliver(message);
  }

  receive(socket: FakeSocket, message: ClientMessage): void {
    if (message.type === "hello") this.welcome(socket, message);
    else if (!this.isMute && socket.member !== null) this.handle(socket, socket.member, message);
  }

  private dial(url: string): FakeSocket {
    const socket = new FakeSocket(this, url);
    this.sockets.push(socket);
    queueMicrotask(() => {
      if (socket.isClosed) return;
      if (this.isReachable) socket.open();
      else socket.cut();
    });
    return socket;
  }

  private welcome(socket: FakeSocket, hello: ClientMessage & { type: "hello" }): void {
    const old = this.members.get(hello.resume);
    this.members.delete(hello.resume);
    const member = old ?? new Member(7 + this.tokens, hello.name);
    const resume = `token-${(this.tokens += 1)}`;
    this.members.set(resume, member);
    member.socket = socket;
    socket.member = member;
    member.isFull = true;
    socket.deliver({
      type: "welcome",
      major: MAJOR,
      minor: MINOR,
      schema: "",
      session: "s",
      resume,
      resumed: old !== undefined,
      user: member.person.user,
      name: hello.name,
      agency: "",
      country: "",
      guest: true,
      roles: [],
      heartbeat_ms: 5000,
      resume_window_ms: 60_000,
      max_frame_bytes: 16_384,
      time: this.nowMs * 1000,
    });
    for (const event of member.unread) if ("seq" in event && event.seq > hello.last_event) socket.deliver(event);
  }

  private handle(socket: FakeSocket, member: Member, message: ClientMessage): void {
    // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- whatever else is asked for is done
    switch (message.type) {
      case "ping":
        socket.deliver({ type: "pong", sent: message.sent, received: this.nowMs * 1000, replied: this.nowMs * 1000 });
        break;
      case "ack":
        member.unread = member.unread.filter((event) => "seq" in event && event.seq > message.seq);
        break;
      case "join":
        this.join(member, message);
        break;
      case "leave":
        member.room = "";
        this.tell(member, { type: "left", ref: message.ref });
        break;
      case "pose":
        this.pose(member, message.record);
        break;
      case "chat":
        for (const other of this.present())
          this.tell(other, {
            type: "said",
            entity: member.person.entity,
            channel: message.channel,
            text: message.text,
            time_ms: 0,
          });
        this.tell(member, { type: "done", ref: message.ref, entity: 0, version: 0 });
        break;
      case "bye":
        socket.deliver({ type: "closing", code: 4302, reason: "bye" });
        break;
      case "resync":
        member.isFull = true;
        break;

      default:
        if ("ref" in message) this.tell(member, { type: "done", ref: message.ref, entity: 0, version: 0 });
    }
  }

  private join(member: Member, { ref, room, world }: ClientMessage & { type: "join" }): void {
    if (room === "full") {
      this.tell(member, { type: "error", ref, code: 5, reason: "no room left" });
      return;
    }
    member.room = room;
    member.isFull = true;
    this.tell(member, {
      type: "joined",
      ref,
      room,
      world: world || "hall",
      world_digest: "",
      entity: member.person.entity,
      generation: 1,
      tick_hz: 20,
      radius_mm: 10_000,
      x: 0,
      y: 0,
      z: 0,
      yaw: 0,
      locked: false,
      budget_bytes_per_s: 32_000,
    });
    for (const other of this.present())
      this.tell(other, { type: "roster", people: this.present().map((one) => one.person) });
  }

  private pose(member: Member, record: Uint8Array): void {
    const view = new DataView(record.buffer, record.byteOffset);
    member.poseSeq = view.getUint32(4, true);
    member.mm = [view.getInt32(8, true), view.getInt32(12, true), view.getInt32(16, true)];
    member.yaw = view.getUint16(20, true);
  }

  private present(): Member[] {
    return [...this.members.values()].filter((member) => member.room !== "");
  }

  private tickRoom(): void {
    this.tick += 1;
    for (const member of this.present()) if (member.socket !== null && !this.isMute) this.snapshot(member);
  }

  private snapshot(member: Member): void {
    const sections = new Sections();
    const others = this.present().filter((other) => other !== member);
    if (member.isFull) member.held.clear();
    for (const { person, mm, yaw } of others) {
      if (!member.held.has(person.entity)) sections.enter(person.entity, person.generation);
      member.held.add(person.entity);
      sections.root(person.entity, mm, yaw);
    }
    const data = sections.data({
      tick: this.tick,
      timeMs: this.tick * BEAT_MS,
      ack: member.poseSeq,
      digest: digestOf(others.map(({ person }) => [person.entity, person.generation] as const)),
      flags: member.isFull ? FULL : 0,
    });
    member.isFull = false;
    member.socket?.deliver({ type: "snapshot", data });
  }
}

/** The device's network, which a test turns off and on. */
class FakeNetwork implements NetworkSignal {
  private on = true;
  private readonly listeners = new Set<() => void>();

  isOnline(): boolean {
    return this.on;
  }

  listen(changed: () => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  turn(on: boolean): void {
    this.on = on;
    for (const changed of [...this.listeners]) changed();
  }
}

/** Let promises that are settled be heard. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}
