import { Action, Channel, OfflineError, Refusal, RefusedError } from "@presence-hub/client";
import { describe, expect, it } from "vitest";
import { makePage, person } from "./fakes";

const BO = person(2, "Bo");

async function inRoom() {
  const page = makePage();
  await page.enter([person(1, "Ada"), BO]);
  return page;
}

describe("commands", () => {
  it("become notes when they are refused, in words", async () => {
    const page = await inRoom();
    page.client().answer = new RefusedError(Refusal.MUTED, "");
    expect(await page.actions.chat("room", "hello")).toBe(false);
    page.client().answer = new OfflineError("");
    await page.actions.goTo(2);
    expect(page.store.toasts.shown.value.map(({ key }) => key)).toEqual(["refusal.muted", "refusal.offline"]);
  });

  it("send a direct message to whom was chosen, and nothing empty", async () => {
    const page = await inRoom();
    page.actions.addressDirectly(2);
    expect(await page.actions.chat("direct", "  psst  ")).toBe(true);
    expect(await page.actions.chat("room", "   ")).toBe(false);
    expect(page.client().sent.filter(([kind]) => kind === "chat")).toEqual([["chat", Channel.DIRECT, "psst", 2]]);
  });

  it("cut a text to what the protocol takes, between code points", async () => {
    const page = await inRoom();
    await page.actions.chat("room", "😀".repeat(1200));
    const said = page.client().sent.find(([kind]) => kind === "chat")?.[2];
    expect(Array.from(String(said))).toHaveLength(1000);
  });

  it("follow keys: a digit is an emote", async () => {
    const page = await inRoom();
    page.actions.command("emote-4");
    expect(page.client().sent).toContainEqual(["gesture", 3]);
  });

  it("keep a blocked person's name, for the way back", async () => {
    const page = await inRoom();
    await page.actions.block(BO, true);
    expect([...page.store.blocked.value]).toEqual([["u-Bo", "Bo"]]);
    await page.actions.block(BO, false);
    expect(page.store.blocked.value.size).toBe(0);
  });
});

describe("a pin", () => {
  it("is noted where it was made, until it is taken away or they leave", async () => {
    const page = await inRoom();
    const { store, actions } = page;
    await actions.moderate("pin", 2, "speaks");
    expect(page.client().sent).toContainEqual(["moderate", Action.PIN, 2, "speaks"]);
    expect([...store.pinned.value]).toEqual([[2, BO.generation]]);
    await actions.moderate("unpin", 2, "");
    expect(page.client().sent).toContainEqual(["moderate", Action.UNPIN, 2, ""]);
    expect(store.pinned.value.size).toBe(0);
    await actions.moderate("pin", 2, "");
    await page.client().leave();
    expect(store.pinned.value.size).toBe(0);
  });

  it("is not noted where it was refused", async () => {
    const page = await inRoom();
    page.client().answer = new RefusedError(Refusal.NOT_ALLOWED, "");
    await page.actions.moderate("pin", 2, "");
    expect(page.store.pinned.value.size).toBe(0);
    expect(page.store.toasts.shown.value.map(({ key }) => key)).toEqual(["refusal.not_allowed"]);
  });
});

describe("a viewpoint", () => {
  const HERE = { x: 4.5, y: 0, z: -2 };

  async function standingHere() {
    const page = await inRoom();
    page.scene.ownPosition = () => HERE;
    return page;
  }

  it("stands where one stood, is marked there, and is taken away", async () => {
    const { store, actions, scene, client } = await standingHere();
    await actions.lookFromHere(true);
    expect(client().sent).toContainEqual(["lookFrom", [4.5, 0, -2]]);
    scene.ownPosition = () => ({ x: 9, y: 0, z: 9 });
    expect([store.viewpoint.value, scene.viewpoint]).toEqual([HERE, HERE]);
    await actions.lookFromHere(false);
    expect(client().sent).toContainEqual(["lookFrom", null]);
    expect([store.viewpoint.value, scene.viewpoint]).toEqual([null, null]);
  });

  it("stands nowhere where it was refused, which is said in words", async () => {
    const { store, actions, scene, client } = await standingHere();
    client().answer = new RefusedError(Refusal.NOT_ALLOWED, "looking from elsewhere is for: instructor");
    await actions.lookFromHere(true);
    expect([store.viewpoint.value, scene.viewpoint]).toEqual([null, null]);
    expect(store.toasts.shown.value.map(({ key }) => key)).toEqual(["refusal.not_allowed"]);
  });

  it("ends with the stay in the room, and with the session", async () => {
    const { actions, scene, client } = await standingHere();
    await actions.lookFromHere(true);
    await client().leave();
    expect(scene.viewpoint).toBeNull();
    await actions.enter({ room: "hq", world: "headquarters" });
    await actions.lookFromHere(true);
    expect(scene.viewpoint).toEqual(HERE);
    client().end(4301, "kicked");
    expect(scene.viewpoint).toBeNull();
  });
});

describe("going to somebody", () => {
  it("joins their room, waits until they are known there, and steps beside them", async () => {
    const page = makePage();
    const going = page.actions.goToUser("u-Bo", "border");
    page.client().become({ phase: "online" });
    await new Promise((resolve) => setImmediate(resolve));
    page.client().people.set(2, BO);
    page.client().emit("people", { changed: [BO], gone: [] });
    await going;
    expect(page.client().sent).toContainEqual(["join", "border", ""]);
    expect(page.client().sent).toContainEqual(["goTo", 2]);
  });

  it("gives up after a while when they are not there", async () => {
    const page = await inRoom();
    const going = page.actions.goToUser("u-nobody", "hq");
    page.clock.advance(6000);
    await going;
    expect(page.store.toasts.shown.value.at(-1)?.key).toBe("refusal.unknown_entity");
  });
});

describe("what is heard", () => {
  const said = { entity: 2, person: BO, channel: Channel.ROOM, text: "hello", timeMs: 0 };

  it("reaches the log and the picture, and marks the speaker for a while", async () => {
    const page = await inRoom();
    page.client().emit("said", said);
    expect(page.store.chat.lines.value).toMatchObject([{ name: "Bo", text: "hello", channel: "room", isOwn: false }]);
    expect(page.scene.bubbles).toEqual([[2, "hello"]]);
    expect(page.scene.looks.get(2)?.isSpeaking).toBe(true);
    page.clock.advance(10_000);
    expect(page.scene.looks.get(2)?.isSpeaking).toBe(false);
  });

  it("is nothing where one muted them for oneself", async () => {
    const page = await inRoom();
    page.actions.silence("u-Bo", true);
    page.client().emit("said", said);
    expect(page.store.chat.lines.value).toEqual([]);
    expect(page.scene.bubbles).toEqual([]);
  });

  it("shows no private word to the whole picture", async () => {
    const page = await inRoom();
    page.client().emit("said", { ...said, channel: Channel.DIRECT });
    expect(page.scene.bubbles).toEqual([]);
    expect(page.store.chat.lines.value).toHaveLength(1);
  });

  it("keeps the newest lines only, and counts the unread ones", async () => {
    const page = await inRoom();
    page.actions.close("chat");
    for (let count = 0; count < 250; count++) page.client().emit("said", { ...said, text: String(count) });
    expect(page.store.chat.lines.value).toHaveLength(200);
    expect(page.store.chat.lines.value.at(-1)?.text).toBe("249");
    expect(page.store.chat.unread.value).toBe(250);
    page.actions.open("chat");
    expect(page.store.chat.unread.value).toBe(0);
  });
});

describe("the roster", () => {
  it("follows changes, many at once, and forgets who is gone", async () => {
    const page = await inRoom();
    const { people } = page.client();
    people.delete(2);
    people.set(3, person(3, "Cy"));
    page.client().emit("people", { changed: [], gone: [2] });
    page.client().emit("people", { changed: [], gone: [] });
    page.clock.advance(100);
    expect([...page.store.people.value.keys()]).toEqual([1, 3]);
    expect([...page.scene.looks.keys()]).toEqual([1, 3]);
  });
});

describe("the rules of a zone", () => {
  it("are told once, not with every step against them", async () => {
    const page = await inRoom();
    for (let step = 0; step < 5; step++) {
      page.client().emit("correction", { cause: 4, position: [0, 0, 0], yaw: 0 });
    }
    expect(page.store.toasts.shown.value.map(({ key }) => key)).toEqual(["notice.zone_clearance"]);
  });
});
