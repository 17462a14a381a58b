"""What a result says of the commit it was measured at."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import environment
from benchmarks.environment import describe_environment


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, as nobody in particular."""
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    done = subprocess.run(["git", "-C", str(folder), *who, *words], capture_output=True, check=True, text=True)
    return done.stdout.strip()


def test_a_commit_is_marked_where_what_is_measured_differs_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results and pages may be written meanwhile: the next result is of the same commit. A source may not."""
    monkeypatch.setattr(environment, "_ROOT", tmp_path)
    assert describe_environment()["commit"] is None
    files = [tmp_path / name for name in ("server.py", "docs/page.md", "benchmarks/results/plaza.json")]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("as committed")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "all")
    commit = git(tmp_path, "rev-parse", "HEAD")[:12]
    for path in files[1:]:
        path.write_text("renewed")
    assert describe_environment()["commit"] == commit
    files[0].write_text("changed")
    assert describe_environment()["commit"] == f"{commit}+"
