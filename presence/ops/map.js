/**
 * The operators' map: asks the server about one room once a second, and shows it on the plan and in words.
 *
 * Owns the token, which stays in a variable, what is chosen, and everything of the page but the plan's picture. Changes
 * nothing anywhere: it reads.
 */

import { Plan, ZOOM_STEP, lookOf, perSecond, rateColour } from "./plan.js";

/**
 * @typedef {import("./plan.js").Scene} Scene
 * @typedef {import("./plan.js").Person} Person
 * @typedef {import("./plan.js").World} World
 * @typedef {import("./plan.js").Look} Look
 * @typedef {{ is_held: boolean | null, sentences: string[] }} Explanation is_held: null where there is no answer
 * @typedef {{ name: string, world: string, people: number }} Room
 * @typedef {{
 *   row: HTMLLIElement, button: HTMLButtonElement, mark: HTMLElement, name: HTMLElement, rate: HTMLElement,
 *   where: HTMLElement, used: HTMLElement,
 * }} Row
 */

const POLL_MS = 1000;
const PATIENCE_MS = 10_000; // with a server that does not answer
const ROOMS_EVERY = 5; // turns
const MOST_ROWS = 200; // of the list; the others are found by typing
const PAN_PX = 60;
const CLICK_PX = 5; // a pointer that moved less between down and up has clicked

/** The server says no, in words. */
class Refusal extends Error {
  /**
   * @param {number} status
   * @param {{ code: string, reason: string, advice: string }} problem
   */
  constructor(status, { code, reason, advice }) {
    super(`${reason}: ${advice}.`);
    this.status = status;
    this.code = code;
  }
}

/** The server says nothing, or nothing that makes sense. */
class Silence extends Error {
  constructor() {
    super("No answer from the server.");
  }
}

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 */
function at(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`there is no ${id}`);
  return found;
}

/** @param {string} id */
const part = (id) => at(id, HTMLElement);

const plan = new Plan(at("canvas", HTMLCanvasElement));
const rooms = at("rooms", HTMLSelectElement);
const filter = at("filter", HTMLInputElement);

let token = "";
let isPaused = false;
let isAsking = false; // again and again, until the server refuses the token
let turns = 0; // of asking what is to be shown, of which only the last counts
let questions = 0; // about two people, of which only the last counts
let timer = 0;
let room = ""; // "" until it is known which there are
let digest = ""; // of the world that is drawn
/** @type {World | null} */
let world = null;
/** @type {Scene | null} */
let scene = null;
/** @type {Person | null} as they were when they were chosen */
let observer = null;
/** @type {Person | null} */
let subject = null;
let loss = ""; // what is said of an observer who has left, until somebody is chosen
/** @type {Explanation | null} */
let answer = null;
/** @type {Map<number, Row>} */
const rows = new Map();

// --- asking ----------------------------------------------------------------------------------------------------------

/**
 * @param {string} path
 * @param {Record<string, string | number>} parameters
 * @returns {Promise<any>}
 */
async function ask(path, parameters = {}) {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
  /** @type {Record<string, string>} */
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const [response, told] = await hear(query.size ? `${path}?${query}` : path, headers);
  if (!response.ok) throw new Refusal(response.status, told);
  return told;
}

/**
 * @param {string} path
 * @param {Record<string, string>} headers
 * @returns {Promise<[Response, any]>}
 */
async function hear(path, headers) {
  try {
    const response = await fetch(path, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    return [response, await response.json()];
  } catch {
    throw new Silence();
  }
}

function start() {
  isAsking = true;
  void poll();
}

/** Ask what is to be shown, then again in a second, unless the page is paused or nobody looks at it. */
async function poll() {
  clearTimeout(timer);
  const [turn, began] = [++turns, performance.now()];
  try {
    if (!room || turn % ROOMS_EVERY === 0) {
      const told = await ask("rooms");
      if (turn !== turns) return; // something else was asked meanwhile
      showRooms(told.rooms);
    }
    if (room) await look(turn);
    if (turn !== turns) return;
    enter();
    note(isPaused ? "Paused" : loss);
  } catch (error) {
    if (turn !== turns) return;
    fail(error, (words) => note(isPaused ? words : `${words} Trying again.`));
    if (error instanceof Refusal && error.code === "unknown_room") setRoom("");
  }
  if (isAsking && !isPaused && !document.hidden)
    timer = setTimeout(poll, Math.max(0, POLL_MS - (performance.now() - began)));
}

/**
 * Ask about the room that is chosen, and about its world where that is another one.
 *
 * @param {number} turn
 */
async function look(turn) {
  const told = await ask(`rooms/${encodeURIComponent(room)}/map`, observer ? { observer: observer.entity } : {});
  if (turn !== turns) return;
  if (told.digest !== digest) {
    const document = await ask(`../v1/worlds/${encodeURIComponent(told.world)}`);
    if (turn !== turns) return;
    world = document;
    digest = told.digest;
    plan.setWorld(world);
  }
  scene = sceneOf(told);
  if (observer && !isStillThere(observer)) {
    loss = `${observer.name} has left.`;
    setObserver(null);
  }
  if (subject && !isStillThere(subject)) forgetSubject();
  plan.setScene(scene, POLL_MS);
  show();
}

/**
 * An entity alone does not say who it is: after the server has started anew, it is somebody else.
 *
 * @param {Person} person
 */
function isStillThere({ entity, user }) {
  return scene?.people.get(entity)?.user === user;
}

/** Ask why the observer sees the subject, or does not. */
async function explain() {
  if (!observer || !subject) return;
  const question = ++questions;
  /** @param {Explanation | null} told */
  const tell = (told) => {
    answer = told;
    showAnswer();
  };
  tell(null);
  try {
    const told = await ask("explain", { room, observer: observer.entity, subject: subject.entity });
    if (question !== questions) return;
    tell(told);
    part("answer").scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (question === questions) fail(error, (words) => tell({ is_held: null, sentences: [words] }));
  }
}

/**
 * Say why there is no answer, at the door where it is who asks that is refused.
 *
 * @param {unknown} error
 * @param {(words: string) => void} say
 */
function fail(error, say) {
  if (!(error instanceof Refusal || error instanceof Silence)) {
    note("This page has failed: load it again");
    throw error;
  }
  if (error instanceof Refusal && (error.status === 401 || error.status === 403)) leave(error.message);
  else say(error.message);
}

/**
 * Turn the server's columns into people, in metres.
 *
 * @param {any} told
 * @returns {Scene}
 */
function sceneOf(told) {
  const { people, objects, density } = told;
  return {
    tick: told.tick,
    tickHz: told.tick_hz,
    leavingRadius: told.leaving_radius_mm / 1000,
    rings: told.rings.map((/** @type {any} */ ring) => ({
      reach: ring.reach_mm / 1000,
      every: ring.every_ticks,
      detail: ring.detail,
    })),
    people: new Map(
      people.entity.map((/** @type {number} */ entity, /** @type {number} */ k) => [
        entity,
        {
          ...placeOf(people, k),
          user: people.user[k],
          name: people.name[k],
          isSpectator: people.is_spectator[k],
          yaw: (people.yaw_degrees[k] * Math.PI) / 180,
          link: people.link[k],
          budget: people.budget_bytes_per_s[k],
          used: people.budget_used[k],
          isShort: people.is_short[k],
        },
      ]),
    ),
    things: objects.prop.map((/** @type {string} */ prop, /** @type {number} */ k) => ({
      ...placeOf(objects, k),
      prop,
    })),
    density: { size: density.cell_mm / 1000, column: density.column, row: density.row, people: density.people },
    viewpoints: (told.observer?.viewpoints_mm ?? []).map((/** @type {number[]} */ [x = 0, , z = 0]) => ({
      x: x / 1000,
      z: z / 1000,
    })),
    seen:
      told.observer &&
      new Map(
        told.observer.subject.map((/** @type {number} */ entity, /** @type {number} */ k) => [
          entity,
          { every: told.observer.every_ticks[k], detail: told.observer.detail[k] },
        ]),
      ),
  };
}

/**
 * @param {any} columns
 * @param {number} k
 */
function placeOf(columns, k) {
  return {
    entity: columns.entity[k],
    x: columns.x_mm[k] / 1000,
    y: columns.y_mm[k] / 1000,
    z: columns.z_mm[k] / 1000,
    zone: columns.zone[k],
  };
}

// --- choosing --------------------------------------------------------------------------------------------------------

/**
 * Take somebody as the observer, or as the one to ask about where there is an observer already.
 *
 * @param {number} entity
 */
function choose(entity) {
  const person = scene?.people.get(entity) ?? null;
  if (!observer || entity === observer.entity) {
    observe(observer ? null : person);
  } else {
    subject = person;
    show();
    void explain();
  }
}

/** @param {Person | null} person */
function observe(person) {
  loss = "";
  setObserver(person);
  show();
  if (person) part("observer").scrollIntoView({ block: "nearest" });
  void poll();
}

/**
 * Let somebody else observe, or nobody. What they see is not known before the server has said so.
 *
 * @param {Person | null} person
 */
function setObserver(person) {
  observer = person;
  if (scene) scene.seen = null; // the plan has the same scene
  forgetSubject();
}

function forgetSubject() {
  subject = answer = null;
  questions++;
}

/** @param {string} name "" for none */
function setRoom(name) {
  room = rooms.value = name;
  digest = loss = filter.value = "";
  scene = world = null;
  setObserver(null);
  plan.setWorld(null);
  show();
}

// --- showing ---------------------------------------------------------------------------------------------------------

function enter() {
  const wasAsked = !part("door").hidden;
  for (const each of document.querySelectorAll("[data-when]")) {
    if (each instanceof HTMLElement) each.hidden = each.dataset["when"] !== "in";
  }
  if (wasAsked) rooms.focus();
}

/** @param {string} reason "" before anybody has tried */
function leave(reason) {
  isAsking = false;
  turns++;
  clearTimeout(timer);
  token = "";
  setRoom("");
  note("");
  if (reason) part("refusal").textContent = reason;
  for (const each of document.querySelectorAll("[data-when]")) {
    if (each instanceof HTMLElement) each.hidden = each.dataset["when"] !== "out";
  }
  part("token").focus();
}

/** @param {string} text */
function note(text) {
  if (part("notice").textContent !== text) part("notice").textContent = text;
}

/** @param {Room[]} listed */
function showRooms(listed) {
  const texts = listed.map(({ name, people }) => `${name} (${people})`);
  const isSame = [...rooms.options].map((option) => option.value).join() === listed.map(({ name }) => name).join();
  if (isSame) {
    texts.forEach((text, k) => {
      const option = rooms.options[k];
      if (option && option.textContent !== text) option.textContent = text;
    });
  } else {
    rooms.replaceChildren(...listed.map(({ name }, k) => new Option(texts[k], name, false, name === room)));
  }
  if (!listed.some(({ name }) => name === room)) {
    const fullest = [...listed].sort((one, other) => other.people - one.people)[0];
    setRoom(fullest?.name ?? "");
  }
}

function show() {
  plan.choose(chosen());
  showSummary();
  showLegend();
  showObserver();
  showAnswer();
  showPeople();
}

/** Say who is chosen, as entities, 0 for nobody. */
function chosen() {
  return { observer: observer?.entity ?? 0, subject: subject?.entity ?? 0 };
}

function showSummary() {
  const people = [...(scene?.people.values() ?? [])];
  const used = people.map((person) => person.used).sort((one, other) => one - other);
  const short = people.filter(({ isShort }) => isShort).length;
  const budgets = used.length
    ? ` · budgets used: median ${percent(used[used.length >> 1] ?? 0)}, highest ${percent(used.at(-1) ?? 0)}`
    : "";
  const held = short ? `, ${short} held short` : "";
  part("summary").textContent = scene
    ? `${counted(people.length, "person", "people")} · tick ${scene.tick}${budgets}${held}`
    : "";
  at("canvas", HTMLCanvasElement).setAttribute(
    "aria-label",
    `Plan of room ${room}, ${counted(people.length, "person", "people")}`,
  );
}

function showLegend() {
  const [seen, people] = [scene?.seen, [...(scene?.people.values() ?? [])]];
  /** @type {[HTMLElement, string][]} */
  const items = [];
  if (scene && seen) {
    const { tickHz } = scene;
    const told = people.flatMap(({ entity }) => seen.get(entity)?.every ?? []);
    const rates = [...new Set(told)].sort((one, other) => one - other);
    items.push([mark({ colour: "ink", halo: "accent" }), "the observer"]);
    for (const every of rates) items.push([mark({ colour: rateColour(every) }), `told of ${perSecond(every, tickHz)}`]);
    items.push([mark({ colour: "person", isHollow: true }), "not seen"]);
  } else {
    items.push([mark({ colour: "person" }), "a person, and where they look"]);
    if (people.some(({ isShort }) => isShort)) items.push([mark({ colour: "warning" }), "held short by their budget"]);
  }
  if (people.some(({ isSpectator }) => isSpectator))
    items.push([mark({ colour: "person", isDiamond: true }), "a spectator: nobody else sees them"]);
  if (people.some(({ link }) => link === "away"))
    items.push([mark({ colour: "person", isHollow: true, isDotted: true }), "away"]);
  if (people.some(({ link }) => link === "stalled"))
    items.push([mark({ colour: "person", halo: "warning" }), "their socket is full"]);
  if (scene?.things.length) items.push([mark({ colour: "edge", isHollow: true }, "object"), "an object"]);
  if (plan.showDensity) {
    const size = scene?.density.size ?? 4;
    items.push([mark({ colour: "person" }, "density"), `few to many on ${size} × ${size} m`]);
  }
  const text = items.map(([, words]) => words).join("|");
  if (part("legend").dataset["text"] === text) return;
  part("legend").dataset["text"] = text;
  part("legend").replaceChildren(
    ...items.map(([sample, words]) => {
      const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
      term.append(sample);
      meaning.textContent = words;
      const item = document.createElement("div");
      item.append(term, meaning);
      return item;
    }),
  );
}

function showObserver() {
  const person = scene?.people.get(chosen().observer);
  part("hint").hidden = Boolean(person);
  part("observer").hidden = !person;
  if (!scene || !person) return;
  part("observer-name").textContent = person.name;
  part("observer-where").textContent =
    `${person.user} · entity ${person.entity} · ${zoneOf(person) || "in no zone"} · ` +
    `${person.x.toFixed(1)}, ${person.z.toFixed(1)} m`;
  part("observer-state").textContent = stateOf(person);
  const kbit = (person.budget * 8) / 1000;
  part("observer-budget").textContent =
    `${Math.round(person.used * kbit)} of ${Math.round(kbit)} kbit/s of its budget: ${percent(person.used)}`;
  const bar = part("observer-budget-bar");
  bar.style.width = `${100 * Math.min(1, person.used)}%`;
  if (bar.parentElement) bar.parentElement.dataset["short"] = String(person.isShort);
  showWhomItSees(scene);
}

/** @param {Scene} scene */
function showWhomItSees({ seen, people, tickHz }) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  let others = 0;
  for (const [entity, { every }] of seen ?? []) {
    if (people.has(entity)) counts.set(every, (counts.get(every) ?? 0) + 1);
    else others++;
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const objects = others ? `, and ${counted(others, "object", "objects")}` : "";
  part("observer-sees").textContent = seen
    ? `Sees ${total} of ${counted(people.size - 1, "other", "others")}${objects}.`
    : "Asking whom it sees…";
  const sorted = [...counts].sort(([one], [other]) => one - other);
  part("observer-shares").replaceChildren(
    ...sorted.map(([every, count]) => {
      const share = document.createElement("div");
      share.style.background = `var(--${rateColour(every)})`;
      share.style.flexGrow = String(count);
      return share;
    }),
  );
  part("observer-rates").replaceChildren(
    ...sorted.map(([every, count]) => {
      const item = document.createElement("li");
      item.append(mark({ colour: rateColour(every) }), span(perSecond(every, tickHz)), span(String(count)));
      return item;
    }),
  );
}

function showAnswer() {
  const section = part("answer");
  section.hidden = !observer || !subject;
  if (!observer || !subject) return;
  const title = `Does ${observer.name} see ${subject.name}?`;
  const sentences = answer?.sentences ?? ["Asking…"];
  section.dataset["sees"] = String(answer?.is_held ?? "");
  if (section.dataset["text"] === [title, ...sentences].join()) return; // a screen reader need not read it again
  section.dataset["text"] = [title, ...sentences].join();
  part("answer-title").textContent = title;
  part("answer-word").textContent = { true: "Yes.", false: "No." }[String(answer?.is_held)] ?? "";
  part("answer-verdict").textContent = sentences[0] ?? "";
  part("answer-facts").replaceChildren(
    ...sentences.slice(1).map((sentence) => {
      const item = document.createElement("li");
      item.textContent = sentence;
      return item;
    }),
  );
}

// --- the list --------------------------------------------------------------------------------------------------------

function showPeople() {
  const wanted = filter.value.trim().toLowerCase();
  const people = [...(scene?.people.values() ?? [])]
    .filter((person) =>
      `${person.name} ${person.user} ${person.entity} ${zoneOf(person)}`.toLowerCase().includes(wanted),
    )
    .sort((one, other) => one.name.localeCompare(other.name) || one.entity - other.entity);
  const shown = people.slice(0, MOST_ROWS);
  const listed = new Set(shown.map(({ entity }) => entity));
  for (const [entity, { row }] of rows) {
    if (!listed.has(entity)) {
      row.remove();
      rows.delete(entity);
    }
  }
  const list = part("people");
  shown.forEach((person, k) => {
    const row = rows.get(person.entity) ?? rowFor(person.entity);
    if (list.children[k] !== row.row) list.insertBefore(row.row, list.children[k] ?? null);
    fill(row, person);
  });
  part("people-title").textContent = `People (${people.length})`;
  part("more").hidden = people.length <= MOST_ROWS;
  part("more").textContent = `${people.length - MOST_ROWS} more: type a name, an id or a zone to find them.`;
}

/**
 * @param {number} entity
 * @returns {Row}
 */
function rowFor(entity) {
  const [row, button] = [document.createElement("li"), document.createElement("button")];
  const made = { row, button, mark: span(""), name: span(""), rate: span(""), where: span(""), used: span("") };
  button.type = "button";
  button.dataset["entity"] = String(entity);
  for (const name of /** @type {const} */ (["mark", "name", "rate", "where", "used"])) made[name].className = name;
  button.append(made.mark, made.name, made.rate, made.where, made.used);
  row.append(button);
  rows.set(entity, made);
  return made;
}

/**
 * @param {Row} row
 * @param {Person} person
 */
function fill(row, person) {
  const seen = scene?.seen ?? null;
  const told = seen?.get(person.entity);
  const isObserver = person.entity === observer?.entity;
  const unseen = seen ? "not seen" : "";
  const rate = told ? perSecond(told.every, scene?.tickHz ?? 0) + (told.detail === "dot" ? ", as a dot" : "") : unseen;
  write(row.name, person.name);
  write(row.rate, isObserver ? "observer" : rate);
  write(row.where, [zoneOf(person), stateOf(person), person.user].filter(Boolean).join(" · "));
  write(row.used, `${percent(person.used)} of budget`);
  row.used.dataset["short"] = String(person.isShort);
  row.button.setAttribute("aria-current", String(isObserver || person.entity === subject?.entity));
  paint(row.mark, lookOf(person, seen, chosen()));
}

// --- words -----------------------------------------------------------------------------------------------------------

/** @param {Person} person */
function zoneOf({ zone }) {
  return world?.zones?.[zone - 1]?.name ?? "";
}

/** @param {Person} person */
function stateOf({ isSpectator, link, isShort }) {
  const states = { ready: "", stalled: "its socket is full", away: "away" };
  return [isSpectator ? "spectator" : "", states[link], isShort ? "held short by its budget" : ""]
    .filter(Boolean)
    .join(", ");
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} many
 */
function counted(count, one, many) {
  return `${count} ${count === 1 ? one : many}`;
}

/** @param {string} text */
function span(text) {
  const made = document.createElement("span");
  made.textContent = text;
  return made;
}

/**
 * @param {Look} look
 * @param {string} kind of mark, besides those of people
 */
function mark(look, kind = "") {
  const made = span("");
  made.className = `mark ${kind}`;
  paint(made, look);
  return made;
}

/**
 * @param {HTMLElement} element a mark
 * @param {Look} look
 */
function paint(element, { colour, isDiamond = false, isHollow = false, isDotted = false, halo }) {
  element.style.color = `var(--${colour})`;
  element.style.borderStyle = isDotted ? "dotted" : "solid";
  element.style.outlineColor = halo ? `var(--${halo})` : "transparent";
  element.classList.toggle("diamond", isDiamond);
  element.classList.toggle("hollow", isHollow);
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// --- hands -----------------------------------------------------------------------------------------------------------

function listen() {
  const canvas = at("canvas", HTMLCanvasElement);
  part("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = at("token", HTMLInputElement);
    token = field.value.trim();
    field.value = "";
    start();
  });
  rooms.addEventListener("change", () => {
    setRoom(rooms.value);
    void poll();
  });
  part("pause").addEventListener("click", () => {
    isPaused = !isPaused;
    part("pause").setAttribute("aria-pressed", String(isPaused));
    if (!isPaused) {
      void poll();
      return;
    }
    clearTimeout(timer);
    turns++;
    note("Paused");
  });
  document.addEventListener("visibilitychange", () => {
    if (isAsking && !isPaused && !document.hidden) void poll();
  });
  part("people").addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button) choose(Number(button.dataset["entity"]));
  });
  filter.addEventListener("input", showPeople);
  part("forget-observer").addEventListener("click", () => {
    const { observer: entity } = chosen();
    observe(null);
    focusOn(entity);
  });
  part("forget-subject").addEventListener("click", () => {
    const { subject: entity } = chosen();
    forgetSubject();
    show();
    focusOn(entity);
  });
  part("ask-again").addEventListener("click", () => void explain());
  part("swap").addEventListener("click", () => {
    const [one, other] = [observer, subject];
    setObserver(other);
    subject = one;
    show();
    void poll();
    void explain();
  });
  part("zoom-in").addEventListener("click", () => plan.zoom(1));
  part("zoom-out").addEventListener("click", () => plan.zoom(-1));
  part("fit").addEventListener("click", () => plan.fit());
  const [names, density] = [at("show-names", HTMLInputElement), at("show-density", HTMLInputElement)];
  names.addEventListener("change", () => {
    plan.showNames = names.checked;
    plan.draw();
  });
  density.addEventListener("change", () => {
    plan.showDensity = density.checked;
    showLegend();
    plan.draw();
  });
  canvas.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    plan.zoom(-event.deltaY / 240, { x: event.offsetX, y: event.offsetY });
  });
  point(canvas);
}

/**
 * Go to somebody in the list, from a card that closes.
 *
 * @param {number} entity
 */
function focusOn(entity) {
  (rows.get(entity)?.button ?? filter).focus({ preventScroll: true });
}

/** @type {Record<string, (() => void) | undefined>} */
const KEYS = {
  ArrowLeft: () => plan.pan(PAN_PX, 0),
  ArrowRight: () => plan.pan(-PAN_PX, 0),
  ArrowUp: () => plan.pan(0, PAN_PX),
  ArrowDown: () => plan.pan(0, -PAN_PX),
  "+": () => plan.zoom(1),
  "=": () => plan.zoom(1),
  "-": () => plan.zoom(-1),
  0: () => plan.fit(),
  Escape: () => observe(null),
};

/**
 * Let mouse and fingers point at people, drag the plan, and pinch it.
 *
 * @param {HTMLCanvasElement} canvas
 */
function point(canvas) {
  /** @type {Map<number, { x: number, y: number }>} */
  const down = new Map();
  let travelled = 0;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return; // it is not the primary one
    canvas.setPointerCapture(event.pointerId);
    if (!down.size) travelled = 0;
    down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  });
  canvas.addEventListener("pointermove", (event) => {
    const [before, here] = [down.get(event.pointerId), { x: event.offsetX, y: event.offsetY }];
    if (!before) {
      hover(canvas, here);
      return;
    }
    down.set(event.pointerId, here);
    travelled += Math.hypot(here.x - before.x, here.y - before.y);
    const other = [...down].find(([pointer]) => pointer !== event.pointerId)?.[1];
    if (other) {
      const [was, is] = [before, here].map(({ x, y }) => Math.hypot(x - other.x, y - other.y));
      if (was && is) plan.zoom(Math.log(is / was) / Math.log(ZOOM_STEP), other);
    } else if (travelled > CLICK_PX) {
      plan.pan(here.x - before.x, here.y - before.y);
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!down.delete(event.pointerId) || travelled > CLICK_PX || down.size) return;
    const entity = plan.at({ x: event.offsetX, y: event.offsetY });
    if (entity) choose(entity);
  });
  canvas.addEventListener("pointercancel", (event) => down.delete(event.pointerId));
  canvas.addEventListener("pointerleave", () => (part("tip").hidden = true));
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{ x: number, y: number }} here
 */
function hover(canvas, here) {
  const person = scene?.people.get(plan.at(here));
  const tip = part("tip");
  canvas.classList.toggle("over-somebody", Boolean(person));
  tip.hidden = !person;
  if (!person) return;
  tip.textContent = [person.name, zoneOf(person), stateOf(person), `${percent(person.used)} of its budget`]
    .filter(Boolean)
    .join("\n");
  const isRight = here.x > canvas.clientWidth / 2;
  tip.style.left = isRight ? "" : `${here.x + 16}px`;
  tip.style.right = isRight ? `${canvas.clientWidth - here.x + 16}px` : "";
  tip.style.top = `${Math.min(here.y + 12, canvas.clientHeight - tip.offsetHeight - 8)}px`;
}

listen();
if (document.body.dataset["token"] === "optional") start();
else leave("");
