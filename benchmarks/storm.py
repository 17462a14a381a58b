"""The storm: many people come at the same moment into a place where others walk about.

Its figures are about both: how long until all of them are in, and what those who were there saw of it. A client's first
snapshot is taken as the moment at which it is in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.evidence import NEVER
from benchmarks.plan import BEFORE
from benchmarks.replica import Replica
from benchmarks.result import spread
from benchmarks.scenario import Findings, Guest
from benchmarks.snapshot_reader import read_snapshot
from protocol.records import AGE_STEP_MS

if TYPE_CHECKING:
    from benchmarks.parameters import Parameters
    from benchmarks.scenario import Played


def guests(asked: Parameters) -> list[Guest]:
    """Those who are there, and those who all come as the measured time begins. Raises ValueError for none of those."""
    if asked.joiners < 1:
        raise ValueError(f"joiners is {asked.joiners}, it must be at least 1")
    begin, _ = asked.measured_steps
    return [Guest() for _ in range(asked.avatars)] + [Guest(arrives=begin) for _ in range(asked.joiners)]


def judge(played: Played) -> Findings:
    """Say how long it took, and how long a tick took meanwhile as the witnesses saw it."""
    evidence, rows = played.evidence, played.rows
    first_ns = evidence.arrived_ns.min(axis=0)
    joiners = [number for number, guest in enumerate(played.guests) if guest.arrives != BEFORE]
    took_ms = [(first_ns[k] - played.arrived_ns(k)) / 1e6 for k in joiners if first_ns[k] < played.window_ns[1]]
    witnesses = np.array([number for number, guest in enumerate(played.guests) if guest.arrives == BEFORE])
    arrived = evidence.arrived_ns[rows.start : rows.stop, witnesses]
    is_all_in = len(took_ms) == len(joiners) > 0
    figures = {
        "storm": {
            "joiners": len(joiners),
            "in": len(took_ms),
            "all_in_s": round(max(took_ms) / 1000, 3) if is_all_in else None,
            "in_ms": spread(np.array(took_ms)),
            "longest_gap_ms": longest_gap_ms(arrived),
            "oldest_sample_ms": _oldest_sample_ms(played, set(witnesses.tolist())),
        }
    }
    reason = f"{len(took_ms)} of {len(joiners)} joiners were in before the measured time was over"
    return Findings(figures, reasons=[] if is_all_in else [reason])


def longest_gap_ms(arrived_ns: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> float | None:
    """Find the longest time between two snapshots in a row of any one observer: (ticks, observers), NEVER for none."""
    gaps = [np.diff(column[column != NEVER]).max(initial=0) for column in arrived_ns.T]
    longest = max(gaps, default=0)
    return round(float(longest) / 1e6, 3) if longest else None


def _oldest_sample_ms(played: Played, witnesses: set[int]) -> int | None:
    """Find the oldest sample that a step of somebody was told from; who comes into sight may have stood there long."""
    ages = []
    for number in witnesses & played.evidence.sampled.keys():
        replica = Replica()
        for row, (_, data) in sorted(played.evidence.sampled[number].items()):
            snapshot = read_snapshot(data)
            replica.apply(snapshot)
            if row in played.rows:
                ages += [delta.age * AGE_STEP_MS for delta in snapshot.deltas]
    return max(ages, default=None)
