"""What a room was sent since its last tick, in order of arrival.

Poses wait as the bytes that came off the socket, still masked, and are unmasked, checked and parsed in one go
at the drain. Everything else waits as decoded messages. A teleport closes a segment, because the poses behind
it start from its target. Bounded by the sessions' rate limits: a tick's worth of full token buckets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from protocol import records
from protocol.records import DTYPES, SECTION_HEADER, Section, Table
from protocol.schema import SPEC_OF, Pose, Teleport

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.entities import Mask, Rows

MASK_BYTES = 4
_INPUTS = (Section.ROOT_INPUT, Section.TRACKED_INPUT)


def _prefix(kind: Section) -> bytes:
    """Everything of a `pose` message before its record: msgpack array, type, bin 8 header, section header."""
    section = np.array([(kind, DTYPES[kind].itemsize, 1)], SECTION_HEADER).tobytes()
    return bytes((0x92, SPEC_OF[Pose].type, 0xC4, len(section) + DTYPES[kind].itemsize)) + section


PREFIX = {kind: _prefix(kind) for kind in _INPUTS}
# the length of a masked pose message in its canonical form, by kind
KIND_OF_LENGTH = {MASK_BYTES + len(PREFIX[kind]) + DTYPES[kind].itemsize: kind for kind in _INPUTS}


@dataclass(slots=True)
class _Raw:
    """Poses of one kind as received: parallel lists."""

    rows: list[int] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """Parsed poses of one kind, in order of arrival; `is_good` is false where a record breaks the protocol."""

    kind: Section
    rows: Rows
    table: Table
    received: NDArray[np.float64]
    is_good: Mask


@dataclass(slots=True)
class Segment:
    """Poses, and the commands that are carried out after them."""

    raw: dict[int, _Raw] = field(default_factory=lambda: {length: _Raw() for length in KIND_OF_LENGTH})
    commands: list[tuple[int, Any]] = field(default_factory=list)

    def batches(self) -> list[Batch]:
        """Parse the poses, a batch for each kind."""
        return [_parsed(KIND_OF_LENGTH[length], raw) for length, raw in self.raw.items() if raw.rows]


class Inbox:
    """Collects what members send between two ticks."""

    def __init__(self) -> None:
        self._current = Segment()
        self._segments = [self._current]

    def add_pose(self, row: int, masked: bytes, now: float) -> None:
        """Add a canonical pose message as received: mask key, then masked payload. The hot path of every client."""
        raw = self._current.raw[len(masked)]
        raw.rows.append(row)
        raw.frames.append(masked)
        raw.times.append(now)

    def add(self, row: int, command: Any) -> None:
        """Add a decoded command."""
        self._current.commands.append((row, command))
        if type(command) is Teleport:
            self._current = Segment()
            self._segments.append(self._current)

    def take(self) -> list[Segment]:
        """Take everything, leaving the inbox empty."""
        taken = self._segments
        self._current = Segment()
        self._segments = [self._current]
        return taken


def _parsed(kind: Section, raw: _Raw) -> Batch:
    prefix = np.frombuffer(PREFIX[kind], np.uint8)
    frames = np.frombuffer(b"".join(raw.frames), np.uint8).reshape(len(raw.frames), -1)
    length = frames.shape[1] - MASK_BYTES
    keys = np.tile(frames[:, :MASK_BYTES], (1, -(-length // MASK_BYTES)))[:, :length]
    payload = frames[:, MASK_BYTES:] ^ keys
    table = np.ascontiguousarray(payload[:, len(prefix) :]).view(DTYPES[kind]).reshape(-1)
    return Batch(
        kind=kind,
        rows=np.array(raw.rows, dtype=np.intp),
        table=table,
        received=np.array(raw.times),
        is_good=(payload[:, : len(prefix)] == prefix).all(axis=1) & records.check_input(table, kind),
    )
