"""What a room was sent since its last tick, in order of arrival.

Poses wait as the records that came off the sockets, one behind the other, and are checked and parsed in one go at the
drain. Everything else waits as decoded messages. A jump closes a segment, because the poses behind it start from its
target; and so does a pose of another kind than its sender's last one, because within a segment poses are in order kind
by kind. Commands are bounded by the sessions' rate limits. Poses are paced at the drain, which drops what came too fast
and has whoever floods closed; until then no more than `MAX_POSES` wait.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from protocol import records
from protocol.records import DTYPES, SECTION_HEADER, Section, Table
from protocol.schema import SPEC_OF, GoTo, Pose, Teleport

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.entities import Mask, Rows

MAX_POSES = 1 << 16  # of a kind: thirteen from each member of the largest room
# Who puts a headset on and off more often than this within a tick, all together, loses poses: older ones come too late.
_MOST_SEGMENTS = 64
_INPUTS = (Section.ROOT_INPUT, Section.TRACKED_INPUT)
_JUMPS = (Teleport, GoTo)


def _prefix(kind: Section) -> bytes:
    """Everything of a `pose` message before its record: msgpack array, type, bin 8 header, section header."""
    section = np.array([(kind, DTYPES[kind].itemsize, 1)], SECTION_HEADER).tobytes()
    return bytes((0x92, SPEC_OF[Pose].type, 0xC4, len(section) + DTYPES[kind].itemsize)) + section


PREFIX = {kind: _prefix(kind) for kind in _INPUTS}
KIND_OF_LENGTH = {len(PREFIX[kind]) + DTYPES[kind].itemsize: kind for kind in _INPUTS}  # of a message in its usual form


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
    """Poses, nobody's of two kinds, and the commands that are carried out after them."""

    batches: list[Batch]
    commands: list[tuple[int, Any]]


@dataclass(slots=True)
class _Lane:
    """Poses of one kind as they came."""

    rows: array[int] = field(default_factory=lambda: array("q"))
    times: array[float] = field(default_factory=lambda: array("d"))
    records: bytearray = field(default_factory=bytearray)

    def batch(self, kind: Section, begin: int, end: int) -> Batch:
        """Parse some of the poses."""
        table = np.frombuffer(self.records, DTYPES[kind])[begin:end]
        return Batch(
            kind=kind,
            rows=np.frombuffer(self.rows, np.intp)[begin:end],
            table=table,
            received=np.frombuffer(self.times, np.float64)[begin:end],
            is_good=records.check_input(table, kind),
        )


class Inbox:
    """Collects what members send between two ticks."""

    def __init__(self) -> None:
        self._last_kind = np.zeros(0, np.uint8)  # of each row's poses; 0 where there was none
        self._lanes: dict[Section, _Lane]
        self._commands: list[list[tuple[int, Any]]]  # by segment
        self._cuts: list[list[int]]  # how many poses of each lane came before each segment
        self._clear()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was sent since the last tick."""
        return not any(self._counts()) and not any(self._commands)

    def add_pose(self, kind: Section, row: int, record: bytes, now: float) -> None:
        """Add the record of one pose. now: server clock, s."""
        self.add_poses(kind, np.array([row]), np.frombuffer(record, np.uint8), now)

    def add_poses(self, kind: Section, rows: Rows, packed: NDArray[np.uint8], now: float) -> None:
        """Add poses of one kind: whose they are, (n,), and their records, n times as many bytes. The hot path."""
        if len(self._last_kind) <= rows.max():
            self._last_kind = np.pad(self._last_kind, (0, int(rows.max()) + 1))
        last = self._last_kind[rows]
        self._last_kind[rows] = kind
        if (last[last != 0] != kind).any() and len(self._cuts) < _MOST_SEGMENTS:
            self._close_segment()
        lane = self._lanes[kind]
        rows = rows[: MAX_POSES - len(lane.rows)]
        lane.rows.frombytes(rows.tobytes())
        lane.times.extend(repeat(now, len(rows)))
        lane.records += packed.reshape(-1)[: len(rows) * DTYPES[kind].itemsize].tobytes()

    def add(self, row: int, command: Any) -> None:
        """Add a decoded command."""
        self._commands[-1].append((row, command))
        if type(command) in _JUMPS:
            self._close_segment()

    def take(self) -> list[Segment]:
        """Take everything, leaving the inbox empty."""
        bounds = pairwise([*self._cuts, self._counts()])
        taken = [
            Segment(
                [
                    lane.batch(kind, begin, end)
                    for (kind, lane), begin, end in zip(self._lanes.items(), begins, ends, strict=True)
                    if begin < end
                ],
                commands,
            )
            for (begins, ends), commands in zip(bounds, self._commands, strict=True)
        ]
        self._clear()
        return taken

    def _close_segment(self) -> None:
        self._commands.append([])
        self._cuts.append(self._counts())

    def _counts(self) -> list[int]:
        return [len(lane.rows) for lane in self._lanes.values()]

    def _clear(self) -> None:
        self._lanes = {kind: _Lane() for kind in _INPUTS}
        self._commands, self._cuts = [[]], [[0] * len(self._lanes)]
