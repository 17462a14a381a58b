/** What things are made of: every surface of a world by name, and the materials they become at each quality. Owns and disposes
 * textures and materials; knows nothing of geometry. */

import {
  Color,
  DoubleSide,
  FrontSide,
  LinearMipmapNearestFilter,
  MeshBasicMaterial,
  MeshStandardMaterial,
  type Material,
  type Texture,
} from "three";
import { lit, type LightUniforms } from "./lit";
import { PALETTE } from "./palette";
import type { Quality } from "./quality";
import { leafTexture, paintSurface, type Pattern, type SurfaceMaps } from "./textures";

interface SurfaceLook {
  readonly colour: number;
  readonly pattern?: Pattern;
  /** Metres covered by one tile of the pattern. */
  readonly tileM?: number;
  readonly roughness: number;
  readonly metalness?: number;
  /** Strength of the pattern's relief. */
  readonly relief?: number;
}

const SURFACES = {
  plaster: { colour: PALETTE.plaster, pattern: "plaster", tileM: 2, roughness: 0.9, relief: 0.25 },
  panel: { colour: PALETTE.oak, pattern: "wood", tileM: 2.4, roughness: 0.55, relief: 0.5 },
  walnut: { colour: PALETTE.walnut, pattern: "wood", tileM: 1.8, roughness: 0.45, relief: 0.4 },
  slats: { colour: PALETTE.oakPale, pattern: "slats", tileM: 1, roughness: 0.6, relief: 1 },
  stone: { colour: PALETTE.stone, pattern: "stone", tileM: 3.2, roughness: 0.7, relief: 0.4 },
  marble: { colour: 0xece8e1, pattern: "marble", tileM: 3, roughness: 0.22, relief: 0.1 },
  concrete: { colour: PALETTE.concrete, pattern: "concrete", tileM: 3, roughness: 0.85, relief: 0.4 },
  brick: { colour: 0xb58a6c, pattern: "brick", tileM: 1.6, roughness: 0.9, relief: 0.8 },
  tiles: { colour: 0xeef0ef, pattern: "tiles", tileM: 1.2, roughness: 0.25, relief: 0.5 },
  acoustic: { colour: 0xe9e3d6, pattern: "acoustic", tileM: 1.2, roughness: 0.95, relief: 0.6 },
  terrazzo: { colour: 0xe4ddd0, pattern: "terrazzo", tileM: 3, roughness: 0.28, relief: 0 },
  carpet: { colour: PALETTE.carpet, pattern: "carpet", tileM: 2, roughness: 1, relief: 0.5 },
  carpetDark: { colour: 0x232a38, pattern: "carpet", tileM: 2, roughness: 1, relief: 0.5 },
  parquet: { colour: PALETTE.oak, pattern: "parquet", tileM: 1.5, roughness: 0.42, relief: 0.3 },
  vinyl: { colour: 0xcfd6d8, pattern: "concrete", tileM: 4, roughness: 0.38, relief: 0.05 },
  paving: { colour: PALETTE.paving, pattern: "paving", tileM: 3.2, roughness: 0.9, relief: 0.6 },
  asphalt: { colour: PALETTE.asphalt, pattern: "gravel", tileM: 2, roughness: 0.95, relief: 0.5 },
  gravel: { colour: 0xc2b7a3, pattern: "gravel", tileM: 2, roughness: 1, relief: 1 },
  grass: { colour: PALETTE.grass, pattern: "grass", tileM: 4, roughness: 1, relief: 0.7 },
  deck: { colour: 0xb28d66, pattern: "wood", tileM: 1.6, roughness: 0.75, relief: 0.8 },
  fabric: { colour: 0xffffff, pattern: "fabric", tileM: 0.5, roughness: 1, relief: 0.4 },
  /** The four below take their colour from the vertices. */
  paint: { colour: 0xffffff, roughness: 0.62 },
  gloss: { colour: 0xffffff, roughness: 0.16 },
  metal: { colour: 0xffffff, roughness: 0.34, metalness: 1 },
  leaf: { colour: 0xffffff, roughness: 0.85 },
  water: { colour: 0x5f93a8, roughness: 0.06, metalness: 0.1 },
} as const satisfies Record<string, SurfaceLook>;

/** `leaf` is seen from both sides; `foliage` is cut from sprays of leaves; `glass` is see-through, `glow` shines by itself, `shade` darkens what is under it (its vertices carry how much). */
export type Surface = keyof typeof SURFACES | "foliage" | "glass" | "frosted" | "glow" | "shade";

export class SurfaceLibrary {
  readonly #materials = new Map<Surface, Material>();
  readonly #maps = new Map<Pattern, SurfaceMaps>();
  #leaves: Texture | null = null;

  readonly quality: Quality;
  readonly uniforms: LightUniforms;

  constructor(quality: Quality, uniforms: LightUniforms) {
    this.quality = quality;
    this.uniforms = uniforms;
  }

  material(surface: Surface): Material {
    let material = this.#materials.get(surface);
    if (!material) {
      material = this.#make(surface);
      material.name = surface;
      this.#materials.set(surface, material);
    }
    return material;
  }

  /** Metres covered by one tile of a surface: what texture coordinates in metres are divided by. */
  tileOf(surface: Surface): number {
    const look: SurfaceLook | null = surface in SURFACES ? SURFACES[surface as keyof typeof SURFACES] : null;
    return look?.tileM ?? 1;
  }

  dispose(): void {
    for (const material of this.#materials.values()) material.dispose();
    for (const maps of this.#maps.values()) {
      maps.colour.dispose();
      maps.normal?.dispose();
    }
    this.#leaves?.dispose();
    this.#leaves = null;
    this.#materials.clear();
    this.#maps.clear();
  }

  #make(surface: Surface): Material {
    if (surface === "glass") return this.#glass(0.1, 0xd5e6e8);
    if (surface === "frosted") return this.#glass(0.55, 0xeef3f3);
    if (surface === "foliage") return this.#foliage();
    if (surface === "glow") return new MeshBasicMaterial({ vertexColors: true, toneMapped: this.quality !== "low" });
    if (surface === "shade") return makeShade();
    return this.#solid(SURFACES[surface], surface);
  }

  #solid(look: SurfaceLook, surface: Surface): Material {
    const maps = look.pattern ? this.#mapsOf(look.pattern) : null;
    const colour = new Color(look.colour);
    if (this.quality === "low") {
      const material = new MeshBasicMaterial({
        color: surface === "metal" ? new Color(0.82, 0.82, 0.82) : colour,
        vertexColors: true,
        map: maps?.colour ?? null,
        side: surface === "leaf" ? DoubleSide : FrontSide,
        fog: surface === "grass",
      });
      return lit(material, this.uniforms, undefined, "world");
    }
    const material = new MeshStandardMaterial({
      color: colour,
      vertexColors: true,
      map: maps?.colour ?? null,
      normalMap: maps?.normal ?? null,
      roughness: look.roughness,
      metalness: look.metalness ?? 0,
      side: surface === "leaf" ? DoubleSide : FrontSide,
    });
    material.normalScale.setScalar(look.relief ?? 0);
    return lit(material, this.uniforms, undefined, "world");
  }

  #foliage(): Material {
    this.#leaves ??= leafTexture(this.quality === "low" ? 128 : 256);
    const look = {
      fog: this.quality !== "low",
      map: this.#leaves,
      vertexColors: true,
      alphaTest: 0.4,
      side: DoubleSide,
    };
    const material =
      this.quality === "low" ? new MeshBasicMaterial(look) : new MeshStandardMaterial({ ...look, roughness: 0.9 });
    return lit(material, this.uniforms, undefined, "world");
  }

  #glass(opacity: number, colour: number): Material {
    if (this.quality === "low") {
      // A pane in front of the whole picture costs as much as all behind it. Its frame and the frosted band say that it is there.
      const material = new MeshBasicMaterial({ color: colour });
      material.visible = opacity > 0.5;
      return material;
    }
    const material = new MeshStandardMaterial({
      color: colour,
      transparent: true,
      opacity,
      roughness: 0.04,
      metalness: 0,
      depthWrite: false,
      side: DoubleSide,
    });
    return clearer(lit(material, this.uniforms, undefined, "glass"));
  }

  #mapsOf(pattern: Pattern): SurfaceMaps {
    let maps = this.#maps.get(pattern);
    if (!maps) {
      maps = paintSurface(pattern, this.quality === "low" ? 128 : 256, this.quality === "high");
      if (this.quality === "low") {
        // Where the processor draws, each of these texels is paid for: four times a frame's cost otherwise.
        maps.colour.anisotropy = 1;
        maps.colour.minFilter = LinearMipmapNearestFilter;
      }
      this.#maps.set(pattern, maps);
    }
    return maps;
  }
}

/** Darkens what is behind it as its vertices say. */
function makeShade(): Material {
  return new MeshBasicMaterial({
    color: 0x0a0806,
    vertexColors: true,
    transparent: true,
    depthWrite: false,
    polygonOffset: true,
    polygonOffsetFactor: -1,
    polygonOffsetUnits: -4,
  });
}

/** Glass shows its reflections more at grazing angles, and they don't fade with its clearness. */
function clearer(material: MeshStandardMaterial): Material {
  const patched = material.onBeforeCompile.bind(material);
  material.onBeforeCompile = (shader, renderer): void => {
    patched(shader, renderer);
    shader.fragmentShader = shader.fragmentShader.replace(
      "#include <opaque_fragment>",
      /* glsl */ `
      float grazing = pow(1.0 - abs(dot(normalize(vViewPosition), normal)), 4.0);
      diffuseColor.a = clamp(diffuseColor.a + grazing * 0.5 + dot(totalSpecular, vec3(0.33)) * 0.5, 0.0, 0.92);
      #include <opaque_fragment>`,
    );
  };
  return material;
}
