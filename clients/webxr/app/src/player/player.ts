/**
 * One's own avatar: moved by keys, mouse, fingers or a headset; what its action key does; and where one looks from.
 *
 * The seam between a room of the SDK, the stage and the interface. `update` is called once a frame, before drawing.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import {
  type Point,
  type PoseTable,
  type Room,
  Section,
  type WorldDocument,
  type WorldGeometry,
} from "@presence-hub/client";
import { type Raycaster, Vector3 } from "three";
import type { PlayerHooks, PlayerSettings, Prompt } from "./contract";
import { Desktop } from "./desktop";
import type { Hand } from "./carrying";
import { samePrompt } from "./prompt";
import { placeNear } from "./seats";
import type { PlayerStage } from "./stage";
import { toMetres, toMm } from "./terrain";
import { Visit } from "./visit";
import { Vr } from "./xr/vr";

const PROMPT_MS = 100;
/** A seat is clicked on when the line of sight passes so near its cushion. */
const SEAT_AIM_M = 0.35;
const SEAT_HEIGHT_M = 0.45;
/** Nearer than this one takes or sits down without walking there first. */
const AT_HAND_M = 2.2;
/** Where one puts things down: an arm's length before one's feet. */
const BEFORE_M = 0.7;
/** Things are put down from this height: on desks and counters. */
const DROP_M = 1.3;

export class Player {
  readonly #stage: PlayerStage;
  readonly #hooks: PlayerHooks;
  readonly #desktop: Desktop;
  readonly #vr: Vr;
  readonly #prompt = signal<Prompt | null>(null);
  #promptAtMs = -Infinity;
  #isGoalMarked = false;
  #visit: Visit | null = null;

  constructor(stage: PlayerStage, settings: PlayerSettings, hooks: PlayerHooks) {
    this.#stage = stage;
    this.#hooks = hooks;
    this.#desktop = new Desktop(stage.renderer.domElement, stage.rig, stage.camera, settings, {
      act: () => {
        this.act();
      },
      handOver: () => {
        this.handOver(null);
      },
      command: (command) => {
        hooks.command(command);
      },
      tap: (sight) => {
        this.#tap(sight);
      },
    });
    this.#vr = new Vr(stage, settings, hooks, () => {
      this.act();
    });
  }

  /** What the action key does now. */
  get prompt(): ReadonlySignal<Prompt | null> {
    return this.#prompt;
  }

  get isVrSupported(): ReadonlySignal<boolean> {
    return this.#vr.isSupported;
  }

  get inVr(): ReadonlySignal<boolean> {
    return this.#vr.isActive;
  }

  /** Where one's own avatar is drawn, metres; null outside a room. */
  get position(): Point | null {
    return this.#visit?.feet ?? null;
  }

  /** Walk in a room that was joined. */
  enter(room: Room, geometry: WorldGeometry, document: WorldDocument): void {
    this.leave();
    room.own.setGeometry(geometry);
    this.#visit = new Visit(room, geometry, document, this.#stage, (action, why) => {
      this.#hooks.refuse(action, why);
    });
  }

  leave(): void {
    this.#visit?.end();
    this.#visit = null;
    this.#prompt.value = null;
    this.#stage.highlight(null);
    this.#markGoal(null);
    this.#desktop.rest();
    this.#vr.rest();
  }

  update(dtS: number, nowMs: number, frame?: XRFrame): void {
    const visit = this.#visit;
    if (!visit) return;
    visit.carrying.update(nowMs);
    if (this.#vr.isActive.peek()) {
      if (frame) this.#vr.update(visit, dtS, frame);
    } else {
      this.#desktop.update(visit, dtS);
      visit.carrying.carry("right", this.#desktop.hand(visit), visit.feet);
      this.#markGoal(this.#desktop.goal);
    }
    const portal = visit.dwell.update(visit.portal, nowMs);
    if (portal) this.#hooks.travel(portal);
    this.#refreshPrompt(visit, nowMs);
  }

  /** Add one's own avatar to the poses to draw, where it is to be seen: in third person. */
  appendTo(table: PoseTable): void {
    const visit = this.#visit;
    if (!visit || this.inVr.peek() || !this.#desktop.view.isBodyShown) return;
    const { own, self } = visit.room;
    const row = table.count;
    table.reserve(row + 1);
    table.count = row + 1;
    table.entity[row] = self;
    table.body[row] = Section.ROOT;
    const { x, y, z } = this.#stage.rig.position;
    table.position.set([x, y, z], row * 3);
    table.yaw[row] = own.yaw;
    table.pitch[row] = own.pitch;
    table.speed[row] = this.#desktop.speed;
  }

  /** Do what the prompt says. */
  act(): void {
    const visit = this.#visit;
    if (!visit) return;
    const prompt = visit.prompt(this.#gazeYaw(visit), this.#hand());
    switch (prompt?.kind) {
      case "portal":
        this.#hooks.travel(prompt.portal);
        break;
      case "take":
        void visit.carrying.take(prompt.entity, this.#hand());
        break;
      case "put_down":
        void visit.putDown(this.#hand(), this.#placeBefore(visit), visit.room.own.yaw);
        break;
      case "sit":
        void visit.sit(prompt.seat);
        break;
      case "stand":
        void visit.stand();
        break;
      case "person":
        this.#hooks.select(prompt.entity);
        break;
      case undefined:
    }
  }

  /** Hand what one holds to somebody; null: to who is nearest. */
  handOver(to: number | null): void {
    void this.#visit?.handOver(this.#hand(), to);
  }

  /** From the on-screen stick: each from −1 to 1. */
  setTouchMove(right: number, forward: number): void {
    this.#desktop.setTouchMove(right, forward);
  }

  async enterVr(): Promise<void> {
    this.#desktop.rest();
    this.#markGoal(null);
    await this.#vr.enter();
  }

  leaveVr(): void {
    this.#vr.leave();
  }

  dispose(): void {
    this.leave();
    this.#desktop.dispose();
    this.#vr.dispose();
  }

  #hand(): Hand {
    return this.inVr.peek() ? this.#vr.busyHand : "right";
  }

  #gazeYaw(visit: Visit): number {
    return this.inVr.peek() ? visit.room.own.yaw : this.#desktop.view.yaw;
  }

  /** Show where a click leads, until one is there. */
  #markGoal(goal: Point | null): void {
    if (goal === null && !this.#isGoalMarked) return;
    this.#isGoalMarked = goal !== null;
    this.#stage.markers.select(goal && new Vector3(...goal));
  }

  #refreshPrompt(visit: Visit, nowMs: number): void {
    if (nowMs - this.#promptAtMs < PROMPT_MS) return;
    this.#promptAtMs = nowMs;
    const prompt = visit.prompt(this.#gazeYaw(visit), this.#hand());
    if (samePrompt(prompt, this.#prompt.peek())) return;
    this.#prompt.value = prompt;
    this.#stage.highlight(prompt?.kind === "take" || prompt?.kind === "person" ? prompt.entity : null);
  }

  /** Where a carried thing is put down: before one's feet, but not behind a wall. */
  #placeBefore(visit: Visit): Point {
    const [x, y, z] = visit.feet;
    const yaw = this.#gazeYaw(visit);
    const way: Point = [x - Math.sin(yaw) * BEFORE_M, y + DROP_M, z - Math.cos(yaw) * BEFORE_M];
    const hit = visit.terrain.firstHit([x, y + DROP_M, z], way);
    const part = hit < 1 ? Math.max(0, hit - 0.1) : 1;
    return [x + (way[0] - x) * part, y + DROP_M, z + (way[2] - z) * part];
  }

  /** What was clicked on: a person, a thing, a seat, or the floor. */
  #tap(sight: Raycaster): void {
    const visit = this.#visit;
    if (!visit) return;
    const person = this.#stage.crowd.pick(sight);
    if (person !== null && person !== visit.room.self) {
      this.#hooks.select(person);
      return;
    }
    this.#hooks.select(null);
    const thing = this.#stage.props.pick(sight);
    const free = thing === null ? undefined : [...visit.freeThings()].find(({ entity }) => entity === thing);
    if (free) {
      this.#use(visit, free.position, () => {
        void visit.carrying.take(free.entity, "right");
      });
      return;
    }
    const seat = this.#seatAt(visit, sight);
    if (seat !== null) {
      this.#use(visit, seat.position, () => {
        void visit.sit(seat.index);
      });
      return;
    }
    const floor = visit.terrain.pickFloor(point(sight.ray.origin), point(sight.ray.direction));
    if (floor) this.#walkTo(visit, floor, null);
  }

  /** Do something to what is at hand; walk there first where it is not. */
  #use(visit: Visit, at: Point, deed: () => void): void {
    const [x, , z] = visit.feet;
    const away = Math.hypot(at[0] - x, at[2] - z);
    if (away <= AT_HAND_M) {
      deed();
      return;
    }
    const floor = visit.terrain.floorBelow(...at) ?? at[1];
    const place = placeNear(visit.terrain.geometry, toMm([at[0], floor, at[2]]), Math.atan2(at[0] - x, at[2] - z));
    if (place) this.#walkTo(visit, toMetres(place), deed);
  }

  #walkTo(visit: Visit, place: Point, deed: (() => void) | null): void {
    const go = (): void => {
      if (this.#desktop.walkTo(visit, place, deed)) return;
      // From here then; the server says whether that is too far.
      if (deed) deed();
      else this.#hooks.refuse("walk", "no_way");
    };
    if (visit.isSeated) void visit.stand().then(go);
    else go();
  }

  #seatAt(visit: Visit, sight: Raycaster): { readonly index: number; readonly position: Point } | null {
    let best: { readonly index: number; readonly position: Point } | null = null;
    let nearest = Infinity;
    for (const { index, positionMm } of visit.terrain.geometry.seats) {
      cushion.set(positionMm[0] / 1000, positionMm[1] / 1000 + SEAT_HEIGHT_M, positionMm[2] / 1000);
      if (sight.ray.distanceToPoint(cushion) > SEAT_AIM_M) continue;
      const away = cushion.distanceTo(sight.ray.origin);
      if (away > nearest || visit.terrain.cuts(point(sight.ray.origin), [cushion.x, cushion.y + 0.3, cushion.z]))
        continue;
      nearest = away;
      best = { index, position: [positionMm[0] / 1000, positionMm[1] / 1000, positionMm[2] / 1000] };
    }
    return best;
  }
}

const cushion = new Vector3();

function point({ x, y, z }: Vector3): Point {
  return [x, y, z];
}
