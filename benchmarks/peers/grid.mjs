// Who is near whom: a grid as wide as the radius, made anew at every tick. Coordinates in mm.

const SPAN = 1 << 16; // cells along x before two share a key, which costs a comparison and is never wrong

export class Grid {
  constructor(radius) {
    this.radius = radius;
    this.cells = new Map();
  }

  /** Sort subjects, anything with x, y and z, into cells. */
  fill(subjects) {
    this.cells.clear();
    for (const subject of subjects) {
      const key = Math.floor(subject.z / this.radius) * SPAN + Math.floor(subject.x / this.radius);
      const cell = this.cells.get(key);
      if (cell === undefined) this.cells.set(key, [subject]);
      else cell.push(subject);
    }
  }

  /** Put into `found` whoever is within the radius of `who`, without itself; returns how many there are. */
  near(who, found) {
    const row = Math.floor(who.z / this.radius);
    const column = Math.floor(who.x / this.radius);
    const limit = this.radius * this.radius;
    let count = 0;
    for (let z = row - 1; z <= row + 1; z++) {
      for (let x = column - 1; x <= column + 1; x++) {
        const cell = this.cells.get(z * SPAN + x);
        if (cell === undefined) continue;
        for (const other of cell) {
          const dx = other.x - who.x;
          const dy = other.y - who.y;
          const dz = other.z - who.z;
          if (dx * dx + dy * dy + dz * dz <= limit && other !== who) found[count++] = other;
        }
      }
    }
    return count;
  }
}
