"""What a room was sent since its last tick: order kept, poses unmasked and checked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.inbox import KIND_OF_LENGTH, MAX_POSES, PREFIX, Inbox, Segment
from protocol.codec import encode
from protocol.framing import mask
from protocol.records import DTYPES, Section, section_bytes
from protocol.schema import GoTo, Pose, Resync, Teleport
from tests.rooms import input_record, masked_pose

ROOT, TRACKED = Section.ROOT_INPUT, Section.TRACKED_INPUT


def goods(segment: Segment) -> list[bool]:
    """Tell, for each pose of a segment's only batch, whether it keeps the protocol."""
    (batch,) = segment.batches
    return [bool(is_good) for is_good in batch.is_good]


@pytest.mark.parametrize("kind", [ROOT, TRACKED])
def test_the_canonical_form_is_what_the_codec_writes(kind: Section) -> None:
    """A client that encodes a pose message in the usual way takes the hot path."""
    record = input_record(kind, 1, (1, 2, 3), yaw=9)
    message = encode(Pose(section_bytes(kind, record)))
    assert message == PREFIX[kind] + record.tobytes()
    assert KIND_OF_LENGTH[4 + len(message)] is kind


@given(kind=st.sampled_from([ROOT, TRACKED]), key=st.binary(min_size=4, max_size=4), data=st.data())
def test_any_record_comes_out_as_it_went_in(kind: Section, key: bytes, data: st.DataObject) -> None:
    """Whatever its mask key and its values, bit by bit."""
    size = DTYPES[kind].itemsize
    record = data.draw(st.binary(min_size=size, max_size=size))
    inbox = Inbox()
    inbox.add_pose(3, key + mask(PREFIX[kind] + record, key), 2.5)
    (segment,) = inbox.take()
    (batch,) = segment.batches
    assert (batch.kind, batch.rows.tolist(), batch.received.tolist()) == (kind, [3], [2.5])
    assert batch.table.tobytes() == record


def test_poses_stay_in_order_by_kind() -> None:
    """One batch for each kind, each in order of arrival with its row and time."""
    inbox = Inbox()
    for number, (row, kind) in enumerate([(5, ROOT), (2, TRACKED), (5, ROOT), (1, ROOT)]):
        inbox.add_pose(row, masked_pose(kind, number, (0, 0, 0)), number / 8)
    (segment,) = inbox.take()
    found = [(b.kind, b.rows.tolist(), b.table["seq"].tolist(), b.received.tolist()) for b in segment.batches]
    assert found == [(ROOT, [5, 5, 1], [0, 2, 3], [0, 0.25, 0.375]), (TRACKED, [2], [1], [0.125])]


def test_who_changes_kind_keeps_the_order_of_arrival() -> None:
    """Putting a headset on and off within a tick closes segments; nobody's later pose comes before an earlier."""
    inbox = Inbox()
    for seq, (row, kind) in enumerate([(1, TRACKED), (2, ROOT), (1, ROOT), (2, ROOT), (1, TRACKED)]):
        inbox.add_pose(row, masked_pose(kind, seq, (0, 0, 0)), 0.0)
    found = [[(batch.kind, batch.table["seq"].tolist()) for batch in segment.batches] for segment in inbox.take()]
    assert found == [[(ROOT, [1]), (TRACKED, [0])], [(ROOT, [2, 3])], [(TRACKED, [4])]]


def test_changing_kind_all_the_time_costs_no_more_than_some_segments() -> None:
    """A flood of poses of two kinds by turns makes no segment for each; every pose is there."""
    inbox = Inbox()
    for seq in range(1_000):
        inbox.add_pose(1, masked_pose((ROOT, TRACKED)[seq % 2], seq, (0, 0, 0)), 0.0)
    segments = inbox.take()
    assert len(segments) <= 64
    assert sum(len(batch.rows) for segment in segments for batch in segment.batches) == 1_000


def test_poses_beyond_the_bound_are_dropped() -> None:
    """Whatever is sent between two ticks, the memory it takes is bounded; the next tick's poses find room again."""
    inbox, pose = Inbox(), masked_pose(ROOT, 1, (0, 0, 0))
    for _ in range(MAX_POSES + 10):
        inbox.add_pose(1, pose, 0.0)
    inbox.add_pose(2, masked_pose(TRACKED, 1, (0, 0, 0)), 0.0)
    assert [len(batch.rows) for batch in inbox.take()[0].batches] == [MAX_POSES, 1]
    inbox.add_pose(1, pose, 0.0)
    assert [len(batch.rows) for batch in inbox.take()[0].batches] == [1]


def test_every_byte_before_the_record_must_be_right() -> None:
    """A message of the right length that is not a canonical pose is not good; the others of its batch are."""
    for position in range(len(PREFIX[ROOT])):
        inbox = Inbox()
        good = PREFIX[ROOT] + input_record(ROOT, 1, (0, 0, 0)).tobytes()
        bad = bytearray(good)
        bad[position] ^= 1
        for message in (good, bytes(bad), good):
            inbox.add_pose(0, bytes(4) + message, 0.0)
        (segment,) = inbox.take()
        assert goods(segment) == [True, False, True]


@pytest.mark.parametrize(
    ("kind", "fields", "is_good"),
    [
        (ROOT, {"pitch": -127}, True),
        (ROOT, {"pitch": -128}, False),
        (ROOT, {"x": 2**22 - 1}, True),
        (ROOT, {"y": 2**22}, False),
        (ROOT, {"z": -(2**31)}, False),
        (TRACKED, {"head_y": 3000}, True),
        (TRACKED, {"left_x": -3001}, False),
        (TRACKED, {"right_z": -(2**15)}, False),
    ],
)
def test_records_are_held_to_their_bounds(kind: Section, fields: dict[str, int], is_good: bool) -> None:
    """Coordinates, pitch and the reach of head and hands, the smallest integers included."""
    inbox = Inbox()
    inbox.add_pose(0, masked_pose(kind, 1, (0, 0, 0), **fields), 0.0)
    (segment,) = inbox.take()
    assert goods(segment) == [is_good]


def test_what_is_taken_is_gone() -> None:
    """A second take finds nothing."""
    inbox = Inbox()
    inbox.add_pose(0, masked_pose(ROOT, 1, (0, 0, 0)), 0.0)
    inbox.add(0, Resync())
    assert len(inbox.take()[0].commands) == 1
    (segment,) = inbox.take()
    assert (segment.batches, segment.commands) == ([], [])


@pytest.mark.parametrize("jump", [Teleport(ref=1, seq=1, x=0, y=0, z=0, yaw=0), GoTo(ref=1, entity=7)])
def test_a_jump_divides_the_poses_before_it_from_those_behind(jump: Any) -> None:
    """Poses sent after it start from its target, so they wait in a segment of their own."""
    inbox = Inbox()
    inbox.add_pose(0, masked_pose(ROOT, 1, (0, 0, 0)), 0.0)
    inbox.add(0, Resync())
    inbox.add(1, jump)
    inbox.add_pose(0, masked_pose(ROOT, 2, (0, 0, 0)), 0.0)
    inbox.add(1, Resync())
    found = [([batch.table["seq"].tolist() for batch in segment.batches], segment.commands) for segment in inbox.take()]
    assert found == [([[1]], [(0, Resync()), (1, jump)]), ([[2]], [(1, Resync())])]
