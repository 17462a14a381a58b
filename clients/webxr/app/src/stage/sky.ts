/** The sky of a world: its colours by the hour, drawn once into a cube that serves as background and as what things reflect. */

import {
  BackSide,
  CubeCamera,
  HalfFloatType,
  LinearFilter,
  Mesh,
  PMREMGenerator,
  Scene,
  ShaderMaterial,
  SphereGeometry,
  UnsignedByteType,
  Vector3,
  WebGLCubeRenderTarget,
  type Texture,
  type WebGLRenderer,
  type WebGLRenderTarget,
} from "three";
import type { Sky as SkyDocument } from "@presence-hub/client";
import type { Quality } from "./quality";

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
  readonly background: Texture;
  readonly environment: Texture | null;
  readonly #cube: WebGLCubeRenderTarget;
  readonly #reflections: WebGLRenderTarget | null;

  constructor(renderer: WebGLRenderer, document: SkyDocument, quality: Quality) {
    this.daylight = HOURS[document.kind];
    const azimuth = (document.sun.azimuth * Math.PI) / 180;
    const elevation = (document.sun.elevation * Math.PI) / 180;
    this.sunDirection.set(
      Math.sin(azimuth) * Math.cos(elevation),
      Math.sin(elevation),
      -Math.cos(azimuth) * Math.cos(elevation),
    );

    const scene = new Scene();
    const dome = new Mesh(new SphereGeometry(10, 32, 24), this.#material());
    scene.add(dome);
    const size = quality === "low" ? 256 : 512;
    this.#cube = new WebGLCubeRenderTarget(size, {
      type: quality === "low" ? UnsignedByteType : HalfFloatType,
      minFilter: LinearFilter,
      generateMipmaps: false,
    });
    const wasXr = renderer.xr.enabled;
    renderer.xr.enabled = false;
    new CubeCamera(0.1, 100, this.#cube).update(renderer, scene);
    if (quality === "low") {
      this.#reflections = null;
    } else {
      const generator = new PMREMGenerator(renderer);
      this.#reflections = generator.fromScene(scene, 0.01);
      generator.dispose();
    }
    renderer.xr.enabled = wasXr;
    dome.geometry.dispose();
    dome.material.dispose();
    this.background = this.#cube.texture;
    this.environment = this.#reflections?.texture ?? null;
  }

  dispose(): void {
    this.#cube.dispose();
    this.#reflections?.dispose();
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
