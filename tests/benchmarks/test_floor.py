"""The floor: medians over rounds, what makes a run count for nothing, and the bare server itself."""

from __future__ import annotations

from typing import Any

from benchmarks import floor
from benchmarks.floor import Floor, FloorPlan
from benchmarks.progress import Progress
from tests.benchmarks.compiler import needs_compiler


def result(cpu_us: float, *, invalid: str | None = None, violations: int = 0) -> dict[str, Any]:
    """One round of a scenario: 100 avatars, 200 ticks, 10 updates for each of them at each."""
    return {
        "invalid": invalid,
        "cpu_us_per_update": cpu_us,
        "updates_delivered": 100 * 200 * 10,
        "ticks": 200,
        "oracle_self_test": True,
        "oracle_violations": violations,
        "oracle_first_violations": [{"tick": 1}] * violations,
        "parameters": {"avatars": 100},
    }


def beside(results: list[dict[str, Any]], floors_us: list[float], served: float = 1.0) -> dict[str, Any]:
    """Play rounds back."""
    rounds, bare = iter(results), iter(floors_us)
    return floor.beside(lambda: next(rounds), lambda _result: Floor(next(bare), 400, served, 60.0), len(results))


def test_medians_of_both_are_reported() -> None:
    """An outlier in one round of either side does not show."""
    told = beside([result(1.8), result(3.0), result(9.0)], [20.0, 11.0, 12.0])
    assert told["cpu_us_per_update"] == 3.0
    assert told["floor"]["cpu_us_per_client_tick"] == 12.0
    assert told["floor_cpu_us_per_update"] == 1.2  # 12 us over 10 updates
    assert told["cpu_to_floor"] == 2.5
    assert told["invalid"] is None


def test_one_bad_round_spoils_the_run() -> None:
    """Whatever speaks against one round, or a violation in it, is not hidden by the median."""
    told = beside([result(1.0), result(2.0, invalid="late"), result(3.0, violations=1)], [10.0, 10.0, 10.0])
    assert told["invalid"] == "late"
    assert told["oracle_violations"] == 1
    assert told["oracle_first_violations"] == [{"tick": 1}]


def test_a_floor_out_of_all_proportion_counts_for_nothing() -> None:
    """Outside 8 to 25 us something else was measured; so it was where clients were not served."""
    assert "7.9" in beside([result(1.0)], [7.9])["invalid"]
    assert "25.1" in beside([result(1.0)], [25.1])["invalid"]
    assert "98.0%" in beside([result(1.0)], [10.0], served=0.98)["invalid"]
    assert beside([result(1.0)], [25.0])["invalid"] is None


@needs_compiler
def test_the_bare_server_serves_its_clients() -> None:
    """Every client is sent its frame at every tick, over real sockets."""
    plan = FloorPlan(8, 34, 300, 20, warmup_s=0.5, seconds=1.0, server_cpu=None, load_cpu=None)
    told = floor.measure(plan, Progress())
    assert told.frame_bytes == 300
    assert 0.8 < told.served < 1.2  # one tick more or less at either end, of twenty
    assert told.cpu_us >= 0
    assert told.p99_ms > 49  # a pose waits for the next tick; what comes on top is the machine's


def test_a_floor_is_told_like_a_server() -> None:
    """By the keys that a search for capacity asks for, an update being a neighbour's pose."""
    told = floor.figures(Floor(16.0, 352, 1.001, 61.5), 1000, 32.0)
    assert (told["valid"], told["cpu_us_per_update"], told["bytes_per_update"]) == (True, 0.5, 11.0)
    assert (told["latency_ms"], told["delivered_share"], told["wrong"], told["server_cpu"]) == (
        {"p99": 61.5},
        1.0,
        0,
        0.32,
    )
