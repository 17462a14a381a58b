"""The worlds that ship: all there is in them can be walked to from every spawn point, by the rules of the server."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from presence import catalogue
from presence.world import World

CELL_MM = 250
SHOULDERS_MM = 250  # what clients keep from walls on every side, and a little more
MAX_FILE_BYTES = 300_000
PROPS = {
    *("folder", "evidence-bag", "passport", "tablet", "magnifier", "camera", "fingerprint-card", "sample-tube"),
    *("suitcase", "lamp", "sign"),
}
WALKED = ["checkpoint", "headquarters", "plaza"]

Places = NDArray[np.int32]


@cache
def worlds() -> dict[str, World]:
    """Every shipped world by name."""
    return catalogue.load_worlds(None)


@cache
def reached(name: str) -> Places:
    """The places of a lattice that can be walked to from the first spawn, feet on the ground, (n, 3) int32."""
    world = worlds()[name]
    low, high = world.bounds_mm
    origin = world.spawns_mm[0]
    before = (origin - low) // CELL_MM
    shape = tuple((before + (high - origin) // CELL_MM + 1)[[0, 2]].tolist())
    feet = np.zeros((*shape, 3), np.int32)
    seen = np.zeros(shape, bool)
    edge = before[None, [0, 2]]
    feet[tuple(edge.T)], seen[tuple(edge.T)] = origin, True
    while len(edge):
        steps = [(edge, edge + step) for step in np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])]
        start, end = (np.concatenate(side) for side in zip(*steps, strict=True))
        is_new = ((end >= 0) & (end < shape)).all(axis=1)
        start, end = start[is_new], end[is_new]
        is_new = ~seen[tuple(end.T)]
        start, end = start[is_new], end[is_new]
        place, is_free = walk(world, feet[tuple(start.T)], (end - start) * CELL_MM)
        feet[tuple(end[is_free].T)], seen[tuple(end[is_free].T)] = place[is_free], True
        edge = np.unique(end[is_free], axis=0)
    return np.asarray(feet[seen])


def walk(world: World, start: Places, step: NDArray[np.int64]) -> tuple[Places, NDArray[np.bool_]]:
    """Where steps (x, z) lead that follow the ground, and whether the server lets them and there is room for a body."""
    end = start.copy()
    end[:, ::2] += step.astype(np.int32)
    is_there = np.ones(len(end), bool)
    if world.floors is not None:
        height, is_there = world.floors.under(end)
        end[:, 1] = np.where(is_there, height, end[:, 1])
    has_room = np.ones(len(end), bool)
    for x, z in ((SHOULDERS_MM, 0), (0, SHOULDERS_MM)):
        aside = np.array([x, 0, z], np.int32)
        has_room &= ~world.blocked(end - aside, end + aside)
    return end, is_there & has_room & ~world.blocked(start, end) & world.on_floor(end)


def can_walk_to(name: str, places: Places) -> list[bool]:
    """Whether each place is a step of half a metre or less away from where one can walk."""
    world, around = worlds()[name], reached(name)
    found = []
    for place in places:
        near = around[(np.abs(around[:, ::2] - place[::2]) <= 2 * CELL_MM).all(axis=1)]
        target = np.broadcast_to(place, near.shape)
        found.append(bool((~world.blocked(near, target) & world.on_floor(target)).any()))
    return found


@pytest.mark.parametrize("name", WALKED)
def test_every_spawn_and_seat_can_be_walked_to(name: str) -> None:
    """Nobody appears in a closed place, and nobody sees a seat that cannot be taken."""
    world = worlds()[name]
    assert [place.tolist() for place, is_near in stands(name, world.spawns_mm) if not is_near] == []
    assert [place.tolist() for place, is_near in stands(name, world.seats_mm) if not is_near] == []


def stands(name: str, places: Places) -> list[tuple[Places, bool]]:
    """Each place, and whether it can be walked to."""
    return list(zip(places, can_walk_to(name, places), strict=True))


@pytest.mark.parametrize("name", WALKED)
def test_every_zone_and_portal_can_be_walked_into(name: str) -> None:
    """Also the zones that need clearance: it is their rule that keeps people out, not their walls."""
    world = worlds()[name]
    numbers = set(world.zone_of(reached(name)).tolist())
    assert [zone.name for number, zone in enumerate(world.zones, 1) if number not in numbers] == []
    for portal in world.portals:
        low, high = np.array(portal.box.min_mm), np.array(portal.box.max_mm)
        assert ((reached(name) >= low) & (reached(name) <= high)).all(axis=1).any()


@pytest.mark.parametrize("name", WALKED)
def test_most_of_the_floor_is_open(name: str) -> None:
    """Walls and furniture leave no large part of a floor behind: most of what carries feet can be walked."""
    world = worlds()[name]
    low, high = world.bounds_mm
    xs, zs = np.arange(low[0] + 1, high[0], 500), np.arange(low[2] + 1, high[2], 500)
    x, z = (part.ravel() for part in np.meshgrid(xs, zs))
    everywhere = np.stack([x, np.full_like(x, world.spawns_mm[0][1]), z], axis=1).astype(np.int32)
    if world.floors is not None:
        height, is_there = world.floors.under(everywhere)
        everywhere = everywhere[is_there]
        everywhere[:, 1] = height[is_there]
    area_m2 = len(everywhere) * 0.25
    assert len(reached(name)) * (CELL_MM / 1000) ** 2 > 0.75 * area_m2


def test_portals_lead_there_and_back() -> None:
    """From the headquarters to the checkpoint and home again."""
    portals = {name: {(way.world, way.room) for way in world.portals} for name, world in worlds().items()}
    assert ("checkpoint", "border") in portals["headquarters"]
    assert ("headquarters", "hq") in portals["checkpoint"]


def test_the_headquarters_has_what_its_plan_says() -> None:
    """Two hundred seats in the hall, twenty-four in the classroom, private meeting rooms, one of them cleared."""
    world = worlds()["headquarters"]
    names = [zone.name for zone in world.zones]
    seats = Counter(names[number - 1] for number in world.zone_of(world.seats_mm).tolist() if number)
    assert seats["assembly"] == 200
    assert seats["classroom"] >= 24
    private = [zone for zone in world.zones if zone.is_speech_private]
    assert len(private) >= 4
    assert [zone.clearance for zone in private if zone.clearance] == [("restricted",)]
    assert {"atrium", "laboratory", "offices", "terrace", "lounge"} <= set(names)


def test_newcomers_are_spread() -> None:
    """A dozen at once do not stand in each other."""
    for name in ("headquarters", "checkpoint"):
        spawns = worlds()[name].spawns_mm.astype(np.int64)
        apart = np.sqrt(((spawns[:, None] - spawns[None]) ** 2).sum(axis=2)) + np.eye(len(spawns)) * 1e6
        assert len(spawns) >= 12
        assert apart.min() > 1200


@pytest.mark.parametrize("path", sorted(catalogue.SHIPPED_WORLDS.glob("*.json")), ids=lambda path: path.stem)
def test_files_are_small_and_say_things_in_four_languages(path: Path) -> None:
    """A world loads in a moment, every sign is translated, and clients have a model for every prop."""
    text = path.read_text("utf-8")
    assert len(text.encode()) < MAX_FILE_BYTES
    document = json.loads(text)
    for sign in document.get("signs", []):
        assert sorted(sign["text"]) == ["ar", "en", "es", "fr"]
        assert any("\u0600" <= letter <= "\u06ff" for letter in sign["text"]["ar"])
    if "bounds" in document:
        assert {each["kind"] for each in document.get("props", {}).get("kinds", [])} <= PROPS
