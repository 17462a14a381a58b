"""A capacity is an interval: below it a server always held, above it never, and what lies between did both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.capacity import STEP, Promise, Search, describe, find, print_capacity
from benchmarks.patience import NotLetIn

GOOD = {
    "latency_ms": {"p99": 60.0},
    "tick_ms": {"p99": 20.0},
    "delivered_share": 1.0,
    "wrong": 0,
    "valid": True,
    "invalid": None,
}
GOOD |= {"cpu_us_per_update": 1.0, "bytes_per_update": 11.0, "server_cpu": 0.5}
LATE = GOOD | {"latency_ms": {"p99": 140.0}}
STARVED = GOOD | {"valid": False, "invalid": "the generator used 95% of the cores it may use"}


def found(holds: Callable[[int], bool], start: int = 200, repeats: int = 3) -> dict[str, Any]:
    """Search a server that holds some sizes."""
    return find(lambda people: GOOD if holds(people) else LATE, Promise(), Search(start, repeats))


@pytest.mark.parametrize("capacity", [30, 199, 200, 777, 5000])
def test_an_edge_that_is_sharp_is_found_to_one_rung(capacity: int) -> None:
    """From wherever the search starts, with each edge climbed three times."""
    told = found(lambda people: people <= capacity)
    assert told["holds"] <= capacity < told["fails"]
    assert told["fails"] / told["holds"] < STEP * 1.05
    tried = [run["avatars"] for run in told["runs"]]
    assert tried.count(told["holds"]) == tried.count(told["fails"]) == 3
    assert len(tried) < 25


def test_an_edge_that_is_not_sharp_is_an_interval() -> None:
    """Sizes that held at one time and not at another are in it, never at its ends."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        told = found(lambda people: people < 500 or (people < 700 and rng.random() < 0.5))
        seen = [run["holds"] for run in told["runs"] if run["avatars"] in (told["holds"], told["fails"])]
        assert len(seen) == 6
        assert told["holds"] < 700
        assert told["fails"] >= 500
        outcomes = {run["avatars"]: run["holds"] for run in told["runs"]}
        assert outcomes[told["holds"]] is True
        assert outcomes[told["fails"]] is False


def test_a_server_that_holds_nobody_says_so() -> None:
    """Down to two people, who are the fewest there can be."""
    told = found(lambda _people: False, start=40)
    assert (told["holds"], told["runs"][-1]["avatars"]) == (None, 2)


def test_a_load_that_cannot_be_made_larger_leaves_the_upper_edge_open() -> None:
    """A generator at its end says nothing of the server; the run is tried again before it is given up."""
    tries: list[int] = []

    def measure(people: int) -> dict[str, Any]:
        tries.append(people)
        return GOOD if people < 400 else STARVED

    told = find(measure, Promise(), Search(200, 2))
    assert (told["holds"], told["fails"]) == (293, None)
    assert told["invalid"] == "with 429: the generator used 95% of the cores it may use"
    assert tries.count(429) == 3
    assert told["runs"][-1]["holds"] is None


def test_a_server_that_lets_not_everybody_in_does_not_hold_them() -> None:
    """It is asked once each time, and the edge is found; the run says why it has no figures."""

    def measure(people: int) -> dict[str, Any]:
        if people >= 400:
            raise NotLetIn(f"nobody more got in; 390 of {people} are there")
        return GOOD

    told = find(measure, Promise(), Search(200, 2))
    assert (told["holds"], told["fails"], told["invalid"]) == (390, 429, None)
    failed = [run for run in told["runs"] if run["avatars"] == 429]
    assert [(run["holds"], run["latency_ms"], run["invalid"]) for run in failed] == [
        (False, None, "nobody more got in; 390 of 429 are there")
    ] * 2


def test_a_run_that_counts_at_the_second_try_counts() -> None:
    """A machine that was busy for a while does not end the search."""
    answers = iter([STARVED, GOOD, LATE])
    search = Search(200, 1)
    told = find(lambda _people: next(answers, LATE), Promise(), search)
    assert told["invalid"] is None
    assert told["holds"] == 200


@pytest.mark.parametrize(
    "broken", [LATE, GOOD | {"delivered_share": 0.98}, GOOD | {"wrong": 1}, GOOD | {"latency_ms": {"p99": 100.0}}]
)
def test_each_part_of_the_promise_must_be_kept(broken: dict[str, Any]) -> None:
    """Latency, delivery, and nothing wrong."""
    assert Promise().is_kept(GOOD)
    assert not Promise().is_kept(broken)


def test_the_report_says_what_was_promised(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And which server has no upper edge, and why."""
    monkeypatch.setenv("COLUMNS", "200")
    open_ended: dict[str, Any] = {"holds": 900, "fails": None, "invalid": "with 1000: starved", "runs": [{}, {}]}
    whole: dict[str, Any] = {"holds": 440, "fails": 484, "invalid": None, "runs": [{}] * 9}
    told = describe({"presence": open_ended, "colyseus-ws": whole}, "plaza", Promise(), {})
    assert told["invalid"] == "presence: with 1000: starved"
    print_capacity(told)
    said = capsys.readouterr().out
    for words in ("p99 below 100 ms, 99% delivered", "no upper edge: with 1000: starved", "484"):
        assert words in said
