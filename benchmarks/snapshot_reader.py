"""A second reader of snapshots: plain Python over `struct`, written from the byte layout, for the oracle.

Shares no code with the server nor with the reader in `protocol.records`; only the numbers that name sections and flags
come from there. Strict where clients are lenient: a section may come once, in order, never empty, and with the stride
of this version, because this reader judges a server and does not have to live with its successors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct, error
from typing import TYPE_CHECKING, Any, NamedTuple

from protocol.framing import Framing
from protocol.records import SNAPSHOT_FULL, SNAPSHOT_STRETCHED, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Triple = tuple[int, int, int]

ORDER = (
    Section.LEAVE,
    Section.ENTER,
    Section.ROOT,
    Section.TRACKED,
    Section.THING,
    Section.ROOT_DELTA,
    Section.TRACKED_DELTA,
    Section.DOT,
    Section.PREDICTED,
)

_HEADER = Struct("<IIIIB")  # tick, room time, ack, digest, flags
_SECTION = Struct("<BBH")  # kind, stride, count
_POSITION = "HbHbHb"  # three signed 24-bit numbers: low 16 bits, high 8 bits
_PART = "hhhI"
_PART_DELTA = "bbbBBB"
_LAYOUT = {
    Section.LEAVE: Struct("<H"),
    Section.ENTER: Struct("<HH"),
    Section.ROOT: Struct("<HBB" + _POSITION + "Hb"),
    Section.TRACKED: Struct("<HBB" + _POSITION + "Hb" + 3 * _PART),
    Section.THING: Struct("<HB" + _POSITION + "I"),
    Section.ROOT_DELTA: Struct("<HBHBbHb"),
    Section.TRACKED_DELTA: Struct("<HBHBH" + 3 * _PART_DELTA + "H"),
    Section.DOT: Struct("<Hhhh"),
    Section.PREDICTED: Struct("<B"),
}
_DOT_STEP = 125  # mm


class Part(NamedTuple):
    """A head or a hand: a place relative to the root, and an orientation, packed."""

    place: Triple
    orientation: int


class Shift(NamedTuple):
    """How a head or a hand moved: its way, and how far each component of its orientation turned."""

    way: Triple
    turns: Triple

    def applied_to(self, part: Part) -> Part:
        """Return the part that this makes of `part`."""
        first, second, third = (
            (part.orientation >> bits) + turn & 1023 for bits, turn in zip((20, 10, 0), self.turns, strict=True)
        )
        largest = part.orientation >> 30
        return Part(_sum(part.place, self.way), largest << 30 | first << 20 | second << 10 | third)


class Pose(NamedTuple):
    """Everything a record says about where a subject is: `body` is the section that describes it whole.

    pitch: 0 where the gaze is the head's.
    """

    body: Section
    place: Triple  # mm
    yaw: int = 0
    pitch: int = 0
    parts: tuple[Part, ...] = ()
    orientation: int = 0  # of a thing


class Absolute(NamedTuple):
    """A record that stands alone; age and flags are 0 of a dot, which has none."""

    entity: int
    age: int
    flags: int
    pose: Pose


def as_dot(pose: Pose) -> Pose:
    """Return what is told of a pose from far away: to the nearest step, on each axis, where it is."""
    x, y, z = ((axis + _DOT_STEP // 2) // _DOT_STEP * _DOT_STEP for axis in pose.place)
    return Pose(Section.DOT, (x, y, z))


class Delta(NamedTuple):
    """A record relative to what is held: `body` is the section that describes the subject whole."""

    entity: int
    age: int
    body: Section
    shift: Triple  # mm
    yaw: int
    pitch: int
    parts: tuple[Shift, ...]

    def applied_to(self, base: Pose) -> Pose:
        """Return the pose that this record makes of `base`."""
        parts = tuple(shift.applied_to(part) for part, shift in zip(base.parts, self.parts, strict=True))
        return Pose(base.body, _sum(base.place, self.shift), self.yaw, self.pitch, parts)


class Prediction(NamedTuple):
    """A delta relative to where the way of the one before it leads: its errors. age: by how much it changed."""

    entity: int
    age: int
    shift: Triple  # mm
    yaw: int
    pitch: int

    def resolved(self, base: Pose, last: Delta, yaw_before: int) -> Delta:
        """Return the delta that it stands for. last: the one before it, which led from `yaw_before` to `base`."""
        turn = base.yaw - yaw_before + self.yaw
        pitch = _signed(base.pitch + self.pitch & 0xFF, 8)
        shift, age = _sum(last.shift, self.shift), last.age + self.age & 0xFF
        return Delta(self.entity, age, Section.ROOT, shift, base.yaw + turn & 0xFFFF, pitch, ())


@dataclass(slots=True)
class Snapshot:
    """A snapshot as read: its header, and its records in the order they came."""

    tick: int
    time_ms: int
    ack: int
    digest: int
    is_full: bool
    is_stretched: bool = False
    leaves: list[int] = field(default_factory=list)
    enters: list[tuple[int, int]] = field(default_factory=list)  # id, generation
    absolutes: list[Absolute] = field(default_factory=list)
    deltas: list[Delta] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)  # until a replica has made deltas of them

    @property
    def records(self) -> list[Absolute | Delta | Prediction]:
        """All records of poses."""
        return [*self.absolutes, *self.deltas, *self.predictions]


def read_snapshot(data: bytes | memoryview) -> Snapshot:
    """Read the `data` of a snapshot message. Raises ValueError with what is wrong with it."""
    try:
        tick, time_ms, ack, digest, flags = _HEADER.unpack_from(data)
    except error:
        raise ValueError("shorter than its header") from None
    if flags & ~(SNAPSHOT_FULL | SNAPSHOT_STRETCHED):
        raise ValueError(f"unknown flags {flags:#x}")
    is_full, is_stretched = bool(flags & SNAPSHOT_FULL), bool(flags & SNAPSHOT_STRETCHED)
    snapshot = Snapshot(tick, time_ms, ack, digest, is_full, is_stretched)
    for section, records in _sections(memoryview(data)[_HEADER.size :]):
        _TAKE[section](snapshot, section, records)
    return snapshot


def _sections(data: memoryview) -> Iterator[tuple[Section, Iterator[tuple[Any, ...]]]]:
    last = -1
    while data:
        if len(data) < _SECTION.size:
            raise ValueError("section header cut short")
        kind, stride, count = _SECTION.unpack_from(data)
        if kind not in ORDER:
            raise ValueError(f"section of kind {kind}")
        section, place = Section(kind), ORDER.index(kind)
        if place <= last:
            raise ValueError(f"section {section.name} out of order or twice")
        if stride != _LAYOUT[section].size or not count:
            raise ValueError(f"section {section.name}: stride {stride}, count {count}")
        end = _SECTION.size + stride * count
        if len(data) < end:
            raise ValueError(f"section {section.name} is longer than its message")
        yield section, _LAYOUT[section].iter_unpack(data[_SECTION.size : end])
        last, data = place, data[end:]


def _take_leaves(snapshot: Snapshot, _section: Section, records: Iterator[tuple[int]]) -> None:
    snapshot.leaves = [entity for (entity,) in records]


def _take_enters(snapshot: Snapshot, _section: Section, records: Iterator[tuple[int, int]]) -> None:
    snapshot.enters = list(records)


def _take_avatars(snapshot: Snapshot, section: Section, records: Iterator[tuple[Any, ...]]) -> None:
    for entity, age, flags, xl, xh, yl, yh, zl, zh, yaw, pitch, *parts in records:
        place = (xl + xh * 65536, yl + yh * 65536, zl + zh * 65536)
        pose = Pose(section, place, yaw, 0 if parts else pitch, _parts(parts))
        snapshot.absolutes.append(Absolute(entity, age, flags, pose))


def _take_things(snapshot: Snapshot, section: Section, records: Iterator[tuple[Any, ...]]) -> None:
    for entity, age, xl, xh, yl, yh, zl, zh, orientation in records:
        place = (xl + xh * 65536, yl + yh * 65536, zl + zh * 65536)
        snapshot.absolutes.append(Absolute(entity, age, 0, Pose(section, place, orientation=orientation)))


def _take_root_deltas(snapshot: Snapshot, _section: Section, records: Iterator[tuple[Any, ...]]) -> None:
    for entity, age, low, high, dy, yaw, pitch in records:
        dx, dz = _signed(low & 0xFFF, 12), _signed(low >> 12 | high << 4, 12)
        snapshot.deltas.append(Delta(entity, age, Section.ROOT, (dx, dy, dz), yaw, pitch, ()))


def _take_tracked_deltas(snapshot: Snapshot, _section: Section, records: Iterator[tuple[Any, ...]]) -> None:
    for entity, age, low, high, yaw, *parts, last in records:
        dx, dz = _signed(low & 0xFFF, 12), _signed(low >> 12 | high << 4, 12)
        shifts = tuple(_shift(parts[6 * k : 6 * k + 6], last >> 3 * k) for k in range(3))
        shift = dx, _signed(last >> 9, 7), dz
        snapshot.deltas.append(Delta(entity, age, Section.TRACKED, shift, yaw, 0, shifts))


def _take_dots(snapshot: Snapshot, section: Section, records: Iterator[tuple[int, int, int, int]]) -> None:
    for entity, x, y, z in records:
        place = x * _DOT_STEP, y * _DOT_STEP, z * _DOT_STEP
        snapshot.absolutes.append(Absolute(entity, 0, 0, Pose(section, place)))


def _take_predictions(snapshot: Snapshot, _section: Section, records: Iterator[tuple[int]]) -> None:
    stream = _Stream(bytes(byte for (byte,) in records))
    entity = -1
    while stream.left >= _SHORTEST:
        gap, *numbers = (stream.number(order) for order in _ORDERS)
        age, x, y, z, yaw, pitch = (-(number + 1) // 2 if number % 2 else number // 2 for number in numbers)
        entity += gap + 1
        if entity > _MAX_ID:
            raise ValueError(f"a prediction of {entity}")
        snapshot.predictions.append(Prediction(entity, age, (x, y, z), yaw, pitch))
    if stream.bits:
        raise ValueError("a rest of a stream that is not zero")


_ORDERS = 4, 0, 2, 0, 2, 7, 2  # of gap, age, x, y, z, yaw and pitch
_SHORTEST = 8  # fewer bits are no record
_MAX_ID = 2**16 - 1
_LINEAR = 3  # from so many ones on, each means twice as many numbers


class _Stream:
    """Bits that are taken from the front, the lowest of the first byte first."""

    def __init__(self, data: bytes) -> None:
        self.bits, self.left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        """Take some bits as a number, the first of them its lowest."""
        taken = self.bits & (1 << count) - 1
        self.bits, self.left = self.bits >> count, self.left - count
        if self.left < 0:
            raise ValueError("a stream cut short")
        return taken

    def number(self, order: int) -> int:
        """Take a number: so many ones, a zero, and as many bits as those and the order ask for."""
        ones = 0
        while self.take(1):
            ones += 1
        further = ones - _LINEAR
        base, wider = (ones, 0) if further < 0 else (_LINEAR - 1 + (1 << further), further)
        return (base << order) + self.take(order + wider)


def first_error_at(data: bytes) -> int:
    """Find the lowest bit of how far the first prediction of a stream is off in x: so many bits from its begin."""
    stream = _Stream(data)
    stream.number(_ORDERS[0])
    stream.number(_ORDERS[1])
    while stream.take(1):
        pass
    return 8 * len(data) - stream.left


def _shift(values: list[int], signs: int) -> Shift:
    dx, dy, dz, *lows = values
    first, second, third = (low - 256 * (signs >> bit & 1) for bit, low in enumerate(lows))
    return Shift((dx, dy, dz), (first, second, third))


_TAKE: dict[Section, Callable[[Snapshot, Section, Iterator[Any]], None]] = {
    Section.LEAVE: _take_leaves,
    Section.ENTER: _take_enters,
    Section.ROOT: _take_avatars,
    Section.TRACKED: _take_avatars,
    Section.THING: _take_things,
    Section.ROOT_DELTA: _take_root_deltas,
    Section.TRACKED_DELTA: _take_tracked_deltas,
    Section.DOT: _take_dots,
    Section.PREDICTED: _take_predictions,
}


def _parts(flat: list[int]) -> tuple[Part, ...]:
    if not flat:
        return ()
    return tuple(Part((flat[k], flat[k + 1], flat[k + 2]), flat[k + 3]) for k in (0, 4, 8))


def _signed(value: int, bits: int) -> int:
    return value - (value >> bits - 1 << bits)


def _sum(one: Triple, other: Triple) -> Triple:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


# --- digest -----------------------------------------------------------------------------------------------------------


def digest_term(entity: int, generation: int) -> int:
    """Hash one held subject, in plain integers."""
    term = (entity << 16 | generation) * 0x9E3779B1 & 0xFFFFFFFF
    term = (term ^ term >> 15) * 0x85EBCA77 & 0xFFFFFFFF
    return term ^ term >> 13


# --- frames -----------------------------------------------------------------------------------------------------------


_FINAL_BINARY = b"\x82"


def payloads(stream: bytes, framing: Framing) -> list[bytes]:
    """Cut what a server wrote into whole payloads. Raises ValueError where it is not whole binary frames."""
    cut, found = (_cut_tcp if framing is Framing.TCP else _cut_websocket), []
    while stream:
        start, end = cut(stream)
        if end > len(stream):
            raise ValueError("frame cut short")
        found.append(stream[start:end])
        stream = stream[end:]
    return found


def _cut_tcp(stream: bytes) -> tuple[int, int]:
    return 4, 4 + int.from_bytes(stream[:4], "big")


def _cut_websocket(stream: bytes) -> tuple[int, int]:
    if stream[:1] != _FINAL_BINARY or len(stream) < 2:  # noqa: PLR2004  the shortest header
        raise ValueError(f"not a final binary WebSocket frame: {stream[:2]!r}")
    width = {126: 2, 127: 8}.get(stream[1], 0)
    length = int.from_bytes(stream[2 : 2 + width], "big") if width else stream[1]
    return 2 + width, 2 + width + length
