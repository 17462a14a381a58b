// Where one is, with how many, how the connection stands, and the ways to everything else.
import { worldTitle } from "../../state/directory";
import type { Panel } from "../../state/store";
import { useApp } from "../context";
import { IconButton } from "../parts/button";
import { Mark } from "../parts/globe";
import { Icon, type IconName } from "../parts/icon";
import { ConnectionState } from "./connection-state";

export function TopBar() {
  const { store, actions, t } = useApp();
  const room = store.room.value;
  const title = worldTitle(store.directory.worlds.value, room?.world ?? "", store.settings.language.value);
  return (
    <header class="top-bar">
      <div class="card place">
        <Mark />
        <h1>
          <bdi>{title}</bdi>{" "}
          <small>
            <bdi>{room?.name}</bdi>
          </small>
        </h1>
        {room?.isLocked === true && (
          <span class="tag warning">
            <Icon name="lock" />
            {t("lobby.locked")}
          </span>
        )}
        <ConnectionState />
      </div>
      <nav class="card tools" aria-label={t("tools")}>
        <Toggle
          panel="roster"
          icon="people"
          label={t("roster.title")}
          testId="roster-toggle"
          number={store.people.value.size}
        />
        <Toggle panel="chat" icon="chat" label={t("chat.title")} testId="chat-toggle" badge={store.chat.unread.value} />
        {store.mayHaveViewpoint.value && <ViewpointButton />}
        <Toggle panel="network" icon="network" label={t("network.title")} testId="network-toggle" />
        <Toggle panel="settings" icon="settings" label={t("settings.title")} testId="settings-toggle" />
        <Toggle panel="help" icon="help" label={t("help.title")} testId="help-toggle" />
        {store.isVrSupported.value && (
          <button
            type="button"
            class="button primary"
            data-testid="enter-vr"
            onClick={() => {
              void actions.enterVr();
            }}
          >
            <Icon name="headset" />
            <span>{t("vr.enter")}</span>
          </button>
        )}
        <IconButton
          icon="leave"
          label={t("leave")}
          class="leave"
          data-testid="leave-room"
          onClick={() => {
            void actions.leave();
          }}
        />
      </nav>
    </header>
  );
}

function ViewpointButton() {
  const { store, actions, t } = useApp();
  const isPlaced = store.viewpoint.value !== null;
  return (
    <IconButton
      icon={isPlaced ? "viewpoint_off" : "viewpoint"}
      label={t(isPlaced ? "viewpoint.remove" : "viewpoint.place")}
      data-testid="viewpoint"
      onClick={() => {
        void actions.lookFromHere(!isPlaced);
      }}
    />
  );
}

interface ToggleProps {
  readonly panel: Panel;
  readonly icon: IconName;
  readonly label: string;
  readonly testId: string;
  /** Unread things. */
  readonly badge?: number;
  /** A plain number beside the drawing. */
  readonly number?: number;
}

function Toggle({ panel, icon, label, testId, badge = 0, number }: ToggleProps) {
  const { store, actions, t } = useApp();
  const words = badge > 0 ? `${label}, ${t("chat.unread", { count: badge })}` : label;
  return (
    <button
      type="button"
      class={`icon-button ${number === undefined ? "" : "with-number"}`}
      aria-label={number === undefined ? words : `${words}: ${number}`}
      title={label}
      aria-pressed={store.panels.value.has(panel)}
      data-testid={testId}
      onClick={() => {
        actions.toggle(panel);
      }}
    >
      <Icon name={icon} />
      {number !== undefined && <span aria-hidden="true">{number}</span>}
      {badge > 0 && (
        <span class="count" aria-hidden="true">
          {badge > 99 ? "99+" : badge}
        </span>
      )}
    </button>
  );
}
