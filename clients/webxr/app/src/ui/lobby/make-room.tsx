// Making a room of one's own from one of the worlds.
import { useState } from "preact/hooks";
import { worldTitle } from "../../state/directory";
import { isSlug } from "../../state/entry";
import { useApp } from "../context";
import { Button } from "../parts/button";
import { Field, Select, typedDirection } from "../parts/field";
import type { EnterProps } from "./lobby";

export function MakeRoom({ onEnter }: EnterProps) {
  const { store, t } = useApp();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState("");
  const worlds = store.directory.worlds.value;
  const world = chosen === "" ? (worlds[0]?.name ?? "") : chosen;
  const slug = roomName(name);
  if (worlds.length === 0) return null;
  return (
    <section class="make-room" aria-labelledby="make-title">
      <h2 id="make-title">{t("make.title")}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isSlug(slug)) onEnter(slug, world);
        }}
      >
        <Field label={t("make.name")} hint={t("make.name_hint")}>
          {(control) => (
            <input
              {...control}
              type="text"
              autocomplete="off"
              maxLength={64}
              dir={typedDirection(name)}
              data-testid="make-name"
              value={name}
              onInput={(event) => {
                setName(event.currentTarget.value);
              }}
            />
          )}
        </Field>
        <Select
          label={t("make.world")}
          value={world}
          options={worlds.map((listing) => ({
            value: listing.name,
            text: worldTitle(worlds, listing.name, store.settings.language.value),
          }))}
          onChoose={setChosen}
          testId="make-world"
        />
        <Button type="submit" icon="plus" disabled={!isSlug(slug)} data-testid="make-room">
          {t("make.submit")}
        </Button>
      </form>
    </section>
  );
}

/** The name of a room as the server takes it, from what somebody typed. */
export function roomName(typed: string): string {
  return typed
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9_-]+/g, "-")
    .replaceAll(/^[-_]+|[-_]+$/g, "")
    .slice(0, 64);
}
