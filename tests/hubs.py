"""A hub driven from outside: connections in memory, a clock to advance, and tokens to sign in with.

A `Line` is a connection as the edge would hand it over; what is written to it is read as a client reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

from presence.hub import Hub, HubSettings, Journal
from presence.identity import Verifier, mint
from presence.inbox import Inbox
from presence.keys import new_key_pair
from presence.room import RoomSettings
from presence.session import Connection, Session
from presence.state import Audit
from presence.world import World
from protocol.codec import decode, encode
from protocol.errors import Close, ProtocolError
from protocol.framing import Framing, TcpReader
from protocol.records import Section
from protocol.schema import (
    MAJOR,
    MINOR,
    SPEC_OF,
    Error,
    Hello,
    Join,
    Joined,
    Lane,
    Person,
    Roster,
    Sender,
    Welcome,
)
from tests.rooms import identity, input_record, world

__all__ = ["Desk", "Line", "a_hello"]

PAIR = new_key_pair()
AUDIENCE = "presence"
UNIX_AHEAD_S = 1_700_000_000.0
TICK_S = 0.05

Message = TypeVar("Message")


def a_hello(**fields: Any) -> Hello:
    """Make a hello, a guest's unless told otherwise."""
    usual: dict[str, Any] = {
        "major": MAJOR,
        "minor": MINOR,
        "schema": "",
        "agent": "test",
        "token": "",
        "name": "Guest",
        "resume": "",
        "last_event": 0,
    }
    return Hello(**usual | fields)


class Line:
    """A connection in memory, over raw TCP."""

    framing = Framing.TCP

    def __init__(self, desk: Desk, address: str = "192.0.2.1") -> None:
        self.session: Session | None = None
        self.inbox: Inbox | None = None
        self.socket = -1
        self.address = address
        self.is_writable = True
        self.closed: tuple[Close, str] | None = None
        self.heard: list[Any] = []
        self.events: list[int] = []
        self.writes = 0
        self._desk = desk
        self._reader = TcpReader(2**20)

    # --- as the hub sees it -------------------------------------------------------------------------------------------

    def write(self, data: bytes | memoryview) -> None:
        """Hear what is said."""
        assert self.closed is None, "written to after closing"
        self.writes += 1
        for payload in self._reader.feed(bytes(data)):
            message = decode(payload, Sender.SERVER)
            self.heard.append(message)
            if SPEC_OF[type(message)].lane is Lane.EVENTS:
                self.events.append(message.seq)

    def route_poses(self, inbox: Inbox | None, row: int) -> None:
        """Remember where poses go."""
        self.inbox, self._row = inbox, row

    def close(self, code: Close, reason: str) -> None:
        """Remember how it ended."""
        if self.closed is None:
            self.closed = (code, reason)

    # --- as its client does -------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether the hub has not closed it."""
        return self.closed is None

    @property
    def code(self) -> Close | None:
        """The close code, None while it is open."""
        return self.closed[0] if self.closed else None

    def send(self, message: Any) -> None:
        """Send a message, and have a fault closed as the edge does."""
        self.send_payload(encode(message))

    def send_payload(self, payload: bytes) -> None:
        """Send any bytes as one payload."""
        try:
            self._desk.hub.receive(self, payload, self._desk.now)
        except ProtocolError as error:
            self._desk.hub.fail(self, error, self._desk.now)

    def pose(self, seq: int, x_m: float = 0.0, z_m: float = 0.0, **fields: int) -> None:
        """Send a pose by the short cut that poses in their usual form take."""
        assert self.inbox is not None
        record = input_record(Section.ROOT_INPUT, seq, (x_m, 0, z_m), **fields)
        self.inbox.add_pose(Section.ROOT_INPUT, self._row, record.tobytes(), self._desk.now)

    def lose(self) -> None:
        """Lose the socket."""
        self._desk.hub.lost(self, self._desk.now)

    def stall(self) -> None:
        """Take no more bytes."""
        self.is_writable = False
        if self.session is not None:
            self.session.stall(self._desk.now)

    def flow(self) -> None:
        """Take bytes again."""
        self.is_writable = True
        if self.session is not None:
            self.session.flow()

    def hello(self, **fields: Any) -> Welcome:
        """Open a session."""
        self.send(a_hello(**fields))
        return self.last(Welcome)

    def join(self, room: str = "lobby", world: str = "", ref: int = 1) -> Joined:
        """Enter a room."""
        self.send(Join(ref, room, world))
        self._desk.tick()
        return self.last(Joined)

    def all(self, cls: type[Message]) -> list[Message]:
        """List the messages of a class."""
        return [message for message in self.heard if isinstance(message, cls)]

    def last(self, cls: type[Message]) -> Message:
        """Return the newest message of a class."""
        found = self.all(cls)
        assert found, f"no {cls.__name__} among {self.heard}, closed: {self.closed}"
        return found[-1]

    def forget(self) -> None:
        """Forget what was heard."""
        self.heard.clear()
        self.events.clear()

    @property
    def people(self) -> dict[str, Person]:
        """The newest roster entry of each user heard of."""
        return {person.user: person for roster in self.all(Roster) for person in roster.people}


class Notebook(Journal):
    """Remembers what the hub wrote down."""

    def __init__(self) -> None:
        self.opened_: list[tuple[str, bool]] = []
        self.closed_: list[Close] = []
        self.turned_away_: list[str] = []
        self.audits: list[Audit] = []

    def opened(self, session: Session, *, is_resumed: bool) -> None:
        """Remember a welcome."""
        self.opened_.append((session.identity.user, is_resumed))

    def closed(self, connection: Connection, code: Close, reason: str) -> None:
        """Remember a close."""
        del connection, reason
        self.closed_.append(code)

    def turned_away(self, session: Session) -> None:
        """Remember a loss."""
        self.turned_away_.append(session.identity.user)

    def audited(self, audit: Audit) -> None:
        """Remember an act of authority."""
        self.audits.append(audit)


class Desk:
    """A hub and everything it is given. `settings` replaces single ones; its worlds are `stage` and `annex`."""

    def __init__(
        self, worlds: Mapping[str, World] | None = None, *, allow_guests: bool = True, **settings: Any
    ) -> None:
        self.now = 1000.0
        self.revoked: set[str] = set()
        self.notebook = Notebook()
        usual: dict[str, Any] = {
            "handshake_timeout_s": 5.0,
            "heartbeat_s": 5.0,
            "resume_window_s": 60.0,
            "max_sessions": 100,
            "max_per_address": 32,
            "max_half_open": 8,
            "max_frame_bytes": 16384,
            "rate_limits": True,
            "default_world": "stage",
            "rooms": {"lobby": "stage"},
            "room_rings": {},
            "room": RoomSettings(capacity=10),
        }
        verifier = Verifier(
            {PAIR.kid: PAIR.private_key.public_key()},
            audience=AUDIENCE,
            rng=Random(1),
            revoked=self.revoked,
            allow_guests=allow_guests,
        )
        self.hub = Hub(
            HubSettings(**usual | settings),
            worlds or {"stage": world(), "annex": world()},
            verifier,
            Random(2),
            lambda: self.now,
            journal=self.notebook,
            is_exempt=lambda address: address == "127.0.0.1",
        )
        self.advance(0.0)

    @property
    def unix_now(self) -> float:
        """The calendar's clock."""
        return self.now + UNIX_AHEAD_S

    def token(self, user: str = "u-ada", *, lifetime_s: float = 3600.0, **claims: Any) -> str:
        """Sign a token; `claims` replaces fields of the identity in it."""
        who = replace(identity(user), token_id=f"id-of-{user}", expires_at=self.unix_now + lifetime_s, **claims)
        return mint(who, PAIR.private_key, PAIR.kid, audience=AUDIENCE, issued_at=self.unix_now)

    def line(self, address: str = "192.0.2.1") -> Line:
        """Connect."""
        line = Line(self, address)
        self.hub.admit(line, self.now)
        return line

    def guest(self, name: str = "Guest", **hello: Any) -> Line:
        """Connect and open a guest's session."""
        line = self.line()
        line.hello(name=name, **hello)
        return line

    def member(self, user: str = "u-ada", **claims: Any) -> Line:
        """Connect and open a session with a token."""
        line = self.line()
        line.hello(token=self.token(user, **claims))
        return line

    def tick(self, count: int = 1) -> None:
        """Let every occupied room do its ticks."""
        for _ in range(count):
            self.now += TICK_S
            for room in self.hub.occupied_rooms():
                self.hub.settle(room, room.tick(self.now), self.now)

    def advance(self, seconds: float) -> None:
        """Let time pass, and deadlines with it."""
        self.now += seconds
        self.hub.advance(self.now, self.unix_now)


def errors(line: Line) -> list[tuple[int, int]]:
    """List the refusals a line heard: ref and code."""
    return [(error.ref, error.code) for error in line.all(Error)]
