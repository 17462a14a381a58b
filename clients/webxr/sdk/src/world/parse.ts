// Reads a world document that came over the network: every type, range and word is checked, so that nothing behind this
// module has to. What the parts mean to each other was checked by the server, which does not start with a wrong world;
// keys that a newer server may add are ignored.

import type { Box, Floor, GroundPoint, Point, PropObject, Sign, Sky, Texts, WorldDocument, Zone } from "./document.js";
import { Node, WorldError } from "./json.js";
import {
  BOX_LOOKS,
  CEILING_LOOKS,
  FIXTURE_KINDS,
  FLOOR_LOOKS,
  LANGUAGES,
  LIGHT_KINDS,
  SEAT_LOOKS,
  SIGN_STYLES,
  SKY_KINDS,
  WALL_LOOKS,
} from "./words.js";

export { WorldError };

const LIMIT_M = 4000;
const MAX_TEXT = 120;
const SLUG = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const COLOUR = /^#[0-9a-f]{6}$/;
const DAY: Sky = { kind: "day", sun: { azimuth: 140, elevation: 40 } };

/** Checks a world document. Throws a WorldError that says where it is wrong. */
export function parseWorld(json: unknown): WorldDocument {
  const root = new Node(json);
  const props = root.optional("props", (node) => node, new Node({}, "$.props"));
  return {
    name: slug(root.key("name")),
    title: texts(root.key("title")),
    bounds: box(root.key("bounds")),
    sight: root.optional("sight", (node) => node.number(0, 1000), null),
    clearances: root.key("clearances").list(slug),
    walls: root.key("walls").list((node) => ({
      from: groundPoint(node.key("from")),
      to: groundPoint(node.key("to")),
      base: metres(node.key("base")),
      height: node.key("height").number(0, LIMIT_M * 2),
      look: node.optional("look", (look) => look.choice(WALL_LOOKS), "plaster"),
    })),
    boxes: root.key("boxes").list((node) => ({
      ...box(node),
      look: node.optional("look", (look) => look.choice(BOX_LOOKS), "wood"),
    })),
    floors: root.key("floors").list(floor),
    ceilings: root.key("ceilings").list((node) => ({
      ...rectangle(node),
      height: metres(node.key("height")),
      look: node.key("look").choice(CEILING_LOOKS),
    })),
    zones: root.key("zones").list(zone),
    spawns: root
      .key("spawns")
      .list((node) => ({ position: point(node.key("position")), yaw: degrees(node.key("yaw")) })),
    seats: root.key("seats").list((node) => ({
      from: point(node.key("from")),
      to: point(node.key("to")),
      count: node.key("count").whole(1, 200),
      yaw: degrees(node.key("yaw")),
      look: node.optional("look", (look) => look.choice(SEAT_LOOKS), "chair"),
    })),
    portals: root.key("portals").list((node) => ({
      ...box(node),
      world: slug(node.key("world")),
      room: node.optional("room", slug, null),
    })),
    props: {
      kinds: props.key("kinds").list((node) => ({
        kind: slug(node.key("kind")),
        grabbable: node.key("grabbable").flag(),
      })),
      objects: props.key("objects").list(object),
    },
    fixtures: root.key("fixtures").list((node) => ({
      kind: node.key("kind").choice(FIXTURE_KINDS),
      position: point(node.key("position")),
      yaw: node.optional("yaw", degrees, 0),
      scale: node.optional("scale", (scale) => scale.number(0.05, 20), 1),
    })),
    lights: root.key("lights").list((node) => ({
      kind: node.key("kind").choice(LIGHT_KINDS),
      position: point(node.key("position")),
      colour: node.optional("colour", (colour) => colour.matching(COLOUR, "a colour, #rrggbb"), "#fff4e0"),
      intensity: node.optional("intensity", (intensity) => intensity.number(0, 10), 1),
      range: node.optional("range", (range) => range.number(0, 100), 8),
    })),
    signs: root.key("signs").list(sign),
    sky: root.optional("sky", sky, DAY),
  };
}

function floor(node: Node): Floor {
  return {
    ...rectangle(node),
    height: metres(node.key("height")),
    slope: node.optional(
      "slope",
      (slope) => ({ axis: slope.key("axis").choice(["x", "z"]), to: metres(slope.key("to")) }),
      null,
    ),
    look: node.optional("look", (look) => look.choice(FLOOR_LOOKS), "concrete"),
  };
}

function zone(node: Node): Zone {
  return {
    name: slug(node.key("name")),
    ...box(node),
    isolated: node.optional("isolated", (flag) => flag.flag(), false),
    speechPrivate: node.optional("speech_private", (flag) => flag.flag(), false),
    clearance: node.key("clearance").list(slug),
    capacity: node.optional(
      "capacity",
      (capacity) => (capacity.value === null ? null : capacity.whole(1, 65_535)),
      null,
    ),
  };
}

function object(node: Node): PropObject {
  const [x = 0, y = 0, z = 0, w = 1] = node.optional(
    "orientation",
    (orientation) => orientation.numbers(4, -1.001, 1.001),
    [0, 0, 0, 1],
  );
  return { kind: slug(node.key("kind")), position: point(node.key("position")), orientation: [x, y, z, w] };
}

function sign(node: Node): Sign {
  return {
    text: texts(node.key("text")),
    position: point(node.key("position")),
    yaw: degrees(node.key("yaw")),
    width: node.key("width").number(0, 100),
    style: node.key("style").choice(SIGN_STYLES),
  };
}

function sky(node: Node): Sky {
  return {
    kind: node.key("kind").choice(SKY_KINDS),
    sun: node.optional(
      "sun",
      (sun) => ({
        azimuth: sun.key("azimuth").number(0, 360),
        elevation: sun.key("elevation").number(0, 90),
      }),
      DAY.sun,
    ),
  };
}

function texts(node: Node): Texts {
  const read = (language: string) =>
    typeof node.value === "string" ? node.text(MAX_TEXT) : node.key(language).text(MAX_TEXT);
  const [en, fr, es, ar] = LANGUAGES.map(read) as [string, string, string, string];
  return { en, fr, es, ar };
}

function box(node: Node): Box {
  const min = point(node.key("min"));
  const max = point(node.key("max"));
  if (!min.every((low, axis) => low < (max[axis] ?? low))) node.fail("holds no volume");
  return { min, max };
}

function rectangle(node: Node): { min: GroundPoint; max: GroundPoint } {
  const min = groundPoint(node.key("min"));
  const max = groundPoint(node.key("max"));
  if (!(min[0] < max[0] && min[1] < max[1])) node.fail("holds no area");
  return { min, max };
}

function point(node: Node): Point {
  const [x = 0, y = 0, z = 0] = node.numbers(3, -LIMIT_M, LIMIT_M);
  return [x, y, z];
}

function groundPoint(node: Node): GroundPoint {
  const [x = 0, z = 0] = node.numbers(2, -LIMIT_M, LIMIT_M);
  return [x, z];
}

function metres(node: Node): number {
  return node.number(-LIMIT_M, LIMIT_M);
}

function degrees(node: Node): number {
  return node.number(-360, 360);
}

function slug(node: Node): string {
  return node.matching(SLUG, "a name of a-z 0-9 - _");
}
