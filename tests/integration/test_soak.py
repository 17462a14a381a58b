"""A server that is used for minutes leaves nothing behind, as far as minutes can tell."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.benchmarks.compiler import needs_compiler

pytestmark = [needs_compiler, pytest.mark.long]

# Ten a minute: what everybody who comes leaves behind shows in so short a time, a trickle does not. From 75 s on as
# many rooms are freed as are made.
LIMITS = "--most-mib-per-hour 600 --warmup-minutes 1.25"
LOAD = "--avatars 20 --minutes 2.3 --rate 4 --round-s 8 --every-s 1 --server-cpu any --generator-cpu any"


def test_two_minutes_of_coming_and_going_leave_nothing_behind() -> None:
    """Rooms are made and freed again, people are cut off and come back, and the oracle finds nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "soak", *LOAD.split(), *LIMITS.split(), "--json"],
        capture_output=True,
        check=False,
        text=True,
        timeout=400,
    )
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert (result["invalid"], result["leaks"], result["oracle_violations"]) == (None, [], 0)
    assert done.returncode == 0
    assert result["memory_mib_per_hour"] is not None
    assert result["rounds"] > 3
    assert result["resumes"] > 30
    assert result["series"]["rooms"][-1] < result["rooms_made"]  # some were freed
