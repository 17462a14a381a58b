"""The room as a whole: seats, the tick, jumps, corrections, and what outsiders may know."""

from __future__ import annotations

import contextlib
import itertools
import math
import socket
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.snapshot_reader import Pose, Snapshot
from presence import entities as entities_module
from presence.room import MAX_CAPACITY, RoomSettings
from presence.sockets import send_each
from protocol.errors import Close, Refusal, Refused
from protocol.examples import UPRIGHT
from protocol.framing import Framing
from protocol.records import POSE_JUMP, Section
from protocol.schema import (
    Cause,
    Chat,
    Correction,
    Done,
    Error,
    Gesture,
    GoTo,
    Grab,
    Joined,
    Roster,
    Said,
    Spawn,
    Teleport,
)
from tests.rooms import HERE, TICK_S, Metres, Stage, Visitor, identity, last_snapshot, world, zone

VAULT: dict[str, Any] = {
    "clearances": ["vault"],
    "zones": [zone("vault", (5, 0, 5), (9, 3, 9), clearance=["vault"])],
}
INSIDE: Metres = (6, 0, 6)
CUPBOARD: dict[str, Any] = {
    "props": {"kinds": [{"kind": "cup", "grabbable": True}], "objects": [{"kind": "cup", "position": [1, 0, 1]}]},
}


# --- seats ------------------------------------------------------------------------------------------------------------


def test_joined_says_who_and_where_one_is() -> None:
    """Everything a client needs before its first snapshot."""
    place = world(spawns=[(1, 2, 3)])
    stage = Stage(place, RoomSettings(tick_hz=30, interest_radius_mm=7000, budget_bytes_per_s=9000))
    ann = stage.enter("ann")
    stage.tick()
    assert ann.only(Joined) == Joined(
        seq=1,
        ref=0,
        room="stage",
        world="stage",
        world_digest=place.digest,
        entity=1,
        generation=1,
        tick_hz=30,
        radius_mm=7000,
        x=1000,
        y=2000,
        z=3000,
        yaw=0,
        locked=False,
        budget_bytes_per_s=9000,
    )


def test_a_world_says_how_far_people_see_in_it() -> None:
    """Its sight is the room's interest radius, and the server's setting is for worlds without one."""
    stage = Stage(world(sight=4))
    ann, bob = stage.enter("ann"), stage.enter("bob", (3.9, 0, 0))
    cid = stage.enter("cid", (0, 0, 4.001))
    stage.tick()
    assert ann.only(Joined).radius_mm == 4000
    assert bob.entity in ann.held
    assert cid.entity not in ann.held


def test_newcomers_take_the_spawn_points_in_turn() -> None:
    """So that people who come together do not stand inside each other."""
    stage = Stage(world(spawns=[(0, 0, 0), (1, 0, 0), (2, 0, 0)]))
    visitors = [stage.enter(f"u{k}") for k in range(4)]
    stage.tick()
    assert [visitor.only(Joined).x for visitor in visitors] == [0, 1000, 2000, 0]


def test_a_full_room_takes_nobody_and_held_seats_count() -> None:
    """Who is away keeps their place; who leaves frees it."""
    stage = Stage(settings=RoomSettings(capacity=2))
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.lose(bob)
    with pytest.raises(Refused) as refused:
        stage.enter("cid")
    assert refused.value.code is Refusal.ROOM_FULL
    assert len(stage.room) == 2
    stage.exit(ann)
    stage.enter("cid")


@pytest.mark.parametrize("capacity", [0, MAX_CAPACITY + 1])
def test_a_capacity_that_frames_cannot_carry_is_our_mistake(capacity: int) -> None:
    """Settings are checked before a room is made of them."""
    with pytest.raises(ValueError, match="capacity"):
        RoomSettings(capacity=capacity)


def test_running_out_of_ids_is_the_newcomers_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room goes on for those inside, and takes newcomers again when ids have rested."""
    monkeypatch.setattr(entities_module, "MAX_ID", 2)
    stage = Stage()
    stage.enter("ann")
    stage.exit(stage.enter("bob"))
    with pytest.raises(Refused, match="room_full"):
        stage.enter("cid")
    assert len(stage.room) == 1
    stage.now += entities_module.ID_REST_S
    cid = stage.enter("cid")
    stage.tick()
    assert (cid.only(Joined).entity, cid.only(Joined).generation) == (2, 2)


def test_what_a_leaver_sent_last_is_nobodys() -> None:
    """Poses and commands that wait when their sender leaves change nothing."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.tick()
    stage.walk(bob, (1, 0, 0))
    stage.send(bob, Chat, 0, 0, "late")
    stage.exit(bob)
    cid = stage.enter("cid")
    report = stage.tick()
    assert (report.poses, report.faults, report.refusals) == (0, [], [])
    assert ann.all(Said) == cid.all(Said) == []
    assert ann.held[cid.entity].place == (0, 0, 0)


# --- one write a tick -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", list(Framing))
def test_events_a_correction_and_the_snapshot_are_one_write_in_this_order(framing: Framing) -> None:
    """Whatever a member is due in a tick."""
    stage = Stage()
    ann = stage.enter("ann", framing=framing)
    stage.enter("bob", (2, 0, 0))
    stage.walk(ann, (500, 0, 0))
    stage.tick()
    assert len(ann.written) == 1
    assert [type(message) for message in ann.heard] == [Joined, Roster, Correction, Snapshot]


def test_events_alone_are_written_at_once() -> None:
    """They do not wait for the next snapshot that has something to tell."""
    stage = Stage()
    ann = stage.enter("ann")
    stage.tick()
    ref = stage.send(ann, Gesture, 0)
    stage.tick()
    assert (len(ann.written), ann.only(Done).ref, ann.all(Snapshot)) == (1, ref, [])


def test_nothing_is_written_to_a_stalled_socket() -> None:
    """Neither snapshots nor events nor corrections; they come in order once it has drained."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    stage.tick()
    ann.is_writable = False
    stage.walk(ann, (500, 0, 0))
    stage.send(bob, Chat, 0, 0, "one")
    stage.tick()
    assert ann.written == []
    stage.send(bob, Chat, 0, 0, "two")
    stage.walk(bob, (2.1, 0, 0))
    stage.tick()
    assert ann.written == []
    ann.is_writable = True
    stage.tick()
    assert [said.text for said in ann.all(Said)] == ["one", "two"]
    assert ann.only(Correction).cause == Cause.TOO_FAST
    assert ann.held[bob.entity].place == (2100, 0, 0)


def test_a_socket_that_was_full_is_written_a_copy() -> None:
    """Were it to fill up again it would keep the whole room's arena alive; the others are written a view of it."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    stage.tick()
    ann.is_writable = False
    stage.tick()
    ann.is_writable = True
    stage.walk(ann, (0.1, 0, 0))
    stage.walk(bob, (2.1, 0, 0))
    stage.tick()
    assert [type(data) for data in (*ann.written, *bob.written)] == [bytes, memoryview]


def test_a_room_of_the_lost_goes_on() -> None:
    """Nobody to write to: ticks pass, and nothing is lost of what they come back to."""
    stage = Stage()
    ann = stage.enter("ann")
    stage.lose(ann)
    report = stage.tick(50)
    assert (report.stalled, report.snapshots) == (0, 0)
    stage.resume(ann)
    stage.tick()
    assert [type(message) for message in ann.heard] == [Joined, Roster, Roster, Snapshot]
    assert not ann.roster["ann"].away


# --- faults and corrections -------------------------------------------------------------------------------------------


def test_a_pose_out_of_bounds_is_its_senders_fault() -> None:
    """The report names the member to close; the others' poses of the same tick count."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.tick()
    stage.walk(ann, (0, 0, 0), pitch=-128)
    stage.walk(bob, (1, 0, 0))
    report = stage.tick()
    ((member, error),) = report.faults
    assert (member, error.code) == (ann, Close.MALFORMED)
    assert ann.held[bob.entity].place == (1000, 0, 0)
    assert bob.held[ann.entity].place == (0, 0, 0)


def test_a_correction_says_where_one_truly_is_and_up_to_which_pose() -> None:
    """With the cause; the wrong pose is seen by nobody."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    stage.tick()
    stage.walk(ann, (1, 0, 0), seq=7, yaw=5)
    stage.walk(ann, (100, 0, 0), seq=8, yaw=6)
    report = stage.tick()
    assert ann.only(Correction) == Correction(seq=8, cause=Cause.TOO_FAST, x=1000, y=0, z=0, yaw=5)
    assert last_snapshot(ann).ack == 8
    assert bob.held[ann.entity].place == (1000, 0, 0)
    assert (report.poses, report.corrections) == (2, 1)


def test_a_correction_is_told_once() -> None:
    """The next tick without a wrong pose brings none."""
    stage = Stage()
    ann = stage.enter("ann")
    stage.walk(ann, (100, 0, 0))
    stage.tick()
    stage.tick()
    assert ann.all(Correction) == []


def test_pose_sequences_go_round() -> None:
    """After 2**32 - 1 comes 0, in acknowledgements too."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    for seq in (2**31 - 1, 2**32 - 2, 0):
        stage.walk(ann, (0, 0, seq % 2 / 10), seq=seq, yaw=seq % 1000)
        stage.tick()
        assert last_snapshot(ann).ack == seq
    assert bob.held[ann.entity].yaw == 0


def test_the_newest_of_both_kinds_of_pose_wins() -> None:
    """Desktop and tracked poses of one avatar in one tick, in either order."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    stage.reach(ann, (0.1, 0, 0))
    stage.walk(ann, (0.2, 0, 0))
    stage.tick()
    assert (bob.held[ann.entity].body, bob.held[ann.entity].place) == (Section.ROOT, (200, 0, 0))
    stage.walk(ann, (0.3, 0, 0))
    stage.reach(ann, (0.4, 0, 0))
    stage.tick()
    assert (bob.held[ann.entity].body, bob.held[ann.entity].place) == (Section.TRACKED, (400, 0, 0))


# --- jumps ------------------------------------------------------------------------------------------------------------


def jump(stage: Stage, visitor: Visitor, at: Metres) -> Refusal | None:
    """Teleport; return why it was refused."""
    visitor.seq += 1
    stage.send(visitor, Teleport, visitor.seq, *(round(metres * 1000) for metres in at), 1234)
    stage.tick()
    return Refusal(visitor.only(Error).code) if visitor.all(Error) else None


def test_a_jump_is_done_and_acknowledged() -> None:
    """Fifteen metres away, looking where it says."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob", (9, 0, 12))
    stage.tick()
    assert jump(stage, ann, (9, 0, 12)) is None
    assert ann.all(Done)
    assert last_snapshot(ann).ack == 1
    assert (bob.held[ann.entity].place, bob.held[ann.entity].yaw) == ((9000, 0, 12000), 1234)


def test_a_jump_has_its_reach() -> None:
    """A millimetre more is too far, and leaves one where one was."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.tick()
    assert jump(stage, ann, (9, 0, 12.001)) is Refusal.OUT_OF_REACH
    assert bob.held[ann.entity].place == (0, 0, 0)


def test_jumps_need_half_a_second_between_them() -> None:
    """Only those that were done count; afterwards the next one goes."""
    stage = Stage()
    ann = stage.enter("ann")
    assert jump(stage, ann, (500, 0, 0)) is Refusal.OUT_OF_REACH
    assert jump(stage, ann, (1, 0, 0)) is None
    assert jump(stage, ann, (2, 0, 0)) is Refusal.TOO_SOON
    stage.tick(round(0.5 / TICK_S))
    assert jump(stage, ann, (3, 0, 0)) is None


def test_a_jump_keeps_to_bounds_and_zones_but_not_to_walls() -> None:
    """Out of the world, into a zone without clearance: refused. Over a wall: fine."""
    stage = Stage(world(**VAULT, walls=[{"from": [-1, -5], "to": [-1, 5], "base": 0, "height": 3}]))
    ann = stage.enter("ann")
    assert jump(stage, ann, INSIDE) is Refusal.NOT_ALLOWED
    assert jump(stage, ann, (-2, 0, 0)) is None
    stage.put(ann, (995, 0, 0))
    stage.tick(10)
    assert jump(stage, ann, (1000.001, 0, 0)) is Refusal.BAD_PLACE


def test_a_jump_needs_a_floor_to_land_on() -> None:
    """Where a world lists floors, a jump ends on one."""
    stage = Stage(world(floors=[{"min": [-5, -5], "max": [5, 5], "height": 0}]))
    ann = stage.enter("ann")
    assert jump(stage, ann, (6, 0, 0)) is Refusal.BAD_PLACE
    assert jump(stage, ann, (4, 0.301, 0)) is Refusal.BAD_PLACE
    assert jump(stage, ann, (4, 0.3, 0)) is None


def test_poses_sent_after_a_jump_start_from_its_target() -> None:
    """In the same tick: those before it lead up to it, those behind go on from there."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob", (12, 0, 0))
    stage.walk(ann, (2.9, 0, 0), seq=1)
    stage.send(ann, Teleport, 2, 12000, 0, 0, 0)
    stage.walk(ann, (14, 0, 0), seq=3)
    stage.tick()
    assert ann.all(Correction) == []
    assert bob.held[ann.entity].place == (14000, 0, 0)


# --- going to somebody ------------------------------------------------------------------------------------------------


def go(stage: Stage, visitor: Visitor, to: Visitor | int) -> Refusal | None:
    """Go to somebody; return why it was refused."""
    stage.send(visitor, GoTo, to if isinstance(to, int) else to.entity)
    stage.tick()
    return Refusal(visitor.only(Error).code) if visitor.all(Error) else None


def told_place(visitor: Visitor) -> Metres:
    """Return where a visitor was told in the last tick that it stands now."""
    moved = visitor.only(Correction)
    assert moved.cause == Cause.MOVED
    return (moved.x / 1000, moved.y / 1000, moved.z / 1000)


def test_going_to_somebody_ends_in_front_of_them_face_to_face() -> None:
    """However far away they are: one is told the place and it is done, and others see a discontinuity."""
    stage = Stage()
    ann, bob, eve = stage.enter("ann"), stage.enter("bob", (300, 0, 40)), stage.enter("eve", (303, 0, 40))
    stage.walk(bob, (300, 0, 40), yaw=16384)  # looks along -X
    stage.tick()
    assert go(stage, ann, bob) is None
    assert ann.all(Done)
    assert told_place(ann) == (298.8, 0, 40)
    assert ann.only(Correction).yaw == 49152
    (seen,) = [record for record in last_snapshot(eve).absolutes if record.entity == ann.entity]
    assert (seen.flags, seen.pose) == (POSE_JUMP, Pose(Section.ROOT, (298_800, 0, 40_000), yaw=49152))


def test_one_walks_on_from_where_one_was_put() -> None:
    """Poses start there; one that was in the air is corrected, and one is told the place all the same."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob", (40, 0, 0))
    stage.tick()
    stage.send(ann, GoTo, bob.entity)
    stage.walk(ann, (0.1, 0, 0))
    stage.tick()
    x, y, z = told_place(ann)
    stage.walk(ann, (x + 1, y, z))
    stage.tick()
    assert ann.all(Correction) == []
    assert bob.held[ann.entity].place == (round(x * 1000) + 1000, 0, round(z * 1000))


def test_who_is_hidden_cannot_be_gone_to_and_looks_like_nobody() -> None:
    """By a clearance, and by a block of either side: the same words as for an id that nobody has."""
    stage = Stage(world(**VAULT))
    ann, bob = stage.enter("ann"), stage.enter("bob", INSIDE, grants=["vault"])
    cleared = stage.enter("cy", (20, 0, 20), grants=["vault"])
    stage.tick()
    assert go(stage, ann, 999) is Refusal.UNKNOWN_ENTITY
    nobody = ann.only(Error).reason
    assert go(stage, ann, bob) is Refusal.UNKNOWN_ENTITY
    assert ann.only(Error).reason == nobody.replace("999", str(bob.entity))
    assert go(stage, cleared, bob) is None
    stage.block(cleared, ann)
    assert go(stage, ann, cleared) is Refusal.UNKNOWN_ENTITY
    assert go(stage, cleared, ann) is Refusal.UNKNOWN_ENTITY


def test_things_and_oneself_are_nobody_to_go_to() -> None:
    """Only other people are."""
    stage = Stage(world(**CUPBOARD))
    ann = stage.enter("ann")
    stage.tick()
    (cup,) = ann.things
    assert go(stage, ann, cup) is Refusal.UNKNOWN_ENTITY
    assert go(stage, ann, ann) is Refusal.NOT_ALLOWED


def test_going_to_somebody_ends_on_a_floor() -> None:
    """Beside somebody on a narrow bridge there is only the bridge."""
    stage = Stage(world(floors=[{"min": [-0.3, -50], "max": [0.3, 5], "height": 0}]))
    ann, bob = stage.enter("ann"), stage.enter("bob", (0, 0, -40))
    stage.walk(bob, (0, 0, -40), yaw=16384)  # looks along -X, where there is none
    stage.tick()
    assert go(stage, ann, bob) is None
    x, y, z = told_place(ann)
    assert (abs(x) <= 0.3, y) == (True, 0)
    assert z != -40


def test_going_and_jumping_share_their_rest() -> None:
    """Half a second after either, the other goes again."""
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob", (40, 0, 0))
    stage.tick()
    assert go(stage, ann, bob) is None
    assert jump(stage, ann, (41, 0, 0)) is Refusal.TOO_SOON
    stage.tick(round(0.5 / TICK_S))
    assert jump(stage, ann, (41, 0, 3)) is None
    assert go(stage, ann, bob) is Refusal.TOO_SOON
    stage.tick(round(0.5 / TICK_S))
    assert go(stage, ann, bob) is None


def test_one_ends_on_their_side_of_a_wall() -> None:
    """A wall right in front of them: one stands beside or behind them."""
    stage = Stage(world(walls=[{"from": [35, -0.5], "to": [45, -0.5], "base": 0, "height": 3}]))
    ann, bob = stage.enter("ann"), stage.enter("bob", (40, 0, 0))  # looks along -Z, at the wall
    stage.tick()
    assert go(stage, ann, bob) is None
    assert told_place(ann)[2] > -0.5


def test_where_no_place_is_free_one_stays() -> None:
    """Somebody walled in is out of reach."""
    closet = {"min": [39.5, 0, -0.5], "max": [40.5, 3, 0.5]}
    stage = Stage(world(boxes=[closet]))
    ann, bob = stage.enter("ann"), stage.enter("bob", (40, 0, 0))
    stage.tick()
    assert go(stage, ann, bob) is Refusal.OUT_OF_REACH
    assert bob.held == {}


def test_one_stands_on_the_floor_there() -> None:
    """On a ramp, at the ramp's height; not beside a ledge in the air."""
    ramp = {"min": [39.4, -4], "max": [40.6, 4], "height": 4, "slope": {"axis": "z", "to": 5}}
    ground = {"min": [-5, -5], "max": [60, 5], "height": 0}
    stage = Stage(world(floors=[ramp, ground]))
    ann, bob, eve = stage.enter("ann"), stage.enter("bob", (40, 4.5, 0)), stage.enter("eve")
    stage.tick()
    assert go(stage, ann, bob) is None
    assert told_place(ann) == (40, 4.35, -1.2)
    assert go(stage, eve, bob) is None
    x, y, _ = told_place(eve)
    assert 39.4 <= x <= 40.6
    assert y > 4


def test_one_joins_them_in_their_zone_unless_it_is_full() -> None:
    """Otherwise isolation would hide the two from each other."""
    booth = zone("booth", (40, 0, 0), (44, 3, 4), isolated=True, capacity=2)
    stage = Stage(world(zones=[booth]))
    ann, bob, eve = stage.enter("ann"), stage.enter("bob", (40.1, 0, 0.1)), stage.enter("eve")
    stage.tick()
    assert go(stage, ann, bob) is None
    x, _, z = told_place(ann)
    assert 40 <= x <= 44
    assert 0 <= z <= 4
    assert ann.entity in bob.held
    assert go(stage, eve, bob) is Refusal.NOT_ALLOWED


def test_a_crowd_finds_places_around_somebody_half_a_metre_apart() -> None:
    """Forty people go to one; no two of them end inside each other."""
    stage = Stage()
    bob = stage.enter("bob", (40, 0, 0))
    crowd = [stage.enter(f"u{k}") for k in range(40)]
    stage.tick()
    for visitor in crowd:
        assert go(stage, visitor, bob) is None
    places = [held.place for held in bob.held.values()]
    assert len(set(places)) == 40
    assert min(math.dist(one, other) for one, other in itertools.combinations(places, 2)) >= 500


def test_somebody_hidden_does_not_take_a_place_away() -> None:
    """Else one would learn that they are there."""
    stage = Stage()
    ann, bob, eve = stage.enter("ann"), stage.enter("bob", (40, 0, 0)), stage.enter("eve", (40, 0, -1.2))
    stage.block(eve, ann)
    stage.tick()
    assert go(stage, ann, bob) is None
    assert told_place(ann) == (40, 0, -1.2)


def test_what_one_holds_comes_along() -> None:
    """At the same place relative to the avatar, and still in its hands."""
    stage = Stage(world(**CUPBOARD))
    ann, bob = stage.enter("ann"), stage.enter("bob", (40, 0, 0))
    stage.send(ann, Spawn, "cup", 300, 900, -400, UPRIGHT)
    stage.tick()
    cup = ann.only(Done).entity
    stage.send(ann, Grab, cup)
    stage.tick()
    assert go(stage, ann, bob) is None
    x, _, z = told_place(ann)
    assert bob.held[cup].place == (round(x * 1000) + 300, 900, round(z * 1000) - 400)
    assert bob.things[cup].holder == ann.entity


# --- what outsiders may know ------------------------------------------------------------------------------------------


def seen_from_outside(stage: Stage, who: Visitor | str, *grants: str) -> set[str]:
    """Name the people somebody outside the room may know of."""
    viewer = who.identity if isinstance(who, Visitor) else identity(who, grants=grants)
    return {person.user for person in stage.room.people_for(viewer, frozenset())}


def test_presence_shows_the_cleared_and_those_who_did_not_block() -> None:
    """The same rule as inside: clearance of the place, and blocks by user id."""
    stage = Stage(world(**VAULT))
    ann, bob = stage.enter("ann", grants=["vault"]), stage.enter("bob")
    ann.blocks.add("eve")
    assert seen_from_outside(stage, "eve") == {"bob"}
    assert seen_from_outside(stage, "zoe") == {"ann", "bob"}
    stage.put(ann, INSIDE)
    assert seen_from_outside(stage, "zoe") == {"bob"}
    assert seen_from_outside(stage, "zoe", "vault") == {"ann", "bob"}
    assert seen_from_outside(stage, bob) == {"bob"}


def test_a_downgrade_shows_everywhere_on_the_same_tick() -> None:
    """Poses, roster, presence, count and chat: a restricted subject is gone from all of them at once."""
    stage = Stage(world(**VAULT))
    ann, bob = stage.enter("ann", INSIDE, grants=["vault"]), stage.enter("bob", grants=["vault"])
    stage.tick()
    assert ann.entity in bob.held
    bob.identity = replace(bob.identity, grants=frozenset())
    stage.room.refresh(bob.row)
    stage.send(ann, Chat, 0, 0, "psst")
    stage.walk(ann, (6.1, 0, 6))
    stage.tick()
    assert bob.held == {}
    assert bob.roster.keys() == {"bob"}
    assert bob.all(Said) == []
    assert seen_from_outside(stage, bob) == {"bob"}


# --- the whole --------------------------------------------------------------------------------------------------------


def test_the_five_stages_are_a_tick() -> None:
    """A caller that times each stage gets what `tick` gives."""
    whole, staged = Stage(world(**VAULT)), Stage(world(**VAULT))
    for stage in (whole, staged):
        visitors = [stage.enter(f"u{k}", (k, 0, 0)) for k in range(3)]
        stage.walk(visitors[0], (0.1, 0, 0))
        stage.send(visitors[1], Spawn, "bag", 0, 0, 0, 0)
    report = whole.tick()
    staged.now += TICK_S
    room = staged.room
    room.drain(staged.now)
    for run in (room.simulate, room.select, room.encode):
        run()
    assert room.fan_out() == report
    assert [v.written for v in staged.visitors] == [v.written for v in whole.visitors]


def test_a_report_speaks_of_one_tick() -> None:
    """Counts, faults and refusals start anew each time."""
    stage = Stage()
    ann = stage.enter("ann")
    stage.walk(ann, HERE, pitch=-128)
    stage.send(ann, Teleport, 1, 500_000, 0, 0, 0)
    stage.walk(ann, (100, 0, 0))
    first, second = stage.tick(), stage.tick()
    assert (first.tick, len(first.faults), first.refusals, first.corrections) == (1, 1, [Refusal.OUT_OF_REACH], 1)
    assert first.event_bytes > 0
    assert (second.tick, second.faults, second.refusals, second.corrections, second.poses) == (2, [], [], 0, 0)
    assert second.event_bytes == 0


def test_frames_go_to_sockets_as_they_go_to_writers() -> None:
    """A member with a plain socket is written to directly, and is told the same, tick by tick."""
    stage = Stage(write_each=send_each)
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    stage.tick()
    near, far = socket.socketpair()
    far.settimeout(1.0)
    ann.socket = near.fileno()
    stage.room.heed(ann.row)
    for step in range(1, 4):
        stage.walk(bob, (2 + step / 10, 0, 0))
        stage.tick()
        assert ann.written == []
        ann.writer(far.recv(65_536))  # type: ignore[misc]
        assert ann.held[bob.entity].place == (round(2000 + step * 100), 0, 0)
    stage.send(bob, Chat, 0, 0, "hello")
    stage.walk(bob, (2.5, 0, 0))
    stage.tick()
    assert [message.text for message in ann.heard if isinstance(message, Said)] == ["hello"]
    far.setblocking(False)
    with pytest.raises(BlockingIOError):  # with an event before it, a snapshot goes with the event
        far.recv(1)
    near.close()
    far.close()


def test_what_a_socket_does_not_take_at_once_is_left_to_the_writer() -> None:
    """The rest of the frame, from where the socket stopped."""
    stage = Stage(write_each=send_each)
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    stage.tick()
    near, far = socket.socketpair()
    near.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            near.send(bytes(65_536))
    ann.socket = near.fileno()
    stage.room.heed(ann.row)
    stage.walk(bob, (2.1, 0, 0))
    stage.tick()
    assert ann.held[bob.entity].place == (2100, 0, 0)
    far.close()
    near.close()


def test_a_room_at_rest_wakes_for_whatever_happens() -> None:
    """A pose, a word, somebody who goes, a block: each is told at the very next tick."""
    stage = Stage()
    ann, bob, eve = stage.enter("ann"), stage.enter("bob", (2, 0, 0)), stage.enter("eve", (0, 0, 2))

    def at_rest() -> None:
        stage.tick(70)
        while stage.room.tick_number % 20 != 5:
            stage.tick()
        ann.heard.clear()

    at_rest()
    stage.walk(bob, (2.1, 0, 0))
    stage.tick()
    assert ann.held[bob.entity].place == (2100, 0, 0)
    at_rest()
    stage.send(bob, Chat, 0, 0, "hello")
    stage.tick()
    assert ann.only(Said).text == "hello"
    at_rest()
    stage.exit(bob)
    stage.tick()
    assert bob.entity not in ann.held
    at_rest()
    ann.blocks.add("eve")
    stage.room.refresh(ann.row)
    stage.tick()
    assert eve.entity not in ann.held
