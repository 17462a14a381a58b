// Everybody in the room whom one may know of, near or far, with what their token says of them. Rows out of sight cost
// nothing (content-visibility), so that a room of hundreds stays a plain list that can be searched and read out.
import { memo } from "preact/compat";
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { Person } from "@presence-hub/client";
import { collator } from "../../i18n/format";
import { useApp } from "../context";
import { Button, IconButton } from "../parts/button";
import { typedDirection } from "../parts/field";
import { Badge, Face } from "../parts/face";
import { Icon } from "../parts/icon";
import { statusKey } from "../words";
import { ModerateButton } from "./moderate";

export function Roster() {
  const { store, actions, t } = useApp();
  const text = useSignal("");
  const active = useSignal<number | null>(null);
  const titleId = useId();
  const searchId = useId();
  const self = store.room.value?.self ?? 0;
  const people = sorted([...store.people.value.values()], self, collator(store.settings.language.value));
  const wanted = text.value.trim().toLocaleLowerCase();
  const shown = wanted === "" ? people : people.filter((person) => searchable(person).includes(wanted));
  const reachable = shown.some(({ entity }) => entity === active.value) ? active.value : shown[0]?.entity;
  return (
    <section
      class="card panel roster"
      data-testid="roster"
      aria-labelledby={titleId}
      hidden={!store.panels.value.has("roster")}
    >
      <header>
        <h2 id={titleId}>{t("roster.title")}</h2>
        <span class="total">{t("people.count", { count: people.length })}</span>
        <IconButton
          icon="close"
          label={t("close")}
          onClick={() => {
            actions.close("roster");
          }}
        />
      </header>
      <div class="find-box">
        <Icon name="search" />
        <label for={searchId} class="unseen">
          {t("roster.search")}
        </label>
        <input
          id={searchId}
          type="search"
          autocomplete="off"
          dir={typedDirection(text.value)}
          data-testid="roster-search"
          placeholder={t("roster.search")}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      </div>
      <ul class="people" onKeyDown={moveFocus}>
        {shown.map((person) => (
          <PersonRow
            key={person.entity}
            person={person}
            isSelf={person.entity === self}
            isReachable={person.entity === reachable}
            onFocus={(entity) => {
              active.value = entity;
            }}
          />
        ))}
      </ul>
      {shown.length === 0 && <p class="hint">{t("find.none")}</p>}
      <Blocked />
      {store.mayModerate.value && (
        <footer>
          <ModerateButton act={store.room.value?.isLocked === true ? "unlock" : "lock"} entity={0} name="" />
        </footer>
      )}
    </section>
  );
}

interface PersonRowProps {
  readonly person: Person;
  readonly isSelf: boolean;
  readonly isReachable: boolean;
  readonly onFocus: (entity: number) => void;
}

// Entries are replaced as a whole when something about them changes, so that the others need not be drawn again.
const PersonRow = memo(Row, (before, after) => {
  return before.person === after.person && before.isSelf === after.isSelf && before.isReachable === after.isReachable;
});

function Row({ person, isSelf, isReachable, onFocus }: PersonRowProps) {
  const { store, actions, positions, t } = useApp();
  const { entity, user, name } = person;
  const isSilenced = store.silenced.value.has(user);
  return (
    <li
      data-testid="person"
      data-name={name}
      data-entity={entity}
      ref={(element) => {
        positions.follow(entity, element);
      }}
    >
      <button
        type="button"
        class="person-row"
        aria-haspopup="dialog"
        aria-expanded={store.selected.value === entity}
        tabIndex={isReachable ? 0 : -1}
        onFocus={() => {
          onFocus(entity);
        }}
        onClick={() => {
          actions.select(store.selected.peek() === entity ? null : entity);
        }}
      >
        <Face {...person} />
        <span class="who">
          <span class="name">
            <bdi>{name}</bdi>
            {isSelf && <em> {t("person.you")}</em>}
          </span>
          <Badge {...person} />
        </span>
        <span class="marks">
          {!isSelf && <span data-distance="" class="distance" />}
          <span class="state">{t(statusKey(person))}</span>
          {(person.muted || isSilenced) && (
            <span class="mark-muted" role="img" aria-label={t(person.muted ? "person.muted" : "person.silenced")}>
              <Icon name="silence" />
            </span>
          )}
        </span>
      </button>
    </li>
  );
}

/** Whoever is blocked is in no list any more; this is the way back. */
function Blocked() {
  const { store, actions, t } = useApp();
  const blocked = [...store.blocked.value];
  if (blocked.length === 0) return null;
  return (
    <details class="blocked">
      <summary>{t("roster.blocked", { count: blocked.length })}</summary>
      <ul>
        {blocked.map(([user, name]) => (
          <li key={user}>
            <bdi>{name}</bdi>
            <Button
              data-testid="unblock"
              data-name={name}
              aria-label={t("person.unblock_name", { name })}
              onClick={() => {
                void actions.block({ user, name }, false);
              }}
            >
              {t("person.unblock")}
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}

function sorted(people: Person[], self: number, order: Intl.Collator): Person[] {
  return people.sort(
    (one, other) =>
      Number(other.entity === self) - Number(one.entity === self) ||
      order.compare(one.name, other.name) ||
      one.entity - other.entity,
  );
}

function searchable({ name, agency, country }: Person): string {
  return `${name} ${agency} ${country}`.toLocaleLowerCase();
}

/** Arrows walk through the rows; Tab leaves the list. */
function moveFocus(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(".person-row")];
  const now = rows.findIndex((row) => row === document.activeElement);
  const target = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  rows[target]?.focus();
}
