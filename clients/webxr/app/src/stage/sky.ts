/** The sky of a world: its colours by the hour, a plain gradient at first. Where there is time it is painted, with clouds, into a cube that is
 * shown and that things reflect, the rougher the smaller the copy of it they see. */

import {
  BackSide,
  CubeCamera,
  HalfFloatType,
  LinearMipmapLinearFilter,
  Mesh,
  Scene,
  ShaderMaterial,
  SphereGeometry,
  Vector3,
  WebGLCubeRenderTarget,
  type CubeTexture,
  type WebGLRenderer,
} from "three";
import type { Sky as SkyDocument } from "@presence-hub/client";

export interface Daylight {
  readonly zenith: readonly [number, number, number];
  readonly horizon: readonly [number, number, number];
  readonly ground: readonly [number, number, number];
  readonly sun: readonly [number, number, number];
  readonly sunStrength: number;
  /** How much of the field's daylight there is. */
  readonly daylight: number;
  readonly cloud: number;
  readonly exposure: number;
}

const HOURS: Readonly<Record<SkyDocument["kind"], Daylight>> = {
  day: {
    zenith: [0.12, 0.31, 0.66],
    horizon: [0.66, 0.8, 0.92],
    ground: [0.42, 0.43, 0.4],
    sun: [1, 0.93, 0.8],
    sunStrength: 2.6,
    daylight: 1,
    cloud: 0.5,
    exposure: 1,
  },
  overcast: {
    zenith: [0.5, 0.56, 0.63],
    horizon: [0.78, 0.81, 0.84],
    ground: [0.4, 0.41, 0.4],
    sun: [0.95, 0.96, 1],
    sunStrength: 0.8,
    daylight: 1.15,
    cloud: 0.9,
    exposure: 1,
  },
  dusk: {
    zenith: [0.1, 0.15, 0.38],
    horizon: [0.95, 0.56, 0.34],
    ground: [0.26, 0.22, 0.22],
    sun: [1, 0.62, 0.34],
    sunStrength: 1.7,
    daylight: 0.7,
    cloud: 0.6,
    exposure: 1.1,
  },
  night: {
    zenith: [0.008, 0.014, 0.04],
    horizon: [0.035, 0.05, 0.1],
    ground: [0.015, 0.018, 0.025],
    sun: [0.5, 0.6, 0.85],
    sunStrength: 0.35,
    daylight: 0.22,
    cloud: 0.4,
    exposure: 1.15,
  },
};

export class Sky {
  readonly daylight: Daylight;
  /** Towards the sun. */
  readonly sunDirection = new Vector3();
  /** What is seen of it: around every eye, behind everything. */
  readonly dome: Mesh<SphereGeometry, ShaderMaterial>;
  #cube: WebGLCubeRenderTarget | null = null;

  constructor(document: SkyDocument) {
    this.daylight = HOURS[document.kind];
    const azimuth = (document.sun.azimuth * Math.PI) / 180;
    const elevation = (document.sun.elevation * Math.PI) / 180;
    this.sunDirection.set(
      Math.sin(azimuth) * Math.cos(elevation),
      Math.sin(elevation),
      -Math.cos(azimuth) * Math.cos(elevation),
    );

    const { zenith, horizon } = this.daylight;
    const uniforms = { zenith: { value: shown(zenith) }, horizon: { value: shown(horizon) } };
    this.dome = new Mesh(new SphereGeometry(1, 24, 16), domeMaterial(GRADIENT, uniforms));
    this.dome.frustumCulled = false;
    // After what is solid, and only where that leaves room: a picture is mostly walls.
    this.dome.renderOrder = 1;
    this.dome.name = "sky";
  }

  /** Paint it, which takes a while. Returns the cube. */
  paint(renderer: WebGLRenderer, texels: number): CubeTexture {
    const scene = new Scene();
    const painted = new Mesh(new SphereGeometry(10, 32, 24), this.#material());
    scene.add(painted);
    const cube = new WebGLCubeRenderTarget(texels, {
      type: HalfFloatType,
      minFilter: LinearMipmapLinearFilter,
      generateMipmaps: true,
    });
    const wasXr = renderer.xr.enabled;
    renderer.xr.enabled = false;
    new CubeCamera(0.1, 100, cube).update(renderer, scene);
    renderer.xr.enabled = wasXr;
    painted.geometry.dispose();
    painted.material.dispose();
    this.#cube = cube;
    this.dome.material.dispose();
    this.dome.material = domeMaterial(CUBE, { cube: { value: cube.texture } });
    return cube.texture;
  }

  dispose(): void {
    this.#cube?.dispose();
    this.dome.geometry.dispose();
    this.dome.material.dispose();
    this.dome.removeFromParent();
  }

  #material(): ShaderMaterial {
    const { zenith, horizon, ground, sun, cloud } = this.daylight;
    return new ShaderMaterial({
      side: BackSide,
      depthWrite: false,
      toneMapped: false,
      uniforms: {
        zenith: { value: new Vector3(...zenith) },
        horizon: { value: new Vector3(...horizon) },
        ground: { value: new Vector3(...ground) },
        sunColour: { value: new Vector3(...sun) },
        sunDirection: { value: this.sunDirection },
        cloud: { value: cloud },
      },
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
    });
  }
}

function domeMaterial(fragmentShader: string, uniforms: ShaderMaterial["uniforms"]): ShaderMaterial {
  return new ShaderMaterial({ vertexShader: DOME, fragmentShader, uniforms, side: BackSide, depthWrite: false });
}

/** A colour of the sky as the screen shows it. */
function shown([red, green, blue]: readonly [number, number, number]): Vector3 {
  return new Vector3(red ** (1 / 2.2), green ** (1 / 2.2), blue ** (1 / 2.2)).multiplyScalar(0.95);
}

/** Always as far away as anything can be. */
const DOME = /* glsl */ `
varying vec3 vDirection;
void main() {
  vDirection = position;
  gl_Position = (projectionMatrix * vec4(mat3(viewMatrix) * position, 1.0)).xyww;
}`;

const CUBE = /* glsl */ `
uniform samplerCube cube;
varying vec3 vDirection;
void main() {
  gl_FragColor = vec4(textureLod(cube, vDirection, 0.0).rgb, 1.0);
  #include <tonemapping_fragment>
  #include <colorspace_fragment>
}`;

const GRADIENT = /* glsl */ `
uniform vec3 zenith;
uniform vec3 horizon;
varying vec3 vDirection;
void main() {
  gl_FragColor = vec4(mix(horizon, zenith, clamp(vDirection.y * 1.6, 0.0, 1.0)), 1.0);
}`;

const VERTEX = /* glsl */ `
varying vec3 vDirection;
void main() {
  vDirection = normalize(position);
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

const FRAGMENT = /* glsl */ `
uniform vec3 zenith;
uniform vec3 horizon;
uniform vec3 ground;
uniform vec3 sunColour;
uniform vec3 sunDirection;
uniform float cloud;
varying vec3 vDirection;

float hash(vec2 p) {
  return fract(sin(dot(p, vec2(127.1, 311.7))) * 43758.5453);
}
float noise(vec2 p) {
  vec2 i = floor(p);
  vec2 f = fract(p);
  f = f * f * (3.0 - 2.0 * f);
  return mix(mix(hash(i), hash(i + vec2(1, 0)), f.x), mix(hash(i + vec2(0, 1)), hash(i + vec2(1, 1)), f.x), f.y);
}
float cover(vec2 p) {
  float sum = 0.0;
  float size = 0.5;
  for (int octave = 0; octave < 6; octave++) {
    sum += noise(p) * size;
    p = p * 2.07 + 17.0;
    size *= 0.5;
  }
  return sum;
}

void main() {
  vec3 view = normalize(vDirection);
  float up = view.y;
  float towards = max(0.0, dot(view, sunDirection));
  vec3 colour = mix(horizon, zenith, pow(clamp(up, 0.0, 1.0), 0.52));
  colour += sunColour * (pow(towards, 8.0) * 0.16 + pow(towards, 90.0) * 0.5) * smoothstep(-0.1, 0.1, up);
  if (up > 0.015) {
    vec2 p = view.xz / (up + 0.12) * 1.15 + 3.7;
    float density = smoothstep(0.78 - cloud * 0.42, 0.98 - cloud * 0.22, cover(p));
    float lit = cover(p + sunDirection.xz * 0.18);
    vec3 shadeColour = mix(horizon * 0.82, zenith, 0.18);
    vec3 cloudColour = mix(vec3(1.0) * (horizon * 0.35 + sunColour * 0.72), shadeColour, clamp(lit * 1.15 - 0.12, 0.0, 1.0));
    colour = mix(colour, cloudColour, density * smoothstep(0.015, 0.22, up) * 0.82);
  }
  colour += sunColour * smoothstep(0.9994, 0.9998, towards) * 6.0 * step(0.0, up);
  colour = mix(colour, mix(horizon, ground, 0.75), smoothstep(0.0, -0.12, up));
  gl_FragColor = vec4(colour, 1.0);
}`;
