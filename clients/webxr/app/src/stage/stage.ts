/** The stage: renderer, camera and loop, and the world, people and things on it. The one place that talks to WebGL; the player moves
 * its rig, the session feeds its crowd and props. It never decides where anybody may go. */

import type { Language, WorldDocument } from "@presence-hub/client";
import {
  ACESFilmicToneMapping,
  Color,
  DirectionalLight,
  Fog,
  Group,
  MathUtils,
  PCFShadowMap,
  PerspectiveCamera,
  type Raycaster,
  Scene,
  Vector2,
  Vector3,
  WebGLRenderer,
  type Ray,
} from "three";
import { Crowd } from "../avatars/crowd";
import { Props } from "../props/props";
import { meetFloor } from "./floors";
import { bakeLight } from "./light-field";
import { LightUniforms } from "./lit";
import { Markers } from "./markers";
import { Governor, QUALITIES, type Quality } from "./quality";
import { Sky } from "./sky";
import { SurfaceLibrary } from "./surfaces";
import { WorldView } from "./world/world-view";

export type { Quality } from "./quality";

export interface StageOptions {
  readonly quality: Quality;
  /** Whether resolution and shadows may be given up to keep frames in time: not where somebody asked for them. */
  readonly isGoverned: boolean;
  readonly reducedMotion: boolean;
}

export interface StageStats {
  readonly fps: number;
  /** Drawn so far. */
  readonly frames: number;
  /** Main-thread time of a frame, mean. */
  readonly frameMs: number;
  readonly drawCalls: number;
  readonly triangles: number;
  /** Device pixels drawn per CSS pixel. */
  readonly resolution: number;
  /** What lies on the graphics card. */
  readonly geometries: number;
  readonly textures: number;
  readonly programs: number;
}

export type FrameListener = (dtS: number, nowMs: number, frame?: XRFrame) => void;

const EYE_HEIGHT_M = 1.65;
/** From top to bottom; on an upright screen more, so that one still sees to the sides. */
const VIEW_DEG = 68;
const UPRIGHT_VIEW_DEG = 86;
const NARROWEST_VIEW_DEG = 50;
/** Half the side of the square around the camera in which the sun casts shadows. */
const SHADOW_REACH_M = 22;
const SHADOW_DISTANCE_M = 60;
const PICK_REACH_M = 40;
/** A longer pause between frames moves nothing further than this; slow machines keep pace down to four frames a second. */
const LONGEST_STEP_S = 0.25;

export class Stage {
  readonly renderer: WebGLRenderer;
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(VIEW_DEG, 1, 0.06, 620);
  /** The feet of one's own avatar; the camera is its child. */
  readonly rig = new Group();
  readonly crowd: Crowd;
  readonly props: Props;
  readonly markers = new Markers();

  readonly #canvas: HTMLCanvasElement;
  readonly #uniforms = new LightUniforms();
  readonly #sun = new DirectionalLight();
  readonly #listeners = new Set<FrameListener>();
  readonly #resize: ResizeObserver;
  readonly #isStill: boolean;
  #quality: Quality;
  #library: SurfaceLibrary;
  #governor: Governor | null;
  #world: WorldView | null = null;
  #sky: Sky | null = null;
  #language: Language = "en";
  /** Whether the picture has the canvas's size; it is given to it just before drawing, since that clears it. */
  #isFitted = false;
  /** Drawn of the world that stands. */
  #pictures = 0;
  #lastMs: number | null = null;
  #meanIntervalMs = 16.7;
  #meanFrameMs = 0;
  #drawCalls = 0;
  #triangles = 0;

  constructor(canvas: HTMLCanvasElement, options: StageOptions) {
    this.#canvas = canvas;
    this.#quality = options.quality;
    this.#governor = options.isGoverned ? new Governor(options.quality) : null;
    this.#isStill = options.reducedMotion;
    const { antialias } = QUALITIES[options.quality];
    const context = canvas.getContext("webgl2", { antialias, powerPreference: "high-performance" });
    if (!context) throw new Error("this browser has no WebGL 2");
    this.renderer = new WebGLRenderer({ canvas, context });
    this.renderer.toneMapping = ACESFilmicToneMapping;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.renderer.xr.enabled = true;
    this.renderer.info.autoReset = false;
    this.#library = new SurfaceLibrary(options.quality, this.#uniforms);
    this.crowd = new Crowd(this.renderer, this.#uniforms, options.quality, options.reducedMotion);
    this.props = new Props(this.#uniforms, options.quality);
    this.camera.position.y = EYE_HEIGHT_M;
    this.rig.add(this.camera);
    this.scene.add(this.rig, this.crowd.group, this.props.group, this.markers.group, this.#sun, this.#sun.target);
    this.scene.fog = new Fog(0xffffff, 70, 520);
    this.#applyQuality();
    this.#resize = new ResizeObserver(() => {
      this.#isFitted = false;
    });
    this.#resize.observe(canvas);
    this.#fit();
    this.renderer.setAnimationLoop((nowMs: number, frame?: XRFrame) => {
      this.#frame(nowMs, frame);
    });
  }

  /** Build a world in place of the one that stands. */
  show(document: WorldDocument, language: Language): void {
    this.#language = language;
    this.#strike();
    this.#sky = new Sky(document.sky);
    const { daylight, sunDirection } = this.#sky;
    this.scene.add(this.#sky.dome);
    const haze = new Color(...daylight.horizon);
    (this.scene.fog as Fog).color = haze;
    this.renderer.toneMappingExposure = daylight.exposure;
    this.#uniforms.use(bakeLight(document, daylight.daylight));
    this.#uniforms.sunDirection.value.copy(sunDirection);
    this.#uniforms.sunColour.value.set(...daylight.sun).multiplyScalar(daylight.sunStrength / Math.PI);
    this.#sun.color.setRGB(...daylight.sun);
    this.#sun.intensity = daylight.sunStrength;
    this.#world = new WorldView(document, language, this.#uniforms, this.#library);
    this.scene.add(this.#world.group);
    this.crowd.useSeats(this.#world.seats);
    this.#pictures = 0;
    this.renderer.shadowMap.autoUpdate = false;
  }

  /** Add what the first picture of a world can do without, so that it is there sooner: a painted sky, reflections of it, shadows. */
  #finish(): void {
    this.renderer.shadowMap.autoUpdate = true;
    const { skyTexels } = QUALITIES[this.#quality];
    if (this.#sky && skyTexels > 0) this.#uniforms.skyMap.value = this.#sky.paint(this.renderer, skyTexels);
  }

  setLanguage(language: Language): void {
    if (language === this.#language) return;
    this.#language = language;
    this.#world?.setLanguage(language);
  }

  setQuality(quality: Quality, isGoverned: boolean): void {
    if (quality === this.#quality && isGoverned === (this.#governor !== null)) return;
    this.#governor = isGoverned ? new Governor(quality) : null;
    this.#isFitted = false;
    if (quality === this.#quality) {
      this.#applyQuality();
      return;
    }
    this.#quality = quality;
    const document = this.#world?.document;
    this.#strike();
    this.#library.dispose();
    this.#library = new SurfaceLibrary(quality, this.#uniforms);
    this.crowd.setQuality(quality);
    this.props.setQuality(quality);
    this.#applyQuality();
    if (document) this.show(document, this.#language);
  }

  get quality(): Quality {
    return this.#quality;
  }

  /** Be called before each frame is drawn; returns how to stop. */
  onFrame(listener: FrameListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get stats(): StageStats {
    const { memory, programs, render } = this.renderer.info;
    return {
      fps: 1000 / this.#meanIntervalMs,
      frames: render.frame,
      frameMs: this.#meanFrameMs,
      drawCalls: this.#drawCalls,
      triangles: this.#triangles,
      resolution: this.renderer.getPixelRatio(),
      geometries: memory.geometries,
      textures: memory.textures,
      programs: programs?.length ?? 0,
    };
  }

  /** Where a point of the world is on the canvas, in CSS pixels from its upper left; not visible behind the camera or off screen. */
  project(world: Vector3): { x: number; y: number; isVisible: boolean } {
    this.camera.updateWorldMatrix(true, false);
    POINT.copy(world).project(this.camera);
    const isVisible = Math.abs(POINT.x) <= 1 && Math.abs(POINT.y) <= 1 && POINT.z > -1 && POINT.z < 1;
    return {
      x: ((POINT.x + 1) / 2) * this.#canvas.clientWidth,
      y: ((1 - POINT.y) / 2) * this.#canvas.clientHeight,
      isVisible,
    };
  }

  /** The ray from the eye through a point of the canvas, in CSS pixels. */
  rayThrough(x: number, y: number, into: Raycaster): Raycaster {
    this.camera.updateWorldMatrix(true, false);
    NDC.set((x / this.#canvas.clientWidth) * 2 - 1, 1 - (y / this.#canvas.clientHeight) * 2);
    into.setFromCamera(NDC, this.camera);
    return into;
  }

  /** Where a ray comes down on a floor of the world, or null. Walls are not asked. */
  pickFloor(ray: Ray): Vector3 | null {
    if (!this.#world) return null;
    const met = meetFloor(this.#world.document, ray.origin.toArray(), ray.direction.toArray(), PICK_REACH_M);
    return met ? new Vector3(...met) : null;
  }

  /** Show which thing or person the action key is about. */
  highlight(entity: number | null): void {
    this.props.highlight(entity);
    this.crowd.highlight(entity);
  }

  dispose(): void {
    this.renderer.setAnimationLoop(null);
    this.#resize.disconnect();
    this.#strike();
    this.crowd.dispose();
    this.props.dispose();
    this.markers.dispose();
    this.#library.dispose();
    this.#uniforms.dispose();
    this.#sun.dispose();
    this.renderer.dispose();
  }

  #strike(): void {
    this.#world?.dispose();
    this.#sky?.dispose();
    this.#world = null;
    this.#sky = null;
    this.#uniforms.skyMap.value = null;
  }

  #applyQuality(): void {
    const texels = QUALITIES[this.#quality].shadowTexels;
    this.renderer.shadowMap.enabled = texels > 0;
    this.#sun.visible = this.#quality !== "low";
    this.#sun.castShadow = texels > 0;
    const { shadow } = this.#sun;
    shadow.mapSize.set(texels || 16, texels || 16);
    shadow.map?.dispose();
    shadow.map = null;
    shadow.bias = -0.0006;
    shadow.normalBias = 0.04;
    shadow.radius = 3;
    const { camera } = shadow;
    camera.left = camera.bottom = -SHADOW_REACH_M;
    camera.right = camera.top = SHADOW_REACH_M;
    camera.near = 1;
    camera.far = SHADOW_DISTANCE_M * 2;
    camera.updateProjectionMatrix();
  }

  #fit(): void {
    const width = this.#canvas.clientWidth || 1;
    const height = this.#canvas.clientHeight || 1;
    if (this.renderer.xr.isPresenting) return;
    this.#isFitted = true;
    const ratio = Math.min(globalThis.devicePixelRatio || 1, QUALITIES[this.#quality].pixelRatio);
    this.renderer.setPixelRatio(ratio * (this.#governor?.allowance.resolution ?? 1));
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.fov = viewFor(this.camera.aspect);
    this.camera.updateProjectionMatrix();
  }

  #frame(nowMs: number, frame?: XRFrame): void {
    const startedMs = performance.now();
    const intervalMs = this.#lastMs === null ? 16.7 : nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const dtS = Math.min(LONGEST_STEP_S, Math.max(0, intervalMs / 1000));
    for (const listener of this.#listeners) listener(dtS, nowMs, frame);
    // An empty stage is not worth its first drawing, which is slow.
    if (!this.#world) return;
    if (this.#pictures++ === 1) this.#finish();
    this.camera.getWorldPosition(POINT);
    this.#world.animate(this.#isStill ? 0 : nowMs / 1000, POINT);
    this.props.face(POINT);
    this.#placeSun();
    if (!this.#isFitted) this.#fit();
    this.crowd.face(this.camera, this.renderer.xr.isPresenting, nowMs);
    this.renderer.info.reset();
    this.renderer.render(this.scene, this.camera);
    this.#drawCalls = this.renderer.info.render.calls;
    this.#triangles = this.renderer.info.render.triangles;
    this.#meanFrameMs += (performance.now() - startedMs - this.#meanFrameMs) * 0.05;
    this.#meanIntervalMs += (intervalMs - this.#meanIntervalMs) * 0.05;
    if (!this.renderer.xr.isPresenting && this.#governor?.frame(intervalMs)) {
      this.#sun.castShadow = this.#governor.allowance.hasShadows && QUALITIES[this.#quality].shadowTexels > 0;
      this.#isFitted = false;
    }
  }

  /** Keep the shadows around the viewer, moved in whole texels so that their edges don't crawl. */
  #placeSun(): void {
    const direction = this.#uniforms.sunDirection.value;
    const texel = (SHADOW_REACH_M * 2) / Math.max(16, this.#sun.shadow.mapSize.x);
    const centre = this.#sun.target.position;
    this.rig.getWorldPosition(centre);
    this.camera.getWorldDirection(AHEAD);
    centre.addScaledVector(AHEAD.setY(0), SHADOW_REACH_M * 0.55);
    centre.set(
      Math.round(centre.x / texel) * texel,
      Math.round(centre.y / texel) * texel,
      Math.round(centre.z / texel) * texel,
    );
    this.#sun.position.copy(centre).addScaledVector(direction, SHADOW_DISTANCE_M);
    this.#sun.target.updateMatrixWorld();
  }
}

/** How far one sees from top to bottom on a screen of this shape. */
function viewFor(aspect: number): number {
  const half = MathUtils.degToRad(NARROWEST_VIEW_DEG / 2);
  const neededDeg = MathUtils.radToDeg(2 * Math.atan(Math.tan(half) / aspect));
  return Math.min(UPRIGHT_VIEW_DEG, Math.max(VIEW_DEG, neededDeg));
}

const POINT = new Vector3();
const AHEAD = new Vector3();
const NDC = new Vector2();
