/** Everybody in sight: bodies, marks at their feet, badges, icons and bubbles; dots far away. Fed with poses each frame and with looks
 * as they change; knows nothing of sessions. A person without a look is drawn, without a badge; a look without a pose is kept for when
 * one comes. */

import { Section, type PoseTable, type Seat } from "@presence-hub/client";
import {
  Frustum,
  Group,
  Matrix4,
  type Raycaster,
  Sphere,
  Vector3,
  type PerspectiveCamera,
  type WebGLRenderer,
} from "three";
import type { LightUniforms } from "../stage/lit";
import { QUALITIES, type Quality } from "../stage/quality";
import { hashUnit } from "../stage/palette";
import { Overhead } from "./overhead";
import { Bodies } from "./bodies";
import { Dots } from "./dots";
import { GroundMarks } from "./ground-marks";
import { STATUS_COLOURS, tintsOf, type AvatarLook } from "./looks";
import { Seating } from "./seating";
import { BodyState, GESTURES, PART_FLOATS } from "./skeleton";
import { detailAt, FAR } from "./visibility";

export type { AvatarLook } from "./looks";

/** As many as are drawn at once; the server shows fewer. */
const CAPACITY = 512;
const FIRST_DETAIL = FAR;
/** A body about a person's height, for picking. */
const PICK_RADIUS_M = 0.38;
const PICK_HEIGHT_M = 1.85;
const PICK_REACH_M = 30;
/** How often those beyond the near ones are posed anew: every so many frames. */
const FAR_EVERY = 3;

export class Avatar {
  readonly state: BodyState;
  look: AvatarLook | null = null;
  isShown = false;
  distance = 0;
  detail = FIRST_DETAIL;
  badgeOpacity = 0;
  seen = 0;
  owedS = 0;

  readonly entity: number;
  readonly row: number;

  constructor(entity: number, row: number) {
    this.entity = entity;
    this.row = row;
    this.state = new BodyState(hashUnit(String(entity)));
  }
}

export class Crowd {
  readonly group = new Group();
  #bodies: Bodies;
  readonly #marks = new GroundMarks(CAPACITY);
  readonly #dots = new Dots(CAPACITY);
  readonly #overhead: Overhead;
  readonly #avatars = new Map<number, Avatar>();
  readonly #shown: Avatar[] = [];
  readonly #freeRows = Array.from({ length: CAPACITY }, (_, index) => CAPACITY - 1 - index);
  readonly #frustum = new Frustum();
  #seating = new Seating([]);
  #quality: Quality;
  #highlighted: number | null = null;
  #frame = 0;

  readonly uniforms: LightUniforms;
  readonly isStill: boolean;

  constructor(renderer: WebGLRenderer, uniforms: LightUniforms, quality: Quality, isStill: boolean) {
    this.uniforms = uniforms;
    this.isStill = isStill;
    this.#quality = quality;
    this.#bodies = new Bodies(CAPACITY, uniforms, quality);
    this.#overhead = new Overhead(renderer, isStill);
    this.group.add(this.#bodies.group, this.#marks.mesh, this.#dots.mesh, this.#overhead.group);
  }

  /** Take over the poses of this frame: all of them, one's own too where it is to be seen. */
  update(table: PoseTable, dtS: number): void {
    this.#frame++;
    this.#shown.length = 0;
    this.#dots.begin();
    for (let row = 0; row < table.count; row++) {
      const body = table.body[row];
      if (body === Section.THING) continue;
      if (body === Section.DOT) {
        this.#addDot(table, row);
        continue;
      }
      const avatar = this.#avatarOf(table.entity[row] ?? 0);
      if (!avatar) continue;
      this.#read(table, row, avatar, body === Section.TRACKED);
      avatar.owedS += dtS;
      avatar.seen = this.#frame;
      this.#shown.push(avatar);
    }
    this.#dots.finish();
    for (const avatar of this.#avatars.values()) {
      avatar.isShown = avatar.seen === this.#frame;
      if (!avatar.isShown) avatar.badgeOpacity = 0;
    }
  }

  /** Mark a person's place; a thing so far away is not drawn. */
  #addDot(table: PoseTable, row: number): void {
    if (!this.#avatars.get(table.entity[row] ?? 0)?.look) return;
    this.#dots.add(table.position[row * 3] ?? 0, table.position[row * 3 + 1] ?? 0, table.position[row * 3 + 2] ?? 0);
  }

  #read(table: PoseTable, row: number, avatar: Avatar, isTracked: boolean): void {
    const { state } = avatar;
    state.x = table.position[row * 3] ?? 0;
    state.y = table.position[row * 3 + 1] ?? 0;
    state.z = table.position[row * 3 + 2] ?? 0;
    state.yaw = table.yaw[row] ?? 0;
    state.pitch = table.pitch[row] ?? 0;
    state.speed = table.speed[row] ?? 0;
    state.isTracked = isTracked;
    state.isSeated = !isTracked && this.#seating.isSeat(state.x, state.y, state.z, state.speed);
    if (isTracked) {
      for (let float = 0; float < PART_FLOATS; float++)
        state.parts[float] = table.parts[row * PART_FLOATS + float] ?? 0;
    }
  }

  /** Choose details and place everything for the eye that will draw. Called by the stage before each frame is drawn. */
  face(camera: PerspectiveCamera, isStereo: boolean, nowMs: number): void {
    camera.updateWorldMatrix(true, false);
    EYE.setFromMatrixPosition(camera.matrixWorld);
    this.#frustum.setFromProjectionMatrix(
      VIEW.multiplyMatrices(camera.projectionMatrix, INVERSE.copy(camera.matrixWorld).invert()),
    );
    const settings = QUALITIES[this.#quality];
    this.#bodies.begin();
    this.#marks.begin(settings.shadowTexels > 0 ? 0.3 : 0.5);
    for (const avatar of this.#shown) {
      const { state } = avatar;
      avatar.distance = Math.hypot(state.x - EYE.x, state.y + 1 - EYE.y, state.z - EYE.z);
      avatar.detail = detailAt(avatar.distance, avatar.detail, settings);
      // Both eyes of a headset see more than one camera's frustum says.
      AROUND.center.set(state.x, state.y + 0.95, state.z);
      const isInView = isStereo || this.#frustum.intersectsSphere(AROUND);
      avatar.isShown = isInView;
      if (!isInView) continue;
      if (avatar.detail < FAR || (this.#frame + avatar.row) % FAR_EVERY === 0 || Number.isNaN(state.headX)) {
        state.pose(Math.min(avatar.owedS, 0.25));
        avatar.owedS = 0;
      }
      this.#bodies.draw(avatar.row, avatar.detail, state.matrices);
      this.#mark(avatar, nowMs);
    }
    this.#bodies.finish();
    this.#marks.finish();
    this.#overhead.place(this.#shown, camera, isStereo, settings.badgeM, this.#highlighted, nowMs);
  }

  #mark(avatar: Avatar, nowMs: number): void {
    const { state, look } = avatar;
    const number = look?.status ?? 0;
    const status = STATUS_COLOURS[number] ?? STATUS_COLOURS[0];
    const isHighlighted = avatar.entity === this.#highlighted;
    const pulse = look?.isSpeaking ? (this.isStill ? 0.4 : ((nowMs / 900 + avatar.row * 0.37) % 1) + 0.001) : 0;
    const dim = isHighlighted ? 1.25 : 0.9;
    this.#marks.add(
      state.x,
      state.y,
      state.z,
      pulse,
      channel(status >> 16) * dim,
      channel(status >> 8) * dim,
      channel(status) * dim,
      // Who is available needs no mark: a hall of rings says nothing.
      isHighlighted ? 1 : number === 0 ? 0 : 0.75,
    );
  }

  /** Say who an avatar is; again whenever something of it changes. */
  describe(entity: number, look: AvatarLook): void {
    const avatar = this.#avatarOf(entity);
    if (!avatar) return;
    const before = avatar.look;
    avatar.look = look;
    avatar.state.isGuest = look.isGuest;
    if (
      before?.name !== look.name ||
      before.agency !== look.agency ||
      before.country !== look.country ||
      before.isGuest !== look.isGuest ||
      before.isAway !== look.isAway
    ) {
      const { colours, hairStyle } = tintsOf(look);
      avatar.state.hairStyle = hairStyle;
      this.#bodies.paint(avatar.row, colours, look.isAway ? 0.5 : 1);
    }
    if (
      before?.name !== look.name ||
      before.role !== look.role ||
      before.agency !== look.agency ||
      before.country !== look.country ||
      before.isGuest !== look.isGuest
    ) {
      this.#overhead.forget(entity);
    }
  }

  forget(entity: number): void {
    const avatar = this.#avatars.get(entity);
    if (!avatar) return;
    this.#avatars.delete(entity);
    this.#overhead.forget(entity);
    const index = this.#shown.indexOf(avatar);
    if (index >= 0) this.#shown.splice(index, 1);
    this.#freeRows.push(avatar.row);
  }

  /** Play an emote: a number of the protocol's `Emote`. */
  gesture(entity: number, emote: number): void {
    const gesture = GESTURES[emote];
    if (gesture) this.#avatars.get(entity)?.state.play(gesture);
  }

  /** Show a bubble with what somebody said, for as long as it takes to read. */
  say(entity: number, text: string): void {
    if (this.#avatars.has(entity)) this.#overhead.say(entity, text);
  }

  /** The feet of somebody who is drawn now. */
  positionOf(entity: number): Vector3 | null {
    const avatar = this.#avatars.get(entity);
    if (avatar?.seen !== this.#frame) return null;
    return new Vector3(avatar.state.x, avatar.state.y, avatar.state.z);
  }

  /** The nearest person a ray meets. */
  pick(raycaster: Raycaster): number | null {
    const { origin, direction } = raycaster.ray;
    let nearest = Math.min(PICK_REACH_M, raycaster.far);
    let picked: number | null = null;
    for (const { entity, state } of this.#shown) {
      const distance = meetUpright(origin, direction, state.x, state.y, state.z);
      if (distance === null || distance >= nearest) continue;
      nearest = distance;
      picked = entity;
    }
    return picked;
  }

  /** Whose badge is to stand out. */
  highlight(entity: number | null): void {
    this.#highlighted = entity;
  }

  /** The word on guests' badges, in the reader's language. */
  setGuestWord(word: string): void {
    this.#overhead.setGuestWord(word);
  }

  useSeats(seats: readonly Seat[]): void {
    this.#seating = new Seating(seats);
  }

  setQuality(quality: Quality): void {
    this.#quality = quality;
    this.#bodies.dispose();
    this.#bodies = new Bodies(CAPACITY, this.uniforms, quality);
    this.group.add(this.#bodies.group);
    for (const { look, row } of this.#avatars.values()) {
      if (look) this.#bodies.paint(row, tintsOf(look).colours, look.isAway ? 0.5 : 1);
    }
  }

  dispose(): void {
    this.#bodies.dispose();
    this.#marks.dispose();
    this.#dots.dispose();
    this.#overhead.dispose();
    this.group.removeFromParent();
  }

  #avatarOf(entity: number): Avatar | null {
    const known = this.#avatars.get(entity);
    if (known) return known;
    const row = this.#freeRows.pop();
    if (row === undefined) return null;
    const avatar = new Avatar(entity, row);
    this.#avatars.set(entity, avatar);
    this.#bodies.paint(row, tintsOf(STRANGER).colours, 1);
    return avatar;
  }
}

const STRANGER: AvatarLook = {
  name: "",
  country: "",
  agency: "",
  role: "",
  isGuest: false,
  status: 0,
  isAway: false,
  isMuted: false,
  isSpeaking: false,
};

/** How far along a ray an upright cylinder around somebody is met, or null. */
export function meetUpright(origin: Vector3, direction: Vector3, x: number, y: number, z: number): number | null {
  const dx = x - origin.x;
  const dz = z - origin.z;
  const flat = Math.hypot(direction.x, direction.z);
  if (flat < 1e-6) return null;
  const along = (dx * direction.x + dz * direction.z) / flat;
  if (along < 0) return null;
  const aside = Math.abs(dx * direction.z - dz * direction.x) / flat;
  if (aside > PICK_RADIUS_M) return null;
  const distance = along / flat;
  const height = origin.y + direction.y * distance - y;
  return height >= -0.05 && height <= PICK_HEIGHT_M ? distance : null;
}

function channel(byte: number): number {
  return ((byte & 255) / 255) ** 2.2;
}

const EYE = new Vector3();
const VIEW = new Matrix4();
const INVERSE = new Matrix4();
const AROUND = new Sphere(new Vector3(), 1.3);
