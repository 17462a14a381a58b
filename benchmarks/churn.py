"""The churn: people come and go all the time among others who walk about.

Besides what is checked in every run, no entity id may come back too early: somebody could still mean the one before.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.oracle import Violation
from benchmarks.parameters import POSE_HZ
from benchmarks.plan import BEFORE
from benchmarks.scenario import Findings, Guest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.parameters import Parameters
    from benchmarks.plan import Visit
    from benchmarks.scenario import Played

STAY_S = 2.0  # that a visitor walks about, once it is where its walk begins
ID_REST_S = 120.0  # SPEC, table of limits: an entity id rests before its next use


def guests(asked: Parameters) -> list[Guest]:
    """Those who stay, and visitors at even intervals from the first step to the last measured one.

    Raises ValueError for no rate at all.
    """
    if asked.rate <= 0:
        raise ValueError(f"rate is {asked.rate}, it must be more than 0")
    _, end = asked.measured_steps
    visitors = int(end / POSE_HZ * asked.rate)
    stays = round(STAY_S * POSE_HZ)
    arrivals = [int(number * POSE_HZ / asked.rate) for number in range(visitors)]
    return [Guest() for _ in range(asked.avatars)] + [Guest(arrives, stays) for arrives in arrivals]


def judge(played: Played) -> Findings:
    """Count who came and went while it was measured, and look whether an id came back."""
    begin, end = played.window_ns
    visits = [
        played.visits[k] for k, guest in enumerate(played.guests) if guest.arrives != BEFORE and k in played.visits
    ]
    joins = sum(begin <= visit.joined_ns < end for visit in visits)
    leaves = sum(visit.left_ns is not None and begin <= visit.left_ns < end for visit in visits)
    seconds = (end - begin) / 1e9
    figures = {
        "churn": {
            "joins_per_s": round(joins / seconds, 2),
            "leaves_per_s": round(leaves / seconds, 2),
            "ids_used": len({visit.entity for visit in played.visits.values()}),
            "seats_taken": len(played.visits),
        }
    }
    reasons = [] if joins and leaves else ["nobody came, or nobody left, while it was measured"]
    return Findings(figures, early_reuse(played.visits), reasons)


def early_reuse(visits: Mapping[int, Visit]) -> list[Violation]:
    """Find visits that were given an entity id of somebody who is there, or left less than ID_REST_S ago."""
    found = []
    for entity, users in _by_entity(visits).items():
        for (_, earlier), (number, later) in pairwise(users):
            left_ns = earlier.left_ns
            if left_ns is None:
                found.append(Violation(0, number, f"was given id {entity}, which somebody has who is there"))
            elif (rested_s := (later.joined_ns - left_ns) / 1e9) < ID_REST_S:
                found.append(Violation(0, number, f"was given id {entity}, which had rested {rested_s:.1f} s"))
            elif earlier.generation == later.generation:
                found.append(Violation(0, number, f"was given id {entity} in the generation it had before"))
    return found


def _by_entity(visits: Mapping[int, Visit]) -> dict[int, list[tuple[int, Visit]]]:
    users: dict[int, list[tuple[int, Visit]]] = {}
    for number, visit in sorted(visits.items(), key=lambda item: item[1].joined_ns):
        users.setdefault(visit.entity, []).append((number, visit))
    return users
