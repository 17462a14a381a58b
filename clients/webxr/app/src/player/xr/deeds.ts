/**
 * What hands do in VR: press the panel, throw a teleport arc, take things and let go of them.
 *
 * One trigger or pinch means one thing from its start to its end: a button it points at, a thing it reaches for (bare
 * hands), or the arc.
 */
import { type Object3D, Quaternion, Raycaster, Vector3 } from "three";
import { type Arc, throwArc } from "../arc";
import type { Hand, Held } from "../carrying";
import type { Point } from "@presence-hub/client";
import type { Visit } from "../visit";
import { reachedFor } from "./aim";
import type { HandInput, Inputs, Spot } from "./inputs";

/** Somebody so near to a thing that is let go is meant to have it: it stays where it was let go. */
const OFFERED_M = 1.3;

export interface HandActions {
  /** A ray meets the panel: returns what to do at a press, or null where it misses. */
  point(hand: Hand, sight: Raycaster): (() => void) | null;
  teleport(place: Point): void;
}

export class HandDeeds {
  readonly #rig: Object3D;
  readonly #actions: HandActions;
  readonly #sight = new Raycaster();
  readonly #gripping = new Set<Hand>();
  #aiming: Hand | null = null;
  #arc: Arc | null = null;

  constructor(rig: Object3D, actions: HandActions) {
    this.#rig = rig;
    this.#actions = actions;
  }

  /** Where an arc leads now; null where none is thrown. */
  get arc(): Arc | null {
    return this.#arc;
  }

  reset(): void {
    this.#aiming = null;
    this.#arc = null;
    this.#gripping.clear();
  }

  update(visit: Visit, inputs: Inputs): void {
    this.#arc = null;
    for (const hand of inputs.hands) {
      this.#trigger(visit, hand);
      this.#grip(visit, hand);
    }
  }

  /** Where something in the rig is in the world. */
  inWorld(spot: Spot): Held {
    place.copy(spot.position).applyMatrix4(this.#rig.matrixWorld);
    const { x, y, z, w } = this.#rig.getWorldQuaternion(turn).multiply(spot.orientation);
    return { position: [place.x, place.y, place.z], orientation: [x, y, z, w] };
  }

  #trigger(visit: Visit, hand: HandInput): void {
    const { trigger } = hand;
    const isAiming = this.#aiming === hand.hand;
    const press = hand.ray.isSeen && !isAiming ? this.#actions.point(hand.hand, this.#aim(hand)) : null;
    if (trigger.wentDown) {
      if (press) press();
      else if (hand.isBareHand && this.#take(visit, hand, false)) return;
      else if (!this.#aiming && visit.carrying.held(hand.hand) === null) this.#aiming = hand.hand;
    }
    if (!isAiming && this.#aiming !== hand.hand) return;
    if (hand.ray.isSeen) {
      const { origin, direction } = this.#aim(hand).ray;
      this.#arc = throwArc(visit.terrain, point(origin), point(direction), visit.feet);
    }
    if (trigger.isDown) return;
    this.#aiming = null;
    if (trigger.wentUp && this.#arc?.landing && this.#arc.isAllowed) this.#actions.teleport(this.#arc.landing);
    this.#arc = null;
  }

  #grip(visit: Visit, hand: HandInput): void {
    const button = hand.isBareHand ? hand.trigger : hand.squeeze;
    if (!hand.isBareHand && button.wentDown && hand.grip.isSeen) this.#take(visit, hand, true);
    if (visit.carrying.held(hand.hand) === null) {
      this.#gripping.delete(hand.hand);
      return;
    }
    if (!hand.grip.isSeen) return;
    const held = this.inWorld(hand.grip);
    visit.carrying.carry(hand.hand, held, visit.feet);
    // What was carried before the headset came on is let go of by a squeeze, like everything else.
    if (button.wentDown) this.#gripping.add(hand.hand);
    if (this.#gripping.has(hand.hand) && !button.isDown && visit.carrying.isHeld(hand.hand)) {
      this.#gripping.delete(hand.hand);
      this.#letGo(visit, hand.hand, held);
    }
  }

  #take(visit: Visit, hand: HandInput, isRayAllowed: boolean): boolean {
    if (!hand.grip.isSeen || visit.carrying.held(hand.hand) !== null) return false;
    const { origin, direction } = this.#aim(hand).ray;
    const ray = isRayAllowed && hand.ray.isSeen ? { from: point(origin), direction: point(direction) } : null;
    const thing = reachedFor(visit.freeThings(), this.inWorld(hand.grip).position, ray);
    if (!thing) return false;
    this.#gripping.add(hand.hand);
    void visit.carrying.take(thing.entity, hand.hand);
    return true;
  }

  /** Put down on what is below, or leave it hanging before somebody who is near enough to take it. */
  #letGo(visit: Visit, hand: Hand, held: Held): void {
    const [x, y, z] = held.position;
    const isOffered = [...visit.people()].some(
      ({ position }) => Math.hypot(position[0] - x, position[2] - z) < OFFERED_M,
    );
    const height = isOffered ? y : visit.terrain.restBelow(held.position);
    void visit.carrying.putDown(hand, { position: [x, height, z], orientation: held.orientation }, visit.feet);
  }

  #aim(hand: HandInput): Raycaster {
    const matrix = this.#rig.matrixWorld;
    this.#sight.ray.origin.copy(hand.ray.position).applyMatrix4(matrix);
    this.#sight.ray.direction.set(0, 0, -1).applyQuaternion(hand.ray.orientation).transformDirection(matrix);
    return this.#sight;
  }
}

const turn = new Quaternion();
const place = new Vector3();

function point({ x, y, z }: Vector3): Point {
  return [x, y, z];
}
