"""Any captured frame can be read by a person, and what cannot be read says where and why."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.wire import decode
from protocol.codec import encode
from protocol.examples import EXAMPLES, Example
from protocol.framing import Framing, Opcode, frame, mask, websocket_header
from protocol.plain import pack_section, pack_snapshot
from protocol.records import Section
from protocol.schema import Ack, Bye, Chat, Closing, Hello, Pose, Renew, Said, Snapshot, fields_of
from tests.protocol.strategies import messages

ACK = encode(Ack(5))
KEY = b"\x37\xfa\x21\x3d"


def printed(captured: bytes) -> str:
    """Return what is printed for bytes that can be read."""
    out = io.StringIO()
    assert decode(io.BytesIO(captured), out) == 0
    return out.getvalue()


def refused(captured: bytes) -> str:
    """Return what is printed for bytes that cannot."""
    out = io.StringIO()
    assert decode(io.BytesIO(captured), out) == 1
    return out.getvalue()


def from_client(payload: bytes, first: int = 0x80 | Opcode.BINARY) -> bytes:
    """Write a masked WebSocket frame."""
    header = bytearray(websocket_header(len(payload)))
    header[0], header[1] = first, header[1] | 0x80
    return bytes(header) + KEY + mask(payload, KEY)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_every_field_of_every_message_is_printed(example: Example) -> None:
    """The name, the side, the size and each field of a message are there."""
    text = printed(example.payload)
    assert text.startswith(f"offset 0: {example.name} from ")
    assert f", {len(example.payload)} bytes\n" in text
    for field in fields_of(type(example.message)):
        assert f"\n  {field.name}: " in text


FORMS = [
    ("payload", ACK),
    ("TCP", frame(Framing.TCP, ACK)),
    ("WebSocket of the server", frame(Framing.WEBSOCKET, ACK)),
    ("WebSocket of a client", from_client(ACK)),
    ("WebSocket in fragments", from_client(ACK[:1], 0x02) + from_client(ACK[1:], 0x80)),
    ("WebSocket with its upgrade", b"GET /v1/connect HTTP/1.1\r\nHost: a\r\n\r\n" + from_client(ACK)),
    ("WebSocket with the answer", b"HTTP/1.1 101 Switching\r\n\r\n" + frame(Framing.WEBSOCKET, ACK)),
]


@pytest.mark.parametrize("captured", [data for _, data in FORMS], ids=[name for name, _ in FORMS])
def test_every_form_is_read(captured: bytes) -> None:
    """A bare payload, TCP and WebSocket of either side are told apart by themselves, as bytes and as hexadecimal."""
    assert "ack from client, type 7, 3 bytes\n  seq: 5\n" in printed(captured)
    for text in (
        captured.hex(),
        captured.hex(" ").upper(),
        captured.hex(":"),
        "0x" + captured.hex(),
        captured.hex("\n"),
    ):
        assert printed(text.encode()) == printed(captured)


def test_an_example_can_be_pasted_from_the_specification() -> None:
    """The hex lines of SPEC.md are hexadecimal text too."""
    assert printed(b"hex 92 07\nhex 05\n") == printed(ACK)


def test_offsets_say_where_a_message_starts() -> None:
    """The second of two messages stands where the first ended."""
    text = printed(frame(Framing.TCP, ACK) + frame(Framing.TCP, encode(Bye())))
    assert "offset 0: ack" in text
    assert "offset 7: bye" in text


def test_records_are_in_metres_and_degrees() -> None:
    """Packed records are expanded: nobody has to divide by 65,536."""
    pose = {"seq": 9, "x": 1250, "z": -3400, "yaw": 16384, "pitch": -127, "age": 255}
    text = printed(encode(Pose(pack_section(Section.ROOT_INPUT, [pose]))))
    assert "root_input, seq 9, at 1.250 0.000 -3.400 m, yaw 90.00°, pitch -90.0°, age 1020 ms or more" in text


def test_snapshots_are_read_record_by_record() -> None:
    """Header, flags, absolute and delta records, head and hands, each on its line."""
    sections = {
        Section.LEAVE: [{"id": 3}],
        Section.TRACKED: [{"id": 7, "flags": 1, "x": -1, "head.y": 1700, "head.orientation": 0xE0080200}],
        Section.TRACKED_DELTA: [{"id": 8, "age": 2, "dx": -75, "dz": 3, "left.dy": -127, "left.third": -255}],
        Section.DOT: [{"id": 9, "x": -8, "z": 1}],
    }
    text = printed(encode(Snapshot(pack_snapshot({"tick": 5, "digest": 0xAB, "flags": 1}, sections))))
    assert "    header FULL, tick 5, time_ms 0, ack 0, digest 0x000000ab, flags 1\n    leave, id 3\n" in text
    busy = printed(encode(Snapshot(pack_snapshot({"tick": 5, "flags": 3}, {}))))
    assert "    header FULL STRETCHED, tick 5" in busy
    assert "    tracked JUMP, id 7, age 0 ms, flags 1, at -0.001 0.000 0.000 m, yaw 0.00°, pitch 0.0°\n" in text
    assert "      head, at 0.000 1.700 0.000 m, orientation (0.000 0.000 0.000 1.000)\n" in text
    assert "    tracked_delta, id 8, age 8 ms, by -0.075 0.000 0.003 m, yaw 0.00°" in text
    assert "    dot, id 9, at -1.000 0.000 0.125 m\n" in text
    assert "      left, by 0.000 -0.127 0.000 m, turned by 0 0 -255\n" in text


def test_numbers_have_names() -> None:
    """Enumerated values and codes are spelt out, also those nobody has named."""
    assert "  channel: 1 (nearby)\n" in printed(encode(Chat(1, 1, 0, "hi")))
    assert "  code: 4301 (kicked)\n" in printed(encode(Closing(4301, "")))
    assert "  code: 4999 (unknown)\n" in printed(encode(Closing(4999, "")))


def test_secrets_are_not_shown() -> None:
    """A capture that goes into a bug report opens no session."""
    text = printed(encode(Hello(0, 1, "", "", "SECRET", "", "SECRET-2", 0)))
    assert "SECRET" not in text + printed(encode(Renew(1, "SECRET")))
    assert "  token: 6 characters, not shown\n" in text


def test_text_cannot_steer_the_terminal() -> None:
    """Characters that turn a line around, or break it, are shown by their numbers."""
    text = printed(encode(Said(1, 2, 0, "a\u202eb\nc", 0)))
    assert '"a\\u202eb\\nc"' in text


def test_control_frames_are_printed() -> None:
    """WebSocket's own frames are part of what happened."""
    stream = from_client(b"?", 0x89) + from_client(b"\x0f\xa0bye", 0x88) + from_client(b"", 0x88)
    assert printed(stream) == (
        'offset 0: WebSocket ping, 1 bytes\noffset 7: WebSocket close 4000 (goaway) "bye"\n'
        "offset 18: WebSocket close, 0 bytes\n"
    )


# --- what cannot be read ----------------------------------------------------------------------------------------------


def test_the_next_frame_is_read_after_a_bad_one() -> None:
    """A malformed message is reported at its offset, and costs only itself."""
    text = refused(frame(Framing.TCP, b"\x92\x07\xff") + frame(Framing.TCP, ACK))
    assert (
        text
        == "offset 0: ack.seq: -1 is not within 0 to 4294967295\noffset 7: ack from client, type 7, 3 bytes\n  seq: 5\n"
    )


@pytest.mark.parametrize(
    ("captured", "said"),
    [
        (b"", "offset 0: there is nothing to decode"),
        (b"hello there", "offset 0: byte 0x68 starts no message, TCP frame, WebSocket frame or hexadecimal text"),
        (b"92 07 0", "offset 2: hexadecimal text ends in the middle of a byte"),
        (b"\x92\x63\x05", "offset 0: unknown message type 99"),
        (b"\x92\x4d\x05", "offset 0: pong: 1 fields, expected 3"),
        (b"\x91", "offset 0: not one whole msgpack value"),
        (frame(Framing.TCP, ACK) + b"\x00\x00", "offset 7: frame cut short: 4 bytes expected at offset 7, 2 there"),
        (frame(Framing.TCP, ACK)[:-1], "offset 0: frame cut short: 3 bytes expected at offset 4, 2 there"),
        (from_client(ACK)[:4], "offset 0: frame cut short: 4 bytes expected at offset 2, 2 there"),
        (b"\x82\x7f\x00", "offset 0: frame cut short: 8 bytes expected at offset 2, 1 there"),
        (b"\xc2\x03" + ACK, "offset 0: WebSocket frame with a reserved bit: compressed, or no frame"),
        (b"\x83\x00", "offset 0: WebSocket opcode 3 is not used"),
        (b"\x81\x02hi", "offset 0: WebSocket text message; the protocol is binary"),
        (from_client(ACK, 0x02), "offset 0: the last fragment of this WebSocket message is missing"),
        (from_client(ACK) + from_client(ACK, 0x80), "offset 9: WebSocket fragments out of order"),
        (from_client(ACK, 0x02) + from_client(ACK), "offset 9: WebSocket fragments out of order"),
        (b"GET / HTTP/1.1\r\n", "offset 16: the HTTP head of the upgrade has no end"),
        (encode(Pose(b"")), "offset 0: pose: expected one section with one input record"),
        (encode(Snapshot(b"")), "offset 0: snapshot shorter than its header"),
    ],
)
def test_what_cannot_be_read_is_said_in_plain_words(captured: bytes, said: str) -> None:
    """Every fault is one line with its offset, and exit code 1."""
    assert refused(captured).splitlines()[-1].startswith(said)


@given(st.binary(max_size=80) | messages.map(encode), st.integers(0, 80), st.binary(max_size=3))
def test_nothing_else_ever_happens(captured: bytes, at: int, inserted: bytes) -> None:
    """Whatever the bytes, they are printed or refused."""
    out = io.StringIO()
    assert decode(io.BytesIO(captured[:at] + inserted + captured[at:]), out) in (0, 1)
    assert out.getvalue().endswith("\n")
