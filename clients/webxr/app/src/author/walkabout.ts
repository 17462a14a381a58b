/** How the author moves in the 3D view: around the world from outside, or through it on foot, stopped by what will stop people. */

import { WorldGeometry, type WorldDocument } from "@presence-hub/client";
import { Vector3 } from "three";
import type { Stage } from "../stage/stage";

export type Mode = "orbit" | "walk";

const EYE_M = 1.65;
const WALK_MPS = 4;
const TURN_PER_PX = 0.005;
const TURN_PER_S = 1.6;
const STEEPEST = 1.5;

export class Walkabout {
  mode: Mode = "orbit";
  readonly #stage: Stage;
  readonly #keys = new Set<string>();
  readonly #target = new Vector3();
  #geometry: WorldGeometry | null = null;
  #distance = 40;
  #yaw = 0.6;
  #pitch = -0.7;

  constructor(stage: Stage, canvas: HTMLCanvasElement) {
    this.#stage = stage;
    this.#listen(canvas);
    stage.onFrame((dtS) => {
      this.#step(dtS);
    });
  }

  /** A world was shown: stay where one is if it is the same one, else start over. */
  enter(world: WorldDocument, isOther: boolean): void {
    this.#geometry = new WorldGeometry(world);
    if (!isOther) return;
    const { min, max } = world.bounds;
    this.#target.set((min[0] + max[0]) / 2, Math.max(0, min[1]), (min[2] + max[2]) / 2);
    this.#distance = Math.hypot(max[0] - min[0], max[2] - min[2]) * 0.75;
    this.#pitch = -0.8;
  }

  setMode(mode: Mode): void {
    if (mode === this.mode) return;
    this.mode = mode;
    if (mode === "walk") {
      this.#pitch = 0;
      this.#ground();
    } else {
      this.#pitch = -0.7;
      this.#distance = 24;
    }
  }

  goTo(x: number, z: number): void {
    this.#target.x = x;
    this.#target.z = z;
    this.#ground();
  }

  get viewer(): { x: number; z: number; yaw: number } {
    return { x: this.#target.x, z: this.#target.z, yaw: this.#yaw };
  }

  #ground(): void {
    const floor = this.#geometry?.floorUnder(
      Math.round(this.#target.x * 1000),
      Math.round(this.#target.z * 1000),
      Math.round((this.#target.y + 0.2) * 1000),
    );
    const any =
      floor ??
      this.#geometry?.floorUnder(Math.round(this.#target.x * 1000), Math.round(this.#target.z * 1000), 4_000_000);
    if (any !== null && any !== undefined) this.#target.y = any / 1000;
  }

  #step(dtS: number): void {
    const held = (...names: string[]): number => (names.some((name) => this.#keys.has(name)) ? 1 : 0);
    const turn = held("ArrowLeft", "KeyQ") - held("ArrowRight", "KeyE");
    this.#yaw += turn * TURN_PER_S * dtS;
    const ahead = held("KeyW", "ArrowUp") - held("KeyS", "ArrowDown");
    const aside = held("KeyD") - held("KeyA");
    if (this.mode === "walk") this.#walk(ahead, aside, dtS);
    else {
      this.#distance = Math.max(2, this.#distance * (1 - ahead * dtS));
      this.#target.x += (Math.cos(this.#yaw) * aside * this.#distance * dtS) / 2;
      this.#target.z -= (Math.sin(this.#yaw) * aside * this.#distance * dtS) / 2;
    }
    this.#look();
  }

  #walk(ahead: number, aside: number, dtS: number): void {
    if (ahead === 0 && aside === 0) return;
    const step = WALK_MPS * dtS;
    const [sin, cos] = [Math.sin(this.#yaw), Math.cos(this.#yaw)];
    const dx = (-sin * ahead + cos * aside) * step;
    const dz = (-cos * ahead - sin * aside) * step;
    // Where the way is blocked, slide along either axis.
    for (const [x, z] of [
      [dx, dz],
      [dx, 0],
      [0, dz],
    ] as const) {
      const from = millimetres(this.#target.x, this.#target.y, this.#target.z);
      const to = millimetres(this.#target.x + x, this.#target.y, this.#target.z + z);
      if (this.#geometry?.blocked(from, to)) continue;
      this.#target.x += x;
      this.#target.z += z;
      this.#ground();
      return;
    }
  }

  #look(): void {
    const { rig, camera } = this.#stage;
    rig.rotation.y = this.#yaw;
    camera.rotation.set(this.#pitch, 0, 0);
    if (this.mode === "walk") {
      rig.position.copy(this.#target);
      camera.position.set(0, EYE_M, 0);
      return;
    }
    rig.position.copy(this.#target);
    camera.position.set(0, 1 - Math.sin(this.#pitch) * this.#distance, Math.cos(this.#pitch) * this.#distance);
  }

  #listen(canvas: HTMLCanvasElement): void {
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons === 0) return;
      this.#yaw -= event.movementX * TURN_PER_PX;
      const highest = this.mode === "walk" ? STEEPEST : -0.03;
      this.#pitch = Math.max(-STEEPEST, Math.min(highest, this.#pitch - event.movementY * TURN_PER_PX));
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.#distance = Math.max(2, this.#distance * (event.deltaY > 0 ? 1.12 : 0.9));
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.code === "Tab") return;
      this.#keys.add(event.code);
      if (event.code.startsWith("Arrow")) event.preventDefault();
    });
    canvas.addEventListener("keyup", (event) => this.#keys.delete(event.code));
    canvas.addEventListener("blur", () => {
      this.#keys.clear();
    });
  }
}

function millimetres(x: number, y: number, z: number): readonly [number, number, number] {
  return [Math.round(x * 1000), Math.round(y * 1000), Math.round(z * 1000)];
}
