"""Connections of either transport without sockets: a transport and a clock in memory, and the client behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from presence.connection import ClientConnection
from presence.tcp import TcpConnection
from presence.websocket import WebSocketConnection
from protocol.codec import decode, encode
from protocol.framing import Framing, Opcode, TcpReader, mask, tcp_header, websocket_header
from protocol.records import Section, section_bytes
from protocol.schema import Join, Pose, Sender
from tests.hubs import Desk, a_hello
from tests.rooms import input_record
from tests.sockets import MemoryTransport

MAX_FRAME_BYTES = 1024
KEY = b"\x37\xfa\x21\x3d"


class Loop:
    """An event loop's clock and timers, moved by hand."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._timers: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        """Return the desk's time."""
        return self._desk.now

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Loop:
        """Remember a timer; `cancel` forgets all of them."""
        self._timers.append((self.time() + delay_s, callback))
        return self

    def cancel(self) -> None:
        """Forget the timers."""
        self._timers.clear()

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self._desk.now += seconds
        due = [callback for when, callback in self._timers if when <= self.time()]
        for callback in due:
            callback()


class Wire:
    """A connection of one transport on a transport in memory, and the client behind it."""

    def __init__(self, framing: Framing, desk: Desk | None = None) -> None:
        self.framing = framing
        self.desk = desk or Desk(max_half_open=100, max_per_address=100)
        self.loop = Loop(self.desk)
        loop = cast("asyncio.AbstractEventLoop", self.loop)
        self.connection: ClientConnection
        if framing is Framing.TCP:
            self.connection = TcpConnection(self.desk.hub, loop, MAX_FRAME_BYTES, None)
        else:
            self.connection = WebSocketConnection(self.desk.hub, loop, MAX_FRAME_BYTES, None, "192.0.2.1")
        self.transport = MemoryTransport()
        self.transport.connect(self.connection)

    def framed(self, payload: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
        """Frame a payload as a client does."""
        if self.framing is Framing.TCP:
            return tcp_header(len(payload)) + payload
        header = bytearray(websocket_header(len(payload), opcode))
        header[1] |= 0x80
        return bytes(header) + KEY + mask(payload, KEY)

    def send(self, *messages: Any) -> None:
        """Send messages in one piece."""
        self.receive(b"".join(self.framed(encode(message)) for message in messages))

    def receive(self, data: bytes) -> None:
        """Let the connection receive bytes."""
        self.connection.data_received(data)

    def frames(self) -> list[tuple[Opcode, bytes]]:
        """Cut what was written into frames, and forget it."""
        data, found = bytes(self.transport.written), []
        self.transport.written.clear()
        if self.framing is Framing.TCP:
            return [(Opcode.BINARY, payload) for payload in TcpReader(2**20).feed(data)]
        while data:
            opcode, length, start = Opcode(data[0] & 0x0F), data[1], 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            found.append((opcode, data[start : start + length]))
            data = data[start + length :]
        return found

    def heard(self) -> list[Any]:
        """Decode the messages written, and forget them."""
        return [decode(payload, Sender.SERVER) for opcode, payload in self.frames() if opcode is Opcode.BINARY]

    def enter(self) -> None:
        """Open a session and enter the lobby."""
        self.send(a_hello(), Join(1, "lobby", ""))
        self.desk.tick()
        self.heard()

    def last_ack(self) -> int:
        """Let a tick pass and return the newest pose it acknowledges."""
        self.desk.tick()
        return int.from_bytes(self.heard()[-1].data[8:12], "little")


def a_pose(seq: int, kind: Section = Section.ROOT_INPUT, x_m: float = 0.0) -> Pose:
    """Make a pose message."""
    return Pose(section_bytes(kind, input_record(kind, seq, (x_m, 0, 0))))
