/** Draws all bodies: one instanced mesh for each degree of detail, bones and colours read from two small textures by the vertex shader.
 * A body keeps its row of both textures for life; each frame only says which rows are drawn in which detail. */

import {
  DataTexture,
  DynamicDrawUsage,
  FloatType,
  Group,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  MeshBasicMaterial,
  MeshDepthMaterial,
  MeshStandardMaterial,
  RGBADepthPacking,
  RGBAFormat,
  type Material,
} from "three";
import { lit, type Deformation, type LightUniforms } from "../stage/lit";
import type { Quality } from "../stage/quality";
import { BONES, makeBody, type Detail } from "./body";
import { SLOTS } from "./looks";
import { BODY_FLOATS } from "./skeleton";

const DETAILS: readonly Detail[] = ["near", "middle", "far"];

export class Bodies {
  readonly group = new Group();
  readonly #bones: DataTexture;
  readonly #tints: DataTexture;
  readonly #boneData: Float32Array;
  readonly #tintData: Float32Array;
  readonly #meshes: {
    readonly mesh: Mesh<InstancedBufferGeometry, Material>;
    readonly rows: InstancedBufferAttribute;
  }[] = [];
  readonly #counts = [0, 0, 0];

  readonly capacity: number;

  constructor(capacity: number, uniforms: LightUniforms, quality: Quality) {
    this.capacity = capacity;
    this.#boneData = new Float32Array(capacity * BODY_FLOATS);
    this.#tintData = new Float32Array(capacity * SLOTS.length * 4).fill(1);
    this.#bones = floatTexture(this.#boneData, BONES.length * 3, capacity);
    this.#tints = floatTexture(this.#tintData, SLOTS.length, capacity);
    const deformation = deform(this.#bones, this.#tints);
    const material =
      quality === "low" ? new MeshBasicMaterial() : new MeshStandardMaterial({ roughness: 0.72, metalness: 0 });
    lit(material, uniforms, deformation, "body");
    const depth = new MeshDepthMaterial({ depthPacking: RGBADepthPacking });
    depth.onBeforeCompile = (shader): void => {
      Object.assign(shader.uniforms, deformation.uniforms);
      shader.vertexShader = shader.vertexShader
        .replace("#include <common>", `#include <common>\n${deformation.declare}`)
        .replace(
          "#include <begin_vertex>",
          `mat4 boned = boneMatrix();\n#include <begin_vertex>\n${deformation.position}`,
        );
    };
    DETAILS.forEach((detail) => {
      const geometry = new InstancedBufferGeometry();
      const body = makeBody(detail);
      geometry.setIndex(body.getIndex());
      for (const name of ["position", "normal", "bone", "slot"]) geometry.setAttribute(name, body.getAttribute(name));
      const rows = new InstancedBufferAttribute(new Float32Array(capacity), 1).setUsage(DynamicDrawUsage);
      geometry.setAttribute("row", rows);
      geometry.instanceCount = 0;
      const mesh = new Mesh<InstancedBufferGeometry, Material>(geometry, material);
      mesh.frustumCulled = false;
      mesh.castShadow = detail !== "far";
      mesh.receiveShadow = true;
      mesh.customDepthMaterial = depth;
      mesh.name = `bodies:${detail}`;
      this.#meshes.push({ mesh, rows });
      this.group.add(mesh);
    });
  }

  /** Paint a body: linear RGB for each slot, and how solid it is (1, or less for who is away). */
  paint(row: number, colours: readonly (readonly [number, number, number])[], solidity: number): void {
    colours.forEach((colour, slot) => {
      const at = (row * SLOTS.length + slot) * 4;
      this.#tintData.set(colour, at);
      this.#tintData[at + 3] = solidity;
    });
    this.#tints.needsUpdate = true;
  }

  begin(): void {
    this.#counts.fill(0);
  }

  /** Draw a body this frame: 0 near, 1 middle, 2 far. */
  draw(row: number, detail: number, matrices: Float32Array): void {
    this.#boneData.set(matrices, row * BODY_FLOATS);
    const count = this.#counts[detail] ?? 0;
    const rows = this.#meshes[detail]?.rows;
    if (!rows) return;
    rows.array[count] = row;
    this.#counts[detail] = count + 1;
  }

  finish(): void {
    if (this.#counts.some((count) => count > 0)) this.#bones.needsUpdate = true;
    this.#meshes.forEach(({ mesh, rows }, detail) => {
      const count = this.#counts[detail] ?? 0;
      mesh.geometry.instanceCount = count;
      mesh.visible = count > 0;
      rows.needsUpdate = count > 0;
    });
  }

  dispose(): void {
    for (const { mesh } of this.#meshes) {
      mesh.geometry.dispose();
      mesh.material.dispose();
      mesh.customDepthMaterial?.dispose();
    }
    this.#bones.dispose();
    this.#tints.dispose();
    this.group.removeFromParent();
  }
}

function floatTexture(data: Float32Array, width: number, height: number): DataTexture {
  const texture = new DataTexture(data, width, height, RGBAFormat, FloatType);
  texture.needsUpdate = true;
  return texture;
}

function deform(bones: DataTexture, tints: DataTexture): Deformation {
  return {
    uniforms: { boneMap: { value: bones }, tintMap: { value: tints } },
    declare: /* glsl */ `
uniform highp sampler2D boneMap;
uniform highp sampler2D tintMap;
attribute float bone;
attribute float slot;
attribute float row;
varying vec4 vTint;
mat4 boneMatrix() {
  int texel = int(bone + 0.5) * 3;
  int line = int(row + 0.5);
  vec4 a = texelFetch(boneMap, ivec2(texel, line), 0);
  vec4 b = texelFetch(boneMap, ivec2(texel + 1, line), 0);
  vec4 c = texelFetch(boneMap, ivec2(texel + 2, line), 0);
  return mat4(a.x, b.x, c.x, 0.0, a.y, b.y, c.y, 0.0, a.z, b.z, c.z, 0.0, a.w, b.w, c.w, 1.0);
}
`,
    normal: /* glsl */ `
mat4 boned = boneMatrix();
objectNormal = mat3(boned) * objectNormal;
`,
    position: /* glsl */ `
transformed = (boned * vec4(transformed, 1.0)).xyz;
vTint = texelFetch(tintMap, ivec2(int(slot + 0.5), int(row + 0.5)), 0);
`,
    declareFragment: "varying vec4 vTint;",
    tint: "vTint.rgb",
    discard: /* glsl */ `
if (vTint.a < 0.99 && mod(floor(gl_FragCoord.x) + floor(gl_FragCoord.y), 2.0) > 0.5) discard;
`,
  };
}
