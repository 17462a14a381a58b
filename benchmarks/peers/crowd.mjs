// What a hand-written server keeps: who is there with its newest pose, and what each is to be told.
//
// A record is 17 bytes, little-endian: id u16, x y z i32 in mm, yaw u16, pitch i8. A pose as it comes in is the same
// without the id, so it is stored as it came, and an observer's message is its neighbours' records, one after another.

import { Grid } from "./grid.mjs";

const RECORD_BYTES = 17;
const ID_BYTES = 2;

export class Crowd {
  constructor(radius) {
    this.grid = new Grid(radius);
    this.members = new Set();
    this.near = [];
  }

  /** Let somebody in. `send` is called with its message at every tick at which somebody is near. */
  join(id, send) {
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeUInt16LE(id);
    const member = { x: 0, y: 0, z: 0, record, send };
    this.members.add(member);
    return member;
  }

  leave(member) {
    this.members.delete(member);
  }

  /** Take a pose off the wire; one of another length is ignored. */
  pose(member, data) {
    if (data.length !== RECORD_BYTES - ID_BYTES) return;
    member.record.set(data, ID_BYTES);
    member.x = data.readInt32LE(0);
    member.y = data.readInt32LE(4);
    member.z = data.readInt32LE(8);
  }

  /** Tell everybody about those who are near. */
  tick() {
    this.grid.fill(this.members);
    for (const member of this.members) {
      const count = this.grid.near(member, this.near);
      if (count === 0) continue;
      const message = Buffer.allocUnsafe(count * RECORD_BYTES);
      for (let k = 0, at = 0; k < count; k++) {
        const { record } = this.near[k];
        for (let byte = 0; byte < RECORD_BYTES; byte++) message[at++] = record[byte];
      }
      member.send(message);
    }
  }
}

/** Call `tick` so many times a second, on a schedule that does not drift. */
export function every(hz, tick) {
  const start = performance.now();
  let count = 0;
  const next = () => {
    tick();
    count = Math.max(count + 1, Math.floor(((performance.now() - start) * hz) / 1000));
    setTimeout(next, start + (count * 1000) / hz - performance.now());
  };
  next();
}
