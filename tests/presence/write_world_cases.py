"""Writes world_cases.json: `python -m tests.presence.write_world_cases`.

The answers of the server's rules to questions at the edges of one small world that has a bit of everything. Clients in
other languages run the same questions; `test_world_cases.py` keeps the file as the rules are.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from random import Random

import numpy as np

from presence.world import World

FILE = Path(__file__).with_name("world_cases.json")

WORLD = {
    "name": "cases",
    "title": "Cases",
    "bounds": {"min": [-12, -2, -12], "max": [12, 6, 12]},
    "clearances": ["restricted"],
    "walls": [
        {"from": [-1, 0], "to": [1, 0], "base": 0, "height": 2.5, "look": "glass"},
        {"from": [3, 3], "to": [5.001, 6.003], "base": 0, "height": 3},
        {"from": [-6, 4], "to": [-6, 8], "base": 2.3, "height": 1, "look": "wood"},
        {"from": [-9, 0.5], "to": [-7, 0.5], "base": 0, "height": 0.3, "look": "railing"},
    ],
    "boxes": [{"min": [6, 0, -4], "max": [7.5, 0.75, -2], "look": "desk"}],
    "floors": [
        {"min": [-10, -10], "max": [10, 6], "height": 0, "look": "terrazzo"},
        {"min": [-10, 6], "max": [10, 9.001], "height": 0, "slope": {"axis": "z", "to": -1.1}, "look": "carpet"},
        {"min": [10, -10], "max": [11.7, 6], "height": 0, "slope": {"axis": "x", "to": 0.7}},
        {"min": [-4, -9], "max": [-2, -7], "height": 0.29},
        {"min": [-4, -6], "max": [-2, -4], "height": 3},
    ],
    "zones": [
        {"name": "vault", "min": [-9, 0, -9], "max": [-5, 3, -5], "clearance": ["restricted"]},
        {"name": "wing", "min": [-10, 0, -10], "max": [-4, 4, -4]},
    ],
    "spawns": [{"position": [0, 0, 2], "yaw": 0}],
    "seats": [
        {"from": [-1, 0, 3.3], "to": [0, 0, 2.6], "count": 4, "yaw": 90, "look": "armchair"},
        {"from": [8, 0, 3], "to": [8, 0, 3], "count": 1, "yaw": -45},
    ],
    "portals": [{"min": [8, 0, -1], "max": [9, 2, 1], "world": "cases", "room": "again"}],
}

Triple = tuple[int, int, int]

RADIUS = (-1, 0, 1)  # a millimetre before an edge, on it, and beyond it


def corners() -> list[Triple]:
    """Places a millimetre around every edge there is: bounds, walls, boxes, floors, zones, portals, steps and heads."""
    x = [-12_000, -10_000, -6000, -4000, -1000, 1000, 3000, 5001, 6000, 7500, 8000, 9000, 10_000, 11_700, 12_000]
    y = [-2000, -300, 0, 290, 300, 590, 600, 750, 2300, 2500, 3000, 6000]
    z = [-12_000, -9000, -6000, -4000, -2000, 0, 500, 3000, 6000, 6003, 9001, 12_000]
    rng = Random(3)
    return [
        (rng.choice(x) + rng.choice(RADIUS), rng.choice(y) + rng.choice(RADIUS), rng.choice(z) + rng.choice(RADIUS))
        for _ in range(160)
    ]


def stacked() -> list[Triple]:
    """Heights around each floor, over a step, under a ceiling that is a floor, on the ramps; and in the portal."""
    places = [
        (-3000, -8000),
        (-4000, -7000),
        (-3000, -5000),
        (0, 7000),
        (0, 9000),
        (10_850, 0),
        (11_700, 6000),
        (8500, 0),
    ]
    heights = (-1400, -301, -300, 0, 300, 301, 589, 590, 591, 2699, 2700, 3300, 3301)
    return [(x, y, z) for x, z in places for y in heights]


def around() -> list[Triple]:
    """Places anywhere, most of them near the ground."""
    rng = Random(4)
    heights = (0, 0, 0, 120, -300, 350, 3000)
    return [(rng.randint(-12_000, 12_000), rng.choice(heights), rng.randint(-12_000, 12_000)) for _ in range(160)]


def moves() -> list[tuple[Triple, Triple]]:
    """Steps over, along and past every wall and box side, and long ones across the world."""
    rng = Random(5)
    edges = [(-1000, 0), (1000, 0), (3000, 3000), (5001, 6003), (4000, 4500), (-6000, 6000), (-8000, 500)]
    edges += [(6000, -4000), (7500, -2000), (7000, -2000), (12_000, 0), (-12_000, 12_000)]
    steps = [-700, -300, -1, 0, 1, 300, 700]
    found = []
    for (x, z), rise in product(edges, (0, 0, 0, 299, 300, 601)):
        for _ in range(3):
            start = (x + rng.choice(steps), rise, z + rng.choice(steps))
            found.append((start, (x + rng.choice(steps), rng.choice((0, rise)), z + rng.choice(steps))))
    found += [(a, b) for a, b in zip(around()[::2], around()[1::2], strict=True)]
    return found


def text() -> str:
    """The file, one question a line."""
    world = World.parse(json.dumps(WORLD))
    places = corners() + stacked() + around()
    at = np.array(places, np.int32)
    assert world.floors is not None
    height, is_there = world.floors.under(at)
    names = [None, *(zone.name for zone in world.zones)]
    answers = zip(
        places,
        world.in_bounds(at).tolist(),
        world.on_floor(at).tolist(),
        [int(h) if there else None for h, there in zip(height, is_there, strict=True)],
        [names[number] for number in world.zone_of(at).tolist()],
        [any(portal.box.has(place) for portal in world.portals) for place in places],
        strict=True,
    )
    keys = ("at", "in_bounds", "on_floor", "floor_under", "zone", "portal")
    start, end = (np.array(side, np.int32) for side in zip(*moves(), strict=True))
    walked = zip(moves(), world.blocked(start, end).tolist(), strict=True)
    lists = {
        "places": [json.dumps(dict(zip(keys, answer, strict=True))) for answer in answers],
        "moves": [json.dumps({"from": a, "to": b, "blocked": blocked}) for (a, b), blocked in walked],
        "seats": [json.dumps(place) for place in world.seats_mm.tolist()],
    }
    parts = [f'"world": {json.dumps(WORLD, indent=2)}']
    parts += [f'"{key}": [\n' + ",\n".join(lines) + "\n]" for key, lines in lists.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
