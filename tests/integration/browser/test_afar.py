"""Who is far away and in sight all the same: whom a moderator pinned, and who is near a viewpoint."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.integration.browser.axe import complaints
from tests.integration.browser.conftest import Come
from tests.integration.browser.visitor import Visitor
from tests.integration.browser.worlds import HALL, write
from tests.integration.issuer import Issuer

SOMEWHERE = re.compile(r"^-?\d")
SIGHT_M = 3
AWAY_M = 2 * SIGHT_M
AMBER = (0xE8, 0xA3, 0x3D)  # of the ball on the post that marks a viewpoint
SAME = 12  # of 255, on every channel
A_BALL_PX = 40


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hall in which one sees no further than three metres, entered at two ends of it."""
    folder = tmp_path_factory.mktemp("worlds")
    write(folder, HALL | {"sight": SIGHT_M}, [((-5, 0, 9), 0), ((-5, 0, -4), 180)])
    return folder


def moderate(visitor: Visitor, act: str) -> None:
    """Act on whoever's menu is open."""
    visitor.at(f"moderate-{act}").click()
    visitor.at("moderate-confirm").click()


def ball_px(visitor: Visitor) -> int:
    """Count the pixels of the ball that marks a viewpoint."""
    apart = np.abs(visitor.picture() - np.array(AMBER, np.int16)).max(axis=2)
    return int((apart < SAME).sum())


@pytest.mark.long
def test_a_moderator_pins_somebody_and_looks_from_elsewhere(come: Come, issuer: Issuer) -> None:
    """Whom they pin they see from afar; so they do whom they left behind at a viewpoint, which is marked."""
    ada, bao = come("Ada", reduced_motion="reduce"), come("Bao")  # what fades in is pale for a moment
    ada.enter("hall", "hall", issuer.token("u-ada", roles=frozenset({"moderator"})), view="first")
    bao.enter("hall", "hall")
    expect(bao.at("viewpoint")).to_have_count(0)
    there = ada.person("Bao")
    expect(there).not_to_have_attribute("data-position", SOMEWHERE)

    ada.open_menu("Bao")
    moderate(ada, "pin")
    expect(there).to_have_attribute("data-position", SOMEWHERE)
    assert complaints(ada.page) == []
    moderate(ada, "unpin")
    expect(there).not_to_have_attribute("data-position", SOMEWHERE)
    ada.press("Escape")

    ada.go_to("Bao")
    viewpoint = ada.at("viewpoint")
    viewpoint.focus()
    ada.press("Enter")
    expect(viewpoint).to_have_accessible_name("Stop looking from there")
    assert complaints(ada.page) == []
    ada.at("stage").focus()
    place = ada.position
    with ada.holding("KeyS"):
        ada.until(lambda: math.dist(place, ada.position) > AWAY_M, "the way back")
    ada.until(lambda: ball_px(ada) > A_BALL_PX, "the mark of the viewpoint")
    expect(there).to_have_attribute("data-position", SOMEWHERE)
    viewpoint.focus()
    ada.press("Enter")
    expect(viewpoint).to_have_accessible_name("Also look from here")
    expect(there).not_to_have_attribute("data-position", SOMEWHERE)
    ada.until(lambda: ball_px(ada) < A_BALL_PX, "the mark to be gone")
