"""WebSocket after the upgrade: RFC 6455 frames on a transport taken over from the HTTP server.

Owns how bytes become payloads, and the answers to WebSocket's own control frames. The upgrade itself is in `upgrade`;
everything else is in `connection`.
"""

from __future__ import annotations

import asyncio

from presence.connection import ClientConnection
from presence.hub import Hub
from presence.intake import Intake
from presence.limits import MAX_OVERRUNS, Bucket
from protocol.errors import Close, ProtocolError
from protocol.framing import MAX_CONTROL_BYTES, Control, Framing, Opcode, WebSocketReader, websocket_header
from protocol.schema import Rate

# Browsers send no pings; libraries send one in ten to thirty seconds.
_CONTROL_RATE = Rate(per_s=5, burst=20)

_CODE_BYTES = 2


class WebSocketConnection(ClientConnection):
    """A client on WebSocket."""

    __slots__ = ("_controls",)
    framing = Framing.WEBSOCKET
    _reader: WebSocketReader

    def __init__(
        self, hub: Hub, loop: asyncio.AbstractEventLoop, max_frame_bytes: int, intake: Intake | None, address: str
    ) -> None:
        super().__init__(hub, loop, WebSocketReader(max_frame_bytes), intake, address)
        self._controls = Bucket(_CONTROL_RATE)

    def _read(self, data: bytes, now: float) -> None:
        for received in self._reader.feed(data):
            if self._is_closing:
                return
            if isinstance(received, Control):
                self._answer(received, now)
            else:
                self._take(received, now)

    def _answer(self, control: Control, now: float) -> None:
        if self.session is not None:
            self.session.heard_at = now
        if control.opcode is Opcode.CLOSE:
            self._part(control.payload[:_CODE_BYTES], now)
        elif not self._controls.take(now):
            if self._controls.count_overrun(now) > MAX_OVERRUNS:
                raise ProtocolError(Close.RATE_LIMITED, "too many WebSocket control frames")
        elif control.opcode is Opcode.PING:
            self.write(websocket_header(len(control.payload), Opcode.PONG) + control.payload)

    def _part(self, code: bytes, now: float) -> None:
        """Answer a close frame. Nothing may be written after it, so the session is told before the socket is gone."""
        self._is_closing = True
        code = code if len(code) == _CODE_BYTES else b""
        self.write(websocket_header(len(code), Opcode.CLOSE) + code)
        self._hub.left(self, now)
        self._shut()

    def _farewell(self, code: int, reason: str) -> bytes:
        text = reason.encode()[: MAX_CONTROL_BYTES - _CODE_BYTES].decode(errors="ignore").encode()
        return websocket_header(_CODE_BYTES + len(text), Opcode.CLOSE) + code.to_bytes(_CODE_BYTES, "big") + text
