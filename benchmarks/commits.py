"""Runs two commits of this repository in turn, so that a machine that is busy for a while is busy for both.

Each commit is checked out into a folder of its own below build, and measures itself there, with its own generator and
oracle, by the Python that runs this. Which of the two is first changes from pair to pair.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.comparison import MIN_PAIRS, compare
from benchmarks.environment import describe_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.comparison import Result, Run
    from benchmarks.progress import Progress

_ROOT = Path(__file__).resolve().parents[1]
_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Turns:
    """What is asked for: how many pairs of what. avatars of 0 leaves the plaza out, and compares stages alone."""

    pairs: int = 10
    avatars: int = 300
    seconds: float = 8.0
    stage_avatars: int = 500
    ticks: int = 60

    def __post_init__(self) -> None:
        """Refuse what would say nothing, as ValueError."""
        if self.pairs < MIN_PAIRS:
            raise ValueError(f"pairs is {self.pairs}, it must be at least {MIN_PAIRS}: fewer can prove nothing")

    def commands(self) -> list[list[str]]:
        """List what one turn of one version is, as words for its own `python -m benchmarks`."""
        stages = ["stages", "--avatars", str(self.stage_avatars), "--ticks", str(self.ticks), "--json"]
        plaza = ["plaza", "--avatars", str(self.avatars), "--seconds", str(self.seconds), "--json"]
        return [stages, plaza] if self.avatars else [stages]


def compare_commits(old: str, new: str, asked: Turns, progress: Progress) -> Result:
    """Compare two commits. Raises ValueError for what git does not know."""
    with _checked_out(old, "old") as before, _checked_out(new, "new") as after:
        return compare_trees(before, after, asked, progress) | {
            "parameters": asdict(asked) | {"old": _git("rev-parse", old), "new": _git("rev-parse", new)}
        }


def compare_trees(old: Path, new: Path, asked: Turns, progress: Progress) -> Result:
    """Compare two checkouts. A pair with a run that does not count is made again, once for each pair asked for."""
    kept: list[tuple[Run, Run]] = []
    refused: list[str] = []
    with progress.stage("running pairs in turn", asked.pairs) as advance:
        for number in range(2 * asked.pairs):
            if len(kept) == asked.pairs:
                break
            order = (old, new) if number % 2 == 0 else (new, old)
            turns = {tree: [_result(tree, words) for words in asked.commands()] for tree in order}
            against = [result["invalid"] for turn in turns.values() for result in turn if result["invalid"]]
            refused += against
            if not against:
                kept.append((turns[old], turns[new]))
            advance(len(kept))
    if len(kept) < MIN_PAIRS:
        raise RuntimeError(f"only {len(kept)} pairs of runs counted; the last reason: {refused[-1]}")
    return {
        "scenario": "compare",
        "invalid": None,
        **compare([pair[0] for pair in kept], [pair[1] for pair in kept]),
        "pairs_refused": len(refused),
        "runs": {"old": [pair[0] for pair in kept], "new": [pair[1] for pair in kept]},
        "parameters": asdict(asked),
        "environment": describe_environment(),
    }


def compare_files(old: Path, new: Path) -> Result:
    """Compare two files of results: of one run each, or lists of runs that took turns. Raises ValueError."""
    runs = [_turns(path) for path in (old, new)]
    if len(runs[0]) != len(runs[1]):
        raise ValueError(f"{old} has {len(runs[0])} runs and {new} has {len(runs[1])}: they cannot have taken turns")
    against = [
        f"{path}: {each['invalid']}"
        for path, turns in zip((old, new), runs, strict=True)
        for turn in turns
        for each in turn
        if each["invalid"]
    ]
    return {
        "scenario": "compare",
        "invalid": "; ".join(against) or None,
        **compare(*runs),
        "parameters": {"old": str(old), "new": str(new)},
        "environment": describe_environment(),
    }


def read(path: Path) -> Any:
    """Read a file of results. Raises ValueError where that is not what it is."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ValueError(f"{path} cannot be read: {problem}") from None


def _turns(path: Path) -> list[Run]:
    found = read(path)
    each = found if isinstance(found, list) else [found]
    return [turn if isinstance(turn, list) else [turn] for turn in each]


def _result(tree: Path, words: Sequence[str]) -> Result:
    """Let a checkout measure itself. A run that ends without a result counts as invalid."""
    command = [sys.executable, "-m", "benchmarks", *words]
    done = subprocess.run(command, cwd=tree, capture_output=True, check=False, text=True, timeout=_TIMEOUT_S)
    if not done.stdout:
        return {"scenario": words[0], "invalid": done.stderr.strip()[-300:] or "it said nothing"}
    result: Result = json.loads(done.stdout)
    return result


@contextmanager
def _checked_out(commit: str, name: str) -> Iterator[Path]:
    """Check a commit out beside this checkout, while it is needed."""
    folder = _ROOT / "build/commits" / name
    _git("worktree", "prune")
    _git("worktree", "add", "--force", "--detach", str(folder), commit)
    try:
        yield folder
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(_ROOT), *words], capture_output=True, check=False, text=True)  # noqa: S607
    if done.returncode:
        raise ValueError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
