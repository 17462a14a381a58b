"""Peers in a result: the same keys for each, ratios to ours, and reasons where there is no figure."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from benchmarks.parameters import Parameters
from benchmarks.peers import measure
from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.installation import PeerError
from benchmarks.peers.measure import KEYS, beside
from benchmarks.progress import Progress
from benchmarks.scenarios import SCENARIOS

SOME = {"p50": 1.0, "p99": 2.0, "max": 3.0}
RESULT: dict[str, Any] = {
    "invalid": None,
    "cpu_us_per_update": 0.5,
    "bytes_per_update": 11.0,
    "latency_ms": SOME,
    "latency_percentiles_ms": {"50": 1.0},
    "updates_expected": 1000,
    "updates_delivered": 990,
    "updates_coalesced": 3,
    "neighbours_mean": 35.0,
    "oracle_violations": 0,
    "server_cpu": 0.5,
    "server_waited": 0.0,
    "tick_ms": SOME,
    "generator_cpu": 0.4,
    "generator_lateness_ms": SOME,
    "environment": {"packages": {"numpy": "2"}},
}
ASKED = Parameters(avatars=4, seconds=1, server_cpu=None, generator_cpu=None)


def told(monkeypatch: pytest.MonkeyPatch, outcome: Any) -> dict[str, Any]:
    """Say what stands under `peers` when a run of `ws` ends like that."""

    def run(*_arguments: Any) -> dict[str, Any]:
        if isinstance(outcome, Exception):
            raise outcome
        return dict(outcome)

    monkeypatch.setattr(measure, "run", run)
    peers: dict[str, Any] = beside(RESULT, [PEERS["ws"]], SCENARIOS["plaza"], ASKED, Progress())["peers"]
    assert [tuple(sorted(each)) for each in peers.values()] == [tuple(sorted(KEYS))] * 2
    return peers


def test_ratios_say_how_many_times_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 1 is more than ours."""
    ran = dict.fromkeys(KEYS[:-2]) | {"valid": True, "cpu_us_per_update": 1.5, "bytes_per_update": 16.5}
    peers = told(monkeypatch, ran)
    assert peers["ws"]["cpu_to_presence"] == 3.0
    assert peers["ws"]["bytes_to_presence"] == 1.5
    assert peers["presence"]["delivered_share"] == 0.99
    assert peers["presence"]["cpu_to_presence"] == 1.0


@pytest.mark.parametrize("failure", [PeerError("no Node here"), RuntimeError("nobody more got in")])
def test_a_peer_that_cannot_be_measured_says_why(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """And spoils nothing else."""
    peers = told(monkeypatch, failure)
    assert (peers["ws"]["valid"], peers["ws"]["invalid"]) == (False, str(failure))
    assert peers["ws"]["cpu_us_per_update"] is None
    assert peers["presence"]["valid"]


@pytest.mark.long
def test_every_peer_serves_a_few_people() -> None:
    """Installed for real: each delivers what is due, tells nobody of who is far, and counts but for the machine."""
    words = "plaza --avatars 40 --seconds 3 --warmup 2 --peers all --json --server-cpu any --generator-cpu any"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words.split()], capture_output=True, check=False, text=True, timeout=900
    )
    assert done.stdout, done.stderr
    for name, peer in json.loads(done.stdout)["peers"].items():
        assert peer["updates_delivered"] > 1000, (name, peer["invalid"])
        assert peer["delivered_share"] > 0.95, name
        assert peer["wrong"] == 0, name
        assert peer["valid"] or "server waited" in peer["invalid"] or "generator" in peer["invalid"], name
        assert 10 < peer["bytes_per_update"] < 100, name
