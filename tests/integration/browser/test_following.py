"""The measure of how well a walk is shown, on walks made up."""

from __future__ import annotations

import math

import pytest

from tests.integration.browser.following import follow
from tests.integration.browser.visitor import Shown


def place(ms: float) -> tuple[float, float, float]:
    """Stand for a second, walk a bend for two, stand again."""
    walked = 1.4 * min(max(ms - 1000.0, 0.0), 2000.0) / 1000.0
    return (walked, 0.0, math.sin(walked))


TRUTH = [Shown(ms, *place(ms)) for ms in range(0, 4000, 17)]


def test_a_late_copy_is_exact() -> None:
    """A pure delay is found, and is no error."""
    found = follow(TRUTH, [Shown(ms, *place(ms - 130.0)) for ms in range(0, 4000, 50)])
    assert found.delay_ms == pytest.approx(130.0, abs=2.0)
    assert found.worst_m < 0.01


def test_a_place_the_walker_never_was_at_is_an_error() -> None:
    """Somebody shown 20 cm beside the way is 20 cm off, whatever the delay."""
    beside = [Shown(ms, x, y, z + 0.2) for ms in range(0, 4000, 50) for x, y, z in [place(ms - 130.0)]]
    assert follow(TRUTH, beside).p95_m > 0.1


def test_uneven_motion_is_an_error() -> None:
    """A delay that jumps about shows at once: the walk stutters."""
    stutter = [Shown(ms, *place(ms - 130.0 - 90.0 * (ms // 50 % 2))) for ms in range(0, 4000, 50)]
    assert follow(TRUTH, stutter).worst_m > 0.05
