"""Several machines load one server: each writes down what its clients saw, and all of it is judged as one run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import shares
from benchmarks.__main__ import BAD_USAGE, main
from benchmarks.evidence import gather
from benchmarks.expectations import FullRate
from benchmarks.plan import FIRST_SEQ, FRAME_COLUMNS, Log
from benchmarks.sampled_oracle import SampledOracle, Verdict
from benchmarks.server_process import ServerProcess, serving
from benchmarks.shares import Share
from tests.benchmarks.compiler import needs_compiler
from tests.benchmarks.outcomes import reasons_beside_the_machine
from tests.benchmarks.played import LEAD_NS, PERIOD_NS, WINDOW_NS, Run, play
from tests.benchmarks.schema import faults

PEOPLE = 10
ARRIVED = FRAME_COLUMNS.index("arrived_ns")
HEADER: dict[str, Any] = {
    "format": shares.FORMAT,
    "scenario": "plaza",
    "parameters": {"avatars": PEOPLE, "seconds": 1.0, "warmup": 1.0, "server_cpu": 0},
    "share": 1,
    "of": 2,
    "starts_at": 1000.0,
    "script": "0" * 16,
    "url": "ws://presence.example",
    "environment": {},
}


@pytest.fixture(scope="module")
def run() -> Run:
    """Let six people walk about; two of them keep everything."""
    return play(6, frozenset({0, 3}))


def part(log: Log, who: set[int], clock: int) -> Log:
    """Leave what some clients saw."""
    return replace(
        log,
        frames=log.frames[np.isin(log.frames[:, 0], list(who))],
        sampled={number: told for number, told in log.sampled.items() if number in who},
        visits={number: visit for number, visit in log.visits.items() if number in who},
        lateness_ns=log.lateness_ns[:, sorted(who)],
        clock=clock,
    )


def judged(run: Run, logs: list[Log]) -> Verdict:
    """Ask the oracle about several logs."""
    evidence = gather(run.people, logs, lambda _who, seq: (seq - FIRST_SEQ) * PERIOD_NS - LEAD_NS)
    return SampledOracle(evidence, FullRate(run.log.radius_mm), WINDOW_NS).replay()


def test_evidence_comes_back_as_it_was_written(run: Run, tmp_path: Path) -> None:
    """All of it; only its times count from the start."""
    file = tmp_path / "share"
    log = part(run.log, {0, 2, 4}, clock=0)
    shares.write(file, HEADER, log, start_ns=1_000)
    header, back = shares.read(file)
    assert header == HEADER
    assert np.array_equal(back.frames[:, ARRIVED], log.frames[:, ARRIVED] - 1_000)
    assert np.array_equal(np.delete(back.frames, ARRIVED, 1), np.delete(log.frames, ARRIVED, 1))
    assert back.sampled == {0: [(at - 1_000, data) for at, data in log.sampled[0]]}
    assert back.visits[2].joined_ns == log.visits[2].joined_ns - 1_000
    assert (back.visits[4].entity, back.visits[4].stops) == (log.visits[4].entity, log.visits[4].stops)
    assert np.array_equal(back.lateness_ns, log.lateness_ns)
    assert (back.radius_mm, back.tick_hz, back.troubles) == (log.radius_mm, log.tick_hz, [])


def test_shares_are_judged_together(run: Run) -> None:
    """Everybody's walk is needed, and known; the same is compared as if all had been on one machine."""
    whole = run.judged()
    parts = judged(run, [part(run.log, {0, 2, 4}, clock=0), part(run.log, {1, 3, 5}, clock=1)])
    assert parts.violations == []
    assert (parts.comparisons, parts.updates_delivered) == (whole.comparisons, whole.updates_delivered)
    assert parts.is_self_test_caught


def test_latency_counts_within_one_machine(run: Run) -> None:
    """Nothing is known of it across two clocks, and nothing is said."""
    whole = len(run.judged().latency_ms)
    halves = judged(run, [part(run.log, {0, 2, 4}, clock=0), part(run.log, {1, 3, 5}, clock=1)])
    alone = judged(run, [part(run.log, {number}, clock=number) for number in range(6)])
    assert 0 < len(halves.latency_ms) < whole
    assert len(alone.latency_ms) == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("0/2", "2030-01-31T12:00:00Z"), "must be like 1/3"),
        (("3/2", "2030-01-31T12:00:00Z"), "must be like 1/3"),
        (("half", "2030-01-31T12:00:00Z"), "must be like 1/3"),
        (("1/2", "noon"), "must be a time like"),
        (("1/2", "2030-01-31T12:00:00"), "must say its time zone"),
    ],
)
def test_a_share_is_a_part_and_a_moment(words: tuple[str, str], problem: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match=problem):
        Share.read(*words)


def test_machines_agree_on_the_room_by_the_start() -> None:
    """Whatever time zone they say it in."""
    one, other = Share.read("1/2", "2030-01-31T12:00:00Z"), Share.read("2/2", "2030-01-31T13:00:00+01:00")
    assert one.room("plaza", 1) == other.room("plaza", 1)
    assert one.room("plaza", 1) != Share.read("1/2", "2030-01-31T12:00:01Z").room("plaza", 1)


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"share": 1}, "needs each of them once, here are 1/2, 1/2"),
        ({"of": 3}, "differ in of"),
        ({"scenario": "crush"}, "differ in scenario"),
        ({"parameters": HEADER["parameters"] | {"seed": 2}}, "differ in parameters"),
        ({"starts_at": 1001.0}, "differ in starts_at"),
        ({"format": 0}, "has format 0"),
        ({"share": 2, "parameters": HEADER["parameters"] | {"server_cpu": 1}}, "people walk differently here"),
    ],
)
def test_what_does_not_belong_together_is_not_joined(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], other: dict[str, Any], problem: str
) -> None:
    """A judgement of two different runs would mean nothing; which core each machine used makes no difference."""
    files = [tmp_path / "one", tmp_path / "two"]
    for file, header in zip(files, (HEADER, HEADER | {"share": 2} | other), strict=True):
        shares.write(file, header, run.log, 0)
    assert main(["join", *map(str, files), "--json"]) == BAD_USAGE
    assert problem in capsys.readouterr().err


def test_what_is_no_evidence_is_refused(tmp_path: Path) -> None:
    """A pickle above all, which could do anything."""
    file = tmp_path / "share.npy"
    np.save(file, np.array([object()]), allow_pickle=True)
    with pytest.raises(ValueError, match="is no evidence"):
        shares.read(file)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """Run a server that all machines find."""
    with serving(PEOPLE, None, 10.0, []) as running:
        yield running


def words(server: ServerProcess, share: str, start: str, evidence: Path, scenario: str = "plaza") -> list[str]:
    """Word the command of one machine."""
    common = f"--avatars {PEOPLE} --seconds 1.5 --warmup 1 --generator-cpu any --server-cpu any --json"
    where = ["--url", f"ws://{server.where.authority}", "--evidence", str(evidence)]
    return [scenario, *common.split(), *where, "--share", share, "--start", start]


@needs_compiler
def test_two_generators_that_share_nothing_but_files(
    server: ServerProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Meet in one room at the agreed moment, and are judged as one run of everybody."""
    start = datetime.fromtimestamp(time.time() + 15, UTC).isoformat()
    files = [tmp_path / "one", tmp_path / "two"]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks", *words(server, f"{number}/2", start, file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, file in enumerate(files, 1)
    ]
    for each in running:
        out, err = each.communicate(timeout=90)
        assert each.returncode == 0, err
        assert json.loads(out)["invalid"] is None
    main(["join", *map(str, files), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert reasons_beside_the_machine(result) == []
    assert faults(result) == []
    assert result["oracle_violations"] == 0, result["oracle_first_violations"]
    assert result["oracle_self_test"] is True
    assert result["neighbours_mean"] > PEOPLE // 2  # they see each other across machines
    assert [each["share"] for each in result["shares"]] == ["1/2", "2/2"]
    assert result["server_cpu"] is None
    assert result["parameters"]["avatars"] == PEOPLE


@needs_compiler
@pytest.mark.parametrize(
    ("start", "scenario", "problem"),
    [("2001-01-01T00:00:00Z", "plaza", "too late for the agreed start"), ("2001-01-01T00:00:00Z", "slow", "several")],
)
def test_a_share_that_cannot_be_taken_says_so(
    server: ServerProcess,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    start: str,
    scenario: str,
    problem: str,
) -> None:
    """And writes nothing."""
    file = tmp_path / "share"
    assert main([*words(server, "1/1", start, file, scenario), "--rings", "off"]) != 0
    assert problem in capsys.readouterr().err
    assert not file.exists()


def test_a_share_needs_a_moment_and_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused before anybody comes."""
    asked = "plaza --avatars 4 --seconds 1 --server-cpu any --generator-cpu any --url ws://127.0.0.1:9 --share 1/2"
    assert main(asked.split()) == BAD_USAGE
    assert "--share needs --start and --evidence" in capsys.readouterr().err
