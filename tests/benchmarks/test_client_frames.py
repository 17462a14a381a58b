"""Frames laid out in bulk are what a careful client would have sent, and received ones are cut at the right places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.client_frames import (
    POSE_BYTES,
    client_frame,
    message_type,
    next_frame,
    pose_frames,
    snapshot_data_start,
    summary,
)
from benchmarks.motion import Motion, embody
from benchmarks.walkers import walk
from protocol import schema
from protocol.codec import decode, encode
from protocol.framing import Framing, Opcode, WebSocketReader, frame
from protocol.records import PARTS, Section, read_sections
from protocol.schema import SPEC_OF, Sender
from tests.benchmarks.packing import section, snapshot


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


@given(st.binary(min_size=0, max_size=70_000), st.binary(min_size=4, max_size=4))
def test_client_frames_are_read_by_a_server(payload: bytes, key: bytes) -> None:
    """All three length forms, masked."""
    assert WebSocketReader(100_000).feed(client_frame(payload, key)) == [payload]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536])
def test_server_frames_are_found(length: int) -> None:
    """All three length forms, with something before and after."""
    framed = frame(Framing.WEBSOCKET, bytes(length))
    found = next_frame(b"x" + framed + b"y", 1, len(framed) + 2)
    assert found == (Opcode.BINARY, 1 + len(framed) - length, 1 + len(framed))


@pytest.mark.parametrize("length", [1, 126, 65536])
def test_half_a_frame_waits(length: int) -> None:
    """Cut anywhere, a frame is not there yet."""
    framed = frame(Framing.WEBSOCKET, bytes(length))
    for cut in {0, 1, 2, 3, 9, len(framed) // 2, len(framed) - 1} & set(range(len(framed))):
        assert next_frame(framed, 0, cut) is None


@pytest.mark.parametrize("message", [schema.Ping(1), schema.Hello(0, 1, "", "", "", "", "", 0)])
def test_types_are_read_without_decoding(message: object) -> None:
    """Short arrays and long ones."""
    assert message_type(encode(message)) == SPEC_OF[type(message)].type


def test_the_longest_message_has_its_type_further_back() -> None:
    """A welcome has more fields than msgpack's shortest array form holds."""
    welcome = schema.Welcome(0, 1, "", "", "", False, "u", "n", "", "", True, [], 1, 1, 1, 1)
    assert message_type(encode(welcome)) == SPEC_OF[schema.Welcome].type


@pytest.mark.parametrize("padding", [0, 300])
def test_a_snapshot_is_summed_up(padding: int) -> None:
    """Its header is read and its avatars are counted; leaves, enters and objects are not updates."""
    sections = (
        section(Section.LEAVE, {"id": 1}),
        section(Section.ENTER, {"id": 2}),
        section(Section.ROOT, {"id": 2}, {"id": 3}),
        section(Section.THING, *({"id": 100 + k} for k in range(1 + padding))),
        section(Section.ROOT_DELTA, *({"id": 10 + k} for k in range(5))),
    )
    message = encode(schema.Snapshot(snapshot(*sections, tick=9, time_ms=450, ack=7, flags=1)))
    told = summary(message, snapshot_data_start(message, 0), len(message))
    assert (told.tick, told.time_ms, told.ack, told.flags, told.updates) == (9, 450, 7, 1, 7)
