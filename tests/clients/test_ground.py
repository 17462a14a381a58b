"""What bots know of a world: places one can get to, ways round walls and through doors, seats."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from presence import world as presence_world
from presence.catalogue import SHIPPED_WORLDS
from presence_client.ground import Ground
from presence_client.pose import Vector

# Two rooms of eight metres side by side, with a door of one metre in the wall between them.
ROOMS: dict[str, Any] = {
    "name": "rooms",
    "title": "Rooms",
    "bounds": {"min": [-8, 0, -4], "max": [8, 4, 4]},
    "walls": [
        {"from": [0, -4], "to": [0, 2], "base": 0, "height": 3},
        {"from": [0, 3], "to": [0, 4], "base": 0, "height": 3},
    ],
    "spawns": [{"position": [-4, 0, -3], "yaw": 0}],
}
RIGHT: Vector = (4.0, 0.0, -3.0)
LEFT: Vector = (-4.0, 0.0, -3.0)


def length(way: list[Vector]) -> float:
    """How far it is."""
    return sum(math.dist(a, b) for a, b in pairwise(way))


def test_a_way_leads_through_the_door() -> None:
    """By few corners, and hardly further than it must."""
    way = Ground(ROOMS).way(LEFT, RIGHT)
    assert math.dist(way[-1], RIGHT) < 0.5
    assert len(way) <= 4
    shortest = length([LEFT, (0.0, 0.0, 2.5), RIGHT])
    assert length([LEFT, *way]) < shortest * 1.1


def test_what_cannot_be_reached_is_no_place() -> None:
    """Behind a closed wall, in a table, outside the bounds, and where not everybody may be seen."""
    walled = ROOMS | {"walls": [{"from": [0, -4], "to": [0, 4], "base": 0, "height": 3}]}
    ground = Ground(walled)
    assert ground.places[:, 0].max() < 0
    assert ground.way(LEFT, RIGHT) == []
    table = Ground(ROOMS | {"boxes": [{"min": [2, 0, -4], "max": [6, 1, 0]}]})
    assert not ((table.places[:, 0] > 2) & (table.places[:, 0] < 6) & (table.places[:, 2] < 0)).any()
    secret = {"name": "secret", "min": [0, 0, -4], "max": [8, 4, 4], "clearance": ["secret"]}
    assert Ground(ROOMS | {"zones": [secret]}).places[:, 0].max() < 0
    near = ground.nearest(RIGHT)
    assert near is not None
    assert near[0] < 0


def test_low_edges_are_stepped_over_and_high_beams_walked_under() -> None:
    """As the collision rule has it."""
    kerb = {"from": [0, -4], "to": [0, 4], "base": 0, "height": 0.3}
    beam = {"from": [0, -4], "to": [0, 4], "base": 1.7, "height": 1}
    way = Ground(ROOMS | {"walls": [kerb, beam]}).way(LEFT, RIGHT)
    assert len(way) == 1


def test_ways_follow_floors_and_ramps() -> None:
    """The height is that of the ground, and there is no way over a ledge."""
    floors = [
        {"min": [-8, -4], "max": [0, 4], "height": 0},
        {"min": [0, -1], "max": [4, 1], "height": 0, "slope": {"axis": "x", "to": 2}},
        {"min": [4, -4], "max": [8, 4], "height": 2},
    ]
    ground = Ground(ROOMS | {"walls": [], "floors": floors})
    assert ground.height(2.2, 1.0, 0.1) == pytest.approx(1.1)
    way = ground.way(LEFT, (6.0, 2.0, -3.0))
    assert way[-1][1] == pytest.approx(2.0)
    for a, b in pairwise([LEFT, *way]):
        middle = tuple((p + q) / 2 for p, q in zip(a, b, strict=True))
        assert not 0 < middle[0] < 4 or abs(middle[2]) <= 1


def test_seats_stand_in_rows() -> None:
    """From one end to the other, looking one way."""
    rows = [
        {"from": [1, 0, -3], "to": [3, 0, -3], "count": 3, "yaw": 90},
        {"from": [5, 0, 2], "to": [5, 0, 2], "count": 1, "yaw": 0},
    ]
    seats = Ground(ROOMS | {"seats": rows}).seats
    assert [seat.position for seat in seats] == [(1, 0, -3), (2, 0, -3), (3, 0, -3), (5, 0, 2)]
    assert seats[0].yaw == pytest.approx(math.pi / 2)


def test_hops_come_nearer_until_the_goal_is_in_reach() -> None:
    """Walls do not matter to a teleport; a hop that gains nothing is none."""
    ground = Ground(ROOMS)
    hop = ground.hop((-7.5, 0.0, -3.0), (7.5, 0.0, -3.0), 10.0)
    assert hop is not None
    assert math.dist((-7.5, 0.0, -3.0), hop) <= 10.0
    assert hop[0] > 1.5
    assert ground.hop((3.0, 0.0, -3.0), (3.1, 0.0, -3.0), 10.0) is None


@pytest.mark.parametrize("path", sorted(SHIPPED_WORLDS.glob("[!w]*.json")), ids=lambda path: path.stem)
def test_the_server_agrees_about_every_way(path: Path) -> None:
    """In every shipped world, whoever follows ways in steps of a tick is never corrected."""
    text = path.read_text("utf-8")
    ground, world, rng = Ground(json.loads(text)), presence_world.World.parse(text), Random(1)
    assert len(ground.places) > 100
    here = ground.nearest(tuple(world.spawns_mm[0] / 1000))
    assert here is not None
    steps = [here]
    for _ in range(20):
        goal = ground.somewhere(rng, here, 15.0)
        assert goal is not None
        for corner in ground.way(here, goal):
            count = math.ceil(math.dist(here, corner) / 0.07)
            for k in range(1, count + 1):
                x, z = (here[a] + (corner[a] - here[a]) * k / count for a in (0, 2))
                steps.append((x, ground.height(x, steps[-1][1], z), z))
            here = corner
    feet = np.round(np.array(steps) * 1000).astype(np.int32)
    assert not world.blocked(feet[:-1], feet[1:]).any()
    assert world.on_floor(feet).all()
    assert len(steps) > 500
