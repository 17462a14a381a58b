/**
 * Which commands are in the air: their refs, and what became of those that a broken connection took with it (SPEC 4.5).
 * Pure.
 */
import type { ClientMessage } from "../generated.js";

const MAX_UNANSWERED = 256; // far more than a person has in the air at once
const LAST_REF = 0xffff_ffff; // 0 means "none"

/** A command but for its `ref`, which the session gives. */
export type Command = ClientMessage extends infer M ? (M extends { ref: number } ? Omit<M, "ref"> : never) : never;

export class CommandsInTheAir {
  private refs = 0;
  private readonly unanswered = new Map<number, Command["type"]>();
  private orphans: number[] = []; // sent over a connection that broke

  /** Number a command. */
  add(type: Command["type"]): number {
    this.refs = (this.refs % LAST_REF) + 1;
    this.unanswered.set(this.refs, type);
    return this.refs;
  }

  /** Take note of an answer. */
  answered(ref: number): void {
    this.unanswered.delete(ref);
    this.orphans = this.orphans.filter((orphan) => orphan !== ref);
  }

  /** The connection broke: what a resumed session says of them will show whether they arrived. */
  orphan(): void {
    this.orphans.push(...this.unanswered.keys());
    this.unanswered.clear();
  }

  /** Give up the commands that a broken connection took with it; returns their refs. */
  takeOrphans(): readonly number[] {
    const lost = this.orphans;
    if (lost.length > 0) this.orphans = [];
    return lost;
  }

  /** Whether a command of this type waits for its answer. */
  has(type: Command["type"]): boolean {
    for (const waiting of this.unanswered.values()) if (waiting === type) return true;
    return false;
  }

  /** Whether too many wait. */
  get isFull(): boolean {
    return this.unanswered.size >= MAX_UNANSWERED;
  }
}
