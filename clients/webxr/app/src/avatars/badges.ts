/** Badges and speech bubbles as drawings, and the sheet they are kept on. Draws text with the canvas, so that every script is shaped as
 * the browser shapes it; names are text here and nothing else. */

import {
  CanvasTexture,
  DataTexture,
  LinearFilter,
  RGBAFormat,
  SRGBColorSpace,
  Vector2,
  type WebGLRenderer,
} from "three";
import { CellPool } from "../stage/atlas";
import { rounded, SIGN_FONT, wrap } from "../stage/world/signs";
import { type AvatarLook } from "./looks";

/** A sheet of equal cells; a drawing is uploaded alone, into its cell. */
export class Sheet {
  readonly texture: DataTexture;
  readonly pool: CellPool;
  readonly #canvas: HTMLCanvasElement;
  readonly #staging: CanvasTexture;
  readonly #columns: number;
  readonly #rows: number;

  readonly renderer: WebGLRenderer;
  readonly cellWidth: number;
  readonly cellHeight: number;

  constructor(renderer: WebGLRenderer, cellWidth: number, cellHeight: number, columns: number, rows: number) {
    this.renderer = renderer;
    this.cellWidth = cellWidth;
    this.cellHeight = cellHeight;
    this.#columns = columns;
    this.#rows = rows;
    this.pool = new CellPool(columns * rows);
    const [width, height] = [cellWidth * columns, cellHeight * rows];
    this.texture = new DataTexture(new Uint8Array(width * height * 4), width, height, RGBAFormat);
    this.texture.colorSpace = SRGBColorSpace;
    this.texture.magFilter = this.texture.minFilter = LinearFilter;
    this.texture.needsUpdate = true;
    this.#canvas = document.createElement("canvas");
    this.#canvas.width = cellWidth;
    this.#canvas.height = cellHeight;
    this.#staging = new CanvasTexture(this.#canvas);
    this.#staging.flipY = false;
    this.#staging.colorSpace = SRGBColorSpace;
    this.#staging.magFilter = this.#staging.minFilter = LinearFilter;
    this.#staging.generateMipmaps = false;
  }

  /** Draw into the cell of `key`, taking one if it has none. */
  draw(key: number, paint: (pen: CanvasRenderingContext2D, width: number, height: number) => void): void {
    const pen = this.#canvas.getContext("2d");
    if (!pen) return;
    const cell = this.pool.find(key) ?? this.pool.take(key);
    pen.clearRect(0, 0, this.cellWidth, this.cellHeight);
    paint(pen, this.cellWidth, this.cellHeight);
    this.#staging.needsUpdate = true;
    AT.set((cell % this.#columns) * this.cellWidth, Math.floor(cell / this.#columns) * this.cellHeight);
    this.renderer.copyTextureToTexture(this.#staging, this.texture, null, AT);
  }

  u(cell: number): number {
    return (cell % this.#columns) / this.#columns;
  }

  v(cell: number): number {
    return Math.floor(cell / this.#columns) / this.#rows;
  }

  get du(): number {
    return 1 / this.#columns;
  }

  get dv(): number {
    return 1 / this.#rows;
  }

  dispose(): void {
    this.texture.dispose();
    this.#staging.dispose();
  }
}

const AT = new Vector2();

/** Name above; below it country chip, agency and role, or that this is a guest. */
export function paintBadge(
  pen: CanvasRenderingContext2D,
  width: number,
  height: number,
  look: AvatarLook,
  guestWord: string,
): void {
  const inset = 2;
  pen.globalAlpha = 0.92;
  rounded(pen, inset, inset, width - inset * 2, height - inset * 2, 12, look.isGuest ? "#f7ead2" : "#12233f");
  pen.globalAlpha = 1;
  rounded(pen, inset + 6, inset + 10, 4, height - inset * 2 - 20, 2, look.isGuest ? "#e0922a" : "#c6a15b");
  const ink = look.isGuest ? "#3a2a10" : "#ffffff";
  const left = inset + 20;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.direction = "ltr";
  pen.fillStyle = ink;
  fitted(pen, look.name, left, height * 0.35, width - left - 12, 650, height * 0.4);
  let x = left;
  const low = height * 0.74;
  if (look.country !== "") {
    // The code alone: colours beside it would be taken for a flag, and a wrong one.
    pen.font = `700 ${height * 0.22}px ${SIGN_FONT}`;
    const chip = pen.measureText(look.country).width + 14;
    rounded(pen, x, low - height * 0.15, chip, height * 0.3, 5, "#c6a15b");
    pen.fillStyle = "#12233f";
    pen.fillText(look.country, x + 7, low);
    x += chip + 9;
  }
  const words = look.isGuest ? guestWord : [look.agency, look.role].filter((word) => word !== "").join(" · ");
  pen.fillStyle = look.isGuest ? "#8a5710" : "#c9d6ea";
  fitted(pen, words, x, low, width - x - 12, 500, height * 0.25);
}

/** One line, made smaller and at last cut so that it fits. */
function fitted(
  pen: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  room: number,
  weight: number,
  size: number,
): void {
  pen.font = `${weight} ${size}px ${SIGN_FONT}`;
  const wide = pen.measureText(text).width;
  if (wide > room) pen.font = `${weight} ${Math.max(size * 0.62, (size * room) / wide)}px ${SIGN_FONT}`;
  let shown = text;
  while (shown.length > 1 && pen.measureText(shown).width > room) shown = `${shown.slice(0, -2).trimEnd()}…`;
  pen.fillText(shown, x, y);
}

/** A bubble of at most four lines, drawn from the bottom up; its tail is at the middle below. Returns nothing: the cell is all of it. */
export function paintBubble(pen: CanvasRenderingContext2D, width: number, height: number, text: string): void {
  const size = 30;
  pen.font = `500 ${size}px ${SIGN_FONT}`;
  const lines = wrap(pen, text, width - 70).slice(0, 4);
  if (wrap(pen, text, width - 70).length > 4) lines[3] = `${(lines[3] ?? "").slice(0, -1)}…`;
  const widest = Math.min(width - 30, Math.max(...lines.map((line) => pen.measureText(line).width)) + 44);
  const tall = lines.length * size * 1.25 + 28;
  const bottom = height - 22;
  const left = (width - widest) / 2;
  pen.shadowColor = "rgba(10, 20, 40, 0.35)";
  pen.shadowBlur = 8;
  rounded(pen, left, bottom - tall, widest, tall, 20, "#ffffff");
  pen.beginPath();
  pen.moveTo(width / 2 - 14, bottom - 1);
  pen.lineTo(width / 2 + 14, bottom - 1);
  pen.lineTo(width / 2, bottom + 16);
  pen.fill();
  pen.shadowColor = "transparent";
  pen.fillStyle = "#1a2840";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  lines.forEach((line, index) => {
    pen.fillText(line, width / 2, bottom - tall + 14 + size * 1.25 * (index + 0.5), width - 40);
  });
}
