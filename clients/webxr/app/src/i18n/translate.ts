// Turns keys into words. Owns the choice of catalogue, plural forms and the isolation of inserted values; never decides
// which language is spoken (settings do) and never makes HTML.
import type { ReadonlySignal } from "@preact/signals";
import { ar } from "./ar";
import { en } from "./en";
import { es } from "./es";
import { fr } from "./fr";

export const LANGUAGES = ["en", "fr", "es", "ar"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language's name in itself, so that everybody finds their own. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  en: "English",
  fr: "Français",
  es: "Español",
  ar: "العربية",
};

export type Key = keyof typeof en;

/** A message that depends on `{count}`: one text for each plural category the language has. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** What every language provides: the keys of the English catalogue, plural where that one is. */
export type Catalogue = {
  readonly [K in Key]: (typeof en)[K] extends string ? string : Plural;
};

export const CATALOGUES: Record<Language, Catalogue> = { en, fr, es, ar };

type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

type Text<K extends Key> = (typeof en)[K] extends infer Message
  ? Message extends string
    ? Message
    : Message extends { other: infer Other extends string }
      ? Other | "{count}"
      : never
  : never;

type Values<K extends Key> = [Placeholder<Text<K>>] extends [never]
  ? []
  : [values: Record<Placeholder<Text<K>>, string | number>];

export type Translate = <K extends Key>(key: K, ...values: Values<K>) => string;

const FIRST_STRONG_ISOLATE = "\u2068";
const POP_ISOLATE = "\u2069";

/** Keep a name or a foreign text from turning the words around it (SPEC 13.10), where `bdi` cannot stand. */
export function isolate(text: string): string {
  return `${FIRST_STRONG_ISOLATE}${text}${POP_ISOLATE}`;
}

/** Say one message in one language. */
export function say(language: Language, key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  const message: string | Plural = CATALOGUES[language][key];
  const text = typeof message === "string" ? message : chosen(message, language, values["count"]);
  return text.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? numbers(language).format(value) : isolate(value);
  });
}

/** Make a translator that follows a language: components that call it are drawn again when the language changes. */
export function translator(language: ReadonlySignal<Language>): Translate {
  return (key, ...values) => say(language.value, key, values[0]);
}

export function direction(language: Language): "ltr" | "rtl" {
  return language === "ar" ? "rtl" : "ltr";
}

/** The first of the reader's preferred languages that there is a catalogue for. */
export function preferred(languages: readonly string[]): Language {
  for (const tag of languages) {
    const found = LANGUAGES.find((language) => language === tag.toLowerCase().split("-")[0]);
    if (found !== undefined) return found;
  }
  return "en";
}

function chosen(message: Plural, language: Language, count: string | number | undefined): string {
  const category = plurals(language).select(Number(count ?? 0));
  return message[category] ?? message.other;
}

// Making these objects costs more than using them a thousand times.
const numbers = remembered((language) => new Intl.NumberFormat(language));
const plurals = remembered((language) => new Intl.PluralRules(language));

function remembered<Value>(make: (language: Language) => Value): (language: Language) => Value {
  const made = new Map<Language, Value>();
  return (language) => {
    let value = made.get(language);
    if (value === undefined) {
      value = make(language);
      made.set(language, value);
    }
    return value;
  };
}
