/** What lies at everybody's feet: a soft shadow, the ring of a status worth a ring, and the pulse of who speaks. One draw, no texture. */

import {
  DynamicDrawUsage,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  PlaneGeometry,
  ShaderMaterial,
} from "three";

export class GroundMarks {
  readonly mesh: Mesh<InstancedBufferGeometry, ShaderMaterial>;
  readonly #placed: InstancedBufferAttribute;
  readonly #tinted: InstancedBufferAttribute;
  #count = 0;

  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    const geometry = new InstancedBufferGeometry();
    const plane = new PlaneGeometry(1.3, 1.3).rotateX(-Math.PI / 2);
    geometry.setIndex(plane.getIndex());
    geometry.setAttribute("position", plane.getAttribute("position"));
    geometry.setAttribute("uv", plane.getAttribute("uv"));
    this.#placed = new InstancedBufferAttribute(new Float32Array(capacity * 4), 4).setUsage(DynamicDrawUsage);
    this.#tinted = new InstancedBufferAttribute(new Float32Array(capacity * 4), 4).setUsage(DynamicDrawUsage);
    geometry.setAttribute("placed", this.#placed);
    geometry.setAttribute("tinted", this.#tinted);
    this.mesh = new Mesh(
      geometry,
      new ShaderMaterial({
        uniforms: { darkness: { value: 0 } },
        vertexShader: VERTEX,
        fragmentShader: FRAGMENT,
        transparent: true,
        depthWrite: false,
        polygonOffset: true,
        polygonOffsetFactor: -2,
        polygonOffsetUnits: -8,
      }),
    );
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 2;
  }

  /** `darkness` is of the soft shadows. */
  begin(darkness: number): void {
    this.#count = 0;
    const uniform = this.mesh.material.uniforms["darkness"];
    if (uniform) uniform.value = darkness;
  }

  /** `pulse`: 0 nobody speaks, else its phase in (0, 1]. `ring`: how clearly the ring is seen, 0 not at all. */
  add(x: number, y: number, z: number, pulse: number, red: number, green: number, blue: number, ring: number): void {
    const at = this.#count;
    if (at === this.capacity) return;
    this.#count++;
    this.#placed.setXYZW(at, x, y + 0.012, z, pulse);
    this.#tinted.setXYZW(at, red, green, blue, ring);
  }

  finish(): void {
    this.mesh.geometry.instanceCount = this.#count;
    this.mesh.visible = this.#count > 0;
    for (const attribute of [this.#placed, this.#tinted]) {
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, this.#count * 4);
      attribute.needsUpdate = this.#count > 0;
    }
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
    this.mesh.removeFromParent();
  }
}

const VERTEX = /* glsl */ `
attribute vec4 placed;
attribute vec4 tinted;
varying vec2 vAt;
varying vec4 vTinted;
varying float vPulse;
void main() {
  vAt = (uv - 0.5) * 1.3;
  vTinted = tinted;
  vPulse = placed.w;
  gl_Position = projectionMatrix * viewMatrix * vec4(position + placed.xyz, 1.0);
}`;

const FRAGMENT = /* glsl */ `
uniform float darkness;
varying vec2 vAt;
varying vec4 vTinted;
varying float vPulse;
void main() {
  float away = length(vAt);
  float shadow = (1.0 - smoothstep(0.05, 0.36, away)) * darkness;
  float ring = smoothstep(0.024, 0.008, abs(away - 0.33)) * vTinted.a;
  float wave = vPulse > 0.0 ? smoothstep(0.05, 0.0, abs(away - 0.34 - vPulse * 0.28)) * (1.0 - vPulse) : 0.0;
  float light = max(ring, wave);
  float alpha = max(shadow, light);
  if (alpha < 0.01) discard;
  gl_FragColor = vec4(mix(vec3(0.0), vTinted.rgb, light / max(alpha, 0.001)), alpha);
  #include <colorspace_fragment>
}`;
