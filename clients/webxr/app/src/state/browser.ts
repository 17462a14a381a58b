// The browser as the state needs it: clocks, storage, network, and what the person set in their system. The only module of
// the state that touches globals.
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import { Client } from "@presence-hub/client";
import { Actions } from "./actions";
import { Directory } from "./directory";
import type { Scene } from "./scene";
import { makeSettings } from "./settings";
import { makeStore, type Store } from "./store";
import { Toasts } from "./toasts";
import { loadWorld } from "./world-loader";

const AGENT = "presence-web/0.1.0";
/** Narrower or lower than this, in lines of text, there is room for one panel at a time only. */
const NARROW_REM = 40;
const LOW_REM = 26;
const PX_PER_REM = 16;
const SAMPLE_MS = 1000;
const SAMPLES = 60;

/** Make the state of a page; `openScene` is called when a picture is needed for the first time. */
export function makeState(openScene: (store: Store, actions: Actions) => Promise<Scene>): {
  readonly store: Store;
  readonly actions: Actions;
} {
  const settings = makeSettings({
    storage: storage(),
    languages: navigator.languages,
    isMotionReduced: media("(prefers-reduced-motion: reduce)"),
  });
  const size = viewport();
  const clock = {
    now: () => Date.now(),
    setTimer: (fn: () => void, ms: number) => window.setTimeout(fn, ms),
    clearTimer: (timer: number) => {
      window.clearTimeout(timer);
    },
  };
  const ask = (path: string, init: RequestInit) => fetch(path, init);
  const store = makeStore({
    settings,
    directory: new Directory({ ...clock, fetch: ask, isHidden: hidden() }),
    toasts: new Toasts(clock.setTimer),
    isNarrow: computed(() => {
      const rem = (PX_PER_REM * settings.textSize.value) / 100;
      return size.value.width < NARROW_REM * rem || size.value.height < LOW_REM * rem;
    }),
    monotonicMs: () => performance.now(),
  });
  const actions: Actions = new Actions(store, {
    ...clock,
    makeClient: ({ name, token }) => new Client({ url: location.origin, name, token, agent: AGENT }),
    loadWorld: (name, digest) => loadWorld(ask, name, digest),
    openScene: () => openScene(store, actions),
    report: (error) => {
      reportError(error);
    },
  });
  effect(() => (store.panels.value.has("network") ? sampling(store, actions) : undefined));
  void isVrSupported().then((isSupported) => {
    store.isVrSupported.value = isSupported;
  });
  // Whoever closes the page gives the seat up at once, instead of standing there for a minute.
  window.addEventListener("pagehide", (event) => {
    if (!event.persisted) void actions.end();
  });
  return { store, actions };
}

/** Sample the network until told to stop. */
function sampling(store: Store, actions: Actions): () => void {
  const sample = () => {
    const report = actions.network();
    const stats = store.scene.peek()?.stats;
    if (report === null || stats === undefined) return;
    store.network.value = [...store.network.peek(), { ...report, stats: { ...stats } }].slice(-SAMPLES);
  };
  sample();
  const timer = window.setInterval(sample, SAMPLE_MS);
  return () => {
    window.clearInterval(timer);
    store.network.value = [];
  };
}

/** Null where it is switched off: even asking throws there. */
function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function media(query: string): ReadonlySignal<boolean> {
  const list = window.matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => {
    matches.value = list.matches;
  });
  return matches;
}

function viewport(): ReadonlySignal<{ readonly width: number; readonly height: number }> {
  const measure = () => ({ width: window.innerWidth, height: window.innerHeight });
  const size = signal(measure());
  window.addEventListener("resize", () => {
    size.value = measure();
  });
  return size;
}

function hidden(): ReadonlySignal<boolean> {
  const isHidden = signal(document.hidden);
  document.addEventListener("visibilitychange", () => {
    isHidden.value = document.hidden;
  });
  return isHidden;
}

async function isVrSupported(): Promise<boolean> {
  try {
    // Absent where the page is not served over HTTPS or from this machine.
    return (await navigator.xr?.isSessionSupported("immersive-vr")) ?? false;
  } catch {
    return false;
  }
}
