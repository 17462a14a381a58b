"""Connections: payloads over raw TCP (`tcp:` `tcps:`) or WebSocket (`ws:` `wss:`).

The only module of the SDK that opens sockets. A link hands each payload to its receiver as it comes and says once
that it is gone; it knows nothing of messages. Outgoing bytes are bounded by the caller, who asks `is_writable` before
sending what can wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from typing import Protocol, cast
from urllib.parse import SplitResult, urlsplit

import aiohttp

from presence_client.errors import ConnectError
from protocol.errors import ProtocolError
from protocol.framing import TcpReader, tcp_header

CONNECT_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0  # for the other side's close frame; what matters was said before
WEBSOCKET_PATH = "/v1/connect"
# A roster of a full room of 65,535 fits; a stream that is no presence server's does not make us buffer without end.
MAX_PAYLOAD_BYTES = 2**24
# More than this unsent means that the network stands: poses wait, since a newer one will replace them.
_BUSY_BYTES = 2**16
_SCHEMES = ("ws", "wss", "tcp", "tcps")


class Receiver(Protocol):
    """Who is told what a link receives; called from the event loop, never after `lost`."""

    def received(self, payload: bytes) -> None:
        """A payload came."""

    def lost(self, reason: str) -> None:
        """The connection is gone; called once, also after `close`."""


class Link(Protocol):
    """One open connection."""

    @property
    def is_writable(self) -> bool:
        """Whether sent bytes leave about as fast as they come."""

    def send(self, payload: bytes) -> None:
        """Send a payload, in order; a link that is gone ignores it."""

    def close(self) -> None:
        """Send what is left, then close."""

    def abort(self) -> None:
        """Close at once."""

    async def wait_closed(self) -> None:
        """Wait until nothing of the connection is left, after `close` or `abort`."""


async def dial(url: str, receiver: Receiver, context: ssl.SSLContext | None = None) -> Link:
    """Open a connection to `ws://host:port`, `wss://…`, `tcp://…` or `tcps://…`.

    `context`: how to check a TLS server; None for the system's certificates. Raises ConnectError in plain words,
    ValueError for a URL that is none of these.
    """
    parts = split_url(url)
    where = f"{parts.hostname}:{parts.port or _default_port(parts)}"
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await (_dial_tcp if parts.scheme.startswith("tcp") else _dial_websocket)(parts, receiver, context)
    except TimeoutError:
        raise ConnectError(f"{where} did not answer within {CONNECT_TIMEOUT_S:g} s") from None
    except (ssl.SSLCertVerificationError, aiohttp.ClientConnectorCertificateError) as error:
        raise ConnectError(f"the certificate of {where} is not trusted: {_certificate_reason(error)}") from None
    except (ssl.SSLError, aiohttp.ClientConnectorSSLError):
        raise ConnectError(f"{where} does not speak TLS as expected; is it a ws:// or tcp:// server?") from None
    except aiohttp.WSServerHandshakeError as error:
        raise ConnectError(f"{where} refused the WebSocket with HTTP status {error.status}") from None
    except aiohttp.ClientResponseError:
        raise ConnectError(f"{where} does not speak HTTP; is it a tcp:// or tcps:// port?") from None
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectError(f"cannot reach {where}: {_network_reason(error)}") from None


def split_url(url: str) -> SplitResult:
    """Take a server's URL apart. Raises ValueError with what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(
            f"{url!r} is not a URL such as ws://host:8080, wss://host, tcp://host:8081 or tcps://host:8081"
        )
    if parts.scheme.startswith("tcp") and parts.port is None:
        raise ValueError(f"{url!r} names no port")
    return parts


def _default_port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "wss" else 80


def _certificate_reason(error: Exception) -> str:
    cause = getattr(error, "certificate_error", error)
    return getattr(cause, "verify_message", "") or str(cause)


def _network_reason(error: BaseException) -> str:
    cause = getattr(error, "os_error", error)
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there"
    text = getattr(cause, "strerror", None) or str(cause)
    return text or type(cause).__name__


# --- raw TCP ----------------------------------------------------------------------------------------------------------


async def _dial_tcp(parts: SplitResult, receiver: Receiver, context: ssl.SSLContext | None) -> Link:
    tls = (context or ssl.create_default_context()) if parts.scheme == "tcps" else None
    loop = asyncio.get_running_loop()
    assert parts.hostname is not None
    assert parts.port is not None
    _, link = await loop.create_connection(lambda: _TcpLink(receiver), parts.hostname, parts.port, ssl=tls)
    return link


class _TcpLink(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._reader = TcpReader(MAX_PAYLOAD_BYTES)
        self._transport: asyncio.Transport | None = None
        self._is_paused = False
        self._reason = "the connection was closed"
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_BUSY_BYTES)

    def data_received(self, data: bytes) -> None:
        try:
            payloads = self._reader.feed(data)
        except ProtocolError:
            self._reason = "what answered is no presence server; is it a ws:// or wss:// port?"
            self.abort()
            return
        for payload in payloads:
            self._receiver.received(payload)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._closed.set()
        self._receiver.lost(_network_reason(exc) if exc else self._reason)

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False

    @property
    def is_writable(self) -> bool:
        return not self._is_paused

    def send(self, payload: bytes) -> None:
        if self._transport is not None:
            self._transport.write(tcp_header(len(payload)) + payload)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self) -> None:
        await self._closed.wait()


# --- WebSocket --------------------------------------------------------------------------------------------------------


async def _dial_websocket(parts: SplitResult, receiver: Receiver, context: ssl.SSLContext | None) -> Link:
    http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    try:
        url = parts._replace(path=WEBSOCKET_PATH if parts.path in ("", "/") else parts.path).geturl()
        socket = await http.ws_connect(
            url,
            ssl=context or True,
            compress=0,
            max_msg_size=MAX_PAYLOAD_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
        )
    except BaseException:
        await http.close()
        raise
    return _WebSocketLink(http, socket, receiver)


class _WebSocketLink:
    def __init__(
        self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, receiver: Receiver
    ) -> None:
        self._http = http
        self._socket = socket
        self._receiver = receiver
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._has_work = asyncio.Event()
        self._is_closing = False
        self._is_over = False  # nothing more will be received; what is left is tidying up, which must not be cancelled
        self._reading = asyncio.create_task(self._read())
        self._writing = asyncio.create_task(self._write())

    @property
    def is_writable(self) -> bool:
        return self._queued_bytes < _BUSY_BYTES

    def send(self, payload: bytes) -> None:
        if not self._is_closing:
            self._queue.append(payload)
            self._queued_bytes += len(payload)
            self._has_work.set()

    def close(self) -> None:
        self._is_closing = True
        self._has_work.set()

    def abort(self) -> None:
        self._is_closing = True
        if not self._is_over:
            self._reading.cancel()

    async def wait_closed(self) -> None:
        await asyncio.wait([self._reading, self._writing])

    async def _read(self) -> None:
        reason = "the connection was closed"
        try:
            async for message in self._socket:
                if message.type is not aiohttp.WSMsgType.BINARY:
                    reason = "this is no presence server: it sent text"
                    break
                self._receiver.received(message.data)
        finally:
            error = self._socket.exception()
            self._is_closing = self._is_over = True
            self._writing.cancel()
            self._receiver.lost(_network_reason(error) if error else reason)
            try:
                await self._socket.close()
            finally:
                await self._http.close()

    async def _write(self) -> None:
        with contextlib.suppress(OSError, aiohttp.ClientError):
            while self._queue or not self._is_closing:
                await self._has_work.wait()
                self._has_work.clear()
                while self._queue:
                    payload = self._queue.popleft()
                    await self._socket.send_bytes(payload)
                    self._queued_bytes -= len(payload)
            await self._socket.close()
