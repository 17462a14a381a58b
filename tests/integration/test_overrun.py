"""Overrun of a real server, as seen from outside: its process is stopped for most of its time, and let go again.

A stop delays the ticks that fall into it as a busy core would, but costs no CPU and does not depend on the machine. Its
length in each cycle sets the load: ticks are late for as long as it lasts, less what is left of the interval in which
it begins, half of one in the mean. Delays of a busy machine come on top, hence the distance to the thresholds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from benchmarks.replica import Replica
from benchmarks.snapshot_reader import Snapshot, read_snapshot
from protocol import schema
from protocol.errors import Refusal
from protocol.schema import Error, Join
from tests.integration.asking import ask, figures
from tests.integration.conftest import Connect, RunningServer
from tests.integration.peer import Peer

pytestmark = pytest.mark.alone

DEADLINE_S = 15.0  # for what takes two or three
STEP_MM = 10


class Cycle(NamedTuple):
    """Stopped for so long, then let go for so long; not in step with ticks, so that stops begin anywhere in them."""

    stopped_s: float
    let_go_s: float


# Loads of 0.70 to 0.82, and of 0.88 to 0.95, the more the nearer the end of a stop. Levels rise above 0.7 and 0.9.
TO_STRETCH = Cycle(0.335, 0.082)
TO_REFUSE = Cycle(0.770, 0.045)


@contextlib.contextmanager
def stopping(running: RunningServer, cycle: Cycle) -> Iterator[None]:
    """Stop a server again and again until the block ends."""
    is_over = threading.Event()

    def stop_and_let_go() -> None:
        while not is_over.is_set():
            os.kill(running.process.pid, signal.SIGSTOP)
            is_over.wait(cycle.stopped_s)
            os.kill(running.process.pid, signal.SIGCONT)
            is_over.wait(cycle.let_go_s)

    stopper = threading.Thread(target=stop_and_let_go)
    stopper.start()
    try:
        yield
    finally:
        is_over.set()
        stopper.join()


class Pair:
    """Two people in the lobby, over both transports: one walks, the other watches."""

    def __init__(self, walker: Peer, watcher: Peer) -> None:
        walker.hello()
        watcher.hello()
        joined = walker.join()
        watcher.join()
        self.walker = walker
        self._watcher = watcher
        self._entity = joined.entity
        self._place = (joined.x, joined.y, joined.z)
        self._replica = Replica()

    def step(self) -> Snapshot:
        """Let the walker take a step; return the snapshot that shows the watcher where that led."""
        x, y, z = self._place
        self._place = (x + STEP_MM, y, z)
        self.walker.pose(*self._place)
        while True:
            snapshot = read_snapshot(self._watcher.wait_for(schema.Snapshot).data)
            assert self._replica.apply(snapshot) == []
            held = self._replica.held.get(self._entity)
            if held is not None and held.pose.place == self._place:
                return snapshot

    def walk_until(self, is_so: Callable[[], bool]) -> None:
        """Take one step after the other, as they are shown, until something is so."""
        deadline = time.monotonic() + DEADLINE_S
        while not is_so():
            assert time.monotonic() < deadline
            self.step()


@pytest.fixture
def pair(connect: Connect) -> Pair:
    """Bring the two in."""
    return Pair(connect("tcp"), connect("ws"))


def holds(running: RunningServer, level: str) -> bool:
    """Tell whether a level holds."""
    return figures(running.metrics_url)[f'presence_load_level{{level="{level}"}}'] == 1


def answer(running: RunningServer, path: str) -> int:
    """Return the status of an answer over HTTP."""
    return ask(running.http_url + path)[0]


def refusal(peer: Peer, room: str) -> Refusal:
    """Ask to join a room, and return why not."""
    peer.send(Join(7, room, ""))
    error = peer.wait_for(Error)
    assert error.ref == 7
    return Refusal(error.code)


def test_three_quarters_of_the_time_stretch_and_no_more(server: RunningServer, connect: Connect, pair: Pair) -> None:
    """Ticks are left out, and snapshots say it; everybody is let in, and told of every step. Then all is as before."""
    before = figures(server.metrics_url)
    assert not pair.step().is_stretched
    with stopping(server, TO_STRETCH):
        pair.walk_until(lambda: holds(server, "stretched"))
        assert all(pair.step().is_stretched for _ in range(10))
        assert answer(server, "/readyz") == 200
        newcomer = connect("ws")
        newcomer.hello()
        newcomer.join()
        after = figures(server.metrics_url)
    skipped, up = 'presence_ticks_total{outcome="skipped"}', 'presence_load_changes_total{{change="up_to_{}"}}'
    assert after[skipped] > before[skipped] + 10
    assert after[up.format("stretched")] == before[up.format("stretched")] + 1
    assert after[up.format("refusing")] == before[up.format("refusing")]
    pair.walk_until(lambda: holds(server, "normal"))
    assert not pair.step().is_stretched


def test_nearly_all_of_the_time_lets_nobody_in(server: RunningServer, connect: Connect, pair: Pair) -> None:
    """Who is in stays, and is told of every step. Newcomers, and whoever goes elsewhere, get there when it is over."""
    newcomer = connect("ws")
    newcomer.hello()
    counted = 'presence_refusals_total{code="overloaded"}'
    before = figures(server.metrics_url)[counted]
    with stopping(server, TO_REFUSE):
        pair.walk_until(lambda: holds(server, "refusing"))
        assert answer(server, "/readyz") == 503
        assert answer(server, "/healthz") == 200
        assert refusal(newcomer, "lobby") is Refusal.OVERLOADED
        assert refusal(pair.walker, "library") is Refusal.OVERLOADED
        assert pair.step().is_stretched
        pair.walk_until(lambda: figures(server.metrics_url)[counted] == before + 2)
    pair.walk_until(lambda: holds(server, "normal"))
    assert not pair.step().is_stretched
    assert answer(server, "/readyz") == 200
    assert newcomer.join().room == "lobby"
    assert pair.walker.join("library").room == "library"
