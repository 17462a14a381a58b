"""How long the server's ticks took: a histogram, read off its metrics before and after the measured time."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from numpy.typing import NDArray

_METRIC = "presence_tick_seconds"
_SHARES = {"p50": 0.5, "p99": 0.99, "max": 1.0}


@dataclass(frozen=True, slots=True)
class TickTimes:
    """How many ticks took so long. Its buckets are a millisecond wide where it matters, up to 60 ms.

    bounds_ms: the most that a tick of each bucket took, ascending, the last infinite. counts: ticks by bucket, int64.
    Both are empty for a server that does not tell.
    """

    bounds_ms: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def untold(cls) -> TickTimes:
        """Make those of a server that does not tell."""
        return cls(np.zeros(0), np.zeros(0, np.int64))

    @classmethod
    def read(cls, page: str) -> TickTimes:
        """Read them off a page of metrics, in Prometheus' text format."""
        buckets = [
            (float(sample.labels["le"]) * 1000, int(sample.value))
            for family in text_string_to_metric_families(page)
            if family.name == _METRIC
            for sample in family.samples
            if sample.name.endswith("_bucket")
        ]
        bounds_ms, up_to = zip(*buckets, strict=True)
        return cls(np.array(bounds_ms), np.array(up_to, np.int64) - np.array((0, *up_to[:-1]), np.int64))

    def since(self, earlier: TickTimes) -> TickTimes:
        """Leave those ticks out that were over earlier."""
        return TickTimes(self.bounds_ms, self.counts - earlier.counts)

    def spread(self) -> dict[str, float | None]:
        """Describe them by median, 99th percentile and the largest, each rounded up to the end of its bucket, ms.

        None where there were no ticks, or longer ones than there are buckets for.
        """
        up_to = np.cumsum(self.counts)
        if not up_to.any():
            return dict.fromkeys(_SHARES)
        at = {name: int(np.searchsorted(up_to, share * up_to[-1])) for name, share in _SHARES.items()}
        found = {name: float(self.bounds_ms[bucket]) for name, bucket in at.items()}
        return {name: round(bound, 3) if isfinite(bound) else None for name, bound in found.items()}
