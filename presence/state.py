"""What a room is between two ticks: its entities, the seats and things behind them, and how to tell members something.

The rule modules (movement, speech, objects, moderation, roster) work on this; `room` owns it and runs the
tick. A *member* is what a room needs of a session: an identity, blocks, an events lane and a way to write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from presence import permission
from presence.entities import Body, Entities
from presence.pins import Teams
from protocol.codec import share
from protocol.errors import Refusal, Refused
from protocol.schema import Done, Error, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from presence.entities import Rows
    from presence.identity import Identity
    from presence.world import World
    from protocol.codec import SharedEvent
    from protocol.errors import ProtocolError
    from protocol.framing import Framing

Writer = Callable[[bytes | memoryview], None]
# Writes arena[starts[k]:ends[k]] to sockets[k], each as far as it takes it at once; returns how many bytes that was.
WriteEach = Callable[[NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]


class Member(Protocol):
    """A session, as a room sees it."""

    identity: Identity
    blocks: set[str]  # user ids it does not want to see
    budget_bytes_per_s: float  # of snapshots, as its client asked; infinity while it has not
    socket: int  # the plain socket that its frames may be written to while there is a `writer`; -1: only by that

    @property
    def framing(self) -> Framing:
        """How its frames are framed now."""

    @property
    def writer(self) -> Writer | None:
        """Write framed bytes to its socket; None while that has not taken everything, and while there is none."""

    def count_overrun(self, poses: int, now: float) -> None:
        """Take note of poses that came too fast and were dropped. Raises ProtocolError where that is too much."""

    def send_event(self, event: SharedEvent) -> None:
        """Put an event on its events lane; it is written with the next `pending`."""

    def pending(self) -> bytes:
        """Take the framed events not yet written."""


@dataclass(slots=True)
class Seat:
    """A member's place in the room."""

    member: Member
    status: int = Status.AVAILABLE
    is_away: bool = False
    is_muted: bool = False
    is_pinned: bool = False  # for everybody, by a moderator's word
    jump_ready_at: float = 0.0


@dataclass(slots=True)
class Thing:
    """An object: what it is, who holds it, and how often that changed."""

    prop: str
    spawner: Member | None
    version: int = 1
    holder: int | None = None  # row


@dataclass(frozen=True, slots=True)
class Audit:
    """One act of authority, for the audit log."""

    actor: str
    action: str
    target: str
    room: str
    reason: str


@dataclass(slots=True)
class Report:
    """What one tick did: figures for metrics, and what the hub must act on."""

    tick: int = 0
    poses: int = 0
    corrections: int = 0
    stalled: int = 0
    snapshots: int = 0
    updates: int = 0
    enters: int = 0
    leaves: int = 0
    snapshot_bytes: int = 0
    event_bytes: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    faults: list[tuple[Member, ProtocolError]] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)


class State:
    """A room's entities and the people and things they stand for."""

    def __init__(
        self, name: str, world: World, now: float, pinned_roles: frozenset[str], viewpoint_roles: frozenset[str]
    ) -> None:
        self.name = name
        self.pinned_roles = pinned_roles
        self.viewpoint_roles = viewpoint_roles
        self.teams = Teams()
        self.world = world
        self.entities = Entities()
        self.seats: dict[int, Seat] = {}
        self.writers: dict[int, Writer] = {}  # of those that can be written to
        self.things: dict[int, Thing] = {}
        self.is_locked = False
        self.started_at = now
        self.report = Report()
        # rows whose roster entry, or whose permission, changed since the last tick
        self.changed_entries: set[int] = set()
        self.changed_permissions: set[int] = set()
        # things moved, spawned or dropped since the last tick
        self.moved: set[int] = set()
        self.with_events: set[int] = set()
        # (row, subject, event) of rows that do not know the subject yet, until the roster has told them
        self.early: list[tuple[int, int, SharedEvent]] = []

    def time_ms(self, now: float) -> int:
        """Room time: milliseconds since the room was made."""
        return int((now - self.started_at) * 1000) & 0xFFFFFFFF

    def seat_rows(self) -> Rows:
        """List the rows of all avatars, ascending."""
        return np.flatnonzero(self.entities.is_alive & (self.entities.body != Body.THING))

    # --- telling --------------------------------------------------------------------------------------------

    def tell(self, rows: Iterable[int], message: Any) -> None:
        """Put one events-lane message on the lanes of several rows, encoded once."""
        event = share(message)
        for row in rows:
            self.send(row, event)

    def tell_of(self, subject: int, rows: Iterable[int], message: Any) -> None:
        """Tell several rows what a person does; who does not know the person yet is told after the roster."""
        event = share(message)
        for row in rows:
            if self.entities.knows[row, subject]:
                self.send(row, event)
            else:
                self.early.append((row, subject, event))

    def send(self, row: int, event: SharedEvent) -> None:
        """Put an encoded event on one row's lane."""
        self.seats[row].member.send_event(event)
        self.with_events.add(row)

    def done(self, row: int, ref: int, entity: int = 0, version: int = 0) -> None:
        """Answer a command that was carried out."""
        self.tell([row], Done(0, ref, entity, version))

    def refuse(self, row: int, ref: int, refused: Refused) -> None:
        """Answer a command that was not carried out."""
        self.report.refusals.append(refused.code)
        self.tell([row], Error(0, ref, refused.code, refused.reason))

    # --- finding --------------------------------------------------------------------------------------------

    def who_may_see(self, subject: int) -> list[int]:
        """List the avatars that may see a row, itself included."""
        viewers = self.seat_rows()
        return [int(row) for row in viewers[permission.may_see(self.entities, viewers, np.array([subject]))]]

    def visible_person(self, viewer: int, entity: int) -> int:
        """Find the row of a person by entity id. Refuses as unknown whom the viewer may not see."""
        row = self.visible_row(viewer, entity)
        if row not in self.seats:
            raise unknown(entity)
        return row

    def visible_row(self, viewer: int, entity: int) -> int:
        """Find the row of an entity id. Refuses as unknown what the viewer may not see."""
        row = self.entities.row_of(entity)
        if row is None or not permission.may_see(self.entities, np.array([viewer]), np.array([row]))[0]:
            raise unknown(entity)
        return row

    def distance_mm(self, row: int, position_mm: tuple[int, int, int]) -> float:
        """Distance from a row's root to a point, mm."""
        apart = self.entities.position[row].astype(np.float64) - position_mm
        return float(np.sqrt((apart**2).sum()))


def unknown(entity: int) -> Refused:
    """Make the refusal for an entity that is not there, or not for this viewer: the two look the same."""
    return Refused(Refusal.UNKNOWN_ENTITY, f"there is no entity {entity} here; the roster lists who is")
