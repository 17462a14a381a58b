// Socket.IO with a hand-written grid and its msgpack parser: node server.mjs PORT RADIUS_MM TICK_HZ

import { createServer } from "node:http";
import { Server } from "socket.io";
import parser from "socket.io-msgpack-parser";
import { Crowd, every } from "../crowd.mjs";

const [port, radius, hz] = process.argv.slice(2).map(Number);
const crowd = new Crowd(radius);
const http = createServer();

new Server(http, { parser, transports: ["websocket"], serveClient: false }).on("connection", (socket) => {
  const id = Number(socket.handshake.query.number);
  const member = crowd.join(id, (message) => socket.volatile.emit("poses", message));
  socket.on("pose", (data) => crowd.pose(member, data));
  socket.on("disconnect", () => crowd.leave(member));
});
http.listen({ host: "127.0.0.1", port, backlog: 1024 });
every(hz, () => crowd.tick());
