/**
 * A headset on one's own avatar: the session, and what hangs in the scene while it runs.
 *
 * The presence session goes on whatever happens here.
 */
import type { ReadonlySignal } from "@preact/signals";
import { type Raycaster, Vector3 } from "three";
import type { Arc } from "../arc";
import type { Hand } from "../carrying";
import type { PlayerHooks, PlayerSettings } from "../contract";
import type { Point } from "@presence-hub/client";
import type { PlayerStage } from "../stage";
import type { Visit } from "../visit";
import { VrBody } from "./body";
import { HandDeeds } from "./deeds";
import { HandMeshes } from "./handmeshes";
import { Headset } from "./headset";
import { Inputs } from "./inputs";
import { Lid } from "./lid";
import { Panel } from "./panel";
import { PanelPlace } from "./panelplace";

/** What there is only in a session. */
interface Apparatus {
  readonly hands: HandMeshes;
  readonly lid: Lid;
  readonly panel: Panel;
}

export class Vr {
  readonly #stage: PlayerStage;
  readonly #settings: PlayerSettings;
  readonly #hooks: PlayerHooks;
  readonly #act: () => void;
  readonly #headset: Headset;
  readonly #inputs = new Inputs();
  readonly #body: VrBody;
  readonly #deeds: HandDeeds;
  readonly #panelPlace = new PanelPlace();
  #apparatus: Apparatus | null = null;
  #visit: Visit | null = null;
  #pointed: string | null = null;

  constructor(stage: PlayerStage, settings: PlayerSettings, hooks: PlayerHooks, act: () => void) {
    this.#stage = stage;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#act = act;
    this.#headset = new Headset(stage.renderer, stage.camera);
    this.#body = new VrBody(settings);
    this.#deeds = new HandDeeds(stage.rig, {
      point: (hand, sight) => this.#pointAtPanel(hand, sight),
      teleport: (place) => {
        void this.#teleport(place);
      },
    });
  }

  get isSupported(): ReadonlySignal<boolean> {
    return this.#headset.isSupported;
  }

  get isActive(): ReadonlySignal<boolean> {
    return this.#headset.isActive;
  }

  /** The hand that the action key is about: one that holds something, else the right. */
  get busyHand(): Hand {
    return this.#visit?.carrying.held("left") != null ? "left" : "right";
  }

  async enter(): Promise<void> {
    try {
      await this.#headset.start({
        hidden: () => {
          this.#takeOff();
        },
        ended: () => {
          this.#takeOff();
          this.#takeDown();
        },
      });
    } catch {
      this.#hooks.refuse("vr", "vr_failed");
    }
  }

  leave(): void {
    this.#headset.stop();
  }

  /** The room was left; the session goes on, over nothing. */
  rest(): void {
    this.#visit = null;
    this.#body.reset();
    this.#deeds.reset();
  }

  update(visit: Visit, dtS: number, frame: XRFrame): void {
    const space = this.#stage.renderer.xr.getReferenceSpace();
    if (!space || !this.#headset.isVisible) return;
    this.#visit = visit;
    this.#inputs.read(frame, space);
    if (!this.#inputs.head.isSeen) return;
    const apparatus = (this.#apparatus ??= this.#setUp());
    this.#body.update(visit, this.#inputs, this.#headset.isFloorKnown, dtS);
    const { x, y, z, yaw } = this.#body.rig;
    this.#stage.rig.position.set(x, y, z);
    this.#stage.rig.rotation.set(0, yaw, 0);
    this.#stage.rig.updateMatrixWorld();
    this.#panelPlace.update(this.#inputs, apparatus.panel.board);
    this.#pointed = null;
    this.#deeds.update(visit, this.#inputs);
    if (this.#inputs.hands.some(({ actButton }) => actButton.wentDown)) this.#act();
    apparatus.panel.show(this.#hooks.vrPanel.peek(), this.#pointed);
    apparatus.hands.update(this.#inputs);
    apparatus.lid.update(dtS);
    this.#showArc(visit, this.#deeds.arc);
    this.#stage.markers.setVignette(this.#stage.camera, this.#body.motion * this.#settings.vignette.peek());
  }

  dispose(): void {
    this.#headset.dispose();
    this.#takeDown();
  }

  #setUp(): Apparatus {
    const { rig, camera } = this.#stage;
    return { hands: new HandMeshes(rig), lid: new Lid(camera), panel: new Panel(rig) };
  }

  #takeDown(): void {
    const apparatus = this.#apparatus;
    this.#apparatus = null;
    this.#stage.markers.hideTeleport();
    this.#stage.markers.setVignette(this.#stage.camera, 0);
    apparatus?.hands.dispose();
    apparatus?.lid.dispose();
    apparatus?.panel.dispose();
  }

  /** The headset is off, for a moment or for good: others see a desktop avatar again, at the same place. */
  #takeOff(): void {
    this.#visit?.room.own.track(null);
    this.#body.reset();
    this.#deeds.reset();
  }

  #showArc(visit: Visit, arc: Arc | null): void {
    const { markers } = this.#stage;
    if (!arc) {
      markers.hideTeleport();
      return;
    }
    const points = arc.points.map((at) => new Vector3(...at));
    const landing = arc.landing && new Vector3(...arc.landing);
    markers.showTeleport(points, landing, visit.room.own.yaw, arc.isAllowed);
  }

  async #teleport(place: Point): Promise<void> {
    const visit = this.#visit;
    if (!visit) return;
    const lid = this.#apparatus?.lid;
    if (this.#settings.reducedMotion.peek()) await lid?.shut();
    await visit.teleport(place);
    lid?.open();
  }

  #pointAtPanel(hand: Hand, sight: Raycaster): (() => void) | null {
    const hit = hand === "left" && !this.#panelPlace.isPinned ? null : this.#apparatus?.panel.point(sight);
    if (!hit) return null;
    const { button } = hit;
    this.#pointed = button;
    return () => {
      if (button !== null) this.#hooks.pressVrPanel(button);
    };
  }
}
