/**
 * Head and hands as others are told of them: relative to the avatar's root, which stands under the head.
 *
 * Pure (three.js mathematics only).
 */
import { Euler, Quaternion, Vector3 } from "three";
import type { Part, TrackedParts } from "@presence-hub/client";
import type { Inputs, Spot } from "./inputs";

/** The wire's reach of a head or hand from the root, each axis (SPEC section 2). */
const REACH_M = 3;
/** Where an untracked hand hangs: beside the hip, this much below the head. */
const HANG = { right: 0.22, below: 0.68, forward: 0.08 };
const HANGING = new Quaternion().setFromEuler(new Euler(-Math.PI / 2, 0, 0));

const offset = new Vector3();
const turned = new Quaternion();
const turn = new Quaternion();
const UP = new Vector3(0, 1, 0);

/** `yaw`: of the rig relative to the root; `lift`: how much the rig's floor is over the root. */
export function trackedParts(inputs: Inputs, yaw: number, lift: number): TrackedParts {
  const { head } = inputs;
  turn.setFromAxisAngle(UP, yaw);
  const part = (spot: Spot): Part => {
    offset.set(spot.position.x - head.position.x, spot.position.y + lift, spot.position.z - head.position.z);
    offset.applyQuaternion(turn);
    turned.multiplyQuaternions(turn, spot.orientation).normalize();
    return {
      position: [clamp(offset.x), clamp(offset.y), clamp(offset.z)],
      orientation: [turned.x, turned.y, turned.z, turned.w],
    };
  };
  const hanging = (side: 1 | -1): Part => ({
    position: [side * HANG.right, clamp(head.position.y + lift - HANG.below), -HANG.forward],
    orientation: [HANGING.x, HANGING.y, HANGING.z, HANGING.w],
  });
  return {
    head: part(head),
    left: inputs.left.grip.isSeen ? part(inputs.left.grip) : hanging(-1),
    right: inputs.right.grip.isSeen ? part(inputs.right.grip) : hanging(1),
  };
}

/** The yaw and pitch of a gaze. */
export function gazeOf(orientation: Quaternion): { readonly yaw: number; readonly pitch: number } {
  offset.set(0, 0, -1).applyQuaternion(orientation);
  const pitch = Math.asin(Math.min(Math.max(offset.y, -1), 1));
  // Looking straight up or down, the top of the head tells where forward is.
  if (Math.hypot(offset.x, offset.z) < 0.05) offset.set(0, pitch > 0 ? -1 : 1, 0).applyQuaternion(orientation);
  return { yaw: Math.atan2(-offset.x, -offset.z), pitch };
}

function clamp(metres: number): number {
  return Math.min(Math.max(metres, -REACH_M), REACH_M);
}
