import { describe, expect, it } from "vitest";
import { Governor } from "../../src/stage/quality";

function run(governor: Governor, intervalMs: number, frames: number): void {
  for (let frame = 0; frame < frames; frame++) governor.frame(intervalMs);
}

describe("Governor", () => {
  it("leaves regular frames alone", () => {
    const governor = new Governor();
    run(governor, 16.7, 1000);
    expect(governor.allowance).toEqual({ resolution: 1, hasShadows: true });
  });

  it("gives up resolution first, then shadows", () => {
    const governor = new Governor();
    run(governor, 30, 40);
    expect(governor.allowance.resolution).toBeLessThan(1);
    expect(governor.allowance.hasShadows).toBe(true);
    run(governor, 30, 200);
    expect(governor.allowance.hasShadows).toBe(false);
  });

  it("never goes below half the resolution", () => {
    const governor = new Governor();
    run(governor, 200, 5000);
    expect(governor.allowance.resolution).toBe(0.5);
  });

  it("takes back what it gave up, once frames are regular for a while", () => {
    const governor = new Governor();
    run(governor, 30, 120);
    const lowest = governor.allowance.resolution;
    run(governor, 16.7, 60 * 30);
    expect(governor.allowance.resolution).toBeGreaterThan(lowest);
  });

  it("tries again less and less often where it always fails", () => {
    const governor = new Governor();
    const raises: number[] = [];
    let resolution = 1;
    for (let frame = 0; frame < 60 * 240; frame++) {
      // This machine manages anything but full resolution.
      governor.frame(governor.allowance.resolution === 1 ? 30 : 16.7);
      if (governor.allowance.resolution > resolution) raises.push(frame);
      ({ resolution } = governor.allowance);
    }
    const gaps = raises.slice(1).map((frame, index) => frame - (raises[index] ?? 0));
    expect(gaps.length).toBeGreaterThan(2);
    expect(gaps.at(-1)).toBeGreaterThan((gaps[0] ?? 0) * 3);
  });

  it("takes one long pause for a hidden tab, not for a slow machine", () => {
    const governor = new Governor();
    governor.frame(60_000);
    run(governor, 16.7, 100);
    expect(governor.allowance.resolution).toBe(1);
  });
});
