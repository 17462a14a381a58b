// What a link to the app asks for: `/?world=headquarters&room=hq&name=Ada&lang=fr#token=…`. Reads the address once, and
// takes the token out of it at once, so that it stays in no history and no screenshot.
import { LANGUAGES, type Language } from "../i18n/translate";
import { CHOICES, cleanName, type Choice } from "./settings";

export interface Entry {
  /** Go straight into this room; null shows the lobby. */
  readonly room: string | null;
  readonly world: string;
  /** It asks for a room or a world by what can be no name. */
  readonly isBroken: boolean;
  readonly name: string;
  readonly token: string;
  readonly language: Language | null;
  readonly quality: Choice<"quality"> | null;
  readonly view: Choice<"view"> | null;
}

const SLUG = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Tell whether a text may name a room or a world. */
export function isSlug(text: string): boolean {
  return SLUG.test(text);
}

export function readEntry(location: Pick<Location, "search" | "hash">): Entry {
  const query = new URLSearchParams(location.search);
  const fragment = new URLSearchParams(location.hash.replace(/^#/, ""));
  const slug = (name: string) => {
    const text = query.get(name) ?? "";
    return isSlug(text) ? text : "";
  };
  const isBroken = ["room", "world"].some((name) => (query.get(name) ?? "") !== slug(name));
  return {
    room: isBroken ? null : slug("room") || null,
    world: slug("world"),
    isBroken,
    name: cleanName(query.get("name")),
    token: (fragment.get("token") ?? "").trim(),
    language: LANGUAGES.find((language) => language === query.get("lang")) ?? null,
    quality: CHOICES.quality.find((quality) => quality === query.get("quality")) ?? null,
    view: CHOICES.view.find((view) => view === query.get("view")) ?? null,
  };
}

/** Take the token out of the address bar; everything else stays, so that a reload comes back here. */
export function hideToken(
  location: Pick<Location, "pathname" | "search" | "hash">,
  history: Pick<History, "replaceState">,
): void {
  if (location.hash.includes("token=")) history.replaceState(null, "", location.pathname + location.search);
}
