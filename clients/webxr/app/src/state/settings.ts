// What a person set for themselves, kept in this browser. Owns the choices there are, their defaults, and their storage;
// a storage that is missing, full or forged costs nothing but the memory of a choice.
import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { LANGUAGES, preferred, type Language } from "../i18n/translate";
import { cut } from "./text";

/** Every setting, with what it may be; the first is the default. */
export const CHOICES = {
  theme: ["system", "light", "dark"],
  contrast: ["system", "more"],
  textSize: [100, 85, 115, 130, 150, 175, 200],
  motion: ["system", "reduced", "full"],
  quality: ["auto", "low", "medium", "high"],
  view: ["third", "first"],
  pointer: ["drag", "lock"],
  lookSensitivity: [1, 0.25, 0.5, 0.75, 1.25, 1.5, 2, 3],
  invertLook: [false, true],
  /** 0 turns smoothly. */
  snapDegrees: [30, 0, 15, 45, 60, 90],
  vignette: [0.7, 0, 0.4, 1],
  seated: [false, true],
} as const;

export type Setting = keyof typeof CHOICES;
export type Choice<Name extends Setting> = (typeof CHOICES)[Name][number];

/** The player takes these as they are (see player/contract.ts). */
export type Settings = { readonly [Name in Setting]: Signal<Choice<Name>> } & {
  readonly language: Signal<Language>;
  /** The name a guest goes by. */
  readonly name: Signal<string>;
  readonly reducedMotion: ReadonlySignal<boolean>;
};

/** What of the browser the settings need; `storage` is null where it is switched off. */
export interface SettingsHome {
  readonly storage: Pick<Storage, "getItem" | "setItem"> | null;
  readonly languages: readonly string[];
  readonly isMotionReduced: ReadonlySignal<boolean>;
}

/** Longest name of a guest, in code points (SPEC 8.1). */
export const MAX_NAME = 48;

const STORAGE_KEY = "presence.settings";

/** Read the settings, and keep them whenever one changes. */
export function makeSettings(home: SettingsHome): Settings {
  const kept = read(home.storage);
  const chosen = Object.fromEntries(
    Object.entries(CHOICES).map(([name, choices]) => [name, signal(allowed(choices, kept[name]))]),
  ) as { [Name in Setting]: Signal<Choice<Name>> };
  const settings: Settings = {
    ...chosen,
    language: signal(LANGUAGES.find((language) => language === kept["language"]) ?? preferred(home.languages)),
    name: signal(cleanName(kept["name"])),
    reducedMotion: computed(() =>
      chosen.motion.value === "system" ? home.isMotionReduced.value : chosen.motion.value === "reduced",
    ),
  };
  effect(() => {
    const stored = { ...chosen, language: settings.language, name: settings.name };
    const values = Object.fromEntries(Object.entries(stored).map(([name, at]) => [name, at.value]));
    write(home.storage, JSON.stringify(values));
  });
  return settings;
}

/** A name as the server takes it: no control characters, no spaces around it, not too long. */
export function cleanName(name: unknown): string {
  if (typeof name !== "string") return "";
  return cut(name.replaceAll(/\p{Cc}/gu, "").trim(), MAX_NAME);
}

function allowed(choices: readonly unknown[], value: unknown): unknown {
  return choices.includes(value) ? value : choices[0];
}

function read(storage: SettingsHome["storage"]): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(storage?.getItem(STORAGE_KEY) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function write(storage: SettingsHome["storage"], text: string): void {
  try {
    storage?.setItem(STORAGE_KEY, text);
  } catch {
    // Private windows and full disks refuse; the settings then last as long as the page.
  }
}
