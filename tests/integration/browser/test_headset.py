"""Somebody with a headset, which is emulated: what its wearer does, others see."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from tests.integration.browser.headset import Headset, parts_of
from tests.integration.browser.visitor import Visitor, visit
from tests.integration.browser.worlds import HALL, write
from tests.integration.conftest import RunningServer

ROOM = {"world": "hall", "room": "hall", "view": "first"}
POINTING_DOWN = (-0.5, 0.0, 0.0, 0.866)
TOLERANCE_M = 0.08  # a grip lies a few centimetres from where a controller is tracked


class Immersed(NamedTuple):
    """Ada in virtual reality, and Grace, who watches from a desktop."""

    ada: Visitor
    grace: Visitor
    headset: Headset

    def shown_gaze(self) -> float:
        """Return which way Grace's page draws Ada's head looking, in radians: the body's yaw and the head's on it."""
        seen = self.grace.seen(self.grace.entity_of("Ada"))
        if seen is None or seen["parts"] is None:
            return 0.0
        x, y, z, w = seen["parts"][3:7]
        return float(seen["yaw"]) + math.atan2(2 * (w * y + x * z), 1 - 2 * (x * x + y * y))

    def shown_parts(self) -> list[tuple[float, float, float]]:
        """Return where Grace's page draws Ada's head and hands, relative to her root."""
        seen = self.grace.seen(self.grace.entity_of("Ada"))
        parts = parts_of(seen) if seen else None
        return parts or []


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hall, entered before a desk on which a tablet lies."""
    folder = tmp_path_factory.mktemp("worlds")
    write(folder, HALL, [((0, 0, 4), 0), ((0, 0, 1.2), 0)])
    return folder


@pytest.fixture(scope="module")
def immersed(browser: Browser, server: RunningServer) -> Iterator[Immersed]:
    """Ada has entered VR beside Grace."""
    ada_context, ada = visit(browser, server.http_url, "Ada")
    grace_context, grace = visit(browser, server.http_url, "Grace")
    headset = Headset(ada)
    grace.enter(**ROOM)
    ada.enter(**ROOM)
    headset.stand()
    grace.go_to("Ada")
    ada.at("enter-vr").click()
    made = Immersed(ada, grace, headset)
    ada.until(lambda: len(made.shown_parts()) == 3, "a tracked body")
    yield made
    for context in (ada_context, grace_context):
        context.close()


@pytest.fixture(autouse=True)
def quiet(immersed: Immersed) -> Iterator[None]:
    """No page says anything on its console, in any test."""
    yield
    immersed.ada.check_quiet()
    immersed.grace.check_quiet()


def test_head_and_hands_move(immersed: Immersed) -> None:
    """Where head and hands go in the headset, they go on the other page."""
    wanted = {"head": (0.1, 1.45, -0.05), "left": (-0.45, 1.5, -0.3), "right": (0.5, 0.9, -0.4)}
    for part, position in wanted.items():
        immersed.headset.put(part, position)

    def is_there() -> bool:
        shown = immersed.shown_parts()
        # The root stands under the head, so what is tracked is compared with the head.
        head = wanted["head"]
        return len(shown) == 3 and all(
            abs((position[axis] - (head[axis] if axis != 1 else 0.0)) - (shown[at][axis] - _under(shown[0], axis)))
            < TOLERANCE_M
            for at, position in enumerate(wanted.values())
            for axis in range(3)
        )

    immersed.grace.until(is_there, f"parts at {wanted}, not {immersed.shown_parts()}")


def _under(head: tuple[float, float, float], axis: int) -> float:
    return head[axis] if axis != 1 else 0.0


def test_a_hand_takes_a_thing(immersed: Immersed) -> None:
    """A squeeze takes what the hand is at, and holds it until it ends: nobody else can take it meanwhile."""
    _ada, grace, headset = immersed
    headset.stand()
    grace.until(lambda: _may_take(grace), "the tablet to lie there")
    headset.put("right", (0.0, 0.86, -0.95), POINTING_DOWN)
    with headset.pressing("squeeze"):
        grace.until(lambda: not _may_take(grace), "the tablet to be taken")
        headset.stand()
    grace.until(lambda: _may_take(grace), "the tablet to be let go of")


def test_teleport(immersed: Immersed) -> None:
    """The trigger aims, let go it jumps; the other page shows it there."""
    ada, grace, headset = immersed
    headset.stand()
    start = ada.position
    headset.put("right", (0.3, 1.2, 0.3), (0.0, 0.97, 0.24, 0.0))  # pointing back, a little down
    with headset.pressing("trigger"):
        headset.wait(1000)
    ada.until(lambda: _apart(ada.position, start) > 0.8, "a jump")
    grace.until(lambda: _apart(grace.position_of("Ada"), ada.position) < 0.05, "the jump to be shown")


def test_snap_turn(immersed: Immersed) -> None:
    """The stick pushed aside turns by a step."""
    ada, headset = immersed.ada, immersed.headset
    headset.stand()
    before = immersed.shown_gaze()
    with headset.pushing(1.0, 0.0):
        ada.until(lambda: abs(immersed.shown_gaze() - before) > 0.2, "a turn")


def test_hands_without_controllers(immersed: Immersed) -> None:
    """Tracked hands stand in for controllers."""
    immersed.headset.use_hands()
    immersed.headset.wait(500)
    assert len(immersed.shown_parts()) == 3


def test_leaving_and_coming_back(immersed: Immersed) -> None:
    """Taking the headset off and putting it on again is the same session: same avatar, no reconnect."""
    ada, grace, _headset = immersed
    entity, reconnects = grace.entity_of("Ada"), ada.network()["reconnects"]
    ada.page.evaluate("() => headset.activeSession.end()")
    grace.until(lambda: not immersed.shown_parts(), "a body without tracked hands")
    expect(ada.at("connection-state")).to_have_attribute("data-state", "online")
    ada.at("enter-vr").dispatch_event("click")  # the emulation leaves its canvas on top of the page
    grace.until(lambda: len(immersed.shown_parts()) == 3, "a tracked body again")
    assert grace.entity_of("Ada") == entity
    assert ada.network()["reconnects"] == reconnects


def _apart(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _may_take(visitor: Visitor) -> bool:
    prompt = visitor.at("prompt")
    return prompt.count() > 0 and "Take" in (prompt.text_content() or "")
