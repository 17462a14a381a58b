// Screens between lobby and room: on the way in, when that failed, and when the session is over. Each says what happened
// and what to do, and has the button for it.
import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Close } from "@presence-hub/client";
import { worldTitle } from "../state/directory";
import { closeKey, refusalKey } from "../state/refusals";
import { STEPS, type Destination, type Failure, type Screen } from "../state/store";
import { useApp } from "./context";
import { Button } from "./parts/button";
import { Globe } from "./parts/globe";
import { ConnectionState } from "./room/connection-state";

type Loading = Extract<Screen, { kind: "loading" }>;
type Failed = Extract<Screen, { kind: "failed" }>;
type Ended = Extract<Screen, { kind: "ended" }>;

interface InterludeProps {
  readonly title: string;
  readonly testId: string;
  readonly children: ComponentChildren;
}

function Interlude({ title, testId, children }: InterludeProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // What had the focus is gone; a reader goes on here.
    heading.current?.focus();
  }, []);
  return (
    <main class="interlude" id="main" data-testid={testId}>
      <Globe />
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </main>
  );
}

export function LoadingScreen({ to, step }: Loading) {
  const { store, actions, t } = useApp();
  const done = STEPS.indexOf(step);
  const world = to.world || (store.directory.rooms.value?.find(({ name }) => name === to.room)?.world ?? "");
  const title = world === "" ? to.room : worldTitle(store.directory.worlds.value, world, store.settings.language.value);
  return (
    <Interlude title={t("loading.title", { place: title })} testId="loading">
      <progress value={done + 1} max={STEPS.length + 1} aria-label={t("loading.progress")} />
      <p role="status">{t(`loading.${step}`)}</p>
      {step === "connecting" && store.connection.value.phase !== "online" && <ConnectionState />}
      <Button
        onClick={() => {
          void actions.leave();
        }}
      >
        {t("cancel")}
      </Button>
    </Interlude>
  );
}

export function FailedScreen({ to, failure }: Failed) {
  const { t } = useApp();
  const key = failure.kind === "refused" ? refusalKey(failure.name) : (`failed.${failure.kind}` as const);
  return (
    <Interlude title={t("failed.title")} testId="failed">
      <p role="alert">{t(key)}</p>
      <div class="buttons">
        <FailedRemedy to={to} failure={failure} />
        <ToLobby />
      </div>
    </Interlude>
  );
}

function FailedRemedy({ to, failure }: { readonly to: Destination; readonly failure: Failure }) {
  const { actions, t } = useApp();
  if (failure.kind === "world_invalid") return null;
  if (failure.kind === "world_differs" || failure.kind === "unexpected") return <Reload />;
  return (
    <Button
      tone="primary"
      onClick={() => {
        void actions.enter(to);
      }}
    >
      {t("try_again")}
    </Button>
  );
}

export function EndedScreen({ code, name, reason, from }: Ended) {
  const { actions, t } = useApp();
  return (
    <Interlude title={t("ended.title")} testId="ended">
      <p role="alert" data-code={name}>
        {t(closeKey(name))}
      </p>
      {code === Close.KICKED && reason !== "" && (
        <p>
          {t("ended.reason")} <q dir="auto">{reason}</q>
        </p>
      )}
      <div class="buttons">
        {isAboutToken(code) ? (
          <Button
            tone="primary"
            data-testid="sign-in-again"
            onClick={() => {
              actions.signInAgain(name);
            }}
          >
            {t("ended.sign_in")}
          </Button>
        ) : code >= 4200 && code < 4300 ? (
          <Reload />
        ) : (
          from !== null && (
            <Button
              tone="primary"
              onClick={() => {
                void actions.enter(from);
              }}
            >
              {t(code === Close.REPLACED ? "ended.use_here" : "try_again")}
            </Button>
          )
        )}
        {!isAboutToken(code) && <ToLobby />}
      </div>
    </Interlude>
  );
}

function isAboutToken(code: number): boolean {
  return code >= Close.TOKEN_REQUIRED && code <= Close.TOKEN_REVOKED;
}

function Reload() {
  const { t } = useApp();
  return (
    <Button
      tone="primary"
      onClick={() => {
        location.reload();
      }}
    >
      {t("reload")}
    </Button>
  );
}

function ToLobby() {
  const { actions, t } = useApp();
  return (
    <Button
      data-testid="to-lobby"
      onClick={() => {
        void actions.leave();
      }}
    >
      {t("to_lobby")}
    </Button>
  );
}
