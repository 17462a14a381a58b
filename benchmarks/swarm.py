"""The load generator: many clients in one process, each a socket of its own, paced by a schedule that waits for nobody.

One epoll loop instead of an event loop library: a server writes to everybody at once, and a loop that handled all those
reads before its timers would send late. Here a handful of reads alternates with whatever is due to be sent. Nothing is
decoded that need not be: see `client_frames`. What was received is logged as numbers and judged after the run.

Runs in a process of its own (`run`), told what to do through a `Plan` and a pipe:

    -> Entered(count) ...  -> Ready  <- start time in ns  -> Log  (or -> Failed at any time)
"""

from __future__ import annotations

import gc
import heapq
import os
import select
import socket
import time
from array import array
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.client_frames import (
    POSE_FRAME_BYTES,
    SNAPSHOT_TYPE,
    client_frame,
    next_frame,
    snapshot_data_start,
    summary,
)
from benchmarks.snapshot_reader import read_snapshot
from protocol.codec import decode, encode
from protocol.framing import Opcode
from protocol.schema import (
    MAJOR,
    MESSAGES,
    MINOR,
    SCHEMA_HASH,
    SPEC_OF,
    Ack,
    Bye,
    Closing,
    Correction,
    Done,
    Error,
    Hello,
    Join,
    Joined,
    Lane,
    Ping,
    Sender,
    Teleport,
    Welcome,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from multiprocessing.connection import Connection

    Entering = Generator[float | None, Any, None]  # yields how long to wait, or None for the next message

FIRST_SEQ = 64  # of the walk; the teleports before it use the sequences below
HOP_MM = 14_000  # teleports reach 15 m
HOP_REST_S = 0.55  # and rest half a second
_ARRIVALS_AT_ONCE = 32  # connections between their first byte and their seat
_READS_AT_ONCE = 8  # between two looks at the schedule: a tenth of a millisecond
_BUFFER_BYTES = 1 << 20
_HOUSEKEEPING_S = 0.25
_PATIENCE_S = 20.0  # with a server that lets nobody in
_PING_S = 4.0  # below the shortest heartbeat the server asks for by default
_ACK_S = 1.0
_ARRAY16 = 0xDC  # msgpack header of an array of more than 15: the type comes after its length

FRAME_COLUMNS = ("client", "arrived_ns", "tick", "time_ms", "ack", "digest", "flags", "updates", "bytes")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one generator process is to do. Clients are numbered over all processes; `numbers` are its own."""

    host: str
    port: int
    room: str
    world: str
    numbers: list[int]
    sampled: frozenset[int]
    frames: NDArray[np.uint8]  # (steps, own clients, POSE_FRAME_BYTES)
    starts_mm: NDArray[np.int32]  # (own clients, 3): where the walk begins
    phases_ns: list[int]  # of each own client within a period, ascending
    period_ns: int
    measured_steps: tuple[int, int]  # from, up to
    mask_seed: int


@dataclass(slots=True)
class Log:
    """What one generator process saw and did. Times are CLOCK_MONOTONIC nanoseconds."""

    frames: NDArray[np.int64]  # (snapshots, FRAME_COLUMNS), in order of arrival
    sampled: dict[int, list[tuple[int, bytes]]]  # client -> (decoded at, snapshot data)
    entities: dict[int, tuple[int, int]]  # client -> (id, generation)
    stops: dict[int, list[tuple[int, int, int, int]]]  # client -> places before the walk, by sequence: x y z yaw
    lateness_ns: NDArray[np.int64]  # (steps, own clients)
    cpu_ns: int  # user + system, over the measured steps
    troubles: list[str]  # whatever should not have happened
    radius_mm: int = 0
    tick_hz: int = 0


@dataclass(frozen=True, slots=True)
class Entered:
    """Progress: so many clients stand where their walk begins."""

    count: int


class Ready:
    """Every client of this process is in place."""


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no use in going on."""

    why: str


@dataclass(slots=True, eq=False)
class _Client:
    number: int
    sock: socket.socket
    start_mm: tuple[int, int, int]
    sampled: list[tuple[int, bytes]] | None
    entering: Entering | None = None
    is_upgraded: bool = False
    is_waiting: bool = False  # for a time, not for a message
    rest: bytes = b""  # the beginning of a frame
    event: int = 0  # newest seen
    acked: int = 0
    stops: list[tuple[int, int, int, int]] = field(default_factory=list)
    spoke_ns: int = 0


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
        self._epoll.register(pipe.fileno(), select.EPOLLIN)
        self._clients: list[_Client] = []
        self._by_fd: dict[int, _Client] = {}
        self._arriving = 0
        self._ready = 0
        self._timers: list[tuple[float, int, _Client]] = []
        self._buffer = bytearray(_BUFFER_BYTES)
        self._frames = array("q")
        self._entities: dict[int, tuple[int, int]] = {}
        self._troubles: list[str] = []
        self._masks = np.random.default_rng(plan.mask_seed)
        self._radius_mm = self._tick_hz = 0

    def run(self) -> None:
        """Bring everybody in, walk, and hand over the log."""
        self._enter()
        self._pipe.send(Ready())
        start_ns = self._wait_for_start()
        gc.collect()
        gc.disable()
        lateness, cpu_ns = self._walk(start_ns)
        gc.enable()
        self._say_goodbye()
        self._pipe.send(
            Log(
                frames=np.frombuffer(self._frames, np.int64).reshape(-1, len(FRAME_COLUMNS)),
                sampled={client.number: client.sampled for client in self._clients if client.sampled is not None},
                entities=self._entities,
                stops={client.number: client.stops for client in self._clients},
                lateness_ns=lateness,
                cpu_ns=cpu_ns,
                troubles=self._troubles,
                radius_mm=self._radius_mm,
                tick_hz=self._tick_hz,
            )
        )

    def close(self) -> None:
        """Close every socket."""
        self._epoll.close()
        for client in self._clients:
            client.sock.close()

    # --- coming in ----------------------------------------------------------------------------------------------------

    def _enter(self) -> None:
        total, told, housekeeping = len(self._plan.numbers), 0, 0.0
        deadline = time.monotonic() + _PATIENCE_S
        while self._ready < total:
            while self._arriving < _ARRIVALS_AT_ONCE and len(self._clients) < total:
                self._connect()
            self._serve(0.02)
            now = time.monotonic()
            self._fire_timers(now)
            if now >= housekeeping:
                housekeeping = now + _HOUSEKEEPING_S
                self._keep_alive()
                if self._ready != told:
                    told, deadline = self._ready, now + _PATIENCE_S
                    self._pipe.send(Entered(told))
                if now > deadline:
                    raise RuntimeError(f"nobody more got in for {_PATIENCE_S:.0f} s; {told} of {total} are there")

    def _connect(self) -> None:
        own = len(self._clients)
        number = self._plan.numbers[own]
        sock = socket.create_connection((self._plan.host, self._plan.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        x, y, z = self._plan.starts_mm[own].tolist()
        client = _Client(number, sock, (x, y, z), [] if number in self._plan.sampled else None)
        self._clients.append(client)
        self._by_fd[sock.fileno()] = client
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        self._arriving += 1
        client.entering = self._entering(client)
        next(client.entering)

    def _entering(self, client: _Client) -> Entering:
        """Upgrade, say hello, join, and hop to where the walk begins."""
        plan = self._plan
        key = b64encode(self._masks.bytes(16)).decode()
        client.sock.send(
            f"GET /v1/connect HTTP/1.1\r\nHost: {plan.host}:{plan.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = yield None
        if not answer.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"the server did not upgrade to WebSocket: {answer[:100]!r}")
        self._say(client, Hello(MAJOR, MINOR, SCHEMA_HASH, "presence benchmarks", "", f"Walker {client.number}", "", 0))
        yield from _until(Welcome)
        self._say(client, Join(1, plan.room, plan.world))
        joined = yield from _until(Joined)
        self._arriving -= 1
        self._entities[client.number] = (joined.entity, joined.generation)
        self._radius_mm, self._tick_hz = joined.radius_mm, joined.tick_hz
        client.stops.append((joined.x, joined.y, joined.z, joined.yaw))
        for x, y, z in _hops((joined.x, joined.y, joined.z), client.start_mm):
            yield HOP_REST_S
            seq = len(client.stops)
            self._say(client, Teleport(seq, seq, x, y, z, 0))
            client.stops.append((x, y, z, 0))
            yield from _until(Done)
        self._ready += 1

    def _advance(self, client: _Client, message: Any) -> None:
        """Go on with a client's way in, with the message or the moment it waited for."""
        assert client.entering is not None
        try:
            wait_s = client.entering.send(message)
        except StopIteration:
            client.entering = None
            return
        client.is_waiting = wait_s is not None
        if wait_s is not None:
            heapq.heappush(self._timers, (time.monotonic() + wait_s, client.number, client))

    def _fire_timers(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            self._advance(heapq.heappop(self._timers)[2], None)

    def _keep_alive(self) -> None:
        """Acknowledge events and show life, as the protocol asks of clients that have nothing to say."""
        for client in self._clients:
            if client.event > client.acked:
                self._acknowledge(client)
            elif client.is_upgraded and time.monotonic_ns() - client.spoke_ns > _PING_S * 1e9:
                self._say(client, Ping(0))

    def _wait_for_start(self) -> int:
        housekeeping = 0.0
        while not self._pipe.poll():
            self._serve(0.02)
            now = time.monotonic()
            if now >= housekeeping:
                housekeeping = now + _HOUSEKEEPING_S
                self._keep_alive()
        start_ns: int = self._pipe.recv()
        return start_ns

    # --- walking ------------------------------------------------------------------------------------------------------

    def _walk(self, start_ns: int) -> tuple[NDArray[np.int64], int]:
        """Send every frame of the plan at its time, reading in between. Returns lateness and the CPU time measured."""
        plan, clients = self._plan, self._clients
        steps, count = len(plan.frames), len(clients)
        lateness = array("q", bytes(8 * steps * count))
        flat = plan.frames.data.cast("B")
        pings, acks = (max(1, round(every_s * 1e9 / plan.period_ns)) for every_s in (_PING_S, _ACK_S))
        cpu_marks = dict.fromkeys(plan.measured_steps, 0)
        clock = time.monotonic_ns
        for step in range(steps):
            if step in cpu_marks:
                cpu_marks[step] = time.process_time_ns()
            step_ns = start_ns + step * plan.period_ns
            for own, client in enumerate(clients):
                due = step_ns + plan.phases_ns[own]
                while (now := clock()) < due:
                    self._serve((due - now) / 1e9)
                place = step * count + own
                lateness[place] = now - due
                self._send(client, flat[place * POSE_FRAME_BYTES : (place + 1) * POSE_FRAME_BYTES])
                if (step + own) % pings == 0:
                    self._say(client, Ping(0))
                if client.event > client.acked and (step + own) % acks == 0:
                    self._acknowledge(client)
                if own % _READS_AT_ONCE == 0:
                    self._serve(0)
        first, last = plan.measured_steps
        return np.frombuffer(lateness, np.int64).reshape(steps, count), cpu_marks[last] - cpu_marks[first]

    def _say_goodbye(self) -> None:
        for client in self._clients:
            self._say(client, Bye())

    # --- writing ------------------------------------------------------------------------------------------------------

    def _say(self, client: _Client, message: Any) -> None:
        self._send(client, client_frame(encode(message), self._masks.bytes(4)))

    def _acknowledge(self, client: _Client) -> None:
        client.acked = client.event
        self._say(client, Ack(client.event))

    def _send(self, client: _Client, frame: bytes | memoryview) -> None:
        try:
            sent = client.sock.send(frame)
        except OSError as error:
            self._trouble(client, f"could not send: {error.strerror}")
        else:
            client.spoke_ns = time.monotonic_ns()
            if sent != len(frame):
                self._trouble(client, "could send only a part of a frame")

    # --- reading ------------------------------------------------------------------------------------------------------

    def _serve(self, timeout_s: float) -> None:
        """Read what has arrived, of a few clients; wait for it if there is time."""
        for fd, _events in self._epoll.poll(timeout_s, _READS_AT_ONCE):
            client = self._by_fd.get(fd)
            if client is not None:
                self._read(client, fd)

    def _read(self, client: _Client, fd: int) -> None:
        buffer, held = self._buffer, len(client.rest)
        buffer[:held] = client.rest
        try:
            count = client.sock.recv_into(memoryview(buffer)[held:])
        except OSError as error:
            self._lose(client, fd, f"connection lost: {error.strerror}")
            return
        arrived_ns = time.monotonic_ns()
        if not count:
            self._lose(client, fd, "connection closed by the server")
            return
        begin, end = 0, held + count
        if not client.is_upgraded:
            begin = buffer.find(b"\r\n\r\n", 0, end) + 4
            if begin < 4:  # noqa: PLR2004  not found
                client.rest = bytes(buffer[:end])
                return
            client.is_upgraded = True
            self._advance(client, bytes(buffer[:begin]))
        while (frame := next_frame(buffer, begin, end)) is not None:
            if frame.opcode == Opcode.BINARY and buffer[frame.start + 1] == SNAPSHOT_TYPE:
                self._take_snapshot(client, frame.start, frame.end, frame.end - begin, arrived_ns)
            elif frame.opcode == Opcode.BINARY:
                self._take_message(client, bytes(buffer[frame.start : frame.end]))
            begin = frame.end
        client.rest = bytes(buffer[begin:end]) if begin < end else b""

    def _take_snapshot(self, client: _Client, start: int, end: int, size: int, arrived_ns: int) -> None:
        begin = snapshot_data_start(self._buffer, start)
        told = summary(self._buffer, begin, end)
        self._frames.extend((client.number, arrived_ns, *told, size))
        if client.sampled is not None:
            data = bytes(self._buffer[begin:end])
            try:
                read_snapshot(data)  # its price belongs to the latency; what it says is judged after the run
            except ValueError as problem:
                self._trouble(client, f"unreadable snapshot: {problem}")
            client.sampled.append((time.monotonic_ns(), data))

    def _take_message(self, client: _Client, payload: bytes) -> None:
        """Note an event's number; decode what the way in waits for, and what must not come."""
        kind = payload[3 if payload[0] == _ARRAY16 else 1]
        if kind in MESSAGES and MESSAGES[kind].lane is Lane.EVENTS:
            client.event = int.from_bytes(payload[3:7], "big")
        if kind in _TROUBLES:
            self._trouble(client, f"was told {decode(payload, Sender.SERVER)}")
            self._check_in(client)
        if client.entering is not None and not client.is_waiting and kind in _EXPECTED:
            self._advance(client, decode(payload, Sender.SERVER))

    def _lose(self, client: _Client, fd: int, what: str) -> None:
        self._epoll.unregister(fd)
        self._trouble(client, what)
        self._check_in(client)

    def _check_in(self, client: _Client) -> None:
        """Give up the whole run where somebody in trouble is still on the way in."""
        if client.entering is not None:
            raise RuntimeError("; ".join(self._troubles[-2:]))

    def _trouble(self, client: _Client, what: str) -> None:
        self._troubles.append(f"client {client.number}: {what}")


_EXPECTED = frozenset(SPEC_OF[cls].type for cls in (Welcome, Joined, Done))
_TROUBLES = frozenset(SPEC_OF[cls].type for cls in (Closing, Correction, Error))


def _until(cls: type[Any]) -> Generator[float | None, Any, Any]:
    """Wait for a message of one class, passing over others."""
    while True:
        message = yield None
        if isinstance(message, cls):
            return message


def _hops(begin: tuple[int, int, int], end: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """Divide the way from `begin` to `end` into equal hops within a teleport's reach; none where they are one place."""
    apart = sum((a - b) ** 2 for a, b in zip(begin, end, strict=True)) ** 0.5
    count = int(-(-apart // HOP_MM))
    return [
        (
            begin[0] + (end[0] - begin[0]) * hop // count,
            begin[1] + (end[1] - begin[1]) * hop // count,
            begin[2] + (end[2] - begin[2]) * hop // count,
        )
        for hop in range(1, count + 1)
    ]
