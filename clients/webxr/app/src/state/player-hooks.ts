// What the player may ask of the interface, answered from the store: hooks for its deeds, and the panel that stands in for
// the page inside a headset.
import { computed } from "@preact/signals";
import { translator } from "../i18n/translate";
import type { PlayerHooks, VrPanel } from "../player/contract";
import type { Actions } from "./actions";
import { worldTitle } from "./directory";
import { promptWords } from "./prompt-words";
import type { Store } from "./store";

const TONES = { online: "good", connecting: "warning", waiting: "warning", offline: "bad", ended: "bad" } as const;
/** As many lines of chat as can be read at arm's length. */
const CHAT_LINES = 3;

export function playerHooks(store: Store, actions: Actions): PlayerHooks {
  const t = translator(store.settings.language);
  const vrPanel = computed((): VrPanel => {
    const { phase } = store.connection.value;
    const language = store.settings.language.value;
    const buttons = [
      { id: "emote-wave", label: t("emote.wave") },
      { id: "emote-raise_hand", label: t("emote.raise_hand") },
      { id: "leave-vr", label: t("vr.leave") },
    ];
    // A person is met on the page alone: their card has no place on the panel.
    const act = store.prompt.value?.kind === "person" ? null : promptWords(store, t);
    if (act !== null) buttons.unshift({ id: "act", label: act });
    if (phase === "waiting") buttons.unshift({ id: "retry", label: t("try_now") });
    return {
      title: worldTitle(store.directory.worlds.value, store.room.value?.world ?? "", language),
      tone: TONES[phase],
      lines: [
        `${t(`connection.${phase}`)} · ${t("people.count", { count: store.people.value.size })}`,
        ...store.chat.lines.value.slice(-CHAT_LINES).map(({ name, text }) => `${name}: ${text}`),
      ],
      buttons,
      isRightToLeft: language === "ar",
    };
  });
  return {
    vrPanel,
    select: (entity) => {
      actions.select(entity);
    },
    travel: (portal) => {
      void actions.travel(portal);
    },
    refuse: (_action, why) => {
      actions.refuse(why);
    },
    command: (command) => {
      actions.command(command);
    },
    pressVrPanel: (button) => {
      switch (button) {
        case "emote-wave":
          actions.gesture("wave");
          break;
        case "emote-raise_hand":
          actions.gesture("raise_hand");
          break;
        case "act":
          actions.act();
          break;
        case "retry":
          actions.reconnect();
          break;
        case "leave-vr":
          store.scene.peek()?.leaveVr();
          break;
      }
    },
  };
}
