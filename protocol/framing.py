"""Frames on a byte stream: the length prefix of raw TCP and the frames of WebSocket (RFC 6455), without I/O.

Feed received bytes to a reader and take whole payloads out; make the header of an outgoing frame with a
function. A reader holds at most one unfinished message of `max_bytes`, and raises ProtocolError as soon as a
longer one is announced.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from protocol.errors import Close, ProtocolError

TCP_HEADER_BYTES = 4
MAX_CONTROL_BYTES = 125  # RFC 6455 section 5.5
_MIN_HEADER_BYTES = 2
_MASKED = 0x80
_MASK_END = 6  # of a short frame: header, then the mask key
_FINAL_BINARY = 0x82
_SHORT = 126
_LONG = 127


class Framing(Enum):
    """How payloads are framed on one connection."""

    TCP = "tcp"
    WEBSOCKET = "websocket"


class Opcode(IntEnum):
    """WebSocket opcodes, RFC 6455 section 5.2."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


# --- outgoing ---------------------------------------------------------------------------------------------------------


def frame(framing: Framing, payload: bytes) -> bytes:
    """Frame one payload as the server sends it (never masked)."""
    return (tcp_header if framing is Framing.TCP else websocket_header)(len(payload)) + payload


def tcp_header(length: int) -> bytes:
    """Return the length prefix: u32, big-endian, not counting itself."""
    return length.to_bytes(TCP_HEADER_BYTES, "big")


def websocket_header(length: int, opcode: Opcode = Opcode.BINARY) -> bytes:
    """Return the header of an unmasked, final WebSocket frame, with the shortest length form."""
    first = 0x80 | opcode
    if length < _SHORT:
        return bytes((first, length))
    if length < 2**16:
        return bytes((first, _SHORT)) + length.to_bytes(2, "big")
    return bytes((first, _LONG)) + length.to_bytes(8, "big")


def mask(payload: bytes | bytearray | memoryview, key: bytes) -> bytes:
    """XOR a payload with the repeated four-byte key: masks and unmasks."""
    length = len(payload)
    pad = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(pad, "little")).to_bytes(length, "little")


# --- incoming: raw TCP ------------------------------------------------------------------------------------------------


class TcpReader:
    """Cuts a raw TCP stream into payloads."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take received bytes, return the payloads they complete.

        Raises ProtocolError(FRAME_TOO_LARGE) where a prefix announces more than `max_bytes`; what came before
        it in the same call is lost, as the connection is.
        """
        self._buffer += data
        payloads: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= TCP_HEADER_BYTES:
            length = int.from_bytes(self._buffer[start : start + TCP_HEADER_BYTES], "big")
            if length > self._max_bytes:
                raise _too_large(length, self._max_bytes)
            end = start + TCP_HEADER_BYTES + length
            if len(self._buffer) < end:
                break
            payloads.append(bytes(self._buffer[start + TCP_HEADER_BYTES : end]))
            start = end
        del self._buffer[:start]
        return payloads

    @property
    def is_between_frames(self) -> bool:
        """Whether no part of a frame is waiting for its rest."""
        return not self._buffer


# --- incoming: WebSocket ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Control:
    """A WebSocket control frame: close, ping or pong."""

    opcode: Opcode
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Frame:
    is_final: bool
    opcode: Opcode
    payload: bytes


class WebSocketReader:
    """Cuts a client's WebSocket stream into binary payloads and control frames; joins fragments."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._fragments: bytearray | None = None

    def feed(self, data: bytes) -> list[bytes | Control]:
        """Take received bytes, return the messages and control frames they complete, in order.

        Raises ProtocolError(FRAME_TOO_LARGE) for a message over `max_bytes` and ProtocolError(MALFORMED) for
        an unmasked frame, a reserved bit or opcode, text, or fragments out of order.
        """
        complete: list[bytes | Control] = []
        if self.is_between_frames:
            data = data[self._take_whole(data, complete) :]
            if not data:
                return complete
        self._buffer += data
        start = 0
        while (cut := self._cut(start)) is not None:
            received, start = cut
            message = self._join(received)
            if message is not None:
                complete.append(message)
        del self._buffer[:start]
        return complete

    @property
    def is_between_frames(self) -> bool:
        """Whether no part of a frame or of a fragmented message is waiting for its rest."""
        return not self._buffer and self._fragments is None

    def _take_whole(self, data: bytes, complete: list[bytes | Control]) -> int:
        """Take whole short messages off the beginning, as nearly all are, and say how many bytes they were."""
        start = 0
        while len(data) - start > _MASK_END and data[start] == _FINAL_BINARY:
            length, body = data[start + 1] ^ _MASKED, start + _MASK_END
            end = body + length
            if not (length < _SHORT and length <= self._max_bytes and end <= len(data)):
                break
            complete.append(mask(data[body:end], data[body - 4 : body]))
            start = end
        return start

    def _cut(self, start: int) -> tuple[_Frame, int] | None:
        """Cut the frame at `start`: the frame and where the next begins, or None while it is incomplete."""
        buffer = self._buffer
        if len(buffer) - start < _MIN_HEADER_BYTES:
            return None
        first, second = buffer[start], buffer[start + 1]
        opcode = _opcode(first, second)
        length, body = second & 0x7F, start + 2
        if length >= _SHORT:
            width = 2 if length == _SHORT else 8
            if len(buffer) < body + width:
                return None
            length, body = int.from_bytes(buffer[body : body + width], "big"), body + width
        self._check_length(opcode, length)
        end = body + 4 + length
        if len(buffer) < end:
            return None
        payload = mask(buffer[body + 4 : end], bytes(buffer[body : body + 4]))
        return _Frame(bool(first & 0x80), opcode, payload), end

    def _check_length(self, opcode: Opcode, length: int) -> None:
        if opcode >= Opcode.CLOSE:
            if length > MAX_CONTROL_BYTES:
                raise ProtocolError(Close.MALFORMED, "WebSocket control frame over 125 bytes")
            return
        total = length + len(self._fragments or b"")
        if total > self._max_bytes:
            raise _too_large(total, self._max_bytes)

    def _join(self, received: _Frame) -> bytes | Control | None:
        """Turn a frame into a message, or hold it as a fragment and return None."""
        if received.opcode >= Opcode.CLOSE:
            if not received.is_final:
                raise ProtocolError(Close.MALFORMED, "WebSocket control frame in fragments")
            return Control(received.opcode, received.payload)
        if (received.opcode is Opcode.CONTINUATION) != (self._fragments is not None):
            raise ProtocolError(Close.MALFORMED, "WebSocket fragments out of order")
        if received.is_final and self._fragments is None:
            return received.payload
        self._fragments = (self._fragments or bytearray()) + received.payload
        if not received.is_final:
            return None
        whole, self._fragments = bytes(self._fragments), None
        return whole


def _opcode(first: int, second: int) -> Opcode:
    if first & 0x70:
        raise ProtocolError(Close.MALFORMED, "WebSocket reserved bit set; no extension was agreed")
    if not second & 0x80:
        raise ProtocolError(Close.MALFORMED, "WebSocket frame from a client must be masked")
    try:
        opcode = Opcode(first & 0x0F)
    except ValueError:
        raise ProtocolError(Close.MALFORMED, "WebSocket opcode is reserved") from None
    if opcode is Opcode.TEXT:
        raise ProtocolError(Close.MALFORMED, "text frame; the protocol is binary")
    return opcode


def _too_large(length: int, max_bytes: int) -> ProtocolError:
    return ProtocolError(Close.FRAME_TOO_LARGE, f"frame of {length} bytes, at most {max_bytes}")
