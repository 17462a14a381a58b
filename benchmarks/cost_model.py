"""What a server costs, in a few figures, from runs of the plaza with different numbers of people.

Pure. A tick of a room costs something whoever is there, and something more for each person, all of it for the same
number of neighbours: that is a line, and two runs draw it. Memory is another line. What is dearer, an update or its
bytes, is told by people with headsets beside as many without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CostModel:
    """Costs of a server whose people have so many updates each at a tick. CPU is user and system time."""

    tick_hz: int
    tick_ms: float  # of CPU, at each tick, whoever is there
    person_us: float  # more at each tick for each person
    updates: float  # that each person is told at a tick
    update_us: float  # person_us by updates
    update_bytes: float
    byte_ns: float  # that a byte more in an update costs
    down_bytes_per_s: float  # to each client, framing included
    up_bytes_per_s: float
    server_kib: float  # of memory, whoever is there
    person_kib: float  # more for each person

    def share(self, people: int) -> float:
        """Say which share of a core so many people take."""
        return (self.tick_ms / 1e3 + self.person_us / 1e6 * people) * self.tick_hz

    def people(self, share: float) -> int:
        """Say how many people take that share of a core."""
        return int((share / self.tick_hz - self.tick_ms / 1e3) / (self.person_us / 1e6))


def fit(few: Result, many: Result, most: Result, tracked: Result) -> CostModel:
    """Draw the lines: CPU through `few` and `many`, memory through `few` and `most`.

    tracked: people with headsets, as many as in `few`.
    """
    tick_hz, few_people, many_people = few["parameters"]["tick_hz"], _people(few), _people(many)
    slope_s, fixed_s = _line(few_people, few["server_cpu"] / tick_hz, many_people, many["server_cpu"] / tick_hz)
    person_kib, server_kib = _line(few_people, _kib(few), _people(most), _kib(most))
    updates = many["updates_delivered"] / (many_people * many["ticks"])
    more_us, more_bytes = (tracked[key] - few[key] for key in ("cpu_us_per_update", "bytes_per_update"))
    return CostModel(
        tick_hz=tick_hz,
        tick_ms=fixed_s * 1e3,
        person_us=slope_s * 1e6,
        updates=updates,
        update_us=slope_s * 1e6 / updates,
        update_bytes=many["bytes_per_update"],
        byte_ns=1e3 * more_us / more_bytes,
        down_bytes_per_s=many["bytes_per_update"] * updates * tick_hz,
        up_bytes_per_s=many["parameters"]["pose_bytes"] * many["parameters"]["pose_hz"],
        server_kib=server_kib,
        person_kib=person_kib,
    )


def _people(result: Result) -> int:
    people: int = result["parameters"]["avatars"]
    return people


def _kib(result: Result) -> float:
    kib: float = result["server_memory_kib_per_avatar"] * _people(result)
    return kib


def _line(x: float, y: float, other_x: float, other_y: float) -> tuple[float, float]:
    """Return slope and height at 0 of the line through two points."""
    slope = (other_y - y) / (other_x - x)
    return slope, y - slope * x
