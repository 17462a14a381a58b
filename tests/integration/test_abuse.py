"""Rude clients: none of them keeps a real one out, stops a room, or makes the server say more than it means to."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from itertools import pairwise
from typing import Self
from urllib.parse import urlsplit

import pytest

from benchmarks.snapshot_reader import read_snapshot
from presence.outbox import MAX_EVENTS
from presence.upgrade import MAX_HTTP_CONNECTIONS
from protocol.codec import encode
from protocol.errors import Close
from protocol.framing import Opcode, tcp_header
from protocol.schema import Chat, Closing, Ping, Pong, Snapshot
from tests.integration.conftest import Connect, RunningServer, StartServer
from tests.integration.peer import PATIENCE_S, Peer, a_pose, code_of, upgrade_request

BOTH = pytest.mark.parametrize("transport", ["tcp", "ws"])
LONGEST_PAUSE_MS = 1000  # of the room, as a witness sees it on a busy machine
FEWEST_SNAPSHOTS = 10


class Witness:
    """Somebody who walks on the spot and watches the room's clock."""

    def __init__(self, running: RunningServer) -> None:
        self._peer = Peer(running.ws_url)
        self._peer.hello()
        self._joined = self._peer.join()
        self._seq = 0
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._walk)
        self._times_ms: list[int] = []

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self
        return self

    def __exit__(self, *_error: object) -> None:
        """Watch a little longer, and check that the room never paused."""
        self._is_done.set()
        self._thread.join()
        self._peer.vanish()
        assert len(self._times_ms) >= FEWEST_SNAPSHOTS
        assert max(after - before for before, after in pairwise(self._times_ms)) <= LONGEST_PAUSE_MS

    def _walk(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_done.is_set() or (len(self._times_ms) < FEWEST_SNAPSHOTS and time.monotonic() < deadline):
            self._seq += 1
            self._peer.send(a_pose(self._seq, self._joined.x + self._seq % 2, self._joined.y, self._joined.z))
            snapshots = [each for each in self._peer.everything_for(0.05) if isinstance(each, Snapshot)]
            self._times_ms += [read_snapshot(snapshot.data).time_ms for snapshot in snapshots]
            self._peer.acknowledge()


# --- one client and its room ------------------------------------------------------------------------------------------


def test_who_says_close_but_keeps_the_socket_stops_nobody(server: RunningServer, connect: Connect) -> None:
    """A WebSocket close frame loses the connection there and then; the room writes nothing to it any more."""
    peer = connect("ws")
    peer.hello()
    peer.join()
    with Witness(server):
        peer.send_bytes(peer.framed((1000).to_bytes(2, "big"), Opcode.CLOSE))
        peer.everything_for(1.0)
        assert peer.close_code == 1000


@BOTH
def test_the_last_word_reaches_who_goes_on_talking(connect: Connect, transport: str) -> None:
    """Closed in the middle of megabytes, one still reads why: what comes in is read on, lest a reset overtake it."""
    peer = connect(transport)
    peer.hello()
    peer.send_bytes(peer.framed(bytes(2**20)))
    peer.send_bytes(bytes(2**21))
    assert code_of(peer.closing()) is Close.FRAME_TOO_LARGE


def test_who_never_acknowledges_is_slow_at_the_bound(start_server: StartServer) -> None:
    """With as many events unacknowledged as are kept, and not one fewer, the session ends; nothing is resumed."""
    running = start_server("--allow-guests", "--no-rate-limits")
    with Peer(running.tcp_url) as peer:
        welcome = peer.hello()
        peer.join("monologue")
        for ref in range(MAX_EVENTS // 2):  # each is two events: what was said, and that it was done
            peer.send(Chat(ref, 0, 0, "and another thing"))
        assert code_of(peer.closing()) is Close.SLOW
        assert peer.events == list(range(1, MAX_EVENTS + 1))
    with Peer(running.tcp_url) as again:
        assert not again.hello(resume=welcome.resume, last_event=MAX_EVENTS).resumed


def test_ten_thousand_messages_in_one_write_are_answered(start_server: StartServer) -> None:
    """All of them, in order, and the room does not pause for it."""
    running = start_server("--allow-guests", "--no-rate-limits")
    with Peer(running.tcp_url) as peer, Witness(running):
        peer.hello()
        peer.join()
        peer.send_bytes(b"".join(peer.framed(encode(Ping(number))) for number in range(10_000)))
        assert [peer.wait_for(Pong).sent for _ in range(10_000)] == list(range(10_000))


@BOTH
def test_ten_thousand_messages_in_one_write_are_too_many(
    server: RunningServer, connect: Connect, transport: str
) -> None:
    """With rate limits, what a bucket holds is answered, and the rest closes the session."""
    peer = connect(transport)
    with Witness(server):
        peer.hello()
        peer.join()
        flood = b"".join(peer.framed(encode(Ping(number))) for number in range(10_000))
        sender = threading.Thread(target=_send, args=(peer, flood))
        sender.start()
        heard = []
        while not isinstance(last := peer.receive(), Closing):
            heard.append(last)
        sender.join()
    assert code_of(last) is Close.RATE_LIMITED
    pongs = [pong.sent for pong in heard if isinstance(pong, Pong)]
    assert pongs == list(range(len(pongs)))
    assert 20 <= len(pongs) < 30


def _send(peer: Peer, data: bytes) -> None:
    with contextlib.suppress(OSError):
        peer.socket.sendall(data)


# --- connections that never become sessions ---------------------------------------------------------------------------


def test_slow_requests_keep_nobody_out(start_server: StartServer, connect: Connect) -> None:
    """Connections that send their request a byte at a time push out each other, the oldest first."""
    running = start_server("--allow-guests", "--trust-loopback")
    place = urlsplit(running.http_url)
    assert place.hostname is not None
    assert place.port is not None
    request = upgrade_request(place.netloc)
    with contextlib.ExitStack() as stack:
        slow = []
        for _ in range(MAX_HTTP_CONNECTIONS + 20):
            one = stack.enter_context(socket.create_connection((place.hostname, place.port)))
            one.sendall(request[:20])
            slow.append(one)
        for number in range(20, 40):
            for one in slow[-50:]:
                one.sendall(request[number : number + 1])
        started = time.monotonic()
        peer = connect("ws", running)
        peer.hello()
        peer.join()
        peer.wait_for(Snapshot)
        assert time.monotonic() - started < 2.0
        assert _is_over(slow[0])
        assert not _is_over(slow[-1])
        slow[-1].sendall(request[40:])
        assert slow[-1].recv(4096).startswith(b"HTTP/1.1 101")


def _is_over(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


GOOD = upgrade_request("localhost")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(GOOD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), id="chunk size"),
        pytest.param(GOOD.replace(b"\r\n\r\n", b"\r\nContent-Length: -1\r\n\r\n"), id="content length"),
        pytest.param(GOOD.replace(b"\r\n\r\n", b"\r\nOrigin: http://[\r\n\r\n"), id="origin"),
        pytest.param(GOOD.replace(b"Host: localhost", b"Host: ][\r\nOrigin: http://]["), id="host"),
        pytest.param(GOOD.replace(b"\r\n\r\n", b"\r\nX-Long: " + b"y" * 20_000 + b"\r\n\r\n"), id="header too long"),
        pytest.param(GOOD.replace(b"Upgrade: ", b"Upgrade\x00: "), id="header name"),
        pytest.param(GOOD.replace(b"GET", b"G\xffT"), id="method"),
        pytest.param(GOOD.replace(b"HTTP/1.1", b"HTTP/9.9"), id="version"),
        pytest.param(GOOD.replace(b"/v1/connect", b"http://[/v1/connect"), id="target"),
        pytest.param(bytes.fromhex("1603010200010001fc0303") + bytes(500), id="TLS"),
        pytest.param(tcp_header(3) + b"\x92\x07\x05", id="raw TCP"),
    ],
)
def test_what_is_no_request_is_refused_without_ado(server: RunningServer, request_: bytes) -> None:
    """A status that blames the client, or the end of the connection; the server's own log stays clean."""
    place = urlsplit(server.http_url)
    with socket.create_connection((place.hostname, place.port), 5.0) as one:
        one.sendall(request_)
        one.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: one.recv(4096), b""))
    assert answer == b"" or answer[:10] in (b"HTTP/1.0 4", b"HTTP/1.1 4"), answer[:200]


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", bytes.fromhex("1603010200010001fc0303") + bytes(500)]
)
def test_other_protocols_on_the_tcp_port_are_refused(connect: Connect, garbage: bytes) -> None:
    """Read as a length, their first bytes announce far too much."""
    peer = connect("tcp")
    peer.send_bytes(garbage)
    assert code_of(peer.closing()) is Close.FRAME_TOO_LARGE
