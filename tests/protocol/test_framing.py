"""Frames come out of a stream the way they went in, whatever the chunks; too much or wrong is refused at its header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Close, ProtocolError
from protocol.framing import (
    Control,
    Framing,
    Opcode,
    TcpReader,
    WebSocketReader,
    frame,
    mask,
    tcp_header,
    websocket_header,
)
from tests.protocol.refusals import close_of
from tests.protocol.second_decoder import client_frame

WEBSOCKET_CLOSES = (None, Close.FRAME_TOO_LARGE, Close.MALFORMED)

payloads = st.lists(st.binary(max_size=300), max_size=8)
keys = st.binary(min_size=4, max_size=4)


def chunked(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut a stream at the given places (modulo its length)."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


cuts = st.lists(st.integers(0, 5000), max_size=12)


# --- outgoing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "header"),
    [(0, "8200"), (125, "827d"), (126, "827e007e"), (65535, "827effff"), (65536, "827f0000000000010000")],
)
def test_websocket_headers_take_the_shortest_form(length: int, header: str) -> None:
    """RFC 6455 section 5.2: 7, 16 or 64 bits of length, final, not masked."""
    assert websocket_header(length).hex() == header


def test_a_control_header_has_its_opcode() -> None:
    """Pings and closes are written with the same function."""
    assert websocket_header(0, Opcode.PING) == b"\x89\x00"


def test_frames_are_header_and_payload() -> None:
    """A server's frame is the payload behind the header of its transport."""
    assert frame(Framing.TCP, b"abc") == b"\x00\x00\x00\x03abc"
    assert frame(Framing.WEBSOCKET, b"abc") == b"\x82\x03abc"
    assert tcp_header(258) == b"\x00\x00\x01\x02"


@given(st.binary(max_size=100), keys)
def test_masking_twice_is_nothing(payload: bytes, key: bytes) -> None:
    """XOR undoes itself, for every length and key, and works on every kind of buffer."""
    masked = mask(payload, key)
    assert masked == bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
    assert mask(bytearray(masked), key) == mask(memoryview(masked), key) == payload


# --- raw TCP ----------------------------------------------------------------------------------------------------------


@given(payloads, cuts)
def test_tcp_chunks_make_no_difference(sent: list[bytes], places: list[int]) -> None:
    """The same payloads come out, in order, however the stream is cut."""
    stream = b"".join(frame(Framing.TCP, payload) for payload in sent)
    reader = TcpReader(300)
    assert [payload for chunk in chunked(stream, places) for payload in reader.feed(chunk)] == sent
    assert reader.is_between_frames


@given(st.binary(max_size=300), st.integers(0, 64))
def test_tcp_never_raises_anything_else(stream: bytes, limit: int) -> None:
    """Arbitrary bytes are payloads, an unfinished frame, or FRAME_TOO_LARGE."""
    found: list[bytes] = []
    assert close_of(lambda: found.extend(TcpReader(limit).feed(stream))) in (None, Close.FRAME_TOO_LARGE)
    assert all(len(payload) <= limit for payload in found)


def test_tcp_knows_when_a_frame_is_unfinished() -> None:
    """A stream that ends inside a frame can be told from one that ends between two."""
    reader = TcpReader(10)
    assert reader.feed(b"\x00\x00") == []
    assert not reader.is_between_frames
    assert reader.feed(b"\x00\x01x") == [b"x"]
    assert reader.is_between_frames


def test_tcp_refuses_at_the_prefix() -> None:
    """A frame too large is refused before a byte of it is kept, and the reason says both sizes."""
    with pytest.raises(ProtocolError, match="frame of 11 bytes, at most 10"):
        TcpReader(10).feed(b"\x00\x00\x00\x0b")


# --- WebSocket --------------------------------------------------------------------------------------------------------


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes | Control]]:
    """A client's stream of masked, possibly fragmented messages with control frames in between; and what it holds."""
    stream = b""
    held: list[bytes | Control] = []
    for payload in draw(payloads):
        parts = chunked(payload, draw(st.lists(st.integers(0, 300), max_size=3)))
        for index, part in enumerate(parts):
            is_last = index == len(parts) - 1
            opcode = Opcode.CONTINUATION if index else Opcode.BINARY
            stream += client_frame(opcode, part, final=is_last, key=draw(keys))
            if not is_last and draw(st.booleans()):
                control = Control(draw(st.sampled_from((Opcode.PING, Opcode.PONG))), draw(st.binary(max_size=125)))
                stream += client_frame(control.opcode, control.payload, key=draw(keys))
                held.append(control)
        held.append(payload)
    return stream, held


@given(streams(), cuts)
def test_websocket_chunks_and_fragments_make_no_difference(
    sent: tuple[bytes, list[bytes | Control]], places: list[int]
) -> None:
    """The same messages and control frames come out in order, however they are cut, fragmented and masked."""
    stream, held = sent
    reader = WebSocketReader(300)
    assert [each for chunk in chunked(stream, places) for each in reader.feed(chunk)] == held
    assert reader.is_between_frames


@pytest.mark.parametrize("length", [125, 126, 127, 65535, 65536, 70_000])
def test_websocket_lengths(length: int) -> None:
    """Each form of the length is read, at its borders."""
    payload = bytes(length)
    assert WebSocketReader(70_000).feed(client_frame(Opcode.BINARY, payload)) == [payload]


@pytest.mark.parametrize("length", [126, 65536])
def test_a_long_header_may_come_in_pieces(length: int) -> None:
    """A frame whose length arrives byte by byte is read once it is whole, not before."""
    stream = client_frame(Opcode.BINARY, bytes(length))
    reader = WebSocketReader(65536)
    assert [reader.feed(stream[at : at + 1]) for at in range(14)] == [[]] * 14
    assert reader.feed(stream[14:]) == [bytes(length)]


@given(st.binary(max_size=300), st.integers(0, 64))
def test_websocket_never_raises_anything_else(stream: bytes, limit: int) -> None:
    """Arbitrary bytes are messages, an unfinished frame, MALFORMED or FRAME_TOO_LARGE."""
    found: list[bytes | Control] = []
    assert close_of(lambda: found.extend(WebSocketReader(limit).feed(stream))) in WEBSOCKET_CLOSES
    assert all(isinstance(each, Control) or len(each) <= limit for each in found)


@given(streams(), st.integers(0, 10_000), st.integers(0, 255))
def test_websocket_survives_a_changed_byte(sent: tuple[bytes, list[bytes | Control]], place: int, byte: int) -> None:
    """A stream with one byte changed raises nothing but ProtocolError."""
    stream = bytearray(sent[0] or b"\x00")
    stream[place % len(stream)] = byte
    assert close_of(WebSocketReader(300).feed, bytes(stream)) in WEBSOCKET_CLOSES


def test_websocket_knows_when_a_message_is_unfinished() -> None:
    """Neither half a frame nor a fragment is the end of a message."""
    reader = WebSocketReader(10)
    assert reader.feed(client_frame(Opcode.BINARY, b"a", final=False)) == []
    assert not reader.is_between_frames
    assert reader.feed(b"\x80") == []
    assert reader.feed(client_frame(Opcode.CONTINUATION, b"b")[1:]) == [b"ab"]
    assert reader.is_between_frames


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"\x82\x01x", "must be masked"),
        (b"\xc2\x81", "reserved bit"),
        (b"\x83\x81", "opcode is reserved"),
        (b"\x81\x81", "text frame"),
        (b"\x09\x80\x00\x00\x00\x00", "in fragments"),
        (b"\x89\xfe\x00\x7e", "over 125 bytes"),
        (client_frame(0, b"x"), "out of order"),
        (b"\x82\x8b", "frame of 11 bytes, at most 10"),
    ],
)
def test_websocket_refuses_with_a_reason(stream: bytes, reason: str) -> None:
    """Each fault is refused as soon as it shows, in words that name it."""
    with pytest.raises(ProtocolError, match=reason):
        WebSocketReader(10).feed(stream)


def test_fragments_count_together() -> None:
    """A message may not grow beyond the limit piece by piece."""
    reader = WebSocketReader(10)
    reader.feed(client_frame(Opcode.BINARY, bytes(6), final=False))
    with pytest.raises(ProtocolError, match="frame of 11 bytes, at most 10") as caught:
        reader.feed(b"\x80\x85")
    assert caught.value.code is Close.FRAME_TOO_LARGE
