/** The authoring page's own parts: the file, its problems, and what the pointer is over. State comes in as signals. */

import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Language, WorldDocument } from "@presence-hub/client";
import type { Mode } from "./walkabout";
import type { Reading } from "./world-file";

export interface AuthorState {
  readonly reading: ReadonlySignal<Reading | null>;
  readonly isWatching: ReadonlySignal<boolean>;
  readonly pointed: ReadonlySignal<string>;
  readonly mode: Signal<Mode>;
  readonly language: Signal<Language>;
  /** Names of the server's own worlds, to start from. */
  readonly shipped: ReadonlySignal<readonly string[]>;
}

export interface AuthorActions {
  readonly open: () => void;
  readonly openShipped: (name: string) => void;
  readonly fitPlan: () => void;
}

const LANGUAGES: readonly (readonly [Language, string])[] = [
  ["en", "English"],
  ["fr", "Français"],
  ["es", "Español"],
  ["ar", "العربية"],
];

export function Panel({ state, actions }: { state: AuthorState; actions: AuthorActions }) {
  const reading = state.reading.value;
  return (
    <aside class="panel" aria-label="World">
      <h1>World author</h1>
      <p class="quiet">
        Open a world file, or drop it anywhere on this page. It is drawn as people will see it, and checked.
      </p>
      <div class="row">
        <button type="button" class="primary" onClick={actions.open} data-testid="open-world">
          Open a file…
        </button>
        <label>
          <span class="quiet">or look at</span>
          <select
            value=""
            onChange={(event) => {
              const name = event.currentTarget.value;
              if (name) actions.openShipped(name);
            }}
            data-testid="shipped-worlds"
          >
            <option value="">a shipped world</option>
            {state.shipped.value.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div aria-live="polite" data-testid="world-verdict">
        {reading && <Verdict reading={reading} isWatching={state.isWatching.value} />}
      </div>
      {reading && reading.problems.length > 0 && (
        <ol class="problems" data-testid="world-problems">
          {reading.problems.map((problem) => (
            <li key={`${problem.path} ${problem.problem}`}>
              <code>{problem.path}</code> {problem.problem}
              <div class="quiet">{problem.remedy}</div>
            </li>
          ))}
        </ol>
      )}
      {reading?.document && <Facts world={reading.document} />}
      <fieldset>
        <legend>3D view</legend>
        {(["orbit", "walk"] as const).map((mode) => (
          <label key={mode}>
            <input
              type="radio"
              name="mode"
              checked={state.mode.value === mode}
              onChange={() => {
                state.mode.value = mode;
              }}
            />
            {mode === "orbit" ? "From outside" : "On foot"}
          </label>
        ))}
        <label>
          Signs in{" "}
          <select
            value={state.language.value}
            onChange={(event) => {
              state.language.value = event.currentTarget.value as Language;
            }}
          >
            {LANGUAGES.map(([code, name]) => (
              <option key={code} value={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </fieldset>
      <details>
        <summary>Keys</summary>
        <p class="quiet">
          In the 3D view: drag to look, wheel or W and S to come nearer, A and D to move aside, arrows to turn; on foot
          W A S D walk, and walls stop you. In the plan: drag or arrows to move, wheel or + and − to zoom, 0 to see all
          of it; click to go there.
        </p>
        <button type="button" onClick={actions.fitPlan}>
          Show the whole plan
        </button>
      </details>
    </aside>
  );
}

function Verdict({ reading, isWatching }: { reading: Reading; isWatching: boolean }) {
  const count = reading.problems.length;
  const words =
    count > 0
      ? `${count} ${count === 1 ? "thing is" : "things are"} wrong with it.`
      : reading.unchecked === ""
        ? "Nothing is wrong with it."
        : `It can be drawn. ${reading.unchecked}`;
  return (
    <p class={count > 0 ? "verdict bad" : reading.unchecked ? "verdict" : "verdict good"}>
      <strong>{reading.name}</strong>: {words}
      {isWatching && <span class="quiet"> It is read again whenever it is saved.</span>}
    </p>
  );
}

function Facts({ world }: { world: WorldDocument }) {
  const { min, max } = world.bounds;
  const seats = world.seats.reduce((sum, row) => sum + row.count, 0);
  const rows: readonly (readonly [string, string])[] = [
    ["Size", `${max[0] - min[0]} × ${max[2] - min[2]} m, ${max[1] - min[1]} m high`],
    ["Walls and boxes", `${world.walls.length} and ${world.boxes.length}`],
    ["Zones", String(world.zones.length)],
    ["Seats", String(seats)],
    ["Spawns", String(world.spawns.length)],
    ["Portals", world.portals.map((portal) => portal.world).join(", ") || "none"],
    ["Lamps and signs", `${world.lights.length} and ${world.signs.length}`],
  ];
  return (
    <dl class="facts">
      {rows.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
