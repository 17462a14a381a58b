"""Walkers spread evenly, move as people do, and are quantised as the wire says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.motion import Motion, embody
from benchmarks.walkers import share_within, square_side_m, stand, walk
from protocol import records

STEP_S = 0.05


def walking(walkers: int, side_m: float, steps: int, seed: int) -> Motion:
    """Let people walk who wear nothing."""
    rng = np.random.default_rng(seed)
    return embody(rng, walk(rng, walkers, side_m, steps, STEP_S), STEP_S)


@pytest.fixture(scope="module")
def people() -> Motion:
    """Two hundred people walking for half a minute."""
    return walking(200, square_side_m(200, 32, 10.0), 600, seed=5)


@pytest.mark.parametrize("reach", [0.05, 0.3, 0.7, 1.0])
def test_the_share_within_reach_is_that_of_random_points(reach: float) -> None:
    """The formula, edge effect included, agrees with points thrown into a square."""
    points = np.random.default_rng(1).uniform(size=(2, 400_000, 2))
    apart = np.linalg.norm(points[0] - points[1], axis=1)
    assert share_within(reach) == pytest.approx((apart <= reach).mean(), abs=0.003)


@pytest.mark.parametrize("walkers", [40, 100, 500, 2000])
def test_the_square_is_sized_for_the_neighbours_asked_for(walkers: int) -> None:
    """The side solves the equation it promises to."""
    side_m = square_side_m(walkers, 32, 10.0)
    assert (walkers - 1) * share_within(10.0 / side_m) == pytest.approx(32)


def test_few_walkers_get_a_square_as_wide_as_the_radius() -> None:
    """Where there are not enough others, the square stops shrinking."""
    assert square_side_m(10, 32, 10.0) == pytest.approx(10.0)


def test_walkers_keep_their_density(people: Motion) -> None:
    """Over half a minute each has on average the neighbours the square was sized for."""
    neighbours = []
    for place in people.position_m[::20]:
        apart = np.linalg.norm(place[:, None] - place[None, :], axis=2)
        neighbours.append((apart <= 10.0).sum() / len(place) - 1)
    assert np.mean(neighbours) == pytest.approx(32, rel=0.05)


def test_walkers_stay_inside(people: Motion) -> None:
    """Nobody leaves the square, and everybody stays on the ground."""
    half = square_side_m(200, 32, 10.0) / 2
    assert np.abs(people.position_m[:, :, (0, 2)]).max() <= half
    assert not people.position_m[:, :, 1].any()


def test_walkers_walk_at_the_speed_they_promise(people: Motion) -> None:
    """1.5 m/s on average, changing, and never fast enough to be corrected or still enough to be left out."""
    speed = np.linalg.norm(np.diff(people.position_m, axis=0), axis=2) / STEP_S
    assert speed.mean() == pytest.approx(1.5, rel=0.02)
    assert speed.std() > 0.15
    assert speed.max() < 2.5
    assert (np.diff(people.position_mm, axis=0) != 0).any(axis=2).all()


def test_walkers_turn_and_look_about(people: Motion) -> None:
    """Headings and gazes wander, so that every field of a record is at work."""
    turns = (np.diff(people.yaw, axis=0) + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(turns / STEP_S).mean() > 0.3
    assert people.pitch.std() > 0.1


def test_walkers_look_where_they_go(people: Motion) -> None:
    """Yaw 0 looks along -Z and grows counter-clockwise: away from the edges, each step leads where one looks."""
    way = np.diff(people.position_m, axis=0)[:, :, (0, 2)]
    looks = -np.stack([np.sin(people.yaw[1:]), np.cos(people.yaw[1:])], axis=2)
    cosines = (way * looks).sum(axis=2) / np.linalg.norm(way, axis=2)
    assert np.median(cosines) == pytest.approx(1.0)


def test_a_walk_is_its_seed() -> None:
    """The same seed gives the same walk, another seed another one."""
    one, same, other = (walking(5, 20.0, 50, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.position_mm, same.position_mm)
    assert not np.array_equal(one.position_mm, other.position_mm)


def test_the_quantised_walk_is_the_walk(people: Motion) -> None:
    """What is sent is the truth within the errors the specification names."""
    assert np.abs(people.position_mm - people.position_m * 1000).max() <= 0.5
    turned = records.yaw_radians(people.yaw_turns) - people.yaw
    assert np.abs((turned + np.pi) % (2 * np.pi) - np.pi).max() <= np.pi / 65536 + 1e-9
    assert np.abs(records.pitch_radians(people.pitch_steps) - people.pitch).max() <= np.pi / 4 / 127 + 1e-9


def test_who_stands_stays_put() -> None:
    """Everybody somewhere in the square, looking somewhere, and the same at every step."""
    rng = np.random.default_rng(1)
    still = embody(rng, stand(rng, 50, 30.0, 20), STEP_S)
    assert still.is_still.all()
    assert np.ptp(still.position_m, axis=0).max() == 0
    assert 10 < np.abs(still.position_m).max() <= 15
    assert len(np.unique(still.yaw_turns[0])) > 40
