"""presence.load: which load brings which level, and what brings it back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.load import FALLS_BELOW, RISES_ABOVE, Level, Load

INTERVAL_S = 0.05
TICK_HZ = 20


def under(load: Load, share: float, seconds: float) -> Load:
    """Let ticks take so much of their interval for a while."""
    for _ in range(round(seconds * TICK_HZ)):
        load.note(share * INTERVAL_S, 0)
    return load


def at(level: Level) -> Load:
    """Bring a load to a level, in the middle of what the level is for."""
    share = {Level.NORMAL: 0.3, Level.STRETCHED: 0.8, Level.REFUSING: 0.99}[level]
    load = under(Load(INTERVAL_S), share, 20)
    assert load.level is level
    return load


@pytest.mark.parametrize(
    ("before", "share", "after"),
    [
        (Level.NORMAL, 0.69, Level.NORMAL),
        (Level.NORMAL, 0.71, Level.STRETCHED),
        (Level.NORMAL, 0.91, Level.REFUSING),
        (Level.STRETCHED, 0.89, Level.STRETCHED),
        (Level.STRETCHED, 0.91, Level.REFUSING),
        (Level.STRETCHED, 0.41, Level.STRETCHED),
        (Level.STRETCHED, 0.39, Level.NORMAL),
        (Level.REFUSING, 0.76, Level.REFUSING),
        (Level.REFUSING, 0.74, Level.STRETCHED),
        (Level.REFUSING, 0.39, Level.NORMAL),
    ],
)
def test_a_load_that_lasts_leads_to_its_level(before: Level, share: float, after: Level) -> None:
    """The way back is further than the way there."""
    assert under(at(before), share, 20).level is after


def test_a_load_must_last_before_anything_is_done() -> None:
    """One tick that takes ten times too long is nothing; two seconds of too much are."""
    load = at(Level.NORMAL)
    load.note(10 * INTERVAL_S, 9)
    assert load.level is Level.NORMAL
    under(load, 0.3, 5)
    assert under(load, 1.0, 0.5).level is Level.NORMAL
    assert under(load, 1.0, 2.0).level is Level.REFUSING


def test_ticks_left_out_took_all_their_time() -> None:
    """Ticks that take three intervals are one in three, and weigh as much as those they displace."""
    load = at(Level.NORMAL)
    for _ in range(8):
        load.note(3 * INTERVAL_S, 2)
    assert (load.level, round(load.share, 2)) == (Level.STRETCHED, 0.79)


def test_what_cannot_be_kept_up_with_is_forgotten_as_soon_as_what_can() -> None:
    """A load of ten times what a server can do is over a few seconds after it is over."""
    load = under(Load(INTERVAL_S), 10.0, 60)
    assert load.share <= 1.0
    assert under(load, 0.3, 2.5).level is Level.NORMAL


@given(level=st.sampled_from([Level.STRETCHED, Level.REFUSING]), saved=st.floats(0, 0.1), shares=st.data())
def test_levels_do_not_flap(level: Level, saved: float, shares: st.DataObject) -> None:
    """A load that wavers about a threshold, and falls by what the level saves, changes nothing any more."""
    load, threshold = at(level), RISES_ABOVE[level]
    load.share = threshold
    for waver in shares.draw(st.lists(st.floats(-0.04, 0.04), min_size=50, max_size=50)):
        load.note((threshold - saved + waver) * INTERVAL_S, 0)
        assert load.level is level


def test_a_level_is_left_below_where_it_is_entered() -> None:
    """And only above where the one before is entered."""
    for level in (Level.STRETCHED, Level.REFUSING):
        assert FALLS_BELOW[level] < RISES_ABOVE[level]
    assert RISES_ABOVE[Level.STRETCHED] < FALLS_BELOW[Level.REFUSING]
