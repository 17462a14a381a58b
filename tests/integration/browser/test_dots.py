"""Who is far away is a mark: where they are, and nothing else of them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.integration.browser.conftest import Come
from tests.integration.browser.pictures import around
from tests.integration.browser.visitor import Visitor
from tests.integration.browser.worlds import HALL, write

SOMEWHERE = re.compile(r"^-?\d")
SIDE_PX = 40
BLUER = 40  # of 255: than it is red, as marks are and the hall is not
A_MARK_PX = 40


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hall whose world says that people four metres away are dots; one enters it where the other looks."""
    folder = tmp_path_factory.mktemp("worlds")
    write(folder, HALL | {"name": "park", "rings": ["4:1", "30:2:dot"]}, [((0, 0, 10), 0), ((1.5, 0, 4), 0)])
    return folder


def marked(viewer: Visitor, spot: tuple[float, float]) -> int:
    """Count the pixels around a spot of the page that have the colour of a mark."""
    red, _green, blue = np.moveaxis(around(viewer.page, *spot, SIDE_PX, SIDE_PX), 2, 0)
    return int(np.count_nonzero(blue - red > BLUER))


@pytest.mark.long
def test_who_is_far_away_is_a_mark_until_they_come_near(come: Come) -> None:
    """Without a body, which comes when they are near enough; then there is no mark."""
    ada, bao = come("Ada"), come("Bao")
    ada.enter("park", "park")
    bao.enter("park", "park")
    ada.until(lambda: ada.seen(ada.entity_of("Bao")) is not None, "Bao to be told of")
    spot = ada.spot_of("Bao")
    ada.until(lambda: marked(ada, spot) > A_MARK_PX, "a mark where Bao is")
    expect(ada.person("Bao")).not_to_have_attribute("data-position", SOMEWHERE)
    bao.go_to("Ada")
    expect(ada.person("Bao")).to_have_attribute("data-position", SOMEWHERE)
    ada.until(lambda: marked(ada, spot) == 0, "the mark to be gone")
