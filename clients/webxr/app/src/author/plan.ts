/** The plan of a world, drawn from above: floors, walls, furniture, zones, seats, portals, spawns, and where the 3D view stands. Pans,
 * zooms, and tells where the pointer is. */

import { WorldGeometry, type WorldDocument } from "@presence-hub/client";

export interface Place {
  readonly x: number;
  readonly z: number;
}

export interface Viewer extends Place {
  readonly yaw: number;
}

const INK = "#14233a";
const ZONE_INK = ["#2f6fb5", "#8a4f9e", "#2b8a6f", "#b0621d", "#a83a4a", "#5b6b2c"];
const FLOOR_INK: Readonly<Record<string, string>> = {
  grass: "#dbe7cf",
  gravel: "#e8e0d0",
  water: "#cfe4ee",
  carpet: "#dfe6f0",
  "carpet-dark": "#d3d9e3",
  deck: "#ecdfcb",
  wood: "#f0e4d0",
};
const ZOOM_STEP = 1.25;
const PAN_STEP_PX = 48;

export class Plan {
  readonly #canvas: HTMLCanvasElement;
  readonly #pointed: (place: Place | null, words: string) => void;
  #document: WorldDocument | null = null;
  #geometry: WorldGeometry | null = null;
  #viewer: Viewer | null = null;
  #scale = 10;
  #centreX = 0;
  #centreZ = 0;
  #isFitted = false;

  /** `pointed` hears where the pointer is and what is there; `chosen` where it was clicked. */
  constructor(
    canvas: HTMLCanvasElement,
    pointed: (place: Place | null, words: string) => void,
    chosen: (place: Place) => void,
  ) {
    this.#canvas = canvas;
    this.#pointed = pointed;
    this.#listen(chosen);
    new ResizeObserver(() => {
      this.draw();
    }).observe(canvas);
  }

  show(world: WorldDocument): void {
    const isOther = this.#document?.name !== world.name;
    this.#document = world;
    this.#geometry = new WorldGeometry(world);
    if (isOther) this.#isFitted = false;
    this.draw();
  }

  setViewer(viewer: Viewer): void {
    const before = this.#viewer;
    this.#viewer = viewer;
    const isMoved =
      !before ||
      Math.hypot(before.x - viewer.x, before.z - viewer.z) > 0.02 ||
      Math.abs(before.yaw - viewer.yaw) > 0.01;
    if (isMoved) this.draw();
  }

  zoom(steps: number, atX = this.#canvas.clientWidth / 2, atY = this.#canvas.clientHeight / 2): void {
    const before = this.#placeAt(atX, atY);
    this.#scale = Math.max(1, Math.min(200, this.#scale * ZOOM_STEP ** steps));
    const after = this.#placeAt(atX, atY);
    this.#centreX += before.x - after.x;
    this.#centreZ += before.z - after.z;
    this.draw();
  }

  fit(): void {
    this.#isFitted = false;
    this.draw();
  }

  draw(): void {
    const pen = this.#canvas.getContext("2d");
    const world = this.#document;
    const width = this.#canvas.clientWidth;
    const height = this.#canvas.clientHeight;
    if (!pen || width === 0) return;
    const ratio = globalThis.devicePixelRatio || 1;
    this.#canvas.width = width * ratio;
    this.#canvas.height = height * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = "#fffdf9";
    pen.fillRect(0, 0, width, height);
    if (!world) return;
    if (!this.#isFitted) this.#fitTo(world, width, height);
    this.#grid(pen, width, height);
    this.#floors(pen, world);
    this.#solids(pen, world);
    this.#zones(pen, world);
    this.#people(pen, world);
  }

  #fitTo(world: WorldDocument, width: number, height: number): void {
    const { min, max } = world.bounds;
    this.#scale = Math.min(width / (max[0] - min[0]), height / (max[2] - min[2])) * 0.94;
    this.#centreX = (min[0] + max[0]) / 2;
    this.#centreZ = (min[2] + max[2]) / 2;
    this.#isFitted = true;
  }

  #x(metres: number): number {
    return (metres - this.#centreX) * this.#scale + this.#canvas.clientWidth / 2;
  }

  #y(metres: number): number {
    return (metres - this.#centreZ) * this.#scale + this.#canvas.clientHeight / 2;
  }

  #placeAt(x: number, y: number): Place {
    return {
      x: (x - this.#canvas.clientWidth / 2) / this.#scale + this.#centreX,
      z: (y - this.#canvas.clientHeight / 2) / this.#scale + this.#centreZ,
    };
  }

  /** A line every 1, 5 or 10 metres, whichever is not too dense, with its number. */
  #grid(pen: CanvasRenderingContext2D, width: number, height: number): void {
    const step = [1, 5, 10, 50, 100].find((metres) => metres * this.#scale > 40) ?? 500;
    const { x: left, z: top } = this.#placeAt(0, 0);
    const { x: right, z: bottom } = this.#placeAt(width, height);
    pen.strokeStyle = "#ece5d8";
    pen.fillStyle = "#6d6757";
    pen.font = "11px sans-serif";
    pen.lineWidth = 1;
    pen.beginPath();
    for (let x = Math.ceil(left / step) * step; x < right; x += step) {
      pen.moveTo(this.#x(x), 0);
      pen.lineTo(this.#x(x), height);
      pen.fillText(String(x), this.#x(x) + 3, height - 4);
    }
    for (let z = Math.ceil(top / step) * step; z < bottom; z += step) {
      pen.moveTo(0, this.#y(z));
      pen.lineTo(width, this.#y(z));
      pen.fillText(String(z), 3, this.#y(z) - 3);
    }
    pen.stroke();
  }

  #rectangle(min: readonly [number, number], max: readonly [number, number]): [number, number, number, number] {
    return [this.#x(min[0]), this.#y(min[1]), (max[0] - min[0]) * this.#scale, (max[1] - min[1]) * this.#scale];
  }

  #floors(pen: CanvasRenderingContext2D, world: WorldDocument): void {
    const { min, max } = world.bounds;
    pen.strokeStyle = INK;
    pen.setLineDash([6, 4]);
    pen.strokeRect(...this.#rectangle([min[0], min[2]], [max[0], max[2]]));
    pen.setLineDash([]);
    for (const floor of world.floors) {
      const area = this.#rectangle(floor.min, floor.max);
      pen.fillStyle = FLOOR_INK[floor.look] ?? "#f1ede4";
      pen.fillRect(...area);
      if (!floor.slope) continue;
      pen.fillStyle = "#6d6757";
      pen.fillText(`ramp ${floor.height} → ${floor.slope.to} m`, area[0] + 4, area[1] + 12);
    }
  }

  #solids(pen: CanvasRenderingContext2D, world: WorldDocument): void {
    for (const box of world.boxes) {
      pen.fillStyle = box.look === "none" ? "rgb(20 35 58 / 8%)" : "rgb(120 100 70 / 32%)";
      pen.fillRect(...this.#rectangle([box.min[0], box.min[2]], [box.max[0], box.max[2]]));
    }
    pen.lineCap = "round";
    for (const wall of world.walls) {
      const isLintel = wall.base > 1.6;
      pen.strokeStyle = wall.look.includes("glass") ? "#4f9bd8" : wall.look === "none" ? "#9aa3ae" : INK;
      pen.lineWidth = isLintel ? 1 : 2.5;
      pen.setLineDash(isLintel ? [3, 3] : []);
      pen.beginPath();
      pen.moveTo(this.#x(wall.from[0]), this.#y(wall.from[1]));
      pen.lineTo(this.#x(wall.to[0]), this.#y(wall.to[1]));
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  #zones(pen: CanvasRenderingContext2D, world: WorldDocument): void {
    pen.lineWidth = 1.5;
    pen.font = "600 12px sans-serif";
    const label = (text: string, ink: string, min: readonly number[], max: readonly number[]): void => {
      const area = this.#rectangle([min[0] ?? 0, min[2] ?? 0], [max[0] ?? 0, max[2] ?? 0]);
      pen.strokeStyle = pen.fillStyle = ink;
      pen.strokeRect(...area);
      pen.globalAlpha = 0.07;
      pen.fillRect(...area);
      pen.globalAlpha = 1;
      pen.fillText(text, area[0] + 5, area[1] + 15, Math.max(20, area[2] - 8));
    };
    world.zones.forEach((zone, index) => {
      const rules = [
        zone.isolated && "unseen from outside",
        zone.speechPrivate && "speech stays inside",
        ...zone.clearance,
      ];
      const words = rules.filter((rule) => typeof rule === "string").join(", ");
      label(
        words ? `${zone.name} (${words})` : zone.name,
        ZONE_INK[index % ZONE_INK.length] ?? INK,
        zone.min,
        zone.max,
      );
    });
    for (const portal of world.portals) label(`to ${portal.world}`, "#0f7f9c", portal.min, portal.max);
  }

  #people(pen: CanvasRenderingContext2D, world: WorldDocument): void {
    for (const seat of this.#geometry?.seats ?? []) {
      this.#arrow(pen, seat.positionMm[0] / 1000, seat.positionMm[2] / 1000, seat.yawRadians, 0.28, "#49617f");
    }
    for (const spawn of world.spawns) {
      this.#arrow(pen, spawn.position[0], spawn.position[2], (spawn.yaw * Math.PI) / 180, 0.5, "#1b7345");
    }
    pen.fillStyle = "#b0621d";
    for (const { position } of world.props.objects)
      pen.fillRect(this.#x(position[0]) - 2, this.#y(position[2]) - 2, 4, 4);
    if (this.#viewer) this.#arrow(pen, this.#viewer.x, this.#viewer.z, this.#viewer.yaw, 0.8, "#b0261d");
  }

  #arrow(pen: CanvasRenderingContext2D, x: number, z: number, yaw: number, size: number, ink: string): void {
    const reach = Math.max(4, size * this.#scale);
    pen.save();
    pen.translate(this.#x(x), this.#y(z));
    pen.rotate(-yaw);
    pen.fillStyle = ink;
    pen.beginPath();
    pen.moveTo(0, -reach);
    pen.lineTo(reach * 0.6, reach * 0.6);
    pen.lineTo(0, reach * 0.3);
    pen.lineTo(-reach * 0.6, reach * 0.6);
    pen.fill();
    pen.restore();
  }

  /** What is at a place, in words. */
  #words({ x, z }: Place): string {
    const world = this.#document;
    const geometry = this.#geometry;
    if (!world || !geometry) return "";
    const floor = geometry.floorUnder(
      Math.round(x * 1000),
      Math.round(z * 1000),
      Math.round(world.bounds.max[1] * 1000),
    );
    const height = floor === null ? null : floor / 1000;
    const parts = [`x ${x.toFixed(2)}`, `z ${z.toFixed(2)}`];
    if (height !== null) parts.push(`floor at ${height.toFixed(2)}`);
    const zone = geometry.zoneAt([Math.round(x * 1000), floor ?? 0, Math.round(z * 1000)]);
    if (zone) parts.push(`zone ${zone.name}`);
    return parts.join(" · ");
  }

  #listen(chosen: (place: Place) => void): void {
    const canvas = this.#canvas;
    let grabbed: { x: number; y: number; isMoved: boolean } | null = null;
    canvas.addEventListener("pointerdown", (event) => {
      grabbed = { x: event.offsetX, y: event.offsetY, isMoved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const place = this.#placeAt(event.offsetX, event.offsetY);
      this.#pointed(place, this.#words(place));
      if (!grabbed) return;
      const [dx, dy] = [event.offsetX - grabbed.x, event.offsetY - grabbed.y];
      if (!grabbed.isMoved && Math.hypot(dx, dy) < 4) return;
      this.#centreX -= dx / this.#scale;
      this.#centreZ -= dy / this.#scale;
      grabbed = { x: event.offsetX, y: event.offsetY, isMoved: true };
      this.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      if (grabbed && !grabbed.isMoved) chosen(this.#placeAt(event.offsetX, event.offsetY));
      grabbed = null;
    });
    canvas.addEventListener("pointerleave", () => {
      this.#pointed(null, "");
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(event.deltaY < 0 ? 1 : -1, event.offsetX, event.offsetY);
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => {
      const pan = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === "+" || event.key === "=") this.zoom(1);
      else if (event.key === "-") this.zoom(-1);
      else if (event.key === "0") this.fit();
      else if (pan) {
        this.#centreX += ((pan[0] ?? 0) * PAN_STEP_PX) / this.#scale;
        this.#centreZ += ((pan[1] ?? 0) * PAN_STEP_PX) / this.#scale;
        const place = { x: this.#centreX, z: this.#centreZ };
        this.#pointed(place, this.#words(place));
        this.draw();
      } else return;
      event.preventDefault();
    });
  }
}
