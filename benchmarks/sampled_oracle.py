"""The oracle for benchmarks: judges a server from outside, by what its clients sent and what they received.

Fed with the clients' own trajectories and with the sequence that each client was told is processed at each tick.
Together they say where everybody stood at every tick, in exact millimetres, without asking the server: so no tolerance
is needed for motion between sampling and tick, and none is given. From that and from the rules of the room
(`expectations`) follows who must have held whom, in what pose, and how many updates were due. All observers are checked
by their digests at every tick; sampled observers, record by record.

One promise of the server is taken at its word: a client that was told nothing at a tick has nothing newly processed.
It holds for whoever reads; a server that breaks it is found out by poses that are newer than they can be. Clients that
read slowly stand still, so that it does not matter for them.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.evidence import ABSENT
from benchmarks.expectations import Expected, Scene
from benchmarks.oracle import STRETCH, Violation
from benchmarks.plan import FIRST_SEQ
from benchmarks.replica import Held
from benchmarks.snapshot_reader import digest_term
from benchmarks.watched import Watched, corrupted

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.evidence import Evidence, Flags, Ints
    from benchmarks.expectations import Rules


LOOK_EVERY_TICKS = 4  # how often an observer looks around, in step with its id; more rarely in an overrun server


def look_every_ticks(evidence: Evidence, row: int) -> int:
    """Say how often observers looked around at a tick, by what they were told."""
    return STRETCH * LOOK_EVERY_TICKS if evidence.is_stretched[row] else LOOK_EVERY_TICKS


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
    people: int = 0  # in the room at the last tick
    observations: int = 0  # observers summed over ticks, told or not
    neighbours: int = 0  # subjects held, summed likewise
    comparisons: int = 0
    digest_comparisons: int = 0
    violations: list[Violation] = field(default_factory=list)
    is_self_test_caught: bool = False
    max_error_mm: float = 0.0
    max_error_degrees: float = 0.0
    latency_ms: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


class SampledOracle:
    """Replays a run tick by tick."""

    def __init__(
        self, evidence: Evidence, rules: Rules, window_ns: tuple[int, int], slow: frozenset[int] = frozenset()
    ) -> None:
        """window_ns: ticks whose first snapshot arrived within are measured; those before it set the scene.

        slow: clients that may be told late. What they are told is checked, and nothing of it is counted.
        """
        n = len(evidence.entities)
        self._evidence = evidence
        self._rules = rules
        self._measured = evidence.measured_rows(window_ns)
        self._counts = ~np.isin(np.arange(n), list(slow))
        self._held = np.zeros((n, n), np.bool_)
        self._told_tick = np.full((n, n), ABSENT, np.int32)  # when each was last told of each
        self._ids = np.array([entity for entity, _generation in evidence.entities], np.int64)
        self._moved_tick = np.full(n, ABSENT)  # when a pose of each was last accepted
        self._previous_ack = np.full(n, ABSENT)
        self._was_told = np.zeros(n, np.bool_)  # at the tick before
        self._terms = np.array([digest_term(*entity) for entity in evidence.entities], np.uint64)
        self._watched = {number: Watched(evidence, number) for number in sorted(evidence.sampled)}
        self._latencies: list[NDArray[np.float64]] = []
        self._is_tested_on_record = False
        self.verdict = Verdict()

    @property
    def ticks(self) -> int:
        """How many ticks there are to replay: up to the last measured one, since at the end logs break off anywhere."""
        return self._measured.stop

    def replay(self, progress: Callable[[int], object] = lambda _tick: None) -> Verdict:
        """Judge the run up to its last measured tick. progress: called with the number of ticks done."""
        for tick in range(self.ticks):
            self._judge(tick)
            progress(tick + 1)
        self.verdict.latency_ms = np.concatenate([np.zeros(0), *self._latencies])
        if self._measured:
            time_ms = self._evidence.time_ms
            self.verdict.room_ms = int(time_ms[self._measured[-1]] - time_ms[self._measured[0]])
        return self.verdict

    def _judge(self, tick: int) -> None:
        evidence, ack = self._evidence, self._evidence.ack[tick]
        present, told = evidence.present(tick), evidence.has_frame[tick]
        seqs = np.maximum(ack, 0)
        self._held[evidence.is_full[tick]] = False
        self._moved_tick[ack > self._previous_ack] = tick
        place = evidence.trajectories.places_mm(seqs)
        scene = Scene(
            tick=tick,
            place_mm=place,
            present=present,
            turn=(evidence.first_tick + tick + self._ids) % look_every_ticks(evidence, tick) == 0,
            starts_over=evidence.is_full[tick],
            held=self._held,
            moved_tick=self._moved_tick,
            told_tick=self._told_tick,
        )
        expected = self._expected(scene, told & ~self._was_told & ~self._counts)
        if tick in self._measured:
            self._count(scene, expected)
            self._check_everybody(tick, expected, told)
        self._held[told], self._previous_ack, self._was_told = expected.wanted[told], ack, told
        self._told_tick[expected.may_tell & told[:, None]] = tick
        watched = [one for number, one in self._watched.items() if told[number]]
        held = self._held_by(watched, expected.wanted, seqs)
        for one in watched:
            self._check_records(one, tick, expected.wanted[one.number], held)

    def _expected(self, scene: Scene, may_have_recovered: Flags) -> Expected:
        """Say what is right. Whoever had a full socket looks around once it has not; the digest says who had.

        may_have_recovered: slow clients that are told something, and were not at the tick before, for whatever reason.
        """
        usual = self._rules.expect(scene)
        if not may_have_recovered.any():
            return usual
        other = self._rules.expect(replace(scene, turn=scene.turn | may_have_recovered))
        has = may_have_recovered & (self._digests(other) == self._evidence.digest[scene.tick].astype(np.uint64))
        parts = ((getattr(one, part.name) for one in (other, usual)) for part in fields(Expected))
        return Expected(*(np.where(has[:, None], *pair) for pair in parts))

    def _digests(self, expected: Expected) -> NDArray[np.uint64]:
        """Add up the digest of what each observer should hold."""
        terms = np.where(expected.wanted, self._terms, np.uint64(0))
        return np.asarray(terms.sum(axis=1) & np.uint64(0xFFFFFFFF), np.uint64)

    def _held_by(self, watched: list[Watched], wanted: Flags, seqs: Ints) -> dict[int, tuple[int, Held]]:
        """Say how each subject that any sampled observer wants must be held: client -> (entity id, Held)."""
        evidence = self._evidence
        subjects = np.flatnonzero(wanted[[one.number for one in watched]].any(axis=0))
        poses = evidence.trajectories.poses(subjects, seqs[subjects])
        entities = [evidence.entities[subject] for subject in subjects.tolist()]
        held = [(entity, Held(generation, pose)) for (entity, generation), pose in zip(entities, poses, strict=True)]
        return dict(zip(subjects.tolist(), held, strict=True))

    def _count(self, scene: Scene, expected: Expected) -> None:
        evidence, verdict, tick = self._evidence, self.verdict, scene.tick
        counts = self._counts
        steps = np.where(scene.present & (self._previous_ack >= 0), evidence.ack[tick] - self._previous_ack, 0)
        wanted, due = expected.wanted[counts], self._rules.updates_due(scene, expected)[counts]
        verdict.updates_expected += int(np.count_nonzero(due & (steps > 0)))
        verdict.updates_coalesced += int((np.count_nonzero(wanted, axis=0) * np.maximum(steps - 1, 0)).sum())
        verdict.updates_delivered += int(evidence.updates[tick][counts].sum())
        verdict.snapshot_bytes += int(evidence.frame_bytes[tick][counts].sum())
        verdict.snapshots += int(np.count_nonzero(evidence.has_frame[tick] & counts))
        verdict.observations += int(np.count_nonzero(scene.present & counts))
        verdict.neighbours += int(np.count_nonzero(wanted))
        verdict.people = int(np.count_nonzero(scene.present))
        verdict.ticks += 1

    def _check_everybody(self, tick: int, expected: Expected, told: Flags) -> None:
        """Compare what is cheap to know of every observer: how many records came, and the digest of what it holds."""
        evidence = self._evidence
        held = self._digests(expected)
        self.verdict.digest_comparisons += int(np.count_nonzero(told))
        for number in np.flatnonzero(told & (held != evidence.digest[tick].astype(np.uint64))):
            self._violate(tick, int(number), "says by its digest that it holds others than it should")
        came = evidence.updates[tick]
        fewest, most = np.count_nonzero(expected.must_tell, axis=1), np.count_nonzero(expected.may_tell, axis=1)
        for number in np.flatnonzero(told & ((came < fewest) | (came > most))):
            due = f"{fewest[number]} to {most[number]}" if fewest[number] < most[number] else fewest[number]
            self._violate(tick, int(number), f"was sent {came[number]} records, {due} were due")

    def _check_records(self, watched: Watched, tick: int, wanted: Flags, held: dict[int, tuple[int, Held]]) -> None:
        """Apply what a sampled observer was sent, and compare all that it holds then with the trajectories."""
        evidence, verdict, number = self._evidence, self.verdict, watched.number
        arrived_ns, data = evidence.sampled[number][tick]
        is_measured, ack = tick in self._measured, evidence.ack[tick]
        is_stale = wanted & (self._told_tick[number] < self._moved_tick)  # its turn comes later
        subjects = np.flatnonzero(wanted & ~is_stale)
        expected = dict(held[subject] for subject in subjects.tolist()) | watched.as_held(np.flatnonzero(is_stale))
        twin = copy.deepcopy(watched) if is_measured and not self._is_tested_on_record else None
        faults = watched.faults(data, expected)
        if twin is not None:
            self._test_itself(twin, data, expected, len(faults))
        for what in faults:
            self._violate(tick, number, what)
        if is_measured:
            verdict.comparisons += len(subjects)
            self._measure_error(watched, subjects[ack[subjects] >= FIRST_SEQ], ack)
            if self._counts[number]:
                self._latencies.append(watched.latencies_ms(arrived_ns, wanted & ~is_stale, ack))
        watched.note(wanted, is_stale, ack)

    def _test_itself(self, twin: Watched, data: bytes, expected: dict[int, Held], faults: int) -> None:
        """Falsify a snapshot and look whether that is noticed; settled by the first record that is."""
        wrong, is_record = corrupted(data)
        is_caught = len(twin.faults(wrong, expected)) > faults
        self.verdict.is_self_test_caught = is_caught
        self._is_tested_on_record = is_record and is_caught

    def _measure_error(self, watched: Watched, subjects: Ints, ack: Ints) -> None:
        """Compare what is held with where people really were at that sequence, before quantisation."""
        there, held = watched.held(subjects)
        apart_mm, degrees = self._evidence.trajectories.errors(there, ack[there], held)
        self.verdict.max_error_mm = max(self.verdict.max_error_mm, apart_mm)
        self.verdict.max_error_degrees = max(self.verdict.max_error_degrees, degrees)

    def _violate(self, tick: int, observer: int, what: str) -> None:
        self.verdict.violations.append(Violation(self._evidence.first_tick + tick, observer, what))
