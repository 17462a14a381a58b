/** Everything that stands in a world, built once from its document: geometry, signs, portals. Owns it and disposes it. */

import { WorldGeometry, type Language, type Seat, type WorldDocument } from "@presence-hub/client";
import { Box3, Group, InstancedMesh, Mesh, type Material, type ShaderMaterial, type Vector3 } from "three";
import type { LightUniforms } from "../lit";
import { Sight, type Area } from "../sight";
import type { SurfaceLibrary } from "../surfaces";
import { buildFixtures } from "./fixtures/index";
import { buildFurniture } from "./furniture";
import { buildGround } from "./ground";
import { buildLamps } from "./lamps";
import { buildPortals } from "./portals";
import { buildSeats } from "./seats";
import { buildSigns } from "./signs";
import { Site } from "./site";
import { buildWalls } from "./walls";

export class WorldView {
  readonly group = new Group();
  readonly seats: readonly Seat[];
  /** At low quality: the pieces of the world, and how far each is worth drawing. */
  readonly #pieces: { readonly mesh: Mesh; readonly box: Box3; readonly area: Area; readonly reachM: number }[] = [];
  readonly #sight: Sight | null;
  #signs: Mesh | null = null;
  readonly #shimmer: Mesh<Mesh["geometry"], ShaderMaterial> | null;

  readonly document: WorldDocument;
  readonly uniforms: LightUniforms;

  constructor(document: WorldDocument, language: Language, uniforms: LightUniforms, library: SurfaceLibrary) {
    this.document = document;
    this.uniforms = uniforms;
    const site = new Site(library.quality);
    buildGround(site, document);
    buildWalls(site, document);
    buildFurniture(site, document);
    buildFixtures(site, document);
    buildLamps(site, document);
    this.#shimmer = buildPortals(site, document);
    if (this.#shimmer) this.group.add(this.#shimmer);
    this.seats = new WorldGeometry(document).seats;
    buildSeats(site, this.seats, this.group, library);
    this.group.add(site.finish(library));
    this.setLanguage(language);
    this.#sight = library.quality === "low" ? new Sight(document) : null;
    if (this.#sight) this.#listPieces();
  }

  #listPieces(): void {
    this.group.traverse((object) => {
      if (!(object instanceof Mesh) || object === this.#signs) return;
      const mesh = object as Mesh;
      const box = new Box3().setFromObject(mesh);
      const area = { minX: box.min.x, minZ: box.min.z, maxX: box.max.x, maxZ: box.max.z };
      const reachM: unknown = mesh.userData["reachM"];
      this.#pieces.push({ mesh, box, area, reachM: typeof reachM === "number" ? reachM : Infinity });
    });
  }

  setLanguage(language: Language): void {
    this.#dropSigns();
    this.#signs = buildSigns(this.document, language, this.uniforms);
    if (this.#signs) this.group.add(this.#signs);
  }

  /** Move what moves by itself, and leave out what can't be seen from the eye, or is too small to be. */
  animate(nowS: number, eye: Vector3): void {
    if (this.#sight?.lookFrom(eye.x, eye.y, eye.z)) {
      for (const { mesh, box, area, reachM } of this.#pieces) {
        mesh.visible = box.distanceToPoint(eye) < reachM && this.#sight.sees(area);
      }
    }
    const time = this.#shimmer?.material.uniforms["time"];
    if (time) time.value = nowS;
  }

  dispose(): void {
    this.#dropSigns();
    this.#shimmer?.material.dispose();
    this.group.traverse((object) => {
      if (object instanceof Mesh) (object as Mesh).geometry.dispose();
      if (object instanceof InstancedMesh) object.dispose();
    });
    this.group.removeFromParent();
  }

  #dropSigns(): void {
    if (!this.#signs) return;
    const material = this.#signs.material as Material & { map: { dispose(): void } | null };
    material.map?.dispose();
    material.dispose();
    this.#signs.geometry.dispose();
    this.#signs.removeFromParent();
    this.#signs = null;
  }
}
