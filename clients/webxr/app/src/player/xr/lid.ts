/**
 * Going dark for the moment of a jump, for those who asked for less motion.
 *
 * Owns one mesh that hangs on the camera.
 */
import { BackSide, type Camera, Mesh, MeshBasicMaterial, SphereGeometry } from "three";

const SHUT_S = 0.12;
const LAST = 1e6; // render order: over everything

export class Lid {
  readonly #camera: Camera;
  readonly #mesh: Mesh<SphereGeometry, MeshBasicMaterial>;
  #isShutting = false;
  #whenShut: (() => void) | null = null;

  constructor(camera: Camera) {
    this.#camera = camera;
    const material = new MeshBasicMaterial({
      color: 0x000000,
      transparent: true,
      opacity: 0,
      side: BackSide,
      depthTest: false,
      depthWrite: false,
      fog: false,
      toneMapped: false,
    });
    this.#mesh = new Mesh(new SphereGeometry(0.4, 16, 12), material);
    this.#mesh.renderOrder = LAST;
    this.#mesh.frustumCulled = false;
    this.#mesh.visible = false;
    camera.add(this.#mesh);
  }

  /** Go dark; resolves when it is. */
  shut(): Promise<void> {
    this.#isShutting = true;
    return new Promise((resolve) => {
      this.#whenShut?.();
      this.#whenShut = resolve;
    });
  }

  open(): void {
    this.#isShutting = false;
  }

  update(dtS: number): void {
    const { material } = this.#mesh;
    material.opacity = Math.min(Math.max(material.opacity + (this.#isShutting ? dtS : -dtS) / SHUT_S, 0), 1);
    this.#mesh.visible = material.opacity > 0;
    if (material.opacity === 1) this.#finish();
  }

  dispose(): void {
    this.#finish();
    this.#camera.remove(this.#mesh);
    this.#mesh.geometry.dispose();
    this.#mesh.material.dispose();
  }

  #finish(): void {
    this.#whenShut?.();
    this.#whenShut = null;
  }
}
