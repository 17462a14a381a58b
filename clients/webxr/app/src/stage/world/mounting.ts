/** Where flat pieces hang: authors place them on a wall's line; they are shown before its face. */

import type { WorldDocument } from "@presence-hub/client";

/** Move a place that lies within a wall's thickness out of it, the way it faces, to `distance` metres before the wall's line. */
export function standProud(
  document: WorldDocument,
  x: number,
  z: number,
  yaw: number,
  distance: number,
): [number, number] {
  const facingX = -Math.sin(yaw);
  const facingZ = -Math.cos(yaw);
  for (const wall of document.walls) {
    const dx = wall.to[0] - wall.from[0];
    const dz = wall.to[1] - wall.from[1];
    const length = Math.hypot(dx, dz);
    const along = ((x - wall.from[0]) * dx + (z - wall.from[1]) * dz) / length;
    if (along < 0 || along > length) continue;
    // The wall's normal on the side the piece faces.
    let normalX = -dz / length;
    let normalZ = dx / length;
    const facing = normalX * facingX + normalZ * facingZ;
    if (Math.abs(facing) < 0.7) continue;
    if (facing < 0) [normalX, normalZ] = [-normalX, -normalZ];
    const before = (x - wall.from[0]) * normalX + (z - wall.from[1]) * normalZ;
    if (Math.abs(before) < distance) return [x + normalX * (distance - before), z + normalZ * (distance - before)];
  }
  return [x, z];
}
