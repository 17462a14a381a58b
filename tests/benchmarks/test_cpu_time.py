"""CPU time is read as the kernel counts it."""

from __future__ import annotations

import os
import time

from benchmarks.cpu_time import cpu_time


def test_work_is_counted() -> None:
    """A process that computes uses CPU time; the difference of two readings says how much, over how long."""
    before = cpu_time(os.getpid())
    spent = time.process_time()
    while time.process_time() - spent < 0.15:
        pass
    used = cpu_time(os.getpid()).since(before)
    assert 0.1 <= used.used <= used.at + 0.05
    assert 0 <= used.waited <= used.at
