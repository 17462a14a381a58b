/**
 * The picture of a room: the stage, one's own avatar on it, and the loop that draws the newest poses every frame.
 *
 * What the state calls its scene. Owns the order in which a frame is made; draws nothing by itself.
 */
import { effect, type ReadonlySignal } from "@preact/signals";
import { PARTS, PART_SIZE, PoseTable, Section, type Room } from "@presence-hub/client";
import { Vector3 } from "three";
import { say, type Language } from "./i18n/translate";
import type { PlayerHooks, Prompt } from "./player/contract";
import { Player } from "./player/player";
import { Stage, type Quality, type StageStats } from "./stage/stage";
import { NoPictureError, type AvatarLook, type Point, type Scene, type ThingLook, type World } from "./state/scene";
import type { Settings } from "./state/settings";

/** Halfway up an avatar: what is on the screen when somebody is. */
const MIDDLE_M = 1.1;

/** How somebody is drawn. */
export interface Sight {
  /** Of the feet, metres. */
  readonly position: Point;
  /** Radians. */
  readonly yaw: number;
  /** Head, left and right hand, seven numbers each as in a pose table; null for a body without a headset. */
  readonly parts: readonly number[] | null;
  /** Where the middle of the body is on the canvas, in CSS pixels. */
  readonly screen: { readonly x: number; readonly y: number; readonly isVisible: boolean };
}

export class Picture implements Scene {
  readonly #stage: Stage;
  readonly #player: Player;
  readonly #table = new PoseTable();
  #room: Room | null = null;
  #language: Language = "en";

  constructor(canvas: HTMLCanvasElement, settings: Settings, hooks: PlayerHooks) {
    this.#stage = openStage(canvas, settings);
    this.#player = new Player(this.#stage, settings, hooks);
    effect(() => {
      const setting = settings.quality.value;
      this.#stage.setQuality(qualityFor(setting, this.#stage.renderer.getContext()), isGoverned(setting));
    });
    this.#stage.onFrame((dtS, nowMs, frame) => {
      this.#frame(dtS, nowMs, frame);
    });
  }

  /** Be called after the poses of each frame are in place. */
  onFrame: (nowMs: number) => void = () => undefined;

  enter(room: Room, { document, geometry }: World): void {
    this.#stage.show(document, this.#language);
    this.#player.enter(room, geometry, document);
    this.#room = room;
  }

  leave(): void {
    this.#player.leave();
    this.#room = null;
    this.#table.count = 0;
  }

  setLanguage(language: Language): void {
    this.#language = language;
    this.#stage.setLanguage(language);
    this.#stage.crowd.setGuestWord(say(language, "person.guest"));
  }

  describePerson(entity: number, look: AvatarLook): void {
    this.#stage.crowd.describe(entity, look);
  }

  forgetPerson(entity: number): void {
    this.#stage.crowd.forget(entity);
  }

  describeThing(entity: number, look: ThingLook): void {
    this.#stage.props.describe(entity, look);
  }

  forgetThing(entity: number): void {
    this.#stage.props.forget(entity);
  }

  markViewpoint(place: Point | null): void {
    this.#stage.markers.markViewpoint(place && new Vector3(place.x, place.y, place.z));
  }

  say(entity: number, text: string): void {
    this.#stage.crowd.say(entity, text);
  }

  gesture(entity: number, emote: number): void {
    this.#stage.crowd.gesture(entity, emote);
  }

  positionOf(entity: number): Point | null {
    return this.#stage.crowd.positionOf(entity);
  }

  ownPosition(): Point | null {
    const feet = this.#player.position;
    return feet && { x: feet[0], y: feet[1], z: feet[2] };
  }

  /** How somebody is drawn in this frame; null while they are not. */
  seen(entity: number): Sight | null {
    const { count, entity: entities, position, yaw, body, parts } = this.#table;
    const row = entities.subarray(0, count).indexOf(entity);
    if (row < 0) return null;
    const [x = 0, y = 0, z = 0] = position.subarray(row * 3, row * 3 + 3);
    const size = PARTS * PART_SIZE;
    return {
      position: { x, y, z },
      yaw: yaw[row] ?? 0,
      parts: body[row] === Section.TRACKED ? [...parts.subarray(row * size, row * size + size)] : null,
      screen: this.#stage.project(new Vector3(x, y + MIDDLE_M, z)),
    };
  }

  get stats(): StageStats {
    return this.#stage.stats;
  }

  get prompt(): ReadonlySignal<Prompt | null> {
    return this.#player.prompt;
  }

  act(): void {
    this.#player.act();
  }

  handOver(to: number): void {
    this.#player.handOver(to);
  }

  setTouchMove(right: number, forward: number): void {
    this.#player.setTouchMove(right, forward);
  }

  get isInVr(): ReadonlySignal<boolean> {
    return this.#player.inVr;
  }

  enterVr(): Promise<void> {
    return this.#player.enterVr();
  }

  leaveVr(): void {
    this.#player.leaveVr();
  }

  #frame(dtS: number, nowMs: number, frame?: XRFrame): void {
    this.#player.update(dtS, nowMs, frame);
    this.#room?.sample(this.#table, nowMs);
    this.#player.appendTo(this.#table);
    this.#stage.crowd.update(this.#table, dtS);
    this.#stage.props.update(this.#table);
    this.onFrame(nowMs);
  }
}

function openStage(canvas: HTMLCanvasElement, settings: Settings): Stage {
  const setting = settings.quality.peek();
  try {
    return new Stage(canvas, {
      quality: setting === "auto" ? probedQuality() : setting,
      isGoverned: isGoverned(setting),
      reducedMotion: settings.reducedMotion.peek(),
    });
  } catch (error) {
    throw new NoPictureError(String(error));
  }
}

/** What "auto" comes to here: asked of a canvas that is thrown away, since the stage's own is opened for a quality. */
function probedQuality(): Quality {
  const probe = document.createElement("canvas").getContext("webgl2");
  if (probe === null) throw new Error("this browser has no WebGL 2");
  const quality = qualityFor("auto", probe);
  probe.getExtension("WEBGL_lose_context")?.loseContext();
  return quality;
}

/** Who asks for a quality gets it, however slowly; resolution is given up only where nobody asked, or where speed was asked for. */
function isGoverned(setting: Quality | "auto"): boolean {
  return setting === "auto" || setting === "low";
}

/** What a setting of "auto" comes to: low where the processor draws, medium on phones and headsets, else high. */
function qualityFor(setting: Quality | "auto", gl: WebGLRenderingContext | WebGL2RenderingContext): Quality {
  if (setting !== "auto") return setting;
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(gl.getParameter(info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL));
  if (/swiftshader|llvmpipe|software|basic render/i.test(renderer)) return "low";
  return window.matchMedia("(pointer: coarse)").matches ? "medium" : "high";
}
