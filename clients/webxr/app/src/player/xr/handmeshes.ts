/**
 * One's own hands as one sees them in VR: fingers and palm of a bare hand, or a small controller.
 *
 * Children of the rig; nothing here is seen by others.
 */
import {
  CapsuleGeometry,
  CylinderGeometry,
  DataTexture,
  DynamicDrawUsage,
  Group,
  InstancedMesh,
  Matrix4,
  Mesh,
  MeshMatcapMaterial,
  type Object3D,
  Quaternion,
  SRGBColorSpace,
  SphereGeometry,
  TorusGeometry,
  Vector3,
} from "three";
import { type HandInput, type Inputs, JOINTS } from "./inputs";

const SKIN = 0xb9c9da;
const SHELL = 0x4a5666;

/** What a hand is made of: each finger from the wrist to its tip, and a bar over the knuckles. */
const BONES: readonly (readonly [number, number])[] = [
  ...["thumb", "index-finger", "middle-finger", "ring-finger", "pinky-finger"].flatMap((finger) => {
    const chain = [0, ...JOINTS.flatMap((name, joint) => (name.startsWith(finger) ? [joint] : []))];
    return chain.slice(1).map((joint, index) => [chain[index] ?? 0, joint] as const);
  }),
  ...["index-finger", "middle-finger", "ring-finger"].map((finger, index) => {
    const next = ["middle-finger", "ring-finger", "pinky-finger"][index] ?? finger;
    return [knuckle(finger), knuckle(next)] as const;
  }),
];

function knuckle(finger: string): number {
  return JOINTS.findIndex((name) => name === `${finger}-phalanx-proximal`);
}

export class HandMeshes {
  readonly #rig: Object3D;
  readonly #hands: readonly HandMesh[] = [new HandMesh(), new HandMesh()];

  constructor(rig: Object3D) {
    this.#rig = rig;
    for (const { controller, bare } of this.#hands) rig.add(controller, bare);
  }

  update(inputs: Inputs): void {
    inputs.hands.forEach((hand, index) => this.#hands[index]?.update(hand));
  }

  dispose(): void {
    for (const hand of this.#hands) {
      this.#rig.remove(hand.controller, hand.bare);
      hand.dispose();
    }
  }
}

class HandMesh {
  readonly controller = new Group();
  readonly bare = new Group();
  readonly #joints: InstancedMesh;
  readonly #bones: InstancedMesh;
  readonly #light = softLight();
  readonly #skin = new MeshMatcapMaterial({ color: SKIN, matcap: this.#light });
  readonly #shell = new MeshMatcapMaterial({ color: SHELL, matcap: this.#light });
  readonly #handle = new CapsuleGeometry(0.017, 0.075, 4, 12);
  readonly #ring = new TorusGeometry(0.036, 0.006, 8, 24);

  constructor() {
    const handle = new Mesh(this.#handle, this.#shell);
    handle.rotation.x = 0.35;
    const ring = new Mesh(this.#ring, this.#skin);
    ring.position.set(0, 0.045, -0.03);
    ring.rotation.x = -0.9;
    this.controller.add(handle, ring);
    this.#joints = new InstancedMesh(new SphereGeometry(1, 10, 8), this.#skin, JOINTS.length);
    this.#bones = new InstancedMesh(new CylinderGeometry(1, 1, 1, 10, 1, true), this.#skin, BONES.length);
    for (const mesh of [this.#joints, this.#bones]) {
      mesh.instanceMatrix.setUsage(DynamicDrawUsage);
      mesh.frustumCulled = false;
    }
    this.bare.add(this.#joints, this.#bones);
    this.controller.visible = this.bare.visible = false;
  }

  update(hand: HandInput): void {
    this.controller.visible = hand.grip.isSeen && !hand.isBareHand;
    this.bare.visible = hand.grip.isSeen && hand.isBareHand;
    this.controller.position.copy(hand.grip.position);
    this.controller.quaternion.copy(hand.grip.orientation);
    if (this.bare.visible) this.#bend(hand);
  }

  dispose(): void {
    for (const mesh of [this.#joints, this.#bones]) {
      mesh.geometry.dispose();
      mesh.dispose();
    }
    this.#handle.dispose();
    this.#ring.dispose();
    this.#skin.dispose();
    this.#shell.dispose();
    this.#light.dispose();
  }

  #bend({ joints, radii }: HandInput): void {
    for (let joint = 0; joint < JOINTS.length; joint++) {
      from.fromArray(joints, joint * 16 + 12);
      size.setScalar(radii[joint] ?? 0);
      this.#joints.setMatrixAt(joint, matrix.compose(from, UNTURNED, size));
    }
    BONES.forEach(([start, end], bone) => {
      from.fromArray(joints, start * 16 + 12);
      to.fromArray(joints, end * 16 + 12);
      const radius = Math.min(radii[start] ?? 0, radii[end] ?? 0);
      way.subVectors(to, from);
      size.set(radius, way.length(), radius);
      turn.setFromUnitVectors(UP, way.normalize());
      this.#bones.setMatrixAt(bone, matrix.compose(from.lerp(to, 0.5), turn, size));
    });
    this.#joints.instanceMatrix.needsUpdate = true;
    this.#bones.instanceMatrix.needsUpdate = true;
  }
}

/** Light from above, the same in every room: one sees one's own hands where worlds are lit by textures, or not at all. */
function softLight(): DataTexture {
  const side = 32;
  const pixels = new Uint8Array(side * side * 4);
  for (let pixel = 0; pixel < side * side; pixel++) {
    const x = ((pixel % side) / (side - 1)) * 2 - 1;
    const y = (Math.floor(pixel / side) / (side - 1)) * 2 - 1;
    const z = Math.sqrt(Math.max(0, 1 - x * x - y * y));
    const shade = 255 * Math.min(1, 0.5 + 0.3 * Math.max(0, y) + 0.25 * z);
    pixels.set([shade, shade, shade, 255], pixel * 4);
  }
  const texture = new DataTexture(pixels, side, side);
  texture.colorSpace = SRGBColorSpace;
  texture.needsUpdate = true;
  return texture;
}

const UP = new Vector3(0, 1, 0);
const UNTURNED = new Quaternion();
const from = new Vector3();
const to = new Vector3();
const way = new Vector3();
const size = new Vector3();
const turn = new Quaternion();
const matrix = new Matrix4();
