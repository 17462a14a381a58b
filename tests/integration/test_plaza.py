"""The benchmark end to end: a real server, a real generator, and an oracle that finds nothing to say."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.benchmarks.compiler import needs_compiler
from tests.benchmarks.outcomes import reasons_beside_the_machine

pytestmark = needs_compiler


@pytest.fixture(scope="module")
def outcome() -> subprocess.CompletedProcess[str]:
    """Run the plaza once, small and short, wherever there is a core."""
    words = "plaza --avatars 40 --seconds 2 --warmup 1 --server-cpu any --generator-cpu any --generators 2 --json"
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words.split()], capture_output=True, check=False, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def result(outcome: subprocess.CompletedProcess[str]) -> Any:
    """Parse what was printed."""
    return json.loads(outcome.stdout)


def test_one_object_is_printed(outcome: subprocess.CompletedProcess[str], result: dict[str, Any]) -> None:
    """Exactly one JSON object on stdout; words for people go elsewhere."""
    assert outcome.stdout.count("\n}") == 1
    assert set(result) >= {
        "updates_expected",
        "updates_delivered",
        "updates_coalesced",
        "cpu_us_per_update",
        "bytes_per_update",
        "latency_ms",
        "pose_error",
        "oracle_comparisons",
        "oracle_violations",
        "oracle_self_test",
        "generator_cpu",
        "generator_lateness_ms",
        "invalid",
    }
    assert "measuring" in outcome.stderr


def test_nothing_is_wrong_but_the_machine(outcome: subprocess.CompletedProcess[str], result: dict[str, Any]) -> None:
    """Valid, or else for reasons of the machine; and the exit code says which."""
    assert reasons_beside_the_machine(result) == []
    assert outcome.returncode == (1 if result["invalid"] else 0)


def test_what_was_due_was_delivered(result: dict[str, Any]) -> None:
    """Within one per cent, with no violation over every observer and tick, by an oracle that bites."""
    assert result["updates_delivered"] == pytest.approx(result["updates_expected"], rel=0.01)
    assert result["updates_expected"] > 10_000
    assert result["oracle_violations"] == 0
    assert result["oracle_self_test"] is True
    assert result["oracle_comparisons"] > 10_000


def test_errors_and_bytes_are_within_bounds(result: dict[str, Any]) -> None:
    """What quantisation and records cost does not depend on the machine."""
    assert result["pose_error"]["max_mm"] <= 1
    assert result["pose_error"]["max_degrees"] <= 0.5
    assert 10 <= result["bytes_per_update"] <= 12
