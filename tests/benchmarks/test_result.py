"""A run that cannot be trusted says why, and one that can says nothing."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from benchmarks.oracle import Violation
from benchmarks.plan import Log
from benchmarks.process_usage import CpuTime
from benchmarks.result import Measurement, describe, reasons_against
from benchmarks.sampled_oracle import Verdict
from benchmarks.scenario import Findings
from benchmarks.tick_times import TickTimes


def figures(**changed: Any) -> dict[str, Any]:
    """Make the figures of a good run, but for what is changed."""
    good = {
        "updates_expected": 1000,
        "updates_delivered": 999,
        "oracle_comparisons": 1000,
        "oracle_digest_comparisons": 50,
        "oracle_self_test": True,
        "server_waited": 0.01,
        "generator_cpu": 0.4,
        "generator_lateness_ms": {"p50": 0.5, "p99": 2.0, "max": 30.0},
    }
    return good | changed


def test_a_good_run_counts() -> None:
    """Nothing speaks against it."""
    assert reasons_against(figures(), 1, []) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"updates_delivered": 0}, "no updates"),
        ({"updates_expected": 0}, "no updates"),
        ({"generator_lateness_ms": {"p50": 1, "p99": 10.1, "max": 11}}, "10.1 ms late"),
        ({"generator_lateness_ms": {"p50": None, "p99": None, "max": None}}, "None ms late"),
        ({"generator_cpu": 0.95}, "the generator used 95%"),
        ({"server_waited": 0.2}, "the server waited for its core 20%"),
        ({"oracle_comparisons": 0}, "the oracle compared nothing"),
        ({"oracle_digest_comparisons": 0}, "the oracle compared nothing"),
        ({"oracle_self_test": False}, "deliberately corrupted"),
    ],
)
def test_what_speaks_against_a_run_is_said(changed: dict[str, Any], reason: str) -> None:
    """Each reason alone is enough, and is given in words."""
    (said,) = reasons_against(figures(**changed), 1, [])
    assert reason in said


def test_where_nobody_moves_there_need_be_no_updates() -> None:
    """And everything else still counts."""
    still = figures(updates_expected=0, updates_delivered=0)
    assert reasons_against(still, 1, [], is_lively=False) == []
    assert len(reasons_against(still | {"oracle_self_test": False}, 1, [], is_lively=False)) == 1


def test_troubles_speak_against_a_run() -> None:
    """A lost connection, a correction or an error in the server's log."""
    (said,) = reasons_against(figures(), 1, ["client 3: connection closed by the server", "another"])
    assert "2 troubles" in said
    assert "client 3" in said


def test_two_unpinned_generators_may_use_two_cores() -> None:
    """Saturation is relative to what the generator may use."""
    assert reasons_against(figures(generator_cpu=1.5), 2, []) == []


def measured(verdict: Verdict, findings: Findings | None = None) -> dict[str, Any]:
    """Describe a run of three clients over four steps: two are warm-up, and in the others one has nothing to say."""
    lateness = np.array([[9, 9, 9], [9, 9, 9], [1, 2, -1], [3, 4, -1]]) * 1_000_000
    log = Log(
        frames=np.zeros((0, 9), np.int64),
        sampled={},
        visits={},
        lateness_ns=lateness,
        cpu_ns=500_000_000,
        troubles=[],
        radius_mm=10_000,
        tick_hz=20,
    )
    return describe(
        "plaza",
        {"avatars": 2},
        Measurement(
            verdict=verdict,
            logs=[log],
            measured_steps=(2, 4),
            server=CpuTime(2.0, 0.5, 0.02),
            ticks=TickTimes(np.array([1.0, 2.0, np.inf]), np.array([1, 38, 0])),
            server_growth_kib=100,
            generator_cores=1,
            seconds=2.0,
            troubles=[],
            is_lively=True,
            findings=findings or Findings(),
        ),
    )


def test_figures_are_ratios_of_what_was_measured() -> None:
    """Per update means per delivered update; CPU and bytes are those of the measured time."""
    verdict = Verdict(
        updates_expected=1010,
        updates_delivered=1000,
        snapshot_bytes=11_500,
        ticks=40,
        room_ms=2050,
        people=2,
        observations=80,
        neighbours=160,
        comparisons=10,
        digest_comparisons=80,
        is_self_test_caught=True,
        latency_ms=np.arange(101.0),
    )
    result = measured(verdict)
    assert result["invalid"] is None
    assert (result["cpu_us_per_update"], result["bytes_per_update"]) == (500.0, 11.5)
    assert result["latency_ms"] == {"p50": 50.0, "p99": 99.0, "max": 100.0}
    assert result["latency_percentiles_ms"]["5"] == 5.0
    assert list(map(float, result["latency_percentiles_ms"])) == sorted(map(float, result["latency_percentiles_ms"]))
    assert result["generator_lateness_ms"]["max"] == 4.0
    assert (result["server_cpu"], result["server_waited"], result["generator_cpu"]) == (0.25, 0.01, 0.25)
    assert (result["ticks_skipped"], result["neighbours_mean"]) == (2, 2.0)
    assert result["server_memory_kib_per_avatar"] == 50.0
    assert result["tick_ms"] == {"p50": 2.0, "p99": 2.0, "max": 2.0}
    assert json.loads(json.dumps(result)) == result


def test_violations_are_counted_and_the_first_are_shown() -> None:
    """Thousands of them do not flood the result."""
    verdict = Verdict(violations=[Violation(tick, 1, "wrong") for tick in range(1000)])
    result = measured(verdict)
    assert result["oracle_violations"] == 1000
    assert result["oracle_first_violations"][1] == {"tick": 1, "observer": 1, "what": "wrong"}
    assert len(result["oracle_first_violations"]) < 10


def test_an_empty_run_is_invalid_and_still_describable() -> None:
    """Nothing measured divides nothing by nothing, and says so."""
    result = measured(Verdict())
    assert "no updates" in result["invalid"]
    assert result["cpu_us_per_update"] is None
    assert result["latency_ms"] == {"p50": None, "p99": None, "max": None}
    assert result["latency_percentiles_ms"] == {}


def test_what_a_scenario_finds_is_part_of_the_result() -> None:
    """Its figures, its violations and its reasons stand beside those of every run."""
    found = Findings({"all_in_s": 1.5}, [Violation(1, 2, "an id came back early")], ["somebody never came"])
    result = measured(Verdict(violations=[Violation(3, 4, "wrong")]), found)
    assert result["all_in_s"] == 1.5
    assert result["oracle_violations"] == 2
    assert result["invalid"].endswith("somebody never came")
