// What a person can set for themselves; each change holds at once and is kept in this browser.
import type { Signal } from "@preact/signals";
import { CHOICES, type Choice, type Setting } from "../state/settings";
import { decimal, percent } from "../i18n/format";
import { useApp } from "./context";
import { Dialog } from "./parts/dialog";
import { Select, Switch } from "./parts/field";
import { LanguageSelect } from "./parts/language-select";

export function SettingsDialog() {
  const { store, actions, t } = useApp();
  const { settings } = store;
  const language = settings.language.value;
  const share = (value: number) => percent(language, value);
  return (
    <Dialog
      title={t("settings.title")}
      testId="settings-panel"
      onClose={() => {
        actions.close("settings");
      }}
    >
      <Group title={t("settings.reading")}>
        <LanguageSelect />
        <Choose name="textSize" label={t("settings.text_size")} text={(value) => share(value / 100)} />
        <Choose name="theme" label={t("settings.theme")} text={(value) => t(`settings.theme_${value}`)} />
        <Choose name="contrast" label={t("settings.contrast")} text={(value) => t(`settings.contrast_${value}`)} />
        <Choose name="motion" label={t("settings.motion")} text={(value) => t(`settings.motion_${value}`)} />
      </Group>
      <Group title={t("settings.picture")}>
        <Choose name="quality" label={t("settings.quality")} text={(value) => t(`settings.quality_${value}`)} />
        <Choose name="view" label={t("settings.view")} text={(value) => t(`settings.view_${value}`)} />
        <Choose name="pointer" label={t("settings.pointer")} text={(value) => t(`settings.pointer_${value}`)} />
        <Choose
          name="lookSensitivity"
          label={t("settings.look_sensitivity")}
          text={(value) => `× ${decimal(language, value, 2)}`}
        />
        <Toggle at={settings.invertLook} label={t("settings.invert_look")} />
      </Group>
      <Group title={t("settings.vr")}>
        <Choose
          name="snapDegrees"
          label={t("settings.turn")}
          text={(value) => (value === 0 ? t("settings.turn_smooth") : t("settings.turn_snap", { degrees: value }))}
        />
        <Choose
          name="vignette"
          label={t("settings.vignette")}
          text={(value) => (value === 0 ? t("settings.off") : share(value))}
        />
        <Toggle at={settings.seated} label={t("settings.seated")} />
      </Group>
      <p class="hint">{t("settings.kept")}</p>
    </Dialog>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: preact.ComponentChildren }) {
  return (
    <fieldset>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

interface ChooseProps<Name extends Setting> {
  readonly name: Name;
  readonly label: string;
  readonly text: (value: Choice<Name>) => string;
}

/** A setting with several values, in their natural order. */
function Choose<Name extends Setting>({ name, label, text }: ChooseProps<Name>) {
  const { store } = useApp();
  const at = store.settings[name] as Signal<Choice<Name>>;
  const values = [...CHOICES[name]] as Choice<Name>[];
  if (typeof values[0] === "number") values.sort((one, other) => Number(one) - Number(other));
  return (
    <Select
      label={label}
      value={String(at.value)}
      options={values.map((value) => ({ value: String(value), text: text(value) }))}
      onChoose={(chosen) => {
        const value = values.find((choice) => String(choice) === chosen);
        if (value !== undefined) at.value = value;
      }}
      testId={`setting-${name}`}
    />
  );
}

function Toggle({ at, label }: { readonly at: Signal<boolean>; readonly label: string }) {
  return (
    <Switch
      label={label}
      isOn={at.value}
      onToggle={(isOn) => {
        at.value = isOn;
      }}
    />
  );
}
