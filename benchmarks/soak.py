"""The soak: whether a server that runs for long leaves anything behind.

Hours of coming and going are compressed into what is asked for. Round after round of the churn is played in a new room
each, judged by the oracle like any run; beside it people are cut off, come back or stay away, in rooms of their own
(`restless`). Meanwhile the server's metrics are sampled: resident memory, descriptors, sessions, rooms, what its
garbage collector does.

What is left behind is looked for where it must show: descriptors and sessions where everybody has gone, rooms at every
sample, memory in the slope of its samples after a warm-up.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks import engine
from benchmarks.beside import Beside
from benchmarks.environment import describe_environment
from benchmarks.parameters import Parameters
from benchmarks.restless import PEOPLE, Lap, Restless
from benchmarks.result import VIOLATIONS_SHOWN
from benchmarks.scenarios import SCENARIOS
from benchmarks.server_process import serving
from benchmarks.trend import trend
from benchmarks.vitals import gauges, page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.progress import Progress
    from benchmarks.trend import Trend

    Result = dict[str, Any]

SERIES_POINTS = 240  # enough to draw
EMPTY_ROOM_S = 60.0  # SPEC: how long an empty room is kept
RESUME_WINDOW_S = 5.0  # instead of a minute: seats of who does not come back are free sooner

_LAP_S = 2.0  # of restless people
_SWEEP_S = 4.0  # what is over is noticed about once a second, by a server that may be busy
_SPARE_FILES = 8  # descriptors: whoever asks for metrics, sockets that are just being closed
_SPARE_ROOMS = 1
_ROUND_WARMUP_S = 1.0
_SUMMED = (
    "updates_expected",
    "updates_delivered",
    "oracle_comparisons",
    "oracle_digest_comparisons",
    "oracle_violations",
)


@dataclass(frozen=True, slots=True)
class Soak:
    """What is asked for."""

    avatars: int
    minutes: float
    rate: float = 10.0  # arrivals, and as many departures, a second
    round_s: float = 20.0  # measured, of each round
    every_s: float = 2.0  # samples
    warmup_minutes: float = 2.0  # left out of the slope: until as many rooms are freed as made, and a little longer
    most_mib_per_hour: float = 20.0  # that memory may grow
    seed: int = 1
    server_cpu: int | None = 0
    generator_cpu: int | None = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be run, as ValueError."""
        for name in ("minutes", "round_s", "every_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}, it must be more than 0")

    def round(self, number: int) -> Parameters:
        """Say what one round is asked for. Raises ValueError."""
        return Parameters(
            avatars=self.avatars,
            seconds=self.round_s,
            warmup=_ROUND_WARMUP_S,
            seed=self.seed + number,
            rate=self.rate,
            server_cpu=self.server_cpu,
            generator_cpu=self.generator_cpu,
        )


class Sample(NamedTuple):
    """What the server's metrics said at one moment, since the beginning."""

    at_s: float
    memory_mib: float
    open_files: int
    sessions: int
    rooms: int
    gc_collections: int
    gc_paused_ms: float


class Samples(Beside):
    """Taken at even intervals."""

    def __init__(self, metrics_url: str, every_s: float) -> None:
        super().__init__(every_s)
        self.taken: list[Sample] = []
        self.troubles: list[str] = []
        self.begin_s = time.monotonic()
        self._url = metrics_url

    def take(self) -> Sample:
        """Take one now. Raises RuntimeError."""
        told = gauges(page(self._url))
        return Sample(
            at_s=round(time.monotonic() - self.begin_s, 3),
            memory_mib=round(told["process_resident_memory_bytes"] / 2**20, 3),
            open_files=int(told["process_open_fds"]),
            sessions=int(told.get("presence_sessions", 0)),
            rooms=int(told["presence_rooms"]),
            gc_collections=int(told["presence_gc_pause_seconds_count"]),
            gc_paused_ms=round(told["presence_gc_pause_seconds_sum"] * 1000, 3),
        )

    def turn(self) -> None:
        """Take one, and keep it."""
        try:
            self.taken.append(self.take())
        except RuntimeError as problem:
            self.troubles.append(str(problem))


@dataclass(slots=True)
class Rounds:
    """What all rounds of the churn came to, added up one by one: hours of them are not kept."""

    count: int = 0
    off_pace: int = 0  # rounds whose timing does not count
    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_SUMMED, 0))
    first_violations: list[Any] = field(default_factory=list)
    is_self_test_caught: bool = True
    reasons: list[str] = field(default_factory=list)
    rooms: list[Lap] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Add one."""
        self.count += 1
        self.sums = {name: total + result[name] for name, total in self.sums.items()}
        self.first_violations += result["oracle_first_violations"][: VIOLATIONS_SHOWN - len(self.first_violations)]
        self.is_self_test_caught &= result["oracle_self_test"]
        if result["troubles"]:
            self.reasons.append(f"round {self.count}: {result['invalid']}")
        elif result["invalid"]:
            self.off_pace += 1


def run(asked: Soak, progress: Progress) -> Result:
    """Soak a server of our own for as long as asked, and return the result as plain data.

    Raises ServerError or GeneratorError, both RuntimeErrors, where there is nothing to report.
    """
    engine.allow_many_sockets()
    churn, rounds = SCENARIOS["churn"], Rounds()
    people = engine.seats(churn, asked.round(0)) + 2 * PEOPLE + round(RESUME_WINDOW_S / _LAP_S + 1)
    rules = [*engine.rules(churn, asked.round(0)), "--resume-window-s", str(RESUME_WINDOW_S)]
    with serving(people, asked.server_cpu, churn.radius_m, rules) as server:
        samples = Samples(server.metrics_url, asked.every_s)
        empty, deadline = samples.take(), time.monotonic() + asked.minutes * 60
        settled: list[Sample] = []
        with samples, Restless(server.tcp_port, _LAP_S, RESUME_WINDOW_S) as restless:
            while not settled or time.monotonic() < deadline:
                begin_s = time.monotonic()
                server.where = replace(server.where, room=f"soak-{rounds.count}")
                rounds.add(engine.measure(churn, asked.round(rounds.count), server, progress))
                rounds.rooms.append(Lap(begin_s, time.monotonic()))
                settled.append(samples.take())
        time.sleep(RESUME_WINDOW_S + _SWEEP_S)
        last = samples.take()
        troubles = [*server.troubles(), *samples.troubles, *restless.troubles]
    laps = [*rounds.rooms, *restless.laps]
    growth = memory_trend(samples.taken, asked.warmup_minutes * 60)
    leaks = [
        *left_behind(empty, settled, last),
        *rooms_left(samples.taken, samples.begin_s, laps),
        *memory_left(growth, asked.most_mib_per_hour),
    ]
    return _described(asked, rounds, restless, samples.taken, growth, leaks, troubles)


# --- what is left behind ----------------------------------------------------------------------------------------------


def left_behind(empty: Sample, settled: Sequence[Sample], last: Sample) -> list[str]:
    """Find descriptors and sessions of people who have gone.

    empty: before anybody came. settled: after each round, when only the restless are there. last: when nobody is.
    """
    found = []
    for sample in (*settled, last):
        there = 0 if sample is last else 2 * PEOPLE
        most = empty.open_files + there + _SPARE_FILES
        if sample.open_files > most:
            found.append(f"{sample.open_files} descriptors after {sample.at_s:.0f} s, {most} would be fair")
    if last.sessions:
        found.append(f"{last.sessions} sessions when everybody had gone")
    return found


def rooms_left(samples: Sequence[Sample], begin_s: float, laps: Sequence[Lap]) -> list[str]:
    """Find samples at which there were more rooms than were in use, or not empty for long enough to be freed."""
    found = []
    for sample in samples:
        at_s = begin_s + sample.at_s
        kept = sum(lap.made_s <= at_s < lap.emptied_s + EMPTY_ROOM_S + _SWEEP_S for lap in laps)
        most = samples[0].rooms + kept + _SPARE_ROOMS
        if sample.rooms > most:
            found.append(f"{sample.rooms} rooms after {sample.at_s:.0f} s, {most} would be fair")
    return found


def memory_trend(samples: Sequence[Sample], warmup_s: float) -> Trend | None:
    """Say how memory grows after a warm-up, MiB an hour."""
    late = [sample for sample in samples if sample.at_s >= warmup_s]
    return trend([sample.at_s for sample in late], [sample.memory_mib for sample in late])


def memory_left(growth: Trend | None, most_mib_per_hour: float) -> list[str]:
    """Tell whether memory grows more than it may, for sure."""
    if growth is None or growth.low <= most_mib_per_hour:
        return []
    return [f"memory grows by {growth.low:.1f} MiB an hour at least, {most_mib_per_hour:g} would be fair"]


# --- what is told -----------------------------------------------------------------------------------------------------


def _described(
    asked: Soak,
    rounds: Rounds,
    restless: Restless,
    samples: list[Sample],
    growth: Trend | None,
    leaks: list[str],
    troubles: list[str],
) -> Result:
    wronged = [{"tick": 0, "observer": 0, "what": what} for what in restless.violations]
    checks = {
        f"{len(troubles)} troubles, the first: {troubles[:1]}": bool(troubles),
        "nobody was cut off and came back": not restless.resumes,
        "the oracle compared nothing": not rounds.sums["oracle_comparisons"],
        "the oracle missed a deliberately corrupted frame": not rounds.is_self_test_caught,
    }
    reasons = rounds.reasons[:1] + [reason for reason, is_against in checks.items() if is_against]
    step = -(-len(samples) // SERIES_POINTS)
    return {
        "scenario": "soak",
        "invalid": "; ".join(reasons) or None,
        "leaks": leaks,
        **rounds.sums,
        "oracle_violations": rounds.sums["oracle_violations"] + len(wronged),
        "oracle_first_violations": [*rounds.first_violations, *wronged][:VIOLATIONS_SHOWN],
        "oracle_self_test": rounds.is_self_test_caught,
        "rounds": rounds.count,
        "rounds_off_pace": rounds.off_pace,
        "resumes": restless.resumes,
        "rooms_made": rounds.count + len(restless.laps),
        "memory_mib_per_hour": None if growth is None else {k: round(v, 2) for k, v in asdict(growth).items()},
        "series": {
            name: list(column) for name, column in zip(Sample._fields, zip(*samples[::step], strict=True), strict=True)
        },
        "parameters": asdict(asked) | {"resume_window_s": RESUME_WINDOW_S},
        "environment": describe_environment(),
    }


def print_soak(result: Result) -> None:
    """Print what was left behind, and first of all whether that can be said."""
    console = Console()
    if result["invalid"]:
        console.print(f"[bold red]This run counts for nothing:[/] {result['invalid']}")
    for leak in result["leaks"]:
        console.print(f"[bold red]Left behind:[/] {leak}")
    for violation in result["oracle_first_violations"]:
        console.print(f"[bold red]Violation:[/] tick {violation['tick']}: {violation['what']}")
    growth, series, asked = result["memory_mib_per_hour"], result["series"], result["parameters"]
    table = Table(title=f"soak: {asked['avatars']} avatars, {asked['minutes']:g} min", show_header=False)
    for name, value in (
        ("rounds", f"{result['rounds']}, {result['rounds_off_pace']} of them with a busy machine"),
        ("cut off and back", str(result["resumes"])),
        ("rooms made", str(result["rooms_made"])),
        ("memory, first and last", f"{series['memory_mib'][0]:.1f} and {series['memory_mib'][-1]:.1f} MiB"),
        ("memory grows by", _growth(growth)),
        ("descriptors, most and last", f"{max(series['open_files'])} and {series['open_files'][-1]}"),
        ("rooms, most and last", f"{max(series['rooms'])} and {series['rooms'][-1]}"),
        ("garbage collections", f"{series['gc_collections'][-1]}, {series['gc_paused_ms'][-1]:.0f} ms in all"),
        ("oracle violations", f"{result['oracle_violations']} of {result['oracle_comparisons']:,} records"),
        ("oracle self-test", "caught" if result["oracle_self_test"] else "MISSED"),
    ):
        table.add_row(name, value)
    console.print(table)


def _growth(growth: dict[str, float] | None) -> str:
    if growth is None:
        return "too few samples to say"
    return f"{growth['slope']:.1f} MiB an hour ({growth['low']:.1f} to {growth['high']:.1f})"
