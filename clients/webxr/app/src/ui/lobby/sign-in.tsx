// Saying who one is: a name for guests, a token for everybody else; in plain words when guests are not let in.
import { useState } from "preact/hooks";
import type { RefObject } from "preact";
import { closeKey } from "../../state/refusals";
import { cleanName, MAX_NAME } from "../../state/settings";
import { useApp } from "../context";
import { Button } from "../parts/button";
import { Field, typedDirection } from "../parts/field";
import { Icon } from "../parts/icon";
import type { EnterProps } from "./lobby";

export interface SignInProps extends EnterProps {
  readonly nameInput: RefObject<HTMLInputElement | null>;
}

export function SignIn({ nameInput, onEnter }: SignInProps) {
  const { store, actions, t } = useApp();
  const [wantsToken, setWantsToken] = useState(false);
  // As it was typed: the name that is kept has no space at its end, but one must be able to type it.
  const [typed, setTyped] = useState(store.settings.name.peek());
  const problem = store.directory.problem.value;
  const refusal = problem?.kind === "refused" ? problem.code : null;

  if (store.token.value !== "" && refusal === null) {
    return (
      <div class="sign-in signed-in">
        <p>
          <Icon name="shield" />
          {t("lobby.signed_in")}
        </p>
        <Button
          onClick={() => {
            actions.signIn("");
          }}
        >
          {t("lobby.sign_out")}
        </Button>
      </div>
    );
  }
  if (wantsToken || refusal !== null) {
    return (
      <TokenForm
        reason={refusal === null ? null : t(closeKey(refusal))}
        onGuest={
          refusal === "token_required"
            ? null
            : () => {
                actions.signIn("");
                setWantsToken(false);
              }
        }
      />
    );
  }
  const first = store.wanted.value ?? firstOpen(store.directory.rooms.value ?? []);
  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        if (first !== null) onEnter(first.room, first.world);
      }}
    >
      <Field label={t("lobby.name")}>
        {(control) => (
          <input
            {...control}
            ref={nameInput}
            data-testid="name-input"
            type="text"
            autocomplete="nickname"
            maxLength={MAX_NAME}
            dir={typedDirection(typed)}
            placeholder={t("lobby.name_example")}
            value={typed}
            onInput={(event) => {
              event.currentTarget.removeAttribute("aria-invalid");
              setTyped(event.currentTarget.value);
              store.settings.name.value = cleanName(event.currentTarget.value);
            }}
          />
        )}
      </Field>
      <Button type="submit" tone="primary" icon="go" disabled={first === null}>
        {t("lobby.enter")}
      </Button>
      <button
        type="button"
        class="link"
        onClick={() => {
          setWantsToken(true);
        }}
      >
        {t("lobby.have_token")}
      </button>
    </form>
  );
}

function firstOpen(rooms: readonly { name: string; world: string; isLocked: boolean }[]) {
  const open = rooms.find((room) => !room.isLocked);
  return open === undefined ? null : { room: open.name, world: open.world };
}

function TokenForm({ reason, onGuest }: { readonly reason: string | null; readonly onGuest: (() => void) | null }) {
  const { actions, t } = useApp();
  const [token, setToken] = useState("");
  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        if (token.trim() !== "") actions.signIn(token.trim());
      }}
    >
      {reason !== null && (
        <p class="notice" role="alert">
          {reason}
        </p>
      )}
      <Field label={t("lobby.token")} hint={t("lobby.token_hint")}>
        {(control) => (
          <input
            {...control}
            data-testid="token-input"
            type="password"
            autocomplete="off"
            spellcheck={false}
            dir="ltr"
            value={token}
            onInput={(event) => {
              setToken(event.currentTarget.value);
            }}
          />
        )}
      </Field>
      <Button type="submit" tone="primary" icon="shield">
        {t("lobby.sign_in")}
      </Button>
      {onGuest !== null && (
        <button type="button" class="link" onClick={onGuest}>
          {t("lobby.as_guest")}
        </button>
      )}
    </form>
  );
}
