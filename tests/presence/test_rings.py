"""How often and in how much detail people are told of, by how far away they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.snapshot_reader import Absolute, Delta, Pose, Snapshot
from presence.identity import SPECTATOR
from presence.rings import RATE_CLASSES, Detail, Ring
from presence.room import RoomSettings
from protocol.records import DOT_STEP_MM, Section
from protocol.schema import Spawn, Teleport
from tests.rooms import Metres, Stage, Visitor, world, zone

if TYPE_CHECKING:
    from presence.world import World

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


# --- dots -------------------------------------------------------------------------------------------------------------

DOTS = (Ring(10_000, 0, Detail.FULL), Ring(40_000, 1, Detail.DOT))


def dot_stage(rings: tuple[Ring, ...] = DOTS, place: World | None = None, **settings: Any) -> Stage:
    """Make a place in which whoever is further than ten metres away is a dot."""
    return Stage(place, RoomSettings(interest_radius_mm=50_000, rings=rings, **settings))


def records_of(visitor: Visitor) -> list[Absolute | Delta]:
    """List the records that somebody was sent in the last tick."""
    found: list[Absolute | Delta] = []
    for told in visitor.all(Snapshot):
        found += [*told.absolutes, *told.deltas]
    return found


@given(
    start=st.tuples(st.floats(11, 45), st.floats(-2, 2), st.floats(-5, 5)),
    ways=st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.02, 0.02), st.floats(-0.3, 0.3)), max_size=24),
    rate=st.sampled_from([0, 1, 3]),
    is_tracked=st.booleans(),
)
@settings(max_examples=60)
def test_a_dot_is_where_one_is_within_half_a_step(
    start: Metres, ways: list[Metres], rate: int, is_tracked: bool
) -> None:
    """Wherever somebody goes, on each axis; and nothing is told of where they look, nor of their hands."""
    stage = dot_stage((DOTS[0], Ring(60_000, rate, Detail.DOT)))
    ann, bob = stage.enter("ann"), stage.enter("bob", start)
    stage.tick()
    place = start
    for step, way in enumerate(ways):
        x, y, z = (axis + by for axis, by in zip(place, way, strict=True))
        place = (max(x, 11.0), y, z)
        (stage.reach if is_tracked else stage.walk)(bob, place, yaw=1 + step)
        stage.tick()
        for _ in range((1 << rate) - 1):
            assert all(isinstance(record, Absolute) for record in records_of(ann))
            stage.tick()
        held = ann.held[bob.entity]
        exact = stage.room.state.entities.position[bob.row].tolist()
        assert max(abs(told - axis) for told, axis in zip(held.place, exact, strict=True)) <= DOT_STEP_MM // 2
        assert held == Pose(Section.DOT, held.place)


def test_a_dot_is_told_again_only_where_it_is_another_dot() -> None:
    """Turning and trembling cost nothing; eight bytes say the rest, however slowly one goes."""
    stage = dot_stage((DOTS[0], Ring(40_000, 0, Detail.DOT)))
    ann, bob = stage.enter("ann"), stage.enter("bob", (20, 0, 0))
    stage.tick()
    told = []
    for step in range(1, 26):
        stage.walk(bob, (20, 0, step / 100), yaw=step)
        stage.tick()
        told += [(step, record) for record in records_of(ann)]
    assert told == [
        (7, Absolute(bob.entity, 0, 0, Pose(Section.DOT, (20_000, 0, 125)))),
        (19, Absolute(bob.entity, 0, 0, Pose(Section.DOT, (20_000, 0, 250)))),
    ]


@pytest.mark.parametrize("look_every_ticks", [1, 4])
@pytest.mark.parametrize("is_tracked", [False, True])
def test_a_dot_becomes_a_person_and_a_person_a_dot(look_every_ticks: int, is_tracked: bool) -> None:
    """Although nobody moves but the observer, who is told at the next due tick."""
    stage = dot_stage(look_every_ticks=look_every_ticks)
    ann, bob = stage.enter("ann"), stage.enter("bob", (30, 0, 0))
    (stage.reach if is_tracked else stage.walk)(bob, (30.01, 0, 0.02), yaw=77)
    stage.tick(2 * look_every_ticks)
    assert ann.held[bob.entity] == Pose(Section.DOT, (30_000, 0, 0))
    for _ in range(2):
        stage.put(ann, (25, 0, 0))
        stage.tick(look_every_ticks + 2)
        near = ann.held[bob.entity]
        assert near.body is (Section.TRACKED if is_tracked else Section.ROOT)
        assert (near.place, near.yaw) == ((30_010, 0, 20), 77)
        stage.put(ann, (0, 0, 0))
        stage.tick(look_every_ticks + 2)
        assert ann.held[bob.entity] == Pose(Section.DOT, (30_000, 0, 0))


def test_things_far_away_are_dots_too() -> None:
    """Whatever they are, and however they are turned."""
    kinds = {"kinds": [{"kind": "folder", "grabbable": True}]}
    stage = dot_stage(place=world(props=kinds))
    ann, bob = stage.enter("ann"), stage.enter("bob", (30, 0, 0))
    stage.send(bob, Spawn, "folder", 30_100, 900, 0, 0)
    stage.tick(2)
    (folder,) = ann.things
    assert ann.held[folder] == Pose(Section.DOT, (30_125, 875, 0))
    assert bob.held[folder].body is Section.THING


@given(places=st.lists(st.tuples(st.floats(11, 40), st.just(0.0), st.floats(-20, 20)), min_size=4, max_size=4))
@settings(max_examples=30)
def test_whom_one_may_not_see_is_no_dot_either(places: list[Metres]) -> None:
    """Spectators, who has blocked whom, and who is where a clearance is needed; wherever they are."""
    vault = zone("vault", (100, -1, -50), (200, 5, 50), clearance=["secret"])
    stage = dot_stage(place=world(zones=[vault], clearances=["secret"]), look_every_ticks=4)
    x, y, z = places[2]
    ann = stage.enter("ann", (60, 0, 0))
    spectator = stage.enter("spectator", places[0], roles=[SPECTATOR])
    blocked = stage.enter("blocked", places[1])
    stage.enter("uncleared", (x + 89, y, z), grants=["secret"])
    stage.put(ann, (x + 60, 0, z))
    plain = stage.enter("plain", (x + 45, y, z))
    stage.block(ann, blocked)
    for step in range(8):
        for each in (spectator, blocked):
            stage.put(each, (x + 30 + step / 5, y, z))
        stage.tick()
        assert {record.entity for record in records_of(ann)} <= {plain.entity}
        assert ann.held.keys() == {plain.entity}
    assert ann.held[plain.entity].body is Section.DOT
    stage.block(ann, blocked, is_blocked=False)
    stage.tick(4)
    assert ann.held[blocked.entity].body is Section.DOT
