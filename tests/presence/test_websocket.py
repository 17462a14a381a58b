"""presence.websocket: RFC 6455 frames; what both transports share is in test_connection.py."""

from __future__ import annotations

import pytest

from presence.limits import MAX_OVERRUNS
from protocol.codec import encode
from protocol.errors import Close
from protocol.framing import Framing, Opcode, mask
from tests.wires import KEY, Wire, a_pose


def test_a_websocket_ping_is_answered_and_counts_as_life() -> None:
    """Libraries ping by themselves; that keeps a session alive."""
    wire = Wire(Framing.WEBSOCKET)
    wire.enter()
    assert wire.connection.session is not None
    wire.desk.now += 9.0
    wire.receive(wire.framed(b"are you there", Opcode.PING))
    assert wire.frames() == [(Opcode.PONG, b"are you there")]
    assert wire.connection.session.heard_at == wire.desk.now
    wire.receive(wire.framed(b"unasked", Opcode.PONG))
    assert wire.frames() == []


def test_a_flood_of_websocket_pings_is_not_answered_and_closes() -> None:
    """Control frames have a limit of their own."""
    wire = Wire(Framing.WEBSOCKET)
    wire.enter()
    for _ in range(20 + MAX_OVERRUNS):
        wire.receive(wire.framed(b"", Opcode.PING))
    assert [opcode for opcode, _ in wire.frames()] == [Opcode.PONG] * 20
    wire.receive(wire.framed(b"", Opcode.PING))
    assert wire.heard()[0].code == Close.RATE_LIMITED


def test_a_websocket_close_is_answered_and_the_seat_is_held() -> None:
    """A page that closes its socket without bye may come back."""
    wire = Wire(Framing.WEBSOCKET)
    wire.enter()
    wire.receive(wire.framed((1001).to_bytes(2, "big") + b"going away", Opcode.CLOSE))
    assert wire.frames() == [(Opcode.CLOSE, (1001).to_bytes(2, "big"))]
    assert wire.transport.has_eof
    wire.desk.tick(30)  # nothing more is written, although the socket is still there
    wire.transport.lose()
    assert len(wire.desk.hub.rooms["lobby"]) == 1
    assert wire.desk.notebook.turned_away_


@pytest.mark.parametrize(
    "data",
    [
        b"\x82\x05hello",  # not masked
        b"\xc2\x80" + KEY,  # a reserved bit
        b"\x83\x80" + KEY,  # a reserved opcode
        b"\x81\x85" + KEY + mask(b"hello", KEY),  # text
        b"\x80\x80" + KEY,  # a continuation of nothing
        b"\x09\x80" + KEY,  # a control frame in fragments
    ],
)
def test_broken_websocket_frames_close(data: bytes) -> None:
    """What RFC 6455 forbids is malformed."""
    wire = Wire(Framing.WEBSOCKET)
    wire.enter()
    wire.receive(data)
    assert wire.heard()[0].code == Close.MALFORMED


def test_the_rest_of_a_frame_is_not_taken_for_a_pose() -> None:
    """A frame cut so that its rest looks like a whole pose frame is still read as what it is."""
    wire = Wire(Framing.WEBSOCKET)
    wire.enter()
    lookalike = wire.framed(encode(a_pose(99)))
    wire.receive(b"\x82" + bytes((0x80 | len(lookalike),)) + bytes(4))
    wire.receive(lookalike)
    assert wire.heard()[-1].code == Close.MALFORMED
