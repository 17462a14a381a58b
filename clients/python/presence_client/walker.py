"""How a bot walks: like somebody with time, who looks where they go, stops now and then, and joins others.

Goes where its ground leads: along the ways of a world it knows (`ground.py`), or straight ahead on open ground, where
it finds walls by being corrected, turns round and goes elsewhere. Pure; `now` is seconds, the random generator is an
argument.
"""

from __future__ import annotations

import math
from random import Random
from typing import Protocol

from presence_client.pose import Pose, Vector

SLOWEST_M_S = 0.8
FASTEST_M_S = 1.6
CORNER_M_S = 0.5
TURN_RAD_S = 2.4  # turning round takes a little over a second
AHEAD_RAD = 0.7  # what is farther from straight ahead is turned to before it is walked to
ACCELERATION_M_S2 = 2.0
STROLL_M = 6.0  # how far the next place is, about
ROAM_M = 25.0  # farther than this from where it started, a walker tends home
PAUSE_S = (1.5, 7.0)
PAUSE_PROBABILITY = 0.45
GLANCE_S = (0.8, 2.5)
GLANCE_YAW = 1.1
GLANCE_PITCH = 0.35
ARRIVED_M = 0.15
LONGEST_STEP_S = 0.25  # a process that was held up does not make its walkers leap
JOIN_PROBABILITY = 0.4
JOIN_WITHIN_M = 14.0
TALK_M = 1.3  # between two who talk
LISTEN_M = 2.6  # who stands so near is looked at
TALK_S = (6.0, 20.0)
ELBOW_ROOM_M = 0.7


class Ways(Protocol):
    """Where one can go."""

    def somewhere(self, rng: Random, around: Vector, radius_m: float) -> Vector | None:
        """A place at most so far from a position, by chance."""

    def way(self, start: Vector, goal: Vector) -> list[Vector]:
        """The way to about `goal`, as corners to walk to one after the other; empty if there is none."""

    def height(self, x: float, y: float, z: float) -> float:
        """How high the ground is there, for feet at about `y`."""


class OpenGround:
    """Nothing is known of what stands where: every straight way is as good as any other."""

    def somewhere(self, rng: Random, around: Vector, radius_m: float) -> Vector | None:
        """Choose any place."""
        away, angle = radius_m * math.sqrt(rng.random()), rng.uniform(0.0, math.tau)
        return (around[0] + away * math.sin(angle), around[1], around[2] + away * math.cos(angle))

    def way(self, _start: Vector, goal: Vector) -> list[Vector]:
        """Go straight."""
        return [goal]

    def height(self, _x: float, y: float, _z: float) -> float:
        """Stay as high as one is."""
        return y


class Company:
    """The walkers of one process, who see each other: they stop to talk, and do not stand inside each other."""

    def __init__(self) -> None:
        self.members: dict[Walker, None] = {}

    def somebody(self, rng: Random, walker: Walker) -> Walker | None:
        """Choose somebody who stands not far away."""
        near = [other for other in self._standing(walker) if _apart(walker, other) < JOIN_WITHIN_M]
        return rng.choice(near) if near else None

    def listener(self, walker: Walker) -> Walker | None:
        """Who stands nearest, within talking distance."""
        near = [other for other in self._standing(walker) if _apart(walker, other) < LISTEN_M]
        return min(near, key=lambda other: _apart(walker, other), default=None)

    def is_free(self, place: Vector, walker: Walker) -> bool:
        """Whether nobody stands in a place, or is about to."""
        return all(math.dist(other.destination, place) > ELBOW_ROOM_M for other in self.members if other is not walker)

    def _standing(self, walker: Walker) -> list[Walker]:
        return [other for other in self.members if other is not walker and not other.is_walking]


class Walker:
    """One walker. `step` moves it to the present; `correct` tells it where it really is."""

    def __init__(
        self,
        start: Pose,
        rng: Random,
        now: float,
        ways: Ways | None = None,
        company: Company | None = None,
        roam_m: float = ROAM_M,
    ) -> None:
        self._rng = rng
        self._ways = ways or OpenGround()
        self._company = company or Company()
        self._roam_m = roam_m
        self._home = start.position
        self._position = start.position
        self._route: list[Vector] = []
        self._heading = self._front = start.yaw
        self._speed = 0.0
        self._pace = rng.uniform(SLOWEST_M_S, FASTEST_M_S)
        self._glance_yaw = self._glance_pitch = 0.0
        self._pitch = 0.0
        self._until = now + rng.uniform(0.0, PAUSE_S[1] / 2)  # a crowd does not set off as one
        self._next_glance = now
        self._at = now
        self.walked_m = 0.0

    @property
    def position(self) -> Vector:
        """Where it stands."""
        return self._position

    @property
    def destination(self) -> Vector:
        """Where it goes, or stands."""
        return self._route[-1] if self._route else self._position

    @property
    def is_walking(self) -> bool:
        """Whether it is on its way."""
        return bool(self._route)

    def step(self, now: float) -> Pose:
        """Go on until now; returns the pose."""
        passed = min(max(now - self._at, 0.0), LONGEST_STEP_S)
        self._at = now
        if now < self._until:
            self._stand(now, passed)
        elif self._route:
            self._walk(now, passed)
        else:
            self._set_off(now)
        return Pose(*self._position, self._heading, self._pitch)

    def correct(self, pose: Pose, now: float) -> None:
        """Stand where the server says, and go another way: something is in this one."""
        self._position, self._speed = pose.position, 0.0
        back = self._heading + math.pi + self._rng.uniform(-1.2, 1.2)
        self._route = self._route_to(self._ways.somewhere(self._rng, self._ahead(back, STROLL_M / 2), STROLL_M / 4))
        self._until = now

    # --- standing -----------------------------------------------------------------------------------------------------

    def _stand(self, now: float, passed: float) -> None:
        """Look at who is there, or around."""
        self._speed = 0.0
        if now >= self._next_glance:
            self._next_glance = now + self._rng.uniform(*GLANCE_S)
            self._choose_glance()
        self._turn_to(self._glance_yaw, passed)
        self._nod_to(self._glance_pitch, passed)

    def _choose_glance(self) -> None:
        listener = self._company.listener(self)
        if listener is not None and self._rng.random() < 0.8:  # noqa: PLR2004  talking, one looks away now and then
            self._glance_yaw = _heading_to(self._position, listener.position) + self._rng.uniform(-0.1, 0.1)
            self._glance_pitch = self._rng.uniform(-0.1, 0.1)
        else:
            self._glance_yaw = self._heading + self._rng.uniform(-GLANCE_YAW, GLANCE_YAW)
            self._glance_pitch = self._rng.uniform(-GLANCE_PITCH, GLANCE_PITCH)

    # --- walking ------------------------------------------------------------------------------------------------------

    def _walk(self, now: float, passed: float) -> None:
        corner = self._route[0]
        is_last = len(self._route) == 1
        away = math.hypot(corner[0] - self._position[0], corner[2] - self._position[2])
        if away < ARRIVED_M and is_last:
            self._arrive(now)
            return
        off = self._turn_to(_heading_to(self._position, corner), passed) if away > 0.0 else 0.0
        self._nod_to(0.0, passed)
        if abs(off) > AHEAD_RAD:
            self._speed = 0.0
            return
        # Slow down before stopping and for corners: never faster than could still be braked.
        brakes = math.sqrt(2 * ACCELERATION_M_S2 * away + (0.0 if is_last else CORNER_M_S**2))
        wanted = min(self._pace, brakes) * math.cos(off)
        gain = ACCELERATION_M_S2 * passed
        self._speed += min(max(wanted - self._speed, -2 * gain), gain)
        self._advance(corner, away, min(self._speed * passed, away))
        if away - self._speed * passed <= 0.0:
            del self._route[0]

    def _advance(self, corner: Vector, away: float, distance: float) -> None:
        share = distance / away if away > 0.0 else 0.0
        x = self._position[0] + (corner[0] - self._position[0]) * share
        z = self._position[2] + (corner[2] - self._position[2]) * share
        self._position = (x, self._ways.height(x, self._position[1], z), z)
        self.walked_m += distance

    def _arrive(self, now: float) -> None:
        """Stop for a while, longer where somebody is to talk to; or walk on at another pace."""
        self._route = []
        rng = self._rng
        if self._company.listener(self) is not None:
            self._until = now + rng.uniform(*TALK_S)
        elif rng.random() < PAUSE_PROBABILITY:
            self._until = now + rng.uniform(*PAUSE_S)
        self._next_glance = now
        self._pace = rng.uniform(SLOWEST_M_S, FASTEST_M_S)

    def _set_off(self, now: float) -> None:
        """Go to somebody who stands there, or somewhere; wait where there is nowhere to go."""
        rng = self._rng
        somebody = self._company.somebody(rng, self) if rng.random() < JOIN_PROBABILITY else None
        if somebody is not None:
            side = _heading_to(somebody.position, self._position) + rng.gauss(0.0, 0.6)
            goal = self._ways.somewhere(rng, _from(somebody.position, side, TALK_M), ELBOW_ROOM_M / 2)
        elif math.dist(self._position, self._home) > self._roam_m:
            goal = self._ways.somewhere(rng, self._home, self._roam_m / 2)
        else:
            reach = min(STROLL_M, self._roam_m)
            goal = self._ways.somewhere(rng, self._ahead(self._heading, reach / 2), reach)
            if goal is None:
                goal = self._ways.somewhere(rng, self._position, reach)
        if goal is not None and not self._company.is_free(goal, self):
            goal = None
        self._route = self._route_to(goal)
        if not self._route:
            self._until = now + rng.uniform(*GLANCE_S)

    def _route_to(self, goal: Vector | None) -> list[Vector]:
        return [] if goal is None else self._ways.way(self._position, goal)

    def _ahead(self, heading: float, distance: float) -> Vector:
        return _from(self._position, heading, distance)

    def _turn_to(self, heading: float, passed: float) -> float:
        """Turn towards a heading; returns how far off it still is."""
        off = _shorter(heading - self._heading)
        turn = min(max(off, -TURN_RAD_S * passed), TURN_RAD_S * passed)
        self._heading = (self._heading + turn) % math.tau
        return off - turn

    def _nod_to(self, pitch: float, passed: float) -> None:
        self._pitch += min(max(pitch - self._pitch, -passed), passed)


class Sitter(Walker):
    """Somebody on a seat: stays there, looks ahead for the most part, and around."""

    def step(self, now: float) -> Pose:
        """Stay seated until now; returns the pose."""
        self._until = math.inf
        return super().step(now)

    def correct(self, pose: Pose, now: float) -> None:  # noqa: ARG002
        """Sit where the server says."""
        self._position = pose.position

    def _choose_glance(self) -> None:
        self._next_glance += self._rng.uniform(*PAUSE_S)
        is_aside = self._rng.random() < 0.3  # noqa: PLR2004  what happens is in front
        self._glance_yaw = self._front + (self._rng.uniform(-GLANCE_YAW, GLANCE_YAW) / 2 if is_aside else 0.0)
        self._glance_pitch = self._rng.uniform(-GLANCE_PITCH, GLANCE_PITCH) / 2


def _from(position: Vector, heading: float, distance: float) -> Vector:
    return (position[0] - math.sin(heading) * distance, position[1], position[2] - math.cos(heading) * distance)


def _apart(one: Walker, other: Walker) -> float:
    return math.dist(one.position, other.position)


def _heading_to(start: Vector, goal: Vector) -> float:
    return math.atan2(start[0] - goal[0], start[2] - goal[2])


def _shorter(angle: float) -> float:
    return (angle + math.pi) % math.tau - math.pi
