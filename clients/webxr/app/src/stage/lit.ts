/** Teaches three's materials to take their light from the baked field (light-field.ts) instead of from many lamps, so that a
 * scene with a hundred lamps costs one texture read. One set of uniforms is shared by every material of a stage.
 *
 * Physical materials read the field for each fragment. Basic ones are lit at their vertices, and from there on everything is in the
 * screen's own colours: a fragment is one texel times one colour, which is what a processor that draws can afford. */

import {
  DataTexture,
  LinearFilter,
  NoColorSpace,
  RGBAFormat,
  ShaderChunk,
  Vector3,
  Vector4,
  type CubeTexture,
  type Material,
  type MeshBasicMaterial,
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
  /** A colour, known to both shaders, that the material's own is multiplied by. */
  readonly tint: string;
  /** Discards fragments that are not to be seen. */
  readonly discard: string;
}

export class LightUniforms {
  readonly fieldMap: { value: Texture };
  /** Origin x and z, and 1 / size in metres. */
  readonly fieldFrame = { value: new Vector4(0, 0, 1, 1) };
  readonly sunDirection = { value: new Vector3(0.4, 0.8, 0.4) };
  readonly sunColour = { value: new Vector3(1, 1, 1) };
  /** The sky, for physical materials to reflect. */
  readonly skyMap: { value: CubeTexture | null } = { value: null };

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
`;

const VARYINGS = "varying vec2 vFieldUv;\nvarying vec2 vFacing;";

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

const READ_FIELD = /* glsl */ `
uniform sampler2D fieldMap;
uniform vec3 sunColour;
vec4 readField() {
  vec4 texel = texture2D(fieldMap, vFieldUv);
  return vec4(texel.rgb * texel.rgb * 4.0, texel.a);
}
`;

const FRAGMENT_DECLARATIONS = /* glsl */ `
uniform samplerCube skyMap;
varying vec2 vFieldUv;
varying vec2 vFacing;
${READ_FIELD}
`;

const BASIC_VARYINGS = `varying vec3 vLit;\nuniform vec3 diffuse;\nvec2 vFieldUv;\nvec2 vFacing;\n${READ_FIELD}`;

/** Light from below is bounced off warm floors; light from above is the room's or the sky's. */
const AMBIENT = /* glsl */ `mix(vec3(0.80, 0.77, 0.74), vec3(1.04), vFacing.x)`;

/** Basic materials: the field, and the sun where the sky is open, made into what the screen shows; bright light is held back a little, as
 * the tone mapping of physical materials does. */
const BASIC_LIGHT = /* glsl */ `
{
  vec4 field = readField();
  vec3 light = field.rgb * ${AMBIENT} + sunColour * (vFacing.y * smoothstep(0.55, 0.95, field.a));
  vec3 albedo = diffuse * ALBEDO;
  #if defined(USE_COLOR) || defined(USE_INSTANCING_COLOR)
    albedo *= vColor.rgb;
  #endif
  vLit = 1.05 * pow(albedo * light / (1.0 + 0.25 * light), vec3(1.0 / 2.2));
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

/** Reflections of the sky, from a smaller copy of it the rougher the surface; they fade indoors, down to the room's own brightness. */
const PHYSICAL_REFLECTION = /* glsl */ `
vec3 mirrored = mix(reflect(-geometryViewDir, geometryNormal), geometryNormal, pow4(material.roughness));
float copies = log2(float(textureSize(skyMap, 0).x));
float blur = copies * material.roughness * (1.7 - 0.7 * material.roughness);
radiance += textureLod(skyMap, inverseTransformDirection(normalize(mirrored), viewMatrix), blur).rgb * 0.8;
radiance *= mix(clamp(dot(field.rgb, vec3(0.33)) * 0.8, 0.12, 0.9), 1.0, smoothstep(0.5, 0.95, field.a));
`;

/** Make `material` (MeshBasic or MeshStandard) lit by the field. */
export function lit<M extends Material>(material: M, uniforms: LightUniforms, deformation?: Deformation, key = ""): M {
  const isPhysical = "roughness" in material;
  material.onBeforeCompile = (shader: Shader): void => {
    shader.uniforms["fieldMap"] = uniforms.fieldMap;
    shader.uniforms["fieldFrame"] = uniforms.fieldFrame;
    shader.uniforms["sunDirection"] = uniforms.sunDirection;
    shader.uniforms["sunColour"] = uniforms.sunColour;
    if (isPhysical) shader.uniforms["skyMap"] = uniforms.skyMap;
    Object.assign(shader.uniforms, deformation?.uniforms);
    patchVertex(shader, isPhysical, deformation);
    shader.fragmentShader = isPhysical
      ? physical(shader.fragmentShader, deformation)
      : basic(shader.fragmentShader, deformation);
  };
  material.customProgramCacheKey = () => `lit:${String(isPhysical)}:${key}`;
  if (!isPhysical) {
    material.toneMapped = false;
    const { map } = material as unknown as MeshBasicMaterial;
    if (map) map.colorSpace = NoColorSpace;
  }
  return material;
}

function physical(fragment: string, deformation?: Deformation): string {
  const tint = deformation ? `${deformation.discard}\ndiffuseColor.rgb *= ${deformation.tint};` : "";
  return fragment
    .replace("#include <common>", `#include <common>\n${FRAGMENT_DECLARATIONS}\n${deformation?.declareFragment ?? ""}`)
    .replace("#include <color_fragment>", `#include <color_fragment>\n${tint}`)
    .replace("#include <lights_fragment_begin>", PHYSICAL_LIGHT)
    .replace("#include <lights_fragment_maps>", PHYSICAL_REFLECTION);
}

function basic(fragment: string, deformation?: Deformation): string {
  return fragment
    .replace("#include <common>", `#include <common>\nvarying vec3 vLit;\n${deformation?.declareFragment ?? ""}`)
    .replace("#include <color_fragment>", deformation?.discard ?? "")
    .replace("vec4( diffuse, opacity )", "vec4( vLit, opacity )")
    .replace("#include <colorspace_fragment>", "");
}

function patchVertex(shader: Shader, isPhysical: boolean, deformation?: Deformation): void {
  const normal = deformation?.normal ?? "";
  const position = deformation?.position ?? "";
  const light = isPhysical ? "" : BASIC_LIGHT.replace("ALBEDO", deformation?.tint ?? "1.0");
  let vertex = shader.vertexShader.replace(
    "#include <common>",
    `#include <common>\n${isPhysical ? VARYINGS : BASIC_VARYINGS}\n${VERTEX_DECLARATIONS}\n${deformation?.declare ?? ""}`,
  );
  if (isPhysical) vertex = vertex.replace("#include <beginnormal_vertex>", `#include <beginnormal_vertex>\n${normal}`);
  const begin = isPhysical ? "" : `vec3 objectNormal = vec3(normal);\n${normal}`;
  shader.vertexShader = vertex.replace(
    "#include <begin_vertex>",
    `${begin}\n#include <begin_vertex>\n${position}\n${VERTEX_LIGHT}\n${light}`,
  );
}
