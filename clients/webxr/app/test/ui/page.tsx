// Draws the interface over a page's state, as a person meets it.
import { act } from "preact/test-utils";
import { mountUi, type Ui } from "../../src/ui/mount";
import { makePage, type FakeClient, type Page } from "../state/fakes";

export interface Drawn extends Page {
  readonly ui: Ui;
  readonly canvas: HTMLCanvasElement;
  readonly all: (testId: string) => HTMLElement[];
  readonly one: (testId: string) => HTMLElement;
  /** Do something, and let everything be drawn. */
  readonly step: (deed: () => unknown) => Promise<void>;
  readonly type: (testId: string, text: string) => Promise<void>;
}

let last: Ui | null = null;

export async function draw(prepare?: (client: FakeClient) => void): Promise<Drawn> {
  last?.dispose();
  document.body.replaceChildren();
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  const root = document.createElement("div");
  document.body.append(canvas, root);
  const page = makePage(prepare);
  const all = (testId: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${testId}"]`)];
  const one = (testId: string) => {
    const [found, another] = all(testId);
    if (found === undefined || another !== undefined) throw new Error(`not one ${testId}`);
    return found;
  };
  const step = async (deed: () => unknown) => {
    await act(async () => {
      await deed();
      // Answers come after a few turns of the promises.
      await new Promise((resolve) => setTimeout(resolve));
    });
  };
  let ui: Ui | undefined;
  await step(() => {
    ui = mountUi({ root, canvas, store: page.store, actions: page.actions });
  });
  if (ui === undefined) throw new Error("nothing was drawn");
  last = ui;
  return {
    ...page,
    ui,
    canvas,
    all,
    one,
    step,
    type: (testId, text) =>
      step(() => {
        const input = one(testId) as HTMLInputElement;
        input.value = text;
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }),
  };
}
