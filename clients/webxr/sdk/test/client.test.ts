/** A client keeps its session, tells what happens, and answers every command, whatever the network does. */
import { beforeEach, describe, expect, it } from "vitest";
import { Client } from "../src/client.js";
import { OfflineError } from "../src/errors.js";
import { Channel } from "../src/generated.js";
import { PoseTable } from "../src/view/pose-table.js";
import { WorldGeometry, parseWorld } from "../src/world/index.js";
import { FakeServer, settle } from "./support/fake-server.js";

let server: FakeServer;

beforeEach(() => {
  server = new FakeServer();
});

const made = (name = "Ada"): Client => new Client({ url: "http://localhost:8080", name, edge: server.edge() });

async function opened(name = "Ada"): Promise<Client> {
  const client = made(name);
  client.open();
  await settle();
  return client;
}

async function inRoom(name = "Ada", room = "lobby"): Promise<Client> {
  const client = await opened(name);
  await Promise.all([client.join(room), server.pass(100)]);
  return client;
}

/** What a promise came to, without waiting for it. */
function outcome(promise: Promise<unknown>): { value: unknown } {
  const found = { value: "pending" as unknown };
  promise.then(
    () => (found.value = "done"),
    (error: unknown) => (found.value = (error as Error).name),
  );
  return found;
}

const sentTypes = (): string[] => server.socket.received.map((message) => message.type);

// --- opening ---------------------------------------------------------------------------------------------------------

it("opens a WebSocket at the protocol's path, and says hello first", async () => {
  const client = await opened();
  expect(server.socket.url).toBe("ws://localhost:8080/v1/connect");
  expect(server.socket.received[0]).toMatchObject({ type: "hello", name: "Ada", token: "", resume: "", last_event: 0 });
  expect(client.connection).toMatchObject({ phase: "online", attempt: 0, end: null });
  expect(client.welcome?.user).toBe("guest:Ada");
});

it("joins as soon as the connection stands, and commands before that say so", async () => {
  const client = made();
  await expect(client.join("lobby")).rejects.toThrow(OfflineError);
  client.open();
  const joining = client.join("lobby");
  await expect(client.block("u", true)).rejects.toThrow(OfflineError);
  expect((await joining).name).toBe("lobby");
});

it("waits and tries again where no server answers, and longer each time", async () => {
  server.isReachable = false;
  const client = made();
  const waits: number[] = [];
  client.on("connection", ({ phase, retryAtMs }) => {
    if (phase === "waiting") waits.push(Math.round(retryAtMs! - server.nowMs));
  });
  client.open();
  await server.pass(30_000);
  expect(waits.slice(0, 6)).toEqual([188, 375, 750, 1500, 3000, 6000]); // three quarters of 0.25 s × 2ⁿ
  expect(Math.max(...waits)).toBe(7500);
  expect(client.connection.reason).toBe("The server cannot be reached.");
  server.isReachable = true;
  await server.pass(10_000);
  expect(client.connection.phase).toBe("online");
});

it("tries at once when a person asks for it", async () => {
  server.isReachable = false;
  const client = made();
  client.open();
  await server.pass(20_000);
  server.isReachable = true;
  client.retry();
  await server.pass(250);
  expect(client.connection.phase).toBe("online");
  client.retry(); // nothing to do
  expect(client.connection.phase).toBe("online");
});

it("ends where the server refuses it, with what to do", async () => {
  const client = made();
  client.open();
  server.receive = (socket) => socket.deliver({ type: "closing", code: 4102, reason: "no guests here" });
  const joining = outcome(client.join("lobby"));
  await settle();
  expect(client.connection).toMatchObject({
    phase: "ended",
    end: { code: 4102, name: "token_required", reason: "no guests here", action: "Sign in, and send the token." },
  });
  expect(joining.value).toBe("token_required");
  await expect(client.join("lobby")).rejects.toThrow(/no guests here/);
});

it("asks for a smaller budget, and knows the room's", async () => {
  const client = await inRoom();
  expect(client.room!.budgetBytesPerS).toBe(32_000);
  await Promise.all([client.setBudget(16_000), server.pass(100)]);
  expect(server.socket.received.at(-1)).toMatchObject({ type: "set_budget", bytes_per_s: 16_000 });
});

it("looks from elsewhere, and no longer", async () => {
  const client = await inRoom();
  await Promise.all([client.room!.lookFrom([1.5, 2, -3.25], 1), server.pass(100)]);
  await Promise.all([client.room!.lookFrom(null, 1), server.pass(100)]);
  expect(server.socket.received.filter(({ type }) => type === "look_from")).toMatchObject([
    { viewpoint: 1, on: true, x: 1500, y: 2000, z: -3250 },
    { viewpoint: 1, on: false, x: 0, y: 0, z: 0 },
  ]);
});

// --- two people ------------------------------------------------------------------------------------------------------

it("two in one room hear each other and see each other move", async () => {
  const [ada, ben] = [await inRoom("Ada"), await inRoom("Ben")];
  const heard: string[] = [];
  ben.on("said", ({ person, text }) => heard.push(`${person?.name ?? "?"}: ${text}`));
  await ada.room!.chat(Channel.ROOM, "hello");
  expect(heard).toEqual(["Ada: hello"]);
  expect([...ben.room!.people.values()].map(({ name }) => name).sort()).toEqual(["Ada", "Ben"]);

  const table = new PoseTable();
  const shown: number[] = [];
  for (let frame = 0; frame < 60; frame += 1) {
    ada.room!.own.walk(0.05, 0);
    await server.pass(50);
    ben.room!.sample(table, server.nowMs);
    shown.push(table.position[0]!);
  }
  expect(table.count).toBe(1);
  expect(ben.room!.holds(ada.room!.self)).toBe(true);
  const steps = shown.slice(12).map((x, index) => x - shown[index + 11]!);
  for (const step of steps) expect(step).toBeCloseTo(0.05, 3);
  await server.pass(1000);
  ben.room!.sample(table, server.nowMs);
  expect(table.position[0]).toBeCloseTo(3, 3);
});

it("what a frame changed goes out together, and at once after a pause", async () => {
  const ada = await inRoom();
  const before = server.socket.received.length;
  ada.room!.own.walk(0.1, 0);
  ada.room!.own.turn(1, 0.2);
  await settle();
  expect(sentTypes().slice(before)).toEqual(["pose"]);
  const { record } = server.socket.received.at(-1) as { record: Uint8Array };
  const view = new DataView(record.buffer, record.byteOffset);
  expect([view.getInt32(8, true), view.getUint16(20, true)]).toEqual([100, 10_430]);
});

// --- breaks ----------------------------------------------------------------------------------------------------------

describe("when the connection breaks", () => {
  it("the session resumes with the last event it had, and nothing is heard twice or missed", async () => {
    const [ada, ben] = [await inRoom("Ada"), await inRoom("Ben")];
    const [adas] = server.sockets;
    const heard: string[] = [];
    const phases: string[] = [];
    ada.on("said", ({ text }) => heard.push(text));
    ada.on("connection", ({ phase }) => phases.push(phase));
    await ben.room!.chat(Channel.ROOM, "one");
    adas!.cut();
    await ben.room!.chat(Channel.ROOM, "two");
    await ben.room!.chat(Channel.ROOM, "three");
    const { room } = ada;
    const last = adas!.member!.seq - 2; // of what was said meanwhile nothing has come
    await server.pass(300);
    expect(server.socket.received[0]).toMatchObject({ type: "hello", resume: "token-1", last_event: last });
    expect(phases).toEqual(["waiting", "connecting", "online"]);
    expect(heard).toEqual(["one", "two", "three"]);
    expect(ada.room).toBe(room);
    expect(ada.network().reconnects).toBe(1);
  });

  it("the present pose is sent again, and sequences go on", async () => {
    const ada = await inRoom();
    ada.room!.own.walk(0.5, 0);
    await server.pass(200);
    server.socket.cut();
    await server.pass(400);
    const pose = server.socket.received.find((message) => message.type === "pose");
    expect(new DataView(pose!.record.buffer, pose!.record.byteOffset).getUint32(4, true)).toBe(2);
  });

  it("commands that went with it are refused once the resumed session says nothing of them", async () => {
    const ada = await inRoom();
    server.isMute = true;
    const lost = outcome(ada.room!.chat(Channel.ROOM, "into the void"));
    server.socket.cut();
    server.isMute = false;
    expect(lost.value).toBe("pending");
    await server.pass(400);
    expect(lost.value).toBe("offline");
  });

  it("answers that were missed still arrive", async () => {
    const ada = await inRoom();
    const member = [...server.members.values()][0]!;
    server.isMute = true;
    const asked = outcome(ada.room!.gesture(0));
    const { ref } = server.socket.received.at(-1) as { ref: number };
    server.socket.cut();
    server.isMute = false;
    server.tell(member, { type: "done", ref, entity: 0, version: 0 });
    await server.pass(400);
    expect(asked.value).toBe("done");
  });

  it("a session that the server forgot goes back into its room, as somebody new", async () => {
    const ada = await inRoom();
    const { room } = ada;
    const before = room!.self;
    room!.own.walk(0.1, 0);
    await server.pass(100);
    let joins = 0;
    ada.on("joined", () => (joins += 1));
    server.members.clear();
    server.socket.cut();
    await server.pass(400);
    expect([joins, ada.room]).toEqual([1, room]);
    expect(room!.self).not.toBe(before);
    ada.room!.own.walk(0.1, 0);
    await server.pass(100);
    const poses = server.socket.received.filter((message) => message.type === "pose");
    const sequences = poses.map(({ record }) => new DataView(record.buffer, record.byteOffset).getUint32(4, true));
    expect(sequences).toEqual([1]);
  });

  it("and where that room is full by then, it says so", async () => {
    const ada = await opened();
    await ada.join("lobby");
    const left: string[] = [];
    ada.on("left", ({ room, error }) => left.push(`${room}: ${error?.name ?? ""}`));
    server.members.clear();
    const receive = server.receive.bind(server);
    server.receive = (socket, message) =>
      receive(socket, message.type === "join" ? { ...message, room: "full" } : message);
    server.socket.cut();
    await server.pass(400);
    expect(left).toEqual(["lobby: room_full"]);
    expect([ada.room, ada.connection.phase]).toEqual([null, "online"]);
  });

  it("a server that falls silent is given up, and come back to", async () => {
    const ada = await inRoom();
    server.isMute = true;
    await server.pass(15_700);
    expect(ada.connection).toMatchObject({ phase: "waiting", reason: "The server has been silent for too long." });
    server.isMute = false;
    await server.pass(400);
    expect(ada.connection.phase).toBe("online");
  });

  it("a page that was held up reads what came meanwhile before it calls the server silent", async () => {
    const ada = await inRoom();
    server.nowMs += 60_000; // nothing ran; the next beat comes before the messages that wait
    await server.pass(1000);
    expect(ada.connection.phase).toBe("online");
    expect(ada.network().reconnects).toBe(0);
  });

  it("a server that goes away in good order is waited for as long as it asks", async () => {
    const ada = await inRoom();
    const notices: string[] = [];
    ada.on("notice", ({ name, reason }) => notices.push(`${name}: ${reason}`));
    server.socket.deliver({ type: "goaway", reason: "an update", reconnect_after_ms: 2000 });
    server.socket.deliver({ type: "closing", code: 4000, reason: "an update" });
    expect(notices).toEqual(["goaway: an update"]);
    await server.pass(1900);
    expect(ada.connection.phase).toBe("waiting");
    await server.pass(400);
    expect(ada.connection.phase).toBe("online");
  });

  it.each([
    [4001, "waiting"],
    [4002, "waiting"],
    [4101, "waiting"], // coming back to its session: a crowd pushes some of its own out
    [4105, "ended"],
    [4200, "ended"],
    [4300, "ended"],
    [4301, "ended"],
    [1001, "waiting"],
  ])("close code %i leads to %s", async (code, phase) => {
    const ada = await inRoom();
    server.socket.cut(code, "because");
    expect(ada.connection.phase).toBe(phase);
    if (phase !== "ended") return;
    expect(ada.room).toBeNull();
    ada.open(); // because the user asked for it
    await settle();
    expect(ada.connection.phase).toBe("online");
    expect(server.socket.received[0]).toMatchObject({ type: "hello", resume: "" });
  });
});

describe("when the device loses its network", () => {
  it("that is shown at once, nothing is tried meanwhile, and it comes back at once", async () => {
    const ada = await inRoom();
    server.network.turn(false);
    expect(ada.connection).toMatchObject({ phase: "waiting", reason: "This device has no network." });
    const tried = server.sockets.length;
    server.isReachable = false;
    await server.pass(5000);
    expect(server.sockets.length).toBe(tried);
    server.isReachable = true;
    server.network.turn(true);
    await server.pass(250);
    expect(ada.connection.phase).toBe("online");
    expect(server.socket.received[0]).toMatchObject({ type: "hello", resume: "token-1" });
  });

  it("a device that is wrong about that still finds a server on itself", async () => {
    const ada = await inRoom();
    server.network.turn(false);
    await server.pass(10_200);
    expect(ada.connection.phase).toBe("online");
  });
});

it("what the server asked for is waited for, whatever the network does meanwhile", async () => {
  const ada = await inRoom();
  server.socket.deliver({ type: "goaway", reason: "an update", reconnect_after_ms: 5000 });
  server.socket.deliver({ type: "closing", code: 4000, reason: "an update" });
  server.network.turn(true);
  await server.pass(4900);
  expect(ada.connection.phase).toBe("waiting");
});

it("a network that goes while it waits stops the attempts too", async () => {
  const ada = await inRoom();
  server.socket.cut();
  server.network.turn(false);
  const tried = server.sockets.length;
  await server.pass(5000);
  expect([server.sockets.length, ada.connection.reason]).toEqual([tried, "This device has no network."]);
  server.network.turn(true);
  await server.pass(250);
  expect(ada.connection.phase).toBe("online");
});

it("a socket that the page may not open is a break like any other", async () => {
  const edge = {
    ...server.edge(),
    dial: () => {
      throw new Error("an insecure connection may not be opened");
    },
  };
  const client = new Client({ url: "ws://localhost:8080", edge });
  client.open();
  await settle();
  expect(client.connection).toMatchObject({
    phase: "waiting",
    reason: "Error: an insecure connection may not be opened",
  });
});

// --- rules -----------------------------------------------------------------------------------------------------------

it("a server that breaks the protocol is left for good", async () => {
  for (const payload of ["text", new Uint8Array([0x91, 0x05]).buffer, new Uint8Array([0xc0]).buffer]) {
    const ada = await inRoom();
    server.socket.raw(payload);
    expect(ada.connection.end?.name).toBe("malformed");
  }
});

it("an event that comes again is ignored", async () => {
  const ada = await inRoom();
  let states = 0;
  ada.on("roomState", () => (states += 1));
  const member = [...server.members.values()][0]!;
  server.tell(member, { type: "room_state", locked: true });
  server.socket.deliver({ type: "room_state", seq: member.seq, locked: false });
  expect([states, ada.room!.isLocked, ada.connection.phase]).toEqual([1, true, "online"]);
});

it("an event that is missing is the server's fault", async () => {
  const ada = await inRoom();
  server.socket.deliver({ type: "room_state", seq: 99, locked: true });
  expect(ada.connection.end?.reason).toMatch(/one is missing/);
});

it("acknowledges events within a second, and every 32 at the latest", async () => {
  await inRoom();
  const member = [...server.members.values()][0]!;
  await server.pass(2000);
  expect(member.unread).toEqual([]);
  for (let event = 0; event < 40; event += 1) server.tell(member, { type: "room_state", locked: event % 2 === 0 });
  expect(member.unread.length).toBeLessThan(32);
  await server.pass(600);
  expect(member.unread).toEqual([]);
});

it("pings even where nothing else happens, five times in four heartbeats once the clock is good", async () => {
  await inRoom();
  const from = server.socket.received.length;
  await server.pass(20_000);
  const pings = server.socket.received.slice(from).filter(({ type }) => type === "ping");
  expect(pings.length).toBeGreaterThanOrEqual(7);
  expect(pings.length).toBeLessThanOrEqual(9);
});

it("asks for a resync once, however many snapshots do not match", async () => {
  await inRoom("Ada");
  const ben = await inRoom("Ben");
  const { socket } = server;
  await server.pass(200);
  const member = socket.member!;
  const real = server.receive.bind(server);
  server.receive = (from, message) => {
    if (message.type !== "resync") real(from, message);
  };
  [...server.members.values()][0]!.person.generation = 2; // nobody tells Ben
  await server.pass(500);
  expect(socket.received.filter(({ type }) => type === "resync").length).toBe(1);
  expect(ben.network().resyncs).toBe(1);
  member.isFull = true;
  await server.pass(200);
  [...server.members.values()][0]!.person.generation = 3;
  await server.pass(200);
  expect(ben.network().resyncs).toBe(2);
});

it("sends nothing about a room while it changes rooms", async () => {
  const ada = await inRoom();
  server.isMute = true;
  const joining = outcome(ada.join("other"));
  await settle();
  const from = server.socket.received.length;
  ada.room!.own.walk(1, 0);
  await server.pass(500);
  expect(
    sentTypes()
      .slice(from)
      .filter((type) => type === "pose"),
  ).toEqual([]);
  expect(joining.value).toBe("pending");
});

it("after leaving, what is about a room is refused here, not by the server", async () => {
  const ada = await inRoom();
  const { room } = ada;
  await ada.leave();
  expect(ada.room).toBeNull();
  await expect(room!.gesture(0)).rejects.toMatchObject({ name: "no_room" });
  expect(ada.connection.phase).toBe("online");
});

it("a refusal that answers no command is a notice", async () => {
  const ada = await inRoom();
  const notices: string[] = [];
  ada.on("notice", ({ name, action }) => notices.push(`${name}: ${action}`));
  server.tell([...server.members.values()][0]!, { type: "error", ref: 0, code: 12, reason: "" });
  expect(notices).toEqual(["not_held: Grab it first."]);
});

it("says good-bye at once, and is closed when the server has heard", async () => {
  const ada = await inRoom();
  const waiting = outcome(ada.room!.gesture(99 as never));
  const closing = ada.close();
  expect(server.socket.received.at(-1)?.type).toBe("bye");
  await closing;
  expect([ada.connection.phase, ada.room, server.socket.isClosed]).toEqual(["offline", null, true]);
  expect(waiting.value).not.toBe("pending");
  const beats = server.sockets.length;
  await server.pass(20_000);
  expect(server.sockets.length).toBe(beats);
});

it("a good-bye that nobody answers takes a second at most", async () => {
  const ada = await inRoom();
  server.isMute = true;
  const closing = outcome(ada.close());
  await server.pass(1100);
  expect([closing.value, ada.connection.phase]).toEqual(["done", "offline"]);
});

it("too many commands at once are refused here", async () => {
  const ada = await inRoom();
  server.isMute = true;
  for (let count = 0; count < 256; count += 1) void outcome(ada.room!.gesture(0));
  await expect(ada.room!.gesture(0)).rejects.toMatchObject({ name: "busy" });
});

it("a world's geometry keeps a walk where the server would have it", async () => {
  const ada = await inRoom();
  const world = {
    name: "w",
    title: "W",
    bounds: { min: [-3, 0, -3], max: [3, 3, 3] },
    spawns: [{ position: [0, 0, 0], yaw: 0 }],
  };
  ada.room!.own.setGeometry(new WorldGeometry(parseWorld(world)));
  for (let frame = 0; frame < 100; frame += 1) ada.room!.own.walk(0.1, 0);
  expect(ada.room!.own.position[0]).toBeLessThan(3);
  expect(ada.room!.own.position[0]).toBeGreaterThan(2.6);
});
