/**
 * Standing in a portal: after a moment, or at the action key, it takes one through; once.
 *
 * Pure; time is an argument. One who arrives inside a portal is not sent back: it arms only after it was left.
 */
import type { Portal } from "@presence-hub/client";
import { PORTAL_DWELL_MS } from "./contract";

export class PortalDwell {
  #inside: Portal | null = null;
  #sinceMs = 0;
  #isArmed = false;

  /** Begin in a room: a portal one stands in already does nothing until one leaves it. */
  reset(): void {
    this.#inside = null;
    this.#isArmed = false;
  }

  /** The portal to go through now, or null. */
  update(portal: Portal | null, nowMs: number): Portal | null {
    if (!portal) {
      this.#inside = null;
      this.#isArmed = true;
      return null;
    }
    if (portal !== this.#inside) {
      this.#inside = portal;
      this.#sinceMs = nowMs;
      return null;
    }
    if (!this.#isArmed || nowMs - this.#sinceMs < PORTAL_DWELL_MS) return null;
    this.#isArmed = false;
    return portal;
  }
}
