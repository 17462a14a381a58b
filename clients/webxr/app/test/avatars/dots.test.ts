/** Who is far away is drawn where they are, and only for as long. */
import { Matrix4, Vector3 } from "three";
import { expect, it } from "vitest";
import { Dots } from "../../src/avatars/dots";

function drawn(dots: Dots): number[][] {
  const matrix = new Matrix4();
  return Array.from({ length: dots.mesh.count }, (_, index) => {
    dots.mesh.getMatrixAt(index, matrix);
    return new Vector3().setFromMatrixPosition(matrix).toArray();
  });
}

it("marks everybody's place anew in each frame, as many as there is room for", () => {
  const dots = new Dots(2);
  dots.finish();
  expect(dots.mesh.visible).toBe(false);
  dots.begin();
  for (const x of [1, 2, 3]) dots.add(x, 0.5, -4);
  dots.finish();
  expect(dots.mesh.visible).toBe(true);
  expect(drawn(dots)).toEqual([
    [1, 1.5, -4],
    [2, 1.5, -4],
  ]);
  dots.begin();
  dots.finish();
  expect(dots.mesh.visible).toBe(false);
});
