/**
 * The client of the Presence protocol for browsers: sessions, rooms, people, motion. Free of three.js and of any framework.
 *
 * @module
 */
export { Client } from "./client.js";
export type { ClientOptions, Welcome } from "./client.js";
export type { ConnectionState } from "./connection.js";
export type { Edge, NetworkSignal, SocketLike } from "./edge.js";
export {
  BusyError,
  EndedError,
  OfflineError,
  PresenceError,
  ProtocolError,
  RefusedError,
  describeEnd,
} from "./errors.js";
export type { End } from "./errors.js";
export type { Changes, ClientEvents, Corrected, Gestured, LeftRoom, Notice, Said } from "./events.js";
export { Action, Cause, Channel, Close, Emote, Refusal, Section, Status } from "./generated.js";
export type { Lane, Person, Thing, WelcomeMessage } from "./generated.js";
export { OwnAvatar } from "./motion/own-avatar.js";
export type { Ground } from "./motion/own-avatar.js";
export type { Part, TrackedParts } from "./motion/input-pose.js";
export type { NetworkReport } from "./network.js";
export { Room } from "./room.js";
export type { ThingPlace } from "./room.js";
export type { LaneBytes } from "./session/traffic.js";
export { PARTS, PART_SIZE, PoseTable } from "./view/pose-table.js";
export { UPRIGHT } from "./wire/quantities.js";
export type { Quaternion, Vector } from "./wire/quantities.js";
export * from "./world/index.js";
