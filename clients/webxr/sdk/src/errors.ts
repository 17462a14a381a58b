/**
 * Everything that can go wrong for a user of the SDK, in words a person can read.
 *
 * Texts come from the protocol's own tables, so that every client says the same. A pose that the server does not accept
 * is no error: it arrives as a correction.
 */
import { CLOSE_ADVICE, Close, REFUSAL_ADVICE } from "./generated.js";

/** Anything the SDK throws or rejects with. `name` is a word of the protocol: `room_full`, `offline`, `replaced`, … */
export class PresenceError extends Error {
  override readonly name: string;
  /** What went wrong, for a person to read. */
  readonly reason: string;
  /** What to do about it. */
  readonly action: string;

  constructor(name: string, reason: string, action: string) {
    super(`${reason} (${name})`);
    this.name = name;
    this.reason = reason;
    this.action = action;
  }
}

/** The server refused one command; nothing changed, and the session goes on. */
export class RefusedError extends PresenceError {
  /** A refusal code (SPEC section 15), see `Refusal`. */
  readonly code: number;

  constructor(code: number, reason: string) {
    const advice = REFUSAL_ADVICE[code];
    super(advice?.name ?? "unknown", reason || (advice?.meaning ?? "The server refused."), advice?.action ?? "");
    this.code = code;
  }
}

/** The session is over, and the client does not come back by itself. */
export class EndedError extends PresenceError {
  /** A close code (SPEC section 14), see `Close`. */
  readonly code: number;

  constructor(end: End) {
    super(end.name, end.reason, end.action);
    this.code = end.code;
  }
}

/** There is no connection just now, or it broke before the server answered: the command was not carried out. */
export class OfflineError extends PresenceError {
  constructor(reason: string) {
    super("offline", reason, "Try again once the connection stands.");
  }
}

/** Too many commands wait for their answers. */
export class BusyError extends PresenceError {
  constructor() {
    super("busy", "Too many commands wait for their answers.", "Wait for some of them.");
  }
}

/** The server broke the protocol. The connection is closed for good: coming back would not mend it. */
export class ProtocolError extends PresenceError {
  /** A close code, as the server would use it. */
  readonly code: number;

  constructor(reason: string, code: number = Close.MALFORMED) {
    super(CLOSE_ADVICE[code]?.name ?? "malformed", reason, "Report a bug.");
    this.code = code;
  }
}

/** Why a session is over. */
export interface End {
  /** A close code (SPEC section 14), see `Close`. */
  readonly code: number;
  /** Its name: `kicked`, `token_expired`, … */
  readonly name: string;
  /** Why, for a person to read. */
  readonly reason: string;
  /** What to do about it. */
  readonly action: string;
}

/** Describe a close code in words. */
export function describeEnd(code: number, reason: string): End {
  const advice = CLOSE_ADVICE[code];
  return {
    code,
    name: advice?.name ?? "unknown",
    reason: reason || (advice?.meaning ?? "The server closed the connection."),
    action: advice?.action ?? "",
  };
}
