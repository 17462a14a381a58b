/**
 * The keyboard as the player hears it: which way to walk and turn, and which single keys were pressed.
 *
 * Owns its listeners and nothing else. Physical places of keys count (`code`), so that it is the same on every layout.
 * Silent while somebody types, and in dialogs and menus; letters work from buttons too, so that a click on the interface
 * does not take the ground from under one's feet. Keys with Control, Alt or Meta belong to the browser.
 */
import type { Command } from "./contract";
import type { Wish } from "./locomotion";

export interface KeyActions {
  act(): void;
  handOver(): void;
  toggleView(): void;
  zoom(steps: number): void;
  command(command: Command): void;
}

const FORWARD = ["KeyW", "ArrowUp"];
const BACK = ["KeyS", "ArrowDown"];
const LEFT = ["KeyA", "ArrowLeft"];
const RIGHT = ["KeyD", "ArrowRight"];
const HELD = new Set([...FORWARD, ...BACK, ...LEFT, ...RIGHT, "KeyQ", "KeyE", "PageUp", "PageDown"]);
const COMMANDS: Readonly<Record<string, Command>> = {
  KeyT: "chat",
  Enter: "chat",
  Escape: "close",
  KeyM: "mute",
  KeyR: "roster",
  KeyH: "help",
  Digit1: "emote-1",
  Digit2: "emote-2",
  Digit3: "emote-3",
  Digit4: "emote-4",
  Digit5: "emote-5",
  Digit6: "emote-6",
};
/** Where no key is the player's. */
const TYPING =
  "input, textarea, select, [contenteditable]:not([contenteditable=false]), dialog, [role=dialog], [role=menu], [role=listbox]";

export class Keyboard {
  readonly #down = new Set<string>();
  readonly #listening = new AbortController();
  readonly #canvas: HTMLElement;
  readonly #actions: KeyActions;

  constructor(canvas: HTMLElement, actions: KeyActions) {
    this.#canvas = canvas;
    this.#actions = actions;
    const { signal } = this.#listening;
    window.addEventListener(
      "keydown",
      (event) => {
        this.#press(event);
      },
      { signal },
    );
    window.addEventListener(
      "keyup",
      (event) => {
        this.#lift(event);
      },
      { signal },
    );
    window.addEventListener(
      "blur",
      () => {
        this.release();
      },
      { signal },
    );
    document.addEventListener(
      "focusin",
      (event) => {
        this.#focus(event);
      },
      { signal },
    );
  }

  get wish(): Wish {
    return {
      right: this.#axis(RIGHT, LEFT),
      forward: this.#axis(FORWARD, BACK),
      isRunning: this.#down.has("ShiftLeft") || this.#down.has("ShiftRight"),
    };
  }

  /** Turning left is positive, as yaw is. */
  get turn(): number {
    return this.#axis(["KeyQ"], ["KeyE"]);
  }

  get lookUp(): number {
    return this.#axis(["PageUp"], ["PageDown"]);
  }

  /** Let go of every key. */
  release(): void {
    this.#down.clear();
  }

  dispose(): void {
    this.release();
    this.#listening.abort();
  }

  #axis(more: readonly string[], less: readonly string[]): number {
    return Number(more.some((code) => this.#down.has(code))) - Number(less.some((code) => this.#down.has(code)));
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code.startsWith("Shift")) this.#down.add(event.code);
    if (!this.#isOurs(event)) return;
    if (HELD.has(event.code)) this.#down.add(event.code);
    else if (!this.#once(event)) return;
    event.preventDefault();
  }

  /** Do what a single key means; false if it means nothing. */
  #once(event: KeyboardEvent): boolean {
    const command = COMMANDS[event.code];
    if (command) {
      if (!event.repeat) this.#actions.command(command);
      // Escape is for everybody: dialogs close by it too.
      return command !== "close";
    }
    switch (event.code) {
      case "KeyF":
        if (!event.repeat) this.#actions.act();
        return true;
      case "KeyG":
        if (!event.repeat) this.#actions.handOver();
        return true;
      case "KeyV":
        if (!event.repeat) this.#actions.toggleView();
        return true;
      case "Minus":
      case "NumpadSubtract":
        this.#actions.zoom(1);
        return true;
      case "Equal":
      case "NumpadAdd":
        this.#actions.zoom(-1);
        return true;
      default:
        return false;
    }
  }

  #lift(event: KeyboardEvent): void {
    this.#down.delete(event.code);
  }

  #isOurs(event: KeyboardEvent): boolean {
    const target = event.target;
    if (!(target instanceof Element)) return true;
    if (target === this.#canvas || target === document.body) return true;
    return event.code.startsWith("Key") && target.closest(TYPING) === null;
  }

  /** A key held while a text field takes over is lifted there, unheard: let go of it now. */
  #focus(event: FocusEvent): void {
    if (event.target instanceof Element && event.target.closest(TYPING)) this.release();
  }
}
