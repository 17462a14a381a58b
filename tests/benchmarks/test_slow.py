"""Slow readers are measured by what the others see of them, in pairs of runs."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import slow
from benchmarks.parameters import Parameters
from benchmarks.scenario import Findings, Guest, Played
from tests.benchmarks.played import PERIOD_NS, TICKS, play

WINDOW_NS = (20 * PERIOD_NS, TICKS * PERIOD_NS)


def asked(**changed: Any) -> Parameters:
    """Ask for ten people of whom two read slowly."""
    words = {"avatars": 10, "seconds": 1, "slow_share": 0.2, "slow_bytes": 5000, "pairs": 3}
    return Parameters(**(words | {"server_cpu": None, "generator_cpu": None} | changed))


def result(p99: float | None, **changed: Any) -> dict[str, Any]:
    """Make the result of one run."""
    good: dict[str, Any] = {
        "invalid": None,
        "oracle_violations": 0,
        "oracle_first_violations": [],
        "oracle_self_test": True,
    }
    return good | {"latency_ms": {"p99": p99}} | changed


def test_the_same_people_stand_about_in_both_runs_of_a_pair() -> None:
    """The last ones; and they are slow only where they are told to be."""
    assert [guest.is_slow for guest in slow.guests(asked())] == [False] * 8 + [True] * 2
    assert not any(guest.is_slow for guest in slow.guests(asked(slow_bytes=0)))
    assert slow.standing(asked()) == slow.standing(asked(slow_bytes=0)) == 2


def test_pairs_take_turns_and_the_median_ratio_is_told() -> None:
    """An outlier in one pair does not show, and neither does who was first."""
    p99 = {True: iter([50.0, 66.0, 300.0]), False: iter([50.0, 60.0, 50.0])}
    order: list[bool] = []

    def run(parameters: Parameters) -> dict[str, Any]:
        order.append(parameters.slow_bytes > 0)
        return result(next(p99[order[-1]]), is_slow=order[-1])

    told = slow.in_pairs(run, asked())
    assert order == [True, False, False, True, True, False]
    assert told["others_p99_ratio"] == 1.1
    assert told["is_slow"]
    assert told["latency_ms"]["p99"] == 66.0
    assert [pair["ratio"] for pair in told["pairs"]] == [1.0, 1.1, 6.0]


def test_one_bad_run_spoils_all_pairs() -> None:
    """Whatever speaks against it, with or without slow readers."""
    runs = iter([result(50.0), result(50.0, invalid="late", oracle_violations=2, oracle_self_test=False)])
    told = slow.in_pairs(lambda _parameters: next(runs), asked(pairs=1))
    assert (told["invalid"], told["oracle_violations"], told["oracle_self_test"]) == ("late", 2, False)


def test_pairs_without_a_latency_show_nothing() -> None:
    """There is nothing to compare, and that is said."""
    told = slow.in_pairs(lambda _parameters: result(None), asked(pairs=1))
    assert told["others_p99_ratio"] is None
    assert "no pair" in told["invalid"]


@pytest.mark.parametrize(("deaf", "share", "counts"), [(range(20, 60), 0.0, True), (range(20, 22), 0.95, False)])
def test_readers_who_keep_up_are_not_slow(deaf: range, share: float, counts: bool) -> None:
    """A run in which they were told something at nearly every tick shows nothing."""
    run = play(8, frozenset({0}), still=frozenset({7}), deaf={7: deaf})
    evidence = run.evidence()
    told: Findings = slow.judge(
        Played(
            guests=[Guest()] * 7 + [Guest(is_slow=True)],
            visits=run.log.visits,
            evidence=evidence,
            arrived_ns=lambda _number: 0,
            window_ns=WINDOW_NS,
            rows=evidence.measured_rows(WINDOW_NS),
        )
    )
    assert told.figures["slow"] == {"readers": 1, "told_share": share}
    assert (not told.reasons) is counts
