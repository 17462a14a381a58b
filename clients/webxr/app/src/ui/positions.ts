// Writes where people are drawn onto their elements, for tests and for distances: `data-position="x,y,z"` in metres. Goes
// around the components on purpose, since it happens many times a second for hundreds of people.
import { metres } from "../i18n/format";
import type { Language } from "../i18n/translate";
import type { Point } from "../state/scene";

/** At most this often; a reader sees no more, and 300 people must stay cheap. */
const WRITE_MS = 50;
/** Distances are for reading: seldomer. */
const DISTANCE_MS = 500;

export interface PositionSource {
  positionOf(entity: number): Point | null;
  ownPosition(): Point | null;
  readonly language: Language;
}

export class Positions {
  readonly #source: PositionSource;
  readonly #people = new Map<number, { readonly element: HTMLElement; readonly distance: HTMLElement | null }>();
  readonly #written = new WeakMap<HTMLElement, string>();
  #own: HTMLElement | null = null;
  #writtenAtMs = -Infinity;
  #measuredAtMs = -Infinity;

  constructor(source: PositionSource) {
    this.#source = source;
  }

  /** Keep this element's position true from now on; its `[data-distance]` says how far away that is. */
  follow(entity: number, element: HTMLElement | null): void {
    if (element === null) this.#people.delete(entity);
    else this.#people.set(entity, { element, distance: element.querySelector<HTMLElement>("[data-distance]") });
    this.#measuredAtMs = -Infinity;
  }

  followOwn(element: HTMLElement | null): void {
    this.#own = element;
  }

  /** Called with every frame; does something twenty times a second. */
  update(nowMs: number): void {
    if (nowMs - this.#writtenAtMs < WRITE_MS) return;
    this.#writtenAtMs = nowMs;
    const isMeasuring = nowMs - this.#measuredAtMs >= DISTANCE_MS;
    if (isMeasuring) this.#measuredAtMs = nowMs;
    const own = this.#source.ownPosition();
    if (this.#own !== null) this.#write(this.#own, own);
    for (const [entity, { element, distance }] of this.#people) {
      const position = this.#source.positionOf(entity);
      this.#write(element, position);
      if (isMeasuring && distance !== null) this.#measure(distance, own, position);
    }
  }

  #write(element: HTMLElement, position: Point | null): void {
    const text =
      position === null ? "" : `${thousandths(position.x)},${thousandths(position.y)},${thousandths(position.z)}`;
    if (this.#written.get(element) === text) return;
    this.#written.set(element, text);
    if (text === "") element.removeAttribute("data-position");
    else element.setAttribute("data-position", text);
  }

  #measure(element: HTMLElement, own: Point | null, position: Point | null): void {
    const text =
      own === null || position === null
        ? ""
        : metres(this.#source.language, Math.hypot(position.x - own.x, position.y - own.y, position.z - own.z));
    if (this.#written.get(element) === text) return;
    this.#written.set(element, text);
    element.textContent = text;
  }
}

/** As `toFixed(3)` writes it, at a fraction of its cost. */
function thousandths(metres: number): string {
  return String(Math.round(metres * 1000) / 1000);
}
