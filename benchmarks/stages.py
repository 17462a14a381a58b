"""What each stage of a tick costs: a room in memory, without sockets, at several sizes, spread out and on one spot.

CPU time of this process, by its own clock, so that a busy machine makes it noisy and not wrong. Every tick, everybody
moves; ticks before the figures are left out.
"""

from __future__ import annotations

import gc
import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.environment import describe_environment
from benchmarks.motion import embody
from benchmarks.room_in_memory import STAGES, TICK_S, RoomInMemory
from benchmarks.scenarios import NEIGHBOURS, RADIUS_M
from benchmarks.walkers import square_side_m, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.motion import Motion
    from benchmarks.progress import Progress

SPREAD, SPOT = "spread", "spot"
SPOT_SIDE_M = 2.0

_WARM_TICKS = 5  # rosters, enters, and numpy's first calls
_PAIRS_AT_ONCE = 500  # observers whose distances are computed in one go


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is asked for."""

    avatars: tuple[int, ...] = (100, 1000, 5000)
    ticks: int = 30
    seed: int = 1
    cpu: int | None = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be run, as ValueError."""
        if min(self.avatars) < 2:  # noqa: PLR2004  nobody to see
            raise ValueError(f"avatars is {min(self.avatars)}, it must be at least 2")
        if self.ticks < 1:
            raise ValueError(f"ticks is {self.ticks}, it must be at least 1")
        cores = os.sched_getaffinity(0)
        if self.cpu not in {None, *cores}:
            raise ValueError(f"cpu is {self.cpu}, this process may use {sorted(cores)}, or any")


def measure(asked: Sizes, progress: Progress) -> dict[str, Any]:
    """Time every stage at every size and return the result as plain data."""
    before = os.sched_getaffinity(0)
    if asked.cpu is not None:
        os.sched_setaffinity(0, {asked.cpu})
    try:
        rows = [_row(n, layout, asked, progress) for n in asked.avatars for layout in (SPREAD, SPOT)]
    finally:
        os.sched_setaffinity(0, before)
    reasons = [f"{row['avatars']} {row['layout']}: {row['invalid']}" for row in rows if row["invalid"]]
    return {
        "scenario": "stages",
        "invalid": "; ".join(reasons) or None,
        "rows": rows,
        "parameters": asdict(asked),
        "environment": describe_environment(),
    }


def _row(avatars: int, layout: str, asked: Sizes, progress: Progress) -> dict[str, Any]:
    told: dict[str, Any] = {"avatars": avatars, "layout": layout, "unavailable": None, "invalid": None}
    rng = np.random.default_rng(asked.seed)
    side_m = square_side_m(avatars, NEIGHBOURS, RADIUS_M) if layout == SPREAD else SPOT_SIDE_M
    motion = embody(rng, walk(rng, avatars, side_m, _WARM_TICKS + asked.ticks, TICK_S), TICK_S)
    try:
        room = RoomInMemory(motion)
    except ValueError as problem:
        return told | {"unavailable": str(problem)}
    took: dict[str, list[int]] = {stage: [] for stage in STAGES}
    updates, faults = 0, 0
    with progress.stage(f"{avatars} {layout}", _WARM_TICKS + asked.ticks) as advance:
        gc.collect()
        gc.disable()
        for tick in range(_WARM_TICKS + asked.ticks):
            spent, report = room.tick(time.process_time_ns)
            advance(tick + 1)
            if tick >= _WARM_TICKS:
                updates += report.updates
                faults += report.corrections + len(report.faults) + (report.poses != avatars)
                for stage, ns in spent.items():
                    took[stage].append(ns)
        gc.enable()
    pairs = pairs_within(motion, _WARM_TICKS + asked.ticks // 2, room.radius_mm)
    return told | {
        "invalid": f"{faults} poses were not taken as they should be" if faults else None,
        "pairs": pairs,
        "updates_per_tick": round(updates / asked.ticks, 1),
        "stages": {stage: cost(ns, avatars, pairs) for stage, ns in took.items()},
        "tick": cost(np.sum(list(took.values()), axis=0), avatars, pairs),
    }


def cost(took_ns: Sequence[int] | NDArray[np.int64], avatars: int, pairs: int) -> dict[str, float | None]:
    """Describe what something took at every tick, in µs."""
    low, median, high = (float(value) / 1000 for value in np.percentile(took_ns, (25, 50, 75)))
    return {
        "median_us": round(median, 1),
        "p25_us": round(low, 1),
        "p75_us": round(high, 1),
        "us_per_avatar": round(median / avatars, 4),
        "us_per_pair": round(median / pairs, 5) if pairs else None,
    }


def pairs_within(motion: Motion, step: int, radius_mm: int) -> int:
    """Count the pairs of an observer and somebody within its radius at a step."""
    place = motion.position_mm[step].astype(np.int64)
    total = 0
    for start in range(0, len(place), _PAIRS_AT_ONCE):
        apart = place[start : start + _PAIRS_AT_ONCE, None, :] - place[None, :, :]
        total += int(np.count_nonzero((apart**2).sum(axis=2) <= radius_mm**2))
    return total - len(place)


def print_stages(result: dict[str, Any]) -> None:
    """Print the figures as a table: medians with their quartiles."""
    console = Console()
    if result["invalid"]:
        console.print(f"[bold red]This run counts for nothing:[/] {result['invalid']}")
    table = Table(title="CPU of a tick in memory, µs")
    for name in ("size", "stage", "median", "quartiles", "per avatar", "per pair"):
        table.add_column(name, justify="left" if name in ("size", "stage") else "right")
    for row in result["rows"]:
        if row["unavailable"]:
            console.print(f"{row['avatars']:,} {row['layout']}: not to be had: {row['unavailable']}")
            continue
        size = [f"{row['avatars']:,} {row['layout']}", f"{row['pairs']:,} pairs", ""]
        for number, (stage, spent) in enumerate([*row["stages"].items(), ("tick", row["tick"])]):
            table.add_row(size[min(number, 2)], stage, *_cells(spent))
        table.add_section()
    console.print(table)


def _cells(spent: dict[str, float | None]) -> list[str]:
    per_pair = "–" if spent["us_per_pair"] is None else f"{spent['us_per_pair']:.4f}"
    quartiles = f"{spent['p25_us']:,.0f} to {spent['p75_us']:,.0f}"
    return [f"{spent['median_us']:,.0f}", quartiles, f"{spent['us_per_avatar']:.3f}", per_pair]
