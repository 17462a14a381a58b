// A client of the web SDK on strings: one JSON order a line comes in, one JSON line goes out for each answer and event.
import { createInterface } from "node:readline";
import { Client, PoseTable } from "../../clients/webxr/sdk/dist/index.js";

const FRAME_MS = 16;

const [url, name, token] = process.argv.slice(2);
let socket = null;
const dial = (to, protocol) => (socket = new WebSocket(to, protocol));
const client = new Client({ url, name, token, edge: { dial } });
const table = new PoseTable();

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
for (const event of [
    "connection",
    "left",
    "people",
    "things",
    "said",
    "gestured",
    "roomState",
    "correction",
    "ended",
    "notice",
])
    client.on(event, (value) => say({ event, value }));
client.on("joined", (room) => say({ event: "joined", value: { room: room.name, self: room.self } }));

const deeds = {
    open: () => client.open(),
    close: () => client.close(),
    cut: () => socket.close(),
    join: async (room, world) => ({ self: (await client.join(room, world)).self, position: client.room.own.position }),
    leave: () => client.leave(),
    block: (user, blocked) => client.block(user, blocked),
    chat: (channel, text, target) => client.room.chat(channel, text, target),
    gesture: (emote) => client.room.gesture(emote),
    status: (status) => client.room.setStatus(status),
    place: (x, y, z, yaw) => client.room.own.place([x, y, z], yaw),
    teleport: (x, y, z, yaw) => client.room.teleport([x, y, z], yaw),
    goTo: (entity) => client.room.goTo(entity),
    walk,
    track: (parts) => client.room.own.track(parts),
    spawn: (prop, position) => client.room.spawn(prop, position),
    grab: (entity) => client.room.grab(entity),
    move: (entity, position) => client.room.move(entity, position),
    release: (entity) => client.room.release(entity),
    despawn: (entity) => client.room.despawn(entity),
    own: () => ({ position: client.room.own.position, yaw: client.room.own.yaw }),
    people: () => [...client.room.people.values()],
    things: () => [...client.room.things.values()],
    poses,
    network: () => client.network(),
};

/** Walk to a place by frames, as a player does. */
async function walk(x, z, metresPerS) {
    const own = client.room.own;
    for (;;) {
        const dx = x - own.position[0];
        const dz = z - own.position[2];
        const left = Math.hypot(dx, dz);
        const step = Math.min(left, (metresPerS * FRAME_MS) / 1000);
        if (left < 1e-9) return;
        own.walk((dx / left) * step, (dz / left) * step);
        await new Promise((done) => setTimeout(done, FRAME_MS));
    }
}

/** Everything in sight as it is shown now, with the time of the machine's clock. */
function poses() {
    client.room.sample(table, performance.now());
    return Array.from({ length: table.count }, (_, row) => ({
        entity: table.entity[row],
        body: table.body[row],
        position: [...table.position.subarray(row * 3, row * 3 + 3)],
        yaw: table.yaw[row],
        head: [...table.parts.subarray(row * 21, row * 21 + 3)],
    }));
}

for await (const line of createInterface({ input: process.stdin })) {
    const { id, deed, args } = JSON.parse(line);
    // Not awaited: orders may overlap, as what a person does may.
    Promise.resolve()
        .then(() => deeds[deed](...args))
        .then((value) => say({ id, value: value ?? null }))
        .catch((error) =>
            say({ id, error: { name: error.name, code: error.code ?? null, reason: String(error.reason ?? error) } }),
        );
}
process.exit(0);
