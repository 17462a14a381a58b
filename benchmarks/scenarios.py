"""Every scenario, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import churn, slow, storm
from benchmarks.assembly import hall_m, sit
from benchmarks.motion import embody
from benchmarks.parameters import POSE_HZ
from benchmarks.scenario import Scenario, Staged
from benchmarks.walkers import square_side_m, stand, walk

if TYPE_CHECKING:
    from benchmarks.parameters import Parameters

NEIGHBOURS = 32
RADIUS_M = 10.0

_STEP_S = 1 / POSE_HZ
_SWING_M = 0.25
_WEARERS = 0.5  # of an assembly: the others sit at a screen


def _plaza(asked: Parameters) -> float:
    return square_side_m(asked.avatars, NEIGHBOURS, RADIUS_M)


def _facts(side_m: float) -> dict[str, float]:
    return {"neighbours_within_radius": NEIGHBOURS, "square_side_m": round(side_m, 3)}


def _walking(rng: np.random.Generator, asked: Parameters, people: int, steps: int) -> Staged:
    side_m = _plaza(asked)
    return Staged(embody(rng, walk(rng, people, side_m, steps, _STEP_S), _STEP_S), _facts(side_m))


def _tracked(rng: np.random.Generator, asked: Parameters, people: int, steps: int) -> Staged:
    side_m = _plaza(asked)
    track = walk(rng, people, side_m, steps, _STEP_S)
    everybody = np.ones(people, np.bool_)
    return Staged(embody(rng, track, _STEP_S, tracked=everybody, swing_m=_SWING_M), _facts(side_m))


def _standing(rng: np.random.Generator, asked: Parameters, people: int, steps: int) -> Staged:
    side_m = _plaza(asked)
    return Staged(embody(rng, stand(rng, people, side_m, steps), _STEP_S), _facts(side_m))


def _some_standing(rng: np.random.Generator, asked: Parameters, people: int, steps: int) -> Staged:
    """Let everybody walk but the last ones, who stay where they are."""
    side_m = _plaza(asked)
    track = walk(rng, people, side_m, steps, _STEP_S)
    for column in (track.position_m, track.yaw, track.pitch):
        column[:, people - slow.standing(asked) :] = column[:1, people - slow.standing(asked) :]
    return Staged(embody(rng, track, _STEP_S), _facts(side_m))


def _crushed(rng: np.random.Generator, asked: Parameters, people: int, steps: int) -> Staged:
    track = walk(rng, people, asked.side_m, steps, _STEP_S)
    return Staged(embody(rng, track, _STEP_S), {"square_side_m": asked.side_m})


def _seated(rng: np.random.Generator, _asked: Parameters, people: int, steps: int) -> Staged:
    track = sit(rng, people, steps, _STEP_S)
    wide, deep = hall_m(people)
    tracked = rng.random(people) < _WEARERS
    tracked[0] = True
    return Staged(embody(rng, track, _STEP_S, tracked=tracked), {"hall_width_m": wide, "hall_depth_m": deep})


_ALL = (
    Scenario(
        "plaza",
        "people walking about on a square, each with 32 others within 10 m",
        _walking,
        has_floor=True,
        has_peers=True,
    ),
    Scenario("tracked", "the plaza with headsets: root, head and two hands moving", _tracked, has_floor=True),
    Scenario(
        "crush",
        "everybody walking about within 20 x 20 m, or on one spot",
        _crushed,
        options={"side_m": 20.0},
        has_floor=True,
        has_peers=True,
        is_budgeted=True,
    ),
    Scenario("assembly", "people seated in rows with their heads moving, and a speaker", _seated, has_floor=True),
    Scenario("idle", "the plaza with everybody standing still", _standing, is_lively=False, is_strict=True),
    Scenario(
        "storm",
        "the plaza, and many others who come at the same moment",
        _walking,
        options={"joiners": 100},
        guests=storm.guests,
        judge=storm.judge,
    ),
    Scenario(
        "churn",
        "the plaza, and others who come and go all the time",
        _walking,
        options={"rate": 10.0},
        guests=churn.guests,
        judge=churn.judge,
    ),
    Scenario(
        "slow",
        "the plaza with some who stand and read slowly: what the others see of it",
        _some_standing,
        options={"slow_share": 0.1, "slow_bytes": 5000, "pairs": 5},
        guests=slow.guests,
        judge=slow.judge,
        is_strict=True,
        repeat=slow.in_pairs,
    ),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}
