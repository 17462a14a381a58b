/** What the stage shows to guide the hand: the teleport's arc and landing ring, the ring around who is selected, the post where one looks
 * from too, and the vignette that makes motion comfortable in a headset. Others decide when; this module only draws. */

import {
  BufferAttribute,
  BufferGeometry,
  CircleGeometry,
  Color,
  CylinderGeometry,
  DynamicDrawUsage,
  Group,
  InstancedMesh,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  RingGeometry,
  ShaderMaterial,
  SphereGeometry,
  type Camera,
  Vector3,
} from "three";
import { PALETTE } from "./palette";

const ARC_POINTS = 48;
const BEAD_M = 0.013;
// Dark enough for pale stone, bright enough for carpets.
const ALLOWED = new Color(0x1f8fff);
const REFUSED = new Color(PALETTE.red);
/** Above the heads of those who stand around it. */
const POST_M = 2.4;

export class Markers {
  readonly group = new Group();
  /** Beads: lines are a hair thin in a headset. */
  readonly #arc: InstancedMesh<SphereGeometry, MeshBasicMaterial>;
  readonly #landing = new Group();
  readonly #teleportMaterial = new MeshBasicMaterial({ color: ALLOWED, fog: false, toneMapped: false });
  readonly #selection: Mesh<RingGeometry, MeshBasicMaterial>;
  readonly #viewpoint = new Group();
  readonly #vignette: Mesh<SphereGeometry, ShaderMaterial>;

  constructor() {
    this.#arc = new InstancedMesh(new SphereGeometry(BEAD_M, 8, 6), this.#teleportMaterial, ARC_POINTS);
    this.#arc.instanceMatrix.setUsage(DynamicDrawUsage);
    this.#arc.frustumCulled = false;
    const ring = new Mesh(new RingGeometry(0.25, 0.33, 40).rotateX(-Math.PI / 2), this.#teleportMaterial);
    const dot = new Mesh(new CircleGeometry(0.07, 24).rotateX(-Math.PI / 2), this.#teleportMaterial);
    const heading = new Mesh(arrow(), this.#teleportMaterial);
    this.#landing.add(ring, dot, heading);
    this.#selection = new Mesh(
      new RingGeometry(0.42, 0.47, 48).rotateX(-Math.PI / 2),
      new MeshBasicMaterial({ color: 0xf0cf87, transparent: true, opacity: 0.9, depthWrite: false, fog: false }),
    );
    this.#viewpoint.add(...post());
    this.#vignette = makeVignette();
    this.hideTeleport();
    this.#selection.visible = this.#viewpoint.visible = false;
    this.group.add(this.#arc, this.#landing, this.#selection, this.#viewpoint);
  }

  /** Show the arc through `points` (any number up to 48), and where it lands, turned to `yaw`; refused places are red. */
  showTeleport(points: readonly Vector3[], target: Vector3 | null, yaw: number, isAllowed: boolean): void {
    this.#arc.count = Math.min(points.length, ARC_POINTS);
    for (let bead = 0; bead < this.#arc.count; bead++) {
      const { x, y, z } = points[bead] ?? ORIGIN;
      this.#arc.setMatrixAt(bead, BEAD.makeTranslation(x, y, z));
    }
    this.#arc.instanceMatrix.needsUpdate = true;
    this.#teleportMaterial.color = isAllowed ? ALLOWED : REFUSED;
    this.#arc.visible = true;
    this.#landing.visible = target !== null;
    if (target) {
      this.#landing.position.copy(target);
      this.#landing.position.y += 0.02;
      this.#landing.rotation.y = yaw;
    }
  }

  hideTeleport(): void {
    this.#arc.visible = this.#landing.visible = false;
  }

  /** Put the ring around the feet at `position`, or take it away. */
  select(position: Vector3 | null): void {
    this.#selection.visible = position !== null;
    if (!position) return;
    this.#selection.position.copy(position);
    this.#selection.position.y += 0.015;
  }

  /** Put the post on the floor at `place`, or take it away. */
  markViewpoint(place: Vector3 | null): void {
    this.#viewpoint.visible = place !== null;
    if (place) this.#viewpoint.position.copy(place);
  }

  /** Darken the edges of the view: 0 not at all, 1 leaves a narrow opening. */
  setVignette(camera: Camera, strength: number): void {
    if (this.#vignette.parent !== camera) camera.add(this.#vignette);
    this.#vignette.visible = strength > 0.01;
    const uniform = this.#vignette.material.uniforms["strength"];
    if (uniform) uniform.value = strength;
  }

  dispose(): void {
    this.group.traverse((object) => {
      if (!(object instanceof Mesh)) return;
      const drawn = object as Mesh<BufferGeometry, MeshBasicMaterial>;
      drawn.geometry.dispose();
      drawn.material.dispose();
    });
    this.#vignette.geometry.dispose();
    this.#vignette.material.dispose();
    this.#vignette.removeFromParent();
    this.group.removeFromParent();
  }
}

function arrow(): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute(
    "position",
    new BufferAttribute(new Float32Array([-0.1, 0, -0.36, 0.1, 0, -0.36, 0, 0, -0.5]), 3),
  );
  return geometry;
}

/** A dark post on a ring, with a light ball on top: one of the two stands out, whatever is behind them. */
function post(): Mesh<BufferGeometry, MeshBasicMaterial>[] {
  const dark = new MeshBasicMaterial({ color: PALETTE.ink, fog: false, toneMapped: false });
  const light = new MeshBasicMaterial({ color: PALETTE.amber, fog: false, toneMapped: false });
  return [
    new Mesh(new RingGeometry(0.25, 0.33, 40).rotateX(-Math.PI / 2).translate(0, 0.02, 0), dark),
    new Mesh(new CylinderGeometry(0.025, 0.025, POST_M).translate(0, POST_M / 2, 0), dark),
    new Mesh(new SphereGeometry(0.13, 20, 14).translate(0, POST_M, 0), light),
  ];
}

/** A sphere around the eyes, clear ahead and dark towards its sides; it follows the head, and so needs no screen space. */
function makeVignette(): Mesh<SphereGeometry, ShaderMaterial> {
  const material = new ShaderMaterial({
    uniforms: { strength: { value: 0 } },
    vertexShader:
      "varying vec3 vAt; void main() { vAt = position; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
    fragmentShader: /* glsl */ `
      uniform float strength;
      varying vec3 vAt;
      void main() {
        float away = acos(clamp(-normalize(vAt).z, -1.0, 1.0));
        float opening = mix(1.5, 0.42, strength);
        gl_FragColor = vec4(0.02, 0.02, 0.03, smoothstep(opening - 0.16, opening + 0.06, away));
      }`,
    transparent: true,
    depthTest: false,
    depthWrite: false,
    side: 1,
  });
  const mesh = new Mesh(new SphereGeometry(0.5, 24, 16), material);
  mesh.renderOrder = 1000;
  mesh.frustumCulled = false;
  mesh.visible = false;
  return mesh;
}

const ORIGIN = new Vector3();
const BEAD = new Matrix4();
