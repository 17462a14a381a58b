"""What a server leaves behind is found, and nothing is found where it leaves nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from benchmarks.__main__ import BAD_USAGE, FAILED, main
from benchmarks.restless import PEOPLE, Lap
from benchmarks.soak import EMPTY_ROOM_S, Sample, left_behind, memory_left, memory_trend, print_soak, rooms_left
from benchmarks.trend import Trend
from tests.benchmarks.compiler import needs_compiler
from tests.benchmarks.schema import faults

EMPTY = Sample(at_s=0, memory_mib=180, open_files=20, sessions=0, rooms=1, gc_collections=0, gc_paused_ms=0)


def held(at_s: float = 1000, **more: Any) -> Sample:
    """Make a sample, like that of an empty server unless told otherwise."""
    return EMPTY._replace(at_s=at_s, **more)


def test_nothing_is_left_where_everybody_has_gone() -> None:
    """A few restless people may be there between rounds."""
    assert left_behind(EMPTY, [held(open_files=20 + 2 * PEOPLE, sessions=PEOPLE)], held()) == []


def test_descriptors_that_stay_open_are_found() -> None:
    """Between rounds, and at the end, when nobody is there to need one."""
    assert left_behind(EMPTY, [held(open_files=40)], held()) == ["40 descriptors after 1000 s, 34 would be fair"]
    assert left_behind(EMPTY, [], held(open_files=29)) == ["29 descriptors after 1000 s, 28 would be fair"]


def test_sessions_that_stay_are_found() -> None:
    """Seats of those who did not come back are free by then."""
    assert left_behind(EMPTY, [], held(sessions=2)) == ["2 sessions when everybody had gone"]


def test_rooms_may_stay_for_a_minute_after_the_last_has_left() -> None:
    """And no longer; rooms that are there from the start do not count."""
    laps = [Lap(100.0 + second, 110.0 + second) for second in range(5)]
    soon, late = 20.0, 10.0 + 5 + EMPTY_ROOM_S + 5
    assert rooms_left([EMPTY, held(soon, rooms=6)], 100.0, laps) == []
    assert rooms_left([EMPTY, held(late, rooms=1)], 100.0, laps) == []
    assert rooms_left([EMPTY, held(late, rooms=6)], 100.0, laps) == ["6 rooms after 80 s, 2 would be fair"]


def test_memory_that_grows_for_sure_is_found() -> None:
    """After the warm-up, which is steeper; a slope that may be chance is not held against anybody."""
    warm = [held(second, memory_mib=180 + second) for second in range(60)]
    late = [held(60 + second, memory_mib=240 + second / 60 + 0.1 * (second % 3)) for second in range(120)]
    growth = memory_trend(warm + late, 60)
    assert growth is not None
    assert growth.slope == pytest.approx(60, rel=0.1)
    assert memory_left(growth, 100) == []
    assert memory_left(growth, 20)[0].endswith("MiB an hour at least, 20 would be fair")
    assert memory_left(Trend(1000, 5, 2000), 20) == []
    assert memory_left(None, 20) == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("--avatars 1 --minutes 1", "avatars is 1"),
        ("--avatars 5 --minutes 0", "minutes is 0"),
        ("--avatars 5 --minutes 1 --rate 0", "rate is 0"),
    ],
)
def test_what_cannot_be_soaked_is_refused(words: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything starts."""
    assert main(["soak", *words.split(), "--server-cpu", "any", "--generator-cpu", "any"]) == BAD_USAGE
    assert problem in capsys.readouterr().err


# --- end to end -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcome() -> tuple[int, Any]:
    """Soak a real server for some seconds: two rounds. Returns exit code and result."""
    words = "soak --avatars 8 --minutes 0.15 --rate 3 --round-s 3 --every-s 0.5 --server-cpu any --generator-cpu any"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words.split(), "--json"],
        capture_output=True,
        check=False,
        text=True,
        timeout=150,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@needs_compiler
def test_a_server_leaves_nothing_behind(outcome: tuple[int, Any]) -> None:
    """Nor does it wrong anybody; a busy machine spoils the timing of rounds, and not the soak."""
    code, result = outcome
    assert faults(result) == []
    assert (result["invalid"], result["leaks"]) == (None, [])
    assert code == 0
    assert result["oracle_violations"] == 0, result["oracle_first_violations"]
    assert result["oracle_self_test"] is True
    assert result["oracle_comparisons"] > 1000
    assert result["rounds"] >= 1
    assert result["resumes"] >= 2
    assert result["rooms_made"] >= result["rounds"] + 2


@needs_compiler
def test_it_was_watched_all_the_time(outcome: tuple[int, Any]) -> None:
    """Every half second, while people came and rooms were made."""
    series = outcome[1]["series"]
    assert len({len(column) for column in series.values()}) == 1
    assert len(series["at_s"]) > 8
    assert max(series["sessions"]) >= 8
    assert max(series["rooms"]) > series["rooms"][0]
    assert all(memory > 50 for memory in series["memory_mib"])
    assert outcome[1]["memory_mib_per_hour"] is None  # seconds say nothing about hours


@needs_compiler
def test_a_person_is_told_the_same(
    outcome: tuple[int, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a table; leaks are said first."""
    monkeypatch.setenv("COLUMNS", "200")
    print_soak(outcome[1] | {"leaks": ["9 sessions"], "memory_mib_per_hour": {"slope": 3.2, "low": 1.0, "high": 5.4}})
    said = capsys.readouterr().out
    assert said.startswith("Left behind: 9 sessions")
    assert "3.2 MiB an hour (1.0 to 5.4)" in said


def test_what_is_left_behind_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """By the exit code, whatever the oracle says."""
    found = {"invalid": None, "oracle_violations": 0, "leaks": ["9 sessions when everybody had gone"]}
    monkeypatch.setattr("benchmarks.soak.run", lambda _asked, _progress: found)
    words = "soak --avatars 5 --minutes 1 --server-cpu any --generator-cpu any --json"
    assert main(words.split()) == FAILED
    assert "9 sessions" in capsys.readouterr().out
