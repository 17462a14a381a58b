"""What a world is made of: its parts in whole millimetres, the closed lists of looks, and the limits.

Owns the words and the limits that the reader (`world_document.py`), the schema and the clients share. Reads nothing and
checks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from presence.rings import Ring

LANGUAGES: Final = ("en", "fr", "es", "ar")
COORDINATE_LIMIT_M: Final = 4000  # a round number within what a pose record can say
MAX_TEXT_CHARACTERS: Final = 120
MAX_CLEARANCES: Final = 64  # one bit each in 64-bit columns
MAX_ZONES: Final = 256  # far within the int16 of a zone number, and a plan a person can still read
MAX_CAPACITY: Final = 65_535  # entity ids are u16: no zone can hold more
MAX_OBSTACLES: Final = 10_000  # walls, and boxes: far more than a headset can draw
MAX_ITEMS: Final = 512  # of any other list: as many objects, and a full house, still fit one snapshot
MAX_SEATS_IN_A_ROW: Final = 200
MAX_SIGHT_M: Final = 1000  # as the server's own setting
MAX_RINGS: Final = 32  # more than there are rates and details together
MAX_SCALE: Final = 20  # of a fixture, and its inverse
MAX_LIGHT_RANGE_M: Final = 100
MAX_LIGHT_INTENSITY: Final = 10

# How things look. Each list is closed, so that every client draws every world; docs/worlds.md describes each word.
# "none" draws nothing: a fixture stands there, or the place is only to be kept out of.
WALL_LOOKS: Final = (
    *("plaster", "glass", "wood", "stone", "marble", "concrete", "metal", "brick", "tiles", "acoustic", "curtain"),
    *("door", "railing", "glass-railing", "desk", "belt", "hedge", "none"),
)
BOX_LOOKS: Final = (
    *("wood", "stone", "marble", "concrete", "metal", "glass", "plaster", "desk", "table", "counter", "podium"),
    *("bench", "planter", "shelf", "cabinet", "sofa", "workbench", "conveyor", "booth", "crate", "column", "pool"),
    *("hedge", "vehicle", "none"),
)
FLOOR_LOOKS: Final = (
    *("terrazzo", "marble", "stone", "carpet", "carpet-dark", "wood", "tiles", "vinyl", "concrete", "paving"),
    *("asphalt", "gravel", "grass", "deck", "water"),
)
CEILING_LOOKS: Final = ("plaster", "acoustic", "slats", "coffers", "concrete", "metal", "glass-roof")
SEAT_LOOKS: Final = ("chair", "office-chair", "armchair", "stool", "bench", "lounge")
FIXTURE_KINDS: Final = (
    *("globe", "fountain", "sculpture", "plant", "tree", "flag", "clock", "rug", "bin", "coat-stand", "bookshelf"),
    *("screen", "whiteboard", "lectern", "microphone", "projector", "speaker"),
    *("monitor", "laptop", "keyboard", "telephone", "papers", "desk-lamp", "coffee-machine", "water-cooler"),
    *("microscope", "fume-hood", "centrifuge", "glassware", "evidence-tray", "evidence-marker", "mannequin"),
    *("queue-post", "scanner-arch", "xray-machine", "passport-reader", "stamp", "departure-board"),
    *("luggage", "trolley", "aircraft", "lamp-post", "parasol", "bollard", "bicycle"),
)
LIGHT_KINDS: Final = ("pendant", "panel", "strip", "spot", "lamp", "glow")
SIGN_STYLES: Final = ("title", "wayfinding", "plate", "notice", "departures")
SKY_KINDS: Final = ("day", "overcast", "dusk", "night")

Triple = tuple[int, int, int]
Pair = tuple[int, int]
Quadruple = tuple[float, float, float, float]


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

    from_mm: Pair
    to_mm: Pair
    base_mm: int
    top_mm: int


@dataclass(frozen=True, slots=True)
class Floor:
    """A rectangle one may stand on. A ramp along x (axis 0) or z (1) is `height_mm` at its min, `to_mm` at its max."""

    min_mm: Pair
    max_mm: Pair
    height_mm: int
    to_mm: int
    axis: int


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
class Seat:
    """Where the feet of somebody who sits are, and where they look."""

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
    """A world file, checked. The digest of `canonical` names this version of the world.

    Nothing is kept of what is only looked at (looks, ceilings, fixtures, lights, signs, sky).
    """

    name: str
    title: dict[str, str]
    bounds: Box
    sight_mm: int | None
    rings: tuple[Ring, ...]
    walls: tuple[Wall, ...]
    boxes: tuple[Box, ...]
    floors: tuple[Floor, ...]
    zones: tuple[Zone, ...]
    spawns: tuple[Spawn, ...]
    seats: tuple[Seat, ...]
    portals: tuple[Portal, ...]
    kinds: tuple[Kind, ...]
    objects: tuple[PlacedObject, ...]
    clearances: tuple[str, ...]
    canonical: str
