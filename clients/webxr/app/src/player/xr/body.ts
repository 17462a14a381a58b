/**
 * The body in a headset: feet under the head, sticks, turns, seats and jumps, and what others are told of it.
 *
 * Owns where the tracked space (rig) stands in the world. Draws nothing.
 */
import type { PlayerSettings } from "../contract";
import { easing, Locomotion, wrapAngle } from "../locomotion";
import type { Point } from "@presence-hub/client";
import { View } from "../view";
import type { Visit } from "../visit";
import { gazeOf, trackedParts } from "./bodyframe";
import { Footing, type Ground2, Torso } from "./footing";
import type { Inputs } from "./inputs";
import { StickTurn } from "./snap";

const STANDING_M = 1.65;
const SEATED_M = 1.2;
/** A place so far from the last one was not walked to. */
const LEAP_M = 0.6;
const DASH_S = 0.06;

export class VrBody {
  readonly #settings: PlayerSettings;
  readonly #footing = new Footing();
  readonly #torso = new Torso();
  readonly #locomotion = new Locomotion();
  readonly #stick = new StickTurn();
  readonly #floor = new View(true);
  /** Where the rig is drawn: x y z and yaw. */
  readonly rig = { x: 0, y: 0, z: 0, yaw: 0 };
  /** How strongly a stick moves or turns one, 0 to 1. */
  motion = 0;
  #last: Point | null = null;
  #bodyYaw = 0;
  #lift = 0;
  #stance = "";
  #liftGoal = 0;
  readonly #dash = { x: 0, y: 0, z: 0 };

  constructor(settings: PlayerSettings) {
    this.#settings = settings;
  }

  /** Begin anew: the next frame puts the tracked space under the avatar. */
  reset(): void {
    this.#last = null;
    this.#locomotion.stop();
    this.#floor.place();
    this.#stance = "";
  }

  update(visit: Visit, inputs: Inputs, isFloorKnown: boolean, dtS: number): void {
    const { own } = visit.room;
    const head: Ground2 = inputs.head.position;
    const gaze = gazeOf(inputs.head.orientation);
    this.#settle(visit, head, gaze.yaw);
    this.#footing.follow(head, ground(visit.feet), (dx, dz) => {
      visit.walk(dx, dz);
      return ground(visit.feet);
    });
    this.#moveByStick(visit, inputs, gaze.yaw, dtS);
    const turn = this.#stick.update(inputs.right.stickX, this.#settings.snapDegrees.peek(), dtS);
    if (turn !== 0) this.#footing.turn(turn, head);
    this.#bodyYaw = this.#torso.update(wrapAngle(gaze.yaw + this.#footing.yaw), this.#locomotion.speed > 0.3, dtS);
    this.#raise(visit, inputs.head.position.y, isFloorKnown, dtS);
    own.turn(this.#bodyYaw, gaze.pitch);
    own.track(trackedParts(inputs, wrapAngle(this.#footing.yaw - this.#bodyYaw), this.#lift));
    this.#last = visit.feet;
    this.#feelMotion(turn !== 0 && this.#settings.snapDegrees.peek() === 0, dtS);
    this.#draw(visit, dtS);
  }

  /** Put the tracked space where the avatar is: at first, and after every jump. */
  #settle(visit: Visit, head: Ground2, headYaw: number): void {
    const { own } = visit.room;
    const [x, y, z] = visit.feet;
    const last = this.#last;
    if (!last) {
      this.#footing.anchor(head, headYaw, { x, z }, own.yaw);
      this.#torso.place(own.yaw);
      this.#clearDash();
      return;
    }
    if (Math.hypot(last[0] - x, last[1] - y, last[2] - z) < LEAP_M) return;
    // Who was put elsewhere and turned by the server turns with the whole space; a teleport of one's own turns nothing.
    const turned = wrapAngle(own.yaw - this.#bodyYaw);
    if (Math.abs(turned) > 0.01) {
      this.#footing.anchor(head, headYaw, { x, z }, own.yaw);
      this.#torso.place(own.yaw);
    } else {
      this.#footing.carry(head, { x, z });
    }
    this.#locomotion.stop();
    this.#floor.place();
    visit.leaveSeatIfMoved();
    if (!this.#settings.reducedMotion.peek() && Math.abs(turned) <= 0.01) {
      Object.assign(this.#dash, { x: last[0] - x, y: last[1] - y, z: last[2] - z });
    }
  }

  #moveByStick(visit: Visit, inputs: Inputs, headYaw: number, dtS: number): void {
    const { stickX, stickY } = inputs.left;
    if (visit.isSeated) {
      if (Math.hypot(stickX, stickY) > 0.5) void visit.stand();
      return;
    }
    const step = this.#locomotion.step(
      { right: stickX, forward: stickY, isRunning: false },
      wrapAngle(headYaw + this.#footing.yaw),
      dtS,
    );
    if (step.dx === 0 && step.dz === 0) return;
    const went = visit.walk(step.dx, step.dz);
    this.#locomotion.went(went.dx, went.dz, dtS);
    this.#footing.carry(inputs.head.position, ground(visit.feet));
  }

  /**
   * How high the rig's floor is over the avatar's: nothing for who stands on a known floor; else what brings the eyes to
   * standing height, or on a seat to seated height. Measured once for each stance, so that bowing still bows.
   */
  #raise(visit: Visit, headHeight: number, isFloorKnown: boolean, dtS: number): void {
    const isRaised = !isFloorKnown || this.#settings.seated.value || visit.isSeated;
    const stance = `${isRaised} ${visit.isSeated}`;
    if (stance !== this.#stance) {
      const isFirst = this.#stance === "";
      this.#stance = stance;
      this.#liftGoal = isRaised ? (visit.isSeated ? SEATED_M : STANDING_M) - headHeight : 0;
      if (isFirst) this.#lift = this.#liftGoal;
    }
    this.#lift += (this.#liftGoal - this.#lift) * easing(dtS, 0.12);
  }

  #feelMotion(isTurning: boolean, dtS: number): void {
    const wanted = isTurning ? 1 : Math.min(1, this.#locomotion.speed / 1.5);
    this.motion += (wanted - this.motion) * easing(dtS, 0.12);
  }

  #draw(visit: Visit, dtS: number): void {
    const [offX, offY, offZ] = visit.room.own.renderOffset;
    const [, y] = visit.feet;
    const left = 1 - easing(dtS, DASH_S);
    this.#dash.x *= left;
    this.#dash.y *= left;
    this.#dash.z *= left;
    this.rig.x = this.#footing.x + offX + this.#dash.x;
    this.rig.y = this.#floor.floor(y, dtS) + offY + this.#dash.y + this.#lift;
    this.rig.z = this.#footing.z + offZ + this.#dash.z;
    this.rig.yaw = this.#footing.yaw;
  }

  #clearDash(): void {
    Object.assign(this.#dash, { x: 0, y: 0, z: 0 });
  }
}

function ground([x, , z]: Point): Ground2 {
  return { x, z };
}
