"""One client of this server: its way in, what it says, and what is kept of what it is told.

Nothing is decoded that need not be: see `client_frames`. What is received is recorded as numbers and judged after the
run.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from benchmarks.client_frames import SNAPSHOT_TYPE, client_frame, message_type, snapshot_data_start, summary
from benchmarks.hops import HOP_REST_S, hops
from benchmarks.plan import Visit
from benchmarks.snapshot_reader import read_snapshot
from benchmarks.socket_client import SocketClient
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

    from benchmarks.client_frames import Frame
    from benchmarks.plan import Plan, Role
    from benchmarks.record import Record
    from benchmarks.socket_client import WayIn


class Client(SocketClient):
    """Speaks the protocol as the standard asks of every client."""

    def __init__(self, role: Role, plan: Plan, record: Record) -> None:
        super().__init__(role, plan, record)
        self._event = 0  # newest seen
        self._acked = 0
        if role.is_sampled:
            record.sampled[role.number] = []

    def _come_in(self) -> WayIn:
        """Upgrade, say hello, join, and hop to where the walk begins."""
        plan, number = self._plan, self.role.number
        if not (yield from self._upgrade("/v1/connect")):
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

    # --- speaking -----------------------------------------------------------------------------------------------------

    def leave(self, frame: bytes) -> None:
        """Send a last pose and goodbye in one piece.

        The last snapshot acknowledges the pose, so that it says which tick was the last.
        """
        self.send(frame + client_frame(encode(Bye()), self._record.random_bytes(4)))
        self._record.visits[self.role.number].left_ns = self._spoke_ns
        self.is_in, self._has_left = False, True

    def keep_up(self, *, is_ping_due: bool, is_ack_due: bool) -> None:
        """Show that it is alive, and acknowledge the events it has seen."""
        if is_ping_due:
            self.say(Ping(0))
        if is_ack_due:
            self._acknowledge()

    def show_life(self, silence_s: float) -> None:
        """Acknowledge events, or ping if nothing was said for so long, as the protocol asks of every client."""
        if not self._acknowledge() and self._is_upgraded and time.monotonic_ns() - self._spoke_ns > silence_s * 1e9:
            self.say(Ping(0))

    def _acknowledge(self) -> bool:
        """Acknowledge the events it has seen; False where there are no new ones."""
        if self._event == self._acked or self._has_left:
            return False
        self._acked = self._event
        self.say(Ack(self._event))
        return True

    def say(self, message: Any) -> None:
        """Send one message."""
        self.send_payload(encode(message))

    def say_goodbye(self) -> None:
        """Leave at the end of everything, with nobody left to read the answer."""
        if self.is_in:
            self.say(Bye())

    # --- being told ---------------------------------------------------------------------------------------------------

    def _take(self, buffer: bytearray, frame: Frame, size: int, arrived_ns: int) -> None:
        if frame.opcode != Opcode.BINARY:
            return
        if buffer[frame.start + 1] == SNAPSHOT_TYPE:
            self._take_snapshot(buffer, frame.start, frame.end, size, arrived_ns)
        else:
            self._take_message(bytes(buffer[frame.start : frame.end]))

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


_EXPECTED = frozenset(SPEC_OF[cls].type for cls in (Welcome, Joined, Done))
_TROUBLES = frozenset(SPEC_OF[cls].type for cls in (Closing, Correction, Error))


def _until(cls: type[Any]) -> Generator[float | None, Any, Any]:
    """Wait for a message of one class, passing over others."""
    while True:
        message = yield None
        if isinstance(message, cls):
            return message
