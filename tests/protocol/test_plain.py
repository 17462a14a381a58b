"""Records as dictionaries: exact both ways, and the same bytes as the columns make."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import records
from protocol.plain import list_input, list_snapshot, pack, pack_section, pack_snapshot, unpack
from protocol.records import DTYPES, Section, layout


def limits(kind: Section, name: str) -> tuple[int, int]:
    """Return the lowest and the highest value of a packed field."""
    if kind is Section.TRACKED_DELTA and name == "dy":
        return -64, 63
    if name.rpartition(".")[2] in records.TURNS:
        return -256, 255
    wire_type = {field: wire for field, wire, _ in layout(DTYPES[kind])}.get(name, "i12")
    bits = int(wire_type[1:])
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if wire_type[0] == "i" else (0, (1 << bits) - 1)


@pytest.mark.parametrize("kind", Section)
@given(data=st.data())
def test_every_record_survives(kind: Section, data: st.DataObject) -> None:
    """unpack(pack(values)) == values, over the whole range of every field."""
    names = list(unpack(DTYPES[kind], bytes(DTYPES[kind].itemsize)))
    values = {name: data.draw(st.integers(*limits(kind, name))) for name in names}
    packed = pack(DTYPES[kind], values)
    assert len(packed) == DTYPES[kind].itemsize
    assert unpack(DTYPES[kind], packed + b"later") == values


@given(st.tuples(*[st.integers(-(2**22) + 1, 2**22 - 1)] * 3))
def test_it_writes_the_same_bytes_as_the_columns(place: tuple[int, int, int]) -> None:
    """One record made by hand equals one made by the arrays that servers use."""
    table = np.zeros(1, DTYPES[Section.THING])
    table["id"], table["age"] = 7, 3
    records.write_positions(table, np.array([0]), np.array([place], np.int32))
    by_hand = pack(DTYPES[Section.THING], {"id": 7, "age": 3} | dict(zip("xyz", place, strict=True)))
    assert by_hand == table.tobytes()


def test_a_snapshot_is_listed_in_order() -> None:
    """Header first, then the records of each section."""
    data = pack_snapshot({"tick": 3}, {Section.LEAVE: [{"id": 1}, {"id": 2}], Section.ENTER: []})
    assert [name for name, _ in list_snapshot(data)] == ["header", "leave", "leave"]
    assert list_snapshot(data)[2] == ("leave", {"id": 2})


def test_an_input_is_listed() -> None:
    """A pose is listed by its kind."""
    (name, values), *rest = list_input(pack_section(Section.ROOT_INPUT, [{"seq": 9, "x": -1}]))
    assert (name, values["seq"], values["x"], rest) == ("root_input", 9, -1, [])


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Section.LEAVE, {"id": 65536}),
        (Section.ROOT_DELTA, {"dx": 2048, "dz": 0}),
        (Section.TRACKED_DELTA, {"dy": -65}),
        (Section.TRACKED_DELTA, {"left.second": 256}),
    ],
)
def test_what_does_not_fit_is_our_mistake(kind: Section, values: dict[str, int]) -> None:
    """A value beyond its bits is not cut."""
    with pytest.raises(OverflowError):
        pack(DTYPES[kind], values)
