"""Packed pose records: the little-endian tables in `pose` and `snapshot`, and the arithmetic of quantisation.

Owns the layout of every packed record (numpy dtypes), the scales, the digest, and the reading of a section
list. Building snapshots is the room's business (`presence.snapshot`); reading them is done here, for clients
and tools. All functions are pure, vectorised, and exact on integers.

Frame: right-handed, +Y up, -Z forward. Positions are millimetres, yaw is turns/65536, pitch 90/127 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protocol import predicted
from protocol.errors import Close, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Table = NDArray[np.void]

MAX_COORDINATE_MM = 2**22 - 1  # 4.19 km either way: fits 24 bits with room for one more bit of arithmetic
MAX_PART_MM = 3000  # head and hands stay within arm's reach of the root
DOT_STEP_MM = 125  # of a dot's coordinates: 4,095 m either way fit 16 bits, and no world is wider
AGE_STEP_MS = 4
MAX_AGE = 255  # saturates: 1,020 ms or older
YAW_TURN = 65536
PITCH_QUARTER = 127  # pitch 127 is straight up


class Section(IntEnum):
    """Kinds of packed section."""

    LEAVE = 1
    ENTER = 2
    ROOT = 3
    TRACKED = 4
    THING = 5
    ROOT_DELTA = 6
    TRACKED_DELTA = 7
    DOT = 8
    PREDICTED = 9
    ROOT_INPUT = 32
    TRACKED_INPUT = 33


def _axes24(*axes: str) -> list[tuple[str, str]]:
    """Lay out signed 24-bit coordinates as a low u16 and a signed high byte each."""
    return [part for axis in axes for part in ((f"{axis}_low", "<u2"), (f"{axis}_high", "i1"))]


PARTS = ("head", "left", "right")
_PART = [("x", "<i2"), ("y", "<i2"), ("z", "<i2"), ("orientation", "<u4")]
TURNS = ("first", "second", "third")  # how far the components of an orientation turned, their low eight bits
_PART_DELTA = [("dx", "i1"), ("dy", "i1"), ("dz", "i1"), *((turn, "u1") for turn in TURNS)]
_ROOT = [
    ("id", "<u2"),
    ("age", "u1"),
    ("flags", "u1"),
    *_axes24("x", "y", "z"),
    ("yaw", "<u2"),
    ("pitch", "i1"),
]
# dx and dz share three bytes, twelve bits each: dx in the low ones
_ROOT_DELTA = [
    ("id", "<u2"),
    ("age", "u1"),
    ("dxz_low", "<u2"),
    ("dxz_high", "u1"),
    ("dy", "i1"),
    ("yaw", "<u2"),
    ("pitch", "i1"),
]
# The gaze is the head's. The last field: nine bits that are the signs of the turns, then dy.
_TRACKED_DELTA = [
    ("id", "<u2"),
    ("age", "u1"),
    ("dxz_low", "<u2"),
    ("dxz_high", "u1"),
    ("yaw", "<u2"),
    *((part, _PART_DELTA) for part in PARTS),
    ("signs_dy", "<u2"),
]
_INPUT = [
    ("seq", "<u4"),
    ("x", "<i4"),
    ("y", "<i4"),
    ("z", "<i4"),
    ("yaw", "<u2"),
    ("pitch", "i1"),
    ("age", "u1"),
]

DTYPES: dict[Section, np.dtype[np.void]] = {
    Section.LEAVE: np.dtype([("id", "<u2")]),
    Section.ENTER: np.dtype([("id", "<u2"), ("generation", "<u2")]),
    Section.ROOT: np.dtype(_ROOT),
    Section.TRACKED: np.dtype([*_ROOT, *((part, _PART) for part in PARTS)]),
    Section.THING: np.dtype([("id", "<u2"), ("age", "u1"), *_axes24("x", "y", "z"), ("orientation", "<u4")]),
    Section.ROOT_DELTA: np.dtype(_ROOT_DELTA),
    Section.TRACKED_DELTA: np.dtype(_TRACKED_DELTA),
    Section.DOT: np.dtype([("id", "<u2"), ("x", "<i2"), ("y", "<i2"), ("z", "<i2")]),
    Section.PREDICTED: np.dtype([("bits", "u1")]),  # a stream, which `predicted` reads
    Section.ROOT_INPUT: np.dtype(_INPUT),
    Section.TRACKED_INPUT: np.dtype([*_INPUT, *((part, _PART) for part in PARTS)]),
}
SNAPSHOT_SECTIONS = frozenset(kind for kind in Section if kind < Section.ROOT_INPUT)
INPUT_SECTIONS = frozenset(Section) - SNAPSHOT_SECTIONS

SECTION_HEADER = np.dtype([("kind", "u1"), ("stride", "u1"), ("count", "<u2")])
SNAPSHOT_HEADER = np.dtype([("tick", "<u4"), ("time_ms", "<u4"), ("ack", "<u4"), ("digest", "<u4"), ("flags", "u1")])

SNAPSHOT_FULL = 1  # snapshot flag: forget everything held before applying this one
SNAPSHOT_STRETCHED = 2  # snapshot flag: the server has too much to do, observers look around more rarely
POSE_JUMP = 1  # record flag: the subject did not travel here from its last pose, do not interpolate

MAX_DELTA_XZ = 2047  # twelve signed bits, mm
MAX_DELTA_Y = 127
MAX_TRACKED_DELTA_Y = 63  # seven signed bits, beside the signs of nine turns
MAX_TURN = 255  # nine signed bits, in steps of an orientation's components
SIGN_BITS = len(PARTS) * len(TURNS)


_WIRE_TYPES = {"|u1": "u8", "|i1": "i8", "<u2": "u16", "<i2": "i16", "<u4": "u32", "<i4": "i32"}


def layout(dtype: np.dtype[Any], prefix: str = "", start: int = 0) -> list[tuple[str, str, int]]:
    """List the fields of a packed record in order: dotted name, type (`u8`, `i24`, ...), byte offset.

    A low u16 and its high byte are one field of 24 bits.
    """
    listed: list[tuple[str, str, int]] = []
    for name in dtype.names or ():
        inner, offset = dtype[name], start + dtype.fields[name][1]  # type: ignore[index]
        if inner.names:
            listed += layout(inner, f"{prefix}{name}.", offset)
        elif name.endswith("_high"):
            listed[-1] = (listed[-1][0].removesuffix("_low"), f"{inner.kind}24", listed[-1][2])
        else:
            listed.append((prefix + name, _WIRE_TYPES[inner.str], offset))
    return listed


# --- quantisation -----------------------------------------------------------------------------------------------------


def millimetres(metres: Floats) -> Ints:
    """Round metres to the nearest millimetre (error <= 0.5 mm an axis), halves to even."""
    return np.rint(np.asarray(metres, dtype=np.float64) * 1000.0).astype(np.int32)


def yaw_turns(radians: Floats) -> NDArray[np.uint16]:
    """Round yaw to turns/65536 (error <= 0.003 degrees), wrapping."""
    turns = np.rint(np.asarray(radians, dtype=np.float64) * (YAW_TURN / (2 * np.pi))).astype(np.int64)
    return (turns % YAW_TURN).astype(np.uint16)


def pitch_steps(radians: Floats) -> NDArray[np.int8]:
    """Round pitch to 90/127 degrees (error <= 0.36 degrees), clamped to straight up and straight down."""
    steps = np.rint(np.asarray(radians, dtype=np.float64) * (PITCH_QUARTER / (np.pi / 2)))
    return np.clip(steps, -PITCH_QUARTER, PITCH_QUARTER).astype(np.int8)


def yaw_radians(turns: NDArray[Any]) -> Floats:
    """Undo `yaw_turns`: radians in [0, 2 pi)."""
    return np.asarray(turns, dtype=np.float64) * (2 * np.pi / YAW_TURN)


def pitch_radians(steps: NDArray[Any]) -> Floats:
    """Undo `pitch_steps`."""
    return np.asarray(steps, dtype=np.float64) * (np.pi / 2 / PITCH_QUARTER)


_COMPONENT_STEPS = 511  # ten signed bits for +-1/sqrt(2)
_COMPONENT_SCALE = _COMPONENT_STEPS * np.sqrt(2.0)
# for each dropped component, the three that are sent, in x y z w order
_KEPT = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])


def pack_orientations(quaternions: Floats) -> NDArray[np.uint32]:
    """Pack unit quaternions smallest-three into 32 bits (error <= 0.28 degrees).

    quaternions: (n, 4) x y z w, normalised here; a zero quaternion becomes the identity. The two top bits
    name the largest component, which is dropped after making it positive; the others follow from bit 20
    downwards, ten bits each, offset by 512.
    """
    q = np.array(quaternions, dtype=np.float64).reshape(-1, 4)
    norms = np.linalg.norm(q, axis=1)
    q[norms == 0] = (0.0, 0.0, 0.0, 1.0)
    q /= np.where(norms == 0, 1.0, norms)[:, None]
    largest = np.argmax(np.abs(q), axis=1)
    rows = np.arange(len(q))
    q *= np.where(q[rows, largest] < 0, -1.0, 1.0)[:, None]
    kept = np.rint(np.take_along_axis(q, _KEPT[largest], axis=1) * _COMPONENT_SCALE).astype(np.int64) + 512
    packed = (largest << 30) | (kept[:, 0] << 20) | (kept[:, 1] << 10) | kept[:, 2]
    return np.asarray(packed, dtype=np.uint32)


def unpack_orientations(packed: NDArray[Any]) -> Floats:
    """Undo `pack_orientations`: (n, 4) unit quaternions. Every 32-bit value decodes to a unit quaternion."""
    bits = np.asarray(packed, dtype=np.int64).reshape(-1)
    largest = bits >> 30
    kept = np.stack([(bits >> shift) & 1023 for shift in (20, 10, 0)], axis=1)
    components = (kept - 512) / _COMPONENT_SCALE
    q = np.empty((len(bits), 4))
    np.put_along_axis(q, _KEPT[largest], components, axis=1)
    dropped = np.sqrt(np.maximum(0.0, 1.0 - np.sum(components**2, axis=1)))
    np.put_along_axis(q, largest[:, None], dropped[:, None], axis=1)
    return np.asarray(q / np.linalg.norm(q, axis=1, keepdims=True), dtype=np.float64)


# --- coordinates inside records ---------------------------------------------------------------------------------------


def write_positions(table: Table, rows: NDArray[Any], positions_mm: Ints) -> None:
    """Write (n, 3) millimetre positions into the 24-bit fields of `table[rows]`, in place."""
    for axis, column in zip("xyz", positions_mm.T, strict=True):
        table[f"{axis}_low"][rows] = column & 0xFFFF
        table[f"{axis}_high"][rows] = column >> 16


def read_positions(table: Table) -> Ints:
    """Read the (n, 3) millimetre positions of absolute records."""
    axes = [(table[f"{a}_high"].astype(np.int32) << 16) | table[f"{a}_low"].astype(np.int32) for a in "xyz"]
    return np.stack(axes, axis=1)


def dots(positions_mm: Ints) -> NDArray[np.int16]:
    """Round (n, 3) millimetre positions to steps of a dot (error <= 62 mm an axis)."""
    return ((positions_mm + DOT_STEP_MM // 2) // DOT_STEP_MM).astype(np.int16)


def read_dots(table: Table) -> Ints:
    """Read the (n, 3) positions of dots, mm."""
    return np.stack([table[axis].astype(np.int32) * DOT_STEP_MM for axis in "xyz"], axis=1)


def write_deltas(table: Table, deltas_mm: Ints) -> None:
    """Write (n, 3) displacements into the packed fields of delta records; none reaches further than a delta does."""
    packed = (deltas_mm[:, 0] & 0xFFF) | ((deltas_mm[:, 2] & 0xFFF) << 12)
    table["dxz_low"] = packed & 0xFFFF
    table["dxz_high"] = packed >> 16
    if "dy" in (table.dtype.names or ()):
        table["dy"] = deltas_mm[:, 1]
    else:
        signs = table["signs_dy"] & np.uint16((1 << SIGN_BITS) - 1)
        table["signs_dy"] = signs | ((deltas_mm[:, 1] << SIGN_BITS) & 0xFFFF).astype(np.uint16)


def read_deltas(table: Table) -> Ints:
    """Read the (n, 3) displacements of delta records, mm."""
    packed = table["dxz_low"].astype(np.int32) | (table["dxz_high"].astype(np.int32) << 16)
    dx = ((packed & 0xFFF) ^ 0x800) - 0x800
    dz = ((packed >> 12) ^ 0x800) - 0x800
    has_dy = "dy" in (table.dtype.names or ())
    dy = table["dy"] if has_dy else table["signs_dy"].astype(np.int16) >> SIGN_BITS
    return np.stack([dx, dy.astype(np.int32), dz], axis=1)


def write_turns(table: Table, turns: NDArray[np.int16]) -> None:
    """Write how far (n, part, component) orientations turned into delta records; none further than `MAX_TURN`."""
    for index, part in enumerate(PARTS):
        for component, name in enumerate(TURNS):
            table[part][name] = turns[:, index, component] & 0xFF
    signs = (turns.reshape(len(turns), SIGN_BITS) < 0) @ (1 << np.arange(SIGN_BITS))
    table["signs_dy"] = (table["signs_dy"] & ~np.uint16((1 << SIGN_BITS) - 1)) | signs.astype(np.uint16)


def read_turns(table: Table) -> NDArray[np.int16]:
    """Read the (n, part, component) turns of delta records."""
    low = np.array([[table[part][name] for name in TURNS] for part in PARTS], np.int16).transpose(2, 0, 1)
    signs = (table["signs_dy"][:, None] >> np.arange(SIGN_BITS, dtype=np.uint16)) & np.uint16(1)
    return np.asarray(low - (signs.astype(np.int16) << 8).reshape(low.shape), dtype=np.int16)


_COMPONENT_SHIFTS = np.array([20, 10, 0], np.int64)


def turned(packed: NDArray[np.uint32], turns: NDArray[np.int16]) -> NDArray[np.uint32]:
    """Turn packed orientations of any shape by (..., 3) steps of their components; the largest stays the largest."""
    whole = packed.astype(np.int64)
    components = ((whole[..., None] >> _COMPONENT_SHIFTS) + turns) & 0x3FF
    return np.asarray((whole & 0xC000_0000) | (components << _COMPONENT_SHIFTS).sum(axis=-1), dtype=np.uint32)


# --- digest -----------------------------------------------------------------------------------------------------------


def digest_terms(ids: NDArray[Any], generations: NDArray[Any]) -> NDArray[np.uint32]:
    """Hash each (id, generation) held; the digest is the sum of the terms modulo 2**32, in any order."""
    term = (np.asarray(ids, dtype=np.uint32) << np.uint32(16)) | np.asarray(generations, dtype=np.uint32)
    term = term * np.uint32(0x9E3779B1)
    term ^= term >> np.uint32(15)
    term = term * np.uint32(0x85EBCA77)
    return np.asarray(term ^ (term >> np.uint32(13)), dtype=np.uint32)


# --- reading sections -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SnapshotRecords:
    """A parsed snapshot: its header fields and one table (a view of the input) for each section present.

    That of `Section.PREDICTED` is none of the input, but the `predicted.TABLE` that its stream holds.
    """

    tick: int
    time_ms: int
    ack: int
    digest: int
    is_full: bool
    sections: dict[Section, Table]


def read_snapshot(data: bytes | memoryview) -> SnapshotRecords:
    """Parse the `data` of a snapshot message. Unknown sections and trailing bytes of a record are skipped.

    Raises ProtocolError(MALFORMED) where the lengths do not add up or a section appears twice. Ids and values
    are taken as they are.
    """
    if len(data) < SNAPSHOT_HEADER.itemsize:
        raise ProtocolError(Close.MALFORMED, "snapshot shorter than its header")
    header = np.frombuffer(data, SNAPSHOT_HEADER, 1)[0]
    sections: dict[Section, Table] = {}
    for kind, table in read_sections(memoryview(data)[SNAPSHOT_HEADER.itemsize :], SNAPSHOT_SECTIONS):
        if kind in sections:
            raise ProtocolError(Close.MALFORMED, f"section {kind.name.lower()} appears twice")
        sections[kind] = predicted.read(table["bits"].tobytes()) if kind is Section.PREDICTED else table
    return SnapshotRecords(
        tick=int(header["tick"]),
        time_ms=int(header["time_ms"]),
        ack=int(header["ack"]),
        digest=int(header["digest"]),
        is_full=bool(header["flags"] & SNAPSHOT_FULL),
        sections=sections,
    )


def read_sections(
    data: memoryview, expected: frozenset[Section] = frozenset(Section)
) -> Iterator[tuple[Section, Table]]:
    """Yield (kind, table) for each section of an expected kind, as views of `data`; others are skipped."""
    offset = 0
    while offset < len(data):
        if len(data) - offset < SECTION_HEADER.itemsize:
            raise ProtocolError(Close.MALFORMED, "section header cut short")
        kind, stride, count = (int(part) for part in np.frombuffer(data, SECTION_HEADER, 1, offset)[0])
        offset += SECTION_HEADER.itemsize
        if len(data) - offset < stride * count:
            raise ProtocolError(Close.MALFORMED, "section longer than its message")
        if kind in expected:
            yield Section(kind), _table(data, offset, Section(kind), stride, count)
        offset += stride * count


def _table(data: memoryview, offset: int, kind: Section, stride: int, count: int) -> Table:
    dtype = DTYPES[kind]
    if stride < dtype.itemsize:
        raise ProtocolError(Close.MALFORMED, f"stride {stride} too small for {kind.name.lower()}")
    return np.ndarray((count,), dtype, data, offset, (stride,))


# --- input records ----------------------------------------------------------------------------------------------------


def section_bytes(kind: Section, table: Table) -> bytes:
    """Serialise one section: header, then `table` (of the kind's dtype)."""
    header = np.array([(kind, table.dtype.itemsize, len(table))], SECTION_HEADER)
    return header.tobytes() + table.tobytes()


def read_input(record: bytes | memoryview) -> tuple[Section, Table]:
    """Parse the `record` of a pose message: its kind, and a table of one record (a view of the input).

    Raises ProtocolError(MALFORMED) unless there is exactly one input record and it is within its bounds.
    """
    sections = list(read_sections(memoryview(record), INPUT_SECTIONS))
    if len(sections) != 1 or len(sections[0][1]) != 1:
        raise ProtocolError(Close.MALFORMED, "pose: expected one section with one input record")
    kind, table = sections[0]
    if not check_input(table, kind)[0]:
        raise ProtocolError(Close.MALFORMED, f"pose: {kind.name.lower()} out of bounds")
    return kind, table


def check_input(table: Table, kind: Section) -> NDArray[np.bool_]:
    """Tell which input records are within the bounds of the specification."""
    good = table["pitch"] >= -PITCH_QUARTER
    for axis in "xyz":
        good &= np.abs(table[axis].astype(np.int64)) <= MAX_COORDINATE_MM
    if kind is Section.TRACKED_INPUT:
        for part in PARTS:
            for axis in "xyz":
                good &= np.abs(table[part][axis].astype(np.int32)) <= MAX_PART_MM
    return np.asarray(good, dtype=np.bool_)
