"""Snapshots: from what changed and who wants to see it to one ready-made frame for each observer.

Three steps. `record` turns poses that changed since their last record into new records. `encode` compares
what observers want with what they hold and packs every record that somebody is due, once: a delta against the
subject's previous record for those who have it, an absolute record for the others. `lay_out` gathers records
into one fresh arena, headers included, so that a frame is a slice. All of it is numpy over entity columns;
nothing here iterates over entities or observers.

Invariants: what an observer holds (`holds`, `held`, `digest`, `seen_tick`) changes only here, together with a
frame that says so; an enter always comes with an absolute record; a delta's base is always held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from presence.entities import Body
from protocol import records
from protocol.records import DTYPES, PARTS, SECTION_HEADER, SNAPSHOT_HEADER, Section, Table
from protocol.schema import SPEC_OF, Snapshot

if TYPE_CHECKING:
    from presence.entities import Entities, Mask, Rows
    from presence.interest import Pairs

# A subject that keeps moving is sent whole this often, so that no client error outlives it. TCP loses
# nothing: this heals bugs, not packets, and every 64 ticks it costs 0.1 bytes an update.
ABSOLUTE_EVERY_TICKS = 64

ORDER = (
    Section.LEAVE,
    Section.ENTER,
    Section.ROOT,
    Section.TRACKED,
    Section.THING,
    Section.ROOT_DELTA,
    Section.TRACKED_DELTA,
)
_ABSOLUTE = {Body.ROOT: Section.ROOT, Body.TRACKED: Section.TRACKED, Body.THING: Section.THING}
_DELTA = {Body.ROOT: Section.ROOT_DELTA, Body.TRACKED: Section.TRACKED_DELTA}

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


def record(entities: Entities, moved: Rows, tick: int) -> tuple[Rows, NDArray[np.int32], NDArray[np.int16]]:
    """Make a new record of each of `moved` (distinct rows) whose quantised pose differs from its last one.

    Returns the rows for which a delta record can describe the change, and their displacements: root (n, 3)
    mm, and head and hands (n, 3, 3) mm. Everybody due one of the other changed rows is given an absolute
    record this tick.
    """
    rows = moved[_has_changed(entities, moved)]
    root = entities.position[rows] - entities.shown_position[rows]
    parts = entities.parts[rows] - entities.shown_parts[rows]
    body = entities.body[rows]
    small = (
        records.fits_delta(root)
        & ((body == Body.ROOT) | (np.abs(parts) <= records.MAX_DELTA_Y).all(axis=(1, 2)))
        & (body != Body.THING)
        & (body == entities.shown_body[rows])
        & ~entities.has_jumped[rows]
        & (tick - entities.absolute_tick[rows] < ABSOLUTE_EVERY_TICKS)
    )
    entities.absolute_tick[rows[~small]] = tick
    entities.previous_record_tick[rows] = entities.record_tick[rows]
    entities.record_tick[rows] = tick
    show(entities, rows)
    return rows[small], root[small], parts[small]


def show(entities: Entities, rows: Rows | int) -> None:
    """Make the present pose of `rows` their last record's."""
    for column in ("body", "position", "yaw", "pitch", "orientation", "parts", "part_orientations"):
        getattr(entities, f"shown_{column}")[rows] = getattr(entities, column)[rows]


def _has_changed(entities: Entities, rows: Rows) -> Mask:
    changed = entities.has_jumped[rows] | (entities.body[rows] != entities.shown_body[rows])
    for column in ("yaw", "pitch", "orientation"):
        changed |= getattr(entities, column)[rows] != getattr(entities, f"shown_{column}")[rows]
    for column in ("position", "parts", "part_orientations"):
        differs = getattr(entities, column)[rows] != getattr(entities, f"shown_{column}")[rows]
        changed |= differs.any(axis=tuple(range(1, differs.ndim)))
    return np.asarray(changed, dtype=np.bool_)


# --- encode -------------------------------------------------------------------------------------------------


def encode(entities: Entities, observers: Rows, pairs: Pairs, moved: Rows, tick: int, now: float) -> Tables:
    """Decide what each observer is told this tick, update what it holds, and pack the records somebody is due.

    observers: ascending rows that can be written to. pairs: what they want to see. moved: distinct rows whose
    pose may have changed since the last tick. now: server clock, seconds.
    """
    can_delta, root_deltas, part_deltas = record(entities, moved, tick)
    slot_of = np.zeros(entities.capacity, np.intp)
    slot_of[observers] = np.arange(len(observers))
    slots, subjects = slot_of.take(pairs.observers), pairs.subjects

    entering = ~pairs.is_held
    seen = entities.seen_tick.take(pairs.observers)
    due = entering | (entities.record_tick.take(subjects) > seen)
    has_delta = np.zeros(entities.capacity, np.bool_)
    has_delta[can_delta] = True
    by_delta = has_delta.take(subjects) & ~entering & (entities.previous_record_tick.take(subjects) <= seen)

    parcels = [
        _leaves(entities, observers, pairs, slots),
        _enters(entities, pairs, slots, entering),
        *_poses(entities, slots, subjects, due & ~by_delta, _ABSOLUTE, _absolute_tables(entities, now)),
    ]
    if len(can_delta):
        deltas = _delta_tables(entities, can_delta, root_deltas, part_deltas, now)
        parcels += _poses(entities, slots, subjects, due & by_delta, _DELTA, deltas)
    entities.has_jumped[moved] = False
    entities.seen_tick[observers] = tick
    is_full = entities.wants_full[observers]
    entities.wants_full[observers] = False
    return Tables(
        observers=observers,
        is_full=is_full,
        parcels=[parcel for parcel in parcels if len(parcel.slots)],
        leaves=len(parcels[0].slots),
        enters=len(parcels[1].slots),
        updates=int(np.count_nonzero(due)),
    )


def _leaves(entities: Entities, observers: Rows, pairs: Pairs, slots: Rows) -> Parcel:
    """List what observers hold and no longer want, and let them hold it no more."""
    n = len(observers)
    kept = np.bincount(slots[pairs.is_held], minlength=n)
    is_losing = entities.held[observers] > kept
    losing = np.flatnonzero(is_losing)
    at_loser = np.cumsum(is_losing) - 1
    surplus = entities.holds[observers[losing]]
    theirs = np.flatnonzero(is_losing.take(slots))
    surplus[at_loser.take(slots.take(theirs)), pairs.subjects.take(theirs)] = False
    which, gone = np.nonzero(surplus)
    owners = observers[losing[which]]
    entities.holds[owners, gone] = False
    entities.held[observers] = kept
    terms = records.digest_terms(entities.id[gone], entities.generation[gone])
    np.subtract.at(entities.digest, owners, terms)
    return Parcel(Section.LEAVE, losing[which], _named(Section.LEAVE, id=entities.id[gone]))


def _enters(entities: Entities, pairs: Pairs, slots: Rows, entering: Mask) -> Parcel:
    """List what observers begin to hold, and let them hold it."""
    owners, subjects = pairs.observers[entering], pairs.subjects[entering]
    ids, generations = entities.id[subjects], entities.generation[subjects]
    entities.holds[owners, subjects] = True
    np.add.at(entities.held, owners, 1)
    np.add.at(entities.digest, owners, records.digest_terms(ids, generations))
    return Parcel(Section.ENTER, slots[entering], _named(Section.ENTER, id=ids, generation=generations))


def _poses(
    entities: Entities,
    slots: Rows,
    subjects: Rows,
    chosen: Mask,
    section_of: dict[Body, Section],
    tables: Any,
) -> list[Parcel]:
    """Take the record of each chosen pair from the table of its subject's body."""
    parcels = []
    which = np.flatnonzero(chosen)
    bodies = entities.body.take(subjects.take(which))
    for body, section in section_of.items():
        mine = which[bodies == body]
        if len(mine):
            parcels.append(Parcel(section, slots.take(mine), tables(section, subjects.take(mine))))
    return parcels


def _absolute_tables(entities: Entities, now: float) -> Any:
    """Return a function that takes absolute records by subject, packing each subject once."""

    def take(section: Section, subjects: Rows) -> Table:
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
            table["flags"] = np.where(entities.has_jumped[rows], records.POSE_JUMP, 0)
            table["yaw"], table["pitch"] = entities.yaw[rows], entities.pitch[rows]
        if section is Section.TRACKED:
            for index, part in enumerate(PARTS):
                for axis, name in enumerate("xyz"):
                    table[part][name] = entities.parts[rows, index, axis]
                table[part]["orientation"] = entities.part_orientations[rows, index]
        at = np.zeros(entities.capacity, np.intp)
        at[rows] = every
        return _opaque(table).take(at.take(subjects))

    return take


def _delta_tables(
    entities: Entities, rows: Rows, root_deltas: NDArray[np.int32], part_deltas: NDArray[np.int16], now: float
) -> Any:
    """Pack the delta record of each of `rows`, and return a function that takes them by subject."""
    at = np.zeros(entities.capacity, np.intp)
    at[rows] = every = np.arange(len(rows))
    is_tracked = (entities.body[rows] == Body.TRACKED).any()
    table = np.zeros(len(rows), DTYPES[Section.TRACKED_DELTA if is_tracked else Section.ROOT_DELTA])
    table["id"] = entities.id[rows]
    table["age"] = _ages(entities, rows, now)
    records.write_deltas(table, every, root_deltas)
    table["yaw"], table["pitch"] = entities.yaw[rows], entities.pitch[rows]
    for index, part in enumerate(PARTS if is_tracked else ()):
        for axis, name in enumerate(("dx", "dy", "dz")):
            table[part][name] = part_deltas[:, index, axis]
        table[part]["orientation"] = entities.part_orientations[rows, index]
    whole = _opaque(table)

    def take(section: Section, subjects: Rows) -> Table:
        # a root delta is the beginning of a tracked one
        stride = DTYPES[section].itemsize
        narrow = np.ndarray(whole.shape, f"V{stride}", whole, 0, whole.strides)
        return narrow.take(at.take(subjects))

    return take


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
    is_written = (
        (sizes.sum(axis=1) > 0)
        | tables.is_full
        | (entities.ack[observers] != entities.told_ack[observers])
        | (tick - entities.told_tick[observers] >= quiet_ticks)
    )
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
