"""Packed records as plain dictionaries, one at a time: for examples, generated documents and tools.

The values are those on the wire (millimetres, steps, packed orientations), under the field names of SPEC.md's byte
tables. Slow and simple; whatever runs every tick uses `records`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from protocol import predicted
from protocol.records import (
    DTYPES,
    PARTS,
    SECTION_HEADER,
    SIGN_BITS,
    SNAPSHOT_HEADER,
    TURNS,
    Section,
    Table,
    layout,
    read_input,
    read_snapshot,
)

Values = dict[str, int]

_DELTA_BITS = 12
_TURN_BITS = 9
_TURNS = tuple(f"{part}.{turn}" for part in PARTS for turn in TURNS)


def pack(dtype: np.dtype[Any], values: Mapping[str, int]) -> bytes:
    """Pack one record; fields that `values` leaves out are zero. Raises OverflowError for what does not fit."""
    whole = dict(values)
    if "dx" in whole:
        whole["dxz"] = _unsigned(whole["dx"], _DELTA_BITS) | _unsigned(whole["dz"], _DELTA_BITS) << _DELTA_BITS
    if dtype is DTYPES[Section.TRACKED_DELTA]:
        whole["signs_dy"] = _unsigned(whole.get("dy", 0), 16 - SIGN_BITS) << SIGN_BITS
        for bit, name in enumerate(_TURNS):
            turn = _unsigned(whole.get(name, 0), _TURN_BITS)
            whole["signs_dy"] |= turn >> _TURN_BITS - 1 << bit
            whole[name] = turn & 0xFF
    record = bytearray(dtype.itemsize)
    for name, wire_type, offset in layout(dtype):
        width = int(wire_type[1:]) // 8
        packed = whole.get(name, 0).to_bytes(width, "little", signed=wire_type[0] == "i")
        record[offset : offset + width] = packed
    return bytes(record)


def unpack(dtype: np.dtype[Any], record: bytes) -> Values:
    """Undo `pack`, ignoring trailing bytes."""
    values: Values = {}
    for name, wire_type, offset in layout(dtype):
        width = int(wire_type[1:]) // 8
        value = int.from_bytes(record[offset : offset + width], "little", signed=wire_type[0] == "i")
        if name == "dxz":
            values["dx"] = _signed(value, _DELTA_BITS)
            values["dz"] = _signed(value >> _DELTA_BITS, _DELTA_BITS)
        elif name == "signs_dy":
            values["dy"] = _signed(value >> SIGN_BITS, 16 - SIGN_BITS)
            for bit, turn in enumerate(_TURNS):
                values[turn] -= (value >> bit & 1) << 8
        else:
            values[name] = value
    return values


def pack_section(kind: Section, rows: Iterable[Mapping[str, int]]) -> bytes:
    """Pack a section: its header, then its records."""
    packed = [pack(DTYPES[kind], row) for row in _as_written(kind, rows)]
    header = {"kind": kind, "stride": DTYPES[kind].itemsize, "count": len(packed)}
    return b"".join((pack(SECTION_HEADER, header), *packed))


def _as_written(kind: Section, rows: Iterable[Mapping[str, int]]) -> Iterable[Mapping[str, int]]:
    """Return the records of which a section is made: of one that is a stream, its bytes."""
    return [{"bits": byte} for byte in predicted.write(rows)] if kind is Section.PREDICTED else rows


def pack_snapshot(header: Mapping[str, int], sections: Mapping[Section, Iterable[Mapping[str, int]]]) -> bytes:
    """Pack the `data` of a snapshot message, sections in the order given."""
    return pack(SNAPSHOT_HEADER, header) + b"".join(pack_section(kind, rows) for kind, rows in sections.items())


def list_snapshot(data: bytes) -> list[tuple[str, Values]]:
    """List the header and the records of a snapshot as (`header` or section name, values). Raises ProtocolError."""
    parsed = read_snapshot(data)
    listed = [("header", unpack(SNAPSHOT_HEADER, data))]
    for kind, table in parsed.sections.items():
        listed += _listed(kind, table)
    return listed


def list_input(record: bytes) -> list[tuple[str, Values]]:
    """List the one record of a pose message the same way. Raises ProtocolError."""
    return _listed(*read_input(record))


def _listed(kind: Section, table: Table) -> list[tuple[str, Values]]:
    whole = np.ascontiguousarray(table)
    return [(kind.name.lower(), unpack(whole.dtype, record.tobytes())) for record in whole]


def _signed(value: int, bits: int) -> int:
    sign = 1 << bits - 1
    return (value & (sign << 1) - 1 ^ sign) - sign


def _unsigned(value: int, bits: int) -> int:
    if value >> bits - 1 not in (0, -1):
        raise OverflowError(f"{value} does not fit {bits} bits with a sign")
    return value & (1 << bits) - 1
