"""One client of the load: its socket, its way in, what it says, and what is kept of what it is told.

Nothing is decoded that need not be: see `client_frames`. What is received is recorded as numbers and judged after the
run. Never blocks and never waits: `swarm` says when to read and when to send.
"""

from __future__ import annotations

import heapq
import os
import socket
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from benchmarks.client_frames import SNAPSHOT_TYPE, client_frame, message_type, next_frame, snapshot_data_start, summary
from benchmarks.hops import HOP_REST_S, hops
from benchmarks.plan import BEFORE, Visit
from benchmarks.snapshot_reader import read_snapshot
from protocol.codec import decode, encode
from protocol.framing import Opcode
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
    Hello,
    Join,
    Joined,
    Lane,
    Ping,
    Sender,
    Teleport,
    Welcome,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from benchmarks.plan import Plan, Role
    from benchmarks.record import Record

    WayIn = Generator[float | None, Any, None]  # yields how long to wait, or None for the next message

_NARROW_BYTES = 4096


class Client:
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
        self._event = 0  # newest seen
        self._acked = 0
        self._spoke_ns = 0
        if role.is_sampled:
            record.sampled[role.number] = []

    def fileno(self) -> int:
        """Name its socket."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close its socket."""
        self._sock.close()

    def narrow(self) -> None:
        """Let the kernel hold little of what is not read."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW_BYTES)

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

    def _come_in(self) -> WayIn:
        """Upgrade, say hello, join, and hop to where the walk begins."""
        plan, number = self._plan, self.role.number
        key = b64encode(self._record.random_bytes(16)).decode()
        self.send(
            f"GET /v1/connect HTTP/1.1\r\nHost: {plan.host}:{plan.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = yield None
        if not answer.startswith(b"HTTP/1.1 101"):
            self._fail_to_come(f"the server did not upgrade to WebSocket: {answer[:100]!r}")
            return
        self.say(Hello(MAJOR, MINOR, SCHEMA_HASH, "presence benchmarks", "", f"Walker {number}", "", 0))
        yield from _until(Welcome)
        self.say(Join(1, plan.room, plan.world))
        joined = yield from _until(Joined)
        self.is_seated = True
        self._record.radius_mm, self._record.tick_hz = joined.radius_mm, joined.tick_hz
        visit = Visit(joined.entity, joined.generation, time.monotonic_ns())
        self._record.visits[number] = visit
        visit.stops.append((joined.x, joined.y, joined.z, joined.yaw))
        for x, y, z in hops((joined.x, joined.y, joined.z), self.role.start_mm):
            if len(visit.stops) > 1:
                yield HOP_REST_S
            seq = len(visit.stops)
            self.say(Teleport(seq, seq, x, y, z, 0))
            visit.stops.append((x, y, z, 0))
            yield from _until(Done)
        self.is_in = True

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

    def leave(self, frame: bytes) -> None:
        """Send a last pose and goodbye in one piece.

        The last snapshot acknowledges the pose, so that it says which tick was the last.
        """
        self.send(frame + client_frame(encode(Bye()), self._record.random_bytes(4)))
        self._record.visits[self.role.number].left_ns = self._spoke_ns
        self.is_in, self._has_left = False, True

    def show_life(self, silence_s: float) -> None:
        """Acknowledge events, or ping if nothing was said for so long, as the protocol asks of every client."""
        if not self.acknowledge() and self._is_upgraded and time.monotonic_ns() - self._spoke_ns > silence_s * 1e9:
            self.ping()

    def ping(self) -> None:
        """Show that it is alive."""
        self.say(Ping(0))

    def acknowledge(self) -> bool:
        """Acknowledge the events it has seen; False where there are no new ones."""
        if self._event == self._acked or self._has_left:
            return False
        self._acked = self._event
        self.say(Ack(self._event))
        return True

    def say(self, message: Any) -> None:
        """Send one message."""
        self.send(client_frame(encode(message), self._record.random_bytes(4)))

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

    def say_goodbye(self) -> None:
        """Leave at the end of everything, with nobody left to read the answer."""
        if self.is_in:
            self.say(Bye())

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
            if frame.opcode == Opcode.BINARY and buffer[frame.start + 1] == SNAPSHOT_TYPE:
                self._take_snapshot(buffer, frame.start, frame.end, frame.end - begin, arrived_ns)
            elif frame.opcode == Opcode.BINARY:
                self._take_message(bytes(buffer[frame.start : frame.end]))
            begin = frame.end
        self._rest = bytes(buffer[begin:end]) if begin < end else b""
        return True

    def _take_snapshot(self, buffer: bytearray, start: int, end: int, size: int, arrived_ns: int) -> None:
        begin = snapshot_data_start(buffer, start)
        told = summary(buffer, begin, end)
        number = self.role.number
        self._record.frames.extend((number, arrived_ns, *told, size))
        if self.role.is_sampled:
            data = bytes(buffer[begin:end])
            try:
                read_snapshot(data)  # its price belongs to the latency; what it says is judged after the run
            except ValueError as problem:
                self._trouble(f"unreadable snapshot: {problem}")
            self._record.sampled[number].append((time.monotonic_ns(), data))

    def _take_message(self, payload: bytes) -> None:
        """Note an event's number; decode what the way in waits for, and what must not come."""
        kind = message_type(payload)
        if kind in MESSAGES and MESSAGES[kind].lane is Lane.EVENTS:
            self._event = int.from_bytes(payload[3:7], "big")
        if kind in _TROUBLES and not self._has_left:
            self._report(f"was told {decode(payload, Sender.SERVER)}")
        if self._way_in is not None and not self._is_waiting and kind in _EXPECTED:
            self._advance(decode(payload, Sender.SERVER))

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


_EXPECTED = frozenset(SPEC_OF[cls].type for cls in (Welcome, Joined, Done))
_TROUBLES = frozenset(SPEC_OF[cls].type for cls in (Closing, Correction, Error))


def _until(cls: type[Any]) -> Generator[float | None, Any, Any]:
    """Wait for a message of one class, passing over others."""
    while True:
        message = yield None
        if isinstance(message, cls):
            return message
