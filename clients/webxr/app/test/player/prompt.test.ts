import type { Portal } from "@presence-hub/client";
import { describe, expect, it } from "vitest";
import { PORTAL_DWELL_MS } from "../../src/player/contract";
import { PortalDwell } from "../../src/player/portals";
import { choosePrompt, samePrompt, type Surroundings } from "../../src/player/prompt";

const PORTAL: Portal = { min: [0, 0, 0], max: [1, 1, 1], world: "plaza", room: null };

function around(what: Partial<Surroundings> = {}): Surroundings {
  return {
    feet: [0, 0, 0],
    yaw: 0,
    portal: null,
    carried: null,
    isSeated: false,
    things: [],
    seats: [],
    people: [],
    ...what,
  };
}

const FOLDER = { entity: 7, prop: "folder", position: [0, 0.8, -1] } as const;

describe("the action key", () => {
  it("means nothing where nothing is", () => {
    expect(choosePrompt(around())).toBeNull();
  });

  it("takes the nearest thing one looks at", () => {
    const far = { entity: 8, prop: "lamp", position: [0.3, 0.8, -2] } as const;
    expect(choosePrompt(around({ things: [far, FOLDER] }))).toEqual({ kind: "take", entity: 7, prop: "folder" });
    expect(choosePrompt(around({ things: [FOLDER], yaw: Math.PI }))).toBeNull();
    expect(choosePrompt(around({ things: [{ ...FOLDER, position: [0, 0.8, -3] }] }))).toBeNull();
    expect(choosePrompt(around({ things: [{ ...FOLDER, position: [0, 4, -1] }] }))).toBeNull();
  });

  it("takes what lies at one's feet whichever way one looks", () => {
    const below = { ...FOLDER, position: [0.1, 0, 0.2] as const };
    expect(choosePrompt(around({ things: [below] }))?.kind).toBe("take");
  });

  it("prefers a portal to everything, and putting down to taking another", () => {
    const all = around({ things: [FOLDER], carried: { entity: 9, prop: "lamp" } });
    expect(choosePrompt(all)).toEqual({ kind: "put_down", entity: 9, prop: "lamp" });
    expect(choosePrompt({ ...all, portal: PORTAL })).toEqual({ kind: "portal", portal: PORTAL });
  });

  it("sits before it talks", () => {
    const people = [{ entity: 3, position: [0, 0, -1.2] as const }];
    const seats = [{ seat: 5, position: [0, 0, -1] as const }];
    expect(choosePrompt(around({ people, seats }))).toEqual({ kind: "sit", seat: 5 });
    expect(choosePrompt(around({ people }))).toEqual({ kind: "person", entity: 3 });
  });

  it("stands up from a seat, unless one looks straight at a thing", () => {
    const aside = { ...FOLDER, position: [0.8, 0.8, -0.8] as const };
    expect(choosePrompt(around({ isSeated: true, things: [aside] }))).toEqual({ kind: "stand" });
    expect(choosePrompt(around({ isSeated: true, things: [FOLDER] }))?.kind).toBe("take");
  });

  it("is told as a change only where it changes", () => {
    const take = { kind: "take", entity: 7, prop: "folder" } as const;
    expect(samePrompt(take, { ...take })).toBe(true);
    expect(samePrompt(take, { ...take, entity: 8 })).toBe(false);
    expect(samePrompt(take, { ...take, kind: "put_down" })).toBe(false);
    expect(samePrompt({ kind: "stand" }, { kind: "stand" })).toBe(true);
    expect(samePrompt({ kind: "sit", seat: 1 }, { kind: "sit", seat: 2 })).toBe(false);
    expect(samePrompt(null, null)).toBe(true);
    expect(samePrompt(null, take)).toBe(false);
  });
});

describe("a portal", () => {
  it("takes through who stands in it for a moment, once", () => {
    const dwell = new PortalDwell();
    expect(dwell.update(null, 0)).toBeNull();
    expect(dwell.update(PORTAL, 1000)).toBeNull();
    expect(dwell.update(PORTAL, 999 + PORTAL_DWELL_MS)).toBeNull();
    expect(dwell.update(PORTAL, 1000 + PORTAL_DWELL_MS)).toBe(PORTAL);
    expect(dwell.update(PORTAL, 9000)).toBeNull();
  });

  it("does not send back who arrives in it", () => {
    const dwell = new PortalDwell();
    expect(dwell.update(PORTAL, 0)).toBeNull();
    expect(dwell.update(PORTAL, 9000)).toBeNull();
    dwell.update(null, 9100);
    dwell.update(PORTAL, 9200);
    expect(dwell.update(PORTAL, 9200 + PORTAL_DWELL_MS)).toBe(PORTAL);
  });

  it("counts anew for who steps out and in again", () => {
    const dwell = new PortalDwell();
    dwell.update(null, 0);
    dwell.update(PORTAL, 0);
    dwell.update(null, 1000);
    dwell.update(PORTAL, 1100);
    expect(dwell.update(PORTAL, 1000 + PORTAL_DWELL_MS)).toBeNull();
  });
});
