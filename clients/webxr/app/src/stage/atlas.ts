/** Where drawings go on a shared canvas: shelves of equal height, filled from the left. Pure. */

export interface Slot {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Place rectangles of the given sizes on a sheet `width` wide, in the given order. Returns their slots and the height used; throws
 * where one is wider than the sheet. `gap` texels are kept between them, against bleeding. */
export function packShelves(
  sizes: readonly { width: number; height: number }[],
  width: number,
  gap: number,
): { slots: Slot[]; height: number } {
  const order = sizes.map((size, index) => ({ ...size, index })).sort((a, b) => b.height - a.height);
  const slots: Slot[] = new Array<Slot>(sizes.length);
  let x = 0;
  let y = 0;
  let shelf = 0;
  for (const size of order) {
    if (size.width > width) throw new RangeError(`a drawing of ${size.width} texels does not fit a sheet of ${width}`);
    if (x + size.width > width) {
      y += shelf + gap;
      x = 0;
      shelf = 0;
    }
    slots[size.index] = { x, y, width: size.width, height: size.height };
    shelf = Math.max(shelf, size.height);
    x += size.width + gap;
  }
  return { slots, height: y + shelf };
}

/** Hands out the cells of an even grid; when all are taken, the one used longest ago is given to the newcomer. */
export class CellPool {
  readonly #cellOf = new Map<number, number>();
  readonly #free: number[];

  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#free = Array.from({ length: capacity }, (_, index) => capacity - 1 - index);
  }

  /** The cell of `key`, or undefined; being asked for counts as being used. */
  find(key: number): number | undefined {
    const cell = this.#cellOf.get(key);
    if (cell !== undefined) {
      this.#cellOf.delete(key);
      this.#cellOf.set(key, cell);
    }
    return cell;
  }

  /** A cell for `key`, which has none yet. */
  take(key: number): number {
    let cell = this.#free.pop();
    if (cell === undefined) {
      const [oldest] = this.#cellOf;
      if (!oldest) throw new RangeError("a pool without cells");
      this.#cellOf.delete(oldest[0]);
      cell = oldest[1];
    }
    this.#cellOf.set(key, cell);
    return cell;
  }

  release(key: number): void {
    const cell = this.#cellOf.get(key);
    if (cell === undefined) return;
    this.#cellOf.delete(key);
    this.#free.push(cell);
  }
}
