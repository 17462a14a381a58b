"""The columns of one room: everything with a pose, as structure of arrays, and who holds a place in them.

Owns rows (the index into every column) and entity ids (what the wire calls them). Poses are quantised
integers: they are written once, when a pose is accepted, and read many times. Holds no rule: movement,
interest, permission and encoding read and write these columns each in its own stage.

A row is reused only when no observer still holds what stood there; an id only after `ID_REST_S`, with a new generation.
"""

from __future__ import annotations

from array import array
from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from presence import kernels
from presence.rings import RATE_CLASSES

if TYPE_CHECKING:
    from presence.kernels import Columns

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]
Held = NDArray[np.uint32]  # which pose of somebody an observer was told last, as `held_pose` names it; 0: none
Viewpoints = dict[int, tuple[int, int, int]]  # places that somebody sees from besides its own, mm, by number

ID_REST_S = 120.0  # the resume window and a minute: nobody can still mean the old entity
MAX_ID = 2**16 - 1
MAX_ROWS = 2**14  # a full room of people and objects, and as many again who left and are held still
_FIRST_CAPACITY = 64


class Body(IntEnum):
    """What kind of record describes an entity."""

    ROOT = 0  # a desktop avatar: position, yaw, gaze pitch
    TRACKED = kernels.TRACKED  # a tracked avatar: the same, with head and hands
    THING = kernels.THING  # an object: position, orientation


# name, dtype, shape of one element: one row per entity
_COLUMNS: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("is_alive", np.bool_, ()),
    ("body", np.uint8, ()),
    ("id", np.uint16, ()),
    ("generation", np.uint16, ()),
    # the authoritative pose: millimetres, turns/65536, 90/127 degrees, packed quaternions
    ("position", np.int32, (3,)),
    ("yaw", np.uint16, ()),
    ("pitch", np.int8, ()),
    ("orientation", np.uint32, ()),
    ("parts", np.int16, (3, 3)),
    ("part_orientations", np.uint32, (3,)),
    ("sampled_at", np.float64, ()),  # server clock, seconds
    ("motion", np.int32, (6,)),  # what the newest delta at the full rate said, as `snapshot` predicts the next from it
    ("jumped_tick", np.int32, ()),  # tick of the last jump
    ("dot_tick", np.int32, ()),  # when its place last came to be another dot
    # permission and place
    ("requires", np.uint64, ()),
    ("grants", np.uint64, ()),
    ("is_unseen", np.bool_, ()),  # a spectator: a subject to nobody
    ("groups", np.uint64, ()),  # that it belongs to, a bit for each; see `pins`
    ("pinned_for", np.uint64, ()),  # groups in whose sight it is at any distance
    ("zone", np.int16, ()),
    ("isolation", np.int16, ()),
    ("privacy", np.int16, ()),
    # movement
    ("ack", np.uint32, ()),  # newest pose sequence processed
    ("paced_until", np.float64, ()),  # when its bucket of poses is full again, server clock, s
    ("heard_at", np.float64, ()),  # last pose received, server clock, s
    ("credit", np.float64, ()),  # distance allowance, mm
    ("credit_at", np.float64, ()),
    # as an observer
    ("digest", np.uint32, ()),
    ("budget", np.float64, ()),  # bytes of snapshots a tick
    ("balance", np.float64, ()),  # bytes of it left over so far, or overdrawn
    ("spent", np.int64, ()),  # bytes of snapshots written, those of earlier ticks counting less and less
    ("is_short", np.bool_, ()),  # wanted more than its budget carries when it last looked around
    ("wants_full", np.bool_, ()),  # the next snapshot starts over
    ("told_tick", np.int64, ()),  # last tick a snapshot was written
    ("told_ack", np.uint32, ()),
    ("is_writable", np.bool_, ()),  # its socket has taken everything so far
    ("socket", np.int32, ()),  # the plain socket that can be written to directly; -1: none
    ("is_websocket", np.bool_, ()),  # how its frames are framed: WebSocket, or raw TCP
)

# The newest record of each rate class: what observers hold that were handed it. Records of class c are made every 2**c
# ticks, in step with the entity's id.
RECORD_COLUMNS: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("shown_body", np.uint8, ()),
    ("shown_position", np.int32, (3,)),
    ("shown_yaw", np.uint16, ()),
    ("shown_pitch", np.int8, ()),
    ("shown_orientation", np.uint32, ()),
    ("shown_parts", np.int16, (3, 3)),
    ("shown_part_orientations", np.uint32, (3,)),
    ("record_tick", np.int32, ()),  # when the pose of the record came to be: names it across classes
    ("previous_record_tick", np.int32, ()),  # likewise, of the record before it
    ("absolute_tick", np.int32, ()),  # last tick in which no delta was made
)
_POSE = ("body", "position", "yaw", "pitch", "orientation", "parts", "part_orientations")


def held_pose(tick: NDArray[np.int32]) -> Held:
    """Name the pose that came to be at a tick, held in least detail; detail is its bits 1 and 2. Never 0.

    Bit 3, `kernels.STEADY`, belongs to who was told of it, and is 0 here. For the first 150 days of a room; a shorter
    name would be used again for a later pose of whoever rests for long.
    """
    return (tick << 4 | 1).astype(np.uint32)


def held_tick(pose: Held) -> NDArray[np.int32]:
    """Return the tick at which a held pose came to be."""
    return np.asarray(pose >> 4, dtype=np.int32)


class Entities:
    """Rows, ids and columns. Every column is an array of `capacity` rows; it is replaced when the room grows."""

    is_alive: Mask
    body: NDArray[np.uint8]
    id: NDArray[np.uint16]
    generation: NDArray[np.uint16]
    position: NDArray[np.int32]
    yaw: NDArray[np.uint16]
    pitch: NDArray[np.int8]
    orientation: NDArray[np.uint32]
    parts: NDArray[np.int16]
    part_orientations: NDArray[np.uint32]
    sampled_at: NDArray[np.float64]
    motion: NDArray[np.int32]
    jumped_tick: NDArray[np.int32]
    dot_tick: NDArray[np.int32]
    shown_body: NDArray[np.uint8]
    shown_position: NDArray[np.int32]
    shown_yaw: NDArray[np.uint16]
    shown_pitch: NDArray[np.int8]
    shown_orientation: NDArray[np.uint32]
    shown_parts: NDArray[np.int16]
    shown_part_orientations: NDArray[np.uint32]
    record_tick: NDArray[np.int32]
    previous_record_tick: NDArray[np.int32]
    absolute_tick: NDArray[np.int32]
    requires: NDArray[np.uint64]
    grants: NDArray[np.uint64]
    is_unseen: Mask
    groups: NDArray[np.uint64]
    pinned_for: NDArray[np.uint64]
    zone: NDArray[np.int16]
    isolation: NDArray[np.int16]
    privacy: NDArray[np.int16]
    ack: NDArray[np.uint32]
    paced_until: NDArray[np.float64]
    heard_at: NDArray[np.float64]
    credit: NDArray[np.float64]
    credit_at: NDArray[np.float64]
    digest: NDArray[np.uint32]
    budget: NDArray[np.float64]
    balance: NDArray[np.float64]
    spent: NDArray[np.int64]
    is_short: Mask
    wants_full: Mask
    told_tick: NDArray[np.int64]
    told_ack: NDArray[np.uint32]
    is_writable: Mask
    socket: NDArray[np.int32]
    is_websocket: Mask

    def __init__(self, capacity: int = _FIRST_CAPACITY) -> None:
        self.capacity = capacity
        for name, dtype, shape in _COLUMNS:
            setattr(self, name, np.zeros((self.capacity, *shape), dtype))
        for name, dtype, shape in RECORD_COLUMNS:
            setattr(self, name, np.zeros((RATE_CLASSES, self.capacity, *shape), dtype))
        # observer x subject: whether it holds it; knows of it; may never see it
        self.given = np.zeros((self.capacity, self.capacity), np.bool_)
        self.has_forgotten = False  # whether `given` has lost pairs that are still in view
        self.knows = np.zeros((self.capacity, self.capacity), np.bool_)
        self.blocks = np.zeros((self.capacity, self.capacity), np.bool_)
        self.has_blocks = False
        self.viewpoints: dict[int, Viewpoints] = {}  # by row, of those who have any
        self._free = list(range(self.capacity - 1, -1, -1))
        self._leaving: deque[int] = deque()  # rows given up, but not free yet
        self._ids = _Ids()
        self._row_of_id: dict[int, int] = {}

    # --- rows -----------------------------------------------------------------------------------------------

    def add(self, body: Body, now: float) -> int:
        """Take a row and an id for a new entity; every other column of the row is zero. Returns the row.

        Raises OverflowError, and takes nothing, when every row is in use, or every id in use or resting.
        """
        if not self._free:
            self._grow()
        entity, generation = self._ids.take(now)
        row = self._free.pop()
        for name, _dtype, _shape in _COLUMNS:
            getattr(self, name)[row] = 0
        for name, _dtype, _shape in RECORD_COLUMNS:
            getattr(self, name)[:, row] = 0
        self.is_alive[row] = True
        self.body[row] = body
        self.shown_body[:, row] = body
        self.id[row], self.generation[row] = entity, generation
        self._row_of_id[entity] = row
        return row

    def remove(self, row: int, now: float) -> None:
        """Give up a row: observers that hold it are told at their next snapshot, and only then it is reused."""
        self.is_alive[row] = False
        entity = int(self.id[row])
        del self._row_of_id[entity]
        self._ids.rest(entity, now)
        self.viewpoints.pop(row, None)
        self.forget_held(np.array([row]))
        self.knows[row] = False
        if self.has_blocks:  # else this would only make the kernel find memory for zeros
            self.blocks[row] = False
            self.blocks[:, row] = False
        self._leaving.append(row)

    def recycle(self) -> None:
        """Make rows that nobody holds any more available again. Called once a tick, before new entities come."""
        for _ in range(len(self._leaving)):
            row = self._leaving.popleft()
            if self.given[:, row].any() or self.knows[:, row].any():
                self._leaving.append(row)
            else:
                self._free.append(row)

    def leaving(self) -> Rows:
        """List the rows given up that are not free yet."""
        return np.array(self._leaving, np.intp)

    def forget_held(self, observers: Rows) -> None:
        """Let observers hold nothing: their clients start over with the next snapshot."""
        self.has_forgotten |= bool(self.given[observers].any())
        self.given[observers] = False
        self.digest[observers] = 0

    def forget(self, observers: Rows, subjects: Rows) -> None:
        """Let observers hold single subjects no more, pair by pair."""
        self.has_forgotten |= len(observers) > 0
        self.given[observers, subjects] = False

    def poses(self) -> Columns:
        """Return the columns that make up a pose."""
        return cast("Columns", tuple(getattr(self, name) for name in _POSE))

    def shown(self, rate: int) -> Columns:
        """Return those columns as of the newest records of a rate class."""
        return cast("Columns", tuple(getattr(self, f"shown_{name}")[rate] for name in _POSE))

    def show(self, row: int) -> None:
        """Let the records of every rate class be as a row is now."""
        for name in _POSE:
            getattr(self, f"shown_{name}")[:, row] = getattr(self, name)[row]

    def row_of(self, entity: int) -> int | None:
        """Find the row of a living entity by its id."""
        return self._row_of_id.get(entity)

    def alive(self) -> Rows:
        """List the rows of living entities, ascending."""
        return np.flatnonzero(self.is_alive)

    def _grow(self) -> None:
        old = self.capacity
        if old == MAX_ROWS:
            raise OverflowError("every row of the room is in use")
        self.capacity = min(MAX_ROWS, old + max(_FIRST_CAPACITY, old // 4))  # not twice as much: there are matrices
        for name, _dtype, _shape in _COLUMNS:
            column = getattr(self, name)
            more = np.zeros((self.capacity - old, *column.shape[1:]), column.dtype)
            setattr(self, name, np.concatenate([column, more]))
        for name, _dtype, _shape in RECORD_COLUMNS:
            column = getattr(self, name)
            more = np.zeros((RATE_CLASSES, self.capacity - old, *column.shape[2:]), column.dtype)
            setattr(self, name, np.concatenate([column, more], axis=1))
        for name in ("given", "knows", "blocks"):
            small = getattr(self, name)
            matrix = np.zeros((self.capacity, self.capacity), small.dtype)
            if name != "blocks" or self.has_blocks:
                matrix[:old, :old] = small
            setattr(self, name, matrix)
        self._free = list(range(self.capacity - 1, old - 1, -1))


class _Ids:
    """Hands out entity ids with generations; an id rests before it is used again. Ten bytes for each id ever used."""

    def __init__(self) -> None:
        # by id; id 0 is nobody
        self._generations = array("H", [0])
        self._free_at = array("d", [0.0])
        self._resting: deque[int] = deque()  # in the order in which they become free

    def take(self, now: float) -> tuple[int, int]:
        """Return an (id, generation). Raises OverflowError when every id is in use or resting."""
        if self._resting and self._free_at[self._resting[0]] <= now:
            entity = self._resting.popleft()
        elif len(self._generations) <= MAX_ID:
            entity = len(self._generations)
            self._generations.append(0)
            self._free_at.append(0.0)
        else:
            raise OverflowError("every entity id of the room is in use or resting")
        self._generations[entity] = generation = (self._generations[entity] + 1) & 0xFFFF
        return entity, generation

    def rest(self, entity: int, now: float) -> None:
        """Put an id to rest until it may be used again."""
        self._free_at[entity] = now + ID_REST_S
        self._resting.append(entity)
