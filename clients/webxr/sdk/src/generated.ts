// Generated from protocol/schema.py, records.py and errors.py by `python -m protocol.generate`. Do not edit.
// Constants and types of the Presence protocol, described in protocol/SPEC.md. No code, no dependencies.

/** major version */
export const MAJOR = 0;
/** minor version */
export const MINOR = 1;
/** largest coordinate either way, mm */
export const MAX_COORDINATE_MM = 4194303;
/** furthest head or hand from the root, each axis, mm */
export const MAX_PART_MM = 3000;
/** largest displacement of a root in a delta record, x and z, mm */
export const MAX_DELTA_XZ_MM = 2047;
/** the same for y, and for each axis of a head or hand, mm */
export const MAX_DELTA_Y_MM = 127;
/** the same for y of an avatar with head and hands, mm */
export const MAX_TRACKED_DELTA_Y_MM = 63;
/** furthest turn of an orientation's component in a delta record, steps */
export const MAX_TURN = 255;
/** one step of a dot's coordinates, mm */
export const DOT_STEP_MM = 125;
/** one step of `age`, ms */
export const AGE_STEP_MS = 4;
/** largest `age`: this old or older */
export const MAX_AGE = 255;
/** yaw steps in a full turn */
export const YAW_TURN = 65536;
/** pitch steps from level to straight up */
export const PITCH_QUARTER = 127;
/** snapshot flag FULL */
export const SNAPSHOT_FULL = 1;
/** snapshot flag STRETCHED */
export const SNAPSHOT_STRETCHED = 2;
/** record flag JUMP */
export const POSE_JUMP = 1;
/** most elements of one array in a client's message */
export const MAX_CLIENT_ARRAY = 64;
/** schema hash, for diagnosis only */
export const SCHEMA_HASH = "7d026567f2fa3d4f";

/** Orders of the numbers of a predicted record. */
export const CODE_ORDERS = { gap: 4, age: 0, x: 2, y: 0, z: 2, yaw: 7, pitch: 2 } as const;

/** What a person says of themselves. */
export const Status = { AVAILABLE: 0, BUSY: 1, IN_COURSE: 2, AWAY: 3 } as const;
export type Status = (typeof Status)[keyof typeof Status];

/** Who hears a chat message, before permission and speech privacy. */
export const Channel = { ROOM: 0, NEARBY: 1, DIRECT: 2 } as const;
export type Channel = (typeof Channel)[keyof typeof Channel];

/** A gesture shown to those who may see the avatar. */
export const Emote = { WAVE: 0, NOD: 1, APPLAUD: 2, RAISE_HAND: 3, POINT: 4, THUMBS_UP: 5 } as const;
export type Emote = (typeof Emote)[keyof typeof Emote];

/** What a moderator may do. `lock` and `unlock` take no target; whom `pin` names everybody sees at any distance. */
export const Action = { MUTE: 0, UNMUTE: 1, KICK: 2, LOCK: 3, UNLOCK: 4, PIN: 5, UNPIN: 6 } as const;
export type Action = (typeof Action)[keyof typeof Action];

/** Why the server says where the avatar stands: a pose it did not accept, or a `go_to`. */
export const Cause = { OUT_OF_BOUNDS: 0, WALL: 1, TOO_FAST: 2, ZONE_FULL: 3, ZONE_CLEARANCE: 4, MOVED: 5, NO_FLOOR: 6 } as const;
export type Cause = (typeof Cause)[keyof typeof Cause];

/** Kinds of packed section. */
export const Section = {
  LEAVE: 1,
  ENTER: 2,
  ROOT: 3,
  TRACKED: 4,
  THING: 5,
  ROOT_DELTA: 6,
  TRACKED_DELTA: 7,
  DOT: 8,
  PREDICTED: 9,
  ROOT_INPUT: 32,
  TRACKED_INPUT: 33,
} as const;
export type Section = (typeof Section)[keyof typeof Section];

/** Why a connection ended. Values stand in WebSocket's private range and mean the same over raw TCP. */
export const Close = {
  GOAWAY: 4000,
  SLOW: 4001,
  HEARTBEAT_TIMEOUT: 4002,
  HANDSHAKE_TIMEOUT: 4100,
  SERVER_FULL: 4101,
  TOKEN_REQUIRED: 4102,
  TOKEN_INVALID: 4103,
  TOKEN_EXPIRED: 4104,
  TOKEN_AUDIENCE: 4105,
  TOKEN_REVOKED: 4106,
  MALFORMED: 4200,
  FRAME_TOO_LARGE: 4201,
  OUT_OF_STATE: 4202,
  RATE_LIMITED: 4203,
  VERSION_MISMATCH: 4204,
  REPLACED: 4300,
  KICKED: 4301,
  LEFT: 4302,
} as const;
export type Close = (typeof Close)[keyof typeof Close];

/** Why one command was refused. The session, and everything else in it, goes on. */
export const Refusal = {
  ALREADY_IN_ROOM: 2,
  UNKNOWN_WORLD: 4,
  ROOM_FULL: 5,
  ROOM_LOCKED: 6,
  UNKNOWN_ENTITY: 7,
  NOT_ALLOWED: 8,
  MUTED: 9,
  OUT_OF_REACH: 10,
  HELD: 11,
  NOT_HELD: 12,
  STALE_VERSION: 13,
  TOO_MANY_OBJECTS: 14,
  BAD_PLACE: 16,
  TOO_SOON: 17,
  UNKNOWN_KIND: 18,
  TOKEN_REFUSED: 19,
  HUB_FULL: 20,
  OVERLOADED: 21,
} as const;
export type Refusal = (typeof Refusal)[keyof typeof Refusal];

/** When a client may connect again after a close code (SPEC section 14). */
export const CLOSE_RANGES = [
  { first: 4000, last: 4099, reconnect: "resume" },
  { first: 4100, last: 4199, reconnect: "changed" },
  { first: 4200, last: 4299, reconnect: "fixed" },
  { first: 4300, last: 4399, reconnect: "asked" },
] as const;

/** What close codes mean, and what to do (SPEC section 14). */
export const CLOSE_ADVICE: { readonly [code: number]: { readonly name: string; readonly meaning: string; readonly action: string } } = {
  4000: {
    name: "goaway",
    meaning: "The server stops in good order.",
    action: "Wait for `goaway.reconnect_after_ms` plus jitter, then resume.",
  },
  4001: {
    name: "slow",
    meaning: "The client took nothing for 10 s, or left too many events unacknowledged (section 7.5).",
    action: "Resume; where `welcome.resumed` is false, join again. Read faster, and send `ack`.",
  },
  4002: {
    name: "heartbeat_timeout",
    meaning: "Nothing was heard for three heartbeats.",
    action: "Resume. Send `ping` from a timer, not with poses.",
  },
  4100: {
    name: "handshake_timeout",
    meaning: "No `hello` came in time, or newer connections needed the place.",
    action: "Try again after a backoff; send `hello` as soon as the connection stands.",
  },
  4101: {
    name: "server_full",
    meaning: "The server has no place, or this address has its share of connections.",
    action: "Close other connections, or try again after 30 s or more.",
  },
  4102: {
    name: "token_required",
    meaning: "The server takes no guests.",
    action: "Sign in, and send the token.",
  },
  4103: {
    name: "token_invalid",
    meaning: "The token is not one this server trusts.",
    action: "Sign in again for a new token; the reason says what is wrong.",
  },
  4104: {
    name: "token_expired",
    meaning: "The token's time is over.",
    action: "Sign in again for a new token; next time send `renew` before.",
  },
  4105: {
    name: "token_audience",
    meaning: "The token is for another service.",
    action: "Sign in to this one.",
  },
  4106: { name: "token_revoked", meaning: "The token was withdrawn.", action: "Ask whoever issued it." },
  4200: {
    name: "malformed",
    meaning: "A frame, message or record does not decode.",
    action: "Compare with the reason, which names the field.",
  },
  4201: {
    name: "frame_too_large",
    meaning: "A frame exceeds `welcome.max_frame_bytes`.",
    action: "Send less; every message of this version fits.",
  },
  4202: {
    name: "out_of_state",
    meaning: "A message came in a state that does not allow it.",
    action: "Follow section 6; wait for `joined` or `left`.",
  },
  4203: {
    name: "rate_limited",
    meaning: "One kind of message overran its limit by more than 200 within 10 s.",
    action: "Keep to the rates of section 8.",
  },
  4204: {
    name: "version_mismatch",
    meaning: "The major versions differ; the reason names both.",
    action: "Use a client of the server's major version.",
  },
  4300: {
    name: "replaced",
    meaning: "A newer session of the same user, or the same session over a newer connection, took over.",
    action: "Tell the user that they are connected elsewhere.",
  },
  4301: { name: "kicked", meaning: "A moderator removed the user.", action: "Show the reason." },
  4302: { name: "left", meaning: "The client said `bye`.", action: "Nothing." },
};

/** What refusal codes mean, and what to do (SPEC section 15). */
export const REFUSAL_ADVICE: { readonly [code: number]: { readonly name: string; readonly meaning: string; readonly action: string } } = {
  2: {
    name: "already_in_room",
    meaning: "The session is in that room.",
    action: "Go on; nothing to do.",
  },
  4: {
    name: "unknown_world",
    meaning: "There is no such world, or the room was made from another one.",
    action: "Join with an empty `world`.",
  },
  5: {
    name: "room_full",
    meaning: "The room has its capacity, held seats included.",
    action: "Try later, or another room.",
  },
  6: { name: "room_locked", meaning: "The room is closed to newcomers.", action: "Ask a moderator." },
  7: {
    name: "unknown_entity",
    meaning: "No such entity, or none this session may know of.",
    action: "Take entity ids from the newest roster and objects.",
  },
  8: {
    name: "not_allowed",
    meaning: "The session's roles or grants do not reach.",
    action: "Ask somebody who may.",
  },
  9: { name: "muted", meaning: "A moderator has muted this person here.", action: "Ask a moderator." },
  10: {
    name: "out_of_reach",
    meaning: "Too far from the avatar, or no place beside the person is free.",
    action: "Come nearer; section 16 has the distances.",
  },
  11: {
    name: "held",
    meaning: "Somebody holds the object.",
    action: "Wait until `objects` says it is free.",
  },
  12: { name: "not_held", meaning: "This session does not hold the object.", action: "Grab it first." },
  13: {
    name: "stale_version",
    meaning: "The object changed hands since that version.",
    action: "Take the version from the newest `objects` or `done`.",
  },
  14: {
    name: "too_many_objects",
    meaning: "The room or the person has its number of objects.",
    action: "Despawn some.",
  },
  16: {
    name: "bad_place",
    meaning: "Outside the world's bounds, or on no floor.",
    action: "Choose a place inside, on a floor.",
  },
  17: {
    name: "too_soon",
    meaning: "Over the rate of this command, or within its cool-down.",
    action: "Wait half a second or more, then try again.",
  },
  18: {
    name: "unknown_kind",
    meaning: "The world has no such prop.",
    action: "Take the name from the world's props.",
  },
  19: {
    name: "token_refused",
    meaning: "The newer token was not accepted; the old one still holds.",
    action: "The reason names the close code's cause.",
  },
  20: {
    name: "hub_full",
    meaning: "The server has all the rooms it can have.",
    action: "Join a room that exists.",
  },
  21: {
    name: "overloaded",
    meaning: "The server has as much to do as it can; who is in a room stays.",
    action: "Try again after some seconds.",
  },
};

/** What a field may be; the bounds are included. */
export type Kind =
  | { readonly kind: "int"; readonly low: number; readonly high: number }
  | { readonly kind: "bool" }
  | { readonly kind: "text"; readonly min: number; readonly max: number; readonly newlines: boolean }
  | { readonly kind: "slug"; readonly min: number; readonly max: number }
  | { readonly kind: "bin"; readonly max: number }
  | { readonly kind: "list"; readonly item: Kind; readonly max: number }
  | { readonly kind: "struct"; readonly struct: StructName };

/** A field of a message or structure, in wire order. */
export interface Field {
  readonly name: string;
  readonly kind: Kind;
}

/** Where a packed field stands in its record; little-endian. */
export interface PackedField {
  readonly type: "u8" | "i8" | "u16" | "i16" | "u24" | "i24" | "u32" | "i32";
  readonly offset: number;
}

/** A member of the room, as this session may see them. Identity comes from their token alone. */
export interface Person {
  /** room-scoped entity id */
  entity: number;
  /** tells successive uses of one id apart */
  generation: number;
  /** stable user id */
  user: string;
  /** display name */
  name: string;
  /** agency; empty for guests */
  agency: string;
  /** ISO 3166-1 alpha-2; empty for guests */
  country: string;
  /** roles from the token */
  roles: string[];
  /** a guest is nobody we know */
  guest: boolean;
  /** Status */
  status: number;
  /** the connection is lost and the seat is held */
  away: boolean;
  /** may not chat */
  muted: boolean;
}

/** An object in the room. */
export interface Thing {
  /** room-scoped entity id */
  entity: number;
  /** tells successive uses of one id apart */
  generation: number;
  /** what it is: a prop of the world */
  prop: string;
  /** ownership version of the object; grows with every change of hands */
  version: number;
  /** entity id of who holds it; 0 for nobody */
  holder: number;
  /** east, mm */
  x: number;
  /** up, mm */
  y: number;
  /** south, mm */
  z: number;
  /** quaternion, packed smallest-three */
  orientation: number;
}

/** Open a session, or resume one. Always the first message. */
export interface HelloMessage {
  readonly type: "hello";
  /** protocol major version */
  major: number;
  /** highest minor version spoken */
  minor: number;
  /** schema hash, for diagnosis only; may be empty */
  schema: string;
  /** client software and version */
  agent: string;
  /** signed identity token; empty for a guest */
  token: string;
  /** display name of a guest; ignored with a token */
  name: string;
  /** resume token of the last welcome; empty for a new session */
  resume: string;
  /** last event received in the session to resume; 0 for none */
  last_event: number;
}

/** Enter a room; makes it from `world` where it does not exist yet. */
export interface JoinMessage {
  readonly type: "join";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** room name */
  room: string;
  /** world to make the room from; empty for the server's choice */
  world: string;
}

/** Leave the room; the session goes on. */
export interface LeaveMessage {
  readonly type: "leave";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
}

/** The avatar's newest pose: one packed input record. */
export interface PoseMessage {
  readonly type: "pose";
  /** one section of kind root_input or tracked_input, count 1 */
  record: Uint8Array;
}

/** Jump to a place in reach; answered by `done` or `error`, and marked as a discontinuity for others. */
export interface TeleportMessage {
  readonly type: "teleport";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** pose sequence this jump takes its place in */
  seq: number;
  /** east, mm */
  x: number;
  /** up, mm */
  y: number;
  /** south, mm */
  z: number;
  /** turns / 65536, counter-clockwise from above, 0 looks along -Z */
  yaw: number;
}

/** Heartbeat and clock probe; answered by `pong` at once. */
export interface PingMessage {
  readonly type: "ping";
  /** client clock, microseconds */
  sent: number;
}

/** Every event up to `seq` has arrived; the server forgets them. */
export interface AckMessage {
  readonly type: "ack";
  /** last event received */
  seq: number;
}

/** Say something. */
export interface ChatMessage {
  readonly type: "chat";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** Channel */
  channel: number;
  /** entity id for a direct message, else 0 */
  target: number;
  /** what is said */
  text: string;
}

/** Show an emote. */
export interface GestureMessage {
  readonly type: "gesture";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** Emote */
  emote: number;
}

/** Change one's own status. */
export interface SetStatusMessage {
  readonly type: "set_status";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** Status */
  status: number;
}

/** Put a new object into the room, unheld, within reach. */
export interface SpawnMessage {
  readonly type: "spawn";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** a prop the world allows */
  prop: string;
  /** east, mm */
  x: number;
  /** up, mm */
  y: number;
  /** south, mm */
  z: number;
  /** quaternion, packed smallest-three */
  orientation: number;
}

/** Take an unheld object within reach. */
export interface GrabMessage {
  readonly type: "grab";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** room-scoped entity id */
  entity: number;
}

/** Move a held object. Answered only when refused; a version older than the object's is dropped. */
export interface MoveMessage {
  readonly type: "move";
  /** room-scoped entity id */
  entity: number;
  /** ownership version of the object; grows with every change of hands */
  version: number;
  /** east, mm */
  x: number;
  /** up, mm */
  y: number;
  /** south, mm */
  z: number;
  /** quaternion, packed smallest-three */
  orientation: number;
}

/** Let go of a held object at its last pose. */
export interface ReleaseMessage {
  readonly type: "release";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** room-scoped entity id */
  entity: number;
  /** ownership version of the object; grows with every change of hands */
  version: number;
  /** east, mm */
  x: number;
  /** up, mm */
  y: number;
  /** south, mm */
  z: number;
  /** quaternion, packed smallest-three */
  orientation: number;
}

/** Remove an object one holds. */
export interface DespawnMessage {
  readonly type: "despawn";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** room-scoped entity id */
  entity: number;
  /** ownership version of the object; grows with every change of hands */
  version: number;
}

/** Hide a user and oneself from each other, or undo it, for as long as the session lasts. */
export interface BlockMessage {
  readonly type: "block";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** user id, from the roster */
  user: string;
  /** true to block, false to unblock */
  blocked: boolean;
}

/** Act as a moderator; every act is audited. */
export interface ModerateMessage {
  readonly type: "moderate";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** Action */
  action: number;
  /** entity id; 0 for lock and unlock */
  target: number;
  /** for a person to read */
  reason: string;
}

/** Present a newer token of the same user; its roles and grants hold from the next tick. */
export interface RenewMessage {
  readonly type: "renew";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** signed identity token */
  token: string;
}

/** What the client holds does not match the digest: start over with a full snapshot. */
export interface ResyncMessage {
  readonly type: "resync";
}

/** End the session now; its seat is given up. */
export interface ByeMessage {
  readonly type: "bye";
}

/** Jump to a free place beside a person, facing them; a `correction` tells where, before anybody sees it. */
export interface GoToMessage {
  readonly type: "go_to";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** room-scoped entity id */
  entity: number;
}

/** Be sent fewer bytes of snapshots than the room allows, or as many again; for as long as the session lasts. */
export interface SetBudgetMessage {
  readonly type: "set_budget";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** what the client takes; the server holds it between its floor and the room's */
  bytes_per_s: number;
}

/** See from a place as well as from the avatar's own, or no longer: a camera, a place on a map. */
export interface LookFromMessage {
  readonly type: "look_from";
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** which of the session's viewpoints */
  viewpoint: number;
  /** true to have it at the place, false to have it no more */
  on: boolean;
  /** east, mm */
  x: number;
  /** up, mm */
  y: number;
  /** south, mm */
  z: number;
}

/** The session is open. Sent once, first. */
export interface WelcomeMessage {
  readonly type: "welcome";
  /** protocol major version */
  major: number;
  /** minor version both sides speak */
  minor: number;
  /** the server's schema hash */
  schema: string;
  /** session id, for logs */
  session: string;
  /** resume token; works once, and each welcome brings a new one */
  resume: string;
  /** the old session goes on: same entity, missed events follow */
  resumed: boolean;
  /** user id */
  user: string;
  /** display name */
  name: string;
  /** agency */
  agency: string;
  /** country */
  country: string;
  /** whether the session is a guest's */
  guest: boolean;
  /** roles */
  roles: string[];
  /** send `ping` at least this often; three missed close the connection */
  heartbeat_ms: number;
  /** how long the seat is held after a lost connection */
  resume_window_ms: number;
  /** largest frame the server accepts */
  max_frame_bytes: number;
  /** server clock, microseconds */
  time: number;
}

/** The session is in a room. Roster, objects and snapshots follow. */
export interface JoinedMessage {
  readonly type: "joined";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** room name */
  room: string;
  /** world name */
  world: string;
  /** digest of the world's data */
  world_digest: string;
  /** room-scoped entity id */
  entity: number;
  /** tells successive uses of one id apart */
  generation: number;
  /** snapshots a second at most */
  tick_hz: number;
  /** interest radius: subjects enter at this distance, leave at 1.15 times it */
  radius_mm: number;
  /** east, mm */
  x: number;
  /** up, mm */
  y: number;
  /** south, mm */
  z: number;
  /** turns / 65536, counter-clockwise from above, 0 looks along -Z */
  yaw: number;
  /** whether the room is closed to newcomers */
  locked: boolean;
  /** the room's budget: bytes of snapshots a second at most */
  budget_bytes_per_s: number;
}

/** What this session sees at one tick: see the packed records. */
export interface SnapshotMessage {
  readonly type: "snapshot";
  /** snapshot header and sections */
  data: Uint8Array;
}

/** The avatar stands here: the server did not accept a pose, or moved the avatar itself. */
export interface CorrectionMessage {
  readonly type: "correction";
  /** the newest pose sequence this answers */
  seq: number;
  /** Cause */
  cause: number;
  /** east, mm */
  x: number;
  /** up, mm */
  y: number;
  /** south, mm */
  z: number;
  /** turns / 65536, counter-clockwise from above, 0 looks along -Z */
  yaw: number;
}

/** People who came or changed, one entry each; an entry replaces the one with the same entity id. */
export interface RosterMessage {
  readonly type: "roster";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** people */
  people: Person[];
}

/** Objects that came or changed hands; an entry replaces the one with the same entity id. */
export interface ObjectsMessage {
  readonly type: "objects";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** objects */
  things: Thing[];
}

/** People and objects this session no longer knows: left, removed, or no longer permitted. */
export interface GoneMessage {
  readonly type: "gone";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** entity ids */
  entities: number[];
}

/** Somebody said something this session may hear. One's own words come back the same way. */
export interface SaidMessage {
  readonly type: "said";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** room-scoped entity id */
  entity: number;
  /** Channel */
  channel: number;
  /** what was said */
  text: string;
  /** room time */
  time_ms: number;
}

/** Somebody this session may see showed an emote. */
export interface GesturedMessage {
  readonly type: "gestured";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** room-scoped entity id */
  entity: number;
  /** Emote */
  emote: number;
}

/** The room's own state changed. */
export interface RoomStateMessage {
  readonly type: "room_state";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** closed to newcomers */
  locked: boolean;
}

/** The session left its room and is ready for another. */
export interface LeftMessage {
  readonly type: "left";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
}

/** The command with this `ref` was carried out. */
export interface DoneMessage {
  readonly type: "done";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** chosen by the client; the answering `done` or `error` repeats it */
  ref: number;
  /** the object concerned (spawn, grab, release, despawn), else 0 */
  entity: number;
  /** its version after the command, else 0 */
  version: number;
}

/** The command with this `ref` was refused; nothing changed. */
export interface ErrorMessage {
  readonly type: "error";
  /** position in this session's events lane, from 1, without gaps */
  seq: number;
  /** the command's `ref`; 0 for a message without one */
  ref: number;
  /** Refusal */
  code: number;
  /** for a person to read */
  reason: string;
}

/** Answer to `ping`. */
export interface PongMessage {
  readonly type: "pong";
  /** the ping's client clock */
  sent: number;
  /** server clock when the ping arrived */
  received: number;
  /** server clock when this was sent */
  replied: number;
}

/** The server is about to close this connection in good order; come back with the resume token. */
export interface GoawayMessage {
  readonly type: "goaway";
  /** for a person to read */
  reason: string;
  /** wait this long, plus jitter, before reconnecting */
  reconnect_after_ms: number;
}

/** Last message before the server closes; over WebSocket the close frame repeats the code. */
export interface ClosingMessage {
  readonly type: "closing";
  /** Close */
  code: number;
  /** for a person to read */
  reason: string;
}

export type ClientMessage =
  | HelloMessage
  | JoinMessage
  | LeaveMessage
  | PoseMessage
  | TeleportMessage
  | PingMessage
  | AckMessage
  | ChatMessage
  | GestureMessage
  | SetStatusMessage
  | SpawnMessage
  | GrabMessage
  | MoveMessage
  | ReleaseMessage
  | DespawnMessage
  | BlockMessage
  | ModerateMessage
  | RenewMessage
  | ResyncMessage
  | ByeMessage
  | GoToMessage
  | SetBudgetMessage
  | LookFromMessage;

export type ServerMessage =
  | WelcomeMessage
  | JoinedMessage
  | SnapshotMessage
  | CorrectionMessage
  | RosterMessage
  | ObjectsMessage
  | GoneMessage
  | SaidMessage
  | GesturedMessage
  | RoomStateMessage
  | LeftMessage
  | DoneMessage
  | ErrorMessage
  | PongMessage
  | GoawayMessage
  | ClosingMessage;

export type Message = ClientMessage | ServerMessage;

export type MessageName = Message["type"];

export type StructName = "person" | "thing";

export type SessionState = "open" | "ready" | "room";

export type Lane = "control" | "events" | "poses";

/** The first element of each message. */
export const TYPES = {
  hello: 1,
  join: 2,
  leave: 3,
  pose: 4,
  teleport: 5,
  ping: 6,
  ack: 7,
  chat: 8,
  gesture: 9,
  set_status: 10,
  spawn: 11,
  grab: 12,
  move: 13,
  release: 14,
  despawn: 15,
  block: 16,
  moderate: 17,
  renew: 18,
  resync: 19,
  bye: 20,
  go_to: 21,
  set_budget: 22,
  look_from: 23,
  welcome: 64,
  joined: 65,
  snapshot: 66,
  correction: 67,
  roster: 68,
  objects: 69,
  gone: 70,
  said: 71,
  gestured: 72,
  room_state: 73,
  left: 74,
  done: 75,
  error: 76,
  pong: 77,
  goaway: 78,
  closing: 79,
} as const;

/** In which states a client may send each message. */
export const STATES = {
  hello: ["open"],
  join: ["ready", "room"],
  leave: ["room"],
  pose: ["room"],
  teleport: ["room"],
  ping: ["ready", "room"],
  ack: ["ready", "room"],
  chat: ["room"],
  gesture: ["room"],
  set_status: ["room"],
  spawn: ["room"],
  grab: ["room"],
  move: ["room"],
  release: ["room"],
  despawn: ["room"],
  block: ["ready", "room"],
  moderate: ["room"],
  renew: ["ready", "room"],
  resync: ["room"],
  bye: ["ready", "room"],
  go_to: ["room"],
  set_budget: ["ready", "room"],
  look_from: ["room"],
} as const;

/** Token buckets: messages a second on average, and at once. */
export const RATES = {
  hello: { per_s: 2, burst: 10 },
  join: { per_s: 2, burst: 10 },
  leave: { per_s: 2, burst: 10 },
  pose: { per_s: 60, burst: 90 },
  teleport: { per_s: 2, burst: 10 },
  ping: { per_s: 5, burst: 20 },
  ack: { per_s: 60, burst: 120 },
  chat: { per_s: 5, burst: 20 },
  gesture: { per_s: 5, burst: 20 },
  set_status: { per_s: 5, burst: 20 },
  spawn: { per_s: 5, burst: 20 },
  grab: { per_s: 5, burst: 20 },
  move: { per_s: 60, burst: 90 },
  release: { per_s: 5, burst: 20 },
  despawn: { per_s: 5, burst: 20 },
  block: { per_s: 5, burst: 20 },
  moderate: { per_s: 5, burst: 20 },
  renew: { per_s: 2, burst: 10 },
  resync: { per_s: 2, burst: 10 },
  bye: { per_s: 2, burst: 10 },
  go_to: { per_s: 2, burst: 10 },
  set_budget: { per_s: 2, burst: 10 },
  look_from: { per_s: 5, burst: 20 },
} as const;

/** On which lane the server sends each message. */
export const LANES = {
  welcome: "control",
  joined: "events",
  snapshot: "poses",
  correction: "poses",
  roster: "events",
  objects: "events",
  gone: "events",
  said: "events",
  gestured: "events",
  room_state: "events",
  left: "events",
  done: "events",
  error: "events",
  pong: "control",
  goaway: "control",
  closing: "control",
} as const;

/** Fields in wire order, after the type in messages. */
export const STRUCTS: { readonly [name in StructName]: readonly Field[] } = {
  person: [
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
    { name: "generation", kind: { kind: "int", low: 0, high: 65535 } },
    { name: "user", kind: { kind: "text", min: 0, max: 128, newlines: false } },
    { name: "name", kind: { kind: "text", min: 0, max: 48, newlines: false } },
    { name: "agency", kind: { kind: "text", min: 0, max: 64, newlines: false } },
    { name: "country", kind: { kind: "text", min: 0, max: 2, newlines: false } },
    { name: "roles", kind: { kind: "list", item: { kind: "slug", min: 1, max: 32 }, max: 16 } },
    { name: "guest", kind: { kind: "bool" } },
    { name: "status", kind: { kind: "int", low: 0, high: 3 } },
    { name: "away", kind: { kind: "bool" } },
    { name: "muted", kind: { kind: "bool" } },
  ],
  thing: [
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
    { name: "generation", kind: { kind: "int", low: 0, high: 65535 } },
    { name: "prop", kind: { kind: "slug", min: 1, max: 64 } },
    { name: "version", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "holder", kind: { kind: "int", low: 0, high: 65535 } },
    { name: "x", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "y", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "z", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "orientation", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
};

/** Fields in wire order, after the type in messages. */
export const FIELDS: { readonly [name in MessageName]: readonly Field[] } = {
  hello: [
    { name: "major", kind: { kind: "int", low: 0, high: 255 } },
    { name: "minor", kind: { kind: "int", low: 0, high: 255 } },
    { name: "schema", kind: { kind: "text", min: 0, max: 16, newlines: false } },
    { name: "agent", kind: { kind: "text", min: 0, max: 64, newlines: false } },
    { name: "token", kind: { kind: "text", min: 0, max: 4096, newlines: false } },
    { name: "name", kind: { kind: "text", min: 0, max: 48, newlines: false } },
    { name: "resume", kind: { kind: "text", min: 0, max: 128, newlines: false } },
    { name: "last_event", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  join: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "room", kind: { kind: "slug", min: 1, max: 64 } },
    { name: "world", kind: { kind: "slug", min: 0, max: 64 } },
  ],
  leave: [{ name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } }],
  pose: [{ name: "record", kind: { kind: "bin", max: 256 } }],
  teleport: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "x", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "y", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "z", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "yaw", kind: { kind: "int", low: 0, high: 65535 } },
  ],
  ping: [{ name: "sent", kind: { kind: "int", low: 0, high: 9007199254740991 } }],
  ack: [{ name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } }],
  chat: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "channel", kind: { kind: "int", low: 0, high: 2 } },
    { name: "target", kind: { kind: "int", low: 0, high: 65535 } },
    { name: "text", kind: { kind: "text", min: 1, max: 1000, newlines: true } },
  ],
  gesture: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "emote", kind: { kind: "int", low: 0, high: 5 } },
  ],
  set_status: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "status", kind: { kind: "int", low: 0, high: 3 } },
  ],
  spawn: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "prop", kind: { kind: "slug", min: 1, max: 64 } },
    { name: "x", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "y", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "z", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "orientation", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  grab: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
  ],
  move: [
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
    { name: "version", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "x", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "y", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "z", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "orientation", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  release: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
    { name: "version", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "x", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "y", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "z", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "orientation", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  despawn: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
    { name: "version", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  block: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "user", kind: { kind: "text", min: 1, max: 128, newlines: false } },
    { name: "blocked", kind: { kind: "bool" } },
  ],
  moderate: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "action", kind: { kind: "int", low: 0, high: 6 } },
    { name: "target", kind: { kind: "int", low: 0, high: 65535 } },
    { name: "reason", kind: { kind: "text", min: 0, max: 200, newlines: false } },
  ],
  renew: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "token", kind: { kind: "text", min: 1, max: 4096, newlines: false } },
  ],
  resync: [],
  bye: [],
  go_to: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
  ],
  set_budget: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "bytes_per_s", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  look_from: [
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "viewpoint", kind: { kind: "int", low: 0, high: 1 } },
    { name: "on", kind: { kind: "bool" } },
    { name: "x", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "y", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "z", kind: { kind: "int", low: -4194303, high: 4194303 } },
  ],
  welcome: [
    { name: "major", kind: { kind: "int", low: 0, high: 255 } },
    { name: "minor", kind: { kind: "int", low: 0, high: 255 } },
    { name: "schema", kind: { kind: "text", min: 0, max: 16, newlines: false } },
    { name: "session", kind: { kind: "text", min: 0, max: 64, newlines: false } },
    { name: "resume", kind: { kind: "text", min: 0, max: 128, newlines: false } },
    { name: "resumed", kind: { kind: "bool" } },
    { name: "user", kind: { kind: "text", min: 0, max: 128, newlines: false } },
    { name: "name", kind: { kind: "text", min: 0, max: 48, newlines: false } },
    { name: "agency", kind: { kind: "text", min: 0, max: 64, newlines: false } },
    { name: "country", kind: { kind: "text", min: 0, max: 2, newlines: false } },
    { name: "guest", kind: { kind: "bool" } },
    { name: "roles", kind: { kind: "list", item: { kind: "slug", min: 1, max: 32 }, max: 16 } },
    { name: "heartbeat_ms", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "resume_window_ms", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "max_frame_bytes", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "time", kind: { kind: "int", low: 0, high: 9007199254740991 } },
  ],
  joined: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "room", kind: { kind: "slug", min: 1, max: 64 } },
    { name: "world", kind: { kind: "slug", min: 1, max: 64 } },
    { name: "world_digest", kind: { kind: "text", min: 0, max: 16, newlines: false } },
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
    { name: "generation", kind: { kind: "int", low: 0, high: 65535 } },
    { name: "tick_hz", kind: { kind: "int", low: 1, high: 120 } },
    { name: "radius_mm", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "x", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "y", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "z", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "yaw", kind: { kind: "int", low: 0, high: 65535 } },
    { name: "locked", kind: { kind: "bool" } },
    { name: "budget_bytes_per_s", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  snapshot: [{ name: "data", kind: { kind: "bin", max: 65535 } }],
  correction: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "cause", kind: { kind: "int", low: 0, high: 6 } },
    { name: "x", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "y", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "z", kind: { kind: "int", low: -4194303, high: 4194303 } },
    { name: "yaw", kind: { kind: "int", low: 0, high: 65535 } },
  ],
  roster: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    {
      name: "people",
      kind: { kind: "list", item: { kind: "struct", struct: "person" }, max: 65536 },
    },
  ],
  objects: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    {
      name: "things",
      kind: { kind: "list", item: { kind: "struct", struct: "thing" }, max: 65536 },
    },
  ],
  gone: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    {
      name: "entities",
      kind: { kind: "list", item: { kind: "int", low: 1, high: 65535 }, max: 65536 },
    },
  ],
  said: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
    { name: "channel", kind: { kind: "int", low: 0, high: 2 } },
    { name: "text", kind: { kind: "text", min: 1, max: 1000, newlines: true } },
    { name: "time_ms", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  gestured: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "entity", kind: { kind: "int", low: 1, high: 65535 } },
    { name: "emote", kind: { kind: "int", low: 0, high: 5 } },
  ],
  room_state: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "locked", kind: { kind: "bool" } },
  ],
  left: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  done: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "entity", kind: { kind: "int", low: 0, high: 65535 } },
    { name: "version", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  error: [
    { name: "seq", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "ref", kind: { kind: "int", low: 0, high: 4294967295 } },
    { name: "code", kind: { kind: "int", low: 0, high: 65535 } },
    { name: "reason", kind: { kind: "text", min: 0, max: 200, newlines: false } },
  ],
  pong: [
    { name: "sent", kind: { kind: "int", low: 0, high: 9007199254740991 } },
    { name: "received", kind: { kind: "int", low: 0, high: 9007199254740991 } },
    { name: "replied", kind: { kind: "int", low: 0, high: 9007199254740991 } },
  ],
  goaway: [
    { name: "reason", kind: { kind: "text", min: 0, max: 200, newlines: false } },
    { name: "reconnect_after_ms", kind: { kind: "int", low: 0, high: 4294967295 } },
  ],
  closing: [
    { name: "code", kind: { kind: "int", low: 4000, high: 4999 } },
    { name: "reason", kind: { kind: "text", min: 0, max: 200, newlines: false } },
  ],
};

/** Bytes of each packed record, and of the two headers. */
export const STRIDES = {
  section_header: 4,
  snapshot_header: 17,
  leave: 2,
  enter: 4,
  root: 16,
  tracked: 46,
  thing: 16,
  root_delta: 10,
  tracked_delta: 28,
  dot: 8,
  predicted: 1,
  root_input: 20,
  tracked_input: 50,
} as const;

/** Type and byte offset of every packed field. */
export const LAYOUTS = {
  section_header: {
    kind: { type: "u8", offset: 0 },
    stride: { type: "u8", offset: 1 },
    count: { type: "u16", offset: 2 },
  },
  snapshot_header: {
    tick: { type: "u32", offset: 0 },
    time_ms: { type: "u32", offset: 4 },
    ack: { type: "u32", offset: 8 },
    digest: { type: "u32", offset: 12 },
    flags: { type: "u8", offset: 16 },
  },
  leave: { id: { type: "u16", offset: 0 } },
  enter: { id: { type: "u16", offset: 0 }, generation: { type: "u16", offset: 2 } },
  root: {
    id: { type: "u16", offset: 0 },
    age: { type: "u8", offset: 2 },
    flags: { type: "u8", offset: 3 },
    x: { type: "i24", offset: 4 },
    y: { type: "i24", offset: 7 },
    z: { type: "i24", offset: 10 },
    yaw: { type: "u16", offset: 13 },
    pitch: { type: "i8", offset: 15 },
  },
  tracked: {
    id: { type: "u16", offset: 0 },
    age: { type: "u8", offset: 2 },
    flags: { type: "u8", offset: 3 },
    x: { type: "i24", offset: 4 },
    y: { type: "i24", offset: 7 },
    z: { type: "i24", offset: 10 },
    yaw: { type: "u16", offset: 13 },
    pitch: { type: "i8", offset: 15 },
    "head.x": { type: "i16", offset: 16 },
    "head.y": { type: "i16", offset: 18 },
    "head.z": { type: "i16", offset: 20 },
    "head.orientation": { type: "u32", offset: 22 },
    "left.x": { type: "i16", offset: 26 },
    "left.y": { type: "i16", offset: 28 },
    "left.z": { type: "i16", offset: 30 },
    "left.orientation": { type: "u32", offset: 32 },
    "right.x": { type: "i16", offset: 36 },
    "right.y": { type: "i16", offset: 38 },
    "right.z": { type: "i16", offset: 40 },
    "right.orientation": { type: "u32", offset: 42 },
  },
  thing: {
    id: { type: "u16", offset: 0 },
    age: { type: "u8", offset: 2 },
    x: { type: "i24", offset: 3 },
    y: { type: "i24", offset: 6 },
    z: { type: "i24", offset: 9 },
    orientation: { type: "u32", offset: 12 },
  },
  root_delta: {
    id: { type: "u16", offset: 0 },
    age: { type: "u8", offset: 2 },
    dxz: { type: "u24", offset: 3 },
    dy: { type: "i8", offset: 6 },
    yaw: { type: "u16", offset: 7 },
    pitch: { type: "i8", offset: 9 },
  },
  tracked_delta: {
    id: { type: "u16", offset: 0 },
    age: { type: "u8", offset: 2 },
    dxz: { type: "u24", offset: 3 },
    yaw: { type: "u16", offset: 6 },
    "head.dx": { type: "i8", offset: 8 },
    "head.dy": { type: "i8", offset: 9 },
    "head.dz": { type: "i8", offset: 10 },
    "head.first": { type: "u8", offset: 11 },
    "head.second": { type: "u8", offset: 12 },
    "head.third": { type: "u8", offset: 13 },
    "left.dx": { type: "i8", offset: 14 },
    "left.dy": { type: "i8", offset: 15 },
    "left.dz": { type: "i8", offset: 16 },
    "left.first": { type: "u8", offset: 17 },
    "left.second": { type: "u8", offset: 18 },
    "left.third": { type: "u8", offset: 19 },
    "right.dx": { type: "i8", offset: 20 },
    "right.dy": { type: "i8", offset: 21 },
    "right.dz": { type: "i8", offset: 22 },
    "right.first": { type: "u8", offset: 23 },
    "right.second": { type: "u8", offset: 24 },
    "right.third": { type: "u8", offset: 25 },
    signs_dy: { type: "u16", offset: 26 },
  },
  dot: {
    id: { type: "u16", offset: 0 },
    x: { type: "i16", offset: 2 },
    y: { type: "i16", offset: 4 },
    z: { type: "i16", offset: 6 },
  },
  predicted: { bits: { type: "u8", offset: 0 } },
  root_input: {
    seq: { type: "u32", offset: 0 },
    x: { type: "i32", offset: 4 },
    y: { type: "i32", offset: 8 },
    z: { type: "i32", offset: 12 },
    yaw: { type: "u16", offset: 16 },
    pitch: { type: "i8", offset: 18 },
    age: { type: "u8", offset: 19 },
  },
  tracked_input: {
    seq: { type: "u32", offset: 0 },
    x: { type: "i32", offset: 4 },
    y: { type: "i32", offset: 8 },
    z: { type: "i32", offset: 12 },
    yaw: { type: "u16", offset: 16 },
    pitch: { type: "i8", offset: 18 },
    age: { type: "u8", offset: 19 },
    "head.x": { type: "i16", offset: 20 },
    "head.y": { type: "i16", offset: 22 },
    "head.z": { type: "i16", offset: 24 },
    "head.orientation": { type: "u32", offset: 26 },
    "left.x": { type: "i16", offset: 30 },
    "left.y": { type: "i16", offset: 32 },
    "left.z": { type: "i16", offset: 34 },
    "left.orientation": { type: "u32", offset: 36 },
    "right.x": { type: "i16", offset: 40 },
    "right.y": { type: "i16", offset: 42 },
    "right.z": { type: "i16", offset: 44 },
    "right.orientation": { type: "u32", offset: 46 },
  },
} as const satisfies Record<string, Record<string, PackedField>>;
