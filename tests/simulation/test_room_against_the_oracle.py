"""Whatever a crowd does, every byte the room writes to everybody is what the oracle expects."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.crowd import Crowd


@given(
    seed=st.integers(0, 2**32 - 1),
    look_every_ticks=st.sampled_from([1, 2, 4, 8]),
    dots_beyond_mm=st.sampled_from([None, 5_000]),
)
@settings(max_examples=20)
def test_everybody_is_told_exactly_what_they_should_hold(
    seed: int, look_every_ticks: int, dots_beyond_mm: int | None
) -> None:
    """Walks, jumps, joins, leaves, stalls, resumes, blocks, downgrades, objects, overrun: no violation at any tick.

    Whether or not those who are further away are dots.
    """
    crowd = Crowd(Random(seed), look_every_ticks, dots_beyond_mm)
    for _ in range(150):
        assert crowd.live() == []
    assert crowd.oracle.comparisons >= 150  # where nearly everybody leaves, two are left to look at each other
