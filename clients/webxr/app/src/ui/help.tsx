// How to get about: keyboard, mouse, touch and headset.
import type { Key } from "../i18n/translate";
import { useApp } from "./context";
import { Dialog } from "./parts/dialog";

type HelpKey = Extract<Key, `help.${string}`>;

const KEYBOARD: readonly (readonly [keys: readonly string[], means: HelpKey])[] = [
  [["W", "A", "S", "D"], "help.walk"],
  [["↑", "←", "↓", "→"], "help.walk"],
  [["Shift"], "help.run"],
  [["Q", "E"], "help.turn"],
  [["PgUp", "PgDn"], "help.look_up"],
  [["F"], "help.act"],
  [["G"], "help.hand_over"],
  [["V"], "help.view"],
  [["+", "−"], "help.zoom"],
  [["T", "Enter"], "help.chat"],
  [["Esc"], "help.close"],
  [["1", "…", "6"], "help.emotes"],
  [["R"], "help.roster"],
  [["M"], "help.mute"],
  [["H"], "help.help"],
];

const OTHER: readonly (readonly [title: HelpKey, lines: readonly HelpKey[]])[] = [
  ["help.mouse", ["help.mouse_look", "help.mouse_tap", "help.mouse_wheel"]],
  ["help.touch", ["help.touch_stick", "help.touch_look", "help.touch_tap"]],
  ["help.headset", ["help.headset_teleport", "help.headset_turn", "help.headset_grab", "help.headset_buttons"]],
];

export function HelpDialog() {
  const { actions, t } = useApp();
  return (
    <Dialog
      title={t("help.title")}
      testId="help-panel"
      onClose={() => {
        actions.close("help");
      }}
    >
      <div class="help">
        <section>
          <h3>{t("help.keyboard")}</h3>
          <dl class="keys">
            {KEYBOARD.map(([keys, means]) => (
              <div key={keys.join()}>
                <dt dir="ltr">
                  {keys.map((key) => (key === "…" ? <span key={key}>–</span> : <kbd key={key}>{key}</kbd>))}
                </dt>
                <dd>{t(means)}</dd>
              </div>
            ))}
          </dl>
        </section>
        {OTHER.map(([title, lines]) => (
          <section key={title}>
            <h3>{t(title)}</h3>
            <ul>
              {lines.map((line) => (
                <li key={line}>{t(line)}</li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
