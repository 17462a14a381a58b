"""The benchmarks' report, opened from its file in a real browser: quiet, whole, and readable on everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request

from benchmarks.__main__ import main
from benchmarks.recorded import FOLDER
from tests.integration.browser.axe import complaints
from tests.integration.browser.test_map import LOOKS


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report on the results that the repository keeps, as the address of its file."""
    folder: Path = tmp_path_factory.mktemp("report")
    assert main(["report", *map(str, sorted(FOLDER.glob("*.json"))), "--into", str(folder)]) == 0
    return (folder / "report.html").as_uri()


@pytest.fixture
def opened(browser: Browser, report: str, look: str) -> Any:
    """Open it without a network; it must ask for nothing and say nothing."""
    context = browser.new_context(**LOOKS[look], offline=True)
    page, said, asked = context.new_page(), list[str](), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(report)
    yield page
    context.close()
    assert (said, asked) == ([], [report])


@pytest.mark.parametrize("look", LOOKS)
def test_the_report_is_readable_on_everything(opened: Page) -> None:
    """Nothing sticks out at the side, every chart is drawn, and axe finds nothing: contrast, names, order."""
    assert opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert opened.locator("h1").count() == 1
    charts = opened.locator("svg")
    assert charts.count() >= 3
    assert all((box := charts.nth(k).bounding_box()) and box["width"] > 100 for k in range(charts.count()))
    assert complaints(opened) == [], "\n".join(complaints(opened))


@pytest.mark.parametrize("look", ["light"])
def test_the_report_can_be_printed(opened: Page) -> None:
    """On white, with nothing cut off at the side."""
    opened.emulate_media(media="print")
    background = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background in {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}
    assert opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
