/**
 * Keeps a session connected: opens a WebSocket, resumes after a break, gives up where the server's close code says so.
 *
 * The thin edge around `session/`: everything that touches sockets is here. One timer drives it, which goes on when nothing
 * is drawn; a browser slows it down in a hidden page, so arriving payloads drive it as well.
 */
import { ProtocolError, describeEnd } from "./errors.js";
import type { End } from "./errors.js";
import { Close, MAJOR } from "./generated.js";
import { Backoff, mayReturn } from "./session/retry.js";
import type { Edge, SocketLike } from "./edge.js";
import type { SessionEvent } from "./session/session-event.js";
import type { Session } from "./session/session.js";

const BEAT_MS = 50; // the fastest that poses are sent
const CONNECT_MS = 10_000;
const GOODBYE_MS = 1000;
const OFFLINE_RETRY_MS = 10_000; // a device that says it has no network may be wrong, since the server may be local
// More than this unsent means that the network stands: poses wait, since a newer one will replace them.
const BUSY_BYTES = 2 ** 16;
const NO_NETWORK = "This device has no network.";
const SUSPECT_MS = 500;
const SUBPROTOCOL = `presence.${MAJOR}`;
const PATH = "/v1/connect";

/** Where the connection stands, for people to see. */
export interface ConnectionState {
  /**
   * `offline`: not opened, or closed. `connecting`: an attempt is under way. `online`: a session stands. `waiting`: the
   * connection broke; the next attempt is at `retryAtMs`. `ended`: the session is over; `end` says why.
   */
  readonly phase: "offline" | "connecting" | "online" | "waiting" | "ended";
  /** Attempts in this row, the present one included; 0 while all is well. */
  readonly attempt: number;
  /** When the next attempt is due, on the client's clock; null unless `waiting`. */
  readonly retryAtMs: number | null;
  /** Why it waits, for a person to read; empty otherwise. */
  readonly reason: string;
  readonly end: End | null;
}

/** @internal */
export interface ConnectionListener {
  happened(event: SessionEvent): void;
  changed(state: ConnectionState): void;
}

const OFFLINE: ConnectionState = { phase: "offline", attempt: 0, retryAtMs: null, reason: "", end: null };

export class Connection {
  state = OFFLINE;
  /** How often a session stood again after a break. */
  reconnects = 0;
  private readonly url: string;
  private readonly session: Session;
  private readonly edge: Edge;
  private readonly listener: ConnectionListener;
  private readonly backoff: Backoff;
  private socket: SocketLike | null = null;
  private isOpen = false; // the socket, not the session
  private dialedAtMs = 0;
  private suspectedAtMs: number | null = null;
  private earliestMs = 0; // what the server asked for is never undercut
  private lacksNetwork = false; // while waiting: there is no network to try again over
  private readonly stops: (() => void)[] = [];
  private goodbye: { readonly byMs: number; readonly done: () => void } | null = null;

  constructor(url: string, session: Session, edge: Edge, listener: ConnectionListener) {
    this.url = socketUrl(url);
    this.session = session;
    this.edge = edge;
    this.listener = listener;
    this.backoff = new Backoff(edge.random);
  }

  // --- for the client ------------------------------------------------------------------------------------------------

  /** Connect, and stay connected. */
  open(): void {
    this.stops.push(
      this.edge.every(BEAT_MS, () => {
        this.beat();
      }),
      this.edge.network.listen(() => {
        this.networkChanged();
      }),
    );
    this.dial();
  }

  /** Give the seat up and close; resolves once the server has heard of it, or after a second. */
  close(): Promise<void> {
    if (this.state.phase !== "online") {
      this.finish(OFFLINE);
      return Promise.resolve();
    }
    return new Promise((done) => {
      this.goodbye = { byMs: this.edge.now() + GOODBYE_MS, done };
      this.session.end();
      this.flush();
    });
  }

  /** Send what is due now: call it when one's own avatar moved or a command was queued. */
  flush(): void {
    if (!this.isOpen) return;
    this.session.advance(this.edge.now(), (this.socket?.bufferedAmount ?? 0) < BUSY_BYTES);
    for (const payload of this.session.take()) this.socket?.send(payload);
  }

  /** Come back at once, since a person asks for it or the network is there again: the row of failures starts over. */
  hurry(): void {
    if (this.state.phase !== "waiting") return;
    this.lacksNetwork = false;
    this.backoff.forgive();
    const nowMs = this.edge.now();
    const soonMs = Math.min(this.state.retryAtMs ?? Infinity, nowMs + this.backoff.waitMs(nowMs));
    this.become({ ...this.state, retryAtMs: Math.max(soonMs, this.earliestMs) });
  }

  // --- the socket ----------------------------------------------------------------------------------------------------

  private dial(): void {
    this.dialedAtMs = this.edge.now();
    this.become({ phase: "connecting", attempt: this.backoff.attempts + 1, retryAtMs: null, reason: "", end: null });
    let socket: SocketLike;
    try {
      socket = this.edge.dial(this.url, SUBPROTOCOL);
    } catch (error) {
      this.broke(null, String(error)); // what a page may not do, as a plain socket of a page under TLS
      return;
    }
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.isOpen = true;
      this.session.open(this.edge.now());
      this.flush();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      this.received(event.data);
    };
    socket.onclose = (event) => {
      const isOurs = event.code >= 4000 && event.code < 4400; // other codes come from libraries and proxies
      this.broke(isOurs ? event.code : null, isOurs ? event.reason : this.reasonOfSilence());
    };
  }

  private received(data: unknown): void {
    this.suspectedAtMs = null;
    try {
      if (!(data instanceof ArrayBuffer)) throw new ProtocolError("a message that is not binary");
      const startMs = this.edge.now();
      const snapshots = this.session.snapshotAtMs;
      const events = this.session.receive(new Uint8Array(data), startMs);
      if (this.session.snapshotAtMs !== snapshots) this.session.traffic.applied(this.edge.now() - startMs);
      for (const event of events) this.deliver(event);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.session.fail(error);
    }
    const closing = this.session.closing;
    if (closing !== null) this.broke(closing.code, closing.reason);
    else this.flush();
  }

  private deliver(event: SessionEvent): void {
    if (event.type === "online") {
      if (this.backoff.attempts > 0) this.reconnects += 1;
      this.backoff.opened(this.edge.now());
      this.become({ ...OFFLINE, phase: "online" });
    }
    this.listener.happened(event);
  }

  private beat(): void {
    const nowMs = this.edge.now();
    if (this.goodbye !== null && nowMs >= this.goodbye.byMs) this.broke(Close.LEFT, "");
    else if (this.state.phase === "waiting" && nowMs >= (this.state.retryAtMs ?? 0)) this.dial();
    else if (this.socket !== null && !this.isOpen && nowMs - this.dialedAtMs > CONNECT_MS)
      this.broke(null, "The server does not answer.");
    else if (this.isOpen && this.session.isSilent(nowMs)) this.suspect(nowMs);
    else this.flush();
  }

  /** A page that was held up has not read yet what came meanwhile: silence is one that is found twice. */
  private suspect(nowMs: number): void {
    if (this.suspectedAtMs === null) this.suspectedAtMs = nowMs;
    else if (nowMs - this.suspectedAtMs >= SUSPECT_MS) this.broke(null, "The server has been silent for too long.");
  }

  // --- breaks and ends -----------------------------------------------------------------------------------------------

  /** The connection is gone, by this close code or (null) without one: come back, or end. */
  private broke(code: number | null, reason: string): void {
    const hasStood = this.session.welcome !== null;
    const askedMs = this.session.goaway?.reconnect_after_ms ?? 0;
    this.hangUp();
    this.session.lose();
    if (this.goodbye !== null) this.finish(OFFLINE);
    else if (code === null || mayReturn(code, hasStood)) this.wait(code, reason, askedMs);
    else this.finish({ ...OFFLINE, phase: "ended", end: describeEnd(code, reason) });
  }

  private wait(code: number | null, reason: string, askedMs: number): void {
    const nowMs = this.edge.now();
    this.earliestMs = nowMs + askedMs;
    const retryAtMs = nowMs + this.backoff.waitMs(nowMs, askedMs);
    const said = code === null ? reason : describeEnd(code, reason).reason;
    this.become({ phase: "waiting", attempt: this.backoff.attempts, retryAtMs, reason: said, end: null });
    this.lacksNetwork = !this.edge.network.isOnline();
    if (this.lacksNetwork) this.holdOn();
  }

  /** A device without network shows it at once, and comes back at once. */
  private networkChanged(): void {
    const isOnline = this.edge.network.isOnline();
    const isWaiting = this.state.phase === "waiting";
    if (!isOnline && this.socket !== null) this.broke(null, NO_NETWORK);
    else if (!isOnline && isWaiting) this.holdOn();
    else if (isOnline && isWaiting && this.lacksNetwork) this.hurry();
  }

  /** Try nothing for a while: there is no network to try it over. */
  private holdOn(): void {
    this.lacksNetwork = true;
    const retryAtMs = Math.max(this.state.retryAtMs ?? 0, this.edge.now() + OFFLINE_RETRY_MS);
    this.become({ ...this.state, retryAtMs, reason: NO_NETWORK });
  }

  private reasonOfSilence(): string {
    if (!this.edge.network.isOnline()) return NO_NETWORK;
    return this.isOpen ? "The connection broke." : "The server cannot be reached.";
  }

  private hangUp(): void {
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    this.suspectedAtMs = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = null;
    socket.close();
  }

  /** Stop for good (until the next `open`). */
  private finish(state: ConnectionState): void {
    this.hangUp();
    for (const stop of this.stops.splice(0)) stop();
    const goodbye = this.goodbye;
    this.goodbye = null;
    this.become(state);
    goodbye?.done();
  }

  private become(state: ConnectionState): void {
    this.state = state;
    this.listener.changed(state);
  }
}

/** Accept `http(s):` and `ws(s):` addresses, with or without the path. Throws TypeError for what is no address. */
function socketUrl(url: string): string {
  const parsed = new URL(url);
  parsed.protocol = parsed.protocol.replace("http", "ws");
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") throw new TypeError(`${url} is no WebSocket address`);
  if (parsed.pathname === "/") parsed.pathname = PATH;
  parsed.hash = "";
  return parsed.href;
}
