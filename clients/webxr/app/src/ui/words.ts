// Which word says how somebody is.
import { Status, type Person } from "@presence-hub/client";
import type { Key } from "../i18n/translate";

const STATUS_KEYS: Readonly<Record<number, StatusKey>> = {
  [Status.AVAILABLE]: "status.available",
  [Status.BUSY]: "status.busy",
  [Status.IN_COURSE]: "status.in_course",
  [Status.AWAY]: "status.away",
};

type StatusKey = Extract<Key, `status.${string}`>;

/** A lost connection comes before what they said of themselves. */
export function statusKey({ away, status }: Pick<Person, "away" | "status">): StatusKey {
  if (away) return "status.disconnected";
  return STATUS_KEYS[status] ?? "status.available";
}
