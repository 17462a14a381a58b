"""A sampled observer: what its client holds, what is wrong with that, and how long each pose took to reach it."""

from __future__ import annotations

import copy
from struct import Struct
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.evidence import ABSENT
from benchmarks.plan import FIRST_SEQ
from benchmarks.replica import Held, Replica
from benchmarks.snapshot_reader import Pose, first_error_at, read_snapshot
from protocol.records import SNAPSHOT_HEADER, Section

if TYPE_CHECKING:
    from benchmarks.evidence import Evidence, Flags, Ints


class Watched:
    """One observer whose every record is decoded."""

    def __init__(self, evidence: Evidence, number: int) -> None:
        self.number = number
        self._evidence = evidence
        self._replica = Replica()
        self._reached = np.full(len(evidence.entities), ABSENT)  # newest sequence of each subject held

    def __deepcopy__(self, memo: dict[int, object]) -> Watched:
        """Copy what changes; share the evidence."""
        twin = Watched(self._evidence, self.number)
        twin._replica, twin._reached = copy.deepcopy(self._replica, memo), self._reached.copy()
        return twin

    def faults(self, data: bytes, expected: dict[int, Held]) -> list[str]:
        """Apply a snapshot, and say what is wrong with it or with what is held after it."""
        try:
            snapshot = read_snapshot(data)
        except ValueError as problem:
            return [f"unreadable: {problem}"]
        faults, held = self._replica.apply(snapshot), self._replica.held
        if held == expected:
            return faults
        faults += [f"holds {entity}, which is out of sight" for entity in sorted(held.keys() - expected)]
        faults += [f"does not hold {entity}" for entity in sorted(expected.keys() - held)]
        for entity in sorted(expected.keys() & held):
            if held[entity] != expected[entity]:
                faults.append(f"holds {entity} as {held[entity]}, it is {expected[entity]}")
        return faults

    def held(self, subjects: Ints) -> tuple[Ints, list[Pose]]:
        """Return which of some subjects it holds, and how."""
        there = [k for k in subjects.tolist() if self._evidence.entities[k][0] in self._replica.held]
        return np.array(there, np.int64), [self._replica.held[self._evidence.entities[k][0]].pose for k in there]

    def latencies_ms(self, arrived_ns: int, wanted: Flags, ack: Ints) -> NDArray[np.float64]:
        """Age each sequence that has reached this observer now, from when it was to be sent.

        A sequence that a newer one has overtaken counts too, until the newer one's arrival; of somebody who has just
        come into sight, only the newest. Where subject and observer were on different machines it cannot be known.
        """
        has_same_clock = self._evidence.clock == self._evidence.clock[self.number]
        fresh = np.flatnonzero(wanted & has_same_clock & (ack > self._reached) & (ack >= FIRST_SEQ))
        missing = np.where(self._reached[fresh] < FIRST_SEQ, 1, ack[fresh] - self._reached[fresh])
        subjects = np.repeat(fresh, missing)
        back = np.arange(len(subjects)) - np.repeat(np.cumsum(missing) - missing, missing)
        return np.asarray((arrived_ns - self._evidence.sent_ns(subjects, ack[subjects] - back)) / 1e6)

    def as_held(self, subjects: Ints) -> dict[int, Held]:
        """Return how it holds those of some subjects that it holds, by entity id."""
        ids = [self._evidence.entities[subject][0] for subject in subjects.tolist()]
        return {entity: self._replica.held[entity] for entity in ids if entity in self._replica.held}

    def note(self, wanted: Flags, is_stale: Flags, ack: Ints) -> None:
        """Remember what has reached this observer: of the stale, nothing new."""
        self._reached = np.where(is_stale, self._reached, np.where(wanted, ack, ABSENT))


_SECTION = Struct("<BBH")
_DIGEST_AT = 12  # behind tick, time and ack
_DELTAS = (Section.ROOT_DELTA, Section.TRACKED_DELTA)
_POSITION_AT = {
    Section.ROOT_DELTA: 3,
    Section.TRACKED_DELTA: 3,
    Section.ROOT: 4,
    Section.TRACKED: 4,
    Section.DOT: 2,
}  # behind id and age, where there is one


def corrupted(data: bytes) -> tuple[bytes, bool]:
    """Falsify one snapshot: by a step in the first delta record, else in the first absolute one, else its digest.

    Returns the data, and whether it was a record.
    """
    at = SNAPSHOT_HEADER.itemsize
    places: dict[bool, int] = {}  # bits to the lowest of a coordinate, by whether it is a delta's
    while at < len(data):
        kind, stride, count = _SECTION.unpack_from(data, at)
        at += _SECTION.size
        if kind == Section.PREDICTED:
            places.setdefault(True, 8 * at + first_error_at(data[at : at + count]))
        elif kind in _POSITION_AT:
            places.setdefault(kind in _DELTAS, 8 * (at + _POSITION_AT[kind]))
        at += stride * count
    wrong, place = bytearray(data), places.get(True, places.get(False, 8 * _DIGEST_AT))
    wrong[place // 8] ^= 1 << place % 8
    return bytes(wrong), bool(places)
