/**
 * One stay in one room: where one stands in it, what is around, and the deeds that a command of the server answers
 * (sitting, taking, handing over, jumping).
 *
 * Knows nothing of keys, cameras or headsets: desktop, touch and VR share it.
 */
import type { Point, Portal, Room, Seat, WorldDocument, WorldGeometry } from "@presence-hub/client";
import { REACH_M as TELEPORT_M } from "./arc";
import { Carrying, type Hand, refusalName } from "./carrying";
import type { PlayerAction, Prompt } from "./contract";
import type { Step } from "./locomotion";
import { PortalDwell } from "./portals";
import { choosePrompt } from "./prompt";
import { isTaken, placeBeside } from "./seats";
import type { PlayerStage } from "./stage";
import { Terrain, toMetres, toMm } from "./terrain";

export interface Located {
  readonly entity: number;
  readonly position: Point;
}

const UPRIGHT = [0, 0, 0, 1] as const;
/** In front of whom one hands a thing to: an arm's length, at the height of the elbow. */
const OFFER_M = 0.55;
const OFFER_HEIGHT_M = 1.1;
const OFFER_REACH_M = 3.2;

export class Visit {
  readonly room: Room;
  readonly terrain: Terrain;
  readonly carrying: Carrying;
  readonly dwell = new PortalDwell();
  readonly #stage: Pick<PlayerStage, "crowd" | "props">;
  readonly #geometry: WorldGeometry;
  readonly #refuse: (action: PlayerAction, why: string) => void;
  readonly #grabbable: ReadonlySet<string>;
  #seat: Seat | null = null;

  constructor(
    room: Room,
    geometry: WorldGeometry,
    document: WorldDocument,
    stage: Pick<PlayerStage, "crowd" | "props">,
    refuse: (action: PlayerAction, why: string) => void,
  ) {
    this.room = room;
    this.terrain = new Terrain(geometry, document);
    this.carrying = new Carrying(room, stage.props, refuse);
    this.#stage = stage;
    this.#geometry = geometry;
    this.#refuse = refuse;
    this.#grabbable = new Set(document.props.kinds.filter(({ grabbable }) => grabbable).map(({ kind }) => kind));
  }

  get feet(): Point {
    const [x, y, z] = this.room.own.position;
    return [x, y, z];
  }

  get isSeated(): boolean {
    return this.#seat !== null;
  }

  get portal(): Portal | null {
    return this.#geometry.portalAt(toMm(this.feet));
  }

  /** Walk; returns how far one really came. */
  walk(dx: number, dz: number): Step {
    const [x, , z] = this.feet;
    this.room.own.walk(dx, dz);
    const [atX, , atZ] = this.feet;
    return { dx: atX - x, dz: atZ - z };
  }

  /** Others whose place is known. */
  *people(): Iterable<Located> {
    for (const entity of this.room.people.keys()) {
      if (entity === this.room.self) continue;
      const at = this.#stage.crowd.positionOf(entity);
      if (at) yield { entity, position: [at.x, at.y, at.z] };
    }
  }

  /** Things that nobody holds. */
  *freeThings(): Iterable<Located & { readonly prop: string }> {
    for (const { entity, prop, holder, x, y, z } of this.room.things.values()) {
      if (holder === 0 && this.#isGrabbable(prop)) yield { entity, prop, position: toMetres([x, y, z]) };
    }
  }

  *freeSeats(): Iterable<{ readonly seat: number; readonly position: Point }> {
    const people = [...this.people()];
    for (const seat of this.#geometry.seats) {
      if (this.#isNear(seat) && !isTaken(seat, people)) yield { seat: seat.index, position: toMetres(seat.positionMm) };
    }
  }

  /** What the action key does now, for one who looks along `yaw` and whose `hand` it is about. */
  prompt(yaw: number, hand: Hand): Prompt | null {
    const held = this.carrying.held(hand);
    return choosePrompt({
      feet: this.feet,
      yaw,
      portal: this.portal,
      carried: held === null ? null : { entity: held, prop: this.room.things.get(held)?.prop ?? "" },
      isSeated: this.isSeated,
      things: this.freeThings(),
      seats: this.freeSeats(),
      people: this.people(),
    });
  }

  async sit(index: number): Promise<void> {
    const seat = this.#geometry.seats.find((candidate) => candidate.index === index);
    if (!seat) return;
    if (isTaken(seat, this.people())) {
      this.#refuse("sit", "seat_taken");
      return;
    }
    if (await this.#jump("sit", toMetres(seat.positionMm), seat.yawRadians)) this.#seat = seat;
  }

  async stand(): Promise<void> {
    const seat = this.#seat;
    if (!seat) return;
    const place = placeBeside(this.#geometry, seat);
    if (!place) this.#refuse("stand", "no_place");
    else if (await this.#jump("stand", toMetres(place), this.room.own.yaw)) this.#seat = null;
  }

  /** One is elsewhere than where one sat: put there by the server, or by oneself. */
  leaveSeatIfMoved(): void {
    if (!this.#seat) return;
    const [x, , z] = toMetres(this.#seat.positionMm);
    const [atX, , atZ] = this.feet;
    if (Math.hypot(atX - x, atZ - z) > 0.4) this.#seat = null;
  }

  teleport(place: Point): Promise<boolean> {
    return this.#jump("teleport", place, this.room.own.yaw);
  }

  /** Put what a hand holds down on what is below `at`. */
  async putDown(hand: Hand, at: Point, yaw: number): Promise<void> {
    const height = this.terrain.restBelow(at);
    const orientation = [0, Math.sin(yaw / 2), 0, Math.cos(yaw / 2)] as const;
    await this.carrying.putDown(hand, { position: [at[0], height, at[2]], orientation }, this.feet);
  }

  /** Hold what one has out to somebody, or to who is nearest, and let go of it before them. */
  async handOver(hand: Hand, to: number | null): Promise<void> {
    if (this.carrying.held(hand) === null) {
      this.#refuse("hand_over", "nothing_held");
      return;
    }
    const [x, y, z] = this.feet;
    const away = ({ position }: Located): number => Math.hypot(position[0] - x, position[1] - y, position[2] - z);
    const people = [...this.people()].filter(({ entity }) => to === null || entity === to);
    const person = people.sort((a, b) => away(a) - away(b))[0];
    if (!person || away(person) > OFFER_REACH_M) {
      this.#refuse("hand_over", to === null ? "nobody_near" : "out_of_reach");
      return;
    }
    const part = Math.min(1, OFFER_M / Math.max(away(person), 0.01));
    const position: Point = [
      person.position[0] + (x - person.position[0]) * part,
      person.position[1] + OFFER_HEIGHT_M,
      person.position[2] + (z - person.position[2]) * part,
    ];
    await this.carrying.putDown(hand, { position, orientation: UPRIGHT }, this.feet, "hand_over");
  }

  end(): void {
    this.carrying.clear();
  }

  #isGrabbable(prop: string): boolean {
    return this.#grabbable.has(prop);
  }

  #isNear(seat: Seat): boolean {
    const [x, , z] = this.feet;
    return Math.abs(seat.positionMm[0] / 1000 - x) < 2 && Math.abs(seat.positionMm[2] / 1000 - z) < 2;
  }

  async #jump(action: PlayerAction, place: Point, yaw: number): Promise<boolean> {
    const [x, y, z] = this.feet;
    if (Math.hypot(place[0] - x, place[1] - y, place[2] - z) > TELEPORT_M) {
      this.#refuse(action, "out_of_reach");
      return false;
    }
    try {
      await this.room.teleport(place, yaw);
      return true;
    } catch (error) {
      this.#refuse(action, refusalName(error));
      return false;
    }
  }
}
