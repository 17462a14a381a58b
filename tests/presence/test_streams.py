"""Streams as the server's loops write them are those of the protocol, to the bit."""

from __future__ import annotations

from itertools import groupby
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from presence import streams
from protocol import predicted
from protocol.predicted import ERRORS, GAP
from tests.protocol.test_predicted import streams as records_of_streams


@given(records_of_streams, st.randoms(use_true_random=False))
def test_streams_are_those_of_the_protocol(records: list[dict[str, int]], random: Random) -> None:
    """Of every observer, in whatever order its records come; what is too long is left out."""
    errors = np.array([[record[field.name] for field in ERRORS] for record in records], np.int32).reshape(
        -1, len(ERRORS)
    )
    every, nobody = np.arange(len(records)), np.zeros((len(records), len(ERRORS)), np.int32)
    nobody[:, 0] = -errors[:, 0]  # an age is no error; that of the record before is what tells it
    ages, orders = np.zeros(len(records), np.uint8), np.array([field.order for field in ERRORS])
    codes, widths = streams.coded(every, every, ages, errors[:, 1:].copy(), nobody, orders, 56)
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
    owners, begins, ends, stream = streams.streamed(slots, keys | 5 << 14, 14, ranks, *in_order)
    expected = {
        slot: predicted.write([records[k] for k in sorted(at for _, at in pairs)])
        for slot, pairs in groupby(told, key=lambda pair: pair[0])
    }
    assert owners.tolist() == list(expected)
    parts = [stream[begin:end].tobytes() for begin, end in zip(begins, ends, strict=True)]
    assert parts == [*expected.values()]
