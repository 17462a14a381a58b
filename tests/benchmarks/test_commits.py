"""Two checkouts take turns, bad runs are made again, and a stage made slower by a tenth is found."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from benchmarks import commits
from benchmarks.__main__ import BAD_USAGE, FAILED, main
from benchmarks.commits import Turns, compare_files, compare_trees
from benchmarks.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = Path("old"), Path("new")


def result(cpu_us: float, invalid: str | None = None) -> dict[str, Any]:
    """Make a plaza's result."""
    return {"scenario": "plaza", "invalid": invalid, "cpu_us_per_update": cpu_us, "bytes_per_update": 11.0}


class Machine:
    """Stands in for running a checkout."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, new_us: float = 1.0) -> None:
        self.turns: list[Path] = []
        self.spoilt: set[int] = set()
        self._new_us = new_us
        monkeypatch.setattr(commits, "_result", self.run)

    def run(self, tree: Path, words: list[str]) -> dict[str, Any]:
        """Run one command of one turn."""
        if words[0] == "stages":
            return {"scenario": "stages", "invalid": None, "rows": []}
        self.turns.append(tree)
        number = len(self.turns)
        noise = 1 + 0.01 * (number * 7 % 5)
        return result((self._new_us if tree == NEW else 1.0) * noise, "busy" if number in self.spoilt else None)


def test_versions_take_turns_at_being_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what the first run of a pair suffers, both suffer."""
    machine = Machine(monkeypatch)
    told = compare_trees(OLD, NEW, Turns(pairs=6), Progress())
    assert machine.turns == [OLD, NEW, NEW, OLD] * 3
    assert told["statistics"]["pairs"] == 6
    assert len(told["runs"]["old"]) == len(told["runs"]["new"]) == 6
    assert json.loads(json.dumps(told)) == told


def test_a_pair_with_a_bad_run_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """And counted; where nearly all are bad there is no verdict."""
    machine = Machine(monkeypatch)
    machine.spoilt = {2, 5}
    told = compare_trees(OLD, NEW, Turns(pairs=6), Progress())
    assert (told["statistics"]["pairs"], told["pairs_refused"]) == (6, 2)
    machine.spoilt = set(range(1000))
    with pytest.raises(RuntimeError, match=r"only 0 pairs of runs counted; the last reason: busy"):
        compare_trees(OLD, NEW, Turns(pairs=6), Progress())


def test_a_slower_version_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For a pipeline: exit code 1, and 0 where nothing differs."""
    files = [tmp_path / name for name in ("old.json", "new.json")]
    for path, cpu_us in zip(files, (1.0, 1.2), strict=True):
        path.write_text(json.dumps([result(cpu_us + 0.001 * k) for k in range(8)]))
    names = [str(path) for path in files]
    assert main(["compare", *names]) == FAILED
    assert main(["compare", *reversed(names)]) == 0
    monkeypatch.setattr(commits, "_checked_out", lambda _commit, name: nullcontext(Path(name)))
    monkeypatch.setattr(commits, "_git", lambda *words: words[-1])
    Machine(monkeypatch, new_us=1.3)
    assert main(["compare", "--commits", "a", "b", "--pairs", "6"]) == FAILED


def test_single_results_are_compared_without_a_verdict(tmp_path: Path) -> None:
    """One run each says how far apart they are, and not whether that is real; an invalid one says so."""
    old, new = tmp_path / "a.json", tmp_path / "b.json"
    old.write_text(json.dumps(result(1.0)))
    new.write_text(json.dumps(result(1.5, "late")))
    told = compare_files(old, new)
    assert told["figures"]["plaza CPU µs per update"]["ratio"] == 1.5
    assert told["verdict"] == "unknown"
    assert told["invalid"] == f"{new}: late"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "name two files"),
        (["missing.json", "missing.json"], "cannot be read"),
        (["--commits", "no-such-commit", "HEAD"], "git worktree"),
        (["--commits", "HEAD", "HEAD", "--pairs", "3"], "pairs is 3"),
    ],
)
def test_what_cannot_be_compared_is_said(words: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, with exit code 2."""
    assert main(["compare", *words]) == BAD_USAGE
    assert problem in capsys.readouterr().err


def test_lists_of_different_lengths_took_no_turns(tmp_path: Path) -> None:
    """Runs are paired in their order."""
    old, new = tmp_path / "a.json", tmp_path / "b.json"
    old.write_text(json.dumps([result(1.0)] * 3))
    new.write_text(json.dumps([result(1.0)] * 2))
    with pytest.raises(ValueError, match="taken turns"):
        compare_files(old, new)


SLOWER_ENCODE = """

import time as _time

_encode = Room.encode


def _slower(self):
    begin = _time.process_time_ns()
    told = _encode(self)
    until = begin + (_time.process_time_ns() - begin) * 1.1
    while _time.process_time_ns() < until:
        pass
    return told


Room.encode = _slower
"""


@pytest.mark.long
@pytest.mark.alone
def test_a_stage_made_slower_by_a_tenth_is_found(tmp_path: Path) -> None:
    """By running a checkout beside a copy in which one stage takes a tenth longer."""
    old, new = tmp_path / "old", tmp_path / "new"
    for tree in (old, new):
        for package in ("benchmarks", "presence", "protocol"):
            shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("web", "__pycache__"))
    with (new / "presence/room.py").open("a") as room:
        room.write(SLOWER_ENCODE)
    told = compare_trees(old, new, Turns(pairs=16, avatars=0), Progress())
    assert told["verdict"] == "slower"
    slower = [name for name, figure in told["figures"].items() if figure["verdict"] == "slower"]
    assert any("encode" in name for name in slower)
    assert all("encode" in name or "tick" in name for name in slower)
