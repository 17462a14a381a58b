"""The pose frames of a swarm of clients, laid out in bulk before the run, masked and all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.motion import Motion
from protocol.framing import Opcode
from protocol.records import DTYPES, PARTS, SECTION_HEADER, Section
from protocol.schema import SPEC_OF, Pose

Bytes = NDArray[np.uint8]

_HEAD_BYTES, _MASK_BYTES = 2, 4  # of a short frame
_MAX_SHORT = 125  # RFC 6455 section 5.2: longer ones say their length elsewhere


def _prefix(kind: Section) -> bytes:
    """Everything of a pose message before its record: msgpack array of 2, type, bin 8, section header."""
    section = np.array([(kind, DTYPES[kind].itemsize, 1)], SECTION_HEADER).tobytes()
    return bytes((0x92, SPEC_OF[Pose].type, 0xC4, len(section) + DTYPES[kind].itemsize)) + section


POSE_BYTES = {
    kind: _HEAD_BYTES + _MASK_BYTES + len(_prefix(kind)) + DTYPES[kind].itemsize
    for kind in (Section.ROOT_INPUT, Section.TRACKED_INPUT)
}


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
    for kind, who in by_kind(motion).items():
        records = input_records(kind, motion, who, first_seq)
        frames[:, who, : POSE_BYTES[kind]] = _masked(kind, records, rng.integers(0, 256, (*records.shape, 4), np.uint8))
    return frames, lengths


def by_kind(motion: Motion) -> dict[Section, NDArray[np.int64]]:
    """List who sends poses of each kind that anybody sends."""
    untracked = np.setdiff1d(np.arange(motion.people), motion.tracked)
    senders = {Section.ROOT_INPUT: untracked, Section.TRACKED_INPUT: motion.tracked}
    return {kind: who for kind, who in senders.items() if len(who)}


def input_records(kind: Section, motion: Motion, who: NDArray[np.int64], first_seq: int) -> NDArray[np.void]:
    """Lay out the records of every pose of some people, all of one kind: (steps, people)."""
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
