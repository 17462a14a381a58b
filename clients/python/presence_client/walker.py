"""How a bot walks: like somebody with time, who looks where they go and stops now and then to look around.

Knows nothing of walls: it finds them by being corrected, turns round and goes elsewhere. Pure; `now` is seconds, the
random generator is an argument.
"""

from __future__ import annotations

import math
from random import Random

from presence_client.pose import Pose

SLOWEST_M_S = 0.8
FASTEST_M_S = 1.6
TURN_RAD_S = 2.4  # turning round takes a little over a second
ACCELERATION_M_S2 = 2.0
STROLL_M = (2.0, 9.0)  # how far the next place is
ROAM_M = 25.0  # farther than this from where it started, a walker tends home
PAUSE_S = (1.5, 7.0)
PAUSE_PROBABILITY = 0.45
GLANCE_S = (0.8, 2.5)
GLANCE_YAW = 1.1
GLANCE_PITCH = 0.35
ARRIVED_M = 0.15
LONGEST_STEP_S = 0.25  # a process that was held up does not make its walkers leap


class Walker:
    """One walker. `step` moves it to the present; `correct` tells it where it really is."""

    def __init__(self, start: Pose, rng: Random, now: float) -> None:
        self._rng = rng
        self._home = (start.x, start.z)
        self._x, self._y, self._z = start.position
        self._heading = start.yaw
        self._speed = 0.0
        self._pace = rng.uniform(SLOWEST_M_S, FASTEST_M_S)
        self._goal = (start.x, start.z)
        self._glance_yaw = self._glance_pitch = 0.0
        self._pitch = 0.0
        self._until = now + rng.uniform(0.0, PAUSE_S[1] / 2)  # a crowd does not set off as one
        self._next_glance = now
        self._at = now

    @property
    def is_walking(self) -> bool:
        """Whether it is on its way."""
        return self._speed > 0.0

    def step(self, now: float) -> Pose:
        """Go on until now; returns the pose."""
        passed = min(max(now - self._at, 0.0), LONGEST_STEP_S)
        self._at = now
        if now < self._until:
            self._stand(now, passed)
        else:
            self._walk(now, passed)
        return Pose(self._x, self._y, self._z, self._heading, self._pitch)

    def correct(self, pose: Pose, now: float) -> None:
        """Stand where the server says, and go another way: something is in this one."""
        self._x, self._y, self._z = pose.position
        self._speed = 0.0
        back = self._heading + math.pi + self._rng.uniform(-1.2, 1.2)
        self._head_for(back, self._rng.uniform(*STROLL_M) / 2)
        self._until = now

    def _stand(self, now: float, passed: float) -> None:
        """Look around, now and then at something else."""
        self._speed = 0.0
        if now >= self._next_glance:
            self._next_glance = now + self._rng.uniform(*GLANCE_S)
            self._glance_yaw = self._heading + self._rng.uniform(-GLANCE_YAW, GLANCE_YAW)
            self._glance_pitch = self._rng.uniform(-GLANCE_PITCH, GLANCE_PITCH)
        self._turn_to(self._glance_yaw, passed)
        self._nod_to(self._glance_pitch, passed)

    def _walk(self, now: float, passed: float) -> None:
        away = math.hypot(self._goal[0] - self._x, self._goal[1] - self._z)
        if away < ARRIVED_M:
            self._arrive(now)
            return
        off = self._turn_to(_heading_to(self._x, self._z, *self._goal), passed)
        self._nod_to(0.0, passed)
        # Slow down for corners, and before stopping: never faster than could still be braked.
        wanted = min(self._pace, math.sqrt(2 * ACCELERATION_M_S2 * away)) * max(0.0, math.cos(off))
        gain = ACCELERATION_M_S2 * passed
        self._speed += min(max(wanted - self._speed, -2 * gain), gain)
        self._advance(self._speed * passed)

    def _advance(self, distance: float) -> None:
        self._x -= math.sin(self._heading) * distance
        self._z -= math.cos(self._heading) * distance

    def _arrive(self, now: float) -> None:
        """Choose what to do next: stop for a while, or walk on at another pace."""
        rng = self._rng
        if rng.random() < PAUSE_PROBABILITY:
            self._until = now + rng.uniform(*PAUSE_S)
            self._next_glance = now
        self._pace = rng.uniform(SLOWEST_M_S, FASTEST_M_S)
        if math.hypot(self._x - self._home[0], self._z - self._home[1]) > ROAM_M:
            heading = _heading_to(self._x, self._z, *self._home) + rng.uniform(-0.6, 0.6)
        else:
            heading = self._heading + rng.gauss(0.0, 1.2)
        self._head_for(heading, rng.uniform(*STROLL_M))

    def _head_for(self, heading: float, distance: float) -> None:
        self._goal = (self._x - math.sin(heading) * distance, self._z - math.cos(heading) * distance)

    def _turn_to(self, heading: float, passed: float) -> float:
        """Turn towards a heading; returns how far off it still is."""
        off = _shorter(heading - self._heading)
        turn = min(max(off, -TURN_RAD_S * passed), TURN_RAD_S * passed)
        self._heading = (self._heading + turn) % math.tau
        return off - turn

    def _nod_to(self, pitch: float, passed: float) -> None:
        self._pitch += min(max(pitch - self._pitch, -passed), passed)


def _heading_to(x: float, z: float, goal_x: float, goal_z: float) -> float:
    return math.atan2(x - goal_x, z - goal_z)


def _shorter(angle: float) -> float:
    return (angle + math.pi) % math.tau - math.pi
