"""A reader that stands still: nobody waits for it, and what it reads afterwards is whole and of the present."""

from __future__ import annotations

import socket
import threading
import time
from itertools import pairwise
from urllib.parse import urlsplit

import numpy as np
import pytest

from benchmarks.oracle import Replica
from benchmarks.snapshot_reader import read_snapshot
from protocol.records import DTYPES, Section, section_bytes
from protocol.schema import Pose, Snapshot
from tests.integration.conftest import StartServer
from tests.integration.peer import Peer

STALL_S = 3.0
WALKERS = 20
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
    """Let everybody wave head and hands without pause."""
    table = np.zeros(1, DTYPES[Section.TRACKED_INPUT])
    seq = 0
    while not stop.is_set():
        seq += 1
        for walker, (x, y, z) in zip(walkers, places, strict=True):
            table["seq"], table["x"], table["y"], table["z"] = seq, x + seq % 50, y, z
            for part in ("head", "left", "right"):
                table[part]["y"] = 1000 + seq % 100
            walker.send(Pose(section_bytes(Section.TRACKED_INPUT, table)))
        time.sleep(1 / HZ)


def view(peer: Peer, seconds: float) -> list[tuple[int, bool]]:
    """Follow a peer's view for a while, checking every digest; return each snapshot's tick and whether it was full."""
    replica, seen = Replica(), []
    for message in peer.everything_for(seconds):
        if isinstance(message, Snapshot):
            snapshot = read_snapshot(message.data)
            assert replica.apply(snapshot) == []
            seen.append((snapshot.tick, snapshot.is_full))
    assert len(replica.held) >= WALKERS
    return seen


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
        watched = view(witness, STALL_S)  # meanwhile nobody reads what is sent to `stalled`
        resumed = view(stalled, 2.0)
    finally:
        stop.set()
        dancing.join()
        for peer in (*walkers, stalled, witness):
            peer.vanish()
    assert longest_gap(watched) <= HZ / 4
    assert longest_gap(resumed) >= HZ, "it was stalled: the server built nothing for it"
    assert resumed[-1][0] >= watched[-1][0] + HZ, "and it has caught up"


def longest_gap(seen: list[tuple[int, bool]]) -> int:
    """Return the most ticks between two snapshots."""
    ticks = [tick for tick, _ in seen]
    return max(after - before for before, after in pairwise(ticks))
