"""WebSocket after the upgrade: RFC 6455 frames on a transport taken over from the HTTP server.

Owns how bytes become payloads, the answers to WebSocket's own control frames, and a short cut for the one message that
makes up nearly all traffic. The upgrade itself is in `upgrade`; everything else is in `connection`.
"""

from __future__ import annotations

import asyncio
from struct import Struct, unpack

from presence.connection import POSE_STARTS, ClientConnection
from presence.hub import Hub
from presence.limits import MAX_OVERRUNS, Bucket
from protocol.errors import Close, ProtocolError
from protocol.framing import MAX_CONTROL_BYTES, Control, Framing, Opcode, WebSocketReader, websocket_header
from protocol.schema import Rate

# Browsers send no pings; libraries send one in ten to thirty seconds.
_CONTROL_RATE = Rate(per_s=5, burst=20)

_CODE_BYTES = 2
_HEADER_AND_KEY_BYTES = 6
_start_of = Struct("=2sIII").unpack_from  # header, mask key, and as much of the payload as poses of one kind share
_FINAL_BINARY = 0x80 | Opcode.BINARY
# by the length of the whole frame: header and start of the payload, unmasked
_STARTS = {
    _HEADER_AND_KEY_BYTES + length: (bytes((_FINAL_BINARY, 0x80 | length)), *unpack("=II", start))
    for length, start in POSE_STARTS.items()
}


class WebSocketConnection(ClientConnection):
    """A client on WebSocket."""

    __slots__ = ("_controls", "_is_between_frames", "_reader")
    framing = Framing.WEBSOCKET

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop, max_frame_bytes: int, address: str) -> None:
        super().__init__(hub, loop, address)
        self._reader = WebSocketReader(max_frame_bytes)
        self._is_between_frames = True
        self._controls = Bucket(_CONTROL_RATE)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the socket: a lone pose straight to its room, anything else in the general way."""
        deliver = self.deliver_pose
        start = _STARTS.get(len(data))
        if start is not None and deliver is not None and self._is_between_frames:
            header, key, first, second = _start_of(data)
            if (header, first ^ key, second ^ key) == start:
                self._traffic.received_poses += len(data)
                deliver(data[2:], self._time())
                return
        super().data_received(data)

    def _read(self, data: bytes, now: float) -> None:
        for received in self._reader.feed(data):
            if self._is_closing:
                return
            if isinstance(received, Control):
                self._answer(received, now)
            else:
                self._take(received, now)
        self._is_between_frames = self._reader.is_between_frames

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
