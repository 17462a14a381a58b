"""Whether something grows: the slope of a line through samples over time, and how sure it is.

Pure. Samples of a process's memory in a row resemble each other, so they say less than as many independent ones would.
So they are put together in a few stretches of time, whose means hardly do, and the line is fitted to those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR_S = 3600.0
STRETCHES = 8

_FEWEST = 2  # samples of each stretch
_STUDENT = 2.447  # 95 % two-sided, of a line through eight points: six degrees of freedom


@dataclass(frozen=True, slots=True)
class Trend:
    """Growth an hour, and the interval that contains it 95 times out of 100."""

    slope: float
    low: float
    high: float


def trend(at_s: Sequence[float], values: Sequence[float]) -> Trend | None:
    """Fit a line. None where there are too few samples to say anything."""
    if len(at_s) < STRETCHES * _FEWEST:
        return None
    hours, means = (
        np.array([part.mean() for part in np.array_split(np.array(each, np.float64), STRETCHES)])
        for each in (at_s, values)
    )
    apart = hours / HOUR_S - hours.mean() / HOUR_S
    spread = float(apart @ apart)
    slope = float(apart @ means) / spread
    left = means - means.mean() - slope * apart
    margin = _STUDENT * (float(left @ left) / (STRETCHES - 2) / spread) ** 0.5
    return Trend(slope, slope - margin, slope + margin)
