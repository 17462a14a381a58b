// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { roomName } from "../../src/ui/lobby/make-room";
import { draw } from "./page";

async function inLobby() {
  const page = await draw();
  await page.step(() => {
    page.store.directory.problem.value = null;
    page.store.directory.rooms.value = [
      { name: "hq", world: "headquarters", people: 2, capacity: 50, isLocked: false },
      { name: "border", world: "checkpoint", people: 9, capacity: 9, isLocked: true },
    ];
    const someone = { agency: "NCB", country: "FR", roles: [], guest: false, away: false, room: "hq" };
    page.store.directory.people.value = [
      { ...someone, user: "u-1", name: "Ada" },
      { ...someone, user: "u-2", name: "Grace Hopper" },
    ];
    page.store.directory.worlds.value = [
      {
        name: "headquarters",
        title: { en: "Headquarters", fr: "Siège", es: "Sede", ar: "المقر" },
        digest: "d",
      },
    ];
  });
  return page;
}

describe("the lobby", () => {
  it("lists rooms with who is there, and what keeps one out", async () => {
    const { all } = await inLobby();
    const [hq, border] = all("room-card");
    expect(hq?.dataset["room"]).toBe("hq");
    expect(hq?.textContent).toContain("Headquarters");
    expect(hq?.textContent).toContain("Grace Hopper");
    expect(border?.textContent).toContain("Locked");
    expect(border?.textContent).toContain("Full");
  });

  it("asks a guest for a name before anything else", async () => {
    const { all, one, step, store } = await inLobby();
    store.settings.name.value = "";
    await step(() => {
      all("enter-room")[0]?.click();
    });
    expect(store.screen.value.kind).toBe("lobby");
    expect(document.activeElement).toBe(one("name-input"));
    expect(one("name-input").getAttribute("aria-invalid")).toBe("true");
  });

  it("lets one type a name with a space in it", async () => {
    const { one, type, store } = await inLobby();
    await type("name-input", "Ada ");
    expect((one("name-input") as HTMLInputElement).value).toBe("Ada ");
    expect(store.settings.name.value).toBe("Ada");
  });

  it("goes into the room one chose", async () => {
    const { all, step, client, store } = await inLobby();
    await step(() => {
      all("enter-room")[0]?.click();
    });
    expect(store.screen.value).toMatchObject({ kind: "loading", to: { room: "hq", world: "headquarters" } });
    await step(() => {
      client().become({ phase: "online" });
    });
    expect(client().sent).toContainEqual(["join", "hq", "headquarters"]);
  });

  it("finds a colleague in all rooms", async () => {
    const { all, type } = await inLobby();
    await type("find-input", "hopp");
    expect(all("find-result").map((row) => row.dataset["name"])).toEqual(["Grace Hopper"]);
  });

  it("says in plain words that guests are refused, and takes a token", async () => {
    const { all, one, step, type, store } = await inLobby();
    await step(() => {
      store.directory.problem.value = { kind: "refused", code: "token_required" };
    });
    expect(all("name-input")).toEqual([]);
    expect(one("lobby").textContent).toContain("without signing in");
    await type("token-input", " secret ");
    await step(() => (one("token-input") as HTMLInputElement).form?.requestSubmit());
    expect(store.token.value).toBe("secret");
  });

  it("says when the server is away, and asks again on demand", async () => {
    const { one, step, store } = await inLobby();
    await step(() => {
      store.directory.problem.value = { kind: "away" };
    });
    expect(one("lobby").textContent).toContain("does not answer");
  });
});

describe("a room's name", () => {
  it("is made from what somebody typed", () => {
    expect(roomName("  Réunion du Matin! ")).toBe("reunion-du-matin");
    expect(roomName("قاعة")).toBe("");
  });
});
