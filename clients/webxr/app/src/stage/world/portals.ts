/** Portals: a tall frame of brass and stone around a surface that shimmers slowly. */

import type { Portal, WorldDocument } from "@presence-hub/client";
import { Mesh, ShaderMaterial } from "three";
import { Mesher } from "../mesher";
import { linear, PALETTE } from "../palette";
import { Kit } from "./kit";
import type { Site } from "./site";

/** Build the frames into the site; returns the shimmer, whose `time` uniform the caller advances, or null without portals. */
export function buildPortals(
  site: Site,
  document: WorldDocument,
): Mesh<ReturnType<Mesher["build"]>, ShaderMaterial> | null {
  if (document.portals.length === 0) return null;
  const mesher = new Mesher();
  for (const portal of document.portals) frame(site, portal, mesher);
  const mesh = new Mesh(
    mesher.build(),
    new ShaderMaterial({
      uniforms: { time: { value: 0 } },
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      transparent: true,
      depthWrite: false,
      side: 2,
    }),
  );
  mesh.name = "portals";
  mesh.renderOrder = 4;
  return mesh;
}

function frame(site: Site, portal: Portal, shimmer: Mesher): void {
  const [x0, y0, z0] = portal.min;
  const [x1, y1, z1] = portal.max;
  const isAlongX = x1 - x0 >= z1 - z0;
  const width = isAlongX ? x1 - x0 : z1 - z0;
  const height = y1 - y0;
  const kit = new Kit(site, (x0 + x1) / 2, y0, (z0 + z1) / 2, isAlongX ? 0 : Math.PI / 2);
  const post = 0.22;
  for (const side of [-1, 1]) {
    kit.block("stone", post, height, 0.5, side * (width / 2 + post / 2), 0, 0, undefined, 0.75);
    kit.block("metal", 0.035, height, 0.52, side * (width / 2 + 0.012), 0, 0, PALETTE.brass);
    kit.block("glow", 0.016, height - 0.1, 0.06, side * (width / 2 - 0.012), 0.05, 0, linear(0xbfe2ff, 1.1));
  }
  kit.block("stone", width + post * 2, 0.34, 0.5, 0, height, 0, undefined, 0.85);
  kit.block("metal", width + 0.07, 0.035, 0.52, 0, height - 0.018, 0, PALETTE.brass);
  kit.block("stone", width + post * 2 + 0.3, 0.025, 0.9, 0, 0);
  shimmer.place(kit.x, y0, kit.z, kit.yaw);
  const half = width / 2;
  shimmer.quad([-half, 0.02, 0], [half, 0.02, 0], [half, height, 0], [-half, height, 0], [0, 0, 1, 0, 1, 1, 0, 1]);
}

const VERTEX = /* glsl */ `
varying vec2 vUv;
void main() {
  vUv = uv;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

const FRAGMENT = /* glsl */ `
uniform float time;
varying vec2 vUv;
void main() {
  vec2 p = vUv * vec2(3.0, 4.5);
  float wave = sin(p.x * 2.1 + sin(p.y * 1.3 + time * 0.5) * 1.2 + time * 0.35);
  float fine = sin(p.y * 4.0 - time * 0.8 + wave * 1.6) * 0.5 + 0.5;
  float edge = 1.0 - smoothstep(0.0, 0.22, min(min(vUv.x, 1.0 - vUv.x), 1.0 - vUv.y));
  vec3 colour = mix(vec3(0.10, 0.27, 0.52), vec3(0.62, 0.82, 0.97), fine * 0.45 + edge * 0.55);
  gl_FragColor = vec4(colour, 0.34 + fine * 0.14 + edge * 0.34);
  #include <colorspace_fragment>
}`;
