/** Those who are so far away that nothing but their place is told: a plain mark above the ground for each, without a badge. One draw. */

import { DynamicDrawUsage, InstancedMesh, Matrix4, MeshBasicMaterial, OctahedronGeometry } from "three";

const RADIUS_M = 0.25;
/** Of its middle, above the ground: about a person's. */
const HEIGHT_M = 1;
const COLOUR = 0x6f8fb8;

export class Dots {
  readonly mesh: InstancedMesh<OctahedronGeometry, MeshBasicMaterial>;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.mesh = new InstancedMesh(new OctahedronGeometry(RADIUS_M), new MeshBasicMaterial({ color: COLOUR }), capacity);
    this.mesh.instanceMatrix.setUsage(DynamicDrawUsage);
    this.mesh.frustumCulled = false;
    this.mesh.count = 0;
  }

  begin(): void {
    this.mesh.count = 0;
  }

  add(x: number, y: number, z: number): void {
    if (this.mesh.count === this.#capacity) return;
    this.mesh.setMatrixAt(this.mesh.count, PLACED.makeTranslation(x, y + HEIGHT_M, z));
    this.mesh.count++;
  }

  finish(): void {
    this.mesh.visible = this.mesh.count > 0;
    this.mesh.instanceMatrix.needsUpdate = this.mesh.visible;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
    this.mesh.dispose();
    this.mesh.removeFromParent();
  }
}

const PLACED = new Matrix4();
