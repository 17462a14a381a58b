"""How well a page shows somebody's walk: how late, and how far from the truth.

The truth is what the walker's own page showed of itself. A receiver shows it late by an interpolation delay, on purpose
and steadily; so each place it shows is compared with where the walker was that much earlier. The delay is not taken
from anybody's word: it is the one under which the two fit best, and the network panel's figure only bounds it.
Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.integration.browser.visitor import Shown

LONGEST_DELAY_MS = 600
STEP_MS = 2.0

Floats = NDArray[np.float64]


class Following(NamedTuple):
    """What a comparison found; errors are metres."""

    delay_ms: float
    p95_m: float
    worst_m: float
    samples: int


def follow(truth: Sequence[Shown], shown: Sequence[Shown]) -> Following:
    """Compare what was shown with the truth, under the delay that fits best."""
    was, seen = np.array(truth, np.float64), np.array(shown, np.float64)
    # Only what the truth covers, whatever the delay.
    seen = seen[(seen[:, 0] >= was[0, 0] + LONGEST_DELAY_MS) & (seen[:, 0] <= was[-1, 0])]
    assert len(seen) > 0, "nothing was shown while the walker was watched"
    delays = np.arange(0.0, LONGEST_DELAY_MS, STEP_MS)
    errors = np.stack([_errors(was, seen, delay) for delay in delays])
    best = int(np.argmin(np.sqrt((errors**2).mean(axis=1))))
    return Following(float(delays[best]), float(np.quantile(errors[best], 0.95)), float(errors[best].max()), len(seen))


def _errors(was: Floats, seen: Floats, delay_ms: float) -> Floats:
    then = seen[:, 0] - delay_ms
    true = np.stack([np.interp(then, was[:, 0], was[:, axis]) for axis in (1, 2, 3)], axis=1)
    off: Floats = np.sqrt(((seen[:, 1:] - true) ** 2).sum(axis=1))
    return off
