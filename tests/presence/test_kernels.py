"""Compiled loops: what they need of the machine, and that streams are the protocol's.

What else they do is tested where they are called from.
"""

from __future__ import annotations

from itertools import groupby
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba.core import caching

from presence import kernels
from protocol import predicted
from protocol.predicted import ERRORS, GAP
from tests.protocol.test_predicted import streams


def doubled(number: int) -> int:
    """Twice a number."""
    return number * 2


def test_where_nothing_can_be_kept_loops_are_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose user may write nowhere starts, if later."""

    def refuse(_locator: object) -> None:
        raise PermissionError

    monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", refuse)  # noqa: SLF001  no other way to be nobody
    loop = kernels.compiled("(i8,)")(doubled)  # the loops themselves take seconds to compile
    assert loop(21) == 42


@given(streams, st.randoms(use_true_random=False))
def test_streams_are_those_of_the_protocol(records: list[dict[str, int]], random: Random) -> None:
    """Of every observer, in whatever order its records come; what is too long is left out."""
    errors = np.array([[record[field.name] for field in ERRORS] for record in records], np.int32).reshape(
        -1, len(ERRORS)
    )
    every, nobody = np.arange(len(records)), np.zeros((len(records), len(ERRORS)), np.int32)
    nobody[:, 0] = -errors[:, 0]  # an age is no error; that of the record before is what tells it
    ages, orders = np.zeros(len(records), np.uint8), np.array([field.order for field in ERRORS])
    codes, widths = kernels.coded(every, every, ages, errors[:, 1:].copy(), nobody, orders, 56)
    bits = [
        sum(predicted.code(predicted.folded(record[name]), order)[1] for name, order in ERRORS) for record in records
    ]
    assert widths.tolist() == [count if count <= 56 else 0 for count in bits]
    told = [(slot, at) for slot in (1, 4, 5) for at in np.flatnonzero(widths).tolist() if random.random() < 0.7]
    random.shuffle(told)
    told.sort(key=lambda pair: pair[0])
    slots, keys = np.array(told, np.int64).reshape(-1, 2).T.copy()
    ids, ranks = np.array([record["id"] for record in records], np.uint16), np.arange(len(records), dtype=np.int32)
    in_order = ids, codes, widths, GAP.order
    owners, begins, ends, stream = kernels.streamed(slots, keys | 5 << 14, 14, ranks, *in_order)
    expected = {
        slot: predicted.write([records[k] for k in sorted(at for _, at in pairs)])
        for slot, pairs in groupby(told, key=lambda pair: pair[0])
    }
    assert owners.tolist() == list(expected)
    parts = [stream[begin:end].tobytes() for begin, end in zip(begins, ends, strict=True)]
    assert parts == [*expected.values()]
