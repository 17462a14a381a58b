"""What can be known of a server's process while it is measured: from the kernel, or from its page of metrics.

What cannot be known is NaN, and becomes null in results.
"""

from __future__ import annotations

import time
import urllib.request
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Protocol

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.process_usage import CpuTime, cpu_time, resident_kib
from benchmarks.tick_times import TickTimes

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANSWER_S = 10.0


class Vitals(Protocol):
    """One server's."""

    def cpu(self) -> CpuTime:
        """Read its clocks."""

    def resident_kib(self) -> float:
        """Read how much memory it has in RAM."""

    def ticks(self) -> TickTimes:
        """Read how long all its ticks took so far."""


@dataclass(frozen=True, slots=True)
class OfProcess:
    """Those of a process on this machine. metrics_url: where it tells of its ticks; None for one that does not."""

    pid: int
    metrics_url: str | None = None

    def cpu(self) -> CpuTime:
        """Read its clocks."""
        return cpu_time(self.pid)

    def resident_kib(self) -> float:
        """Read how much memory it has in RAM."""
        return resident_kib(self.pid)

    def ticks(self) -> TickTimes:
        """Read how long all its ticks took so far."""
        return _ticks(self.metrics_url)


@dataclass(frozen=True, slots=True)
class OfPage:
    """Those of a server elsewhere, as far as its page of metrics tells; nothing without one."""

    metrics_url: str | None

    def cpu(self) -> CpuTime:
        """Read its clocks; for how long it waited for a core, no page tells."""
        return CpuTime(time.monotonic(), self._gauges().get("process_cpu_seconds_total", nan), nan)

    def resident_kib(self) -> float:
        """Read how much memory it has in RAM."""
        return self._gauges().get("process_resident_memory_bytes", nan) / 1024

    def ticks(self) -> TickTimes:
        """Read how long all its ticks took so far."""
        return _ticks(self.metrics_url)

    def _gauges(self) -> Mapping[str, float]:
        return {} if self.metrics_url is None else gauges(page(self.metrics_url))


def _ticks(metrics_url: str | None) -> TickTimes:
    return TickTimes.untold() if metrics_url is None else TickTimes.read(page(metrics_url))


def page(url: str) -> str:
    """Ask for a page of metrics, in Prometheus' text format. Raises RuntimeError where there is none."""
    if not url.startswith(("http://", "https://")):
        raise RuntimeError(f"no metrics at {url}: the URL must be like http://HOST:PORT/metrics")
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_S) as answer:  # noqa: S310  of no other scheme
            text: str = answer.read().decode()
    except (OSError, ValueError) as problem:
        raise RuntimeError(f"no metrics at {url}: {getattr(problem, 'reason', problem)}") from problem
    return text


def gauges(page: str) -> dict[str, float]:
    """Read every figure off a page by its name; of those with labels, the sum over all."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found
