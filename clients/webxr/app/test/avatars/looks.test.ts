import { Vector3 } from "three";
import { describe, expect, it } from "vitest";
import { makeBody } from "../../src/avatars/body";
import { meetUpright } from "../../src/avatars/crowd";
import { SLOTS, tintsOf, type AvatarLook } from "../../src/avatars/looks";

const OFFICER: AvatarLook = {
  name: "Amina Diallo",
  country: "SN",
  agency: "National Police",
  role: "Inspector",
  isGuest: false,
  status: 0,
  isAway: false,
  isMuted: false,
  isSpeaking: false,
};

describe("tintsOf", () => {
  it("gives the same person the same looks everywhere", () => {
    expect(tintsOf({ ...OFFICER })).toEqual(tintsOf(OFFICER));
  });

  it("dresses colleagues of one agency alike", () => {
    const jacket = SLOTS.indexOf("jacket");
    const hue = (look: AvatarLook): number => {
      const [red = 0, , blue = 1] = tintsOf(look).colours[jacket] ?? [];
      return red / blue;
    };
    expect(hue({ ...OFFICER, name: "Lucas Moreau" })).toBeCloseTo(hue(OFFICER), 5);
  });

  it("tells guests from everybody else", () => {
    const accent = SLOTS.indexOf("accent");
    expect(tintsOf({ ...OFFICER, isGuest: true }).colours[accent]).not.toEqual(tintsOf(OFFICER).colours[accent]);
  });

  it("takes the colour out of who is away", () => {
    const spread = (look: AvatarLook): number =>
      Math.max(...tintsOf(look).colours.map((colour) => Math.max(...colour) - Math.min(...colour)));
    expect(spread({ ...OFFICER, isAway: true })).toBeLessThan(spread(OFFICER) / 2);
  });
});

describe("makeBody", () => {
  it("costs less the further away it is for", () => {
    const corners = (["near", "middle", "far"] as const).map((detail) => makeBody(detail).getIndex()?.count ?? 0);
    expect(corners[0]).toBeGreaterThan((corners[1] ?? 0) * 1.8);
    expect(corners[1]).toBeGreaterThan((corners[2] ?? 0) * 3);
    expect(corners[2]).toBeLessThan(3 * 180);
  });

  it("gives every vertex a bone and a colour", () => {
    const body = makeBody("near");
    const count = body.getAttribute("position").count;
    expect(body.getAttribute("bone").count).toBe(count);
    expect([...body.getAttribute("slot").array].every((slot) => slot >= 0 && slot < SLOTS.length)).toBe(true);
  });
});

describe("meetUpright", () => {
  const eye = new Vector3(0, 1.6, 0);

  it("meets who stands ahead, and tells how far", () => {
    expect(meetUpright(eye, new Vector3(0, 0, -1), 0.1, 0, -4)).toBeCloseTo(4);
  });

  it("misses who stands aside, behind, or under the ray", () => {
    expect(meetUpright(eye, new Vector3(0, 0, -1), 1, 0, -4)).toBeNull();
    expect(meetUpright(eye, new Vector3(0, 0, -1), 0, 0, 4)).toBeNull();
    expect(meetUpright(eye, new Vector3(0, 0.8, -0.6), 0, 0, -4)).toBeNull();
  });
});
