import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { hideToken, readEntry } from "../../src/state/entry";
import { cleanName, makeSettings } from "../../src/state/settings";

function storage(text: string | null) {
  let kept = text;
  return {
    getItem: () => kept,
    setItem: (_key: string, value: string) => {
      kept = value;
    },
    read: (): unknown => JSON.parse(kept ?? "null"),
  };
}

function settingsFrom(home: Parameters<typeof makeSettings>[0]["storage"]) {
  return makeSettings({ storage: home, languages: ["fr-CA"], isMotionReduced: signal(true) });
}

describe("settings", () => {
  it("are kept, and come back", () => {
    const home = storage(null);
    const settings = settingsFrom(home);
    settings.textSize.value = 150;
    settings.language.value = "ar";
    expect(settingsFrom(home).textSize.value).toBe(150);
    expect(settingsFrom(home).language.value).toBe("ar");
  });

  it.each([["not json"], ["[]"], ["null"], ['{"textSize":9000,"quality":"../..","language":"xx","name":7}']])(
    "survive what somebody else wrote into the storage: %s",
    (text) => {
      const settings = settingsFrom(storage(text));
      expect(settings.textSize.value).toBe(100);
      expect(settings.quality.value).toBe("auto");
      expect(settings.language.value).toBe("fr");
      expect(settings.name.value).toBe("");
    },
  );

  it("work where the storage is switched off, missing or full", () => {
    const full = {
      getItem: () => {
        throw new Error("denied");
      },
      setItem: () => {
        throw new Error("full");
      },
    };
    settingsFrom(full).seated.value = true;
    settingsFrom(null).seated.value = true;
  });

  it("follow the system's wish for less motion until somebody chooses", () => {
    const settings = settingsFrom(null);
    expect(settings.reducedMotion.value).toBe(true);
    settings.motion.value = "full";
    expect(settings.reducedMotion.value).toBe(false);
  });
});

describe("a name", () => {
  it("has no control characters and at most 48 code points", () => {
    expect(cleanName(" Ada\u0000\n ")).toBe("Ada");
    expect(Array.from(cleanName("😀".repeat(60)))).toHaveLength(48);
  });
});

describe("a link", () => {
  it("names room, world, person and language", () => {
    const entry = readEntry({
      search: "?world=headquarters&room=hq&name=Ada&lang=fr&quality=low&view=first",
      hash: "",
    });
    expect(entry).toEqual({
      room: "hq",
      world: "headquarters",
      isBroken: false,
      name: "Ada",
      token: "",
      language: "fr",
      quality: "low",
      view: "first",
    });
  });

  it("is not believed where it says nonsense", () => {
    const entry = readEntry({ search: "?world=../etc&room=A B&lang=xx&quality=ultra&view=9", hash: "" });
    expect(entry).toMatchObject({ room: null, world: "", isBroken: true, language: null, quality: null, view: null });
    expect(readEntry({ search: "?world=../etc&room=hq", hash: "" })).toMatchObject({ room: null, isBroken: true });
  });

  it("loses its token at once, and nothing else", () => {
    const location = { pathname: "/", search: "?room=hq", hash: "#token=secret" };
    expect(readEntry(location).token).toBe("secret");
    const urls: unknown[] = [];
    hideToken(location, { replaceState: (_data, _title, url) => urls.push(url) });
    expect(urls).toEqual(["/?room=hq"]);
  });
});
