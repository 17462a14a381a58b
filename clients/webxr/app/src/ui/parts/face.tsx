// Who somebody is at a glance: a disc with their initials in a colour of their own, and what they say of themselves.
import { Status } from "@presence-hub/client";
import { useApp } from "../context";
import { initials, roleWords } from "../../state/badge";
import { countryName } from "../../i18n/format";

const COLOURS = 8;

const STATUS_CLASSES: Readonly<Record<number, string>> = {
  [Status.AVAILABLE]: "available",
  [Status.BUSY]: "busy",
  [Status.IN_COURSE]: "in-course",
  [Status.AWAY]: "away",
};

export interface FaceProps {
  readonly user: string;
  readonly name: string;
  readonly status?: number;
  readonly guest?: boolean;
  readonly away?: boolean;
}

export function Face({ user, name, status, guest = false, away = false }: FaceProps) {
  const dot = away ? "away" : status === undefined ? null : STATUS_CLASSES[status];
  return (
    <span class={`face face-${colourOf(user)} ${guest ? "guest" : ""} ${away ? "faded" : ""}`} aria-hidden="true">
      {initials(name)}
      {dot != null && <i class={`dot ${dot}`} />}
    </span>
  );
}

export interface BadgeProps {
  readonly country: string;
  readonly agency: string;
  readonly roles: readonly string[];
  readonly guest: boolean;
}

/** Country, agency and roles in one line; of a guest, that they are one. */
export function Badge({ country, agency, roles, guest }: BadgeProps) {
  const { t, store } = useApp();
  const language = store.settings.language.value;
  if (guest) return <span class="badge guest">{t("person.guest")}</span>;
  const parts = [country === "" ? "" : countryName(language, country), agency, ...roleWords(language, roles)];
  return (
    <span class="badge">
      {parts
        .filter((part) => part !== "")
        .map((part, index) => (
          <span key={index}>
            {index > 0 && <span aria-hidden="true"> · </span>}
            <bdi>{part}</bdi>
          </span>
        ))}
    </span>
  );
}

function colourOf(user: string): number {
  let hash = 0;
  for (let index = 0; index < user.length; index++) hash = (Math.imul(hash, 31) + user.charCodeAt(index)) >>> 0;
  return hash % COLOURS;
}
