"""People in a hall: seated in rows with their heads moving, and one who speaks to them.

Pure: a generator of random numbers in, arrays out. Person 0 is the speaker; the others sit.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.motion import Track, Wander

SEAT_M = (0.9, 1.4)  # width of a place at a desk, and from one row to the next
_PODIUM_M = 3.0  # from the first row to the speaker
_GAZE_SPREAD_RAD = np.array([[0.5], [0.15]])  # yaw, pitch
_GAZE_CHANGE_S = 1.5
_STEP_SPREAD_M = 0.4  # how far the speaker strays from the lectern
_STEP_CHANGE_S = 3.0


def hall_m(people: int) -> tuple[float, float]:
    """Width and depth of the block of seats, as square as rows allow."""
    width, depth = SEAT_M
    columns = _columns(people)
    return columns * width, math.ceil((people - 1) / columns) * depth


def _columns(people: int) -> int:
    width, depth = SEAT_M
    return max(1, round(math.sqrt((people - 1) * depth / width)))


def sit(rng: np.random.Generator, people: int, steps: int, step_s: float) -> Track:
    """Seat `people` around the origin, facing -Z, where the speaker stands; everybody looks about."""
    wide, deep = hall_m(people)
    seat = np.arange(people - 1)
    position = np.zeros((steps, people, 3))
    position[:, 1:, 0] = (seat % _columns(people) + 0.5) * SEAT_M[0] - wide / 2
    position[:, 1:, 2] = (seat // _columns(people) + 0.5) * SEAT_M[1] - deep / 2
    yaw, pitch = np.empty((2, steps, people))
    gaze = Wander(rng, (2, people), np.array([[_GAZE_CHANGE_S], [_GAZE_CHANGE_S]]), step_s)
    speaker = Wander(rng, (2,), np.array([_STEP_CHANGE_S]), step_s)
    for step in range(steps):
        yaw[step], pitch[step] = gaze.state * _GAZE_SPREAD_RAD
        position[step, 0, (0, 2)] = speaker.state * _STEP_SPREAD_M - (0, deep / 2 + _PODIUM_M)
        gaze.advance()
        speaker.advance()
    yaw[:, 0] += np.pi  # the speaker faces the others
    return Track(position, yaw, pitch)
