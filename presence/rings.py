"""Rings: distance bands around an observer, each with its own rate and its own level of detail.

Pure data and one lookup. The last ring has no outer bound of its own: who is in sight at all is `interest`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from presence.entities import RATE_CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Detail(IntEnum):
    """How much of a subject is told."""

    ROOT = 0  # position, yaw and gaze, whatever its body
    FULL = 1  # head and hands as well, where it has them


@dataclass(frozen=True, slots=True)
class Ring:
    """One band: up to `reach_mm` from the observer, records of rate class `rate` (every 2**rate ticks) in `detail`."""

    reach_mm: int
    rate: int
    detail: Detail

    def __post_init__(self) -> None:
        """Check what the agenda relies on."""
        if self.reach_mm < 1 or not 0 <= self.rate < RATE_CLASSES:
            raise ValueError(f"{self} is no ring: a reach above 0, and a rate of 0 to {RATE_CLASSES - 1}")


def classify(rings: tuple[Ring, ...], apart: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return rate class and detail for squared distances, mm2. rings: inner ones first, the last one endless."""
    bounds = np.array([ring.reach_mm**2 for ring in rings[:-1]], np.int64)
    which = np.searchsorted(bounds, apart) if len(bounds) else np.zeros(len(apart), np.intp)
    rates = np.array([ring.rate for ring in rings], np.uint8)
    details = np.array([ring.detail for ring in rings], np.uint8)
    return rates.take(which), details.take(which)
