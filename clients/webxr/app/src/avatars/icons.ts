/** The small marks that float over heads: gestures, sleeping, muted. Drawn once, with strokes of our own. */

import type { CanvasTexture } from "three";
import { drawnTexture } from "../stage/textures";
import { GESTURES } from "./skeleton";

export const ICONS = [...GESTURES, "away", "muted"] as const;
export type Icon = (typeof ICONS)[number];
const CELL = 96;
const COLUMNS = 4;
const ROWS = 2;

export function iconSheet(): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = CELL * COLUMNS;
  canvas.height = CELL * ROWS;
  const pen = canvas.getContext("2d");
  if (pen) {
    ICONS.forEach((icon, index) => {
      pen.save();
      pen.translate((index % COLUMNS) * CELL + CELL / 2, Math.floor(index / COLUMNS) * CELL + CELL / 2);
      paint(pen, icon);
      pen.restore();
    });
  }
  const texture = drawnTexture(canvas);
  texture.flipY = false;
  return texture;
}

/** Where an icon is on the sheet: u, v; its extent is always the same. */
export function iconU(icon: Icon): number {
  return (ICONS.indexOf(icon) % COLUMNS) / COLUMNS;
}

export function iconV(icon: Icon): number {
  return Math.floor(ICONS.indexOf(icon) / COLUMNS) / ROWS;
}

export const ICON_DU = 1 / COLUMNS;
export const ICON_DV = 1 / ROWS;

function paint(pen: CanvasRenderingContext2D, icon: Icon): void {
  const isQuiet = icon === "away" || icon === "muted";
  pen.fillStyle = isQuiet ? "#2b3a55" : "#f3c668";
  pen.beginPath();
  pen.arc(0, 0, 42, 0, Math.PI * 2);
  pen.fill();
  pen.strokeStyle = isQuiet ? "#ffffff" : "#17253f";
  pen.fillStyle = pen.strokeStyle;
  pen.lineWidth = 6;
  pen.lineCap = pen.lineJoin = "round";
  switch (icon) {
    case "wave":
      palm(pen, -4, 6, -0.25);
      arcs(pen);
      return;
    case "raise_hand":
      palm(pen, 0, 6, 0);
      return;
    case "nod":
      stroke(pen, [-20, -6, 0, 14, 20, -6]);
      stroke(pen, [-20, -24, 0, -4, 20, -24]);
      return;
    case "applaud":
      palm(pen, -9, 8, -0.5);
      palm(pen, 10, 8, 0.5);
      return;
    case "point":
      stroke(pen, [-24, 8, 16, 8]);
      stroke(pen, [4, -8, 20, 8, 4, 24]);
      stroke(pen, [-24, -8, -12, -8]);
      return;
    case "thumbs_up":
      pen.beginPath();
      pen.roundRect(-20, -2, 11, 26, 3);
      pen.roundRect(-6, -4, 26, 28, 8);
      pen.fill();
      stroke(pen, [2, -4, 4, -24]);
      return;
    case "away":
      pen.font = "700 34px sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText("z", -12, 8);
      pen.font = "700 46px sans-serif";
      pen.fillText("Z", 11, -3);
      return;
    case "muted":
      pen.beginPath();
      pen.roundRect(-9, -26, 18, 32, 9);
      pen.fill();
      pen.beginPath();
      pen.arc(0, -2, 18, 0.15, Math.PI - 0.15);
      pen.stroke();
      stroke(pen, [0, 17, 0, 26]);
      pen.strokeStyle = "#ff8d7d";
      stroke(pen, [-24, -24, 24, 24]);
      return;
  }
}

function stroke(pen: CanvasRenderingContext2D, points: readonly number[]): void {
  pen.beginPath();
  for (let index = 0; index < points.length; index += 2) pen.lineTo(points[index] ?? 0, points[index + 1] ?? 0);
  pen.stroke();
}

function palm(pen: CanvasRenderingContext2D, x: number, y: number, turn: number): void {
  pen.save();
  pen.translate(x, y);
  pen.rotate(turn);
  pen.beginPath();
  pen.roundRect(-13, -6, 26, 24, 9);
  for (const [at, tall] of [
    [-10, 18],
    [-3.4, 23],
    [3.4, 22],
    [10, 16],
  ] as const)
    pen.roundRect(at - 3, -6 - tall, 6, tall + 6, 3);
  pen.fill();
  stroke(pen, [-12, 8, -20, -2]);
  pen.restore();
}

function arcs(pen: CanvasRenderingContext2D): void {
  pen.lineWidth = 4;
  for (const radius of [30, 37]) {
    pen.beginPath();
    pen.arc(-6, 4, radius, -0.75, -0.2);
    pen.stroke();
  }
}
