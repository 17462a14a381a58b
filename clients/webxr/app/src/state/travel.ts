// The way in, through and out: signing in, entering a room, following a portal or the server to another, leaving, and what
// the screen says meanwhile. Owns the client; whoever asks for a command gets it from here.
import { Close, PresenceError, RefusedError, type Client, type Room } from "@presence-hub/client";
import { follow, type Clock } from "./bridge";
import { refusalKey } from "./refusals";
import { NoPictureError, WorldLoadError, type Scene, type World } from "./scene";
import { OFFLINE, type Destination, type Failure, type Step, type Store } from "./store";

export interface TravelHome extends Clock {
  readonly makeClient: (identity: { readonly name: string; readonly token: string }) => Client;
  /** The world by this name, which has this digest; throws WorldLoadError. */
  readonly loadWorld: (name: string, digest: string) => Promise<World>;
  /** Make the picture, once; throws NoPictureError. */
  readonly openScene: () => Promise<Scene>;
  /** Report what no person can help, so that it is seen as the fault of the program that it is. */
  readonly report: (error: unknown) => void;
}

export class Travel {
  readonly #home: TravelHome;
  readonly #store: Store;
  #client: Client | null = null;
  #identity = "";
  /** Where one is or was on the way to. */
  #destination: Destination | null = null;
  #unfollow: () => void = () => undefined;
  #scene: Promise<Scene> | null = null;
  #arrival: Promise<void> = Promise.resolve();
  /** Grows with every change of mind, so that what was begun before it stops. */
  #visit = 0;

  constructor(home: TravelHome, store: Store) {
    this.#home = home;
    this.#store = store;
  }

  get client(): Client | null {
    return this.#client;
  }

  /** Go into a room; tells whether one arrived. Whoever is in a room stays there when the new one refuses. */
  async enter(to: Destination): Promise<boolean> {
    const visit = ++this.#visit;
    const isInRoom = this.#store.room.peek() !== null;
    this.#destination = to;
    this.#wait(to, "connecting");
    // The picture takes longest to make, and needs nothing of the server.
    this.#openScene().catch(() => undefined);
    try {
      const client = this.#signedIn();
      await isOnline(client);
      if (visit !== this.#visit) return false;
      this.#wait(to, "joining");
      await client.join(to.room, to.world);
      await this.#arrival;
      return visit === this.#visit && this.#store.screen.peek().kind === "room";
    } catch (error) {
      if (visit !== this.#visit || this.#store.screen.peek().kind === "ended") return false;
      if (error instanceof RefusedError && error.name === "already_in_room") {
        this.#store.screen.value = { kind: "room" };
        return true;
      }
      if (isInRoom && error instanceof RefusedError) {
        this.#store.screen.value = { kind: "room" };
        this.#store.toasts.add("problem", refusalKey(error.name));
      } else {
        this.#fail(to, error);
      }
      return false;
    }
  }

  /** Leave the room, or give up entering one, and come to the lobby. */
  async leave(): Promise<void> {
    this.#visit += 1;
    const isInRoom = this.#client?.room != null;
    this.#store.scene.peek()?.leave();
    this.#store.screen.value = { kind: "lobby" };
    if (isInRoom) await this.#client?.leave().catch(() => this.signOut());
    else if (this.#store.connection.peek().phase !== "online") await this.signOut();
  }

  /** End the session; the next room is entered with a new one. */
  async signOut(): Promise<void> {
    this.#visit += 1;
    const client = this.#client;
    this.#forget();
    await client?.close();
  }

  /** Show a room that was joined, be it asked for just now or come back to. */
  async #arrive(client: Client, room: Room): Promise<void> {
    const visit = this.#visit;
    const isOver = () => visit !== this.#visit || client.room !== room;
    const to = { room: room.name, world: room.world };
    this.#destination = to;
    try {
      if (this.#store.screen.peek().kind !== "room") this.#wait(to, "world");
      const world = await this.#home.loadWorld(room.world, room.worldDigest);
      if (isOver()) return;
      if (this.#store.screen.peek().kind !== "room") this.#wait(to, "picture");
      const scene = await this.#openScene();
      if (isOver()) return;
      scene.enter(room, world);
      this.#store.screen.value = { kind: "room" };
    } catch (error) {
      if (isOver()) return;
      this.#fail(to, error);
      await client.leave().catch(() => undefined);
    }
  }

  #signedIn(): Client {
    const name = this.#store.settings.name.peek();
    const token = this.#store.token.peek();
    const identity = JSON.stringify([name, token]);
    if (this.#client !== null && this.#identity === identity && this.#client.connection.phase !== "ended") {
      return this.#client;
    }
    const before = this.#client;
    this.#forget();
    void before?.close();
    const client = this.#home.makeClient({ name, token });
    this.#client = client;
    this.#identity = identity;
    const unfollow = follow(client, this.#store, this.#home);
    const ends = [
      client.on("connection", ({ phase }) => {
        if (phase === "online" && client.welcome?.resumed === false) this.#blockAgain(client);
      }),
      client.on("joined", (room) => {
        this.#arrival = this.#arrive(client, room);
      }),
      client.on("ended", (end) => {
        this.#visit += 1;
        this.#store.scene.peek()?.leave();
        this.#forget();
        if (end.code === Close.LEFT) return;
        const { code, name, reason } = end;
        this.#store.screen.value = { kind: "ended", code, name, reason, from: this.#destination };
      }),
    ];
    this.#unfollow = () => {
      for (const end of ends) end();
      unfollow();
    };
    client.open();
    return client;
  }

  /** Blocks last as long as a session; a person expects them to last as long as the page. */
  #blockAgain(client: Client): void {
    for (const user of this.#store.blocked.peek().keys()) client.block(user, true).catch(() => undefined);
  }

  #forget(): void {
    this.#unfollow();
    this.#unfollow = () => undefined;
    this.#client = null;
    this.#store.me.value = null;
    this.#store.connection.value = OFFLINE;
  }

  #openScene(): Promise<Scene> {
    this.#scene ??= this.#home.openScene().then(
      (scene) => {
        this.#store.scene.value = scene;
        return scene;
      },
      (error: unknown) => {
        this.#scene = null;
        throw error;
      },
    );
    return this.#scene;
  }

  #wait(to: Destination, step: Step): void {
    this.#store.screen.value = { kind: "loading", to, step };
  }

  #fail(to: Destination, error: unknown): void {
    const why = failure(error);
    if (why.kind === "unexpected") this.#home.report(error);
    this.#store.screen.value = { kind: "failed", to, failure: why };
  }
}

function failure(error: unknown): Failure {
  if (error instanceof PresenceError) return { kind: "refused", name: error.name };
  if (error instanceof WorldLoadError) return { kind: `world_${error.kind}` };
  if (error instanceof NoPictureError) return { kind: "no_picture" };
  return { kind: "unexpected" };
}

/** Wait until the client may join; an end of the session is told by its own event. */
function isOnline(client: Client): Promise<void> {
  if (client.connection.phase === "online") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = client.on("connection", ({ phase }) => {
      if (phase !== "online" && phase !== "ended") return;
      end();
      if (phase === "online") resolve();
      else reject(new Error("the session ended"));
    });
  });
}
