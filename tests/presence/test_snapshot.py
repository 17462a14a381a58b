"""What each observer is sent at each tick, byte by byte and as its client understands it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.oracle import is_near
from benchmarks.snapshot_reader import Part, Pose, Snapshot, Triple
from presence.movement import JUMP_REST_S
from presence.rings import Detail, Ring
from presence.room import RoomSettings
from presence.snapshot import ABSOLUTE_EVERY_TICKS
from protocol import schema
from protocol.framing import Framing
from protocol.records import MAX_AGE, POSE_JUMP, Section
from tests.rooms import TICK_S, Stage, Visitor, last_snapshot, world

ROOT, TRACKED = Section.ROOT, Section.TRACKED
PROPS = {"kinds": [{"kind": "bag", "grabbable": True}]}


def pair(**settings: Any) -> tuple[Stage, Visitor, Visitor]:
    """Let two meet: Ann stands at the origin and Bob 2 m east; both have had their first snapshot."""
    stage = Stage(world(props=PROPS), RoomSettings(**settings))
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    stage.tick()
    return stage, ann, bob


def is_delta(snapshot: Snapshot) -> bool:
    """Tell whether a snapshot's only record is a delta."""
    assert len(snapshot.absolutes) + len(snapshot.deltas) == 1
    return bool(snapshot.deltas)


# --- entering and leaving ---------------------------------------------------------------------------------------------


def test_the_first_snapshot_is_full_and_has_everybody_near_but_oneself() -> None:
    """A newcomer starts over with all it sees, each entered with its generation and an absolute record."""
    _, ann, bob = pair()
    snapshot = last_snapshot(ann)
    assert snapshot.is_full
    assert snapshot.enters == [(bob.entity, 1)]
    assert [(record.entity, record.pose) for record in snapshot.absolutes] == [(bob.entity, Pose(ROOT, (2000, 0, 0)))]


def test_a_leave_is_told_once_and_nothing_more_of_who_left() -> None:
    """Out of sight: a leave in the same snapshot in which others go on, then silence."""
    stage, ann, bob = pair()
    stage.put(bob, (12, 0, 0))
    stage.tick()
    snapshot = last_snapshot(ann)
    assert (snapshot.leaves, snapshot.absolutes, snapshot.deltas) == ([bob.entity], [], [])
    stage.walk(bob, (12.1, 0, 0))
    stage.tick()
    assert ann.all(Snapshot) == []


def test_who_comes_back_into_sight_enters_anew() -> None:
    """Nothing of the first visit is presumed: not before it is near enough, an enter and an absolute record again."""
    stage, ann, bob = pair()
    for place in ((12, 0, 0), (11, 0, 0)):
        stage.put(bob, place)
        stage.tick()
        assert ann.held == {}
    stage.put(bob, (2, 0, 0))
    stage.tick()
    snapshot = last_snapshot(ann)
    assert snapshot.enters == [(bob.entity, 1)]
    assert [record.pose for record in snapshot.absolutes] == [Pose(ROOT, (2000, 0, 0))]


def test_who_leaves_the_room_leaves_every_view() -> None:
    """Somebody gone is told to all who held them, also to those who could not be written to at that time."""
    stage, ann, bob = pair()
    cid = stage.enter("cid")
    stage.tick()
    cid.is_writable = False
    stage.exit(bob)
    stage.tick(5)
    assert bob.entity not in ann.held
    assert bob.entity in cid.held
    cid.is_writable = True
    stage.tick()
    assert last_snapshot(cid).leaves == [bob.entity]


def test_a_place_taken_over_while_a_reader_stalls_is_not_mistaken() -> None:
    """Whoever comes after somebody left is somebody else to an observer that still holds the old one."""
    stage, ann, bob = pair()
    ann.is_writable = False
    stage.exit(bob)
    newcomers = [stage.enter(f"new{k}", (1 + k / 100, 0, 0)) for k in range(70)]
    stage.tick(3)
    ann.is_writable = True
    stage.tick()
    assert last_snapshot(ann).leaves == [bob.entity]
    assert ann.held.keys() == {newcomer.entity for newcomer in newcomers}


# --- absolute or delta ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "fits"),
    [
        ((2047, 0, 0), True),
        ((2048, 0, 0), False),
        ((0, 0, -2047), True),
        ((0, 0, -2048), False),
        ((0, 127, 0), True),
        ((0, 128, 0), False),
        ((0, -127, 0), True),
        ((0, -128, 0), False),
    ],
)
def test_a_step_goes_as_a_delta_where_it_fits(step: Triple, fits: bool) -> None:
    """Displacements up to the delta's reach are deltas, a millimetre more is an absolute record."""
    stage, ann, bob = pair()
    place = (2000 + step[0], step[1], step[2])
    x, y, z = (edge / 1000 for edge in place)
    stage.walk(bob, (x, y, z))
    stage.tick()
    assert is_delta(last_snapshot(ann)) is fits
    assert ann.held[bob.entity].place == place


@pytest.mark.parametrize(("reach", "fits"), [(127, True), (-127, True), (128, False), (-128, False)])
@pytest.mark.parametrize("part", ["head_x", "left_y", "right_z"])
def test_head_and_hands_go_as_deltas_where_they_fit(part: str, reach: int, fits: bool) -> None:
    """One part out of a delta's reach makes the whole record absolute."""
    stage, ann, bob = pair()
    stage.reach(bob, (2, 0, 0))
    stage.tick()
    stage.reach(bob, (2, 0, 0), **{part: reach})
    stage.tick()
    assert is_delta(last_snapshot(ann)) is fits
    assert sorted(edge for piece in ann.held[bob.entity].parts for edge in piece.place)[0 if reach < 0 else -1] == reach


@pytest.mark.parametrize(("rise", "fits"), [(63, True), (-63, True), (64, False), (-64, False)])
def test_whoever_has_a_head_climbs_less_in_a_delta(rise: int, fits: bool) -> None:
    """Seven bits are left for it beside the signs of the turns."""
    stage, ann, bob = pair()
    stage.reach(bob, (2, 0, 0))
    stage.tick()
    stage.reach(bob, (2, rise / 1000, 0))
    stage.tick()
    assert is_delta(last_snapshot(ann)) is fits
    assert ann.held[bob.entity].place == (2000, rise, 0)


UPRIGHT = 3 << 30 | 512 << 20 | 512 << 10 | 512


@pytest.mark.parametrize(
    ("part", "orientation", "fits"),
    [
        ("head", UPRIGHT + (255 << 20), True),
        ("head", UPRIGHT + (256 << 20), False),
        ("left", UPRIGHT - (255 << 10), True),
        ("left", UPRIGHT - (256 << 10), False),
        ("right", UPRIGHT - 255, True),
        ("right", UPRIGHT + 256, False),
        ("right", UPRIGHT - (1 << 30), False),
    ],
)
def test_head_and_hands_turn_in_deltas_where_it_fits(part: str, orientation: int, fits: bool) -> None:
    """One component too far, or another one the largest, makes the whole record absolute; it is exact either way."""
    stage, ann, bob = pair()
    upright = dict.fromkeys(("head_orientation", "left_orientation", "right_orientation"), UPRIGHT)
    stage.reach(bob, (2, 0, 0), **upright)
    stage.tick()
    stage.reach(bob, (2, 0, 0), **upright | {f"{part}_orientation": orientation})
    stage.tick()
    assert is_delta(last_snapshot(ann)) is fits
    assert orientation in {piece.orientation for piece in ann.held[bob.entity].parts}


def test_a_change_of_body_is_absolute_both_ways() -> None:
    """Putting a headset on or off starts from a record that stands alone."""
    stage, ann, bob = pair()
    stage.reach(bob, (2, 0, 0), head_y=1700)
    stage.tick()
    assert not is_delta(last_snapshot(ann))
    assert ann.held[bob.entity].body is TRACKED
    stage.walk(bob, (2, 0, 0))
    stage.tick()
    assert not is_delta(last_snapshot(ann))
    assert ann.held[bob.entity] == Pose(ROOT, (2000, 0, 0))


def test_a_jump_is_absolute_and_flagged_once() -> None:
    """A teleport however short is marked as a discontinuity; the step after it is an ordinary one."""
    stage, ann, bob = pair()
    stage.send(bob, schema.Teleport, 1, 2001, 0, 0, 9)
    stage.tick()
    (record,) = last_snapshot(ann).absolutes
    assert (record.flags, record.pose) == (POSE_JUMP, Pose(ROOT, (2001, 0, 0), yaw=9))
    whole = []
    for step in range(1, ABSOLUTE_EVERY_TICKS + 1):
        stage.walk(bob, (2 + step / 100, 0, 0), seq=1 + step)
        stage.tick()
        whole += last_snapshot(ann).absolutes
        assert step > 1 or not whole
    assert [record.flags for record in whole] == [0], "it is over when the next whole record comes"


def test_things_are_always_absolute() -> None:
    """An object that is moved a little is described whole."""
    stage, ann, bob = pair()
    stage.send(ann, schema.Spawn, "bag", 0, 1000, 0, 7)
    stage.tick()
    (bag,) = bob.things
    stage.send(ann, schema.Grab, bag)
    stage.send(ann, schema.Move, bag, 2, 1, 1000, 0, 8)
    stage.tick()
    assert not is_delta(last_snapshot(bob))
    assert bob.held[bag] == Pose(Section.THING, (1, 1000, 0), orientation=8)


def test_who_missed_a_record_is_sent_the_next_one_whole() -> None:
    """A delta goes to those who have its base, an absolute record to the others, in the same tick."""
    stage, ann, bob = pair()
    cid = stage.enter("cid")
    stage.tick()
    cid.is_writable = False
    stage.walk(bob, (2.1, 0, 0))
    stage.tick()
    cid.is_writable = True
    stage.walk(bob, (2.2, 0, 0))
    stage.tick()
    assert is_delta(last_snapshot(ann))
    assert not is_delta(last_snapshot(cid))
    assert ann.held[bob.entity] == cid.held[bob.entity] == Pose(ROOT, (2200, 0, 0))
    stage.walk(bob, (2.3, 0, 0))
    stage.tick()
    assert is_delta(last_snapshot(cid))


def test_who_missed_the_last_record_is_sent_it_late() -> None:
    """After a stall an observer learns of a subject that has stopped meanwhile, and the others hear nothing."""
    stage, ann, bob = pair()
    ann.is_writable = False
    stage.walk(bob, (2.1, 0, 0))
    stage.tick(2)
    ann.is_writable = True
    stage.tick()
    assert not is_delta(last_snapshot(ann))
    assert ann.held[bob.entity].place == (2100, 0, 0)
    assert bob.all(Snapshot) == []


def test_who_missed_nothing_in_a_stall_goes_on_with_deltas() -> None:
    """A stall in which the subject stood still costs no absolute record."""
    stage, ann, bob = pair()
    ann.is_writable = False
    stage.tick(3)
    ann.is_writable = True
    stage.walk(bob, (2.1, 0, 0))
    stage.tick()
    assert is_delta(last_snapshot(ann))


def test_a_walker_is_sent_whole_now_and_then() -> None:
    """Among its deltas there is an absolute record at least every 64 ticks, and hardly more often."""
    stage, ann, bob = pair()
    whole = []
    for step in range(1, 3 * ABSOLUTE_EVERY_TICKS + 1):
        stage.walk(bob, (2 + step % 2 / 10, 0, 0), yaw=step)
        stage.tick()
        whole += [] if is_delta(last_snapshot(ann)) else [step]
    assert [later - sooner for sooner, later in pairwise(whole)] == [ABSOLUTE_EVERY_TICKS] * (len(whole) - 1)
    assert len(whole) == 3


def test_whole_records_of_a_crowd_are_spread_over_ticks() -> None:
    """People who came together are not all sent whole in the same tick."""
    stage = Stage()
    observer, *walkers = [stage.enter(f"u{k}") for k in range(17)]
    stage.tick()
    per_tick = []
    for step in range(1, ABSOLUTE_EVERY_TICKS + 1):
        for walker in walkers:
            stage.walk(walker, (step % 2 / 10, 0, 0))
        stage.tick()
        per_tick.append(len(last_snapshot(observer).absolutes))
    assert (sum(per_tick), max(per_tick)) == (16, 1)


# --- predictions ------------------------------------------------------------------------------------------------------


def walked(stage: Stage, bob: Visitor, watchers: list[Visitor], steps: int, seq: int = 1) -> list[list[int]]:
    """Let Bob go on at one pace; return how many bytes each watcher's snapshots had at each tick."""
    sizes = []
    for step in range(seq, seq + steps):
        stage.walk(bob, (2 + step / 20, 0, 0), seq=step)
        stage.tick()
        sizes.append([sum(map(len, watcher.written)) for watcher in watchers])
    return sizes


def test_who_goes_on_as_before_is_told_in_bits() -> None:
    """The first step is a delta of ten bytes; then a record is three bytes long, four where its age differs."""
    stage, ann, bob = pair()
    first, *rest = (size for (size,) in walked(stage, bob, [ann], 20))
    assert {first - size for size in rest} == {7, 6}
    assert ann.held[bob.entity].place == (3000, 0, 0)


def test_a_whole_record_begins_anew() -> None:
    """After an absolute one comes a delta that is none of bits, and then bits again."""
    stage, ann, bob = pair()
    delta, *sizes = (size for (size,) in walked(stage, bob, [ann], 2 * ABSOLUTE_EVERY_TICKS))
    whole, later = (tick for tick, size in enumerate(sizes) if size == delta + 6)
    assert later - whole == ABSOLUTE_EVERY_TICKS
    assert [tick for tick, size in enumerate(sizes) if size == delta] == [whole + 1, later + 1]
    assert {*sizes} == {delta + 6, delta, delta - 6, delta - 7}


def test_who_did_not_hold_the_way_is_told_by_a_delta() -> None:
    """Of two observers one missed a record: it is sent a whole one, then a delta, then bits; the other goes on."""
    stage, ann, bob = pair()
    cid = stage.enter("cid")
    stage.tick()
    walked(stage, bob, [ann, cid], 5)
    cid.is_writable = False
    walked(stage, bob, [ann, cid], 1, seq=6)
    cid.is_writable = True
    (bits, whole), (_, delta), (again, too) = walked(stage, bob, [ann, cid], 3, seq=7)
    assert (whole - delta, again) == (6, too)
    assert max(bits, too) <= delta - 6


def test_who_is_told_more_rarely_is_told_by_deltas() -> None:
    """Beyond the first ring, where a record comes at every other tick, each is a delta of ten bytes."""
    stage, ann, bob = pair(rings=(Ring(1_000, 0, Detail.FULL), Ring(10_000, 1, Detail.FULL)))
    whole, *deltas = (size for (size,) in walked(stage, bob, [ann], 12) if size)
    assert [whole - size for size in deltas] == 5 * [6]


def test_a_prediction_needs_two_records_at_the_full_rate() -> None:
    """Who comes from a slower ring into the first is told by a delta or whole, and only then in bits."""
    stage, ann, bob = pair(rings=(Ring(2_500, 0, Detail.FULL), Ring(10_000, 1, Detail.FULL)))
    kinds = []
    for step in range(1, 100):
        stage.walk(bob, (2 + abs(50 - step) / 40, 0, 0), seq=step)
        stage.tick()
        for told in ann.written:
            kinds += [{46: "whole", 40: "delta"}.get(len(told), "bits")]
            assert ann.held[bob.entity].place == (round(2000 + 25 * abs(50 - step)), 0, 0)
    runs = [(kind, len([*run])) for kind, run in groupby(kinds)]
    before_bits = [before for before, (kind, _) in pairwise(runs) if kind == "bits"]
    assert [kind for kind, _ in before_bits] == ["delta"] * len(before_bits)
    assert {"whole", "delta", "bits"} == {kind for kind, _ in runs}
    assert sum(count for kind, count in runs if kind == "bits") in range(20, 40)


def test_who_is_told_more_rarely_from_now_on_is_told_by_a_delta() -> None:
    """Although a prediction would start from the very pose that was told last, at the full rate."""
    stage, ann, bob = pair(rings=(Ring(2_500, 0, Detail.FULL), Ring(10_000, 1, Detail.FULL)))
    stage.enter("cid", (7, 0, 0))  # who sees Bob at the slower rate all the time, so that there are such records
    stage.tick()
    for step in range(1, 60):
        stage.walk(bob, (2 + step / 50 + step % 3 / 100, 0, 0), seq=step)
        stage.tick()
        if ann.written:
            assert ann.held[bob.entity].place == (2000 + 20 * step + 10 * (step % 3), 0, 0)


def test_heads_and_hands_are_no_part_of_a_prediction() -> None:
    """Whoever has them is told by deltas of their own, at every tick too."""
    stage, ann, bob = pair()
    for step in range(1, 6):
        stage.reach(bob, (2 + step / 20, 0, 0), head_y=1600, seq=step)
        stage.tick()
        assert ann.held[bob.entity].place == (2000 + 50 * step, 0, 0)
    (delta,) = last_snapshot(ann).deltas
    assert delta.body is TRACKED


def test_what_no_prediction_can_say_is_told_by_a_delta() -> None:
    """Where the errors take more than seven bytes, as of somebody who is shaken."""
    stage, ann, bob = pair()
    told = []
    for step in range(1, 12):
        shaken = step % 2
        stage.walk(bob, (2 + shaken / 10, 0, shaken / 10), yaw=30_000 * shaken, pitch=100 * shaken, seq=step)
        stage.tick()
        told.append(sum(map(len, ann.written)))
        place = (2000 + 100 * shaken, 0, 100 * shaken)
        assert ann.held[bob.entity] == Pose(ROOT, place, 30_000 * shaken, 100 * shaken)
    assert set(told) == {told[0]}


@given(
    st.lists(
        st.tuples(st.integers(-90, 90), st.integers(-90, 90), st.integers(0, 65535), st.integers(-127, 127)),
        min_size=3,
        max_size=12,
    )
)
def test_predictions_lose_nothing(steps: list[tuple[int, int, int, int]]) -> None:
    """However somebody moves, looks and turns, and rests in between: observers hold it to the last bit."""
    stage, ann, bob = pair()
    x = z = 0
    for seq, (dx, dz, yaw, pitch) in enumerate(steps, 1):
        x, z = x + dx, z + dz
        stage.walk(bob, (2 + x / 1000, 0, z / 1000), yaw=yaw, pitch=pitch, seq=seq)
        stage.tick(1 + seq % 2)
        assert ann.held[bob.entity] == Pose(ROOT, (2000 + x, 0, z), yaw, pitch)


# --- what is due ------------------------------------------------------------------------------------------------------


def test_a_pose_that_changes_nothing_is_not_sent_on() -> None:
    """Standing still while sending poses: the sender's own sequence is acknowledged, and nobody hears more."""
    stage, ann, bob = pair()
    stage.walk(bob, (2, 0, 0), age=9)
    stage.tick()
    assert ann.all(Snapshot) == []
    assert last_snapshot(bob).ack == bob.seq
    assert (last_snapshot(bob).absolutes, last_snapshot(bob).deltas) == ([], [])


@pytest.mark.parametrize(("yaw", "pitch"), [(1, 0), (0, -1)])
def test_the_least_turn_is_sent_on(yaw: int, pitch: int) -> None:
    """One quantum of any field makes a record."""
    stage, ann, bob = pair()
    stage.walk(bob, (2, 0, 0), yaw=yaw, pitch=pitch)
    stage.tick()
    assert ann.held[bob.entity] == Pose(ROOT, (2000, 0, 0), yaw, pitch)


def test_the_least_turn_of_a_hand_is_sent_on() -> None:
    """The orientation of a part counts as a change although nothing moved."""
    stage, ann, bob = pair()
    stage.reach(bob, (2, 0, 0))
    stage.tick()
    stage.reach(bob, (2, 0, 0), left_orientation=1)
    stage.tick()
    assert is_delta(last_snapshot(ann))
    assert ann.held[bob.entity].parts == (Part((0, 0, 0), 0), Part((0, 0, 0), 1), Part((0, 0, 0), 0))


def test_only_the_newest_of_several_poses_is_sent_on() -> None:
    """Three poses in a tick are one record."""
    stage, ann, bob = pair()
    for step in (1, 2, 3):
        stage.walk(bob, (2 + step / 10, 0, 0), yaw=step)
    report = stage.tick()
    assert is_delta(last_snapshot(ann))
    assert ann.held[bob.entity] == Pose(ROOT, (2300, 0, 0), yaw=3)
    assert (report.poses, report.updates) == (3, 1)


def test_silence_is_broken_every_five_seconds() -> None:
    """Where nothing happens a snapshot still comes now and then, at a whole second, with nothing in it but the time."""
    stage, ann, _ = pair(tick_hz=20)
    heard = []
    for _ in range(400):
        stage.tick()
        heard += ann.all(Snapshot)
    assert [snapshot.tick for snapshot in heard] == [120, 220, 320]
    assert [snapshot.time_ms for snapshot in heard] == pytest.approx([6000, 11_000, 16_000], abs=1)
    assert all(not snapshot.absolutes and not snapshot.deltas for snapshot in heard)


def test_the_age_of_a_record_is_that_of_its_sample() -> None:
    """From the sample, as the client dates it, to the snapshot's time: in steps of 4 ms, up to 255 of them."""
    stage, ann, bob = pair()
    stage.walk(bob, (2.1, 0, 0), age=10)
    stage.tick()
    assert last_snapshot(ann).deltas[0].age == 10 + round(TICK_S * 250 - 0.1)
    stage.walk(bob, (2.2, 0, 0), age=MAX_AGE)
    stage.tick()
    assert last_snapshot(ann).deltas[0].age == MAX_AGE


def test_the_report_counts_what_was_told() -> None:
    """Snapshots, records, enters, leaves and bytes of a tick are those that were written."""
    stage = Stage()
    ann, bob, cid = stage.enter("ann"), stage.enter("bob", (2, 0, 0)), stage.enter("cid", (50, 0, 0))
    report = stage.tick()
    assert (report.snapshots, report.updates, report.enters, report.leaves) == (3, 2, 2, 0)
    stage.put(bob, (49, 0, 0))
    cid.is_writable = False
    report = stage.tick()
    assert report.stalled == 1
    assert (report.snapshots, report.updates, report.enters, report.leaves) == (2, 1, 1, 2)
    assert report.snapshot_bytes == sum(len(data) for visitor in (ann, bob) for data in visitor.written)


# --- starting over ----------------------------------------------------------------------------------------------------


def test_a_resync_starts_over() -> None:
    """A client that lost count asks, and gets a full snapshot that stands alone; others go on as they were."""
    stage, ann, bob = pair()
    stage.send(ann, schema.Resync)
    stage.tick()
    snapshot = last_snapshot(ann)
    assert snapshot.is_full
    assert snapshot.enters == [(bob.entity, 1)]
    assert bob.all(Snapshot) == []


def test_a_resync_while_stalled_waits() -> None:
    """The full snapshot comes with the first one that can be written."""
    stage, ann, _ = pair()
    ann.is_writable = False
    stage.send(ann, schema.Resync)
    stage.tick(2)
    ann.is_writable = True
    stage.tick()
    assert last_snapshot(ann).is_full


def test_who_comes_back_starts_over_as_the_same_entity() -> None:
    """After a lost connection: a full snapshot, and to the others nobody entered or left."""
    stage, ann, bob = pair()
    stage.lose(bob)
    stage.tick(3)
    assert bob.written == []
    stage.walk(ann, (0.1, 0, 0))
    stage.resume(bob)
    stage.tick()
    assert last_snapshot(bob).is_full
    assert bob.held[ann.entity].place == (100, 0, 0)
    assert ann.held.keys() == {bob.entity}
    assert (last_snapshot(ann).enters, last_snapshot(ann).leaves) == ([], [])


# --- frames -----------------------------------------------------------------------------------------------------------


def test_short_frames_of_both_framings() -> None:
    """Up to 125 bytes a WebSocket frame has a header of two bytes; TCP always has four."""
    stage, ann, bob = pair()
    cid = stage.enter("cid", framing=Framing.WEBSOCKET)
    stage.tick()
    stage.walk(bob, (2.1, 0, 0))
    stage.tick()
    (tcp,), (websocket,) = ann.written, cid.written
    length = len(tcp) - 4
    assert bytes(tcp[:4]) == length.to_bytes(4, "big")
    assert bytes(websocket[:2]) == bytes((0x82, length))
    assert len(websocket) == 2 + length


@pytest.mark.parametrize(
    ("walkers", "header"), [(9, b"\x82\x74\x92"), (10, b"\x82\x7e\x00\x7e\x92"), (20, b"\x82\x7e\x00\xe2\x92")]
)
def test_websocket_frames_grow_a_longer_header_at_126_bytes(walkers: int, header: bytes) -> None:
    """Nine deltas make 116 bytes of payload and the short header, ten make 126 and the long one."""
    stage = Stage()
    ann = stage.enter("ann", framing=Framing.WEBSOCKET)
    crowd = [stage.enter(f"u{k}") for k in range(walkers)]
    stage.tick(2)
    for walker in crowd:
        stage.walk(walker, (0.1, 0, 0))
    stage.tick()
    assert len(last_snapshot(ann).deltas) == walkers
    assert bytes(ann.written[0]).startswith(header)


def test_a_frame_once_written_never_changes() -> None:
    """An event loop may keep a slice as long as its socket is full: the arena is not used again."""
    stage, ann, bob = pair()
    kept: list[tuple[bytes | memoryview, bytes]] = []
    for step in range(10):
        stage.walk(bob, (2 + step % 2 / 10, 0, 0), yaw=step)
        stage.tick()
        kept += [(data, bytes(data)) for visitor in (ann, bob) for data in visitor.written]
    assert len(kept) > 10
    assert all(bytes(data) == copy for data, copy in kept)


def test_a_full_house_fits_one_frame() -> None:
    """A thousand tracked avatars in one place enter in a single snapshot, and its lengths are right."""
    stage = Stage()
    visitors = [stage.enter(f"u{k}", framing=Framing.WEBSOCKET if k else Framing.TCP) for k in range(1000)]
    for visitor in visitors:
        stage.reach(visitor, (0, 0, 0), head_y=1700)
    for visitor in visitors[2:]:
        stage.lose(visitor)
    report = stage.tick()
    assert report.updates == 2 * 999
    assert len(visitors[0].held) == len(visitors[1].held) == 999


# --- any sequence of events -------------------------------------------------------------------------------------------

RADIUS_MM = 1000


@dataclass(frozen=True)
class Deed:
    """What one of four visitors does before the next tick."""

    who: int
    what: str
    dx: int
    dz: int


DEEDS = st.builds(
    Deed,
    who=st.integers(0, 3),
    what=st.sampled_from(
        ["walk", "walk", "walk", "reach", "jump", "stall", "resync", "lose", "rejoin", "tick", "tick"]
    ),
    dx=st.integers(-140, 140),
    dz=st.integers(-140, 140),
)


class Model:
    """Four visitors, and what is true of them in plain integers."""

    def __init__(self) -> None:
        self.stage = Stage(settings=RoomSettings(interest_radius_mm=RADIUS_MM))
        self.visitors: list[Visitor] = []
        self.truth: dict[int, Pose] = {}  # by entity id
        self.held: dict[int, set[int]] = {}
        for number in range(4):
            self.enter(number)

    def enter(self, number: int) -> None:
        """Somebody comes in, in the middle."""
        framing = Framing.WEBSOCKET if number % 2 else Framing.TCP
        visitor = self.stage.enter(f"u{number}", framing=framing)
        visitor.entity = int(self.stage.room.state.entities.id[visitor.row])
        self.visitors.insert(number, visitor)
        self.truth[visitor.entity] = Pose(ROOT, (0, 0, 0))
        self.held[visitor.entity] = set()

    def do(self, deed: Deed) -> None:
        """Do it, and note what becomes true."""
        visitor = self.visitors[deed.who]
        match deed.what:
            case "tick":
                self.tick()
            case "stall":
                visitor.is_writable = not visitor.is_lost and not visitor.is_writable
            case "resync":
                self.stage.send(visitor, schema.Resync)
            case "lose":
                (self.stage.resume if visitor.is_lost else self.stage.lose)(visitor)
            case "rejoin":
                self._rejoin(deed.who)
            case "jump":
                self._jump(visitor, 20 * deed.dx, 20 * deed.dz)
            case _:
                self._move(visitor, deed)

    def tick(self) -> None:
        """Tick, and compare every view that could be brought up to date with the truth."""
        self.stage.tick()
        for visitor in self.visitors:
            if visitor.is_writable:
                is_full = any(snapshot.is_full for snapshot in visitor.all(Snapshot))
                self.held[visitor.entity] = self._near(visitor, set() if is_full else self.held[visitor.entity])
                assert visitor.held == {entity: self.truth[entity] for entity in self.held[visitor.entity]}

    def _near(self, visitor: Visitor, held: set[int]) -> set[int]:
        here = self.truth[visitor.entity].place
        return {
            entity
            for entity, pose in self.truth.items()
            if entity != visitor.entity and is_near(here, pose.place, RADIUS_MM, entity in held)
        }

    def _move(self, visitor: Visitor, deed: Deed) -> None:
        self.stage.now += 0.035  # what such a step takes at the highest speed
        x, _, z = self.truth[visitor.entity].place
        place, yaw = (x + deed.dx, deed.dz // 3, z + deed.dz), deed.dx % 7
        at = (place[0] / 1000, place[1] / 1000, place[2] / 1000)
        if deed.what == "reach":
            self.stage.reach(visitor, at, yaw=yaw, left_x=deed.dx)
            still = Part((0, 0, 0), 0)
            self.truth[visitor.entity] = Pose(TRACKED, place, yaw, parts=(still, Part((deed.dx, 0, 0), 0), still))
        else:
            self.stage.walk(visitor, at, yaw=yaw)
            self.truth[visitor.entity] = Pose(ROOT, place, yaw)

    def _jump(self, visitor: Visitor, dx: int, dz: int) -> None:
        self.tick()  # a rest is counted from tick to tick
        self.stage.now += JUMP_REST_S
        x, _, z = self.truth[visitor.entity].place
        visitor.seq += 1
        self.stage.send(visitor, schema.Teleport, visitor.seq, x + dx, 0, z + dz, 5)
        self.truth[visitor.entity] = self.truth[visitor.entity]._replace(place=(x + dx, 0, z + dz), yaw=5)

    def _rejoin(self, number: int) -> None:
        visitor = self.visitors.pop(number)
        self.stage.exit(visitor)
        del self.truth[visitor.entity]
        self.enter(number)


@given(deeds=st.lists(DEEDS, min_size=30, max_size=80))
def test_every_view_is_the_truth_whatever_happens(deeds: list[Deed]) -> None:
    """Walks, jumps, changes of body, stalls, lost connections, resyncs, newcomers: views equal the truth each tick."""
    model = Model()
    for deed in [*deeds, Deed(0, "tick", 0, 0)]:
        model.do(deed)


@pytest.mark.parametrize("rest_ticks", [2**13, 2**14, 2**16])
def test_whoever_rested_for_long_is_told_of_when_they_move(rest_ticks: int) -> None:
    """A single step, however many ticks after the one before."""
    stage = Stage(world(), RoomSettings())
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    stage.tick(4)
    stage.walk(bob, (2.1, 0, 0))
    stage.tick()
    stage.room.tick_number += rest_ticks - 1
    stage.walk(bob, (2.2, 0, 0))
    stage.tick()
    assert ann.held[bob.entity].place == (2200, 0, 0)
