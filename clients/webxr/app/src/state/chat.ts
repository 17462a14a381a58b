// What was said in this room, as far as this session heard it. Keeps the newest lines only, and counts those nobody has
// looked at; drawing them, and the bubbles over heads, is for others.
import { signal, type Signal } from "@preact/signals";

export type ChannelName = "room" | "nearby" | "direct";

export interface Line {
  readonly id: number;
  readonly user: string;
  readonly name: string;
  readonly isOwn: boolean;
  readonly channel: ChannelName;
  readonly text: string;
  readonly atMs: number;
}

/** As many as somebody would scroll back through; older ones are dropped. */
export const MAX_LINES = 200;

export class ChatLog {
  readonly lines: Signal<readonly Line[]> = signal([]);
  readonly unread: Signal<number> = signal(0);
  /** Whether the log is on the screen; what comes meanwhile counts as read. */
  readonly isShown: Signal<boolean> = signal(true);
  #nextId = 1;

  add(line: Omit<Line, "id">): void {
    this.lines.value = [...this.lines.peek(), { ...line, id: this.#nextId++ }].slice(-MAX_LINES);
    if (!this.isShown.peek() && !line.isOwn) this.unread.value += 1;
  }

  show(isShown: boolean): void {
    this.isShown.value = isShown;
    if (isShown) this.unread.value = 0;
  }

  clear(): void {
    this.lines.value = [];
    this.unread.value = 0;
  }
}
