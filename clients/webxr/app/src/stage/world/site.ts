/** Where a world is built: one mesher for each surface and part of the ground, so that everything of one material near one place
 * is drawn at once, and what is out of view is left out. Owns the resulting meshes' geometry. */

import { BufferAttribute, BufferGeometry, Group, Mesh } from "three";
import { Mesher } from "../mesher";
import type { Quality } from "../quality";
import type { Surface, SurfaceLibrary } from "../surfaces";

/** Metres. A graphics card draws much at once, so that one part holds a whole building; at low quality parts are small, so that what is
 * out of sight can be left out. */
const PART_M: Readonly<Record<Quality, number>> = { low: 12, medium: 96, high: 96 };
/** At low quality, where light is told to vertices, there is one every so many metres. */
const LONGEST_M: Readonly<Record<Quality, number>> = { low: 3, medium: Infinity, high: Infinity };
/** At low quality small pieces are left out from this far on. */
export const SMALL_REACH_M = 16;
/** What light passes, and what only lies on the ground or under a roof. */
const CASTS_NO_SHADOW: ReadonlySet<Surface> = new Set<Surface>([
  "glass",
  "frosted",
  "glow",
  "water",
  "terrazzo",
  "carpet",
  "carpetDark",
  "parquet",
  "vinyl",
  "paving",
  "asphalt",
  "gravel",
  "grass",
  "acoustic",
]);

export class Site {
  readonly #meshers = new Map<string, { surface: Surface; mesher: Mesher; isSmall: boolean }>();
  readonly #shades = new Map<string, ShadeMesher>();

  readonly quality: Quality;
  readonly partM: number;

  constructor(quality: Quality) {
    this.quality = quality;
    this.partM = PART_M[quality];
  }

  /** Whether what is built now is small enough to be left out far away. */
  isSmall = false;

  /** The mesher for a surface around a place; its frame is reset. */
  at(surface: Surface, x: number, z: number): Mesher {
    const isSmall = this.isSmall && this.quality === "low";
    const key = `${surface}:${String(isSmall)}:${this.#partAt(x, z)}`;
    let entry = this.#meshers.get(key);
    if (!entry) {
      entry = { surface, mesher: new Mesher(LONGEST_M[this.quality]), isSmall };
      this.#meshers.set(key, entry);
    }
    return entry.mesher.reset();
  }

  /** A soft shadow on the ground: full along the inner rectangle, nothing at `reach` metres around it. */
  shadeRectangle(x0: number, z0: number, x1: number, z1: number, y: number, reach: number, strength: number): void {
    this.#shadeAt((x0 + x1) / 2, (z0 + z1) / 2).rectangle(x0, z0, x1, z1, y, reach, strength);
  }

  /** A soft shadow along a line on the ground, on both its sides. */
  shadeLine(x0: number, z0: number, x1: number, z1: number, y: number, reach: number, strength: number): void {
    this.#shadeAt((x0 + x1) / 2, (z0 + z1) / 2).line(x0, z0, x1, z1, y, reach, strength);
  }

  #partAt(x: number, z: number): string {
    // Around the middle of the world, where its halls are, is the middle of a part.
    return `${Math.round(x / this.partM)}:${Math.round(z / this.partM)}`;
  }

  #shadeAt(x: number, z: number): ShadeMesher {
    const key = this.#partAt(x, z);
    let mesher = this.#shades.get(key);
    if (!mesher) {
      mesher = new ShadeMesher();
      this.#shades.set(key, mesher);
    }
    return mesher;
  }

  finish(library: SurfaceLibrary): Group {
    const group = new Group();
    for (const { surface, mesher, isSmall } of this.#meshers.values()) {
      if (mesher.isEmpty) continue;
      const mesh = new Mesh(scaledUvs(mesher.build(), library.tileOf(surface)), library.material(surface));
      mesh.name = surface;
      if (isSmall) mesh.userData = { reachM: SMALL_REACH_M };
      mesh.castShadow = !CASTS_NO_SHADOW.has(surface);
      mesh.receiveShadow = surface !== "glow";
      mesh.renderOrder = surface === "glass" || surface === "frosted" ? 3 : 0;
      mesh.matrixAutoUpdate = false;
      group.add(mesh);
    }
    for (const mesher of this.#shades.values()) {
      const shade = new Mesh(mesher.build(), library.material("shade"));
      shade.name = "shade";
      shade.renderOrder = 1;
      shade.matrixAutoUpdate = false;
      group.add(shade);
    }
    return group;
  }
}

function scaledUvs(geometry: BufferGeometry, tileM: number): BufferGeometry {
  const uv = geometry.getAttribute("uv");
  for (let index = 0; index < uv.array.length; index++) uv.array[index] = (uv.array[index] ?? 0) / tileM;
  return geometry;
}

class ShadeMesher {
  readonly #positions: number[] = [];
  readonly #colours: number[] = [];
  readonly #indices: number[] = [];

  rectangle(x0: number, z0: number, x1: number, z1: number, y: number, reach: number, strength: number): void {
    const xs = [x0 - reach, x0, x1, x1 + reach];
    const zs = [z0 - reach, z0, z1, z1 + reach];
    const first = this.#positions.length / 3;
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 4; column++) {
        const isInner = row > 0 && row < 3 && column > 0 && column < 3;
        this.#vertex(xs[column] ?? 0, y, zs[row] ?? 0, isInner ? strength : 0);
      }
    }
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) {
        const at = first + row * 4 + column;
        this.#indices.push(at, at + 4, at + 1, at + 1, at + 4, at + 5);
      }
    }
  }

  line(x0: number, z0: number, x1: number, z1: number, y: number, reach: number, strength: number): void {
    const length = Math.hypot(x1 - x0, z1 - z0) || 1;
    const nx = (-(z1 - z0) / length) * reach;
    const nz = ((x1 - x0) / length) * reach;
    for (const side of [1, -1]) {
      const first = this.#positions.length / 3;
      this.#vertex(x0, y, z0, strength);
      this.#vertex(x1, y, z1, strength);
      this.#vertex(x1 + nx * side * 0.35, y, z1 + nz * side * 0.35, strength * 0.42);
      this.#vertex(x0 + nx * side * 0.35, y, z0 + nz * side * 0.35, strength * 0.42);
      this.#vertex(x1 + nx * side, y, z1 + nz * side, 0);
      this.#vertex(x0 + nx * side, y, z0 + nz * side, 0);
      const order = side > 0 ? [0, 2, 1, 0, 3, 2, 3, 4, 2, 3, 5, 4] : [0, 1, 2, 0, 2, 3, 3, 2, 4, 3, 4, 5];
      for (const index of order) this.#indices.push(first + index);
    }
  }

  #vertex(x: number, y: number, z: number, strength: number): void {
    this.#positions.push(x, y + 0.006, z);
    this.#colours.push(1, 1, 1, strength);
  }

  build(): BufferGeometry {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(this.#positions), 3));
    geometry.setAttribute("color", new BufferAttribute(new Float32Array(this.#colours), 4));
    geometry.setIndex(new BufferAttribute(new Uint32Array(this.#indices), 1));
    geometry.computeBoundingSphere();
    return geometry;
  }
}
