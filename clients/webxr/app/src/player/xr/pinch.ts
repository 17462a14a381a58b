/**
 * Thumb and index finger of a bare hand: closed or open, without flutter in between.
 *
 * Pure.
 */
const CLOSES_M = 0.018;
const OPENS_M = 0.035;

export class Pinch {
  isClosed = false;

  /** `gapM`: how far the two tips are apart. */
  update(gapM: number): void {
    if (gapM < CLOSES_M) this.isClosed = true;
    else if (gapM > OPENS_M) this.isClosed = false;
  }

  reset(): void {
    this.isClosed = false;
  }
}
