"""What a run and its generator processes say to each other: what each client is to do, and what it did and saw.

Plain data, made to be pickled. Times are CLOCK_MONOTONIC nanoseconds; a step is one period of the schedule, and 0 the
first one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FIRST_SEQ = 64  # of the walk; the teleports before it use the sequences below
BEFORE = -1  # the step of those who are there before the first one

FRAME_COLUMNS = ("client", "arrived_ns", "tick", "time_ms", "ack", "digest", "flags", "updates", "bytes")


@dataclass(frozen=True, slots=True)
class Role:
    """What one client is to do. Clients are numbered over all processes."""

    number: int
    start_mm: tuple[int, int, int]  # where its walk begins
    phase_ns: int  # when it sends, within a period
    frame_bytes: int  # of each of its poses
    is_sampled: bool = False  # whether its snapshots are kept whole
    is_still: bool = False  # sends one pose, and then only shows that it is alive
    is_slow: bool = False  # reads slowly, see Plan
    arrives: int = BEFORE  # at which step it connects
    stays: int | None = None  # how many steps it walks before it leaves; None to the end


@dataclass(frozen=True, slots=True)
class Where:
    """Where clients go, and what they show at the door."""

    host: str  # an address, IPv4 or IPv6
    port: int
    authority: str  # the server as its URL names it
    room: str = "benchmark"
    world: str = "open"
    tokens: tuple[str, ...] = field(default=(), repr=False)  # one for each client or one for all; none for guests

    def token(self, number: int) -> str:
        """Say which token a client shows; empty for a guest."""
        return self.tokens[number % len(self.tokens)] if self.tokens else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one generator process is to do."""

    where: Where
    roles: list[Role]  # in the order of their phases
    frames: NDArray[np.uint8]  # (steps, roles, widest frame): what each sends at each step of its walk
    period_ns: int
    measured_steps: tuple[int, int]  # from, up to
    mask_seed: int
    deaf_step: int = 0  # slow clients read nothing from here until the measured time begins, so that they are behind
    slow_bytes_per_step: int = 0  # and this much from then on
    peer: str | None = None  # which other server this is for; its dialect has this name


@dataclass(slots=True)
class Visit:
    """One client's time in the room."""

    entity: int
    generation: int
    joined_ns: int
    stops: list[tuple[int, int, int, int]] = field(default_factory=list)  # before the walk, by sequence: x y z yaw
    first_step: int = 0  # at which it began to walk
    left_ns: int | None = None  # when it sent its last word; None where it stayed


@dataclass(slots=True)
class Log:
    """What one generator process did and saw."""

    frames: NDArray[np.int64]  # (snapshots, FRAME_COLUMNS), in order of arrival
    sampled: dict[int, list[tuple[int, bytes]]]  # client -> (arrived at, snapshot data)
    visits: dict[int, Visit]  # by client; of those who got in
    lateness_ns: NDArray[np.int64]  # (steps, own clients); negative where nothing was due
    cpu_ns: int  # user + system, over the measured steps
    troubles: list[str]  # whatever should not have happened
    radius_mm: int = 0
    tick_hz: int = 0
    budget_bytes_per_s: int = 0
    clock: int = 0  # whose the times are: those of several machines cannot be compared


@dataclass(frozen=True, slots=True)
class Entered:
    """Progress: so many clients stand where their walk begins."""

    count: int


class Ready:
    """Everybody who is to be there before the first step is in place."""


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no use in going on. is_not_let_in: because the server lets not everybody in."""

    why: str
    is_not_let_in: bool = False
