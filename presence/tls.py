"""TLS between a raw transport and any protocol: a protocol to the one, a transport to the other.

Owns the handshake and the records, and nothing else. asyncio and uvloop have such a layer, but theirs keeps up to 64 kB
of its own that nobody is told of, where poses would grow old; cannot end one direction only, so that a last message may
be lost; and takes handshakes without end that nobody can count. Here a raw transport that is full is seen as full by
the protocol behind, `write_eof` works, and whoever has not finished the handshake waits in a pool, where the oldest
goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, cast

from presence.limits import Pool

_READ_BYTES = 256 * 1024  # as much as a transport hands over at once


class TlsConnection(asyncio.Protocol):
    """The raw side. Once the handshake is done, a protocol made by `behind` is given a transport that speaks TLS."""

    def __init__(
        self,
        context: ssl.SSLContext,
        behind: Callable[[], asyncio.Protocol],
        pool: Pool[TlsConnection],
        clock: Callable[[], float],
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._behind = behind
        self._pool = pool
        self._clock = clock
        self._raw: asyncio.Transport
        self._protocol: asyncio.Protocol | None = None
        self._has_ended = False  # we said that nothing more will come

    # --- the raw transport's protocol ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the handshake, in the pool."""
        self._raw = cast("asyncio.Transport", transport)
        oldest = self._pool.add(self, self._clock())
        if oldest is not None:
            oldest.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol behind, if there is one."""
        self._pool.discard(self)
        self._has_ended = True
        if self._protocol is not None:
            self._protocol.connection_lost(exc)
        self._protocol = None  # it holds our transport, which holds us: nobody waits for the garbage collector

    def data_received(self, data: bytes) -> None:
        """Go on with the handshake, or decrypt."""
        if self._has_ended:
            return
        self._incoming.write(data)
        try:
            if self._protocol is None and not self._shake_hands():
                return
            self._read()
        except ssl.SSLError:
            self._flush()  # the alert that says what was wrong
            self._raw.close()

    def eof_received(self) -> bool | None:
        """Pass the end of the stream on; without a handshake it is just the end."""
        return self._protocol.eof_received() if self._protocol is not None else None

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._protocol is not None:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._protocol is not None:
            self._protocol.resume_writing()

    # --- what the secure transport does -------------------------------------------------------------------------------

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        """Put another protocol behind."""
        self._protocol = protocol

    def protocol(self) -> asyncio.Protocol:
        """Return the protocol behind."""
        assert self._protocol is not None
        return self._protocol

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Encrypt and write."""
        if len(data) and not self._has_ended:
            self._tls.write(data)
            self._flush()

    def end(self) -> None:
        """Say that nothing more will come; what the peer still sends is read and dropped."""
        if not self._has_ended:
            self._has_ended = True
            with contextlib.suppress(ssl.SSLError):  # the peer has not said so yet, or is beyond talking to
                self._tls.unwrap()
            self._flush()

    def abort(self) -> None:
        """Cut the connection."""
        self._raw.abort()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _shake_hands(self) -> bool:
        """Go on with the handshake; return whether it is done."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        self._flush()
        self._pool.discard(self)
        self._protocol = self._behind()
        self._protocol.connection_made(SecureTransport(self, self._raw, self._tls))
        return True

    def _read(self) -> None:
        """Hand over everything that can be decrypted."""
        while not self._has_ended:
            try:
                data = self._tls.read(_READ_BYTES)
            except ssl.SSLWantReadError:
                self._flush()  # key updates want answers
                return
            except ssl.SSLZeroReturnError:
                data = b""
            if not data:
                self.protocol().eof_received()
                self.end()
                self._raw.close()
                return
            self.protocol().data_received(data)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._raw.write(self._outgoing.read())


class SecureTransport(asyncio.Transport):
    """What the protocol behind sees: a transport like any other, with the raw one's flow control."""

    def __init__(self, layer: TlsConnection, raw: asyncio.Transport, tls: ssl.SSLObject) -> None:
        super().__init__({"sslcontext": tls.context, "ssl_object": tls, "cipher": tls.cipher()})
        self._layer = layer
        self._raw = raw
        self.write = layer.write  # type: ignore[method-assign]  # one call less for each frame
        self.pause_reading = raw.pause_reading  # type: ignore[method-assign]
        self.resume_reading = raw.resume_reading  # type: ignore[method-assign]
        self.is_reading = raw.is_reading  # type: ignore[method-assign]
        self.is_closing = raw.is_closing  # type: ignore[method-assign]
        self.abort = raw.abort  # type: ignore[method-assign]
        self.get_write_buffer_size = raw.get_write_buffer_size  # type: ignore[method-assign]
        self.get_write_buffer_limits = raw.get_write_buffer_limits  # type: ignore[method-assign]
        self.set_write_buffer_limits = raw.set_write_buffer_limits  # type: ignore[method-assign]

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of TLS, else what the raw transport knows."""
        return super().get_extra_info(name) or self._raw.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Put another protocol behind."""
        self._layer.set_protocol(cast("asyncio.Protocol", protocol))

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol behind."""
        return self._layer.protocol()

    def can_write_eof(self) -> bool:
        """Tell that `write_eof` works: TLS 1.3 ends each direction on its own, and clients of 1.2 just close."""
        return True

    def write_eof(self) -> None:
        """End our direction, in TLS and below."""
        self._layer.end()
        self._raw.write_eof()

    def close(self) -> None:
        """End our direction, then the connection."""
        self._layer.end()
        self._raw.close()
