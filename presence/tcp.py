"""Raw TCP: a u32 length before each payload, nothing else.

Owns the listener side of that transport: how bytes become payloads, and a short cut for the one message that makes up
nearly all traffic. Everything else is in `connection`.
"""

from __future__ import annotations

import asyncio

from presence.connection import POSE_STARTS, ClientConnection
from presence.hub import Hub
from presence.session import NO_MASK
from protocol.framing import TCP_HEADER_BYTES, Framing, TcpReader, tcp_header

# by the length of the whole frame: how it starts
_STARTS = {TCP_HEADER_BYTES + length: tcp_header(length) + start for length, start in POSE_STARTS.items()}


class TcpConnection(ClientConnection):
    """A client on raw TCP."""

    __slots__ = ("_is_between_frames", "_reader")
    framing = Framing.TCP

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop, max_frame_bytes: int) -> None:
        super().__init__(hub, loop)
        self._reader = TcpReader(max_frame_bytes)
        self._is_between_frames = True

    def data_received(self, data: bytes) -> None:
        """Take bytes from the socket: a lone pose straight to its room, anything else in the general way."""
        deliver = self.deliver_pose
        start = _STARTS.get(len(data))
        if deliver is not None and start is not None and data.startswith(start) and self._is_between_frames:
            self._traffic.received_poses += len(data)
            deliver(NO_MASK + data[TCP_HEADER_BYTES:], self._time())
        else:
            super().data_received(data)

    def _read(self, data: bytes, now: float) -> None:
        for payload in self._reader.feed(data):
            self._take(payload, now)
        self._is_between_frames = self._reader.is_between_frames
