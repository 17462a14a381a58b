"""WebSocket frames as the clients of peers make and cut them."""

from __future__ import annotations

from typing import NamedTuple

from protocol.framing import Opcode, mask

_SHORT, _LONG = 126, 127  # RFC 6455 section 5.2: where lengths of 2 and 8 bytes begin
_MAX_SHORT, _MAX_MIDDLE = 125, 2**16 - 1


def client_frame(payload: bytes, key: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
    """Frame one payload as a WebSocket client does: masked, final."""
    length = len(payload)
    if length <= _MAX_SHORT:
        head = bytes((0x80 | opcode, 0x80 | length))
    elif length <= _MAX_MIDDLE:
        head = bytes((0x80 | opcode, 0x80 | _SHORT)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | _LONG)) + length.to_bytes(8, "big")
    return head + key + mask(payload, key)


class Frame(NamedTuple):
    """Where a whole frame's payload lies in a buffer."""

    opcode: int
    start: int
    end: int


def next_frame(buffer: bytearray | bytes, begin: int, end: int) -> Frame | None:
    """Find the frame that begins at `begin`; None while it is not whole before `end`."""
    if end - begin < 2:  # noqa: PLR2004  the shortest header
        return None
    length, start = buffer[begin + 1], begin + 2
    if length >= _SHORT:
        width = 2 if length == _SHORT else 8
        if end - start < width:
            return None
        length, start = int.from_bytes(buffer[start : start + width], "big"), start + width
    return Frame(buffer[begin] & 0x0F, start, start + length) if start + length <= end else None
