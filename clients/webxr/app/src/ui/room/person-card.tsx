// One person: who they are, and what one can do about them. Opened from the list or by pointing at their avatar.
import { useEffect, useId, useRef } from "preact/hooks";
import type { Person } from "@presence-hub/client";
import { useApp } from "../context";
import { Button, IconButton } from "../parts/button";
import { Badge, Face } from "../parts/face";
import { statusKey } from "../words";
import { ModerateButton } from "./moderate";

export function PersonCard() {
  const { store } = useApp();
  const person = store.people.value.get(store.selected.value ?? 0);
  return person === undefined ? null : <Card key={person.entity} person={person} />;
}

function Card({ person }: { readonly person: Person }) {
  const { store, actions, focusStage, t } = useApp();
  const card = useRef<HTMLElement>(null);
  const titleId = useId();
  const { entity, user, name } = person;
  const isSelf = entity === store.room.value?.self;
  const isSilenced = store.silenced.value.has(user);
  const isPinned = store.pinned.value.get(entity) === person.generation;
  const opener = useRef(document.activeElement);
  useEffect(() => {
    // Pointing at an avatar must not take the keyboard from walking; opening from the list goes on here.
    if (opener.current?.closest(".roster") != null) card.current?.querySelector<HTMLElement>("button")?.focus();
  }, []);
  const close = () => {
    actions.select(null);
    if (opener.current instanceof HTMLElement && opener.current.closest(".roster") !== null) opener.current.focus();
    else focusStage();
  };
  return (
    <section
      ref={card}
      class="card person-card"
      role="dialog"
      aria-labelledby={titleId}
      data-testid="person-menu"
      data-name={name}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      }}
    >
      <header>
        <Face {...person} />
        <div class="who">
          <h2 id={titleId}>
            <bdi>{name}</bdi>
            {isSelf && <em> {t("person.you")}</em>}
          </h2>
          <Badge {...person} />
          <p class="state">{t(statusKey(person))}</p>
        </div>
        <IconButton icon="close" label={t("close")} onClick={close} />
      </header>
      {!isSelf && (
        <div class="person-actions">
          <Button
            icon="go"
            data-testid="go-to"
            onClick={() => {
              close();
              void actions.goTo(entity);
            }}
          >
            {t("person.go_to")}
          </Button>
          <Button
            icon="chat"
            data-testid="message"
            onClick={() => {
              actions.select(null);
              actions.addressDirectly(entity);
              actions.command("chat");
            }}
          >
            {t("person.message")}
          </Button>
          <Button
            icon="hand_over"
            data-testid="hand-over"
            disabled={!store.isHolding.value}
            onClick={() => {
              actions.handOver(entity);
              close();
            }}
          >
            {t("person.hand_over")}
          </Button>
          <Button
            icon="silence"
            data-testid="mute-local"
            aria-pressed={isSilenced}
            onClick={() => {
              actions.silence(user, !isSilenced);
            }}
          >
            {t(isSilenced ? "person.unsilence" : "person.silence")}
          </Button>
          <Button
            icon="block"
            tone="danger"
            data-testid="block"
            onClick={() => {
              close();
              void actions.block(person, true);
            }}
          >
            {t("person.block")}
          </Button>
        </div>
      )}
      {store.mayModerate.value && (
        <div class="person-actions moderation" role="group" aria-label={t("moderate.title")}>
          <ModerateButton act={isPinned ? "unpin" : "pin"} entity={entity} name={name} />
          {!isSelf && <ModerateButton act={person.muted ? "unmute" : "mute"} entity={entity} name={name} />}
          {!isSelf && <ModerateButton act="kick" entity={entity} name={name} />}
        </div>
      )}
    </section>
  );
}
