"""What the clients of other servers say and are told: one `Dialect` for each way of speaking.

Saying is laid out before the run and read only after it, so that the generator costs the same whoever is served: it
keeps every message whole, and `heard` makes updates of them when nobody waits.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgpack
import numpy as np
from numpy.typing import NDArray

from benchmarks.client_frames import as_bytes
from benchmarks.peers.colyseus_state import ROOM_STATE, ColyseusState
from protocol.framing import Opcode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.client_frames import Bytes
    from benchmarks.motion import Motion

Ints = NDArray[np.int64]
HEARD = np.dtype([("message", np.int64), ("subject", np.int64), ("x", np.int64), ("z", np.int64)])

_POSE = np.dtype([("x", "<i4"), ("y", "<i4"), ("z", "<i4"), ("yaw", "<u2"), ("pitch", "i1")])
_RECORD = np.dtype([("id", "<u2"), *((name, _POSE[name]) for name in _POSE.names or ())])
_PATIENCE_S = 20.0


class Dialect(Protocol):
    """How one kind of server is spoken to."""

    @property
    def opcode(self) -> Opcode:
        """Return what kind of frame a pose is."""

    @property
    def greeting(self) -> Sequence[tuple[bytes, bytes]]:
        """List what is awaited, by how it begins, and what is answered to it, until a client is in."""

    def path(self, host: str, port: int, number: int, /) -> str:
        """Return the path at which a client asks for its WebSocket. May ask the server for it, and wait."""

    def poses(self, motion: Motion) -> Bytes:
        """Lay out every pose message of a motion: (steps, people, length), unmasked."""

    def heard(self, messages: Sequence[bytes]) -> NDArray[np.void]:
        """Read everything that one client was told, in order.

        Returns HEARD records: which message told whom to be where, x and z in mm; subjects by their numbers.
        """


@dataclass(frozen=True)
class Records:
    """Poses and messages of fixed binary records, behind a prefix that is always the same."""

    location: str = "/?number={number}"
    before_pose: bytes = b""
    greeting: Sequence[tuple[bytes, bytes]] = ()
    before_records: bytes = b""  # an envelope around them is a msgpack bin value behind this
    opcode: Opcode = Opcode.BINARY

    def path(self, _host: str, _port: int, number: int, /) -> str:
        """Say who one is in the query."""
        return self.location.format(number=number)

    def poses(self, motion: Motion) -> Bytes:
        """Write poses as records without an id: 15 bytes."""
        return _prefixed(self.before_pose, _pose_records(motion))

    def heard(self, messages: Sequence[bytes]) -> NDArray[np.void]:
        """Cut messages into records of 17 bytes."""
        bodies = [self._body(message) for message in messages]
        records = np.frombuffer(b"".join(bodies), _RECORD)
        told = np.zeros(len(records), HEARD)
        told["message"] = np.repeat(np.arange(len(bodies)), [len(body) // _RECORD.itemsize for body in bodies])
        told["subject"], told["x"], told["z"] = records["id"], records["x"], records["z"]
        return told

    def _body(self, message: bytes) -> bytes:
        if not self.before_records:
            return message
        if not message.startswith(self.before_records):
            return b""
        body: bytes = msgpack.unpackb(message)["data"][1]
        return body


def _socketio(event: str) -> bytes:
    """Everything of a msgpack-coded Socket.IO event before the length of its binary argument."""
    whole: bytes = msgpack.packb({"type": 2, "nsp": "/", "data": [event, b""]})
    return whole[: -len(msgpack.packb(b""))]


def socketio() -> Records:
    """Speak Engine.IO 4 and Socket.IO 5 with the msgpack parser, over WebSocket from the start."""
    connect = msgpack.packb({"type": 0, "nsp": "/"})
    return Records(
        location="/socket.io/?EIO=4&transport=websocket&number={number}",
        before_pose=_socketio("pose") + bytes((0xC4, _POSE.itemsize)),
        greeting=((b"0{", connect), (b"\x83\xa4type\x00", b"")),
        before_records=b"\x83\xa4type\x02",
    )


class Naive:
    """JSON objects in metres."""

    opcode = Opcode.TEXT
    greeting: Sequence[tuple[bytes, bytes]] = ()

    def path(self, _host: str, _port: int, _number: int, /) -> str:
        """Ask for the root: who one is stands in every pose."""
        return "/"

    def poses(self, motion: Motion) -> Bytes:
        """Write poses as JSON, blanks behind them so that all are equally long."""
        steps, people = motion.yaw.shape
        columns = zip(
            motion.position_mm.reshape(-1, 3).tolist(),
            motion.yaw.ravel().tolist(),
            motion.pitch.ravel().tolist(),
            strict=True,
        )
        texts = [
            json.dumps(_in_metres(at % people, place_mm, yaw, pitch)).encode()
            for at, (place_mm, yaw, pitch) in enumerate(columns)
        ]
        width = max(map(len, texts))
        whole = b"".join(text.ljust(width) for text in texts)
        return np.frombuffer(whole, np.uint8).reshape(steps, people, width)

    def heard(self, messages: Sequence[bytes]) -> NDArray[np.void]:
        """Parse every message."""
        told = [
            (at, other["id"], round(other["x"] * 1000), round(other["z"] * 1000))
            for at, message in enumerate(messages)
            for other in json.loads(message)["people"]
        ]
        return np.array(told, HEARD)


def _in_metres(number: int, place_mm: Sequence[int], yaw: float, pitch: float) -> dict[str, float]:
    x, y, z = (millimetres / 1000 for millimetres in place_mm)
    return {"id": number, "x": x, "y": y, "z": z, "yaw": round(yaw, 4), "pitch": round(pitch, 4)}


class Colyseus:
    """A seat by HTTP, then Colyseus 0.18 messages and its schema encoding, read without its own client."""

    opcode = Opcode.BINARY
    greeting = ((b"\x0a", b"\x0a"), (bytes((ROOM_STATE,)), b""))  # JOIN_ROOM, to be answered likewise; then the state

    def path(self, host: str, port: int, number: int) -> str:
        """Reserve a seat. Raises RuntimeError where none is given."""
        connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
        body = json.dumps({"number": number})
        try:
            connection.request("POST", "/matchmake/joinOrCreate/plaza", body, {"Content-Type": "application/json"})
            seat = json.loads(connection.getresponse().read())
            return f"/{seat['processId']}/{seat['roomId']}?sessionId={seat['sessionId']}"
        except (OSError, ValueError, KeyError, http.client.HTTPException) as problem:
            raise RuntimeError(f"Colyseus gave no seat: {problem!r}") from None
        finally:
            connection.close()

    def poses(self, motion: Motion) -> Bytes:
        """Write ROOM_DATA_BYTES of type 1."""
        return _prefixed(b"\x11\x01", _pose_records(motion))

    def heard(self, messages: Sequence[bytes]) -> NDArray[np.void]:
        """Decode the state and its patches."""
        state = ColyseusState()
        told = [(at, *update) for at, message in enumerate(messages) for update in state.apply(message)]
        return np.array(told, HEARD)


DIALECTS: dict[str, Dialect] = {
    "records": Records(),
    "socketio": socketio(),
    "naive": Naive(),
    "colyseus": Colyseus(),
}


def _pose_records(motion: Motion) -> NDArray[np.void]:
    records = np.zeros(motion.yaw_turns.shape, _POSE)
    for axis, name in enumerate("xyz"):
        records[name] = motion.position_mm[:, :, axis]
    records["yaw"], records["pitch"] = motion.yaw_turns, motion.pitch_steps
    return records


def _prefixed(prefix: bytes, records: NDArray[np.void]) -> Bytes:
    payloads = np.empty((*records.shape, len(prefix) + records.itemsize), np.uint8)
    payloads[:, :, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    payloads[:, :, len(prefix) :] = as_bytes(records)
    return payloads
