"""Snapshots packed by hand for tests, through the protocol's own tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from protocol import predicted, records
from protocol.records import DTYPES, SNAPSHOT_HEADER, Section


def section(kind: Section, *rows: dict[str, Any]) -> bytes:
    """Pack one section; positions and displacements are given as `place` and `shift`."""
    table = np.zeros(len(rows), DTYPES[kind])
    for number, row in enumerate(rows):
        for name, value in row.items():
            if name == "place":
                records.write_positions(table, np.array([number]), np.array([value], np.int32))
            elif name == "shift":
                records.write_deltas(table[number : number + 1], np.array([value], np.int32))
            else:
                table[name][number] = value
    return records.section_bytes(kind, table)


def predictions(*rows: dict[str, int]) -> bytes:
    """Pack a section of predicted records, ids ascending; what is left out is no error."""
    table = np.frombuffer(predicted.write(rows), DTYPES[Section.PREDICTED])
    return records.section_bytes(Section.PREDICTED, table)


def snapshot(
    *sections: bytes,
    tick: int = 1,
    time_ms: int = 50,
    ack: int = 0,
    held: tuple[tuple[int, int], ...] = (),
    flags: int = 0,
) -> bytes:
    """Put a header before sections; its digest is that of `held`, (id, generation) pairs."""
    ids, generations = np.array(held, np.uint32).reshape(-1, 2).T
    digest = int(records.digest_terms(ids, generations).sum(dtype=np.uint64)) & 0xFFFFFFFF
    return np.array([(tick, time_ms, ack, digest, flags)], SNAPSHOT_HEADER).tobytes() + b"".join(sections)
