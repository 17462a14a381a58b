/** Builds geometry piece by piece into plain growing arrays: quads, boxes, lofts and whole small geometries, in a local frame that
 * can be moved. One Mesher becomes one BufferGeometry. Texture coordinates are metres unless a piece says otherwise. */

import { BufferAttribute, BufferGeometry, Matrix3, Matrix4, Vector3 } from "three";

export type Rgb = readonly [number, number, number];
type Corner = readonly [number, number, number];

const WHITE: Rgb = [1, 1, 1];

export class Mesher {
  #positions = new Float32Array(FIRST_VERTICES * 3);
  #normals = new Float32Array(FIRST_VERTICES * 3);
  #uvs = new Float32Array(FIRST_VERTICES * 2);
  #colours = new Float32Array(FIRST_VERTICES * 3);
  #indices = new Uint32Array(FIRST_VERTICES * 2);
  #vertices = 0;
  #corners = 0;
  readonly #longestM: number;
  readonly #frame = new Matrix4();
  readonly #frameNormal = new Matrix3();
  #isIdentity = true;

  /** Quads that reach further than `longestM` along the ground are cut, so that what is told of their vertices can differ within. */
  constructor(longestM = Infinity) {
    this.#longestM = longestM;
  }

  get isEmpty(): boolean {
    return this.#corners === 0;
  }

  get vertexCount(): number {
    return this.#vertices;
  }

  /** What follows is placed at `x, y, z`, turned by `yaw` radians and scaled. */
  place(x: number, y: number, z: number, yaw = 0, scale = 1): this {
    this.#frame
      .makeRotationY(yaw)
      .scale(SCALE.set(scale, scale, scale))
      .setPosition(x, y, z);
    this.#frameNormal.getNormalMatrix(this.#frame);
    this.#isIdentity = false;
    return this;
  }

  reset(): this {
    this.#isIdentity = true;
    return this;
  }

  vertex(position: Corner, normal: Corner, u: number, v: number, colour: Rgb): number {
    return this.#put(position[0], position[1], position[2], normal[0], normal[1], normal[2], u, v, colour);
  }

  #put(x: number, y: number, z: number, nx: number, ny: number, nz: number, u: number, v: number, colour: Rgb): number {
    if (this.#vertices * 3 === this.#positions.length) this.#grow();
    const vertex = this.#vertices++;
    const at = vertex * 3;
    if (this.#isIdentity) {
      this.#positions[at] = x;
      this.#positions[at + 1] = y;
      this.#positions[at + 2] = z;
      this.#normals[at] = nx;
      this.#normals[at + 1] = ny;
      this.#normals[at + 2] = nz;
    } else {
      POINT.set(x, y, z).applyMatrix4(this.#frame).toArray(this.#positions, at);
      POINT.set(nx, ny, nz).applyMatrix3(this.#frameNormal).normalize().toArray(this.#normals, at);
    }
    this.#uvs[vertex * 2] = u;
    this.#uvs[vertex * 2 + 1] = v;
    this.#colours[at] = colour[0];
    this.#colours[at + 1] = colour[1];
    this.#colours[at + 2] = colour[2];
    return vertex;
  }

  #grow(): void {
    this.#positions = doubled(this.#positions);
    this.#normals = doubled(this.#normals);
    this.#uvs = doubled(this.#uvs);
    this.#colours = doubled(this.#colours);
  }

  triangle(a: number, b: number, c: number): void {
    if (this.#corners + 3 > this.#indices.length) {
      const longer = new Uint32Array(this.#indices.length * 2);
      longer.set(this.#indices);
      this.#indices = longer;
    }
    this.#indices[this.#corners++] = a;
    this.#indices[this.#corners++] = b;
    this.#indices[this.#corners++] = c;
  }

  /** A flat four-sided face, corners counter-clockwise seen from its front, with one colour or one for each corner. */
  quad(
    a: Corner,
    b: Corner,
    c: Corner,
    d: Corner,
    uvs: readonly number[],
    colours: Rgb | readonly [Rgb, Rgb, Rgb, Rgb] = WHITE,
  ): void {
    EDGE.set(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
    OTHER.set(d[0] - a[0], d[1] - a[1], d[2] - a[2]);
    EDGE.cross(OTHER).normalize();
    const normal: Corner = [EDGE.x, EDGE.y, EDGE.z];
    const each = (typeof colours[0] === "number" ? [colours, colours, colours, colours] : colours) as readonly [
      Rgb,
      Rgb,
      Rgb,
      Rgb,
    ];
    const isBroad = Math.min(distance(a, b), distance(a, d)) > NARROW_M;
    const columns = isBroad ? this.#cuts(a, b) : 1;
    const rows = isBroad ? this.#cuts(a, d) : 1;
    if (columns * rows > 1) {
      this.#grid([a, b, c, d], normal, uvs, each, columns, rows);
      return;
    }
    const first = this.vertex(a, normal, uvs[0] ?? 0, uvs[1] ?? 0, each[0]);
    this.vertex(b, normal, uvs[2] ?? 0, uvs[3] ?? 0, each[1]);
    this.vertex(c, normal, uvs[4] ?? 0, uvs[5] ?? 0, each[2]);
    this.vertex(d, normal, uvs[6] ?? 0, uvs[7] ?? 0, each[3]);
    this.triangle(first, first + 1, first + 2);
    this.triangle(first, first + 2, first + 3);
  }

  #cuts(from: Corner, to: Corner): number {
    const wayM = Math.hypot(to[0] - from[0], to[2] - from[2]);
    return Math.min(MOST_CUTS, Math.max(1, Math.ceil(wayM / this.#longestM)));
  }

  #grid(
    corners: readonly [Corner, Corner, Corner, Corner],
    normal: Corner,
    uvs: readonly number[],
    colours: readonly [Rgb, Rgb, Rgb, Rgb],
    columns: number,
    rows: number,
  ): void {
    const first = this.#vertices;
    const uvOf = (corner: number): Corner => [uvs[corner * 2] ?? 0, uvs[corner * 2 + 1] ?? 0, 0];
    const ends = [uvOf(0), uvOf(1), uvOf(2), uvOf(3)] as const;
    for (let row = 0; row <= rows; row++) {
      for (let column = 0; column <= columns; column++) {
        const [s, t] = [column / columns, row / rows];
        const [u, v] = between(ends, s, t);
        this.vertex(between(corners, s, t), normal, u, v, between(colours, s, t));
      }
    }
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = first + row * (columns + 1) + column;
        this.triangle(at, at + 1, at + columns + 2);
        this.triangle(at, at + columns + 2, at + columns + 1);
      }
    }
  }

  /** An axis-parallel box in the current frame. `shadeBelow` darkens its lower edge, as the floor's shade would; `skip` names faces
   * nobody sees: any of `bottom top left right front back` by their initials `d u l r f b`. */
  box(
    x0: number,
    y0: number,
    z0: number,
    x1: number,
    y1: number,
    z1: number,
    colour: Rgb = WHITE,
    skip = "",
    shadeBelow = 1,
  ): void {
    const low: Rgb = [colour[0] * shadeBelow, colour[1] * shadeBelow, colour[2] * shadeBelow];
    const sides = [low, low, colour, colour] as const;
    if (!skip.includes("f"))
      this.quad([x0, y0, z1], [x1, y0, z1], [x1, y1, z1], [x0, y1, z1], [x0, y0, x1, y0, x1, y1, x0, y1], sides);
    if (!skip.includes("b"))
      this.quad([x1, y0, z0], [x0, y0, z0], [x0, y1, z0], [x1, y1, z0], [x1, y0, x0, y0, x0, y1, x1, y1], sides);
    if (!skip.includes("r"))
      this.quad([x1, y0, z1], [x1, y0, z0], [x1, y1, z0], [x1, y1, z1], [z1, y0, z0, y0, z0, y1, z1, y1], sides);
    if (!skip.includes("l"))
      this.quad([x0, y0, z0], [x0, y0, z1], [x0, y1, z1], [x0, y1, z0], [z0, y0, z1, y0, z1, y1, z0, y1], sides);
    if (!skip.includes("u"))
      this.quad([x0, y1, z1], [x1, y1, z1], [x1, y1, z0], [x0, y1, z0], [x0, z1, x1, z1, x1, z0, x0, z0], colour);
    if (!skip.includes("d"))
      this.quad([x0, y0, z0], [x1, y0, z0], [x1, y0, z1], [x0, y0, z1], [x0, z0, x1, z0, x1, z1, x0, z1], low);
  }

  /** A solid of revolution, or any tube of elliptic rings stacked upwards: each ring is [y, radiusX, radiusZ, offsetX, offsetZ]. Ends
   * are closed where `capped`. Normals are smooth around and follow the slope between rings. */
  loft(
    rings: readonly (readonly number[])[],
    sides: number,
    colour: Rgb | ((ring: number, side: number) => Rgb) = WHITE,
    capped = true,
  ): void {
    const colourOf = typeof colour === "function" ? colour : (): Rgb => colour;
    const first = this.vertexCount;
    rings.forEach((ring, index) => {
      const [y = 0, rx = 0, rz = rx, ox = 0, oz = 0] = ring;
      const before = rings[Math.max(0, index - 1)] ?? ring;
      const after = rings[Math.min(rings.length - 1, index + 1)] ?? ring;
      const rise = (after[0] ?? 0) - (before[0] ?? 0);
      const slopeX = rise === 0 ? 0 : ((before[1] ?? 0) - (after[1] ?? 0)) / rise;
      for (let side = 0; side <= sides; side++) {
        const angle = (side / sides) * Math.PI * 2;
        const cos = Math.cos(angle);
        const sin = Math.sin(angle);
        const flat = rise === 0 ? Math.sign((before[1] ?? 0) - (after[1] ?? 0)) : slopeX;
        const length = Math.hypot(1, flat);
        this.vertex(
          [ox + cos * rx, y, oz + sin * rz],
          [cos / length, flat / length, sin / length],
          (side / sides) * (rx + rz) * 3.14,
          y,
          colourOf(index, side % sides),
        );
      }
    });
    const around = sides + 1;
    for (let index = 0; index + 1 < rings.length; index++) {
      for (let side = 0; side < sides; side++) {
        const a = first + index * around + side;
        this.triangle(a, a + around, a + 1);
        this.triangle(a + 1, a + around, a + around + 1);
      }
    }
    if (capped) {
      this.#cap(rings[0], sides, -1, colourOf(0, 0));
      this.#cap(rings[rings.length - 1], sides, 1, colourOf(rings.length - 1, 0));
    }
  }

  #cap(ring: readonly number[] | undefined, sides: number, up: 1 | -1, colour: Rgb): void {
    const [y = 0, rx = 0, rz = rx, ox = 0, oz = 0] = ring ?? [];
    if (rx < 1e-4) return;
    const centre = this.vertex([ox, y, oz], [0, up, 0], 0, 0, colour);
    for (let side = 0; side <= sides; side++) {
      const angle = (side / sides) * Math.PI * 2;
      this.vertex(
        [ox + Math.cos(angle) * rx, y, oz + Math.sin(angle) * rz],
        [0, up, 0],
        Math.cos(angle) * rx,
        Math.sin(angle) * rz,
        colour,
      );
    }
    for (let side = 1; side <= sides; side++) {
      if (up > 0) this.triangle(centre, centre + side + 1, centre + side);
      else this.triangle(centre, centre + side, centre + side + 1);
    }
  }

  /** An ellipsoid around a centre. */
  ball(x: number, y: number, z: number, rx: number, ry: number, rz: number, sides: number, colour: Rgb = WHITE): void {
    const first = this.vertexCount;
    const stacks = Math.max(3, Math.round(sides / 2));
    for (let stack = 0; stack <= stacks; stack++) {
      const polar = (stack / stacks) * Math.PI;
      for (let side = 0; side <= sides; side++) {
        const angle = (side / sides) * Math.PI * 2;
        const nx = Math.sin(polar) * Math.cos(angle);
        const ny = -Math.cos(polar);
        const nz = Math.sin(polar) * Math.sin(angle);
        const length = Math.hypot(nx / rx, ny / ry, nz / rz) || 1;
        this.vertex(
          [x + nx * rx, y + ny * ry, z + nz * rz],
          [nx / rx / length, ny / ry / length, nz / rz / length],
          side / sides,
          stack / stacks,
          colour,
        );
      }
    }
    const around = sides + 1;
    for (let stack = 0; stack < stacks; stack++) {
      for (let side = 0; side < sides; side++) {
        const a = first + stack * around + side;
        this.triangle(a, a + around, a + 1);
        this.triangle(a + 1, a + around, a + around + 1);
      }
    }
  }

  /** Take in a whole geometry (three's own primitives), moved by `matrix`. */
  add(geometry: BufferGeometry, matrix: Matrix4, colour: Rgb = WHITE): void {
    const position = geometry.getAttribute("position");
    const normal = geometry.getAttribute("normal");
    const uv = geometry.getAttribute("uv") as BufferAttribute | undefined;
    const first = this.vertexCount;
    TURN.getNormalMatrix(matrix);
    for (let index = 0; index < position.count; index++) {
      LOCAL.fromBufferAttribute(position, index).applyMatrix4(matrix);
      LOCAL_NORMAL.fromBufferAttribute(normal, index).applyMatrix3(TURN).normalize();
      this.vertex(
        [LOCAL.x, LOCAL.y, LOCAL.z],
        [LOCAL_NORMAL.x, LOCAL_NORMAL.y, LOCAL_NORMAL.z],
        uv?.getX(index) ?? 0,
        uv?.getY(index) ?? 0,
        colour,
      );
    }
    const indices = geometry.getIndex();
    const count = indices?.count ?? position.count;
    for (let index = 0; index < count; index += 3) {
      const corner = (offset: number): number => first + (indices?.getX(index + offset) ?? index + offset);
      this.triangle(corner(0), corner(1), corner(2));
    }
    geometry.dispose();
  }

  build(): BufferGeometry {
    const geometry = new BufferGeometry();
    const count = this.#vertices;
    geometry.setAttribute("position", new BufferAttribute(this.#positions.slice(0, count * 3), 3));
    geometry.setAttribute("normal", new BufferAttribute(this.#normals.slice(0, count * 3), 3));
    geometry.setAttribute("uv", new BufferAttribute(this.#uvs.slice(0, count * 2), 2));
    geometry.setAttribute("color", new BufferAttribute(this.#colours.slice(0, count * 3), 3));
    const indices = this.#indices.subarray(0, this.#corners);
    geometry.setIndex(new BufferAttribute(count > 65535 ? indices.slice() : Uint16Array.from(indices), 1));
    geometry.computeBoundingSphere();
    return geometry;
  }
}

/** What lies within four corners, `s` of the way from the first to the second and `t` from there to the third. */
function between(ends: readonly [Corner, Corner, Corner, Corner], s: number, t: number): [number, number, number] {
  const mixed = (axis: 0 | 1 | 2): number =>
    (ends[0][axis] * (1 - s) + ends[1][axis] * s) * (1 - t) + (ends[3][axis] * (1 - s) + ends[2][axis] * s) * t;
  return [mixed(0), mixed(1), mixed(2)];
}

function distance(from: Corner, to: Corner): number {
  return Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
}

function doubled(array: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const longer = new Float32Array(array.length * 2);
  longer.set(array);
  return longer;
}

/** Room for a first box or two; grown by doubling. */
const FIRST_VERTICES = 96;
/** No side of a quad is cut into more: the land around a world reaches to the haze. */
const MOST_CUTS = 16;
/** On what is narrower than this nobody sees how light changes along it. */
const NARROW_M = 0.4;
const POINT = new Vector3();
const EDGE = new Vector3();
const OTHER = new Vector3();
const SCALE = new Vector3();
const LOCAL = new Vector3();
const LOCAL_NORMAL = new Vector3();
const TURN = new Matrix3();
