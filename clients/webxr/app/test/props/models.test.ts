import { Box3 } from "three";
import { describe, expect, it } from "vitest";
import { makeProp, PROP_KINDS } from "../../src/props/models";
import { shipped } from "../stage/worlds";

function size(kind: string): readonly [number, number, number] {
  const geometry = makeProp(kind);
  geometry.computeBoundingBox();
  const box = geometry.boundingBox ?? new Box3();
  return [box.max.x - box.min.x, box.max.y - box.min.y, box.max.z - box.min.z];
}

describe("makeProp", () => {
  it.each([...PROP_KINDS])("makes a %s one could hold", (kind) => {
    const longest = Math.max(...size(kind));
    expect(longest).toBeGreaterThan(0.05);
    expect(longest).toBeLessThan(1.1);
  });

  it("makes a parcel of what it does not know, whatever its name", () => {
    expect(size("never-heard-of")).toEqual(size("toString"));
  });

  it.each(["headquarters", "checkpoint", "plaza"])("knows every kind of %s", (name) => {
    const unknown = shipped(name).props.kinds.filter(({ kind }) => !PROP_KINDS.includes(kind));
    expect(unknown).toEqual([]);
  });
});
