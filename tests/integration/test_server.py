"""The server process: how it starts, what it refuses to start with, TLS, metrics, bots, and how it stops."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from presence.certificate import Certificate
from protocol.errors import Close
from protocol.schema import Chat, Goaway, Roster, Said, Snapshot
from tests.integration.asking import figures
from tests.integration.conftest import LOBBY, ROOT, Connect, RunningServer, StartServer
from tests.integration.peer import Peer, code_of

BOTH = pytest.mark.parametrize("transport", ["tcp", "ws"])


def serve(*flags: str) -> subprocess.CompletedProcess[str]:
    """Start a server that is not expected to serve, and wait for its end."""
    command = [sys.executable, "-m", "presence", "serve", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


# --- start ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--port", "--tcp-port", "--metrics-port"])
def test_a_taken_port_is_one_clear_line(flag: str) -> None:
    """Exit code 2, and a line that says which port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        others = [part for name in ("--port", "--tcp-port", "--metrics-port") if name != flag for part in (name, "0")]
        ended = serve("--allow-guests", flag, port, *others)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert port in line
    assert "taken" in line
    assert flag in line
    assert ended.stdout == ""


def test_a_metrics_port_nobody_asked_for_is_done_without() -> None:
    """By default /metrics stands beside the others; when that is taken, the server still serves."""
    for first in range(30000, 60000, 7):
        try:
            with socket.create_server(("127.0.0.1", first + 2)):
                for port in (first, first + 1):
                    socket.create_server(("127.0.0.1", port)).close()
                running = RunningServer("--allow-guests", "--port", str(first))
                try:
                    assert running.lines("no metrics")
                    assert running.http_url.endswith(str(first))
                finally:
                    assert running.stop() == 0
                return
        except OSError:
            continue
    raise AssertionError("no three ports in a row are free")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ([], "nobody could enter"),
        (["--allow-guests", "--host", "0.0.0.0"], "plain text"),  # noqa: S104  it is refused
        (["--allow-guests", "--rooms", "lobby=nowhere"], "nowhere"),
        (["--keys-file", "pyproject.toml"], "key set"),
        (["--allow-guests", "--tls-cert", "pyproject.toml", "--tls-key", "pyproject.toml"], "certificate"),
    ],
)
def test_what_cannot_work_does_not_start(flags: list[str], says: str) -> None:
    """One line that says why, and exit code 2: no trace, and nothing half started."""
    ended = serve("--port", "0", *flags)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert says in line


def test_plain_text_may_leave_the_machine_behind_a_tls_proxy(start_server: StartServer) -> None:
    """When the operator says that a proxy ends TLS."""
    start_server("--allow-guests", "--host", "0.0.0.0", "--behind-tls-proxy")  # noqa: S104  nobody calls


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def secure(start_server: StartServer, certificate: Certificate) -> RunningServer:
    """A server that speaks TLS on both ports."""
    return start_server(
        "--allow-guests",
        "--trust-loopback",
        "--max-half-open",
        "20",
        "--tls-cert",
        str(certificate.certificate),
        "--tls-key",
        str(certificate.key),
    )


@pytest.fixture
def context(certificate: Certificate) -> ssl.SSLContext:
    """A client's side of TLS, trusting that server."""
    return ssl.create_default_context(cafile=certificate.certificate)


def test_tls_on_both_ports(secure: RunningServer, connect: Connect, context: ssl.SSLContext) -> None:
    """The same room over TLS, to the last word."""
    peers = [connect(transport, secure, context=context) for transport in ("tcp", "ws")]
    for peer in peers:
        peer.hello()
        peer.join()
    peers[0].send(Chat(1, 0, 0, "x" * 1000))
    for peer in peers:
        assert peer.wait_for(Said).text == "x" * 1000
        peer.send_payload(b"\xc1")
        assert code_of(peer.closing()) is Close.MALFORMED


@BOTH
def test_plain_text_on_a_tls_port_is_hung_up_on(secure: RunningServer, transport: str) -> None:
    """Quickly, without a word in the log above debug."""
    port = int(secure.url(transport).rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while plain.recv(1024):
            pass


def test_unfinished_tls_handshakes_keep_nobody_out(
    secure: RunningServer, connect: Connect, context: ssl.SSLContext
) -> None:
    """Connections that never begin TLS push out each other."""
    port = int(secure.tcp_url.rpartition(":")[2])
    silent = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(50)]
    try:
        peer = connect("tcp", secure, context=context)
        peer.hello()
        assert silent[0].recv(1) == b""
    finally:
        for each in silent:
            each.close()


# --- beside the rooms -------------------------------------------------------------------------------------------------


def test_metrics_count_what_happens(server: RunningServer, connect: Connect) -> None:
    """Ticks, bytes by lane, messages and closes are on the page of their own port."""
    peer = connect("tcp")
    peer.hello()
    joined = peer.join()
    for seq in range(1, 6):
        peer.pose(joined.x + seq, joined.y, joined.z)
    while int.from_bytes(peer.wait_for(Snapshot).data[8:12], "little") < 5:
        pass
    peer.send_payload(b"\xc1")
    peer.closing()
    deadline = time.monotonic() + 10
    wanted = (
        'presence_received_messages_total{type="pose"}',
        'presence_received_messages_total{type="join"}',
        'presence_closes_total{code="malformed"}',
        'presence_sent_bytes_total{lane="poses"}',
        'presence_sent_bytes_total{lane="events"}',
        'presence_received_bytes_total{lane="poses"}',
        'presence_stage_seconds_count{stage="fan_out"}',
        "presence_tick_lag_seconds_count",
        "presence_tick_seconds_count",
        "presence_load",
        'presence_load_level{level="normal"}',
    )
    while True:
        values = figures(server.metrics_url)
        if all(values.get(name, 0) > 0 for name in wanted):
            return
        assert time.monotonic() < deadline, {name: values.get(name) for name in wanted}
        time.sleep(0.05)


def test_bots_walk_in_the_first_room_and_die_with_the_server(connect: Connect) -> None:
    """In a process of their own, in the server's group; killing the server ends them."""
    running = RunningServer("--allow-guests", *LOBBY, "--bots", "3")
    try:
        peer = connect("tcp", running)
        peer.hello()
        peer.join()
        seen: set[str] = set()
        while len(seen) < 4:
            seen |= {person.user for person in peer.wait_for(Roster).people}
        pid = running.wait_for_line("bots started")["pid"]
        assert os.getpgid(pid) == os.getpgid(running.process.pid)
    finally:
        running.process.kill()
        running.stop()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "Z (" not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < deadline, "the bots outlived their server"
        time.sleep(0.05)


# --- stop -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_announced_and_quick(start_server: StartServer, connect: Connect, number: signal.Signals) -> None:
    """Everybody hears goaway with a hint, then closing; the process ends with exit code 0 within 5 s."""
    running = start_server("--allow-guests")
    peers = [connect(transport, running) for transport in ("tcp", "ws")]
    half_open = connect("tcp", running)
    for peer in peers:
        peer.hello()
        peer.join()
    before = time.monotonic()
    running.process.send_signal(number)
    for peer in peers:
        assert peer.wait_for(Goaway).reconnect_after_ms > 0
        assert code_of(peer.closing()) is Close.GOAWAY
        peer.vanish()
    assert code_of(half_open.closing()) is Close.GOAWAY
    assert running.stop() == 0
    assert time.monotonic() - before < 5


def test_a_client_that_reads_nothing_does_not_hold_up_the_stop(start_server: StartServer) -> None:
    """It is cut off."""
    running = start_server("--allow-guests")
    with Peer(running.ws_url) as peer:
        peer.hello()
        peer.join()
        before = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - before < 5


def test_a_log_line_is_json(server: RunningServer) -> None:
    """One object a line, with the ports on the line that says it serves."""
    line = json.loads(next(line for line in server.raw if "listening" in line))
    assert {"http_port", "tcp_port", "metrics_port"} <= line.keys()
