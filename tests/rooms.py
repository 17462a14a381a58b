"""A room driven from outside: visitors in memory that read what is written to them, and a clock to tick by.

Owns no rule of a room: a visitor knows what its client would know, and fails on bytes that no client could follow. What
visitors send goes in as a session would hand it on.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from benchmarks.replica import Replica
from benchmarks.snapshot_reader import Pose, Snapshot, payloads, read_snapshot
from presence import movement
from presence.identity import Identity
from presence.room import Room, RoomSettings
from presence.world import World
from protocol import schema
from protocol.codec import decode
from protocol.framing import Framing, frame
from protocol.records import DTYPES, PARTS, Section, Table
from protocol.schema import SPEC_OF, Lane, Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from presence.state import Report, WriteEach
    from protocol.codec import SharedEvent

Metres = tuple[float, float, float]
Sent = TypeVar("Sent")

HERE: Metres = (0, 0, 0)
EDGE_M = 1000  # from the middle of a test world to its sides; to its top, a tenth
TICK_S = 0.05


# --- places and people ------------------------------------------------------------------------------------------------


def world(*, spawns: Sequence[Metres] = (HERE,), **parts: Any) -> World:
    """Make a wide world, with other parts as a world file has them."""
    low, high = [-EDGE_M, -EDGE_M / 10, -EDGE_M], [EDGE_M, EDGE_M / 10, EDGE_M]
    document = {
        "name": "stage",
        "title": "Stage",
        "bounds": {"min": low, "max": high},
        "spawns": [{"position": list(place), "yaw": 0} for place in spawns],
    }
    return World.parse(json.dumps(document | parts))


def zone(name: str, low: Metres, high: Metres, **rules: Any) -> dict[str, Any]:
    """Describe a zone as a world file does."""
    return {"name": name, "min": list(low), "max": list(high), **rules}


def identity(user: str, roles: Iterable[str] = (), grants: Iterable[str] = (), teams: Iterable[str] = ()) -> Identity:
    """Make an identity whose token never expires."""
    return Identity(
        user=user,
        name=user.title(),
        agency="",
        country="",
        roles=frozenset(roles),
        grants=frozenset(grants),
        guest=False,
        token_id="",
        expires_at=float("inf"),
        teams=frozenset(teams),
    )


class Visitor:
    """A member of a room, and the client behind it: what it was told in the last tick, and what it knows by now."""

    def __init__(self, who: Identity, framing: Framing = Framing.TCP) -> None:
        self.identity = who
        self.framing = framing
        self.blocks: set[str] = set()
        self.budget_bytes_per_s = math.inf
        self.room: Room | None = None
        self.socket = -1
        self.is_lost = False  # its connection is broken
        self.listens = True  # reads what it is sent
        self.overruns = 0  # poses that came too fast
        self._is_writable = True
        self.row = -1
        self.seq = 0  # of the last pose sent
        self.entity = 0
        self.written: list[bytes | memoryview] = []  # in the last tick: as it was written, not copied
        self.heard: list[Any] = []  # in the last tick: messages of every lane in order
        self.people: dict[int, schema.Person] = {}  # by entity id
        self.things: dict[int, schema.Thing] = {}
        self.replica = Replica()
        self._events_queued: list[SharedEvent] = []
        self._events_sent = 0
        self._events_read = 0

    # --- as a room sees it --------------------------------------------------------------------------------------------

    @property
    def writer(self) -> Callable[[bytes | memoryview], None] | None:
        """Where its frames go."""
        return self._read if self._is_writable else None

    @property
    def is_writable(self) -> bool:
        """Whether its socket takes more."""
        return self._is_writable

    @is_writable.setter
    def is_writable(self, is_writable: bool) -> None:
        """Fill its socket, or let it drain."""
        self._is_writable = is_writable
        if self.room is not None:
            self.room.heed(self.row)

    def count_overrun(self, poses: int, _now: float) -> None:
        """Count what came too fast."""
        self.overruns += poses

    def send_event(self, event: SharedEvent) -> None:
        """Queue an event."""
        self._events_queued.append(event)

    def pending(self) -> bytes:
        """Take the queued events, framed and numbered."""
        first = self._events_sent + 1
        payloads_ = [event.numbered(number) for number, event in enumerate(self._events_queued, first)]
        self._events_sent += len(payloads_)
        self._events_queued.clear()
        return b"".join(frame(self.framing, payload) for payload in payloads_)

    # --- as its client sees it ----------------------------------------------------------------------------------------

    @property
    def user(self) -> str:
        """User id."""
        return self.identity.user

    @property
    def held(self) -> dict[int, Pose]:
        """What it sees: poses by entity id."""
        return {entity: held.pose for entity, held in self.replica.held.items()}

    @property
    def roster(self) -> dict[str, schema.Person]:
        """Whom it knows of, by user id."""
        return {person.user: person for person in self.people.values()}

    def all(self, cls: type[Sent]) -> list[Sent]:
        """List what it heard of one kind in the last tick."""
        return [message for message in self.heard if isinstance(message, cls)]

    def only(self, cls: type[Sent]) -> Sent:
        """Return the one message of a kind that it heard in the last tick."""
        (message,) = self.all(cls)
        return message

    def begin(self) -> None:
        """Forget what was heard; what is known stays."""
        self.written, self.heard = [], []

    def _read(self, data: bytes | memoryview) -> None:
        if not self.listens:
            return
        self.written.append(data)
        for payload in payloads(bytes(data), self.framing):
            message = decode(payload, Sender.SERVER)
            if isinstance(message, schema.Snapshot):
                message = read_snapshot(message.data)
                assert self.replica.apply(message) == []
            elif SPEC_OF[type(message)].lane is Lane.EVENTS:
                self._events_read += 1
                assert message.seq == self._events_read
                self._learn(message)
            self.heard.append(message)

    def _learn(self, event: Any) -> None:
        match event:
            case schema.Joined():
                self.entity = event.entity
                self.people.clear()
                self.things.clear()
            case schema.Roster():
                self.people |= {person.entity: person for person in event.people}
            case schema.Objects():
                self.things |= {thing.entity: thing for thing in event.things}
            case schema.Gone():
                for entity in event.entities:
                    assert self.people.pop(entity, None) or self.things.pop(entity, None), "gone, but never known"
            case schema.Said() | schema.Gestured():
                assert event.entity in self.people, "heard, but never introduced"


# --- the room, its clock, and what visitors do ------------------------------------------------------------------------


class Stage:
    """A room, a clock, and the visitors inside."""

    def __init__(
        self,
        place: World | None = None,
        settings: RoomSettings | None = None,
        write_each: WriteEach | None = None,
    ) -> None:
        self.now = 0.0
        self.room = Room("stage", place or world(), settings or RoomSettings(), self.now, write_each)
        self.visitors: list[Visitor] = []
        self._ref = 0

    def enter(
        self,
        user: str,
        at: Metres | None = None,
        *,
        roles: Iterable[str] = (),
        grants: Iterable[str] = (),
        teams: Iterable[str] = (),
        framing: Framing = Framing.TCP,
    ) -> Visitor:
        """Let somebody in, at a spawn point or put elsewhere at once. Raises Refused."""
        visitor = Visitor(identity(user, roles, grants, teams), framing)
        self.admit(visitor)
        if at is not None:
            self.put(visitor, at)
        return visitor

    def admit(self, visitor: Visitor) -> None:
        """Let a visitor in. Raises Refused."""
        visitor.row = self.room.join(visitor, 0, self.now)
        visitor.room = self.room
        self.visitors.append(visitor)

    def exit(self, visitor: Visitor) -> None:
        """Take a visitor out."""
        visitor.room = None
        self.room.leave(visitor.row, self.now)
        self.visitors.remove(visitor)

    def put(self, visitor: Visitor, at: Metres) -> None:
        """Set a visitor down somewhere without asking, before the others are told of anything else."""
        x, y, z = (round(metres * 1000) for metres in at)
        movement.place(self.room.state.entities, self.room.world, visitor.row, (x, y, z), self.now)
        self.room.state.moved.add(visitor.row)
        self.room.state.changed_permissions.add(visitor.row)

    def walk(self, visitor: Visitor, at: Metres, *, seq: int | None = None, **fields: int) -> None:
        """Send a pose of a desktop avatar; `fields` are more of its input record, as integers."""
        self._pose(visitor, Section.ROOT_INPUT, at, seq, fields)

    def reach(self, visitor: Visitor, at: Metres, *, seq: int | None = None, **fields: int) -> None:
        """Send a pose of a tracked avatar; `head_x` and the like name its parts' fields."""
        self._pose(visitor, Section.TRACKED_INPUT, at, seq, fields)

    def send(self, visitor: Visitor, cls: type[Any], *fields: Any) -> int:
        """Send a command, with a `ref` of its own where it has one, which is returned."""
        self._ref += 1
        has_ref = SPEC_OF[cls].fields[:1] and SPEC_OF[cls].fields[0].name == "ref"
        self.room.receive(visitor.row, cls(self._ref, *fields) if has_ref else cls(*fields))
        return self._ref

    def lose(self, visitor: Visitor) -> None:
        """Break a visitor's connection; its seat is held."""
        visitor.is_writable, visitor.is_lost = False, True
        self.room.set_away(visitor.row)

    def resume(self, visitor: Visitor) -> None:
        """Connect a lost visitor again; its client starts over with what it sees, not with what it knows."""
        visitor.is_writable, visitor.is_lost = True, False
        self.room.resume(visitor.row)

    def block(self, one: Visitor, other: Visitor, is_blocked: bool = True) -> None:  # noqa: FBT002
        """Let one block or unblock the other."""
        (one.blocks.add if is_blocked else one.blocks.discard)(other.user)
        self.room.refresh(one.row)

    def tick(self, count: int = 1) -> Report:
        """Let time pass and run ticks; return the last one's report."""
        for _ in range(count):
            self.now += TICK_S
            for visitor in self.visitors:
                visitor.begin()
            report = self.room.tick(self.now)
        return report

    def _pose(self, visitor: Visitor, kind: Section, at: Metres, seq: int | None, fields: dict[str, int]) -> None:
        visitor.seq = visitor.seq + 1 if seq is None else seq
        record = input_record(kind, visitor.seq, at, **fields)
        self.room.inbox.add_pose(kind, visitor.row, record.tobytes(), self.now)


def input_record(kind: Section, seq: int, at: Metres, **fields: int) -> Table:
    """Make a table of one input record; `head_x` names a field of a part."""
    table = np.zeros(1, DTYPES[kind])
    table["seq"] = seq
    table["x"], table["y"], table["z"] = (round(metres * 1000) for metres in at)
    for name, value in fields.items():
        part, _, field = name.partition("_")
        (table[part] if part in PARTS else table)[field if part in PARTS else name] = value
    return table


def last_snapshot(visitor: Visitor) -> Snapshot:
    """Return the snapshot of the last tick, which must have brought one."""
    return visitor.only(Snapshot)
