/** A small world for tests: two rooms of 10 m with a door between them, a ramp to a gallery, a table, and seats. */
import { parseWorld, type WorldDocument, WorldGeometry } from "@presence-hub/client";

export const DOCUMENT: WorldDocument = parseWorld({
  name: "test",
  title: "Test",
  bounds: { min: [-10, 0, -10], max: [10, 6, 10] },
  clearances: [],
  // The wall along x = 0 has a door from z = -1 to z = 1, with a lintel over it.
  walls: [
    { from: [0, -10], to: [0, -1], base: 0, height: 3 },
    { from: [0, 1], to: [0, 10], base: 0, height: 3 },
    { from: [0, -1], to: [0, 1], base: 2.2, height: 0.8 },
  ],
  boxes: [{ min: [4, 0, 4], max: [6, 0.75, 5] }],
  floors: [
    { min: [-10, -10], max: [10, 10], height: 0 },
    { min: [4, -10], max: [6, -6], height: 2, slope: { axis: "z", to: 0 } },
    { min: [6, -10], max: [10, -6], height: 2 },
  ],
  ceilings: [{ min: [-10, -10], max: [0, 10], height: 3, look: "acoustic" }],
  zones: [],
  spawns: [{ position: [2, 0, 0], yaw: 0 }],
  seats: [{ from: [-6, 0, 6], to: [-4, 0, 6], count: 3, yaw: 180 }],
  portals: [{ min: [8, 0, 8], max: [10, 3, 10], world: "test" }],
  props: {
    kinds: [
      { kind: "folder", grabbable: true },
      { kind: "sign", grabbable: false },
    ],
    objects: [],
  },
  fixtures: [],
  lights: [],
  signs: [],
});

export const GEOMETRY = new WorldGeometry(DOCUMENT);
