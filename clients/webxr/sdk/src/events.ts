/** What a client tells its application. */
import type { ConnectionState } from "./connection.js";
import type { End, RefusedError } from "./errors.js";
import type { Person, Thing } from "./generated.js";
import type { Room } from "./room.js";
import type { Vector } from "./wire/quantities.js";

/** Somebody said something that this session may hear; one's own words come back the same way. */
export interface Said {
  readonly entity: number;
  /** Who said it, as known when it arrived; they may have left when it is read. */
  readonly person: Person | null;
  /** See `Channel`. */
  readonly channel: number;
  /** Show it as plain text, and isolate its direction. */
  readonly text: string;
  /** Room time. */
  readonly timeMs: number;
}

/** Somebody that this session may see showed an emote. */
export interface Gestured {
  readonly entity: number;
  /** See `Emote`. */
  readonly emote: number;
}

/** The server did not accept a pose; `room.own` stands where it says already. */
export interface Corrected {
  /** See `Cause`. */
  readonly cause: number;
  /** Metres. */
  readonly position: Vector;
  /** Radians. */
  readonly yaw: number;
}

/** The room was left. */
export interface LeftRoom {
  readonly room: string;
  /** Why, where it was not asked for: a new session had to be opened, and its way back was refused. */
  readonly error: RefusedError | null;
}

/** Who or what came or changed, and who or what is gone, by entity id. */
export interface Changes<T> {
  readonly changed: readonly T[];
  readonly gone: readonly number[];
}

/** Something a person should read. */
export interface Notice {
  /** `goaway`: the server is about to close in good order. Otherwise the name of a refusal that answers no command. */
  readonly name: string;
  readonly reason: string;
  readonly action: string;
}

/** Every event of a client, by name. */
export interface ClientEvents {
  connection: ConnectionState;
  /** A room was entered, or entered again after a lost session: everything in it starts over. */
  joined: Room;
  left: LeftRoom;
  people: Changes<Person>;
  things: Changes<Thing>;
  said: Said;
  gestured: Gestured;
  roomState: { readonly isLocked: boolean };
  correction: Corrected;
  ended: End;
  notice: Notice;
}
