"""How often and in how much detail people are told of, by how far away they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.snapshot_reader import Absolute, Snapshot
from presence.rings import RATE_CLASSES, Detail, Ring
from presence.room import RoomSettings
from protocol.records import Section
from protocol.schema import Teleport
from tests.rooms import Stage, Visitor

RINGS = (Ring(10_000, 0, Detail.FULL), Ring(20_000, 1, Detail.FULL), Ring(40_000, 3, Detail.ROOT))
SETTINGS = RoomSettings(interest_radius_mm=60_000, rings=RINGS)


def watched_from(*distances: float, look_every_ticks: int = 1) -> tuple[Stage, list[Visitor], Visitor]:
    """Let Bob stand at the origin, watched by people so many metres away; all have had their first snapshot."""
    stage = Stage(settings=replace(SETTINGS, look_every_ticks=look_every_ticks))
    bob = stage.enter("bob")
    watchers = [stage.enter(f"w{k}", (metres, 0, 0)) for k, metres in enumerate(distances)]
    stage.tick()
    return stage, watchers, bob


@pytest.mark.parametrize("look_every_ticks", [1, 4])
@pytest.mark.parametrize("is_stretched", [False, True])
def test_the_further_the_rarer(look_every_ticks: int, is_stretched: bool) -> None:
    """Every tick, every second, every eighth, however rarely one looks around; each time the pose of that moment."""
    stage, watchers, bob = watched_from(10, 10.001, 59, 20.001, 20, look_every_ticks=look_every_ticks)
    stage.room.stretch(is_stretched)
    told = [0] * 5
    for step in range(1, 33):
        stage.walk(bob, (0, 0, 0), yaw=step)
        stage.tick()
        for number, watcher in enumerate(watchers):
            records = [record for snapshot in watcher.all(Snapshot) for record in snapshot.records]
            told[number] += len(records)
            assert not records or watcher.held[bob.entity].yaw == step
    assert told == [32, 16, 4, 4, 16]


def test_the_last_step_arrives_in_every_ring() -> None:
    """Somebody who stops is shown where they stopped, and then nothing more is said."""
    stage, watchers, bob = watched_from(5, 15, 30)
    for step in range(1, 4):
        stage.walk(bob, (0, 0, step / 10))
        stage.tick()
    stage.tick(8)
    assert [watcher.held[bob.entity].place for watcher in watchers] == [(0, 0, 300)] * 3
    stage.tick()
    assert [watcher.all(Snapshot) for watcher in watchers] == [[]] * 3


def test_whom_one_follows_steadily_comes_as_deltas() -> None:
    """In slow rings too, since a delta starts from the last record of the same rate."""
    stage, watchers, bob = watched_from(15, 30)
    absolutes = 0
    for step in range(1, 41):
        stage.walk(bob, (0, 0, step / 100))
        stage.tick()
        if step > 8:
            absolutes += sum(len(snapshot.absolutes) for watcher in watchers for snapshot in watcher.all(Snapshot))
    assert absolutes == 0


def test_far_away_hands_are_left_out() -> None:
    """Beyond the rings with full detail a headset's wearer is told of like anybody else."""
    stage, watchers, bob = watched_from(5, 30)
    for _ in range(8):
        stage.reach(bob, (0, 0, 0), head_y=1700, left_x=-300)
        stage.tick()
    near, far = (watcher.held[bob.entity] for watcher in watchers)
    assert (near.body, len(near.parts)) == (Section.TRACKED, 3)
    assert (far.body, len(far.parts)) == (Section.ROOT, 0)


@pytest.mark.parametrize(("metres", "section"), [(5, Section.TRACKED), (30, Section.ROOT)])
def test_detail_follows_although_nobody_moves_but_the_observer(metres: float, section: Section) -> None:
    """Whoever comes near sees hands at once; whoever goes away no longer, and neither is left with an old pose."""
    stage, (watcher,), bob = watched_from(30 if metres < 20 else 5)
    stage.reach(bob, (0, 0, 0), head_y=1700)
    stage.tick(8)
    stage.put(watcher, (metres, 0, 0))
    stage.tick(8)
    assert watcher.held[bob.entity].body is section


def test_a_jump_is_said_to_be_one_in_slow_rings_too() -> None:
    """Although it happened some ticks before it is told."""
    stage, (watcher,), bob = watched_from(30)
    stage.tick(12)  # rested
    stage.walk(bob, (0, 0, 0), yaw=5)
    stage.tick(8)
    stage.room.receive(bob.row, Teleport(0, 2, 500, 0, 0, 0))
    records: list[Absolute] = []
    for _ in range(8):
        stage.tick()
        records += [record for snapshot in watcher.all(Snapshot) for record in snapshot.absolutes]
    assert [(record.flags, record.pose.place) for record in records] == [(1, (500, 0, 0))]


@given(st.integers(1, 8_000_000), st.integers(0, RATE_CLASSES - 1), st.sampled_from(Detail))
def test_a_ring_is_read_as_it_is_written(reach_mm: int, rate: int, detail: Detail) -> None:
    """To the millimetre."""
    ring = Ring(reach_mm, rate, detail)
    assert Ring.parse(str(ring)) == ring


def test_rings_out_of_order_are_our_mistake() -> None:
    """They are listed from the inside out, and there is at least one."""
    for rings in ((), RINGS[::-1], RINGS[:1] * 2):
        with pytest.raises(ValueError, match="rings"):
            RoomSettings(rings=rings)
        if rings:
            with pytest.raises(ValueError, match="rings"):
                RoomSettings(own_rings=rings)
    for reach_mm, rate in ((0, 0), (1, -1), (1, 6)):
        with pytest.raises(ValueError, match="no ring"):
            Ring(reach_mm, rate, Detail.FULL)
