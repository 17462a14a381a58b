/** How much the stage may spend: the three qualities, and the governor that gives up resolution, then shadows, to keep frames in
 * time, and takes them back when there is room. Pure: it is told how long frames took. */

export type Quality = "low" | "medium" | "high";

export interface QualitySettings {
  /** Upper bound of device pixels per CSS pixel. */
  readonly pixelRatio: number;
  readonly antialias: boolean;
  readonly shadowTexels: number;
  /** Along each side of the painted sky; 0 leaves it a gradient. */
  readonly skyTexels: number;
  /** Metres within which avatars are drawn in full, and then in their middle form. */
  readonly nearAvatarM: number;
  readonly middleAvatarM: number;
  readonly badgeM: number;
}

export const QUALITIES: Readonly<Record<Quality, QualitySettings>> = {
  low: {
    pixelRatio: 1,
    antialias: false,
    shadowTexels: 0,
    skyTexels: 0,
    nearAvatarM: 3,
    middleAvatarM: 6,
    badgeM: 18,
  },
  medium: {
    pixelRatio: 1.5,
    antialias: true,
    shadowTexels: 1024,
    skyTexels: 256,
    nearAvatarM: 7,
    middleAvatarM: 22,
    badgeM: 26,
  },
  high: {
    pixelRatio: 2,
    antialias: true,
    shadowTexels: 2048,
    skyTexels: 512,
    nearAvatarM: 12,
    middleAvatarM: 40,
    badgeM: 32,
  },
};

/** What the governor may set. */
export interface Allowance {
  readonly resolution: number;
  readonly hasShadows: boolean;
}

const STEPS: readonly Allowance[] = [
  { resolution: 1, hasShadows: true },
  { resolution: 0.85, hasShadows: true },
  { resolution: 0.72, hasShadows: true },
  { resolution: 0.72, hasShadows: false },
  { resolution: 0.6, hasShadows: false },
  { resolution: 0.5, hasShadows: false },
];

/** A frame over this is late for a 60 Hz screen, with room for jitter. */
const LATE_MS = 20;
/** Frames this regular leave room to try more. */
const ON_TIME_MS = 17.4;
const WINDOW_FRAMES = 40;
/** Where frames are few, this is enough to judge by. */
const WINDOW_MS = 1500;
const FIRST_PATIENCE_S = 4;
const LONGEST_PATIENCE_S = 64;
/** One pause this long is a hidden tab or a loading world, and not a slow frame; the next one in a row is. */
const PAUSE_MS = 250;

/** Where low quality begins: whoever needs it can't afford more at first, and gets it once frames are on time. */
const LOW_STEP = 4;

export class Governor {
  #step: number;
  #frames = 0;
  #sumMs = 0;
  #calmS = 0;
  #patienceS = FIRST_PATIENCE_S;
  #triedUp = false;
  #wasPause = false;

  constructor(quality: Quality = "high") {
    this.#step = quality === "low" ? LOW_STEP : 0;
  }

  get allowance(): Allowance {
    return STEPS[this.#step] ?? { resolution: 1, hasShadows: true };
  }

  /** Tell how long the last frame took, from one to the next. Returns whether the allowance changed. */
  frame(intervalMs: number): boolean {
    const isPause = intervalMs > PAUSE_MS;
    const isFirst = isPause && !this.#wasPause;
    this.#wasPause = isPause;
    if (isFirst) return false;
    this.#frames++;
    this.#sumMs += intervalMs;
    if (this.#frames < WINDOW_FRAMES && this.#sumMs < WINDOW_MS) return false;
    const meanMs = this.#sumMs / this.#frames;
    const windowS = this.#sumMs / 1000;
    this.#frames = 0;
    this.#sumMs = 0;
    if (meanMs > LATE_MS) return this.#giveUp();
    this.#calmS = meanMs <= ON_TIME_MS ? this.#calmS + windowS : 0;
    if (this.#calmS < this.#patienceS || this.#step === 0) return false;
    this.#calmS = 0;
    this.#step--;
    this.#triedUp = true;
    return true;
  }

  #giveUp(): boolean {
    this.#calmS = 0;
    if (this.#triedUp) this.#patienceS = Math.min(LONGEST_PATIENCE_S, this.#patienceS * 2);
    this.#triedUp = false;
    if (this.#step === STEPS.length - 1) return false;
    this.#step++;
    return true;
  }
}
