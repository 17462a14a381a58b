"""One client of the load: its socket, its way in, what it says on it, and what it makes of the mail of its line.

Everything that happens often (poses, signs of life, snapshots) is the switchboard's. Never blocks and never waits:
`swarm` says when.
"""

from __future__ import annotations

import heapq
import socket
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from benchmarks.hops import HOP_REST_S, hops
from benchmarks.plan import BEFORE, Visit
from benchmarks.refusals import in_words, other_version
from benchmarks.switchboard import Kind
from protocol.codec import decode, encode
from protocol.errors import Refusal
from protocol.schema import (
    MAJOR,
    MINOR,
    SCHEMA_HASH,
    Bye,
    Closing,
    Correction,
    Done,
    Error,
    Hello,
    Join,
    Joined,
    Sender,
    Teleport,
    Welcome,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from benchmarks.plan import Plan
    from benchmarks.record import Record
    from benchmarks.switchboard import Mail, Switchboard

    WayIn = Generator[float | None, Any, None]  # yields how long to wait, or None for the next message

_NARROW_BYTES = 4096
_REJOIN_S = 2.0  # after an overloaded server said no
_TROUBLES = (Closing, Correction, Error)


class Client:
    """From its first byte to its last. `is_in`: it stands where its walk begins, and has not left."""

    def __init__(self, own: int, plan: Plan, record: Record, board: Switchboard) -> None:
        """Set out. own: its position in the plan, which is its line's too."""
        self.role = plan.roles[own]
        self._own = own
        self._has_come = False
        self._plan = plan
        self._record = record
        self._board = board
        family = socket.AF_INET6 if ":" in plan.where.host else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.connect_ex((plan.where.host, plan.where.port))
        self._way_in: WayIn | None = None
        self._is_waiting = False  # for a time, not for a message
        board.connect(own, self._sock.fileno())

    @property
    def is_in(self) -> bool:
        """Tell whether it takes part."""
        return self._has_come and not self._has_left

    @property
    def _has_left(self) -> bool:
        return bool(self._board.left_ns[self._own] >= 0)

    def close(self) -> None:
        """Close its socket."""
        self._sock.close()

    def stop_reading(self) -> None:
        """Read no more unless told to, and let the kernel hold little of what is not read."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW_BYTES)
        self._board.ignore(self._own)

    def read(self, most: int) -> None:
        """Read at most so many bytes."""
        self._board.read(self._own, most)

    def say_goodbye(self) -> None:
        """Leave at the end of everything, with nobody left to read the answer."""
        if self.is_in:
            self._say(Bye())

    # --- coming in ----------------------------------------------------------------------------------------------------

    def _set_out(self) -> None:
        self._way_in = self._come_in()
        next(self._way_in)

    def _come_in(self) -> WayIn:
        """Upgrade, say hello, join, and hop to where the walk begins."""
        where, number = self._plan.where, self.role.number
        key = b64encode(number.to_bytes(16, "big")).decode()
        self._board.send(
            self._own,
            f"GET /v1/connect HTTP/1.1\r\nHost: {where.authority}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode(),
        )
        answer = yield None
        if not answer.startswith(b"HTTP/1.1 101"):
            self._fail_to_come(f"the server did not upgrade to WebSocket: {answer[:100]!r}")
            return
        token = where.token(number)
        self._say(Hello(MAJOR, MINOR, SCHEMA_HASH, "presence benchmarks", token, f"Walker {number}", "", 0))
        welcome = yield from _until(Welcome)
        if welcome.schema != SCHEMA_HASH:
            self._fail_to_come(other_version(welcome.schema))
            return
        joined = yield from self._join()
        self._record.seated += 1
        self._record.radius_mm, self._record.tick_hz = joined.radius_mm, joined.tick_hz
        self._record.budget_bytes_per_s = joined.budget_bytes_per_s
        visit = Visit(joined.entity, joined.generation, time.monotonic_ns())
        self._record.visits[number] = visit
        visit.stops.append((joined.x, joined.y, joined.z, joined.yaw))
        for x, y, z in hops((joined.x, joined.y, joined.z), self.role.start_mm):
            if len(visit.stops) > 1:
                yield HOP_REST_S
            seq = len(visit.stops)
            self._say(Teleport(seq, seq, x, y, z, 0))
            visit.stops.append((x, y, z, 0))
            yield from _until(Done)
        self._has_come = True
        self._record.entered += 1
        self._board.let_walk(self._own)

    def _join(self) -> Generator[float | None, Any, Joined]:
        """Take a seat, as soon as the server does not have too much to do."""
        while True:
            self._say(Join(1, self._plan.where.room, self._plan.where.world))
            answer = yield from _until(Joined, Error)
            if isinstance(answer, Joined):
                return answer
            yield _REJOIN_S

    def _wake(self) -> None:
        self._advance(None)

    def _advance(self, message: Any) -> None:
        """Go on with the way in, with the message or the moment it waited for."""
        assert self._way_in is not None
        try:
            wait_s = self._way_in.send(message)
        except StopIteration:
            self._way_in = None
            return
        self._is_waiting = wait_s is not None
        if wait_s is not None:
            wake_ns = time.monotonic_ns() + int(wait_s * 1e9)
            heapq.heappush(self._record.timers, (wake_ns, self.role.number, self._wake))

    def _say(self, message: Any) -> None:
        self._board.say(self._own, encode(message))

    # --- being told ---------------------------------------------------------------------------------------------------

    def take(self, mail: Mail) -> None:
        """Make something of what happened on its line."""
        match mail.kind:
            case Kind.CONNECTED:
                self._set_out()
            case Kind.UPGRADED:
                self._advance(mail.data)
            case Kind.MESSAGE:
                self._take_message(decode(mail.data, Sender.SERVER))
            case Kind.UNSENT:
                self._trouble(mail.problem)
            case Kind.UNCONNECTED:
                self._lose(f"{mail.problem}; is a server listening at {self._plan.where.authority}?")
            case Kind.LOST | Kind.WRONG:
                self._lose(mail.problem)

    def _take_message(self, message: Any) -> None:
        is_put_off = isinstance(message, Error) and message.code == Refusal.OVERLOADED
        if isinstance(message, _TROUBLES) and not is_put_off:
            if not self._has_left:
                self._report(in_words(message))
        elif self._way_in is not None and not self._is_waiting:
            self._advance(message)

    def _lose(self, what: str) -> None:
        """Close what is over; whoever has said goodbye expects it."""
        if not self._has_left:
            self._report(what)
        self._has_come = False
        self.close()

    def _report(self, what: str) -> None:
        if self._has_come:
            self._trouble(what)
        else:
            self._fail_to_come(what)

    def _fail_to_come(self, what: str) -> None:
        """Note trouble on the way in; the whole run is given up for somebody who was to be there from the start."""
        self._trouble(what)
        if self.role.arrives == BEFORE:
            raise RuntimeError("; ".join(self._record.troubles[-2:]))

    def _trouble(self, what: str) -> None:
        self._record.troubles.append(f"client {self.role.number}: {what}")


def _until(*classes: type[Any]) -> Generator[float | None, Any, Any]:
    """Wait for a message of some classes, passing over others."""
    while True:
        message = yield None
        if isinstance(message, classes):
            return message
