"""The floor: what the system calls alone cost, as a server that does nothing else pays for them.

A bare uvloop protocol discards what it reads and writes one ready-made frame to every client at every tick. It gets the
same number of clients, which send the same bytes at the same times, and its frame is as long as the real server's mean
snapshot. No WebSocket is spoken. Whatever a real server needs beyond this is its own doing.

Two processes, like any run: the server on its core, the load on the other.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import uvloop

from benchmarks import switchboard
from benchmarks.peers.measure import KEYS, TICK_HZ
from benchmarks.plan import Role
from benchmarks.process_usage import cpu_time
from benchmarks.rounds import merged
from benchmarks.switchboard import Schedule, Switchboard

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from numpy.typing import NDArray

    from benchmarks.progress import Progress

# Per client and tick: what one send and one receive of a short frame cost on the machines this is for. Outside it,
# something else ran along, or the clients were not served.
FAIR_US = (8.0, 25.0)
MIN_SERVED = 0.99
ROUNDS = 3

_BACKLOG = 1024
_LEAD_NS = 500_000_000  # between "everybody is connected" and the first tick


@dataclass(frozen=True, slots=True)
class Floor:
    """One measurement. cpu_us: user and system time of the server, per client and tick."""

    cpu_us: float
    frame_bytes: int
    served: float  # share of the frames due that the clients received
    p99_ms: float  # from a pose sent at any moment to the end of the tick that would tell of it


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """What to measure. A core of None leaves that side unpinned."""

    clients: int
    pose_bytes: int  # that each sends at a time
    frame_bytes: int  # that each is sent at a tick
    tick_hz: int
    warmup_s: float
    seconds: float
    server_cpu: int | None
    load_cpu: int | None


def beside(
    run: Callable[[], dict[str, Any]], floor: Callable[[dict[str, Any]], Floor], rounds: int = ROUNDS
) -> dict[str, Any]:
    """Run a scenario and the floor in turn, and describe the run of median cost together with the median floor.

    run: runs the scenario once and returns its result. floor: measures the floor under the load of such a result. The
    whole is invalid if any round was, and has the violations of all rounds.
    """
    results, floors = [], []
    for _ in range(rounds):
        results.append(run())
        floors.append(floor(results[-1]))
    by_cost = sorted(results, key=lambda result: result["cpu_us_per_update"] or 0.0)
    result = by_cost[rounds // 2]
    floor_us = median(one.cpu_us for one in floors)
    updates_per_client_tick = result["updates_delivered"] / (result["parameters"]["avatars"] * max(1, result["ticks"]))
    floor_per_update = floor_us / updates_per_client_tick if updates_per_client_tick else None
    told = merged(result, results, [reason for one in floors for reason in _against(one)])
    return told | {
        "floor_cpu_us_per_update": None if floor_per_update is None else round(floor_per_update, 4),
        "cpu_to_floor": None if floor_per_update is None else round(result["cpu_us_per_update"] / floor_per_update, 3),
        "floor": {
            "cpu_us_per_client_tick": round(floor_us, 2),
            "rounds": [asdict(one) for one in floors],
            "cpu_us_per_update_rounds": [each["cpu_us_per_update"] for each in results],
        },
    }


def _against(one: Floor) -> list[str]:
    low, high = FAIR_US
    reasons = []
    if not low <= one.cpu_us <= high:
        reasons.append(f"the floor cost {one.cpu_us:.1f} µs per client and tick, {low:g} to {high:g} are fair")
    if one.served < MIN_SERVED:
        reasons.append(f"the floor's clients got {one.served:.1%} of their frames")
    return reasons


def measure(plan: FloorPlan, progress: Progress) -> Floor:
    """Run the bare server under its load once. Raises CompilerError."""
    switchboard.library()  # compiled here, and not by the load on its core
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, plan), daemon=True)
    server.start()
    port = ours.recv()
    load_pipe, load_end = context.Pipe()
    load = context.Process(target=_load, args=(load_end, plan, port), daemon=True)
    load.start()
    load_end.close()  # so that its end is seen, should it die
    try:
        start = load_pipe.recv()
        assert server.pid is not None
        with progress.stage("measuring the floor", plan.warmup_s + plan.seconds) as advance:
            _wait(start + plan.warmup_s, start, advance)
            before = cpu_time(server.pid)
            _wait(start + plan.warmup_s + plan.seconds, start, advance)
            used = cpu_time(server.pid).since(before)
        ours.send(None)
        ticks: list[tuple[float, float]] = ours.recv()
        received_bytes: int = load_pipe.recv()
    finally:
        for process in (load, server):
            process.terminate()
            process.join()
    client_ticks = plan.clients * plan.tick_hz * plan.seconds
    lateness = [late for due, late in ticks if 0 <= due - start - plan.warmup_s < plan.seconds]
    return Floor(
        used.used * 1e6 / client_ticks,
        plan.frame_bytes,
        received_bytes / (client_ticks * plan.frame_bytes),
        _p99_ms(np.array(lateness), 1 / plan.tick_hz),
    )


def figures(one: Floor, avatars: int, neighbours: float) -> dict[str, Any]:
    """Describe a floor by the keys of a peer: what `capacity` asks of a server."""
    return dict.fromkeys(KEYS) | {
        "what": "the system calls alone",
        "valid": True,
        "cpu_us_per_update": round(one.cpu_us / neighbours, 4),
        "bytes_per_update": round(one.frame_bytes / neighbours, 4),
        "latency_ms": {"p99": round(one.p99_ms, 3)},
        "delivered_share": round(min(1.0, one.served), 5),
        "neighbours_mean": neighbours,
        "wrong": 0,
        "server_cpu": round(one.cpu_us * avatars * TICK_HZ / 1e6, 4),
        "not_measured": ["anything but the price of reading, and of writing a frame at every tick"],
    }


def _p99_ms(lateness_s: NDArray[np.float64], interval_s: float) -> float:
    """Spread poses evenly over the time before a tick, and say after how long all but one in a hundred are told of."""
    waits = np.linspace(0.0, interval_s, 50)
    return float(np.percentile(waits[:, None] + lateness_s, 99)) * 1e3


def _wait(until: float, start: float, advance: Callable[[float], None]) -> None:
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(0.25, left))
        advance(time.monotonic() - start)


# --- the server -------------------------------------------------------------------------------------------------------


class _Discard(asyncio.Protocol):
    """Keeps the transport, and nothing that it brings."""

    def __init__(self, transports: list[asyncio.WriteTransport]) -> None:
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transports.append(cast("asyncio.WriteTransport", transport))


def _serve(pipe: Connection, plan: FloorPlan) -> None:
    if plan.server_cpu is not None:
        os.sched_setaffinity(0, {plan.server_cpu})
    uvloop.run(_tick_forever(pipe, plan))


async def _tick_forever(pipe: Connection, plan: FloorPlan) -> None:
    loop = asyncio.get_running_loop()
    transports: list[asyncio.WriteTransport] = []
    server = await loop.create_server(lambda: _Discard(transports), "127.0.0.1", 0, backlog=_BACKLOG)
    pipe.send(server.sockets[0].getsockname()[1])
    ticks: list[tuple[float, float]] = []  # when each was due, and how much later its last frame was written; s

    def tell() -> None:
        pipe.recv()
        pipe.send(ticks)

    loop.add_reader(pipe.fileno(), tell)
    frame = bytes(plan.frame_bytes)
    at = loop.time()
    while True:
        at += 1 / plan.tick_hz
        await asyncio.sleep(at - loop.time())
        for transport in transports:
            transport.write(frame)
        ticks.append((at, loop.time() - at))


# --- the load ---------------------------------------------------------------------------------------------------------


def _load(pipe: Connection, plan: FloorPlan, port: int) -> None:
    """Connect everybody, then send in the usual rhythm and read what comes; reports the bytes of the measured time."""
    if plan.load_cpu is not None:
        os.sched_setaffinity(0, {plan.load_cpu})
    first, last = (round(s * plan.tick_hz) for s in (plan.warmup_s, plan.warmup_s + plan.seconds))
    period_ns = 1_000_000_000 // plan.tick_hz
    roles = [
        Role(number, (0, 0, 0), number * period_ns // plan.clients, plan.pose_bytes) for number in range(plan.clients)
    ]
    frames = np.broadcast_to(np.zeros(plan.pose_bytes, np.uint8), (last, plan.clients, plan.pose_bytes))
    with ExitStack() as sockets, Switchboard(roles, Schedule(frames, period_ns), is_raw=True) as board:
        _connect(board, plan.clients, port, sockets)
        start_ns = time.monotonic_ns() + _LEAD_NS
        board.start(start_ns)
        pipe.send(start_ns / 1e9)
        _run(board, start_ns + first * period_ns)
        before = board.received_bytes
        _run(board, start_ns + last * period_ns)
        pipe.send(board.received_bytes - before)
        while not pipe.poll():  # until the server's clock has been read
            _run(board, time.monotonic_ns() + period_ns)


def _connect(board: Switchboard, clients: int, port: int, sockets: ExitStack) -> None:
    for line in range(clients):
        sock = sockets.enter_context(socket.create_connection(("127.0.0.1", port)))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        board.connect(line, sock.fileno())
        board.let_walk(line)
    connected = 0
    while connected < clients:
        connected += len(board.run(time.monotonic_ns()))


def _run(board: Switchboard, until_ns: int) -> None:
    for mail in board.run(until_ns):
        raise RuntimeError(f"client {mail.line} of the floor: {mail.problem}")
