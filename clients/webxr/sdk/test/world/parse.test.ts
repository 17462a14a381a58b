// World documents off the network: every shipped one is read, and whatever is wrong is said with its place.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseWorld, WorldError } from "../../src/world/index.js";
import * as words from "../../src/world/words.js";

const WORLDS = new URL("../../../../../presence/worlds/", import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, WORLDS), "utf-8"));
const shipped = readdirSync(WORLDS).filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"));

const SMALL = {
  name: "hall",
  title: "Hall",
  bounds: { min: [-20, 0, -20], max: [20, 5, 20] },
  spawns: [{ position: [0, 0, 0], yaw: 0 }],
};

describe("what is right", () => {
  it.each(shipped)("%s is read", (name) => {
    const world = parseWorld(read(name));
    expect(world.spawns.length).toBeGreaterThan(0);
    expect(Object.keys(world.title)).toEqual(["en", "fr", "es", "ar"]);
  });

  it("fills in what may be left out", () => {
    const world = parseWorld({
      ...SMALL,
      walls: [{ from: [0, 0], to: [1, 0], base: 0, height: 2 }],
      boxes: [{ min: [0, 0, 0], max: [1, 1, 1] }],
      floors: [{ min: [0, 0], max: [1, 1], height: 0 }],
      zones: [{ name: "quiet", min: [0, 0, 0], max: [1, 1, 1], speech_private: true }],
      fixtures: [{ kind: "tree", position: [0, 0, 0] }],
      lights: [{ kind: "glow", position: [0, 2, 0] }],
    });
    expect(world.title.ar).toBe("Hall");
    expect(world.sight).toBeNull();
    expect(world.walls[0]?.look).toBe("plaster");
    expect(world.boxes[0]?.look).toBe("wood");
    expect(world.floors[0]).toMatchObject({ look: "concrete", slope: null });
    expect(world.zones[0]).toMatchObject({ isolated: false, speechPrivate: true, clearance: [], capacity: null });
    expect(world.fixtures[0]).toMatchObject({ yaw: 0, scale: 1 });
    expect(world.lights[0]).toMatchObject({ colour: "#fff4e0", intensity: 1, range: 8 });
    expect(world.sky.kind).toBe("day");
    expect(world.props).toEqual({ kinds: [], objects: [] });
  });

  it("ignores keys that a newer server may write", () => {
    expect(parseWorld({ ...SMALL, weather: "rain" }).name).toBe("hall");
  });
});

describe("what is wrong", () => {
  it.each<[string, unknown, string]>([
    ["no object", null, "$ is not an object"],
    ["a list", [], "$ is not an object"],
    ["no name", { ...SMALL, name: undefined }, "$.name is not a name"],
    ["a name with spaces", { ...SMALL, name: "Big Hall" }, "$.name is not a name"],
    ["a title without Arabic", { ...SMALL, title: { en: "a", fr: "a", es: "a" } }, "$.title.ar is not a text"],
    ["bounds without volume", { ...SMALL, bounds: { min: [0, 0, 0], max: [0, 1, 1] } }, "$.bounds holds no volume"],
    ["a coordinate that is text", { ...SMALL, spawns: [{ position: [0, "0", 0], yaw: 0 }] }, "$.spawns[0].position[1]"],
    ["a coordinate that is no number", { ...SMALL, spawns: [{ position: [0, NaN, 0], yaw: 0 }] }, "position[1]"],
    ["a point of two", { ...SMALL, spawns: [{ position: [0, 0], yaw: 0 }] }, "position has 2 items, not 3"],
    ["more walls than anybody draws", { ...SMALL, walls: Array(10_001).fill(0) }, "$.walls has more than 10000"],
    ["walls that are no list", { ...SMALL, walls: {} }, "$.walls is not a list"],
    [
      "an unknown look",
      { ...SMALL, floors: [{ min: [0, 0], max: [1, 1], height: 0, look: "lava" }] },
      "floors[0].look",
    ],
    ["a flat floor", { ...SMALL, floors: [{ min: [0, 0], max: [0, 1], height: 0 }] }, "$.floors[0] holds no area"],
    ["too many seats", { ...SMALL, seats: [{ from: [0, 0, 0], to: [1, 0, 0], count: 1e9, yaw: 0 }] }, "seats[0].count"],
    ["half a seat", { ...SMALL, seats: [{ from: [0, 0, 0], to: [1, 0, 0], count: 1.5, yaw: 0 }] }, "is not whole"],
    ["a colour in words", { ...SMALL, lights: [{ kind: "glow", position: [0, 0, 0], colour: "red" }] }, "a colour"],
    ["a flag that is text", { ...SMALL, props: { kinds: [{ kind: "a", grabbable: "yes" }] } }, "kinds[0].grabbable"],
    ["props that are null", { ...SMALL, props: null }, "$.props is not an object"],
  ])("%s", (_, world, message) => {
    expect(() => parseWorld(world)).toThrow(WorldError);
    expect(() => parseWorld(world)).toThrow(message);
  });
});

describe("the closed lists", () => {
  it("are those of the schema", () => {
    const schema = read("world.schema.json") as { $defs: Record<string, { enum?: string[] }> };
    const lists = Object.entries(words).filter(([name]) => name !== "LANGUAGES");
    const camel = (name: string): string =>
      name
        .toLowerCase()
        .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
        .replace(/s$/, "");
    expect(Object.fromEntries(lists.map(([name, list]) => [camel(name), list]))).toEqual(
      Object.fromEntries(
        Object.entries(schema.$defs).flatMap(([name, { enum: list }]) => (list ? [[name, list]] : [])),
      ),
    );
  });
});
