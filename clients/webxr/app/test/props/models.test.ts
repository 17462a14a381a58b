import { describe, expect, it } from "vitest";
import { makeProp, PROP_KINDS } from "../../src/props/models";
import { shipped } from "../stage/worlds";

function size(kind: string): readonly [number, number, number] {
  const geometry = makeProp(kind);
  geometry.computeBoundingBox();
  const { min, max } = geometry.boundingBox ?? { min: { x: 0, y: 0, z: 0 }, max: { x: 0, y: 0, z: 0 } };
  return [max.x - min.x, max.y - min.y, max.z - min.z];
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
