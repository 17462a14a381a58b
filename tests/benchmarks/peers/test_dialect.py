"""Every dialect says poses as its server reads them, and hears of others as its server tells of them."""

from __future__ import annotations

import json
from struct import pack

import msgpack
import numpy as np
import pytest

from benchmarks.motion import Motion, embody
from benchmarks.peers.dialect import DIALECTS, Colyseus, Naive, Records
from benchmarks.walkers import walk
from protocol.framing import Opcode

STEPS, PEOPLE = 3, 4
POSE_BYTES = 15


@pytest.fixture(scope="module")
def motion() -> Motion:
    """Let a few people walk a few steps."""
    rng = np.random.default_rng(1)
    return embody(rng, walk(rng, PEOPLE, 20.0, STEPS, 0.05), 0.05)


def record(number: int, x: int, z: int) -> bytes:
    """Write a record as hand-written servers do."""
    return pack("<HiiiHb", number, x, 0, z, 1, 2)


def heard(dialect: str, *messages: bytes) -> list[tuple[int, ...]]:
    """Read messages."""
    return [tuple(told) for told in DIALECTS[dialect].heard(messages).tolist()]


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_poses_have_one_length_and_differ(name: str, motion: Motion) -> None:
    """One message for everybody at each step, short enough for the shortest WebSocket frame."""
    poses = DIALECTS[name].poses(motion)
    assert poses.shape[:2] == (STEPS, PEOPLE)
    assert poses.shape[2] <= 125
    assert len({poses[step, person].tobytes() for step in range(STEPS) for person in range(PEOPLE)}) == STEPS * PEOPLE


@pytest.mark.parametrize(("name", "prefix"), [("records", b""), ("colyseus", b"\x11\x01")])
def test_a_pose_is_a_record_in_millimetres(name: str, prefix: bytes, motion: Motion) -> None:
    """Behind what the server's own framing asks for."""
    pose = DIALECTS[name].poses(motion)[2, 1].tobytes()
    x, y, z = motion.position_mm[2, 1].tolist()
    gaze = int(motion.yaw_turns[2, 1]), int(motion.pitch_steps[2, 1])
    assert pose == prefix + pack("<iiiHb", x, y, z, *gaze)


def test_a_socketio_pose_is_an_event_with_a_binary_argument(motion: Motion) -> None:
    """As its msgpack parser reads it."""
    event = msgpack.unpackb(DIALECTS["socketio"].poses(motion)[0, 0].tobytes())
    assert (event["type"], event["nsp"], event["data"][0]) == (2, "/", "pose")
    assert len(event["data"][1]) == POSE_BYTES


def test_a_naive_pose_is_json_in_metres(motion: Motion) -> None:
    """It says whose it is, since nothing else does."""
    pose = json.loads(Naive().poses(motion)[1, 3].tobytes())
    assert Naive.opcode is Opcode.TEXT
    assert pose["id"] == 3
    assert [round(pose[axis] * 1000) for axis in "xyz"] == motion.position_mm[1, 3].tolist()


def test_records_are_told_one_after_another() -> None:
    """Several in a message, and none in an empty one."""
    told = heard("records", record(7, -5, 6) + record(8, 1, 2), b"", record(7, -4, 6))
    assert told == [(0, 7, -5, 6), (0, 8, 1, 2), (2, 7, -4, 6)]


def test_socketio_wraps_records_in_an_event() -> None:
    """What is no event, greetings for one, tells nothing."""
    event = msgpack.packb({"type": 2, "data": ["poses", record(9, 3, 4)], "nsp": "/"})
    connected = msgpack.packb({"type": 0, "data": {"sid": "x"}, "nsp": "/"})
    assert connected.startswith(DIALECTS["socketio"].greeting[1][0])
    assert heard("socketio", b'0{"sid":"x"}', connected, event) == [(2, 9, 3, 4)]


def test_the_naive_tell_objects() -> None:
    """Metres become whole millimetres again."""
    assert heard("naive", json.dumps({"people": [{"id": 5, "x": -1.234, "z": 0.001}]}).encode()) == [(0, 5, -1234, 1)]


def test_identity_is_in_the_path_or_in_the_pose() -> None:
    """No dialect but Colyseus asks the server before it connects."""
    assert Records().path("host", 1, 12) == "/?number=12"
    assert "number=12" in DIALECTS["socketio"].path("host", 1, 12)
    with pytest.raises(RuntimeError, match="no seat"):
        Colyseus().path("127.0.0.1", 9, 12)
