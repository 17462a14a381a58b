"""presence.connection: what both transports share. Bytes in, frames out, and an end in good order."""

from __future__ import annotations

import asyncio
import random
from typing import cast

import pytest

from presence.connection import LINGER_S
from presence.limits import MAX_OVERRUNS
from presence.session import Session
from presence.tcp import TcpConnection
from protocol.codec import decode, encode
from protocol.errors import Close
from protocol.framing import Framing, Opcode
from protocol.records import DTYPES, Section
from protocol.schema import Chat, Closing, Join, Ping, Pong, Pose, Said, Sender, Snapshot, Welcome
from tests.hubs import Desk, a_hello
from tests.rooms import input_record
from tests.wires import MAX_FRAME_BYTES, Wire, a_pose

BOTH = pytest.mark.parametrize("framing", list(Framing))


# --- receiving --------------------------------------------------------------------------------------------------------


@BOTH
def test_messages_come_in_however_the_stream_is_cut(framing: Framing) -> None:
    """Byte by byte, all at once, or anything in between: the same messages, in order."""
    messages = [a_hello(), Join(1, "lobby", ""), a_pose(1), Chat(2, 0, 0, "x" * 300), a_pose(2), Ping(3)]
    rng = random.Random(5)
    for step in (1, 7, 40, 10_000):
        wire = Wire(framing)
        stream = b"".join(wire.framed(encode(message)) for message in messages)
        while stream:
            size = rng.randint(1, step)
            wire.receive(stream[:size])
            stream = stream[size:]
        wire.desk.tick()
        heard = wire.heard()
        assert isinstance(heard[0], Welcome)
        assert [message.sent for message in heard if isinstance(message, Pong)] == [3]
        assert [message.text for message in heard if isinstance(message, Said)] == ["x" * 300]
        assert int.from_bytes(heard[-1].data[8:12], "little") == 2


@BOTH
@pytest.mark.parametrize("kind", [Section.ROOT_INPUT, Section.TRACKED_INPUT])
def test_a_pose_in_its_usual_form_goes_straight_to_the_room(
    framing: Framing, kind: Section, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never reaches the session, and has the same effect."""
    wire = Wire(framing)
    wire.enter()
    monkeypatch.setattr(Session, "receive", None)
    wire.send(a_pose(11, kind))
    assert wire.last_ack() == 11


@BOTH
def test_an_unusual_pose_is_a_pose_too(framing: Framing) -> None:
    """A record with something new behind it is read as far as it is known."""
    wire = Wire(framing)
    wire.enter()
    table = input_record(Section.ROOT_INPUT, 12, (0, 0, 0))
    size = DTYPES[Section.ROOT_INPUT].itemsize
    wire.send(Pose(bytes((Section.ROOT_INPUT, size + 1, 1, 0)) + table.tobytes() + b"!"))
    assert wire.last_ack() == 12


@BOTH
def test_a_desktop_pose_as_long_as_a_tracked_one_is_what_it_says(framing: Framing) -> None:
    """Length alone does not make a pose the usual one: here it is a desktop pose with a longer record."""
    wire = Wire(framing)
    wire.enter()
    size = DTYPES[Section.TRACKED_INPUT].itemsize
    record = input_record(Section.ROOT_INPUT, 13, (0, 0, 0)).tobytes()
    pose = wire.framed(encode(Pose(bytes((Section.ROOT_INPUT, size, 1, 0)) + record.ljust(size, b"!"))))
    wire.receive(pose)
    assert wire.last_ack() == 13
    wire.receive(pose + wire.framed(encode(Ping(1))))
    assert [message.sent for message in wire.heard()] == [1]


@BOTH
def test_a_pose_too_many_in_the_short_cut_is_counted(framing: Framing) -> None:
    """The flood limit closes here as everywhere."""
    wire = Wire(framing)
    wire.enter()
    for _ in range(91 + MAX_OVERRUNS):
        wire.send(a_pose(1))
    wire.desk.tick()
    assert wire.heard()[-1].code == Close.RATE_LIMITED


@BOTH
def test_a_pose_before_the_welcome_is_out_of_state(framing: Framing) -> None:
    """The short cut is for sessions only."""
    wire = Wire(framing)
    wire.send(a_pose(1))
    assert wire.heard()[-1].code == Close.OUT_OF_STATE


@BOTH
def test_a_frame_too_large_closes_once_it_is_announced(framing: Framing) -> None:
    """Its bytes need not come."""
    wire = Wire(framing)
    wire.enter()
    wire.receive(wire.framed(bytes(MAX_FRAME_BYTES + 1))[:14])
    (closing,) = wire.heard()
    assert closing.code == Close.FRAME_TOO_LARGE
    assert "1025" in closing.reason


@BOTH
def test_what_comes_after_a_fault_is_not_looked_at(framing: Framing) -> None:
    """A closed connection obeys no more, even within one piece of received bytes."""
    wire = Wire(framing)
    wire.enter()
    wire.receive(wire.framed(b"\xc1") + wire.framed(encode(Ping(1))))
    wire.send(Ping(2))
    wire.send(a_pose(1))
    wire.receive(wire.framed(bytes(MAX_FRAME_BYTES + 1)))
    assert [type(message) for message in wire.heard()] == [Closing]
    assert wire.desk.notebook.closed_ == [Close.MALFORMED]


# --- writing ----------------------------------------------------------------------------------------------------------


@BOTH
def test_nothing_waits_in_the_process_unseen(framing: Framing) -> None:
    """The write buffer's limit is nothing at all."""
    assert Wire(framing).transport.limits == (0, None)


@BOTH
def test_a_full_socket_gets_no_snapshots_and_no_rest_of_old_ones(framing: Framing) -> None:
    """While bytes wait nothing more is built; then the stream goes on, whole, with the present."""
    desk = Desk(max_half_open=10)
    wire, other = Wire(framing, desk), Wire(framing, desk)
    wire.enter()
    other.enter()
    desk.tick()
    wire.heard()
    wire.transport.choke()
    other.send(a_pose(1, x_m=0.01))
    desk.tick()
    waiting = len(wire.transport.waiting)
    assert waiting
    for seq in range(2, 40):
        other.send(a_pose(seq, x_m=seq / 100))
        desk.tick()
    assert len(wire.transport.waiting) == waiting
    wire.transport.drain()
    desk.tick()
    ticks = [int.from_bytes(message.data[:4], "little") for message in wire.heard() if isinstance(message, Snapshot)]
    assert len(ticks) == 2
    assert ticks[1] - ticks[0] == 39


@BOTH
def test_a_socket_that_is_full_from_the_start_is_known_to_be(framing: Framing) -> None:
    """A connection may be taken over with bytes waiting in it."""
    wire = Wire(framing)
    wire.transport.choke()
    wire.transport.write(b"x")
    again = TcpConnection(wire.desk.hub, cast("asyncio.AbstractEventLoop", wire.loop), MAX_FRAME_BYTES, None)
    again.connection_made(wire.transport)
    assert not again.is_writable


# --- closing ----------------------------------------------------------------------------------------------------------


@BOTH
def test_closing_says_why_and_stops_sending(framing: Framing) -> None:
    """`closing` is the last message; a WebSocket close frame repeats it; then our side of the stream ends."""
    wire = Wire(framing)
    wire.enter()
    wire.connection.close(Close.SLOW, "ü" * 90)
    frames = wire.frames()
    assert decode(frames[0][1], Sender.SERVER) == Closing(Close.SLOW, "ü" * 90)
    if framing is Framing.WEBSOCKET:
        opcode, payload = frames[1]
        assert (opcode, int.from_bytes(payload[:2], "big")) == (Opcode.CLOSE, Close.SLOW)
        assert payload[2:].decode() == "ü" * 61  # 123 bytes at most, and no half character
    assert wire.transport.has_eof
    assert not wire.transport.is_closed


@BOTH
def test_a_peer_that_does_not_close_is_cut_off(framing: Framing) -> None:
    """It has a moment to read why, and not more."""
    wire = Wire(framing)
    wire.connection.close(Close.SLOW, "")
    wire.loop.pass_by(LINGER_S - 0.1)
    was_aborted = wire.transport.is_aborted
    wire.loop.pass_by(0.2)
    assert (was_aborted, wire.transport.is_aborted) == (False, True)
    assert not wire.desk.hub.connections


@BOTH
def test_a_connection_is_closed_once(framing: Framing) -> None:
    """The first reason stands."""
    wire = Wire(framing)
    wire.connection.close(Close.SLOW, "")
    wire.frames()
    wire.connection.close(Close.KICKED, "")
    assert wire.frames() == []


@BOTH
def test_a_peer_that_ends_its_stream_is_lost(framing: Framing) -> None:
    """An end without bye holds the seat; what it sends no more is not waited for."""
    wire = Wire(framing)
    wire.enter()
    wire.connection.eof_received()
    wire.transport.lose()
    wire.desk.tick()
    assert len(wire.desk.hub.rooms["lobby"]) == 1


@BOTH
def test_writing_to_a_lost_socket_is_harmless(framing: Framing) -> None:
    """Whoever still holds the connection may write to it."""
    wire = Wire(framing)
    wire.transport.lose()
    wire.connection.write(b"too late")
    wire.connection.close(Close.SLOW, "")
    assert wire.transport.written == b""


@BOTH
def test_a_refused_connection_leaves_no_trace(framing: Framing) -> None:
    """One that was not admitted is told why, and is not counted out when it goes."""
    desk = Desk(max_per_address=1)
    first, second = Wire(framing, desk), Wire(framing, desk)
    assert second.heard()[0].code == Close.SERVER_FULL
    second.transport.lose()
    assert Wire(framing, desk).heard()[0].code == Close.SERVER_FULL
    first.transport.lose()
    assert Wire(framing, desk).heard() == []
