"""A slope is told with how sure it is, and not at all where that cannot be said."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.trend import Trend, trend

HOUR = np.linspace(0, 3600, 200)
GROWTH = 5.0
RUNS = 300


def told(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Trend:
    """Fit a line to samples of an hour."""
    found = trend(HOUR.tolist(), values.tolist())
    assert found is not None
    return found


def share_held(noise: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Say how often the interval contains the growth below each row of noise."""
    found = [told(GROWTH * HOUR / 3600 + row) for row in noise]
    return sum(each.low <= GROWTH <= each.high for each in found) / len(found)


def test_a_line_is_found() -> None:
    """To the point, and surely."""
    found = told(100 + 30 * HOUR / 3600)
    assert (found.slope, found.low, found.high) == pytest.approx((30, 30, 30))


def test_the_interval_holds_what_is_true_about_as_often_as_it_says() -> None:
    """95 times out of 100; nearly as often where samples resemble those before them."""
    noise = np.random.default_rng(1).normal(0, 3, (RUNS, len(HOUR)))
    lasting = np.array([np.convolve(row, np.ones(8), "same") for row in noise])
    assert 0.92 <= share_held(noise) <= 0.985
    assert 0.88 <= share_held(lasting) <= 0.985


def test_a_single_step_is_not_taken_for_growth_without_end() -> None:
    """It is one event: the interval is as wide as what it says."""
    found = told(np.where(HOUR < 1800, 100.0, 120.0))
    assert found.high - found.low > 0.8 * found.slope


@pytest.mark.parametrize("count", [0, 1, 15])
def test_few_samples_say_nothing(count: int) -> None:
    """Rather than anything."""
    assert trend(HOUR[:count].tolist(), [1.0] * count) is None
