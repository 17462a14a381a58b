"""How long ticks took is what the server's own page says, between two readings of it."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from benchmarks.tick_times import TickTimes
from presence.metrics import Metrics

NOTHING = {"p50": None, "p99": None, "max": None}


def told(metrics: Metrics, *milliseconds: float) -> TickTimes:
    """Let ticks take so long, and read the page."""
    for each in milliseconds:
        metrics.count_tick_time(each / 1000)
    return TickTimes.read(generate_latest(metrics.registry).decode())


def test_percentiles_are_those_of_the_ticks_in_between() -> None:
    """To the millisecond, rounded up; what was before is left out."""
    metrics = Metrics()
    before = told(metrics, 55.0, 55.0, 55.0)
    after = told(metrics, *[10.5] * 98, 44.7, 57.3)
    assert after.since(before).spread() == {"p50": 11.0, "p99": 45.0, "max": 58.0}


@pytest.mark.parametrize(("milliseconds", "bound"), [(44.99, 45.0), (45.01, 46.0), (62.0, 65.0), (9000.0, 10_000.0)])
def test_a_tick_is_never_told_to_be_shorter_than_it_was(milliseconds: float, bound: float) -> None:
    """It counts as long as the longest of its bucket."""
    assert told(Metrics(), milliseconds).spread()["max"] == bound


def test_what_is_not_known_is_none() -> None:
    """No tick in between, a tick beyond every bucket, or a server that does not tell."""
    metrics = Metrics()
    before = told(metrics, 3.0)
    assert told(metrics).since(before).spread() == NOTHING
    assert told(metrics, 20_000.0).since(before).spread() == NOTHING
    assert TickTimes.untold().since(TickTimes.untold()).spread() == NOTHING
