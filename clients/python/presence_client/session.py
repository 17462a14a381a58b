"""One session as the client sees it, without I/O: payloads in, events and payloads out.

Owns everything that outlives a connection (resume token, event bookkeeping, the room's view, the avatar's own pose)
and the state of the present one. The caller (`client.py`) opens and closes connections when told and hands every
payload to `receive`; it calls `advance` some twenty times a second, and sends what `take` returns after each of the
three. No clock: `now` is seconds, monotonic.

    open ──► hello ──► welcome ──► (join ──► joined) ──► events and snapshots
      ▲                                                        │ the connection breaks: `lose`
      └───────────── hello with the resume token ◄─────────────┘
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from presence_client.clock import ClockSync, SteadyReading
from presence_client.events import Online, RoomLost, Unanswered
from presence_client.jitter import Playout, PoseBuffer
from presence_client.lanes import EventLane, Traffic, peek_seq, peek_type
from presence_client.motion import ObjectSender, PoseSender
from presence_client.view import RoomView
from protocol import codec
from protocol.errors import Close, ProtocolError
from protocol.schema import (
    MAJOR,
    MESSAGES,
    MINOR,
    SCHEMA_HASH,
    SPEC_OF,
    Ack,
    Bye,
    Closing,
    Correction,
    Done,
    Error,
    Gestured,
    Goaway,
    Gone,
    Hello,
    Join,
    Joined,
    Lane,
    Left,
    Objects,
    Ping,
    Pong,
    Pose,
    Resync,
    Roster,
    Said,
    Sender,
    Snapshot,
    Welcome,
)

Handler = Callable[[Any, float], list[Any]]

HANDSHAKE_S = 10.0
MISSED_HEARTBEATS = 3
PING_SHARE = 0.8  # of a heartbeat, from one ping to the next: in time, whenever timers fire
FIRST_PINGS = 4  # the first pings follow each other quickly: the clock is good within half a second
FIRST_PING_EVERY_S = 0.25  # below the server's limit of five a second
MAX_UNANSWERED = 256  # commands; far more than a person or an application has in the air at once

# What a session that does not watch leaves undecoded. In a hall of a thousand that is nearly all there is to decode.
_SCENERY = {SPEC_OF[cls].type: SPEC_OF[cls].lane for cls in (Snapshot, Roster, Objects, Gone, Said, Gestured)}
_HANDLERS = {spec.cls: f"_on_{spec.name}" for spec in MESSAGES.values()}


class Phase(Enum):
    """Where the present connection stands."""

    OFFLINE = "offline"
    OPENING = "opening"  # hello is sent
    READY = "ready"  # welcomed
    CLOSING = "closing"  # the server said that it closes, or broke the protocol


class Session:
    """A session with the server.

    `token` empty: a guest called `name`. `watch` False: take no notice of other people and objects, which costs next to
    nothing (for bots and load).
    """

    def __init__(self, token: str, name: str, agent: str, *, watch: bool = True) -> None:
        self.token, self.name, self.agent = token, name, agent
        self.phase = Phase.OFFLINE
        self.welcome: Welcome | None = None
        self.joined: Joined | None = None
        self.closing: Closing | None = None
        self.goaway: Goaway | None = None
        self.view = RoomView()
        self.poses = PoseBuffer()
        self.playout = Playout(tick_ms=50.0)
        self.clock = ClockSync()
        self.traffic = Traffic()
        self.motion = PoseSender()
        self.objects = ObjectSender()
        self.resyncs = 0
        self._watch = watch
        self._room_clock = SteadyReading()
        self._lane = EventLane()
        self._outgoing: list[bytes] = []
        self._refs = 0
        self._unanswered: set[int] = set()
        self._orphans: set[int] = set()  # commands sent over a connection that broke
        self._rejoin_ref = 0
        self._room_before = ""
        self._heard_at = 0.0
        self._next_ping_at = 0.0
        self._pings = 0
        self._has_asked_resync = False

    # --- the connection -----------------------------------------------------------------------------------------------

    def open(self, now: float) -> None:
        """A connection stands: say hello, with the resume token of the last session if there was one."""
        self.phase = Phase.OPENING
        self.closing = self.goaway = None
        self._heard_at = now
        self._pings = 0
        resume = self.welcome.resume if self.welcome else ""
        last_event = self._lane.last if self.welcome else 0
        self._send(Hello(MAJOR, MINOR, SCHEMA_HASH, self.agent, self.token, self.name, resume, last_event))

    def lose(self) -> None:
        """The connection is gone. Commands without an answer wait for what a resumed session says of them."""
        self.phase = Phase.OFFLINE
        self._outgoing.clear()
        self._orphans |= self._unanswered
        self._unanswered.clear()

    def fail(self, error: ProtocolError) -> None:
        """The server broke the protocol: end as if it had closed for that reason."""
        self.phase = Phase.CLOSING
        self.closing = Closing(error.code, f"the server broke the protocol: {error.reason}")

    def is_silent(self, now: float) -> bool:
        """Tell whether the server has been silent for so long that the connection must be given up."""
        if self.phase is Phase.OPENING or self.welcome is None:
            return now - self._heard_at > HANDSHAKE_S
        return now - self._heard_at > MISSED_HEARTBEATS * self._heartbeat_s

    def end(self) -> None:
        """Say good-bye: the seat is given up."""
        if self.phase is Phase.READY:
            self._send(Bye())

    # --- incoming -----------------------------------------------------------------------------------------------------

    def receive(self, payload: bytes, now: float) -> list[Any]:
        """Take one payload; return what it means to the application, in order.

        Raises ProtocolError where the server broke the protocol: the connection must then be closed for good.
        """
        self._heard_at = now
        type_ = peek_type(payload)
        self.traffic.received(type_, len(payload))
        lane = None if self._watch else _SCENERY.get(type_)
        if lane is None:
            return self._handle(codec.decode(payload, Sender.SERVER), now)
        if lane is Lane.EVENTS:
            self._lane.receive(peek_seq(payload), now)
        return self._settle_orphans()

    def _handle(self, message: Any, now: float) -> list[Any]:
        if self.phase is Phase.OPENING and not isinstance(message, Welcome | Closing | Goaway):
            raise ProtocolError(Close.OUT_OF_STATE, "the server's first message is not a welcome")
        if SPEC_OF[type(message)].lane is Lane.EVENTS and not self._lane.receive(message.seq, now):
            return []
        handler: Handler | None = getattr(self, _HANDLERS[type(message)], None)
        if handler is not None:
            return handler(message, now)
        self.view.receive(message)
        return [message]

    def _on_welcome(self, message: Welcome, now: float) -> list[Any]:
        if self.phase is not Phase.OPENING:
            raise ProtocolError(Close.OUT_OF_STATE, "a second welcome")
        self.phase = Phase.READY
        self.welcome = message
        self._next_ping_at = now
        self._has_asked_resync = False
        if message.resumed:
            self.motion.repeat()
            return [Online(resumed=True)]
        return [*self._start_over(), Online(resumed=False)]

    def _start_over(self) -> list[Any]:
        """A new session: nothing of the old one holds, and the way back into its room is asked for."""
        self._lane.restart()
        self.clock = ClockSync()
        lost = self._lose_orphans()
        previous, self.joined = self.joined, None
        self._leave_room()
        if previous is not None:
            self._rejoin_ref = self.next_ref()
            self._send(Join(self._rejoin_ref, previous.room, previous.world))
            self._room_before = previous.room
        return lost

    def _on_joined(self, message: Joined, _now: float) -> list[Any]:
        self._answered(message.ref)
        self.joined = message
        self.view.receive(message)
        self.poses = PoseBuffer()
        self.playout = Playout(1000.0 / message.tick_hz)
        self._room_clock = SteadyReading()
        self.motion.start(message)
        self.objects.clear()
        return [message]

    def _on_left(self, message: Left, _now: float) -> list[Any]:
        self._answered(message.ref)
        self.joined = None
        self._leave_room()
        return [message]

    def _leave_room(self) -> None:
        self.view = RoomView()
        self.poses = PoseBuffer()
        self.motion.stop()
        self.objects.clear()

    def _on_snapshot(self, message: Snapshot, now: float) -> list[Any]:
        applied = self.view.apply(message.data)
        self.poses.push(applied, self.view.columns)
        self.playout.receive(applied.time_ms, now * 1000.0)
        if not self.view.wants_resync:
            self._has_asked_resync = False
        elif not self._has_asked_resync:
            self._has_asked_resync = True
            self.resyncs += 1
            self._send(Resync())
        return [*self._settle_orphans(), applied]

    def _on_correction(self, message: Correction, _now: float) -> list[Any]:
        self.motion.correct(message)
        return [message]

    def _on_done(self, message: Done, _now: float) -> list[Any]:
        self._answered(message.ref)
        self.view.receive(message)
        return [message]

    def _on_error(self, message: Error, _now: float) -> list[Any]:
        self._answered(message.ref)
        if message.ref and message.ref == self._rejoin_ref:
            return [RoomLost(self._room_before, message.code, message.reason)]
        return [message]

    def _on_pong(self, message: Pong, now: float) -> list[Any]:
        self.clock.receive(message.sent, message.received, message.replied, now)
        return self._settle_orphans() if self.joined is None else []

    def _on_goaway(self, message: Goaway, _now: float) -> list[Any]:
        self.goaway = message
        return []

    def _on_closing(self, message: Closing, _now: float) -> list[Any]:
        self.phase = Phase.CLOSING
        self.closing = message
        return []

    # --- outgoing -----------------------------------------------------------------------------------------------------

    def take(self) -> list[bytes]:
        """Take the payloads to send now, in order."""
        outgoing, self._outgoing = self._outgoing, []
        for payload in outgoing:
            self.traffic.sent(payload)
        return outgoing

    def room_time_s(self, now: float) -> float:
        """Read the room's clock: monotonic, and right to within the unevenness of the way here and back.

        Raises ValueError before the first snapshot.
        """
        if not self.playout.is_running:
            raise ValueError("no snapshot has come yet: the room's time is unknown")
        way_here_s = (self.clock.rtt_s or 0.0) / 2
        return self._room_clock.read(self.playout.room_ms(now * 1000.0) / 1000.0 + way_here_s, now)

    def advance(self, now: float, *, is_writable: bool = True) -> None:
        """Queue what is due: a ping, an acknowledgement, poses (where the connection can take them)."""
        if self.phase is not Phase.READY:
            return
        if now >= self._next_ping_at:
            self._ping(now)
        if (seq := self._lane.due_ack(now)) is not None:
            self._send(Ack(seq))
        if self.joined is not None and is_writable:
            if (record := self.motion.due(now)) is not None:
                self._send(Pose(record))
            for move in self.objects.due(now):
                self._send(move)
        self.playout.advance(now * 1000.0)

    def command(self, make: Callable[[int], Any]) -> int:
        """Queue the command that `make` builds for a new ref. Returns the ref, which its answer repeats."""
        ref = self.next_ref()
        self._send(make(ref))
        self._unanswered.add(ref)
        return ref

    def next_ref(self) -> int:
        """Take a ref that no other command in the air has."""
        self._refs = self._refs % 0xFFFFFFFF + 1
        return self._refs

    @property
    def is_full(self) -> bool:
        """Whether too many commands wait for their answers."""
        return len(self._unanswered) >= MAX_UNANSWERED

    def _ping(self, now: float) -> None:
        self._pings += 1
        rarely_s = PING_SHARE * self._heartbeat_s
        self._next_ping_at = now + (FIRST_PING_EVERY_S if self._pings < FIRST_PINGS else rarely_s)
        self._send(Ping(int(now * 1e6)))

    @property
    def _heartbeat_s(self) -> float:
        assert self.welcome is not None
        return self.welcome.heartbeat_ms / 1000.0

    def _send(self, message: Any) -> None:
        self._outgoing.append(codec.encode(message))

    # --- commands without an answer -----------------------------------------------------------------------------------

    def _answered(self, ref: int) -> None:
        self._unanswered.discard(ref)
        self._orphans.discard(ref)

    def _settle_orphans(self) -> list[Any]:
        """Give up commands of a broken connection, once everything the server had to say of them has come.

        A resumed session first repeats its unread events; the first snapshot (outside a room: the first pong) comes
        after them, so what has no answer by then has never arrived.
        """
        return self._lose_orphans() if self._orphans else []

    def _lose_orphans(self) -> list[Any]:
        lost, self._orphans = tuple(sorted(self._orphans)), set()
        return [Unanswered(lost)] if lost else []
