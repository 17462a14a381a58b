// How the connection stands, in a word and a colour; the banner says what to do.
import { useApp } from "../context";

export function ConnectionState() {
  const { store, t } = useApp();
  const { phase } = store.connection.value;
  return (
    <span class={`connection ${phase}`} data-testid="connection-state" data-state={phase} role="status">
      <i aria-hidden="true" />
      <span>{t(`connection.${phase}`)}</span>
    </span>
  );
}
