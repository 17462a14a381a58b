"""What a swarm of clients puts on the wire and takes off it, cheaply enough that the server is what is measured.

Pose frames are laid out in bulk before the run, masked and all; received frames are cut by their headers, and of a
snapshot only the header and the section counts are read. Whole snapshots are read by `snapshot_reader`, for sampled
observers.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.walkers import Walk
from protocol.framing import Opcode, mask
from protocol.records import DTYPES, SECTION_HEADER, SNAPSHOT_HEADER, Section
from protocol.schema import SPEC_OF, Pose, Snapshot

Bytes = NDArray[np.uint8]

_MASK_BYTES = 4
_RECORD_BYTES = SECTION_HEADER.itemsize + DTYPES[Section.ROOT_INPUT].itemsize
_POSE_START = bytes((0x92, SPEC_OF[Pose].type, 0xC4, _RECORD_BYTES))  # msgpack: array of 2, type, bin 8
_PAYLOAD_BYTES = len(_POSE_START) + _RECORD_BYTES
_FRAME_START = bytes((0x80 | Opcode.BINARY, 0x80 | _PAYLOAD_BYTES))
POSE_FRAME_BYTES = len(_FRAME_START) + _MASK_BYTES + _PAYLOAD_BYTES

_SHORT, _LONG = 126, 127  # RFC 6455 section 5.2: where lengths of 2 and 8 bytes begin
_MAX_SHORT, _MAX_MIDDLE = 125, 2**16 - 1


# --- outgoing ---------------------------------------------------------------------------------------------------------


def pose_frames(walk: Walk, first_seq: int, rng: np.random.Generator) -> Bytes:
    """Lay out every pose message of a walk as a masked WebSocket frame: (steps, walkers, POSE_FRAME_BYTES)."""
    steps, walkers = walk.yaw_turns.shape
    section = np.zeros((), SECTION_HEADER)
    section["kind"], section["stride"], section["count"] = Section.ROOT_INPUT, DTYPES[Section.ROOT_INPUT].itemsize, 1
    records = np.zeros((steps, walkers), DTYPES[Section.ROOT_INPUT])
    records["seq"] = first_seq + np.arange(steps, dtype=np.uint32)[:, None]
    for axis, name in enumerate("xyz"):
        records[name] = walk.position_mm[:, :, axis]
    records["yaw"], records["pitch"] = walk.yaw_turns, walk.pitch_steps

    frames = np.empty((steps, walkers, POSE_FRAME_BYTES), np.uint8)
    frames[:, :, : len(_FRAME_START)] = np.frombuffer(_FRAME_START, np.uint8)
    keys = rng.integers(0, 256, (steps, walkers, _MASK_BYTES), np.uint8)
    frames[:, :, len(_FRAME_START) :][:, :, :_MASK_BYTES] = keys
    payload = frames[:, :, -_PAYLOAD_BYTES:]
    start = _POSE_START + section.tobytes()
    payload[:, :, : len(start)] = np.frombuffer(start, np.uint8)
    payload[:, :, len(start) :] = records.view(np.uint8).reshape(steps, walkers, -1)
    payload ^= np.tile(keys, (1, 1, -(-_PAYLOAD_BYTES // _MASK_BYTES)))[:, :, :_PAYLOAD_BYTES]
    return frames


def client_frame(payload: bytes, key: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
    """Frame one payload as a WebSocket client does: masked, final."""
    length = len(payload)
    if length <= _MAX_SHORT:
        head = bytes((0x80 | opcode, 0x80 | length))
    elif length <= _MAX_MIDDLE:
        head = bytes((0x80 | opcode, 0x80 | _SHORT)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | _LONG)) + length.to_bytes(8, "big")
    return head + key + mask(payload, key)


# --- incoming ---------------------------------------------------------------------------------------------------------


class Frame(NamedTuple):
    """Where a whole frame's payload lies in a buffer."""

    opcode: int
    start: int
    end: int


def next_frame(buffer: bytearray | bytes, begin: int, end: int) -> Frame | None:
    """Find the frame that begins at `begin`; None while it is not whole before `end`."""
    if end - begin < 2:  # noqa: PLR2004  the shortest header
        return None
    length, start = buffer[begin + 1], begin + 2
    if length >= _SHORT:
        width = 2 if length == _SHORT else 8
        if end - start < width:
            return None
        length, start = int.from_bytes(buffer[start : start + width], "big"), start + width
    return Frame(buffer[begin] & 0x0F, start, start + length) if start + length <= end else None


SNAPSHOT_TYPE = SPEC_OF[Snapshot].type
_HEADER = Struct("<IIIIB")
_SECTION = Struct("<BBH")
_UPDATES = frozenset((Section.ROOT, Section.TRACKED, Section.ROOT_DELTA, Section.TRACKED_DELTA))
_BIN_HEADER_BYTES = {0xC4: 2, 0xC5: 3, 0xC6: 5}  # msgpack bin 8, 16, 32

assert _HEADER.size == SNAPSHOT_HEADER.itemsize


class Summary(NamedTuple):
    """What is read of every snapshot: its header, and how many records of avatars it brings."""

    tick: int
    time_ms: int
    ack: int
    digest: int
    flags: int
    updates: int


_ARRAY_16 = 0xDC  # msgpack: two bytes of length follow


def message_type(payload: bytes) -> int:
    """Read a message's type without decoding it."""
    return payload[3] if payload[0] == _ARRAY_16 else payload[1]


def snapshot_data_start(buffer: bytearray | bytes, start: int) -> int:
    """Find the packed data in a snapshot message whose payload starts at `start`: behind array, type and bin header."""
    return start + 2 + _BIN_HEADER_BYTES[buffer[start + 2]]


def summary(buffer: bytearray | bytes, begin: int, end: int) -> Summary:
    """Read the header of the snapshot data in `buffer[begin:end]` and walk over its sections without reading them."""
    tick, time_ms, ack, digest, flags = _HEADER.unpack_from(buffer, begin)
    at, updates = begin + _HEADER.size, 0
    while at < end:
        kind, stride, count = _SECTION.unpack_from(buffer, at)
        if kind in _UPDATES:
            updates += count
        at += _SECTION.size + stride * count
    return Summary(tick, time_ms, ack, digest, flags, updates)
