/** A room that answers at once, and a stage that draws nothing. */
import { type Point, RefusedError, type Room, type Thing, type TrackedParts } from "@presence-hub/client";
import { Group, PerspectiveCamera } from "three";
import type { Held } from "../../src/player/carrying";
import { stepTo } from "../../src/player/path";
import { toMm } from "../../src/player/terrain";
import { GEOMETRY } from "./world";

export const SELF = 1;

/** One's own avatar as the SDK moves it, without its margins: a step that is blocked is not made. */
export class FakeOwn {
  position: Point;
  yaw = 0;
  placements = 0;
  pitch = 0;
  parts: TrackedParts | null = null;
  readonly renderOffset = [0, 0, 0] as const;

  constructor(position: Point) {
    this.position = position;
  }

  setGeometry(): void {
    // The test world's, always.
  }

  walk(dx: number, dz: number): void {
    const [x, , z] = this.position;
    const at = toMm(this.position);
    const [toX, , toZ] = toMm([x + dx, 0, z + dz]);
    const place = stepTo(GEOMETRY, at, toX, toZ);
    if (place) this.position = [x + dx, place[1] / 1000, z + dz];
  }

  turn(yaw: number, pitch: number): void {
    this.yaw = yaw;
    this.pitch = pitch;
  }

  track(parts: TrackedParts | null): void {
    this.parts = parts;
  }
}

export class FakeRoom {
  readonly self = SELF;
  readonly own: FakeOwn;
  readonly people = new Map<number, unknown>([[SELF, {}]]);
  readonly things = new Map<number, Thing>();
  readonly sent: unknown[] = [];
  /** Refusal code of the next command. */
  refusal: number | null = null;

  constructor(position: Point = [2, 0, 0]) {
    this.own = new FakeOwn(position);
  }

  get asRoom(): Room {
    return this as unknown as Room;
  }

  put(entity: number, prop: string, [x, y, z]: Point, holder = 0): void {
    const [mmX, mmY, mmZ] = toMm([x, y, z]);
    this.things.set(entity, {
      entity,
      generation: 1,
      prop,
      version: 1,
      holder,
      x: mmX,
      y: mmY,
      z: mmZ,
      orientation: 0,
    });
  }

  async grab(entity: number): Promise<void> {
    await this.#answer("grab", entity);
    this.#hold(entity, SELF);
  }

  move(entity: number, position: Point): void {
    this.sent.push(["move", entity, position]);
  }

  async release(entity: number, position: Point): Promise<void> {
    await this.#answer("release", entity, position);
    this.#hold(entity, 0);
  }

  async teleport(position: Point, yaw: number): Promise<void> {
    await this.#answer("teleport", position);
    this.own.position = position;
    this.own.yaw = yaw;
  }

  #hold(entity: number, holder: number): void {
    const thing = this.things.get(entity);
    if (thing) this.things.set(entity, { ...thing, holder });
  }

  async #answer(...command: unknown[]): Promise<void> {
    this.sent.push(command);
    await Promise.resolve();
    const code = this.refusal;
    this.refusal = null;
    if (code !== null) throw new RefusedError(code, "");
  }
}

export class FakeStage {
  readonly rig = new Group();
  readonly camera = new PerspectiveCamera();
  readonly drawn = new Map<number, Held>();
  readonly places = new Map<number, Point>();
  readonly crowd = {
    positionOf: (entity: number): { x: number; y: number; z: number } | null => {
      const at = this.places.get(entity);
      return at ? { x: at[0], y: at[1], z: at[2] } : null;
    },
    pick: () => null,
  };
  readonly props = {
    carry: (entity: number, held: Held | null): void => {
      if (held) this.drawn.set(entity, held);
      else this.drawn.delete(entity);
    },
    pick: () => null,
  };

  constructor() {
    this.rig.add(this.camera);
  }
}

/** Let everything that was promised happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}
