"""Between two looks around: what waits for the next one, and what may not."""

from __future__ import annotations

import pytest

from benchmarks.snapshot_reader import Snapshot
from presence.room import RoomSettings
from tests.rooms import Stage, Visitor, last_snapshot, world, zone

EVERY = 8
ZONES = [
    zone("vault", (50, 0, -5), (60, 5, 5), clearance=["restricted"]),
    zone("booth", (-60, 0, -5), (-50, 5, 5), isolated=True),
]


def just_looked(bob_at: float = 2.0, every: int = EVERY) -> tuple[Stage, Visitor, Visitor]:
    """Let Ann and Bob stand together; Ann has just looked around, and looks again in EVERY ticks.

    every: four times as many in a room that is stretched.
    """
    stage = Stage(
        world(zones=ZONES, clearances=["restricted"]), RoomSettings(interest_radius_mm=100_000, look_every_ticks=EVERY)
    )
    ann, bob = stage.enter("ann", (40, 0, 0)), stage.enter("bob", (40 + bob_at, 0, 0))
    stage.room.stretch(every > EVERY)
    stage.tick(every)
    while (ann.entity + stage.room.tick_number) % every:
        stage.tick()
    return stage, ann, bob


@pytest.mark.parametrize("every", [EVERY, 4 * EVERY])
def test_who_comes_near_is_seen_at_the_next_look(every: int) -> None:
    """Not later, and with the pose of that tick; the one who came sees the others at once, having just arrived."""
    stage, ann, bob = just_looked(every=every)
    cid = stage.enter("cid", (41, 0, 0))
    stage.tick()
    assert cid.held.keys() == {ann.entity, bob.entity}
    for _ in range(every - 2):
        stage.tick()
        assert cid.entity not in ann.held
    stage.tick()
    assert cid.entity in ann.held


@pytest.mark.parametrize("every", [EVERY, 2 * EVERY])
def test_steps_are_told_between_looks(every: int) -> None:
    """Of everybody seen at the last one, at every tick; those whose turn is passed over go on as planned."""
    stage, ann, bob = just_looked(every=every)
    for step in range(2 * every):
        stage.walk(bob, (42 + step / 100, 0, 0))
        stage.tick()
        assert ann.held[bob.entity].place == (42_000 + 10 * step, 0, 0)


@pytest.mark.parametrize("every", [EVERY, 2 * EVERY])
@pytest.mark.parametrize("how", ["leaves", "is blocked", "goes where a clearance is needed", "goes into isolation"])
def test_who_may_not_be_seen_is_gone_on_the_same_tick(how: str, every: int) -> None:
    """Distance waits; permission does not, however busy the server is."""
    stage, ann, bob = just_looked(every=every)
    if how == "leaves":
        stage.exit(bob)
    elif how == "is blocked":
        stage.block(ann, bob)
    else:
        stage.put(bob, (55 if "clearance" in how else -55, 0, 0))
    stage.tick()
    assert last_snapshot(ann).leaves == [bob.entity]
    stage.tick(2 * EVERY)
    assert bob.entity not in ann.held


def test_a_full_socket_hides_nothing_for_longer() -> None:
    """Who could not be told at the time is told with the first snapshot that goes out."""
    stage, ann, bob = just_looked()
    ann.is_writable = False
    stage.put(bob, (55, 0, 0))
    stage.tick()
    ann.is_writable = True
    stage.tick()
    assert last_snapshot(ann).leaves == [bob.entity]


def test_who_could_not_be_told_at_a_look_is_told_by_the_plan_made_then() -> None:
    """A socket that is full for one tick costs one tick, whichever it is."""
    stage, ann, bob = just_looked()
    for _ in range(EVERY - 1):
        stage.tick()
    ann.is_writable = False
    stage.walk(bob, (42.1, 0, 0))
    stage.tick()
    assert (ann.entity + stage.room.tick_number) % EVERY == 0
    ann.is_writable = True
    stage.walk(bob, (42.2, 0, 0))
    stage.tick()
    assert ann.held[bob.entity].place == (42_200, 0, 0)


def test_a_plan_is_not_meant_for_who_comes_after() -> None:
    """Somebody new in the row of somebody gone is told everything once a tick, however they sit."""
    stage, ann, bob = just_looked()
    stage.exit(bob)
    stage.tick(2 * EVERY)
    cid = stage.enter("cid", (43, 0, 0))
    for step in range(3 * EVERY):
        stage.walk(cid, (43 + step / 100, 0, 0))
        stage.walk(ann, (40, 0, 0), yaw=step)
        stage.tick()
        for visitor in (ann, cid):
            records = [record.entity for snapshot in visitor.all(Snapshot) for record in snapshot.records]
            assert len(records) == len(set(records))
    assert ann.held[cid.entity].place == (43_000 + 10 * (3 * EVERY - 1), 0, 0)


def test_who_was_passed_over_looks_when_the_room_is_as_usual_again() -> None:
    """At its next turn, although nothing has moved since."""
    stage, ann, _ = just_looked(every=4 * EVERY)
    cid = stage.enter("cid", (41, 0, 0))
    stage.tick(EVERY + 1)
    assert cid.entity not in ann.held
    stage.room.stretch(False)
    stage.tick(EVERY - 1)
    assert cid.entity in ann.held


def test_snapshots_say_whether_observers_look_around_more_rarely() -> None:
    """For those who check, in every snapshot of such a tick."""
    stage, ann, bob = just_looked()
    for is_stretched in (True, False):
        stage.room.stretch(is_stretched)
        for x in (42.1, 42.2, 42.3):
            stage.walk(bob, (x, 0, 0))
            stage.tick()
            assert last_snapshot(ann).is_stretched is is_stretched


def test_a_look_every_three_ticks_is_our_mistake() -> None:
    """Looks are in step with slow rates, and with how long a row rests."""
    for every in (0, 3, 16):
        with pytest.raises(ValueError, match="observers look every"):
            RoomSettings(look_every_ticks=every)
