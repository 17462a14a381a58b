"""One worked example of every message (two where a message carries packed records of different kinds).

SPEC.md shows them in hexadecimal, the AsyncAPI document carries them, and the second decoder of the tests reads them
from SPEC.md. They tell one story: Ana enters the lobby, meets Ben, and they hand each other a notebook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from protocol.codec import encode, share
from protocol.errors import Close, Refusal
from protocol.plain import pack_section, pack_snapshot
from protocol.records import POSE_JUMP, SNAPSHOT_FULL, Section, digest_terms
from protocol.schema import (
    MAJOR,
    MINOR,
    SCHEMA_HASH,
    SPEC_OF,
    Ack,
    Action,
    Block,
    Bye,
    Cause,
    Channel,
    Chat,
    Closing,
    Correction,
    Despawn,
    Done,
    Emote,
    Error,
    Gesture,
    Gestured,
    Goaway,
    Gone,
    GoTo,
    Grab,
    Hello,
    Join,
    Joined,
    Lane,
    Leave,
    Left,
    LookFrom,
    Moderate,
    Move,
    Objects,
    Person,
    Ping,
    Pong,
    Pose,
    Release,
    Renew,
    Resync,
    RoomState,
    Roster,
    Said,
    SetBudget,
    SetStatus,
    Snapshot,
    Spawn,
    Status,
    Teleport,
    Thing,
    Welcome,
)

UPRIGHT = 0xE008_0200  # the identity quaternion, packed
_RESUME = "5f0c7a81d29b43e6"
_TOKEN = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl"  # noqa: S105  a shape, not a secret
_ANA, _BEN, _CARL, _NOTEBOOK = 7, 9, 12, 300


@dataclass(frozen=True, slots=True)
class Example:
    """A message as it could be sent, and what it shows."""

    title: str
    message: Any

    @property
    def name(self) -> str:
        """The wire name of the message."""
        return SPEC_OF[type(self.message)].name

    @property
    def payload(self) -> bytes:
        """The bytes a peer following the writer's rules sends (SPEC section 4.3)."""
        return written(self.message)


def written(message: Any) -> bytes:
    """Encode a message as the server does: `seq` of an event in 32 bits, `data` of a snapshot as bin 16."""
    if isinstance(message, Snapshot):
        return b"\x92" + bytes((SPEC_OF[Snapshot].type, 0xC5)) + len(message.data).to_bytes(2, "big") + message.data
    if SPEC_OF[type(message)].lane is Lane.EVENTS:
        return share(message).numbered(message.seq)
    return encode(message)


def _digest(*held: tuple[int, int]) -> int:
    ids, generations = np.array(held, np.uint32).T
    return int(digest_terms(ids, generations).sum(dtype=np.uint32))


_ROOT_POSE = {"seq": 1207, "x": 1250, "y": 0, "z": -3400, "yaw": 16384, "pitch": -5, "age": 2}
_TRACKED_POSE = _ROOT_POSE | {
    "seq": 1208,
    "x": 1310,
    "head.y": 1640,
    "head.z": -40,
    "head.orientation": UPRIGHT,
    "left.x": -310,
    "left.y": 1080,
    "left.z": -220,
    "left.orientation": UPRIGHT,
    "right.x": 290,
    "right.y": 1110,
    "right.z": -350,
    "right.orientation": 0xD00B_3A41,
}
_FULL = pack_snapshot(
    {
        "tick": 412,
        "time_ms": 20600,
        "ack": 0,
        "digest": _digest((_BEN, 1), (_CARL, 3), (_NOTEBOOK, 1)),
        "flags": SNAPSHOT_FULL,
    },
    {
        Section.ENTER: [
            {"id": _BEN, "generation": 1},
            {"id": _CARL, "generation": 3},
            {"id": _NOTEBOOK, "generation": 1},
        ],
        Section.ROOT: [{"id": _BEN, "age": 10, "x": 4000, "z": -2500, "yaw": 32768, "pitch": 0}],
        Section.TRACKED: [
            {
                "id": _CARL,
                "age": 3,
                "flags": POSE_JUMP,
                "x": -1200,
                "z": -70000,
                "yaw": 49152,
                "pitch": -12,
                "head.y": 1710,
                "head.orientation": UPRIGHT,
                "left.x": -300,
                "left.y": 900,
                "left.orientation": UPRIGHT,
                "right.x": 300,
                "right.y": 900,
                "right.orientation": UPRIGHT,
            }
        ],
        Section.THING: [{"id": _NOTEBOOK, "age": 255, "x": 2000, "y": 750, "z": -3000, "orientation": UPRIGHT}],
    },
)
_CHANGES = pack_snapshot(
    {"tick": 413, "time_ms": 20650, "ack": 1207, "digest": _digest((_BEN, 1), (_CARL, 3)), "flags": 0},
    {
        Section.LEAVE: [{"id": _NOTEBOOK}],
        Section.ROOT_DELTA: [{"id": _BEN, "age": 2, "dx": -75, "dz": 3, "dy": 0, "yaw": 32900, "pitch": 1}],
        Section.TRACKED_DELTA: [
            {
                "id": _CARL,
                "age": 4,
                "dx": 2047,
                "dz": -2047,
                "dy": -1,
                "yaw": 49000,
                "head.dy": -3,
                "head.second": -12,
                "left.dx": 127,
                "right.dz": -127,
                "right.first": 255,
                "right.third": -255,
            }
        ],
    },
)
_ON = pack_snapshot(
    {"tick": 414, "time_ms": 20700, "ack": 1208, "digest": _digest((_BEN, 1), (_CARL, 3)), "flags": 0},
    {Section.PREDICTED: [{"id": _BEN, "age": -1, "x": -2, "y": 0, "z": 5, "yaw": -40, "pitch": 3}]},
)
_FAR = pack_snapshot(
    {"tick": 416, "time_ms": 20800, "ack": 1210, "digest": _digest((_BEN, 1), (_CARL, 3)), "flags": 0},
    {Section.DOT: [{"id": _CARL, "x": 7, "y": 0, "z": -577}]},
)
_PLACE = {"x": 2000, "y": 1100, "z": -3000, "orientation": UPRIGHT}
_SPOT = {"x": 1250, "y": 0, "z": -3400, "yaw": 16384}
_BEN_ENTRY = Person(
    _BEN, 1, "u-118", "Ben Okafor", "National Bureau", "NG", ["officer"], False, Status.BUSY, False, False
)
_ANA_ENTRY = Person(
    _ANA, 2, "u-042", "Ana Müller", "Federal Police", "DE", ["moderator", "officer"], False, 0, False, False
)

EXAMPLES: tuple[Example, ...] = (
    Example("a new session", Hello(MAJOR, MINOR, SCHEMA_HASH, "example/1.0", _TOKEN, "", "", 0)),
    Example("enter the lobby, whatever its world", Join(1, "lobby", "")),
    Example("leave it", Leave(2)),
    Example("a desktop avatar", Pose(pack_section(Section.ROOT_INPUT, [_ROOT_POSE]))),
    Example("a tracked avatar", Pose(pack_section(Section.TRACKED_INPUT, [_TRACKED_POSE]))),
    Example("jump in place of pose 1209", Teleport(3, 1209, **_SPOT)),
    Example("a heartbeat", Ping(1_750_000_123_456)),
    Example("events up to 5 have arrived", Ack(5)),
    Example("said to everybody", Chat(4, Channel.ROOM, 0, "Bonjour à tous")),
    Example("a wave", Gesture(5, Emote.WAVE)),
    Example("busy", SetStatus(6, Status.BUSY)),
    Example("a notebook at hand", Spawn(7, "notebook", **_PLACE)),
    Example("take it", Grab(8, _NOTEBOOK)),
    Example("carry it", Move(_NOTEBOOK, 2, **_PLACE)),
    Example("put it down", Release(9, _NOTEBOOK, 2, **_PLACE)),
    Example("remove it", Despawn(10, _NOTEBOOK, 4)),
    Example("hide from one user", Block(11, "u-118", True)),
    Example("mute", Moderate(12, Action.MUTE, _BEN, "microphone left open")),
    Example("a newer token", Renew(13, _TOKEN)),
    Example("start over", Resync()),
    Example("goodbye", Bye()),
    Example("over to Ben", GoTo(14, _BEN)),
    Example("128 kbit/s will do", SetBudget(15, 16_000)),
    Example("the camera over the counter", LookFrom(16, 0, True, 4200, 2500, -1300)),
    Example(
        "a session of a token's user",
        Welcome(
            major=MAJOR,
            minor=MINOR,
            schema=SCHEMA_HASH,
            session="9d1f60b2c4a87e35",
            resume=_RESUME,
            resumed=False,
            user="u-042",
            name="Ana Müller",
            agency="Federal Police",
            country="DE",
            guest=False,
            roles=["moderator", "officer"],
            heartbeat_ms=5000,
            resume_window_ms=60_000,
            max_frame_bytes=16_384,
            time=86_400_000_000,
        ),
    ),
    Example(
        "the first event of a session",
        Joined(
            seq=1,
            ref=1,
            room="lobby",
            world="plaza",
            world_digest="3c9a51e07bd2f864",
            entity=_ANA,
            generation=2,
            tick_hz=20,
            radius_mm=10_000,
            locked=False,
            budget_bytes_per_s=32_000,
            **_SPOT,
        ),
    ),
    Example("a full one", Snapshot(_FULL)),
    Example("the one after it", Snapshot(_CHANGES)),
    Example("one of them goes on about as before", Snapshot(_ON)),
    Example("one of them has gone far away", Snapshot(_FAR)),
    Example("a wall in the way", Correction(1208, Cause.WALL, **_SPOT)),
    Example("two people, oneself first", Roster(2, [_ANA_ENTRY, _BEN_ENTRY])),
    Example("a notebook nobody holds", Objects(3, [Thing(_NOTEBOOK, 1, "notebook", 1, 0, 2000, 750, -3000, UPRIGHT)])),
    Example("two entities", Gone(4, [_CARL, _NOTEBOOK])),
    Example("what Ana said", Said(5, _ANA, Channel.ROOM, "Bonjour à tous", 21_015)),
    Example("Ana waved", Gestured(6, _ANA, Emote.WAVE)),
    Example("locked by a moderator", RoomState(7, True)),
    Example("back in the hall", Left(8, 2)),
    Example("the notebook is Ana's, at version 2", Done(9, 8, _NOTEBOOK, 2)),
    Example("out of reach", Error(10, 8, Refusal.OUT_OF_REACH, "too far away; come within 3 m")),
    Example("half a millisecond later", Pong(1_750_000_123_456, 86_400_512_000, 86_400_512_500)),
    Example("come back in two seconds", Goaway("the server is being updated", 2000)),
    Example("and the end", Closing(Close.GOAWAY, "the server is being updated")),
)
