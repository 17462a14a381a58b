"""From HTTP to WebSocket: checks the opening handshake, answers it, and takes the transport away from aiohttp.

Owns the HTTP side of one connection (`HttpConnection`) and the rules of RFC 6455 section 4.2. After the hand-over,
aiohttp has forgotten the connection as if it were lost, its transport belongs to a WebSocketConnection, and bytes that
came behind the request have been given to it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import HttpProcessingError

from presence.limits import Pool
from presence.problem import Problem
from protocol.schema import MAJOR

SUBPROTOCOL = f"presence.{MAJOR}"
VERSION = "13"

# A load balancer keeps its connections for longer, and reopens them; a person's browser is done in less.
KEEP_ALIVE_S = 15.0
# Requests are answered at once, so more of these than this at a time are somebody who does not ask for anything.
MAX_HTTP_CONNECTIONS = 512

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16


Connect = Callable[[str], asyncio.Protocol]  # makes the protocol for a client at this address


class HttpConnection(web.RequestHandler):
    """aiohttp's protocol for one HTTP connection, in a bounded pool, and able to hand its transport over."""

    def __init__(self, server: web.Server, pool: Pool[HttpConnection], loop: asyncio.AbstractEventLoop) -> None:
        # What is refused is answered without waiting for the rest of its body.
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=0.0,
            access_log=None,  # type: ignore[arg-type]
        )
        self._pool = pool

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter the pool; the oldest connection in it may have to go."""
        super().connection_made(transport)
        oldest = self._pool.add(self, self._loop.time())
        if oldest is not None:
            oldest.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leave the pool."""
        self._pool.discard(self)
        super().connection_lost(exc)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log our own faults. A request that is no HTTP is its sender's, who is told so by the status."""
        if not isinstance(kw.get("exc_info"), HttpProcessingError):
            super().log_exception(*args, **kw)

    def hand_over(self, successor: asyncio.Protocol, answer: bytes) -> None:
        """Write `answer`, and give the transport to `successor`, with what was received behind the request."""
        transport = self.transport
        assert transport is not None, "the request came over it"
        tail = _Tail()
        self.set_parser(tail)  # type: ignore[arg-type]
        transport.write(answer)
        transport.set_protocol(successor)
        self.transport = None  # losing the connection would close it
        self.connection_lost(None)
        successor.connection_made(transport)
        transport.resume_reading()  # it was paused if a lot was waiting
        if tail.received:
            successor.data_received(tail.received)


class _Tail:
    """Stands in for the parser that aiohttp would feed after an upgrade, and keeps what it is fed."""

    def __init__(self) -> None:
        self.received = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Keep bytes that came behind the request."""
        self.received += data
        return False, b""

    def feed_eof(self) -> None:
        """Do nothing: the end of the connection is told to the successor."""


class Upgraded(web.StreamResponse):
    """What a handler returns when the answer was written and the connection is somebody else's."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:  # noqa: ARG002
        """Write nothing."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing."""


class Upgrader:
    """Answers GET /v1/connect."""

    def __init__(self, origins: frozenset[str], client_address: Callable[[web.Request], str], connect: Connect) -> None:
        self._origins = origins
        self._client_address = client_address
        self._connect = connect

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Upgrade the connection. Raises Problem."""
        self._check_origin(request)
        key = _checked_key(request)
        connection = request.protocol
        assert isinstance(connection, HttpConnection)
        connection.hand_over(self._connect(self._client_address(request)), _answer(key, _subprotocol(request)))
        return Upgraded()

    def _check_origin(self, request: web.Request) -> None:
        """Let in what is no web page, a page of this server, and pages of the origins that the operator named."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None or origin.lower() in self._origins:
            return
        if _authority(origin) != request.host.lower() or not request.host:
            raise Problem(
                403,
                "origin_refused",
                "pages of this origin may not connect",
                "ask the operator to name it in --origins",
            )


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""  # no page has such an origin


def _checked_key(request: web.Request) -> bytes:
    """Return the handshake's key. Raises Problem for what is no opening handshake (RFC 6455 section 4.2.1)."""
    headers = request.headers
    connection = {word.strip().lower() for word in headers.get(hdrs.CONNECTION, "").split(",")}
    if headers.get(hdrs.UPGRADE, "").strip().lower() != "websocket" or "upgrade" not in connection:
        raise Problem(
            426,
            "upgrade_required",
            "this address speaks WebSocket only",
            "connect with a WebSocket client",
            {"Upgrade": "websocket", "Connection": "Upgrade"},
        )
    if headers.get(hdrs.SEC_WEBSOCKET_VERSION) != VERSION:
        raise Problem(
            426,
            "websocket_version",
            f"WebSocket version {VERSION} is spoken here",
            "use a client that follows RFC 6455",
            {"Sec-WebSocket-Version": VERSION},
        )
    key = headers.get(hdrs.SEC_WEBSOCKET_KEY, "")
    if not _is_key(key) or request.can_read_body or request.version < HttpVersion11:
        raise Problem(400, "bad_handshake", "not a WebSocket opening handshake", "use a client that follows RFC 6455")
    return key.encode()


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _subprotocol(request: web.Request) -> str:
    """Return our subprotocol if it was offered, else ""."""
    offered = ",".join(request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, []))
    return SUBPROTOCOL if SUBPROTOCOL in (word.strip() for word in offered.split(",")) else ""


def _answer(key: bytes, subprotocol: str) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
        *([f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
