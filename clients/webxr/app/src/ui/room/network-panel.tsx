// How the connection and the picture do, in figures and small curves.
import { useId } from "preact/hooks";
import { byteRate, decimal, milliseconds } from "../../i18n/format";
import type { LaneBytes } from "@presence-hub/client";
import type { Key } from "../../i18n/translate";
import type { NetworkSample } from "../../state/store";
import { useApp } from "../context";
import { IconButton } from "../parts/button";

export function NetworkPanel() {
  const { store, actions, t } = useApp();
  const titleId = useId();
  const samples = store.network.value;
  const now = samples.at(-1);
  const language = store.settings.language.value;
  const ms = (value: number) => milliseconds(language, value);
  const rate = (value: number) => byteRate(language, value);
  const number = (value: number) => decimal(language, value);
  return (
    <section class="card panel network" data-testid="network-panel" aria-labelledby={titleId}>
      <header>
        <h2 id={titleId}>{t("network.title")}</h2>
        <IconButton
          icon="close"
          label={t("close")}
          onClick={() => {
            actions.close("network");
          }}
        />
      </header>
      {now === undefined ? (
        <p class="hint">{t("network.measuring")}</p>
      ) : (
        <dl>
          <Row
            name="network.ping"
            value={now.pingMs === null ? "–" : ms(now.pingMs)}
            curve={samples.map(({ pingMs }) => pingMs ?? 0)}
          />
          <Row name="network.jitter" value={ms(now.jitterMs)} curve={samples.map(({ jitterMs }) => jitterMs)} />
          <Row
            name="network.snapshots"
            value={decimal(language, now.snapshotsPerS, 1)}
            curve={samples.map(({ snapshotsPerS }) => snapshotsPerS)}
          />
          <Row
            name="network.delay"
            value={ms(now.interpolationDelayMs)}
            curve={samples.map(({ interpolationDelayMs }) => interpolationDelayMs)}
          />
          <Row name="network.in" value={rate(totalIn(now))} curve={samples.map(totalIn)} />
          {(["control", "events", "poses"] as const).map((lane) => (
            <Row key={lane} name={`network.in_${lane}`} value={rate(now.bytesPerS.in[lane])} />
          ))}
          <Row
            name="network.out"
            value={rate(total(now.bytesPerS.out))}
            curve={samples.map(({ bytesPerS }) => total(bytesPerS.out))}
          />
          <Row name="network.apply" value={milliseconds(language, now.snapshotMs, 2)} />
          <Row name="network.corrections" value={number(now.corrections)} />
          <Row name="network.resyncs" value={number(now.resyncs)} />
          <Row name="network.reconnects" value={number(now.reconnects)} />
          <Row name="network.fps" value={number(now.stats.fps)} curve={samples.map(({ stats }) => stats.fps)} />
          <Row name="network.frame" value={ms(now.stats.frameMs)} />
          <Row name="network.draw_calls" value={number(now.stats.drawCalls)} />
          <Row name="network.triangles" value={number(now.stats.triangles)} />
        </dl>
      )}
    </section>
  );
}

function Row({
  name,
  value,
  curve,
}: {
  readonly name: Extract<Key, `network.${string}`>;
  readonly value: string;
  readonly curve?: readonly number[];
}) {
  const { t } = useApp();
  return (
    <div>
      <dt>{t(name)}</dt>
      {curve !== undefined && <Curve values={curve} />}
      <dd>{value}</dd>
    </div>
  );
}

const WIDTH = 64;
const HEIGHT = 18;
/** As many samples as a curve has room for. */
const SAMPLES = 60;

function Curve({ values }: { readonly values: readonly number[] }) {
  const top = Math.max(...values, 1e-6);
  const points = values.map((value, index) => {
    const x = WIDTH - ((values.length - 1 - index) * WIDTH) / (SAMPLES - 1);
    return `${x.toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1)}`;
  });
  return (
    <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" focusable="false">
      <polyline points={points.join(" ")} />
    </svg>
  );
}

function totalIn({ bytesPerS }: NetworkSample): number {
  return total(bytesPerS.in);
}

function total({ control, events, poses }: LaneBytes): number {
  return control + events + poses;
}
