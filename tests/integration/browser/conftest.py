"""A server, a browser and visitors for the tests that run the app as people do."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.integration.browser.chromium import find_chromium, launch
from tests.integration.browser.visitor import Visitor, visit
from tests.integration.conftest import ROOT, RunningServer
from tests.integration.issuer import Issuer

BUILD_S = 300.0
FIGURES = ROOT / "build/browser-figures.txt"

Figures = Callable[[str], None]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every test with a page run alone: one that draws in software on shared cores is too slow to be judged."""
    here = Path(__file__).parent
    missing = None if find_chromium() else pytest.mark.skip(reason="needs Chromium: `make apt` installs it")
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.alone)
            if missing:
                item.add_marker(missing)


class Come(Protocol):
    """Opens pages: `come("Ada")` is a visitor with a context of its own, who has not opened anything yet."""

    def __call__(self, name: str, origin: str = "", **context: Any) -> Visitor:
        """Open one; `context` goes to the browser's context."""


@pytest.fixture(scope="session")
def app() -> Path:
    """The built app's first page, where the server looks for it: built now, unless it is newer than its sources."""
    built = subprocess.run(
        ["make", "--no-print-directory", "web"], cwd=ROOT, capture_output=True, text=True, timeout=BUILD_S, check=False
    )
    assert built.returncode == 0, f"the app cannot be built:\n{built.stdout}\n{built.stderr}"
    return ROOT / "presence/web/index.html"


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Where a test writes down what it measured."""
    FIGURES.parent.mkdir(exist_ok=True)

    def note(line: str) -> None:
        with FIGURES.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%H:%M} {line}\n")

    return note


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests; each visitor has a context of its own."""
    started = launch(playwright)
    yield started
    started.close()


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """Signs tokens the module's server trusts."""
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of worlds of the module's own; what stands there when the server starts is served."""
    return tmp_path_factory.mktemp("worlds")


@pytest.fixture(scope="module")
def server(app: Path, issuer: Issuer, worlds: Path) -> Iterator[RunningServer]:
    """A server with the app, for guests and for those with tokens, shared by a module's tests."""
    assert app.is_file()
    trust = ("--keys-file", str(issuer.key_set_file), "--trust-loopback")
    # A page that draws in software on a busy machine says hello late.
    running = RunningServer("--allow-guests", "--worlds-dir", str(worlds), "--handshake-timeout-s", "30", *trust)
    yield running
    assert running.stop() == 0
    running.check_log()


@pytest.fixture
def come(browser: Browser, server: RunningServer) -> Iterator[Come]:
    """Open pages; after the test each must have been quiet."""
    opened = []

    def open_one(name: str, origin: str = "", **context: Any) -> Visitor:
        made, visitor = visit(browser, origin or server.http_url, name, **context)
        opened.append((made, visitor))
        return visitor

    yield open_one
    for context, _visitor in opened:
        context.close()
    for _context, visitor in opened:
        visitor.check_quiet()
