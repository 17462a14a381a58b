"""Own motion is told when it changes, no more often than asked, to its very end, and gives way to corrections."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence_client.motion import ObjectSender, PoseSender, placed
from presence_client.pose import Part, Pose, input_record, pack_body
from protocol import records
from protocol.schema import Cause, Correction
from tests.clients.test_bots import ROOT
from tests.clients.test_view import joined

VECTORS = json.loads((ROOT / "protocol" / "vectors" / "sending.json").read_text())["vectors"]


def started(x_mm: int = 0) -> PoseSender:
    """Make a sender whose avatar was just put into a room."""
    sender = PoseSender()
    sender.start(joined(x=x_mm, yaw=16_384))
    return sender


def sent_x(record: bytes | None) -> int | None:
    """Read x of a record, mm."""
    if record is None:
        return None
    ((_, table),) = records.read_sections(memoryview(record))
    return int(table["x"][0])


def stance(described: dict[str, Any]) -> Pose:
    """Read a pose of a vector."""
    parts = described["parts"] and tuple(Part(tuple(place), tuple(turn)) for place, turn in described["parts"])
    x, y, z = described["position"]
    return Pose(x, y, z, described["yaw"], described["pitch"], parts)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_poses_go_when_the_specification_says(vector: dict[str, Any]) -> None:
    """The protocol's own vectors: at which moments which samples are sent, and how old they are then."""
    sender, start = started(), stance(vector["start"])
    sender.move(start, 0.0)
    sender.jump(*start.position, start.yaw)
    samples = [(at_ms, stance(pose)) for at_ms, pose in vector["samples"]]
    expected = {at_ms: samples[number] for at_ms, number in vector["sent"]}
    waiting = list(samples)
    for now_ms in range(0, vector["until_ms"], vector["asked_every_ms"]):
        while waiting and waiting[0][0] <= now_ms:
            at_ms, pose = waiting.pop(0)
            sender.move(pose, at_ms / 1000)
        record = sender.due(now_ms / 1000)
        assert (record is not None) == (now_ms in expected), f"at {now_ms} ms"
        if record is not None:
            at_ms, pose = expected[now_ms]
            assert record == input_record(pack_body(pose), sender.seq, (now_ms - at_ms) / 1000)


def test_nothing_is_sent_while_still() -> None:
    """Neither the place one was put at nor a pose that quantises alike is told."""
    sender = started()
    assert sender.pose is not None
    for tick in range(40):
        sender.move(replace(sender.pose, x=0.0001 * (tick % 3)), tick * 0.05)
        assert sender.due(tick * 0.05) is None


def test_motion_is_sent_every_frame() -> None:
    """At 20 frames a second each new pose is sent, numbered on."""
    sender = started()
    sent = []
    for tick in range(1, 21):
        sender.move(Pose(tick * 0.05), tick * 0.05)
        sent.append(sent_x(sender.due(tick * 0.05)))
    assert sent == [tick * 50 for tick in range(1, 21)]
    assert sender.seq == 20


@given(st.lists(st.floats(0.001, 0.2), min_size=1, max_size=200))
def test_poses_are_sent_at_most_twenty_times_a_second(gaps: list[float]) -> None:
    """However fast an application moves its avatar, no second holds more than 20 poses and one in reserve."""
    sender, now, sent = started(), 0.0, []
    for step, gap in enumerate(gaps, start=1):
        now += gap
        sender.move(Pose(step * 0.01), now)
        if sender.due(now) is not None:
            sent.append(now)
    for first in sent:
        assert sum(first <= at < first + 1.0 for at in sent) <= 21


def test_the_last_pose_of_a_movement_is_sent() -> None:
    """A pose that came too early for its turn is not lost when motion ends with it."""
    sender = started()
    sender.move(Pose(1.0), 0.0)
    assert sent_x(sender.due(0.0)) == 1000
    sender.move(Pose(1.5), 0.005)
    assert sender.due(0.005) is None
    assert sent_x(sender.due(0.05)) == 1500
    assert sender.due(10.0) is None


def test_a_record_says_how_old_its_pose_is() -> None:
    """The age runs from when the application took the pose to when it is sent."""
    sender = started()
    sender.move(Pose(1.0), 7.0)
    record = sender.due(7.04)
    assert record is not None
    ((_, table),) = records.read_sections(memoryview(record))
    assert table["age"][0] == 10


def test_a_correction_is_adopted_and_not_sent_back() -> None:
    """The avatar stands where the server says, gaze and hands as they were."""
    sender = started()
    sender.move(Pose(2.0, pitch=0.5), 0.0)
    sender.due(0.0)
    sender.correct(Correction(1, Cause.WALL, 1500, 0, -250, 32_768))
    assert sender.pose is not None
    assert sender.pose.position == (1.5, 0.0, -0.25)
    assert sender.pose.yaw == pytest.approx(3.14159, abs=1e-4)
    assert sender.pose.pitch == 0.5
    assert sender.due(1.0) is None


def test_a_correction_is_sent_behind_poses_in_the_air() -> None:
    """One of them may be accepted from where the server put the avatar: the last word is the place it gave."""
    sender = started()
    for step in (1, 2):
        sender.move(Pose(float(step)), float(step))
        sender.due(float(step))
    sender.correct(Correction(1, Cause.WALL, 500, 0, 0, 0))
    assert sent_x(sender.due(3.0)) == 500
    assert sender.due(4.0) is None


def test_sequences_go_on_into_the_next_room() -> None:
    """A pose of the new room is never taken for an old one."""
    sender = started()
    sender.move(Pose(1.0), 0.0)
    sender.due(0.0)
    sender.start(joined())
    sender.move(Pose(2.0), 1.0)
    sender.due(1.0)
    assert sender.seq == 2


def test_a_pause_holds_poses_back_and_refuses_them() -> None:
    """While a teleport is in the air, poses of the place that is being left are not sent, then or later."""
    sender = started()
    sender.move(Pose(1.0), 0.0)
    sender.pause()
    sender.move(Pose(2.0), 0.1)
    assert sender.due(0.1) is None
    sender.jump(9.0, 0.0, 0.0, 0.0)
    sender.resume()
    assert sender.pose == Pose(9.0)
    assert sender.due(1.0) is None


def test_a_repeat_sends_the_same_pose_again() -> None:
    """After a break the pose that may have been swallowed is told once more."""
    sender = started()
    sender.move(Pose(1.0), 0.0)
    sender.due(0.0)
    sender.repeat()
    assert sent_x(sender.due(1.0)) == 1000
    assert sender.due(2.0) is None


def test_outside_a_room_there_is_no_pose() -> None:
    """After leaving, nothing is told and nothing is known."""
    sender = started()
    sender.stop()
    assert sender.pose is None
    assert sender.due(1.0) is None


def test_only_the_newest_place_of_an_object_is_sent() -> None:
    """Moves between two frames overtake each other; objects do not wait for one another."""
    sender = ObjectSender()
    sender.move(4, 2, placed(Pose(1.0)))
    sender.move(4, 2, placed(Pose(2.0)))
    sender.move(5, 1, placed(Pose(3.0)))
    assert [(move.entity, move.version, move.x) for move in sender.due(0.0)] == [(4, 2, 2000), (5, 1, 3000)]
    sender.move(4, 2, placed(Pose(2.0)))
    assert sender.due(1.0) == []


def test_moves_of_objects_are_sent_at_most_twenty_times_a_second() -> None:
    """An object moved every millisecond is told every fiftieth."""
    sender = ObjectSender()
    count = 0
    for tick in range(1000):
        sender.move(4, 1, placed(Pose(tick * 0.01)))
        count += len(sender.due(tick * 0.001))
    assert 19 <= count <= 21


def test_a_released_object_is_not_moved_any_more() -> None:
    """A release knows the last place and overtakes a move that was not sent."""
    sender = ObjectSender()
    sender.move(4, 1, placed(Pose(1.0)))
    assert sender.drop(4) == placed(Pose(1.0))
    assert sender.due(1.0) == []
    assert sender.drop(4) is None
