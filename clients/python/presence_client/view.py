"""What a session sees of its room: poses from snapshots, people and objects from events.

Owns the columns a client keeps of other entities and applies snapshots to them exactly: what is here after `apply` is
what the server believes is here, and where the two can be told apart (digest, a delta for something not held)
`wants_resync` is set until a full snapshot comes. Never interpolates (`jitter.py` does) and never sees its own
avatar, which snapshots leave out. Pure; usable on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protocol import records
from protocol.records import AGE_STEP_MS, PARTS, Section, Table
from protocol.schema import Done, Gone, Joined, Objects, Person, RoomState, Roster, Thing

Ids = NDArray[np.intp]

_MAX_ID = 2**16 - 1
_FIRST_CAPACITY = 64

# name, dtype, shape of one element
_COLUMNS: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("generation", np.uint16, ()),
    ("body", np.uint8, ()),
    ("position", np.int32, (3,)),
    ("yaw", np.uint16, ()),
    ("pitch", np.int8, ()),
    ("orientation", np.uint32, ()),
    ("parts", np.int16, (3, 3)),
    ("part_orientations", np.uint32, (3,)),
    ("sampled_ms", np.int64, ()),
    ("way", np.int32, (4,)),
    ("has_way", np.bool_, ()),
    ("age", np.uint8, ()),
)


class Columns:
    """One row for each entity id, quantised as on the wire; grows by doubling, so look columns up afresh each time.

    body: the Section of its absolute records; of Section.DOT nothing but the position is known, and that to 62 mm an
    axis. position: millimetres. sampled_ms: room time of the pose. way: how far the last delta moved it, mm, and turned
    it, while `has_way`: what a predicted record starts from. age: of the last record, as it came. A row means something
    only while its id is held.
    """

    generation: NDArray[np.uint16]
    body: NDArray[np.uint8]
    position: NDArray[np.int32]
    yaw: NDArray[np.uint16]
    pitch: NDArray[np.int8]
    orientation: NDArray[np.uint32]
    parts: NDArray[np.int16]
    part_orientations: NDArray[np.uint32]
    sampled_ms: NDArray[np.int64]
    way: NDArray[np.int32]
    has_way: NDArray[np.bool_]
    age: NDArray[np.uint8]

    def __init__(self) -> None:
        self.capacity = _FIRST_CAPACITY
        for name, dtype, shape in _COLUMNS:
            setattr(self, name, np.zeros((self.capacity, *shape), dtype))

    def reach(self, highest: int) -> None:
        """Make room for ids up to `highest`."""
        while self.capacity <= highest:
            self.capacity *= 2
            for name, _dtype, _shape in _COLUMNS:
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.zeros_like(column)]))


@dataclass(frozen=True, slots=True)
class Applied:
    """What one snapshot said. Arrays of ids; `sampled_ms` and `jumped` go with `updated`.

    sampled_ms: room time at which each pose was sampled. jumped: the subject did not travel here from its last pose.
    """

    tick: int
    time_ms: int
    ack: int
    is_full: bool
    entered: Ids
    left: Ids
    updated: Ids
    sampled_ms: NDArray[np.int64]
    jumped: NDArray[np.bool_]


@dataclass(slots=True)
class _Updates:
    """The records of one snapshot, gathered section by section."""

    ids: list[Ids]
    ages: list[NDArray[Any]]
    jumped: list[NDArray[np.bool_]]


class RoomView:
    """The room as this session may see it.

    `people` and `things` are what is known (events lane); `held` and `columns` what is in sight (pose lane).
    """

    def __init__(self) -> None:
        self.columns = Columns()
        self._is_held = np.zeros(_MAX_ID + 1, np.bool_)
        self.wants_resync = False
        self.digest = 0
        self.tick = self.time_ms = self.ack = 0
        self.people: dict[int, Person] = {}
        self.things: dict[int, Thing] = {}
        self.is_locked = False

    @property
    def held(self) -> Ids:
        """The ids in sight, ascending."""
        return np.flatnonzero(self._is_held[: self.columns.capacity])

    def holds(self, entity: int) -> bool:
        """Tell whether `entity` is in sight."""
        return bool(self._is_held[entity])

    # --- pose lane ----------------------------------------------------------------------------------------------------

    def apply(self, data: bytes | memoryview) -> Applied:
        """Apply the `data` of one snapshot message.

        Raises ProtocolError(MALFORMED) where it cannot be parsed, before changing anything. A snapshot that parses and
        does not fit what is held is applied as far as it goes and sets `wants_resync`.
        """
        snapshot = records.read_snapshot(data)
        if snapshot.is_full:
            self.forget()
        updates = _Updates([], [], [])
        entered = left = _NONE
        for section, table in snapshot.sections.items():
            if section is Section.LEAVE:
                left = self._leave(table)
            elif section is Section.ENTER:
                entered = self._enter(table)
            elif section in _ABSOLUTE:
                self._place(section, table, updates)
            elif section in _DELTA:
                self._displace(section, table, updates)
            elif section is Section.DOT:
                self._mark(table, updates)
            elif section is Section.PREDICTED:
                self._go_on(table, updates)
        self.tick, self.time_ms, self.ack = snapshot.tick, snapshot.time_ms, snapshot.ack
        self.wants_resync |= snapshot.digest != self.digest
        updated = _joined(updates.ids, _NONE)
        ages = _joined(updates.ages, _NO_AGES)
        sampled_ms = snapshot.time_ms - ages.astype(np.int64) * AGE_STEP_MS
        self.columns.sampled_ms[updated], self.columns.age[updated] = sampled_ms, ages
        return Applied(
            tick=snapshot.tick,
            time_ms=snapshot.time_ms,
            ack=snapshot.ack,
            is_full=snapshot.is_full,
            entered=entered,
            left=left,
            updated=updated,
            sampled_ms=sampled_ms,
            jumped=_joined(updates.jumped, _NO_JUMPS),
        )

    def forget(self) -> None:
        """Hold nothing: a full snapshot starts over."""
        self._is_held[:] = False
        self.digest = 0
        self.wants_resync = False

    def _leave(self, table: Table) -> Ids:
        ids = self._only_held(table["id"].astype(np.intp))
        self._is_held[ids] = False
        self._add_to_digest(ids, sign=-1)
        return ids

    def _enter(self, table: Table) -> Ids:
        ids = table["id"].astype(np.intp)
        again = ids[self._is_held[ids]]
        if len(again):
            self.wants_resync = True
            self._add_to_digest(again, sign=-1)
        if len(ids):
            self.columns.reach(int(ids.max()))
        self.columns.generation[ids] = table["generation"]
        self._is_held[ids] = True
        self._add_to_digest(ids, sign=1)
        return ids

    def _place(self, section: Section, table: Table, updates: _Updates) -> None:
        """Take absolute records over."""
        ids = table["id"].astype(np.intp)
        table, ids = self._fitting(table, ids, self._is_held[ids])
        columns = self.columns
        columns.body[ids], columns.has_way[ids] = section, False
        columns.position[ids] = records.read_positions(table)
        if section is Section.THING:
            columns.orientation[ids] = table["orientation"]
            jumped = np.zeros(len(ids), np.bool_)
        else:
            columns.yaw[ids], columns.pitch[ids] = table["yaw"], table["pitch"]
            jumped = (table["flags"] & records.POSE_JUMP).astype(np.bool_)
        if section is Section.TRACKED:
            columns.parts[ids] = _part_axes(table, ("x", "y", "z"))
            columns.part_orientations[ids] = _part_orientations(table)
        _note(updates, ids, table["age"], jumped)

    def _mark(self, table: Table, updates: _Updates) -> None:
        """Take over where dots are, which have no age."""
        ids = table["id"].astype(np.intp)
        table, ids = self._fitting(table, ids, self._is_held[ids])
        columns = self.columns
        columns.body[ids], columns.has_way[ids] = Section.DOT, False
        columns.position[ids] = records.read_dots(table)
        columns.yaw[ids], columns.pitch[ids] = 0, 0
        _note(updates, ids, np.zeros(len(ids), np.uint8), np.zeros(len(ids), np.bool_))

    def _displace(self, section: Section, table: Table, updates: _Updates) -> None:
        """Add delta records to the poses they are relative to."""
        ids = table["id"].astype(np.intp)
        columns = self.columns
        is_base = self._is_held[ids]
        if is_base.all():
            is_base = columns.body[ids] == _DELTA[section]
        table, ids = self._fitting(table, ids, is_base)
        columns.way[ids, :3] = records.read_deltas(table)
        columns.way[ids, 3] = table["yaw"].astype(np.int32) - columns.yaw[ids]
        columns.has_way[ids] = True
        columns.position[ids] += columns.way[ids, :3]
        columns.yaw[ids] = table["yaw"]
        if section is Section.TRACKED_DELTA:
            columns.parts[ids] += _part_axes(table, ("dx", "dy", "dz"))
            columns.part_orientations[ids] = records.turned(columns.part_orientations[ids], records.read_turns(table))
        else:
            columns.pitch[ids] = table["pitch"]
        _note(updates, ids, table["age"], np.zeros(len(ids), np.bool_))

    def _go_on(self, table: Table, updates: _Updates) -> None:
        """Let subjects go on as before, but for the errors of predicted records."""
        ids = table["id"].astype(np.intp)
        columns = self.columns
        is_base = self._is_held[ids]
        held = ids[is_base]
        is_base[is_base] = columns.has_way[held] & (columns.body[held] == Section.ROOT)
        table, ids = self._fitting(table, ids, is_base)
        columns.way[ids] += np.stack([table[error] for error in ("x", "y", "z", "yaw")], axis=1)
        columns.position[ids] += columns.way[ids, :3]
        columns.yaw[ids] = (columns.yaw[ids] + columns.way[ids, 3]) & (records.YAW_TURN - 1)
        columns.pitch[ids] = (columns.pitch[ids] + table["pitch"]).astype(np.int8)
        ages = (columns.age[ids] + table["age"]).astype(np.uint8)
        _note(updates, ids, ages, np.zeros(len(ids), np.bool_))

    def _fitting(self, table: Table, ids: Ids, fits: NDArray[np.bool_]) -> tuple[Table, Ids]:
        """Drop the records that fit nothing held; a correct server sends none."""
        if fits.all():
            return table, ids
        self.wants_resync = True
        return table[fits], ids[fits]

    def _only_held(self, ids: Ids) -> Ids:
        is_held = self._is_held[ids]
        if not is_held.all():
            self.wants_resync = True
            return ids[is_held]
        return ids

    def _add_to_digest(self, ids: Ids, sign: int) -> None:
        if len(ids):
            terms = records.digest_terms(ids, self.columns.generation[ids])
            self.digest = (self.digest + sign * int(terms.sum(dtype=np.uint64))) & 0xFFFFFFFF

    # --- events lane --------------------------------------------------------------------------------------------------

    def receive(self, event: object) -> None:
        """Take over what an event says of the room; others are ignored."""
        match event:
            case Joined():
                self.forget()
                self.people.clear()
                self.things.clear()
                self.is_locked = event.locked
            case Roster():
                self.people.update((person.entity, person) for person in event.people)
            case Objects():
                self.things.update((thing.entity, thing) for thing in event.things)
            case Gone():
                for entity in event.entities:
                    self.people.pop(entity, None)
                    self.things.pop(entity, None)
            case RoomState():
                self.is_locked = event.locked
            case Done() if event.entity in self.things:
                thing = self.things[event.entity]
                self.things[event.entity] = replace(thing, version=max(thing.version, event.version))
            case _:
                pass


_ABSOLUTE = frozenset((Section.ROOT, Section.TRACKED, Section.THING))
_DELTA = {Section.ROOT_DELTA: Section.ROOT, Section.TRACKED_DELTA: Section.TRACKED}
_NONE: Ids = np.zeros(0, np.intp)
_NO_AGES: NDArray[Any] = np.zeros(0, np.uint8)
_NO_JUMPS: NDArray[Any] = np.zeros(0, np.bool_)


def _note(updates: _Updates, ids: Ids, ages: NDArray[Any], jumped: NDArray[np.bool_]) -> None:
    updates.ids.append(ids)
    updates.ages.append(ages)
    updates.jumped.append(jumped)


def _joined(parts: list[NDArray[Any]], none: NDArray[Any]) -> NDArray[Any]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else none


def _part_axes(table: Table, axes: tuple[str, str, str]) -> NDArray[np.int16]:
    """Read the (n, 3 parts, 3 axes) coordinates or displacements of head and hands, mm."""
    columns = [[table[part][axis] for axis in axes] for part in PARTS]
    return np.array(columns, np.int16).transpose(2, 0, 1)


def _part_orientations(table: Table) -> NDArray[np.uint32]:
    return np.stack([table[part]["orientation"] for part in PARTS], axis=1)
