"""Who is connected and which rooms there are: welcomes, resumes, replaces and ends sessions, and makes and frees rooms.

Owns the half-open pool, the sessions by user and by resume token, the rooms by name, and every deadline. Pure: the edge
hands it connections, payloads and the time, calls `advance` about once a second, runs each room's tick and passes the
report to `settle`. All closing of connections goes through here: `fail` for a peer's fault, `end` for good, `lost` when
a socket is gone.

Invariants: a user has one session at most; a connection is half-open, or attached to one session, or closed; a resume
token works once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from presence.identity import Identity, Verifier
from presence.limits import AddressLimits, Pool, RateLimits
from presence.rings import Ring
from presence.room import Room, RoomSettings
from presence.session import Connection, Session
from presence.state import Audit, Report, WriteEach
from presence.traffic import Traffic
from presence.world import World
from protocol.codec import encode
from protocol.errors import Close, ProtocolError, Refusal, Refused
from protocol.framing import frame
from protocol.handshake import read_hello, spoken_minor
from protocol.schema import MAJOR, SCHEMA_HASH, Goaway, Hello, Person, Welcome

MISSED_HEARTBEATS = 3
STALL_TIMEOUT_S = 10.0  # a pause of a mobile network is shorter; twice the time a browser tab needs to wake up
EMPTY_ROOM_S = 60.0  # people who leave together and come back find their room as it was
MAX_ROOMS = 256  # an empty room costs 3 MB of columns; more rooms than this belong on more servers


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """What the hub decides with; see `presence.config` for the meaning and the defaults."""

    handshake_timeout_s: float
    heartbeat_s: float
    resume_window_s: float
    max_sessions: int
    max_per_address: int
    max_half_open: int
    max_frame_bytes: int
    rate_limits: bool
    default_world: str
    rooms: Mapping[str, str]  # rooms that exist from the start, and their worlds
    room_rings: Mapping[str, tuple[Ring, ...]]  # of single rooms, whatever their worlds say
    room: RoomSettings


class Journal:
    """Where the hub writes down what operators want to know; this one keeps nothing."""

    def opened(self, session: Session, *, is_resumed: bool) -> None:
        """Note a welcome."""

    def closed(self, connection: Connection, code: Close, reason: str) -> None:
        """Note that a connection was closed by the server; its session, if it has one, is still attached."""

    def turned_away(self, session: Session) -> None:
        """Note that a session has lost its connection."""

    def audited(self, audit: Audit) -> None:
        """Note an act of authority."""


class Hub:
    """All sessions and rooms of one server process.

    rng makes session ids and resume tokens, so in production it must be the system's. clock is the server clock in
    seconds, the one `now` is read from. is_exempt tells for which addresses connections are not counted. write_each
    writes to many sockets at once; without it, every connection writes its own frames.
    """

    def __init__(
        self,
        settings: HubSettings,
        worlds: Mapping[str, World],
        verifier: Verifier,
        rng: Random,
        clock: Callable[[], float],
        *,
        journal: Journal | None = None,
        is_exempt: Callable[[str], bool] = lambda _: False,
        write_each: WriteEach | None = None,
    ) -> None:
        self.clock = clock
        self.traffic = Traffic()
        self.connections: set[Connection] = set()  # every admitted one whose socket is not gone yet
        self.half_open: Pool[Connection] = Pool(settings.max_half_open)
        self.sessions: dict[str, Session] = {}  # by user
        self.rooms: dict[str, Room] = {}
        self.is_stopping = False
        self.is_overloaded = False  # as whoever runs the ticks finds: nobody joins a room
        self._settings = settings
        self.worlds = worlds
        self._verifier = verifier
        self._rng = rng
        self._write_each = write_each
        self._journal = journal or Journal()
        self._addresses = AddressLimits(settings.max_per_address, is_exempt)
        self._resumable: dict[str, Session] = {}  # by resume token
        self._overflown: list[Session] = []
        self._waiting: dict[str, list[tuple[Session, Callable[[float], None]]]] = {}  # by room
        self._empty_since: dict[str, float] = {}
        self._unix_ahead = 0.0
        for name, world in settings.rooms.items():
            self._make_room(name, worlds[world], clock())

    # --- connections --------------------------------------------------------------------------------------------------

    def admit(self, connection: Connection, now: float) -> bool:
        """Take in a new connection, which then has its time to say `hello`. False when it was closed instead."""
        try:
            self._addresses.enter(connection.address)
        except ProtocolError as error:
            self._close(connection, error.code, error.reason)
            return False
        self.connections.add(connection)
        oldest = self.half_open.add(connection, now)
        if oldest is not None:
            self._close(oldest, Close.HANDSHAKE_TIMEOUT, "made room for newer connections: send hello at once")
        if self.is_stopping:
            self.fail(connection, ProtocolError(Close.GOAWAY, "the server is stopping"), now)
        return True

    def receive(self, connection: Connection, payload: bytes, now: float) -> None:
        """Take a payload from an admitted connection. Raises ProtocolError, to be handed to `fail`."""
        if connection.session is not None:
            connection.session.receive(payload, now)
        else:
            self._greet(connection, payload, now)

    def fail(self, connection: Connection, error: ProtocolError, now: float) -> None:
        """Close a connection because of what its peer did; its session ends with it."""
        session = connection.session
        if session is None:
            self.half_open.discard(connection)
            self._close(connection, error.code, error.reason)
        else:
            self.end(session, error.code, error.reason, now)

    def left(self, connection: Connection, now: float) -> None:
        """Note that the peer of a connection is gone, although its socket may be there; its session turns away."""
        self.half_open.discard(connection)
        if connection.session is not None:
            self._journal.turned_away(connection.session)
            connection.session.detach(now)

    def lost(self, connection: Connection, now: float) -> None:
        """Forget an admitted connection whose socket is gone, closed by us or not."""
        self.left(connection, now)
        self.connections.discard(connection)
        self._addresses.leave(connection.address)

    # --- handshake ----------------------------------------------------------------------------------------------------

    def _greet(self, connection: Connection, payload: bytes, now: float) -> None:
        hello = read_hello(payload)
        identity = self.identify(hello.token, hello.name, now)
        session = self._take_over(hello, identity, now)
        is_resumed = session is not None
        if session is None:
            session = self._open(identity, now)
        self.half_open.discard(connection)
        connection.session = session
        self._renew_resume_token(session)
        connection.write(frame(connection.framing, encode(self._welcome(session, hello, is_resumed))))
        session.attach(connection, hello.last_event if is_resumed else 0, now)
        session.flush()
        self._journal.opened(session, is_resumed=is_resumed)

    def _take_over(self, hello: Hello, identity: Identity, now: float) -> Session | None:
        """Find the session that `hello` may resume and loosen it from its old connection; None when there is none."""
        session = self._resumable.get(hello.resume)
        if session is None or not _is_same_person(session.identity, identity):
            return None
        if not session.outbox.can_replay(hello.last_event):
            return None
        if not identity.guest:
            session.assume(identity)
        self._hold(session, Close.REPLACED, "this session goes on over another connection", now)
        return session

    def _open(self, identity: Identity, now: float) -> Session:
        older = self.sessions.get(identity.user)
        if older is not None:
            self.end(older, Close.REPLACED, "you opened a newer session elsewhere", now)
        elif len(self.sessions) >= self._settings.max_sessions:
            raise ProtocolError(Close.SERVER_FULL, f"this server has its {self._settings.max_sessions} sessions")
        limits = RateLimits(are_enforced=self._settings.rate_limits)
        session = Session(f"{self._rng.getrandbits(64):016x}", identity, self, limits, now)
        self.sessions[identity.user] = session
        return session

    def _welcome(self, session: Session, hello: Hello, is_resumed: bool) -> Welcome:
        who = session.identity
        return Welcome(
            major=MAJOR,
            minor=spoken_minor(hello),
            schema=SCHEMA_HASH,
            session=session.id,
            resume=session.resume_token,
            resumed=is_resumed,
            user=who.user,
            name=who.name,
            agency=who.agency,
            country=who.country,
            guest=who.guest,
            roles=sorted(who.roles),
            heartbeat_ms=_milliseconds(self._settings.heartbeat_s),
            resume_window_ms=_milliseconds(self._settings.resume_window_s),
            max_frame_bytes=self._settings.max_frame_bytes,
            time=int(self.clock() * 1e6),
        )

    def _renew_resume_token(self, session: Session) -> None:
        self._resumable.pop(session.resume_token, None)
        session.resume_token = f"{self._rng.getrandbits(192):048x}"
        self._resumable[session.resume_token] = session

    # --- what sessions ask --------------------------------------------------------------------------------------------

    def identify(self, token: str, guest_name: str, now: float) -> Identity:
        """Verify a token, or let in a guest. Raises ProtocolError with one of the TOKEN_ codes."""
        return self._verifier.verify(token, guest_name, now + self._unix_ahead)

    def room_for(self, name: str, world: str, now: float) -> Room:
        """Find a room to join, or make it from `world` (the default one if empty).

        Refuses unknown or different worlds, and everybody while there is too much to do: who has a seat keeps it.
        """
        if self.is_overloaded:
            raise Refused(Refusal.OVERLOADED, "this server has as much to do as it can: try again in some seconds")
        room = self.rooms.get(name)
        if room is not None:
            if world and world != room.world.name:
                raise Refused(Refusal.UNKNOWN_WORLD, f"{name} is a room of {room.world.name}, not of {world}")
            return room
        source = self.worlds.get(world or self._settings.default_world)
        if source is None:
            raise Refused(
                Refusal.UNKNOWN_WORLD, f"there is no world {world}; there is {', '.join(sorted(self.worlds))}"
            )
        if len(self.rooms) >= MAX_ROOMS:
            raise Refused(Refusal.HUB_FULL, f"this server has its {MAX_ROOMS} rooms: join one of them")
        return self._make_room(name, source, now)

    def _make_room(self, name: str, world: World, now: float) -> Room:
        settings = replace(self._settings.room, own_rings=self._settings.room_rings.get(name, ()))
        self.rooms[name] = room = Room(name, world, settings, now, self._write_each)
        return room

    def after_tick(self, session: Session, act: Callable[[float], None]) -> None:
        """Do something once the session's room has carried out what it was sent before."""
        assert session.room is not None
        self._waiting.setdefault(session.room.name, []).append((session, act))

    def overflow(self, session: Session) -> None:
        """Note that the session's events lane is full; `settle` or `advance` closes it."""
        if session not in self._overflown:
            self._overflown.append(session)

    def end(self, session: Session, code: Close, reason: str, now: float) -> None:
        """Close a session for good: its connection, its seat and its resume token."""
        session.leave_room(now)
        self._hold(session, code, reason, now)
        del self.sessions[session.identity.user]
        self._resumable.pop(session.resume_token, None)

    # --- time passes --------------------------------------------------------------------------------------------------

    def settle(self, room: Room, report: Report, now: float) -> None:
        """Act on what a room's tick found: close whom it faults, let go who waited, write down what moderators did."""
        for member, error in report.faults:
            assert isinstance(member, Session)
            if self.sessions.get(member.identity.user) is member:
                self.end(member, error.code, error.reason, now)
        for session, act in self._waiting.pop(room.name, ()):
            if session.room is room:
                act(now)
        for audit in report.audits:
            self._journal.audited(audit)
        self._close_overflown(now)

    def advance(self, now: float, unix_now: float) -> None:
        """Enforce every deadline that has passed. Cost: about 0.3 µs for each session."""
        self._unix_ahead = unix_now - now
        for connection in self.half_open.expired(now - self._settings.handshake_timeout_s):
            self.half_open.discard(connection)
            self._close(connection, Close.HANDSHAKE_TIMEOUT, "no hello came in time")
        self._close_overflown(now)
        silent_since = now - MISSED_HEARTBEATS * self._settings.heartbeat_s
        for session in list(self.sessions.values()):
            if session.identity.expires_at <= unix_now:
                self.end(session, Close.TOKEN_EXPIRED, "your token has expired: sign in again for a new one", now)
            elif session.away_since is not None:
                if session.away_since <= now - self._settings.resume_window_s:
                    self.end(session, Close.LEFT, "the seat was held long enough", now)
            elif session.is_silent_since(silent_since):
                self._hold(session, Close.HEARTBEAT_TIMEOUT, f"{MISSED_HEARTBEATS} heartbeats missed", now)
            elif session.stalled_since is not None and session.stalled_since < now - STALL_TIMEOUT_S:
                self._hold(session, Close.SLOW, f"nothing was read for {STALL_TIMEOUT_S:.0f} s", now)
        self._free_rooms(now)

    def sweep_revoked(self, now: float) -> None:
        """End the sessions whose token is on the revocation list; for when the list has changed."""
        for session in list(self.sessions.values()):
            if self._verifier.is_revoked(session.identity):
                self.end(session, Close.TOKEN_REVOKED, "your token was withdrawn", now)

    def stop(self, reason: str, reconnect_after_ms: int, now: float) -> None:
        """Send everybody away in good order, with a hint when to come back; nobody is let in any more."""
        self.is_stopping = True
        for connection in self.half_open:
            self.half_open.discard(connection)
            self._close(connection, Close.GOAWAY, reason)
        for session in list(self.sessions.values()):
            session.flush()
            session.send(Goaway(reason, reconnect_after_ms))
            self._hold(session, Close.GOAWAY, reason, now)

    def occupied_rooms(self) -> list[Room]:
        """List the rooms that have members, held seats included: the others need no tick."""
        return [room for room in self.rooms.values() if len(room)]

    # --- what may be told ---------------------------------------------------------------------------------------------

    def as_of_now(self, viewer: Identity) -> Identity:
        """Take back what a person has lost since: who is here and has renewed to fewer grants keeps to those."""
        session = self.sessions.get(viewer.user)
        return viewer if session is None else replace(viewer, grants=viewer.grants & session.identity.grants)

    def visible_people(self, viewer: Identity) -> Iterator[tuple[Room, list[Person]]]:
        """Yield each room with the people in it that `viewer` may see, by clearance and by blocks of either side."""
        session = self.sessions.get(viewer.user)
        blocked = session.blocks if session is not None else frozenset()
        viewer = self.as_of_now(viewer)
        for room in self.rooms.values():
            yield room, room.people_for(viewer, blocked)

    # --- closing ------------------------------------------------------------------------------------------------------

    def _hold(self, session: Session, code: Close, reason: str, now: float) -> None:
        """Close a session's connection, if it has one; a seat it still has is held."""
        connection = session.connection
        if connection is not None:
            self._close(connection, code, reason)
            session.detach(now)

    def _close(self, connection: Connection, code: Close, reason: str) -> None:
        self._journal.closed(connection, code, reason)
        connection.close(code, reason)

    def _close_overflown(self, now: float) -> None:
        overflown, self._overflown = self._overflown, []
        for session in overflown:
            if self.sessions.get(session.identity.user) is session:
                self.end(session, Close.SLOW, "too many events not acknowledged: send ack, and read faster", now)

    def _free_rooms(self, now: float) -> None:
        for name, room in list(self.rooms.items()):
            if len(room) or name in self._settings.rooms:
                self._empty_since.pop(name, None)
            elif self._empty_since.setdefault(name, now) <= now - EMPTY_ROOM_S:
                del self.rooms[name], self._empty_since[name]


def _is_same_person(held: Identity, presented: Identity) -> bool:
    """Tell whether who presents a resume token may have the session: its user, or a guest for a guest's."""
    return presented.guest if held.guest else presented.user == held.user


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
