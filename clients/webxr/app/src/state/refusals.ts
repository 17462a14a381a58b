// Which message stands for which code of the protocol. A code that these catalogues do not know yet is said in general
// words: the server may be newer than this page.
import { CATALOGUES, type Key } from "../i18n/translate";

type RefusalKey = Extract<Key, `refusal.${string}`>;
type CloseKey = Extract<Key, `close.${string}`>;

/** The message for a refusal, by its name in the protocol or the player's. */
export function refusalKey(name: string): RefusalKey {
  const key = `refusal.${name}`;
  return key in CATALOGUES.en ? (key as RefusalKey) : "refusal.other";
}

/** The message for the end of a session, by its name in the protocol. */
export function closeKey(name: string): CloseKey {
  const key = `close.${name}`;
  return key in CATALOGUES.en ? (key as CloseKey) : "close.other";
}
