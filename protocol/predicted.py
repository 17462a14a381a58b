"""Predicted records: how far a pose is from where the last movement would have led, in as few bits as that takes.

A section of them is a stream of bits. Whoever walks goes on about as before, so that most of what a record says is a
small number, and small numbers are written in few bits. Owns the codes and the reading and writing of streams, number
by number; a server that writes thousands of them has loops of its own (`presence.streams`). Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocol.errors import Close, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Field(NamedTuple):
    """A number of a record: its name, and the order of its code, which is about the bits of what is usual."""

    name: str
    order: int


# The first is how many ids were left out since the record before, and never negative; all others have a sign.
GAP = Field("gap", 4)
ERRORS = (Field("age", 0), Field("x", 2), Field("y", 0), Field("z", 2), Field("yaw", 7), Field("pitch", 2))
TABLE = np.dtype([("id", "<u2"), *((field.name, "<i4") for field in ERRORS)])  # as `read` returns it

# A prefix of q ones and a zero is followed by `order` bits, and from the fourth prefix on by one bit more each: so a
# number that is sixteen times the usual takes some seven bits more, where as many prefixes would take sixteen.
LINEAR = 3
MAX_PREFIX = 19  # far beyond what any field takes
_LARGEST_BYTES = 48  # seven numbers of the longest prefix, 43 bits and less each, and the rest of a byte before them
_SMALLEST = 8  # no record is as short, so that fewer bits than these are the rest of a byte
_MAX_ID = 2**16 - 1


def code(number: int, order: int) -> tuple[int, int]:
    """Write a number that is not negative: its bits, the first of them the lowest, and how many there are."""
    high = number >> order
    prefix = high if high < LINEAR else LINEAR + (high - LINEAR + 1).bit_length() - 1
    width = order + max(0, prefix - LINEAR)
    rest = number - (_base(prefix) << order)
    return (rest << prefix + 1) | ((1 << prefix) - 1), prefix + 1 + width


def _base(prefix: int) -> int:
    return prefix if prefix < LINEAR else LINEAR - 1 + (1 << prefix - LINEAR)


def folded(number: int) -> int:
    """Make a number with a sign one without: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    return number << 1 if number >= 0 else ~(number << 1)


def write(records: Iterable[Mapping[str, int]]) -> bytes:
    """Write a stream. records: by the names of `TABLE`, those left out being zero; ids ascending, each once."""
    stream, length, last = 0, 0, -1
    for record in records:
        numbers = [(record["id"] - last - 1, GAP.order)]
        numbers += [(folded(record.get(field.name, 0)), field.order) for field in ERRORS]
        last = record["id"]
        for number, order in numbers:
            bits, width = code(number, order)
            stream |= bits << length
            length += width
    return stream.to_bytes((length + 7) // 8, "little")


def read(stream: bytes) -> NDArray[np.void]:
    """Read a stream: a `TABLE` of its records. Raises ProtocolError(MALFORMED) where it ends in the middle of one."""
    at, last, rows = 0, -1, []
    orders = (GAP.order, *(field.order for field in ERRORS))
    while 8 * len(stream) - at >= _SMALLEST:
        row = []
        bits = int.from_bytes(stream[at // 8 : at // 8 + _LARGEST_BYTES], "little") >> at % 8
        for order in orders:
            prefix = (~bits & (bits + 1)).bit_length() - 1
            width = order + max(0, prefix - LINEAR)
            at += prefix + 1 + width
            if at > 8 * len(stream) or prefix > MAX_PREFIX:
                raise ProtocolError(Close.MALFORMED, "a predicted record cut short")
            bits >>= prefix + 1
            row.append((_base(prefix) << order) + (bits & (1 << width) - 1))
            bits >>= width
        last += 1 + row[0]
        if last > _MAX_ID:
            raise ProtocolError(Close.MALFORMED, "a predicted record of an id beyond all")
        rows.append((last, *(-(number + 1 >> 1) if number & 1 else number >> 1 for number in row[1:])))
    return np.array(rows, TABLE)
