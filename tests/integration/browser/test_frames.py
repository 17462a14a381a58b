"""What is drawn at low quality, where a processor draws, and how fast: bounded, and written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.browser.conftest import Come, Figures
from tests.integration.browser.worlds import HALL, entered_at, write

pytestmark = pytest.mark.long

WINDOW = {"width": 960, "height": 600}
SETTLE_MS = 5000
MEASURED_MS = 6000
# Drawn in each place, at most. Frames per second are the machine's, and only noted.
PLACES = {
    "classroom": ({"world": "headquarters", "room": "hq"}, 150, 45_000),
    "small hall": ({"world": "hall", "room": "hall"}, 20, 4000),
}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The headquarters, entered in the classroom and looking across it, and a small hall."""
    folder = tmp_path_factory.mktemp("worlds")
    entered_at(folder, "headquarters", [((-16.2, 0, 16.9), 55.6)])
    write(folder, HALL, [((0, 0, 3), 0)])
    return folder


@pytest.mark.parametrize("place", PLACES)
def test_low_quality_draws_little(come: Come, figures: Figures, place: str) -> None:
    """What stands behind walls or is too small to see is not drawn; the frames of some seconds are counted."""
    where, most_draws, most_triangles = PLACES[place]
    ada = come("Ada", viewport=WINDOW)
    ada.enter(**where, quality="low", view="first")
    ada.page.wait_for_timeout(SETTLE_MS)
    before = ada.stats()["frames"]
    ada.page.wait_for_timeout(MEASURED_MS)
    after = ada.stats()
    fps = (after["frames"] - before) * 1000 / MEASURED_MS
    figures(
        f"low quality in the {place}: {fps:.0f} frames/s at {WINDOW['width']}x{WINDOW['height']}, "
        f"{after['drawCalls']} draws, {after['triangles']} triangles"
    )
    assert after["frames"] > before
    assert after["drawCalls"] <= most_draws
    assert after["triangles"] <= most_triangles
