"""How much CPU and memory a process used, and how long it waited for a core, as the kernel counts it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

# Fields 14 and 15 of /proc/PID/stat, utime and stime, counted behind the command's closing bracket (field 2).
_UTIME, _STIME = 11, 12
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_RESIDENT = 1  # field 2 of /proc/PID/statm, in pages
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(frozen=True, slots=True)
class CpuTime:
    """A reading, or the difference of two, in seconds.

    used: user and system time of all threads, in steps of 10 ms on most kernels. waited: how long the main thread was
    ready to run while its core did something else; 0 where the kernel does not say. NaN for what is not known.
    """

    at: float
    used: float
    waited: float

    def since(self, earlier: CpuTime) -> CpuTime:
        """Return what was used and waited between two readings; `at` becomes the time between them."""
        return CpuTime(self.at - earlier.at, self.used - earlier.used, self.waited - earlier.waited)


def cpu_time(pid: int) -> CpuTime:
    """Read a process's clocks."""
    process = Path("/proc") / str(pid)
    fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    used = (int(fields[_UTIME]) + int(fields[_STIME])) / _CLOCK_TICKS
    try:
        waited = int((process / "schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except FileNotFoundError:
        waited = 0.0
    return CpuTime(time.monotonic(), used, waited)


def resident_kib(pid: int) -> int:
    """Read how much of a process's memory is in RAM, in KiB."""
    fields = (Path("/proc") / str(pid) / "statm").read_text(encoding="ascii").split()
    return int(fields[_RESIDENT]) * _PAGE_KIB
