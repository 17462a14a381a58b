"""Views: when observers look around, what looking changes, and when what they see is due."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.entities import MAX_ROWS, Body, Entities
from presence.rings import RATE_CLASSES, Detail
from presence.views import Change, Sightings, Views, by_key, in_step, keys_of

POSE = 5  # what everybody's newest pose is called here, unless said otherwise


def people(count: int) -> Entities:
    """Make entities in rows from 0, with ids from 1."""
    entities = Entities()
    for _ in range(count):
        entities.add(Body.ROOT, 0.0)
    return entities


def wanting(pairs: list[tuple[int, int, int]]) -> Sightings:
    """Make a list of (observer, subject, rate)."""
    columns = np.array(pairs, np.intp).reshape(-1, 3)
    return Sightings.new(columns[:, 0], keys_of(columns[:, 1], columns[:, 2], np.zeros(len(pairs), np.uint8)))


def listed(seen: Sightings) -> list[tuple[int, int]]:
    """List (observer, subject) pairs."""
    return list(zip(seen.observers.tolist(), seen.subjects.tolist(), strict=True))


def look(
    entities: Entities, views: Views, looking: list[int], pairs: list[tuple[int, int, int]], tick: int, pose: int = POSE
) -> Change:
    """Let observers see (observer, subject, rate), when everybody's newest pose is `pose`."""
    shown = by_key(np.uint16, np.full((1, 1, entities.capacity), pose, np.uint16))
    return views.replace(entities, np.array(looking, np.intp), wanting(pairs), shown, tick)


@pytest.mark.parametrize("every", [1, 2, 4, 8])
def test_everybody_looks_once_in_a_while_and_not_all_at_once(every: int) -> None:
    """Once in so many ticks, in step with their ids."""
    entities, views, rows = people(16), Views(every), np.arange(16)
    looks = np.array([views.looks(entities, rows, tick) for tick in range(100, 100 + every)])
    assert (looks.sum(axis=0) == 1).all()
    assert (looks.sum(axis=1) == 16 // every).all()
    assert (entities.id[rows][looks[0]] % every == -100 % every).all()


@given(
    subject=st.integers(0, MAX_ROWS - 1),
    rate=st.integers(0, RATE_CLASSES - 1),
    detail=st.sampled_from([*map(int, Detail)]),
)
def test_a_key_tells_subject_rate_and_detail(subject: int, rate: int, detail: int) -> None:
    """As they were put in."""
    keys = keys_of(np.array([subject]), np.array([rate], np.uint8), np.array([detail], np.uint8))
    seen = Sightings.new(np.zeros(1, np.intp), keys)
    assert (seen.subjects.tolist(), seen.rate.tolist(), seen.detail.tolist()) == ([subject], [rate], [detail])


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
        if views.looks(entities, np.array([0]), tick)[0]:
            look(entities, views, [0], [(0, 1, rate), (0, 2, rate)], tick)
        dues.append(listed(views.due(tick)))
    dues = dues[64 - -1 % every :] + dues[: 64 - -1 % every]  # by the tick modulo 64
    assert [tick for tick, due in enumerate(dues) if (0, 1) in due] == list(range(-2 % 2**rate, 64, 2**rate))
    assert [tick for tick, due in enumerate(dues) if (0, 2) in due] == list(range(-3 % 2**rate, 64, 2**rate))


@pytest.mark.parametrize("rate", range(RATE_CLASSES))
def test_who_does_not_look_again_goes_on(rate: int) -> None:
    """In a room in which nothing changes nobody looks; what they see stays due as ever."""
    entities, views = people(10), Views(4)
    look(entities, views, [0], [(0, 3, rate)], 3)
    dues = []
    for tick in range(3, 99):
        views.repeat(entities, tick)
        dues += [tick] * len(views.due(tick))
    assert dues == [tick for tick in range(3, 99) if (tick + 4) % 2**rate == 0]


def test_records_are_made_when_they_are_due() -> None:
    """Of each class at the same ticks at which pairs of that class are."""
    entities, views = people(10), Views(1)
    for tick in range(40):
        for rate in range(4):
            look(entities, views, [0], [(0, row, rate) for row in range(1, 10)], tick)
            made = [(0, row) for row in range(1, 10) if in_step(entities, np.array([row]), rate, tick)[0]]
            assert listed(views.due(tick)) == made


def test_a_view_holds_until_the_next_look_and_no_longer() -> None:
    """Whoever looks anew is told of what it wants then; others' views are theirs."""
    entities, views = people(8), Views(4)
    looking = {tick: np.flatnonzero(views.looks(entities, np.arange(8), tick)).tolist() for tick in range(12)}
    for tick in range(12):
        look(entities, views, looking[tick], [(row, tick % 8, 0) for row in looking[tick]], tick)
        if tick >= 3:
            current = {row: past % 8 for past in range(tick - 3, tick + 1) for row in looking[past]}
            assert sorted(listed(views.due(tick))) == sorted(current.items())


def test_a_look_tells_who_comes_and_who_goes() -> None:
    """Of those who look alone; who stays keeps the pose that it was told last."""
    entities, views = people(8), Views(1)
    look(entities, views, [0, 1], [(0, 2, 0), (0, 3, 0), (1, 2, 0)], 0)
    change = look(entities, views, [0], [(0, 3, 0), (0, 4, 0)], 1, pose=9)
    assert listed(change.views.take(change.entering)) == [(0, 4)]
    assert listed(change.left) == [(0, 2)]
    assert listed(views.due(1)) == [(0, 3), (0, 4), (1, 2)]
    assert views.due(1).pose.tolist() == [POSE, 9, POSE]


def test_what_is_told_is_noted_with_the_pair() -> None:
    """Of those who were due and nobody else, and it stays with the pair across a look out of turn."""
    entities, views = people(12), Views(4)
    look(entities, views, [0, 1, 2, 3], [(0, 5, 0), (1, 5, 1), (2, 5, 0), (3, 5, 0)], 0)  # 5 is told of at even ticks
    assert listed(views.due(1)) == [(3, 5), (0, 5), (2, 5)]
    views.note(1, np.array([23, 20, 22], np.uint16))
    look(entities, views, [2], [(2, 5, 0), (2, 6, 0)], 1, pose=9)
    now = views.due(2)
    assert dict(zip(listed(now), now.pose.tolist(), strict=True)) == {
        (3, 5): 23,
        (0, 5): 20,
        (1, 5): POSE,
        (2, 5): 22,
        (2, 6): 9,
    }


def test_who_is_held_no_longer_is_pruned() -> None:
    """And nobody else; what is due is found anew."""
    entities, views = people(8), Views(4)
    look(entities, views, [0, 1], [(0, 2, 1), (0, 3, 1), (1, 2, 1), (1, 3, 1)], 0)
    entities.given[:2, 2:4] = True
    entities.forget(np.array([0]), np.array([2]))
    views.prune(entities, 0)
    both = sorted(listed(views.due(0)) + listed(views.due(1)))
    assert both == [(0, 3), (1, 2), (1, 3)]


def test_what_is_due_is_grouped_as_observers_are_ordered() -> None:
    """The order in which frames are laid out, looks out of turn included."""
    entities, views = people(12), Views(4)
    for tick in range(4):
        rows = np.flatnonzero(views.looks(entities, np.arange(12), tick)).tolist()
        look(entities, views, rows, [(row, subject, 0) for row in rows for subject in (1, 2)], tick)
    order = views.order(entities, np.arange(12)).tolist()
    again = views.order(entities, np.array([0, 5, 6])).tolist()
    look(entities, views, again, [(row, subject, 0) for row in again for subject in (1, 2)], 3)
    assert [observer for observer, _ in listed(views.due(3))] == [row for row in order for _ in range(2)]
