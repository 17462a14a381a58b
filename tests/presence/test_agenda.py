"""When observers look around, and when what they want is due."""

from __future__ import annotations

import numpy as np
import pytest

from presence.agenda import Agenda, Due, in_step
from presence.entities import Body, Entities


def people(count: int) -> Entities:
    """Make entities in rows from 0, with ids from 1."""
    entities = Entities()
    for _ in range(count):
        entities.add(Body.ROOT, 0.0)
    return entities


def wanting(pairs: list[tuple[int, int, int]]) -> Due:
    """Make a list of (observer, subject, rate)."""
    columns = np.array(pairs, np.intp).reshape(-1, 3)
    rate = columns[:, 2].astype(np.uint8)
    return Due(columns[:, 0], columns[:, 1], rate, np.zeros(len(pairs), np.uint8))


def listed(due: Due) -> list[tuple[int, int]]:
    """List (observer, subject) pairs."""
    return list(zip(due.observers.tolist(), due.subjects.tolist(), strict=True))


@pytest.mark.parametrize("every", [1, 2, 4, 8])
def test_everybody_looks_once_in_a_while_and_not_all_at_once(every: int) -> None:
    """Once in so many ticks, in step with their ids."""
    entities, agenda, rows = people(16), Agenda(every), np.arange(16)
    looks = np.array([agenda.looks(entities, rows, tick) for tick in range(100, 100 + every)])
    assert (looks.sum(axis=0) == 1).all()
    assert (looks.sum(axis=1) == 16 // every).all()
    assert (entities.id[rows][looks[0]] % every == -100 % every).all()


@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize("rate", range(6))
def test_a_slow_subject_is_due_in_step_with_its_id(rate: int, every: int) -> None:
    """Every 2**rate ticks, whoever observes it and whenever they look; others in between."""
    entities, agenda = people(34), Agenda(every)
    dues = []
    for tick in range(-1 % every, 64 + -1 % every):
        is_turn = agenda.looks(entities, np.array([0]), tick)[0]
        agenda.plan(entities, wanting([(0, 1, rate), (0, 2, rate)] if is_turn else []), tick)
        dues.append(listed(agenda.due(tick)))
    dues = dues[64 - -1 % every :] + dues[: 64 - -1 % every]  # by the tick modulo 64
    assert [tick for tick, due in enumerate(dues) if (0, 1) in due] == list(range(-2 % 2**rate, 64, 2**rate))
    assert [tick for tick, due in enumerate(dues) if (0, 2) in due] == list(range(-3 % 2**rate, 64, 2**rate))


def test_records_are_made_when_they_are_due() -> None:
    """Of each class at the same ticks at which pairs of that class are."""
    entities, agenda = people(10), Agenda(1)
    for tick in range(40):
        for rate in range(4):
            agenda.plan(entities, wanting([(0, row, rate) for row in range(1, 10)]), tick)
            made = [(0, row) for row in range(1, 10) if in_step(entities, np.array([row]), rate, tick)[0]]
            assert listed(agenda.due(tick)) == made


def test_a_plan_holds_until_the_next_look_and_no_longer() -> None:
    """Whoever looks anew is told of what it wants then; others' plans are theirs."""
    entities, agenda = people(8), Agenda(4)
    looking = {tick: np.flatnonzero(agenda.looks(entities, np.arange(8), tick)).tolist() for tick in range(12)}
    for tick in range(12):
        agenda.plan(entities, wanting([(row, tick % 8, 0) for row in looking[tick]]), tick)
        if tick >= 3:
            current = {row: past % 8 for past in range(tick - 3, tick + 1) for row in looking[past]}
            assert sorted(listed(agenda.due(tick))) == sorted(current.items())


def test_what_is_due_is_grouped_as_observers_are_ordered() -> None:
    """The order in which frames are laid out."""
    entities, agenda = people(12), Agenda(4)
    for tick in range(4):
        rows = np.flatnonzero(agenda.looks(entities, np.arange(12), tick)).tolist()
        agenda.plan(entities, wanting([(row, subject, 0) for row in rows for subject in (1, 2)]), tick)
    order = agenda.order(entities, np.arange(12)).tolist()
    assert [observer for observer, _ in listed(agenda.due(3))] == [row for row in order for _ in range(2)]
