"""What a room remembers of its last ticks, so that it can be seen as it was: of each tick, what it changed, as before.

The present stands in the columns. Whoever asks for an earlier tick takes a copy of them and goes back (`Past`), undoing
one tick after the other; what was decided then is worked out again by the functions that decided it. So a room in which
nothing changes keeps nothing, of pairs only those are kept that entered or left a view, and to forget a tick is to drop
it. A step on the level takes four bytes, and a bit for each row: 1,000 walkers who see some 36 others each take 5.9 KB
a tick, 3.8 MB in all.

Owns what is kept, and for how long; decides nothing and explains nothing. `room` hands over each tick once it is
encoded, at a cost of some 2 % of a tick.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from presence import movement
from presence.entities import Entities
from presence.permission import block
from presence.views import is_turn
from protocol.records import DTYPES, Section

if TYPE_CHECKING:
    from presence.entities import Mask, Rows, Viewpoints
    from presence.snapshot import Tables, Wishes
    from presence.world import World

KEPT_TICKS = 600  # half a minute: from seeing that something is wrong to asking why
_MARGIN_TICKS = 40  # further back: an observer's last look before the oldest tick, and records of the slowest class
_MAX_BYTES = 24 * 2**20  # a full house of 5,000 walkers; in a wilder one, fewer ticks are kept
_CHANGE_BYTES = 400  # of a change, besides its arrays
_MAX_STEP_MM = 2**15 - 1
NOT_RATIONED = np.inf
_RULES = ("grants", "is_unseen", "groups", "pinned_for")  # columns that change with what a person may do

Pairs = NDArray[np.uint16]  # (n, 2): entity ids of observer and subject
Small = NDArray[np.uint16]  # rows, or entity ids


class Link(IntEnum):
    """How an observer can be told: the state of its connection in one tick."""

    NONE = 0  # it has none: an object, or nobody
    READY = 1
    STALLED = 2  # its socket has not taken everything yet
    AWAY = 3  # it is lost, and its seat is held


_NO_STEPS = np.zeros((0, 2), np.int16)
_NO_PAIRS = np.zeros((0, 2), np.uint16)
_NOBODY = np.zeros(0, np.uint16)


@dataclass(slots=True)
class _Columns:
    """A room's columns as of one tick, by row. What follows from these, such as zones, is not kept.

    entity: its id, or 0 for nobody. link: as `Link`. ration: with which balance of bytes a row's wishes were last made
    to fit its budget, or NOT_RATIONED. blocks: pairs of rows, the lower first.
    """

    position: NDArray[np.int32]
    entity: NDArray[np.uint16]
    body: NDArray[np.uint8]
    link: NDArray[np.uint8]
    grants: NDArray[np.uint64]
    is_unseen: Mask
    groups: NDArray[np.uint64]
    pinned_for: NDArray[np.uint64]
    budget: NDArray[np.float64]
    ration: NDArray[np.float64]
    blocks: frozenset[tuple[int, int]] = frozenset()
    viewpoints: dict[int, Viewpoints] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> _Columns:
        """Make columns without rows."""
        made = Entities(0)
        no_link = np.zeros(0, np.uint8)
        rules = made.grants, made.is_unseen, made.groups, made.pinned_for
        return cls(made.position, made.id, made.body, no_link, *rules, made.budget, made.balance)

    def copied(self, capacity: int) -> _Columns:
        """Copy them, with rows of nobody up to a capacity."""
        more = capacity - len(self.entity)
        grown: dict[str, Any] = {"ration": np.concatenate([self.ration, np.full(more, NOT_RATIONED)])}
        for name in ("position", "entity", "body", "link", *_RULES, "budget"):
            column = getattr(self, name)
            grown[name] = np.concatenate([column, np.zeros((more, *column.shape[1:]), column.dtype)])
        return _Columns(**grown, blocks=self.blocks, viewpoints=self.viewpoints.copy())


@dataclass(slots=True)
class _Change:
    """What one tick changed.

    moved: a bit for each row that has a new pose, or is new. steps: their way on the level, x and z, mm, in order of
    rows. before: column, rows, and what stood there; whoever moved otherwise is among these. entered, left, forgotten:
    who was told that it sees whom, or no more, and what was forgotten because an observer started over or is gone.
    looked: entity ids of observers that looked around out of turn. look_every_ticks: how often they did before, if that
    has changed; 0 if not.
    """

    tick: int = 0
    moved: bytes = b""
    steps: NDArray[np.int16] = field(default_factory=lambda: _NO_STEPS)
    before: list[tuple[str, Small, NDArray[Any]]] = field(default_factory=list)
    blocks: frozenset[tuple[int, int]] = frozenset()  # made or undone
    viewpoints: dict[int, Viewpoints] = field(default_factory=dict)  # as they were, by row
    entered: Pairs = field(default_factory=lambda: _NO_PAIRS)
    left: Pairs = field(default_factory=lambda: _NO_PAIRS)
    forgotten: Pairs = field(default_factory=lambda: _NO_PAIRS)
    looked: Small = field(default_factory=lambda: _NOBODY)
    look_every_ticks: int = 0

    def n_bytes(self) -> int:
        """Count the bytes of what is kept: 0 where nothing changed."""
        arrays = [self.steps, self.entered, self.left, self.forgotten, self.looked]
        arrays += [array for _, rows, before in self.before for array in (rows, before)]
        kept = sum(array.nbytes for array in arrays) + len(self.moved) + self.look_every_ticks
        kept += 100 * (len(self.blocks) + len(self.viewpoints))
        return kept + _CHANGE_BYTES if kept else 0


_NOTHING = _Change()


class History:
    """The last ticks of one room."""

    def __init__(self, look_every_ticks: int) -> None:
        self.tick = 0  # the newest
        self.look_every_ticks = look_every_ticks  # at the newest tick
        self._now = _Columns.empty()
        self._changes: deque[_Change] = deque()  # of ticks that changed something, the oldest first
        self._next = _Change()  # of the tick that is under way
        self._has_rationed = False
        self._told = b"", b"", b""  # rows at the newest tick: those asked, those that are ready, those that are stalled
        self._bytes = 0
        self.dropped_tick = 0  # the newest of those forgotten

    @property
    def n_bytes(self) -> int:
        """How much is kept of the past."""
        return self._bytes

    @property
    def oldest_tick(self) -> int:
        """The first tick that can be asked for."""
        return max(self.dropped_tick + 1, self.tick - KEPT_TICKS + 1)

    # --- keeping ------------------------------------------------------------------------------------------------------

    def forget(self, entities: Entities, observers: Rows) -> None:
        """Keep what observers hold, because they are about to start over or to leave."""
        if not len(observers):
            return
        which, subjects = np.nonzero(entities.given[observers])
        pairs = np.stack([entities.id[observers[which]], entities.id[subjects]], axis=1)
        self._next.forgotten = np.concatenate([self._next.forgotten, pairs])

    def ration(self, entities: Entities, looking: Rows, *, is_short: bool) -> None:
        """Keep with which balances observers looked around, if it is budgets that shape what some of them see."""
        self._has_rationed |= is_short
        if not self._has_rationed:
            return
        self._grow(entities.capacity)
        balance = entities.balance[looking] if is_short else np.full(len(looking), NOT_RATIONED)
        before = self._now.ration[looking]
        changed = np.flatnonzero(balance != before)
        if len(changed):
            rows = looking[changed]
            self._next.before.append(("ration", rows.astype(np.uint16), before[changed]))
            self._now.ration[rows] = balance[changed]

    def note(
        self,
        entities: Entities,
        tick: int,
        refocused: Rows,
        asked: Rows,
        stalled: Rows,
        wishes: Wishes,
        tables: Tables,
        look_every_ticks: int,
    ) -> None:
        """Keep what a tick changed, and forget what is too old. All rows are distinct.

        refocused: whose permissions may have changed. asked: of whom it is known how they can be told, newcomers among
        them; the others are taken to be as they were. stalled: as `Link` says. look_every_ticks: from one turn of an
        observer to look around to its next.
        """
        self._grow(entities.capacity)
        change, self._next = self._next, _Change()
        change.tick = self.tick = tick
        others = self._note_column(change, "entity", entities.id * entities.is_alive)  # who came, and who went
        self._note_column(change, "body", entities.body)
        self._note_column(change, "budget", entities.budget)
        if len(others) or len(refocused):
            for name in _RULES:
                self._note_column(change, name, getattr(entities, name))
            self._note_blocks(change, entities, np.union1d(others, refocused))
        self._note_viewpoints(change, entities.viewpoints)
        self._note_links(change, others, asked, wishes.observers, stalled)
        is_new_pose = entities.record_tick[0] == tick
        if len(others):
            is_new_pose[others] = entities.is_alive[others]
        self._note_places(change, entities, is_new_pose)
        change.entered = _pairs(entities, tables, Section.ENTER)
        change.left = _pairs(entities, tables, Section.LEAVE)
        looking = entities.id[wishes.observers[wishes.looking]]
        change.looked = looking[~is_turn(looking, tick, look_every_ticks)]
        if look_every_ticks != self.look_every_ticks:
            change.look_every_ticks, self.look_every_ticks = self.look_every_ticks, look_every_ticks
        if n_bytes := change.n_bytes():
            self._changes.append(change)
            self._bytes += n_bytes
        self._drop()

    def _note_column(self, change: _Change, name: str, column: NDArray[Any]) -> Rows:
        """Keep where a column differs from what it was; return those rows."""
        now = getattr(self._now, name)
        rows = np.flatnonzero(now != column)
        if len(rows):
            change.before.append((name, rows.astype(np.uint16), now[rows]))
            now[rows] = column[rows]
        return rows

    def _note_links(self, change: _Change, others: Rows, asked: Rows, ready: Rows, stalled: Rows) -> None:
        told = asked.tobytes(), ready.tobytes(), stalled.tobytes()  # compared as one: the same in most ticks
        if len(others) or told != self._told:
            link = self._now.link.copy()
            link[others] = Link.NONE
            link[asked], link[ready], link[stalled] = Link.AWAY, Link.READY, Link.STALLED
            self._note_column(change, "link", link)
            self._told = told

    def _note_places(self, change: _Change, entities: Entities, is_new_pose: Mask) -> None:
        rows = np.flatnonzero(is_new_pose)
        if not len(rows):
            return
        before, self._now.position = self._now.position, entities.position.copy()
        is_free = ~entities.is_alive
        self._now.position[is_free] = before[is_free]  # it may have been taken and left since the last tick
        steps = (self._now.position - before).take(rows, axis=0)
        if steps[:, 1].any() or np.abs(steps).max() > _MAX_STEP_MM:
            otherwise = np.flatnonzero((steps[:, 1] != 0) | (np.abs(steps).max(axis=1) > _MAX_STEP_MM))
            change.before.append(("position", rows[otherwise].astype(np.uint16), before[rows[otherwise]]))
            steps[otherwise] = 0
        change.moved = np.packbits(is_new_pose, bitorder="little").tobytes()
        change.steps = steps[:, ::2].astype(np.int16)

    def _note_blocks(self, change: _Change, entities: Entities, rows: Rows) -> None:
        if not entities.has_blocks:
            return
        which, others = np.nonzero(entities.blocks[rows])
        theirs = {*rows.tolist()}
        now = {(min(pair), max(pair)) for pair in zip(rows[which].tolist(), others.tolist(), strict=True)}
        before = {pair for pair in self._now.blocks if not theirs.isdisjoint(pair)}
        change.blocks = frozenset(now ^ before)
        self._now.blocks ^= change.blocks

    def _note_viewpoints(self, change: _Change, viewpoints: dict[int, Viewpoints]) -> None:
        before = self._now.viewpoints
        for row in before.keys() | viewpoints.keys():
            if before.get(row, {}) != viewpoints.get(row, {}):
                change.viewpoints[row] = before.get(row, {})
        if change.viewpoints:
            self._now.viewpoints = viewpoints.copy()

    def _grow(self, capacity: int) -> None:
        if len(self._now.entity) < capacity:
            self._now = self._now.copied(capacity)

    def _drop(self) -> None:
        oldest = self.tick - KEPT_TICKS - _MARGIN_TICKS
        while self._changes and (self._changes[0].tick <= oldest or self._bytes > _MAX_BYTES):
            dropped = self._changes.popleft()
            self._bytes -= dropped.n_bytes()
            self.dropped_tick = dropped.tick

    # --- going back ---------------------------------------------------------------------------------------------------

    def past(self, entities: Entities, observer: int) -> Past:
        """Begin to go back, from the newest tick, with the eyes of one observer (an entity id).

        entities: the room's, between two ticks.
        """
        now = self._now.copied(len(self._now.entity))
        return Past(self, now, [*self._changes, self._next], _held(entities, observer), observer)


class Past:
    """The room as it was at `tick`, when everything had been told, and what one observer held of it.

    held: entity ids. look_every_ticks: from one turn of an observer to look around to its next. Goes back, never forth.
    Going back a tick costs some 10 us in a room of 1,000 walkers.
    """

    def __init__(
        self, history: History, columns: _Columns, changes: list[_Change], held: set[int], observer: int
    ) -> None:
        self.tick = history.tick
        self.look_every_ticks = history.look_every_ticks
        self.held = held
        self.observer = observer
        self._oldest_tick = history.dropped_tick + 1
        self._columns = columns
        columns.position = np.asfortranarray(columns.position)  # steps are undone axis by axis, twenty times as fast
        self._changes = changes
        self._rows: dict[int, int | None] = {}
        self._undo(changes.pop())  # what happened since

    def back_to(self, tick: int) -> None:
        """Go back to a tick."""
        while self._changes and self._changes[-1].tick > tick:
            self._undo(self._changes.pop())
        self.tick = tick

    @property
    def has_more(self) -> bool:
        """Whether anything is known of the tick before."""
        return self.tick > self._oldest_tick

    # --- what stood ---------------------------------------------------------------------------------------------------

    def row_of(self, entity: int) -> int | None:
        """Find the row of an entity; None where it was not in the room."""
        if entity not in self._rows:
            rows = np.flatnonzero(self._columns.entity == entity)
            self._rows[entity] = int(rows[0]) if len(rows) else None
        return self._rows[entity]

    def place_of(self, entity: int) -> NDArray[np.int32] | None:
        """Find where an entity stood, mm; None where it was not in the room."""
        row = self.row_of(entity)
        return None if row is None else self._columns.position[row]

    def link(self) -> Link:
        """How the observer could be told; NONE where it was not in the room."""
        row = self.row_of(self.observer)
        return Link.NONE if row is None else Link(int(self._columns.link[row]))

    def columns(self, world: World) -> Entities:
        """Make the columns as `select` found them: of what is held, what the observer held before it was told.

        Everything that `interest`, `permission` and `budget` ask for; of matrices, the observer's rows only.
        """
        columns, row = self._columns, self.row_of(self.observer)
        assert row is not None, "ask for who was there"
        made = Entities(len(columns.entity))
        made.is_alive, made.id = columns.entity > 0, columns.entity
        made.position, made.body, made.grants = np.ascontiguousarray(columns.position), columns.body, columns.grants
        made.is_unseen, made.groups, made.pinned_for = columns.is_unseen, columns.groups, columns.pinned_for
        made.budget, made.balance = columns.budget, columns.ration
        made.viewpoints = columns.viewpoints
        movement.enter_zones(made, world, made.alive())
        made.given[row, np.isin(columns.entity, list(self._held_before()))] = 1
        for pair in columns.blocks:
            if row in pair:
                block(made, row, pair[pair[0] == row], is_blocked=True)
        return made

    def is_rationed(self) -> bool:
        """Whether budgets shaped the observer's last look; its balance then is in `columns`."""
        return bool(self._columns.ration[self.row_of(self.observer)] != NOT_RATIONED)

    # --- what happened at this tick -----------------------------------------------------------------------------------

    def has_looked(self) -> bool:
        """Whether the observer looked around, and was told what it saw."""
        has_turn = bool(is_turn(np.array([self.observer]), self.tick, self.look_every_ticks)[0])
        return self.link() is Link.READY and (has_turn or self.observer in self._change.looked)

    def has_entered(self, subject: int) -> bool:
        """Whether the observer was told that it sees a subject now."""
        return subject in self._subjects(self._change.entered)

    def has_moved(self, entity: int) -> bool:
        """Whether an entity had a new pose at this tick, or was new."""
        row, moved = self.row_of(entity), self._change.moved
        return row is not None and row // 8 < len(moved) and bool(moved[row // 8] >> row % 8 & 1)

    # --- inside -------------------------------------------------------------------------------------------------------

    @property
    def _change(self) -> _Change:
        return self._changes[-1] if self._changes and self._changes[-1].tick == self.tick else _NOTHING

    def _subjects(self, pairs: Pairs) -> set[int]:
        return {*pairs[pairs[:, 0] == self.observer, 1].tolist()} if len(pairs) else set()

    def _held_before(self) -> set[int]:
        change = self._change
        return self.held - self._subjects(change.entered) | self._subjects(change.left)

    def _undo(self, change: _Change) -> None:
        columns = self._columns
        if change.moved:
            rows = np.flatnonzero(
                np.unpackbits(np.frombuffer(change.moved, np.uint8), bitorder="little").view(np.bool_)
            )
            for axis, steps in zip((0, 2), change.steps.T, strict=True):
                along = columns.position[:, axis]
                along[rows] -= steps
        for name, where, before in change.before:
            getattr(columns, name)[where] = before
            if name == "entity":
                self._rows.clear()
        columns.blocks ^= change.blocks
        columns.viewpoints = columns.viewpoints | change.viewpoints
        self.look_every_ticks = change.look_every_ticks or self.look_every_ticks
        self.held = self.held - self._subjects(change.entered)
        self.held |= self._subjects(change.left) | self._subjects(change.forgotten)


def _pairs(entities: Entities, tables: Tables, section: Section) -> Pairs:
    """List the pairs that a section of this tick's snapshots speaks of."""
    for parcel in tables.parcels:
        if parcel.section is section:
            subjects = parcel.records.view(DTYPES[section])["id"].ravel()
            return np.stack([entities.id.take(tables.observers.take(parcel.slots)), subjects], axis=1)
    return _NO_PAIRS


def _held(entities: Entities, observer: int) -> set[int]:
    row = entities.row_of(observer)
    return set() if row is None else {*entities.id[np.flatnonzero(entities.given[row])].tolist()}
