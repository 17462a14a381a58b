"""Limits over real sockets: each closes whoever is over it, with a code and a reason, and nobody else."""

from __future__ import annotations

import contextlib

import pytest

from protocol.errors import Close, Refusal
from protocol.schema import Chat, Error, Ping, Pong, Snapshot
from tests.integration.conftest import Connect, StartServer
from tests.integration.peer import Peer, a_pose, code_of

BOTH = pytest.mark.parametrize("transport", ["tcp", "ws"])


@BOTH
def test_an_address_has_32_connections(start_server: StartServer, connect: Connect, transport: str) -> None:
    """The 33rd is told so at once; when one closes, its place is free."""
    running = start_server("--allow-guests")
    peers = []
    for _ in range(32):
        peers.append(connect(transport, running))
        peers[-1].hello()
    refused = connect(transport, running).closing()
    assert code_of(refused) is Close.SERVER_FULL
    assert "32" in refused.reason
    peers[0].vanish()
    running.wait_for_line("connection lost")
    assert connect(transport, running).hello().guest


def test_500_half_open_handshakes_keep_nobody_out(start_server: StartServer) -> None:
    """Connections that say nothing push out each other, never somebody who says hello."""
    running = start_server("--allow-guests", "--trust-loopback", "--handshake-timeout-s", "30")
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(Peer(running.url("tcp" if n % 2 else "ws"))) for n in range(500)]
        for transport in ("tcp", "ws"):
            peer = stack.enter_context(Peer(running.url(transport)))
            peer.hello()
            peer.join()
            peer.wait_for(Snapshot)
        oldest = silent[0].closing()
        assert code_of(oldest) is Close.HANDSHAKE_TIMEOUT
        assert "room for newer" in oldest.reason
        assert silent[-1].everything_for(0.1) == []


@BOTH
def test_a_frame_too_large_is_closed_by_its_header(connect: Connect, transport: str) -> None:
    """The rest of it need not be sent."""
    peer = connect(transport)
    peer.hello()
    peer.send_bytes(peer.framed(bytes(16385))[:14])
    assert code_of(peer.closing()) is Close.FRAME_TOO_LARGE


@BOTH
def test_a_flood_of_poses_is_closed(connect: Connect, transport: str) -> None:
    """Some too many are dropped in silence, too many of them close."""
    peer = connect(transport)
    peer.hello()
    joined = peer.join()
    for seq in range(1, 401):
        with contextlib.suppress(OSError):
            peer.send(a_pose(seq, joined.x, joined.y, joined.z))
    assert code_of(peer.closing()) is Close.RATE_LIMITED


@BOTH
def test_a_command_too_often_is_refused_and_the_session_goes_on(connect: Connect, transport: str) -> None:
    """Each refused one is named by its ref."""
    peer = connect(transport)
    peer.hello()
    peer.join()
    for ref in range(1, 26):
        peer.send(Chat(ref, 0, 0, "again"))
    refused = peer.wait_for(Error)
    assert refused.code == Refusal.TOO_SOON
    assert refused.ref >= 21
    peer.send(Ping(1))
    assert peer.wait_for(Pong).sent == 1


def test_a_full_server_says_so(start_server: StartServer, connect: Connect) -> None:
    """Sessions over the limit are refused with a code of their own."""
    running = start_server("--allow-guests", "--max-sessions", "1")
    connect("tcp", running).hello()
    late = connect("ws", running)
    with pytest.raises(AssertionError, match="1 sessions"):
        late.hello()
