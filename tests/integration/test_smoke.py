"""The benchmark end to end, plaza and crush: a real server, a real generator, and an oracle that finds nothing to say.

What fails here is wrong results, never speed: a run that does not count because the machine is busy is fine, one with a
violation, a missed self-test or other counts than the oracle's is not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.benchmarks.compiler import needs_compiler
from tests.benchmarks.outcomes import reasons_beside_the_machine
from tests.benchmarks.schema import faults

pytestmark = needs_compiler

PEOPLE, GENERATORS = 60, 2
COMMON = f"--avatars {PEOPLE} --seconds 3 --warmup 1 --generators {GENERATORS}"
ANYWHERE = "--server-cpu any --generator-cpu any --json"


class Outcome(NamedTuple):
    """What a run left: how it ended, and what it printed."""

    done: subprocess.CompletedProcess[str]
    result: Any


def run(scenario: str) -> Outcome:
    """Run a scenario once, small and short, wherever there is a core."""
    words = [scenario, *COMMON.split(), *ANYWHERE.split()]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], capture_output=True, check=False, text=True, timeout=120
    )
    assert done.stdout, done.stderr
    return Outcome(done, json.loads(done.stdout))


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """Run both at the same time, since they mostly wait."""
    names = ("plaza", "crush")
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(run, names), strict=True))


@pytest.fixture(params=["plaza", "crush"])
def outcome(request: pytest.FixtureRequest, outcomes: dict[str, Outcome]) -> Outcome:
    """Take one of them."""
    return outcomes[request.param]


def test_one_object_is_printed(outcome: Outcome) -> None:
    """Exactly one JSON object on stdout, as the schema says; words for people go elsewhere."""
    assert outcome.done.stdout.count("\n}") == 1
    assert faults(outcome.result) == []
    assert "measuring" in outcome.done.stderr


def test_nothing_is_wrong_but_the_machine(outcome: Outcome) -> None:
    """Valid, or else for reasons of the machine; and the exit code says which."""
    assert reasons_beside_the_machine(outcome.result) == []
    assert outcome.done.returncode == (1 if outcome.result["invalid"] else 0)


def test_what_was_due_was_delivered(outcome: Outcome) -> None:
    """Within one per cent, with no violation over every observer and tick, by an oracle that bites."""
    result = outcome.result
    assert result["updates_delivered"] == pytest.approx(result["updates_expected"], rel=0.01)
    assert result["updates_expected"] > 40_000
    assert result["oracle_violations"] == 0, result["oracle_first_violations"]
    assert result["oracle_self_test"] is True
    assert result["oracle_comparisons"] > 40_000
    assert result["oracle_digest_comparisons"] == pytest.approx(result["snapshots"], rel=0.01)
    assert result["troubles"] == 0


def test_everybody_is_told_at_every_tick(outcome: Outcome) -> None:
    """All of them walk about, so that each snapshot has something to say; and everybody has others in sight."""
    result = outcome.result
    assert result["snapshots"] == pytest.approx(result["ticks"] * PEOPLE, rel=0.02)
    assert 20 < result["neighbours_mean"] < PEOPLE


def test_errors_and_bytes_are_within_bounds(outcome: Outcome) -> None:
    """What quantisation and records cost does not depend on the machine."""
    result = outcome.result
    assert result["pose_error"]["max_mm"] <= 1
    assert result["pose_error"]["max_degrees"] <= 0.5
    assert 4 <= result["bytes_per_update"] <= 6
