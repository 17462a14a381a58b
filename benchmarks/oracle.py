"""The oracle: an obvious model of what each observer must be told at each tick, and the judge of what it was told.

Brute force on purpose: every pair, every tick, plain integers, no numpy and no code of the server, so that a mistake
there is not repeated here. `ExactOracle` is fed every fact of a room (who joined, which poses were accepted, who could
be written to) and checks every byte written to everybody. The form for benchmarks, which sees only what clients see, is
`sampled_oracle`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgpack

from benchmarks.replica import Replica
from benchmarks.snapshot_reader import Absolute, Delta, Pose, Snapshot, Triple, as_dot, payloads, read_snapshot
from protocol import schema
from protocol.records import (
    AGE_STEP_MS,
    MAX_AGE,
    MAX_DELTA_XZ,
    MAX_DELTA_Y,
    MAX_TRACKED_DELTA_Y,
    MAX_TURN,
    POSE_JUMP,
    Section,
)
from protocol.schema import SPEC_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from protocol.framing import Framing

REFRESH_TICKS = 64  # a subject that keeps moving is sent whole to everybody once in so many ticks
_ROUND_STEP = 5
STRETCH = 4  # so many times as rarely does an observer look around whose server has too much to do
QUIET_S = 5  # after so long without a snapshot there is one at the next whole second, although nothing happened

_SNAPSHOT = SPEC_OF[schema.Snapshot].type
_CORRECTION = SPEC_OF[schema.Correction].type
_ROSTER = SPEC_OF[schema.Roster].type
_OBJECTS = SPEC_OF[schema.Objects].type
_GONE = SPEC_OF[schema.Gone].type


def is_near(one: Triple, other: Triple, radius_mm: int, is_held: bool) -> bool:
    """Tell whether an observer at `one` wants a subject at `other`: enter at the radius, stay up to 1.15 times it."""
    squared = sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
    return squared <= radius_mm**2 or (is_held and squared * 400 <= radius_mm**2 * 529)


# --- a room's facts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Zone:
    """A volume with rules: whoever stands inside (faces included) needs `requires` to be seen."""

    low: Triple
    high: Triple
    is_isolated: bool = False
    requires: frozenset[str] = frozenset()

    def holds(self, place: Triple) -> bool:
        """Tell whether a place lies inside."""
        return all(a <= p <= b for a, p, b in zip(self.low, place, self.high, strict=True))


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing an observer was told wrongly, or not told, at one tick."""

    tick: int
    observer: int
    what: str


@dataclass(slots=True)
class _Subject:
    """An avatar or an object, as it is now; and its records so far."""

    entity: int
    generation: int
    user: str | None  # None for an object
    pose: Pose
    sampled_at: float
    is_unseen: bool = False
    has_jumped: bool = False
    jump_tick: int = -1  # the last tick in which it was found to have jumped
    shown: Pose | None = None  # as of its last record
    record_tick: int = 0
    previous_record_tick: int = 0
    dot_tick: int = 0  # when it last came to be another dot
    pinned_for: frozenset[str] = frozenset()  # groups in whose sight it is at any distance
    is_small_step: bool = False  # whether its newest record may be a delta
    whole_tick: int = 0  # when everybody was last given it whole


@dataclass(slots=True)
class _Observer:
    """A member, as the one who sees."""

    grants: frozenset[str]
    groups: frozenset[str] = frozenset()
    ack: int = 0
    told_ack: int = 0
    told_tick: int = 0
    starts_over: bool = True
    is_refocused: bool = True  # what it may see changed: it looks around at once
    is_behind: bool = False  # it could not be told at the last tick: it looks around as soon as it can be
    rules: tuple[int | None, frozenset[str]] = (None, frozenset())  # isolation and clearance where it stands
    cause: int | None = None  # of a correction not yet written
    holds: dict[int, int] = field(default_factory=dict)  # by subject: when the pose that it was told came to be
    viewpoints: dict[int, Triple] = field(default_factory=dict)  # places that it sees from besides its own
    far: set[int] = field(default_factory=set)  # subjects that are dots to it, as of its last look
    dots: set[int] = field(default_factory=set)  # those that it was last told of as dots
    knows: set[int] = field(default_factory=set)
    replica: Replica = field(default_factory=Replica)


@dataclass(frozen=True, slots=True)
class Written:
    """Everything that was written to one member during one tick, and how it was framed."""

    stream: bytes
    framing: Framing


class ExactOracle:
    """One room, all of it. Feed it facts as they happen, then call `judge` once for each tick."""

    def __init__(
        self,
        radius_mm: int,
        tick_hz: int,
        zones: Sequence[Zone],
        started_at: float,
        look_every_ticks: int = 1,
        dots_beyond_mm: int | None = None,
    ) -> None:
        """dots_beyond_mm: how far away one must be to be told of as a dot; None: nobody is."""
        self._radius_mm = radius_mm
        self._dots_beyond_mm = radius_mm * 2 if dots_beyond_mm is None else dots_beyond_mm
        self._look_every_ticks = look_every_ticks
        self._is_stretched = False
        self._tick_hz = tick_hz
        self._zones = zones
        self._started_at = started_at
        self._subjects: dict[int, _Subject] = {}
        self._observers: dict[int, _Observer] = {}
        self._blocks: set[frozenset[str]] = set()
        self._tick = 0
        self.comparisons = 0

    # --- facts: people ------------------------------------------------------------------------------------------------

    def join(self, entity: int, generation: int, user: str, pose: Pose, grants: Iterable[str], now: float) -> None:
        """Somebody took a seat and stands at `pose`."""
        self._subjects[entity] = _Subject(
            entity,
            generation,
            user,
            pose,
            now,
            shown=pose,
            whole_tick=self._tick,
            record_tick=self._tick,
            dot_tick=self._tick,
        )
        self._observers[entity] = _Observer(frozenset(grants))

    def leave(self, entity: int) -> None:
        """Somebody left for good."""
        del self._subjects[entity], self._observers[entity]

    def resume(self, entity: int) -> None:
        """Somebody came back on a new connection, or asked to start over."""
        self._observers[entity].starts_over = True

    def accept(self, entity: int, seq: int, pose: Pose, sampled_at: float) -> None:
        """A pose of sequence `seq` became true; `sampled_at` on the server's clock, seconds."""
        self._observers[entity].ack = seq
        subject = self._subjects[entity]
        subject.pose, subject.sampled_at = pose, sampled_at

    def jump(self, entity: int, seq: int, place: Triple, yaw: int, now: float) -> None:
        """A teleport was carried out."""
        subject = self._subjects[entity]
        self.accept(entity, seq, subject.pose._replace(place=place, yaw=yaw), now)
        subject.has_jumped = True

    def reject(self, entity: int, seq: int, cause: int) -> None:
        """A pose was not accepted: its sequence is processed and a correction is due."""
        observer = self._observers[entity]
        observer.ack, observer.cause = seq, cause

    def grant(self, entity: int, grants: Iterable[str]) -> None:
        """Somebody's clearances changed."""
        self._observers[entity].grants = frozenset(grants)
        self._observers[entity].is_refocused = True

    def hide(self, entity: int, is_unseen: bool) -> None:
        """Somebody became a spectator, whom nobody else may know of, or is one no more."""
        self._subjects[entity].is_unseen = is_unseen
        self._observers[entity].is_refocused = True

    def pin(self, entity: int, groups: Iterable[str], pinned_for: Iterable[str]) -> None:
        """Somebody belongs to groups, and is in the sight of groups at any distance, from now on."""
        self._observers[entity].groups = frozenset(groups)
        self._subjects[entity].pinned_for = frozenset(pinned_for)
        self._observers[entity].is_refocused = True

    def look_from(self, entity: int, viewpoint: int, place: Triple | None) -> None:
        """Somebody sees from a place as well, or no longer from there."""
        viewpoints = self._observers[entity].viewpoints
        viewpoints.pop(viewpoint, None)
        if place is not None:
            viewpoints[viewpoint] = place
        self._observers[entity].is_refocused = True

    def block(self, entity: int, other: str, is_blocked: bool) -> None:
        """Somebody blocked a user, or no longer: the two are hidden from each other."""
        pair = frozenset((str(self._subjects[entity].user), other))
        (self._blocks.add if is_blocked else self._blocks.discard)(pair)
        self._observers[entity].is_refocused = True

    # --- facts: the server -------------------------------------------------------------------------------------------

    def stretch(self, is_stretched: bool) -> None:
        """From the next tick on, observers look around a quarter as often, or as usual again."""
        self._is_stretched = is_stretched

    # --- facts: objects -----------------------------------------------------------------------------------------------

    def put(self, entity: int, generation: int, place: Triple, orientation: int, now: float) -> None:
        """An object appeared."""
        pose = Pose(Section.THING, place, orientation=orientation)
        self._subjects[entity] = _Subject(entity, generation, None, pose, now, whole_tick=self._tick)

    def move(self, entity: int, place: Triple, orientation: int, now: float) -> None:
        """An object was moved by its holder."""
        subject = self._subjects[entity]
        subject.pose, subject.sampled_at = Pose(Section.THING, place, orientation=orientation), now

    def remove(self, entity: int) -> None:
        """An object was removed."""
        del self._subjects[entity]

    # --- judgement ----------------------------------------------------------------------------------------------------

    def judge(self, tick: int, now: float, writable: set[int], written: Mapping[int, Written]) -> list[Violation]:
        """Advance the model by one tick and compare it with everything that was written.

        now: server clock, seconds. writable: entities of the members whose socket took everything before. written: by
        entity; nothing may have been written to others.
        """
        found: list[tuple[int, str]] = []
        self._tick = tick
        self._record(tick)
        for entity in sorted(self._observers):
            try:
                told = _Told.read(written.get(entity))
            except ValueError as problem:
                found.append((entity, str(problem)))
                continue
            self._observers[entity].knows |= told.known
            self._observers[entity].knows -= told.gone
            self._refocus(entity)
            if entity in writable:
                found += [(entity, what) for what in self._faults(entity, told, tick, now)]
            elif told.snapshot or told.corrections:
                found.append((entity, "was written poses although its socket is full or gone"))
            self._observers[entity].is_behind = entity not in writable
            self._observers[entity].is_refocused = False
        for subject in self._subjects.values():
            subject.has_jumped = False
        return [Violation(tick, entity, what) for entity, what in found]

    def _record(self, tick: int) -> None:
        """Note whose pose differs from its last record, and whether a delta can say so."""
        for subject in self._subjects.values():
            if subject.pose == subject.shown and not subject.has_jumped:
                continue
            is_due_whole = _round(subject.entity, tick) > _round(subject.entity, subject.whole_tick)
            fits = _fits_delta(subject.shown, subject.pose)
            subject.is_small_step = fits and not subject.has_jumped and not is_due_whole
            if not subject.is_small_step:
                subject.whole_tick = tick
            if subject.has_jumped:
                subject.jump_tick = tick
            if subject.shown is None or as_dot(subject.shown) != as_dot(subject.pose):
                subject.dot_tick = tick
            subject.shown = subject.pose
            subject.previous_record_tick, subject.record_tick = subject.record_tick, tick

    def _faults(self, entity: int, told: _Told, tick: int, now: float) -> list[str]:
        """Compare what a writable observer was told with what it should have been."""
        observer = self._observers[entity]
        is_looking = self._is_looking(entity, tick)
        is_full, observer.starts_over = observer.starts_over, False
        if is_full:
            observer.holds, observer.dots = {}, set()
        held = observer.holds.keys()
        wanted = self._seen_by(entity) if is_looking else {other for other in held if self._may_keep(entity, other)}
        if is_looking:
            observer.far = {other for other in wanted if self._is_far(entity, other)}
        due = {other for other in wanted if other not in held or self._has_news_of(observer, other)}
        expected = _Expected(set(held), wanted, due, is_full)
        faults = self._correction_faults(entity, told) + self._knowledge_faults(entity)
        if told.snapshot is None:
            if self._has_news(observer, expected, tick):
                faults.append("was not told what happened")
        else:
            faults += self._snapshot_faults(entity, told.snapshot, expected, tick, now)
            observer.told_tick, observer.told_ack = tick, observer.ack
        observer.dots = wanted & observer.far
        told_of = {other: self._subjects[other].record_tick for other in due | observer.dots}  # dots are near enough
        observer.holds = {other: stamp for other, stamp in observer.holds.items() if other in wanted} | told_of
        return faults

    def _seen_by(self, entity: int) -> set[int]:
        """List whom an observer wants when it looks around."""
        held = self._observers[entity].holds
        return {other for other in self._subjects if self._wants(entity, other, other in held)}

    def _is_looking(self, entity: int, tick: int) -> bool:
        """Tell whether an observer that can be told looks around at this tick: in turn, or for a reason of its own."""
        observer = self._observers[entity]
        is_turn = (entity + tick) % (self._look_every_ticks * (STRETCH if self._is_stretched else 1)) == 0
        return is_turn or observer.starts_over or observer.is_refocused or observer.is_behind

    def _refocus(self, entity: int) -> None:
        """Note whether somebody came to where other rules hold."""
        observer, zone = self._observers[entity], self._zone(self._subjects[entity].pose.place)
        rules = (
            self._isolation(self._subjects[entity].pose.place),
            frozenset() if zone is None else self._zones[zone].requires,
        )
        observer.is_refocused |= rules != observer.rules
        observer.rules = rules

    def _has_news_of(self, observer: _Observer, other: int) -> bool:
        subject, is_dot = self._subjects[other], other in observer.far
        newest = subject.dot_tick if is_dot else subject.record_tick
        return newest > observer.holds[other] or is_dot != (other in observer.dots)

    def _wants(self, entity: int, other: int, is_held: bool) -> bool:
        is_near = self._is_near(entity, other, self._radius_mm, is_held=is_held)
        return self._may_keep(entity, other) and (self._is_pinned(entity, other) or is_near)

    def _is_near(self, entity: int, other: int, radius_mm: int, *, is_held: bool) -> bool:
        """Tell whether somebody is near enough to any place that an observer sees from."""
        own, place = self._subjects[entity].pose.place, self._subjects[other].pose.place
        eyes = own, *self._observers[entity].viewpoints.values()
        return any(is_near(eye, place, radius_mm, is_held) for eye in eyes)

    def _is_far(self, entity: int, other: int) -> bool:
        is_near = self._is_near(entity, other, self._dots_beyond_mm, is_held=False)
        return not (is_near or self._is_pinned(entity, other))

    def _is_pinned(self, entity: int, other: int) -> bool:
        return not self._subjects[other].pinned_for.isdisjoint(self._observers[entity].groups)

    def _may_keep(self, entity: int, other: int) -> bool:
        if other == entity or other not in self._subjects:
            return False
        one, two = self._subjects[entity].pose.place, self._subjects[other].pose.place
        return self._may_see(entity, other) and self._isolation(one) == self._isolation(two)

    def _may_see(self, entity: int, other: int) -> bool:
        one, two = self._subjects[entity], self._subjects[other]
        is_blocked = two.user is not None and frozenset((one.user, two.user)) in self._blocks
        zone = self._zone(two.pose.place)
        is_cleared = zone is None or self._zones[zone].requires <= self._observers[entity].grants
        return entity == other or (is_cleared and not is_blocked and not two.is_unseen)

    def _isolation(self, place: Triple) -> int | None:
        zone = self._zone(place)
        return zone if zone is not None and self._zones[zone].is_isolated else None

    def _zone(self, place: Triple) -> int | None:
        """Find the first zone that holds a place."""
        return next((number for number, zone in enumerate(self._zones) if zone.holds(place)), None)

    def _has_news(self, observer: _Observer, expected: _Expected, tick: int) -> bool:
        return bool(
            expected.is_full
            or expected.due
            or expected.held - expected.wanted
            or observer.ack != observer.told_ack
            or (tick % self._tick_hz == 0 and tick - observer.told_tick >= QUIET_S * self._tick_hz)
        )

    def _correction_faults(self, entity: int, told: _Told) -> list[str]:
        observer, pose = self._observers[entity], self._subjects[entity].pose
        expected = [] if observer.cause is None else [[observer.ack, observer.cause, *pose.place, pose.yaw]]
        observer.cause = None
        return [] if told.corrections == expected else [f"corrections {told.corrections}, expected {expected}"]

    def _knowledge_faults(self, entity: int) -> list[str]:
        may_know = {other for other in self._subjects if self._may_see(entity, other)}
        self.comparisons += len(may_know)
        return _difference("knows of", self._observers[entity].knows, may_know)

    def _snapshot_faults(
        self, entity: int, snapshot: Snapshot, expected: _Expected, tick: int, now: float
    ) -> list[str]:
        observer = self._observers[entity]
        if not self._has_news(observer, expected, tick):
            return ["was told although nothing happened"]
        room_ms = (now - self._started_at) * 1000
        header = (snapshot.tick, snapshot.ack, snapshot.is_full, snapshot.is_stretched)
        faults = observer.replica.apply(snapshot)
        if header != (tick, observer.ack, expected.is_full, self._is_stretched) or abs(snapshot.time_ms - room_ms) > 1:
            faults.append(f"header {header} at {snapshot.time_ms} ms")
        told: list[Absolute | Delta] = [*snapshot.absolutes, *snapshot.deltas]
        records = {record.entity: record for record in told}
        faults += _difference("was told of", set(records), expected.due)
        faults += _difference("lost", set(snapshot.leaves), expected.held - expected.wanted)
        faults += _difference("holds", set(observer.replica.held), expected.wanted)
        faults += self._pose_faults(observer, expected)
        for other in records.keys() & expected.due:
            faults += self._record_faults(observer, records[other], other in expected.held, tick, now)
        return faults

    def _pose_faults(self, observer: _Observer, expected: _Expected) -> list[str]:
        faults = []
        for other in expected.wanted & observer.replica.held.keys():
            held, subject = observer.replica.held[other], self._subjects[other]
            is_dot = other in observer.far
            if other not in expected.due and observer.holds[other] < subject.record_tick and not is_dot:
                continue  # its turn comes later
            self.comparisons += 1
            pose = as_dot(subject.pose) if is_dot else _as_seen(subject.pose)
            if (held.generation, held.pose) != (subject.generation, pose):
                faults.append(f"holds {other} as {held}, it is {subject.generation} {subject.pose}")
        return faults

    def _record_faults(
        self, observer: _Observer, record: Absolute | Delta, was_held: bool, tick: int, now: float
    ) -> list[str]:
        """Check what a record is besides its values: delta or absolute, flags, age. Dots have none of these."""
        subject = self._subjects[record.entity]
        faults: list[str] = []
        if record.entity in observer.far:
            return faults
        was_dot = record.entity in observer.dots
        age_ms = min(max((now - subject.sampled_at) * 1000, 0.0), MAX_AGE * AGE_STEP_MS)
        if abs(record.age * AGE_STEP_MS - age_ms) > AGE_STEP_MS / 2 + 1e-3:
            faults.append(f"{record.entity} is said to be {record.age * AGE_STEP_MS} ms old, it is {age_ms:.1f}")
        stamp = observer.holds[record.entity] if was_held else tick - 1
        has_jumped = subject.jump_tick > stamp
        if isinstance(record, Absolute) and not was_dot and bool(record.flags & POSE_JUMP) != has_jumped:
            faults.append(f"{record.entity}: flags {record.flags}, although its jump is {has_jumped}")
        has_base = was_held and not was_dot and subject.previous_record_tick == stamp
        may_be_delta = has_base and subject.record_tick == tick and subject.is_small_step
        if isinstance(record, Delta) and not may_be_delta:
            faults.append(f"{record.entity} came as a delta without reason")
        if isinstance(record, Absolute) and may_be_delta:
            faults.append(f"{record.entity} came whole, although a delta would do")
        return faults


@dataclass(frozen=True, slots=True)
class _Expected:
    """What the model says of one observer at one tick."""

    held: set[int]  # before
    wanted: set[int]  # after
    due: set[int]
    is_full: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """What was written to one member during one tick, taken apart."""

    snapshot: Snapshot | None
    corrections: list[list[int]]
    known: set[int]
    gone: set[int]

    @classmethod
    def read(cls, written: Written | None) -> _Told:
        """Take a stream apart. Raises ValueError for what cannot be read or stands in the wrong order."""
        told = cls(None, [], set(), set())
        snapshot = None
        for payload in payloads(written.stream, written.framing) if written else ():
            message = msgpack.unpackb(payload, raw=False)
            if snapshot is not None:
                raise ValueError("something follows the snapshot")
            if message[0] == _SNAPSHOT:
                snapshot = read_snapshot(message[1])
            else:
                told._note(message)
        return cls(snapshot, told.corrections, told.known, told.gone)

    def _note(self, message: list[Any]) -> None:
        if message[0] == _CORRECTION:
            self.corrections.append(message[1:])
        elif self.corrections:
            raise ValueError("an event follows a correction")
        elif message[0] in (_ROSTER, _OBJECTS):
            self._learn({entry[0] for entry in message[2]})
        elif message[0] == _GONE:
            self._forget(set(message[2]))

    def _learn(self, entities: set[int]) -> None:
        self.known.update(entities)
        self.gone.difference_update(entities)

    def _forget(self, entities: set[int]) -> None:
        self.gone.update(entities)
        self.known.difference_update(entities)


def _round(entity: int, tick: int) -> int:
    """Number the rounds in each of which a subject that moves is sent whole once."""
    return (tick + _ROUND_STEP * entity) // REFRESH_TICKS


def _fits_delta(before: Pose | None, after: Pose) -> bool:
    """Tell whether a delta record can describe a change: same kind of avatar, short way, short reach."""
    if before is None or before.body is not after.body or after.body is Section.THING:
        return False
    x, y, z = (abs(a - b) for a, b in zip(after.place, before.place, strict=True))
    reach = (
        abs(a - b)
        for new, old in zip(after.parts, before.parts, strict=True)
        for a, b in zip(new.place, old.place, strict=True)
    )
    highest = MAX_DELTA_Y if after.body is Section.ROOT else MAX_TRACKED_DELTA_Y
    is_near = x <= MAX_DELTA_XZ and z <= MAX_DELTA_XZ and y <= highest and all(r <= MAX_DELTA_Y for r in reach)
    parts = zip(after.parts, before.parts, strict=True)
    return is_near and all(_fits_turn(new.orientation, old.orientation) for new, old in parts)


def _fits_turn(after: int, before: int) -> bool:
    """Tell whether a delta can say how a packed orientation turned: its largest component stays the largest."""
    components = ((packed >> 20 & 1023, packed >> 10 & 1023, packed & 1023) for packed in (after, before))
    return after >> 30 == before >> 30 and all(abs(a - b) <= MAX_TURN for a, b in zip(*components, strict=True))


def _as_seen(pose: Pose) -> Pose:
    """Leave out what nobody looks at: the pitch of somebody whose gaze is the head's."""
    return pose._replace(pitch=0) if pose.body is Section.TRACKED else pose


def _difference(verb: str, actual: set[int], expected: set[int]) -> list[str]:
    """Say how two sets of entities differ."""
    missing, surplus = sorted(expected - actual), sorted(actual - expected)
    return [f"{verb} {sorted(actual)}: missing {missing}, surplus {surplus}"] if missing or surplus else []
