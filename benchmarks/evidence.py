"""What is known of a run from outside: the logs of all generator processes, laid out by tick and client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.plan import FRAME_COLUMNS, Visit
from benchmarks.trajectories import Trajectories
from protocol.records import SNAPSHOT_FULL, SNAPSHOT_STRETCHED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.motion import Motion
    from benchmarks.plan import Log

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ABSENT = -1
NEVER = np.iinfo(np.int64).max
_NOBODY = Visit(0, 0, 0)
_COLUMN = {name: index for index, name in enumerate(FRAME_COLUMNS)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """n clients; T ticks in a row, of which some may have brought nothing to anybody.

    ack: (T, n), the newest sequence processed, carried over ticks without a snapshot; ABSENT before the first one.
    """

    entities: list[tuple[int, int]]  # id, generation; (0, 0) for who never got in
    trajectories: Trajectories
    sent_ns: Callable[[Ints, Ints], Ints]  # (clients, sequences) -> when they were to be sent
    first_tick: int
    has_frame: Flags  # (T, n)
    ack: Ints
    gone: Ints  # (n,) from which row on a client is no longer there; NEVER for who stayed
    digest: Ints
    is_full: Flags
    updates: Ints
    frame_bytes: Ints
    arrived_ns: Ints  # (T, n) NEVER where there was no snapshot
    is_stretched: Flags  # (T,) whether anybody was told so
    time_ms: Ints  # (T,) room time; 0 where there was no snapshot
    sampled: dict[int, dict[int, tuple[int, bytes]]]  # client -> row -> (arrived at ns, data)
    clock: Ints  # (n,) by whose clock each client's times are

    def measured_rows(self, window_ns: tuple[int, int]) -> range:
        """Name the rows from the first to the last tick whose first snapshot arrived within a time."""
        arrived = self.arrived_ns.min(axis=1)
        rows = np.flatnonzero((arrived >= window_ns[0]) & (arrived < window_ns[1]))
        return range(int(rows[0]), int(rows[-1]) + 1) if len(rows) else range(0)

    def present(self, row: int) -> Flags:
        """Tell who was in the room at a tick, as far as snapshots say."""
        is_present: Flags = (self.ack[row] >= 0) & (row < self.gone)
        return is_present


def gather(motion: Motion, logs: Sequence[Log], sent_ns: Callable[[Ints, Ints], Ints]) -> Evidence:
    """Put the logs of all generator processes together."""
    n = motion.people
    frames = np.concatenate([log.frames for log in logs])
    client, tick = frames[:, _COLUMN["client"]], frames[:, _COLUMN["tick"]]
    first_tick = int(tick.min())
    row = tick - first_tick
    ticks = int(row.max()) + 1

    def column(name: str, empty: int = 0) -> Ints:
        table = np.full((ticks, n), empty, np.int64)
        table[row, client] = frames[:, _COLUMN[name]]
        return table

    arrived = column("arrived_ns", NEVER)
    has_frame, flags = arrived != NEVER, column("flags")
    visits = {number: visit for log in logs for number, visit in log.visits.items()}
    return Evidence(
        entities=[(visit.entity, visit.generation) for visit in (visits.get(number, _NOBODY) for number in range(n))],
        trajectories=Trajectories(motion, visits),
        sent_ns=sent_ns,
        first_tick=first_tick,
        has_frame=has_frame,
        ack=_carried(column("ack", ABSENT), has_frame),
        gone=_gone(has_frame, visits),
        digest=column("digest"),
        is_full=(flags & SNAPSHOT_FULL) > 0,
        updates=column("updates"),
        frame_bytes=column("bytes"),
        arrived_ns=arrived,
        is_stretched=(flags.max(axis=1) & SNAPSHOT_STRETCHED) > 0,
        time_ms=column("time_ms").max(axis=1),
        sampled={
            number: {_tick_of(data) - first_tick: (arrived_ns, data) for arrived_ns, data in received}
            for log in logs
            for number, received in log.sampled.items()
        },
        clock=_clocks(logs, n),
    )


def _clocks(logs: Sequence[Log], n: int) -> Ints:
    clock = np.zeros(n, np.int64)
    for log in logs:
        clock[list(log.visits)] = log.clock
    return clock


def _tick_of(data: bytes) -> int:
    return int.from_bytes(data[:4], "little")


def _gone(has_frame: Flags, visits: dict[int, Visit]) -> Ints:
    """Find when each client was gone: after the tick that answered its last word, which is its last snapshot."""
    gone = np.full(has_frame.shape[1], NEVER, np.int64)
    for number, visit in visits.items():
        if visit.left_ns is not None:
            gone[number] = int(np.flatnonzero(has_frame[:, number]).max(initial=-1)) + 1
    return gone


def _carried(values: Ints, is_there: Flags) -> Ints:
    """Carry each column's last value over the ticks that have none."""
    rows = np.where(is_there, np.arange(len(values))[:, None], 0)
    return np.take_along_axis(values, np.maximum.accumulate(rows, axis=0), axis=0)
