/**
 * The XR session: whether there can be one, its start and its end, whoever ends it.
 *
 * Puts the camera back as it was when it ends. The presence session knows nothing of it.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { PerspectiveCamera, WebGLRenderer } from "three";

export class Headset {
  readonly #renderer: WebGLRenderer;
  readonly #camera: PerspectiveCamera;
  readonly #isSupported = signal(false);
  readonly #isActive = signal(false);
  readonly #listening = new AbortController();
  #isFloorKnown = true;
  #session: XRSession | null = null;

  constructor(renderer: WebGLRenderer, camera: PerspectiveCamera) {
    this.#renderer = renderer;
    this.#camera = camera;
    const { xr } = navigator;
    if (!xr) return;
    xr.addEventListener("devicechange", () => void this.#check(xr), { signal: this.#listening.signal });
    void this.#check(xr);
  }

  get isSupported(): ReadonlySignal<boolean> {
    return this.#isSupported;
  }

  get isActive(): ReadonlySignal<boolean> {
    return this.#isActive;
  }

  /** Whether heights are measured from the floor rather than from where the head was at first. */
  get isFloorKnown(): boolean {
    return this.#isFloorKnown;
  }

  get isVisible(): boolean {
    return this.#session !== null && this.#session.visibilityState !== "hidden";
  }

  /** Begin; `ended` is called once it is over. Rejects where the person or the system says no. */
  async start(on: { hidden(): void; ended(): void }): Promise<void> {
    const { xr } = navigator;
    if (this.#session || !xr) return;
    const session = await xr.requestSession("immersive-vr", { optionalFeatures: ["local-floor", "hand-tracking"] });
    this.#session = session;
    const restore = this.#cameraAsItIs();
    session.addEventListener("visibilitychange", () => {
      if (session.visibilityState === "hidden") on.hidden();
    });
    session.addEventListener("end", () => {
      this.#session = null;
      restore();
      this.#isActive.value = false;
      on.ended();
    });
    try {
      this.#isFloorKnown = await hasFloor(session);
      this.#renderer.xr.setReferenceSpaceType(this.#isFloorKnown ? "local-floor" : "local");
      await this.#renderer.xr.setSession(session);
    } catch (error) {
      await session.end();
      throw error;
    }
    this.#isActive.value = true;
  }

  stop(): void {
    // Ending twice is refused; then it is over already, which is what was wanted.
    this.#session?.end().catch(() => undefined);
  }

  dispose(): void {
    this.#listening.abort();
    this.stop();
  }

  async #check(xr: XRSystem): Promise<void> {
    try {
      this.#isSupported.value = await xr.isSessionSupported("immersive-vr");
    } catch {
      // A policy of the embedding page forbids it.
      this.#isSupported.value = false;
    }
  }

  /** three.js gives the headset's view to the camera and leaves it so. */
  #cameraAsItIs(): () => void {
    const camera = this.#camera;
    const { fov, zoom } = camera;
    return () => {
      camera.fov = fov;
      camera.zoom = zoom;
      camera.quaternion.identity();
      camera.position.set(0, 0, 0);
      camera.scale.set(1, 1, 1);
      camera.updateProjectionMatrix();
    };
  }
}

async function hasFloor(session: XRSession): Promise<boolean> {
  try {
    await session.requestReferenceSpace("local-floor");
    return true;
  } catch {
    return false;
  }
}
