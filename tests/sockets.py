"""A transport in memory, for protocols that expect asyncio's: what is written stays, and flow control is by hand."""

from __future__ import annotations

import asyncio
from typing import Any, cast


class MemoryTransport(asyncio.Transport):
    """Keeps what is written. `choke` makes it a full socket, `drain` an empty one."""

    def __init__(self, peer: str = "192.0.2.1") -> None:
        super().__init__({"peername": (peer, 50000), "socket": None})
        self.written = bytearray()
        self.waiting = bytearray()
        self.has_eof = self.is_closed = self.is_aborted = False
        self.limits: tuple[int | None, int | None] | None = None
        self._is_choked = False
        self._protocol: asyncio.Protocol | None = None

    # --- as a protocol sees it ----------------------------------------------------------------------------------------

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Talk to this protocol from now on."""
        self._protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return whom it talks to."""
        assert self._protocol is not None
        return self._protocol

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Keep the bytes, or hold them back while choked, and say so at once. Nothing may come after the end."""
        assert not self.has_eof
        if not self._is_choked:
            self.written += data
            return
        is_first = not self.waiting
        self.waiting += data
        if is_first and self._protocol is not None:
            self._protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        """Count what waits."""
        return len(self.waiting)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Remember the limits."""
        self.limits = (high, low)

    def can_write_eof(self) -> bool:
        """Tell that it works."""
        return True

    def write_eof(self) -> None:
        """Remember it."""
        self.has_eof = True

    def close(self) -> None:
        """Remember it."""
        self.is_closed = True

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.is_closed or self.is_aborted

    def abort(self) -> None:
        """Remember it, and lose the connection."""
        self.is_aborted = True
        self.lose()

    def resume_reading(self) -> None:
        """Do nothing: bytes come when a test says so."""

    # --- as a test drives it ------------------------------------------------------------------------------------------

    def connect(self, protocol: asyncio.Protocol) -> None:
        """Begin."""
        self.set_protocol(protocol)
        protocol.connection_made(self)

    def choke(self) -> None:
        """Take no more bytes."""
        self._is_choked = True

    def drain(self) -> None:
        """Take what waited, and more."""
        self._is_choked = False
        self.written += self.waiting
        self.waiting.clear()
        assert self._protocol is not None
        self._protocol.resume_writing()

    def lose(self) -> None:
        """End."""
        if self._protocol is not None:
            self._protocol.connection_lost(None)
            self._protocol = None
