"""From what was measured to the object that is printed: the figures, and whether the run counts at all.

benchmarks/README.md explains every key.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.environment import describe_environment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.plan import Log
    from benchmarks.process_usage import CpuTime
    from benchmarks.sampled_oracle import Verdict
    from benchmarks.scenario import Findings
    from benchmarks.tick_times import TickTimes

PERCENTILES = (0, 1, *range(5, 100, 5), 98, 99, 99.9, 100)

MAX_LATENESS_MS = 10.0  # a fifth of a tick: more would show in the latencies of a server that is not to blame
MAX_GENERATOR_CPU = 0.9  # of the cores it may use: beyond that it is the generator that is measured
MAX_SERVER_WAITED = 0.1  # of the time: more, and something else was measured along with it
VIOLATIONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Measurement:
    """Everything a run left behind."""

    verdict: Verdict
    logs: list[Log]
    measured_steps: tuple[int, int]
    server: CpuTime  # over the measured time
    ticks: TickTimes  # likewise
    server_growth_kib: float  # from before anybody came to the end of the measured time
    generator_cores: int
    seconds: float
    troubles: list[str]  # what should not have happened: lost connections, corrections, errors
    is_lively: bool  # whether there must be updates
    findings: Findings  # of this scenario alone


def describe(scenario: str, workload: dict[str, Any], measured: Measurement) -> dict[str, Any]:
    """Describe a run as plain data, ready for JSON."""
    verdict, logs = measured.verdict, measured.logs
    begin, end = measured.measured_steps
    lateness_ns = np.concatenate([log.lateness_ns[begin:end].ravel() for log in logs])
    violations = [*verdict.violations, *measured.findings.violations]
    figures = {
        "updates_expected": verdict.updates_expected,
        "updates_delivered": verdict.updates_delivered,
        "updates_coalesced": verdict.updates_coalesced,
        "cpu_us_per_update": per(measured.server.used * 1e6, verdict.updates_delivered),
        "bytes_per_update": per(verdict.snapshot_bytes, verdict.updates_delivered),
        "latency_ms": spread(verdict.latency_ms),
        "latency_percentiles_ms": percentiles(verdict.latency_ms),
        "pose_error": {
            "max_mm": round(verdict.max_error_mm, 3),
            "max_degrees": round(verdict.max_error_degrees, 3),
        },
        "oracle_comparisons": verdict.comparisons,
        "oracle_digest_comparisons": verdict.digest_comparisons,
        "oracle_violations": len(violations),
        "oracle_first_violations": [asdict(violation) for violation in violations[:VIOLATIONS_SHOWN]],
        "oracle_self_test": verdict.is_self_test_caught,
        "neighbours_mean": per(verdict.neighbours, verdict.observations),
        "snapshots": verdict.snapshots,
        "troubles": len(measured.troubles),
        "ticks": verdict.ticks,
        "ticks_skipped": max(0, round(verdict.room_ms * logs[0].tick_hz / 1000) - (verdict.ticks - 1)),
        "tick_ms": measured.ticks.spread(),
        "server_memory_kib_per_avatar": per(measured.server_growth_kib, verdict.people),
        "server_cpu": known(measured.server.used / measured.server.at),
        "server_waited": known(measured.server.waited / measured.server.at),
        "generator_cpu": round(sum(log.cpu_ns for log in logs) / (measured.seconds * 1e9), 4),
        "generator_lateness_ms": spread(lateness_ns[lateness_ns >= 0] / 1e6),
    }
    room = {"tick_hz": logs[0].tick_hz, "radius_m": logs[0].radius_mm / 1000, "transport": "websocket"}
    reasons = reasons_against(figures, measured.generator_cores, measured.troubles, is_lively=measured.is_lively)
    return {
        "scenario": scenario,
        "invalid": "; ".join([*reasons, *measured.findings.reasons]) or None,
        **figures,
        **measured.findings.figures,
        "parameters": {**workload, **room},
        "environment": describe_environment(),
    }


def reasons_against(figures: dict[str, Any], cores: int, troubles: list[str], *, is_lively: bool = True) -> list[str]:
    """Say why a run counts for nothing; empty when it counts. Violations are a finding, not a reason.

    cores: how many the generator may use at once. is_lively: whether there must have been updates.
    """
    checks = {
        "no updates": is_lively and (not figures["updates_expected"] or not figures["updates_delivered"]),
        "the oracle compared nothing": not figures["oracle_comparisons"] or not figures["oracle_digest_comparisons"],
        "the oracle missed a deliberately corrupted frame": not figures["oracle_self_test"],
    }
    return machine_reasons(figures, cores, troubles) + [reason for reason, is_against in checks.items() if is_against]


def machine_reasons(figures: dict[str, Any], cores: int, troubles: list[str]) -> list[str]:
    """Say what spoiled a run, whichever server it was: troubles, a generator short of CPU, a core that was shared."""
    lateness_ms, cpu = figures["generator_lateness_ms"]["p99"], figures["generator_cpu"] / cores
    waited = figures["server_waited"] or 0.0  # of a server elsewhere nobody can know
    checks = {
        f"{len(troubles)} troubles, the first: {troubles[:1]}": bool(troubles),
        f"the generator sent {lateness_ms} ms late (p99), {MAX_LATENESS_MS:g} ms is the most that is fair": (
            lateness_ms is None or lateness_ms > MAX_LATENESS_MS
        ),
        f"the generator used {cpu:.0%} of the cores it may use": cpu > MAX_GENERATOR_CPU,
        f"the server waited for its core {waited:.0%} of the time: something else ran there": (
            waited > MAX_SERVER_WAITED
        ),
    }
    return [reason for reason, is_against in checks.items() if is_against]


def per(total: float, count: int) -> float | None:
    """Divide a total by what it is for; None where there is nothing of that, or the total is not known."""
    return known(total / count) if count else None


def known(value: float) -> float | None:
    """Round a figure; None for one that is not known."""
    return None if isnan(value) else round(value, 4)


def spread(values: NDArray[np.float64]) -> dict[str, float | None]:
    """Describe values by their median, their 99th percentile and the largest."""
    if not len(values):
        return {"p50": None, "p99": None, "max": None}
    p50, p99 = np.percentile(values, (50, 99))
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "max": round(float(values.max()), 3)}


def percentiles(values: NDArray[np.float64]) -> dict[str, float]:
    """Describe values by enough percentiles to draw how they are distributed; empty where there are none."""
    if not len(values):
        return {}
    found = np.percentile(values, PERCENTILES)
    return {f"{at:g}": round(float(value), 2) for at, value in zip(PERCENTILES, found, strict=True)}
