/** What floats over heads: badges, marks of gestures and states, and speech bubbles; near ones first, the rest only where there is
 * room. */

import { Group, Matrix4, Vector3, type PerspectiveCamera, type Texture, type WebGLRenderer } from "three";
import { paintBadge, paintBubble, Sheet } from "./badges";
import { Billboards } from "./billboards";
import type { Avatar } from "./crowd";
import { iconSheet, iconU, iconV, ICON_DU, ICON_DV, type Icon } from "./icons";
import { Clearing } from "./visibility";

const BADGES = 256;
const BADGE_WIDTH_M = 0.7;
const BADGE_ASPECT = 4;
const BADGE_ABOVE_M = 0.2;
/** Where a badge has that width; further off it grows, so as to stay readable, and nearer it shrinks, so as not to hide its bearer. */
const BADGE_STEADY_M = 3;
const SMALLEST_BADGE = 0.6;
/** Drawings made in one frame, at most: the rest wait for the next one. */
const PAINTED_PER_FRAME = 6;
/** The nearest speakers have theirs, so that a hall that talks doesn't draw them over and over. */
const BUBBLES = 16;
const BUBBLE_WIDTH_M = 1.25;
const BUBBLE_ASPECT = 2;
const BUBBLE_BASE_MS = 3500;
const BUBBLE_PER_LETTER_MS = 55;
const BUBBLE_LONGEST_MS = 11_000;
const BUBBLE_M = 22;
const ICON_M = 0.24;

interface Bubble {
  text: string;
  untilMs: number | null;
  isDrawn: boolean;
}

/** What has been used up of a frame, while the nearest are served first. */
interface Spent {
  painted: number;
  bubbles: number;
}

export class Overhead {
  readonly group = new Group();
  readonly #badgeSheet: Sheet;
  readonly #bubbleSheet: Sheet;
  readonly #iconTexture: Texture = iconSheet();
  readonly #badges: Billboards;
  readonly #bubbles: Billboards;
  readonly #icons: Billboards;
  readonly #spoken = new Map<number, Bubble>();
  readonly #order: Avatar[] = [];
  readonly #clearing = new Clearing(BADGES);
  #guestWord = "Guest";
  #lastMs = 0;

  readonly isStill: boolean;

  constructor(renderer: WebGLRenderer, isStill: boolean) {
    this.isStill = isStill;
    this.#badgeSheet = new Sheet(renderer, 256, 64, 8, BADGES / 8);
    this.#bubbleSheet = new Sheet(renderer, 512, 256, 4, BUBBLES / 4);
    this.#badges = new Billboards(BADGES, this.#badgeSheet.texture, 10);
    this.#icons = new Billboards(BADGES, this.#iconTexture, 11);
    this.#bubbles = new Billboards(BUBBLES, this.#bubbleSheet.texture, 12);
    this.group.add(this.#badges.mesh, this.#icons.mesh, this.#bubbles.mesh);
  }

  say(entity: number, text: string): void {
    this.#spoken.set(entity, { text, untilMs: null, isDrawn: false });
  }

  forget(entity: number): void {
    this.#badgeSheet.pool.release(entity);
  }

  setGuestWord(word: string): void {
    if (word === this.#guestWord) return;
    this.#guestWord = word;
    for (const avatar of this.#order) this.#badgeSheet.pool.release(avatar.entity);
  }

  /** Place everything for this frame. */
  place(
    shown: readonly Avatar[],
    camera: PerspectiveCamera,
    isStereo: boolean,
    badgeM: number,
    highlighted: number | null,
    nowMs: number,
  ): void {
    const dtS = Math.min(0.1, Math.max(0, (nowMs - this.#lastMs) / 1000));
    this.#lastMs = nowMs;
    this.#order.length = 0;
    for (const avatar of shown) {
      if (avatar.isShown && avatar.distance < badgeM * 1.1) this.#order.push(avatar);
    }
    this.#order.sort(byDistance);
    this.#clearing.reset();
    VIEW.multiplyMatrices(camera.projectionMatrix, INVERSE.copy(camera.matrixWorld).invert());
    for (const layer of [this.#badges, this.#icons, this.#bubbles]) layer.begin(isStereo);
    const spent: Spent = { painted: 0, bubbles: 0 };
    for (const avatar of this.#order) {
      const { state, distance, entity, look } = avatar;
      const size = Math.max(SMALLEST_BADGE, distance / BADGE_STEADY_M);
      const height = state.headY + BADGE_ABOVE_M * Math.min(1.6, size);
      const isHighlighted = entity === highlighted;
      if (look) {
        let cell = this.#badgeSheet.pool.find(entity);
        if (cell === undefined && spent.painted < PAINTED_PER_FRAME) {
          spent.painted++;
          this.#badgeSheet.draw(entity, (pen, width, tall) => {
            paintBadge(pen, width, tall, look, this.#guestWord);
          });
          cell = this.#badgeSheet.pool.find(entity);
        }
        if (cell !== undefined) this.#badge(avatar, cell, height, size, badgeM, isHighlighted, dtS);
      }
      this.#floatingIcon(avatar, height + 0.12 * size, size);
      this.#bubble(avatar, height + 0.1 * size, nowMs, spent);
    }
    this.#badges.finish();
    this.#icons.finish();
    this.#bubbles.finish();
  }

  #badge(
    avatar: Avatar,
    cell: number,
    height: number,
    size: number,
    badgeM: number,
    isHighlighted: boolean,
    dtS: number,
  ): void {
    const { state, distance } = avatar;
    const width = BADGE_WIDTH_M * Math.min(3.4, size) * (isHighlighted ? 1.15 : 1);
    AT.set(state.headX, height, state.headZ).applyMatrix4(VIEW);
    const halfWidth = width / Math.max(0.3, distance) / 1.2;
    const isClear = this.#clearing.claim(AT.x, AT.y, halfWidth, halfWidth / 2) || isHighlighted;
    const fade = Math.max(0, Math.min(1, (badgeM - distance) / (badgeM * 0.2)));
    const wanted = isClear ? fade : 0;
    avatar.badgeOpacity += (wanted - avatar.badgeOpacity) * (1 - Math.exp(-dtS * 10));
    if (avatar.badgeOpacity < 0.03) return;
    const sheet = this.#badgeSheet;
    const opacity = avatar.badgeOpacity * (avatar.look?.isAway ? 0.75 : 1);
    this.#badges.add(
      state.headX,
      height,
      state.headZ,
      width,
      width / BADGE_ASPECT,
      opacity,
      sheet.u(cell),
      sheet.v(cell),
      sheet.du,
      sheet.dv,
    );
  }

  #floatingIcon(avatar: Avatar, base: number, size: number): void {
    const { state, look } = avatar;
    // States show beside a badge that can be read; gestures are seen from further off.
    const mark = look?.isAway ? "away" : look?.isMuted ? "muted" : null;
    const icon: Icon | null = state.gesture ?? (avatar.badgeOpacity > 0.4 ? mark : null);
    if (!icon) return;
    const isGesture = state.gesture !== null;
    const rise = isGesture ? Math.min(1, state.gestureS / 0.5) : 1;
    const drift = this.isStill ? 0 : isGesture ? Math.sin(state.gestureS * 3) * 0.02 : 0;
    const extent = ICON_M * Math.min(2.2, size) * (isGesture ? 0.5 + 0.5 * rise : 0.72);
    const y = base + 0.1 + (isGesture ? 0.1 * rise : 0) + drift;
    this.#icons.add(
      state.headX,
      y,
      state.headZ,
      extent,
      extent,
      isGesture ? rise : 0.9,
      iconU(icon),
      iconV(icon),
      ICON_DU,
      ICON_DV,
    );
  }

  #bubble(avatar: Avatar, base: number, nowMs: number, spent: Spent): void {
    const bubble = this.#spoken.get(avatar.entity);
    if (!bubble) return;
    bubble.untilMs ??= nowMs + Math.min(BUBBLE_LONGEST_MS, BUBBLE_BASE_MS + bubble.text.length * BUBBLE_PER_LETTER_MS);
    if (nowMs > bubble.untilMs) {
      this.#spoken.delete(avatar.entity);
      this.#bubbleSheet.pool.release(avatar.entity);
      return;
    }
    if (avatar.distance > BUBBLE_M || spent.bubbles === BUBBLES) return;
    spent.bubbles++;
    if (!bubble.isDrawn || this.#bubbleSheet.pool.find(avatar.entity) === undefined) {
      if (spent.painted === PAINTED_PER_FRAME) return;
      spent.painted++;
      this.#bubbleSheet.draw(avatar.entity, (pen, width, height) => {
        paintBubble(pen, width, height, bubble.text);
      });
      bubble.isDrawn = true;
    }
    const cell = this.#bubbleSheet.pool.find(avatar.entity);
    if (cell === undefined) return;
    const { state, distance } = avatar;
    const width = BUBBLE_WIDTH_M * Math.max(0.8, Math.min(2.4, distance / 5));
    const height = width / BUBBLE_ASPECT;
    const opacity = Math.min(1, (bubble.untilMs - nowMs) / 400);
    const sheet = this.#bubbleSheet;
    this.#bubbles.add(
      state.headX,
      base + height / 2,
      state.headZ,
      width,
      height,
      opacity,
      sheet.u(cell),
      sheet.v(cell),
      sheet.du,
      sheet.dv,
    );
  }

  dispose(): void {
    for (const layer of [this.#badges, this.#icons, this.#bubbles]) layer.dispose();
    this.#badgeSheet.dispose();
    this.#bubbleSheet.dispose();
    this.#iconTexture.dispose();
    this.group.removeFromParent();
  }
}

function byDistance(one: Avatar, other: Avatar): number {
  return one.distance - other.distance;
}

const VIEW = new Matrix4();
const INVERSE = new Matrix4();
const AT = new Vector3();
