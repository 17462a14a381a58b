"""Slow readers: some people stand about and read less than they are told; what counts is what the others see of it.

The same people with and without being slow, in pairs of runs that take turns at being first, so that a machine that is
busy for a while does not look like an effect.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.rounds import merged
from benchmarks.scenario import Findings, Guest

if TYPE_CHECKING:
    from benchmarks.parameters import Parameters
    from benchmarks.scenario import Played, Run


def standing(asked: Parameters) -> int:
    """How many stand about: the last ones, in both runs of a pair."""
    return max(1, round(asked.avatars * asked.slow_share))


def guests(asked: Parameters) -> list[Guest]:
    """Everybody is there all the time; with `slow_bytes` those who stand about read no more than that a second."""
    walking = asked.avatars - standing(asked)
    return [Guest(is_slow=number >= walking and asked.slow_bytes > 0) for number in range(asked.avatars)]


def judge(played: Played) -> Findings:
    """Say how far behind the slow ones were: a run in which nobody was shows nothing."""
    slow = [number for number, guest in enumerate(played.guests) if guest.is_slow]
    if not slow:
        return Findings()
    told = played.evidence.has_frame[played.rows.start : played.rows.stop, slow]
    share = float(np.mean(told)) if told.size else 0.0
    figures = {"slow": {"readers": len(slow), "told_share": round(share, 4)}}
    reason = f"slow readers were told something at {share:.0%} of the ticks: they were not slow enough to matter"
    return Findings(figures, reasons=[reason] if share > _MOST_TOLD else [])


_MOST_TOLD = 0.9


def in_pairs(run: Run, asked: Parameters) -> dict[str, Any]:
    """Run pairs with and without slow readers; describe the run with them whose ratio is the median one."""
    results: list[dict[str, Any]] = []
    pairs: list[tuple[float, dict[str, Any], dict[str, Any]]] = []
    without_any = replace(asked, slow_bytes=0)
    for number in range(asked.pairs):
        order = (asked, without_any) if number % 2 == 0 else (without_any, asked)
        one, other = (run(parameters) for parameters in order)
        with_slow, without = (one, other) if number % 2 == 0 else (other, one)
        results += [with_slow, without]
        ratio = _ratio(with_slow["latency_ms"]["p99"], without["latency_ms"]["p99"])
        if ratio is not None:
            pairs.append((ratio, with_slow, without))
    pairs.sort(key=lambda pair: pair[0])
    chosen = pairs[len(pairs) // 2][1] if pairs else results[0]
    told = merged(chosen, results, [] if pairs else ["no pair has a latency to compare"])
    return told | {
        "others_p99_ratio": round(median(ratio for ratio, _, _ in pairs), 3) if pairs else None,
        "pairs": [
            {"with_ms": with_slow["latency_ms"]["p99"], "without_ms": without["latency_ms"]["p99"], "ratio": ratio}
            for ratio, with_slow, without in pairs
        ],
    }


def _ratio(one: float | None, other: float | None) -> float | None:
    return round(one / other, 3) if one is not None and other else None
