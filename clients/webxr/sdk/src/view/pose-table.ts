/**
 * Poses to draw, one row for each subject in sight. Made once and filled every frame by `Room.sample`, without garbage.
 */

const FIRST_CAPACITY = 64;
/** Head, left hand, right hand. */
export const PARTS = 3;
/** Numbers of one part: position x y z, orientation x y z w. */
export const PART_SIZE = 7;

/**
 * Struct of arrays; rows from 0 to `count` mean something. The arrays are replaced when the table grows, so look them up
 * afresh each frame. The order of rows means nothing and changes.
 */
export class PoseTable {
  /** How many rows are filled. */
  count = 0;
  /** Entity ids. */
  entity = new Uint16Array(FIRST_CAPACITY);
  /**
   * What it is: `Section.ROOT` (an avatar on a desktop), `Section.TRACKED` (with head and hands) or `Section.THING`; or
   * `Section.DOT`, whatever it is, where it is so far away that nothing but its place is told, to 62 mm an axis.
   */
  body = new Uint8Array(FIRST_CAPACITY);
  /** Three a row: x y z, metres. An avatar's is the point on the floor between its feet. */
  position = new Float32Array(FIRST_CAPACITY * 3);
  /** Radians about +Y, counter-clockwise seen from above, 0 looks along −Z. Avatars only. */
  yaw = new Float32Array(FIRST_CAPACITY);
  /** Radians, up positive. Avatars only. */
  pitch = new Float32Array(FIRST_CAPACITY);
  /** Four a row: x y z w. Things only; an avatar stays upright. */
  orientation = new Float32Array(FIRST_CAPACITY * 4);
  /**
   * Twenty-one a row: head, left hand and right hand, each position x y z in metres and orientation x y z w, in the frame
   * of the avatar's root (turned by its yaw). `Section.TRACKED` only.
   */
  parts = new Float32Array(FIRST_CAPACITY * PARTS * PART_SIZE);
  /** How fast it is being shown to move, m/s. */
  speed = new Float32Array(FIRST_CAPACITY);

  /** Make room for `rows` rows in all; those that are there stay. */
  reserve(rows: number): void {
    if (rows <= this.entity.length) return;
    const capacity = Math.max(rows, this.entity.length * 2);
    this.entity = grown(this.entity, new Uint16Array(capacity));
    this.body = grown(this.body, new Uint8Array(capacity));
    this.position = grown(this.position, new Float32Array(capacity * 3));
    this.yaw = grown(this.yaw, new Float32Array(capacity));
    this.pitch = grown(this.pitch, new Float32Array(capacity));
    this.orientation = grown(this.orientation, new Float32Array(capacity * 4));
    this.parts = grown(this.parts, new Float32Array(capacity * PARTS * PART_SIZE));
    this.speed = grown(this.speed, new Float32Array(capacity));
  }
}

function grown<T extends Uint8Array | Uint16Array | Float32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
