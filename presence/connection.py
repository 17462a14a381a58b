"""One socket with a client behind it: received bytes to the hub, frames out, and an end in good order.

Owns what both transports share: the life of the connection from its admission to `connection_lost`, whether it can be
written to, and the way it is closed. Decides nothing about messages. `websocket` and `tcp` add how bytes become
payloads.

The write buffer's limit is zero: a frame goes to the kernel at once, and as soon as any of it stays behind, the
connection is not writable and the room builds no more snapshots for it. So poses never queue in this process, and
hardly in the kernel, which is told to take no more than MAX_UNSENT_BYTES that it cannot send yet.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import ClassVar, cast

from presence.hub import Hub
from presence.inbox import KIND_OF_LENGTH, PREFIX, Inbox
from presence.intake import Intake
from presence.session import Session
from protocol.codec import encode
from protocol.errors import Close, ProtocolError
from protocol.framing import Framing, TcpReader, WebSocketReader, frame
from protocol.schema import Closing

# How long a closed connection may take to read what it was sent, and to close on its side. Closing a socket while data
# is arriving resets it, and a reset can overtake the `closing` message; so we stop sending, and read on for a moment.
LINGER_S = 2.0

# A full snapshot of a crowd goes in at once, and it is a second of poses for a usual observer.
MAX_UNSENT_BYTES = 16 * 1024


class ClientConnection(asyncio.Protocol):
    """What the hub knows as a `Connection`. `address` is taken from the socket where it is empty."""

    __slots__ = (
        "_hub",
        "_inbox",
        "_intake",
        "_is_admitted",
        "_is_closing",
        "_linger",
        "_loop",
        "_reader",
        "_time",
        "_traffic",
        "_transport",
        "address",
        "is_writable",
        "row",
        "session",
        "socket",
        "write",
    )
    framing: ClassVar[Framing]

    def __init__(
        self,
        hub: Hub,
        loop: asyncio.AbstractEventLoop,
        reader: TcpReader | WebSocketReader,
        intake: Intake | None,
        address: str = "",
    ) -> None:
        self.session: Session | None = None
        self.socket = -1
        self.row = -1
        self.address = address
        self.is_writable = True
        self.write: Callable[[bytes | memoryview], None]
        self._hub = hub
        self._traffic = hub.traffic
        self._reader = reader
        self._intake = intake
        self._inbox: Inbox | None = None
        self._loop = loop
        self._time = loop.time
        self._transport: asyncio.Transport
        self._is_admitted = False
        self._is_closing = False
        self._linger: asyncio.TimerHandle | None = None

    # --- the socket's side --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the hub for admission."""
        transport = cast("asyncio.Transport", transport)  # uvloop's do not inherit from it
        self._transport = transport
        self.write = transport.write
        if not self.address:
            self.address = peer_address(transport)
        self.is_writable = transport.get_write_buffer_size() == 0
        transport.set_write_buffer_limits(high=0)
        taken = transport.get_extra_info("socket")
        if taken is not None:
            _limit_unsent(taken)
            self._let_read(taken)
        self._is_admitted = self._hub.admit(self, self._time())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Tell the hub."""
        self._is_closing = True
        self.write = _forget
        if self._intake is not None:
            self._intake.remove(self)
        if self._linger is not None:
            self._linger.cancel()
        if self._is_admitted:
            self._hub.lost(self, self._time())

    def eof_received(self) -> None:
        """Close on this side too, once what was written has left or the linger time is over."""
        self._is_closing = True
        self._hub.left(self, self._time())
        self._abort_later()

    def pause_writing(self) -> None:
        """Note that the socket takes no more."""
        self.is_writable = False
        if self.session is not None:
            self.session.stall(self._time())

    def resume_writing(self) -> None:
        """Note that the socket has taken everything."""
        self.is_writable = True
        if self.session is not None:
            self.session.flow()

    # --- receiving ----------------------------------------------------------------------------------------------------

    def _let_read(self, taken: socket.socket) -> None:
        """Have the intake read the socket, instead of the event loop."""
        if self._intake is not None:
            self.socket = taken.fileno()
            self._intake.add(self)
            self._loop.call_soon(self._transport.pause_reading)  # it starts to read once this one has returned

    def read_yourself(self) -> None:
        """Have the event loop read the socket from now on."""
        self._transport.resume_reading()

    def abort(self) -> None:
        """Cut the connection off."""
        self._transport.abort()

    def route_poses(self, inbox: Inbox | None, row: int) -> None:
        """Have poses in their usual form put into an inbox, as a row's; or into none."""
        self._inbox, self.row = inbox, row
        if self._intake is not None:
            self._intake.heed(self)

    @property
    def inbox(self) -> Inbox | None:
        """Where a pose goes that begins with the next byte; None while none may begin there."""
        return self._inbox if self._reader.is_between_frames else None

    def data_received(self, data: bytes) -> None:
        """Take bytes from the socket, in the general way."""
        if self._is_closing:
            return
        now = self._time()
        try:
            self._read(data, now)
        except ProtocolError as error:
            self._hub.fail(self, error, now)

    def _read(self, data: bytes, now: float) -> None:
        """Cut bytes into payloads, and hand each to `_take`. Raises ProtocolError."""
        raise NotImplementedError

    def _take(self, payload: bytes, now: float) -> None:
        """Hand one payload to the hub. Raises ProtocolError."""
        kind = KIND_OF_LENGTH.get(len(payload))
        if self._inbox is not None and kind is not None and payload.startswith(PREFIX[kind]):
            self._traffic.received_poses += len(payload)
            self._inbox.add_pose(kind, self.row, payload[len(PREFIX[kind]) :], now)
        elif not self._is_closing:
            self._traffic.received_control += len(payload)
            self._hub.receive(self, payload, now)

    # --- closing ------------------------------------------------------------------------------------------------------

    def close(self, code: Close, reason: str) -> None:
        """Say `closing`, stop sending, and give the peer LINGER_S to read it and to close on its side."""
        if self._is_closing:
            return
        self._is_closing = True
        self.write(frame(self.framing, encode(Closing(code, reason))) + self._farewell(code, reason))
        self._shut()

    def _farewell(self, code: int, reason: str) -> bytes:  # noqa: ARG002
        """Return what this transport says after `closing`."""
        return b""

    def _shut(self) -> None:
        self._transport.write_eof()
        self._abort_later()

    def _abort_later(self) -> None:
        if self._linger is None:
            self._linger = self._loop.call_later(LINGER_S, self._transport.abort)


def _limit_unsent(taken: socket.socket) -> None:
    """Keep the kernel from queueing for a reader that stands still.

    Measured on loopback: without it a client that reads nothing is fed 3.9 MB of old poses before its socket is full;
    with it 50 kB, which is what its own receive buffer holds.
    """
    taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MAX_UNSENT_BYTES)


def peer_address(transport: asyncio.BaseTransport) -> str:
    """Return the address of the other end, "" where there is none any more."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""


def _forget(_data: bytes | memoryview) -> None:
    """Take the place of `write` once there is no socket."""
