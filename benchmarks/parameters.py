"""What a run is asked for, checked before anything starts."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POSE_HZ = 20
RINGS = ("off", "default")
PERIOD_NS = 1_000_000_000 // POSE_HZ

_LEAST = {
    "avatars": 2,
    "seconds": 0.5,
    "warmup": 0,
    "observers": 1,
    "generators": 1,
    "side_m": 1,
    "joiners": 0,
    "rate": 0,
    "slow_share": 0,
    "slow_bytes": 0,
    "pairs": 1,
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a run is asked for. A core of None leaves that side unpinned. The last six are of single scenarios."""

    avatars: int
    seconds: float
    warmup: float = 3.0
    seed: int = 1
    observers: int = 64  # sampled: every record they are sent is checked
    generators: int = 1  # processes
    server_cpu: int | None = 0
    generator_cpu: int | None = 1
    rings: str = "off"  # "default": those of the server's default settings, and its budgets
    side_m: float = 20.0  # crush: of the square that everybody is on
    joiners: int = 0  # storm: people who come all at once
    rate: float = 0.0  # churn: arrivals, and as many departures, a second
    slow_share: float = 0.0  # slow: of the avatars
    slow_bytes: int = 0  # slow: how many of them they read a second
    pairs: int = 1  # slow: runs with and without

    def __post_init__(self) -> None:
        """Refuse what cannot be run, as ValueError."""
        for name, low in _LEAST.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name} is {getattr(self, name)}, it must be at least {low}")
        if self.rings not in RINGS:
            raise ValueError(f"rings is {self.rings}, it must be one of {', '.join(RINGS)}")
        if self.slow_share > 0.5:  # noqa: PLR2004  half
            raise ValueError(f"slow_share is {self.slow_share}, it must be at most 0.5: the others are measured")
        cores = os.sched_getaffinity(0)
        for name in ("server_cpu", "generator_cpu"):
            if getattr(self, name) not in {None, *cores}:
                raise ValueError(f"{name} is {getattr(self, name)}, this process may use {sorted(cores)}, or any")

    @property
    def measured_steps(self) -> tuple[int, int]:
        """From which step up to which the run counts."""
        begin = round(self.warmup * POSE_HZ)
        return begin, begin + round(self.seconds * POSE_HZ)

    def phases_ns(self, people: int) -> NDArray[np.int64]:
        """When each of `people` sends within a period: evenly spread."""
        return np.arange(people, dtype=np.int64) * PERIOD_NS // people
