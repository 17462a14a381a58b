/**
 * The panel in VR: a small board at the left wrist with the room, the connection and a few buttons.
 *
 * Draws what the interface gives it on a canvas, and says which button a ray meets. Texts are others'.
 */
import {
  CanvasTexture,
  Mesh,
  MeshBasicMaterial,
  type Object3D,
  PlaneGeometry,
  type Raycaster,
  SRGBColorSpace,
} from "three";
import type { VrPanel } from "../contract";

const WIDTH = 640;
const HEIGHT = 480;
const WIDTH_M = 0.24;
const MARGIN = 28;
const BUTTONS_TOP = 290;
const MOST_LINES = 4;
const GAP = 14;
const COLUMNS = 3;
const TONES = { good: "#5fe0b0", warning: "#ffce6b", bad: "#ff8d84" } as const;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where button `index` of `count` lies, in pixels of the canvas. */
export function buttonBox(index: number, count: number, isRightToLeft: boolean): Box {
  const rows = Math.max(1, Math.ceil(count / COLUMNS));
  const width = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS;
  const height = Math.min(110, (HEIGHT - BUTTONS_TOP - MARGIN - (rows - 1) * GAP) / rows);
  const column = isRightToLeft ? COLUMNS - 1 - (index % COLUMNS) : index % COLUMNS;
  return {
    x: MARGIN + column * (width + GAP),
    y: BUTTONS_TOP + Math.floor(index / COLUMNS) * (height + GAP),
    width,
    height,
  };
}

/** The button at (u, v) of the board, both 0 to 1 from its lower left; null between buttons. */
export function buttonAt(panel: VrPanel, u: number, v: number): string | null {
  const x = u * WIDTH;
  const y = (1 - v) * HEIGHT;
  const index = panel.buttons.findIndex((_, button) => {
    const box = buttonBox(button, panel.buttons.length, panel.isRightToLeft);
    return x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
  });
  return panel.buttons[index]?.id ?? null;
}

export class Panel {
  readonly board: Mesh<PlaneGeometry, MeshBasicMaterial>;
  readonly #parent: Object3D;
  readonly #context: CanvasRenderingContext2D;
  readonly #texture: CanvasTexture;
  #shown: VrPanel | null = null;
  #pointed: string | null = null;

  constructor(parent: Object3D) {
    this.#parent = parent;
    const canvas = document.createElement("canvas");
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    const context = canvas.getContext("2d");
    if (!context) throw new Error("this browser has no 2-D canvas");
    this.#context = context;
    this.#texture = new CanvasTexture(canvas);
    this.#texture.colorSpace = SRGBColorSpace;
    const material = new MeshBasicMaterial({ map: this.#texture, transparent: true, toneMapped: false });
    this.board = new Mesh(new PlaneGeometry(WIDTH_M, (WIDTH_M * HEIGHT) / WIDTH), material);
    this.board.visible = false;
    parent.add(this.board);
  }

  /** Show these contents with the button a ray points at; redraws only what changed. */
  show(panel: VrPanel, pointed: string | null): void {
    if (panel === this.#shown && pointed === this.#pointed) return;
    this.#shown = panel;
    this.#pointed = pointed;
    this.#draw(panel);
    this.#texture.needsUpdate = true;
  }

  /** Where a ray meets the board: the button there, and how far away; null where it misses. */
  point(raycaster: Raycaster): { readonly button: string | null; readonly distance: number } | null {
    if (!this.board.visible || !this.#shown) return null;
    const hit = raycaster.intersectObject(this.board, false)[0];
    if (!hit?.uv) return null;
    return { button: buttonAt(this.#shown, hit.uv.x, hit.uv.y), distance: hit.distance };
  }

  dispose(): void {
    this.#parent.remove(this.board);
    this.#texture.dispose();
    this.board.geometry.dispose();
    this.board.material.dispose();
  }

  #draw(panel: VrPanel): void {
    const context = this.#context;
    context.clearRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = "rgba(13, 22, 36, 0.94)";
    context.beginPath();
    context.roundRect(0, 0, WIDTH, HEIGHT, 36);
    context.fill();
    context.direction = panel.isRightToLeft ? "rtl" : "ltr";
    context.textAlign = "start";
    context.textBaseline = "middle";
    const start = panel.isRightToLeft ? WIDTH - MARGIN : MARGIN;
    context.fillStyle = "#ffffff";
    context.font = "600 44px system-ui, sans-serif";
    context.fillText(panel.title, start, 58, WIDTH - 2 * MARGIN);
    context.font = "30px system-ui, sans-serif";
    panel.lines.slice(0, MOST_LINES).forEach((line, index) => {
      context.fillStyle = index === 0 ? TONES[panel.tone] : "#c8d4e3";
      context.fillText(line, start, 116 + index * 44, WIDTH - 2 * MARGIN);
    });
    panel.buttons.forEach(({ id, label }, index) => {
      const box = buttonBox(index, panel.buttons.length, panel.isRightToLeft);
      context.fillStyle = id === this.#pointed ? "#2f7fd6" : "#22354f";
      context.beginPath();
      context.roundRect(box.x, box.y, box.width, box.height, 18);
      context.fill();
      context.fillStyle = "#ffffff";
      context.textAlign = "center";
      context.fillText(label, box.x + box.width / 2, box.y + box.height / 2, box.width - 16);
      context.textAlign = "start";
    });
  }
}
