"""The judge of other servers: what was told is found in the walks, and what is missing is missed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.peers.judge import TOLD, Heard, judge

PERIOD_NS = 50_000_000
STEPS, MEASURED = 20, (5, 15)
WINDOW_NS = (MEASURED[0] * PERIOD_NS, MEASURED[1] * PERIOD_NS)
LAG_NS = 7_000_000
RADIUS_M = 10.0

# Three in a row: 0 and 1 are 4 m apart, 2 is 40 m away; each walks 0.1 m a step along z.
PLACE_MM = np.zeros((STEPS, 3, 3), np.int32)
PLACE_MM[:, :, 0] = (0, 4_000, 40_000)
PLACE_MM[:, :, 2] = np.arange(STEPS)[:, None] * 100

PAIRS = ((0, 1), (1, 0))
Row = tuple[int, int, int, int, int]


def told(step: int, observer: int, subject: int, late_ns: int = 0) -> Row:
    """Tell somebody of a pose, LAG_NS after it was to be sent."""
    x, _, z = PLACE_MM[step, subject].tolist()
    return step * PERIOD_NS + LAG_NS + late_ns, observer, subject, x, z


def everything() -> list[Row]:
    """Tell everybody of everything they should be told."""
    return [told(step, *pair) for step in range(STEPS) for pair in PAIRS]


def judged(rows: list[Row]) -> Heard:
    """Judge them."""

    def sent_ns(_who: Any, step: Any) -> Any:
        return step * PERIOD_NS

    return judge(PLACE_MM, np.array(rows, TOLD), sent_ns, MEASURED, WINDOW_NS, RADIUS_M)


def test_a_perfect_server_has_nothing_missing() -> None:
    """Each pose is one update at each neighbour, as old as it took."""
    heard = judged(everything())
    assert (heard.updates, heard.due) == (20, 20)
    assert (heard.missing, heard.beyond, heard.unknown, heard.repeats, heard.overtaken) == (0, 0, 0, 0, 0)
    assert set(heard.latency_ms.tolist()) == {7.0}


def test_a_pose_that_one_of_two_was_not_told_of_is_missing() -> None:
    """Unless it was told of the next one: then it was overtaken on the way, and is the older for it."""
    rows = everything()
    gap = [told(step, 0, 1) for step in (8, 9)]
    witness = [(*row[:1], 2, *row[2:]) for row in gap]  # somebody was told of them
    heard = judged([row for row in rows if row not in gap] + witness)
    assert (heard.due, heard.missing) == (20, 1)
    assert sorted(heard.latency_ms.tolist())[-2:] == [57.0, 107.0]


def test_a_pose_that_nobody_was_told_of_was_overtaken() -> None:
    """It was not due to anybody, and counts in the latency of the next one all the same."""
    rows = [row for row in everything() if row[0] != 9 * PERIOD_NS + LAG_NS]
    heard = judged(rows)
    assert (heard.updates, heard.due, heard.missing, heard.overtaken) == (18, 18, 0, 2)
    assert sorted(heard.latency_ms.tolist())[-2:] == [57.0, 57.0]


def test_the_same_again_is_no_update() -> None:
    """Nor is an older pose: both only cost bytes."""
    heard = judged([*everything(), told(8, 0, 1, late_ns=1_000_000), told(3, 0, 1, late_ns=8 * PERIOD_NS)])
    assert (heard.updates, heard.repeats) == (20, 2)


def test_who_is_far_away_is_not_to_be_told_of() -> None:
    """An update about somebody 40 m away is held against the server."""
    heard = judged([*everything(), told(8, 0, 2)])
    assert (heard.updates, heard.beyond) == (21, 1)


def test_a_place_where_nobody_was_is_held_against_the_server() -> None:
    """One millimetre is enough."""
    wrong = [(at, observer, subject, x + (at == told(8, 0, 1)[0]), z) for at, observer, subject, x, z in everything()]
    heard = judged(wrong)
    assert heard.unknown == 2
    assert heard.overtaken == 2


def test_what_was_told_outside_the_measured_time_does_not_count() -> None:
    """But says what an observer had when it began."""
    assert judged([told(step, 0, 1) for step in range(MEASURED[0])]).updates == 0


@pytest.mark.parametrize("back_at", [8, 12])
def test_who_comes_back_is_not_old(back_at: int) -> None:
    """Poses of the time when somebody was out of sight are nobody's latency."""
    place = PLACE_MM.copy()
    place[6:back_at, 1, 0] = 30_000
    rows = [(step * PERIOD_NS + LAG_NS, 0, 1, *place[step, 1, [0, 2]].tolist()) for step in (5, back_at)]
    heard = judge(place, np.array(rows, TOLD), lambda _who, step: step * PERIOD_NS, MEASURED, WINDOW_NS, RADIUS_M)
    assert heard.latency_ms.tolist() == [7.0, 7.0]
