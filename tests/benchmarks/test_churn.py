"""A churn is judged by who came and went, and by whether an id came back too early."""

from __future__ import annotations

import pytest

from benchmarks import churn
from benchmarks.churn import ID_REST_S, early_reuse
from benchmarks.parameters import Parameters
from benchmarks.plan import BEFORE, Visit
from benchmarks.scenario import Findings, Guest, Played, most_at_once
from tests.benchmarks.played import PERIOD_NS, TICKS, play

SECOND_NS = 1_000_000_000


def visit(joined_s: float, left_s: float | None, generation: int = 1, entity: int = 7) -> Visit:
    """Make a visit of somebody who had an id."""
    left_ns = None if left_s is None else int(left_s * SECOND_NS)
    return Visit(entity, generation, int(joined_s * SECOND_NS), left_ns=left_ns)


def test_an_id_may_come_back_after_its_rest() -> None:
    """In a new generation, and other ids at any time."""
    visits = {0: visit(0, 10), 1: visit(10 + ID_REST_S, None, 2), 2: visit(0, None, entity=8)}
    assert early_reuse(visits) == []


@pytest.mark.parametrize(
    ("earlier", "later", "what"),
    [
        (visit(0, 10), visit(9.9 + ID_REST_S, None, 2), "rested 119.9 s"),
        (visit(0, None), visit(500, None, 2), "somebody has who is there"),
        (visit(0, 10), visit(20 + ID_REST_S, None, 1), "in the generation it had before"),
    ],
)
def test_an_id_that_comes_back_wrongly_is_found(earlier: Visit, later: Visit, what: str) -> None:
    """Too early, while it is in use, or looking like the one before; whoever is numbered first."""
    for visits in ({0: earlier, 1: later}, {1: earlier, 0: later}):
        (violation,) = early_reuse(visits)
        assert what in violation.what
        assert visits[violation.observer] is later


def test_visitors_come_at_even_intervals_and_stay_for_a_while() -> None:
    """From the first step to the last measured one."""
    asked = Parameters(avatars=2, seconds=2, warmup=1, rate=5, server_cpu=None, generator_cpu=None)
    stays, *visitors = churn.guests(asked)[1:]
    assert stays == Guest(BEFORE, None)
    assert [guest.arrives for guest in visitors] == list(range(0, 60, 4))
    assert {guest.stays for guest in visitors} == {40}


def test_there_are_seats_for_all_who_are_there_at_once() -> None:
    """Those who stay, and the most visitors whose times overlap, their way in included."""
    visitors = [Guest(arrives, 10) for arrives in range(0, 100, 5)]
    assert most_at_once([Guest(), Guest(), *visitors], 0) == 4
    assert most_at_once([Guest(), Guest(), *visitors], 10) == 6
    assert most_at_once([Guest()], 10) == 1


def judged(window_ns: tuple[int, int]) -> Findings:
    """Judge a run in which one came at step 20 and one left after step 40."""
    run = play(8, frozenset({0}), comes={7: 20}, goes={7: 40})
    evidence = run.evidence()
    return churn.judge(
        Played(
            guests=[Guest()] * 7 + [Guest(20, 20)],
            visits=run.log.visits,
            evidence=evidence,
            arrived_ns=lambda _number: 0,
            window_ns=window_ns,
            rows=evidence.measured_rows(window_ns),
        )
    )


def test_who_comes_and_goes_is_counted() -> None:
    """By the second of the measured time."""
    told = judged((10 * PERIOD_NS, 50 * PERIOD_NS))
    assert told.reasons == []
    assert told.figures["churn"] == {"joins_per_s": 0.5, "leaves_per_s": 0.5, "ids_used": 8, "seats_taken": 8}


def test_a_churn_in_which_nobody_leaves_shows_nothing() -> None:
    """It counts for nothing."""
    assert judged((10 * PERIOD_NS, 30 * PERIOD_NS)).reasons
    assert judged((30 * PERIOD_NS, TICKS * PERIOD_NS)).reasons
