"""What a room remembers: as much as promised, no more than promised, and nothing where nothing happens."""

from __future__ import annotations

import numpy as np
import pytest

from presence import history
from presence.history import KEPT_TICKS, Link
from presence.room import RoomSettings
from tests.rooms import Metres, Stage, Visitor, world, zone

SETTINGS = RoomSettings(look_every_ticks=4)


def stage_of_two() -> tuple[Stage, Visitor, Visitor]:
    """Let Ann and Bob stand three metres apart for a while."""
    stage = Stage(settings=SETTINGS)
    ann, bob = stage.enter("ann", (0, 0, 0)), stage.enter("bob", (3, 0, 0))
    stage.tick(10)
    return stage, ann, bob


def place_of(stage: Stage, visitor: Visitor, tick: int) -> list[int]:
    """Where somebody stood at the end of a tick, mm."""
    past = stage.room.history.past(stage.room.state.entities, visitor.entity)
    past.back_to(tick)
    place = past.place_of(visitor.entity)
    assert place is not None
    return [int(axis) for axis in place]


def test_a_room_in_which_nothing_happens_keeps_nothing() -> None:
    """However long it goes on."""
    stage, _, _ = stage_of_two()
    kept = stage.room.history.n_bytes
    stage.tick(KEPT_TICKS // 2)
    assert stage.room.history.n_bytes == kept
    stage.tick(KEPT_TICKS)
    assert stage.room.history.n_bytes == 0


def test_every_way_of_moving_can_be_undone() -> None:
    """Steps on the level, up and down, jumps, and ways that no step describes."""
    stage, ann, _ = stage_of_two()
    places: list[Metres] = [(0.3, 0, 0), (0.3, 0.1, 0), (0.5, 0, -0.2), (0.5, 0, -0.2), (100, 3, 0), (-900, 0, 900)]
    began = stage.room.tick_number
    for place in places:
        stage.put(ann, place)
        stage.tick()
    for number, place in enumerate(places, began + 1):
        assert place_of(stage, ann, number) == [round(axis * 1000) for axis in place]
    assert place_of(stage, ann, began) == [0, 0, 0]


def test_who_stood_there_is_not_moved_by_who_came_and_went_since() -> None:
    """Somebody who takes a seat and gives it up between two ticks was never there."""
    stage, ann, bob = stage_of_two()
    left_at = stage.room.tick_number
    stage.exit(bob)
    stage.tick(2 * SETTINGS.look_every_ticks)
    cid = stage.enter("cid", (-8, 0, 0))
    assert cid.row == bob.row
    stage.exit(cid)
    stage.walk(ann, (0.1, 0, 0))
    stage.tick()
    assert place_of(stage, bob, left_at) == [3000, 0, 0]


def test_a_walker_costs_some_bytes_a_tick() -> None:
    """Four for a step on the level and a bit of a row, besides what a tick costs by itself."""
    stage = Stage(settings=RoomSettings(capacity=200, interest_radius_mm=1))
    walkers = [stage.enter(f"v{number}", (number, 0, 0)) for number in range(200)]
    stage.tick(4)
    kept = stage.room.history.n_bytes
    for tick in range(10):
        for number, walker in enumerate(walkers):
            stage.walk(walker, (number, 0, (tick + 1) / 10))
        stage.tick()
    assert (stage.room.history.n_bytes - kept) / 10 < 200 * 4 + 256 / 8 + 500


def test_the_last_ticks_can_be_asked_for_and_no_others() -> None:
    """From the room's first one on, then as many as promised."""
    stage, ann, _ = stage_of_two()
    assert stage.room.history.oldest_tick == 1
    for number in range(KEPT_TICKS + 100):
        stage.walk(ann, (number % 2 / 10, 0, 0))
        stage.tick()
    newest = stage.room.tick_number
    assert stage.room.history.oldest_tick == newest - KEPT_TICKS + 1
    for tick in (newest, newest - KEPT_TICKS + 1):
        assert place_of(stage, ann, tick) == [(tick - 11) % 2 * 100, 0, 0]


def test_a_wild_room_remembers_fewer_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than more bytes than there are for it; the ticks that are left are as right as ever."""
    monkeypatch.setattr(history, "_MAX_BYTES", 10_000)
    stage, ann, _ = stage_of_two()
    for number in range(100):
        stage.walk(ann, (number % 2 / 10, 0, 0))
        stage.tick()
        assert stage.room.history.n_bytes <= 10_000
    oldest = stage.room.history.oldest_tick
    assert 10 < stage.room.tick_number - oldest < 90
    assert place_of(stage, ann, oldest) == [(oldest - 11) % 2 * 100, 0, 0]


def test_who_left_is_remembered_with_what_they_held() -> None:
    """Their row may be somebody else's by now."""
    stage, ann, bob = stage_of_two()
    tick = stage.room.tick_number
    stage.exit(ann)
    past = stage.room.history.past(stage.room.state.entities, ann.entity)
    assert (past.tick, past.held, past.link()) == (tick, {bob.entity}, Link.READY), "between two ticks"
    stage.tick(20)
    cid = stage.enter("cid", (50, 0, 0))
    assert cid.row == ann.row
    stage.tick(20)
    past = stage.room.history.past(stage.room.state.entities, ann.entity)
    assert (past.held, past.link(), past.place_of(ann.entity)) == (set(), Link.NONE, None)
    past.back_to(tick)
    assert (past.held, past.link()) == ({bob.entity}, Link.READY)


def test_a_room_that_grows_remembers_what_it_was() -> None:
    """Rows are added to the columns; the ticks before had none of them."""
    stage, ann, bob = stage_of_two()
    tick = stage.room.tick_number
    for number in range(100):
        stage.enter(f"v{number}", (number, 0, 5))
    stage.tick(4)
    past = stage.room.history.past(stage.room.state.entities, ann.entity)
    assert len(past.held) > 2
    past.back_to(tick)
    assert past.held == {bob.entity}
    assert past.columns(stage.room.world).alive().tolist() == sorted([ann.row, bob.row])


def test_the_columns_of_a_tick_are_those_that_were() -> None:
    """Zones and what they ask for, clearances, blocks and bodies, for those who decided by them."""
    place = world(zones=[zone("vault", (5, -1, -5), (9, 5, 5), clearance=["secret"])], clearances=["secret"])
    stage = Stage(place, SETTINGS)
    ann = stage.enter("ann", (0, 0, 0), grants={"secret"})
    bob = stage.enter("bob", (6, 0, 0))
    stage.tick(8)
    tick = stage.room.tick_number
    stage.put(bob, (3, 0, 0))
    stage.block(ann, bob)
    stage.reach(bob, (3.1, 0, 0))
    stage.exit(ann)
    stage.tick(3)
    past = stage.room.history.past(stage.room.state.entities, ann.entity)
    past.back_to(tick)
    columns = past.columns(stage.room.world)
    assert (columns.zone[bob.row], columns.requires[bob.row], columns.grants[ann.row]) == (1, 1, 1)
    assert (columns.body[bob.row], columns.has_blocks) == (0, False)
    assert np.flatnonzero(columns.given[ann.row]).tolist() == [bob.row]
