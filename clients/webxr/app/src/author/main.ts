/** The authoring page's composition root: ties the file, the panel, the 3D view and the plan together. */

import "../ui/styles/base.css";
import "./author.css";
import { effect, signal } from "@preact/signals";
import type { Language, WorldDocument } from "@presence-hub/client";
import { h, render } from "preact";
import { Stage } from "../stage/stage";
import { Panel } from "./page";
import { Plan } from "./plan";
import { Walkabout, type Mode } from "./walkabout";
import { chooseFile, readWorld, watchFile, type FileHandle, type Reading } from "./world-file";

const reading = signal<Reading | null>(null);
const isWatching = signal(false);
const pointed = signal("Point at the plan to read coordinates.");
const mode = signal<Mode>("orbit");
const language = signal<Language>("en");
const shipped = signal<readonly string[]>([]);
let stopWatching: () => void = () => undefined;

const panel = document.createElement("div");
panel.className = "panel-frame";
const views = document.createElement("main");
views.className = "views";
const scene = pane("3D view of the world", "stage");
const map = pane("Plan of the world", "plan");
const readout = document.createElement("output");
views.append(readout);
document.body.append(panel, views);

function pane(name: string, testId: string): HTMLCanvasElement {
  const frame = document.createElement("div");
  frame.className = "pane";
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", name);
  canvas.dataset["testid"] = testId;
  frame.append(canvas);
  views.append(frame);
  return canvas;
}

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
const stage = new Stage(scene, { quality: "medium", isGoverned: true, reducedMotion });
const walkabout = new Walkabout(stage, scene);
const plan = new Plan(
  map,
  (_place, words) => {
    if (words) pointed.value = words;
  },
  ({ x, z }) => {
    walkabout.goTo(x, z);
  },
);
stage.onFrame(() => {
  plan.setViewer(walkabout.viewer);
});

async function take(file: File): Promise<void> {
  const read = await readWorld(file);
  const before = reading.peek()?.document ?? null;
  reading.value = read;
  if (read.document) show(read.document, before);
}

function show(world: WorldDocument, before: WorldDocument | null): void {
  stage.show(world, language.peek());
  walkabout.enter(world, before?.name !== world.name);
  plan.show(world);
}

function follow(handle: FileHandle | null): void {
  stopWatching();
  isWatching.value = handle !== null;
  stopWatching = handle ? watchFile(handle, (file) => void take(file)) : () => undefined;
}

async function openShipped(name: string): Promise<void> {
  const answer = await fetch(`/v1/worlds/${name}`);
  if (!answer.ok) return;
  follow(null);
  await take(new File([await answer.blob()], `${name}.json`));
}

async function open(): Promise<void> {
  const chosen = await chooseFile();
  if (!chosen) return;
  follow(chosen.handle);
  await take(chosen.file);
}

async function drop(event: DragEvent): Promise<void> {
  const item = [...(event.dataTransfer?.items ?? [])].find(({ kind }) => kind === "file");
  const file = item?.getAsFile();
  if (!item || !file) return;
  const asHandle: unknown = Reflect.get(item, "getAsFileSystemHandle");
  const handle =
    typeof asHandle === "function" ? ((await Reflect.apply(asHandle, item, [])) as FileHandle | null) : null;
  follow(handle);
  await take(file);
}

addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("is-dropping");
});
addEventListener("dragleave", () => {
  document.body.classList.remove("is-dropping");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("is-dropping");
  void drop(event);
});

async function listShipped(): Promise<void> {
  const answer = await fetch("/v1/worlds");
  if (!answer.ok) return;
  const body = (await answer.json()) as { worlds?: readonly { name?: unknown }[] };
  shipped.value = (body.worlds ?? []).map(({ name }) => name).filter((name) => typeof name === "string");
}

effect(() => {
  walkabout.setMode(mode.value);
});
effect(() => {
  stage.setLanguage(language.value);
});
effect(() => {
  readout.textContent = pointed.value;
});
render(
  h(Panel, {
    state: { reading, isWatching, pointed, mode, language, shipped },
    actions: {
      open: () => void open(),
      openShipped: (name) => void openShipped(name),
      fitPlan: () => {
        plan.fit();
      },
    },
  }),
  panel,
);
void listShipped();
