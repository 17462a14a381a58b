/** The world file being written: opened by hand or dropped, read again when it changes on disk where the browser can tell, and
 * checked by the server. Knows nothing of the page. */

import { parseWorld, WorldError, type WorldDocument } from "@presence-hub/client";

export interface Problem {
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;
}

export interface Reading {
  readonly name: string;
  /** Null where the file is too wrong to draw. */
  readonly document: WorldDocument | null;
  readonly problems: readonly Problem[];
  /** Why the server could not be asked; "" if it was. */
  readonly unchecked: string;
}

/** As the File System Access API has it; not every browser does. */
export interface FileHandle {
  getFile(): Promise<File>;
}

const LOOK_AGAIN_MS = 1000;

/** Read a file and have it checked. */
export async function readWorld(file: File): Promise<Reading> {
  const text = await file.text();
  const drawable = parse(text);
  const checked = await check(text);
  const problems = checked.problems.length > 0 ? checked.problems : drawable.problems;
  return { name: file.name, document: drawable.document, problems, unchecked: checked.unchecked };
}

function parse(text: string): { document: WorldDocument | null; problems: Problem[] } {
  try {
    return { document: parseWorld(JSON.parse(text)), problems: [] };
  } catch (error) {
    if (error instanceof WorldError) return refusal(error.message, "correct it, or see docs/worlds.md");
    if (error instanceof SyntaxError)
      return refusal(`is not JSON: ${error.message}`, "look for a missing comma or bracket there");
    throw error;
  }
}

function refusal(problem: string, remedy: string): { document: null; problems: Problem[] } {
  return { document: null, problems: [{ path: "$", problem, remedy }] };
}

/** Ask the server what is wrong; it knows more rules than this page. */
async function check(text: string): Promise<{ problems: Problem[]; unchecked: string }> {
  let answer: Response;
  try {
    answer = await fetch("/v1/worlds/check", {
      method: "POST",
      body: text,
      headers: { "content-type": "application/json" },
    });
  } catch {
    return { problems: [], unchecked: "The server cannot be reached." };
  }
  if (answer.status === 429)
    return { problems: [], unchecked: "The server was asked too often; it will be asked again at the next change." };
  if (!answer.ok)
    return { problems: [], unchecked: "This server does not check worlds; run `presence world check` instead." };
  const body: unknown = await answer.json();
  return { problems: problemsOf(body), unchecked: "" };
}

function problemsOf(body: unknown): Problem[] {
  if (typeof body !== "object" || body === null || !("problems" in body) || !Array.isArray(body.problems)) return [];
  return body.problems.map((each: unknown) => {
    const field = (name: string): string => {
      const value: unknown =
        typeof each === "object" && each !== null && name in each ? each[name as keyof typeof each] : "";
      return typeof value === "string" ? value : "";
    };
    return { path: field("path"), problem: field("problem"), remedy: field("remedy") };
  });
}

/** Call `changed` whenever the file behind a handle is written; returns how to stop. */
export function watchFile(handle: FileHandle, changed: (file: File) => void): () => void {
  let writtenAt = 0;
  const timer = setInterval(() => {
    void handle.getFile().then(
      (file) => {
        if (writtenAt !== 0 && file.lastModified !== writtenAt) changed(file);
        writtenAt = file.lastModified;
      },
      () => {
        // Gone or being replaced: the next look finds it again.
      },
    );
  }, LOOK_AGAIN_MS);
  return () => {
    clearInterval(timer);
  };
}

/** Let the person choose a file: with a handle where the browser has them. */
export async function chooseFile(): Promise<{ file: File; handle: FileHandle | null } | null> {
  const picker: unknown = Reflect.get(globalThis, "showOpenFilePicker");
  if (typeof picker !== "function") return chooseByInput();
  try {
    const types = [{ description: "World", accept: { "application/json": [".json"] } }];
    const [handle] = (await (picker as (options: object) => Promise<FileHandle[]>)({ types })) as [FileHandle?];
    return handle ? { file: await handle.getFile(), handle } : null;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    throw error;
  }
}

function chooseByInput(): Promise<{ file: File; handle: null } | null> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = ".json,application/json";
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      resolve(file ? { file, handle: null } : null);
    });
    input.addEventListener("cancel", () => {
      resolve(null);
    });
    input.click();
  });
}
