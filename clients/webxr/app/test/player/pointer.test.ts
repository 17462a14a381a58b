// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Pointer } from "../../src/player/pointer";

let canvas: HTMLCanvasElement;
let pointer: Pointer;
let heard: string[];

beforeEach(() => {
  document.body.innerHTML = "";
  canvas = document.createElement("canvas");
  canvas.setPointerCapture = () => undefined;
  document.body.append(canvas);
  heard = [];
  pointer = new Pointer(canvas, () => false, {
    look: (dx, dy) => heard.push(`look ${dx} ${dy}`),
    tap: (x, y) => heard.push(`tap ${x} ${y}`),
    zoom: (steps) => heard.push(`zoom ${steps > 0 ? "out" : "in"}`),
  });
});

afterEach(() => {
  pointer.dispose();
});

function send(type: string, x: number, y: number, pointerId = 1): void {
  canvas.dispatchEvent(new PointerEvent(type, { pointerId, clientX: x, clientY: y, bubbles: true }));
}

describe("the pointer", () => {
  it("taps where it is pressed without moving", () => {
    send("pointerdown", 10, 20);
    send("pointermove", 12, 21);
    send("pointerup", 12, 21);
    expect(heard).toEqual(["tap 12 21"]);
  });

  it("looks where it is dragged, and does not tap then", () => {
    send("pointerdown", 10, 20);
    send("pointermove", 30, 20);
    send("pointermove", 35, 26);
    send("pointerup", 35, 26);
    expect(heard).toEqual(["look 20 0", "look 5 6"]);
  });

  it("does nothing by moving alone", () => {
    send("pointermove", 30, 20);
    expect(heard).toEqual([]);
  });

  it("zooms by two fingers, which neither look nor tap", () => {
    send("pointerdown", 0, 0, 1);
    send("pointerdown", 100, 0, 2);
    send("pointermove", 200, 0, 2);
    send("pointerup", 200, 0, 2);
    send("pointerup", 0, 0, 1);
    expect(heard).toEqual(["zoom in"]);
  });

  it("forgets a finger that the system took away", () => {
    send("pointerdown", 10, 20);
    send("pointercancel", 10, 20);
    send("pointerup", 10, 20);
    expect(heard).toEqual([]);
  });

  it("zooms by the wheel, without scrolling the page", () => {
    const event = new WheelEvent("wheel", { deltaY: 100, cancelable: true });
    canvas.dispatchEvent(event);
    expect(heard).toEqual(["zoom out"]);
    expect(event.defaultPrevented).toBe(true);
  });
});
