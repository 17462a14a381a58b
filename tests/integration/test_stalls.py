"""A reader that stands still: nobody waits for it, and what it reads afterwards is whole and of the present."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import urlsplit

import numpy as np
import pytest

from benchmarks.replica import Replica
from benchmarks.snapshot_reader import read_snapshot
from protocol.records import DTYPES, Section, section_bytes
from protocol.schema import Pose, Snapshot
from tests.integration.conftest import StartServer
from tests.integration.peer import Peer

STALL_S = 3.0
STALL_BYTES = 80_000  # several times what a narrow peer's socket and the server's hold for it
WALKERS = 30
HZ = 40


class NarrowPeer(Peer):
    """A peer whose socket holds little, so that it is full soon after nobody reads."""

    def _dial(self, url: str) -> socket.socket:
        parts = urlsplit(url)
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.settimeout(10)
        narrow.connect((parts.hostname, parts.port))
        return narrow


def dance(walkers: list[Peer], places: list[tuple[int, int, int]], stop: threading.Event) -> None:
    """Let everybody wave head and hands without pause, and read what they are sent without looking at it."""
    table = np.zeros(1, DTYPES[Section.TRACKED_INPUT])
    seq = 0
    while not stop.wait(1 / HZ):
        seq += 1
        for walker, (x, y, z) in zip(walkers, places, strict=True):
            table["seq"], table["x"], table["y"], table["z"] = seq, x + seq % 50, y, z
            for part in ("head", "left", "right"):
                table[part]["y"] = 1000 + seq % 100
            walker.send(Pose(section_bytes(Section.TRACKED_INPUT, table)))
            with contextlib.suppress(BlockingIOError):
                walker.socket.recv(2**18, socket.MSG_DONTWAIT)


def view(peer: Peer, is_enough: Callable[[int], bool]) -> list[int]:
    """Follow a peer's view until a tick that is enough, checking every digest; return the ticks it saw."""
    replica, ticks = Replica(), [0]
    while not is_enough(ticks[-1]):
        snapshot = read_snapshot(peer.wait_for(Snapshot).data)
        assert replica.apply(snapshot) == []
        ticks.append(snapshot.tick)
    assert len(replica.held) >= WALKERS
    return ticks[1:]


@pytest.mark.parametrize("transport", ["tcp", "ws"])
def test_a_stalled_reader_gets_whole_frames_afterwards(start_server: StartServer, transport: str) -> None:
    """3 s without reading cost the others nothing; then every frame decodes, and the view is right at once."""
    running = start_server("--allow-guests", "--trust-loopback", "--tick-hz", str(HZ))
    walkers = [Peer(running.tcp_url) for _ in range(WALKERS)]
    stalled, witness = NarrowPeer(running.url(transport)), Peer(running.url(transport))
    places = []
    for peer in (*walkers, stalled, witness):
        peer.hello()
        joined = peer.join()
        places.append((joined.x, joined.y, joined.z))
    stop = threading.Event()
    dancing = threading.Thread(target=dance, args=(walkers, places[:WALKERS], stop))
    dancing.start()
    try:
        begun = time.monotonic()
        # meanwhile nobody reads what is sent to `stalled`
        watched = view(witness, lambda _: time.monotonic() >= begun + STALL_S and witness.received_bytes >= STALL_BYTES)
        resumed = view(stalled, lambda tick: tick > watched[-1] + HZ)
    finally:
        stop.set()
        dancing.join()
        for peer in (*walkers, stalled, witness):
            peer.vanish()
    assert longest_gap(resumed) >= len(watched) / 2, "nothing was built for who did not read"
    assert longest_gap(watched) <= longest_gap(resumed) / 2, "and nobody waited for them"


def longest_gap(ticks: list[int]) -> int:
    """Return the most ticks between two snapshots."""
    return max(after - before for before, after in pairwise(ticks))
