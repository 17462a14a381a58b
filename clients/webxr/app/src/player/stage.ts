/**
 * What the player needs of the stage: the rig it moves, who and what is where, and signs on the floor. Types only.
 */
import type { Group, PerspectiveCamera, Raycaster, Scene, Vector3, WebGLRenderer } from "three";
import type { Shelf } from "./carrying";

export interface PlayerStage {
  readonly renderer: WebGLRenderer;
  readonly scene: Scene;
  readonly camera: PerspectiveCamera;
  /** The feet of one's own avatar; the camera is its child. */
  readonly rig: Group;
  readonly crowd: {
    positionOf(entity: number): { readonly x: number; readonly y: number; readonly z: number } | null;
    pick(sight: Raycaster): number | null;
  };
  readonly props: Shelf & { pick(sight: Raycaster): number | null };
  readonly markers: {
    showTeleport(points: readonly Vector3[], target: Vector3 | null, yaw: number, isAllowed: boolean): void;
    hideTeleport(): void;
    /** A ring on the floor, or none. */
    select(place: Vector3 | null): void;
    setVignette(camera: PerspectiveCamera, strength: number): void;
  };
  /** Show which thing or person the action key is about. */
  highlight(entity: number | null): void;
}
