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

from benchmarks.motion import Motion
from protocol.framing import Opcode, mask
from protocol.records import DTYPES, PARTS, SECTION_HEADER, SNAPSHOT_HEADER, Section
from protocol.schema import SPEC_OF, Pose, Snapshot

Bytes = NDArray[np.uint8]

_HEAD_BYTES, _MASK_BYTES = 2, 4  # of a short frame


def _prefix(kind: Section) -> bytes:
    """Everything of a pose message before its record: msgpack array of 2, type, bin 8, section header."""
    section = np.array([(kind, DTYPES[kind].itemsize, 1)], SECTION_HEADER).tobytes()
    return bytes((0x92, SPEC_OF[Pose].type, 0xC4, len(section) + DTYPES[kind].itemsize)) + section


POSE_BYTES = {
    kind: _HEAD_BYTES + _MASK_BYTES + len(_prefix(kind)) + DTYPES[kind].itemsize
    for kind in (Section.ROOT_INPUT, Section.TRACKED_INPUT)
}

_SHORT, _LONG = 126, 127  # RFC 6455 section 5.2: where lengths of 2 and 8 bytes begin
_MAX_SHORT, _MAX_MIDDLE = 125, 2**16 - 1


# --- outgoing ---------------------------------------------------------------------------------------------------------


def pose_lengths(motion: Motion) -> NDArray[np.int64]:
    """Say how many bytes each person's pose frames have."""
    lengths = np.full(motion.people, POSE_BYTES[Section.ROOT_INPUT])
    lengths[motion.tracked] = POSE_BYTES[Section.TRACKED_INPUT]
    return lengths


def pose_frames(motion: Motion, first_seq: int, rng: np.random.Generator) -> tuple[Bytes, NDArray[np.int64]]:
    """Lay out every pose message of a motion as a masked WebSocket frame.

    Returns (steps, people, widest frame), and how long each person's frames are; what follows is zero.
    """
    steps, people = motion.yaw_turns.shape
    lengths = pose_lengths(motion)
    frames = np.zeros((steps, people, int(lengths.max(initial=0))), np.uint8)
    untracked = np.setdiff1d(np.arange(people), motion.tracked)
    for kind, who in ((Section.ROOT_INPUT, untracked), (Section.TRACKED_INPUT, motion.tracked)):
        if not len(who):
            continue
        records = _records(kind, motion, who, first_seq)
        frames[:, who, : POSE_BYTES[kind]] = _masked(kind, records, rng.integers(0, 256, (*records.shape, 4), np.uint8))
    return frames, lengths


def _records(kind: Section, motion: Motion, who: NDArray[np.int64], first_seq: int) -> NDArray[np.void]:
    steps = len(motion.yaw_turns)
    records = np.zeros((steps, len(who)), DTYPES[kind])
    records["seq"] = first_seq + np.arange(steps, dtype=np.uint32)[:, None]
    for axis, name in enumerate("xyz"):
        records[name] = motion.position_mm[:, who, axis]
    records["yaw"], records["pitch"] = motion.yaw_turns[:, who], motion.pitch_steps[:, who]
    if kind is Section.TRACKED_INPUT:
        for index, part in enumerate(PARTS):
            for axis, name in enumerate("xyz"):
                records[part][name] = motion.parts_mm[:, :, index, axis]
            records[part]["orientation"] = motion.parts_packed[:, :, index]
    return records


def _masked(kind: Section, records: NDArray[np.void], keys: Bytes) -> Bytes:
    """Frame records (steps, people), each under a key of its own."""
    start = np.frombuffer(_prefix(kind), np.uint8)
    payloads = np.empty((*records.shape, len(start) + records.itemsize), np.uint8)
    payloads[:, :, : len(start)] = start
    payloads[:, :, len(start) :] = as_bytes(records)
    return masked(payloads, keys)


def as_bytes(records: NDArray[np.void]) -> Bytes:
    """View records (steps, people) as their bytes, (steps, people, bytes of one)."""
    return np.ascontiguousarray(records).view(np.uint8).reshape(*records.shape, records.itemsize)


def masked(payloads: Bytes, keys: Bytes, opcode: Opcode = Opcode.BINARY) -> Bytes:
    """Frame payloads (steps, people, length) as a client does, each under a key of its own: keys (steps, people, 4).

    Raises ValueError for payloads of more than 125 bytes: their frames have another form.
    """
    length = payloads.shape[2]
    if length > _MAX_SHORT:
        raise ValueError(f"a pose of {length} bytes, {_MAX_SHORT} is the most")
    head = bytes((0x80 | opcode, 0x80 | length))
    frames = np.empty((*payloads.shape[:2], len(head) + _MASK_BYTES + length), np.uint8)
    frames[:, :, : len(head)] = np.frombuffer(head, np.uint8)
    frames[:, :, len(head) : len(head) + _MASK_BYTES] = keys
    frames[:, :, len(head) + _MASK_BYTES :] = payloads ^ np.tile(keys, (1, 1, -(-length // _MASK_BYTES)))[:, :, :length]
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
