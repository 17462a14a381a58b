"""A room of the server in this process, and people in it who send a pose at every tick: what `stages` measures.

The one module here that runs the server's own code. It judges nothing: the oracle shares no code with the server, and
so that this stays plain, what is measured is loaded by its name, here alone.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.client_frames import pose_frames
from protocol.framing import Framing

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.motion import Motion

STAGES = ("drain", "simulate", "select", "encode", "fan_out")
TICK_S = 0.05

_BEHIND_HEADER = 2  # a room takes pose frames from their mask on
_EDGE_M = 2000


class _Member:
    """Somebody whose socket takes everything at no cost, and who acknowledges no event."""

    framing = Framing.WEBSOCKET
    is_writable = True

    def __init__(self, identity: Any) -> None:
        self.identity = identity
        self.blocks: set[str] = set()

    def write(self, framed: bytes | memoryview) -> None:
        """Take a frame."""

    def send_event(self, event: Any) -> None:
        """Take an event."""

    def pending(self) -> bytes:
        """Have nothing to say."""
        return b""


class RoomInMemory:
    """A room in which everybody stands where their motion begins. Raises ValueError where it cannot hold them."""

    def __init__(self, motion: Motion, seed: int) -> None:
        room, identity = import_module("presence.room"), import_module("presence.identity")
        settings = room.RoomSettings(capacity=motion.people)
        self._room = room.Room("stages", _world(motion), settings, 0.0)
        self.radius_mm: int = settings.interest_radius_mm
        none: frozenset[str] = frozenset()
        self._rows = [
            self._room.join(_Member(identity.Identity(f"guest:{k}", "", "", "", none, none, True, "", np.inf)), 0, 0.0)
            for k in range(motion.people)
        ]
        frames, lengths = pose_frames(motion, 1, np.random.default_rng(seed))
        self._frames = [
            [frames[step, k, _BEHIND_HEADER : lengths[k]].tobytes() for k in range(motion.people)]
            for step in range(len(frames))
        ]
        self._step = 0

    def tick(self, clock_ns: Callable[[], int]) -> tuple[dict[str, int], Any]:
        """Let everybody send their next pose and run a tick. Returns what each stage took, and the room's report."""
        room, now = self._room, (self._step + 1) * TICK_S
        for row, frame in zip(self._rows, self._frames[self._step], strict=True):
            room.receive_pose(row, frame, now - TICK_S / 2)
        self._step += 1
        calls: dict[str, Callable[[], Any]] = {stage: getattr(room, stage) for stage in STAGES}
        calls["drain"] = lambda: room.drain(now)
        took, report = {}, None
        for stage, call in calls.items():
            begin = clock_ns()
            report = call()
            took[stage] = clock_ns() - begin
        return took, report


def _world(motion: Motion) -> Any:
    """Make a world whose spawn points are where each motion begins."""
    spawns = [{"position": [x / 1000, 0, z / 1000], "yaw": 0} for x, _, z in motion.position_mm[0].tolist()]
    bounds = {"min": [-_EDGE_M, -10, -_EDGE_M], "max": [_EDGE_M, 10, _EDGE_M]}
    document = {"name": "stages", "title": "Stages", "bounds": bounds, "spawns": spawns}
    return import_module("presence.world").World.parse(json.dumps(document))
