"""What a scenario is: who comes when, how they move, and what is looked at besides what is looked at in every run.

`scenarios` lists them; `engine` runs any of them.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.plan import BEFORE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from benchmarks.evidence import Evidence
    from benchmarks.motion import Motion
    from benchmarks.oracle import Violation
    from benchmarks.parameters import Parameters
    from benchmarks.plan import Visit

    Result = dict[str, Any]
    Run = Callable[[Parameters], Result]


@dataclass(frozen=True, slots=True)
class Guest:
    """One client of a scenario: when it comes and goes (steps), and whether it reads slowly."""

    arrives: int = BEFORE
    stays: int | None = None
    is_slow: bool = False


def most_at_once(guests: Sequence[Guest], on_the_way: int) -> int:
    """Say how many can be there at the same time, if nobody is longer than so many steps on the way in."""
    passing = [(guest.arrives, guest.arrives + on_the_way + guest.stays) for guest in guests if guest.stays is not None]
    arrivals, departures = sorted(begin for begin, _ in passing), sorted(end for _, end in passing)
    there = [bisect_right(arrivals, begin) - bisect_right(departures, begin) for begin in arrivals]
    return len(guests) - len(passing) + max(there, default=0)


@dataclass(frozen=True, slots=True)
class Staged:
    """How people move, and facts about the place for the report."""

    motion: Motion
    facts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Played:
    """A finished run, for the judges of single scenarios."""

    guests: list[Guest]
    visits: dict[int, Visit]
    evidence: Evidence
    arrived_ns: Callable[[int], int]  # when a guest was to arrive
    window_ns: tuple[int, int]
    rows: range  # the measured ticks


@dataclass(frozen=True, slots=True)
class Findings:
    """What a scenario adds to a result: figures, violations, and reasons why it counts for nothing."""

    figures: dict[str, Any] = field(default_factory=dict)
    violations: Sequence[Violation] = ()
    reasons: Sequence[str] = ()


def _everybody(asked: Parameters) -> list[Guest]:
    return [Guest() for _ in range(asked.avatars)]


def _nothing(_played: Played) -> Findings:
    return Findings()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One workload.

    stage: makes so many people move for so many steps. options: the parameters that it has besides those of all, with
    their defaults. is_lively: whether there are updates to count. is_budgeted: whether there are more neighbours
    than the server's default budget allows to tell of at every tick.
    """

    name: str
    what: str
    stage: Callable[[np.random.Generator, Parameters, int, int], Staged]
    options: dict[str, float] = field(default_factory=dict)
    radius_m: float = 10.0
    has_floor: bool = False
    has_peers: bool = False  # whether other servers can be given the same load: roots only, everybody there throughout
    is_lively: bool = True
    is_budgeted: bool = False
    is_strict: bool = False  # whether it can be judged only where all are told of at the full rate
    guests: Callable[[Parameters], list[Guest]] = _everybody
    judge: Callable[[Played], Findings] = _nothing
    repeat: Callable[[Run, Parameters], Result] | None = None  # for scenarios of several runs
