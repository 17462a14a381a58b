"""The oracle for crowds, where budgets leave the server a choice of whom it tells of and when.

What it may not choose is checked like everywhere: every record that a sampled observer is sent says exactly how its
subject was, or to the nearest step where it is a dot; nobody is held who is out of reach, nobody in reach is left out
for longer than the slowest rate, and the digest is that of what is held. What it chooses is measured: how much of its
budget each observer is sent, of how many of the people within its radius it is told, and how old what it shows is.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.evidence import ABSENT
from benchmarks.oracle import Violation
from benchmarks.plan import FIRST_SEQ
from benchmarks.replica import Held
from benchmarks.result import spread
from benchmarks.sampled_oracle import Verdict, look_every_ticks
from benchmarks.snapshot_reader import as_dot, read_snapshot
from benchmarks.watched import Watched, corrupted
from protocol.records import Section

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.evidence import Evidence, Flags, Ints
    from benchmarks.snapshot_reader import Snapshot

_SLOWEST_TICKS = 32
_DOT_STEP_MM = 125
NEAREST = 30


class CrowdOracle:
    """Replays a run tick by tick."""

    def __init__(
        self,
        evidence: Evidence,
        radius_mm: int,
        budget_bytes_per_s: float | NDArray[np.float64],
        window_ns: tuple[int, int],
    ) -> None:
        """budget_bytes_per_s: of everybody, or of each observer.

        window_ns: ticks whose first snapshot arrived within are measured; those before it set the scene.
        """
        n = len(evidence.entities)
        self._evidence = evidence
        self._radius_mm = radius_mm
        self._budget = np.broadcast_to(np.asarray(budget_bytes_per_s, np.float64), n)
        self._measured = evidence.measured_rows(window_ns)
        self._number_of = {entity: number for number, (entity, _) in enumerate(evidence.entities)}
        self._watched = {number: Watched(evidence, number) for number in sorted(evidence.sampled)}
        self._holds = {number: np.zeros(n, np.bool_) for number in self._watched}
        self._is_dot = {number: np.zeros(n, np.bool_) for number in self._watched}  # as told last
        self._told_tick = {number: np.full(n, ABSENT) for number in self._watched}
        self._moved_tick = np.full(n, ABSENT)
        self._place, self._dot_tick = np.zeros((n, 3), np.int64), np.full(n, ABSENT)  # when it came to be another dot
        self._previous_ack = np.full(n, ABSENT)
        looks = max((look_every_ticks(evidence, tick) for tick in range(self.ticks)), default=0)
        self._late_ticks = _SLOWEST_TICKS + 2 * looks  # a new rate begins with a look, and in step with the subject
        self._coverage: list[float] = []
        self._stale: dict[str, list[Ints]] = defaultdict(list)  # ticks
        self._latencies: list[NDArray[np.float64]] = []
        self.verdict = Verdict()

    @property
    def ticks(self) -> int:
        """How many ticks there are to replay: up to the last measured one."""
        return self._measured.stop

    def replay(self, progress: Callable[[int], object] = lambda _tick: None) -> Verdict:
        """Judge the run up to its last measured tick. progress: called with the number of ticks done."""
        for tick in range(self.ticks):
            self._judge(tick)
            progress(tick + 1)
        verdict, evidence = self.verdict, self._evidence
        verdict.latency_ms = np.concatenate([np.zeros(0), *self._latencies])
        verdict.updates_expected = verdict.updates_delivered  # what is due is what the budget allows
        if self._measured:
            verdict.room_ms = int(evidence.time_ms[self._measured[-1]] - evidence.time_ms[self._measured[0]])
        for observer, second in zip(*np.nonzero(self._used() > 1.0), strict=True):
            what = f"was sent {self._used()[observer, second]:.1%} of its budget in second {second}"
            verdict.violations.append(Violation(0, int(observer), what))
        return verdict

    def figures(self, tick_ms: float) -> dict[str, Any]:
        """Say how the budgets were used and what observers hold: for the result, once replayed."""
        used = self._used()
        ages = {name: spread(np.concatenate([np.zeros(0), *found]) * tick_ms) for name, found in self._stale.items()}
        return {
            "crowd": {
                "budget_bytes_per_s": float(self._budget.max()),
                "budget_used": {
                    "min": round(float(used.min()), 4) if used.size else None,
                    "mean": round(float(used.mean()), 4) if used.size else None,
                    "max": round(float(used.max()), 4) if used.size else None,
                },
                "coverage_min": round(min(self._coverage), 4) if self._coverage else None,
                "staleness_nearest_30_ms": ages.get("nearest"),
                "staleness_within_radius_ms": ages.get("within"),
                "staleness_ms": ages.get("all"),
            }
        }

    def _used(self) -> NDArray[np.float64]:
        """Say which share of its budget each observer was sent in each whole second: (n, seconds)."""
        rows, time_ms = self._measured, self._evidence.time_ms
        second = (time_ms[rows.start : rows.stop] - time_ms[rows.start]) // 1000 if rows else np.zeros(0, np.int64)
        whole = int(second.max(initial=0))
        sent = self._evidence.frame_bytes[rows.start : rows.stop]
        used = [sent[second == k].sum(axis=0) for k in range(whole)]
        return np.array(used, np.float64).reshape(whole, len(self._budget)).T / self._budget[:, None]

    def _judge(self, tick: int) -> None:
        evidence, ack = self._evidence, self._evidence.ack[tick]
        present = evidence.present(tick)
        steps = np.where(present & (self._previous_ack >= 0), ack - self._previous_ack, 0)
        self._moved_tick[ack > self._previous_ack] = tick
        self._previous_ack = ack
        place = evidence.trajectories.places_mm(np.maximum(ack, 0))
        self._dot_tick[(_dots(place) != _dots(self._place)).any(axis=1)] = tick
        self._place = place
        if tick in self._measured:
            verdict = self.verdict
            verdict.updates_delivered += int(evidence.updates[tick].sum())
            verdict.updates_coalesced += int(np.maximum(steps - 1, 0).sum())
            verdict.snapshot_bytes += int(evidence.frame_bytes[tick].sum())
            verdict.snapshots += int(np.count_nonzero(evidence.has_frame[tick]))
            verdict.people = int(np.count_nonzero(present))
            verdict.ticks += 1
        for number, watched in self._watched.items():
            squared = ((place - place[number]) ** 2).sum(axis=1)
            if evidence.has_frame[tick][number]:
                self._check_snapshot(watched, tick, squared)
            if tick in self._measured and present[number]:
                self._measure(number, tick, present, squared)

    def _check_snapshot(self, watched: Watched, tick: int, squared: Ints) -> None:
        """Apply what a sampled observer was sent, and compare every record with the trajectories."""
        number = watched.number
        arrived_ns, data = self._evidence.sampled[number][tick]
        try:
            snapshot = read_snapshot(data)
        except ValueError as problem:
            self._violate(tick, number, f"unreadable: {problem}")
            return
        told, expected = self._expected(watched, snapshot, tick)
        is_tested = self.verdict.is_self_test_caught or tick not in self._measured or not len(told)
        twin = None if is_tested else copy.deepcopy(watched)
        faults = watched.faults(data, expected)
        if twin is not None:
            self.verdict.is_self_test_caught = len(twin.faults(corrupted(data)[0], expected)) > len(faults)
        for what in (*faults, *self._out_of_reach(number, snapshot, tick, squared)):
            self._violate(tick, number, what)
        holds, is_told = self._holds[number], np.zeros(len(squared), np.bool_)
        is_told[told] = True
        ack = self._evidence.ack[tick]
        if tick in self._measured:
            self.verdict.comparisons += len(told)
            self.verdict.digest_comparisons += 1
            there, held = watched.held(told[(ack[told] >= FIRST_SEQ) & ~self._is_dot[number][told]])
            apart_mm, degrees = self._evidence.trajectories.errors(there, ack[there], held)
            self.verdict.max_error_mm = max(self.verdict.max_error_mm, apart_mm)
            self.verdict.max_error_degrees = max(self.verdict.max_error_degrees, degrees)
            self._latencies.append(watched.latencies_ms(arrived_ns, is_told, ack))
        self._told_tick[number][told] = tick
        watched.note(holds, holds & ~is_told, ack)

    def _expected(self, watched: Watched, snapshot: Snapshot, tick: int) -> tuple[Ints, dict[int, Held]]:
        """Say whom a snapshot tells of, and how everybody must be held after it."""
        evidence, holds = self._evidence, self._holds[watched.number]
        if snapshot.is_full:
            holds[:] = False
        holds[[self._number_of[entity] for entity in snapshot.leaves if entity in self._number_of]] = False
        kept = watched.as_held(np.flatnonzero(holds))
        holds[[self._number_of[entity] for entity, _ in snapshot.enters if entity in self._number_of]] = True
        named = {self._number_of[record.entity] for record in snapshot.records if record.entity in self._number_of}
        told = np.array(sorted(named), np.int64)
        dots = {record.entity for record in snapshot.absolutes if record.pose.body is Section.DOT}
        self._is_dot[watched.number][told] = [evidence.entities[subject][0] in dots for subject in told.tolist()]
        poses = evidence.trajectories.poses(told, np.maximum(evidence.ack[tick][told], 0))
        truth = {
            entity: Held(generation, as_dot(pose) if entity in dots else pose)
            for (entity, generation), pose in zip((evidence.entities[k] for k in told.tolist()), poses, strict=True)
        }
        return told, kept | truth

    def _out_of_reach(self, number: int, snapshot: Snapshot, tick: int, squared: Ints) -> list[str]:
        """Find who came into sight from beyond the radius, and who is still held beyond the leaving radius."""
        limit = self._radius_mm**2
        faults = [
            f"{entity} enters from beyond the radius"
            for entity, _ in snapshot.enters
            if squared[self._number_of[entity]] > limit
        ]
        observer, _ = self._evidence.entities[number]
        if (self._evidence.first_tick + tick + observer) % look_every_ticks(self._evidence, tick) == 0:
            beyond = self._holds[number] & (squared * 400 > limit * 529)
            faults += [f"holds {self._evidence.entities[k][0]}, out of sight" for k in np.flatnonzero(beyond).tolist()]
        return faults

    def _measure(self, number: int, tick: int, present: Flags, squared: Ints) -> None:
        """Note how much of what is near an observer holds, and how old what it shows is."""
        holds = self._holds[number]
        is_near = present & (squared <= self._radius_mm**2)
        is_near[number] = False
        near = int(np.count_nonzero(is_near))
        self._coverage.append(int(np.count_nonzero(holds & is_near)) / near if near else 1.0)
        told = self._told_tick[number]
        moved_tick = np.where(self._is_dot[number], self._dot_tick, self._moved_tick)
        stale = np.where(moved_tick > told, tick - told, 0)
        held = np.flatnonzero(holds & present)
        nearest = held[np.argsort(squared[held], kind="stable")[:NEAREST]]
        for name, whom in (("nearest", nearest), ("within", np.flatnonzero(holds & is_near)), ("all", held)):
            self._stale[name].append(stale[whom])
        self.verdict.observations += 1
        self.verdict.neighbours += len(held)
        for subject in held[stale[held] > self._late_ticks].tolist():
            self._violate(tick, number, f"was not told of {subject} for {stale[subject]} ticks")

    def _violate(self, tick: int, observer: int, what: str) -> None:
        self.verdict.violations.append(Violation(self._evidence.first_tick + tick, observer, what))


def _dots(place_mm: Ints) -> Ints:
    """Name the dots as which somebody at some places is told of."""
    return (place_mm + _DOT_STEP_MM // 2) // _DOT_STEP_MM
