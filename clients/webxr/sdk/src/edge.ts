/** The world outside of the SDK: sockets, clock, chance, timer, network. The browser's, unless something else is given. */

/** What the SDK uses of a WebSocket. */
export type SocketLike = Pick<
  WebSocket,
  "binaryType" | "bufferedAmount" | "onopen" | "onmessage" | "onclose" | "onerror" | "send" | "close"
>;

/** Tells when the device loses its network and has it again. */
export interface NetworkSignal {
  isOnline(): boolean;
  /** Call `changed` whenever that changes; returns how to stop. */
  listen(changed: () => void): () => void;
}

/** All that the SDK uses of its platform. */
export interface Edge {
  /** A monotonic clock, ms. `Room.sample` takes the same times. */
  readonly now: () => number;
  /** Chance, from 0 to 1. */
  readonly random: () => number;
  /** Open a WebSocket. */
  readonly dial: (url: string, protocol: string) => SocketLike;
  /** Call `beat` every so many milliseconds; returns how to stop. */
  readonly every: (ms: number, beat: () => void) => () => void;
  readonly network: NetworkSignal;
}

/** What a browser offers, and Node. */
export function browserEdge(): Edge {
  return {
    now: () => performance.now(),
    random: Math.random,
    dial: (url, protocol) => new WebSocket(url, protocol),
    every,
    network: BROWSER,
  };
}

function every(ms: number, beat: () => void): () => void {
  const timer = setInterval(beat, ms);
  return () => {
    clearInterval(timer);
  };
}

/** The browser's word; where there is none (Node), there always is a network. */
const BROWSER: NetworkSignal = {
  isOnline: () => (typeof navigator === "undefined" ? true : (navigator.onLine as boolean | undefined) !== false),
  listen(changed) {
    if (typeof window === "undefined") return () => undefined;
    window.addEventListener("online", changed);
    window.addEventListener("offline", changed);
    return () => {
      window.removeEventListener("online", changed);
      window.removeEventListener("offline", changed);
    };
  },
};
