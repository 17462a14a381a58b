/**
 * One's own hands as one sees them in VR: joints of a bare hand, or a small controller.
 *
 * Children of the rig; nothing here is seen by others.
 */
import {
  CapsuleGeometry,
  DynamicDrawUsage,
  Group,
  InstancedMesh,
  Matrix4,
  Mesh,
  MeshStandardMaterial,
  type Object3D,
  SphereGeometry,
  TorusGeometry,
  Vector3,
} from "three";
import { type HandInput, type Inputs, JOINTS } from "./inputs";

const SKIN = 0x9fb4c7;
const SHELL = 0x2b3440;
const matrix = new Matrix4();
const size = new Vector3();

export class HandMeshes {
  readonly #rig: Object3D;
  readonly #hands: readonly HandMesh[] = [new HandMesh(), new HandMesh()];

  constructor(rig: Object3D) {
    this.#rig = rig;
    for (const { controller, joints } of this.#hands) rig.add(controller, joints);
  }

  update(inputs: Inputs): void {
    inputs.hands.forEach((hand, index) => this.#hands[index]?.update(hand));
  }

  dispose(): void {
    for (const hand of this.#hands) {
      this.#rig.remove(hand.controller, hand.joints);
      hand.dispose();
    }
  }
}

class HandMesh {
  readonly controller = new Group();
  readonly joints: InstancedMesh;
  readonly #skin = new MeshStandardMaterial({ color: SKIN, roughness: 0.7 });
  readonly #shell = new MeshStandardMaterial({ color: SHELL, roughness: 0.5 });
  readonly #handle = new CapsuleGeometry(0.017, 0.075, 4, 12);
  readonly #ring = new TorusGeometry(0.036, 0.006, 8, 24);

  constructor() {
    const handle = new Mesh(this.#handle, this.#shell);
    handle.rotation.x = 0.35;
    const ring = new Mesh(this.#ring, this.#skin);
    ring.position.set(0, 0.045, -0.03);
    ring.rotation.x = -0.9;
    this.controller.add(handle, ring);
    this.joints = new InstancedMesh(new SphereGeometry(1, 10, 8), this.#skin, JOINTS.length);
    this.joints.instanceMatrix.setUsage(DynamicDrawUsage);
    this.joints.frustumCulled = false;
    this.controller.visible = this.joints.visible = false;
  }

  update(hand: HandInput): void {
    this.controller.visible = hand.grip.isSeen && !hand.isBareHand;
    this.joints.visible = hand.grip.isSeen && hand.isBareHand;
    this.controller.position.copy(hand.grip.position);
    this.controller.quaternion.copy(hand.grip.orientation);
    if (!this.joints.visible) return;
    for (let joint = 0; joint < JOINTS.length; joint++) {
      const radius = hand.radii[joint] ?? 0.008;
      this.joints.setMatrixAt(joint, matrix.fromArray(hand.joints, joint * 16).scale(size.setScalar(radius)));
    }
    this.joints.instanceMatrix.needsUpdate = true;
  }

  dispose(): void {
    this.joints.geometry.dispose();
    this.joints.dispose();
    this.#handle.dispose();
    this.#ring.dispose();
    this.#skin.dispose();
    this.#shell.dispose();
  }
}
