"""Patience with a server ends where nobody more comes in, and where it takes too long in all."""

from __future__ import annotations

import pytest

from benchmarks.patience import NotLetIn, Patience


def test_a_standstill_is_noticed_and_progress_is_waited_for() -> None:
    """Twenty seconds after the last who came."""
    waiting = Patience(1000, 100.0)
    waiting.look(0, 119.0)
    waiting.look(1, 119.5)
    waiting.look(1, 139.0)
    with pytest.raises(NotLetIn, match=r"nobody more got in for 20 s; 1 of 1000 are there"):
        waiting.look(1, 140.0)


def test_a_trickle_is_not_waited_for_for_ever() -> None:
    """A minute and a half for 2,000, however steadily they come."""
    waiting = Patience(2000, 0.0)
    for came in range(9):
        waiting.look(came, came * 10.0)
    with pytest.raises(NotLetIn, match="8 of 2000"):
        waiting.look(8, 91.0)
