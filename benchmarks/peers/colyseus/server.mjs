// Colyseus with a StateView for each client, filled from a grid: node server.mjs PORT RADIUS_MM TICK_HZ ws|uws

import { Room, Server } from "@colyseus/core";
import { Encoder, StateView, schema, t } from "@colyseus/schema";
import { Grid } from "../grid.mjs";

const [port, radius, hz] = process.argv.slice(2, 5).map(Number);
const POSE = 1;

Encoder.BUFFER_SIZE = 1 << 20; // all views of a tick fit, so that it never grows

const Avatar = schema(
  { number: t.uint16(), x: t.int32(), y: t.int32(), z: t.int32(), yaw: t.uint16(), pitch: t.int8() },
  "Avatar",
);
const Plaza = schema({ avatars: t.map(Avatar).view() }, "Plaza");

class PlazaRoom extends Room {
  state = new Plaza();
  patchRate = 1000 / hz;
  grid = new Grid(radius);
  near = [];

  onCreate() {
    this.onMessageBytes(POSE, (client, data) => {
      const pose = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      const { avatar } = client.userData;
      avatar.x = pose.readInt32LE(0);
      avatar.y = pose.readInt32LE(4);
      avatar.z = pose.readInt32LE(8);
      avatar.yaw = pose.readUInt16LE(12);
      avatar.pitch = pose.readInt8(14);
    });
  }

  onJoin(client, { number }) {
    const avatar = new Avatar({ number, x: 0, y: 0, z: 0, yaw: 0, pitch: 0 });
    this.state.avatars.set(client.sessionId, avatar);
    client.view = new StateView();
    client.userData = { avatar, seen: new Set() };
  }

  onLeave(client) {
    this.state.avatars.delete(client.sessionId);
    client.view.dispose();
  }

  /** Fit everybody's view to who is near, right before the tick's patch is encoded. */
  onBeforePatch() {
    this.grid.fill(this.state.avatars.values());
    for (const { view, userData } of this.clients) {
      if (userData === undefined) continue; // between its seat and onJoin
      const before = userData.seen;
      const seen = new Set();
      const count = this.grid.near(userData.avatar, this.near);
      for (let k = 0; k < count; k++) {
        const other = this.near[k];
        seen.add(other);
        if (!before.delete(other)) view.add(other);
      }
      for (const gone of before) view.remove(gone);
      userData.seen = seen;
    }
  }
}

async function transport() {
  if (process.argv[5] === "uws") {
    const { uWebSocketsTransport } = await import("@colyseus/uwebsockets-transport");
    return new uWebSocketsTransport();
  }
  const { WebSocketTransport } = await import("@colyseus/ws-transport");
  return new WebSocketTransport();
}

const server = new Server({ transport: await transport(), greet: false });
server.define("plaza", PlazaRoom);
await server.listen(port, "127.0.0.1", 1024);
