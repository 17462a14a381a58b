"""People on a square, walking about or standing about.

Pure: a generator of random numbers in, arrays out. The walk keeps people evenly spread (each step turns and changes
speed independently of the place, and the edge is a mirror), so that the number of neighbours stays what `square_side_m`
was asked for.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.motion import Floats, Track, Wander

SPEED_M_S = 1.5
_SPEED_SPREAD_M_S = 0.25  # speed stays within 0.9 to 2.1 m/s
_SPEED_CHANGE_S = 2.0  # how long a walker keeps roughly its speed, turn and gaze
_TURN_SPREAD_RAD_S = 0.6
_TURN_CHANGE_S = 1.0
_GAZE_SPREAD_RAD = 0.2
_GAZE_CHANGE_S = 1.5


def share_within(reach: float) -> float:
    """Probability that two points thrown evenly into a unit square are at most `reach` <= 1 apart.

    The classical distribution of the distance between two points of a square: the disc's area, less what the edges
    (second term) cut off, plus what the corners (third term) had cut off twice.
    """
    return math.pi * reach**2 - 8 / 3 * reach**3 + reach**4 / 2


def square_side_m(walkers: int, neighbours: float, radius_m: float) -> float:
    """Side of the square in which each of `walkers` has on average `neighbours` others within `radius_m`.

    Solves (walkers - 1) x share_within(radius / side) = neighbours, edge effect included. Where there are too few
    walkers, the square is as wide as the radius, and almost everybody sees everybody.
    """
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if (walkers - 1) * share_within(middle) < neighbours:
            low = middle
        else:
            high = middle
    return radius_m / high


def stand(rng: np.random.Generator, people: int, side_m: float, steps: int) -> Track:
    """Let `people` stand for `steps` on a square of `side_m` around the origin, each looking somewhere."""
    place = np.zeros((people, 3))
    place[:, 0], place[:, 2] = rng.uniform(-side_m / 2, side_m / 2, (2, people))
    yaw, pitch = rng.uniform(0, 2 * np.pi, people), rng.normal(0, _GAZE_SPREAD_RAD, people)
    return Track(*(np.repeat(column[None], steps, axis=0) for column in (place, yaw, pitch)))


def walk(rng: np.random.Generator, walkers: int, side_m: float, steps: int, step_s: float) -> Track:
    """Let `walkers` walk for `steps` in a square of `side_m` around the origin, on the ground."""
    half = side_m / 2
    place = rng.uniform(-half, half, (walkers, 2))
    heading = rng.uniform(0, 2 * np.pi, walkers)
    spread = np.array([[_SPEED_SPREAD_M_S], [_TURN_SPREAD_RAD_S], [_GAZE_SPREAD_RAD]])
    forgets = np.array([[_SPEED_CHANGE_S], [_TURN_CHANGE_S], [_GAZE_CHANGE_S]])
    wander = Wander(rng, (3, walkers), forgets, step_s)
    position, yaw, pitch = np.zeros((steps, walkers, 3)), np.empty((steps, walkers)), np.empty((steps, walkers))
    for step in range(steps):
        position[step, :, 0], position[step, :, 2] = place.T
        _, _, gaze = wander.state * spread
        yaw[step], pitch[step] = heading, gaze
        wander.advance()
        speed, turn, _ = wander.state * spread
        heading = heading + turn * step_s
        stride = (SPEED_M_S + speed) * step_s
        place = place - stride[:, None] * np.stack([np.sin(heading), np.cos(heading)], axis=1)
        heading = _reflect(place, heading, half)
    return Track(position, yaw, pitch)


def _reflect(place: Floats, heading: Floats, half: float) -> Floats:
    """Mirror at the edges what stepped over them: `place` in place; returns the headings."""
    over_x, over_z = np.abs(place[:, 0]) > half, np.abs(place[:, 1]) > half
    heading = np.where(over_x, -heading, heading)
    heading = np.where(over_z, np.pi - heading, heading)
    outside = np.abs(place) > half
    place[outside] = (np.sign(place) * 2 * half - place)[outside]
    return heading
