"""The load generator: many clients in one process, paced by a schedule that waits for nobody.

A switchboard does the work: it sends what is due first, and reads in between. Here is what is rare: who comes when, who
reads slowly, and what to do with a line's mail. A client's line has the number of its role in the plan.

Runs in a process of its own (`run`), told what to do through a `Plan` and a pipe:

    -> Entered(count) ...  -> Ready  <- start time in ns  -> Log  (or -> Failed at any time)
"""

from __future__ import annotations

import gc
import heapq
import os
import time
from collections import deque
from typing import TYPE_CHECKING

from benchmarks.client import Client
from benchmarks.patience import NotLetIn, Patience
from benchmarks.plan import BEFORE, Entered, Failed, Log, Plan, Ready
from benchmarks.record import Record
from benchmarks.switchboard import Schedule, Switchboard

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from typing import Self

_ARRIVALS_AT_ONCE = 32  # connections between their first byte and their seat, before the first step
_CONNECTS_AT_ONCE = 8  # of those who arrive later, between two looks at the schedule: half a millisecond
_LOOK_NS = 5_000_000  # how often it is looked whether others can set out, before the first step
_HOUSEKEEPING_NS = 250_000_000
_PING_S = 12.0  # as often as our SDKs do, once their clock is good
_ACK_S = 1.0


def run(plan: Plan, pipe: Connection, cpu: int | None) -> None:
    """Generate load as planned; the entry point of a generator process."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    try:
        with Swarm(plan, pipe) as swarm:
            swarm.run()
    except (MemoryError, OSError, RuntimeError) as problem:
        pipe.send(Failed(str(problem), isinstance(problem, NotLetIn)))


class Swarm:
    """All clients of one process. A context manager: afterwards every socket is closed."""

    def __init__(self, plan: Plan, pipe: Connection) -> None:
        self._plan = plan
        self._pipe = pipe
        self._record = Record()
        self._clients: dict[int, Client] = {}  # by position in the plan; of those who have set out
        pings, acks = (max(1, round(every_s * 1e9 / plan.period_ns)) for every_s in (_PING_S, _ACK_S))
        self._board = Switchboard(plan.roles, Schedule(plan.frames, plan.period_ns, pings, acks), plan.mask_seed)
        self._housekeeping_ns = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self._board.close()
        for client in self._clients.values():
            client.close()

    def run(self) -> None:
        """Bring everybody in, walk, and hand over the log."""
        self._bring_in()
        self._pipe.send(Ready())
        start_ns = self._wait_for_start()
        gc.collect()
        gc.disable()
        cpu_ns = self._walk(start_ns)
        gc.enable()
        for client in self._clients.values():
            client.say_goodbye()
        self._pipe.send(self._log(cpu_ns))

    def _log(self, cpu_ns: int) -> Log:
        record, board = self._record, self._board
        for own, role in enumerate(self._plan.roles):
            if board.first_step[own] >= 0:
                record.visits[role.number].first_step = int(board.first_step[own])
            if board.left_ns[own] >= 0:
                record.visits[role.number].left_ns = int(board.left_ns[own])
        sampled: dict[int, list[tuple[int, bytes]]] = {
            role.number: [] for own, role in enumerate(self._plan.roles) if role.is_sampled and own in self._clients
        }
        for number, arrived_ns, data in board.kept():
            sampled[number].append((arrived_ns, data))
        return Log(
            frames=board.snapshots(),
            sampled=sampled,
            visits=record.visits,
            lateness_ns=board.lateness_ns,
            cpu_ns=cpu_ns,
            troubles=record.troubles,
            radius_mm=record.radius_mm,
            tick_hz=record.tick_hz,
            budget_bytes_per_s=record.budget_bytes_per_s,
        )

    # --- coming in ----------------------------------------------------------------------------------------------------

    def _bring_in(self) -> None:
        """Let in, a few at a time, everybody who is to be there before the first step."""
        waiting = deque(own for own, role in enumerate(self._plan.roles) if role.arrives == BEFORE)
        record, total, told = self._record, len(waiting), 0
        patience = Patience(total, time.monotonic())
        while record.entered < total:
            arriving = len(self._clients) - record.seated
            for _ in range(min(_ARRIVALS_AT_ONCE - arriving, len(waiting))):
                self._connect(waiting.popleft())
            self._serve(time.monotonic_ns() + _LOOK_NS)
            if self._keep_house() and record.entered != told:
                told = record.entered
                self._pipe.send(Entered(told))
            patience.look(record.entered, time.monotonic())

    def _connect(self, own: int) -> None:
        self._clients[own] = Client(own, self._plan, self._record, self._board)

    def _keep_house(self) -> bool:
        """Let everybody show that they are alive, if it is time for that; tells whether it was."""
        now = time.monotonic_ns()
        if now < self._housekeeping_ns:
            return False
        self._housekeeping_ns = now + _HOUSEKEEPING_NS
        self._board.show_life(_PING_S)
        return True

    def _wait_for_start(self) -> int:
        while not self._pipe.poll():
            self._serve(time.monotonic_ns() + _LOOK_NS)
            self._keep_house()
        start_ns: int = self._pipe.recv()
        return start_ns

    # --- walking ------------------------------------------------------------------------------------------------------

    def _walk(self, start_ns: int) -> int:
        """Let everybody take their turn at each step. Returns the CPU time of the measured steps, ns."""
        plan = self._plan
        cpu_marks = dict.fromkeys(plan.measured_steps, 0)
        arriving = deque(sorted((role.arrives, own) for own, role in enumerate(plan.roles) if role.arrives != BEFORE))
        self._board.start(start_ns)
        for step in range(len(plan.frames)):
            if step in cpu_marks:
                cpu_marks[step] = time.process_time_ns()
            self._hold_back(step)
            while self._connect_some(arriving, step):
                self._serve(time.monotonic_ns())
            self._serve(start_ns + (step + 1) * plan.period_ns)
        first, last = plan.measured_steps
        return cpu_marks[last] - cpu_marks[first]

    def _connect_some(self, arriving: deque[tuple[int, int]], step: int) -> bool:
        """Let a few of those set out who are to arrive by now; tells whether there were any."""
        due = [arriving.popleft()[1] for _ in range(_CONNECTS_AT_ONCE) if arriving and arriving[0][0] <= step]
        for own in due:
            self._connect(own)
        return bool(due)

    def _hold_back(self, step: int) -> None:
        """Let slow clients read no more than they should: nothing at first, then a little at each step."""
        plan = self._plan
        if not plan.slow_bytes_per_step:
            return
        slow = [client for client in self._clients.values() if client.role.is_slow and client.is_in]
        if step == plan.deaf_step:
            for client in slow:
                client.stop_reading()
        elif step >= plan.measured_steps[0]:
            for client in slow:
                client.read(plan.slow_bytes_per_step)

    # --- serving ------------------------------------------------------------------------------------------------------

    def _serve(self, until_ns: int) -> None:
        """Let the switchboard work until a moment, see to its mail, and wake who has rested; once in any case."""
        timers = self._record.timers
        is_time = False
        while not is_time:
            for mail in self._board.run(min(until_ns, timers[0][0]) if timers else until_ns):
                self._clients[mail.line].take(mail)
            while timers and timers[0][0] <= time.monotonic_ns():
                heapq.heappop(timers)[2]()
            is_time = time.monotonic_ns() >= until_ns
