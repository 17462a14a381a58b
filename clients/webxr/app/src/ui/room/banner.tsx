// What stands over the view while the connection is lost: that one's place is kept, how long until the next try, and a way
// not to wait for it.
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { useApp } from "../context";
import { Button } from "../parts/button";

const TICK_MS = 250;

export function Banner() {
  const { store } = useApp();
  const { phase } = store.connection.value;
  return phase === "waiting" || phase === "connecting" || phase === "offline" ? <Lost /> : null;
}

function Lost() {
  const { store, actions, t } = useApp();
  const { phase, retryAtMs } = store.connection.value;
  const leftS = useSignal(0);
  useEffect(() => {
    const count = () => {
      leftS.value = Math.max(0, Math.ceil(((retryAtMs ?? 0) - store.monotonicMs()) / 1000));
    };
    count();
    const timer = window.setInterval(count, TICK_MS);
    return () => {
      window.clearInterval(timer);
    };
  }, [retryAtMs, leftS, store]);
  return (
    <div class="banner" role="status" data-testid="offline-banner">
      <p>
        <strong>{t("offline.title")}</strong> {t("offline.kept")}
      </p>
      <p aria-live="off">
        {phase === "waiting" && leftS.value > 0 ? t("offline.retry", { count: leftS.value }) : t("offline.trying")}
      </p>
      <Button
        disabled={phase !== "waiting"}
        onClick={() => {
          actions.reconnect();
        }}
      >
        {t("try_now")}
      </Button>
    </div>
  );
}
