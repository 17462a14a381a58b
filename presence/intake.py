"""Reads what many clients send in one go: poses to the inboxes of their rooms, anything else to its connection.

Owns the reading of every plain socket that was given to it, from `add` on until the peer has ended or the socket is
lost; the event loop reads none of them meanwhile. Sweeps before every tick, and otherwise SWEEP_S after the last time
while anybody moves or comes in, QUIET_SWEEP_S after it while nobody does. What a sweep finds has come since the one
before.
"""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING, Protocol

import numpy as np

from presence import logs
from presence.inbox import PREFIX
from presence.sockets import EVENT_WORDS, MOST_BYTES, MOST_POSES, MOST_READY, receive_ready
from protocol.framing import Framing
from protocol.records import DTYPES, Section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.inbox import Inbox
    from presence.traffic import Traffic

# How long a ping or a command may lie unread, which is also how exactly the time of a pose is known. Half of it made
# for one per cent more of a core where a thousand walk.
SWEEP_S = 0.005
# The same while nobody moves. Longer than a tick as a rule, so that reading is left to the sweeps before ticks: where
# caches are cold a wake-up costs more than what it finds.
QUIET_SWEEP_S = 0.06
_LIVELY_S = 0.5  # after a pose others are expected, and after a newcomer's first word the next
_ARENA_BYTES = 256 * MOST_BYTES
_FIRST_SOCKETS = 1024

_log = logs.logger(__name__)


class Client(Protocol):
    """A connection, as the intake sees it."""

    socket: int
    row: int  # whose poses they are, in the inbox

    @property
    def framing(self) -> Framing:
        """How its frames are framed."""

    @property
    def inbox(self) -> Inbox | None:
        """Where a pose that begins with the next byte goes; None while none may begin there."""

    def data_received(self, data: bytes) -> None:
        """Take bytes in the general way."""

    def read_yourself(self) -> None:
        """Have the event loop read the socket from now on: there is its end, or an error."""

    def abort(self) -> None:
        """Cut the connection off."""


class Intake:
    """The one reader of all plain client sockets of a server."""

    def __init__(self, loop: asyncio.AbstractEventLoop, traffic: Traffic) -> None:
        self._loop = loop
        self._traffic = traffic
        self._epoll = select.epoll()
        self._clients: dict[int, Client] = {}  # by socket
        self._timer: asyncio.TimerHandle | None = None
        self._lively_until = 0.0  # server clock, s
        # by socket
        self._is_websocket = np.zeros(_FIRST_SOCKETS, np.bool_)
        self._expects_pose = np.zeros(_FIRST_SOCKETS, np.bool_)
        self._rows = np.zeros(_FIRST_SOCKETS, np.intp)
        self._rooms = np.zeros(_FIRST_SOCKETS, np.int64)  # the id of the inbox
        # what a sweep is given to write to
        self._events = np.zeros(MOST_READY * EVENT_WORDS, np.uint32)
        self._poses = {
            kind: (
                np.frombuffer(bytearray(PREFIX[kind]), np.uint8),
                np.zeros(MOST_POSES, np.int32),
                np.zeros((MOST_POSES, DTYPES[kind].itemsize), np.uint8),
            )
            for kind in (Section.ROOT_INPUT, Section.TRACKED_INPUT)
        }
        self._arena = np.zeros(_ARENA_BYTES, np.uint8)
        self._others = np.zeros(MOST_READY, np.int32)
        self._ends = np.zeros(MOST_READY, np.int64)

    def add(self, client: Client) -> None:
        """Read a client's socket, which the event loop must no longer do."""
        socket = client.socket
        while socket >= len(self._rows):
            self._grow()
        self._epoll.register(socket, select.EPOLLIN)
        self._clients[socket] = client
        self._is_websocket[socket] = client.framing is Framing.WEBSOCKET
        self.heed(client)
        now = self._loop.time()
        was_quiet, self._lively_until = now >= self._lively_until, now + _LIVELY_S
        if was_quiet:
            self._sweep_later(now)

    def heed(self, client: Client) -> None:
        """Note where the poses of a client go from now on."""
        if self._clients.get(client.socket) is not client:
            return
        inbox = client.inbox
        self._expects_pose[client.socket] = inbox is not None
        self._rooms[client.socket] = id(inbox)
        self._rows[client.socket] = client.row

    def remove(self, client: Client) -> None:
        """Read a client's socket no longer; it is still open."""
        if self._clients.pop(client.socket, None) is not None:
            self._epoll.unregister(client.socket)

    def sweep(self, now: float) -> None:
        """Read what has come. now: server clock, s. Cost: about 20 µs, and 3 µs for a message."""
        roots, trackeds = self._poses.values()
        *counts, n_others, pose_bytes = receive_ready(
            self._epoll.fileno(),
            self._events,
            self._expects_pose,
            self._is_websocket,
            roots,
            trackeds,
            self._arena,
            self._others,
            self._ends,
        )
        if pose_bytes:
            self._traffic.received_poses += pose_bytes
            self._lively_until = now + _LIVELY_S
        self._sweep_later(now)
        for (kind, (_, sockets, packed)), n in zip(self._poses.items(), counts, strict=True):
            if n:
                self._deliver(kind, sockets[:n], packed[:n], now)
        start = 0
        for socket, end in zip(self._others[:n_others].tolist(), self._ends[:n_others].tolist(), strict=True):
            self._hand_on(self._clients[socket], self._arena[start:end].tobytes())
            start = end

    def close(self) -> None:
        """Sweep no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._clients.clear()
        self._epoll.close()

    def _sweep_later(self, now: float) -> None:
        """Have the next sweep come in time, unless one before a tick comes first."""
        if self._timer is not None:
            self._timer.cancel()
        every_s = SWEEP_S if now < self._lively_until else QUIET_SWEEP_S
        self._timer = self._loop.call_later(every_s, self._sweep_now) if self._clients else None

    def _sweep_now(self) -> None:
        self.sweep(self._loop.time())

    def _deliver(self, kind: Section, sockets: NDArray[np.int32], packed: NDArray[np.uint8], now: float) -> None:
        """Put poses into the inboxes of their rooms."""
        rooms, rows = self._rooms[sockets], self._rows[sockets]
        for room in np.unique(rooms).tolist():
            here = np.flatnonzero(rooms == room)
            inbox = self._clients[int(sockets[here[0]])].inbox
            assert inbox is not None, "its sockets expect poses"
            inbox.add_poses(kind, rows[here], packed[here], now)

    def _hand_on(self, client: Client, data: bytes) -> None:
        if not data:
            self.remove(client)
            client.read_yourself()
            return
        try:
            client.data_received(data)
        except Exception:  # noqa: BLE001  as the event loop would: one connection's trouble is not the others'
            _log.exception("connection failed", socket=client.socket)
            client.abort()
        self.heed(client)

    def _grow(self) -> None:
        for name in ("_is_websocket", "_expects_pose", "_rows", "_rooms"):
            column = getattr(self, name)
            setattr(self, name, np.concatenate((column, np.zeros_like(column))))
