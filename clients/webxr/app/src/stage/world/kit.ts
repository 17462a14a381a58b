/** A place to model one piece: meshers of every surface, all in the piece's own frame. Pieces face −Z at yaw 0, as people do. */

import type { Mesher, Rgb } from "../mesher";
import { linear } from "../palette";
import type { Surface } from "../surfaces";
import type { Site } from "./site";

export class Kit {
  readonly site: Site;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly yaw: number;
  readonly scale: number;

  constructor(site: Site, x: number, y: number, z: number, yaw: number, scale = 1) {
    this.site = site;
    this.x = x;
    this.y = y;
    this.z = z;
    this.yaw = yaw;
    this.scale = scale;
  }

  /** The same place for a model that is drawn at another size. */
  sized(factor: number): Kit {
    return new Kit(this.site, this.x, this.y, this.z, this.yaw, this.scale * factor);
  }

  on(surface: Surface): Mesher {
    return this.site.at(surface, this.x, this.z).place(this.x, this.y, this.z, this.yaw, this.scale);
  }

  /** A box around the piece's axis: width, height and depth, standing at `y`. */
  block(
    surface: Surface,
    width: number,
    height: number,
    depth: number,
    x = 0,
    y = 0,
    z = 0,
    colour: Rgb | number = WHITE,
    shadeBelow = 0.9,
  ): void {
    const rgb = typeof colour === "number" ? linear(colour) : colour;
    this.on(surface).box(
      x - width / 2,
      y,
      z - depth / 2,
      x + width / 2,
      y + height,
      z + depth / 2,
      rgb,
      "",
      shadeBelow,
    );
  }

  /** A round piece: rings of [y, radius]. */
  turned(
    surface: Surface,
    rings: readonly (readonly number[])[],
    sides: number,
    colour: Rgb | number = WHITE,
    x = 0,
    z = 0,
  ): void {
    const rgb = typeof colour === "number" ? linear(colour) : colour;
    this.on(surface).loft(
      rings.map(([y = 0, rx = 0, rz = rx, ox = 0, oz = 0]) => [y, rx, rz, ox + x, oz + z]),
      this.site.quality === "low" ? Math.max(4, Math.round(sides * 0.6)) : sides,
      rgb,
    );
  }

  ball(surface: Surface, x: number, y: number, z: number, radius: number, colour: number, sides = 10, flat = 1): void {
    this.on(surface).ball(x, y, z, radius, radius * flat, radius, sides, linear(colour));
  }

  /** The soft shadow where the piece meets the ground: half its width and depth. */
  shade(halfWidth: number, halfDepth: number, strength = 0.45): void {
    const cos = Math.abs(Math.cos(this.yaw));
    const sin = Math.abs(Math.sin(this.yaw));
    const dx = (halfWidth * cos + halfDepth * sin) * this.scale * 0.8;
    const dz = (halfWidth * sin + halfDepth * cos) * this.scale * 0.8;
    this.site.shadeRectangle(
      this.x - dx,
      this.z - dz,
      this.x + dx,
      this.z + dz,
      this.y,
      0.3 * this.scale + 0.1,
      strength,
    );
  }
}

const WHITE: Rgb = [1, 1, 1];
