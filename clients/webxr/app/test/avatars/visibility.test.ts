import { describe, expect, it } from "vitest";
import { Seating } from "../../src/avatars/seating";
import { Clearing, detailAt, FAR, MIDDLE, NEAR } from "../../src/avatars/visibility";
import { QUALITIES } from "../../src/stage/quality";

describe("detailAt", () => {
  const settings = QUALITIES.high;

  it("falls with distance", () => {
    expect(detailAt(2, FAR, settings)).toBe(NEAR);
    expect(detailAt(settings.nearAvatarM + 5, FAR, settings)).toBe(MIDDLE);
    expect(detailAt(200, NEAR, settings)).toBe(FAR);
  });

  it("does not flicker at its edges", () => {
    const edge = settings.nearAvatarM + 0.1;
    expect(detailAt(edge, NEAR, settings)).toBe(NEAR);
    expect(detailAt(edge, MIDDLE, settings)).toBe(MIDDLE);
  });

  it("is coarser at lower qualities", () => {
    expect(detailAt(9, FAR, QUALITIES.high)).toBeLessThan(detailAt(9, FAR, QUALITIES.low));
  });
});

describe("Clearing", () => {
  it("gives a place to the first who asks, and to whoever is beside it", () => {
    const clearing = new Clearing(8);
    expect(clearing.claim(0, 0, 0.1, 0.05)).toBe(true);
    expect(clearing.claim(0.05, 0, 0.1, 0.05)).toBe(false);
    expect(clearing.claim(0.3, 0, 0.1, 0.05)).toBe(true);
    clearing.reset();
    expect(clearing.claim(0.05, 0, 0.1, 0.05)).toBe(true);
  });
});

describe("Seating", () => {
  const seating = new Seating([{ index: 0, positionMm: [2000, 0, -3000], yawRadians: 0, look: "chair" }]);

  it("seats who stands still within 0.3 m of a seat", () => {
    expect(seating.isSeat(2.2, 0, -3, 0)).toBe(true);
    expect(seating.isSeat(1.98, 0, -3.2, 0)).toBe(true);
  });

  it("lets walk who walks, stands elsewhere or is on another level", () => {
    expect(seating.isSeat(2, 0, -3, 1.2)).toBe(false);
    expect(seating.isSeat(2.4, 0, -3, 0)).toBe(false);
    expect(seating.isSeat(2, 3, -3, 0)).toBe(false);
  });
});
