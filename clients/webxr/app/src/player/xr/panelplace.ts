/**
 * Where the panel in VR is: over the left wrist while one looks at it, or before one's face at a button's press.
 */
import { Matrix4, type Object3D, Vector3 } from "three";
import type { Inputs } from "./inputs";

const UP = new Vector3(0, 1, 0);
const OVER_WRIST_M = 0.15;
const BEFORE_FACE_M = 0.6;
/** Cosines of how far from the gaze the wrist comes into view, and goes out of it. */
const SHOWS = 0.86;
const HIDES = 0.78;

export class PanelPlace {
  #isPinned = false;

  /** Whether it stands in the room rather than at the wrist. */
  get isPinned(): boolean {
    return this.#isPinned;
  }

  update(inputs: Inputs, board: Object3D): void {
    const { head, left } = inputs;
    gaze.set(0, 0, -1).applyQuaternion(head.orientation);
    if (inputs.hands.some(({ panelButton }) => panelButton.wentDown)) {
      this.#isPinned = !this.#isPinned;
      board.position
        .copy(gaze)
        .setY(Math.max(gaze.y, -0.3))
        .normalize()
        .multiplyScalar(BEFORE_FACE_M)
        .add(head.position);
    }
    if (!this.#isPinned && left.grip.isSeen) {
      board.position.copy(left.grip.position).addScaledVector(UP, OVER_WRIST_M);
    }
    to.subVectors(board.position, head.position).normalize();
    const limit = board.visible ? HIDES : SHOWS;
    board.visible = this.#isPinned || (left.grip.isSeen && to.dot(gaze) > limit);
    board.quaternion.setFromRotationMatrix(matrix.lookAt(head.position, board.position, UP));
    board.updateMatrixWorld();
  }
}

const gaze = new Vector3();
const to = new Vector3();
const matrix = new Matrix4();
