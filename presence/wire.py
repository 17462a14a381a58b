"""Prints captured frames readably: what went over a connection, message by message, in metres and degrees.

Owns finding out in which form the bytes are (a bare payload, raw TCP, WebSocket from either side, or any of them as
hexadecimal text) and the words for every field. Never opens files or sockets, never judges a session (only what does
not decode is an error), and never shows tokens: captures end up in bug reports. `presence wire decode` calls it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, BinaryIO, TextIO

import numpy as np

from protocol import plain, records, schema
from protocol.codec import decode as decode_message
from protocol.errors import Close, ProtocolError, Refusal
from protocol.framing import TCP_HEADER_BYTES, Opcode, mask
from protocol.schema import SPEC_OF, Field, Many, Sender, Struct, fields_of

_HEX = re.compile(rb"(?:0x|[\s,:])*(?:[0-9a-f](?:0x|[\s,:])*)+", re.IGNORECASE)
_HEX_NOISE = re.compile(rb"0x|[\s,:]", re.IGNORECASE)
_SPEC_LINE = re.compile(rb"^\s*hex ", re.MULTILINE)  # as SPEC.md's examples print them
_HTTP = (b"GET ", b"HTTP/1.")
_HEAD_END = b"\r\n\r\n"

_ARRAY_HEADERS = frozenset((*range(0x90, 0xA0), 0xDC, 0xDD))
# final or not, with or without reserved bits; a TCP length that starts like this would be 16 MiB or more
_WEBSOCKET_STARTS = frozenset((*range(0x01, 0x10), *range(0x80, 0x90), *range(0xC0, 0xD0)))
_WIDTHS = {126: 2, 127: 8}  # RFC 6455 section 5.2
_CLOSE_CODE_BYTES = 2

_ENUMS: dict[str, type[IntEnum]] = {
    enum.__name__: enum
    for enum in (schema.Status, schema.Channel, schema.Emote, schema.Action, schema.Cause, Close, Refusal)
}
_GROUPS = ("", *records.PARTS)
_SNAPSHOT_FLAGS = {"FULL": records.SNAPSHOT_FULL, "STRETCHED": records.SNAPSHOT_STRETCHED}
_POSE_FLAGS = {"JUMP": records.POSE_JUMP}
_SECRETS = frozenset(("token", "resume"))


class Unreadable(Exception):
    """Bytes that are no frame: where, and why, in plain words."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"offset {offset}: {reason}")


@dataclass(frozen=True, slots=True)
class _Frame:
    """One message's payload, or a WebSocket control frame, and where it started."""

    offset: int
    payload: bytes
    control: Opcode | None = None


def decode(stream: BinaryIO, out: TextIO) -> int:
    """Print everything in `stream` to `out`; return the exit code: 1 where anything could not be read, else 0.

    A message that does not decode is reported with the offset of its frame, and the next frame is read; where frames
    themselves cannot be told apart, reading ends.
    """
    failures = 0
    try:
        for frame in _frames(_as_bytes(stream.read())):
            try:
                lines = list(_lines(frame))
            except ProtocolError as error:
                failures += 1
                lines = [f"offset {frame.offset}: {error.reason}"]
            out.write("\n".join(lines) + "\n")
    except Unreadable as unreadable:
        failures += 1
        out.write(f"{unreadable}\n")
    return int(failures > 0)


# --- finding frames ---------------------------------------------------------------------------------------------------


def _as_bytes(captured: bytes) -> bytes:
    """Undo hexadecimal text."""
    text = _SPEC_LINE.sub(b"", captured)
    if not _HEX.fullmatch(text):
        return captured
    digits = _HEX_NOISE.sub(b"", text)
    if len(digits) % 2:
        raise Unreadable(len(digits) // 2, "hexadecimal text ends in the middle of a byte")
    return bytes.fromhex(digits.decode())


def _frames(data: bytes) -> Iterator[_Frame]:
    if not data:
        raise Unreadable(0, "there is nothing to decode")
    if data.startswith(_HTTP):
        yield from _websocket_frames(data, _after_upgrade(data))
    elif data[0] in _ARRAY_HEADERS:
        yield _Frame(0, data)
    elif data[0] in _WEBSOCKET_STARTS:
        yield from _websocket_frames(data, 0)
    elif data[0] == 0:
        yield from _tcp_frames(data)
    else:
        raise Unreadable(0, f"byte {data[0]:#04x} starts no message, TCP frame, WebSocket frame or hexadecimal text")


def _after_upgrade(data: bytes) -> int:
    end = data.find(_HEAD_END)
    if end < 0:
        raise Unreadable(len(data), "the HTTP head of the upgrade has no end")
    return end + len(_HEAD_END)


def _tcp_frames(data: bytes) -> Iterator[_Frame]:
    at = 0
    while at < len(data):
        length = int.from_bytes(_taken(data, at, at, TCP_HEADER_BYTES), "big")
        yield _Frame(at, _taken(data, at, at + TCP_HEADER_BYTES, length))
        at += TCP_HEADER_BYTES + length


def _websocket_frames(data: bytes, at: int) -> Iterator[_Frame]:
    """Cut frames of either side, and join fragments."""
    begun: _Frame | None = None
    while at < len(data):
        opcode, is_final, payload, end = _websocket_frame(data, at)
        if opcode >= Opcode.CLOSE:
            yield _Frame(at, payload, opcode)
        else:
            if (opcode is Opcode.CONTINUATION) != (begun is not None):
                raise Unreadable(at, "WebSocket fragments out of order")
            begun = _Frame(at, payload) if begun is None else _Frame(begun.offset, begun.payload + payload)
            if is_final:
                yield begun
                begun = None
        at = end
    if begun is not None:
        raise Unreadable(begun.offset, "the last fragment of this WebSocket message is missing")


def _websocket_frame(data: bytes, at: int) -> tuple[Opcode, bool, bytes, int]:
    """Cut the frame at `at`, masked or not: opcode, whether it is final, payload, and where the next one starts."""
    first, second = _taken(data, at, at, 2)
    if first & 0x70:
        raise Unreadable(at, "WebSocket frame with a reserved bit: compressed, or no frame")
    try:
        opcode = Opcode(first & 0x0F)
    except ValueError:
        raise Unreadable(at, f"WebSocket opcode {first & 0x0F} is not used") from None
    if opcode is Opcode.TEXT:
        raise Unreadable(at, "WebSocket text message; the protocol is binary")
    length, body = second & 0x7F, at + 2
    if length in _WIDTHS:
        width = _WIDTHS[length]
        length, body = int.from_bytes(_taken(data, at, body, width), "big"), body + width
    key = _taken(data, at, body, 4) if second & 0x80 else b""
    payload = _taken(data, at, body + len(key), length)
    return opcode, bool(first & 0x80), mask(payload, key) if key else payload, body + len(key) + length


def _taken(data: bytes, frame_at: int, start: int, count: int) -> bytes:
    if len(data) - start < count:
        what = f"{count} bytes expected at offset {start}, {max(0, len(data) - start)} there"
        raise Unreadable(frame_at, f"frame cut short: {what}")
    return data[start : start + count]


# --- printing ---------------------------------------------------------------------------------------------------------


def _lines(frame: _Frame) -> Iterator[str]:
    """Print one frame. Raises ProtocolError where its message does not decode."""
    if frame.control is not None:
        yield f"offset {frame.offset}: WebSocket {frame.control.name.lower()}{_control_text(frame)}"
        return
    message = _message(frame.payload)
    spec = SPEC_OF[type(message)]
    packed = _packed(message)
    yield f"offset {frame.offset}: {spec.name} from {spec.sender.value}, type {spec.type}, {len(frame.payload)} bytes"
    for field in spec.fields:
        yield from _field_lines(field, getattr(message, field.name), packed)


def _message(payload: bytes) -> Any:
    """Decode a payload from whichever side sent it."""
    faults = []
    for sender in Sender:
        try:
            return decode_message(payload, sender)
        except ProtocolError as error:
            faults.append(error)
    is_of_client = "unknown message type" not in faults[0].reason
    raise faults[0] if is_of_client else faults[1]


def _packed(message: Any) -> list[tuple[str, plain.Values]]:
    if isinstance(message, schema.Snapshot):
        return plain.list_snapshot(message.data)
    return plain.list_input(message.record) if isinstance(message, schema.Pose) else []


def _field_lines(field: Field, value: Any, packed: list[tuple[str, plain.Values]]) -> Iterator[str]:
    if isinstance(value, bytes):
        yield f"  {field.name}: {len(value)} bytes"
        for section, values in packed:
            yield from _record_lines(section, values)
    elif isinstance(field.kind, Many) and isinstance(field.kind.item, Struct):
        yield f"  {field.name}: {len(value)}"
        for item in value:
            yield "    " + ", ".join(_member(each, getattr(item, each.name)) for each in fields_of(type(item)))
    else:
        yield "  " + _member(field, value, ": ")


def _member(field: Field, value: Any, separator: str = " ") -> str:
    enum = _ENUMS.get(field.doc)
    if enum is not None:
        return f"{field.name}{separator}{_named(enum, value)}"
    if field.name in _WORDS and type(value) is int:
        return f"{field.name}{separator}{_WORDS[field.name](value)}"
    if field.name in _SECRETS:
        return f"{field.name}{separator}{len(value)} characters, not shown"
    return f"{field.name}{separator}{_shown(value)}"


def _shown(value: Any) -> str:
    """Write a value as JSON; what would steer the terminal or turn the text around is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def _record_lines(section: str, values: Mapping[str, int]) -> Iterator[str]:
    if section == records.Section.DOT.name.lower():
        values = {key: value * records.DOT_STEP_MM if key in "xyz" else value for key, value in values.items()}
    for group in _GROUPS:
        prefix = f"{group}." if group else ""
        mine = {key.removeprefix(prefix): value for key, value in values.items() if _group(key) == group}
        if mine:
            yield ("      " if group else "    ") + ", ".join((group or _title(section, values), *_words(mine)))


def _title(section: str, values: Mapping[str, int]) -> str:
    flags = _SNAPSHOT_FLAGS if section == "header" else _POSE_FLAGS
    return " ".join((section, *(name for name, flag in flags.items() if values.get("flags", 0) & flag)))


def _group(key: str) -> str:
    return key.rpartition(".")[0]


def _words(values: dict[str, int]) -> Iterator[str]:
    """Describe the fields of a record, its coordinates together."""
    for key, value in values.items():
        if key in ("x", "dx"):
            axes = (values[axis] for axis in (("x", "y", "z") if key == "x" else ("dx", "dy", "dz")))
            yield f"{'at' if key == 'x' else 'by'} " + " ".join(f"{axis / 1000:.3f}" for axis in axes) + " m"
        elif key == records.TURNS[0]:
            yield "turned by " + " ".join(str(values[turn]) for turn in records.TURNS)
        elif key not in ("y", "z", "dy", "dz", *records.TURNS):
            yield f"{key} {_WORDS[key](value) if key in _WORDS else value}"


def _metres(value: int) -> str:
    return f"{value / 1000:.3f} m"


def _yaw(value: int) -> str:
    return f"{value * 360 / records.YAW_TURN:.2f}°"


def _pitch(value: int) -> str:
    return f"{value * 90 / records.PITCH_QUARTER:.1f}°"


def _orientation(value: int) -> str:
    components = records.unpack_orientations(np.array([value]))[0] + 0.0  # no minus zero
    return "(" + " ".join(f"{component:.3f}" for component in components) + ")"


def _age(value: int) -> str:
    return f"{value * records.AGE_STEP_MS} ms" + (" or more" if value == records.MAX_AGE else "")


_WORDS: dict[str, Callable[[int], str]] = {
    "x": _metres,
    "y": _metres,
    "z": _metres,
    "radius_mm": _metres,
    "yaw": _yaw,
    "pitch": _pitch,
    "orientation": _orientation,
    "age": _age,
    "digest": "{:#010x}".format,
}


def _named(enum: type[IntEnum], value: int) -> str:
    names = {int(member): member.name.lower() for member in enum}
    return f"{value} ({names.get(value, 'unknown')})"


def _control_text(frame: _Frame) -> str:
    payload = frame.payload
    if frame.control is not Opcode.CLOSE or len(payload) < _CLOSE_CODE_BYTES:
        return f", {len(payload)} bytes"
    reason = _shown(payload[_CLOSE_CODE_BYTES:].decode("utf-8", "replace"))
    return f" {_named(Close, int.from_bytes(payload[:_CLOSE_CODE_BYTES], 'big'))} {reason}"
