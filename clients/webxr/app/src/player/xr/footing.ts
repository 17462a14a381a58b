/**
 * Room-scale walking: one's feet stay under one's head.
 *
 * The tracked space (rig) stands somewhere in the world, turned by a yaw. When the head moves in it, the feet follow by
 * walking; where a wall stops them, the space is pushed back instead, so that a head never goes where its feet may not.
 * Pure; `walk` is the only way out.
 */
import { easing, wrapAngle } from "../locomotion";

export interface Ground2 {
  readonly x: number;
  readonly z: number;
}

/** Walks the feet and returns where they came to. */
export type Walk = (dx: number, dz: number) => Ground2;

/** A head that moves farther than this in one frame was not walked: the headset lost or reset its space. */
const LEAP_M = 0.5;

export class Footing {
  x = 0;
  z = 0;
  yaw = 0;

  /** Set the space so that the head (rig frame) is over the feet and looks along `yaw`. */
  anchor(head: Ground2, headYaw: number, feet: Ground2, yaw: number): void {
    this.yaw = wrapAngle(yaw - headYaw);
    this.#putHeadOver(head, feet);
  }

  /** Bring the feet under the head; push the space back by what walls do not allow. */
  follow(head: Ground2, feet: Ground2, walk: Walk): void {
    const over = this.toWorld(head);
    const dx = over.x - feet.x;
    const dz = over.z - feet.z;
    const away = Math.hypot(dx, dz);
    if (away === 0) return;
    this.#putHeadOver(head, away > LEAP_M ? feet : walk(dx, dz));
  }

  /** Take the space along with feet that moved by themselves (stick, teleport, seat, correction). */
  carry(head: Ground2, feet: Ground2): void {
    this.#putHeadOver(head, feet);
  }

  /** Turn about the head. */
  turn(angle: number, head: Ground2): void {
    const over = this.toWorld(head);
    this.yaw = wrapAngle(this.yaw + angle);
    this.#putHeadOver(head, over);
  }

  toWorld(point: Ground2): Ground2 {
    const cos = Math.cos(this.yaw);
    const sin = Math.sin(this.yaw);
    return { x: this.x + point.x * cos + point.z * sin, z: this.z - point.x * sin + point.z * cos };
  }

  #putHeadOver(head: Ground2, feet: Ground2): void {
    const over = this.toWorld(head);
    this.x += feet.x - over.x;
    this.z += feet.z - over.z;
  }
}

/** How far one's head turns before the body follows. */
const NECK = 0.7;

/** The body's yaw: it stays while one looks about, and follows where the head turns far or one walks. */
export class Torso {
  yaw = 0;

  place(yaw: number): void {
    this.yaw = yaw;
  }

  update(headYaw: number, isWalking: boolean, dtS: number): number {
    const off = wrapAngle(headYaw - this.yaw);
    const slack = isWalking ? 0 : NECK;
    if (Math.abs(off) > slack) {
      const past = off - Math.sign(off) * slack;
      this.yaw = wrapAngle(this.yaw + past * easing(dtS, 0.15));
    }
    return this.yaw;
  }
}
