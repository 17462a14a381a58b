"""A storm is told by when everybody was in and by what the witnesses saw of it."""

from __future__ import annotations

import numpy as np

from benchmarks import storm
from benchmarks.evidence import NEVER
from benchmarks.parameters import Parameters
from benchmarks.plan import BEFORE
from benchmarks.scenario import Findings, Guest, Played
from tests.benchmarks.played import LAG_NS, PERIOD_NS, TICKS, Run, play

ARRIVES = 30
WINDOW_NS = (20 * PERIOD_NS, TICKS * PERIOD_NS)


def found(run: Run, joiners: int, walkers: int) -> Findings:
    """Judge a played run in which the last people came late."""
    evidence = run.evidence()
    guests = [Guest() if k < walkers - joiners else Guest(arrives=ARRIVES) for k in range(walkers)]
    return storm.judge(
        Played(
            guests=guests,
            visits=run.log.visits,
            evidence=evidence,
            arrived_ns=lambda number: guests[number].arrives * PERIOD_NS,
            window_ns=WINDOW_NS,
            rows=evidence.measured_rows(WINDOW_NS),
        )
    )


def test_joiners_come_as_the_measured_time_begins() -> None:
    """Behind those who are there from the start."""
    asked = Parameters(avatars=3, seconds=1, warmup=2, joiners=2, server_cpu=None, generator_cpu=None)
    assert [guest.arrives for guest in storm.guests(asked)] == [BEFORE] * 3 + [40] * 2


def test_the_last_joiner_ends_the_storm() -> None:
    """Each counts from when all were to come to its first snapshot."""
    told = found(play(8, frozenset({0}), comes={6: 31, 7: 34}), 2, 8)
    assert told.reasons == []
    assert told.figures["storm"]["all_in_s"] == round((4 * PERIOD_NS + LAG_NS) / 1e9, 3)
    assert told.figures["storm"]["in_ms"]["max"] == (4 * PERIOD_NS + LAG_NS) / 1e6


def test_a_joiner_who_never_got_in_spoils_the_run() -> None:
    """There is no time after which all were in."""
    run = play(8, frozenset({0}), comes={6: 31, 7: 34})
    run.log.frames = run.log.frames[run.log.frames[:, 0] != 7]
    told = found(run, 2, 8)
    assert told.figures["storm"]["all_in_s"] is None
    assert told.reasons == ["1 of 2 joiners were in before the measured time was over"]


def test_witnesses_see_how_long_a_tick_took() -> None:
    """By the time between two snapshots, and by the age of what was told."""
    run = play(8, frozenset({0}), comes={6: 31, 7: 34})
    told = found(run, 2, 8).figures["storm"]
    assert told["longest_gap_ms"] == 50
    assert told["oldest_sample_ms"] == 20
    late = run.column("tick") >= 40
    run.column("arrived_ns")[late] += 70_000_000
    assert found(run, 2, 8).figures["storm"]["longest_gap_ms"] == 120


def test_gaps_are_those_of_one_observer() -> None:
    """Two observers who are told in turn hide no silence of either."""
    told = np.array([[0, NEVER], [NEVER, 50_000_000], [100_000_000, NEVER], [NEVER, 190_000_000]])
    assert storm.longest_gap_ms(told) == 140
    assert storm.longest_gap_ms(np.full((3, 2), NEVER)) is None
