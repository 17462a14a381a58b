"""Frames laid out in bulk are what a careful client would have sent."""

from __future__ import annotations

import numpy as np

from benchmarks.client_frames import POSE_BYTES, pose_frames
from benchmarks.motion import Motion, embody
from benchmarks.walkers import walk
from protocol.codec import decode
from protocol.framing import WebSocketReader
from protocol.records import PARTS, Section, read_sections
from protocol.schema import Sender


def moving(people: int, steps: int, *tracked: int) -> Motion:
    """Let people walk, some of them with a headset."""
    rng = np.random.default_rng(3)
    worn = np.isin(np.arange(people), tracked)
    return embody(rng, walk(rng, people, 20.0, steps, 0.05), 0.05, tracked=worn, swing_m=0.2)


def test_pose_frames_say_where_people_are() -> None:
    """Each frame unmasks and decodes to a pose message with the sender's sequence and quantised pose."""
    people = moving(4, 6, 1, 3)
    frames, lengths = pose_frames(people, 64, np.random.default_rng(4))
    assert frames.shape == (6, 4, POSE_BYTES[Section.TRACKED_INPUT])
    for step in range(6):
        for number in range(4):
            (payload,) = WebSocketReader(1000).feed(frames[step, number, : lengths[number]].tobytes())
            assert isinstance(payload, bytes)
            message = decode(payload, Sender.CLIENT)
            ((kind, table),) = read_sections(memoryview(message.record))
            (row,) = table
            assert kind is (Section.TRACKED_INPUT if number in (1, 3) else Section.ROOT_INPUT)
            assert (row["seq"], row["age"]) == (64 + step, 0)
            assert [row[axis] for axis in "xyz"] == people.position_mm[step, number].tolist()
            assert (row["yaw"], row["pitch"]) == (people.yaw_turns[step, number], people.pitch_steps[step, number])
            if kind is Section.TRACKED_INPUT:
                worn = number // 2
                for index, part in enumerate(PARTS):
                    assert [row[part][axis] for axis in "xyz"] == people.parts_mm[step, worn, index].tolist()
                    assert row[part]["orientation"] == people.parts_packed[step, worn, index]


def test_pose_frames_are_masked_at_random() -> None:
    """Keys differ from frame to frame: a server that skipped unmasking would not get away with it."""
    frames, _ = pose_frames(moving(8, 8), 64, np.random.default_rng(4))
    assert len(np.unique(frames[:, :, 2:6].reshape(-1, 4), axis=0)) > 60
