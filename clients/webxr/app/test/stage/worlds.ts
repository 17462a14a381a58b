/** Worlds for tests: the shipped ones from their files, and small ones made up of what a test needs. */

import { readFileSync } from "node:fs";
import { parseWorld, type WorldDocument } from "@presence-hub/client";

const FOLDER = new URL("../../../../../presence/worlds/", import.meta.url);

export function shipped(name: string): WorldDocument {
  return parseWorld(JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")));
}

export function world(parts: Record<string, unknown>): WorldDocument {
  return parseWorld({
    name: "test",
    title: "Test",
    bounds: { min: [-20, 0, -20], max: [20, 8, 20] },
    spawns: [{ position: [0, 0, 0], yaw: 0 }],
    ...parts,
  });
}
