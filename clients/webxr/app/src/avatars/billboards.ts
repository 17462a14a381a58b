/** Many small pictures that always face the viewer, from one sheet, in one draw. On a screen they lie in its plane; in a headset, where heads
 * tilt and turn, each eye sees them faced to itself. */

import {
  DynamicDrawUsage,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  PlaneGeometry,
  ShaderMaterial,
  type Texture,
} from "three";

export class Billboards {
  readonly mesh: Mesh<InstancedBufferGeometry, ShaderMaterial>;
  readonly #placed: InstancedBufferAttribute;
  readonly #sized: InstancedBufferAttribute;
  readonly #sheet: InstancedBufferAttribute;
  #count = 0;

  readonly capacity: number;

  constructor(capacity: number, sheet: Texture, renderOrder: number) {
    this.capacity = capacity;
    const geometry = new InstancedBufferGeometry();
    const plane = new PlaneGeometry(1, 1);
    geometry.setIndex(plane.getIndex());
    geometry.setAttribute("position", plane.getAttribute("position"));
    geometry.setAttribute("uv", plane.getAttribute("uv"));
    const attribute = (size: number): InstancedBufferAttribute =>
      new InstancedBufferAttribute(new Float32Array(capacity * size), size).setUsage(DynamicDrawUsage);
    this.#placed = attribute(3);
    this.#sized = attribute(3);
    this.#sheet = attribute(4);
    geometry.setAttribute("placed", this.#placed);
    geometry.setAttribute("sized", this.#sized);
    geometry.setAttribute("sheetAt", this.#sheet);
    this.mesh = new Mesh(
      geometry,
      new ShaderMaterial({
        uniforms: { sheet: { value: sheet }, isStereo: { value: false } },
        vertexShader: VERTEX,
        fragmentShader: FRAGMENT,
        transparent: true,
        depthWrite: false,
        toneMapped: false,
      }),
    );
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = renderOrder;
  }

  begin(isStereo: boolean): void {
    this.#count = 0;
    const uniform = this.mesh.material.uniforms["isStereo"];
    if (uniform) uniform.value = isStereo;
  }

  add(
    x: number,
    y: number,
    z: number,
    width: number,
    height: number,
    opacity: number,
    u: number,
    v: number,
    du: number,
    dv: number,
  ): void {
    const at = this.#count;
    if (at === this.capacity) return;
    this.#count++;
    this.#placed.setXYZ(at, x, y, z);
    this.#sized.setXYZ(at, width, height, opacity);
    this.#sheet.setXYZW(at, u, v, du, dv);
  }

  finish(): void {
    this.mesh.geometry.instanceCount = this.#count;
    this.mesh.visible = this.#count > 0;
    if (this.#count === 0) return;
    for (const attribute of [this.#placed, this.#sized, this.#sheet]) {
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, this.#count * attribute.itemSize);
      attribute.needsUpdate = true;
    }
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
    this.mesh.removeFromParent();
  }
}

const VERTEX = /* glsl */ `
uniform bool isStereo;
attribute vec3 placed;
attribute vec3 sized;
attribute vec4 sheetAt;
varying vec2 vAt;
varying float vOpacity;
void main() {
  vec3 back = vec3(viewMatrix[0][2], viewMatrix[1][2], viewMatrix[2][2]);
  vec3 towards = isStereo ? normalize(cameraPosition - placed) : back;
  vec3 right = normalize(cross(vec3(0.0, 1.0, 0.0), towards));
  vec3 up = cross(towards, right);
  vec3 at = placed + right * position.x * sized.x + up * position.y * sized.y;
  vAt = sheetAt.xy + vec2(uv.x, 1.0 - uv.y) * sheetAt.zw;
  vOpacity = sized.z;
  gl_Position = projectionMatrix * viewMatrix * vec4(at, 1.0);
}`;

const FRAGMENT = /* glsl */ `
uniform sampler2D sheet;
varying vec2 vAt;
varying float vOpacity;
void main() {
  vec4 texel = texture2D(sheet, vAt);
  gl_FragColor = vec4(texel.rgb, texel.a * vOpacity);
  if (gl_FragColor.a < 0.01) discard;
  #include <colorspace_fragment>
}`;
