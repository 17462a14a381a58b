import { Box3, type Group, Mesh } from "three";
import { describe, expect, it } from "vitest";
import type { WorldDocument } from "@presence-hub/client";
import type { Quality } from "../../src/stage/quality";
import { LightUniforms } from "../../src/stage/lit";
import { SurfaceLibrary } from "../../src/stage/surfaces";
import { buildFixtures } from "../../src/stage/world/fixtures/index";
import { buildFurniture } from "../../src/stage/world/furniture";
import { buildGround } from "../../src/stage/world/ground";
import { buildLamps } from "../../src/stage/world/lamps";
import { standProud } from "../../src/stage/world/mounting";
import { Site } from "../../src/stage/world/site";
import { buildWalls, HALF_THICKNESS_M } from "../../src/stage/world/walls";
import { shipped, world } from "./worlds";

function built(
  document: WorldDocument,
  build: (site: Site, document: WorldDocument) => void,
  quality: Quality = "low",
): Group {
  const site = new Site(quality);
  build(site, document);
  return site.finish(new FlatLibrary("low", new LightUniforms()));
}

/** Materials without textures: there is no canvas here. */
class FlatLibrary extends SurfaceLibrary {
  override material(): ReturnType<SurfaceLibrary["material"]> {
    return super.material("paint");
  }
}

function extent(group: Group, leaveOut: readonly string[] = ["shade"]): Box3 {
  const box = new Box3();
  for (const mesh of group.children) if (!leaveOut.includes(mesh.name)) box.expandByObject(mesh);
  return box;
}

describe("walls", () => {
  const LOOKS = ["plaster", "glass", "wood", "brick", "door", "railing", "glass-railing", "curtain", "hedge"] as const;

  it.each(LOOKS)("of %s stand where they stop people", (look) => {
    const wall = { from: [-4, 1], to: [6, 1], base: 0.5, height: 3, look };
    const { min, max } = extent(built(world({ walls: [wall] }), buildWalls));
    const along = 0.16;
    expect(min.x).toBeGreaterThanOrEqual(-4 - along);
    expect(max.x).toBeLessThanOrEqual(6 + along);
    expect(min.x).toBeLessThanOrEqual(-3.9);
    expect(max.x).toBeGreaterThanOrEqual(5.9);
    const thick = look === "hedge" ? 0.7 : HALF_THICKNESS_M + 0.03;
    expect(min.z).toBeGreaterThanOrEqual(1 - thick);
    expect(max.z).toBeLessThanOrEqual(1 + thick);
    expect(Math.abs(min.y - 0.5)).toBeLessThan(look === "hedge" ? 0.3 : 0.05);
    expect(max.y).toBeGreaterThan(3.4);
  });

  it("of no look are not drawn", () => {
    const wall = { from: [-4, 1], to: [6, 1], base: 0, height: 3, look: "none" };
    expect(extent(built(world({ walls: [wall] }), buildWalls)).isEmpty()).toBe(true);
  });
});

describe("furniture", () => {
  const LOOKS = [
    "wood",
    "stone",
    "marble",
    "concrete",
    "metal",
    "plaster",
    "desk",
    "table",
    "counter",
    "podium",
    "bench",
    "shelf",
    "cabinet",
    "sofa",
    "workbench",
    "conveyor",
    "booth",
    "crate",
    "column",
    "pool",
    "vehicle",
    "glass",
  ] as const;

  it.each(LOOKS)("of %s fills its box and does not leave it", (look) => {
    const box = { min: [1, 0, -3], max: [3.4, 1.2, -2], look };
    const { min, max } = extent(built(world({ boxes: [box] }), buildFurniture));
    const slack = look === "vehicle" ? 0.12 : 0.03;
    expect(min.x).toBeGreaterThanOrEqual(1 - slack);
    expect(max.x).toBeLessThanOrEqual(3.4 + slack);
    expect(min.z).toBeGreaterThanOrEqual(-3 - slack);
    expect(max.z).toBeLessThanOrEqual(-2 + slack);
    expect(max.y).toBeLessThanOrEqual(1.2 + slack);
    const wide = look === "column" ? 0.9 : 2.2;
    expect(max.x - min.x).toBeGreaterThan(wide);
    expect(max.y).toBeGreaterThan(0.4);
  });
});

describe("ground", () => {
  it("lies at the height of its floor, ramps too", () => {
    const floors = [{ min: [-3, -3], max: [3, 3], height: 0, slope: { axis: "z", to: 1.5 }, look: "carpet" }];
    const carpet = built(world({ floors }), buildGround).children.filter(({ name }) => name === "carpet");
    const box = new Box3();
    for (const mesh of carpet) box.expandByObject(mesh);
    expect(box.min.y).toBeCloseTo(0, 2);
    expect(box.max.y).toBeCloseTo(1.5, 2);
    expect([box.min.x, box.max.x, box.min.z, box.max.z]).toEqual([-3, 3, -3, 3]);
  });

  it("puts ceilings where they are said to be, and a roof over them", () => {
    const ceilings = [{ min: [-3, -3], max: [3, 3], height: 4, look: "plaster" }];
    const plaster = built(world({ ceilings }), buildGround).children.filter(({ name }) => name === "plaster");
    expect(new Box3().expandByObject(plaster[0] ?? new Mesh()).min.y).toBe(4);
  });
});

describe("every shipped world", () => {
  it.each(["headquarters", "checkpoint", "plaza", "open"])(
    "%s is built of few meshes, without a broken number",
    (name) => {
      const document = shipped(name);
      const everything = (site: Site): void => {
        for (const build of [buildGround, buildWalls, buildFurniture, buildFixtures, buildLamps]) build(site, document);
      };
      const group = built(document, everything, "high");
      expect(group.children.length).toBeLessThan(100);
      // At low quality pieces are cut finer, so that what is out of sight can be left out.
      expect(built(document, everything).children.length).toBeGreaterThanOrEqual(group.children.length);
      for (const mesh of group.children) {
        if (!(mesh instanceof Mesh)) throw new Error("only meshes are built");
        const { position, normal } = (mesh as Mesh).geometry.attributes;
        expect(position?.array.every(Number.isFinite)).toBe(true);
        expect(normal === undefined || normal.array.every(Number.isFinite)).toBe(true);
      }
    },
  );
});

describe("standProud", () => {
  const document = world({ walls: [{ from: [-4, 1], to: [6, 1], base: 0, height: 3 }] });

  it("moves what hangs on a wall out of it, the way it faces", () => {
    expect(standProud(document, 0, 1, 0, 0.1)).toEqual([0, expect.closeTo(0.9, 6)]);
    expect(standProud(document, 0, 1, Math.PI, 0.1)).toEqual([0, expect.closeTo(1.1, 6)]);
  });

  it("leaves alone what hangs free or beside the wall", () => {
    expect(standProud(document, 0, 2, 0, 0.1)).toEqual([0, 2]);
    expect(standProud(document, 7, 1, 0, 0.1)).toEqual([7, 1]);
  });
});
