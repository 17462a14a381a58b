/** Teaches three's materials to take their light from the baked field (light-field.ts) instead of from many lamps, so that a
 * scene with a hundred lamps costs one texture read. One set of uniforms is shared by every material of a stage. */

import {
  DataTexture,
  LinearFilter,
  RGBAFormat,
  ShaderChunk,
  Vector3,
  Vector4,
  type Material,
  type Texture,
} from "three";
import type { LightField } from "./light-field";

type Shader = Parameters<Material["onBeforeCompile"]>[0];

/** GLSL that moves a vertex before it is lit: `objectNormal` and `transformed` may be changed. */
export interface Deformation {
  readonly uniforms: Readonly<Record<string, { value: unknown }>>;
  readonly declare: string;
  readonly normal: string;
  readonly position: string;
  readonly declareFragment: string;
  /** Changes `diffuseColor`. */
  readonly colour: string;
}

export class LightUniforms {
  readonly fieldMap: { value: Texture };
  /** Origin x and z, and 1 / size in metres. */
  readonly fieldFrame = { value: new Vector4(0, 0, 1, 1) };
  readonly sunDirection = { value: new Vector3(0.4, 0.8, 0.4) };
  readonly sunColour = { value: new Vector3(1, 1, 1) };

  constructor() {
    this.fieldMap = { value: fieldTexture(new Uint8Array([118, 118, 118, 255]), 1, 1) };
  }

  use(field: LightField): void {
    this.fieldMap.value.dispose();
    this.fieldMap.value = fieldTexture(field.texels, field.width, field.depth);
    const width = field.width * field.cell;
    const depth = field.depth * field.cell;
    this.fieldFrame.value.set(field.originX, field.originZ, 1 / width, 1 / depth);
  }

  dispose(): void {
    this.fieldMap.value.dispose();
  }
}

function fieldTexture(texels: Uint8Array<ArrayBuffer>, width: number, depth: number): DataTexture {
  const texture = new DataTexture(texels, width, depth, RGBAFormat);
  texture.magFilter = texture.minFilter = LinearFilter;
  texture.needsUpdate = true;
  return texture;
}

const VERTEX_DECLARATIONS = /* glsl */ `
uniform vec4 fieldFrame;
uniform vec3 sunDirection;
varying vec2 vFieldUv;
varying vec2 vFacing;
`;

/** After \`transformed\` and \`objectNormal\` are final: where the field is read (a little off the surface, so that the two sides of
 * a wall differ), how far it faces up, and how far it faces the sun. */
const VERTEX_LIGHT = /* glsl */ `
{
  mat4 toWorld = modelMatrix;
  #ifdef USE_INSTANCING
    toWorld = modelMatrix * instanceMatrix;
  #endif
  vec4 worldAt = toWorld * vec4(transformed, 1.0);
  vec3 worldFacing = normalize(mat3(toWorld) * objectNormal);
  vFieldUv = (worldAt.xz + worldFacing.xz * 0.35 - fieldFrame.xy) * fieldFrame.zw;
  vFacing = vec2(worldFacing.y * 0.5 + 0.5, max(0.0, dot(worldFacing, sunDirection)));
}
`;

const FRAGMENT_DECLARATIONS = /* glsl */ `
uniform sampler2D fieldMap;
uniform vec3 sunColour;
varying vec2 vFieldUv;
varying vec2 vFacing;
vec4 readField() {
  vec4 texel = texture2D(fieldMap, vFieldUv);
  return vec4(texel.rgb * texel.rgb * 4.0, texel.a);
}
`;

/** Light from below is bounced off warm floors; light from above is the room's or the sky's. */
const AMBIENT = /* glsl */ `mix(vec3(0.80, 0.77, 0.74), vec3(1.04), vFacing.x)`;

/** Unlit materials: the field and the sun where the sky is open. */
const FLAT_LIGHT = /* glsl */ `
#include <color_fragment>
{
  vec4 field = readField();
  diffuseColor.rgb *= field.rgb * ${AMBIENT} + sunColour * (vFacing.y * smoothstep(0.55, 0.95, field.a));
}
`;

const PHYSICAL_LIGHT = /* glsl */ `
vec4 field = readField();
float sunGate = smoothstep(0.04, 0.3, field.a);
${ShaderChunk.lights_fragment_begin.replace(
  "getDirectionalLightInfo( directionalLight, directLight );",
  "getDirectionalLightInfo( directionalLight, directLight ); directLight.color *= sunGate;",
)}
irradiance = field.rgb * PI * ${AMBIENT};
`;

/** Reflections of the sky fade indoors, down to the room's own brightness. */
const PHYSICAL_REFLECTION = /* glsl */ `
#include <lights_fragment_maps>
iblIrradiance = vec3(0.0);
radiance *= mix(clamp(dot(field.rgb, vec3(0.33)) * 0.8, 0.12, 0.9), 1.0, smoothstep(0.5, 0.95, field.a));
`;

/** Make `material` (MeshBasic, MeshStandard or MeshPhysical) lit by the field. */
export function lit<M extends Material>(material: M, uniforms: LightUniforms, deformation?: Deformation, key = ""): M {
  const isPhysical = "roughness" in material;
  material.onBeforeCompile = (shader: Shader): void => {
    shader.uniforms["fieldMap"] = uniforms.fieldMap;
    shader.uniforms["fieldFrame"] = uniforms.fieldFrame;
    shader.uniforms["sunDirection"] = uniforms.sunDirection;
    shader.uniforms["sunColour"] = uniforms.sunColour;
    Object.assign(shader.uniforms, deformation?.uniforms);
    patchVertex(shader, isPhysical, deformation);
    const fragment = shader.fragmentShader
      .replace(
        "#include <common>",
        `#include <common>\n${FRAGMENT_DECLARATIONS}\n${deformation?.declareFragment ?? ""}`,
      )
      .replace("#include <color_fragment>", `${deformation?.colour ?? ""}\n#include <color_fragment>`);
    shader.fragmentShader = isPhysical
      ? fragment
          .replace("#include <lights_fragment_begin>", PHYSICAL_LIGHT)
          .replace("#include <lights_fragment_maps>", PHYSICAL_REFLECTION)
      : fragment.replace("#include <color_fragment>", FLAT_LIGHT);
  };
  material.customProgramCacheKey = () => `lit:${String(isPhysical)}:${key}`;
  return material;
}

function patchVertex(shader: Shader, isPhysical: boolean, deformation?: Deformation): void {
  const normal = deformation?.normal ?? "";
  const position = deformation?.position ?? "";
  let vertex = shader.vertexShader.replace(
    "#include <common>",
    `#include <common>\n${VERTEX_DECLARATIONS}\n${deformation?.declare ?? ""}`,
  );
  if (isPhysical) vertex = vertex.replace("#include <beginnormal_vertex>", `#include <beginnormal_vertex>\n${normal}`);
  const begin = isPhysical ? "" : `vec3 objectNormal = vec3(normal);\n${normal}`;
  shader.vertexShader = vertex.replace(
    "#include <begin_vertex>",
    `${begin}\n#include <begin_vertex>\n${position}\n${VERTEX_LIGHT}`,
  );
}
