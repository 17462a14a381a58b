"""What a broken or hostile client sends: valid frames and mutations of them, all of it following from a seed.

`Fuzzer` plays one connection: it makes its opening and then frame after frame, each with the verdict that SPEC.md has
on it where that can be told from the frame alone (the second decoder of the protocol tests is asked, which shares no
code with the server). Pure: whoever has sockets sends what comes out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Any

import msgpack

from protocol.codec import encode
from protocol.errors import Close
from protocol.examples import EXAMPLES, UPRIGHT
from protocol.framing import Framing, Opcode, mask, tcp_header
from protocol.plain import pack, pack_section
from protocol.records import DTYPES, MAX_COORDINATE_MM, Section
from protocol.schema import (
    MESSAGES,
    SPEC_OF,
    Ack,
    Block,
    Bye,
    Chat,
    Despawn,
    Gesture,
    GoTo,
    Grab,
    Hello,
    Int,
    Join,
    Leave,
    LookFrom,
    Moderate,
    Move,
    Ping,
    Pose,
    Release,
    Renew,
    Resync,
    Sender,
    SetBudget,
    SetStatus,
    Slug,
    Spawn,
    Spec,
    State,
    Teleport,
    Text,
)
from tests.integration.peer import a_hello, upgrade_request
from tests.protocol import second_decoder

MAX_FRAME_BYTES = 16_384
CLIENT_SPECS = tuple(spec for spec in MESSAGES.values() if spec.sender is Sender.CLIENT)
ROOMS = ("lobby", "lobby", "lobby", "hall-2", "hall-3")
PROPS = ("folder", "passport", "lamp", "sign", "notebook")
WORDS = (
    "hello",
    "ça va ?",
    "안녕하세요",
    "صباح الخير",
    "line\nbreak",
    "\U0001f44b\U0001f3fd",
    "x" * 1000,
    "\u202eevil",
)


class Verdict(Enum):
    """What must become of the connection, by SPEC.md."""

    FINE = "fine"  # the frame is what a client may send now
    MALFORMED = "malformed"
    TOO_LARGE = "frame_too_large"
    OUT_OF_STATE = "out_of_state"
    UNSURE = "unsure"  # it depends on what comes next: a frame that lies about its length

    @property
    def close(self) -> Close | None:
        """The code that the server closes with, if this alone decides it."""
        return Close[self.name.replace("TOO_LARGE", "FRAME_TOO_LARGE")] if self in _CLOSES else None


_CLOSES = (Verdict.MALFORMED, Verdict.TOO_LARGE, Verdict.OUT_OF_STATE)


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes for the socket: made from which message, by which mutation ("" for none).

    means: the message that a server finds in it, "" where it finds none or that cannot be told.
    """

    message: str
    mutation: str
    data: bytes
    verdict: Verdict
    means: str = ""


# --- valid messages ---------------------------------------------------------------------------------------------------


def _place(rng: Random) -> dict[str, int]:
    return {"x": rng.randint(-6000, 6000), "y": rng.randint(0, 1500), "z": rng.randint(-6000, 6000)}


def _held(rng: Random) -> dict[str, int]:
    return _place(rng) | {"orientation": rng.choice((UPRIGHT, rng.getrandbits(32)))}


def _entity(rng: Random) -> int:
    return rng.choice((rng.randint(1, 12), rng.randint(1, 2**16 - 1)))


def _ref(rng: Random) -> int:
    return rng.getrandbits(rng.choice((4, 32)))


def a_record(rng: Random, seq: int) -> tuple[Section, dict[str, int]]:
    """Make one input record, as a client that walks about would send it."""
    values = {
        "seq": seq,
        "x": rng.randint(-4000, 4000),
        "z": rng.randint(-4000, 4000),
        "yaw": rng.getrandbits(16),
        "pitch": rng.randint(-127, 127),
        "age": rng.getrandbits(8),
    }
    if rng.random() < 0.5:
        return Section.ROOT_INPUT, values
    for part in ("head", "left", "right"):
        values |= {f"{part}.{axis}": rng.randint(-900, 1900) for axis in "xyz"}
        values[f"{part}.orientation"] = rng.getrandbits(32)
    return Section.TRACKED_INPUT, values


def _hello(rng: Random, _seq: int) -> Hello:
    return a_hello(
        agent="fuzz/1.0",
        name=rng.choice(("", "Ada", "Ö" * 48)),
        minor=rng.choice((0, 1, 255)),
        schema="0123456789abcdef",
    )


def _pose(rng: Random, seq: int) -> Pose:
    kind, values = a_record(rng, seq)
    return Pose(pack_section(kind, [values]))


MAKERS: dict[type[Any], Callable[[Random, int], Any]] = {
    Hello: _hello,
    Join: lambda rng, _: Join(_ref(rng), rng.choice(ROOMS), rng.choice(("", "plaza"))),
    Leave: lambda rng, _: Leave(_ref(rng)),
    Pose: _pose,
    Teleport: lambda rng, seq: Teleport(_ref(rng), seq, **_place(rng), yaw=rng.getrandbits(16)),
    Ping: lambda rng, _: Ping(rng.getrandbits(53)),
    Ack: lambda _, __: Ack(0),
    Chat: lambda rng, _: Chat(_ref(rng), rng.randint(0, 2), rng.choice((0, _entity(rng))), rng.choice(WORDS)),
    Gesture: lambda rng, _: Gesture(_ref(rng), rng.randint(0, 5)),
    SetStatus: lambda rng, _: SetStatus(_ref(rng), rng.randint(0, 3)),
    Spawn: lambda rng, _: Spawn(_ref(rng), rng.choice(PROPS), **_held(rng)),
    Grab: lambda rng, _: Grab(_ref(rng), _entity(rng)),
    Move: lambda rng, _: Move(_entity(rng), rng.randint(0, 9), **_held(rng)),
    Release: lambda rng, _: Release(_ref(rng), _entity(rng), rng.randint(0, 9), **_held(rng)),
    Despawn: lambda rng, _: Despawn(_ref(rng), _entity(rng), rng.randint(0, 9)),
    Block: lambda rng, _: Block(
        _ref(rng), rng.choice(("u-118", f"guest:{rng.getrandbits(64):016x}")), rng.random() < 0.5
    ),
    Moderate: lambda rng, _: Moderate(_ref(rng), rng.randint(0, 4), rng.choice((0, _entity(rng))), "because"),
    Renew: lambda rng, _: Renew(_ref(rng), rng.choice(("eyJhbGciOiJFZERTQSJ9.e30.c2ln", "a.b.c", "x" * 4096))),
    Resync: lambda _, __: Resync(),
    Bye: lambda _, __: Bye(),
    GoTo: lambda rng, _: GoTo(_ref(rng), _entity(rng)),
    LookFrom: lambda rng, _: LookFrom(_ref(rng), rng.randint(0, 1), rng.random() < 0.5, **_place(rng)),
    SetBudget: lambda rng, _: SetBudget(_ref(rng), rng.choice((0, 16_000, 2**32 - 1))),
}
# What a session in a room mostly sends; `leave` and `bye` end the fun.
WEIGHTS = {Hello: 0.3, Leave: 0.5, Bye: 0.2, Join: 0.7, Pose: 6.0, Ping: 0.7}


# --- mutations of values ----------------------------------------------------------------------------------------------


def _nested(depth: int) -> bytes:
    return b"\x91" * depth + b"\x00"


# msgpack values that no field takes, or that lie: each as the bytes of one element
ODD_VALUES: dict[str, bytes] = {
    "nan": bytes.fromhex("cb7ff8000000000000"),
    "infinity": bytes.fromhex("cb7ff0000000000000"),
    "minus infinity": bytes.fromhex("caff800000"),
    "float": bytes.fromhex("cb3ff0000000000000"),
    "short nan": bytes.fromhex("ca7fc00000"),
    "nil": b"\xc0",
    "true": b"\xc3",
    "false": b"\xc2",
    "one": b"\x01",
    "largest u64": b"\xcf" + b"\xff" * 8,
    "2**53": b"\xcf\x00\x20" + bytes(6),
    "smallest i64": b"\xd3\x80" + bytes(7),
    "minus one": b"\xff",
    "empty map": b"\x80",
    "map": b"\x81\x01\x01",
    "map header that lies": b"\xdf\xff\xff\xff\xff",
    "extension": b"\xd4\x05\x00",
    "timestamp": b"\xd6\xff\x00\x00\x00\x00",
    "extension that lies": b"\xc9\xff\xff\xff\xff\x05",
    "unused code": b"\xc1",
    "bad UTF-8": b"\xa3\xff\xfe\xfd",
    "overlong UTF-8": b"\xa2\xc0\x80",
    "surrogate": b"\xa3\xed\xa0\x80",
    "NUL": b"\xa1\x00",
    "delete": b"\xa1\x7f",
    "C1 control": b"\xa2\xc2\x85",
    "empty text": b"\xa0",
    "long text": b"\xda\x13\x88" + b"a" * 5000,
    "text that lies": b"\xdb\xff\xff\xff\xff",
    "binary": b"\xc4\x02\x00\x01",
    "empty binary": b"\xc4\x00",
    "binary that lies": b"\xc6\xff\xff\xff\xff",
    "empty array": b"\x90",
    "array that lies": b"\xdd\xff\xff\xff\xff",
    "shorter array that lies": b"\xdc\xff\xff",
    "array too long": b"\xdc\x00\x41" + bytes(65),
    "nested": _nested(16),
    "deeply nested": _nested(5000),
    "nested without end": b"\x91" * 12_000,
}


def _packed(value: object) -> bytes:
    packed: bytes = msgpack.packb(value, use_bin_type=True)
    return packed


def _array(elements: list[bytes]) -> bytes:
    count = len(elements)
    head = bytes((0x90 | count,)) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
    return head + b"".join(elements)


def _odd_value(rng: Random, elements: list[bytes], _spec: Spec) -> bytes:
    elements[rng.randrange(len(elements))] = rng.choice(list(ODD_VALUES.values()))
    return _array(elements)


def _value_at_a_bound(rng: Random, elements: list[bytes], spec: Spec) -> bytes:
    if not spec.fields:
        return _array([*elements, b"\x00"])
    index = rng.randrange(len(spec.fields))
    kind = spec.fields[index].kind
    if isinstance(kind, Int):
        elements[1 + index] = _packed(rng.choice((kind.low - 1, kind.low, kind.high, kind.high + 1)))
    elif isinstance(kind, Text | Slug):
        chars = rng.choice((0, 1, kind.max_chars, kind.max_chars + 1))
        elements[1 + index] = _packed("é" * chars if isinstance(kind, Text) else "a" * chars)
    else:
        elements[1 + index] = _packed(bytes(rng.choice((0, 256, 257))))
    return _array(elements)


def _exchanged(rng: Random, elements: list[bytes], _spec: Spec) -> bytes:
    one, other = rng.randrange(len(elements)), rng.randrange(len(elements))
    elements[one], elements[other] = elements[other], elements[one]
    return _array(elements)


def _field_missing(rng: Random, elements: list[bytes], _spec: Spec) -> bytes:
    del elements[rng.randrange(len(elements))]
    return _array(elements)


def _fields_more(rng: Random, elements: list[bytes], _spec: Spec) -> bytes:
    """Legal, unless there are too many, or of a family that is not in use: section 17."""
    extra = rng.choice((b"\x07", b"\xc0", b"\xa1x", b"\xcb" + bytes(8), _nested(8), b"\xc4\x01\x00", ODD_VALUES["map"]))
    return _array([*elements, *[extra] * rng.choice((1, 2, 3, 40, 60))])


def _another_type(rng: Random, elements: list[bytes], _spec: Spec) -> bytes:
    elements[0] = _packed(
        rng.choice((rng.randint(0, 130), rng.randint(0, 21), -1, 2**32, True, "hello", b"\x01", None, 1.0))
    )
    return _array(elements)


def _other_forms(rng: Random, elements: list[bytes], _spec: Spec) -> bytes:
    """Legal: section 4.3."""
    longer = b"".join(_longer(rng, element) for element in elements)
    return b"\xdc" + len(elements).to_bytes(2, "big") + longer


def _longer(rng: Random, element: bytes) -> bytes:
    value = msgpack.unpackb(element)
    if isinstance(value, str):
        return b"\xdb" + len(value.encode()).to_bytes(4, "big") + value.encode()
    if isinstance(value, bytes):
        return b"\xc6" + len(value).to_bytes(4, "big") + value
    if isinstance(value, int) and not isinstance(value, bool):
        return struct.pack(">Bq", 0xD3, value) if rng.random() < 0.5 or value < 0 else struct.pack(">BQ", 0xCF, value)
    return element


VALUE_MUTATIONS: dict[str, Callable[[Random, list[bytes], Spec], bytes]] = {
    "odd value": _odd_value,
    "value at a bound": _value_at_a_bound,
    "fields exchanged": _exchanged,
    "field missing": _field_missing,
    "fields more": _fields_more,
    "another type": _another_type,
    "other forms": _other_forms,
}


def elements_of(payload: bytes) -> list[bytes]:
    """Cut a message's array into the bytes of its elements."""
    return [_packed(value) for value in msgpack.unpackb(payload)]


# --- mutations of bytes -----------------------------------------------------------------------------------------------


def _flipped(rng: Random, payload: bytes) -> bytes:
    flipped = bytearray(payload)
    for _ in range(rng.choice((1, 1, 2, 8))):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def _truncated(rng: Random, payload: bytes) -> bytes:
    return payload[: rng.randrange(len(payload))]


def _extended(rng: Random, payload: bytes) -> bytes:
    return payload + rng.randbytes(rng.choice((1, 2, 30)))


def _cut_out(rng: Random, payload: bytes) -> bytes:
    start = rng.randrange(len(payload))
    return payload[:start] + payload[start + rng.randint(1, 4) :]


def _spliced(rng: Random, payload: bytes) -> bytes:
    other = rng.choice(EXAMPLES).payload
    return payload[: rng.randrange(len(payload))] + other[rng.randrange(len(other)) :]


def _repeated(rng: Random, payload: bytes) -> bytes:
    start = rng.randrange(len(payload))
    return payload[:start] + payload[start : start + 8] * rng.randint(2, 9) + payload[start + 8 :]


def _noise(rng: Random, payload: bytes) -> bytes:
    return rng.randbytes(rng.choice((1, len(payload), 400)))


BYTE_MUTATIONS: dict[str, Callable[[Random, bytes], bytes]] = {
    "bits flipped": _flipped,
    "truncated": _truncated,
    "extended": _extended,
    "bytes cut out": _cut_out,
    "spliced": _spliced,
    "bytes repeated": _repeated,
    "noise": _noise,
}


# --- mutations of packed records --------------------------------------------------------------------------------------


def _section(kind: int, stride: int, count: int, body: bytes) -> bytes:
    return struct.pack("<BBH", kind, stride, count) + body


def mutated_record(rng: Random, seq: int) -> bytes:
    """Mutate the section in a pose message."""
    kind, values = a_record(rng, seq)
    body = pack(DTYPES[kind], values)
    stride = len(body)
    longer = rng.choice((stride + 1, 49, 50, 255 - 4))
    far = rng.choice((MAX_COORDINATE_MM, MAX_COORDINATE_MM + 1, -MAX_COORDINATE_MM - 1, 2**31 - 1, -(2**31)))
    axis = rng.choice("xyz")
    part = rng.choice(("head", "left", "right"))
    reach = rng.choice((3000, 3001, -3000, -3001, 2**15 - 1, -(2**15)))
    whole = _section(kind, stride, 1, body)
    return rng.choice(
        (
            _section(rng.choice((0, 1, 3, 4, 8, 31, 34, 255)), stride, 1, body),
            _section(rng.choice(list(Section)), stride, 1, body),
            _section(kind, rng.choice((0, 1, stride - 1, 255)), 1, body),
            _section(kind, stride, rng.choice((0, 2, 2**16 - 1)), body),
            _section(kind, stride, 2, body * 2),
            _section(kind, longer, 1, body.ljust(longer, b"\x5a")[:longer]),
            _section(200, 3, 2, bytes(6)) + whole,
            whole + _section(99, 0, rng.choice((0, 7)), b""),
            whole * 2,
            whole + rng.randbytes(rng.randint(1, 4)),
            whole[: rng.randrange(len(whole))],
            b"",
            _section(kind, stride, 1, pack(DTYPES[kind], values | {axis: far})),
            _section(kind, stride, 1, pack(DTYPES[kind], values | {"pitch": -128})),
            _section(kind, stride, 1, pack(DTYPES[kind], values | {"seq": rng.choice((0, 1, 2**31, 2**32 - 1))})),
            pack_section(Section.TRACKED_INPUT, [values | {f"{part}.{axis}": reach}]),
            _flipped(rng, whole),
        )
    )


# --- mutations of frames: raw TCP -------------------------------------------------------------------------------------


def _tcp_lie(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    """Announce another length than follows."""
    length = len(payload)
    lie = rng.choice((length + 1, max(0, length - 1), length + 200, 0, MAX_FRAME_BYTES, length << 8))
    return tcp_header(lie) + payload, Verdict.TOO_LARGE if lie > MAX_FRAME_BYTES else Verdict.UNSURE


def _tcp_too_large(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    lie = rng.choice((MAX_FRAME_BYTES + 1, 2**31, 2**32 - 1))
    return tcp_header(lie) + payload, Verdict.TOO_LARGE


def _tcp_little_endian(_rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    return len(payload).to_bytes(4, "little") + payload, Verdict.TOO_LARGE  # at least 2**24


def _tcp_empty(_rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    return tcp_header(0) + tcp_header(len(payload)) + payload, Verdict.MALFORMED


def _tcp_full_size(_rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    return tcp_header(MAX_FRAME_BYTES) + payload.ljust(MAX_FRAME_BYTES, b"\xc1"), Verdict.MALFORMED


def _tcp_no_header(_rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    return payload, Verdict.TOO_LARGE if len(payload) >= 4 else Verdict.UNSURE  # read as a length, it is huge


TCP_MUTATIONS: dict[str, Callable[[Random, bytes], tuple[bytes, Verdict]]] = {
    "length that lies": _tcp_lie,
    "length too large": _tcp_too_large,
    "length in little-endian": _tcp_little_endian,
    "empty frame": _tcp_empty,
    "frame of full size": _tcp_full_size,
    "no length": _tcp_no_header,
}


# --- mutations of frames: WebSocket -----------------------------------------------------------------------------------


def websocket_frame(
    rng: Random,
    payload: bytes,
    opcode: int = Opcode.BINARY,
    *,
    is_final: bool = True,
    reserved: int = 0,
    width: int | None = None,
    claims: int | None = None,
) -> bytes:
    """Write a client's frame, with whatever is wrong in it. width: bytes of its extended length, if not the fewest."""
    length = len(payload) if claims is None else claims
    if width is None:
        width = 0 if length < 126 else 2 if length < 2**16 else 8
    code = {0: length, 2: 126, 8: 127}[width]
    key = rng.randbytes(4)
    head = bytes((is_final << 7 | reserved << 4 | opcode, 0x80 | code))
    return head + (length.to_bytes(width, "big") if width else b"") + key + mask(payload, key)


def _ws_unmasked(_rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    return bytes((0x82, min(125, len(payload)))) + payload, Verdict.MALFORMED


def _ws_reserved_bit(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    return websocket_frame(rng, payload, reserved=rng.randint(1, 7)), Verdict.MALFORMED


def _ws_reserved_opcode(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    opcode = rng.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15))
    return websocket_frame(rng, payload[:125], opcode), Verdict.MALFORMED


def _ws_text(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    return websocket_frame(rng, payload, Opcode.TEXT), Verdict.MALFORMED


def _ws_stray_continuation(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    return websocket_frame(rng, payload, Opcode.CONTINUATION, is_final=rng.random() < 0.5), Verdict.MALFORMED


def _ws_interrupted_fragments(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    first = websocket_frame(rng, payload[:3], is_final=False)
    return first + websocket_frame(rng, payload), Verdict.MALFORMED


def _ws_unfinished(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    """The next message then comes out of order."""
    return websocket_frame(rng, payload, is_final=False), Verdict.UNSURE


def _ws_long_control(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    opcode = rng.choice((Opcode.PING, Opcode.PONG, Opcode.CLOSE))
    return websocket_frame(rng, payload.ljust(126, b"\x00"), opcode), Verdict.MALFORMED


def _ws_fragmented_control(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    opcode = rng.choice((Opcode.PING, Opcode.PONG, Opcode.CLOSE))
    return websocket_frame(rng, payload[:100], opcode, is_final=False), Verdict.MALFORMED


def _ws_too_large(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    claims = rng.choice((MAX_FRAME_BYTES + 1, 2**16 - 1, 2**31, 2**63, 2**64 - 1))
    return websocket_frame(rng, payload, claims=claims), Verdict.TOO_LARGE


def _ws_fragments_too_large(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    first = websocket_frame(rng, payload.ljust(MAX_FRAME_BYTES // 2, b"\x00"), is_final=False)
    more = websocket_frame(rng, bytes(MAX_FRAME_BYTES // 2 + 1), Opcode.CONTINUATION)
    return first + more, Verdict.TOO_LARGE


def _ws_length_lie(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    claims = rng.choice((len(payload) + 1, max(0, len(payload) - 1), len(payload) + 300))
    return websocket_frame(rng, payload, claims=claims), Verdict.UNSURE


def _ws_zero_mask(_rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    """Legal, though it masks nothing."""
    head = bytes((0x82, 0x80 | 126)) + len(payload).to_bytes(2, "big")
    return head + bytes(4) + payload, Verdict.FINE


def _ws_longer_length(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    """Legal: section 3.2."""
    return websocket_frame(rng, payload, width=rng.choice((2, 8))), Verdict.FINE


def _ws_fragments(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    """Legal, with control frames in between."""
    cuts = sorted(rng.randint(0, len(payload)) for _ in range(rng.randint(1, 4)))
    pieces = [payload[start:end] for start, end in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
    sent = b""
    for index, piece in enumerate(pieces):
        opcode = Opcode.CONTINUATION if index else Opcode.BINARY
        sent += websocket_frame(rng, piece, opcode, is_final=index == len(pieces) - 1)
        if index < len(pieces) - 1 and rng.random() < 0.3:
            sent += websocket_frame(rng, b"still there?", rng.choice((Opcode.PING, Opcode.PONG)))
    return sent, Verdict.FINE


def _ws_control_before(rng: Random, payload: bytes) -> tuple[bytes, Verdict]:
    """Legal."""
    control = websocket_frame(rng, rng.randbytes(rng.choice((0, 4, 125))), rng.choice((Opcode.PING, Opcode.PONG)))
    return control + websocket_frame(rng, payload), Verdict.FINE


WEBSOCKET_MUTATIONS: dict[str, Callable[[Random, bytes], tuple[bytes, Verdict]]] = {
    "unmasked": _ws_unmasked,
    "reserved bit": _ws_reserved_bit,
    "reserved opcode": _ws_reserved_opcode,
    "text frame": _ws_text,
    "stray continuation": _ws_stray_continuation,
    "interrupted fragments": _ws_interrupted_fragments,
    "unfinished fragments": _ws_unfinished,
    "control frame too long": _ws_long_control,
    "control frame in fragments": _ws_fragmented_control,
    "length too large": _ws_too_large,
    "fragments too large together": _ws_fragments_too_large,
    "length that lies": _ws_length_lie,
    "mask of zeros": _ws_zero_mask,
    "longer form of the length": _ws_longer_length,
    "fragments": _ws_fragments,
    "control frame before": _ws_control_before,
}
FRAME_MUTATIONS = {Framing.TCP: TCP_MUTATIONS, Framing.WEBSOCKET: WEBSOCKET_MUTATIONS}


# Those that often leave a frame legal come more often: what a server makes of a strange but legal frame is the harder
# question, and a session that goes on gets further.
_WEIGHTS = {
    "value at a bound": 3.0,
    "fields more": 4.0,
    "other forms": 6.0,
    "bits flipped": 6.0,
    "mask of zeros": 2.0,
    "longer form of the length": 2.0,
    "fragments": 5.0,
    "control frame before": 2.0,
}


def _one_of(rng: Random, table: Mapping[str, object]) -> str:
    return rng.choices(list(table), [_WEIGHTS.get(name, 1.0) for name in table])[0]


def mangled(rng: Random, spec: Spec, payload: bytes) -> tuple[str, bytes]:
    """Mutate a valid payload of either side's message, by its values or by its bytes; name the mutation."""
    if rng.random() < 0.75:
        name = _one_of(rng, VALUE_MUTATIONS)
        return name, VALUE_MUTATIONS[name](rng, elements_of(payload), spec)
    name = _one_of(rng, BYTE_MUTATIONS)
    return name, BYTE_MUTATIONS[name](rng, payload)


# --- one connection ---------------------------------------------------------------------------------------------------


class Fuzzer:
    """Everything one client sends, in order. The same seed and number give the same frames."""

    def __init__(self, seed: int, number: int) -> None:
        self.rng = Random(f"{seed}/{number}")
        self.framing = self.rng.choice(list(Framing))
        self.state = State.OPEN
        self._seq = 0

    def framed(self, payload: bytes) -> bytes:
        """Frame a payload as a client does."""
        if self.framing is Framing.TCP:
            return tcp_header(len(payload)) + payload
        return websocket_frame(self.rng, payload)

    # --- the opening --------------------------------------------------------------------------------------------------

    def upgrade(self, host: str) -> bytes:
        """Write the request that opens a WebSocket."""
        return upgrade_request(host)

    def bad_upgrade(self, host: str) -> bytes:
        """Write a request that is no upgrade, or hardly one."""
        rng, good = self.rng, self.upgrade(host)
        return rng.choice(
            (
                _flipped(rng, good),
                _cut_out(rng, good),
                _spliced(rng, good),
                _noise(rng, good),
                good.replace(b"GET", b"POST"),
                good.replace(b"websocket", b"h2c"),
                good.replace(b"Version: 13", b"Version: 8"),
                good.replace(b"Key: ", b"Key: ===="),
                good.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\nhello"),
                good.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
                good.replace(b"\r\n\r\n", b"\r\nOrigin: http://[\r\n\r\n"),
                good.replace(b"HTTP/1.1", b"HTTP/1.0"),
                good.replace(b"/v1/connect", b"/v1/rooms?" + rng.randbytes(8).hex().encode() + b"=%ff%00"),
                good.replace(b"\r\n\r\n", b"\r\nX-Long: " + b"y" * 20_000 + b"\r\n\r\n"),
            )
        )

    def hello(self) -> Frame:
        """Open the session in good order; whoever sends this puts `state` right once it is welcomed."""
        return self._valid(Hello)

    def bad_hello(self) -> Frame:
        """Make something that opens no session, or perhaps does: verdicts are about sessions, so none is given."""
        rng = self.rng
        payload = rng.choice(
            (
                encode(a_hello(major=rng.randint(1, 127), token="of another version")),
                encode(a_hello(token=rng.choice(("a.b.c", "x" * 4096, "eyJhbGciOiJub25lIn0.e30.")))),
                encode(a_hello(resume=f"{rng.getrandbits(192):048x}", last_event=rng.getrandbits(32))),
                encode(MAKERS[rng.choice(CLIENT_SPECS).cls](rng, 1)),
                mangled(self.rng, SPEC_OF[Hello], encode(_hello(rng, 0)))[1],
            )
        )
        return Frame("hello", "before the welcome", self.framed(payload), Verdict.UNSURE)

    # --- in session ---------------------------------------------------------------------------------------------------

    def valid(self) -> Frame:
        """Make a frame that a client may send in the present state."""
        allowed = [spec.cls for spec in CLIENT_SPECS if self.state in spec.states]
        return self._valid(self._drawn(allowed))

    def join(self) -> Frame:
        """Enter the lobby."""
        return self._made(Join(1, "lobby", ""))

    def mutated(self) -> Frame:
        """Mutate a frame, or send a good one in the wrong state."""
        rng = self.rng
        choice = rng.random()
        if choice < 0.04:
            return self._in_the_wrong_state()
        cls = (
            Pose if choice < 0.26 else self._drawn([spec.cls for spec in CLIENT_SPECS if State.OPEN not in spec.states])
        )
        spec, message = SPEC_OF[cls], MAKERS[cls](rng, self._next_seq())
        if cls is Pose and choice < 0.18:
            return self._judged(spec, "packed record", encode(Pose(mutated_record(rng, self._seq))))
        if choice > (0.92 if self.framing is Framing.TCP else 0.84):  # TCP's all end the connection
            return self._misframed(spec, encode(message))
        return self._judged(spec, *mangled(self.rng, spec, encode(message)))

    def _drawn(self, classes: list[type[Any]]) -> type[Any]:
        drawn: type[Any] = self.rng.choices(classes, [WEIGHTS.get(cls, 1.0) for cls in classes])[0]
        return drawn

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def _valid(self, cls: type[Any]) -> Frame:
        return self._made(MAKERS[cls](self.rng, self._next_seq()))

    def _made(self, message: Any) -> Frame:
        name = SPEC_OF[type(message)].name
        return Frame(name, "", self.framed(encode(message)), Verdict.FINE, name)

    def _in_the_wrong_state(self) -> Frame:
        wrong = [spec.cls for spec in CLIENT_SPECS if self.state not in spec.states]
        frame = self._valid(self.rng.choice(wrong))
        return Frame(frame.message, "wrong state", frame.data, Verdict.OUT_OF_STATE)

    def _judged(self, spec: Spec, mutation: str, payload: bytes) -> Frame:
        return Frame(spec.name, mutation, self.framed(payload), *self.verdict_on(payload))

    def _misframed(self, spec: Spec, payload: bytes) -> Frame:
        table = FRAME_MUTATIONS[self.framing]
        name = _one_of(self.rng, table)
        data, verdict = table[name](self.rng, payload)
        return Frame(spec.name, name, data, *(self.verdict_on(payload) if verdict is Verdict.FINE else (verdict, "")))

    def verdict_on(self, payload: bytes) -> tuple[Verdict, str]:
        """Say what SPEC.md has a server do with a payload in the present state, and which message it is."""
        if len(payload) > MAX_FRAME_BYTES:
            return Verdict.TOO_LARGE, ""
        try:
            name, fields = second_decoder.decode(payload, "client")
            spec = next(spec for spec in CLIENT_SPECS if spec.name == name)
            if self.state not in spec.states:
                return Verdict.OUT_OF_STATE, ""
            if name == "pose":
                second_decoder.decode_input(fields["record"])
        except second_decoder.Refused:
            return Verdict.MALFORMED, ""
        return Verdict.UNSURE if name == "ack" and fields["seq"] else Verdict.FINE, name
