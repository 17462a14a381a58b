"""One client of another server: it comes in as its dialect says, sends poses, and keeps whatever it is told whole.

Never blocks once it is in, and never waits: `swarm` says when to read and when to send.
"""

from __future__ import annotations

import os
import socket
import time
from array import array
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.peers.dialect import DIALECTS
from benchmarks.peers.frames import client_frame, next_frame
from benchmarks.plan import FRAME_COLUMNS, Visit
from protocol.framing import Opcode

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from benchmarks.plan import Plan, Role

    WayIn = Generator[None, bytes, None]  # waits for the next message

_ENGINE_PING, _ENGINE_PONG = b"2", b"3"  # Engine.IO's own, in text frames
_UNKNOWN = (0,) * (len(FRAME_COLUMNS) - 3)  # what only a snapshot of our server says of itself


@dataclass(slots=True)
class Record:
    """Appended to by every client; `random_bytes` makes masks and keys."""

    random_bytes: Callable[[int], bytes]
    frames: array[int] = field(default_factory=lambda: array("q"))
    sampled: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


class PeerClient:
    """From its first byte to its last, in the dialect that the plan names. `is_in`: it may send poses."""

    def __init__(self, role: Role, plan: Plan, record: Record) -> None:
        assert plan.peer is not None
        self.role = role
        self.is_connected = False
        self.is_in = False
        self._plan = plan
        self._record = record
        self._dialect = DIALECTS[plan.peer]
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.connect_ex((plan.where.host, plan.where.port))
        self._way_in: WayIn | None = None
        self._is_upgraded = False
        self._rest = b""  # the beginning of a frame
        record.sampled[role.number] = []

    def fileno(self) -> int:
        """Name its socket."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close its socket."""
        self._sock.close()

    # --- coming in ----------------------------------------------------------------------------------------------------

    def set_out(self) -> None:
        """Begin the way in, now that the socket is connected. Raises RuntimeError where it could not be."""
        self.is_connected = True
        if failure := self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._report(f"could not connect: {os.strerror(failure)}")
        self._way_in = self._come_in()
        next(self._way_in)

    def _come_in(self) -> WayIn:
        """Upgrade, and answer what the server greets with."""
        plan, number = self._plan, self.role.number
        path = self._dialect.path(plan.where.host, plan.where.port, number)
        key = b64encode(self._record.random_bytes(16)).decode()
        self.send(
            f"GET {path} HTTP/1.1\r\nHost: {plan.where.authority}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = yield
        if not answer.startswith(b"HTTP/1.1 101"):
            self._report(f"the server did not upgrade to WebSocket: {answer[:100]!r}")
        for awaited, reply in self._dialect.greeting:
            while not (yield).startswith(awaited):
                pass
            if reply:
                self._say(reply, Opcode.BINARY)
        self.is_in = True
        self._record.visits[number] = Visit(number, 0, time.monotonic_ns())

    def _advance(self, message: bytes) -> None:
        """Go on with the way in, with the message it waited for."""
        assert self._way_in is not None
        try:
            self._way_in.send(message)
        except StopIteration:
            self._way_in = None

    # --- speaking -----------------------------------------------------------------------------------------------------

    def _say(self, payload: bytes, opcode: Opcode) -> None:
        self.send(client_frame(payload, self._record.random_bytes(4), opcode))

    def send(self, frame: bytes | memoryview) -> None:
        """Send framed bytes; the socket must take them whole."""
        try:
            sent = self._sock.send(frame)
        except OSError as error:
            self._trouble(f"could not send: {error.strerror}")
        else:
            if sent != len(frame):
                self._trouble("could send only a part of a frame")

    # --- being told ---------------------------------------------------------------------------------------------------

    def read(self, buffer: bytearray) -> bool:
        """Read once; False where there will never be more."""
        held = len(self._rest)
        buffer[:held] = self._rest
        try:
            count = self._sock.recv_into(memoryview(buffer)[held:])
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
            self._take(frame.opcode, bytes(buffer[frame.start : frame.end]), frame.end - begin, arrived_ns)
            begin = frame.end
        self._rest = bytes(buffer[begin:end]) if begin < end else b""
        return True

    def _take(self, opcode: int, payload: bytes, size: int, arrived_ns: int) -> None:
        if opcode == Opcode.PING:
            self._say(payload, Opcode.PONG)
        elif opcode == Opcode.CLOSE:
            self._report(f"was sent a close frame: {payload!r}")
        elif opcode == Opcode.TEXT and payload == _ENGINE_PING:
            self._say(_ENGINE_PONG, Opcode.TEXT)
        else:
            self._record.frames.extend((self.role.number, arrived_ns, *_UNKNOWN, size))
            self._record.sampled[self.role.number].append((arrived_ns, payload))
            if self._way_in is not None:
                self._advance(payload)

    def _lose(self, what: str) -> bool:
        self.is_in = False
        self._report(what)
        return False

    def _report(self, what: str) -> None:
        """Note trouble; on the way in it is the end of the whole run. Raises RuntimeError."""
        self._trouble(what)
        if not self.is_in and self._way_in is not None:
            raise RuntimeError("; ".join(self._record.troubles[-2:]))

    def _trouble(self, what: str) -> None:
        self._record.troubles.append(f"client {self.role.number}: {what}")
