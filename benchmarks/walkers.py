"""People walking about in a square: where each is at each step, as truth and as the wire says it.

Pure: a seed in, arrays out. The walk keeps people evenly spread (each step turns and changes speed independently of the
place, and the edge is a mirror), so that the number of neighbours stays what `square_side_m` was asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol import records

Floats = NDArray[np.float64]

SPEED_M_S = 1.5
_SPEED_SPREAD_M_S = 0.25
_SPEED_CHANGE_S = 2.0  # how long a walker keeps roughly its speed, turn and gaze
_TURN_SPREAD_RAD_S = 0.6
_TURN_CHANGE_S = 1.0
_GAZE_SPREAD_RAD = 0.2
_GAZE_CHANGE_S = 1.5
_SPREADS = 2.4  # nothing strays further than this many spreads from its mean: speed stays within 0.9 to 2.1 m/s


@dataclass(frozen=True, slots=True)
class Walk:
    """Trajectories of n walkers over a number of steps: float truth, and its quantised form."""

    position_m: Floats  # (steps, n, 3)
    yaw: Floats  # (steps, n) radians
    pitch: Floats  # (steps, n) radians
    position_mm: NDArray[np.int32]  # (steps, n, 3)
    yaw_turns: NDArray[np.uint16]  # (steps, n)
    pitch_steps: NDArray[np.int8]  # (steps, n)


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


def walk(rng: np.random.Generator, walkers: int, side_m: float, steps: int, step_s: float) -> Walk:
    """Let `walkers` walk for `steps` in a square of `side_m` around the origin, on the ground."""
    half = side_m / 2
    place = rng.uniform(-half, half, (walkers, 2))
    heading = rng.uniform(0, 2 * np.pi, walkers)
    wander = _Wander(rng, walkers, step_s)
    position, yaw, pitch = np.zeros((steps, walkers, 3)), np.empty((steps, walkers)), np.empty((steps, walkers))
    for step in range(steps):
        position[step, :, 0], position[step, :, 2] = place.T
        yaw[step], pitch[step] = heading, wander.gaze
        wander.advance()
        heading = heading + wander.turn * step_s
        stride = (SPEED_M_S + wander.speed) * step_s
        place = place - stride[:, None] * np.stack([np.sin(heading), np.cos(heading)], axis=1)
        heading = _reflect(place, heading, half)
    return Walk(
        position_m=position,
        yaw=yaw,
        pitch=pitch,
        position_mm=records.millimetres(position),
        yaw_turns=records.yaw_turns(yaw),
        pitch_steps=records.pitch_steps(pitch),
    )


def _reflect(place: Floats, heading: Floats, half: float) -> Floats:
    """Mirror at the edges what stepped over them: `place` in place; returns the headings."""
    over_x, over_z = np.abs(place[:, 0]) > half, np.abs(place[:, 1]) > half
    heading = np.where(over_x, -heading, heading)
    heading = np.where(over_z, np.pi - heading, heading)
    outside = np.abs(place) > half
    place[outside] = (np.sign(place) * 2 * half - place)[outside]
    return heading


class _Wander:
    """Slow random change of speed, turn and gaze: each forgets where it was after its time, and stays bounded."""

    def __init__(self, rng: np.random.Generator, walkers: int, step_s: float) -> None:
        self._rng = rng
        self._spread = np.array([[_SPEED_SPREAD_M_S], [_TURN_SPREAD_RAD_S], [_GAZE_SPREAD_RAD]])
        self._keep = np.exp(-step_s / np.array([[_SPEED_CHANGE_S], [_TURN_CHANGE_S], [_GAZE_CHANGE_S]]))
        self._state = self._bounded(rng.standard_normal((3, walkers)))

    @staticmethod
    def _bounded(state: Floats) -> Floats:
        return np.clip(state, -_SPREADS, _SPREADS)

    def advance(self) -> None:
        """Take one step."""
        noise = self._rng.standard_normal(self._state.shape) * np.sqrt(1 - self._keep**2)
        self._state = self._bounded(self._state * self._keep + noise)

    @property
    def speed(self) -> Floats:
        """Difference from the mean speed, m/s."""
        return np.asarray((self._state * self._spread)[0])

    @property
    def turn(self) -> Floats:
        """Turn to the left, radians a second."""
        return np.asarray((self._state * self._spread)[1])

    @property
    def gaze(self) -> Floats:
        """Pitch of the gaze, radians."""
        return np.asarray((self._state * self._spread)[2])
