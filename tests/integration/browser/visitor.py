"""Somebody with a browser: a page of the app, driven by keyboard and read by its test ids.

A visitor notes everything a page should not do (console messages, errors, failed requests, refusals of the content
security policy), and `check_quiet` fails with them. Reads positions as the page renders them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.integration.browser.pictures import Pixels, pixels

PATIENCE_MS = 20_000.0  # longer than anything a test waits for on a busy machine
ROOM_SIZE = (700, 440)

expect.set_options(timeout=PATIENCE_MS)

Vector = tuple[float, float, float]

# Notes each position as it is written into the page, with the time of its frame, on a clock that all pages of a machine
# share.
TRACKER = """() => {
  const tracks = (window.tracks = {});
  const note = (name, text) => {
    const atMs = performance.timeOrigin + document.timeline.currentTime;
    if (text) (tracks[name] ??= []).push([atMs, ...text.split(",").map(Number)]);
  };
  const observer = new MutationObserver((mutations) => {
    for (const { target } of mutations) {
      const { testid, name, position } = target.dataset;
      if (testid === "own-position") note("", position);
      if (testid === "person") note(name, position);
    }
  });
  observer.observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-position"] });
}"""
# Times what a page's main thread does with each snapshot, from the message's event to the end of its handlers: wraps
# every listener of a socket's messages, and counts those that carry a snapshot (an array whose first element is 66).
METER = """(() => {
  const spent = (window.spentOnSnapshots = []);
  const isSnapshot = ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return false;
    const bytes = new Uint8Array(data, 0, 4);
    return (bytes[0] >> 4 === 9 ? bytes[1] : bytes[3]) === 66;
  };
  const timed = (handle) => function (event) {
    const began = performance.now();
    try {
      return typeof handle === "function" ? handle.call(this, event) : handle.handleEvent(event);
    } finally {
      if (isSnapshot(event)) spent.push(performance.now() - began);
      if (spent.length > 20000) spent.splice(0, 10000);
    }
  };
  const { addEventListener } = WebSocket.prototype;
  WebSocket.prototype.addEventListener = function (type, handle, ...rest) {
    return addEventListener.call(this, type, type === "message" ? timed(handle) : handle, ...rest);
  };
  const { get, set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage");
  Object.defineProperty(WebSocket.prototype, "onmessage", {
    get,
    set(handle) { set.call(this, handle && timed(handle)); },
  });
})();"""
REFUSED_BY_POLICY = """addEventListener("securitypolicyviolation", (event) => {
  console.error(`content security policy: ${event.violatedDirective} refused ${event.blockedURI}`);
});"""


class Shown(NamedTuple):
    """Where somebody was shown, and when: ms on the machine's clock, metres."""

    at_ms: float
    x: float
    y: float
    z: float


class Visitor:
    """One page. `may_fail` matches the troubles a test brings about itself."""

    def __init__(self, page: Page, origin: str, name: str) -> None:
        self.page = page
        self.origin = origin
        self.name = name
        self.troubles: list[str] = []
        self.may_fail: re.Pattern[str] | None = None
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(REFUSED_BY_POLICY)
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("requestfailed", self._note_failure)
        page.on("crash", lambda _page: self._note("the page crashed"))

    # --- coming and going ---------------------------------------------------------------------------------------------

    def open(self, fragment: str = "", **query: str) -> None:
        """Open the app at an address."""
        self.page.goto(f"{self.origin}/?{urlencode(query)}{'#' + fragment if fragment else ''}", wait_until="commit")

    def enter(self, world: str = "headquarters", room: str = "hq", token: str = "", **query: str) -> None:
        """Come into a room by a link, and wait until it stands."""
        usual = {"world": world, "room": room, "name": self.name, "quality": "low"}
        self.open(f"token={token}" if token else "", **usual | query)
        self.wait_until_in()

    def wait_until_in(self) -> None:
        """Wait until one is in a room, and it is drawn."""
        expect(self.at("connection-state")).to_have_attribute("data-state", "online")
        expect(self.at("own-position")).to_have_attribute("data-position", re.compile(r"^-?\d"))
        expect(self.at("stage")).to_be_visible()

    def check_quiet(self) -> None:
        """Fail if the page did anything it should not."""
        bad = self.unexpected()
        assert not bad, f"{self.name}'s page: " + "; ".join(bad)

    def unexpected(self) -> list[str]:
        """Return what the page did that it should not."""
        may_fail = self.may_fail
        return [trouble for trouble in self.troubles if may_fail is None or not may_fail.search(trouble)]

    def _note(self, trouble: str) -> None:
        self.troubles.append(trouble)

    def _note_message(self, message: ConsoleMessage) -> None:
        place = message.location
        self._note(f"console {message.type}: {message.text} ({place['url']}:{place['lineNumber']})")

    def _note_failure(self, request: Request) -> None:
        # A page that is left aborts what it was loading: that is no trouble of the app's.
        if request.failure != "net::ERR_ABORTED":
            self._note(f"request failed: {request.url}: {request.failure}")

    def meter(self) -> None:
        """Time each snapshot, from the next page on."""
        self.page.add_init_script(METER)

    # --- what is there ------------------------------------------------------------------------------------------------

    def at(self, test_id: str) -> Locator:
        """Find by test id."""
        return self.page.get_by_test_id(test_id)

    def person(self, name: str) -> Locator:
        """Find somebody in the roster."""
        return self.page.locator(f'[data-testid=person][data-name="{name}"]')

    def entity_of(self, name: str) -> int:
        """Return somebody's entity id."""
        return int(self.person(name).get_attribute("data-entity") or "0")

    @property
    def position(self) -> Vector:
        """Where one stands."""
        return _vector(self.at("own-position").get_attribute("data-position"))

    def position_of(self, name: str) -> Vector:
        """Where somebody is shown."""
        return _vector(self.person(name).get_attribute("data-position"))

    def said(self) -> Locator:
        """Find what was said."""
        return self.at("chat-log").get_by_test_id("chat-message")

    def until(self, probe: Callable[[], bool], what: str, patience_ms: float = PATIENCE_MS) -> None:
        """Look again and again until something is so."""
        deadline = time.monotonic() + patience_ms / 1000
        while not probe():
            assert time.monotonic() < deadline, f"{self.name} waited in vain for {what}"
            self.page.wait_for_timeout(50)

    # --- deeds --------------------------------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    @contextmanager
    def holding(self, *keys: str) -> Iterator[None]:
        """Hold keys down."""
        for key in keys:
            self.page.keyboard.down(key)
        try:
            yield
        finally:
            for key in reversed(keys):
                self.page.keyboard.up(key)

    def walk(self, ms: float, *keys: str) -> None:
        """Hold keys for a while."""
        with self.holding(*(keys or ("KeyW",))):
            self.page.wait_for_timeout(ms)

    def open_menu(self, name: str) -> None:
        """Open somebody's menu in the roster."""
        self.person(name).get_by_role("button").first.click()
        expect(self.at("person-menu")).to_be_visible()

    def go_to(self, name: str) -> None:
        """Jump beside somebody, facing them, and wait until they are in view."""
        self.open_menu(name)
        self.at("go-to").click()
        self.until(lambda: self._sees(name), f"a view of {name}")

    def say(self, text: str) -> None:
        """Say something to the room."""
        self.at("chat-input").fill(text)
        self.at("chat-input").press("Enter")
        self.press("Escape")

    # --- what is shown over time --------------------------------------------------------------------------------------

    def track(self) -> None:
        """Note from now on where oneself and others are shown."""
        self.page.evaluate(TRACKER)

    def tracked(self, name: str = "") -> list[Shown]:
        """Return where somebody was shown; oneself without a name."""
        return [Shown(*sample) for sample in self.page.evaluate("(name) => window.tracks[name] ?? []", name)]

    def network(self) -> dict[str, Any]:
        """Return the page's network report."""
        report: dict[str, Any] = self.page.evaluate("() => window.presence.network()")
        return report

    def picture(self) -> Pixels:
        """Return what the page shows of the world."""
        return pixels(self.at("stage").screenshot())

    def stats(self) -> dict[str, Any]:
        """Return what the page says of its frames and of what lies on the graphics card."""
        report: dict[str, Any] = self.page.evaluate("() => window.presence.stats()")
        return report

    def heap_bytes(self) -> int:
        """Return the size of the script's heap, without what is garbage."""
        used: int = self.page.evaluate("() => { gc(); gc(); return performance.memory.usedJSHeapSize; }")
        return used

    def spent_on_snapshots(self) -> list[float]:
        """Return the main thread's milliseconds for each snapshot so far, if it was opened with a meter."""
        spent: list[float] = self.page.evaluate("() => window.spentOnSnapshots")
        return spent

    def spot_of(self, name: str) -> tuple[float, float]:
        """Return where on the page the middle of somebody in view is."""
        seen = self.seen(self.entity_of(name))
        assert seen is not None
        assert seen["screen"]["isVisible"], f"{name} is out of view"
        return seen["screen"]["x"], seen["screen"]["y"]

    def _sees(self, name: str) -> bool:
        seen = self.seen(self.entity_of(name))
        return seen is not None and bool(seen["screen"]["isVisible"])

    def seen(self, entity: int) -> dict[str, Any] | None:
        """Return how the page draws somebody in this frame, or None where it does not."""
        found: dict[str, Any] | None = self.page.evaluate("(entity) => window.presence.seen(entity)", entity)
        return found


def visit(browser: Browser, origin: str, name: str, **context: Any) -> tuple[BrowserContext, Visitor]:
    """Open a page in a context of its own: nothing is shared with other visitors."""
    usual: dict[str, Any] = {"viewport": {"width": ROOM_SIZE[0], "height": ROOM_SIZE[1]}, "locale": "en-GB"}
    opened = browser.new_context(**usual | context)
    return opened, Visitor(opened.new_page(), origin, name)


def _vector(text: str | None) -> Vector:
    assert text, "nothing is rendered there"
    x, y, z = map(float, text.split(","))
    return (x, y, z)
