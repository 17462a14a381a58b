"""What a room was sent since its last tick: order kept, poses checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.inbox import KIND_OF_LENGTH, MAX_POSES, PREFIX, Inbox, Segment
from protocol.codec import encode
from protocol.records import DTYPES, Section, section_bytes
from protocol.schema import GoTo, Pose, Resync, Teleport
from tests.rooms import input_record

ROOT, TRACKED = Section.ROOT_INPUT, Section.TRACKED_INPUT


def goods(segment: Segment) -> list[bool]:
    """Tell, for each pose of a segment's only batch, whether it keeps the protocol."""
    (batch,) = segment.batches
    return [bool(is_good) for is_good in batch.is_good]


def add(inbox: Inbox, row: int, kind: Section, seq: int, now: float = 0.0, **fields: int) -> None:
    """Add a pose."""
    inbox.add_pose(kind, row, input_record(kind, seq, (0, 0, 0), **fields).tobytes(), now)


@pytest.mark.parametrize("kind", [ROOT, TRACKED])
def test_the_canonical_form_is_what_the_codec_writes(kind: Section) -> None:
    """A client that encodes a pose message in the usual way takes the hot path."""
    record = input_record(kind, 1, (1, 2, 3), yaw=9)
    message = encode(Pose(section_bytes(kind, record)))
    assert message == PREFIX[kind] + record.tobytes()
    assert KIND_OF_LENGTH[len(message)] is kind


@given(kind=st.sampled_from([ROOT, TRACKED]), data=st.data())
def test_any_record_comes_out_as_it_went_in(kind: Section, data: st.DataObject) -> None:
    """Whatever its values, bit by bit."""
    size = DTYPES[kind].itemsize
    record = data.draw(st.binary(min_size=size, max_size=size))
    inbox = Inbox()
    inbox.add_pose(kind, 3, record, 2.5)
    (segment,) = inbox.take()
    (batch,) = segment.batches
    assert (batch.kind, batch.rows.tolist(), batch.received.tolist()) == (kind, [3], [2.5])
    assert batch.table.tobytes() == record


def test_poses_stay_in_order_by_kind() -> None:
    """One batch for each kind, each in order of arrival with its row and time."""
    inbox = Inbox()
    for number, (row, kind) in enumerate([(5, ROOT), (2, TRACKED), (5, ROOT), (1, ROOT)]):
        add(inbox, row, kind, number, number / 8)
    (segment,) = inbox.take()
    found = [(b.kind, b.rows.tolist(), b.table["seq"].tolist(), b.received.tolist()) for b in segment.batches]
    assert found == [(ROOT, [5, 5, 1], [0, 2, 3], [0, 0.25, 0.375]), (TRACKED, [2], [1], [0.125])]


def test_who_changes_kind_keeps_the_order_of_arrival() -> None:
    """Putting a headset on and off within a tick closes segments; nobody's later pose comes before an earlier."""
    inbox = Inbox()
    for seq, (row, kind) in enumerate([(1, TRACKED), (2, ROOT), (1, ROOT), (2, ROOT), (1, TRACKED)]):
        add(inbox, row, kind, seq)
    found = [[(batch.kind, batch.table["seq"].tolist()) for batch in segment.batches] for segment in inbox.take()]
    assert found == [[(ROOT, [1]), (TRACKED, [0])], [(ROOT, [2, 3])], [(TRACKED, [4])]]


def test_changing_kind_all_the_time_costs_no_more_than_some_segments() -> None:
    """A flood of poses of two kinds by turns makes no segment for each; every pose is there."""
    inbox = Inbox()
    for seq in range(1_000):
        add(inbox, 1, (ROOT, TRACKED)[seq % 2], seq)
    segments = inbox.take()
    assert len(segments) <= 64
    assert sum(len(batch.rows) for segment in segments for batch in segment.batches) == 1_000


def test_poses_beyond_the_bound_are_dropped() -> None:
    """Whatever is sent between two ticks, the memory it takes is bounded; the next tick's poses find room again."""
    inbox, n = Inbox(), MAX_POSES - 10
    inbox.add_poses(ROOT, np.ones(n, np.intp), np.zeros((n, DTYPES[ROOT].itemsize), np.uint8), 0.0)
    for seq in range(20):
        add(inbox, 1, ROOT, seq)
    add(inbox, 2, TRACKED, 1)
    assert [len(batch.rows) for batch in inbox.take()[0].batches] == [MAX_POSES, 1]
    add(inbox, 1, ROOT, 1)
    assert [len(batch.rows) for batch in inbox.take()[0].batches] == [1]


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
    add(inbox, 0, kind, 1, **fields)
    (segment,) = inbox.take()
    assert goods(segment) == [is_good]


def test_what_is_taken_is_gone() -> None:
    """A second take finds nothing."""
    inbox = Inbox()
    add(inbox, 0, ROOT, 1)
    inbox.add(0, Resync())
    assert len(inbox.take()[0].commands) == 1
    (segment,) = inbox.take()
    assert (segment.batches, segment.commands) == ([], [])


@pytest.mark.parametrize("jump", [Teleport(ref=1, seq=1, x=0, y=0, z=0, yaw=0), GoTo(ref=1, entity=7)])
def test_a_jump_divides_the_poses_before_it_from_those_behind(jump: Any) -> None:
    """Poses sent after it start from its target, so they wait in a segment of their own."""
    inbox = Inbox()
    add(inbox, 0, ROOT, 1)
    inbox.add(0, Resync())
    inbox.add(1, jump)
    add(inbox, 0, ROOT, 2)
    inbox.add(1, Resync())
    found = [([batch.table["seq"].tolist() for batch in segment.batches], segment.commands) for segment in inbox.take()]
    assert found == [([[1]], [(0, Resync()), (1, jump)]), ([[2]], [(1, Resync())])]
