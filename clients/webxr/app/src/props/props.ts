/** The things of a room: one instanced mesh for each kind, moved by poses, or by the hand that carries them. Highlights what may be
 * picked. Knows nothing of who may take what. */

import { Section, type PoseTable } from "@presence-hub/client";
import {
  BackSide,
  DynamicDrawUsage,
  Group,
  InstancedMesh,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  Quaternion,
  type Raycaster,
  Sphere,
  Vector3,
  type BufferGeometry,
  type Material,
} from "three";
import { lit, type LightUniforms } from "../stage/lit";
import type { Quality } from "../stage/quality";
import { makeProp } from "./models";

export interface ThingLook {
  /** A kind of the world's props. */
  readonly prop: string;
  /** Who holds it. */
  readonly holder: number | null;
}

/** Metres and a quaternion x y z w, in the world. */
export interface ThingPose {
  readonly position: readonly [number, number, number];
  readonly orientation: readonly [number, number, number, number];
}

interface Thing {
  readonly kind: string;
  readonly matrix: Matrix4;
  carried: boolean;
  seen: number;
}

const FIRST_ROOM = 8;
const OUTLINE_SCALE = 1.12;
/** At low quality things further away than this are left out: they are specks by then. */
const LOW_REACH_M = 16;
/** Small things are easier to point at than they are large. */
const PICK_SLACK_M = 0.08;

export class Props {
  readonly group = new Group();
  readonly #things = new Map<number, Thing>();
  readonly #meshes = new Map<string, InstancedMesh<BufferGeometry, Material>>();
  readonly #outline: Mesh<BufferGeometry, MeshBasicMaterial>;
  readonly #counts = new Map<string, number>();
  #material: Material;
  #reachM: number;
  #highlighted: number | null = null;
  #frame = 0;

  readonly uniforms: LightUniforms;

  constructor(uniforms: LightUniforms, quality: Quality) {
    this.uniforms = uniforms;
    this.#material = makeMaterial(uniforms, quality);
    this.#reachM = reachOf(quality);
    this.#outline = new Mesh<BufferGeometry, MeshBasicMaterial>(
      undefined,
      new MeshBasicMaterial({ color: 0xffd98a, side: BackSide, fog: false }),
    );
    this.#outline.geometry.dispose();
    this.#outline.visible = false;
    this.#outline.matrixAutoUpdate = false;
    this.group.add(this.#outline);
  }

  /** Take over this frame's poses. Things without one are not drawn, unless they are carried. */
  update(table: PoseTable): void {
    this.#frame++;
    for (let row = 0; row < table.count; row++) {
      if (table.body[row] !== Section.THING) continue;
      const thing = this.#things.get(table.entity[row] ?? 0);
      if (!thing) continue;
      thing.seen = this.#frame;
      if (thing.carried) continue;
      AT.fromArray(table.position, row * 3);
      TURN.fromArray(table.orientation, row * 4);
      thing.matrix.compose(AT, TURN, ONE);
    }
  }

  describe(entity: number, look: ThingLook): void {
    const before = this.#things.get(entity);
    if (before?.kind === look.prop) return;
    this.#things.set(entity, { kind: look.prop, matrix: new Matrix4().makeScale(0, 0, 0), carried: false, seen: 0 });
  }

  forget(entity: number): void {
    this.#things.delete(entity);
  }

  /** Show a thing where one's own hand has it, or give it back to its poses. */
  carry(entity: number, pose: ThingPose | null): void {
    const thing = this.#things.get(entity);
    if (!thing) return;
    thing.carried = pose !== null;
    if (pose) thing.matrix.compose(AT.fromArray(pose.position), TURN.fromArray(pose.orientation), ONE);
  }

  /** The nearest thing a ray meets. */
  pick(raycaster: Raycaster): number | null {
    let nearest = raycaster.far;
    let picked: number | null = null;
    for (const [entity, thing] of this.#things) {
      if (!this.#isDrawn(thing)) continue;
      const bounds = this.#meshOf(thing.kind).geometry.boundingSphere;
      if (!bounds) continue;
      BOUNDS.copy(bounds).applyMatrix4(thing.matrix);
      BOUNDS.radius += PICK_SLACK_M;
      const met = raycaster.ray.intersectSphere(BOUNDS, AT);
      if (!met) continue;
      const distance = met.distanceTo(raycaster.ray.origin);
      if (distance >= nearest) continue;
      nearest = distance;
      picked = entity;
    }
    return picked;
  }

  highlight(entity: number | null): void {
    this.#highlighted = entity;
  }

  setQuality(quality: Quality): void {
    this.#material.dispose();
    this.#material = makeMaterial(this.uniforms, quality);
    this.#reachM = reachOf(quality);
    for (const mesh of this.#meshes.values()) mesh.material = this.#material;
  }

  dispose(): void {
    for (const mesh of this.#meshes.values()) {
      mesh.geometry.dispose();
      mesh.dispose();
    }
    this.#material.dispose();
    this.#outline.material.dispose();
    this.group.removeFromParent();
  }

  #isDrawn(thing: Thing): boolean {
    return thing.carried || thing.seen === this.#frame;
  }

  /** Place everything for the eye that will draw. Called by the stage before each frame is drawn. */
  face(eye: Vector3): void {
    this.#counts.clear();
    this.#outline.visible = false;
    for (const [entity, thing] of this.#things) {
      if (!this.#isDrawn(thing) || AT.setFromMatrixPosition(thing.matrix).distanceTo(eye) > this.#reachM) continue;
      const count = this.#counts.get(thing.kind) ?? 0;
      const mesh = this.#meshOf(thing.kind, count + 1);
      mesh.setMatrixAt(count, thing.matrix);
      this.#counts.set(thing.kind, count + 1);
      if (entity !== this.#highlighted) continue;
      this.#outline.geometry = mesh.geometry;
      this.#outline.matrix.copy(thing.matrix);
      const centre = mesh.geometry.boundingSphere?.center ?? AT.set(0, 0, 0);
      // Grown around its middle, so that the rim is even.
      GROWN.makeTranslation(centre.x, centre.y, centre.z)
        .scale(SCALE)
        .multiply(BACK.makeTranslation(-centre.x, -centre.y, -centre.z));
      this.#outline.matrix.multiply(GROWN);
      this.#outline.visible = true;
    }
    for (const [kind, mesh] of this.#meshes) {
      mesh.count = this.#counts.get(kind) ?? 0;
      mesh.visible = mesh.count > 0;
      mesh.instanceMatrix.needsUpdate = mesh.count > 0;
    }
  }

  /** The mesh of a kind with room for `room` of it; grown by making a new one. */
  #meshOf(kind: string, room = 1): InstancedMesh<BufferGeometry, Material> {
    const before = this.#meshes.get(kind);
    const capacity = before?.instanceMatrix.count ?? 0;
    if (before && capacity >= room) return before;
    const mesh = new InstancedMesh(
      before?.geometry ?? makeProp(kind),
      this.#material,
      Math.max(FIRST_ROOM, capacity * 2),
    );
    mesh.instanceMatrix.setUsage(DynamicDrawUsage);
    if (before) {
      mesh.instanceMatrix.array.set(before.instanceMatrix.array);
      before.removeFromParent();
      before.dispose();
    }
    mesh.frustumCulled = false;
    mesh.castShadow = mesh.receiveShadow = true;
    mesh.name = `props:${kind}`;
    this.#meshes.set(kind, mesh);
    this.group.add(mesh);
    return mesh;
  }
}

function reachOf(quality: Quality): number {
  return quality === "low" ? LOW_REACH_M : Infinity;
}

function makeMaterial(uniforms: LightUniforms, quality: Quality): Material {
  const material =
    quality === "low"
      ? new MeshBasicMaterial({ vertexColors: true })
      : new MeshStandardMaterial({ vertexColors: true, roughness: 0.5 });
  return lit(material, uniforms, undefined, "world");
}

const AT = new Vector3();
const TURN = new Quaternion();
const ONE = new Vector3(1, 1, 1);
const SCALE = new Vector3(OUTLINE_SCALE, OUTLINE_SCALE, OUTLINE_SCALE);
const GROWN = new Matrix4();
const BACK = new Matrix4();
const BOUNDS = new Sphere();
