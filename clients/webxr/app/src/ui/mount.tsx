// Puts the interface onto the page and keeps the page itself in step: language, direction, theme, text size, and whether
// the canvas is to be seen. The composition root calls this once.
import { effect } from "@preact/signals";
import { render } from "preact";
import { direction, translator } from "../i18n/translate";
import type { Actions } from "../state/actions";
import type { Store } from "../state/store";
import { AppContext } from "./context";
import { Root } from "./app";
import { Positions } from "./positions";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/lobby.css";
import "./styles/room.css";

export interface Ui {
  /** Write where people are drawn; call it with every frame. */
  readonly update: (nowMs: number) => void;
  readonly dispose: () => void;
}

export interface UiParts {
  readonly root: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly store: Store;
  readonly actions: Actions;
}

export function mountUi({ root, canvas, store, actions }: UiParts): Ui {
  const { settings } = store;
  const t = translator(settings.language);
  const positions = new Positions({
    positionOf: (entity) => store.scene.peek()?.positionOf(entity) ?? null,
    ownPosition: () => store.scene.peek()?.ownPosition() ?? null,
    get language() {
      return settings.language.peek();
    },
  });
  const focusStage = () => {
    canvas.focus({ preventScroll: true });
  };
  const page = document.documentElement;
  const ends = [
    effect(() => {
      page.lang = settings.language.value;
      page.dir = direction(settings.language.value);
      canvas.setAttribute("aria-label", t("stage.name"));
      canvas.setAttribute("aria-description", t("stage.how"));
    }),
    effect(() => {
      page.dataset["theme"] = settings.theme.value;
      page.dataset["contrast"] = settings.contrast.value;
      page.dataset["motion"] = settings.reducedMotion.value ? "reduced" : "full";
      page.style.fontSize = `${settings.textSize.value}%`;
    }),
    effect(() => {
      const { kind } = store.screen.value;
      page.dataset["screen"] = kind;
      canvas.inert = kind !== "room";
      document.title = title(store, t("lobby.page_title"));
      if (kind === "room") focusStage();
    }),
    store.command.subscribe((command) => {
      if (command?.name === "close") closeSomething(store, actions);
      else if (command?.name === "roster") actions.toggle("roster");
      else if (command?.name === "mute") actions.toggle("chat");
    }),
  ];
  render(
    <AppContext.Provider value={{ store, actions, positions, t, focusStage }}>
      <Root />
    </AppContext.Provider>,
    root,
  );
  return {
    update: (nowMs) => {
      positions.update(nowMs);
    },
    dispose: () => {
      for (const end of ends) end();
      render(null, root);
    },
  };
}

function title(store: Store, fallback: string): string {
  const room = store.room.value;
  return room === null ? fallback : `${room.name} · Presence`;
}

/** Escape over the view closes what lies over it, the newest thing first. */
function closeSomething(store: Store, actions: Actions): void {
  if (store.selected.peek() !== null) actions.select(null);
  else actions.close("network");
}
