"""What a world file may hold: its parts in whole millimetres, and every rule they must keep.

Owns the shape of the file (keys, types, ranges) and its meaning (names that must exist, places that must be
free). Never opens a file and makes no columns for a tick: `World.parse` calls `read` once.
worlds/world.schema.json says the shape again for editors; docs/worlds.md lists the rules that only this
module checks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from presence import geometry
from presence.checked_json import Node, Problem, canonical, parse, suggestion

LANGUAGES: Final = ("en", "fr", "es", "ar")
COORDINATE_LIMIT_M: Final = 4000  # a round number within what a pose record can say
MAX_TITLE_CHARACTERS: Final = 120
MAX_CLEARANCES: Final = 64  # one bit each in 64-bit columns
MAX_ZONES: Final = 256  # far within the int16 of a zone number, and a plan a person can still read
MAX_CAPACITY: Final = 65_535  # entity ids are u16: no zone can hold more
MAX_OBSTACLES: Final = 10_000  # walls, and boxes: far more than a headset can draw
MAX_ITEMS: Final = 512  # of any other list: as many objects, and a full house, still fit one snapshot

_UNIT_TOLERANCE: Final = 0.001  # a quaternion typed with four decimals is within it
_DOUBLE_ERROR_MM: Final = 1e-6  # a thousand times what a double of this size is off by

Triple = tuple[int, int, int]
Quadruple = tuple[float, float, float, float]


class WorldError(ValueError):
    """A world file that cannot be used. `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned volume; its faces belong to it."""

    min_mm: Triple
    max_mm: Triple

    def has_within(self, inner: Box) -> bool:
        """Whether all of `inner` lies inside."""
        lows = all(a <= b for a, b in zip(self.min_mm, inner.min_mm, strict=True))
        return lows and all(a >= b for a, b in zip(self.max_mm, inner.max_mm, strict=True))

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than a face."""
        below = all(a < b for a, b in zip(self.min_mm, other.max_mm, strict=True))
        return below and all(a > b for a, b in zip(self.max_mm, other.min_mm, strict=True))

    def has(self, point: Triple) -> bool:
        """Whether the point lies inside or on a face."""
        return self.has_within(Box(point, point))


@dataclass(frozen=True, slots=True)
class Wall:
    """A vertical rectangle on a horizontal segment."""

    from_mm: tuple[int, int]
    to_mm: tuple[int, int]
    base_mm: int
    top_mm: int


@dataclass(frozen=True, slots=True)
class Zone:
    """A named volume with rules of its own. A capacity of None has no limit."""

    name: str
    box: Box
    is_isolated: bool
    is_speech_private: bool
    clearance: tuple[str, ...]
    capacity: int | None


@dataclass(frozen=True, slots=True)
class Spawn:
    """Where a newcomer's feet are put; yaw 0 looks along -Z, and grows counter-clockwise seen from above."""

    position_mm: Triple
    yaw_degrees: float


@dataclass(frozen=True, slots=True)
class Portal:
    """A volume that leads to another world, and to one room of it when that is named."""

    box: Box
    world: str
    room: str | None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object that may be spawned here."""

    name: str
    is_grabbable: bool


@dataclass(frozen=True, slots=True)
class PlacedObject:
    """An object that is there when a room opens. Orientation: a unit quaternion x y z w."""

    kind: str
    position_mm: Triple
    orientation: Quadruple


@dataclass(frozen=True, slots=True)
class Document:
    """A world file, checked. The digest of `canonical` names this version of the world."""

    name: str
    title: dict[str, str]
    bounds: Box
    walls: tuple[Wall, ...]
    boxes: tuple[Box, ...]
    zones: tuple[Zone, ...]
    spawns: tuple[Spawn, ...]
    portals: tuple[Portal, ...]
    kinds: tuple[Kind, ...]
    objects: tuple[PlacedObject, ...]
    clearances: tuple[str, ...]
    canonical: str


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


def _millimetres(node: Node) -> int | None:
    """A coordinate in metres with at most three decimals, so that no reader of the file ever has to round."""
    metres = node.number(-COORDINATE_LIMIT_M, COORDINATE_LIMIT_M)
    if metres is None:
        return None
    nearest = round(metres * 1000)
    if abs(metres * 1000 - nearest) > _DOUBLE_ERROR_MM:
        node.fail("is finer than a millimetre", f"write {nearest / 1000:g}")
        return None
    return nearest


def _point(node: Node) -> Triple | None:
    row = node.row(_millimetres, 3, "[x, y, z] in metres")
    return None if row is None else (row[0], row[1], row[2])


def _ground_point(node: Node) -> tuple[int, int] | None:
    row = node.row(_millimetres, 2, "[x, z] in metres")
    return None if row is None else (row[0], row[1])


def _title(node: Node) -> dict[str, str] | None:
    """One text for every language, or one for each."""
    if isinstance(node.value, str):
        text = node.text(MAX_TITLE_CHARACTERS)
        return None if text is None else dict.fromkeys(LANGUAGES, text)
    if not node.has_keys(LANGUAGES):
        return None
    texts = {language: node[language].text(MAX_TITLE_CHARACTERS) for language in LANGUAGES}
    return {language: text for language, text in texts.items() if text is not None}


def _orientation(node: Node) -> Quadruple | None:
    """A quaternion x y z w, made exactly unit; absent means not turned."""
    if node.is_absent:
        return (0.0, 0.0, 0.0, 1.0)
    row = node.row(lambda item: item.number(-1.001, 1.001), 4, "[x, y, z, w]")
    if row is None:
        return None
    length = math.hypot(*row)
    if abs(length - 1) > _UNIT_TOLERANCE:
        node.fail(f"has length {length:.4g}", "write a unit quaternion, [0, 0, 0, 1] is not turned")
        return None
    x, y, z, w = (part / length for part in row)
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

    def document(self) -> Document | None:
        root = self._root
        required = ("name", "title", "bounds", "spawns")
        optional = ("$schema", "walls", "boxes", "zones", "portals", "props", "clearances")
        if not root.has_keys(required, optional):
            return None
        _check_schema_address(root["$schema"])
        name, title = root["name"].slug(), _title(root["title"])
        self._bounds = self._read_bounds(root["bounds"])
        self._clearances = self._read_clearances(root["clearances"])
        walls = root["walls"].parts(self._wall, at_most=MAX_OBSTACLES)
        self._boxes = root["boxes"].parts(self._inner_box, at_most=MAX_OBSTACLES)
        self._walls = wall_rows(walls, self._boxes)
        root["zones"].refuse_repeats("name")
        root["zones"].parts(self._zone, at_most=MAX_ZONES)
        spawns = root["spawns"].parts(self._spawn, at_least=1, at_most=MAX_ITEMS)
        portals = root["portals"].parts(self._portal, at_most=MAX_ITEMS)
        objects = self._props(root["props"])
        if name is None or title is None or self._bounds is None:
            return None
        return Document(
            name=name,
            title=title,
            bounds=self._bounds,
            walls=walls,
            boxes=self._boxes,
            zones=tuple(self._zones),
            spawns=spawns,
            portals=portals,
            kinds=tuple(self._kinds.values()),
            objects=objects,
            clearances=self._clearances,
            canonical=_canonical(root),
        )

    def _read_bounds(self, node: Node) -> Box | None:
        node.has_keys(("min", "max"))
        return _box(node)

    def _read_clearances(self, node: Node) -> tuple[str, ...]:
        node.refuse_repeats()
        return node.parts(Node.slug, at_most=MAX_CLEARANCES)

    def _wall(self, node: Node) -> Wall | None:
        node.has_keys(("from", "to", "base", "height"))
        start, end = _ground_point(node["from"]), _ground_point(node["to"])
        base, height = _millimetres(node["base"]), _millimetres(node["height"])
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
        node.has_keys(("min", "max"))
        return self._box_in_bounds(node)

    def _box_in_bounds(self, node: Node) -> Box | None:
        box = _box(node)
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
        position, yaw = _point(node["position"]), node["yaw"].number(-360, 360)
        if position is None or yaw is None:
            return None
        self._expect_in_bounds(node, position)
        self._expect_free(node, position)
        return Spawn(position, yaw)

    def _expect_free(self, node: Node, position: Triple) -> None:
        """A newcomer stands in nothing solid and nowhere that its grants might not allow."""
        point = np.array([position], np.int32)
        if geometry.stopped_by_any(self._walls, point, point)[0]:
            node.fail("stands in a wall", "move it")
        elif any(_is_in_furniture(position, box) for box in self._boxes):
            node.fail("stands inside a box", "move it")
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

    def _placed_object(self, node: Node) -> PlacedObject | None:
        node.has_keys(("kind", "position"), ("orientation",))
        kind, position = node["kind"].slug(), _point(node["position"])
        orientation = _orientation(node["orientation"])
        if kind is not None and kind not in self._kinds:
            remedy = suggestion(kind, tuple(self._kinds), "add it to kinds, which declares ")
            node["kind"].fail(f"{kind} is not declared", remedy)
        if kind is None or position is None or orientation is None:
            return None
        self._expect_in_bounds(node, position)
        return PlacedObject(kind, position, orientation)


def _box(node: Node) -> Box | None:
    """The box of an object's `min` and `max`, which must hold a volume."""
    low, high = _point(node["min"]), _point(node["max"])
    if low is None or high is None:
        return None
    if not all(a < b for a, b in zip(low, high, strict=True)):
        node.fail("holds no volume", "write a max above min on every axis")
        return None
    return Box(low, high)


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


def _is_in_furniture(position: Triple, box: Box) -> bool:
    (x, y, z), (x0, y0, z0), (x1, y1, z1) = position, box.min_mm, box.max_mm
    beside = x0 <= x <= x1 and z0 <= z <= z1
    return beside and y1 > y + geometry.STEP_HEIGHT_MM and y0 < y + geometry.BODY_HEIGHT_MM


def _check_schema_address(node: Node) -> None:
    if not node.is_absent and not isinstance(node.value, str):
        node.fail("is not a text", "write the schema's address, or remove it")


def _canonical(root: Node) -> str:
    """Without the schema's address, which says nothing about the world."""
    table = root.value if isinstance(root.value, dict) else {}
    return canonical({key: value for key, value in table.items() if key != "$schema"})
