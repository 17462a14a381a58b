/**
 * What head, controllers and bare hands do in this frame, in the frame of the tracked space (the rig).
 *
 * Reads XR frames and keeps the values, reused from frame to frame; decides nothing.
 */
import { Quaternion, Vector3 } from "three";
import type { Hand } from "../carrying";
import { Pinch } from "./pinch";
import { withoutDeadZone } from "./snap";

/** Where something is, or was when it was last seen. */
export class Spot {
  readonly position = new Vector3();
  readonly orientation = new Quaternion();
  isSeen = false;

  read(pose: XRPose | null | undefined): void {
    this.isSeen = pose !== null && pose !== undefined;
    if (!pose) return;
    const { position, orientation } = pose.transform;
    this.position.set(position.x, position.y, position.z);
    this.orientation.set(orientation.x, orientation.y, orientation.z, orientation.w);
  }

  copy(other: Spot): void {
    this.isSeen = other.isSeen;
    this.position.copy(other.position);
    this.orientation.copy(other.orientation);
  }
}

/** A button, with the moments it goes down and up. */
export class Press {
  isDown = false;
  wentDown = false;
  wentUp = false;

  update(isDown: boolean): void {
    this.wentDown = isDown && !this.isDown;
    this.wentUp = !isDown && this.isDown;
    this.isDown = isDown;
  }
}

export class HandInput {
  readonly hand: Hand;
  readonly grip = new Spot();
  readonly ray = new Spot();
  readonly trigger = new Press();
  readonly squeeze = new Press();
  /** A or X. */
  readonly actButton = new Press();
  /** B or Y. */
  readonly panelButton = new Press();
  /** Right and forward positive. */
  stickX = 0;
  stickY = 0;
  isBareHand = false;
  /** Matrices (16 values each) and radii of the joints of a bare hand, in the order of the specification. */
  readonly joints = new Float32Array(JOINTS.length * 16);
  readonly radii = new Float32Array(JOINTS.length);
  readonly #pinch = new Pinch();

  constructor(hand: Hand) {
    this.hand = hand;
  }

  read(frame: XRFrame, space: XRReferenceSpace, source: XRInputSource | null): void {
    this.isBareHand = Boolean(source?.hand);
    this.ray.read(source && frame.getPose(source.targetRaySpace, space));
    if (source?.hand) {
      this.#readJoints(frame, space, source.hand);
    } else {
      this.grip.read(source?.gripSpace && frame.getPose(source.gripSpace, space));
      this.#pinch.reset();
    }
    const pad = source?.gamepad;
    const isPinching = this.isBareHand && this.grip.isSeen && this.#pinch.isClosed;
    this.trigger.update(this.isBareHand ? isPinching : (pad?.buttons[0]?.pressed ?? false));
    this.squeeze.update(!this.isBareHand && (pad?.buttons[1]?.pressed ?? false));
    this.actButton.update(!this.isBareHand && (pad?.buttons[4]?.pressed ?? false));
    this.panelButton.update(!this.isBareHand && (pad?.buttons[5]?.pressed ?? false));
    this.stickX = this.isBareHand ? 0 : withoutDeadZone(pad?.axes[2] ?? 0);
    this.stickY = this.isBareHand ? 0 : -withoutDeadZone(pad?.axes[3] ?? 0);
  }

  #readJoints(frame: XRFrame, space: XRReferenceSpace, hand: XRHand): void {
    this.grip.isSeen = false;
    for (const [place, name] of JOINTS.entries()) {
      const joint = hand.get(name);
      const pose = joint && frame.getJointPose?.(joint, space);
      if (!pose) {
        this.#pinch.reset();
        return;
      }
      this.joints.set(pose.transform.matrix, place * 16);
      this.radii[place] = pose.radius ?? 0.008;
      // A bare hand holds things at its palm.
      if (name === "middle-finger-metacarpal") palm.read(pose);
    }
    this.grip.copy(palm);
    this.#pinch.update(this.#tip(THUMB_TIP, thumb).distanceTo(this.#tip(INDEX_TIP, index)));
  }

  #tip(joint: number, into: Vector3): Vector3 {
    return into.fromArray(this.joints, joint * 16 + 12);
  }
}

const thumb = new Vector3();
const index = new Vector3();
const palm = new Spot();

const FINGERS = ["index-finger", "middle-finger", "ring-finger", "pinky-finger"] as const;
const BONES = ["metacarpal", "phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip"] as const;
export const JOINTS: readonly XRHandJoint[] = [
  "wrist",
  "thumb-metacarpal",
  "thumb-phalanx-proximal",
  "thumb-phalanx-distal",
  "thumb-tip",
  ...FINGERS.flatMap((finger) => BONES.map((bone) => `${finger}-${bone}` as const)),
];
const THUMB_TIP = JOINTS.indexOf("thumb-tip");
const INDEX_TIP = JOINTS.indexOf("index-finger-tip");

export class Inputs {
  readonly head = new Spot();
  readonly left = new HandInput("left");
  readonly right = new HandInput("right");
  readonly hands = [this.left, this.right] as const;

  read(frame: XRFrame, space: XRReferenceSpace): void {
    this.head.read(frame.getViewerPose(space));
    for (const hand of this.hands) {
      hand.read(frame, space, sourceOf(frame.session, hand.hand));
    }
  }
}

/** The source in a hand: one with joints or a grip, rather than a gaze or a transient pointer. */
function sourceOf(session: XRSession, hand: Hand): XRInputSource | null {
  for (const source of session.inputSources) {
    if (source.handedness === hand && source.targetRayMode === "tracked-pointer") return source;
  }
  return null;
}
