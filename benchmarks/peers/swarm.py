"""The load generator for peers: many clients in one process, paced by a schedule that waits for nobody.

In Python, where ours has a switchboard: it keeps whatever it is told, in any dialect.

One epoll loop instead of an event loop library: a server writes to everybody at once, and a loop that handled all those
reads before its timers would send late. Here a handful of reads alternates with whatever is due to be sent.

Runs in a process of its own (`run`), told what to do through a `Plan` and a pipe:

    -> Entered(count) ...  -> Ready  <- start time in ns  -> Log  (or -> Failed at any time)
"""

from __future__ import annotations

import gc
import heapq
import os
import select
import time
from array import array
from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.client import PeerClient
from benchmarks.peers.record import Record
from benchmarks.plan import BEFORE, FRAME_COLUMNS, Entered, Failed, Log, Plan, Ready

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from benchmarks.peers.socket_client import SocketClient

_ARRIVALS_AT_ONCE = 32  # connections between their first byte and their seat, before the first step
_CONNECTS_AT_ONCE = 8  # of those who arrive later, between two looks at the schedule: half a millisecond
_READS_AT_ONCE = 8  # likewise: a tenth of a millisecond
_BUFFER_BYTES = 1 << 20
_HOUSEKEEPING_S = 0.25
_PATIENCE_S = 20.0  # with a server that lets nobody in
_PING_S = 5.0  # as often as our SDKs do, once their clock is good
_ACK_S = 1.0


def run(plan: Plan, pipe: Connection, cpu: int | None) -> None:
    """Generate load as planned; the entry point of a generator process."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    swarm = Swarm(plan, pipe)
    try:
        swarm.run()
    except (OSError, RuntimeError) as problem:
        pipe.send(Failed(str(problem)))
    finally:
        swarm.close()


class Swarm:
    """All clients of one process."""

    def __init__(self, plan: Plan, pipe: Connection) -> None:
        self._plan = plan
        self._pipe = pipe
        self._epoll = select.epoll()
        self._record = Record(np.random.default_rng(plan.mask_seed).bytes)
        self._client_of = PeerClient
        self._clients: dict[int, SocketClient] = {}  # by position in the plan; of those who have set out
        self._by_fd: dict[int, SocketClient] = {}
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
        for client in self._clients.values():
            client.say_goodbye()
        record = self._record
        self._pipe.send(
            Log(
                frames=np.frombuffer(record.frames, np.int64).reshape(-1, len(FRAME_COLUMNS)),
                sampled=record.sampled,
                visits=record.visits,
                lateness_ns=lateness,
                cpu_ns=cpu_ns,
                troubles=record.troubles,
                radius_mm=record.radius_mm,
                tick_hz=record.tick_hz,
            )
        )

    def close(self) -> None:
        """Close every socket."""
        self._epoll.close()
        for client in self._clients.values():
            client.close()

    # --- coming in ----------------------------------------------------------------------------------------------------

    def _bring_in(self) -> None:
        """Let in, a few at a time, everybody who is to be there before the first step."""
        waiting = deque(own for own, role in enumerate(self._plan.roles) if role.arrives == BEFORE)
        total, told, housekeeping = len(waiting), 0, 0.0
        deadline = time.monotonic() + _PATIENCE_S
        ready = 0
        while ready < total:
            arriving = sum(not client.is_seated for client in self._clients.values())
            for _ in range(min(_ARRIVALS_AT_ONCE - arriving, len(waiting))):
                self._connect(waiting.popleft())
            self._serve(0.02)
            ready = sum(client.is_in for client in self._clients.values())
            now = time.monotonic()
            if now >= housekeeping:
                housekeeping = now + _HOUSEKEEPING_S
                self._show_life()
                if ready != told:
                    told, deadline = ready, now + _PATIENCE_S
                    self._pipe.send(Entered(told))
                if now > deadline:
                    raise RuntimeError(f"nobody more got in for {_PATIENCE_S:.0f} s; {told} of {total} are there")

    def _connect(self, own: int) -> None:
        client = self._client_of(self._plan.roles[own], self._plan, self._record)
        self._clients[own] = self._by_fd[client.fileno()] = client
        self._epoll.register(client.fileno(), select.EPOLLOUT)

    def _show_life(self) -> None:
        for client in self._clients.values():
            client.show_life(_PING_S)

    def _wait_for_start(self) -> int:
        housekeeping = 0.0
        while not self._pipe.poll():
            self._serve(0.02)
            now = time.monotonic()
            if now >= housekeeping:
                housekeeping = now + _HOUSEKEEPING_S
                self._show_life()
        start_ns: int = self._pipe.recv()
        return start_ns

    # --- walking ------------------------------------------------------------------------------------------------------

    def _walk(self, start_ns: int) -> tuple[NDArray[np.int64], int]:
        """Give everybody their turn at each step, reading in between. Returns lateness and the CPU time measured."""
        plan, roles = self._plan, self._plan.roles
        steps, count = len(plan.frames), len(roles)
        lateness = array("q", [-1]) * (steps * count)
        pings, acks = (max(1, round(every_s * 1e9 / plan.period_ns)) for every_s in (_PING_S, _ACK_S))
        cpu_marks = dict.fromkeys(plan.measured_steps, 0)
        arrivals = sorted((role.arrives, own) for own, role in enumerate(roles) if role.arrives != BEFORE)
        arriving = deque(arrivals)
        for step in range(steps):
            if step in cpu_marks:
                cpu_marks[step] = time.process_time_ns()
            self._hold_back(step)
            step_ns = start_ns + step * plan.period_ns
            for own, role in enumerate(roles):
                client = self._clients.get(own)
                if client is None or not client.is_in:
                    continue
                due = step_ns + role.phase_ns
                while (now := time.monotonic_ns()) < due:
                    self._connect_some(arriving, step)
                    self._serve((due - now) / 1e9)
                lateness[step * count + own] = now - due
                self._take_turn(client, own, step)
                turn = step + own
                client.keep_up(is_ping_due=turn % pings == 0, is_ack_due=turn % acks == 0)
                if own % _READS_AT_ONCE == 0:
                    self._connect_some(arriving, step)
                    self._serve(0)
        first, last = plan.measured_steps
        return np.frombuffer(lateness, np.int64).reshape(steps, count), cpu_marks[last] - cpu_marks[first]

    def _take_turn(self, client: SocketClient, own: int, step: int) -> None:
        """Send what a client sends at this step of its own."""
        own_step = client.own_step(step)
        if own_step and client.role.is_still:
            return
        _, count, widest = self._plan.frames.shape
        start = (own_step * count + own) * widest
        frame = self._frames[start : start + client.role.frame_bytes]
        if own_step == client.role.stays:
            client.leave(bytes(frame))
        else:
            client.send(frame)

    def _connect_some(self, arriving: deque[tuple[int, int]], step: int) -> None:
        """Let a few of those set out who are to arrive by now."""
        for _ in range(_CONNECTS_AT_ONCE):
            if not arriving or arriving[0][0] > step:
                return
            self._connect(arriving.popleft()[1])

    def _hold_back(self, step: int) -> None:
        """Let slow clients read no more than they should: nothing at first, then a little at each step."""
        plan = self._plan
        if not plan.slow_bytes_per_step:
            return
        slow = [client for client in self._clients.values() if client.role.is_slow and client.is_in]
        if step == plan.deaf_step:
            for client in slow:
                client.narrow()
                self._forget(client)
        elif step >= plan.measured_steps[0]:
            for client in slow:
                client.read(self._buffer, plan.slow_bytes_per_step)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _serve(self, timeout_s: float) -> None:
        """Read what has arrived, of a few clients, waiting for it if there is time; wake who has rested."""
        for fd, _events in self._epoll.poll(timeout_s, _READS_AT_ONCE):
            client = self._by_fd[fd]
            if client.is_connected:
                is_over = not client.read(self._buffer)
            else:
                is_over = not client.set_out()
                self._epoll.modify(fd, select.EPOLLIN)
            if is_over:
                self._forget(client)
                client.close()
        timers = self._record.timers
        while timers and timers[0][0] <= time.monotonic():
            heapq.heappop(timers)[2]()

    def _forget(self, client: SocketClient) -> None:
        self._epoll.unregister(client.fileno())
        del self._by_fd[client.fileno()]
