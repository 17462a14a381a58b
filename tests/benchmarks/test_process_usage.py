"""CPU time and memory are read as the kernel counts them."""

from __future__ import annotations

import mmap
import os
import time

from benchmarks.process_usage import cpu_time, resident_kib


def test_work_is_counted() -> None:
    """A process that computes uses CPU time; the difference of two readings says how much, over how long."""
    before = cpu_time(os.getpid())
    spent = time.process_time()
    while time.process_time() - spent < 0.15:
        pass
    used = cpu_time(os.getpid()).since(before)
    assert 0.1 <= used.used <= used.at + 0.05
    assert 0 <= used.waited <= used.at


def test_memory_in_use_is_counted() -> None:
    """Sixteen megabytes that are written to are seen, give or take what else the process does."""
    before = resident_kib(os.getpid())
    with mmap.mmap(-1, 16 << 20) as taken:  # fresh pages: a bytearray may get what the process has freed
        for _ in range(16):
            taken.write(b"x" * (1 << 20))
        assert 12 << 10 < resident_kib(os.getpid()) - before < 24 << 10
