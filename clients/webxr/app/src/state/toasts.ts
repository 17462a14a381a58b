// Short notes that come and go: what was refused, what worked. Each note is a key, said when it is drawn, so that a
// change of language reaches it. The same note twice at once is one.
import { signal, type Signal } from "@preact/signals";
import type { Key } from "../i18n/translate";

export interface Toast {
  readonly id: number;
  readonly tone: "info" | "problem";
  readonly key: Key;
  readonly values: Readonly<Record<string, string | number>>;
}

const MAX_TOASTS = 3;
const SHOWN_MS = 6_000;

export class Toasts {
  readonly shown: Signal<readonly Toast[]> = signal([]);
  readonly #setTimer: (fn: () => void, ms: number) => number;
  #nextId = 1;

  constructor(setTimer: (fn: () => void, ms: number) => number) {
    this.#setTimer = setTimer;
  }

  add(tone: Toast["tone"], key: Key, values: Toast["values"] = {}): void {
    const toast: Toast = { id: this.#nextId++, tone, key, values };
    const others = this.shown.peek().filter((other) => !isSame(other, toast));
    this.shown.value = [...others, toast].slice(-MAX_TOASTS);
    this.#setTimer(() => {
      this.dismiss(toast.id);
    }, SHOWN_MS);
  }

  dismiss(id: number): void {
    if (this.shown.peek().some((toast) => toast.id === id)) {
      this.shown.value = this.shown.peek().filter((toast) => toast.id !== id);
    }
  }
}

function isSame(one: Toast, other: Toast): boolean {
  return one.key === other.key && JSON.stringify(one.values) === JSON.stringify(other.values);
}
