/**
 * Mouse, pen and fingers on the canvas: looking by dragging, taps, and zoom by wheel or by two fingers.
 *
 * Owns its listeners and the pointer lock. Says what was done in pixels; what it means is others' business.
 */

export interface PointerActions {
  /** Dragged by so many pixels. */
  look(dx: number, dy: number): void;
  /** Tapped or clicked, in client pixels. */
  tap(x: number, y: number): void;
  /** Steps of the wheel: positive is away. */
  zoom(steps: number): void;
}

/** A press that moves less than this is a tap. */
const TAP_PX = 7;
const TAP_MS = 500;
const WHEEL_STEP = 100;
const PINCH_STEP = 1.15;

interface Press {
  x: number;
  y: number;
  moved: number;
  readonly atMs: number;
}

export class Pointer {
  readonly #canvas: HTMLCanvasElement;
  readonly #actions: PointerActions;
  readonly #isLocking: () => boolean;
  readonly #presses = new Map<number, Press>();
  readonly #listening = new AbortController();
  #spread = 0;

  constructor(canvas: HTMLCanvasElement, isLocking: () => boolean, actions: PointerActions) {
    this.#canvas = canvas;
    this.#isLocking = isLocking;
    this.#actions = actions;
    canvas.style.touchAction = "none";
    const { signal } = this.#listening;
    canvas.addEventListener(
      "pointerdown",
      (event) => {
        this.#press(event);
      },
      { signal },
    );
    canvas.addEventListener(
      "pointermove",
      (event) => {
        this.#move(event);
      },
      { signal },
    );
    canvas.addEventListener(
      "pointerup",
      (event) => {
        this.#lift(event);
      },
      { signal },
    );
    canvas.addEventListener("pointercancel", (event) => this.#presses.delete(event.pointerId), { signal });
    canvas.addEventListener(
      "contextmenu",
      (event) => {
        event.preventDefault();
      },
      { signal },
    );
    canvas.addEventListener(
      "wheel",
      (event) => {
        this.#wheel(event);
      },
      { signal, passive: false },
    );
  }

  dispose(): void {
    this.#listening.abort();
    this.#presses.clear();
    if (this.#isLocked) document.exitPointerLock();
  }

  get #isLocked(): boolean {
    return document.pointerLockElement === this.#canvas;
  }

  #press(event: PointerEvent): void {
    this.#canvas.focus({ preventScroll: true });
    if (this.#isLocked) {
      const { left, top, width, height } = this.#canvas.getBoundingClientRect();
      this.#actions.tap(left + width / 2, top + height / 2);
      return;
    }
    this.#canvas.setPointerCapture(event.pointerId);
    this.#presses.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: 0, atMs: event.timeStamp });
    this.#spread = this.#fingers();
  }

  #move(event: PointerEvent): void {
    if (this.#isLocked) {
      this.#actions.look(event.movementX, event.movementY);
      return;
    }
    const press = this.#presses.get(event.pointerId);
    if (!press) return;
    const dx = event.clientX - press.x;
    const dy = event.clientY - press.y;
    press.x = event.clientX;
    press.y = event.clientY;
    press.moved += Math.hypot(dx, dy);
    if (this.#presses.size === 1) {
      if (press.moved > TAP_PX) this.#actions.look(dx, dy);
    } else {
      this.#pinch();
    }
  }

  #lift(event: PointerEvent): void {
    const press = this.#presses.get(event.pointerId);
    const wasAlone = this.#presses.size === 1;
    this.#presses.delete(event.pointerId);
    if (!press || !wasAlone || press.moved > TAP_PX) return;
    if (event.timeStamp - press.atMs < TAP_MS) this.#actions.tap(event.clientX, event.clientY);
    if (this.#isLocking() && event.pointerType === "mouse") {
      // Refused when the person has just left the lock; the next click asks again.
      Promise.resolve(this.#canvas.requestPointerLock()).catch(() => undefined);
    }
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 33 : event.deltaY;
    this.#actions.zoom(lines / WHEEL_STEP);
  }

  #pinch(): void {
    const spread = this.#fingers();
    if (this.#spread > 0 && spread > 0) {
      this.#actions.zoom(Math.log(this.#spread / spread) / Math.log(PINCH_STEP));
    }
    this.#spread = spread;
    for (const press of this.#presses.values()) press.moved += TAP_PX + 1;
  }

  /** How far two fingers are apart; 0 with one. */
  #fingers(): number {
    const [a, b] = [...this.#presses.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  }
}
