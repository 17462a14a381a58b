"""What a client holds, rebuilt from snapshots alone: what both forms of the oracle compare with their models."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.snapshot_reader import Absolute, Delta, Pose, Prediction, Snapshot, digest_term
from protocol.records import Section


@dataclass(slots=True)
class Held:
    """A subject as an observer's client knows it. way: the last record, where that was a delta, and the yaw before."""

    generation: int
    pose: Pose
    way: tuple[Delta, int] | None = field(default=None, compare=False)


class Replica:
    """What a client holds, built from snapshots alone; says what no client could make sense of."""

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}
        self.digest = 0

    def apply(self, snapshot: Snapshot) -> list[str]:
        """Apply a snapshot and return what is wrong with it as such: order, bases, digest.

        Afterwards its predictions stand among its deltas, as those that they stand for.
        """
        faults: list[str] = []
        if snapshot.is_full:
            self.held.clear()
            self.digest = 0
        for entity in snapshot.leaves:
            faults += self._leave(entity)
        entering = self._begin(snapshot.enters, faults)
        told: set[int] = set()
        for record in snapshot.records:
            if record.entity in told:
                faults.append(f"two records of {record.entity}")
            told.add(record.entity)
            faults += self._update(snapshot, record, entering)
        snapshot.predictions.clear()
        faults += [f"{entity} enters without an absolute record" for entity in entering]
        if self.digest != snapshot.digest:
            faults.append("the digest is not that of what is held")
        return faults

    def _leave(self, entity: int) -> list[str]:
        held = self.held.pop(entity, None)
        if held is None:
            return [f"{entity} leaves, but was not held"]
        self.digest = self.digest - digest_term(entity, held.generation) & 0xFFFFFFFF
        return []

    def _begin(self, enters: list[tuple[int, int]], faults: list[str]) -> dict[int, int]:
        entering: dict[int, int] = {}
        for entity, generation in enters:
            if entity in self.held or entity in entering:
                faults.append(f"{entity} enters, but was held")
            entering[entity] = generation
        return entering

    def _update(self, snapshot: Snapshot, record: Absolute | Delta | Prediction, entering: dict[int, int]) -> list[str]:
        entity = record.entity
        if isinstance(record, Absolute) and entity in entering:
            generation = entering.pop(entity)
            self.held[entity] = Held(generation, record.pose)
            self.digest = self.digest + digest_term(entity, generation) & 0xFFFFFFFF
            return []
        held = self.held.get(entity)
        if held is None:
            return [f"a record of {entity}, which is not held"]
        if isinstance(record, Absolute):
            held.pose, held.way = record.pose, None
            return []
        if isinstance(record, Prediction):
            if held.way is None or held.pose.body is not Section.ROOT:
                return [f"a prediction of {entity}, which has no way"]
            record = record.resolved(held.pose, *held.way)
            snapshot.deltas.append(record)
        if record.body is not held.pose.body:
            return [f"a {record.body.name} delta of {entity}, held as {held.pose.body.name}"]
        held.pose, held.way = record.applied_to(held.pose), (record, held.pose.yaw)
        return []
