import { describe, expect, it } from "vitest";
import { CellPool, packShelves } from "../../src/stage/atlas";

describe("packShelves", () => {
  const sizes = Array.from({ length: 60 }, (_, index) => ({
    width: 40 + ((index * 37) % 160),
    height: 10 + ((index * 13) % 50),
  }));
  const { slots, height } = packShelves(sizes, 512, 2);

  it("gives every drawing its own size", () => {
    expect(slots.map(({ width, height: tall }) => ({ width, height: tall }))).toEqual(sizes);
  });

  it("keeps them on the sheet and apart", () => {
    slots.forEach((one, index) => {
      expect(one.x).toBeGreaterThanOrEqual(0);
      expect(one.x + one.width).toBeLessThanOrEqual(512);
      expect(one.y + one.height).toBeLessThanOrEqual(height);
      for (const other of slots.slice(index + 1)) {
        const isApart =
          one.x + one.width < other.x ||
          other.x + other.width < one.x ||
          one.y + one.height < other.y ||
          other.y + other.height < one.y;
        expect(isApart).toBe(true);
      }
    });
  });

  it("refuses what is wider than the sheet", () => {
    expect(() => packShelves([{ width: 600, height: 10 }], 512, 2)).toThrow(RangeError);
  });
});

describe("CellPool", () => {
  it("gives everybody a cell of their own until all are taken", () => {
    const pool = new CellPool(4);
    const cells = [1, 2, 3, 4].map((key) => pool.take(key));
    expect(new Set(cells).size).toBe(4);
    expect(pool.find(3)).toBe(cells[2]);
  });

  it("takes the cell that was used longest ago", () => {
    const pool = new CellPool(2);
    const first = pool.take(1);
    const second = pool.take(2);
    pool.find(1);
    expect(pool.take(3)).toBe(second);
    expect(pool.find(2)).toBeUndefined();
    expect(pool.find(1)).toBe(first);
  });

  it("reuses what was released", () => {
    const pool = new CellPool(1);
    const cell = pool.take(1);
    pool.release(1);
    expect(pool.find(1)).toBeUndefined();
    expect(pool.take(2)).toBe(cell);
  });
});
