// Fetches the world that a room is made from, and makes sure that it is the one the server uses: a wall that only one of
// them knows would be worse than none.
import { parseWorld, WorldGeometry } from "@presence-hub/client";
import { WorldLoadError, type World } from "./scene";

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** The world by this name, which has this digest. Throws WorldLoadError. */
export async function loadWorld(fetch: Fetch, name: string, digest: string): Promise<World> {
  // A cache on the way may still hold the world of before an update.
  const response = (await answered(fetch, name, digest, "default")) ?? (await answered(fetch, name, digest, "reload"));
  if (response === null) throw new WorldLoadError("differs", `the world ${name} is not the server's (${digest})`);
  let document;
  try {
    document = parseWorld(await response.json());
  } catch (error) {
    throw new WorldLoadError("invalid", `the world ${name} cannot be read: ${String(error)}`);
  }
  return { document, geometry: new WorldGeometry(document) };
}

/** The answer, unless it is about another edition of the world. */
async function answered(fetch: Fetch, name: string, digest: string, cache: RequestCache): Promise<Response | null> {
  let response;
  try {
    response = await fetch(`/v1/worlds/${encodeURIComponent(name)}`, { cache });
  } catch (error) {
    throw new WorldLoadError("unreachable", String(error));
  }
  if (!response.ok) throw new WorldLoadError("unreachable", `${name} was answered with ${response.status}`);
  const tag = (response.headers.get("ETag") ?? "").replace(/^W\//, "").replaceAll('"', "");
  return tag === digest ? response : null;
}
