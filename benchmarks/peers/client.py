"""One client of another server: it comes in as its dialect says, sends poses, and keeps whatever it is told whole.

Latency ends here with the arrival of a message, before it is read, which is a little less than for this server's
clients.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.peers.dialect import DIALECTS
from benchmarks.peers.socket_client import SocketClient
from benchmarks.plan import FRAME_COLUMNS, Visit
from protocol.framing import Opcode

if TYPE_CHECKING:
    from benchmarks.peers.frames import Frame
    from benchmarks.peers.record import Record
    from benchmarks.peers.socket_client import WayIn
    from benchmarks.plan import Plan, Role

_ENGINE_PING, _ENGINE_PONG = b"2", b"3"  # Engine.IO's own, in text frames
_UNKNOWN = (0,) * (len(FRAME_COLUMNS) - 3)  # what only a snapshot of this server says of itself


class PeerClient(SocketClient):
    """Speaks the dialect that the plan names."""

    def __init__(self, role: Role, plan: Plan, record: Record) -> None:
        super().__init__(role, plan, record)
        assert plan.peer is not None
        self._dialect = DIALECTS[plan.peer]
        record.sampled[role.number] = []

    def _come_in(self) -> WayIn:
        """Upgrade, and answer what the server greets with."""
        plan, number = self._plan, self.role.number
        if not (yield from self._upgrade(self._dialect.path(plan.host, plan.port, number))):
            return
        for awaited, answer in self._dialect.greeting:
            while not (yield None).startswith(awaited):
                pass
            if answer:
                self.send_payload(answer)
        self.is_seated = self.is_in = True
        self._record.visits[number] = Visit(number, 0, time.monotonic_ns())

    def keep_up(self, *, is_ping_due: bool, is_ack_due: bool) -> None:
        """Say nothing: it is the server that pings."""

    def show_life(self, silence_s: float) -> None:
        """Say nothing: it is the server that pings."""

    def leave(self, frame: bytes) -> None:
        """Send a last pose; the socket is closed at the end."""
        self.send(frame)

    def say_goodbye(self) -> None:
        """Say nothing."""

    def _take(self, buffer: bytearray, frame: Frame, size: int, arrived_ns: int) -> None:
        payload = bytes(buffer[frame.start : frame.end])
        if frame.opcode == Opcode.PING:
            self.send_payload(payload, Opcode.PONG)
        elif frame.opcode == Opcode.CLOSE:
            self._report(f"was sent a close frame: {payload!r}")
        elif frame.opcode == Opcode.TEXT and payload == _ENGINE_PING:
            self.send_payload(_ENGINE_PONG, Opcode.TEXT)
        else:
            self._record.frames.extend((self.role.number, arrived_ns, *_UNKNOWN, size))
            self._record.sampled[self.role.number].append((arrived_ns, payload))
            if self._way_in is not None:
                self._advance(payload)
