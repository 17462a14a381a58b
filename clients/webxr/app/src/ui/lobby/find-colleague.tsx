// Finding somebody by name in all rooms, and going to them.
import { useId, useState } from "preact/hooks";
import { worldTitle } from "../../state/directory";
import { useApp } from "../context";
import { Button } from "../parts/button";
import { typedDirection } from "../parts/field";
import { Badge, Face } from "../parts/face";
import { Icon } from "../parts/icon";
import type { EnterProps } from "./lobby";

const SHOWN = 8;

export function FindColleague({ onEnter }: EnterProps) {
  const { store, actions, t } = useApp();
  const [text, setText] = useState("");
  const id = useId();
  const people = store.directory.people.value;
  const wanted = text.trim().toLocaleLowerCase();
  const found =
    wanted === ""
      ? []
      : people.filter(({ name, agency }) => `${name} ${agency}`.toLocaleLowerCase().includes(wanted)).slice(0, SHOWN);
  const goTo = (user: string, room: string) => {
    // Who has no name yet is asked for one first.
    if (store.token.peek() === "" && store.settings.name.peek() === "") onEnter(room, "");
    else void actions.goToUser(user, room);
  };
  return (
    <search class="find">
      <label for={id} class="unseen">
        {t("find.label")}
      </label>
      <div class="find-box">
        <Icon name="search" />
        <input
          id={id}
          type="search"
          autocomplete="off"
          dir={typedDirection(text)}
          data-testid="find-input"
          placeholder={t("find.label")}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </div>
      <p class="unseen" role="status">
        {wanted === "" ? "" : t("find.count", { count: found.length })}
      </p>
      {wanted !== "" && found.length === 0 && <p class="hint">{t("find.none")}</p>}
      {found.length > 0 && (
        <ul class="find-results">
          {found.map((person) => (
            <li key={person.user} data-testid="find-result" data-name={person.name}>
              <Face {...person} />
              <span class="who">
                <bdi class="name">{person.name}</bdi>
                <Badge {...person} />
              </span>
              <span class="where">
                <bdi>
                  {worldTitle(
                    store.directory.worlds.value,
                    store.directory.rooms.value?.find(({ name }) => name === person.room)?.world ?? person.room,
                    store.settings.language.value,
                  )}
                </bdi>
              </span>
              <Button
                icon="go"
                aria-label={t("person.go_to_name", { name: person.name })}
                onClick={() => {
                  goTo(person.user, person.room);
                }}
              >
                {t("person.go_to")}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}
