import { describe, expect, it } from "vitest";
import { Mesher } from "../../src/stage/mesher";

function floor(mesher: Mesher, width: number, depth: number): Mesher {
  mesher.quad(
    [0, 0, depth],
    [width, 0, depth],
    [width, 0, 0],
    [0, 0, 0],
    [0, depth, width, depth, width, 0, 0, 0],
    [
      [0, 0, 0],
      [1, 0, 0],
      [1, 1, 0],
      [0, 1, 0],
    ],
  );
  return mesher;
}

describe("Mesher", () => {
  it("cuts broad quads where it is told to, and what it tells of them stays as it was", () => {
    const geometry = floor(new Mesher(3), 9, 6).build();
    expect(geometry.index?.count).toBe(3 * 2 * 6);
    const { position, uv, color, normal } = geometry.attributes;
    for (let vertex = 0; vertex < (position?.count ?? 0); vertex++) {
      const [x, z] = [position?.getX(vertex) ?? NaN, position?.getZ(vertex) ?? NaN];
      expect(uv?.getX(vertex)).toBeCloseTo(x, 5);
      expect(uv?.getY(vertex)).toBeCloseTo(z, 5);
      expect(color?.getX(vertex)).toBeCloseTo(x / 9, 5);
      expect(color?.getY(vertex)).toBeCloseTo(1 - z / 6, 5);
      expect(normal?.getY(vertex)).toBe(1);
    }
  });

  it("leaves quads whole otherwise", () => {
    expect(floor(new Mesher(), 90, 60).build().index?.count).toBe(6);
    expect(floor(new Mesher(3), 90, 0.2).build().index?.count).toBe(6);
  });
});
