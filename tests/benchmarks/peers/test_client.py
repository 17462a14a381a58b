"""A client of another server: it comes in as its dialect says, answers pings, and keeps what it is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.peers.client import PeerClient, Record
from benchmarks.plan import Plan, Role, Where
from protocol.framing import Opcode

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


class Line:
    """One client, and the server's end of its socket."""

    def __init__(self, dialect: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            self.record = Record(np.random.default_rng(1).bytes)
            self.client = PeerClient(Role(3, (0, 0, 0), 0, 10), plan(port, dialect), self.record)
            self.server, _ = listener.accept()
        self.server.settimeout(5)
        self.client.set_out()

    def request(self) -> bytes:
        """Read the client's request."""
        return self.server.recv(4096)

    def tell(self, *frames: bytes) -> None:
        """Send frames, and let the client read them."""
        self.server.sendall(b"".join(frames))
        self.client.read(bytearray(1 << 16))

    def said(self) -> list[tuple[int, bytes]]:
        """Read frames that the client sent, unmasked."""
        data = self.server.recv(4096)
        found, at = [], 0
        while at < len(data):
            length, key, start = data[at + 1] & 0x7F, data[at + 2 : at + 6], at + 6
            body = bytes(byte ^ key[k % 4] for k, byte in enumerate(data[start : start + length]))
            found.append((data[at] & 0x0F, body))
            at = start + length
        return found


def plan(port: int, dialect: str) -> Plan:
    """Plan for one client."""
    frames = np.zeros((1, 1, 10), np.uint8)
    return Plan(Where("127.0.0.1", port, "localhost"), [], frames, 1, (0, 1), mask_seed=1, peer=dialect)


def frame(payload: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
    """Frame as a server does."""
    return bytes((0x80 | opcode, len(payload))) + payload


@pytest.fixture
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """Connect a client that speaks a dialect, hand-written records unless a test says otherwise."""
    line = Line(getattr(request, "param", "records"))
    yield line
    line.client.close()
    line.server.close()


def test_it_is_in_when_nothing_more_is_awaited(line: Line) -> None:
    """Hand-written servers greet nobody."""
    assert line.request().startswith(b"GET /?number=3 ")
    line.tell(ANSWER)
    assert line.client.is_in
    assert line.record.visits[3].entity == 3


@pytest.mark.parametrize("line", ["socketio"], indirect=True)
def test_it_answers_greetings_in_their_order(line: Line) -> None:
    """Engine.IO opens, the client connects, Socket.IO agrees; pings on the way are answered too."""
    line.request()
    line.tell(ANSWER, frame(b'0{"sid":"a"}', Opcode.TEXT))
    ((opcode, connect),) = line.said()
    assert (opcode, connect[:6]) == (Opcode.BINARY, b"\x82\xa4type")
    assert not line.client.is_in
    line.tell(frame(b"2", Opcode.TEXT))
    assert line.said() == [(Opcode.TEXT, b"3")]
    line.tell(frame(b"\x83\xa4type\x00"))
    assert line.client.is_in


def test_it_keeps_messages_with_their_sizes(line: Line) -> None:
    """Framing counts; pings are answered and not kept."""
    line.tell(ANSWER, frame(b"ab"), frame(b"?", Opcode.PING), frame(b"cde"))
    line.request()
    assert [payload for _, payload in line.record.sampled[3]] == [b"ab", b"cde"]
    rows = np.frombuffer(line.record.frames, np.int64).reshape(2, -1)
    assert rows[:, -1].tolist() == [4, 5]
    assert rows[:, 1].tolist() == [at for at, _ in line.record.sampled[3]]


def test_a_refusal_is_trouble(line: Line) -> None:
    """Once it is in, it spoils the run."""
    line.tell(ANSWER, frame(b"\x03\xe8", Opcode.CLOSE))
    assert "close frame" in line.record.troubles[0]


def test_no_websocket_is_the_end(line: Line) -> None:
    """Before it is in, whatever goes wrong ends the run."""
    with pytest.raises(RuntimeError, match="did not upgrade"):
        line.tell(b"HTTP/1.1 404 Not Found\r\n\r\n")
