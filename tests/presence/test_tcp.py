"""presence.tcp: a length before each payload; what both transports share is in test_connection.py."""

from __future__ import annotations

from protocol.codec import encode
from protocol.errors import Close
from protocol.framing import Framing, tcp_header
from tests.wires import Wire, a_pose


def test_the_rest_of_a_frame_is_not_taken_for_a_pose() -> None:
    """A frame cut so that its rest looks like a whole pose frame is still read as what it is."""
    wire = Wire(Framing.TCP)
    wire.enter()
    lookalike = wire.framed(encode(a_pose(99)))
    wire.receive(tcp_header(len(lookalike)))
    wire.receive(lookalike)
    assert wire.heard()[-1].code == Close.MALFORMED


def test_an_empty_payload_is_malformed() -> None:
    """A length of zero is no message."""
    wire = Wire(Framing.TCP)
    wire.receive(tcp_header(0))
    assert wire.heard()[-1].code == Close.MALFORMED


def test_the_address_of_a_tcp_connection_is_its_sockets() -> None:
    """Nobody else vouches for it."""
    assert Wire(Framing.TCP).connection.address == "192.0.2.1"
