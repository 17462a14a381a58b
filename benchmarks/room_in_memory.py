"""A room of the server in this process, and people in it who send a pose at every tick: what `stages` measures.

The one module here that runs the server's own code. It judges nothing: the oracle shares no code with the server, and
so that this stays plain, what is measured is loaded by its name, here alone.
"""

from __future__ import annotations

import json
import math
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.client_frames import as_bytes, by_kind, input_records
from benchmarks.hops import HOP_REST_S, hops
from benchmarks.sampled_oracle import LOOK_EVERY_TICKS
from protocol.framing import Framing
from protocol.schema import Teleport

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.motion import Motion

STAGES = ("drain", "simulate", "select", "encode", "fan_out")
TICK_S = 0.05

_BUDGET_BYTES_PER_S = 32_000  # as a server grants, unless told otherwise
_EDGES_M = {"min": [-2000, -10, -2000], "max": [2000, 10, 2000]}
_WORLD = json.dumps(
    {"name": "stages", "title": "Stages", "bounds": _EDGES_M, "spawns": [{"position": [0, 0, 0], "yaw": 0}]}
)


class _Member:
    """Somebody whose socket takes everything at no cost, and who acknowledges no event."""

    framing = Framing.WEBSOCKET
    socket = -1
    budget_bytes_per_s = math.inf

    def __init__(self, identity: Any) -> None:
        self.identity = identity
        self.blocks: set[str] = set()

    def writer(self, framed: bytes | memoryview) -> None:
        """Take a frame."""

    def count_overrun(self, poses: int, now: float) -> None:
        """Never send too fast."""

    def send_event(self, event: Any) -> None:
        """Take an event."""

    def pending(self) -> bytes:
        """Have nothing to say."""
        return b""


class RoomInMemory:
    """A room in which everybody stands where their motion begins. Raises ValueError where it cannot hold them."""

    def __init__(self, motion: Motion) -> None:
        room, identity = import_module("presence.room"), import_module("presence.identity")
        settings = room.RoomSettings(
            capacity=motion.people, look_every_ticks=LOOK_EVERY_TICKS, budget_bytes_per_s=_BUDGET_BYTES_PER_S
        )
        self._room = room.Room("stages", import_module("presence.world").World.parse(_WORLD), settings, 0.0)
        self.radius_mm: int = settings.interest_radius_mm
        none: frozenset[str] = frozenset()
        self._rows: list[int] = [
            self._room.join(_Member(identity.Identity(f"guest:{k}", "", "", "", none, none, True, "", np.inf)), 0, 0.0)
            for k in range(motion.people)
        ]
        self._poses = [
            (kind, np.array(self._rows)[who], as_bytes(input_records(kind, motion, who, 1)))
            for kind, who in by_kind(motion).items()
        ]
        self._step = 0
        self._now = 0.0
        self._bring_to(motion.position_mm[0].tolist())

    def _bring_to(self, places_mm: list[tuple[int, int, int]]) -> None:
        """Let everybody hop from the one spawn point to their place, before anybody is told anything."""
        ways = [hops((0, 0, 0), place) for place in places_mm]
        for number in range(max(map(len, ways))):
            self._now += HOP_REST_S
            for row, way in zip(self._rows, ways, strict=True):
                if number < len(way):
                    self._room.receive(row, Teleport(0, 0, *way[number], 0))
            self._room.drain(self._now)

    def tick(self, clock_ns: Callable[[], int]) -> tuple[dict[str, int], Any]:
        """Let everybody send their next pose and run a tick. Returns what each stage took, and the room's report."""
        self._now = now = self._now + TICK_S
        room = self._room
        for kind, rows, records in self._poses:
            room.inbox.add_poses(kind, rows, records[self._step], now - TICK_S / 2)
        self._step += 1
        calls: dict[str, Callable[[], Any]] = {stage: getattr(room, stage) for stage in STAGES}
        calls["drain"] = lambda: room.drain(now)
        took, report = {}, None
        for stage, call in calls.items():
            begin = clock_ns()
            report = call()
            took[stage] = clock_ns() - begin
        return took, report
