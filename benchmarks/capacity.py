"""How many people a server holds: the largest number at which it keeps a promise, as an interval and not as a number.

Sizes are rungs of a ladder, each a tenth above the one below. A rung is climbed by a run; a run holds if it keeps the
promise. The search goes up until a run does not hold, halves what lies between, and then repeats the two rungs at the
edge: until one has held every time and the next one that is not contradicted has failed every time. Rungs that did
both lie between them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks.environment import describe_environment
from benchmarks.patience import NotLetIn

if TYPE_CHECKING:
    from collections.abc import Callable

    Figures = dict[str, Any]
    # figures of a run with so many people, by the keys of `peers.measure`; raises NotLetIn where they do not get in
    Measure = Callable[[int], Figures]

STEP = 1.1
_STRIDE = 4  # rungs at a time, while every run holds: about half as many people again
_TRIES = 3  # at a rung, where runs do not count


@dataclass(frozen=True, slots=True)
class Promise:
    """What a run must keep to hold, besides telling nothing that is wrong."""

    p99_ms: float = 100.0
    delivered_share: float = 0.99

    def is_kept(self, figures: Figures) -> bool:
        """Tell whether a run that counts kept it."""
        return bool(
            figures["latency_ms"]["p99"] < self.p99_ms
            and figures["delivered_share"] >= self.delivered_share
            and not figures["wrong"]
        )


@dataclass
class Search:
    """Decides which rung is next. `start` people stand on rung 0; each edge is climbed `repeats` times."""

    start: int
    repeats: int
    outcomes: dict[int, list[bool]] = field(default_factory=dict)

    def people(self, rung: int) -> int:
        """Say how many people a rung has; at least 2."""
        return max(2, round(self.start * STEP**rung))

    @property
    def low(self) -> int | None:
        """The highest rung that has always held."""
        return max((rung for rung, seen in self.outcomes.items() if all(seen)), default=None)

    @property
    def high(self) -> int | None:
        """The lowest rung above that which has never held."""
        low = self.low
        never = [rung for rung, seen in self.outcomes.items() if not any(seen)]
        return min((rung for rung in never if low is None or rung > low), default=None)

    def next(self) -> int | None:
        """Name the rung to climb next; None where the interval stands."""
        if not self.outcomes:
            return 0
        low, high = self.low, self.high
        if low is None:
            lowest = min(self.outcomes)
            return None if self.people(lowest) == 2 else lowest - _STRIDE  # noqa: PLR2004  nobody fewer to see
        if high is None:
            return max(self.outcomes) + _STRIDE
        between = [rung for rung in range(low + 1, high) if rung not in self.outcomes]
        if between:
            return between[len(between) // 2]
        return next((edge for edge in (low, high) if len(self.outcomes[edge]) < self.repeats), None)


def find(measure: Measure, promise: Promise, search: Search) -> dict[str, Any]:
    """Find how many people one server holds.

    Returns `holds` (the largest number that always held; None if none did), `fails` (the smallest above that never did;
    None where the load could not be made larger), `invalid` (null, or why there is no upper edge), and every run.
    """
    runs: list[dict[str, Any]] = []
    invalid = None
    while (rung := search.next()) is not None:
        figures, holds = _climbed(measure, promise, search.people(rung))
        runs.append({"avatars": search.people(rung), "holds": holds} | {key: figures[key] for key in _OF_A_RUN})
        if holds is None:
            invalid = f"with {search.people(rung)}: {figures['invalid']}"
            break
        search.outcomes.setdefault(rung, []).append(holds)
    low, high = search.low, search.high
    return {
        "holds": None if low is None else search.people(low),
        "fails": None if high is None else search.people(high),
        "invalid": invalid,
        "runs": runs,
    }


_OF_A_RUN = (
    "latency_ms",
    "tick_ms",
    "delivered_share",
    "wrong",
    "cpu_us_per_update",
    "bytes_per_update",
    "server_cpu",
    "invalid",
)


def _climbed(measure: Measure, promise: Promise, people: int) -> tuple[Figures, bool | None]:
    """Measure until a run counts, a few times. Returns its figures, and whether it holds; None where none counts.

    A server that lets not everybody in does not hold them.
    """
    for _ in range(_TRIES):
        try:
            figures = measure(people)
        except NotLetIn as problem:
            return dict.fromkeys(_OF_A_RUN) | {"invalid": str(problem)}, False
        if figures["valid"]:
            return figures, promise.is_kept(figures)
    return figures, None


def describe(
    found: dict[str, dict[str, Any]], scenario: str, promise: Promise, asked: dict[str, Any]
) -> dict[str, Any]:
    """Describe what was found, by server, as plain data. Servers without an interval make the whole invalid."""
    against = [f"{server}: {told['invalid']}" for server, told in found.items() if told["invalid"]]
    return {
        "scenario": "capacity",
        "invalid": "; ".join(against) or None,
        "of": scenario,
        "promise": asdict(promise),
        "capacity": found,
        "parameters": asked,
        "environment": describe_environment(),
    }


def print_capacity(result: dict[str, Any]) -> None:
    """Print an interval for each server."""
    promise = result["promise"]
    title = (
        f"{result['of']}: p99 below {promise['p99_ms']:g} ms, {promise['delivered_share']:.0%} delivered, nothing wrong"
    )
    table = Table(title=title)
    for name in ("server", "holds", "does not hold", "runs"):
        table.add_column(name, justify="left" if name == "server" else "right")
    for server, told in result["capacity"].items():
        edges = ["–" if told[edge] is None else f"{told[edge]:,}" for edge in ("holds", "fails")]
        table.add_row(server, *edges, str(len(told["runs"])))
        if told["invalid"]:
            table.add_row(f"  [red]no upper edge:[/] {told['invalid']}")
    Console().print(table)
