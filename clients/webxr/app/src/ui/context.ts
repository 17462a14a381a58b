// How components reach the state: one context with the store to read, the actions to call and the words to say them in.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Translate } from "../i18n/translate";
import type { Actions } from "../state/actions";
import type { Store } from "../state/store";
import type { Positions } from "./positions";

export interface App {
  readonly store: Store;
  readonly actions: Actions;
  readonly positions: Positions;
  readonly t: Translate;
  /** Give the keyboard back to the room. */
  readonly focusStage: () => void;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("no AppContext above this component");
  return app;
}
