/**
 * The composition root: state, picture and interface of the page, tied together. `window.presence` is for tests and for
 * whoever reports a problem: what is there now, read-only.
 */
import { version } from "../package.json";
import "./globals";
import type { Picture } from "./picture";
import { makeState } from "./state/browser";
import { hideToken, readEntry } from "./state/entry";
import { playerHooks } from "./state/player-hooks";
import { mountUi } from "./ui/mount";

function element<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

const canvas = element("stage", HTMLCanvasElement);
let picture: Picture | null = null;
// What draws comes when it is needed: the lobby is there at once.
const { store, actions } = makeState(async (store, actions) => {
  const { Picture } = await import("./picture");
  picture = new Picture(canvas, store.settings, playerHooks(store, actions));
  picture.onFrame = ui.update;
  return picture;
});
const ui = mountUi({ root: element("ui", HTMLDivElement), canvas, store, actions });

window.presence = {
  version,
  stats: () => picture?.stats ?? null,
  network: () => actions.network(),
  ownPosition: () => picture?.ownPosition() ?? null,
  seen: (entity) => picture?.seen(entity) ?? null,
};

actions.start(readEntry(location));
hideToken(location, history);
