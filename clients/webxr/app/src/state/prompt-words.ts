// What the action key does just now, in words; for the page and for the panel in VR.
import type { Translate } from "../i18n/translate";
import { propWord } from "./badge";
import { worldTitle } from "./directory";
import type { Store } from "./store";

/** Reads signals: where it is shown, it follows them. null where the key does nothing. */
export function promptWords(store: Store, t: Translate): string | null {
  const prompt = store.prompt.value;
  const language = store.settings.language.value;
  switch (prompt?.kind) {
    case undefined:
      return null;
    case "take":
      return t("prompt.take", { thing: propWord(language, prompt.prop) });
    case "put_down":
      return t("prompt.put_down", { thing: propWord(language, prompt.prop) });
    case "sit":
      return t("prompt.sit");
    case "stand":
      return t("prompt.stand");
    case "portal":
      return t("prompt.portal", { place: worldTitle(store.directory.worlds.value, prompt.portal.world, language) });
    case "person":
      return t("prompt.person", { name: store.people.value.get(prompt.entity)?.name ?? "" });
  }
}
