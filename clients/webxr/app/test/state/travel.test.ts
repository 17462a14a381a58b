import { RefusedError, Refusal } from "@presence-hub/client";
import { describe, expect, it } from "vitest";
import { NoPictureError } from "../../src/state/scene";
import { makePage, person } from "./fakes";

describe("entering", () => {
  it("goes through its steps into the room, and shows who is there", async () => {
    const page = makePage();
    const steps: string[] = [];
    page.store.screen.subscribe((screen) => steps.push(screen.kind === "loading" ? screen.step : screen.kind));
    await page.enter([person(1, "Ada"), person(2, "Bo", { roles: ["moderator"] })]);
    expect(steps).toEqual(["lobby", "connecting", "joining", "world", "picture", "room"]);
    expect(page.scene.entered).not.toBeNull();
    expect(page.store.room.value?.name).toBe("hq");
    expect(page.scene.looks.get(2)).toMatchObject({ name: "Bo", role: "Moderator", isGuest: false });
  });

  it("says why the door stays shut", async () => {
    const page = makePage((client) => {
      client.joins = new RefusedError(Refusal.ROOM_LOCKED, "");
    });
    await page.enter();
    expect(page.store.screen.value).toMatchObject({
      kind: "failed",
      failure: { kind: "refused", name: "room_locked" },
    });
  });

  it("keeps one in the old room when a portal leads to a full one", async () => {
    const page = makePage();
    await page.enter();
    page.client().joins = new RefusedError(Refusal.ROOM_FULL, "");
    expect(await page.actions.travel({ world: "checkpoint", room: "border" })).toBe(false);
    expect(page.store.screen.value.kind).toBe("room");
    expect(page.store.toasts.shown.value[0]?.key).toBe("refusal.room_full");
  });

  it.each(["unreachable", "invalid", "differs"] as const)("leaves again when the world is %s", async (kind) => {
    const page = makePage();
    page.failing.world = kind;
    await page.enter();
    expect(page.store.screen.value).toMatchObject({ kind: "failed", failure: { kind: `world_${kind}` } });
    expect(page.client().room).toBeNull();
  });

  it("tells a missing WebGL from a mistake of the program, and reports only the mistake", async () => {
    const page = makePage();
    page.failing.scene = new NoPictureError("no WebGL");
    await page.enter();
    expect(page.store.screen.value).toMatchObject({ failure: { kind: "no_picture" } });
    expect(page.reported).toEqual([]);
    const broken = makePage();
    broken.failing.scene = new TypeError("oops");
    await broken.enter();
    expect(broken.store.screen.value).toMatchObject({ failure: { kind: "unexpected" } });
    expect(broken.reported).toHaveLength(1);
  });

  it("stops when somebody changes their mind on the way", async () => {
    const page = makePage();
    const entering = page.actions.enter({ room: "hq", world: "" });
    await page.actions.leave();
    page.client().become({ phase: "online" });
    expect(await entering).toBe(false);
    expect(page.store.screen.value.kind).toBe("lobby");
  });
});

describe("the end of a session", () => {
  it("shows the code, and the way back where there is one", async () => {
    const page = makePage();
    await page.enter();
    page.client().end(4300, "replaced");
    expect(page.store.screen.value).toMatchObject({ kind: "ended", name: "replaced", from: { room: "hq" } });
    expect(page.scene.entered).toBeNull();
    expect(page.store.people.value.size).toBe(0);
  });

  it("leads from an expired token to the place for a new one", async () => {
    const page = makePage();
    page.actions.signIn("old");
    await page.enter();
    page.client().end(4104, "token_expired");
    page.actions.signInAgain("token_expired");
    expect(page.store.screen.value.kind).toBe("lobby");
    expect(page.store.token.value).toBe("");
    expect(page.store.directory.problem.value).toEqual({ kind: "refused", code: "token_expired" });
  });

  it("says nothing of one's own good-bye", async () => {
    const page = makePage();
    await page.enter();
    await page.actions.leave();
    page.client().end(4302, "left");
    expect(page.store.screen.value.kind).toBe("lobby");
  });
});

describe("a new session after a break", () => {
  it("blocks again whom one had blocked", async () => {
    const page = makePage();
    await page.enter();
    await page.actions.block({ user: "u-Bo", name: "Bo" }, true);
    page.client().become({ phase: "waiting", retryAtMs: 5 });
    page.client().become({ phase: "online" });
    expect(page.client().sent.filter(([kind]) => kind === "block")).toHaveLength(2);
  });

  it("shows the room again without a screen between", async () => {
    const page = makePage();
    await page.enter();
    const screens: string[] = [];
    page.store.screen.subscribe(({ kind }) => screens.push(kind));
    await page.client().join("hq");
    await Promise.resolve();
    expect(new Set(screens)).toEqual(new Set(["room"]));
  });
});
