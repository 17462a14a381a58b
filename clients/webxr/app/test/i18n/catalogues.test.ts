import { Close, Refusal } from "@presence-hub/client";
import { describe, expect, it } from "vitest";
import { CATALOGUES, LANGUAGES, preferred, say, type Key, type Language } from "../../src/i18n/translate";

const KEYS = Object.keys(CATALOGUES.en) as Key[];
/** What is the same word in both languages, on purpose. */
const SAME: Partial<Record<Language, readonly Key[]>> = {
  fr: ["chat.log", "network.corrections"],
};

function texts(language: Language, key: Key): string[] {
  const message = CATALOGUES[language][key];
  return typeof message === "string" ? [message] : Object.values(message);
}

function placeholders(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(/\{(\w+)\}/g), (match) => match[1] ?? ""))].sort();
}

describe.each(LANGUAGES)("the %s catalogue", (language) => {
  it("has the keys of the English one", () => {
    expect(Object.keys(CATALOGUES[language]).sort()).toEqual([...KEYS].sort());
  });

  it("uses the same placeholders", () => {
    for (const key of KEYS) {
      const wanted = placeholders(texts("en", key).join());
      for (const text of texts(language, key)) {
        // A form for one or two of something may leave the number out.
        const used = placeholders(text);
        expect(wanted, `${key}: ${text}`).toEqual(expect.arrayContaining(used));
        const isPlural = typeof CATALOGUES[language][key] !== "string";
        if (!isPlural) expect(used, key).toEqual(wanted);
      }
      expect(placeholders(texts(language, key).join()), key).toEqual(wanted);
    }
  });

  it("has every plural form that the language has, and no other", () => {
    const categories = [...new Intl.PluralRules(language).resolvedOptions().pluralCategories].sort();
    for (const key of KEYS) {
      const message = CATALOGUES[language][key];
      if (typeof message !== "string") expect(Object.keys(message).sort(), key).toEqual(categories);
    }
  });

  it("leaves nothing empty and nothing in English", () => {
    for (const key of KEYS) {
      for (const text of texts(language, key)) expect(text.trim(), key).not.toBe("");
      const isSame = JSON.stringify(CATALOGUES[language][key]) === JSON.stringify(CATALOGUES.en[key]);
      if (language !== "en" && isSame) expect(SAME[language] ?? [], key).toContain(key);
    }
  });

  it("has words for every close code and every refusal", () => {
    for (const name of Object.keys(Close)) expect(CATALOGUES[language]).toHaveProperty([`close.${name.toLowerCase()}`]);
    for (const name of Object.keys(Refusal)) {
      expect(CATALOGUES[language]).toHaveProperty([`refusal.${name.toLowerCase()}`]);
    }
  });
});

describe("say", () => {
  it("chooses among the six forms of Arabic", () => {
    const said = [0, 1, 2, 3, 11, 100].map((count) => say("ar", "people.count", { count }));
    expect(new Set(said).size).toBe(6);
  });

  it("isolates what is inserted, so that it turns nothing around", () => {
    expect(say("ar", "prompt.person", { name: "Ada" })).toContain("\u2068Ada\u2069");
  });

  it("inserts text as it is, whatever is in it", () => {
    expect(say("en", "prompt.person", { name: "$& {name}" })).toContain("$& {name}");
  });
});

describe("preferred", () => {
  it("takes the first language that there is, by its main tag", () => {
    expect(preferred(["de-CH", "es-MX", "fr"])).toBe("es");
    expect(preferred(["de"])).toBe("en");
  });
});
