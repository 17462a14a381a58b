import { expect, test } from "vitest";
import { PoseTable } from "../../src/index.js";

test("a table that grows keeps what it holds, in every column", () => {
  const table = new PoseTable();
  const last = table.entity.length - 1;
  table.count = last + 1;
  table.entity[last] = 7;
  table.position.set([1, 2, 3], last * 3);
  table.parts[last * 21 + 20] = 0.5;
  table.reserve(last + 2);
  expect(table.entity.length).toBeGreaterThan(last + 1);
  expect(table.entity[last]).toBe(7);
  expect([...table.position.subarray(last * 3, last * 3 + 3)]).toEqual([1, 2, 3]);
  expect(table.parts[last * 21 + 20]).toBe(0.5);
});
