"""The way to a far place is made of jumps that the protocol allows."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.hops import HOP_MM, hops

coordinates = st.integers(-200_000, 200_000)
places = st.tuples(coordinates, st.just(0), coordinates)


@given(begin=places, end=places)
def test_hops_lead_there_in_steps_within_reach(begin: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    """As few as can be, none longer than allowed, and the last one ends exactly there."""
    way = hops(begin, end)
    assert [begin, *way][-1] == end
    lengths = [sum((a - b) ** 2 for a, b in zip(*leg, strict=True)) ** 0.5 for leg in pairwise([begin, *way])]
    assert all(length <= HOP_MM + 3 for length in lengths)  # rounding
    assert len(way) <= sum(lengths) / HOP_MM + 1
