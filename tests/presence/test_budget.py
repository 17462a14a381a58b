"""What an observer is told of a crowd that does not fit its budget."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.snapshot_reader import Snapshot
from presence import budget, interest
from presence.entities import Body, Entities
from presence.rings import Detail, Ring
from presence.room import RoomSettings
from presence.snapshot import HEAD_BYTES
from protocol.framing import Framing
from protocol.records import SECTION_HEADER
from tests.rooms import Metres, Stage, Visitor, last_snapshot

TICK_HZ = 20
BUDGET = 8_000  # bytes a second: a tick's worth is about 35 records
LOOK_EVERY_TICKS = 4
WATCHED = 4
SETTINGS = RoomSettings(look_every_ticks=LOOK_EVERY_TICKS, budget_bytes_per_s=BUDGET)


class Crowd(NamedTuple):
    """People who walk about in a small place; the first ones are watched."""

    stage: Stage
    people: list[Visitor]
    rng: Random
    last_told: dict[tuple[int, int], int]  # (observer, subject), by entity id -> tick
    places: dict[int, Metres]

    def walk(self, ticks: int) -> list[list[int]]:
        """Let everybody take a step at every tick. Returns what each of the watched was sent: bytes by tick."""
        sent: list[list[int]] = [[] for _ in range(WATCHED)]
        for _ in range(ticks):
            for entity, person in enumerate(self.people, 1):
                x, y, z = self.places[entity]
                step = self.rng.uniform(-0.05, 0.05), self.rng.uniform(-0.05, 0.05)
                self.places[entity] = place = (x + step[0], y, z + step[1])
                self.stage.walk(person, place)
            self.stage.tick()
            for number, observer in enumerate(self.people[:WATCHED]):
                sent[number].append(sum(map(len, observer.written)))
                for snapshot in observer.all(Snapshot):
                    for record in snapshot.records:
                        self.last_told[observer.entity, record.entity] = snapshot.tick
        return sent

    def ages(self, observer: Visitor) -> list[int]:
        """List how many ticks ago the observer was told of each that it holds, the nearest first."""
        x, _, z = self.places[observer.entity]
        now = self.stage.room.tick_number
        near = sorted(
            observer.held, key=lambda entity: (self.places[entity][0] - x) ** 2 + (self.places[entity][2] - z) ** 2
        )
        return [now - self.last_told[observer.entity, entity] for entity in near]


def crowd(count: int, side_m: float, settings: RoomSettings = SETTINGS) -> Crowd:
    """Gather people at random places of a square."""
    rng, stage = Random(1), Stage(settings=settings)
    places: dict[int, Metres] = {}
    people = []
    for number in range(count):
        place = (rng.uniform(0, side_m), 0.0, rng.uniform(0, side_m))
        people.append(stage.enter(f"u{number}", place, framing=Framing.WEBSOCKET))
        places[number + 1] = place
        if number >= WATCHED:
            people[-1].listens = False  # two hundred who read take their time
    return Crowd(stage, people, rng, {}, places)


def ask(gathered: Crowd, observer: Visitor, bytes_per_s: int) -> None:
    """Let an observer declare what it takes."""
    observer.budget_bytes_per_s = bytes_per_s
    gathered.stage.room.allot(observer.row)


@pytest.fixture(scope="module")
def settled() -> tuple[Crowd, list[list[int]]]:
    """Two hundred on six metres, after four seconds; and what was sent in the five seconds after."""
    gathered = crowd(200, 6.0)
    gathered.walk(4 * TICK_HZ)
    return gathered, gathered.walk(5 * TICK_HZ)


def test_the_budget_is_used_and_not_exceeded(settled: tuple[Crowd, list[list[int]]]) -> None:
    """In every second, by every observer."""
    for sent in settled[1]:
        for begin in range(len(sent) - TICK_HZ + 1):
            assert 0.88 * BUDGET < sum(sent[begin : begin + TICK_HZ]) <= BUDGET


def test_who_is_told_at_every_tick_costs_what_a_prediction_does() -> None:
    """So that half as many again as would fit as deltas are told of at every tick, even where they reel."""
    gathered = crowd(50, 6.0)
    gathered.walk(4 * TICK_HZ)
    for sent in gathered.walk(TICK_HZ):
        assert sum(sent) <= BUDGET
    for observer in gathered.people[:WATCHED]:
        assert gathered.ages(observer) == 49 * [0]


def test_a_stretched_room_keeps_to_its_budgets() -> None:
    """Although what was planned wrongly is put right half as often: less is planned for."""
    gathered = crowd(200, 6.0)
    gathered.stage.room.stretch(True)
    gathered.walk(8 * TICK_HZ)
    for sent in gathered.walk(3 * TICK_HZ):
        for begin in range(len(sent) - TICK_HZ + 1):
            assert 0.7 * BUDGET < sum(sent[begin : begin + TICK_HZ]) <= BUDGET


def test_who_asks_for_less_is_sent_less() -> None:
    """Its share and no more, from the next look on; others are sent what the room allows, and so is it once it asks."""
    gathered = crowd(200, 6.0, replace(SETTINGS, budget_bytes_per_s=2 * BUDGET))
    modest, generous = gathered.people[:2]
    ask(gathered, modest, BUDGET)
    gathered.walk(4 * TICK_HZ)
    sent = gathered.walk(3 * TICK_HZ)
    for begin in range(len(sent[0]) - TICK_HZ + 1):
        assert 0.88 * BUDGET < sum(sent[0][begin : begin + TICK_HZ]) <= BUDGET
        assert 1.76 * BUDGET < sum(sent[1][begin : begin + TICK_HZ]) <= 2 * BUDGET
    assert len(modest.held) == len(generous.held) == 199
    ask(gathered, modest, 10 * BUDGET)
    ask(gathered, generous, 0)
    gathered.walk(TICK_HZ)
    modest_sent, generous_sent, *_ = gathered.walk(TICK_HZ)
    assert 1.76 * BUDGET < sum(modest_sent) <= 2 * BUDGET
    assert 0.88 * BUDGET < sum(generous_sent) <= BUDGET, "nobody is held below the floor"


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**32 - 1))
def test_a_budget_is_between_the_floor_and_the_rooms(asked: int, most: int) -> None:
    """The room's own has the last word, and who asks for something in between gets it."""
    found = budget.allowed(asked, most)
    assert min(budget.MIN_BYTES_PER_S, most) <= found <= most
    assert found == asked or not budget.MIN_BYTES_PER_S <= asked <= most


@pytest.mark.parametrize(("body", "count", "delta"), [(Body.ROOT, 500, 10), (Body.TRACKED, 200, 28)])
def test_the_floor_carries_a_crowd(body: Body, count: int, delta: int) -> None:
    """Everybody in sight at some rate and the nearest dozen ten times a second, with the heads of frames."""
    entities, rng = Entities(), np.random.default_rng(1)
    for _ in range(1 + count):
        entities.add(body, 0.0)
    entities.position[1 : 1 + count, ::2] = rng.uniform(-6_000, 6_000, (count, 2))
    entities.given[0, : 1 + count] = True
    entities.budget[0] = budget.MIN_BYTES_PER_S / TICK_HZ
    looking = np.array([0])
    pairs = interest.select(entities, looking, 10_000)
    every_tick, full = np.zeros(count, np.uint8), np.full(count, Detail.FULL, np.uint8)
    ration = budget.grant(entities, looking, pairs, every_tick, full, LOOK_EVERY_TICKS, is_stretched=False)
    assert ration.is_admitted.all()
    assert ration.rate[np.argsort(pairs.apart)[:12]].max() <= 1
    records = (1 / (1 << ration.rate.astype(np.int64))).sum()
    assert (records * delta + HEAD_BYTES + SECTION_HEADER.itemsize) * TICK_HZ <= budget.MIN_BYTES_PER_S


def test_dots_cost_what_they_are() -> None:
    """A budget is filled with dots as it is with records, and no more than fit it are planned."""
    entities, rng, count = Entities(), np.random.default_rng(2), 300
    for _ in range(1 + count):
        entities.add(Body.TRACKED, 0.0)
    entities.position[1 : 1 + count, ::2] = rng.uniform(-6_000, 6_000, (count, 2))
    entities.given[0, : 1 + count] = True
    entities.budget[0] = BUDGET / TICK_HZ
    looking = np.array([0])
    pairs, every_tick = interest.select(entities, looking, 10_000), np.zeros(count, np.uint8)
    sent = {}
    for detail, size in ((Detail.DOT, 8), (Detail.ROOT, 10)):
        details = np.full(count, detail, np.uint8)
        ration = budget.grant(entities, looking, pairs, every_tick, details, LOOK_EVERY_TICKS, is_stretched=False)
        records = (1 / (1 << ration.rate.astype(np.int64))).sum()
        sent[detail] = records * size + HEAD_BYTES + SECTION_HEADER.itemsize
    assert all(0.8 * BUDGET / TICK_HZ < size <= BUDGET / TICK_HZ for size in sent.values()), sent


def test_everybody_in_sight_is_told_of(settled: tuple[Crowd, list[list[int]]]) -> None:
    """Nobody is left out, and nobody waits for long: 200 at 35 a tick, the nearest ones first, within half a second."""
    gathered, _ = settled
    for observer in gathered.people[:WATCHED]:
        assert len(observer.held) == 199
        ages = gathered.ages(observer)
        assert max(ages) <= 16
        assert max(ages[:20]) < 2


def test_nobody_is_slowed_down_whose_budget_suffices() -> None:
    """Everybody is due at every tick, whatever others hold."""
    gathered = crowd(20, 3.0)
    gathered.walk(TICK_HZ)
    gathered.walk(1)
    for observer in gathered.people[:WATCHED]:
        assert gathered.ages(observer) == [0] * 19


def test_a_ring_is_no_faster_for_a_budget_to_spare() -> None:
    """Budgets only slow down."""
    rings = (Ring(1_000, 2, Detail.FULL), Ring(2_000, 3, Detail.FULL))
    gathered = crowd(20, 3.0, RoomSettings(look_every_ticks=LOOK_EVERY_TICKS, rings=rings, budget_bytes_per_s=200_000))
    gathered.walk(TICK_HZ)
    told_at = [set[int]() for _ in gathered.people]
    for _ in range(8):
        gathered.walk(1)
        for entity in gathered.people[0].held:
            if gathered.last_told[gathered.people[0].entity, entity] == gathered.stage.room.tick_number:
                told_at[entity - 1].add(gathered.stage.room.tick_number)
    assert {len(ticks) for ticks in told_at[1:]} <= {1, 2}


def test_what_is_used_is_what_was_written(settled: tuple[Crowd, list[list[int]]]) -> None:
    """As a share of the budget, over about a second."""
    gathered, sent = settled
    entities = gathered.stage.room.state.entities
    used = budget.used(entities, np.array([observer.row for observer in gathered.people[:WATCHED]]))
    last_second = np.array([sum(each[-TICK_HZ:]) for each in sent]) / BUDGET
    assert used == pytest.approx(last_second, abs=0.05)


def test_who_is_held_short_is_known() -> None:
    """Those who want more than they are granted, and nobody who stands apart from the crowd."""
    gathered = crowd(200, 6.0)
    apart = [gathered.stage.enter(f"apart{number}", (60.0 + number, 0, 0)) for number in range(3)]
    gathered.walk(TICK_HZ)
    is_short = gathered.stage.room.state.entities.is_short
    assert all(is_short[person.row] for person in gathered.people)
    assert not any(is_short[person.row] for person in apart)


def test_newcomers_to_a_crowd_see_the_nearest_first() -> None:
    """As many as half of the budget carries until the next look, then more, until they see all."""
    gathered = crowd(150, 6.0)
    observer = gathered.people[0]
    most = int(BUDGET / TICK_HZ * LOOK_EVERY_TICKS / 2 / 20)
    gathered.walk(1)
    first = last_snapshot(observer)
    assert first.is_full
    assert 0 < len(first.enters) <= most
    x, _, z = gathered.places[observer.entity]
    far = {
        entity: (place[0] - x) ** 2 + (place[2] - z) ** 2
        for entity, place in gathered.places.items()
        if entity != observer.entity
    }
    seen = {entity for entity, _generation in first.enters}
    assert max(far[entity] for entity in seen) <= min(far[entity] for entity in far.keys() - seen) + 0.5
    gathered.walk(3 * TICK_HZ)
    assert len(observer.held) == 149


def test_what_was_not_needed_is_not_saved_up() -> None:
    """After a quiet time there is no more to spend than at any other, and a socket that was full is owed nothing."""
    gathered = crowd(200, 6.0)
    gathered.walk(3 * TICK_HZ)
    gathered.people[0].is_writable = False
    gathered.stage.tick(5 * TICK_HZ)
    gathered.people[0].is_writable = True
    for sent in gathered.walk(TICK_HZ):
        assert sum(sent) <= 1.1 * BUDGET


@pytest.mark.parametrize(("near_by", "is_kept"), [(20, True), (150, False)])
def test_in_a_packed_hall_nobody_beyond_the_radius_stays(near_by: int, is_kept: bool) -> None:
    """Who goes a little beyond the radius stays in view, unless others would be told of too rarely for it."""
    gathered = crowd(near_by, 4.0)
    stage, observer = gathered.stage, gathered.people[0]
    gathered.walk(1)
    x, _, z = gathered.places[observer.entity]
    goers = [stage.enter(f"goer{number}", (x + 9.0, 0, z)) for number in range(8)]
    gathered.walk(2 * TICK_HZ)
    assert {goer.entity for goer in goers} <= observer.held.keys()
    for goer in goers:
        stage.put(goer, (x + 10.8, 0, z))
    gathered.walk(2 * LOOK_EVERY_TICKS)
    assert ({goer.entity for goer in goers} <= observer.held.keys()) is is_kept
    if not is_kept:
        assert len(observer.held) == near_by - 1


@pytest.mark.parametrize("seed", range(40))
def test_what_an_observer_is_granted_does_not_depend_on_who_else_looks(seed: int) -> None:
    """All together are granted what each is granted alone: what is explained for one is what a tick did for all."""
    rng = np.random.default_rng(seed)
    entities, count = Entities(), 60
    for _ in range(count):
        entities.add(Body(int(rng.integers(0, 2))), 0.0)
    entities.position[:count, ::2] = rng.integers(-9_000, 9_000, (count, 2))
    entities.given[:count, :count] = rng.random((count, count)) < rng.choice([0.5, 0.9, 1.0])
    entities.budget[:count] = rng.uniform(100, 1_500, count)
    entities.balance[:count] = entities.budget[:count] * rng.uniform(-0.5, 0.5, count)

    def granted(looking: NDArray[np.intp]) -> tuple[list[bool], list[int], list[bool]]:
        pairs = interest.select(entities, looking, 10_000)
        rate, detail = (np.asarray(pairs.subjects % most, np.uint8) for most in (3, len(Detail)))
        ration = budget.grant(entities, looking, pairs, rate, detail, LOOK_EVERY_TICKS, is_stretched=False)
        return ration.is_admitted.tolist(), ration.rate.tolist(), ration.is_short.tolist()

    alone = [granted(np.array([row])) for row in range(count)]
    together = granted(np.arange(count))
    assert together[0] == [is_admitted for each in alone for is_admitted in each[0]]
    assert together[1] == [rate for each in alone for rate in each[1]]
    assert together[2] == [is_short for each in alone for is_short in each[2]]
