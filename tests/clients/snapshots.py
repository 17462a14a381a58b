"""Snapshots written by hand, with `struct` alone: what the client's view is tested against shares nothing with it."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

LEAVE, ENTER, ROOT, TRACKED, THING, ROOT_DELTA, TRACKED_DELTA, DOT, PREDICTED = range(1, 10)
FULL = 1
JUMP = 1

PartRow = tuple[int, int, int, int]  # x y z, packed orientation
PartShift = tuple[int, int, int, int, int, int]  # displacements, turns of the orientation's components


@dataclass(slots=True)
class Sections:
    """The records of one snapshot, by section, packed."""

    rows: dict[int, list[bytes]] = field(default_factory=dict)

    def leave(self, entity: int) -> None:
        """Say that an entity is out of sight."""
        self._add(LEAVE, struct.pack("<H", entity))

    def enter(self, entity: int, generation: int) -> None:
        """Say that an entity is in sight."""
        self._add(ENTER, struct.pack("<HH", entity, generation))

    def root(
        self, entity: int, at: tuple[int, int, int], yaw: int, pitch: int, *, age: int = 0, flags: int = 0
    ) -> None:
        """Give an absolute root record."""
        self._add(ROOT, _root(entity, at, yaw, pitch, age, flags))

    def tracked(
        self, entity: int, at: tuple[int, int, int], yaw: int, pitch: int, parts: Iterable[PartRow], *, age: int = 0
    ) -> None:
        """Give an absolute record with head and hands."""
        packed = b"".join(struct.pack("<hhhI", *part) for part in parts)
        self._add(TRACKED, _root(entity, at, yaw, pitch, age, 0) + packed)

    def thing(self, entity: int, at: tuple[int, int, int], orientation: int, *, age: int = 0) -> None:
        """Give an object's record."""
        packed = struct.pack("<HB", entity, age) + b"".join(map(_axis, at)) + struct.pack("<I", orientation)
        self._add(THING, packed)

    def dot(self, entity: int, at: tuple[int, int, int]) -> None:
        """Say where an entity far away is, in steps of 125 mm."""
        self._add(DOT, struct.pack("<Hhhh", entity, *at))

    def root_delta(self, entity: int, by: tuple[int, int, int], yaw: int, pitch: int, *, age: int = 0) -> None:
        """Give a delta root record."""
        self._add(ROOT_DELTA, _delta(entity, by, yaw, pitch, age))

    def tracked_delta(
        self, entity: int, by: tuple[int, int, int], yaw: int, parts: Iterable[PartShift], *, age: int = 0
    ) -> None:
        """Give a delta record with head and hands."""
        packed, last = b"", by[1] << 9 & 0xFFFF
        for index, (dx, dy, dz, *turns) in enumerate(parts):
            packed += struct.pack("<bbbBBB", dx, dy, dz, *(turn & 0xFF for turn in turns))
            last |= sum((turn < 0) << 3 * index + component for component, turn in enumerate(turns))
        row = struct.pack("<HB", entity, age) + _across(by) + struct.pack("<H", yaw) + packed
        self._add(TRACKED_DELTA, row + struct.pack("<H", last))

    def predicted(self, entity: int, errors: Iterable[int]) -> None:
        """Give the one predicted record there is: what it is off in age, x, y, z, yaw and pitch."""
        numbers = [
            (entity, 4),
            *((2 * n if n >= 0 else -2 * n - 1, order) for n, order in zip(errors, _ORDERS, strict=True)),
        ]
        bits = "".join(_code(number, order) for number, order in numbers)
        assert PREDICTED not in self.rows
        self.rows[PREDICTED] = [bytes([int(bits[at : at + 8][::-1], 2)]) for at in range(0, len(bits), 8)]

    def packed(self) -> bytes:
        """Return all sections, in the order of the specification."""
        return b"".join(
            struct.pack("<BBH", kind, len(rows[0]), len(rows)) + b"".join(rows)
            for kind, rows in sorted(self.rows.items())
        )

    def _add(self, kind: int, row: bytes) -> None:
        self.rows.setdefault(kind, []).append(row)


def snapshot(
    sections: Sections,
    *,
    held: Iterable[tuple[int, int]] = (),
    tick: int = 1,
    time_ms: int = 50,
    ack: int = 0,
    flags: int = 0,
) -> bytes:
    """Write a snapshot's `data`. held: the (id, generation) pairs held after it, for the digest."""
    return struct.pack("<IIIIB", tick, time_ms, ack, digest(held), flags) + sections.packed()


def digest(held: Iterable[tuple[int, int]]) -> int:
    """Add up the hash of each (id, generation), as the specification says."""
    return sum(_term(entity, generation) for entity, generation in held) & 0xFFFFFFFF


def _term(entity: int, generation: int) -> int:
    term = ((entity << 16) | generation) * 0x9E3779B1 & 0xFFFFFFFF
    term = (term ^ (term >> 15)) * 0x85EBCA77 & 0xFFFFFFFF
    return term ^ (term >> 13)


_ORDERS = (0, 2, 0, 2, 7, 2)


def _code(number: int, order: int) -> str:
    """Write a number as section 10.11 says, its bits in their order."""
    high, ones = number >> order, 0
    bases = [0, 1, 2, *(2 + (1 << k) for k in range(18))]
    while high >= bases[ones + 1]:
        ones += 1
    width = order + max(0, ones - 3)
    rest = number - (bases[ones] << order)
    return "1" * ones + "0" + "".join(str(rest >> k & 1) for k in range(width))


def _axis(value: int) -> bytes:
    return (value & 0xFFFFFF).to_bytes(3, "little")


def _root(entity: int, at: tuple[int, int, int], yaw: int, pitch: int, age: int, flags: int) -> bytes:
    return struct.pack("<HBB", entity, age, flags) + b"".join(map(_axis, at)) + struct.pack("<Hb", yaw, pitch)


def _delta(entity: int, by: tuple[int, int, int], yaw: int, pitch: int, age: int) -> bytes:
    return struct.pack("<HB", entity, age) + _across(by) + struct.pack("<bHb", by[1], yaw, pitch)


def _across(by: tuple[int, int, int]) -> bytes:
    return ((by[0] & 0xFFF) | ((by[2] & 0xFFF) << 12)).to_bytes(3, "little")
