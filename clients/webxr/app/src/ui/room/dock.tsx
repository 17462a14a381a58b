// What one shows of oneself: emotes, by click or by the keys 1 to 6, and one's status.
import { useComputed } from "@preact/signals";
import { EMOTES, STATUSES } from "../../state/actions";
import { useApp } from "../context";
import { Select } from "../parts/field";
import { Icon } from "../parts/icon";

export function Dock() {
  const { store, actions, t } = useApp();
  const me = useComputed(() => store.people.value.get(store.room.value?.self ?? 0));
  const status = STATUSES.find(({ code }) => code === me.value?.status)?.name ?? "available";
  return (
    <div class="card dock" role="toolbar" aria-label={t("emote.title")}>
      {EMOTES.map(({ name }, index) => (
        <button
          key={name}
          type="button"
          class="icon-button emote"
          data-testid={`emote-${name}`}
          aria-label={t(`emote.${name}`)}
          aria-keyshortcuts={String(index + 1)}
          title={`${t(`emote.${name}`)} (${index + 1})`}
          onClick={() => {
            actions.gesture(name);
          }}
        >
          <Icon name={name} />
          <kbd aria-hidden="true">{index + 1}</kbd>
        </button>
      ))}
      <span class={`status-dot ${status}`} aria-hidden="true" />
      <Select
        label={t("status.title")}
        isLabelHidden
        value={status}
        options={STATUSES.map(({ name }) => ({ value: name, text: t(`status.${name}`) }))}
        onChoose={(name) => {
          actions.setStatus(name);
        }}
        testId="status-select"
      />
    </div>
  );
}
