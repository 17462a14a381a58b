"""Snapshots: from what changed and who wants to see it to one ready-made frame for each observer.

Three steps. `record` turns poses that changed since their last record of a rate class into new records of that class.
`encode` compares what observers want with what they hold and packs every record that somebody is due, once: a delta
against the class's previous record for those who hold that one, an absolute record for the others. `lay_out` gathers
records into one fresh arena, headers included, so that a frame is a slice. All of it is numpy over entity columns;
nothing here iterates over entities or observers.

Invariants: what an observer holds (`given`, `held`, `digest`) changes only here, together with a frame that says so; an
enter always comes with an absolute record; a delta's base is exactly what is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from presence.agenda import in_step
from presence.entities import Body, held_pose, held_tick
from presence.rings import Detail
from protocol import records
from protocol.records import DTYPES, PARTS, SECTION_HEADER, SNAPSHOT_HEADER, Section, Table
from protocol.schema import SPEC_OF, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from presence.agenda import Due
    from presence.entities import Entities, Mask, Rows

# A subject that keeps moving is sent whole once in so many ticks, so that no client error outlives it. TCP loses
# nothing: this heals bugs, not packets, and it costs 0.1 bytes an update. Rounds begin at different ticks for each id.
ABSOLUTE_EVERY_TICKS = 64
_ROUND_STEP = np.int64(5)

ORDER = (
    Section.LEAVE,
    Section.ENTER,
    Section.ROOT,
    Section.TRACKED,
    Section.THING,
    Section.ROOT_DELTA,
    Section.TRACKED_DELTA,
)
# Everything before the first section: the frame header of either transport, the msgpack array, the snapshot
# header.
_HEAD = np.dtype(
    [
        ("framing", ">u4"),
        ("array", "u1"),
        ("type", "u1"),
        ("bin16", "u1"),
        ("length", ">u2"),
        *SNAPSHOT_HEADER.descr,
    ]
)
HEAD_BYTES = _HEAD.itemsize
_FRAMING_BYTES = 4
_MESSAGE_BYTES = 5  # the msgpack array header, type, and bin 16 header
_SHORT_FRAME = 126  # WebSocket frames below this have a header of two bytes instead of four
_WEBSOCKET_SHORT = 0x8200
_WEBSOCKET_LONG = 0x827E0000


@dataclass(frozen=True, slots=True)
class Parcel:
    """Records of one section on their way out: for each, the observer's position in the list of observers."""

    section: Section
    slots: Rows  # ascending
    records: Table


@dataclass(frozen=True, slots=True)
class Tables:
    """What `encode` decided for one tick."""

    observers: Rows
    is_full: Mask
    parcels: list[Parcel]
    enters: int
    leaves: int
    updates: int


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of one tick, ready to write: `arena[starts[i]:ends[i]]` goes to row `rows[i]`."""

    arena: memoryview
    rows: list[int]
    starts: list[int]
    ends: list[int]


# --- record -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Steps:
    """Changes that a delta can describe, of one rate class: displacements of root (n, 3) and parts (n, 3, 3), mm."""

    rate: int
    rows: Rows
    root: NDArray[np.int32]
    parts: NDArray[np.int16]


def record(entities: Entities, candidates: Rows, rate: int, tick: int) -> Steps:
    """Make a new record of each of `candidates` (distinct rows) whose pose differs from its last one of the class.

    Of class 0, the one that notices, records are made before those of the others. Returns those for which a delta can
    describe the change. Everybody due one of the other changed rows is given an absolute record.
    """
    rows = candidates[_has_changed(entities, candidates, rate)]
    root = entities.position[rows] - entities.shown_position[rate, rows]
    parts = entities.parts[rows] - entities.shown_parts[rate, rows]
    body = entities.body[rows]
    small = (
        records.fits_delta(root)
        & ((body == Body.ROOT) | (np.abs(parts) <= records.MAX_DELTA_Y).all(axis=(1, 2)))
        & (body != Body.THING)
        & (body == entities.shown_body[rate, rows])
        & (entities.jumped_tick[rows] <= entities.record_tick[rate, rows])
        & (_round(entities, rows, tick) == _round(entities, rows, entities.absolute_tick[rate, rows]))
    )
    entities.absolute_tick[rate, rows[~small]] = tick
    entities.previous_record_tick[rate, rows] = entities.record_tick[rate, rows]
    entities.record_tick[rate, rows] = entities.record_tick[0, rows] if rate else tick
    for column in ("body", "position", "yaw", "pitch", "orientation", "parts", "part_orientations"):
        getattr(entities, f"shown_{column}")[rate, rows] = getattr(entities, column)[rows]
    return Steps(rate, rows[small], root[small], parts[small])


def _round(entities: Entities, rows: Rows, tick: int | NDArray[np.int32]) -> NDArray[np.int64]:
    """Number the rounds of `ABSOLUTE_EVERY_TICKS` ticks; each entity's begin at other ticks than its neighbours'."""
    return (entities.id[rows] * _ROUND_STEP + tick) // ABSOLUTE_EVERY_TICKS


def introduce(entities: Entities, row: int, tick: int) -> None:
    """Let a new row be as it is now in every rate class."""
    for column in ("body", "position", "yaw", "pitch", "orientation", "parts", "part_orientations"):
        getattr(entities, f"shown_{column}")[:, row] = getattr(entities, column)[row]
    entities.record_tick[:, row] = tick
    entities.absolute_tick[:, row] = tick


def _has_changed(entities: Entities, rows: Rows, rate: int) -> Mask:
    if rate:
        return np.asarray(entities.record_tick[rate, rows] < entities.record_tick[0, rows], dtype=np.bool_)
    changed = entities.jumped_tick[rows] > entities.record_tick[rate, rows]
    for column in ("body", "yaw", "pitch", "orientation"):
        changed |= getattr(entities, column)[rows] != getattr(entities, f"shown_{column}")[rate, rows]
    for column in ("position", "parts", "part_orientations"):
        differs = getattr(entities, column)[rows] != getattr(entities, f"shown_{column}")[rate, rows]
        changed |= differs.any(axis=tuple(range(1, differs.ndim)))
    return np.asarray(changed, dtype=np.bool_)


# --- encode -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wishes:
    """What `select` found: observers are rows that can be written to, in the order in which pairs are grouped.

    looking: which observers looked around. wanted: all that those want, due at once where it is news. lost: further
    (observer, subject) pairs to be given up, of observers that did not look. due: held pairs whose turn it is.
    """

    observers: Rows
    looking: Mask
    wanted: Due
    lost: tuple[Rows, Rows]
    due: Due

    def __bool__(self) -> bool:
        """Whether anybody may have to be told anything."""
        return bool(len(self.due) or self.looking.any() or len(self.lost[0]))


def encode(entities: Entities, wishes: Wishes, moved: Rows, tick: int, now: float) -> Tables:
    """Decide what each observer is told this tick, update what it holds, and pack the records somebody is due.

    moved: distinct rows whose pose may have changed since the last tick. now: server clock, seconds.
    """
    observers = wishes.observers
    if not wishes and not len(moved):
        return Tables(observers, np.zeros(len(observers), np.bool_), [], enters=0, leaves=0, updates=0)
    slot_of = np.full(entities.capacity, -1, np.intp)
    slot_of[observers] = np.arange(len(observers))
    steps = _record_classes(entities, wishes.due, moved, tick)
    wanted = _looked_up(entities, wishes.wanted, slot_of)
    is_held = wanted.held > 0
    leaves = _leaves(entities, wishes, slot_of, wanted.slots[is_held], wanted.subjects[is_held])
    entering = wanted.take(np.flatnonzero(~is_held))
    enters = _enters(entities, observers, entering)

    due = _looked_up(entities, wishes.due, slot_of)
    is_news = (due.held > 0) & (due.held != due.pose) & (due.slots >= 0)
    by_delta = is_news & (due.held == _delta_bases(entities, steps).take(due.keys) | due.detail << 1)
    whole = due.take(np.flatnonzero(is_news & ~by_delta))
    since = held_tick(whole.held, tick)
    jumps = [entities.jumped_tick[entering.subjects] == tick, entities.jumped_tick[whole.subjects] > since]
    absolutes = _absolutes(entities, entering, whole, np.concatenate(jumps), now)
    parcels = [leaves, enters, *absolutes, *_deltas(entities, due, by_delta, steps, now)]
    news = np.flatnonzero(is_news)
    entities.given.ravel()[entering.cells] = entering.pose
    entities.given.ravel()[due.cells.take(news)] = due.pose.take(news)
    is_full = entities.wants_full[observers]
    entities.wants_full[observers] = False
    return Tables(
        observers=observers,
        is_full=is_full,
        parcels=[parcel for parcel in parcels if len(parcel.slots)],
        leaves=len(leaves.slots),
        enters=len(enters.slots),
        updates=len(entering.slots) + len(news),
    )


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs of one tick, grouped by slot: parallel columns, worked out once.

    slots: positions in the list of observers, -1 for those who cannot be told. keys: where the record of class and
    subject stands in a flattened record column. cells: where the pair stands in the flattened `given`. held, pose: what
    stands there, and what shall once the observer has been told.
    """

    slots: Rows
    subjects: Rows
    keys: Rows
    cells: Rows
    detail: NDArray[np.uint8]
    held: NDArray[np.uint16]
    pose: NDArray[np.uint16]

    def take(self, at: Rows) -> _Pairs:
        """Take some of the pairs."""
        return _Pairs(*(getattr(self, column).take(at) for column in _Pairs.__slots__))


def _looked_up(entities: Entities, due: Due, slot_of: Rows) -> _Pairs:
    """Look pairs up; once the records of this tick have been made."""
    cells = due.observers * entities.capacity + due.subjects
    return _Pairs(
        slots=slot_of.take(due.observers),
        subjects=due.subjects,
        keys=due.rate * np.intp(entities.capacity) + due.subjects if due.rate.any() else due.subjects,
        cells=cells,
        detail=due.detail,
        held=entities.given.ravel().take(cells),
        pose=np.bitwise_or(held_pose(entities.record_tick[0]).take(due.subjects), due.detail << 1, dtype=np.uint16),
    )


def _leaves(entities: Entities, wishes: Wishes, slot_of: Rows, kept_slots: Rows, kept: Rows) -> Parcel:
    """List what observers hold and may not or need not keep, and let them hold it no more."""
    observers = wishes.observers
    counts = np.bincount(kept_slots, minlength=len(observers))
    is_losing = wishes.looking & (entities.held[observers] > counts)
    losing = np.flatnonzero(is_losing)
    at_loser = np.cumsum(is_losing) - 1
    surplus = entities.given[observers[losing]] > 0
    theirs = np.flatnonzero(is_losing.take(kept_slots))
    surplus[at_loser.take(kept_slots.take(theirs)), kept.take(theirs)] = False
    which, gone = np.nonzero(surplus)
    slots, gone = np.concatenate([losing[which], slot_of[wishes.lost[0]]]), np.concatenate([gone, wishes.lost[1]])
    order = np.argsort(slots, kind="stable")
    slots, gone = slots[order], gone[order]
    owners = observers[slots]
    entities.given[owners, gone] = 0
    np.subtract.at(entities.held, owners, 1)
    terms = records.digest_terms(entities.id[gone], entities.generation[gone])
    np.subtract.at(entities.digest, owners, terms)
    return Parcel(Section.LEAVE, slots, _named(Section.LEAVE, id=entities.id[gone]))


def _enters(entities: Entities, observers: Rows, entering: _Pairs) -> Parcel:
    """List what observers begin to hold, and count it as held."""
    owners = observers[entering.slots]
    ids, generations = entities.id[entering.subjects], entities.generation[entering.subjects]
    np.add.at(entities.held, owners, 1)
    np.add.at(entities.digest, owners, records.digest_terms(ids, generations))
    return Parcel(Section.ENTER, entering.slots, _named(Section.ENTER, id=ids, generation=generations))


def _record_classes(entities: Entities, due: Due, moved: Rows, tick: int) -> list[Steps]:
    """Make the records of every rate class that somebody is due at this tick."""
    steps = [record(entities, moved, 0, tick)]  # always: what moved is known for one tick only
    alive = entities.alive()
    rates = [rate for rate in np.flatnonzero(np.bincount(due.rate)).tolist() if rate]
    steps += [record(entities, alive[in_step(entities, alive, rate, tick)], rate, tick) for rate in rates]
    return steps


def _delta_bases(entities: Entities, steps: list[Steps]) -> NDArray[np.uint16]:
    """Tell for each key which pose (of least detail) its delta of this tick starts from; 0 where it has none."""
    bases = np.zeros(entities.record_tick.size, np.uint16)
    for step in steps:
        bases[step.rate * entities.capacity + step.rows] = held_pose(
            entities.previous_record_tick[step.rate, step.rows]
        )
    return bases


def _absolutes(entities: Entities, entering: _Pairs, whole: _Pairs, has_jumped: Mask, now: float) -> Iterator[Parcel]:
    """Pack each subject once, and take its record for each pair: of those who enter, and of the held sent whole."""
    slots = np.concatenate([entering.slots, whole.slots])
    subjects = np.concatenate([entering.subjects, whole.subjects])
    bodies = entities.body.take(subjects)
    is_full = (bodies == Body.TRACKED) & (np.concatenate([entering.detail, whole.detail]) == Detail.FULL)
    sections = np.where(bodies == Body.THING, Section.THING, np.where(is_full, Section.TRACKED, Section.ROOT))
    order = np.argsort(slots, kind="stable") if len(entering.slots) else np.arange(len(slots))
    for section in (Section.ROOT, Section.TRACKED, Section.THING):
        mine = order[sections.take(order) == section]
        if len(mine):
            table = _absolute_records(entities, section, subjects.take(mine), now)
            if section is not Section.THING:
                table["flags"] |= np.where(has_jumped[mine], records.POSE_JUMP, 0).astype(np.uint8)
            yield Parcel(section, slots.take(mine), _opaque(table))


def _absolute_records(entities: Entities, section: Section, subjects: Rows, now: float) -> Table:
    """Return an absolute record for each of `subjects`, in which rows may stand many times."""
    needed = np.zeros(entities.capacity, np.bool_)
    needed[subjects] = True
    rows = np.flatnonzero(needed)
    table = np.zeros(len(rows), DTYPES[section])
    table["id"] = entities.id[rows]
    table["age"] = _ages(entities, rows, now)
    every = np.arange(len(rows))
    records.write_positions(table, every, entities.position[rows])
    if section is Section.THING:
        table["orientation"] = entities.orientation[rows]
    else:
        table["yaw"], table["pitch"] = entities.yaw[rows], entities.pitch[rows]
    if section is Section.TRACKED:
        for index, part in enumerate(PARTS):
            for axis, name in enumerate("xyz"):
                table[part][name] = entities.parts[rows, index, axis]
            table[part]["orientation"] = entities.part_orientations[rows, index]
    at = np.zeros(entities.capacity, np.intp)
    at[rows] = every
    return _opaque(table).take(at.take(subjects)).view(table.dtype)


def _deltas(entities: Entities, due: _Pairs, chosen: Mask, steps: list[Steps], now: float) -> Iterator[Parcel]:
    """Pack the delta of each subject and class once, and take it for each chosen pair."""
    if not chosen.any():
        return
    rows = np.concatenate([step.rows for step in steps])
    at = np.zeros(entities.record_tick.size, np.intp)
    every = np.arange(len(rows))
    at[np.concatenate([step.rate * entities.capacity + step.rows for step in steps])] = every
    is_tracked = (entities.body[rows] == Body.TRACKED).any()
    table = np.zeros(len(rows), DTYPES[Section.TRACKED_DELTA if is_tracked else Section.ROOT_DELTA])
    table["id"] = entities.id[rows]
    table["age"] = _ages(entities, rows, now)
    records.write_deltas(table, every, np.concatenate([step.root for step in steps]))
    table["yaw"], table["pitch"] = entities.yaw[rows], entities.pitch[rows]
    parts = np.concatenate([step.parts for step in steps])
    for index, part in enumerate(PARTS if is_tracked else ()):
        for axis, name in enumerate(("dx", "dy", "dz")):
            table[part][name] = parts[:, index, axis]
        table[part]["orientation"] = entities.part_orientations[rows, index]
    packed = _opaque(table)
    sections = {Section.ROOT_DELTA: chosen}
    if is_tracked:
        is_full = (entities.body.take(due.subjects) == Body.TRACKED) & (due.detail == Detail.FULL)
        sections = {Section.ROOT_DELTA: chosen & ~is_full, Section.TRACKED_DELTA: chosen & is_full}
    for section, theirs in sections.items():
        mine = np.flatnonzero(theirs)
        if len(mine):
            # a root delta is the beginning of a tracked one
            narrow = np.ndarray(packed.shape, f"V{DTYPES[section].itemsize}", packed, 0, packed.strides)
            yield Parcel(section, due.slots.take(mine), narrow.take(at.take(due.keys.take(mine))))


def _ages(entities: Entities, rows: Rows, now: float) -> NDArray[np.uint8]:
    steps = np.rint((now - entities.sampled_at[rows]) * (1000 / records.AGE_STEP_MS))
    return np.clip(steps, 0, records.MAX_AGE).astype(np.uint8)


def _named(section: Section, **columns: NDArray[Any]) -> Table:
    table = np.zeros(len(next(iter(columns.values()))), DTYPES[section])
    for name, column in columns.items():
        table[name] = column
    return _opaque(table)


def _opaque(table: Table) -> Table:
    """View records as plain bytes: numpy moves those in one piece instead of field by field."""
    return table.view(f"V{table.dtype.itemsize}")


# --- lay out ------------------------------------------------------------------------------------------------


def is_owed(entities: Entities, observers: Rows, tick: int, quiet_ticks: int) -> Mask:
    """Tell who is to be written to although no record is due: a new `ack`, or nothing for `quiet_ticks` ticks."""
    is_acked = entities.ack[observers] != entities.told_ack[observers]
    return np.asarray(is_acked | (tick - entities.told_tick[observers] >= quiet_ticks), dtype=np.bool_)


def lay_out(entities: Entities, tables: Tables, tick: int, time_ms: int, quiet_ticks: int) -> Frames:
    """Gather the records of each observer that has something to hear into one frame in a fresh arena.

    quiet_ticks: after how many ticks without a snapshot one is sent although nothing happened. The arena is new each
    tick, since an event loop keeps the slices that a full socket could not take.
    """
    observers, n = tables.observers, len(tables.observers)
    counts = np.zeros((n, len(ORDER)), np.int64)
    for parcel in tables.parcels:
        counts[:, ORDER.index(parcel.section)] = np.bincount(parcel.slots, minlength=n)
    strides = np.array([DTYPES[section].itemsize for section in ORDER])
    sizes = counts * strides + np.where(counts > 0, SECTION_HEADER.itemsize, 0)
    is_written = (sizes.sum(axis=1) > 0) | tables.is_full | is_owed(entities, observers, tick, quiet_ticks)
    lengths = np.where(is_written, _HEAD.itemsize + sizes.sum(axis=1), 0)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    arena = np.empty(int(ends[-1]) if n else 0, np.uint8)
    section_starts = starts[:, None] + _HEAD.itemsize + np.cumsum(sizes, axis=1) - sizes
    for parcel in tables.parcels:
        column = ORDER.index(parcel.section)
        _place_section(arena, parcel, counts[:, column], section_starts[:, column])

    written = np.flatnonzero(is_written)
    rows = observers[written]
    heads, skipped = _heads(entities, rows, lengths[written], tables.is_full[written])
    heads["tick"], heads["time_ms"] = tick, time_ms
    _place(arena, starts[written], _opaque(heads))
    entities.told_tick[rows] = tick
    entities.told_ack[rows] = entities.ack[rows]
    return Frames(arena.data, rows.tolist(), (starts[written] + skipped).tolist(), ends[written].tolist())


def _place_section(arena: records.Bytes, parcel: Parcel, counts: NDArray[np.int64], starts: NDArray[np.int64]) -> None:
    """Write one section of every observer that has it: its header, then its records side by side."""
    stride = DTYPES[parcel.section].itemsize
    has = np.flatnonzero(counts)
    headers = np.zeros(len(has), SECTION_HEADER)
    headers["kind"], headers["stride"], headers["count"] = parcel.section, stride, counts[has]
    _place(arena, starts[has], _opaque(headers))
    # record k belongs to observer slots[k], and is number k - (records of earlier observers) there
    bases = starts + SECTION_HEADER.itemsize - (np.cumsum(counts) - counts) * stride
    _place(arena, bases.take(parcel.slots) + np.arange(len(parcel.slots)) * stride, parcel.records)


def _place(arena: records.Bytes, offsets: NDArray[np.int64], items: Table) -> None:
    """Copy items[k] to arena[offsets[k]:], through a view of the arena in which windows overlap."""
    if len(offsets):
        windows = np.ndarray((len(arena) - items.dtype.itemsize + 1,), items.dtype, arena, 0, (1,))
        windows[offsets] = items


def _heads(
    entities: Entities, rows: Rows, lengths: NDArray[np.int64], is_full: Mask
) -> tuple[Table, NDArray[np.int64]]:
    """Make the head of each frame, and tell how many of its first bytes are unused (short WebSocket frames)."""
    heads = np.zeros(len(rows), _HEAD)
    payload = lengths - _FRAMING_BYTES
    is_websocket = entities.is_websocket[rows]
    is_short = is_websocket & (payload < _SHORT_FRAME)
    websocket = np.where(is_short, _WEBSOCKET_SHORT, _WEBSOCKET_LONG) | payload
    heads["framing"] = np.where(is_websocket, websocket, payload)
    heads["array"], heads["type"], heads["bin16"] = 0x92, SPEC_OF[Snapshot].type, 0xC5
    heads["length"] = payload - _MESSAGE_BYTES
    heads["ack"], heads["digest"] = entities.ack[rows], entities.digest[rows]
    heads["flags"] = np.where(is_full, records.SNAPSHOT_FULL, 0)
    return heads, np.where(is_short, 2, 0)
