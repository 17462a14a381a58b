"""Where an observer looks from besides its own place: who may, and whom it sees from there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.entities import Body, Entities
from presence.explain import Reason, explain, in_words
from presence.interest import select
from presence.overview import overview
from presence.rings import Detail, Ring
from presence.room import RoomSettings
from protocol.errors import Refusal
from protocol.schema import MAX_VIEWPOINTS, Done, Error, LookFrom
from tests.rooms import Stage, Visitor, identity, world, zone

THERE = (60.0, 0.0, 0.0)
BACK = (-60.0, 0.0, 0.0)
RADIUS_MM = 10_000
RINGS = (Ring(4_000, 0, Detail.FULL), Ring(20_000, 3, Detail.ROOT))
PLACE = world(
    clearances=["sealed"],
    zones=[
        zone("cell", (55, -1, -9), (65, 4, -5), isolated=True),
        zone("vault", (55, -1, 5), (65, 4, 9), clearance=["sealed"]),
    ],
)


def stage(**settings: Any) -> Stage:
    """Make a wide place with a sight of ten metres."""
    return Stage(PLACE, replace(RoomSettings(interest_radius_mm=RADIUS_MM, rings=RINGS), **settings))


def look_from(hall: Stage, who: Visitor, place: tuple[float, float, float] | None, viewpoint: int = 0) -> None:
    """Have somebody see from a place too, metres, or no longer."""
    x, y, z = (round(edge * 1000) for edge in place or (0, 0, 0))
    hall.send(who, LookFrom, viewpoint, place is not None, x, y, z)


def test_one_sees_from_there_at_once_as_if_one_stood_there() -> None:
    """With the tick that carries it out, and in the rings of the nearer place; others see nothing of it."""
    hall = stage(look_every_ticks=8)
    teacher, near, far = hall.enter("t", roles=["instructor"]), hall.enter("near", THERE), hall.enter("far", (68, 0, 0))
    hall.tick(16)
    assert teacher.held.keys() == set()
    look_from(hall, teacher, THERE)
    hall.tick()
    assert teacher.all(Done)
    assert teacher.held.keys() == {near.entity, far.entity}
    assert far.held.keys() == {near.entity} | {teacher.entity}, "an instructor is pinned, wherever it looks from"
    plans = {each: explain(hall.room, teacher.entity, each, None, 1).plan for each in (near.entity, far.entity)}
    assert [plan and (plan.ring, plan.every_ticks) for plan in plans.values()] == [(1, 1), (2, 8)]


def test_two_places_and_ones_own_are_all_there_are() -> None:
    """Each is put elsewhere or given up by its number; what is seen from two of them is seen once."""
    hall = stage()
    viewer = hall.enter("v", roles=["spectator"])
    here, there, back = hall.enter("here", (2, 0, 0)), hall.enter("there", THERE), hall.enter("back", BACK)
    look_from(hall, viewer, THERE, 0)
    look_from(hall, viewer, (-58, 0, 0), 1)
    hall.tick()
    assert viewer.held.keys() == {here.entity, there.entity, back.entity}
    look_from(hall, viewer, (-62, 0, 0), 0)
    hall.tick()
    assert viewer.held.keys() == {here.entity, back.entity}
    look_from(hall, viewer, None, 0)
    look_from(hall, viewer, None, 1)
    hall.tick()
    assert viewer.held.keys() == {here.entity}


@pytest.mark.parametrize("roles", [[], ["officer"]])
def test_who_has_no_role_for_it_is_refused(roles: list[str]) -> None:
    """And told whom it is for; the roles are a setting."""
    hall = stage(viewpoint_roles=frozenset({"drone-pilot"}))
    ann, pilot = hall.enter("ann", roles=roles), hall.enter("pilot", roles=["drone-pilot"])
    hall.enter("there", THERE)
    look_from(hall, ann, THERE)
    look_from(hall, pilot, THERE)
    hall.tick()
    (error,) = ann.all(Error)
    assert (error.code, "drone-pilot" in error.reason) == (Refusal.NOT_ALLOWED, True)
    assert (len(ann.held), len(pilot.held)) == (1, 2)


def test_a_place_out_of_bounds_is_refused_and_the_old_one_stays() -> None:
    """Nothing changes."""
    hall = stage()
    teacher, there = hall.enter("t", roles=["instructor"]), hall.enter("there", THERE)
    look_from(hall, teacher, THERE)
    hall.tick()
    look_from(hall, teacher, (60.0, 3000.0, 0.0))
    hall.tick()
    (error,) = teacher.all(Error)
    assert error.code == Refusal.BAD_PLACE
    assert teacher.held.keys() == {there.entity}


def test_a_viewpoint_opens_no_door() -> None:
    """Isolation and clearance are those of the observer where it stands."""
    hall = stage()
    teacher = hall.enter("t", roles=["instructor"])
    hall.enter("inside", (60, 0, -7))
    sealed = hall.enter("sealed", (60, 0, 7), grants=["sealed"])
    look_from(hall, teacher, THERE)
    hall.tick(2)
    assert teacher.held.keys() == set()
    teacher.identity = identity("t", ["instructor"], ["sealed"])
    hall.room.refresh(teacher.row)
    hall.tick()
    assert teacher.held.keys() == {sealed.entity}


def test_who_loses_the_role_sees_from_nowhere_else() -> None:
    """At the tick after a token without it is presented."""
    hall = stage()
    teacher, there = hall.enter("t", roles=["instructor"]), hall.enter("there", THERE)
    look_from(hall, teacher, THERE)
    hall.tick()
    assert teacher.held.keys() == {there.entity}
    teacher.identity = identity("t")
    hall.room.refresh(teacher.row)
    hall.tick()
    assert teacher.held.keys() == set()


def test_the_past_is_explained_with_the_viewpoints_of_then() -> None:
    """Distance and radius count from the nearest place that the observer looked from."""
    hall = stage()
    teacher, there = hall.enter("t", roles=["instructor"]), hall.enter("there", (63, 0, 0))
    hall.tick(3)
    look_from(hall, teacher, THERE)
    hall.tick(3)
    look_from(hall, teacher, None)
    hall.tick(3)
    told = {tick: explain(hall.room, teacher.entity, there.entity, tick, 1) for tick in (3, 6, 9)}
    assert [each.is_held for each in told.values()] == [False, True, False]
    assert [round(each.now.distance_mm) for each in told.values()] == [63_000, 3_000, 63_000]
    assert [each.reason for each in told.values()] == [Reason.TOO_FAR, Reason.NEAR, Reason.TOO_FAR]
    assert "3 m apart, from the nearest of the 2 places that the observer looks from" in " ".join(in_words(told[6]))


def test_a_row_used_again_looks_from_nowhere_else() -> None:
    """Who takes the place of somebody who left has no viewpoint of theirs."""
    hall = stage()
    teacher, there = hall.enter("t", roles=["instructor"]), hall.enter("there", THERE)
    look_from(hall, teacher, THERE)
    hall.tick()
    hall.room.leave(teacher.row, hall.now)
    hall.tick(3)
    other = hall.enter("other", roles=["instructor"])
    hall.tick(3)
    assert other.row == teacher.row
    assert other.held.keys() == set()
    assert there.held.keys() == {other.entity}


def test_the_map_tells_them() -> None:
    """With the eyes of a chosen observer."""
    hall = stage()
    teacher = hall.enter("t", roles=["instructor"])
    look_from(hall, teacher, THERE, 1)
    hall.tick()
    told = overview(hall.room, teacher.entity, 0)
    assert told["observer"]["viewpoints_mm"] == [[60_000, 0, 0]]


@given(st.integers(0, 2**32 - 1), st.integers(0, MAX_VIEWPOINTS))
def test_the_nearest_eye_counts(seed: int, viewpoints: int) -> None:
    """Whom several eyes find is whom any of them finds, once each, as far away as from the nearest."""
    rng = np.random.default_rng(seed)
    entities, count = Entities(), 30
    for _ in range(count):
        entities.add(Body.ROOT, 0.0)
    entities.position[:count] = rng.integers(-20_000, 20_000, (count, 3)) // (1, 20, 1)
    entities.given[:count, :count] = rng.random((count, count)) < 0.5
    places = rng.integers(-20_000, 20_000, (count, viewpoints, 3)) // (1, 20, 1)
    entities.viewpoints = {
        row: {number: tuple(place) for number, place in enumerate(places[row].tolist())}
        for row in range(0, count, 2)
        if viewpoints
    }
    observers = rng.permutation(count)
    pairs = select(entities, observers, RADIUS_MM)
    assert list(dict.fromkeys(pairs.observers.tolist())) == [
        row for row in observers.tolist() if row in pairs.observers
    ]
    found = {
        (one, other): apart
        for one, other, apart in zip(
            *(column.tolist() for column in (pairs.observers, pairs.subjects, pairs.apart)), strict=True
        )
    }
    assert len(found) == len(pairs.apart)
    expected: dict[tuple[int, int], int] = {}
    for one in range(count):
        eyes = np.array([entities.position[one], *entities.viewpoints.get(one, {}).values()], np.int64)
        apart = ((eyes[:, None] - entities.position[None, :count]) ** 2).sum(axis=2).min(axis=0)
        limit = np.where(entities.given[one, :count], RADIUS_MM**2 * 529 // 400, RADIUS_MM**2)
        expected |= {
            (one, other): int(apart[other]) for other in np.flatnonzero(apart <= limit).tolist() if other != one
        }
    assert found == expected
