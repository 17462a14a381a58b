"""One connected person: decides what each of their messages may do, and carries on over lost connections.

Owns the state machine, the rate limits, the events lane and the link to a seat in a room. It is what the room knows as
a `Member`. A session is made by the hub once a `hello` was accepted, so it is never in State.OPEN:

    READY --join--> ROOM --leave--> READY        join in ROOM changes rooms
      |               |
      +---- away -----+    the connection is lost: no way to write, the seat is held; the hub resumes or ends it

Received payloads come in through `receive`, which raises ProtocolError for what must close the connection; the hub
closes it. Poses in their usual form do not come here: a connection hands them to the inbox of the room, which takes the
pace of everybody at once.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from presence.limits import RateLimits
from presence.outbox import Outbox
from presence.traffic import Traffic
from protocol.codec import SharedEvent, decode, encode, share
from protocol.errors import Close, ProtocolError, Refusal, Refused
from protocol.framing import Framing, frame
from protocol.records import read_input
from protocol.schema import (
    SPEC_OF,
    Ack,
    Block,
    Bye,
    Done,
    Error,
    Join,
    Leave,
    Left,
    Ping,
    Pong,
    Pose,
    Renew,
    Sender,
    SetBudget,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from presence.identity import Identity
    from presence.inbox import Inbox
    from presence.room import Room

# Nobody blocks more people than a full room holds; a client that does fills memory.
MAX_BLOCKS = 1024

_POSE = SPEC_OF[Pose].type


class Connection(Protocol):
    """What a session and the hub need of a socket; given by the edge."""

    session: Session | None  # set by the hub; None before the welcome and after the end
    address: str
    socket: int  # the plain socket that frames may be written to as long as `is_writable`; -1 where there is none

    @property
    def framing(self) -> Framing:
        """How payloads are framed on it."""

    @property
    def is_writable(self) -> bool:
        """Whether everything written so far has left the process."""

    @property
    def write(self) -> Callable[[bytes | memoryview], None]:
        """Write framed bytes; never blocks."""

    def route_poses(self, inbox: Inbox | None, row: int) -> None:
        """Have poses in their usual form put into an inbox, as a row's; or into none."""

    def close(self, code: Close, reason: str) -> None:
        """Send `closing`, then close in good order. Nothing received from now on counts."""


class Host(Protocol):
    """What a session asks of the hub."""

    traffic: Traffic

    def room_for(self, name: str, world: str, now: float) -> Room:
        """Find a room, or make it. Refuses unknown worlds."""

    def identify(self, token: str, guest_name: str, now: float) -> Identity:
        """Verify a token. Raises ProtocolError."""

    def end(self, session: Session, code: Close, reason: str, now: float) -> None:
        """Close the session for good."""

    def after_tick(self, session: Session, act: Callable[[float], None]) -> None:
        """Do something once the session's room has carried out what it was sent before."""

    def overflow(self, session: Session) -> None:
        """Note that the session's events lane is full; it is closed once the room's tick is over."""

    def clock(self) -> float:
        """Server clock, seconds, as precise as there is."""


class Session:
    """A session, from its welcome to its end."""

    __slots__ = (
        "_host",
        "_leaving",
        "_limits",
        "away_since",
        "blocks",
        "budget_bytes_per_s",
        "connection",
        "framing",
        "heard_at",
        "id",
        "identity",
        "is_writable",
        "outbox",
        "resume_token",
        "room",
        "row",
        "socket",
        "stalled_since",
        "write",
    )

    def __init__(self, session_id: str, identity: Identity, host: Host, limits: RateLimits, now: float) -> None:
        self.id = session_id
        self.identity = identity
        self.blocks: set[str] = set()
        self.budget_bytes_per_s = inf
        self.resume_token = ""
        self.room: Room | None = None
        self.row = -1
        self.connection: Connection | None = None
        self.framing = Framing.TCP
        self.write: Callable[[bytes | memoryview], None] | None = None
        self.socket = -1
        self.is_writable = False
        self.heard_at = now
        self.away_since: float | None = now
        self.stalled_since: float | None = None
        self.outbox = Outbox(self.framing)
        self._host = host
        self._leaving: int | None = None  # ref of a `leave` that waits in the room's inbox
        self._limits = limits

    @property
    def state(self) -> State:
        """READY or ROOM."""
        return State.READY if self.room is None else State.ROOM

    def is_silent_since(self, then: float) -> bool:
        """Tell whether nothing came from the client since then, server clock, s; of poses, as of the last tick."""
        return self.heard_at < then and (self.room is None or self.room.heard_at(self.row) < then)

    @property
    def writer(self) -> Callable[[bytes | memoryview], None] | None:
        """Write framed bytes; None while the socket has not taken everything, and while there is none."""
        return self.write if self.is_writable else None

    # --- connection ---------------------------------------------------------------------------------------------------

    def attach(self, connection: Connection, last_event: int, now: float) -> None:
        """Go on over a connection whose client has the events up to `last_event`."""
        self.connection = connection
        self.framing = connection.framing
        self.write = connection.write
        self.socket = connection.socket
        self.is_writable = connection.is_writable
        self.heard_at = now
        self.away_since = None
        self.stalled_since = None if self.is_writable else now
        self.outbox.replay(last_event, self.framing)
        self._route_poses()
        if self.room is not None:
            self.room.resume(self.row)

    def detach(self, now: float) -> None:
        """Do without a connection: the avatar turns away and keeps its seat."""
        if self.connection is None:
            return
        self.connection.session = None
        self.connection.route_poses(None, -1)
        self.connection = self.write = self.stalled_since = None
        self.socket = -1
        self.is_writable = False
        self.away_since = now
        if self.room is not None:
            self.room.set_away(self.row)

    def stall(self, now: float) -> None:
        """Note that the socket takes no more: no snapshots, and events wait."""
        self.is_writable = False
        self.stalled_since = now
        if self.room is not None:
            self.room.heed(self.row)

    def flow(self) -> None:
        """Note that the socket has taken everything; what waited is written now."""
        self.is_writable = True
        self.stalled_since = None
        if self.room is not None:
            self.room.heed(self.row)
        self.flush()

    # --- the events lane ----------------------------------------------------------------------------------------------

    def send_event(self, event: SharedEvent) -> None:
        """Queue an event; it is written with the next snapshot, or by `flush`."""
        self.outbox.add(event)
        if self.outbox.is_full:
            self._host.overflow(self)

    def pending(self) -> bytes:
        """Take the framed events not yet written."""
        return self.outbox.take()

    def flush(self) -> None:
        """Write the waiting events, if they can be written."""
        if self.write is not None and self.is_writable and (framed := self.outbox.take()):
            self._host.traffic.sent_events += len(framed)
            self.write(framed)

    def send(self, message: Any) -> None:
        """Write a control-lane message now; it is lost where there is no connection."""
        if self.write is not None:
            framed = frame(self.framing, encode(message))
            self._host.traffic.sent_control += len(framed)
            self.write(framed)

    # --- receiving ----------------------------------------------------------------------------------------------------

    def receive(self, payload: bytes, now: float) -> None:
        """Take any message. Raises ProtocolError for what must close the connection."""
        self.heard_at = now
        message = decode(payload, Sender.CLIENT)
        spec = SPEC_OF[type(message)]
        if spec.type != _POSE:
            self._host.traffic.messages[spec.name] += 1
        if self.state not in spec.states:
            raise ProtocolError(Close.OUT_OF_STATE, f"{spec.name} cannot come in state {self.state.value}")
        if spec.type == _POSE or self._limits.take(spec.type, now):
            self._obey(message, now)
            return
        self._host.traffic.too_soon += 1
        self._refuse(message, Refused(Refusal.TOO_SOON, f"too many {spec.name} messages: this one was not read"))

    def count_overrun(self, poses: int, now: float) -> None:
        """Note poses that came too fast. No answer: of poses only the newest counts. Raises ProtocolError."""
        self._host.traffic.too_soon += poses
        self._limits.count_overrun(_POSE, now, poses)

    def _obey(self, message: Any, now: float) -> None:
        try:
            self._dispatch(message, now)
        except Refused as refused:
            self._refuse(message, refused)

    def _refuse(self, message: Any, refused: Refused) -> None:
        self._host.traffic.refusals[refused.code] += 1
        self._answer(Error(0, getattr(message, "ref", 0), refused.code, refused.reason))

    def _dispatch(self, message: Any, now: float) -> None:
        match message:
            case Ping():
                received = _microseconds(self._host.clock())
                self.send(Pong(message.sent, received, _microseconds(self._host.clock())))
            case Ack():
                self.outbox.acknowledge(message.seq)
            case Join():
                self._join(message, now)
            case Block():
                self._block(message)
            case SetBudget():
                self._set_budget(message)
            case Renew():
                self._renew(message, now)
            case Leave():
                self._leaving = message.ref
                self._host.after_tick(self, self._leave)
            case Bye():
                self._bye(now)
            case Pose() if self.room is not None:
                kind, table = read_input(message.record)
                self.room.inbox.add_pose(kind, self.row, table.tobytes(), now)
            case _:
                assert self.room is not None, "every other message belongs to a room"
                self.room.receive(self.row, message)

    def _join(self, message: Join, now: float) -> None:
        if self._leaving is not None:
            self._leave(now)
        if self.room is not None and self.room.name == message.room:
            raise Refused(Refusal.ALREADY_IN_ROOM, f"you are in {message.room} already")
        room = self._host.room_for(message.room, message.world, now)
        row = room.join(self, message.ref, now)
        self.leave_room(now)  # only now: a refusal leaves everything as it was
        self.room, self.row = room, row
        self._route_poses()

    def _leave(self, now: float) -> None:
        if self._leaving is None:
            return  # a join came behind it, which has left already
        left = Left(0, self._leaving)
        self.leave_room(now)
        self._answer(left)

    def _bye(self, now: float) -> None:
        if self.room is None:
            self._say_bye(now)
        else:
            self._host.after_tick(self, self._say_bye)

    def _say_bye(self, now: float) -> None:
        self._host.end(self, Close.LEFT, "bye", now)

    def leave_room(self, now: float) -> None:
        """Give up the seat at once, if there is one; commands the room has not carried out yet are forgotten."""
        if self.room is not None:
            self.room.leave(self.row, now)
            self.room, self.row, self._leaving = None, -1, None
            self._route_poses()

    def _route_poses(self) -> None:
        if self.connection is not None:
            self.connection.route_poses(None if self.room is None else self.room.inbox, self.row)

    def _block(self, message: Block) -> None:
        if message.user == self.identity.user:
            raise Refused(Refusal.NOT_ALLOWED, "you cannot block yourself")
        if not message.blocked:
            self.blocks.discard(message.user)
        elif len(self.blocks) < MAX_BLOCKS:
            self.blocks.add(message.user)
        else:
            raise Refused(Refusal.NOT_ALLOWED, f"you block {MAX_BLOCKS} users already: unblock one first")
        self._refresh()
        self._answer(Done(0, message.ref, 0, 0))

    def _set_budget(self, message: SetBudget) -> None:
        self.budget_bytes_per_s = message.bytes_per_s
        if self.room is not None:
            self.room.allot(self.row)
        self._answer(Done(0, message.ref, 0, 0))

    def _renew(self, message: Renew, now: float) -> None:
        try:
            renewed = self._host.identify(message.token, "", now)
        except ProtocolError as error:
            raise Refused(Refusal.TOKEN_REFUSED, f"{error.code.name.lower()}: {error.reason}") from None
        if renewed.user != self.identity.user:
            raise Refused(Refusal.TOKEN_REFUSED, "this token belongs to another user")
        self.assume(renewed)
        self._answer(Done(0, message.ref, 0, 0))

    def assume(self, identity: Identity) -> None:
        """Take a newer identity of the same user; the room looks at it again this tick."""
        self.identity = identity
        self._refresh()

    def _refresh(self) -> None:
        if self.room is not None:
            self.room.refresh(self.row)

    def _answer(self, message: Any) -> None:
        self.send_event(share(message))
        self.flush()


def _microseconds(seconds: float) -> int:
    return int(seconds * 1e6)
