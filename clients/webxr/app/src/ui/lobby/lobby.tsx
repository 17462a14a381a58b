// The first thing anybody sees: what this is, who one is, which rooms there are and who is in them.
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../context";
import { IconButton } from "../parts/button";
import { Globe, Mark } from "../parts/globe";
import { Icon } from "../parts/icon";
import { LanguageSelect } from "../parts/language-select";
import { FindColleague } from "./find-colleague";
import { MakeRoom } from "./make-room";
import { Rooms } from "./rooms";
import { SignIn } from "./sign-in";

export function Lobby() {
  const { store, actions, t } = useApp();
  const nameInput = useRef<HTMLInputElement>(null);
  useEffect(() => {
    store.directory.watch();
    return () => {
      store.directory.unwatch();
    };
  }, [store]);

  /** A guest without a name cannot enter: ask for it instead. */
  const enter = (room: string, world: string) => {
    if (store.token.peek() === "" && store.settings.name.peek() === "") {
      nameInput.current?.focus();
      nameInput.current?.setAttribute("aria-invalid", "true");
      store.toasts.add("problem", "lobby.name_needed");
    } else {
      void actions.enter({ room, world });
    }
  };

  return (
    <div class="lobby" data-testid="lobby">
      <header class="hero">
        <div class="hero-bar">
          <p class="wordmark">
            <Mark />
            <span>Presence</span>
          </p>
          <LanguageSelect isLabelHidden />
          <IconButton
            icon="settings"
            label={t("settings.title")}
            data-testid="settings-toggle"
            onClick={() => {
              actions.toggle("settings");
            }}
          />
        </div>
        <Globe />
        <div class="hero-words">
          <h1>{t("lobby.title")}</h1>
          <p class="lead">{t("lobby.lead")}</p>
          <SignIn nameInput={nameInput} onEnter={enter} />
          {store.isVrSupported.value && (
            <p class="vr-hint">
              <Icon name="headset" />
              {t("lobby.vr_hint")}
            </p>
          )}
        </div>
      </header>
      <main class="lobby-main" id="main">
        <FindColleague onEnter={enter} />
        <Rooms onEnter={enter} />
        <MakeRoom onEnter={enter} />
      </main>
    </div>
  );
}

export interface EnterProps {
  readonly onEnter: (room: string, world: string) => void;
}
