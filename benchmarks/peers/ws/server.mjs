// `ws` with a hand-written grid: node server.mjs PORT RADIUS_MM TICK_HZ

import { WebSocketServer } from "ws";
import { Crowd, every } from "../crowd.mjs";

const [port, radius, hz] = process.argv.slice(2).map(Number);
const crowd = new Crowd(radius);

new WebSocketServer({ host: "127.0.0.1", port, backlog: 1024 }).on("connection", (socket, request) => {
  const id = Number(new URL(request.url, "http://localhost").searchParams.get("number"));
  const member = crowd.join(id, (message) => socket.send(message));
  socket._socket.setNoDelay(true);
  socket.on("message", (data) => crowd.pose(member, data));
  socket.on("close", () => crowd.leave(member));
  socket.on("error", () => socket.terminate());
});
every(hz, () => crowd.tick());
