"""Streams of predicted records: what is written is read, by this reader and by the one made from SPEC.md alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import predicted
from protocol.errors import Close, ProtocolError
from tests.protocol.second_decoder import Refused, decode_snapshot, encode_records

_HEAD = encode_records([("header", {"tick": 1, "time_ms": 2, "ack": 3, "digest": 4, "flags": 0})])
_BOUNDS = {"age": 255, "x": 8190, "y": 508, "z": 8190, "yaw": 2**15 - 1, "pitch": 254}
_near = st.integers(-20, 20)
_errors = st.fixed_dictionaries({name: _near | st.integers(-bound, bound) for name, bound in _BOUNDS.items()})
streams = st.dictionaries(st.integers(0, 40) | st.integers(0, 2**16 - 1), _errors, max_size=12).map(
    lambda found: [{"id": entity, **found[entity]} for entity in sorted(found)]
)


def listed(stream: bytes) -> list[dict[str, int]]:
    """Read a stream into plain numbers."""
    table = predicted.read(stream)
    return [dict(zip(predicted.TABLE.names or (), row, strict=True)) for row in table.tolist()]


@given(streams)
def test_what_is_written_is_read(records: list[dict[str, int]]) -> None:
    """Every number of every record, in order."""
    assert listed(predicted.write(records)) == records


@given(streams)
def test_two_writers_agree_to_the_bit(records: list[dict[str, int]]) -> None:
    """The specification leaves nothing open."""
    (header, *rest) = decode_snapshot(_HEAD + encode_records([("predicted", record) for record in records]))
    assert header[0] == "header"
    assert [record for _, record in rest] == records
    assert encode_records([("predicted", record) for record in records])[4:] == predicted.write(records)


@given(st.binary(max_size=80))
def test_noise_is_read_alike_or_refused_by_both(stream: bytes) -> None:
    """No bytes make a reader fail in another way, and none are read in two ways."""
    section = bytes([9, 1, len(stream), 0]) + stream

    def other() -> Any:
        return [record for name, record in decode_snapshot(_HEAD + section) if name == "predicted"]

    try:
        own = listed(stream)
    except ProtocolError as problem:
        assert problem.code == Close.MALFORMED  # noqa: PT017  either way is fine; anything else would escape
        with pytest.raises(Refused):
            other()
    else:
        assert own == other()


def test_what_is_usual_is_short() -> None:
    """Somebody who walks takes four bytes; who stands still in the prediction three; the worst 22."""
    walker = {"id": 30, "age": 1, "x": 3, "y": 0, "z": -4, "yaw": 90, "pitch": 4}
    assert len(predicted.write([walker])) == 4
    assert len(predicted.write([{"id": 3}])) == 3
    assert len(predicted.write([{"id": 2**16 - 1, **_BOUNDS}])) == 22


@pytest.mark.parametrize("order", range(8))
def test_a_code_grows_with_the_number_and_not_fast(order: int) -> None:
    """Never shorter than that of a smaller one, and four bits longer at the most when it is twice as large."""
    widths = [predicted.code(number, order)[1] for number in range(4096)]
    assert widths == sorted(widths)
    assert widths[0] == order + 1
    for number in range(4 << order, 2048):
        assert widths[2 * number] <= widths[number] + 4


def test_nothing_is_no_record() -> None:
    """An empty stream is one of no records."""
    assert listed(b"") == []
