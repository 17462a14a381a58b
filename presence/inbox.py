"""What a room was sent since its last tick, in order of arrival.

Poses wait as the bytes that came off the socket, still masked, and are unmasked, checked and parsed in one go
at the drain. Everything else waits as decoded messages. A jump closes a segment, because the poses behind it
start from its target. Bounded by the sessions' rate limits: a tick's worth of full token buckets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from presence.kernels import unmasked
from protocol import records
from protocol.records import DTYPES, SECTION_HEADER, Section, Table
from protocol.schema import SPEC_OF, GoTo, Pose, Teleport

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from presence.entities import Mask, Rows

# A pose as received: the sender's row; a canonical message, masked, behind its four bytes of mask key; server clock, s.
Arrival = tuple[int, bytes, float]

MASK_BYTES = 4
_INPUTS = (Section.ROOT_INPUT, Section.TRACKED_INPUT)
_JUMPS = (Teleport, GoTo)


def _prefix(kind: Section) -> bytes:
    """Everything of a `pose` message before its record: msgpack array, type, bin 8 header, section header."""
    section = np.array([(kind, DTYPES[kind].itemsize, 1)], SECTION_HEADER).tobytes()
    return bytes((0x92, SPEC_OF[Pose].type, 0xC4, len(section) + DTYPES[kind].itemsize)) + section


PREFIX = {kind: _prefix(kind) for kind in _INPUTS}
# the length of a masked pose message in its canonical form, by kind
KIND_OF_LENGTH = {MASK_BYTES + len(PREFIX[kind]) + DTYPES[kind].itemsize: kind for kind in _INPUTS}


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
    """Poses as received, and the commands that are carried out after them."""

    poses: list[Arrival] = field(default_factory=list)
    commands: list[tuple[int, Any]] = field(default_factory=list)

    def batches(self) -> list[Batch]:
        """Parse the poses: a batch for each kind, and further ones where somebody changed between kinds."""
        lengths = set(map(len, map(itemgetter(1), self.poses)))
        if len(lengths) > 1:
            return [_parsed(length, run) for length, run in self._runs()]
        return [_parsed(length, self.poses) for length in lengths]

    def _runs(self) -> list[tuple[int, list[Arrival]]]:
        """Divide the poses by length, beginning anew where the next pose of a row is of the other length."""
        runs: list[tuple[int, list[Arrival]]] = []
        length_of: dict[int, int] = {}
        current: dict[int, list[Arrival]] = {length: [] for length in KIND_OF_LENGTH}
        for pose in self.poses:
            row, frame, _ = pose
            if length_of.setdefault(row, len(frame)) != len(frame):
                runs += current.items()
                length_of, current = {row: len(frame)}, {length: [] for length in KIND_OF_LENGTH}
            current[len(frame)].append(pose)
        runs += current.items()
        return [run for run in runs if run[1]]


def _parsed(length: int, poses: list[Arrival]) -> Batch:
    kind = KIND_OF_LENGTH[length]
    rows, masked, times = zip(*poses, strict=True)
    frames = np.frombuffer(bytearray().join(masked), np.uint8)
    bodies, begins_well = unmasked(frames, length, np.frombuffer(bytearray(PREFIX[kind]), np.uint8))
    table = bodies.view(DTYPES[kind]).reshape(-1)
    return Batch(
        kind=kind,
        rows=np.array(rows, dtype=np.intp),
        table=table,
        received=np.array(times),
        is_good=begins_well & records.check_input(table, kind),
    )


class Inbox:
    """Collects what members send between two ticks.

    add_pose: the hot path of every client, a list's own `append`, so that no Python runs for it.
    """

    def __init__(self) -> None:
        self._poses: list[Arrival] = []
        self._commands: list[list[tuple[int, Any]]] = [[]]  # by segment
        self._cuts = [0]  # how many poses came before each segment
        self.add_pose: Callable[[Arrival], None] = self._poses.append

    def add(self, row: int, command: Any) -> None:
        """Add a decoded command."""
        self._commands[-1].append((row, command))
        if type(command) in _JUMPS:
            self._commands.append([])
            self._cuts.append(len(self._poses))

    def take(self) -> list[Segment]:
        """Take everything, leaving the inbox empty."""
        bounds = pairwise([*self._cuts, len(self._poses)])
        taken = [
            Segment(self._poses[begin:end], commands)
            for (begin, end), commands in zip(bounds, self._commands, strict=True)
        ]
        self._poses.clear()
        self._commands, self._cuts = [[]], [0]
        return taken
