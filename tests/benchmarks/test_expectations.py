"""The rules of a room, by brute force, agree with the exact oracle's and say what must and what may be told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.expectations import Expected, FullRate, Scene
from benchmarks.oracle import is_near
from benchmarks.sampled_oracle import SampledOracle
from tests.benchmarks.played import WINDOW_NS, play

RADIUS_MM = 10_000
RULES = FullRate(RADIUS_MM)


def scene(*places: tuple[int, int, int]) -> Scene:
    """Set a scene at tick 5: all are there, look around, hold nobody, moved at tick 1 and were told at tick 4."""
    n = len(places)
    return Scene(
        tick=5,
        place_mm=np.array(places, np.int64),
        present=np.ones(n, np.bool_),
        turn=np.ones(n, np.bool_),
        starts_over=np.zeros(n, np.bool_),
        held=np.zeros((n, n), np.bool_),
        moved_tick=np.full(n, 1),
        told_tick=np.full((n, n), 4, np.int32),
    )


EVERYBODY_HELD = np.ones((2, 2), np.bool_)


@pytest.mark.parametrize("is_held", [False, True])
def test_nearness_is_that_of_the_exact_oracle(is_held: bool) -> None:
    """For places at the very edges of both radii, and for many others."""
    rng = np.random.default_rng(1)
    edges = [(10_000, 0, 0), (6_000, 0, 8_000), (10_000, 1, 0), (6_900, 0, 9_200), (11_500, 0, 1), (0, 0, 0)]
    places = edges + [tuple(place) for place in rng.integers(-9_000, 9_000, (40, 3)).tolist()]
    there = scene((0, 0, 0), *places)
    wanted = RULES.expect(replace(there, held=np.full_like(there.held, is_held))).wanted
    for number, place in enumerate(places, 1):
        assert wanted[0, number] == wanted[number, 0] == is_near((0, 0, 0), place, RADIUS_MM, is_held)
    assert not wanted.diagonal().any()


def test_who_is_not_there_is_not_wanted_and_wants_nobody() -> None:
    """Although they may still be held."""
    there = scene((0, 0, 0), (1, 0, 0))
    told = RULES.expect(replace(there, present=np.array([True, False]), held=EVERYBODY_HELD))
    assert not told.wanted.any()
    assert not told.may_tell.any()


def test_who_comes_into_view_or_has_moved_must_be_told_of() -> None:
    """Since the observer was last told; who stands still and is held need not and may not."""
    there = scene((0, 0, 0), (1, 0, 0))
    assert RULES.expect(there).must_tell.tolist() == [[False, True], [True, False]]
    held = replace(there, held=EVERYBODY_HELD)
    assert not RULES.expect(held).may_tell.any()
    moved = replace(held, moved_tick=np.array([1, 5]))
    assert RULES.expect(moved).must_tell.tolist() == [[False, True], [False, False]]
    missed = replace(held, moved_tick=np.array([1, 3]), told_tick=np.full((2, 2), 2, np.int32))
    assert RULES.expect(missed).must_tell.tolist() == [[False, True], [False, False]]
    assert RULES.expect(missed).may_tell.tolist() == RULES.expect(missed).must_tell.tolist()


def test_between_turns_what_is_in_view_stays() -> None:
    """Who does not look keeps whom they held, of those still there, and is told of them; who starts over looks."""
    there = replace(scene((0, 0, 0), (20_000, 0, 0), (1, 0, 0)), turn=np.zeros(3, np.bool_), moved_tick=np.full(3, 5))
    held = np.array([[False, True, True], [False] * 3, [False] * 3])
    told = RULES.expect(replace(there, held=held))
    assert told.wanted.tolist() == held.tolist()
    assert told.must_tell.tolist() == held.tolist()
    gone = RULES.expect(replace(there, held=held, present=np.array([True, False, True])))
    assert gone.wanted[0].tolist() == [False, False, True]
    anew = RULES.expect(replace(there, held=held, starts_over=np.array([True, False, False])))
    assert anew.wanted[0].tolist() == [False, False, True]


def test_updates_are_due_of_those_who_moved_at_this_tick() -> None:
    """Whether the observer held them before or not; coming into view is no update."""
    there = replace(scene((0, 0, 0), (1, 0, 0), (20_000, 0, 0)), moved_tick=np.array([4, 5, 5]))
    expected = RULES.expect(there)
    assert RULES.updates_due(there, expected).tolist() == [[False, True, False], [False] * 3, [False] * 3]


class Lenient(FullRate):
    """Rules that leave the server the choice whom to tell of."""

    def expect(self, scene: Scene) -> Expected:
        """Take anything from silence to everybody in view."""
        told = super().expect(scene)
        return Expected(told.wanted, np.zeros_like(told.wanted), told.wanted)


def test_the_oracle_grants_the_choice_that_the_rules_leave() -> None:
    """A record less is wrong only where all must be told; one more than may be is wrong for both."""
    run = play(8, frozenset())
    updates, row = run.column("updates"), run.rows(5)[30]
    in_view = int(updates[row])
    for count, strict, lenient in ((in_view, 0, 0), (in_view - 1, 1, 0), (in_view + 1, 1, 1)):
        updates[row] = count
        for rules, wrong in ((FullRate(RADIUS_MM), strict), (Lenient(RADIUS_MM), lenient)):
            verdict = SampledOracle(run.evidence(), rules, WINDOW_NS).replay()
            assert len(verdict.violations) == wrong
