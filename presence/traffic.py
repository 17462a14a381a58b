"""What went over the sockets, counted where it happens: plain integers, bumped by connections and sessions.

Owns the numbers since the last `take`; knows nothing of metrics. The server takes them once a second. Snapshots
and the events written with them are counted by the room, in its report.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields, replace

from protocol.errors import Refusal


@dataclass(slots=True)
class Traffic:
    """Bytes and messages of one server, in both directions."""

    received_poses: int = 0  # bytes of frames
    received_control: int = 0
    sent_control: int = 0
    sent_events: int = 0  # outside ticks
    messages: Counter[str] = field(default_factory=Counter)  # by name; poses are in the rooms' reports
    too_soon: int = 0  # messages dropped by a rate limit
    refusals: Counter[Refusal] = field(default_factory=Counter)  # by sessions; those by rooms are in their reports

    def take(self) -> Traffic:
        """Return what was counted since the last call."""
        taken, fresh = replace(self), Traffic()
        for counter in fields(self):
            setattr(self, counter.name, getattr(fresh, counter.name))
        return taken
