"""Every scenario end to end, as small as can be: real server, real generator, and an oracle with nothing to say."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from benchmarks.scenarios import SCENARIOS
from tests.benchmarks.compiler import needs_compiler
from tests.benchmarks.outcomes import reasons_beside_the_machine
from tests.benchmarks.schema import faults

pytestmark = needs_compiler

COMMON = "--avatars 12 --seconds 2 --warmup 1.5 --server-cpu any --generator-cpu any --json"
OF_THEIR_OWN = {
    "idle": "--seconds 11",
    "storm": "--joiners 8 --seconds 4",
    "churn": "--rate 4 --warmup 2.5",
    "slow": "--pairs 1 --slow-bytes 400 --seconds 1",
}
AT_ONCE = 4
ELSEWHERE = {"plaza", "crush"}  # tests/integration has them


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[int, Any]]:
    """Run them a few at a time, since they mostly wait. Returns exit code and result by scenario."""
    names = sorted(SCENARIOS.keys() - ELSEWHERE)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(names, pool.map(outcome, names), strict=True))


def outcome(name: str) -> tuple[int, Any]:
    """Run one scenario."""
    words = [name, *COMMON.split(), *OF_THEIR_OWN.get(name, "").split()]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], capture_output=True, check=False, text=True, timeout=150
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - ELSEWHERE))
def test_nothing_is_wrong_but_the_machine(name: str, outcomes: dict[str, tuple[int, Any]]) -> None:
    """Every scenario is valid, or else for reasons of the machine; its oracle bites and finds nothing."""
    code, result = outcomes[name]
    assert reasons_beside_the_machine(result) == []
    assert faults(result) == []
    assert result["oracle_violations"] == 0, result["oracle_first_violations"]
    assert result["oracle_self_test"] is True
    assert result["oracle_comparisons"] > 100
    assert result["server_memory_kib_per_avatar"] > 0
    assert code == (1 if result["invalid"] else 0)


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - ELSEWHERE - {"idle"}))
def test_what_was_due_was_delivered(name: str, outcomes: dict[str, tuple[int, Any]]) -> None:
    """Within a few enters, which come without a newer pose."""
    _, result = outcomes[name]
    assert result["updates_expected"] > 50
    assert 1 <= result["updates_delivered"] / result["updates_expected"] < 1.05
    assert result["pose_error"]["max_mm"] <= 1
    assert result["pose_error"]["max_degrees"] <= 0.5


def test_nothing_is_sent_to_who_stands_among_the_still(outcomes: dict[str, tuple[int, Any]]) -> None:
    """In the idle room there are no updates, and a snapshot comes every five seconds."""
    _, result = outcomes["idle"]
    assert result["updates_delivered"] == result["updates_expected"] == 0
    assert 12 <= result["snapshots"] <= 48


def test_a_tracked_update_has_head_and_hands(outcomes: dict[str, tuple[int, Any]]) -> None:
    """More than twice a root's eleven bytes, or half as much more where half the people have no headset."""
    assert 22 < outcomes["tracked"][1]["bytes_per_update"] < 40
    assert 14 < outcomes["assembly"][1]["bytes_per_update"] < 30


def test_scenarios_tell_what_they_are_about(outcomes: dict[str, tuple[int, Any]]) -> None:
    """The storm when all were in, the churn who came and went, slow readers what the others saw."""
    storm, churn, slow = (outcomes[name][1] for name in ("storm", "churn", "slow"))
    assert storm["storm"]["in"] == 8 or storm["invalid"]
    assert storm["storm"]["longest_gap_ms"] > 0
    assert storm["storm"]["oldest_sample_ms"] is not None
    assert churn["invalid"] or churn["churn"]["joins_per_s"] > 0 < churn["churn"]["leaves_per_s"]
    assert slow["others_p99_ratio"] > 0
    assert slow["slow"]["readers"] == 1
    assert storm["parameters"]["joiners"] == 8
    assert "joiners" not in churn["parameters"]
