"""Who is close enough to be seen: the grid against every pair looked at."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from presence.entities import Body, Entities
from presence.interest import select
from presence.permission import block

RADIUS = 10_000
Triple = tuple[int, int, int]


def standing(*places: Triple) -> Entities:
    """Make an entity at each place, mm, in rows from 0."""
    entities = Entities()
    for place in places:
        entities.position[entities.add(Body.ROOT, 0.0)] = place
    return entities


def selected(entities: Entities, *observers: int, radius: int = RADIUS) -> list[tuple[int, int]]:
    """List the (observer, subject) pairs that `select` finds, for all rows unless some are named."""
    rows = np.array(observers, np.intp) if observers else entities.alive()
    pairs = select(entities, rows, radius)
    return list(zip(pairs.observers.tolist(), pairs.subjects.tolist(), strict=True))


def sees(entities: Entities) -> bool:
    """Tell whether row 0 sees row 1."""
    return (0, 1) in selected(entities, 0)


@pytest.mark.parametrize(
    ("place", "is_near"),
    [
        ((10_000, 0, 0), True),
        ((10_001, 0, 0), False),
        ((0, -10_000, 0), True),
        ((0, 10_001, 0), False),
        ((6_000, 0, -8_000), True),
        ((6_000, 1, -8_000), False),
        ((5_000, 5_000, 7_071), True),
        ((5_000, 5_000, 7_072), False),
    ],
)
def test_a_subject_enters_exactly_at_the_radius(place: Triple, is_near: bool) -> None:
    """The distance counts in all three dimensions, to the millimetre."""
    assert sees(standing((0, 0, 0), place)) is is_near


@pytest.mark.parametrize(("x", "is_kept"), [(10_001, True), (11_500, True), (11_501, False)])
def test_a_held_subject_leaves_exactly_beyond_the_leaving_radius(x: int, is_kept: bool) -> None:
    """Who is held stays up to 1.15 times the radius, to the millimetre."""
    entities = standing((0, 0, 0), (x, 0, 0))
    entities.given[0, 1] = 2
    assert sees(entities) is is_kept


@given(x=st.integers(-20_000, 20_000), z=st.integers(-20_000, 20_000))
def test_wherever_the_cells_lie_all_directions_are_looked_at(x: int, z: int) -> None:
    """Subjects on the circle of the leaving radius, in cells at every side of the observer's."""
    around = [(round(11_499 * cos(turn)), round(11_499 * sin(turn))) for turn in range(24)]
    entities = standing((x, 0, z), (0, 0, 0), *((x + east, 0, z + south) for east, south in around))
    entities.given[0, 2:] = 2
    assert {subject for _, subject in selected(entities, 0)} >= set(range(2, 26))


def test_hysteresis_is_each_observers_own() -> None:
    """Between the two radii one observer keeps whom another does not begin to see."""
    entities = standing((0, 0, 0), (11_000, 0, 0))
    entities.given[0, 1] = 2
    assert selected(entities) == [(0, 1)]


def test_nobody_observes_themselves() -> None:
    """An avatar is never in its own snapshot, wherever the others are."""
    assert selected(standing((0, 0, 0), (1, 0, 0), (0, 0, 0))) == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]


def test_only_the_living_are_seen_and_only_the_asked_see() -> None:
    """Rows of the gone are no subjects, and rows that were not asked for do not observe."""
    entities = standing((0, 0, 0), (1, 0, 0), (2, 0, 0))
    entities.remove(1, 0.0)
    assert selected(entities, 2) == [(2, 0)]


def test_an_empty_room_and_no_observers_are_fine() -> None:
    """No subjects or nobody who can be written to: no pairs."""
    assert selected(Entities()) == []
    assert len(select(standing((0, 0, 0)), np.zeros(0, np.intp), RADIUS).observers) == 0


def test_isolation_cuts_sight_both_ways() -> None:
    """Inside and outside of an isolated zone do not see each other, held or not; inside they do."""
    entities = standing((0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0))
    entities.isolation[[1, 2, 3]] = 1, 1, 2
    entities.given[0, 1] = 2
    assert selected(entities) == [(1, 2), (2, 1)]


def test_clearance_cuts_sight_of_the_place_that_needs_it() -> None:
    """Who lacks the clearance sees nobody inside, held or not; who is inside sees out."""
    entities = standing((0, 0, 0), (1, 0, 0))
    entities.requires[1] = 1
    entities.given[0, 1] = 2
    assert selected(entities) == [(1, 0)]


def test_a_block_cuts_sight_both_ways() -> None:
    """Two who blocked each other are nothing to each other at any distance."""
    entities = standing((0, 0, 0), (1, 0, 0), (2, 0, 0))
    entities.given[0, 1] = 2
    block(entities, 0, 1, True)
    assert selected(entities) == [(0, 2), (1, 2), (2, 0), (2, 1)]


# --- against brute force ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crowd:
    """Where everybody stands, who holds whom, and what keeps them apart."""

    places: list[Triple]
    held: list[bool]
    isolation: list[int]
    requires: list[int]
    grants: list[int]
    blocked: list[tuple[int, int]]
    radius: int
    observing: list[bool]


@st.composite
def crowds(draw: st.DrawFn) -> Crowd:
    """Draw crowds that share cells, straddle zero, and lie far apart."""
    radius = draw(st.sampled_from([1, 7, 1000, 10_000, 10_007, 400_000]))
    near = st.integers(-2 * radius, 2 * radius)
    edge = st.sampled_from([-(2**22) + 1, -1, 0, 1, radius, -radius, radius * 23 // 20, 2**22 - 1])
    across, up = near | near | edge, st.just(0) | st.just(0) | near | edge
    places = draw(st.lists(st.tuples(across, up, across), min_size=1, max_size=25))
    n = len(places)

    def each(values: st.SearchStrategy[int]) -> st.SearchStrategy[list[int]]:
        return st.lists(values, min_size=n, max_size=n)

    row = st.integers(0, n - 1)
    return Crowd(
        places=places,
        held=draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n)),
        isolation=draw(st.just([0] * n) | each(st.integers(0, 2))),
        requires=draw(st.just([0] * n) | each(st.integers(0, 3))),
        grants=draw(each(st.integers(0, 3))),
        blocked=draw(st.lists(st.tuples(row, row), max_size=3)),
        radius=radius,
        observing=draw(st.lists(st.booleans(), min_size=n, max_size=n)),
    )


def looked_at(crowd: Crowd, one: int, other: int) -> bool:
    """Decide one pair with plain integers."""
    if one == other or (one, other) in crowd.blocked or (other, one) in crowd.blocked:
        return False
    if crowd.isolation[one] != crowd.isolation[other] or crowd.requires[other] & ~crowd.grants[one]:
        return False
    squared = sum((a - b) ** 2 for a, b in zip(crowd.places[one], crowd.places[other], strict=True))
    is_held = crowd.held[one * len(crowd.places) + other]
    return squared <= crowd.radius**2 or (is_held and 400 * squared <= 529 * crowd.radius**2)


@given(crowd=crowds())
@example(crowd=Crowd([(0, 0, 0)] * 3, [False] * 9, [0] * 3, [0] * 3, [0] * 3, [], 1, [True] * 3))
def test_the_grid_finds_what_looking_at_every_pair_finds(crowd: Crowd) -> None:
    """Below zero, in shared cells, far up, with zones, clearance and blocks: the same pairs, once each, by observer."""
    n = len(crowd.places)
    entities = standing(*crowd.places)
    entities.given[:n, :n] = np.array(crowd.held).reshape(n, n)
    entities.isolation[:n], entities.requires[:n], entities.grants[:n] = crowd.isolation, crowd.requires, crowd.grants
    for one, other in crowd.blocked:
        block(entities, one, other, True)
    observers = np.flatnonzero(crowd.observing)
    pairs = select(entities, observers, crowd.radius)
    expected = [(one, other) for one in observers.tolist() for other in range(n) if looked_at(crowd, one, other)]
    found = list(zip(pairs.observers.tolist(), pairs.subjects.tolist(), strict=True))
    assert [observer for observer, _ in found] == [observer for observer, _ in expected]
    assert sorted(found) == expected
    assert pairs.is_held.tolist() == [crowd.held[one * n + other] for one, other in found]
