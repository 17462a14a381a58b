"""A second implementation of the wire format, for the tests: standard library only, written from SPEC.md alone.

It shares no line with `protocol`. What SPEC.md says in tables (messages, structures, byte layouts) is read from
SPEC.md; what it says in sentences is written out here, each with its section. So a message that SPEC.md describes
wrongly, or not at all, cannot be decoded. `read_examples` takes the worked examples out of SPEC.md.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SPEC = Path(__file__).resolve().parents[2] / "protocol" / "SPEC.md"

MALFORMED, TOO_LARGE, OUT_OF_STATE, VERSION_MISMATCH = 4200, 4201, 4202, 4204

Record = tuple[str, dict[str, int]]


class Refused(Exception):
    """What closes the connection of whoever sent it."""

    def __init__(self, reason: str, close: int = MALFORMED) -> None:
        super().__init__(f"{close}: {reason}")
        self.close = close


# --- SPEC.md's tables -------------------------------------------------------------------------------------------------

_BLOCK = re.compile(r"<!-- generated: ([^\n]+) -->\n(.*?)\n<!-- end -->", re.DOTALL)
_FACTS = re.compile(r"^Type (\d+) · from the (client|server) · (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Message:
    """One message of section 8 or 9."""

    type: int
    name: str
    sender: str
    is_event: bool
    fields: dict[str, str]  # name: type, in the notation of section 4.2


@dataclass(frozen=True)
class Layout:
    """One packed record of section 10: its stride, and name, type and offset of its fields."""

    stride: int
    fields: tuple[tuple[str, str, int], ...]


@dataclass
class Tables:
    """Everything that SPEC.md's tables declare."""

    version: tuple[int, int] = (0, 0)
    messages: dict[int, Message] = field(default_factory=dict)
    structs: dict[str, dict[str, str]] = field(default_factory=dict)
    layouts: dict[str, Layout] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)  # of predicted records: the orders of their numbers


def read_tables(text: str) -> Tables:
    """Read the generated blocks of SPEC.md."""
    tables = Tables()
    for name, block in _BLOCK.findall(text):
        what, _, of = name.partition(" ")
        rows = [[cell.strip(" `*") for cell in line.strip("|").split("|")] for line in block.split("\n") if "|" in line]
        body = rows[2:]
        if what == "message":
            found = _FACTS.search(block)
            assert found, name
            is_event = "lane events" in found[3]
            fields = {row[0]: row[1] for row in body}
            tables.messages[int(found[1])] = Message(int(found[1]), of, found[2], is_event, fields)
        elif what == "struct":
            tables.structs[of] = {row[0]: row[1] for row in body}
        elif name in ("section header", "snapshot header"):
            tables.layouts[name] = _layout(body)
        elif what == "section":
            tables.layouts[of] = _layout(body)
        elif what == "sections":
            tables.kinds = {row[1]: int(row[0]) for row in body}
        elif name == "format limits":
            tables.limits = {row[0]: int(row[1]) for row in body}
        elif name == "codes":
            tables.codes = {row[0]: int(row[1]) for row in body}
        elif what == "version":
            major, minor = re.findall(r"\d+", block)[:2]
            tables.version = (int(major), int(minor))
    return tables


def _layout(rows: list[list[str]]) -> Layout:
    fields = tuple((row[3], row[2], int(row[0])) for row in rows[:-1])
    return Layout(int(rows[-1][1]), fields)


TABLES = read_tables(SPEC.read_text())
BY_NAME = {message.name: message for message in TABLES.messages.values()}
KIND_NAMES = {kind: name for name, kind in TABLES.kinds.items()}
INPUTS = ("root_input", "tracked_input")


# --- msgpack: the families of section 4.1 -----------------------------------------------------------------------------

_NUMBERS = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
_SIMPLE = {0xC0: None, 0xC2: False, 0xC3: True}


class _Reader:
    def __init__(self, data: bytes, max_array: int) -> None:
        self.data = data
        self.at = 0
        self.max_array = max_array

    def take(self, count: int) -> bytes:
        if len(self.data) - self.at < count:
            raise Refused("cut short")
        self.at += count
        return self.data[self.at - count : self.at]

    def length(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def value(self) -> Any:
        code = self.take(1)[0]
        if code < 0x80 or code >= 0xE0:
            return code if code < 0x80 else code - 0x100
        if code in _SIMPLE:
            return _SIMPLE[code]
        if code in _NUMBERS:
            form = _NUMBERS[code]
            return struct.unpack(form, self.take(struct.calcsize(form)))[0]
        if 0xA0 <= code < 0xC0 or code in (0xD9, 0xDA, 0xDB):
            return self.text(code & 0x1F if code < 0xC0 else self.length(1 << code - 0xD9))
        if code in (0xC4, 0xC5, 0xC6):
            return self.take(self.length(1 << code - 0xC4))
        if 0x90 <= code < 0xA0 or code in (0xDC, 0xDD):
            return self.array(code & 0x0F if code < 0xA0 else self.length(2 << code - 0xDC))
        raise Refused("a map, an extension or an unused code")

    def text(self, count: int) -> str:
        try:
            return self.take(count).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("not UTF-8") from None

    def array(self, count: int) -> list[Any]:
        if count > self.max_array:
            raise Refused("array too long")
        return [self.value() for _ in range(count)]


def read_msgpack(data: bytes, max_array: int = 2**16) -> Any:
    """Read exactly one value."""
    reader = _Reader(data, max_array)
    try:
        value = reader.value()
    except RecursionError:
        raise Refused("nested too deep") from None
    if reader.at != len(data):
        raise Refused("more than one value")
    return value


def write_msgpack(value: Any) -> bytes:
    """Write a value in its shortest form (section 4.3)."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _write_int(value)
    if isinstance(value, str):
        raw = value.encode()
        return _head(len(raw), ((32, 0xA0, 0), (2**8, 0xD9, 1), (2**16, 0xDA, 2), (2**32, 0xDB, 4))) + raw
    if isinstance(value, bytes):
        return _head(len(value), ((2**8, 0xC4, 1), (2**16, 0xC5, 2), (2**32, 0xC6, 4))) + value
    items = b"".join(map(write_msgpack, value))
    return _head(len(value), ((16, 0x90, 0), (2**16, 0xDC, 2), (2**32, 0xDD, 4))) + items


def _head(length: int, forms: tuple[tuple[int, int, int], ...]) -> bytes:
    for end, code, width in forms:
        if length < end:
            return bytes((code,)) + length.to_bytes(width, "big") if width else bytes((code + length,))
    raise ValueError("too long for msgpack")


def _write_int(value: int) -> bytes:
    if 0 <= value < 0x80 or -0x20 <= value < 0:
        return bytes((value & 0xFF,))
    first, widths = (0xCC, (1, 2, 4, 8)) if value >= 0 else (0xD0, (1, 2, 4, 8))
    for index, width in enumerate(widths):
        bits = 8 * width - (value < 0)
        if -(2**bits) <= value < 2**bits:
            return bytes((first + index,)) + value.to_bytes(width, "big", signed=value < 0)
    raise ValueError("too large for msgpack")


# --- messages: sections 4 and 17 --------------------------------------------------------------------------------------

_NAMED = {f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 53)}
_BOUNDS = re.compile(r"(\w+) ([−\d]+)\.\.([−\d]+)(, newlines)?")
_LIST = re.compile(r"list 0\.\.(\d+) of (.*)")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")


def decode(payload: bytes, sender: str) -> tuple[str, dict[str, Any]]:
    """Decode one message from that side: its name and its fields."""
    array = read_msgpack(payload, TABLES.limits["MAX_CLIENT_ARRAY"] if sender == "client" else 2**16)
    if not isinstance(array, list) or not array or type(array[0]) is not int:
        raise Refused("not an array that starts with a type")
    message = TABLES.messages.get(array[0])
    if message is None or message.sender != sender:
        raise Refused("unknown type")
    return message.name, _fields(array[1:], message.fields)


def encode(name: str, fields: dict[str, Any]) -> bytes:
    """Encode a message by its writer's rules (section 4.3)."""
    message = BY_NAME[name]
    parts = [write_msgpack(fields[each]) for each in message.fields]
    if message.is_event:
        parts[0] = b"\xce" + struct.pack(">I", fields["seq"])
    if name == "snapshot":
        parts[0] = b"\xc5" + struct.pack(">H", len(fields["data"])) + fields["data"]
    return _head(1 + len(parts), ((16, 0x90, 0), (2**16, 0xDC, 2))) + write_msgpack(message.type) + b"".join(parts)


def _fields(values: list[Any], declared: dict[str, str]) -> dict[str, Any]:
    if len(values) < len(declared):
        raise Refused("fields are missing")
    for value, kind in zip(values, declared.values(), strict=False):
        check(value, kind)
    return dict(zip(declared, values, strict=False))


def check(value: Any, kind: str) -> None:
    """Refuse a value that is not what section 4.2 says of its type."""
    if not _is(value, kind):
        raise Refused(f"{str(value)[:40]!r} is not {kind}")


def _is(value: Any, kind: str) -> bool:
    listed = _LIST.fullmatch(kind)
    if listed:
        most, inner = int(listed[1]), listed[2].strip("`")
        return type(value) is list and len(value) <= most and all(_is(item, inner) for item in value)
    if kind in TABLES.structs:
        if type(value) is not list:
            return False
        _fields(value, TABLES.structs[kind])
        return True
    if kind == "bool":
        return type(value) is bool
    return _is_bounded(value, kind)


def bounds(kind: str) -> tuple[str, int, int, bool]:
    """Return family, low, high, and whether newlines are allowed, of an integer, text, slug or bin."""
    if kind in _NAMED:
        return ("int", *_NAMED[kind], False)
    found = _BOUNDS.fullmatch(kind)
    assert found, kind
    low, high = (int(number.replace("−", "-")) for number in found.group(2, 3))
    return found[1], low, high, bool(found[4])


def _is_bounded(value: Any, kind: str) -> bool:
    family, low, high, newlines = bounds(kind)
    if family == "int":
        return type(value) is int and low <= value <= high
    if family == "bin":
        return type(value) is bytes and low <= len(value) <= high
    if type(value) is not str or not low <= len(value) <= high:
        return False
    if family == "slug":
        return not value or bool(_SLUG.fullmatch(value))
    return not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in value if not (newlines and char == "\n"))


# --- packed records: section 10 ---------------------------------------------------------------------------------------


def decode_snapshot(data: bytes) -> list[Record]:
    """Read the `data` of a snapshot: its header, then its records."""
    head = TABLES.layouts["snapshot header"]
    if len(data) < head.stride:
        raise Refused("no room for the header")
    known = set(TABLES.kinds) - set(INPUTS)
    sections = list(_sections(data[head.stride :], known))
    names = [name for name, _ in sections]
    if len(set(names)) != len(names):
        raise Refused("a kind twice")
    listed = [(name, record) for name, records in sections for record in records]
    return [("header", _unpack(head, data)), *listed]


def decode_input(data: bytes) -> list[Record]:
    """Read the `record` of a pose: one input record, within its bounds (sections 8.4 and 10.3)."""
    sections = list(_sections(data, set(INPUTS)))
    if len(sections) != 1 or len(sections[0][1]) != 1:
        raise Refused("not one input record")
    name, (record,) = sections[0]
    furthest, reach = TABLES.limits["MAX_COORDINATE_MM"], TABLES.limits["MAX_PART_MM"]
    for key, value in record.items():
        if key.rpartition(".")[2] in ("x", "y", "z") and abs(value) > (reach if "." in key else furthest):
            raise Refused(f"{key} out of bounds")
    if record["pitch"] < -TABLES.limits["PITCH_QUARTER"]:
        raise Refused("pitch out of bounds")
    return [(name, record)]


def _sections(data: bytes, expected: set[str]) -> Iterator[tuple[str, list[dict[str, int]]]]:
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise Refused("no room for a section header")
        kind, stride, count = struct.unpack_from("<BBH", data, at)
        at += 4
        if len(data) - at < stride * count:
            raise Refused("a section longer than what is left")
        name = KIND_NAMES.get(kind, "")
        if name in expected:
            layout = TABLES.layouts[name]
            if stride < layout.stride:
                raise Refused("stride too small")
            records = [_unpack(layout, data[at + k * stride :]) for k in range(count)]
            yield name, _read_stream([record["bits"] for record in records]) if name == "predicted" else records
        at += stride * count


def _read_stream(data: list[int]) -> list[dict[str, int]]:
    """Read the stream of a `predicted` section (section 10.11), bit by bit."""
    bits = [byte >> k & 1 for byte in data for k in range(8)]
    bits.reverse()  # taken from the end
    records: list[dict[str, int]] = []
    while len(bits) >= 8:
        record = {}
        for name, order in TABLES.codes.items():
            number = _read_code(bits, order)
            record[name] = number if name == "gap" else -(number + 1) // 2 if number % 2 else number // 2
        entity = record.pop("gap") + (records[-1]["id"] + 1 if records else 0)
        if entity > 0xFFFF:
            raise Refused("an id above all")
        records.append({"id": entity, **record})
    return records


def _read_code(bits: list[int], order: int) -> int:
    ones = 0
    while _take_bit(bits):
        ones += 1
        if ones > 19:
            raise Refused("a prefix too long")
    width = order + max(0, ones - 3)
    base = ones if ones < 3 else 2 + (1 << ones - 3)
    return (base << order) + sum(_take_bit(bits) << k for k in range(width))


def _take_bit(bits: list[int]) -> int:
    if not bits:
        raise Refused("a stream cut short")
    return bits.pop()


def _write_stream(records: list[dict[str, int]]) -> bytes:
    bits: list[int] = []
    last = -1
    for record in records:
        for name, order in TABLES.codes.items():
            value = record["id"] - last - 1 if name == "gap" else record[name]
            number = value if name == "gap" else 2 * value if value >= 0 else -2 * value - 1
            ones = 0
            while number >> order >= (ones + 1 if ones < 2 else 2 + 2 ** (ones - 2)):
                ones += 1
            base = ones if ones < 3 else 2 + 2 ** (ones - 3)
            rest, width = number - base * 2**order, order + max(0, ones - 3)
            bits += [1] * ones + [0] + [rest >> k & 1 for k in range(width)]
        last = record["id"]
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bit << k for k, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))


def _unpack(layout: Layout, data: bytes) -> dict[str, int]:
    values = {}
    for name, kind, offset in layout.fields:
        width = int(kind[1:]) // 8
        value = int.from_bytes(data[offset : offset + width], "little", signed=kind[0] == "i")
        if name == "dxz":
            values["dx"], values["dz"] = _signed(value & 0xFFF, 12), _signed(value >> 12, 12)
        elif name == "signs_dy":
            values["dy"] = _signed(value >> 9, 7)
            for bit, turn in enumerate(TURNS):
                values[turn] -= 256 * (value >> bit & 1)
        else:
            values[name] = value
    return values


# section 10.5, in the order of the table
TURNS = [f"{part}.{turn}" for part in ("head", "left", "right") for turn in ("first", "second", "third")]


def _signed(bits: int, width: int) -> int:
    return bits - (1 << width) if bits >> width - 1 else bits


def encode_records(records: list[Record]) -> bytes:
    """Write the header (of a snapshot) and the records, consecutive ones of a kind as one section."""
    written = b""
    at = 0
    while at < len(records):
        name = records[at][0]
        same = [values for _, values in records[at : next(_ends(records, at))]]
        if name == "predicted":
            same = [{"bits": byte} for byte in _write_stream(same)]
        layout = TABLES.layouts["snapshot header" if name == "header" else name]
        if name != "header":
            written += struct.pack("<BBH", TABLES.kinds[name], layout.stride, len(same))
        written += b"".join(_pack(layout, values) for values in same)
        at = next(_ends(records, at))
    return written


def _ends(records: list[Record], at: int) -> Iterator[int]:
    name = records[at][0]
    yield from (k for k in range(at, len(records)) if records[k][0] != name)
    yield len(records)


def _pack(layout: Layout, values: dict[str, int]) -> bytes:
    written = b""
    for name, kind, _offset in layout.fields:
        if name == "dxz":
            value = (values["dx"] & 0xFFF) | (values["dz"] & 0xFFF) << 12
        elif name == "signs_dy":
            value = (values["dy"] & 0x7F) << 9 | sum((values[turn] < 0) << bit for bit, turn in enumerate(TURNS))
        else:
            value = values[name] & 0xFF if name in TURNS else values[name]
        written += value.to_bytes(int(kind[1:]) // 8, "little", signed=kind[0] == "i")
    return written


def digest(held: dict[int, int]) -> int:
    """Sum the terms of {id: generation} (section 10.8)."""
    return sum(digest_term(entity, generation) for entity, generation in held.items()) % 2**32


def digest_term(entity: int, generation: int) -> int:
    """Return the term of one subject."""
    term = entity << 16 | generation
    term = term * 0x9E3779B1 % 2**32
    term ^= term >> 15
    term = term * 0x85EBCA77 % 2**32
    return term ^ term >> 13


def pack_orientation(quaternion: tuple[float, float, float, float]) -> int:
    """Pack a unit quaternion x y z w (section 10.5)."""
    largest = max(range(4), key=lambda index: (abs(quaternion[index]), -index))
    sign = -1 if quaternion[largest] < 0 else 1
    packed = largest
    for index in range(4):
        if index != largest:
            packed = packed << 10 | round(sign * quaternion[index] * 511 * math.sqrt(2)) + 512
    return packed


def unpack_orientation(packed: int) -> tuple[float, ...]:
    """Unpack to a unit quaternion."""
    kept = [((packed >> shift & 1023) - 512) / (511 * math.sqrt(2)) for shift in (20, 10, 0)]
    kept.insert(packed >> 30, math.sqrt(max(0.0, 1 - sum(c * c for c in kept))))
    length = math.sqrt(sum(c * c for c in kept))
    return tuple(c / length for c in kept)


# --- frames: section 3 ------------------------------------------------------------------------------------------------


def read_tcp(stream: bytes, max_bytes: int) -> Iterator[bytes]:
    """Yield the payloads of a raw TCP stream; an unfinished frame at its end is left alone."""
    at = 0
    while len(stream) - at >= 4:
        length = int.from_bytes(stream[at : at + 4], "big")
        if length > max_bytes:
            raise Refused("frame too large", TOO_LARGE)
        if len(stream) - at - 4 < length:
            return
        yield stream[at + 4 : at + 4 + length]
        at += 4 + length


def client_frame(opcode: int, payload: bytes, *, final: bool = True, key: bytes = b"\x37\xfa\x21\x3d") -> bytes:
    """Write a masked WebSocket frame (RFC 6455 section 5.2)."""
    length = len(payload)
    short, extended = (length, b"") if length < 126 else (127, struct.pack(">Q", length))
    if 126 <= length < 2**16:
        short, extended = 126, struct.pack(">H", length)
    masked = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
    return bytes((final << 7 | opcode, 0x80 | short)) + extended + key + masked


# --- opening: section 5 -----------------------------------------------------------------------------------------------


def open_session(payload: bytes) -> int:
    """Read a connection's first payload; return the minor version that is spoken."""
    major, minor = TABLES.version
    claimed = _claimed_major(payload)
    if claimed is not None and claimed != major:
        raise Refused("another major version", VERSION_MISMATCH)
    name, fields = decode(payload, "client")
    if name != "hello":
        raise Refused("not hello", OUT_OF_STATE)
    return min(minor, int(fields["minor"]))


def _claimed_major(payload: bytes) -> int | None:
    reader = _Reader(payload, 0)
    try:
        code = reader.take(1)[0]
        reader.take({0xDC: 2, 0xDD: 4}.get(code, 0))
        if code & 0xF0 != 0x90 and code not in (0xDC, 0xDD):
            return None
        first, second = reader.value(), reader.value()
    except Refused:
        return None
    return second if first == 1 and type(second) is int and 0 <= second < 256 else None


# --- the worked examples: section 1.3 ---------------------------------------------------------------------------------

_EXAMPLE = re.compile(r"^```example\n(.*?)\n```$", re.DOTALL | re.MULTILINE)


@dataclass
class Example:
    """A worked example as SPEC.md prints it."""

    name: str
    title: str
    fields: dict[str, Any] = field(default_factory=dict)
    packed: list[Record] = field(default_factory=list)
    payload: bytes = b""


def read_examples(text: str) -> list[Example]:
    """Take every worked example out of SPEC.md."""
    return [_example(block.split("\n")) for block in _EXAMPLE.findall(text)]


def _example(lines: list[str]) -> Example:
    name, _, title = lines[0].removeprefix("example ").partition(": ")
    example = Example(name, title)
    for line in lines[1:]:
        word, _, rest = line.partition(" ")
        if word == "hex":
            example.payload += bytes.fromhex(rest)
        elif word == "packed":
            kind, _, values = rest.partition(" ")
            example.packed.append((kind, json.loads(values)))
        elif " = " in rest:
            key, _, value = rest.partition(" = ")
            example.fields[key] = json.loads(value)
        else:
            example.fields[rest] = None
    return example
