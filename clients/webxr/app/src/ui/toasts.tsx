// Short notes in a corner, read out as they come.
import { say } from "../i18n/translate";
import { useApp } from "./context";
import { IconButton } from "./parts/button";

export function ToastList() {
  const { store, t } = useApp();
  return (
    <div class="toasts" role="status" aria-live="polite">
      {store.toasts.shown.value.map(({ id, tone, key, values }) => (
        <p key={id} class={`toast ${tone}`} data-testid="toast" data-key={key}>
          <span>{say(store.settings.language.value, key, values)}</span>
          <IconButton
            icon="close"
            label={t("close")}
            onClick={() => {
              store.toasts.dismiss(id);
            }}
          />
        </p>
      ))}
    </div>
  );
}
