"""Views: when observers look around, what looking changes, and when what they see is due."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import kernels
from presence.entities import MAX_ROWS, Body, Entities
from presence.rings import RATE_CLASSES, Detail
from presence.views import Change, Sightings, Views, by_key, in_step, is_turn, keys_of

POSE = 5  # what everybody's newest pose is called here, unless said otherwise
NEW_POSES = count(101, 16)  # as `held_pose` names them


def people(number: int) -> Entities:
    """Make entities in rows from 0, with ids from 1."""
    entities = Entities()
    for _ in range(number):
        entities.add(Body.ROOT, 0.0)
    return entities


def wanting(pairs: list[tuple[int, int, int]]) -> Sightings:
    """Make a list of (observer, subject, rate)."""
    observers, subjects, rates = np.array(pairs, np.int32).reshape(-1, 3).T.copy()
    return Sightings.new(observers, keys_of(subjects, rates.astype(np.uint8), np.zeros(len(pairs), np.uint8)))


def listed(seen: Sightings) -> list[tuple[int, int]]:
    """List (observer, subject) pairs."""
    return list(zip(seen.observers.tolist(), seen.subjects.tolist(), strict=True))


def told(entities: Entities, views: Views, tick: int, pose: int) -> Sightings:
    """Tell everybody of a new pose of whom they are due; return the pairs, with the poses that they held before."""
    shown, no_base = (np.full(RATE_CLASSES * len(Detail) * MAX_ROWS, value, np.uint32) for value in (pose, 0))
    return views.tell(entities, tick, np.arange(entities.capacity), shown, no_base).whole


def due(entities: Entities, views: Views, tick: int) -> list[tuple[int, int]]:
    """List the (observer, subject) pairs that are due. Every call tells of a pose of its own."""
    return listed(told(entities, views, tick, next(NEW_POSES)))


def look(
    entities: Entities,
    views: Views,
    looking: list[int],
    pairs: list[tuple[int, int, int]],
    tick: int,
    pose: int = POSE,
    ticks: int = 4,
) -> Change:
    """Let observers see (observer, subject, rate), when everybody's newest pose is `pose`."""
    shown = by_key(np.uint32, np.full((1, 1, entities.capacity), pose, np.uint32))
    ordered = views.order(entities, np.array(looking, np.intp))
    wanted = wanting(sorted(pairs, key=lambda pair: ordered.tolist().index(pair[0])))
    return views.replace(entities, ordered, wanted, shown, tick, ticks)


@pytest.mark.parametrize("every", [1, 2, 4, 8])
def test_everybody_looks_once_in_a_while_and_not_all_at_once(every: int) -> None:
    """Once in so many ticks, in step with their ids."""
    entities = people(16)
    looks = np.array([is_turn(entities.id[:16], tick, every) for tick in range(100, 100 + every)])
    assert (looks.sum(axis=0) == 1).all()
    assert (looks.sum(axis=1) == 16 // every).all()
    assert (entities.id[:16][looks[0]] % every == -100 % every).all()


@given(
    subject=st.integers(0, MAX_ROWS - 1),
    rate=st.integers(0, RATE_CLASSES - 1),
    detail=st.sampled_from([*map(int, Detail)]),
)
def test_a_key_tells_subject_and_detail(subject: int, rate: int, detail: int) -> None:
    """As they were put in."""
    keys = keys_of(np.array([subject]), np.array([rate], np.uint8), np.array([detail], np.uint8))
    seen = Sightings.new(np.zeros(1, np.intp), keys)
    assert (seen.subjects.tolist(), seen.detail.tolist()) == ([subject], [detail])


def test_one_observers_view_is_found() -> None:
    """Among those of all others, whether or not they look at the same tick."""
    entities, views = people(12), Views(4)
    for observer in range(12):
        pairs = [(observer, subject, subject % 3) for subject in range(observer)]
        look(entities, views, [observer], pairs, 1)
    for observer in range(12):
        view = views.of(entities, observer)
        assert view.observers.tolist() == [observer] * observer
        assert (view.subjects.tolist(), view.rate.tolist()) == (
            [*range(observer)],
            [subject % 3 for subject in range(observer)],
        )


def test_the_slowest_rate_is_known() -> None:
    """Of all that is in view, wherever; the fastest where nothing is."""
    entities, views = people(6), Views(2)
    assert views.slowest_rate() == 0
    look(entities, views, [0], [(0, 5, 1)], 1)
    look(entities, views, [1], [(1, 2, 0), (1, 3, 4)], 1)
    assert views.slowest_rate() == 4
    look(entities, views, [1], [(1, 2, 0)], 2)
    assert views.slowest_rate() == 1


def test_columns_are_found_by_key() -> None:
    """Every rate class and detail of every row."""
    column = np.arange(RATE_CLASSES * len(Detail) * 7).reshape(RATE_CLASSES, len(Detail), 7)
    laid = by_key(np.int64, column)
    for rate, detail, row in np.ndindex(*column.shape):
        (key,) = keys_of(np.array([row]), np.array([rate]), np.array([detail]))
        assert laid[key] == column[rate, detail, row]


@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize("rate", range(RATE_CLASSES))
def test_a_slow_subject_is_due_in_step_with_its_id(rate: int, every: int) -> None:
    """Every 2**rate ticks, whoever observes it and whenever they look; others in between."""
    entities, views = people(34), Views(every)
    dues = []
    for tick in range(-1 % every, 64 + -1 % every):
        if is_turn(entities.id[:1], tick, every)[0]:
            look(entities, views, [0], [(0, 1, rate), (0, 2, rate)], tick)
        dues.append(due(entities, views, tick))
    dues = dues[64 - -1 % every :] + dues[: 64 - -1 % every]  # by the tick modulo 64
    assert [tick for tick, pairs in enumerate(dues) if (0, 1) in pairs] == list(range(-2 % 2**rate, 64, 2**rate))
    assert [tick for tick, pairs in enumerate(dues) if (0, 2) in pairs] == list(range(-3 % 2**rate, 64, 2**rate))


@pytest.mark.parametrize("rate", range(RATE_CLASSES))
def test_who_does_not_look_again_goes_on(rate: int) -> None:
    """In a room in which nothing changes nobody looks; what they see stays due as ever."""
    entities, views = people(10), Views(4)
    look(entities, views, [0], [(0, 3, rate)], 3)
    dues = []
    for tick in range(3, 99):
        dues += [tick] * len(due(entities, views, tick))
    assert dues == [tick for tick in range(3, 99) if (tick + 4) % 2**rate == 0]


def test_records_are_made_when_they_are_due() -> None:
    """Of each class at the same ticks at which pairs of that class are."""
    entities, views = people(10), Views(1)
    for tick in range(40):
        for rate in range(4):
            look(entities, views, [0], [(0, row, rate) for row in range(1, 10)], tick)
            made = [(0, row) for row in range(1, 10) if in_step(entities, np.array([row]), rate, tick)[0]]
            assert due(entities, views, tick) == made
            assert views.rates_due(entities, tick) == ([rate] if made else [])


def test_a_view_holds_until_the_next_look_and_no_longer() -> None:
    """Whoever looks anew is told of what it wants then; others' views are theirs."""
    entities, views = people(8), Views(4)
    looking = {tick: np.flatnonzero(is_turn(entities.id[:8], tick, 4)).tolist() for tick in range(12)}
    for tick in range(12):
        look(entities, views, looking[tick], [(row, tick % 8, 0) for row in looking[tick]], tick)
        if tick >= 3:
            current = {row: past % 8 for past in range(tick - 3, tick + 1) for row in looking[past]}
            assert sorted(due(entities, views, tick)) == sorted(current.items())


def test_a_look_tells_who_comes_and_who_goes() -> None:
    """Of those who look alone; who stays keeps the pose that it was told last."""
    entities, views = people(8), Views(1)
    look(entities, views, [0, 1], [(0, 2, 0), (0, 3, 0), (1, 2, 0)], 0)
    change = look(entities, views, [0], [(0, 3, 0), (0, 4, 0)], 1, pose=17)
    assert listed(change.entering) == [(0, 4)]
    assert listed(change.left) == [(0, 2)]
    before = told(entities, views, 1, pose=33)
    held = dict(zip(listed(before), before.pose.tolist(), strict=True))
    assert held == {(1, 2): POSE, (0, 3): POSE, (0, 4): 17}


def test_views_last_when_turns_become_rarer_and_more_frequent() -> None:
    """Whoever looks first then changes its own view alone; what all others see stays in view, and due."""
    entities, views = people(40), Views(2)
    pairs = {row: [(row, subject, subject % 2) for subject in range(30, 40)] for row in range(20)}
    for tick in range(2):
        looking = np.flatnonzero(is_turn(entities.id[:20], tick, 2)).tolist()
        look(entities, views, looking, [pair for row in looking for pair in pairs[row]], tick, ticks=2)
    for tick, ticks, looker in ((2, 8, 4), (4, 8, 5), (6, 2, 6), (8, 8, 0), (10, 2, 7), (12, 8, 4)):
        lost = pairs[looker].pop()
        change = look(entities, views, [looker], pairs[looker], tick, ticks=ticks)
        assert (listed(change.left), listed(change.entering)) == ([lost[:2]], [])
        for row in range(20):
            assert listed(views.of(entities, row)) == [pair[:2] for pair in pairs[row]]
        found = due(entities, views, tick) + due(entities, views, tick + 1)
        expected = [pair[:2] for row in range(20) for pair in pairs[row] for _ in range(2 - pair[2])]
        assert sorted(found) == sorted(expected)


def test_what_is_told_is_noted_with_the_pair() -> None:
    """Of those who were due and nobody else, and it stays with the pair across a look out of turn."""
    entities, views = people(12), Views(4)
    look(entities, views, [0, 1, 2, 3], [(0, 5, 0), (1, 5, 1), (2, 5, 0), (3, 5, 0)], 0)  # 5 is told of at even ticks
    assert sorted(listed(told(entities, views, 1, pose=33))) == [(0, 5), (2, 5), (3, 5)]
    look(entities, views, [2], [(2, 5, 0), (2, 6, 0)], 1, pose=17)
    now = told(entities, views, 2, pose=49)
    assert dict(zip(listed(now), now.pose.tolist(), strict=True)) == {
        (3, 5): 33,
        (0, 5): 33,
        (1, 5): POSE,
        (2, 5): 33,
        (2, 6): 17,
    }


def test_who_holds_the_base_of_a_delta_is_told_by_it() -> None:
    """Others are told of the whole pose; who was told of it, or cannot be told, is told nothing."""
    entities, views = people(8), Views(1)
    for pose, observers in ((1, [0, 1, 2]), (2, [3, 4]), (3, [5])):
        look(entities, views, observers, [(row, 7, 0) for row in observers], 0, pose=pose)
    shown, bases = (np.full(RATE_CLASSES * len(Detail) * MAX_ROWS, pose, np.uint32) for pose in (3, 2))
    slot_of = np.array([0, -1, 1, 2, -1, 3, 4, 5])
    first = views.tell(entities, 1, slot_of, shown, bases)
    assert (first.deltas.tolist(), first.predicted.size, len(first)) == ([[2], [7]], 0, 3)
    assert (listed(first.whole), first.whole.pose.tolist()) == ([(0, 7), (2, 7)], [1, 1])
    again = views.tell(entities, 2, np.arange(8), shown, bases)
    assert (again.deltas.tolist(), listed(again.whole)) == ([[4], [7]], [(1, 7)])


def test_who_was_told_by_a_delta_before_is_told_by_a_prediction() -> None:
    """Where there is one, and of who is due at every tick alone; a whole record in between begins anew."""
    entities, views = people(8), Views(1)
    look(entities, views, [0, 1], [(0, 7, 0), (1, 7, 1)], 0, pose=1)  # 7 has an even id: due for 1 at even ticks
    everybody = np.arange(8)

    def tell(tick: int, pose: int, base: int, *, is_predicted: bool = True) -> tuple[list[int], list[int], list[int]]:
        shown, bases = (np.full(RATE_CLASSES * len(Detail) * MAX_ROWS, name, np.uint32) for name in (pose, base))
        now = views.tell(entities, tick, everybody, shown, bases | np.uint32(kernels.STEADY * is_predicted))
        return sorted(now.deltas[0].tolist()), now.predicted[0].tolist(), now.whole.observers.tolist()

    assert tell(0, 17, 1) == ([0, 1], [], [])
    assert tell(1, 33, 17) == ([], [0], [])
    assert tell(2, 49, 33) == ([], [0], [1])  # who is told at every other tick does not hold the base
    assert tell(3, 65, 49, is_predicted=False) == ([0], [], [])
    assert tell(4, 81, 65) == ([], [0], [1])
    assert tell(5, 97, 0) == ([], [], [0])
    assert tell(7, 113, 97) == ([0], [], [])
    assert tell(9, 129, 113) == ([], [0], [])
    assert tell(11, 129, 113) == ([], [], [])
    assert tell(12, 145, 81) == ([1], [], [0])
    assert tell(14, 161, 145) == ([0, 1], [], [])  # of 1 for the second time in a row


def test_who_is_held_no_longer_is_pruned() -> None:
    """And nobody else; what is due is found anew."""
    entities, views = people(8), Views(4)
    look(entities, views, [0, 1], [(0, 2, 1), (0, 3, 1), (1, 2, 1), (1, 3, 1)], 0)
    entities.given[:2, 2:4] = True
    entities.forget(np.array([0]), np.array([2]))
    views.prune(entities, 0)
    both = sorted(due(entities, views, 0) + due(entities, views, 1))
    assert both == [(0, 3), (1, 2), (1, 3)]


def test_what_is_due_is_grouped_as_observers_are_ordered() -> None:
    """The order in which frames are laid out, looks out of turn included."""
    entities, views = people(12), Views(4)
    for tick in range(4):
        rows = np.flatnonzero(is_turn(entities.id[:12], tick, 4)).tolist()
        look(entities, views, rows, [(row, subject, 0) for row in rows for subject in (1, 2)], tick)
    order = views.order(entities, np.arange(12)).tolist()
    again = views.order(entities, np.array([0, 5, 6])).tolist()
    look(entities, views, again, [(row, subject, 0) for row in again for subject in (1, 2)], 3)
    assert [observer for observer, _ in due(entities, views, 3)] == [row for row in order for _ in range(2)]
