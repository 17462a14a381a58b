// What the action key does just now; a big button where there is no keyboard.
import { propWord } from "../../state/badge";
import { worldTitle } from "../../state/directory";
import { useApp } from "../context";

export function PromptHint() {
  const { store, actions } = useApp();
  const words = usePromptWords();
  return (
    // Always there, so that what appears in it is read out.
    <div class="prompt-place" role="status">
      {words !== null && store.screen.value.kind === "room" && (
        <button
          type="button"
          class="prompt"
          data-testid="prompt"
          onClick={() => {
            actions.act();
          }}
        >
          <kbd>F</kbd>
          <span>{words}</span>
        </button>
      )}
    </div>
  );
}

function usePromptWords(): string | null {
  const { store, t } = useApp();
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
      return t("prompt.portal", {
        place: worldTitle(store.directory.worlds.value, prompt.portal.world, language),
      });
    case "person":
      return t("prompt.person", { name: store.people.value.get(prompt.entity)?.name ?? "" });
  }
}
