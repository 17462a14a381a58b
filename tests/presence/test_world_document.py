"""What a world file may hold: a corpus of bad files, judged by the parser and by the published schema alike."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import geometry, world_document, world_parts
from presence.catalogue import SHIPPED_WORLDS
from presence.world_document import WorldError
from presence.world_parts import Document
from protocol import records

SCHEMA = json.loads((SHIPPED_WORLDS / "world.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SHIPPED = sorted(path for path in SHIPPED_WORLDS.glob("*.json") if path.name != "world.schema.json")

World = dict[str, Any]
Change = Callable[[World], object]

GOOD: World = {
    "name": "lab",
    "title": {"en": "Lab", "fr": "Labo", "es": "Laboratorio", "ar": "مختبر"},
    "bounds": {"min": [-10, 0, -10], "max": [10, 4, 10]},
    "sight": 12.5,
    "rings": ["4:1", "8.5:4:root", "10:32:dot"],
    "clearances": ["restricted", "forensics"],
    "walls": [{"from": [-5, 2], "to": [5, 2.5], "base": 0, "height": 3, "look": "glass"}],
    "boxes": [{"min": [6, 0, 6], "max": [7, 0.8, 8], "look": "desk"}],
    "floors": [
        {"min": [-10, -10], "max": [10, 6], "height": 0, "look": "terrazzo"},
        {"min": [-10, 6], "max": [10, 8], "height": 0, "slope": {"axis": "z", "to": 0.6}, "look": "carpet"},
        {"min": [-10, 8], "max": [10, 10], "height": 0.6},
    ],
    "ceilings": [{"min": [-10, -10], "max": [10, 10], "height": 3.9, "look": "glass-roof"}],
    "seats": [{"from": [-4, 0, -4], "to": [4, 0, -4], "count": 5, "yaw": 180, "look": "armchair"}],
    "fixtures": [{"kind": "globe", "position": [8, 0, -8], "yaw": 45, "scale": 0.5}],
    "lights": [{"kind": "pendant", "position": [0, 3, 0], "colour": "#ffd9a0", "intensity": 0.8, "range": 9}],
    "signs": [
        {
            "text": {"en": "Lab", "fr": "Labo", "es": "Laboratorio", "ar": "مختبر"},
            "position": [0, 2.5, -9],
            "yaw": 180,
            "width": 2.4,
            "style": "wayfinding",
        }
    ],
    "sky": {"kind": "day", "sun": {"azimuth": 140, "elevation": 38}},
    "zones": [
        {"name": "store", "min": [-9, 0, 5], "max": [-5, 3, 9], "clearance": ["restricted"], "capacity": 2},
        {"name": "quiet", "min": [-9, 0, -9], "max": [-5, 3, -5], "isolated": True, "speech_private": True},
    ],
    "spawns": [{"position": [0, 0, 0], "yaw": 90}],
    "portals": [{"min": [8, 0, -1], "max": [9, 2, 1], "world": "plaza", "room": "lobby"}],
    "props": {
        "kinds": [{"kind": "folder", "grabbable": True}],
        "objects": [{"kind": "folder", "position": [6.5, 0.82, 7], "orientation": [0, 0.7071, 0, 0.7071]}],
    },
}


def read(world: object) -> Document:
    """What the parser makes of a world."""
    return world_document.read(json.dumps(world))


def problems_of(world: object) -> list[tuple[str, str]]:
    """Where and what the parser finds wrong, without the remedies."""
    try:
        read(world)
    except WorldError as error:
        return [(problem.path, problem.what) for problem in error.problems]
    return []


def changed(change: Change) -> World:
    """The good world with one thing changed."""
    world = copy.deepcopy(GOOD)
    change(world)
    return world


def put(*path: str | int | object) -> Change:
    """Set the value at a path, whose last step is the value."""
    *steps, key, value = path

    def change(world: World) -> None:
        node: Any = world
        for step in steps:
            node = node[step]
        node[key] = value

    return change


def drop(*path: str | int) -> Change:
    """Remove the value at a path."""
    *steps, key = path

    def change(world: World) -> None:
        node: Any = world
        for step in steps:
            node = node[step]
        del node[key]

    return change


def add(*path: str | int | object) -> Change:
    """Append a value to the list at a path."""
    *steps, item = path

    def change(world: World) -> None:
        node: Any = world
        for step in steps:
            node = node[step]
        node.append(item)

    return change


def both(first: Change, second: Change) -> Change:
    """Two changes."""

    def change(world: World) -> None:
        first(world)
        second(world)

    return change


WALL, BOX, ZONE, SPAWN, PORTAL = (
    GOOD["walls"][0],
    GOOD["boxes"][0],
    GOOD["zones"][0],
    GOOD["spawns"][0],
    GOOD["portals"][0],
)
FLOOR = GOOD["floors"][0]
KIND, OBJECT = GOOD["props"]["kinds"][0], GOOD["props"]["objects"][0]

# What is wrong with the shape of a file: the schema and the parser must both refuse it.
BAD_SHAPES: list[tuple[Change, str, str]] = [
    (drop("name"), "$.name", "missing"),
    (drop("title"), "$.title", "missing"),
    (drop("bounds"), "$.bounds", "missing"),
    (drop("spawns"), "$.spawns", "missing"),
    (put("zonez", []), "$.zonez", "unknown key"),
    (put("$schema", 3), "$.$schema", "is not a text"),
    (put("name", 3), "$.name", "is a number"),
    (put("name", "Big Hall"), "$.name", "is not a name"),
    (put("name", ""), "$.name", "is not a name"),
    (put("name", "a" * 65), "$.name", "is not a name"),
    (put("title", ["Lab"]), "$.title", "is a list"),
    (put("title", ""), "$.title", "has 0 characters"),
    (put("title", "a" * 121), "$.title", "has 121 characters"),
    (put("title", "two\nlines"), "$.title", "has a control character"),
    (drop("title", "ar"), "$.title.ar", "missing"),
    (put("title", "de", "Labor"), "$.title.de", "unknown key"),
    (put("title", "fr", None), "$.title.fr", "is null"),
    (put("bounds", [0, 1]), "$.bounds", "is a list"),
    (drop("bounds", "max"), "$.bounds.max", "missing"),
    (put("bounds", "top", 3), "$.bounds.top", "unknown key"),
    (put("bounds", "min", [0, 0]), "$.bounds.min", "has 2 items"),
    (put("bounds", "min", 0, "-10"), "$.bounds.min[0]", "is a text"),
    (put("bounds", "min", 0, False), "$.bounds.min[0]", "is true or false"),
    (put("bounds", "max", 0, 4000.001), "$.bounds.max[0]", "out of range"),
    (put("clearances", "restricted"), "$.clearances", "is a text"),
    (put("clearances", 0, "Top Secret"), "$.clearances[0]", "is not a name"),
    (add("clearances", "restricted"), "$.clearances[2]", '"restricted" is there already'),
    (put("clearances", [f"c{i}" for i in range(65)] + []), "$.clearances", "has 65 items"),
    (put("walls", None), "$.walls", "is null"),
    (put("walls", 0, 5), "$.walls[0]", "is a number"),
    (put("walls", [WALL] * 10_001), "$.walls", "has 10001 items"),
    (drop("walls", 0, "base"), "$.walls[0].base", "missing"),
    (put("walls", 0, "hieght", 2), "$.walls[0].hieght", "unknown key"),
    (put("walls", 0, "height", 0), "$.walls[0].height", "is not above zero"),
    (put("walls", 0, "height", -1), "$.walls[0].height", "is not above zero"),
    (put("walls", 0, "from", [1, 2, 3]), "$.walls[0].from", "has 3 items"),
    (put("walls", 0, "to", {"x": 1, "z": 2}), "$.walls[0].to", "is an object"),
    (put("boxes", {}), "$.boxes", "is an object"),
    (put("boxes", [BOX] * 10_001), "$.boxes", "has 10001 items"),
    (drop("boxes", 0, "min"), "$.boxes[0].min", "missing"),
    (put("boxes", 0, "name", "desk"), "$.boxes[0].name", "unknown key"),
    (put("boxes", 0, "look", "desks"), "$.boxes[0].look", "is not one of the words for it"),
    (put("walls", 0, "look", None), "$.walls[0].look", "is null"),
    (put("sight", 0), "$.sight", "out of range"),
    (put("sight", 1000.5), "$.sight", "out of range"),
    (put("sight", None), "$.sight", "is null"),
    (put("rings", "10:1"), "$.rings", "is a text"),
    (put("rings", None), "$.rings", "is null"),
    (put("rings", []), "$.rings", "has 0 items"),
    (put("rings", [f"{metres}:1" for metres in range(1, 34)]), "$.rings", "has 33 items"),
    (put("rings", 0, 10), "$.rings[0]", "is a number"),
    (put("rings", 0, "near:1"), "$.rings[0]", "is not a ring"),
    (put("rings", 1, "8.5:3"), "$.rings[1]", "is not a ring"),
    (put("rings", 2, "10:32:hands"), "$.rings[2]", "is not a ring"),
    (put("rings", 1, "8.5005:4"), "$.rings[1]", "is not a ring"),
    (put("floors", 0, "min", [0, 0, 0]), "$.floors[0].min", "has 3 items"),
    (drop("floors", 0, "height"), "$.floors[0].height", "missing"),
    (put("floors", 0, "look", "lava"), "$.floors[0].look", "is not one of the words for it"),
    (put("floors", 0, "slope", 0.5), "$.floors[0].slope", "is a number"),
    (put("floors", 1, "slope", "axis", "y"), "$.floors[1].slope.axis", "is not one of the words for it"),
    (drop("floors", 1, "slope", "to"), "$.floors[1].slope.to", "missing"),
    (put("floors", [FLOOR] * 513), "$.floors", "has 513 items"),
    (drop("ceilings", 0, "look"), "$.ceilings[0].look", "missing"),
    (put("ceilings", 0, "slope", {}), "$.ceilings[0].slope", "unknown key"),
    (put("seats", 0, "count", 0), "$.seats[0].count", "out of range"),
    (put("seats", 0, "count", 201), "$.seats[0].count", "out of range"),
    (put("seats", 0, "count", 2.5), "$.seats[0].count", "is not whole"),
    (put("seats", 0, "yaw", 400), "$.seats[0].yaw", "out of range"),
    (put("seats", 0, "look", "throne"), "$.seats[0].look", "is not one of the words for it"),
    (drop("seats", 0, "to"), "$.seats[0].to", "missing"),
    (put("fixtures", 0, "kind", "glob"), "$.fixtures[0].kind", "is not one of the words for it"),
    (put("fixtures", 0, "scale", 0), "$.fixtures[0].scale", "out of range"),
    (put("fixtures", 0, "yaw", "east"), "$.fixtures[0].yaw", "is a text"),
    (put("fixtures", 0, "collides", True), "$.fixtures[0].collides", "unknown key"),
    (put("lights", 0, "colour", "#FFD9A0"), "$.lights[0].colour", "is not a colour"),
    (put("lights", 0, "intensity", 11), "$.lights[0].intensity", "out of range"),
    (put("lights", 0, "range", 0), "$.lights[0].range", "out of range"),
    (put("lights", 0, "kind", "sun"), "$.lights[0].kind", "is not one of the words for it"),
    (drop("signs", 0, "text", "ar"), "$.signs[0].text.ar", "missing"),
    (put("signs", 0, "width", -1), "$.signs[0].width", "out of range"),
    (put("signs", 0, "style", "neon"), "$.signs[0].style", "is not one of the words for it"),
    (drop("signs", 0, "yaw"), "$.signs[0].yaw", "missing"),
    (put("sky", "day"), "$.sky", "is a text"),
    (put("sky", "kind", "storm"), "$.sky.kind", "is not one of the words for it"),
    (put("sky", "sun", {"azimuth": 140}), "$.sky.sun.elevation", "missing"),
    (put("sky", "sun", "elevation", 91), "$.sky.sun.elevation", "out of range"),
    (put("zones", 0, "name", None), "$.zones[0].name", "is null"),
    (put("zones", 0, "isolate", True), "$.zones[0].isolate", "unknown key"),
    (put("zones", 0, "isolated", 1), "$.zones[0].isolated", "is a number"),
    (put("zones", 0, "isolated", None), "$.zones[0].isolated", "is null"),
    (put("zones", 0, "speech_private", "yes"), "$.zones[0].speech_private", "is a text"),
    (put("zones", 0, "clearance", "restricted"), "$.zones[0].clearance", "is a text"),
    (put("zones", 0, "clearance", 0, 7), "$.zones[0].clearance[0]", "is a number"),
    (add("zones", 0, "clearance", "restricted"), "$.zones[0].clearance[1]", '"restricted" is there already'),
    (put("zones", 0, "capacity", 0), "$.zones[0].capacity", "out of range"),
    (put("zones", 0, "capacity", 65_536), "$.zones[0].capacity", "out of range"),
    (put("zones", 0, "capacity", 1.5), "$.zones[0].capacity", "is not whole"),
    (put("zones", 0, "capacity", "2"), "$.zones[0].capacity", "is a text"),
    (put("spawns", []), "$.spawns", "has 0 items"),
    (put("spawns", [SPAWN] * 1001), "$.spawns", "has 1001 items"),
    (drop("spawns", 0, "yaw"), "$.spawns[0].yaw", "missing"),
    (put("spawns", 0, "yaw", 361), "$.spawns[0].yaw", "out of range"),
    (put("spawns", 0, "pitch", 0), "$.spawns[0].pitch", "unknown key"),
    (put("spawns", 0, "position", None), "$.spawns[0].position", "is null"),
    (put("portals", [PORTAL] * 1001), "$.portals", "has 1001 items"),
    (drop("portals", 0, "world"), "$.portals[0].world", "missing"),
    (put("portals", 0, "room", None), "$.portals[0].room", "is null"),
    (put("portals", 0, "target", "plaza"), "$.portals[0].target", "unknown key"),
    (put("props", []), "$.props", "is a list"),
    (put("props", "kind", []), "$.props.kind", "unknown key"),
    (
        put("props", "kinds", [{"kind": f"k{i}", "grabbable": True} for i in range(1000)] + [KIND]),
        "$.props.kinds",
        "has 1001 items",
    ),
    (put("props", "kinds", 0, "grabbable", None), "$.props.kinds[0].grabbable", "is null"),
    (drop("props", "kinds", 0, "grabbable"), "$.props.kinds[0].grabbable", "missing"),
    (put("props", "objects", [OBJECT] * 1001), "$.props.objects", "has 1001 items"),
    (drop("props", "objects", 0, "position"), "$.props.objects[0].position", "missing"),
    (put("props", "objects", 0, "yaw", 3), "$.props.objects[0].yaw", "unknown key"),
    (put("props", "objects", 0, "orientation", [0, 0, 1]), "$.props.objects[0].orientation", "has 3 items"),
    (put("props", "objects", 0, "orientation", [0, 0, 0, 1.1]), "$.props.objects[0].orientation[3]", "out of range"),
]

# What only the meaning of the parts makes wrong: the schema lets it pass, the parser must not.
BAD_MEANINGS: list[tuple[Change, str, str]] = [
    (put("bounds", "max", 1, 4.0004), "$.bounds.max[1]", "is finer than a millimetre"),
    (put("bounds", "max", 1, 0), "$.bounds", "holds no volume"),
    (put("walls", 0, "to", [-5, 2]), "$.walls[0]", "has no length"),
    (put("walls", 0, "to", [11, 2]), "$.walls[0]", "is not wholly inside the bounds"),
    (put("walls", 0, "base", -1), "$.walls[0]", "is not wholly inside the bounds"),
    (put("walls", 0, "height", 4.001), "$.walls[0]", "is not wholly inside the bounds"),
    (put("boxes", 0, "min", 0, 7), "$.boxes[0]", "holds no volume"),
    (put("boxes", 0, "max", 0, 11), "$.boxes[0]", "is not wholly inside the bounds"),
    (put("zones", 1, "name", "store"), "$.zones[1].name", '"store" is there already'),
    (put("zones", 0, "max", 0, -9), "$.zones[0]", "holds no volume"),
    (put("zones", 0, "max", 1, 5), "$.zones[0]", "is not wholly inside the bounds"),
    (put("zones", 0, "clearance", 0, "restrictd"), "$.zones[0].clearance[0]", "restrictd is not declared"),
    (
        add("zones", {"name": "shelf", "min": [-8, 0, 6], "max": [-5, 3, 9], "clearance": ["restricted"]}),
        "$.zones[2]",
        "is hidden inside store, which is listed before it",
    ),
    (
        add(
            "zones", {"name": "wing", "min": [-10, 0, 4], "max": [-4, 4, 10], "clearance": ["restricted", "forensics"]}
        ),
        "$.zones[2]",
        "overlaps store, which is listed before it and lacks clearance forensics",
    ),
    (
        add("zones", {"name": "wing", "min": [-8, 0, 4], "max": [-4, 4, 10], "isolated": True, "speech_private": True}),
        "$.zones[2]",
        "overlaps store, which is listed before it and lacks isolated, speech_private",
    ),
    (put("spawns", 0, "position", 0, 10.001), "$.spawns[0]", "is not wholly inside the bounds"),
    (put("spawns", 0, "position", [0, 0, 2.25]), "$.spawns[0]", "stands in a wall at [0, 0, 2.25]"),
    (put("spawns", 0, "position", [6, 0, 7]), "$.spawns[0]", "stands in a wall at [6, 0, 7]"),
    (put("spawns", 0, "position", [6.5, 0, 7]), "$.spawns[0]", "stands inside a box at [6.5, 0, 7]"),
    (put("spawns", 0, "position", [-7, 0, 7]), "$.spawns[0]", "stands in store, which needs clearance"),
    (put("spawns", 0, "position", [0, 0.301, 0]), "$.spawns[0]", "stands on no floor at [0, 0.301, 0]"),
    (put("sight", 12.0005), "$.sight", "is finer than a millimetre"),
    (put("rings", 0, "0:1"), "$.rings[0]", "is not a ring"),
    (put("rings", 2, "8001:1"), "$.rings[2]", "is not a ring"),
    (put("rings", 2, "8.5:32"), "$.rings", "is not listed from the inside out"),
    (put("floors", 0, "max", [10, -10]), "$.floors[0]", "holds no area"),
    (put("floors", 2, "height", 4.1), "$.floors[2]", "is not wholly inside the bounds"),
    (put("floors", 1, "slope", "to", -0.1), "$.floors[1]", "is not wholly inside the bounds"),
    (put("floors", 1, "slope", "to", 0), "$.floors[1].slope.to", "is the height it starts at"),
    (put("floors", 1, "slope", "to", 2.001), "$.floors[1].slope.to", "is steeper than one in one"),
    (put("ceilings", 0, "height", 4.001), "$.ceilings[0]", "is not wholly inside the bounds"),
    (put("ceilings", 0, "max", 0, -10), "$.ceilings[0]", "holds no area"),
    (put("seats", 0, "count", 1), "$.seats[0]", "does not fit its ends"),
    (put("seats", 0, "to", [-4, 0, -4]), "$.seats[0]", "does not fit its ends"),
    (put("seats", 0, "to", [12, 0, -4]), "$.seats[0]", "is not wholly inside the bounds"),
    (put("seats", 0, "to", [-4, 1.2, -4]), "$.seats[0]", "stands on no floor at [-4, 0.6, -4]"),
    (put("seats", 0, "from", [5, 0, 2.5]), "$.seats[0]", "stands in a wall at [5, 0, 2.5]"),
    (put("seats", 0, "from", [6.5, 0, 6.5]), "$.seats[0]", "stands inside a box at [6.5, 0, 6.5]"),
    (put("fixtures", 0, "position", 1, -0.5), "$.fixtures[0]", "is not wholly inside the bounds"),
    (put("lights", 0, "position", 1, 5), "$.lights[0]", "is not wholly inside the bounds"),
    (put("signs", 0, "position", 2, -11), "$.signs[0]", "is not wholly inside the bounds"),
    (put("portals", 0, "max", 0, 12), "$.portals[0]", "is not wholly inside the bounds"),
    (add("props", "kinds", KIND), "$.props.kinds[1].kind", '"folder" is there already'),
    (put("props", "objects", 0, "kind", "foldr"), "$.props.objects[0].kind", "foldr is not declared"),
    (put("props", "objects", 0, "position", 1, 4.5), "$.props.objects[0]", "is not wholly inside the bounds"),
    (put("props", "objects", 0, "orientation", [0, 0, 0, 0.9]), "$.props.objects[0].orientation", "has length 0.9"),
]

# What looks odd and is right: the schema and the parser must both take it.
GOOD_SHAPES: list[Change] = [
    put("$schema", "./world.schema.json"),
    put("title", "Lab"),
    put("title", "a" * 120),
    put("name", "0_lab-2"),
    *(
        drop(key)
        for key in ("boxes", "portals", "props", "walls", "rings", "ceilings", "seats", "lights", "signs", "sky")
    ),
    drop("sight"),
    put("floors", []),
    put("sight", 1000),
    put("rings", ["8000:2:dot"]),
    put("floors", 1, "slope", "to", 2),
    put("floors", 1, "slope", {"axis": "x", "to": 3}),
    put("walls", 0, "look", "none"),
    put("seats", 0, {"from": [-4, 0, -4], "to": [-4, 0, -4], "count": 1, "yaw": 0}),
    put("fixtures", 0, {"kind": "tree", "position": [8, 0, -8]}),
    put("lights", 0, {"kind": "glow", "position": [8, 2, -8]}),
    put("signs", 0, "text", "Lab"),
    put("sky", {"kind": "night"}),
    both(drop("zones"), drop("clearances")),
    put("zones", 0, "capacity", None),
    put("zones", 0, "capacity", 2.0),
    put("zones", 0, "capacity", 65_535),
    put("zones", 0, "clearance", []),
    put("zones", 1, "min", [-9, 0, -5.5]),
    put("clearances", ["restricted"] + [f"c{i}" for i in range(63)]),
    put("spawns", 0, "yaw", -360),
    put("spawns", 0, "position", [6.5, 0.5, 7]),
    put("spawns", 0, "position", [-7, 0, -7]),
    both(drop("floors"), put("spawns", 0, "position", [10, 4, 10])),
    drop("portals", 0, "room"),
    put("props", {}),
    drop("props", "objects", 0, "orientation"),
    put("props", "objects", 0, "orientation", [0, 0, 0, -1]),
    add("zones", {"name": "wing", "min": [-8, 0, -10], "max": [-4, 4, -4], "speech_private": True}),
    add("zones", {"name": "corner", "min": [-5, 0, 5], "max": [-4, 4, 9], "isolated": True}),
    add("zones", {"name": "corner", "min": [-10, 0, 5], "max": [-9, 4, 9], "isolated": True}),
]


def ids(cases: list[tuple[Change, str, str]]) -> list[str]:
    """Name a case by what the parser should say."""
    return [f"{path} {what}" for _, path, what in cases]


@pytest.mark.parametrize("change", GOOD_SHAPES)
def test_what_is_right_is_taken_by_parser_and_schema(change: Change) -> None:
    """Optional keys, limits themselves, and both forms of what has two."""
    world = changed(change)
    assert problems_of(world) == []
    assert [error.message for error in VALIDATOR.iter_errors(world)] == []


@pytest.mark.parametrize(("change", "path", "what"), BAD_SHAPES, ids=ids(BAD_SHAPES))
def test_a_bad_shape_is_refused_by_parser_and_schema(change: Change, path: str, what: str) -> None:
    """The two agree on every bad shape, and the parser names the place."""
    world = changed(change)
    assert (path, what) in problems_of(world)
    assert not VALIDATOR.is_valid(world)


@pytest.mark.parametrize(("change", "path", "what"), BAD_MEANINGS, ids=ids(BAD_MEANINGS))
def test_a_bad_meaning_is_refused_by_the_parser_alone(change: Change, path: str, what: str) -> None:
    """One problem, at its place; the schema, which cannot say such things, lets the file pass."""
    world = changed(change)
    assert problems_of(world) == [(path, what)]
    assert VALIDATOR.is_valid(world)


def test_every_problem_is_there_at_once() -> None:
    """Bad shapes and bad meanings together, each with its remedy, as one text."""
    world = changed(both(put("zones", 0, "clearance", 0, "restrictd"), both(put("wals", []), drop("name"))))
    with pytest.raises(WorldError) as refused:
        read(world)
    assert str(refused.value).splitlines() == [
        "$.wals: unknown key; did you mean walls?",
        "$.name: missing; add name",
        "$.zones[0].clearance[0]: restrictd is not declared; did you mean restricted?",
    ]


@pytest.mark.parametrize("text", ["", "[]", "null", '"world"', "{", '{"name": "a", "name": "b"}'])
def test_a_text_that_is_no_world_is_refused(text: str) -> None:
    """Any text at all ends in a WorldError with at least one problem, never in another exception."""
    with pytest.raises(WorldError) as refused:
        world_document.read(text)
    assert refused.value.problems


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_worlds_keep_the_schema_they_name(path: Path) -> None:
    """Each is valid, and its `$schema` leads to the schema beside it."""
    world = json.loads(path.read_text())
    VALIDATOR.validate(world)
    assert (path.parent / world["$schema"]).resolve() == (SHIPPED_WORLDS / "world.schema.json").resolve()


def test_the_schema_is_itself_valid() -> None:
    """JSON Schema 2020-12."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def paths_in(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON value; of several numbers in a row, the first stands for all."""
    items: Sequence[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))[: 1 if isinstance(value[0], int | float) else None]
    return [path] * bool(path) + [place for key, item in items for place in paths_in(item, (*path, key))]


ODD_VALUES: list[object] = [None, True, 0, -1, 2.5, 1e9, "", "A b", [], [1, 2], {}, {"min": 1}]


def test_what_the_schema_refuses_the_parser_refuses() -> None:
    """Every odd value in every place: nothing that an editor marks as wrong is ever loaded."""
    always = ("name", "title", "bounds", "clearances", "spawns")
    worlds = []
    for key in GOOD:
        base = {part: GOOD[part] for part in (*always, key)}  # what it may refer to, and no more to read each time
        for path in paths_in({key: GOOD[key]}):
            for odd in ODD_VALUES:
                world = copy.deepcopy(base)
                put(*path, copy.deepcopy(odd))(world)
                worlds.append(world)
    refused = [world for world in worlds if not VALIDATOR.is_valid(world)]
    assert len(refused) > len(worlds) // 2
    assert [world for world in refused if not problems_of(world)] == []


# --- what the parts become --------------------------------------------------------------------------------------------


def test_parts_are_whole_millimetres() -> None:
    """Every length is exact, also where a double is not."""
    document = read(changed(put("walls", 0, {"from": [0.1, -0.001], "to": [8.007, 9.999], "base": 0.7, "height": 2.3})))
    wall = document.walls[0]
    assert (wall.from_mm, wall.to_mm, wall.base_mm, wall.top_mm) == ((100, -1), (8007, 9999), 700, 3000)


@given(st.integers(-4_000_000, 4_000_000))
def test_every_millimetre_can_be_written(millimetre: int) -> None:
    """Three decimals say every millimetre of the range, and none is refused as too fine."""
    world = {key: GOOD[key] for key in ("name", "title")}
    world["bounds"] = {"min": [-4000, 0, -4000], "max": [4000, 4, 4000]}
    world["spawns"] = [{"position": [millimetre / 1000, 0, 0], "yaw": 0}]
    assert read(world).spawns[0].position_mm == (millimetre, 0, 0)


def test_a_box_becomes_its_four_sides_in_a_known_order() -> None:
    """Min z, max x, max z, min x: the order that clients rely on when they number walls."""
    rows = world_document.wall_rows((), (world_parts.Box((1, 2, 3), (4, 5, 6)),))
    assert rows.tolist() == [[1, 3, 4, 3, 2, 5], [4, 3, 4, 6, 2, 5], [4, 6, 1, 6, 2, 5], [1, 6, 1, 3, 2, 5]]


def test_a_row_of_seats_is_spread_in_whole_millimetres() -> None:
    """First and last stand at the ends, the others between them, rounded down below zero too."""
    row = {"from": [-1, 0, 0.3], "to": [0, 0, -0.4], "count": 4, "yaw": 90}
    places = [(seat.position_mm, seat.yaw_degrees) for seat in read(changed(put("seats", [row]))).seats]
    assert places == [((-1000, 0, 300), 90), ((-667, 0, 66), 90), ((-334, 0, -167), 90), ((0, 0, -400), 90)]


def test_a_row_with_a_mistake_is_reported_once() -> None:
    """Two hundred seats in the air are one mistake of their author."""
    row = {"from": [-4, 2, 0], "to": [4, 2, 0], "count": 200, "yaw": 0}
    assert problems_of(changed(put("seats", [row]))) == [("$.seats[0]", "stands on no floor at [-4, 2, 0]")]


def test_a_single_title_is_everyones() -> None:
    """One text stands for all four languages."""
    assert read(changed(put("title", "Lab"))).title == dict.fromkeys(("en", "fr", "es", "ar"), "Lab")
    assert read(GOOD).title == GOOD["title"]


def test_orientations_are_made_unit() -> None:
    """Four typed decimals become a quaternion of length 1; none is no turn."""
    turned = read(GOOD).objects[0].orientation
    assert turned == pytest.approx((0, 2**-0.5, 0, 2**-0.5), abs=1e-12)
    assert read(changed(drop("props", "objects", 0, "orientation"))).objects[0].orientation == (0, 0, 0, 1)


def test_coordinates_fit_the_wire_and_the_collision_rule() -> None:
    """The farthest a world reaches can be said in a pose record, and computed exactly."""
    farthest_mm = world_parts.COORDINATE_LIMIT_M * 1000
    assert farthest_mm <= records.MAX_COORDINATE_MM
    assert farthest_mm <= geometry.COORDINATE_LIMIT_MM
