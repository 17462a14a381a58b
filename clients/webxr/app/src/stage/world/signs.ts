/** Signs in the reader's language: all of a world's signs are drawn on one canvas and shown by one mesh. */

import type { Language, Sign, WorldDocument } from "@presence-hub/client";
import { FrontSide, Mesh, MeshBasicMaterial } from "three";
import { packShelves } from "../atlas";
import { lit, type LightUniforms } from "../lit";
import { Mesher } from "../mesher";
import { drawnTexture } from "../textures";
import { standProud } from "./mounting";

interface Style {
  /** Width over height. */
  readonly aspect: number;
  readonly texelsPerM: number;
  readonly background: string | null;
  readonly ink: string;
  readonly edge: string | null;
  readonly weight: number;
  /** Height of the letters as a part of the sign's height, at most. */
  readonly letters: number;
  readonly align: "start" | "center";
}

const STYLES: Readonly<Record<Sign["style"], Style>> = {
  title: {
    aspect: 7,
    texelsPerM: 110,
    background: null,
    ink: "#17335c",
    edge: null,
    weight: 600,
    letters: 0.62,
    align: "center",
  },
  wayfinding: {
    aspect: 5,
    texelsPerM: 190,
    background: "#17335c",
    ink: "#fbf9f5",
    edge: "#c6a15b",
    weight: 500,
    letters: 0.4,
    align: "center",
  },
  plate: {
    aspect: 3.2,
    texelsPerM: 340,
    background: "#efe8da",
    ink: "#17335c",
    edge: "#b08d4c",
    weight: 600,
    letters: 0.34,
    align: "center",
  },
  notice: {
    aspect: 1.6,
    texelsPerM: 260,
    background: "#fbf9f5",
    ink: "#24344f",
    edge: "#17335c",
    weight: 500,
    letters: 0.16,
    align: "start",
  },
  departures: {
    aspect: 4.4,
    texelsPerM: 170,
    background: "#12161c",
    ink: "#f3c668",
    edge: "#2c3036",
    weight: 500,
    letters: 0.34,
    align: "start",
  },
};
const SHEET_TEXELS = 2048;
const LONGEST_SIGN_TEXELS = 1400;
const PLATE_M = 0.012;
export const SIGN_FONT = '"Inter", "Segoe UI", "Noto Sans", "Noto Sans Arabic", "Helvetica Neue", Arial, sans-serif';

/** One mesh with every sign of the document, or null where there are none. */
export function buildSigns(document: WorldDocument, language: Language, uniforms: LightUniforms): Mesh | null {
  if (document.signs.length === 0) return null;
  const faces = document.signs.flatMap((sign) => facesOf(sign, language));
  const sizes = faces.map(({ sign }) => {
    const style = STYLES[sign.style];
    const width = Math.min(LONGEST_SIGN_TEXELS, Math.ceil(sign.width * style.texelsPerM));
    return { width, height: Math.ceil(width / style.aspect) };
  });
  const { slots, height } = packShelves(sizes, SHEET_TEXELS, 4);
  const canvas = globalThis.document.createElement("canvas");
  canvas.width = SHEET_TEXELS;
  canvas.height = Math.max(4, height);
  const pen = canvas.getContext("2d");
  const mesher = new Mesher();
  faces.forEach(({ sign, text, sides }, index) => {
    const slot = slots[index];
    if (!slot || !pen) return;
    drawSign(pen, slot, STYLES[sign.style], text, language);
    const half = sign.width / 2;
    const tall = sign.width / STYLES[sign.style].aspect / 2;
    const yaw = (sign.yaw * Math.PI) / 180;
    const [x, z] = standProud(document, sign.position[0], sign.position[2], yaw, 0.095);
    const [u0, u1] = [slot.x / canvas.width, (slot.x + slot.width) / canvas.width];
    const [v0, v1] = [1 - (slot.y + slot.height) / canvas.height, 1 - slot.y / canvas.height];
    mesher.place(x, sign.position[1], z, yaw);
    for (const side of sides) {
      const depth = side === 1 ? 0 : PLATE_M;
      mesher.quad(
        [half * side, -tall, depth],
        [-half * side, -tall, depth],
        [-half * side, tall, depth],
        [half * side, tall, depth],
        [u0, v0, u1, v0, u1, v1, u0, v1],
      );
    }
  });
  const texture = drawnTexture(canvas);
  const material = new MeshBasicMaterial({
    map: texture,
    transparent: true,
    alphaTest: 0.02,
    side: FrontSide,
    vertexColors: true,
  });
  const mesh = new Mesh(mesher.build(), lit(material, uniforms, undefined, "world"));
  mesh.name = "signs";
  mesh.renderOrder = 2;
  return mesh;
}

/** What is drawn of a sign, and for which of its sides: 1 the front, -1 the back. Letters on a wall have none; on the back of a plate
 * arrows point the other way. */
function facesOf(sign: Sign, language: Language): { sign: Sign; text: string; sides: readonly (1 | -1)[] }[] {
  const text = sign.text[language];
  if (STYLES[sign.style].background === null) return [{ sign, text, sides: [1] }];
  const turned = text.replace(/[←→]/g, (arrow) => (arrow === "←" ? "→" : "←"));
  if (turned === text) return [{ sign, text, sides: [1, -1] }];
  return [
    { sign, text, sides: [1] },
    { sign, text: turned, sides: [-1] },
  ];
}

function drawSign(
  pen: CanvasRenderingContext2D,
  slot: { x: number; y: number; width: number; height: number },
  style: Style,
  text: string,
  language: Language,
): void {
  const { x, y, width, height } = slot;
  const edge = Math.max(2, height * 0.035);
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
  if (style.background) {
    rounded(pen, x, y, width, height, height * 0.08, style.edge ?? style.background);
    rounded(pen, x + edge, y + edge, width - edge * 2, height - edge * 2, height * 0.06, style.background);
  }
  pen.direction = language === "ar" ? "rtl" : "ltr";
  pen.fillStyle = style.ink;
  pen.textBaseline = "middle";
  pen.textAlign = style.align === "center" ? "center" : "start";
  const margin = height * (style.align === "center" ? 0.12 : 0.16);
  const { lines, size } = fitText(
    pen,
    text,
    width - margin * 2,
    height - margin * 1.4,
    height * style.letters,
    style.weight,
  );
  pen.font = `${style.weight} ${size}px ${SIGN_FONT}`;
  const startX = language === "ar" ? x + width - margin : x + margin;
  const lineHeight = size * 1.22;
  lines.forEach((line, index) => {
    const lineY = y + height / 2 + (index - (lines.length - 1) / 2) * lineHeight + size * 0.04;
    const lineX = style.align === "center" ? x + width / 2 : startX;
    if (!style.background) {
      // Letters on the wall are edged in brass, so as to stand out on pale and dark walls alike.
      pen.lineJoin = "round";
      pen.lineWidth = size * 0.09;
      pen.strokeStyle = "#e0bf7c";
      pen.strokeText(line, lineX, lineY);
    }
    pen.fillText(line, lineX, lineY);
  });
  pen.restore();
}

/** The largest size, up to `largest`, at which the words fit into the box, broken into lines. */
export function fitText(
  pen: CanvasRenderingContext2D,
  text: string,
  width: number,
  height: number,
  largest: number,
  weight: number,
): { lines: string[]; size: number } {
  for (let size = largest; size > 6; size *= 0.92) {
    pen.font = `${weight} ${size}px ${SIGN_FONT}`;
    const lines = wrap(pen, text, width);
    if (lines.length * size * 1.22 <= height && lines.every((line) => pen.measureText(line).width <= width))
      return { lines, size };
  }
  return { lines: [text], size: 6 };
}

export function wrap(pen: CanvasRenderingContext2D, text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && pen.measureText(longer).width > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  lines.push(line);
  return lines;
}

export function rounded(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
  fill: string,
): void {
  pen.fillStyle = fill;
  pen.beginPath();
  pen.roundRect(x, y, width, height, radius);
  pen.fill();
}
