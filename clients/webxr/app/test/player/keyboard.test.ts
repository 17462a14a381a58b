// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Keyboard } from "../../src/player/keyboard";

let canvas: HTMLCanvasElement;
let keyboard: Keyboard;
let heard: string[];

beforeEach(() => {
  document.body.innerHTML = "";
  canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  document.body.append(canvas);
  heard = [];
  keyboard = new Keyboard(canvas, {
    act: () => heard.push("act"),
    handOver: () => heard.push("hand over"),
    toggleView: () => heard.push("view"),
    zoom: (steps) => heard.push(`zoom ${steps}`),
    command: (command) => heard.push(command),
  });
});

afterEach(() => {
  keyboard.dispose();
});

function key(
  type: "keydown" | "keyup",
  code: string,
  on: Element = canvas,
  more: KeyboardEventInit = {},
): KeyboardEvent {
  const event = new KeyboardEvent(type, { code, bubbles: true, cancelable: true, ...more });
  on.dispatchEvent(event);
  return event;
}

function add(tag: string, parent: Element = document.body): HTMLElement {
  const element = document.createElement(tag);
  parent.append(element);
  return element;
}

describe("keys", () => {
  it("walk, run and turn while they are held", () => {
    key("keydown", "KeyW");
    key("keydown", "KeyD");
    key("keydown", "ShiftLeft");
    key("keydown", "KeyQ");
    expect(keyboard.wish).toEqual({ right: 1, forward: 1, isRunning: true });
    expect(keyboard.turn).toBe(1);
    for (const code of ["KeyW", "KeyD", "ShiftLeft", "KeyQ"]) key("keyup", code);
    expect(keyboard.wish).toEqual({ right: 0, forward: 0, isRunning: false });
    expect(keyboard.turn).toBe(0);
  });

  it("count by their place, not by their letter", () => {
    key("keydown", "KeyW", canvas, { key: "z" });
    expect(keyboard.wish.forward).toBe(1);
  });

  it("act once, however long they are held", () => {
    key("keydown", "KeyF");
    key("keydown", "KeyF", canvas, { repeat: true });
    key("keydown", "KeyG");
    key("keydown", "Digit3");
    expect(heard).toEqual(["act", "hand over", "emote-3"]);
  });

  it("are silent while somebody types, and in dialogs and menus", () => {
    const dialog = add("div");
    dialog.setAttribute("role", "dialog");
    for (const element of [add("input"), add("textarea"), add("select"), add("button", dialog)]) {
      const event = key("keydown", "KeyW", element);
      key("keydown", "KeyF", element);
      expect(event.defaultPrevented).toBe(false);
    }
    expect(keyboard.wish.forward).toBe(0);
    expect(heard).toEqual([]);
  });

  it("walk from a button too, but leave it its own keys", () => {
    const button = add("button");
    key("keydown", "KeyW", button);
    expect(keyboard.wish.forward).toBe(1);
    expect(key("keydown", "Enter", button).defaultPrevented).toBe(false);
    key("keydown", "ArrowUp", button);
    expect(heard).toEqual([]);
  });

  it("with Control, Alt or Meta belong to the browser", () => {
    for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }]) key("keydown", "KeyF", canvas, more);
    expect(heard).toEqual([]);
  });

  it("leave Tab to the browser, and keep the arrows from scrolling", () => {
    expect(key("keydown", "Tab").defaultPrevented).toBe(false);
    expect(key("keydown", "ArrowDown").defaultPrevented).toBe(true);
  });

  it("are let go when a field takes the focus, or the window loses it", () => {
    const field = add("input");
    key("keydown", "KeyW");
    field.focus();
    expect(keyboard.wish.forward).toBe(0);
    key("keydown", "KeyW");
    window.dispatchEvent(new Event("blur"));
    expect(keyboard.wish.forward).toBe(0);
  });

  it("are heard no more after the end", () => {
    keyboard.dispose();
    key("keydown", "KeyF");
    expect(heard).toEqual([]);
  });
});
