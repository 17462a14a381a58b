"""A world, ready for the room: the checked file as numpy columns, and the questions a tick asks of them.

Owns where one may be (bounds, walls, floors) and which zone a place belongs to. Never changes once made, so that
all rooms of a world share one; never opens a file (`catalogue.py` does) and knows nothing of who is there.
`parse` is called at start-up; `in_bounds`, `blocked`, `on_floor` and `zone_of` in the simulate stage, each once for all
movers of a tick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from presence import geometry, world_document
from presence.world_document import WorldError
from presence.world_parts import Document, Kind, PlacedObject, Portal, Zone

if TYPE_CHECKING:
    from presence.rings import Ring

__all__ = ["Kind", "PlacedObject", "Portal", "World", "WorldError", "Zone"]

NO_ZONE: Final = 0  # the zone number of a place that no zone holds; zones[i] has number i + 1
UNLIMITED: Final = -1  # in `zone_capacity`

Points = NDArray[np.int32]  # (n, 3) x y z, millimetres
Flags = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class World:
    """One world. All arrays are read-only and shared; zone columns are indexed by zone number (0: no zone).

    title: one text for each of en fr es ar. bounds_mm: (2, 3) int32, the lowest and the highest corner.
    walls_mm: (w, 6) int32 x0 z0 x1 z1 y0 y1, the four sides of every box among them.
    sight_mm: how far people see each other here, or None where that is for the server to say. rings: how often and in
    how much detail they are told of each other, likewise () where that is for the server to say.
    floors: what carries feet, or None where any height will do.
    zone_requires: (zones + 1,) uint64, one bit for each clearance in the order of `clearances`.
    zone_isolated, zone_private: (zones + 1,) bool. zone_capacity: (zones + 1,) int32, or UNLIMITED.
    spawns_mm: (s, 3) int32, feet. spawn_yaw: (s,) uint16, turns / 65536. seats_mm: (s, 3) int32, feet of who sits.
    digest: 16 hex digits that differ whenever the world does. document: the world as JSON, for clients.
    """

    name: str
    title: dict[str, str]
    bounds_mm: Points
    sight_mm: int | None
    rings: tuple[Ring, ...]
    walls_mm: NDArray[np.int32]
    floors: geometry.Floors | None
    zones: tuple[Zone, ...]
    zone_requires: NDArray[np.uint64]
    zone_isolated: Flags
    zone_private: Flags
    zone_capacity: NDArray[np.int32]
    spawns_mm: Points
    spawn_yaw: NDArray[np.uint16]
    seats_mm: Points
    portals: tuple[Portal, ...]
    kinds: tuple[Kind, ...]
    objects: tuple[PlacedObject, ...]
    clearances: tuple[str, ...]
    digest: str
    document: str
    _walls: geometry.WallRaster
    _volumes: geometry.Volumes

    @classmethod
    def parse(cls, text: str) -> World:
        """Make a world from its JSON text (docs/worlds.md). Raises WorldError with every problem at once."""
        return _from_document(world_document.read(text))

    def in_bounds(self, positions_mm: Points) -> Flags:
        """Whether each position (n, 3) lies inside the bounds, faces included. (n,) bool."""
        (x, y, z), (low_x, low_y, low_z), (high_x, high_y, high_z) = positions_mm.T, *self.bounds_mm
        inside = (x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y) & (z >= low_z) & (z <= high_z)
        return np.asarray(inside)

    def blocked(self, start_mm: Points, end_mm: Points) -> Flags:
        """Whether each walker is stopped on its way from start to end, feet, (n, 3) int32 each. (n,) bool.

        By the collision rule of `geometry.py`, and because everything outside the bounds is solid: a move that starts
        or ends there is blocked too. Exact for any int32. Cost: about 0.1 ms for 1,000 walkers.
        """
        stopped = self._walls.stopped(start_mm, end_mm)
        return stopped | ~(self.in_bounds(start_mm) & self.in_bounds(end_mm))

    def on_floor(self, positions_mm: Points) -> Flags:
        """Whether feet at each position (n, 3) are carried, by the floor rule of `geometry.py`. (n,) bool."""
        return np.ones(len(positions_mm), np.bool_) if self.floors is None else self.floors.carries(positions_mm)

    def zone_of(self, positions_mm: Points) -> NDArray[np.int16]:
        """The number of the first listed zone that holds each position (n, 3), or NO_ZONE. (n,) int16."""
        return self._volumes.first_around(positions_mm)

    def clearance_bits(self, grants: Collection[str]) -> int:
        """The bits of the clearances among these grants; what this world does not declare is ignored."""
        return _bits(self.clearances, grants)


def _from_document(document: Document) -> World:
    zones = document.zones
    walls = _column(world_document.wall_rows(document.walls, document.boxes), np.int32, 6)
    lows = _column([zone.box.min_mm for zone in zones], np.int32, 3)
    highs = _column([zone.box.max_mm for zone in zones], np.int32, 3)
    capacities = [UNLIMITED if zone.capacity is None else zone.capacity for zone in zones]
    return World(
        name=document.name,
        title=document.title,
        bounds_mm=_column([document.bounds.min_mm, document.bounds.max_mm], np.int32, 3),
        sight_mm=document.sight_mm,
        rings=document.rings,
        walls_mm=walls,
        floors=geometry.Floors(world_document.floor_rows(document.floors)) if document.floors else None,
        zones=zones,
        zone_requires=_column([0, *(_bits(document.clearances, zone.clearance) for zone in zones)], np.uint64),
        zone_isolated=_column([False, *(zone.is_isolated for zone in zones)], np.bool_),
        zone_private=_column([False, *(zone.is_speech_private for zone in zones)], np.bool_),
        zone_capacity=_column([UNLIMITED, *capacities], np.int32),
        spawns_mm=_column([spawn.position_mm for spawn in document.spawns], np.int32, 3),
        spawn_yaw=_column([_turns(spawn.yaw_degrees) for spawn in document.spawns], np.uint16),
        seats_mm=_column([seat.position_mm for seat in document.seats], np.int32, 3),
        portals=document.portals,
        kinds=document.kinds,
        objects=document.objects,
        clearances=document.clearances,
        digest=hashlib.sha256(document.canonical.encode()).hexdigest()[:16],
        document=document.canonical,
        _walls=geometry.WallRaster(walls),
        _volumes=geometry.Volumes(lows, highs),
    )


def _bits(clearances: Sequence[str], names: Collection[str]) -> int:
    return sum(1 << bit for bit, clearance in enumerate(clearances) if clearance in names)


def _turns(degrees: float) -> int:
    return round(degrees / 360 * 65536) % 65536


def _column(values: object, dtype: type[Scalar], width: int | None = None) -> NDArray[Scalar]:
    """A read-only column: one row per value, or per `width` values."""
    column = np.array(values, dtype)
    column = column if width is None else column.reshape(-1, width)
    column.flags.writeable = False
    return column
