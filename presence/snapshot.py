"""Snapshots: from what changed and who wants to see it to one ready-made frame for each observer.

Three steps. `record` turns poses that changed since their last record of a rate class into new records of that class.
`encode` compares what observers want with what they hold and packs every record that somebody is due, once: a delta
against the class's previous record for those who hold that one, an absolute record for the others. Whoever is told at
every tick by one delta after the other is sent the errors of a prediction instead, in bits. `lay_out` gathers
records into one fresh arena, headers included, so that a frame is a slice. All of it is numpy over entity columns, and
loops of `kernels` and `streams` where numpy would take many passes; no Python here iterates over entities or observers.

Invariants: what an observer holds (its view, `given`, `digest`) changes only here, together with a frame that says so;
an enter always comes with an absolute record; a delta's base is exactly what is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from presence import kernels, streams
from presence.entities import Body, held_pose, held_tick
from presence.rings import RATE_CLASSES, Detail
from presence.views import ROW_BITS, by_key, in_step, joined
from protocol import predicted, records
from protocol.records import DTYPES, PARTS, SECTION_HEADER, SNAPSHOT_HEADER, Section, Table
from protocol.schema import SPEC_OF, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from presence.entities import Entities, Held, Mask, Rows
    from presence.kernels import Narrow
    from presence.views import Sightings, Told, Views

# A subject that keeps moving is sent whole once in so many ticks, so that no client error outlives it. TCP loses
# nothing: this heals bugs, not packets, and it costs 0.1 bytes an update. Rounds begin at different ticks for each id.
ABSOLUTE_EVERY_TICKS = 64
_ROUND_STEP = 5

ORDER = (
    Section.LEAVE,
    Section.ENTER,
    Section.ROOT,
    Section.TRACKED,
    Section.THING,
    Section.ROOT_DELTA,
    Section.TRACKED_DELTA,
    Section.DOT,
    Section.PREDICTED,
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
_CODE_ORDERS = np.array([field.order for field in predicted.ERRORS], np.int64)
_MOST_CODE_BITS = 56  # what makes a record longer than a delta is no good prediction; and fits a word of 64 with a rest


@dataclass(frozen=True, slots=True)
class Parcel:
    """Records of one section on their way out: each made once, however many are told of it.

    slots: of each that goes out, the observer's position in the list of observers, ascending. at: which of `records`.
    """

    section: Section
    slots: Rows
    at: Rows
    records: records.Bytes  # (n, bytes)


@dataclass(frozen=True, slots=True)
class Streams:
    """Predicted records on their way out: `stream[begins[i]:ends[i]]` goes to `slots[i]`.

    slots: positions in the list of observers, ascending.
    """

    slots: Rows
    begins: Rows
    ends: Rows
    stream: records.Bytes


@dataclass(frozen=True, slots=True)
class Tables:
    """What `encode` decided for one tick."""

    observers: Rows
    is_full: Mask
    parcels: list[Parcel]
    streams: Streams
    enters: int
    leaves: int
    updates: int


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of one tick, ready to write: `arena[starts[i]:ends[i]]` goes to row `rows[i]`."""

    arena: NDArray[np.uint8]
    rows: Rows
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


# --- record -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Steps:
    """Changes that a delta can describe, of one rate class: displacements of root and parts (n, 3, 3), mm.

    root: (n, 5), with the changes of yaw and pitch. turns: of the components (n, 3, 3) of the parts' orientations.
    """

    rate: int
    rows: Rows
    root: NDArray[np.int32]
    parts: NDArray[np.int16]
    turns: NDArray[np.int16]


assert kernels.DOT_STEP == records.DOT_STEP_MM, "loops import nothing of ours"
assert streams.LINEAR == predicted.LINEAR, "nor this"
_DELTA_REACHES = records.MAX_DELTA_XZ, records.MAX_DELTA_Y, records.MAX_TRACKED_DELTA_Y, records.MAX_TURN


def record(entities: Entities, candidates: Rows, rate: int, tick: int) -> Steps:
    """Make a new record of each of `candidates` (distinct rows) whose pose differs from its last one of the class.

    Of class 0, the one that notices, records are made before those of the others. Returns those for which a delta can
    describe the change. Everybody due one of the other changed rows is given an absolute record.
    """
    steps = kernels.recorded(
        candidates,
        rate,
        entities.poses(),
        entities.shown(rate),
        entities.record_tick,
        entities.previous_record_tick[rate],
        entities.absolute_tick[rate],
        entities.jumped_tick,
        entities.dot_tick,
        entities.id,
        tick,
        _DELTA_REACHES,
        _ROUND_STEP,
        ABSOLUTE_EVERY_TICKS,
    )
    return Steps(rate, *steps)


def introduce(entities: Entities, row: int, tick: int) -> None:
    """Let a new row be as it is now in every rate class."""
    entities.show(row)
    entities.record_tick[:, row] = entities.dot_tick[row] = tick
    entities.absolute_tick[:, row] = tick


# --- encode -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wishes:
    """What `select` found: observers are rows that can be written to, in the order in which pairs are grouped.

    looking: which observers looked around. wanted: all that those want. lost: further (observer, subject) pairs to be
    given up, of observers that did not look. is_news: whether anybody may have to be told of a pose. turn_ticks: from
    one turn of an observer to look around to its next.
    """

    observers: Rows
    looking: Mask
    wanted: Sightings
    lost: tuple[Rows, Rows]
    is_news: bool
    turn_ticks: int

    def __bool__(self) -> bool:
        """Whether anybody may have to be told anything."""
        return bool(self.is_news or self.looking.any() or len(self.lost[0]))


def encode(entities: Entities, views: Views, wishes: Wishes, moved: Rows, tick: int, now: float) -> Tables:
    """Decide what each observer is told this tick, update what it holds, and pack the records somebody is due.

    moved: distinct rows whose pose may have changed since the last tick. now: server clock, seconds.
    """
    observers = wishes.observers
    if not wishes and not len(moved):
        is_full = np.zeros(len(observers), np.bool_)
        return Tables(observers, is_full, [], _NO_STREAMS, enters=0, leaves=0, updates=0)
    slot_of = np.full(entities.capacity, -1, np.intp)
    slot_of[observers] = np.arange(len(observers))
    steps = [record(entities, moved, 0, tick)]  # always: what moved is known for one tick only
    shown = _newest_poses(entities)
    entities.forget(*wishes.lost)
    if entities.has_forgotten:
        views.prune(entities, tick)
        entities.has_forgotten = False
    change = views.replace(entities, observers[wishes.looking], wishes.wanted, shown, tick, wishes.turn_ticks)
    leaves = _leaves(entities, slot_of, change.left, wishes.lost)
    entering = change.entering
    enters = _enters(entities, slot_of, entering)

    steps += _slower_records(entities, views.rates_due(entities, tick), tick)
    predictions = _predicted(entities, steps[0], now)
    told = views.tell(entities, tick, slot_of, shown, _delta_bases(entities, steps, predictions))
    whole = told.whole
    since = held_tick(whole.pose)
    jumps = [entities.jumped_tick[entering.subjects] == tick, entities.jumped_tick[whole.subjects] > since]
    absolutes = _absolutes(entities, slot_of, joined((entering, whole)), np.concatenate(jumps), now)
    parcels = [leaves, enters, *absolutes, *_deltas(entities, told, steps, now)]
    is_full = entities.wants_full[observers]
    entities.wants_full[observers] = False
    return Tables(
        observers=observers,
        is_full=is_full,
        parcels=[parcel for parcel in parcels if len(parcel.slots)],
        streams=_streams(entities, told, predictions),
        leaves=len(leaves.slots),
        enters=len(enters.slots),
        updates=len(entering) + len(told),
    )


def _leaves(entities: Entities, slot_of: Rows, left: Sightings, lost: tuple[Rows, Rows]) -> Parcel:
    """List whom observers hold no more: who left their views at a look, and who was lost between two."""
    owners, gone = np.concatenate([left.observers, lost[0]]), np.concatenate([left.subjects, lost[1]])
    slots = slot_of[owners]
    order = np.argsort(slots, kind="stable")
    slots, owners, gone = slots[order], owners[order], gone[order]
    entities.given[owners, gone] = False
    terms = records.digest_terms(entities.id[gone], entities.generation[gone])
    np.subtract.at(entities.digest, owners, terms)
    return _listed(Section.LEAVE, slots, id=entities.id[gone])


def _enters(entities: Entities, slot_of: Rows, entering: Sightings) -> Parcel:
    """List whom observers begin to hold."""
    owners, subjects = entering.observers, entering.subjects
    ids, generations = entities.id[subjects], entities.generation[subjects]
    entities.given[owners, subjects] = True
    np.add.at(entities.digest, owners, records.digest_terms(ids, generations))
    return _listed(Section.ENTER, slot_of.take(owners), id=ids, generation=generations)


def _slower_records(entities: Entities, rates: list[int], tick: int) -> Iterator[Steps]:
    """Make the records of the slower ones of some rate classes, which somebody is due at this tick."""
    for rate in rates:
        if rate:
            alive = entities.alive()
            yield record(entities, alive[in_step(entities, alive, rate, tick)], rate, tick)


_DETAILS = np.arange(len(Detail), dtype=np.uint32)[:, None] << 1  # as `held_pose` names them


def _newest_poses(entities: Entities) -> Held:
    """Tell for each key which pose is the newest. A dot is a new one only where it is another dot."""
    ticks = np.repeat(entities.record_tick[:1], len(Detail), axis=0)
    ticks[Detail.DOT] = entities.dot_tick
    return by_key(np.uint32, held_pose(ticks) | _DETAILS)


def _delta_bases(entities: Entities, steps: list[Steps], predictions: _Predictions) -> Held:
    """Tell for each key which pose its delta of this tick starts from; one that nobody holds where it has none.

    Marked as `STEADY` is that of who has a predicted record: of a root alone, at the full rate.
    """
    bases = np.zeros((RATE_CLASSES, entities.capacity), np.uint32)
    for step in steps:
        bases[step.rate, step.rows] = held_pose(entities.previous_record_tick[step.rate, step.rows])
    poses = bases[:, None] | _DETAILS
    poses[:, Detail.DOT] = 0  # dots are sent whole
    rows = predictions.rows[predictions.widths > 0]
    poses[0, Detail.ROOT, rows] |= kernels.STEADY
    poses[0, Detail.FULL, rows[entities.body[rows] == Body.ROOT]] |= kernels.STEADY
    return by_key(np.uint32, poses)


def _absolutes(entities: Entities, slot_of: Rows, told: Sightings, has_jumped: Mask, now: float) -> Iterator[Parcel]:
    """Pack each subject once, and take its record for each pair: of those who enter, then of the held sent whole."""
    slots, subjects, sections = slot_of.take(told.observers), told.subjects, _sections_by_key(entities).take(told.keys)
    order = np.argsort(slots, kind="stable")
    slots, subjects, sections = slots.take(order), subjects.take(order), sections.take(order)
    has_jumped = has_jumped.take(order)
    for section in (Section.ROOT, Section.TRACKED, Section.THING):
        mine = np.flatnonzero(sections == section)
        if len(mine):
            yield _absolute_parcel(entities, section, slots.take(mine), subjects.take(mine), has_jumped.take(mine), now)
    mine = np.flatnonzero(sections == Section.DOT)
    if len(mine):
        yield _dot_parcel(entities, slots.take(mine), subjects.take(mine))


def _absolute_parcel(
    entities: Entities, section: Section, slots: Rows, subjects: Narrow, has_jumped: Mask, now: float
) -> Parcel:
    """Pack an absolute record of each of `subjects`, in which rows may stand many times; a second one for a jump."""
    asked = has_jumped * entities.capacity + subjects
    needed = np.zeros(2 * entities.capacity, np.bool_)
    needed[asked] = True
    is_jump, rows = np.divmod(np.flatnonzero(needed), entities.capacity)
    table = np.zeros(len(rows), DTYPES[section])
    table["id"] = entities.id[rows]
    table["age"] = _ages(entities, rows, now)
    every = np.arange(len(rows))
    records.write_positions(table, every, entities.position[rows])
    if section is Section.THING:
        table["orientation"] = entities.orientation[rows]
    else:
        table["yaw"], table["pitch"] = entities.yaw[rows], entities.pitch[rows]
        table["flags"] = is_jump * records.POSE_JUMP
    if section is Section.TRACKED:
        for index, part in enumerate(PARTS):
            for axis, name in enumerate("xyz"):
                table[part][name] = entities.parts[rows, index, axis]
            table[part]["orientation"] = entities.part_orientations[rows, index]
    at = np.zeros(len(needed), np.intp)
    at[needed] = every
    return Parcel(section, slots, at.take(asked), _as_bytes(table))


def _dot_parcel(entities: Entities, slots: Rows, subjects: Narrow) -> Parcel:
    """Pack a dot of each of `subjects`, in which rows may stand many times."""
    is_needed, at = np.zeros(entities.capacity, np.bool_), np.zeros(entities.capacity, np.intp)
    is_needed[subjects] = True
    rows = np.flatnonzero(is_needed)
    at[rows] = np.arange(len(rows))
    table = np.zeros(len(rows), DTYPES[Section.DOT])
    table["id"] = entities.id[rows]
    for axis, column in zip("xyz", records.dots(entities.position[rows]).T, strict=True):
        table[axis] = column
    return Parcel(Section.DOT, slots, at.take(subjects), _as_bytes(table))


def _deltas(entities: Entities, told: Told, steps: list[Steps], now: float) -> Iterator[Parcel]:
    """Pack the delta of each subject and class once."""
    slots, keys = told.deltas
    if not len(keys):
        return
    rows = np.concatenate([step.rows for step in steps])
    every = np.arange(len(rows))
    of_row = np.zeros((RATE_CLASSES, entities.capacity), np.intp)
    of_row[np.repeat([step.rate for step in steps], [len(step.rows) for step in steps]), rows] = every
    at = by_key(np.intp, of_row[:, None])
    chosen: dict[Section, Mask | slice] = {Section.ROOT_DELTA: slice(None)}
    if (entities.body[rows] == Body.TRACKED).any():
        is_full = _sections_by_key(entities).take(keys) == Section.TRACKED
        chosen = {Section.ROOT_DELTA: ~is_full, Section.TRACKED_DELTA: is_full}
    ages, root = _ages(entities, rows, now), np.concatenate([step.root for step in steps])
    for section, mine in chosen.items():
        table = np.zeros(len(rows), DTYPES[section])
        table["id"], table["age"], table["yaw"] = entities.id[rows], ages, entities.yaw[rows]
        records.write_deltas(table, root)
        if section is Section.ROOT_DELTA:
            table["pitch"] = entities.pitch[rows]
        else:
            parts = np.concatenate([step.parts for step in steps])
            for index, part in enumerate(PARTS):
                for axis, name in enumerate(("dx", "dy", "dz")):
                    table[part][name] = parts[:, index, axis]
            records.write_turns(table, np.concatenate([step.turns for step in steps]))
        yield Parcel(section, slots[mine], at.take(keys[mine]), _as_bytes(table))


@dataclass(frozen=True, slots=True)
class _Predictions:
    """The predicted records of a tick: (n,) rows in order of ids, their bits, and how many; 0 of whom there is none."""

    rows: Rows
    codes: NDArray[np.uint64]
    widths: NDArray[np.uint64]


def _predicted(entities: Entities, step: Steps, now: float) -> _Predictions:
    """Tell how far deltas at the full rate are from going on as the ones before them did."""
    order, ages = np.argsort(entities.id[step.rows], kind="stable"), _ages(entities, step.rows, now)
    of_each = order, step.rows, ages, step.root, entities.motion
    return _Predictions(step.rows[order], *streams.coded(*of_each, _CODE_ORDERS, _MOST_CODE_BITS))


def _streams(entities: Entities, told: Told, predictions: _Predictions) -> Streams:
    """Write each observer's predicted records."""
    slots, keys = told.predicted
    if not len(keys):
        return _NO_STREAMS
    rank_of = np.zeros(entities.capacity, np.int32)
    rank_of[predictions.rows] = np.arange(len(predictions.rows))
    ids, codes, widths = entities.id[predictions.rows], predictions.codes, predictions.widths
    return Streams(*streams.streamed(slots, keys, ROW_BITS, rank_of, ids, codes, widths, predicted.GAP.order))


_NOBODY = np.zeros(0, np.intp)
_NO_STREAMS = Streams(_NOBODY, _NOBODY, _NOBODY, np.zeros(0, np.uint8))


def _sections_by_key(entities: Entities) -> NDArray[np.uint8]:
    """Tell by key to which section its absolute records belong."""
    sections = np.full((len(Detail), entities.capacity), Section.ROOT, np.uint8)
    sections[Detail.FULL, entities.body == Body.TRACKED] = Section.TRACKED
    sections[:, entities.body == Body.THING] = Section.THING
    sections[Detail.DOT] = Section.DOT
    return by_key(np.uint8, sections)


def _ages(entities: Entities, rows: Rows, now: float) -> NDArray[np.uint8]:
    steps = np.rint((now - entities.sampled_at[rows]) * (1000 / records.AGE_STEP_MS))
    return np.clip(steps, 0, records.MAX_AGE).astype(np.uint8)


def _listed(section: Section, slots: Rows, **columns: NDArray[Any]) -> Parcel:
    """Make a record for each of `slots` alone."""
    table = np.zeros(len(slots), DTYPES[section])
    for name, column in columns.items():
        table[name] = column
    return Parcel(section, slots, np.arange(len(slots)), _as_bytes(table))


def _as_bytes(table: Table) -> records.Bytes:
    return table.view(np.uint8).reshape(len(table), table.dtype.itemsize)


# --- lay out ------------------------------------------------------------------------------------------------


def is_owed(entities: Entities, observers: Rows, quiet_since: int) -> Mask:
    """Tell who is to be written to although no record is due: a new `ack`, or nothing since the tick `quiet_since`."""
    is_acked = entities.ack[observers] != entities.told_ack[observers]
    return np.asarray(is_acked | (entities.told_tick[observers] <= quiet_since), dtype=np.bool_)


def lay_out(
    entities: Entities, tables: Tables, tick: int, time_ms: int, quiet_since: int, *, is_stretched: bool
) -> Frames:
    """Gather the records of each observer that has something to hear into one frame in a fresh arena.

    quiet_since: who was told nothing since that tick is written to although nothing happened. The arena is new each
    tick, since an event loop keeps the slices that a full socket could not take.
    """
    observers, n = tables.observers, len(tables.observers)
    if not n:
        return Frames(np.empty(0, np.uint8), observers, np.empty(0, np.int64), np.empty(0, np.int64))
    counts = np.zeros((n, len(ORDER)), np.int64)
    for parcel in tables.parcels:
        counts[:, ORDER.index(parcel.section)] = np.bincount(parcel.slots, minlength=n)
    bits, of_bits = tables.streams, ORDER.index(Section.PREDICTED)
    counts[bits.slots, of_bits] = bits.ends - bits.begins
    strides = np.array([DTYPES[section].itemsize for section in ORDER])
    sizes = counts * strides + np.where(counts > 0, SECTION_HEADER.itemsize, 0)
    section_ends = np.cumsum(sizes, axis=1)
    is_written = (section_ends[:, -1] > 0) | tables.is_full | is_owed(entities, observers, quiet_since)
    lengths = np.where(is_written, _HEAD.itemsize + section_ends[:, -1], 0)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    arena = np.empty(int(ends[-1]), np.uint8)
    section_starts = starts[:, None] + _HEAD.itemsize + section_ends - sizes
    for parcel in tables.parcels:
        column, stride = ORDER.index(parcel.section), DTYPES[parcel.section].itemsize
        begins, count = np.ascontiguousarray(section_starts[:, column]), np.ascontiguousarray(counts[:, column])
        kernels.place(arena, begins, count, parcel.slots, parcel.at, parcel.records, int(parcel.section), stride)
    begins = np.ascontiguousarray(section_starts[:, of_bits])
    of_each = bits.slots, bits.begins, bits.ends
    streams.pour(arena, begins, *of_each, bits.stream, int(Section.PREDICTED))

    written = np.flatnonzero(is_written)
    rows = observers[written]
    heads, skipped = _heads(entities, rows, lengths[written], tables.is_full[written])
    heads["tick"], heads["time_ms"] = tick, time_ms
    heads["flags"] |= is_stretched * records.SNAPSHOT_STRETCHED
    # through a view of the arena in which windows overlap
    windows = np.ndarray((max(0, len(arena) - HEAD_BYTES + 1),), f"V{HEAD_BYTES}", arena, 0, (1,))
    windows[starts[written]] = heads.view(windows.dtype)
    entities.told_tick[rows] = tick
    entities.told_ack[rows] = entities.ack[rows]
    return Frames(arena, rows, starts[written] + skipped, ends[written])


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
