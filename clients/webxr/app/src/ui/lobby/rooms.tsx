// The rooms there are, and who is in them.
import { listed } from "../../i18n/format";
import { isolate, type Language } from "../../i18n/translate";
import { worldTitle, type PersonListing, type RoomListing } from "../../state/directory";
import { useApp } from "../context";
import { Button } from "../parts/button";
import { Face } from "../parts/face";
import { Icon } from "../parts/icon";
import type { EnterProps } from "./lobby";
import { WorldArt } from "./world-art";

/** As many as fit beside each other; the rest are a number. */
const FACES = 5;
const NAMES = 3;

export function Rooms({ onEnter }: EnterProps) {
  const { store, t } = useApp();
  const rooms = store.directory.rooms.value;
  const problem = store.directory.problem.value;
  const people = byRoom(store.directory.people.value);
  return (
    <section class="rooms" aria-labelledby="rooms-title">
      <h2 id="rooms-title">{t("lobby.rooms")}</h2>
      {problem?.kind === "away" && <ServerAway />}
      {rooms === null && problem === null && <p role="status">{t("lobby.asking")}</p>}
      {rooms !== null && (
        <ul class="room-list">
          {rooms.map((room) => (
            <li key={room.name}>
              <RoomCard room={room} people={people.get(room.name) ?? []} onEnter={onEnter} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function ServerAway() {
  const { store, t } = useApp();
  return (
    <div class="notice" role="alert">
      <p>
        <strong>{t("lobby.server_away")}</strong> {t("lobby.server_away_what")}
      </p>
      <Button
        onClick={() => {
          store.directory.refresh();
        }}
      >
        {t("try_now")}
      </Button>
    </div>
  );
}

interface RoomCardProps extends EnterProps {
  readonly room: RoomListing;
  readonly people: readonly PersonListing[];
}

function RoomCard({ room, people, onEnter }: RoomCardProps) {
  const { store, t } = useApp();
  const language = store.settings.language.value;
  const title = worldTitle(store.directory.worlds.value, room.world, language);
  const isFull = room.people >= room.capacity;
  const id = `room-${room.name}`;
  return (
    <article class="room-card" data-testid="room-card" data-room={room.name} aria-labelledby={id}>
      <WorldArt world={room.world} />
      <div class="room-words">
        <h3 id={id}>
          <bdi>{title}</bdi>
        </h3>
        <p class="room-name">
          <bdi>{room.name}</bdi>
          {room.isLocked && (
            <span class="tag warning">
              <Icon name="lock" />
              {t("lobby.locked")}
            </span>
          )}
          {isFull && <span class="tag warning">{t("lobby.full")}</span>}
        </p>
        <p class="room-people">
          <span class="faces">
            {people.slice(0, FACES).map((person) => (
              <Face key={person.user} {...person} />
            ))}
          </span>
          <span>
            {room.people === 0
              ? t("lobby.nobody")
              : `${t("people.count", { count: room.people })}${people.length > 0 ? ":" : ""} `}
            {people.length > 0 && named(people, (count) => t("lobby.others", { count }), language)}
          </span>
        </p>
      </div>
      <Button
        tone="primary"
        icon="go"
        data-testid="enter-room"
        aria-describedby={id}
        disabled={isFull}
        onClick={() => {
          onEnter(room.name, room.world);
        }}
      >
        {t("lobby.enter")}
      </Button>
    </article>
  );
}

function named(people: readonly PersonListing[], others: (count: number) => string, language: Language) {
  const names = people.slice(0, NAMES).map((person) => isolate(person.name));
  const more = people.length - names.length;
  return listed(language, more > 0 ? [...names, others(more)] : names);
}

function byRoom(people: readonly PersonListing[]): ReadonlyMap<string, PersonListing[]> {
  const rooms = new Map<string, PersonListing[]>();
  for (const person of people) {
    const inRoom = rooms.get(person.room);
    if (inRoom === undefined) rooms.set(person.room, [person]);
    else inRoom.push(person);
  }
  return rooms;
}
