/**
 * The room a client is in: who and what is there, where, and everything an avatar can do.
 *
 * A face of the session in metres and radians. After a break that ended in a new session the same object goes on, with a
 * new entity of its own; `joined` is told again. Commands reject with `RefusedError`, `OfflineError`, `BusyError` or
 * `EndedError`.
 */
import { PresenceError } from "./errors.js";
import { Action, Channel } from "./generated.js";
import type { DoneMessage, Emote, JoinedMessage, Person, Status, Thing } from "./generated.js";
import { placeOf } from "./motion/object-sender.js";
import type { Place } from "./motion/object-sender.js";
import { OwnAvatar } from "./motion/own-avatar.js";
import type { Command } from "./session/commands.js";
import type { Session } from "./session/session.js";
import type { PoseTable } from "./view/pose-table.js";
import { UPRIGHT, millimetres, quaternionOf, yawRadians, yawTurns } from "./wire/quantities.js";
import type { Quaternion, Vector } from "./wire/quantities.js";

/** @internal What a room asks of its client. */
export interface Commander {
  readonly session: Session;
  readonly now: () => number;
  command(command: Command): Promise<DoneMessage | null>;
  /** Reject what cannot be sent now. Throws PresenceError. */
  check(type: Command["type"]): void;
  /** One's own avatar or a carried object moved. */
  moved(): void;
}

/** Where a thing is: metres. */
export interface ThingPlace {
  readonly position: Vector;
  readonly orientation: Quaternion;
}

export class Room {
  /** One's own avatar. */
  readonly own: OwnAvatar;
  private readonly commander: Commander;
  private readonly session: Session;
  private joined: JoinedMessage;

  /** @internal */
  constructor(commander: Commander, joined: JoinedMessage) {
    this.commander = commander;
    this.session = commander.session;
    this.joined = joined;
    this.own = new OwnAvatar(commander.session.motion, commander.now, () => {
      commander.moved();
    });
    this.enter(joined);
  }

  /** @internal Be in the room that this says; again, after a lost session. */
  enter(joined: JoinedMessage): void {
    this.joined = joined;
    this.own.start([joined.x / 1000, joined.y / 1000, joined.z / 1000], yawRadians(joined.yaw));
  }

  // --- what is here --------------------------------------------------------------------------------------------------

  get name(): string {
    return this.joined.room;
  }

  /** The name of the world it was made from. */
  get world(): string {
    return this.joined.world;
  }

  /** Tells whether a copy of the world is the server's. */
  get worldDigest(): string {
    return this.joined.world_digest;
  }

  /** Snapshots a second at most. */
  get tickHz(): number {
    return this.joined.tick_hz;
  }

  /** Subjects come into sight at this distance, and leave it at 1.15 times it; millimetres. */
  get radiusMm(): number {
    return this.joined.radius_mm;
  }

  /** Bytes of snapshots a second at most, where `client.setBudget` asked for no less. */
  get budgetBytesPerS(): number {
    return this.joined.budget_bytes_per_s;
  }

  /** One's own entity id. */
  get self(): number {
    return this.joined.entity;
  }

  /** The roster by entity id, oneself included: everybody one may know of, near or far. */
  get people(): ReadonlyMap<number, Person> {
    return this.session.view.people;
  }

  /** The objects by entity id, near or far. */
  get things(): ReadonlyMap<number, Thing> {
    return this.session.view.things;
  }

  /** Whether the room is closed to newcomers. */
  get isLocked(): boolean {
    return this.session.view.isLocked;
  }

  /** Whether `entity` is in sight: whether `sample` gives its pose. */
  holds(entity: number): boolean {
    return this.session.sight.holds(entity);
  }

  /** Fill `into` with where to show everything in sight at `nowMs`: smooth, and a moment in the past. Makes no garbage. */
  sample(into: PoseTable, nowMs: number): void {
    this.session.sight.sample(into, this.session.playout.momentMs(nowMs));
  }

  /** Time since the room was made, as on the server just now; never goes back. null before the first snapshot. */
  roomTimeMs(nowMs: number): number | null {
    return this.session.roomTimeMs(nowMs);
  }

  /** The newest place of a thing, in sight or not; null where it is not known. */
  placeOf(entity: number): ThingPlace | null {
    const place = this.newestPlace(entity);
    if (place === null) return null;
    return {
      position: [place.x / 1000, place.y / 1000, place.z / 1000],
      orientation: quaternionOf(place.orientation),
    };
  }

  // --- one's own avatar ----------------------------------------------------------------------------------------------

  /** Jump to a place in reach (15 m), metres and radians. `own` stays where it is until the server agrees. */
  async teleport(position: Vector, yaw: number): Promise<void> {
    const [x, y, z] = position.map(millimetres) as [number, number, number];
    this.commander.check("teleport");
    const motion = this.session.motion;
    const seq = motion.nextSeq();
    motion.pause();
    try {
      await this.commander.command({ type: "teleport", seq, x, y, z, yaw: yawTurns(yaw) });
      this.own.jump([x / 1000, y / 1000, z / 1000], yaw);
    } finally {
      motion.resume();
    }
  }

  /** Jump beside a person and face them; `own` stands there when this resolves. */
  async goTo(entity: number): Promise<void> {
    await this.commander.command({ type: "go_to", entity });
  }

  /** See from a place too, metres, as far as one's roles allow it; null: from there no longer. `viewpoint`: which. */
  async lookFrom(position: Vector | null, viewpoint = 0): Promise<void> {
    const [x, y, z] = (position ?? [0, 0, 0]).map(millimetres) as [number, number, number];
    await this.commander.command({ type: "look_from", viewpoint, on: position !== null, x, y, z });
  }

  /** Show an emote. */
  async gesture(emote: Emote): Promise<void> {
    await this.commander.command({ type: "gesture", emote });
  }

  /** Change one's own status. */
  async setStatus(status: Status): Promise<void> {
    await this.commander.command({ type: "set_status", status });
  }

  // --- others --------------------------------------------------------------------------------------------------------

  /** Say something: 1 to 1,000 characters. `target`: an entity id, for `Channel.DIRECT`. */
  async chat(channel: Channel, text: string, target = 0): Promise<void> {
    await this.commander.command({ type: "chat", channel, target: channel === Channel.DIRECT ? target : 0, text });
  }

  /** Act as a moderator. `target`: an entity id; none for `Action.LOCK` and `Action.UNLOCK`. */
  async moderate(action: Action, target = 0, reason = ""): Promise<void> {
    const isOfRoom = action === Action.LOCK || action === Action.UNLOCK;
    await this.commander.command({ type: "moderate", action, target: isOfRoom ? 0 : target, reason });
  }

  // --- objects -------------------------------------------------------------------------------------------------------

  /** Put a new object into the room, within reach; resolves to its entity id. */
  async spawn(prop: string, position: Vector, orientation: Quaternion = UPRIGHT): Promise<number> {
    const done = await this.commander.command({ type: "spawn", prop, ...placeOf(position, orientation) });
    return done?.entity ?? 0;
  }

  /** Take an object within reach (3 m) that nobody holds. */
  async grab(entity: number): Promise<void> {
    await this.commander.command({ type: "grab", entity });
  }

  /** Carry a held object: the newest place goes out, at most 20 times a second. Not answered. */
  move(entity: number, position: Vector, orientation: Quaternion = UPRIGHT): void {
    this.session.objects.move(entity, this.thing(entity).version, placeOf(position, orientation));
    this.commander.moved();
  }

  /** Let go of a held object, here or where it was moved last. */
  async release(entity: number, position?: Vector, orientation: Quaternion = UPRIGHT): Promise<void> {
    const { version } = this.thing(entity);
    const last = this.session.objects.drop(entity) ?? this.newestPlace(entity);
    const place = position === undefined ? last : placeOf(position, orientation);
    if (place !== null) await this.commander.command({ type: "release", entity, version, ...place });
  }

  /** Remove an object one holds. */
  async despawn(entity: number): Promise<void> {
    const { version } = this.thing(entity);
    this.session.objects.drop(entity);
    await this.commander.command({ type: "despawn", entity, version });
  }

  private thing(entity: number): Thing {
    const thing = this.things.get(entity);
    if (thing === undefined)
      throw new PresenceError("unknown_entity", `There is no object ${entity} here.`, "Take entity ids from `things`.");
    return thing;
  }

  private newestPlace(entity: number): Place | null {
    const thing = this.things.get(entity);
    if (thing === undefined) return null;
    const seen = this.session.sight.placeOfThing(entity);
    if (seen === null) return { x: thing.x, y: thing.y, z: thing.z, orientation: thing.orientation };
    const [x, y, z, orientation] = seen;
    return { x, y, z, orientation };
  }
}
