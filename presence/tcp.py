"""Raw TCP: a u32 length before each payload, nothing else.

Owns the listener side of that transport: how bytes become payloads. Everything else is in `connection`.
"""

from __future__ import annotations

import asyncio

from presence.connection import ClientConnection
from presence.hub import Hub
from presence.intake import Intake
from protocol.framing import Framing, TcpReader


class TcpConnection(ClientConnection):
    """A client on raw TCP."""

    __slots__ = ()
    framing = Framing.TCP
    _reader: TcpReader

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop, max_frame_bytes: int, intake: Intake | None) -> None:
        super().__init__(hub, loop, TcpReader(max_frame_bytes), intake)

    def _read(self, data: bytes, now: float) -> None:
        for payload in self._reader.feed(data):
            self._take(payload, now)
