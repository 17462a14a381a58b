"""The published schema of results is a schema, fits what is really printed, and refuses what is not a result."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from benchmarks import capacity
from benchmarks.__main__ import main
from benchmarks.parameters import Parameters
from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.measure import beside, own_figures, unmeasured
from benchmarks.progress import Progress
from benchmarks.scenarios import SCENARIOS
from tests.benchmarks.compiler import needs_compiler
from tests.benchmarks.schema import SCHEMA, faults

ASKED = Parameters(avatars=8, seconds=1.0, warmup=0.5, server_cpu=None, generator_cpu=None)
PLAZA = "plaza --avatars 8 --seconds 1 --warmup 0.5 --server-cpu any --generator-cpu any --json"
STAGES = "stages --avatars 20 70000 --ticks 6 --cpu any --json"


@pytest.fixture(scope="module")
def plaza() -> Any:
    """Run a small plaza, and read what it prints."""
    return printed_by(PLAZA)


def printed_by(words: str) -> Any:
    """Carry out a command, and read what it prints."""
    with redirect_stdout(StringIO()) as out:
        main(words.split())
    return json.loads(out.getvalue())


def printed(result: Any) -> Any:
    """Write a result and read it again."""
    return json.loads(json.dumps(result))


def test_the_schema_is_one() -> None:
    """By the rules of its own schema, with every reference to something that is there."""
    Draft202012Validator.check_schema(SCHEMA)
    named = {each.split('"')[0] for each in json.dumps(SCHEMA).split("#/$defs/")[1:]}
    assert named <= SCHEMA["$defs"].keys()


def test_every_scenario_is_in_it() -> None:
    """And none that there is not."""
    assert set(SCHEMA["$defs"]["run"]["properties"]["scenario"]["enum"]) == SCENARIOS.keys()


@needs_compiler
def test_a_run_fits(plaza: Any) -> None:
    """The other scenarios, shares and soaks are checked where they are run."""
    assert faults(plaza) == []


@needs_compiler
def test_servers_side_by_side_fit(plaza: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was measured, and one that could not be had."""
    gone, own = unmeasured("a server", RuntimeError("no Node here")), own_figures(plaza)
    monkeypatch.setattr("benchmarks.peers.measure.measured", lambda peer, *_: gone if peer.name == "ws" else own)
    result = beside(plaza, [PEERS["ws"], PEERS["picows"]], SCENARIOS["plaza"], ASKED, Progress())
    assert set(result["peers"]) == {"presence", "ws", "picows"}
    assert faults(printed(result)) == []


@needs_compiler
def test_a_capacity_fits(plaza: Any) -> None:
    """Of a server that was measured once, and is as good up to a size."""
    own = own_figures(plaza) | {"valid": True, "invalid": None, "wrong": 0, "delivered_share": 1.0}

    def measure(people: int) -> dict[str, Any]:
        return own | {"latency_ms": {"p50": 1.0, "p99": 50.0 if people < 300 else 500.0, "max": 600.0}}

    found = capacity.find(measure, capacity.Promise(), capacity.Search(200, 2))
    asked = {"seconds": 1.0, "warmup": 1.0, "start": {"presence": 200}, "repeats": 2}
    result = capacity.describe({"presence": found}, "plaza", capacity.Promise(), asked)
    assert faults(printed(result)) == []


@needs_compiler
def test_stages_and_their_comparison_fit(plaza: Any, tmp_path: Path) -> None:
    """With a size that cannot be had."""
    timed = printed_by(STAGES)
    assert faults(timed) == []
    for name in ("old", "new"):
        (tmp_path / name).write_text(json.dumps([[timed, plaza]] * 6), "utf-8")
    compared = printed_by(f"compare {tmp_path}/old {tmp_path}/new --json")
    assert compared["figures"]
    assert faults(compared) == []


@needs_compiler
@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda told: told.pop("oracle_violations"), "'oracle_violations' is a required property"),
        (lambda told: told["environment"].pop("commit"), "'commit' is a required property"),
        (lambda told: told.update(oracle_violations=-1), "-1 is less than the minimum"),
        (lambda told: told.update(invalid=""), "'' "),
        (lambda told: told.update(speed=1), "'speed' was unexpected"),
        (lambda told: told["latency_ms"].update(p99="fast"), "'fast' is not of type"),
        (lambda told: told["latency_percentiles_ms"].update(best=1), "'best' does not match"),
        (lambda told: told["parameters"].pop("warmup"), "'warmup' is a required property"),
    ],
)
def test_what_is_no_result_does_not_fit(plaza: Any, spoil: Callable[[Any], object], fault: str) -> None:
    """A schema that takes anything would be worth nothing."""
    told = copy.deepcopy(plaza)
    spoil(told)
    found = faults(told)
    assert len(found) == 1
    assert fault in found[0]
