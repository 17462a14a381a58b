// What the action key does just now; a big button where there is no keyboard.
import { promptWords } from "../../state/prompt-words";
import { useApp } from "../context";

export function PromptHint() {
  const { store, actions, t } = useApp();
  const words = promptWords(store, t);
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
