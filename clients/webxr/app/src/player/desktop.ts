/**
 * Walking and looking with keys, mouse and fingers, and where the camera stands for it.
 *
 * Owns the keyboard, the pointer and the camera while no headset does.
 */
import { type Camera, type Object3D, Raycaster, Vector2, Vector3 } from "three";
import type { Held } from "./carrying";
import type { Command, PlayerSettings } from "./contract";
import { Keyboard } from "./keyboard";
import { easing, Locomotion, type Wish, wrapAngle } from "./locomotion";
import { findPath, Route } from "./path";
import { Pointer } from "./pointer";
import type { Point } from "@presence-hub/client";
import { toMm } from "./terrain";
import { View } from "./view";
import type { Visit } from "./visit";

const LOOK_RAD_PER_PX = 0.0042;
const TURN_RAD_S = 2.1;
const CAMERA_MARGIN_M = 0.25;
/** A place so far from the last one was not walked to. */
const LEAP_M = 0.6;

export interface DesktopActions {
  act(): void;
  handOver(): void;
  command(command: Command): void;
  /** Clicked or tapped, with the line of sight through that pixel. */
  tap(sight: Raycaster): void;
}

export class Desktop {
  readonly view: View;
  readonly #canvas: HTMLCanvasElement;
  readonly #rig: Object3D;
  readonly #camera: Camera;
  readonly #settings: PlayerSettings;
  readonly #keyboard: Keyboard;
  readonly #pointer: Pointer;
  readonly #locomotion = new Locomotion();
  readonly #route = new Route();
  readonly #sight = new Raycaster();
  #whenThere: (() => void) | null = null;
  #touchRight = 0;
  #touchForward = 0;
  #bodyYaw = 0;
  #placements = 0;
  #last: Point | null = null;

  constructor(
    canvas: HTMLCanvasElement,
    rig: Object3D,
    camera: Camera,
    settings: PlayerSettings,
    actions: DesktopActions,
  ) {
    this.#canvas = canvas;
    this.#rig = rig;
    this.#camera = camera;
    this.#settings = settings;
    this.view = new View(settings.view.peek() === "first");
    this.#keyboard = new Keyboard(canvas, {
      act: () => {
        actions.act();
      },
      handOver: () => {
        actions.handOver();
      },
      command: (command) => {
        actions.command(command);
      },
      zoom: (steps) => {
        this.#zoom(steps);
      },
      toggleView: () => {
        settings.view.value = settings.view.peek() === "first" ? "third" : "first";
      },
    });
    this.#pointer = new Pointer(canvas, () => settings.pointer.peek() === "lock", {
      look: (dx, dy) => {
        this.#look(dx, dy);
      },
      tap: (x, y) => {
        actions.tap(this.#sightThrough(x, y));
      },
      zoom: (steps) => {
        this.#zoom(steps);
      },
    });
  }

  /** From an on-screen stick: each from −1 to 1. */
  setTouchMove(right: number, forward: number): void {
    this.#touchRight = right;
    this.#touchForward = forward;
  }

  /** Walk to a place, and do something there. False where no way was found. */
  walkTo(visit: Visit, place: Point, whenThere: (() => void) | null = null): boolean {
    const way = findPath(visit.terrain.geometry, toMm(visit.feet), toMm(place));
    if (!way) return false;
    this.#route.follow(way);
    this.#whenThere = whenThere;
    return true;
  }

  /** Where one walks to by a click, metres; null when not under way. */
  get goal(): Point | null {
    const goal = this.#route.goal;
    return goal && [goal[0] / 1000, goal[1] / 1000, goal[2] / 1000];
  }

  update(visit: Visit, dtS: number): void {
    const { own } = visit.room;
    this.#followJumps(visit);
    this.view.isFirst = this.#settings.view.peek() === "first";
    this.view.look(this.#keyboard.turn * TURN_RAD_S * dtS, this.#keyboard.lookUp * dtS);
    if (this.#keyboard.turn !== 0) this.#bodyYaw = this.view.yaw;
    const wish = this.#wish(visit, dtS);
    if (visit.isSeated && (wish.right !== 0 || wish.forward !== 0)) void visit.stand();
    if (!visit.isSeated) this.#walk(visit, wish, dtS);
    own.turn(this.#bodyYaw, this.view.pitch);
    this.#last = visit.feet;
    this.#aim(visit, dtS);
  }

  get speed(): number {
    return this.#locomotion.speed;
  }

  /** Where a carried thing is: before one's right hand. */
  hand(visit: Visit): Held {
    const yaw = visit.room.own.yaw;
    const [x, y, z] = visit.feet;
    const forward = 0.5;
    const right = 0.24;
    return {
      position: [
        x - Math.sin(yaw) * forward + Math.cos(yaw) * right,
        y + (visit.isSeated ? 0.85 : 1.12),
        z - Math.cos(yaw) * forward - Math.sin(yaw) * right,
      ],
      orientation: [0, Math.sin(yaw / 2), 0, Math.cos(yaw / 2)],
    };
  }

  /** Stand still, with no key down: the room was left, or a headset takes over. */
  rest(): void {
    this.#keyboard.release();
    this.#route.stop();
    this.#locomotion.stop();
    this.setTouchMove(0, 0);
    this.#last = null;
    this.view.place();
  }

  dispose(): void {
    this.#keyboard.dispose();
    this.#pointer.dispose();
  }

  #look(dx: number, dy: number): void {
    const scale = LOOK_RAD_PER_PX * this.#settings.lookSensitivity.peek();
    const tilt = this.#settings.invertLook.peek() ? 1 : -1;
    this.view.look(-dx * scale, tilt * dy * scale);
    this.#bodyYaw = this.view.yaw;
  }

  #wish(visit: Visit, dtS: number): Wish {
    const keys = this.#keyboard.wish;
    const right = keys.right + this.#touchRight;
    const forward = keys.forward + this.#touchForward;
    if (right !== 0 || forward !== 0) {
      this.#route.stop();
      const isPushed = Math.hypot(this.#touchRight, this.#touchForward) > 0.95;
      return { right, forward, isRunning: keys.isRunning || isPushed };
    }
    return this.#routeWish(visit, dtS) ?? { right: 0, forward: 0, isRunning: false };
  }

  /** The next step of a walk that a click began. */
  #routeWish(visit: Visit, dtS: number): Wish | null {
    if (!this.#route.isActive) return null;
    const [x, y, z] = visit.feet;
    const goal = this.goal;
    const direction = this.#route.direction(x, z, dtS);
    if (!direction) {
      const isThere = goal !== null && Math.hypot(goal[0] - x, goal[1] - y, goal[2] - z) < 1;
      const act = this.#whenThere;
      this.#whenThere = null;
      if (isThere) act?.();
      return null;
    }
    const sin = Math.sin(this.view.yaw);
    const cos = Math.cos(this.view.yaw);
    const isFar = goal !== null && Math.hypot(goal[0] - x, goal[2] - z) > 6;
    return {
      right: direction.x * cos - direction.z * sin,
      forward: -direction.x * sin - direction.z * cos,
      isRunning: isFar,
    };
  }

  #walk(visit: Visit, wish: Wish, dtS: number): void {
    const step = this.#locomotion.step(wish, this.view.yaw, dtS);
    if (step.dx === 0 && step.dz === 0) return;
    const went = visit.walk(step.dx, step.dz);
    // In third person the body faces where it goes; in first person, where one looks.
    if (!this.view.isFirst && this.#locomotion.speed > 0.2) {
      const off = wrapAngle(this.#locomotion.heading - this.#bodyYaw);
      this.#bodyYaw = wrapAngle(this.#bodyYaw + off * easing(dtS, 0.09));
    } else if (this.view.isFirst) {
      this.#bodyYaw = this.view.yaw;
    }
    this.#locomotion.went(went.dx, went.dz, dtS);
  }

  /** The server or a teleport put one elsewhere: look the way one was turned. */
  #followJumps(visit: Visit): void {
    const { own } = visit.room;
    const [x, y, z] = visit.feet;
    const last = this.#last;
    const isPlaced = own.placements !== this.#placements;
    this.#placements = own.placements;
    if (!isPlaced && last && Math.hypot(last[0] - x, last[1] - y, last[2] - z) < LEAP_M) return;
    this.#bodyYaw = this.view.yaw = own.yaw;
    this.view.place();
    this.#locomotion.stop();
    if (last) this.#route.stop();
    visit.leaveSeatIfMoved();
  }

  #aim(visit: Visit, dtS: number): void {
    const [x, y, z] = visit.feet;
    const [offX, offY, offZ] = visit.room.own.renderOffset;
    const height = this.view.floor(y, dtS) + offY;
    this.#rig.position.set(x + offX, height, z + offZ);
    this.#rig.rotation.set(0, this.view.yaw, 0);
    this.#rig.updateMatrixWorld();
    const pose = this.view.camera(visit.isSeated, dtS, this.#settings.reducedMotion.peek(), (right, up, back) =>
      this.#reach(visit, right, up, back),
    );
    this.#camera.position.set(pose.right, pose.up, pose.back);
    this.#camera.rotation.set(pose.pitch, 0, 0);
  }

  /** How much of the way back from one's head the camera may go. */
  #reach(visit: Visit, right: number, up: number, back: number): number {
    const { x, y, z } = this.#rig.position;
    const to = this.#rig.localToWorld(corner.set(right, up, back));
    const eye: Point = [x, y + this.view.eye, z];
    const length = Math.hypot(to.x - eye[0], to.y - eye[1], to.z - eye[2]);
    const hit = visit.terrain.firstHit(eye, [to.x, to.y, to.z]);
    return hit < 1 ? Math.max(0, hit - CAMERA_MARGIN_M / length) : 1;
  }

  #zoom(steps: number): void {
    this.view.zoom(steps);
    const view = this.view.isFirst ? "first" : "third";
    if (this.#settings.view.peek() !== view) this.#settings.view.value = view;
  }

  #sightThrough(x: number, y: number): Raycaster {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    pixel.set(((x - left) / width) * 2 - 1, 1 - ((y - top) / height) * 2);
    this.#sight.setFromCamera(pixel, this.#camera);
    return this.#sight;
  }
}

const corner = new Vector3();
const pixel = new Vector2();
