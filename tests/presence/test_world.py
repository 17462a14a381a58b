"""A world as the room sees it: columns, and questions asked for whole columns of people."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from presence import world_parts
from presence.rings import Detail, Ring
from presence.world import NO_ZONE, UNLIMITED, World, WorldError

DOCUMENT = Path(__file__).parents[2] / "docs" / "worlds.md"


def world_of(**parts: object) -> World:
    """A world of 20 × 20 m with these parts."""
    base: dict[str, Any] = {"name": "lab", "title": "Lab", "bounds": {"min": [-10, 0, -10], "max": [10, 4, 10]}}
    return World.parse(json.dumps(base | {"spawns": [{"position": [0, 0, 0], "yaw": 0}]} | parts))


def places(*rows: tuple[int, int, int]) -> NDArray[np.int32]:
    """(n, 3) int32, millimetres."""
    return np.array(rows, np.int32).reshape(-1, 3)


def assert_column(column: NDArray[Any], dtype: type[np.generic], values: list[Any]) -> None:
    """A column has exactly this type and these values."""
    assert column.dtype == dtype
    assert column.tolist() == values


def zone(name: str, low: list[float], high: list[float], **rules: object) -> dict[str, object]:
    """A zone as the file says it."""
    return {"name": name, "min": low, "max": high, **rules}


FLAT = {"min": [0, 0], "max": [4, 4], "height": 0}
RAMP = {"min": [4, 0], "max": [6.5, 4], "height": 0, "slope": {"axis": "x", "to": 1}}


# --- columns ----------------------------------------------------------------------------------------------------------


def test_zone_columns_start_with_no_zone() -> None:
    """Index 0 asks for nothing and limits nobody; zones[i] stands at i + 1, with a bit for each clearance."""
    world = world_of(
        clearances=["staff", "restricted"],
        zones=[
            zone("store", [1, 0, 1], [2, 3, 2], clearance=["restricted"], capacity=2),
            zone("vault", [3, 0, 1], [4, 3, 2], clearance=["restricted", "staff"], isolated=True),
            zone("booth", [5, 0, 1], [6, 3, 2], speech_private=True),
        ],
    )
    assert [each.name for each in world.zones] == ["store", "vault", "booth"]
    assert_column(world.zone_requires, np.uint64, [0, 0b10, 0b11, 0])
    assert_column(world.zone_isolated, np.bool_, [False, False, True, False])
    assert_column(world.zone_private, np.bool_, [False, False, False, True])
    capacity = [UNLIMITED, 2, UNLIMITED, UNLIMITED]
    assert_column(world.zone_capacity, np.int32, capacity)


def test_a_bare_world_has_columns_of_the_right_shape() -> None:
    """No walls and no zones are empty columns, not missing ones."""
    world = world_of()
    assert world.walls_mm.shape == (0, 6)
    assert_column(world.walls_mm, np.int32, [])
    assert_column(world.bounds_mm, np.int32, [[-10_000, 0, -10_000], [10_000, 4000, 10_000]])
    assert (len(world.zone_requires), len(world.zone_isolated)) == (1, 1)
    assert (world.zones, world.portals, world.kinds, world.objects, world.clearances) == ((), (), (), (), ())


def test_walls_and_boxes_become_wall_rows() -> None:
    """The listed walls first, x0 z0 x1 z1 y0 y1, then four for each box."""
    world = world_of(
        walls=[{"from": [1, 2], "to": [3, 4.5], "base": 0.5, "height": 2}],
        boxes=[{"min": [5, 0, 5], "max": [6, 1, 7]}],
    )
    assert world.walls_mm[0].tolist() == [1000, 2000, 3000, 4500, 500, 2500]
    assert world.walls_mm.shape == (5, 6)
    assert set(map(tuple, world.walls_mm[1:, 4:].tolist())) == {(0, 1000)}


@pytest.mark.parametrize(
    ("degrees", "turns"),
    [(0, 0), (90, 16_384), (-90, 49_152), (180, 32_768), (360, 0), (-360, 0), (359.999, 0), (1, 182)],
)
def test_spawn_yaw_is_in_turns(degrees: float, turns: int) -> None:
    """Counter-clockwise, 65,536 to the turn, the nearest one."""
    world = world_of(spawns=[{"position": [1, 0, -2], "yaw": degrees}])
    assert_column(world.spawn_yaw, np.uint16, [turns])
    assert_column(world.spawns_mm, np.int32, [[1000, 0, -2000]])


def test_no_column_can_be_written() -> None:
    """All rooms of a world share one: none of them can change it."""
    world = world_of(zones=[zone("a", [0, 0, 0], [1, 1, 1])])
    columns = ("bounds_mm", "walls_mm", "zone_requires", "zone_isolated", "zone_private", "zone_capacity", "spawns_mm")
    for name in (*columns, "spawn_yaw"):
        assert not getattr(world, name).flags.writeable, name


def test_sixty_four_clearances_have_a_bit_each() -> None:
    """The last bit of a uint64 is a clearance like any other."""
    names = [f"c{i}" for i in range(64)]
    world = world_of(clearances=names, zones=[zone("a", [1, 0, 1], [2, 1, 2], clearance=["c63"])])
    assert int(world.zone_requires[1]) == 1 << 63
    assert world.clearance_bits(names) == 2**64 - 1


def test_only_declared_grants_have_bits() -> None:
    """A token may hold grants for other worlds, and roles that look like grants."""
    world = world_of(clearances=["staff", "restricted"])
    assert world.clearance_bits(["restricted", "elsewhere"]) == 0b10
    assert world.clearance_bits(frozenset()) == 0
    assert world.clearance_bits({"staff", "restricted"}) == 0b11


def test_the_digest_follows_the_meaning_not_the_writing() -> None:
    """Spacing, order of keys, 1.0 and `$schema` change nothing; a millimetre changes everything."""
    text = '{"name":"lab","title":"Lab","bounds":{"min":[0,0,0],"max":[9,3,9]},"spawns":[{"position":[1,0,1],"yaw":0}]}'
    tree = json.loads(text)
    rewritten = {"$schema": "x", **dict(reversed(tree.items())), "bounds": {"max": [9.0, 3, 9], "min": [0, 0.0, 0]}}
    digest = World.parse(text).digest
    assert re.fullmatch("[0-9a-f]{16}", digest)
    assert World.parse(json.dumps(rewritten, indent=4)).digest == digest
    tree["bounds"]["max"][0] = 9.001
    assert World.parse(json.dumps(tree)).digest != digest


def test_the_digest_is_the_documented_one() -> None:
    """The first 16 hex digits of SHA-256 over UTF-8 JSON without spaces and with its keys sorted."""
    text = '{"spawns": [{"yaw": 0, "position": [0, 0, 0.5]}], "bounds": {"min": [-1, 0, -1], "max": [1, 2, 1.0]}, '
    canonical = (
        '{"bounds":{"max":[1,2,1],"min":[-1,0,-1]},"name":"a","spawns":[{"position":[0,0,0.5],"yaw":0}],"title":"Été"}'
    )
    world = World.parse(text + '"title": "\\u00c9t\\u00e9", "name": "a"}')
    assert world.digest == hashlib.sha256(canonical.encode()).hexdigest()[:16]


# --- questions --------------------------------------------------------------------------------------------------------


def test_bounds_hold_their_faces() -> None:
    """On every axis, a millimetre beyond is outside."""
    inside = places((-10_000, 0, -10_000), (10_000, 4000, 10_000), (0, 0, 0))
    outside = places((-10_001, 0, 0), (10_001, 0, 0), (0, -1, 0), (0, 4001, 0), (0, 0, -10_001), (0, 0, 10_001))
    world = world_of()
    assert world.in_bounds(inside).tolist() == [True] * 3
    assert world.in_bounds(outside).tolist() == [False] * 6


def test_outside_the_bounds_everything_is_solid() -> None:
    """Leaving, entering and any int32 at all are blocked, near walls or far from them."""
    world = world_of(walls=[{"from": [-10, -9], "to": [10, -9], "base": 0, "height": 3}])
    least, most = np.iinfo(np.int32).min, np.iinfo(np.int32).max
    starts = places((0, 0, 9900), (0, 0, 10_001), (0, 0, 0), (0, 3900, 0), (least, least, least), (0, 0, 0))
    ends = places((0, 0, 10_001), (0, 0, 9900), (most, 0, most), (0, 4001, 0), (most, most, most), (0, 0, 100))
    assert world.blocked(starts, ends).tolist() == [True, True, True, True, True, False]


def test_furniture_cannot_be_entered_but_stepped_over_if_low() -> None:
    """A table stops a walker from every side; a step of 0.3 m stops nobody."""
    world = world_of(boxes=[{"min": [2, 0, 2], "max": [3, 0.8, 3]}, {"min": [-3, 0, 2], "max": [-2, 0.3, 3]}])
    around = places((2500, 0, 1900), (2500, 0, 3100), (1900, 0, 2500), (3100, 0, 2500))
    middle = places(*[(2500, 0, 2500)] * 4)
    step = np.array([-5000, 0, 0], np.int32)
    assert world.blocked(around, middle).tolist() == [True] * 4
    assert world.blocked(around + step, middle + step).tolist() == [False] * 4


def test_the_first_listed_zone_wins() -> None:
    """A room inside a building belongs to the room; faces belong to zones; no zone is NO_ZONE."""
    world = world_of(zones=[zone("room", [0, 0, 0], [2, 3, 2]), zone("building", [0, 0, 0], [6, 3, 6])])
    where = places((1000, 0, 1000), (2000, 3000, 2000), (2001, 0, 1000), (6000, 0, 6000), (6001, 0, 0), (0, 3001, 0))
    numbers = world.zone_of(where)
    assert numbers.dtype == np.int16
    assert numbers.tolist() == [1, 1, 2, 2, NO_ZONE, NO_ZONE]


def test_a_bad_text_is_refused_whole() -> None:
    """No world comes of a file with problems."""
    with pytest.raises(WorldError):
        World.parse('{"name": "lab"}')


def test_without_floors_any_height_will_do() -> None:
    """Worlds that list no floors are as they were before there were any."""
    assert world_of().on_floor(places((0, 0, 0), (0, 3999, 0))).tolist() == [True, True]


def test_what_only_the_eye_needs_leaves_no_column() -> None:
    """Sight, rings and seats do; looks, ceilings, fixtures, lights, signs and sky change the digest alone."""
    rings = ["4:1", "10.25:32:root"]
    plain = world_of(sight=12.5, rings=rings, seats=[{"from": [1, 0, 1], "to": [3, 0, 1], "count": 3, "yaw": 0}])
    assert plain.sight_mm == 12_500
    assert plain.rings == (Ring(4_000, 0, Detail.FULL), Ring(10_250, 5, Detail.ROOT))
    assert [str(ring) for ring in plain.rings] == rings
    assert plain.seats_mm.tolist() == [[1000, 0, 1000], [2000, 0, 1000], [3000, 0, 1000]]
    assert (world_of().sight_mm, world_of().rings) == (None, ())
    assert world_of(sky={"kind": "dusk"}).digest != world_of().digest


# --- the document -----------------------------------------------------------------------------------------------------


def rows_of_the_collision_table() -> list[tuple[str, ...]]:
    """S, E and the answer, as docs/worlds.md says them."""
    coordinate = r"\(([−\d]+), ([−\d]+), ([−\d]+)\)"
    return re.findall(rf"^\| {coordinate} \| {coordinate} \| (yes|no) \|", DOCUMENT.read_text(), re.MULTILINE)


def test_the_documents_collision_table_is_true() -> None:
    """Every worked example, which other languages test too."""
    rows = rows_of_the_collision_table()
    numbers = np.array([[int(word.replace("−", "-")) for word in row[:6]] for row in rows], np.int32)
    world = world_of(
        bounds={"min": [-50, -50, -50], "max": [50, 50, 50]},
        walls=[{"from": [-1, 0], "to": [1, 0], "base": 0, "height": 2.5}],
        spawns=[{"position": [9, 0, 9], "yaw": 0}],
    )
    assert len(rows) > 12
    assert world.blocked(numbers[:, :3], numbers[:, 3:]).tolist() == [row[6] == "yes" for row in rows]


def test_the_documents_floor_table_is_true() -> None:
    """Every worked example of the floor rule, on the floors that it names."""
    coordinate = r"\(([−\d]+), ([−\d]+), ([−\d]+)\)"
    rows = re.findall(rf"^\| {coordinate} \| (yes|no) \|", DOCUMENT.read_text(), re.MULTILINE)
    feet = places(*((int(x), int(y), int(z)) for x, y, z in ([w.replace("−", "-") for w in row[:3]] for row in rows)))
    world = world_of(floors=[FLAT, RAMP])
    assert len(rows) > 12
    assert world.on_floor(feet).tolist() == [row[3] == "yes" for row in rows]


def test_the_documents_smallest_world_can_be_used() -> None:
    """What a reader copies first."""
    (text,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert World.parse(text).name == "hall"


def test_the_document_names_every_key_and_limit() -> None:
    """No key of the schema, and no limit of the parser, is missing from what authors read."""
    text = DOCUMENT.read_text()
    schema = json.loads(Path(world_parts.__file__).with_name("worlds").joinpath("world.schema.json").read_text())
    for key in schema["properties"]:
        assert f"`{key}`" in text, key
    for key in schema["properties"]["zones"]["items"]["properties"]:
        assert f"`{key}`" in text, key
    for name, value in vars(world_parts).items():
        if name.startswith("MAX_") or name == "COORDINATE_LIMIT_M":
            assert f"{value:,}" in text, name
        elif name.endswith(("_LOOKS", "_KINDS", "_STYLES")):
            assert [word for word in value if f"`{word}`" not in text] == [], name


def test_the_schema_has_the_closed_lists() -> None:
    """An editor offers exactly the words that the server takes."""
    definitions = json.loads((DOCUMENT.parents[1] / "presence/worlds/world.schema.json").read_text())["$defs"]
    offered = {tuple(each["enum"]) for each in definitions.values() if "enum" in each}
    taken = {value for name, value in vars(world_parts).items() if name.endswith(("_LOOKS", "_KINDS", "_STYLES"))}
    assert offered == taken
