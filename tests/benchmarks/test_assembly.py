"""An assembly sits in rows, and somebody speaks to it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.assembly import SEAT_M, hall_m, sit
from benchmarks.motion import Track

PEOPLE = 200


@pytest.fixture(scope="module")
def track() -> Track:
    """Two hundred people for ten seconds."""
    return sit(np.random.default_rng(1), PEOPLE, 200, 0.05)


def test_everybody_has_a_seat_and_keeps_it(track: Track) -> None:
    """A place of their own, at least as wide as a seat, within the hall, for all the time."""
    seats = track.position_m[:, 1:]
    assert np.ptp(seats, axis=0).max() == 0
    apart = np.linalg.norm(seats[0][:, None] - seats[0][None, :], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() == pytest.approx(SEAT_M[0])
    wide, deep = hall_m(PEOPLE)
    assert np.abs(seats[0, :, 0]).max() <= wide / 2
    assert np.abs(seats[0, :, 2]).max() <= deep / 2
    assert 0.8 < wide / deep < 1.25


@pytest.mark.parametrize("people", [2, 3, 10, 1000])
def test_halls_have_seats_for_all(people: int) -> None:
    """However few or many."""
    track = sit(np.random.default_rng(1), people, 1, 0.05)
    assert len(np.unique(track.position_m[0], axis=0)) == people


def test_heads_move(track: Track) -> None:
    """Everybody looks about, around straight ahead."""
    assert track.yaw[:, 1:].std() == pytest.approx(0.5, abs=0.1)
    assert np.abs(track.yaw[:, 1:]).max() < np.pi / 2
    assert (np.diff(track.yaw, axis=0) != 0).mean() > 0.9
    assert (np.diff(track.pitch, axis=0) != 0).mean() > 0.9


def test_the_speaker_faces_the_others(track: Track) -> None:
    """In front of the first row, moving a little, looking the other way."""
    speaker = track.position_m[:, 0]
    assert speaker[:, 2].max() < track.position_m[0, 1:, 2].min() - 1
    assert 0.2 < np.ptp(speaker[:, 0]) < 2
    assert np.abs(track.yaw[:, 0] - np.pi).max() < np.pi / 2
