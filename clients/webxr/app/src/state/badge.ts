// A badge in words: which role stands for somebody, and how roles and people are named. Never changes anything.
import { CATALOGUES, say, type Key, type Language } from "../i18n/translate";
import { cut } from "./text";

// What a bystander should know first comes first.
const KNOWN_ROLES = ["operator", "moderator", "instructor", "officer", "analyst", "observer", "spectator"] as const;

/** The role to show, in words; empty where there is none, and as it came where the catalogues do not know it. */
export function roleWord(language: Language, roles: readonly string[]): string {
  const known = KNOWN_ROLES.find((role) => roles.includes(role));
  if (known !== undefined) return say(language, `role.${known}`);
  return roles[0] ?? "";
}

/** All roles in words. */
export function roleWords(language: Language, roles: readonly string[]): readonly string[] {
  return roles.map((role) => roleWord(language, [role]));
}

/** Up to two letters that stand for a name where there is no room for it. */
export function initials(name: string): string {
  const words = name.split(/[\s\-_.]+/u).filter((word) => word !== "");
  const first = words[0] ?? "";
  const last = words.length > 1 ? (words.at(-1) ?? "") : "";
  return ((cut(first, 1) || "?") + cut(last, 1)).toLocaleUpperCase();
}

/** What an object is called; its kind's name where the catalogues do not know it. */
export function propWord(language: Language, prop: string): string {
  const key = `prop.${prop}`;
  return key in CATALOGUES.en ? say(language, key as Extract<Key, `prop.${string}`>) : prop.replaceAll("-", " ");
}
