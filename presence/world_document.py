"""Reads a world file into its parts, and checks every rule they must keep.

Owns the shape of what the server uses (keys, types, ranges) and its meaning (names that must exist, places that must be
free and have a floor). Never opens a file and makes no columns for a tick: `World.parse` calls `read` once.
worlds/world.schema.json says the shape again for editors; docs/worlds.md lists the rules that only this module checks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from presence import geometry, world_scenery
from presence.checked_json import Node, Problem, canonical, parse, suggestion
from presence.rings import RING_FORM, Ring, are_nested
from presence.world_parts import (
    BOX_LOOKS,
    FLOOR_LOOKS,
    MAX_CAPACITY,
    MAX_CLEARANCES,
    MAX_ITEMS,
    MAX_OBSTACLES,
    MAX_RINGS,
    MAX_SEATS_IN_A_ROW,
    MAX_SIGHT_M,
    MAX_TEXT_CHARACTERS,
    MAX_ZONES,
    SEAT_LOOKS,
    WALL_LOOKS,
    Box,
    Document,
    Floor,
    Kind,
    PlacedObject,
    Portal,
    Quadruple,
    Seat,
    Spawn,
    Triple,
    Wall,
    Zone,
)
from presence.world_scenery import box as read_box
from presence.world_scenery import check_look, ground_point, length, millimetres, point, rectangle, texts, yaw

_UNIT_TOLERANCE: Final = 0.001  # a quaternion typed with four decimals is within it
_STEEPEST: Final = 1  # a ramp rises at most as much as it is long: 45 degrees


class WorldError(ValueError):
    """A world file that cannot be used. `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def read(text: str) -> Document:
    """Check a world's JSON text. Raises WorldError with every problem at once."""
    root = parse(text)
    document = _Reader(root).document()
    if root.problems or document is None:
        raise WorldError(root.problems)
    return document


def wall_rows(walls: Sequence[Wall], boxes: Sequence[Box]) -> geometry.Walls:
    """The walls, then each box's sides (min z, max x, max z, min x): (w, 6) int32 x0 z0 x1 z1 y0 y1."""
    rows = [(*wall.from_mm, *wall.to_mm, wall.base_mm, wall.top_mm) for wall in walls]
    for box in boxes:
        (x0, y0, z0), (x1, y1, z1) = box.min_mm, box.max_mm
        rows += [(x0, z0, x1, z0, y0, y1), (x1, z0, x1, z1, y0, y1)]
        rows += [(x1, z1, x0, z1, y0, y1), (x0, z1, x0, z0, y0, y1)]
    return np.array(rows, np.int32).reshape(-1, 6)


def floor_rows(floors: Sequence[Floor]) -> geometry.FloorRows:
    """(f, 7) int32: x0 z0 x1 z1, height at the min, height at the max, axis (0: along x, 1: along z)."""
    rows = [(*floor.min_mm, *floor.max_mm, floor.height_mm, floor.to_mm, floor.axis) for floor in floors]
    return np.array(rows, np.int32).reshape(-1, 7)


def _orientation(node: Node) -> Quadruple | None:
    """A quaternion x y z w, made exactly unit; absent means not turned."""
    if node.is_absent:
        return (0.0, 0.0, 0.0, 1.0)
    row = node.row(lambda item: item.number(-1.001, 1.001), 4, "[x, y, z, w]")
    if row is None:
        return None
    norm = math.hypot(*row)
    if abs(norm - 1) > _UNIT_TOLERANCE:
        node.fail(f"has length {norm:.4g}", "write a unit quaternion, [0, 0, 0, 1] is not turned")
        return None
    x, y, z, w = (part / norm for part in row)
    return (x, y, z, w)


class _Reader:
    """Reads the parts in the order in which they need each other, with what was read so far at hand."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._bounds: Box | None = None
        self._clearances: tuple[str, ...] = ()
        self._zones: list[Zone] = []
        self._kinds: dict[str, Kind] = {}
        self._walls: geometry.Walls = wall_rows((), ())
        self._boxes: tuple[Box, ...] = ()
        self._floors: geometry.Floors | None = None
        self._seats: list[Seat] = []

    def document(self) -> Document | None:
        root = self._root
        required = ("name", "title", "bounds", "spawns")
        how_seen = ("sight", "rings", "clearances")
        optional = ("$schema", "walls", "boxes", "floors", "zones", "seats", "portals", "props")
        scenery = ("ceilings", "fixtures", "lights", "signs", "sky")
        if not root.has_keys(required, (*how_seen, *optional, *scenery)):
            return None
        _check_schema_address(root["$schema"])
        name, title = root["name"].slug(), texts(root["title"])
        self._bounds = self._read_bounds(root["bounds"])
        self._clearances = self._read_clearances(root["clearances"])
        sight = None if root["sight"].is_absent else length(root["sight"], MAX_SIGHT_M)
        rings = () if root["rings"].is_absent else _rings(root["rings"])
        walls = root["walls"].parts(self._wall, at_most=MAX_OBSTACLES)
        self._boxes = root["boxes"].parts(self._inner_box, at_most=MAX_OBSTACLES)
        self._walls = wall_rows(walls, self._boxes)
        floors = root["floors"].parts(self._floor, at_most=MAX_ITEMS)
        if floors and len(floors) == len(root["floors"].items()):  # what stands on a bad floor is no second mistake
            self._floors = geometry.Floors(floor_rows(floors))
        root["zones"].refuse_repeats("name")
        root["zones"].parts(self._zone, at_most=MAX_ZONES)
        spawns = root["spawns"].parts(self._spawn, at_least=1, at_most=MAX_ITEMS)
        root["seats"].parts(self._seat_row, at_most=MAX_ITEMS)
        portals = root["portals"].parts(self._portal, at_most=MAX_ITEMS)
        objects = self._props(root["props"])
        self._check_scenery(root)
        if name is None or title is None or self._bounds is None:
            return None
        return Document(
            name=name,
            title=title,
            bounds=self._bounds,
            sight_mm=sight,
            rings=rings,
            walls=walls,
            boxes=self._boxes,
            floors=floors,
            zones=tuple(self._zones),
            spawns=spawns,
            seats=tuple(self._seats),
            portals=portals,
            kinds=tuple(self._kinds.values()),
            objects=objects,
            clearances=self._clearances,
            canonical=_canonical(root),
        )

    def _read_bounds(self, node: Node) -> Box | None:
        node.has_keys(("min", "max"))
        return read_box(node)

    def _read_clearances(self, node: Node) -> tuple[str, ...]:
        node.refuse_repeats()
        return node.parts(Node.slug, at_most=MAX_CLEARANCES)

    def _wall(self, node: Node) -> Wall | None:
        node.has_keys(("from", "to", "base", "height"), ("look",))
        check_look(node["look"], WALL_LOOKS)
        start, end = ground_point(node["from"]), ground_point(node["to"])
        base, height = millimetres(node["base"]), millimetres(node["height"])
        if height is not None and height <= 0:
            node["height"].fail("is not above zero", "write the wall's height in metres")
            return None
        if start is None or end is None or base is None or height is None:
            return None
        if start == end:
            node.fail("has no length", "write two different ends")
            return None
        wall = Wall(start, end, base, base + height)
        self._expect_in_bounds(node, (start[0], base, start[1]), (end[0], wall.top_mm, end[1]))
        return wall

    def _inner_box(self, node: Node) -> Box | None:
        node.has_keys(("min", "max"), ("look",))
        check_look(node["look"], BOX_LOOKS)
        return self._box_in_bounds(node)

    def _floor(self, node: Node) -> Floor | None:
        node.has_keys(("min", "max", "height"), ("slope", "look"))
        check_look(node["look"], FLOOR_LOOKS)
        area, height = rectangle(node), millimetres(node["height"])
        slope = _slope(node["slope"])
        if area is None or height is None or slope is None:
            return None
        (x0, z0), (x1, z1) = area
        axis, to = slope
        top = height if to is None else to
        self._expect_in_bounds(node, (x0, height, z0), (x1, top, z1))
        if to is not None:
            _expect_walkable(node["slope"]["to"], rise_mm=to - height, run_mm=(x1 - x0, z1 - z0)[axis])
        return Floor(*area, height, top, axis)

    def _box_in_bounds(self, node: Node) -> Box | None:
        box = read_box(node)
        if box is not None:
            self._expect_in_bounds(node, box.min_mm, box.max_mm)
        return box

    def _expect_in_bounds(self, node: Node, *points: Triple) -> None:
        if self._bounds is not None and not all(map(self._bounds.has, points)):
            node.fail("is not wholly inside the bounds", "move it, or widen the bounds")

    def _zone(self, node: Node) -> Zone | None:
        optional = ("isolated", "speech_private", "clearance", "capacity")
        node.has_keys(("name", "min", "max"), optional)
        name, box = node["name"].slug(), self._box_in_bounds(node)
        isolated, private = node["isolated"].flag(), node["speech_private"].flag()
        clearance, capacity = self._zone_clearance(node["clearance"]), _capacity(node["capacity"])
        if name is None or box is None:
            return None
        zone = Zone(name, box, isolated, private, clearance, capacity)
        self._expect_effective(node, zone)
        self._zones.append(zone)
        return zone

    def _expect_effective(self, node: Node, zone: Zone) -> None:
        """The first zone wins: an earlier one must neither hide this one nor open a hole in its rules."""
        for earlier in self._zones:
            name, lost = earlier.name, sorted(_rules(zone) - _rules(earlier))
            if earlier.box.has_within(zone.box):
                node.fail(f"is hidden inside {name}, which is listed before it", f"list it before {name}")
            elif lost and earlier.box.overlaps(zone.box):
                what = f"overlaps {name}, which is listed before it and lacks {', '.join(lost)}"
                node.fail(what, f"give {name} the same, or list it after this one")

    def _zone_clearance(self, node: Node) -> tuple[str, ...]:
        node.refuse_repeats()
        names = node.parts(Node.slug, at_most=MAX_CLEARANCES)
        for item in node.items():
            name = item.value
            if name in names and name not in self._clearances:
                remedy = suggestion(str(name), self._clearances, "add it to clearances, which declares ")
                item.fail(f"{name} is not declared", remedy)
        return names

    def _spawn(self, node: Node) -> Spawn | None:
        node.has_keys(("position", "yaw"))
        position, degrees = point(node["position"]), yaw(node["yaw"])
        if position is None or degrees is None:
            return None
        self._expect_standing(node, [position])
        self._expect_open_to_all(node, position)
        return Spawn(position, degrees)

    def _seat_row(self, node: Node) -> tuple[Seat, ...] | None:
        node.has_keys(("from", "to", "count", "yaw"), ("look",))
        check_look(node["look"], SEAT_LOOKS)
        start, end = point(node["from"]), point(node["to"])
        count, degrees = node["count"].whole(1, MAX_SEATS_IN_A_ROW), yaw(node["yaw"])
        if start is None or end is None or count is None or degrees is None:
            return None
        if (count == 1) != (start == end):
            node.fail("does not fit its ends", "write equal ends for one seat, different ones for more")
            return None
        row = tuple(Seat(place, degrees) for place in _spread(start, end, count))
        self._expect_standing(node, [seat.position_mm for seat in row])
        self._seats += row
        return row

    def _expect_standing(self, node: Node, places: list[Triple]) -> None:
        """Feet are in nothing solid, and on a floor where there are floors; the first wrong place is reported."""
        if self._bounds is not None and not all(map(self._bounds.has, places)):
            node.fail("is not wholly inside the bounds", "move it, or widen the bounds")
            return
        spots = np.array(places, np.int32)
        rules = [
            ("stands in a wall", "move it", geometry.stopped_by_any(self._walls, spots, spots)),
            ("stands inside a box", "move it", _in_furniture(spots, self._boxes)),
        ]
        if self._floors is not None:
            remedy = "move it to within 0.3 m of a floor's height, or add a floor"
            rules.append(("stands on no floor", remedy, ~self._floors.carries(spots)))
        for what, remedy, is_wrong in rules:
            if is_wrong.any():
                node.fail(f"{what} at {_metres(places[int(is_wrong.argmax())])}", remedy)
                return

    def _expect_open_to_all(self, node: Node, position: Triple) -> None:
        """A newcomer may be anybody."""
        zone = next((zone for zone in self._zones if zone.box.has(position)), None)
        if zone is not None and zone.clearance:
            node.fail(f"stands in {zone.name}, which needs clearance", "move it where everyone may be")

    def _portal(self, node: Node) -> Portal | None:
        node.has_keys(("min", "max", "world"), ("room",))
        box, world = self._box_in_bounds(node), node["world"].slug()
        room = None if node["room"].is_absent else node["room"].slug()
        return None if box is None or world is None else Portal(box, world, room)

    def _props(self, node: Node) -> tuple[PlacedObject, ...]:
        node.has_keys((), ("kinds", "objects"))
        node["kinds"].refuse_repeats("kind")
        self._kinds = {kind.name: kind for kind in node["kinds"].parts(_kind, at_most=MAX_ITEMS)}
        return node["objects"].parts(self._placed_object, at_most=MAX_ITEMS)

    def _check_scenery(self, root: Node) -> None:
        lists = {
            "ceilings": world_scenery.check_ceiling,
            "fixtures": world_scenery.check_fixture,
            "lights": world_scenery.check_light,
            "signs": world_scenery.check_sign,
        }
        for key, check in lists.items():
            root[key].parts(partial(check, expect_in_bounds=self._expect_in_bounds), at_most=MAX_ITEMS)
        world_scenery.check_sky(root["sky"])

    def _placed_object(self, node: Node) -> PlacedObject | None:
        node.has_keys(("kind", "position"), ("orientation",))
        kind, position = node["kind"].slug(), point(node["position"])
        orientation = _orientation(node["orientation"])
        if kind is not None and kind not in self._kinds:
            remedy = suggestion(kind, tuple(self._kinds), "add it to kinds, which declares ")
            node["kind"].fail(f"{kind} is not declared", remedy)
        if kind is None or position is None or orientation is None:
            return None
        self._expect_in_bounds(node, position)
        return PlacedObject(kind, position, orientation)


def _rings(node: Node) -> tuple[Ring, ...]:
    rings = node.parts(_ring, at_least=1, at_most=MAX_RINGS)
    if len(rings) == len(node.items()) > 0 and not are_nested(rings):
        node.fail("is not listed from the inside out", "give each ring a longer reach than the one before it")
    return rings


def _ring(node: Node) -> Ring | None:
    text = node.text(MAX_TEXT_CHARACTERS)
    if text is None:
        return None
    try:
        return Ring.parse(text)
    except ValueError:
        node.fail("is not a ring", f"write {RING_FORM}")
        return None


def _slope(node: Node) -> tuple[int, int | None] | None:
    """The axis of a ramp and the height at its max; (0, None) where there is none."""
    if node.is_absent:
        return 0, None
    if not node.has_keys(("axis", "to")):
        return None
    axis, to = node["axis"].choice(("x", "z")), millimetres(node["to"])
    return None if axis is None or to is None else ("xz".index(axis), to)


def _expect_walkable(node: Node, *, rise_mm: int, run_mm: int) -> None:
    if rise_mm == 0:
        node.fail("is the height it starts at", "write another height, or leave slope out")
    elif abs(rise_mm) > run_mm * _STEEPEST:
        node.fail("is steeper than one in one", "make the floor longer, or use two of them")


def _spread(start: Triple, end: Triple, count: int) -> list[Triple]:
    """Places from start to end at equal distances, rounded down to whole millimetres (docs/worlds.md)."""
    gaps = max(1, count - 1)
    steps = [[a + (b - a) * i // gaps for i in range(count)] for a, b in zip(start, end, strict=True)]
    return [(x, y, z) for x, y, z in zip(*steps, strict=True)]


def _metres(position: Triple) -> str:
    return "[" + ", ".join(f"{part / 1000:g}" for part in position) + "]"


def _rules(zone: Zone) -> set[str]:
    """What a zone keeps out or in, in the words of the file."""
    flags = {"isolated": zone.is_isolated, "speech_private": zone.is_speech_private}
    return {name for name, is_set in flags.items() if is_set} | {f"clearance {n}" for n in zone.clearance}


def _capacity(node: Node) -> int | None:
    return None if node.is_absent or node.value is None else node.whole(1, MAX_CAPACITY)


def _kind(node: Node) -> Kind | None:
    node.has_keys(("kind", "grabbable"))
    name, is_grabbable = node["kind"].slug(), node["grabbable"].flag()
    return None if name is None else Kind(name, is_grabbable)


def _in_furniture(spots: geometry.Points, boxes: Sequence[Box]) -> geometry.Flags:
    """Whether a body at each spot (n, 3) stands inside any of the boxes. (n,) bool."""
    x, y, z = spots.T[:, :, None]
    corners = np.array([(*box.min_mm, *box.max_mm) for box in boxes], np.int32).reshape(-1, 6)
    x0, y0, z0, x1, y1, z1 = corners.T
    beside = (x0 <= x) & (x <= x1) & (z0 <= z) & (z <= z1)
    at_height = (y1 > y + geometry.STEP_HEIGHT_MM) & (y0 < y + geometry.BODY_HEIGHT_MM)
    return np.asarray((beside & at_height).any(axis=1))


def _check_schema_address(node: Node) -> None:
    if not node.is_absent and not isinstance(node.value, str):
        node.fail("is not a text", "write the schema's address, or remove it")


def _canonical(root: Node) -> str:
    """Without the schema's address, which says nothing about the world."""
    table = root.value if isinstance(root.value, dict) else {}
    return canonical({key: value for key, value in table.items() if key != "$schema"})
