"""Packed records: quantisation stays within its stated error, deltas are exact, and bad bytes are refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from protocol import records
from protocol.errors import Close, ProtocolError
from protocol.plain import pack_section, pack_snapshot
from protocol.records import (
    DOT_STEP_MM,
    DTYPES,
    INPUT_SECTIONS,
    MAX_COORDINATE_MM,
    MAX_DELTA_XZ,
    MAX_DELTA_Y,
    MAX_TRACKED_DELTA_Y,
    MAX_TURN,
    PARTS,
    SECTION_HEADER,
    SNAPSHOT_HEADER,
    SNAPSHOT_SECTIONS,
    Section,
    check_input,
    digest_terms,
    dots,
    layout,
    millimetres,
    pack_orientations,
    pitch_radians,
    pitch_steps,
    read_deltas,
    read_dots,
    read_input,
    read_positions,
    read_sections,
    read_snapshot,
    read_turns,
    section_bytes,
    turned,
    unpack_orientations,
    write_deltas,
    write_positions,
    write_turns,
    yaw_radians,
    yaw_turns,
)
from tests.protocol.refusals import close_of

coordinates = st.integers(-MAX_COORDINATE_MM, MAX_COORDINATE_MM)
positions = st.lists(st.tuples(coordinates, coordinates, coordinates), min_size=1, max_size=20)
angles = st.floats(-100.0, 100.0)
units = st.floats(-1.0, 1.0)
quaternions = st.tuples(units, units, units, units).filter(lambda q: sum(c * c for c in q) > 1e-6)


def apart_degrees(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Angle between two rotations given as unit quaternions, precise for small angles."""
    nearest = min(np.linalg.norm(one - other), np.linalg.norm(one + other))
    return math.degrees(4 * math.asin(min(1.0, float(nearest) / 2)))


# --- quantisation -----------------------------------------------------------------------------------------------------


@given(st.floats(-4194.0, 4194.0))
def test_positions_round_to_half_a_millimetre(metres: float) -> None:
    """SPEC 10.4: at most 0.5 mm an axis."""
    assert abs(int(millimetres(np.array(metres))) - metres * 1000) <= 0.5 + 1e-6


@given(angles)
def test_yaw_rounds_to_its_bound(radians: float) -> None:
    """SPEC 10.4: at most 0.003 degrees, whatever the number of turns."""
    back = float(yaw_radians(yaw_turns(np.array(radians))))
    error = (back - radians + math.pi) % (2 * math.pi) - math.pi
    assert 0 <= back < 2 * math.pi
    assert abs(math.degrees(error)) <= 0.003


@given(st.floats(-math.pi / 2, math.pi / 2))
def test_pitch_rounds_to_its_bound(radians: float) -> None:
    """SPEC 10.4: at most 0.36 degrees."""
    back = float(pitch_radians(pitch_steps(np.array(radians))))
    assert abs(math.degrees(back - radians)) <= 0.36


@given(angles)
def test_pitch_is_clamped(radians: float) -> None:
    """Nobody looks further than straight up or straight down."""
    assert -127 <= int(pitch_steps(np.array(radians))) <= 127


def test_every_step_of_yaw_and_pitch_comes_back() -> None:
    """Quantising what was quantised changes nothing: each value means exactly one step."""
    turns = np.arange(65536)
    assert (yaw_turns(yaw_radians(turns)) == turns).all()
    steps = np.arange(-127, 128)
    assert (pitch_steps(pitch_radians(steps)) == steps).all()


@given(quaternions)
@example((0.5, 0.5, 0.5, 0.5))
@example((0.4996, 0.4996, 0.4996, 0.5011))
def test_orientations_pack_within_their_bound(quaternion: tuple[float, float, float, float]) -> None:
    """SPEC 10.5: at most 0.28 degrees, and unit length after unpacking."""
    unit = np.array(quaternion) / np.linalg.norm(quaternion)
    back = unpack_orientations(pack_orientations(np.array([quaternion])))[0]
    assert np.linalg.norm(back) == pytest.approx(1.0, abs=1e-12)
    assert apart_degrees(unit, back) <= 0.28


def test_the_bound_of_orientations_is_tight() -> None:
    """The worst rotations come within a tenth of the stated 0.28 degrees: the bound is not a guess."""
    near = np.random.default_rng(7).normal(0.5, 0.002, (200_000, 4))
    unit = near / np.linalg.norm(near, axis=1, keepdims=True)
    back = unpack_orientations(pack_orientations(unit))
    worst = np.degrees(4 * np.arcsin(np.linalg.norm(unit - back, axis=1) / 2)).max()
    assert 0.25 < worst <= 0.28


@given(quaternions)
def test_a_quaternion_and_its_negative_are_one_rotation(quaternion: tuple[float, float, float, float]) -> None:
    """Q and -q pack to the same value."""
    pair = np.array([quaternion, [-c for c in quaternion]])
    assert len(set(pack_orientations(pair).tolist())) == 1


@given(st.integers(0, 2**32 - 1))
def test_any_value_unpacks_to_a_rotation(packed: int) -> None:
    """No bits from a peer make a quaternion that is not a unit one."""
    assert np.linalg.norm(unpack_orientations(np.array([packed]))) == pytest.approx(1.0, abs=1e-12)


def test_no_rotation_at_all_is_the_identity() -> None:
    """A zero quaternion, which some trackers report before they track, becomes upright."""
    zero, identity = pack_orientations(np.array([[0.0, 0, 0, 0], [0, 0, 0, 1.0]]))
    assert zero == identity


# --- coordinates and deltas -------------------------------------------------------------------------------------------


@given(positions)
def test_positions_survive_24_bits(placed: list[tuple[int, int, int]]) -> None:
    """What is written into absolute records is read back exactly, signs included."""
    table = np.zeros(len(placed), DTYPES[Section.ROOT])
    write_positions(table, np.arange(len(placed)), np.array(placed, np.int32))
    assert read_positions(table).tolist() == [list(place) for place in placed]


@given(st.lists(st.tuples(*[st.integers(-4_000_000, 4_000_000)] * 3), min_size=1))
def test_a_dot_is_within_half_a_step_wherever_a_world_reaches(placed: list[tuple[int, int, int]]) -> None:
    """On each axis; and what is told of it again is the same dot."""
    table = np.zeros(len(placed), DTYPES[Section.DOT])
    exact = np.array(placed, np.int32)
    for axis, column in zip("xyz", dots(exact).T, strict=True):
        table[axis] = column
    told = read_dots(table)
    assert np.abs(told - exact).max() <= DOT_STEP_MM // 2
    assert (dots(told) == dots(exact)).all()


@given(positions, st.data())
def test_a_delta_leads_exactly_to_the_next_position(placed: list[tuple[int, int, int]], data: st.DataObject) -> None:
    """Base plus delta is the new position, to the millimetre, for every displacement that fits."""
    count = len(placed)
    kind = data.draw(st.sampled_from([Section.ROOT_DELTA, Section.TRACKED_DELTA]))
    highest = MAX_DELTA_Y if kind is Section.ROOT_DELTA else MAX_TRACKED_DELTA_Y
    across, up = st.integers(-MAX_DELTA_XZ, MAX_DELTA_XZ), st.integers(-highest, highest)
    steps = np.array(data.draw(st.lists(st.tuples(across, up, across), min_size=count, max_size=count)), np.int32)
    base = np.array(placed, np.int32)
    table = np.zeros(count, DTYPES[kind])
    write_deltas(table, steps)
    assert (base + read_deltas(table) == base + steps).all()


orientations = st.tuples(*[st.integers(1, 1023)] * 3)


@given(st.integers(0, 3), st.lists(st.tuples(orientations, orientations), min_size=3, max_size=3), st.integers(-63, 63))
def test_a_turn_leads_exactly_to_the_next_orientation(
    largest: int, turning: list[tuple[tuple[int, ...], tuple[int, ...]]], dy: int
) -> None:
    """Whatever the components, as long as each turns no further than a delta says; dy beside the signs stays."""
    before = np.array([[one for one, _ in turning]])
    after = np.clip(np.array([[other for _, other in turning]]), before - MAX_TURN, before + MAX_TURN)
    table = np.zeros(1, DTYPES[Section.TRACKED_DELTA])
    write_deltas(table, np.array([[0, dy, 0]], np.int32))
    write_turns(table, (after - before).astype(np.int16))
    assert read_deltas(table).tolist() == [[0, dy, 0]]
    packed_before, packed_after = (
        (largest << 30 | side[..., 0] << 20 | side[..., 1] << 10 | side[..., 2]).astype(np.uint32)
        for side in (before, after)
    )
    assert (turned(packed_before, read_turns(table)) == packed_after).all()


@pytest.mark.parametrize("corner", [(2047, 127, -2047), (-2047, -127, 2047), (0, 0, 0), (-1, -1, -1)])
def test_deltas_at_their_corners(corner: tuple[int, int, int]) -> None:
    """The largest displacements fit, and come back."""
    step = np.array([corner], np.int32)
    table = np.zeros(1, DTYPES[Section.ROOT_DELTA])
    write_deltas(table, step)
    assert read_deltas(table).tolist() == [list(corner)]


# --- digest -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 65535), st.integers(0, 65535)), max_size=30, unique=True), st.randoms())
def test_the_digest_does_not_depend_on_order(held: list[tuple[int, int]], random: Any) -> None:
    """Who holds the same has the same sum, in whatever order it came."""
    shuffled = held.copy()
    random.shuffle(shuffled)
    sums = [
        int(digest_terms(*np.array(each, np.uint32).reshape(-1, 2).T).sum(dtype=np.uint32)) for each in (held, shuffled)
    ]
    assert sums[0] == sums[1]


def test_neighbouring_ids_and_generations_have_different_terms() -> None:
    """Off-by-one mistakes show: no two of 100,000 near pairs share a term."""
    ids, generations = np.meshgrid(np.arange(1, 1001), np.arange(100))
    assert len(np.unique(digest_terms(ids.ravel(), generations.ravel()))) == 100_000


# --- layout -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Section)
def test_layouts_are_packed(kind: Section) -> None:
    """Fields follow each other without gaps: the stride is the sum of their sizes."""
    at = 0
    for name, wire_type, offset in layout(DTYPES[kind]):
        assert offset == at, name
        at += int(wire_type[1:]) // 8
    assert at == DTYPES[kind].itemsize


def test_absolute_roots_stay_small() -> None:
    """In a crowd nearly every record is an absolute one: 16 bytes at most."""
    assert DTYPES[Section.ROOT].itemsize == 16


def test_dots_stay_small() -> None:
    """Hundreds of them are to cost little."""
    assert DTYPES[Section.DOT].itemsize == 8


def test_deltas_stay_small() -> None:
    """They are nearly all there is."""
    assert DTYPES[Section.ROOT_DELTA].itemsize == 10
    assert DTYPES[Section.TRACKED_DELTA].itemsize == 28


def test_a_section_is_a_snapshots_or_a_poses() -> None:
    """Every kind belongs to one of the two."""
    assert set(Section) == SNAPSHOT_SECTIONS | INPUT_SECTIONS
    assert not SNAPSHOT_SECTIONS & INPUT_SECTIONS


# --- reading ----------------------------------------------------------------------------------------------------------

HEADER = {"tick": 5, "time_ms": 250, "ack": 9, "digest": 77, "flags": 0}


def malformed(read: Any, data: bytes) -> str:
    """Return the reason for which `read` refuses data."""
    with pytest.raises(ProtocolError) as caught:
        read(data)
    assert caught.value.code is Close.MALFORMED
    return caught.value.reason


@given(st.binary(max_size=120))
def test_arbitrary_snapshots_raise_only_protocol_errors(data: bytes) -> None:
    """Bytes are a snapshot or MALFORMED; nothing else happens."""
    assert close_of(read_snapshot, data) in (None, Close.MALFORMED)


@given(
    st.lists(st.tuples(st.sampled_from([*Section, 0, 99]), st.integers(0, 60), st.integers(0, 4)), max_size=5),
    st.data(),
)
def test_made_up_sections_raise_only_protocol_errors(headers: list[tuple[int, int, int]], data: st.DataObject) -> None:
    """Nor for well-formed lists of sections with any strides and counts, nor when they are cut short."""
    body = b"".join(np.array([header], SECTION_HEADER).tobytes() + bytes(header[1] * header[2]) for header in headers)
    cut = data.draw(st.integers(0, len(body)))
    for each in (body, body[:cut]):
        snapshot = bytes(SNAPSHOT_HEADER.itemsize) + each
        assert close_of(read_snapshot, snapshot) in (None, Close.MALFORMED)
        assert close_of(read_input, each) in (None, Close.MALFORMED)


@given(st.lists(st.integers(1, 65535), max_size=50), st.binary(max_size=5))
def test_records_are_read_past_what_is_not_known(ids: list[int], later: bytes) -> None:
    """A longer stride carries the same records for an older reader."""
    stride = 2 + len(later)
    body = b"".join(entity.to_bytes(2, "little") + later for entity in ids)
    section = np.array([(Section.LEAVE, stride, len(ids))], SECTION_HEADER).tobytes() + body
    snapshot = read_snapshot(pack_snapshot(HEADER, {}) + section)
    assert snapshot.sections[Section.LEAVE]["id"].tolist() == ids


@pytest.mark.parametrize("flags", [0, 1, 2, 3, 254, 255])
def test_the_header_is_read(flags: int) -> None:
    """Every field of a snapshot's header arrives; of the flags only FULL means something."""
    snapshot = read_snapshot(memoryview(pack_snapshot(HEADER | {"flags": flags}, {})))
    assert (snapshot.tick, snapshot.time_ms, snapshot.ack, snapshot.digest) == (5, 250, 9, 77)
    assert snapshot.is_full is bool(flags & 1)
    assert snapshot.sections == {}


def test_tables_are_views() -> None:
    """Reading a snapshot copies nothing: its tables stand on the received bytes."""
    data = bytearray(pack_snapshot(HEADER, {Section.LEAVE: [{"id": 7}]}))
    table = read_snapshot(memoryview(data)).sections[Section.LEAVE]
    data[-2:] = b"\x09\x00"
    assert table["id"].tolist() == [9]


def test_bad_snapshots_have_reasons() -> None:
    """Each fault of a section list is named."""
    head = pack_snapshot(HEADER, {})
    leave = pack_section(Section.LEAVE, [{"id": 7}])
    assert malformed(read_snapshot, head[:-1]) == "snapshot shorter than its header"
    assert malformed(read_snapshot, head + leave[:3]) == "section header cut short"
    assert malformed(read_snapshot, head + leave[:-1]) == "section longer than its message"
    assert malformed(read_snapshot, head + leave * 2) == "section leave appears twice"
    assert malformed(read_snapshot, head + b"\x03\x0f\x00\x00") == "stride 15 too small for root"


def test_all_kinds_are_read_unless_told_otherwise() -> None:
    """Without a set of expected kinds every known section is yielded."""
    data = pack_section(Section.ROOT_INPUT, [{"seq": 1}]) + pack_section(Section.LEAVE, [])
    assert [kind for kind, _ in read_sections(memoryview(data))] == [Section.ROOT_INPUT, Section.LEAVE]


# --- input records ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(INPUT_SECTIONS))
def test_an_input_record_is_read(kind: Section) -> None:
    """What a client packs is what the server reads, in either body."""
    kind_read, table = read_input(pack_section(kind, [{"seq": 3, "x": -5, "pitch": -127}]))
    assert kind_read is kind
    assert (table["seq"][0], table["x"][0], table["pitch"][0]) == (3, -5, -127)


def test_bad_inputs_have_reasons() -> None:
    """Each fault of a pose record is named."""
    good = pack_section(Section.ROOT_INPUT, [{"seq": 1}])
    assert malformed(read_input, b"") == "pose: expected one section with one input record"
    assert malformed(read_input, good * 2) == "pose: expected one section with one input record"
    assert malformed(read_input, pack_section(Section.ROOT_INPUT, [])).startswith("pose: expected one")
    far = pack_section(Section.ROOT_INPUT, [{"z": MAX_COORDINATE_MM + 1}])
    assert malformed(read_input, far) == "pose: root_input out of bounds"


def test_bounds_are_judged_record_by_record() -> None:
    """In a batch of inputs each is good or bad on its own."""
    table = np.zeros(6, DTYPES[Section.TRACKED_INPUT])
    table["x"][1] = MAX_COORDINATE_MM + 1
    table["y"][2] = -(2**31)
    table["pitch"][3] = -128
    table["left"]["z"][4] = -3001
    table["right"]["y"][5] = 3000
    assert check_input(table, Section.TRACKED_INPUT).tolist() == [True, False, False, False, False, True]
    assert check_input(table[["seq", "x", "y", "z", "yaw", "pitch", "age"]], Section.ROOT_INPUT).tolist() == [
        True,
        False,
        False,
        False,
        True,
        True,
    ]


def test_sections_are_serialised_whole() -> None:
    """A table becomes header and records, as a reader expects them."""
    table = np.zeros(2, DTYPES[Section.ENTER])
    table["id"], table["generation"] = (5, 6), (1, 2)
    assert section_bytes(Section.ENTER, table) == pack_section(
        Section.ENTER, [{"id": 5, "generation": 1}, {"id": 6, "generation": 2}]
    )


def test_parts_have_their_order() -> None:
    """Head, left hand, right hand: the order of the columns everywhere."""
    assert PARTS == ("head", "left", "right")
    assert records.MAX_PART_MM == 3000
