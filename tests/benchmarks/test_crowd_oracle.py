"""The oracle for crowds: it finds nothing in an honest run, measures what the server chose, and finds what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.crowd_oracle import CrowdOracle
from benchmarks.snapshot_reader import read_snapshot
from benchmarks.watched import corrupted
from presence.rings import Detail, Ring
from tests.benchmarks.played import TICKS, WARM_TICKS, WINDOW_NS, Run, play

WALKERS = 60
SAMPLED = frozenset({0, 7, 21})
BUDGET = 2_500  # bytes a second: most of them would be sent more without


def judged(run: Run, budget: float | NDArray[np.float64] = BUDGET) -> CrowdOracle:
    """Judge a run of a crowd."""
    oracle = CrowdOracle(run.evidence(), run.log.radius_mm, budget, WINDOW_NS)
    oracle.replay()
    return oracle


@pytest.fixture(scope="module")
def honest() -> Run:
    """A crowd that is told what its budgets allow."""
    return play(WALKERS, SAMPLED, budget_bytes_per_s=BUDGET)


def test_an_honest_run_has_no_violations(honest: Run) -> None:
    """Every record is right, the self-test is caught, and what was chosen is measured."""
    oracle = judged(honest, budget=1.25 * BUDGET)  # the first seconds of a crowd may be over
    assert oracle.verdict.violations == []
    assert oracle.verdict.is_self_test_caught
    assert oracle.verdict.comparisons > 500
    assert oracle.verdict.max_error_mm <= 1
    crowd = oracle.figures(50.0)["crowd"]
    assert 0.2 < crowd["budget_used"]["min"] <= crowd["budget_used"]["mean"] <= crowd["budget_used"]["max"] <= 1
    assert 0.5 < crowd["coverage_min"] <= 1
    assert 0 < crowd["staleness_ms"]["max"] <= 1600
    assert crowd["staleness_nearest_30_ms"]["p99"] <= crowd["staleness_ms"]["p99"]


def test_a_crowd_on_a_server_that_has_too_much_to_do_is_judged_by_what_it_says() -> None:
    """Observers look around half as often, and budgets hold."""
    busy = play(120, SAMPLED, budget_bytes_per_s=8_000, busy=frozenset((*range(12, 31), *range(45, TICKS))))
    assert judged(busy, budget=8_000).verdict.violations == []


def test_less_than_a_second_says_nothing_about_budgets(honest: Run) -> None:
    """Which are of whole seconds; everything else is judged."""
    begin_ns, _ = WINDOW_NS
    oracle = CrowdOracle(honest.evidence(), honest.log.radius_mm, BUDGET, (begin_ns, begin_ns + 400_000_000))
    assert oracle.replay().violations == []
    assert oracle.verdict.comparisons > 100
    assert oracle.figures(50.0)["crowd"]["budget_used"] == {"min": None, "mean": None, "max": None}


def test_dots_are_judged_by_the_step() -> None:
    """Right to the nearest step, and told again where they are other ones; one step off is found."""
    run = play(WALKERS, SAMPLED, rings=(Ring(4_000, 0, Detail.FULL), Ring(10_000, 2, Detail.DOT)))
    oracle = judged(run, 1e9)
    assert oracle.verdict.violations == []
    assert (oracle.verdict.is_self_test_caught, oracle.verdict.max_error_mm <= 1) == (True, True)
    far = play(WALKERS, SAMPLED, rings=(Ring(10_000, 2, Detail.DOT),))
    assert judged(far, 1e9).verdict.violations == []
    tick = next(tick for tick in range(WARM_TICKS, 60) if read_snapshot(far.log.sampled[7][tick - 1][1]).absolutes)
    far.tamper(7, tick, corrupted(far.log.sampled[7][tick - 1][1])[0])
    found = {(violation.tick, violation.observer) for violation in judged(far, 1e9).verdict.violations}
    assert (tick, 7) in found
    assert {observer for _, observer in found} == {7}


def test_who_is_sent_more_than_the_budget_is_named(honest: Run) -> None:
    """Bytes of every observer are counted, second by second."""
    violations = judged(honest, budget=0.5 * BUDGET).verdict.violations
    assert {violation.observer for violation in violations} == set(range(WALKERS))
    assert "of its budget in second 0" in violations[0].what


def test_each_observer_is_held_to_its_own_budget() -> None:
    """Two who asked for less are judged by what they asked for, and are named where that was not kept."""
    modest, asked, crowd = (7, 21), 8_000, 160
    run = play(crowd, SAMPLED, asked=dict.fromkeys(modest, asked))
    budgets = np.full(crowd, 1e9)
    budgets[[*modest]] = asked
    assert judged(run, budgets).verdict.violations == []
    everybody = {violation.observer for violation in judged(run, asked).verdict.violations}
    assert everybody
    assert everybody.isdisjoint(modest)
    budgets[[*modest]] = asked / 2
    assert {violation.observer for violation in judged(run, budgets).verdict.violations} == {*modest}


def test_a_wrong_record_is_found() -> None:
    """One millimetre in one record of one sampled observer."""
    run = play(WALKERS, SAMPLED, budget_bytes_per_s=BUDGET)
    tick = next(tick for tick in range(WARM_TICKS, 60) if read_snapshot(run.log.sampled[7][tick - 1][1]).deltas)
    run.tamper(7, tick, corrupted(run.log.sampled[7][tick - 1][1])[0])
    found = {(violation.tick, violation.observer) for violation in judged(run, 1e9).verdict.violations}
    assert (tick, 7) in found
    assert {observer for _, observer in found} == {7}


def test_who_is_left_out_for_long_is_found() -> None:
    """An observer whose socket is full for two seconds is told of nobody meanwhile."""
    run = play(WALKERS, SAMPLED, budget_bytes_per_s=BUDGET, still=frozenset({7}), deaf={7: range(12, 56)})
    violations = judged(run, 1e9).verdict.violations
    assert {violation.observer for violation in violations} == {7}
    assert all("was not told of" in violation.what for violation in violations)
