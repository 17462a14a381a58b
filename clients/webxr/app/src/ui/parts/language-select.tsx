// Choosing a language, each named in itself.
import { LANGUAGE_NAMES, LANGUAGES } from "../../i18n/translate";
import { useApp } from "../context";
import { Select } from "./field";

export function LanguageSelect({ isLabelHidden = false }: { readonly isLabelHidden?: boolean }) {
  const { store, t } = useApp();
  return (
    <Select
      label={t("settings.language")}
      isLabelHidden={isLabelHidden}
      value={store.settings.language.value}
      options={LANGUAGES.map((language) => ({ value: language, text: LANGUAGE_NAMES[language], lang: language }))}
      onChoose={(language) => {
        store.settings.language.value = language;
      }}
      testId="language-select"
    />
  );
}
