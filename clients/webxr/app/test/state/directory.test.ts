import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { Directory, worldTitle } from "../../src/state/directory";
import { FakeClock } from "./fakes";

const ROOM = { name: "hq", world: "headquarters", people: 1, capacity: 100, locked: false };
const TITLE = { en: "Headquarters", fr: "Siège", es: "Sede", ar: "المقر" };
const GOOD: Record<string, unknown> = {
  "/v1/rooms": { rooms: [ROOM] },
  "/v1/presence": { people: [] },
  "/v1/worlds": { worlds: [{ name: "headquarters", title: TITLE, digest: "d" }] },
};

function made(answers: Record<string, unknown> = GOOD, status = 200, headers: Record<string, string> = {}) {
  const clock = new FakeClock();
  const isHidden = signal(false);
  const asked: { path: string; token: string | null }[] = [];
  const directory = new Directory({
    ...clock.parts,
    isHidden,
    fetch: (path, init) => {
      asked.push({ path, token: new Headers(init.headers).get("Authorization") });
      return Promise.resolve(new Response(JSON.stringify(answers[path]), { status, headers }));
    },
  });
  return { directory, clock, asked, isHidden };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("the directory", () => {
  it("tells rooms and worlds, in the reader's language", async () => {
    const { directory } = made();
    directory.watch();
    await settled();
    expect(directory.rooms.value).toEqual([
      { name: "hq", world: "headquarters", people: 1, capacity: 100, isLocked: false },
    ]);
    expect(worldTitle(directory.worlds.value, "headquarters", "fr")).toBe("Siège");
    expect(worldTitle(directory.worlds.value, "unknown", "fr")).toBe("unknown");
  });

  it("asks again after a while, but not while hidden, and stops when nobody looks", async () => {
    const { directory, clock, asked, isHidden } = made();
    directory.watch();
    await settled();
    const first = asked.length;
    clock.advance(5000);
    await settled();
    expect(asked.length).toBeGreaterThan(first);
    isHidden.value = true;
    clock.advance(5000);
    await settled();
    const hidden = asked.length;
    clock.advance(60_000);
    await settled();
    expect(asked.length).toBe(hidden);
    isHidden.value = false;
    await settled();
    expect(asked.length).toBeGreaterThan(hidden);
    directory.unwatch();
    expect(clock.pending).toBe(0);
  });

  it("tells a server that is away from one that wants a token", async () => {
    const away = made(GOOD, 500);
    away.directory.refresh();
    await settled();
    expect(away.directory.problem.value).toEqual({ kind: "away" });
    const refused = made({ "/v1/rooms": { code: "token_required", reason: "", advice: "" } }, 401);
    refused.directory.refresh();
    await settled();
    expect(refused.directory.problem.value).toEqual({ kind: "refused", code: "token_required" });
  });

  it("waits as long as a server asks that is asked too often", async () => {
    const { directory, clock, asked } = made({ "/v1/rooms": { code: "too_soon" } }, 429, { "Retry-After": "30" });
    directory.watch();
    await settled();
    clock.advance(29_000);
    await settled();
    expect(asked).toHaveLength(1);
    clock.advance(2000);
    await settled();
    expect(asked).toHaveLength(2);
    expect(directory.problem.value).toBeNull();
  });

  it("shows its token, and asks at once when it is another", async () => {
    const { directory, asked } = made();
    directory.watch();
    await settled();
    directory.identify("secret");
    await settled();
    expect(asked.at(-1)?.token).toBe("Bearer secret");
  });

  it.each([[{ rooms: [{ ...ROOM, name: "<b>" }] }], [{ rooms: [{ ...ROOM, people: -1 }] }], [[]], [{ rooms: 7 }]])(
    "believes nothing that is not as it should be: %j",
    async (rooms) => {
      const { directory } = made({ ...GOOD, "/v1/rooms": rooms });
      directory.refresh();
      await settled();
      expect(directory.rooms.value).toBeNull();
      expect(directory.problem.value).toEqual({ kind: "away" });
    },
  );
});
