"""The oracle for benchmarks: judges a server from outside, by what its clients sent and what they received.

Fed with the walkers' own trajectories and with the sequence that each client was told is processed at each tick.
Together they say where everybody stood at every tick, in exact millimetres, without asking the server: so no tolerance
is needed for motion between sampling and tick, and none is given. From that follows by brute force who must have held
whom, in what pose, and how many updates were due. All observers are checked by their digests at every tick; sampled
observers, record by record.

One promise of the server is taken at its word: a client that was told nothing at a tick has nothing newly processed.
It holds for whoever reads; a server that breaks it is found out by poses that are newer than they can be.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.oracle import Violation
from benchmarks.replica import Held, Replica
from benchmarks.snapshot_reader import Pose, digest_term, read_snapshot
from benchmarks.swarm import FIRST_SEQ, FRAME_COLUMNS
from protocol.records import PITCH_QUARTER, SNAPSHOT_FULL, YAW_TURN, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.swarm import Log
    from benchmarks.walkers import Walk

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_ABSENT = -1
_COLUMN = {name: index for index, name in enumerate(FRAME_COLUMNS)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a run from outside. n clients; T ticks in a row; sequences index the pose tables.

    ack: (T, n), the newest sequence processed, carried over ticks without a snapshot; -1 before the first one.
    """

    entities: list[tuple[int, int]]  # id, generation
    place_mm: NDArray[np.int64]  # (n, sequences, 3)
    yaw: NDArray[np.int64]  # (n, sequences) turns / 65536
    pitch: NDArray[np.int64]  # (n, sequences) 90 / 127 degrees
    sent_ns: Callable[[Ints, Ints], Ints]  # (clients, sequences) -> when they were to be sent
    first_tick: int
    has_frame: Flags  # (T, n)
    ack: Ints
    digest: Ints
    is_full: Flags
    updates: Ints
    frame_bytes: Ints
    tick_arrived_ns: Ints  # (T,) when the first snapshot of each tick came in
    tick_time_ms: Ints  # (T,) room time
    sampled: dict[int, dict[int, tuple[int, bytes]]]  # client -> tick -> (decoded at ns, data)


@dataclass(slots=True)
class Verdict:
    """What the oracle found, over the measured ticks."""

    updates_expected: int = 0
    updates_delivered: int = 0
    updates_coalesced: int = 0
    snapshot_bytes: int = 0
    snapshots: int = 0
    ticks: int = 0
    room_ms: int = 0  # room time between the first and the last tick
    observations: int = 0  # observers summed over ticks, told or not
    neighbours: int = 0  # subjects held, summed likewise
    comparisons: int = 0
    digest_comparisons: int = 0
    violations: list[Violation] = field(default_factory=list)
    is_self_test_caught: bool = False
    max_error_mm: float = 0.0
    max_error_degrees: float = 0.0
    latency_ms: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


def gather(walk: Walk, logs: Iterable[Log], sent_ns: Callable[[Ints, Ints], Ints]) -> Evidence:
    """Put the logs of all generator processes together."""
    logs = list(logs)
    n = walk.yaw_turns.shape[1]
    frames = np.concatenate([log.frames for log in logs])
    client, tick = frames[:, _COLUMN["client"]], frames[:, _COLUMN["tick"]]
    first_tick = int(tick.min())
    row = tick - first_tick
    ticks = int(row.max()) + 1

    def column(name: str, empty: int = 0) -> Ints:
        table = np.full((ticks, n), empty, np.int64)
        table[row, client] = frames[:, _COLUMN[name]]
        return table

    arrived = column("arrived_ns", np.iinfo(np.int64).max)
    has_frame = arrived != np.iinfo(np.int64).max
    entities = {number: entity for log in logs for number, entity in log.entities.items()}
    stops = {number: places for log in logs for number, places in log.stops.items()}
    place_mm, yaw, pitch = _pose_tables(walk, stops)
    return Evidence(
        entities=[entities[number] for number in range(n)],
        place_mm=place_mm,
        yaw=yaw,
        pitch=pitch,
        sent_ns=sent_ns,
        first_tick=first_tick,
        has_frame=has_frame,
        ack=_carried(column("ack", _ABSENT), has_frame),
        digest=column("digest"),
        is_full=(column("flags") & SNAPSHOT_FULL) > 0,
        updates=column("updates"),
        frame_bytes=column("bytes"),
        tick_arrived_ns=arrived.min(axis=1),
        tick_time_ms=column("time_ms").max(axis=1),
        sampled={
            number: {_tick_of(data): (decoded_ns, data) for decoded_ns, data in received}
            for log in logs
            for number, received in log.sampled.items()
        },
    )


def _tick_of(data: bytes) -> int:
    return int.from_bytes(data[:4], "little")


def _pose_tables(walk: Walk, stops: dict[int, list[tuple[int, int, int, int]]]) -> tuple[Ints, Ints, Ints]:
    """Lay out every pose by client and sequence: the spawn, the hops, then the walk."""
    steps, n = walk.yaw_turns.shape
    place = np.zeros((n, FIRST_SEQ + steps, 3), np.int64)
    yaw, pitch = np.zeros((2, n, FIRST_SEQ + steps), np.int64)
    place[:, FIRST_SEQ:] = walk.position_mm.transpose(1, 0, 2)
    yaw[:, FIRST_SEQ:], pitch[:, FIRST_SEQ:] = walk.yaw_turns.T, walk.pitch_steps.T
    for number, places in stops.items():
        for seq, (x, y, z, turns) in enumerate(places):
            place[number, seq], yaw[number, seq] = (x, y, z), turns
    return place, yaw, pitch


def _carried(values: Ints, is_there: Flags) -> Ints:
    """Carry each column's last value over the ticks that have none."""
    rows = np.where(is_there, np.arange(len(values))[:, None], 0)
    return np.take_along_axis(values, np.maximum.accumulate(rows, axis=0), axis=0)


class SampledOracle:
    """Replays a run tick by tick."""

    def __init__(self, evidence: Evidence, walk: Walk, radius_mm: int, window_ns: tuple[int, int]) -> None:
        """window_ns: ticks whose first snapshot arrived within are measured; those before it set the scene."""
        self._evidence = evidence
        self._walk = walk
        self._radius_mm = radius_mm
        arrived = evidence.tick_arrived_ns
        self._is_measured = (arrived >= window_ns[0]) & (arrived < window_ns[1]) & evidence.has_frame.any(axis=1)
        n = len(evidence.entities)
        self._held = np.zeros((n, n), np.bool_)
        self._told_tick = np.full(n, _ABSENT)  # when each was last told something
        self._moved_tick = np.full(n, _ABSENT)  # when a pose of each was last accepted
        self._previous_ack = np.full(n, _ABSENT)
        self._terms = np.array([digest_term(*entity) for entity in evidence.entities], np.uint64)
        self._watched = {number: _Watched(evidence, number) for number in sorted(evidence.sampled)}
        self._latencies: list[NDArray[np.float64]] = []
        self.verdict = Verdict()

    @property
    def ticks(self) -> int:
        """How many ticks there are to replay: up to the last measured one, since at the end logs break off anywhere."""
        return int(np.flatnonzero(self._is_measured).max(initial=-1)) + 1

    def replay(self, progress: Callable[[int], object] = lambda _tick: None) -> Verdict:
        """Judge the run up to its last measured tick. progress: called with the number of ticks done."""
        for tick in range(self.ticks):
            self._judge(tick)
            progress(tick + 1)
        self.verdict.latency_ms = np.concatenate([np.zeros(0), *self._latencies])
        room_ms = self._evidence.tick_time_ms[self._is_measured]
        self.verdict.room_ms = int(np.ptp(room_ms)) if len(room_ms) else 0
        return self.verdict

    def _judge(self, tick: int) -> None:
        evidence, is_measured = self._evidence, bool(self._is_measured[tick])
        ack = evidence.ack[tick]
        present, told = ack >= 0, evidence.has_frame[tick]
        place = evidence.place_mm[np.arange(len(ack)), np.maximum(ack, 0)]
        self._held[evidence.is_full[tick]] = False
        wanted = self._wanted(place, present)
        self._moved_tick[ack > self._previous_ack] = tick
        if is_measured:
            self._count(tick, wanted, present)
            self._check_everybody(tick, wanted, told)
        self._held[told], self._told_tick[told], self._previous_ack = wanted[told], tick, ack
        poses = self._poses(ack, place)
        for number, watched in self._watched.items():
            if told[number]:
                self._check_records(watched, tick, wanted[number], poses)

    def _poses(self, ack: Ints, place: Ints) -> list[Held]:
        """Say how everybody must be held at a tick."""
        evidence, everybody = self._evidence, np.arange(len(ack))
        seq = np.maximum(ack, 0)
        yaw, pitch = evidence.yaw[everybody, seq], evidence.pitch[everybody, seq]
        columns = zip(evidence.entities, place.tolist(), yaw.tolist(), pitch.tolist(), strict=True)
        return [Held(entity[1], Pose(Section.ROOT, (x, y, z), *gaze)) for entity, (x, y, z), *gaze in columns]

    def _wanted(self, place: Ints, present: Flags) -> Flags:
        """Say by brute force who wants to hold whom: (observers, subjects)."""
        squared = np.zeros((len(place), len(place)), np.int64)
        for axis in place.T[place.max(axis=0) > place.min(axis=0)]:
            apart = axis[:, None] - axis[None, :]
            apart *= apart
            squared += apart
        limit = self._radius_mm**2
        near, keeping = squared <= limit, squared <= limit * 529 // 400
        wanted: Flags = near | (keeping & self._held)
        wanted &= present[:, None] & present[None, :]
        np.fill_diagonal(wanted, False)
        return wanted

    def _count(self, tick: int, wanted: Flags, present: Flags) -> None:
        evidence, verdict = self._evidence, self.verdict
        steps = np.where(present & (self._previous_ack >= 0), evidence.ack[tick] - self._previous_ack, 0)
        observers = np.count_nonzero(wanted, axis=0)  # of each subject
        verdict.updates_expected += int(observers[steps > 0].sum())
        verdict.updates_coalesced += int((observers * np.maximum(steps - 1, 0)).sum())
        verdict.updates_delivered += int(evidence.updates[tick].sum())
        verdict.snapshot_bytes += int(evidence.frame_bytes[tick].sum())
        verdict.snapshots += int(np.count_nonzero(evidence.has_frame[tick]))
        verdict.observations += int(np.count_nonzero(present))
        verdict.neighbours += int(observers.sum())
        verdict.ticks += 1

    def _check_everybody(self, tick: int, wanted: Flags, told: Flags) -> None:
        """Compare what is cheap to know of every observer: how many records came, and the digest of what it holds."""
        evidence = self._evidence
        held = np.where(wanted, self._terms, np.uint64(0)).sum(axis=1) & np.uint64(0xFFFFFFFF)
        self.verdict.digest_comparisons += int(np.count_nonzero(told))
        for number in np.flatnonzero(told & (held != evidence.digest[tick].astype(np.uint64))):
            self._violate(tick, int(number), "says by its digest that it holds others than it should")
        is_due = wanted & (~self._held | (self._moved_tick[None, :] > self._told_tick[:, None]))
        due, came = np.count_nonzero(is_due, axis=1), evidence.updates[tick]
        for number in np.flatnonzero(told & (due != came)):
            self._violate(tick, int(number), f"was sent {came[number]} records, {due[number]} were due")

    def _check_records(self, watched: _Watched, tick: int, wanted: Flags, poses: list[Held]) -> None:
        """Apply what a sampled observer was sent, and compare all that it holds then with the trajectories."""
        evidence, verdict, number = self._evidence, self.verdict, watched.number
        decoded_ns, data = evidence.sampled[number][evidence.first_tick + tick]
        is_measured, ack = bool(self._is_measured[tick]), evidence.ack[tick]
        subjects = np.flatnonzero(wanted)
        expected = {evidence.entities[subject][0]: poses[subject] for subject in subjects.tolist()}
        twin = copy.deepcopy(watched) if is_measured and not verdict.is_self_test_caught else None
        faults = watched.faults(data, expected)
        if twin is not None and (corrupt := corrupted(data)) is not None:
            verdict.is_self_test_caught = len(twin.faults(corrupt, expected)) > len(faults)
        for what in faults:
            self._violate(tick, number, what)
        if is_measured:
            verdict.comparisons += len(subjects)
            self._measure_error(watched, subjects, ack)
            self._latencies.append(watched.latencies_ms(decoded_ns, wanted, ack))
        watched.note(wanted, ack)

    def _measure_error(self, watched: _Watched, subjects: Ints, ack: Ints) -> None:
        """Compare what is held with where the walkers really were at that sequence, before quantisation."""
        subjects = subjects[ack[subjects] >= FIRST_SEQ]
        decoded = watched.decoded(subjects)
        steps = ack[subjects] - FIRST_SEQ
        walk = self._walk
        apart_mm = np.linalg.norm(decoded[:, :3] - walk.position_m[steps, subjects] * 1000, axis=1)
        yaw = _turn_degrees(decoded[:, 3] * (360 / YAW_TURN) - np.degrees(walk.yaw[steps, subjects]))
        pitch = _turn_degrees(decoded[:, 4] * (90 / PITCH_QUARTER) - np.degrees(walk.pitch[steps, subjects]))
        self.verdict.max_error_mm = max(self.verdict.max_error_mm, apart_mm.max(initial=0.0))
        self.verdict.max_error_degrees = max(
            self.verdict.max_error_degrees, yaw.max(initial=0.0), pitch.max(initial=0.0)
        )

    def _violate(self, tick: int, observer: int, what: str) -> None:
        self.verdict.violations.append(Violation(self._evidence.first_tick + tick, observer, what))


class _Watched:
    """A sampled observer: what its client holds, and what has reached it of each subject."""

    def __init__(self, evidence: Evidence, number: int) -> None:
        self.number = number
        self._evidence = evidence
        self._replica = Replica()
        self._reached = np.full(len(evidence.entities), _ABSENT)  # newest sequence of each subject held

    def __deepcopy__(self, memo: dict[int, object]) -> _Watched:
        """Copy what changes; share the evidence."""
        twin = _Watched(self._evidence, self.number)
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

    def decoded(self, subjects: Ints) -> Ints:
        """Return x y z yaw pitch as held, (subjects, 5); zeros for whom it does not hold."""
        held = (self._replica.held.get(self._evidence.entities[subject][0]) for subject in subjects.tolist())
        rows = [(*one.pose.place, one.pose.yaw, one.pose.pitch) if one else (0, 0, 0, 0, 0) for one in held]
        return np.array(rows, np.int64).reshape(-1, 5)

    def latencies_ms(self, decoded_ns: int, wanted: Flags, ack: Ints) -> NDArray[np.float64]:
        """Age each sequence that has reached this observer now, from when it was to be sent.

        A sequence that a newer one has overtaken counts too, until the newer one's arrival; of somebody who has just
        come into sight, only the newest.
        """
        fresh = np.flatnonzero(wanted & (ack > self._reached) & (ack >= FIRST_SEQ))
        missing = np.where(self._reached[fresh] < FIRST_SEQ, 1, ack[fresh] - self._reached[fresh])
        subjects = np.repeat(fresh, missing)
        back = np.arange(len(subjects)) - np.repeat(np.cumsum(missing) - missing, missing)
        return np.asarray((decoded_ns - self._evidence.sent_ns(subjects, ack[subjects] - back)) / 1e6)

    def note(self, wanted: Flags, ack: Ints) -> None:
        """Remember what has reached this observer."""
        self._reached = np.where(wanted, ack, _ABSENT)


def _turn_degrees(difference: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.asarray(np.abs((difference + 180) % 360 - 180), np.float64)


_SECTION = Struct("<BBH")
_HEADER_BYTES = 17


def corrupted(data: bytes) -> bytes | None:
    """Return snapshot data with the first delta record off by one millimetre; None where there is no delta record."""
    at = _HEADER_BYTES
    while at < len(data):
        kind, stride, count = _SECTION.unpack_from(data, at)
        at += _SECTION.size
        if kind == Section.ROOT_DELTA:
            wrong = bytearray(data)
            wrong[at + 3] ^= 1  # the lowest bit of dx, behind id and age
            return bytes(wrong)
        at += stride * count
    return None
