// Numbers, distances, times and countries as each language writes them. Owns nothing but its caches.
import type { Language } from "./translate";

const caches = new Map<string, unknown>();

function cached<Value>(kind: string, language: Language, make: () => Value): Value {
  const key = `${kind}/${language}`;
  let value = caches.get(key) as Value | undefined;
  if (value === undefined) {
    value = make();
    caches.set(key, value);
  }
  return value;
}

/** The country's name; the code itself where the browser knows none. */
export function countryName(language: Language, code: string): string {
  const names = cached("country", language, () => new Intl.DisplayNames(language, { type: "region" }));
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

export function metres(language: Language, distanceM: number): string {
  const format = cached(
    "metres",
    language,
    () => new Intl.NumberFormat(language, { style: "unit", unit: "meter", maximumFractionDigits: 0 }),
  );
  return format.format(distanceM);
}

export function clockTime(language: Language, atMs: number): string {
  const format = cached("clock", language, () => new Intl.DateTimeFormat(language, { timeStyle: "short" }));
  return format.format(atMs);
}

export function decimal(language: Language, value: number, digits = 0): string {
  const format = cached(
    `decimal${digits}`,
    language,
    () => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
  return format.format(value);
}

export function milliseconds(language: Language, value: number, digits = 0): string {
  const format = cached(
    `ms${digits}`,
    language,
    () => new Intl.NumberFormat(language, { style: "unit", unit: "millisecond", maximumFractionDigits: digits }),
  );
  return format.format(value);
}

export function percent(language: Language, share: number): string {
  return cached("percent", language, () => new Intl.NumberFormat(language, { style: "percent" })).format(share);
}

/** A rate of bytes, in kilobytes a second. */
export function byteRate(language: Language, bytesPerS: number): string {
  const format = cached(
    "rate",
    language,
    () => new Intl.NumberFormat(language, { style: "unit", unit: "kilobyte-per-second", maximumFractionDigits: 1 }),
  );
  return format.format(bytesPerS / 1000);
}

/** A list of names, with the commas and the "and" of the language. */
export function listed(language: Language, items: readonly string[]): string {
  return cached("list", language, () => new Intl.ListFormat(language)).format(items);
}

/** Compare names as the language sorts them. */
export function collator(language: Language): Intl.Collator {
  return cached("collator", language, () => new Intl.Collator(language, { sensitivity: "base", numeric: true }));
}
