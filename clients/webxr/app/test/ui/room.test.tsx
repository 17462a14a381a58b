// @vitest-environment happy-dom
import { Action, Channel, Refusal, RefusedError } from "@presence-hub/client";
import { describe, expect, it } from "vitest";
import { person } from "../state/fakes";
import { draw } from "./page";

const PEOPLE = [
  person(1, "Ada"),
  person(3, "Zoé", { agency: "NCB Rome", country: "IT", roles: ["moderator"] }),
  person(2, "<b>Bo</b>", { guest: true, agency: "", country: "", muted: true }),
];

async function inRoom(roles: string[] = []) {
  const page = await draw((client) => {
    client.roles = roles;
  });
  await page.step(() => page.enter(PEOPLE));
  return page;
}

describe("the roster", () => {
  it("lists oneself first and the others by name, as text only", async () => {
    const { all, one } = await inRoom();
    expect(all("person").map((row) => row.dataset["name"])).toEqual(["Ada", "<b>Bo</b>", "Zoé"]);
    expect(one("roster").querySelector("b")).toBeNull();
  });

  it("shows the badge of the token, and marks guests and the muted", async () => {
    const { all } = await inRoom();
    const [, bo, zoe] = all("person");
    expect(zoe?.textContent).toContain("Italy");
    expect(zoe?.textContent).toContain("NCB Rome");
    expect(zoe?.textContent).toContain("Moderator");
    expect(bo?.textContent).toContain("Guest");
    expect(bo?.querySelector("[aria-label='Muted by a moderator']")).not.toBeNull();
  });

  it("is searched without regard to case", async () => {
    const { all, type } = await inRoom();
    await type("roster-search", "rome");
    expect(all("person").map((row) => row.dataset["name"])).toEqual(["Zoé"]);
  });

  it("has one row in the order of tabs, and arrows for the others", async () => {
    const { all, step } = await inRoom();
    const rows = all("person").map((row) => row.querySelector("button"));
    expect(rows.map((row) => row?.tabIndex)).toEqual([0, -1, -1]);
    await step(() => {
      rows[0]?.focus();
      rows[0]?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
    });
    expect(document.activeElement).toBe(rows[1]);
  });

  it("carries where people are drawn, and nothing for who is not", async () => {
    const { all, one, ui, scene } = await inRoom();
    scene.looks.delete(2);
    ui.update(1000);
    expect(all("person").map((row) => row.getAttribute("data-position"))).toEqual(["1,0,-1.235", null, "3,0,-1.235"]);
    expect(one("own-position").getAttribute("data-position")).toBe("0,0,0");
  });
});

describe("a person's menu", () => {
  it("opens from the list, acts, and gives the focus back", async () => {
    const { all, one, step, client } = await inRoom();
    const row = all("person")[2]?.querySelector("button");
    await step(() => {
      row?.focus();
      row?.click();
    });
    expect(one("person-menu").getAttribute("data-name")).toBe("Zoé");
    expect(one("person-menu").contains(document.activeElement)).toBe(true);
    await step(() => {
      one("go-to").click();
    });
    expect(client().sent).toContainEqual(["goTo", 3]);
    expect(all("person-menu")).toEqual([]);
    expect(document.activeElement).toBe(row);
  });

  it("does not take the keyboard from walking when an avatar was pointed at", async () => {
    const { canvas, one, step, actions } = await inRoom();
    canvas.focus();
    await step(() => {
      actions.select(3);
    });
    expect(one("person-menu")).not.toBeNull();
    expect(document.activeElement).toBe(canvas);
  });

  it("has acts of moderators for moderators only, and asks for a reason", async () => {
    const guest = await inRoom();
    await guest.step(() => {
      guest.actions.select(3);
    });
    expect(guest.all("moderate-kick")).toEqual([]);
    const { one, step, type, actions, client } = await inRoom(["moderator"]);
    await step(() => {
      actions.select(3);
    });
    await step(() => {
      one("moderate-kick").click();
    });
    await type("moderate-reason", " shouting ");
    await step(() => {
      one("moderate-confirm").closest("form")?.requestSubmit();
    });
    expect(client().sent).toContainEqual(["moderate", 2, 3, "shouting"]);
  });

  it("pins and unpins, oneself too, and tells whoever comes back as somebody new apart", async () => {
    const { all, one, step, actions, client, clock } = await inRoom(["moderator"]);
    const moderate = async (act: string) => {
      await step(() => {
        one(`moderate-${act}`).click();
      });
      await step(() => {
        one("moderate-confirm").closest("form")?.requestSubmit();
      });
    };
    await step(() => {
      actions.select(1);
    });
    expect(all("moderate-kick")).toEqual([]);
    await moderate("pin");
    expect(client().sent).toContainEqual(["moderate", Action.PIN, 1, ""]);
    await step(() => {
      actions.select(3);
    });
    await moderate("pin");
    expect(one("moderate-unpin").textContent).toBe("Unpin");
    await moderate("unpin");
    expect(client().sent).toContainEqual(["moderate", Action.UNPIN, 3, ""]);
    await moderate("pin");
    await step(() => {
      client().people.set(3, person(3, "Zoé", { generation: 2 }));
      client().emit("people", { changed: [], gone: [] });
      clock.advance(100);
    });
    expect(one("moderate-pin").textContent).toBe("Pin for everybody");
  });

  it("blocks, and leaves a way back although nobody is listed any more", async () => {
    const { all, one, step, actions, client } = await inRoom();
    await step(() => {
      actions.select(3);
    });
    await step(() => {
      one("block").click();
    });
    expect(client().sent).toContainEqual(["block", "u-Zoé", true]);
    await step(() => {
      one("unblock").click();
    });
    expect(client().sent).toContainEqual(["block", "u-Zoé", false]);
    expect(all("unblock")).toEqual([]);
  });
});

describe("looking from elsewhere", () => {
  it("is offered to whom a role might let, and to no guest", async () => {
    expect((await inRoom()).all("viewpoint")).toEqual([]);
    expect((await inRoom(["spectator"])).all("viewpoint")).toHaveLength(1);
  });

  it("says what the button does now, and stays as it was where it was refused", async () => {
    const { one, all, step, client } = await inRoom(["instructor"]);
    const press = () =>
      step(() => {
        one("viewpoint").click();
      });
    const name = () => one("viewpoint").getAttribute("aria-label");
    client().answer = new RefusedError(Refusal.NOT_ALLOWED, "");
    await press();
    expect(name()).toBe("Also look from here");
    expect(all("toast").at(-1)?.textContent).toContain("You are not allowed to do that.");
    client().answer = "done";
    await press();
    expect(name()).toBe("Stop looking from there");
    expect(one("viewpoint").querySelector("svg")?.dataset["icon"]).toBe("viewpoint_off");
    await press();
    expect(name()).toBe("Also look from here");
  });
});

describe("the chat", () => {
  it("shows words as text, with who said them", async () => {
    const { all, one, step, client } = await inRoom();
    const text = "<img src=x onerror=alert(1)>";
    await step(() => {
      client().emit("said", { entity: 3, person: person(3, "Zoé"), channel: Channel.ROOM, text, timeMs: 0 });
    });
    expect(all("chat-message")[0]?.textContent).toContain(text);
    expect(one("chat-log").querySelector("img")).toBeNull();
  });

  it("sends what was written, and gives back what was refused", async () => {
    const { one, step, type, client } = await inRoom();
    const input = one("chat-input") as HTMLInputElement;
    await type("chat-input", "hello");
    await step(() => input.form?.requestSubmit());
    expect(client().sent).toContainEqual(["chat", Channel.ROOM, "hello", 0]);
    expect(input.value).toBe("");
    client().answer = new RefusedError(Refusal.TOO_SOON, "");
    await type("chat-input", "again");
    await step(() => input.form?.requestSubmit());
    expect(input.value).toBe("again");
  });

  it("gives the keyboard back to the room on Escape", async () => {
    const { canvas, one, step } = await inRoom();
    await step(() => {
      one("chat-input").focus();
      one("chat-input").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    });
    expect(document.activeElement).toBe(canvas);
  });
});

describe("the connection", () => {
  it("says that it is lost, how long until the next try, and tries at once when asked", async () => {
    const { one, step, client, clock } = await inRoom();
    expect(one("connection-state").dataset["state"]).toBe("online");
    await step(() => {
      client().become({ phase: "waiting", retryAtMs: clock.nowMs + 3000 });
    });
    expect(one("connection-state").dataset["state"]).toBe("waiting");
    expect(one("offline-banner").textContent).toContain("in 3 seconds");
    await step(() => {
      one("offline-banner").querySelector("button")?.click();
    });
    expect(client().sent).toContainEqual(["retry"]);
  });

  it("ends with the reason that a moderator gave", async () => {
    const { one, step, client } = await inRoom();
    await step(() => {
      client().end(4301, "kicked", "<i>shouting</i>");
    });
    expect(one("ended").textContent).toContain("<i>shouting</i>");
    expect(one("ended").querySelector("i")).toBeNull();
  });
});

describe("languages", () => {
  it("change everything at once, direction included", async () => {
    const { one, step, store } = await inRoom();
    await step(() => {
      store.settings.language.value = "ar";
    });
    expect(document.documentElement.dir).toBe("rtl");
    expect(one("connection-state").textContent).toBe("متصل");
  });
});
