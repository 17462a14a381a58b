/** What a session tells its client: the server's events, and what the session knows beside them. */
import type {
  CorrectionMessage,
  DoneMessage,
  ErrorMessage,
  GesturedMessage,
  GoawayMessage,
  JoinedMessage,
  LeftMessage,
  ObjectsMessage,
  RoomStateMessage,
  RosterMessage,
  SaidMessage,
} from "../generated.js";

export type SessionEvent =
  /** A session stands. `resumed`: it is the old one; the events that were missed follow. */
  | { readonly type: "online"; readonly resumed: boolean }
  /** A new session had to be opened, and its way back into the room was refused. */
  | { readonly type: "room_lost"; readonly room: string; readonly code: number; readonly reason: string }
  /** These commands were lost with a connection: they will never be answered. */
  | { readonly type: "unanswered"; readonly refs: readonly number[] }
  /** Who and what is no longer known. */
  | { readonly type: "gone"; readonly people: readonly number[]; readonly things: readonly number[] }
  | JoinedMessage
  | LeftMessage
  | CorrectionMessage
  | RosterMessage
  | ObjectsMessage
  | SaidMessage
  | GesturedMessage
  | RoomStateMessage
  | DoneMessage
  | ErrorMessage
  | GoawayMessage;
