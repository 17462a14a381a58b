"""Bots walk like people: at a walking pace, turning smoothly, pausing, and round what stands in their way."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

from presence_client.pose import Pose
from presence_client.walker import AHEAD_RAD, FASTEST_M_S, ROAM_M, TURN_RAD_S, Walker

TICK_S = 0.05


def walk(seconds: float, *, seed: int = 1, start: Pose | None = None) -> list[Pose]:
    """Let one walker go on for a while."""
    walker = Walker(start or Pose(), Random(seed), 0.0)
    return [walker.step(tick * TICK_S) for tick in range(1, round(seconds / TICK_S))]


def steps(path: list[Pose]) -> list[float]:
    """Lengths of the steps, m."""
    return [math.dist(a.position, b.position) for a, b in pairwise(path)]


def test_nobody_runs() -> None:
    """No step is faster than a brisk walk, for any walker."""
    for seed in range(20):
        assert max(steps(walk(120, seed=seed))) <= FASTEST_M_S * TICK_S * 1.001


def test_walkers_walk_and_pause() -> None:
    """In five minutes a walker gets about, and stands for a good part of it."""
    lengths = steps(walk(300))
    still = sum(length == 0.0 for length in lengths) / len(lengths)
    assert 0.1 < still < 0.8
    assert sum(lengths) > 60.0


def test_turns_are_smooth() -> None:
    """Nobody turns on the spot in a tick; gaze nods no faster."""
    for earlier, later in pairwise(walk(300)):
        turn = (later.yaw - earlier.yaw + math.pi) % math.tau - math.pi
        assert abs(turn) <= TURN_RAD_S * TICK_S + 1e-9
        assert abs(later.pitch - earlier.pitch) <= TICK_S + 1e-9


def test_walkers_go_where_they_look() -> None:
    """A step leads forwards, but for a corner that is still being turned."""
    for earlier, later in pairwise(walk(120)):
        if math.dist(earlier.position, later.position) > 1e-6:
            heading = math.atan2(earlier.x - later.x, earlier.z - later.z)
            assert abs((heading - later.yaw + math.pi) % math.tau - math.pi) < AHEAD_RAD


def test_walkers_stay_about() -> None:
    """In an hour nobody is lost far from where it began."""
    assert max(math.hypot(pose.x, pose.z) for pose in walk(3600)) < ROAM_M * 2


def test_a_wall_turns_a_walker_round() -> None:
    """A walker in a room of ten metres that corrects it is never stuck: it reaches all four corners' quarters."""
    walker = Walker(Pose(), Random(4), 0.0)
    quarters, corrections, here = set(), 0, Pose()
    for tick in range(1, 20 * 1200):
        now = tick * TICK_S
        pose = walker.step(now)
        if max(abs(pose.x), abs(pose.z)) > 5.0:
            corrections += 1
            walker.correct(here, now)
        else:
            here = pose
            quarters.add((pose.x > 2.0, pose.z > 2.0, pose.x < -2.0, pose.z < -2.0))
    assert corrections > 10
    assert len(quarters) == 9
    assert corrections < 1200


def test_a_process_that_was_held_up_makes_nobody_leap() -> None:
    """After ten seconds without a step the next one is a step."""
    walker = Walker(Pose(), Random(4), 0.0)
    for tick in range(400):
        before = walker.step(tick * TICK_S)
        if walker.is_walking:
            break
    after = walker.step(tick * TICK_S + 10.0)
    assert math.dist(before.position, after.position) <= FASTEST_M_S * 0.25


def test_the_same_seed_walks_the_same_way() -> None:
    """A crowd can be repeated."""
    assert walk(60, seed=9) == walk(60, seed=9)
    assert walk(60, seed=9) != walk(60, seed=10)
