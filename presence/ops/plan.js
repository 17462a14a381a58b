/**
 * The picture of a room from above: the world, how crowded it is, everybody in it, and what one observer sees.
 *
 * Draws what it is given on one canvas, moves people smoothly from one answer of the server to the next, and says who is
 * at a point. Asks nobody, and decides nothing. Metres, as in worlds: x to the right, z down.
 */

/**
 * @typedef {{
 *   entity: number, x: number, y: number, z: number, zone: number, user: string, name: string, isSpectator: boolean,
 *   yaw: number, link: "ready" | "stalled" | "away", budget: number, used: number, isShort: boolean,
 * }} Person
 * @typedef {{ entity: number, x: number, y: number, z: number, zone: number, prop: string }} Thing
 * @typedef {{ reach: number, every: number, detail: string }} Ring
 * @typedef {{ size: number, column: number[], row: number[], people: number[] }} Density
 * @typedef {{ every: number, detail: string }} Told
 * @typedef {{
 *   tick: number, tickHz: number, leavingRadius: number, rings: Ring[], viewpoints: { x: number, z: number }[],
 *   people: Map<number, Person>, things: Thing[], density: Density, seen: Map<number, Told> | null,
 * }} Scene
 * @typedef {[number, number]} Spot x and z
 * @typedef {{ min: Spot, max: Spot }} Rectangle
 * @typedef {{ min: [number, number, number], max: [number, number, number] }} Box
 * @typedef {Box & { name: string, clearance?: string[], isolated?: boolean }} Zone
 * @typedef {{
 *   bounds: Box, floors?: Rectangle[], boxes?: Box[], walls?: { from: Spot, to: Spot, base: number }[],
 *   zones?: Zone[],
 *   portals?: (Box & { world: string })[],
 * }} World
 * @typedef {{ observer: number, subject: number }} Chosen entities, 0 for nobody
 * @typedef {keyof typeof COLOURS} Colour of the page's style, where it is `--colour`
 * @typedef {{
 *   colour: Colour, isDiamond?: boolean, isHollow?: boolean, isDotted?: boolean, halo?: Colour | null,
 * }} Look of a mark
 */

const SMALL_WORLD_M = 250; // a larger one is shown where people are
const AROUND_PEOPLE_M = 20;
const JUMP_M = 8; // nobody walks so far from one answer to the next
const OVERHEAD_M = 2; // a wall that begins above this is over people's heads
const REACH_PX = 14; // of a finger or a pointer
const PACKED = 6; // people in a cell at which the shade is two thirds of the darkest
export const ZOOM_STEP = 1.4;
const MARGIN_PX = 16;
const TOOLS_PX = 48; // above the plan
const APART_PX = 48; // at which there is room for a mark between two
const MOST_LINES = 12; // at which lines of sight are still drawn strongly
const [MIN_SCALE, MAX_SCALE] = [0.1, 200]; // pixels a metre
/** @type {Record<string, string>} */
const DETAILS = { root: ", no hands", dot: ", as dots" };
const COLOURS = {
  paper: "",
  panel: "",
  ink: "",
  quiet: "",
  line: "",
  edge: "",
  accent: "",
  warning: "",
  bad: "",
  floor: "",
  box: "",
  wall: "",
  zone: "",
  cleared: "",
  person: "",
  density: "",
  "rate-0": "",
  "rate-1": "",
  "rate-2": "",
  "rate-3": "",
  "rate-4": "",
  "rate-5": "",
};
const RATES = /** @type {const} */ (["rate-0", "rate-1", "rate-2", "rate-3", "rate-4", "rate-5"]);
const NAME_FONT = "500 12px system-ui, sans-serif";
const OBSERVER_FONT = "700 13px system-ui, sans-serif";

/**
 * Say in which colour it is drawn how often somebody is told of.
 *
 * @param {number} every ticks from one record to the next, a power of two
 * @returns {Colour}
 */
export function rateColour(every) {
  return RATES[Math.log2(every)] ?? "ink";
}

/**
 * Say how somebody is drawn, on the plan and in lists.
 *
 * @param {Person} person
 * @param {Scene["seen"]} seen
 * @param {Chosen} chosen
 * @returns {Look}
 */
export function lookOf({ entity, link, isShort, isSpectator }, seen, { observer, subject }) {
  const told = seen?.get(entity);
  const isAway = link === "away";
  const stalled = link === "stalled" ? "warning" : null;
  const isDiamond = isSpectator;
  if (entity === observer) return { colour: "ink", isDiamond, isHollow: isAway, isDotted: isAway, halo: "accent" };
  const unseen = isShort && !seen ? "warning" : "person";
  return {
    colour: told ? rateColour(told.every) : unseen,
    isDiamond,
    isHollow: isAway || Boolean(seen && !told),
    isDotted: isAway,
    halo: entity === subject ? "ink" : stalled,
  };
}

export class Plan {
  #canvas;
  #context;
  #ground = document.createElement("canvas"); // the world, drawn once for a view
  #heat = document.createElement("canvas"); // a pixel for each cell of the density
  #isGroundStale = true;
  #isWaiting = false; // for the next frame
  #view = { x: 0, z: 0, scale: 10 }; // what is in the middle; pixels a metre
  #isFitted = false;
  /** @type {World | null} */
  #world = null;
  /** @type {Scene | null} */
  #scene = null;
  /** @type {Chosen} */
  #chosen = { observer: 0, subject: 0 };
  /** @type {Map<number, { x: number, z: number, yaw: number }>} where everybody stood when the scene came */
  #before = new Map();
  #cameAt = 0;
  #glideMs = 0;
  #colours = { ...COLOURS };
  #ratio = 1; // device pixels to one of the page's

  showNames = false;
  showDensity = true;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser draws nothing");
    this.#canvas = canvas;
    this.#context = context;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#repaint());
    this.#repaint();
  }

  // --- what to show --------------------------------------------------------------------------------------------------

  /** @param {World | null} world null until it has come */
  setWorld(world) {
    this.#world = world;
    this.#scene = null;
    this.#isFitted = false;
    this.#before.clear();
    this.#repaint();
  }

  /**
   * @param {Scene} scene
   * @param {number} glideMs how long people take to where they are now
   */
  setScene(scene, glideMs) {
    const now = performance.now();
    const places = this.#scene ? this.#places(now) : new Map();
    this.#before = new Map();
    for (const [entity, person] of scene.people) {
      const was = places.get(entity);
      if (was && Math.hypot(was.x - person.x, was.z - person.z) < JUMP_M) this.#before.set(entity, was);
    }
    this.#scene = scene;
    this.#cameAt = now;
    this.#glideMs = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : glideMs;
    this.#paintHeat(scene.density);
    if (!this.#isFitted) this.fit();
    this.draw();
  }

  /** @param {Chosen} chosen */
  choose(chosen) {
    this.#chosen = chosen;
    this.draw();
  }

  // --- what is in view -----------------------------------------------------------------------------------------------

  fit() {
    const box = this.#whatMatters();
    if (!box || !this.#canvas.clientWidth) return;
    const [width, height] = [box.max[0] - box.min[0], box.max[1] - box.min[1]];
    const across = this.#canvas.clientWidth - 2 * MARGIN_PX;
    const down = this.#canvas.clientHeight - 2 * MARGIN_PX - TOOLS_PX;
    const scale = Math.max(MIN_SCALE, Math.min(across / width, down / height));
    this.#view = { x: box.min[0] + width / 2, z: box.min[1] + height / 2 - TOOLS_PX / 2 / scale, scale };
    this.#isFitted = true;
    this.#moved();
  }

  /**
   * @param {number} steps in, or out where negative
   * @param {{ x: number, y: number }} around what stays where it is, pixels
   */
  zoom(steps, around = { x: this.#canvas.clientWidth / 2, y: this.#canvas.clientHeight / 2 }) {
    const { x, z } = this.#metres(around);
    const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, this.#view.scale * ZOOM_STEP ** steps));
    const shrunk = this.#view.scale / scale;
    this.#view = { x: x + (this.#view.x - x) * shrunk, z: z + (this.#view.z - z) * shrunk, scale };
    this.#moved();
  }

  /**
   * @param {number} x pixels to the right
   * @param {number} y pixels down
   */
  pan(x, y) {
    this.#view = { ...this.#view, x: this.#view.x - x / this.#view.scale, z: this.#view.z - y / this.#view.scale };
    this.#moved();
  }

  /**
   * Say who is at a point, 0 for nobody.
   *
   * @param {{ x: number, y: number }} point pixels
   */
  at(point) {
    let [nearest, found] = [REACH_PX, 0];
    for (const [entity, place] of this.#places(performance.now())) {
      const { x, y } = this.#pixels(place);
      const apart = Math.hypot(x - point.x, y - point.y);
      if (apart < nearest) [nearest, found] = [apart, entity];
    }
    return found;
  }

  /**
   * The part of the world that `fit` shows.
   *
   * @returns {Rectangle | null}
   */
  #whatMatters() {
    if (!this.#world || !this.#scene) return null;
    const bounds = onGround(this.#world.bounds);
    if (Math.max(bounds.max[0] - bounds.min[0], bounds.max[1] - bounds.min[1]) <= SMALL_WORLD_M) return bounds;
    const people = [...this.#scene.people.values()];
    const [xs, zs] = people.length ? [people.map(({ x }) => x), people.map(({ z }) => z)] : [[0], [0]];
    return {
      min: [Math.min(...xs) - AROUND_PEOPLE_M, Math.min(...zs) - AROUND_PEOPLE_M],
      max: [Math.max(...xs) + AROUND_PEOPLE_M, Math.max(...zs) + AROUND_PEOPLE_M],
    };
  }

  #moved() {
    this.#isGroundStale = true;
    this.draw();
  }

  /** @param {{ x: number, z: number }} place */
  #pixels({ x, z }) {
    const { scale } = this.#view;
    return {
      x: this.#canvas.clientWidth / 2 + (x - this.#view.x) * scale,
      y: this.#canvas.clientHeight / 2 + (z - this.#view.z) * scale,
    };
  }

  /** @param {{ x: number, y: number }} point */
  #metres({ x, y }) {
    const { scale } = this.#view;
    return {
      x: this.#view.x + (x - this.#canvas.clientWidth / 2) / scale,
      z: this.#view.z + (y - this.#canvas.clientHeight / 2) / scale,
    };
  }

  /**
   * Where everybody is between the last answer and the one before.
   *
   * @param {number} now
   */
  #places(now) {
    const part = this.#glideMs ? Math.min(1, (now - this.#cameAt) / this.#glideMs) : 1;
    /** @type {Map<number, { x: number, z: number, yaw: number }>} */
    const places = new Map();
    for (const [entity, { x, z, yaw }] of this.#scene?.people ?? []) {
      const was = this.#before.get(entity);
      if (!was || part === 1) {
        places.set(entity, { x, z, yaw });
      } else {
        const turn = Math.atan2(Math.sin(yaw - was.yaw), Math.cos(yaw - was.yaw));
        places.set(entity, {
          x: was.x + (x - was.x) * part,
          z: was.z + (z - was.z) * part,
          yaw: was.yaw + turn * part,
        });
      }
    }
    return places;
  }

  // --- drawing -------------------------------------------------------------------------------------------------------

  /** Draw with the next frame, and with those after it for as long as anybody is under way. */
  draw() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame((now) => {
      this.#isWaiting = false;
      this.#frame(now);
      if (now - this.#cameAt < this.#glideMs) this.draw();
    });
  }

  #resize() {
    this.#ratio = devicePixelRatio;
    for (const canvas of [this.#canvas, this.#ground]) {
      canvas.width = Math.round(this.#canvas.clientWidth * this.#ratio);
      canvas.height = Math.round(this.#canvas.clientHeight * this.#ratio);
    }
    if (this.#scene && !this.#isFitted) this.fit();
    this.#moved();
  }

  /** Take the colours of the page's style, which differ by day and by night. */
  #repaint() {
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    for (const name of /** @type {Colour[]} */ (Object.keys(COLOURS))) this.#colours[name] = colour(name);
    if (this.#scene) this.#paintHeat(this.#scene.density);
    this.#moved();
  }

  /** @param {number} now */
  #frame(now) {
    const context = this.#context;
    if (!this.#canvas.width || !this.#canvas.height) return; // it is not shown
    if (this.#isGroundStale) this.#drawGround();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#ground, 0, 0);
    context.scale(this.#ratio, this.#ratio);
    if (!this.#scene) return;
    const places = this.#places(now);
    if (this.showDensity) this.#drawHeat(this.#scene.density);
    this.#drawRings(places);
    this.#drawSight(places);
    this.#drawThings();
    this.#drawPeople(places);
    this.#nameRings(places);
    this.#judgePair(places);
    this.#drawNames(places);
  }

  // --- the world -----------------------------------------------------------------------------------------------------

  #drawGround() {
    this.#isGroundStale = false;
    const context = this.#ground.getContext("2d");
    if (!context) return;
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.fillStyle = this.#colours.paper;
    context.fillRect(0, 0, this.#canvas.clientWidth, this.#canvas.clientHeight);
    const world = this.#world;
    if (!world) return;
    const bounds = onGround(world.bounds);
    const { scale } = this.#view;
    context.fillStyle = this.#colours.floor;
    for (const floor of world.floors ?? [bounds]) context.fillRect(...this.#rectangle(floor));
    for (const zone of world.zones ?? []) this.#drawZone(context, zone);
    context.fillStyle = this.#colours.box;
    for (const box of world.boxes ?? []) context.fillRect(...this.#rectangle(onGround(box)));
    context.strokeStyle = this.#colours.wall;
    context.lineCap = "round";
    for (const { from, to, base } of world.walls ?? []) {
      context.lineWidth = Math.max(1, 0.14 * scale);
      context.globalAlpha = base > OVERHEAD_M ? 0.25 : 1;
      const [one, other] = [this.#pixels({ x: from[0], z: from[1] }), this.#pixels({ x: to[0], z: to[1] })];
      context.beginPath();
      context.moveTo(one.x, one.y);
      context.lineTo(other.x, other.y);
      context.stroke();
    }
    context.globalAlpha = 1;
    context.strokeStyle = this.#colours.line;
    context.lineWidth = 1;
    context.strokeRect(...this.#rectangle(bounds));
    for (const portal of world.portals ?? []) this.#drawPortal(context, portal);
    for (const zone of world.zones ?? []) this.#nameZone(context, zone);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Zone} zone
   */
  #drawZone(context, zone) {
    const { clearance = [], isolated = false } = zone;
    const [x, y, width, height] = this.#rectangle(onGround(zone));
    if (clearance.length) {
      context.fillStyle = this.#colours.cleared;
      context.fillRect(x, y, width, height);
    }
    context.strokeStyle = this.#colours.zone;
    context.lineWidth = isolated ? 2 : 1;
    context.setLineDash(isolated ? [6, 4] : []);
    context.strokeRect(x, y, width, height);
    context.setLineDash([]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Zone} zone
   */
  #nameZone(context, zone) {
    const { name, clearance = [] } = zone;
    const [x, y, width, height] = this.#rectangle(onGround(zone));
    const label = clearance.length ? `${name} · ${clearance.join(", ")} only` : name;
    context.font = NAME_FONT;
    const shown = [label, name].find((text) => context.measureText(text).width < width - 8);
    if (shown && height > 24) {
      write(
        context,
        shown,
        x + width / 2,
        y + 12,
        clearance.length ? this.#colours.ink : this.#colours.quiet,
        this.#colours.floor,
      );
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Box & { world: string }} portal
   */
  #drawPortal(context, portal) {
    const [x, y, width, height] = this.#rectangle(onGround(portal));
    context.strokeStyle = this.#colours.accent;
    context.lineWidth = 1.5;
    context.strokeRect(x, y, width, height);
    context.font = NAME_FONT;
    if (this.#view.scale > 8) {
      write(context, `to ${portal.world}`, x + width / 2, y - 8, this.#colours.accent, this.#colours.floor);
    }
  }

  /**
   * @param {Rectangle} rectangle
   * @returns {[number, number, number, number]} pixels
   */
  #rectangle({ min, max }) {
    const { x, y } = this.#pixels({ x: min[0], z: min[1] });
    return [x, y, (max[0] - min[0]) * this.#view.scale, (max[1] - min[1]) * this.#view.scale];
  }

  // --- how crowded it is ---------------------------------------------------------------------------------------------

  /** @param {Density} density */
  #paintHeat({ column, row, people }) {
    if (!people.length) return;
    const [left, top] = [Math.min(...column) - 1, Math.min(...row) - 1];
    this.#heat.width = Math.max(...column) - left + 2;
    this.#heat.height = Math.max(...row) - top + 2;
    const context = this.#heat.getContext("2d");
    if (!context) return;
    people.forEach((count, cell) => {
      context.fillStyle = `rgba(${this.#colours.density}, ${0.6 * (1 - Math.exp(-count / PACKED))})`;
      context.fillRect((column[cell] ?? 0) - left, (row[cell] ?? 0) - top, 1, 1);
    });
  }

  /** @param {Density} density */
  #drawHeat({ size, column, row, people }) {
    if (!people.length) return;
    const { x, y } = this.#pixels({ x: (Math.min(...column) - 1) * size, z: (Math.min(...row) - 1) * size });
    const pixels = size * this.#view.scale;
    this.#context.imageSmoothingEnabled = true;
    this.#context.imageSmoothingQuality = "high";
    this.#context.drawImage(this.#heat, x, y, this.#heat.width * pixels, this.#heat.height * pixels);
  }

  // --- what one observer sees ----------------------------------------------------------------------------------------

  /** @param {Map<number, { x: number, z: number }>} places */
  #drawRings(places) {
    const [scene, place] = [this.#scene, places.get(this.#chosen.observer)];
    if (!scene?.seen || !place) return;
    const eyes = [place, ...scene.viewpoints].map((eye) => this.#pixels(eye));
    const context = this.#context;
    /** @param {number} metres */
    const circle = (metres) => {
      context.beginPath();
      for (const { x, y } of eyes) {
        context.moveTo(x + metres * this.#view.scale, y);
        context.arc(x, y, metres * this.#view.scale, 0, 2 * Math.PI);
      }
    };
    context.fillStyle = this.#colours.accent;
    context.globalAlpha = 0.05;
    for (const { reach } of scene.rings) {
      circle(reach);
      context.fill();
    }
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    for (const { reach, every } of scene.rings) {
      circle(reach);
      context.strokeStyle = this.#colours[rateColour(every)];
      context.stroke();
    }
    context.strokeStyle = this.#colours.edge;
    context.setLineDash([2, 5]);
    circle(scene.leavingRadius);
    context.stroke();
    context.setLineDash([]);
  }

  /** @param {Map<number, { x: number, z: number }>} places */
  #nameRings(places) {
    const [scene, place] = [this.#scene, places.get(this.#chosen.observer)];
    if (!scene?.seen || !place) return;
    const { x, y } = this.#pixels(place);
    for (const { reach, every, detail } of scene.rings) {
      const often = `${perSecond(every, scene.tickHz)}${DETAILS[detail] ?? ""}`;
      this.#label(`${reach} m · ${often}`, x, y - reach * this.#view.scale, this.#colours[rateColour(every)]);
    }
    const leaving = scene.leavingRadius;
    this.#label(`out of sight beyond ${leaving} m`, x, y + leaving * this.#view.scale, this.#colours.quiet);
  }

  /** @param {Map<number, { x: number, z: number }>} places */
  #drawSight(places) {
    const [scene, from] = [this.#scene, places.get(this.#chosen.observer)];
    if (!scene?.seen || !from) return;
    const [context, one] = [this.#context, this.#pixels(from)];
    for (const [subject, { every, detail }] of scene.seen) {
      const to = places.get(subject);
      if (!to || subject === this.#chosen.subject) continue;
      const other = this.#pixels(to);
      context.strokeStyle = this.#colours[rateColour(every)];
      context.globalAlpha = Math.max(0.15, 0.5 * Math.min(1, MOST_LINES / scene.seen.size));
      context.lineWidth = detail === "full" ? 1.5 : 0.75;
      context.beginPath();
      context.moveTo(one.x, one.y);
      context.lineTo(other.x, other.y);
      context.stroke();
    }
    context.globalAlpha = 1;
    const to = places.get(this.#chosen.subject);
    if (to) this.#drawPair(one, this.#pixels(to));
  }

  /**
   * @param {{ x: number, y: number }} one
   * @param {{ x: number, y: number }} other
   */
  #drawPair(one, other) {
    const [context, sees] = [this.#context, this.#sees];
    context.strokeStyle = sees ? this.#colours.accent : this.#colours.bad;
    context.lineWidth = 3;
    context.setLineDash(sees ? [] : [8, 6]);
    context.beginPath();
    context.moveTo(one.x, one.y);
    context.lineTo(other.x, other.y);
    context.stroke();
    context.setLineDash([]);
  }

  /**
   * Say on the line between the two whether the one sees the other.
   *
   * @param {Map<number, { x: number, z: number }>} places
   */
  #judgePair(places) {
    const [context, { observer, subject }, sees] = [this.#context, this.#chosen, this.#sees];
    const [from, to] = [places.get(observer), places.get(subject)];
    if (sees === null || !from || !to || Math.hypot(from.x - to.x, from.z - to.z) * this.#view.scale < APART_PX) return;
    const { x, y } = this.#pixels({ x: (from.x + to.x) / 2, z: (from.z + to.z) / 2 });
    context.fillStyle = sees ? this.#colours.accent : this.#colours.bad;
    context.beginPath();
    context.arc(x, y, 10, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = this.#colours.panel;
    context.font = "700 13px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(sees ? "✓" : "✕", x, y + 1);
  }

  /** Whether the observer sees the subject; null where that is not known. */
  get #sees() {
    return this.#scene?.seen?.has(this.#chosen.subject) ?? null;
  }

  // --- who and what is there -----------------------------------------------------------------------------------------

  get #radius() {
    return Math.min(9, Math.max(2.25, 0.75 + 0.3 * this.#view.scale));
  }

  #drawThings() {
    const side = this.#radius * 0.9;
    this.#context.strokeStyle = this.#colours.edge;
    this.#context.lineWidth = 1.5;
    for (const thing of this.#scene?.things ?? []) {
      const { x, y } = this.#pixels(thing);
      this.#context.strokeRect(x - side / 2, y - side / 2, side, side);
    }
  }

  /** @param {Map<number, { x: number, z: number, yaw: number }>} places */
  #drawPeople(places) {
    const scene = this.#scene;
    if (!scene) return;
    const { observer, subject } = this.#chosen;
    for (const [entity, person] of scene.people) {
      if (entity !== observer && entity !== subject) this.#drawPerson(person, places.get(entity), scene);
    }
    for (const entity of [subject, observer]) {
      const person = scene.people.get(entity);
      if (person) this.#drawPerson(person, places.get(entity), scene);
    }
  }

  /**
   * @param {Person} person
   * @param {{ x: number, z: number, yaw: number } | undefined} place
   * @param {Scene} scene
   */
  #drawPerson(person, place, scene) {
    if (!place) return;
    const [context, { x, y }, radius] = [this.#context, this.#pixels(place), this.#radius];
    const { colour, isDiamond, isHollow, isDotted, halo } = lookOf(person, scene.seen, this.#chosen);
    const [ahead, aside] = [{ x: -Math.sin(place.yaw), y: -Math.cos(place.yaw) }, 2.3];
    context.strokeStyle = context.fillStyle = this.#colours[colour];
    context.lineWidth = 2;
    context.beginPath(); // a nose
    context.moveTo(x + ahead.x * radius * 2.4, y + ahead.y * radius * 2.4);
    for (const side of [-1, 1]) {
      const angle = Math.atan2(ahead.y, ahead.x) + (side * Math.PI) / aside;
      context.lineTo(x + Math.cos(angle) * radius * 0.85, y + Math.sin(angle) * radius * 0.85);
    }
    context.fill();
    context.beginPath();
    if (isDiamond) diamond(context, x, y, radius);
    else context.arc(x, y, radius, 0, 2 * Math.PI);
    if (isHollow) context.fillStyle = this.#colours.floor;
    if (isDotted) context.setLineDash([2, 2]);
    context.fill();
    context.stroke();
    context.setLineDash([]);
    if (!halo) return;
    context.strokeStyle = this.#colours[halo];
    context.lineWidth = 3;
    context.beginPath();
    context.arc(x, y, radius + 4, 0, 2 * Math.PI);
    context.stroke();
  }

  /** @param {Map<number, { x: number, z: number }>} places */
  #drawNames(places) {
    const { observer, subject } = this.#chosen;
    const [one, other] = [places.get(observer), places.get(subject)];
    const upper = !one || !other ? 0 : one.z < other.z ? observer : subject; // so that the names of two do not meet
    for (const [entity, { name }] of this.#scene?.people ?? []) {
      const place = places.get(entity);
      if (!place || !(this.showNames || entity === observer || entity === subject)) continue;
      const { x, y } = this.#pixels(place);
      const apart = (this.#radius + 14) * (entity === upper ? -1 : 1);
      this.#context.font = entity === observer ? OBSERVER_FONT : NAME_FONT;
      write(this.#context, name, x, y + apart, this.#colours.ink, this.#colours.floor);
    }
  }

  /**
   * Write on a patch of its own.
   *
   * @param {string} text
   * @param {number} x of its middle
   * @param {number} y
   * @param {string} colour
   */
  #label(text, x, y, colour) {
    const context = this.#context;
    context.font = NAME_FONT;
    const width = context.measureText(text).width + 12;
    context.fillStyle = this.#colours.panel;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(x - width / 2, y - 9, width, 18, 9);
    context.fill();
    context.stroke();
    write(context, text, x, y + 0.5, colour, this.#colours.panel);
  }
}

/**
 * Write on whatever is there, in the font that is set.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x of its middle
 * @param {number} y
 * @param {string} colour
 * @param {string} around
 */
function write(context, text, x, y, colour, around) {
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = around;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

/**
 * Put a square that stands on a corner onto the path, as large as a circle.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {number} x of its middle
 * @param {number} y
 * @param {number} radius of the circle
 */
function diamond(context, x, y, radius) {
  const reach = radius * Math.sqrt(Math.PI / 2);
  context.moveTo(x + reach, y);
  context.lineTo(x, y + reach);
  context.lineTo(x - reach, y);
  context.lineTo(x, y - reach);
  context.closePath();
}

/**
 * @param {Box} box
 * @returns {Rectangle}
 */
function onGround({ min, max }) {
  return { min: [min[0], min[2]], max: [max[0], max[2]] };
}

/**
 * Say how often somebody is told of.
 *
 * @param {number} every ticks
 * @param {number} tickHz
 */
export function perSecond(every, tickHz) {
  return `${Math.round((tickHz / every) * 10) / 10} times a second`;
}
