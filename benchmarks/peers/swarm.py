"""The load generator for peers: many clients in one process, paced by a schedule that waits for nobody.

In Python, where ours has a switchboard: it keeps whatever it is told, in any dialect. Everybody is there from the first
step to the last. A handful of reads alternates with whatever is due to be sent.

Runs in a process of its own (`run`), told what to do through a `Plan` and a pipe:

    -> Entered(count) ...  -> Ready  <- start time in ns  -> Log  (or -> Failed at any time)
"""

from __future__ import annotations

import gc
import os
import select
import time
from array import array
from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.patience import NotLetIn, Patience
from benchmarks.peers.client import PeerClient, Record
from benchmarks.plan import FRAME_COLUMNS, Entered, Failed, Log, Plan, Ready

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_ARRIVALS_AT_ONCE = 32  # connections between their first byte and their seat, before the first step
_READS_AT_ONCE = 8  # between two looks at the schedule: a tenth of a millisecond
_BUFFER_BYTES = 1 << 20
_TELL_EVERY_S = 0.25


def run(plan: Plan, pipe: Connection, cpu: int | None) -> None:
    """Generate load as planned; the entry point of a generator process."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    swarm = Swarm(plan, pipe)
    try:
        swarm.run()
    except (OSError, RuntimeError) as problem:
        pipe.send(Failed(str(problem), isinstance(problem, NotLetIn)))
    finally:
        swarm.close()


class Swarm:
    """All clients of one process."""

    def __init__(self, plan: Plan, pipe: Connection) -> None:
        self._plan = plan
        self._pipe = pipe
        self._epoll = select.epoll()
        self._record = Record(np.random.default_rng(plan.mask_seed).bytes)
        self._clients: dict[int, PeerClient] = {}  # by position in the plan; of those who have set out
        self._by_fd: dict[int, PeerClient] = {}
        self._buffer = bytearray(_BUFFER_BYTES)
        self._frames = plan.frames.data.cast("B")

    def run(self) -> None:
        """Bring everybody in, walk, and hand over the log."""
        self._bring_in()
        self._pipe.send(Ready())
        start_ns = self._wait_for_start()
        gc.collect()
        gc.disable()
        lateness, cpu_ns = self._walk(start_ns)
        gc.enable()
        record = self._record
        self._pipe.send(
            Log(
                frames=np.frombuffer(record.frames, np.int64).reshape(-1, len(FRAME_COLUMNS)),
                sampled=record.sampled,
                visits=record.visits,
                lateness_ns=lateness,
                cpu_ns=cpu_ns,
                troubles=record.troubles,
            )
        )

    def close(self) -> None:
        """Close every socket."""
        self._epoll.close()
        for client in self._clients.values():
            client.close()

    # --- coming in ----------------------------------------------------------------------------------------------------

    def _bring_in(self) -> None:
        """Let everybody in, a few at a time."""
        waiting = deque(range(len(self._plan.roles)))
        total, told, tell_at = len(waiting), 0, 0.0
        patience = Patience(total, time.monotonic())
        ready = 0
        while ready < total:
            arriving = len(self._clients) - ready
            for _ in range(min(_ARRIVALS_AT_ONCE - arriving, len(waiting))):
                self._connect(waiting.popleft())
            self._serve(0.02)
            ready = sum(client.is_in for client in self._clients.values())
            now = time.monotonic()
            if now >= tell_at and ready != told:
                told, tell_at = ready, now + _TELL_EVERY_S
                self._pipe.send(Entered(told))
            patience.look(ready, now)

    def _connect(self, own: int) -> None:
        client = PeerClient(self._plan.roles[own], self._plan, self._record)
        self._clients[own] = self._by_fd[client.fileno()] = client
        self._epoll.register(client.fileno(), select.EPOLLOUT)

    def _wait_for_start(self) -> int:
        while not self._pipe.poll():
            self._serve(0.02)
        start_ns: int = self._pipe.recv()
        return start_ns

    # --- walking ------------------------------------------------------------------------------------------------------

    def _walk(self, start_ns: int) -> tuple[NDArray[np.int64], int]:
        """Give everybody their turn at each step, reading in between. Returns lateness and the CPU time measured."""
        plan, roles = self._plan, self._plan.roles
        steps, count, widest = plan.frames.shape
        lateness = array("q", [-1]) * (steps * count)
        cpu_marks = dict.fromkeys(plan.measured_steps, 0)
        for step in range(steps):
            if step in cpu_marks:
                cpu_marks[step] = time.process_time_ns()
            step_ns = start_ns + step * plan.period_ns
            for own, role in enumerate(roles):
                client = self._clients[own]
                if not client.is_in:
                    continue
                due = step_ns + role.phase_ns
                while (now := time.monotonic_ns()) < due:
                    self._serve((due - now) / 1e9)
                turn = step * count + own
                lateness[turn] = now - due
                client.send(self._frames[turn * widest : turn * widest + role.frame_bytes])
                if own % _READS_AT_ONCE == 0:
                    self._serve(0)
        first, last = plan.measured_steps
        return np.frombuffer(lateness, np.int64).reshape(steps, count), cpu_marks[last] - cpu_marks[first]

    # --- reading ------------------------------------------------------------------------------------------------------

    def _serve(self, timeout_s: float) -> None:
        """Read what has arrived, of a few clients, waiting for it if there is time."""
        for fd, _events in self._epoll.poll(timeout_s, _READS_AT_ONCE):
            client = self._by_fd[fd]
            if not client.is_connected:
                client.set_out()
                self._epoll.modify(fd, select.EPOLLIN)
            elif not client.read(self._buffer):
                self._epoll.unregister(fd)
                del self._by_fd[fd]
                client.close()
