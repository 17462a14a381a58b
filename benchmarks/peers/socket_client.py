"""What a client of a peer has, whichever that is: its socket, its way in, the frames it is sent.

Never blocks and never waits: `swarm` says when to read and when to send. What is said and what is made of the answers
is the business of `client`.
"""

from __future__ import annotations

import heapq
import os
import socket
import time
from abc import ABC, abstractmethod
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from benchmarks.peers.frames import client_frame, next_frame
from benchmarks.plan import BEFORE
from protocol.framing import Opcode

if TYPE_CHECKING:
    from collections.abc import Generator

    from benchmarks.peers.frames import Frame
    from benchmarks.peers.record import Record
    from benchmarks.plan import Plan, Role

    WayIn = Generator[float | None, Any, None]  # yields how long to wait, or None for the next message

_NARROW_BYTES = 4096


class SocketClient(ABC):
    """From its first byte to its last. `is_in`: it stands where its walk begins, and has not left."""

    def __init__(self, role: Role, plan: Plan, record: Record) -> None:
        self.role = role
        self.is_connected = False
        self.is_seated = False
        self.is_in = False
        self._plan = plan
        self._record = record
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.connect_ex((plan.host, plan.port))
        self._way_in: WayIn | None = None
        self._first_step: int | None = None
        self._is_upgraded = False
        self._is_waiting = False  # for a time, not for a message
        self._has_left = False
        self._rest = b""  # the beginning of a frame
        self._spoke_ns = 0

    def fileno(self) -> int:
        """Name its socket."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close its socket."""
        self._sock.close()

    def narrow(self) -> None:
        """Let the kernel hold little of what is not read."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW_BYTES)

    # --- what differs from server to server ---------------------------------------------------------------------------

    @abstractmethod
    def _come_in(self) -> WayIn:
        """Go from a connected socket to where the walk begins."""

    @abstractmethod
    def _take(self, buffer: bytearray, frame: Frame, size: int, arrived_ns: int) -> None:
        """Take a frame; size: its bytes, header included."""

    @abstractmethod
    def keep_up(self, *, is_ping_due: bool, is_ack_due: bool) -> None:
        """Say what the server asks for beside poses."""

    @abstractmethod
    def show_life(self, silence_s: float) -> None:
        """Say what the server asks for before there are poses."""

    @abstractmethod
    def leave(self, frame: bytes) -> None:
        """Send a last pose and goodbye."""

    @abstractmethod
    def say_goodbye(self) -> None:
        """Leave at the end of everything, with nobody left to read the answer."""

    # --- coming in ----------------------------------------------------------------------------------------------------

    def set_out(self) -> bool:
        """Begin the way in, now that the socket is connected; False where it could not be."""
        self.is_connected = True
        if failure := self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._fail_to_come(f"could not connect: {os.strerror(failure)}")
            return False
        self._way_in = self._come_in()
        next(self._way_in)
        return True

    def _upgrade(self, path: str) -> Generator[float | None, Any, bool]:
        """Ask for a WebSocket, and say whether there is one."""
        host, port = self._plan.host, self._plan.port
        key = b64encode(self._record.random_bytes(16)).decode()
        self.send(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = yield None
        if not answer.startswith(b"HTTP/1.1 101"):
            self._fail_to_come(f"the server did not upgrade to WebSocket: {answer[:100]!r}")
            return False
        return True

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
            heapq.heappush(self._record.timers, (time.monotonic() + wait_s, self.role.number, self._wake))

    # --- speaking -----------------------------------------------------------------------------------------------------

    def own_step(self, step: int) -> int:
        """Say how many steps it has walked; its first turn is 0."""
        if self._first_step is None:
            self._first_step = self._record.visits[self.role.number].first_step = step
        return step - self._first_step

    def send_payload(self, payload: bytes, opcode: Opcode = Opcode.BINARY) -> None:
        """Send one message or control frame."""
        self.send(client_frame(payload, self._record.random_bytes(4), opcode))

    def send(self, frame: bytes | memoryview) -> None:
        """Send framed bytes; the socket must take them whole."""
        try:
            sent = self._sock.send(frame)
        except OSError as error:
            self._trouble(f"could not send: {error.strerror}")
        else:
            self._spoke_ns = time.monotonic_ns()
            if sent != len(frame):
                self._trouble("could send only a part of a frame")

    # --- being told ---------------------------------------------------------------------------------------------------

    def read(self, buffer: bytearray, most: int = 0) -> bool:
        """Read once, at most `most` bytes (0: what fits); False where there will never be more."""
        held = len(self._rest)
        buffer[:held] = self._rest
        window = memoryview(buffer)[held : held + most if most else None]
        try:
            count = self._sock.recv_into(window)
        except BlockingIOError:
            return True
        except OSError as error:
            return self._lose(f"connection lost: {error.strerror}")
        arrived_ns = time.monotonic_ns()
        if not count:
            return self._lose("connection closed by the server")
        begin, end = 0, held + count
        if not self._is_upgraded:
            begin = buffer.find(b"\r\n\r\n", 0, end) + 4
            if begin < 4:  # noqa: PLR2004  not found
                self._rest = bytes(buffer[:end])
                return True
            self._is_upgraded = True
            self._advance(bytes(buffer[:begin]))
        while (frame := next_frame(buffer, begin, end)) is not None:
            self._take(buffer, frame, frame.end - begin, arrived_ns)
            begin = frame.end
        self._rest = bytes(buffer[begin:end]) if begin < end else b""
        return True

    def _lose(self, what: str) -> bool:
        self.is_in = False
        if not self._has_left:
            self._report(what)
        return False

    def _report(self, what: str) -> None:
        if self._way_in is not None:
            self._fail_to_come(what)
        else:
            self._trouble(what)

    def _fail_to_come(self, what: str) -> None:
        """Note trouble on the way in; the whole run is given up for somebody who was to be there from the start."""
        self._trouble(what)
        if self.role.arrives == BEFORE:
            raise RuntimeError("; ".join(self._record.troubles[-2:]))

    def _trouble(self, what: str) -> None:
        self._record.troubles.append(f"client {self.role.number}: {what}")
