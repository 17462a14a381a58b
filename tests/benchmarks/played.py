"""A benchmark run played in memory: a Room, its walkers, and the log that a generator would have kept of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.client_frames import pose_frames, snapshot_data_start, summary
from benchmarks.sampled_oracle import SampledOracle, Verdict, gather
from benchmarks.snapshot_reader import payloads
from benchmarks.swarm import FIRST_SEQ, FRAME_COLUMNS, Log
from benchmarks.walkers import Walk, walk
from presence.identity import Identity
from presence.outbox import Outbox
from presence.room import Room, RoomSettings
from presence.world import World
from protocol.framing import Framing

PERIOD_NS = 50_000_000
SIDE_M = 24.0
TICKS = 60
WARM_TICKS = 10
WINDOW_NS = (WARM_TICKS * PERIOD_NS, TICKS * PERIOD_NS)
LAG_NS = 3_000_000  # from a tick to a client
LEAD_NS = 20_000_000  # from a client to a tick


@dataclass(eq=False)
class Guest:
    """A member who writes down what it is sent."""

    identity: Identity
    blocks: set[str] = field(default_factory=set)
    outbox: Outbox = field(default_factory=lambda: Outbox(Framing.WEBSOCKET))
    stream: bytearray = field(default_factory=bytearray)
    framing: Framing = Framing.WEBSOCKET
    is_writable: bool = True

    def __post_init__(self) -> None:
        """Take events and frames as they come."""
        self.write = self.stream.extend
        self.send_event = self.outbox.add
        self.pending = self.outbox.take


@dataclass
class Run:
    """A finished run, still open to tampering."""

    people: Walk
    log: Log

    def judged(self, window_ns: tuple[int, int] = WINDOW_NS) -> Verdict:
        """Ask the oracle."""
        evidence = gather(self.people, [self.log], lambda _who, seq: (seq - FIRST_SEQ) * PERIOD_NS - LEAD_NS)
        return SampledOracle(evidence, self.people, self.log.radius_mm, window_ns).replay()

    def rows(self, number: int) -> np.ndarray[Any, Any]:
        """Find the logged snapshots of one client."""
        return np.flatnonzero(self.log.frames[:, 0] == number)

    def column(self, name: str) -> np.ndarray[Any, Any]:
        """View one column of the log."""
        return self.log.frames[:, FRAME_COLUMNS.index(name)]

    def tamper(self, number: int, tick: int, data: bytes) -> None:
        """Let a sampled client have been sent something else at a tick."""
        self.log.sampled[number][tick - 1] = (self.log.sampled[number][tick - 1][0], data)


def play(walkers: int, sampled: frozenset[int], seed: int = 1, skip: frozenset[tuple[int, int]] = frozenset()) -> Run:
    """Let people walk about in a room. skip: (client, step) of poses that arrive together with the next one."""
    people = walk(np.random.default_rng(seed), walkers, SIDE_M, TICKS, PERIOD_NS / 1e9)
    room = Room("played", _world(people), RoomSettings(capacity=walkers), 0.0)
    guests = [Guest(_identity(number)) for number in range(walkers)]
    rows = [room.join(guest, 0, 0.0) for guest in guests]
    entities = room.state.entities
    frames = pose_frames(people, FIRST_SEQ, np.random.default_rng(seed))
    log = Log(
        frames=np.zeros(0, np.int64),
        sampled={number: [] for number in sampled},
        entities={k: (int(entities.id[row]), int(entities.generation[row])) for k, row in enumerate(rows)},
        stops={k: [(*people.position_mm[0, k].tolist(), 0)] for k in range(walkers)},
        lateness_ns=np.zeros((TICKS, walkers), np.int64),
        cpu_ns=0,
        troubles=[],
        radius_mm=room.settings.interest_radius_mm,
        tick_hz=room.settings.tick_hz,
    )
    received: list[tuple[int, ...]] = []
    for step in range(TICKS):
        now_ns = step * PERIOD_NS
        for number, row in enumerate(rows):
            if (number, step - 1) in skip:
                room.receive_pose(row, frames[step - 1, number, 2:].tobytes(), now_ns / 1e9 - 0.03)
            if (number, step) not in skip:
                room.receive_pose(row, frames[step, number, 2:].tobytes(), now_ns / 1e9 - 0.02)
        room.tick(now_ns / 1e9)
        for number, guest in enumerate(guests):
            received += _logged(number, guest, now_ns + LAG_NS, log)
    log.frames = np.array(received, np.int64)
    return Run(people, log)


def _logged(number: int, guest: Guest, arrived_ns: int, log: Log) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for payload in payloads(bytes(guest.stream), Framing.WEBSOCKET):
        if payload[1] == 66:
            begin = snapshot_data_start(payload, 0)
            found.append((number, arrived_ns, *summary(payload, begin, len(payload)), len(payload) + 4))
            if number in log.sampled:
                log.sampled[number].append((arrived_ns, payload[begin:]))
    guest.stream.clear()
    return found


def _identity(number: int) -> Identity:
    none: frozenset[str] = frozenset()
    return Identity(f"guest:{number}", "Walker", "", "", none, none, guest=True, token_id="", expires_at=np.inf)


def _world(people: Walk) -> World:
    """Make a world whose spawn points are where the walk begins."""
    spawns = [{"position": [x / 1000, 0, z / 1000], "yaw": 0} for x, _, z in people.position_mm[0].tolist()]
    bounds = {"min": [-50, -1, -50], "max": [50, 10, 50]}
    title = dict.fromkeys(("en", "fr", "es", "ar"), "Played")
    return World.parse(json.dumps({"name": "played", "title": title, "bounds": bounds, "spawns": spawns}))
