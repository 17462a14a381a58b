"""A real Chromium, drawing in software, for tests and for the screenshot tour.

Owns how it is found and with which flags it runs; knows nothing of the app.
"""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",  # tests run as root in containers; the pages are ours
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--enable-precise-memory-info",  # so that a page's own heap figure can be compared over minutes
    "--js-flags=--expose-gc",  # likewise: what is garbage is not a leak
)
WITHOUT_WEBGL = ("--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-3d-apis")


def find_chromium() -> str | None:
    """Return the path of the machine's Chromium, if it has one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright, flags: tuple[str, ...] = FLAGS) -> Browser:
    """Start one. Raises AssertionError where the machine has none."""
    path = find_chromium()
    assert path is not None, "there is no Chromium: `make apt` installs it"
    return playwright.chromium.launch(executable_path=path, args=list(flags))
