// What is said in the room: the log, which is read out politely, and the line to write in.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import { clockTime } from "../../i18n/format";
import { MAX_TEXT } from "../../state/actions";
import type { ChannelName, Line } from "../../state/chat";
import { useApp } from "../context";
import { IconButton } from "../parts/button";
import { Select, typedDirection } from "../parts/field";

const CHANNELS: readonly ChannelName[] = ["room", "nearby", "direct"];

export function Chat() {
  const { store, actions, t } = useApp();
  const titleId = useId();
  return (
    <section class="card chat" aria-labelledby={titleId} hidden={!store.panels.value.has("chat")}>
      <header>
        <h2 id={titleId}>{t("chat.title")}</h2>
        <IconButton
          icon="close"
          label={t("close")}
          onClick={() => {
            actions.close("chat");
          }}
        />
      </header>
      <Log />
      <Composer />
    </section>
  );
}

function Log() {
  const { store, t } = useApp();
  const log = useRef<HTMLDivElement>(null);
  const lines = store.chat.lines.value;
  useLayoutEffect(() => {
    log.current?.scrollTo(0, log.current.scrollHeight);
  }, [lines]);
  return (
    // A log that scrolls must be reachable by keyboard.
    <div
      ref={log}
      class="chat-log"
      data-testid="chat-log"
      role="log"
      aria-live="polite"
      aria-label={t("chat.log")}
      tabIndex={0}
    >
      {lines.length === 0 && <p class="hint">{t("chat.empty")}</p>}
      <ol>
        {lines.map((line) => (
          <ChatLine key={line.id} line={line} />
        ))}
      </ol>
    </div>
  );
}

function ChatLine({ line }: { readonly line: Line }) {
  const { store, t } = useApp();
  return (
    <li
      class={`line ${line.channel} ${line.isOwn ? "own" : ""}`}
      data-testid="chat-message"
      data-name={line.name}
      data-channel={line.channel}
    >
      <span class="line-head">
        <bdi class="name">{line.name}</bdi>
        {line.channel !== "room" && <span class="tag">{t(`channel.${line.channel}`)}</span>}
        <time dateTime={new Date(line.atMs).toISOString()}>{clockTime(store.settings.language.value, line.atMs)}</time>
      </span>
      <span class="line-text" dir="auto">
        {line.text}
      </span>
    </li>
  );
}

function Composer() {
  const { store, actions, focusStage, t } = useApp();
  const input = useRef<HTMLInputElement>(null);
  const text = useSignal("");
  const channel = useSignal<ChannelName>("room");
  const id = useId();
  const self = store.room.value?.self;
  const me = useComputed(() => store.people.value.get(store.room.value?.self ?? 0));
  const directTo = store.directTo.value;

  useEffect(() => {
    // Somebody was chosen to write to.
    if (directTo !== null) channel.value = "direct";
  }, [directTo, channel]);

  useEffect(
    () =>
      store.command.subscribe((command) => {
        if (command?.name !== "chat") return;
        actions.open("chat");
        // The panel is shown with the next drawing.
        requestAnimationFrame(() => input.current?.focus());
      }),
    [store, actions],
  );

  const send = async () => {
    const said = text.peek();
    text.value = "";
    // What was refused comes back, unless something new was begun.
    if (!(await actions.chat(channel.peek(), said)) && text.peek() === "") text.value = said;
  };

  const muted = me.value?.muted === true;
  const others = [...store.people.value.values()].filter(({ entity }) => entity !== self);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        if (store.isNarrow.peek()) actions.close("chat");
        focusStage();
      }}
    >
      <div class="composer-to">
        <Select
          label={t("chat.channel")}
          isLabelHidden
          value={channel.value}
          options={CHANNELS.map((name) => ({ value: name, text: t(`channel.${name}`) }))}
          onChoose={(name) => {
            channel.value = name;
            if (name === "direct" && directTo === null) actions.addressDirectly(others[0]?.entity ?? null);
          }}
          testId="chat-channel"
        />
        {channel.value === "direct" && (
          <Select
            label={t("chat.target")}
            isLabelHidden
            value={String(directTo ?? "")}
            options={others.map(({ entity, name }) => ({ value: String(entity), text: name }))}
            onChoose={(entity) => {
              actions.addressDirectly(Number(entity));
            }}
            testId="chat-target"
          />
        )}
      </div>
      <div class="composer-line">
        <label for={id} class="unseen">
          {t("chat.write")}
        </label>
        <input
          id={id}
          ref={input}
          type="text"
          autocomplete="off"
          enterkeyhint="send"
          dir={typedDirection(text.value)}
          maxLength={MAX_TEXT}
          disabled={muted}
          placeholder={t(muted ? "chat.muted" : "chat.write")}
          data-testid="chat-input"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
        <IconButton icon="send" label={t("chat.send")} type="submit" class="send" disabled={muted} />
      </div>
    </form>
  );
}
