"""The oracle's reader agrees with the protocol about every record, and is strict about what a server may write."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.snapshot_reader import (
    Absolute,
    Delta,
    Part,
    Pose,
    as_dot,
    digest_term,
    first_error_at,
    payloads,
    read_snapshot,
)
from protocol import predicted
from protocol.framing import Framing, frame
from protocol.records import DTYPES, PARTS, Section, digest_terms, section_bytes, write_deltas, write_turns
from tests.benchmarks.packing import predictions, section, snapshot
from tests.protocol.test_predicted import streams

coordinates = st.integers(-(2**22) + 1, 2**22 - 1)
places = st.tuples(coordinates, coordinates, coordinates)


def test_the_header_is_read() -> None:
    """Tick, time, ack and FULL come out as they went in."""
    read = read_snapshot(snapshot(tick=2**32 - 1, time_ms=123456, ack=77, flags=1))
    assert (read.tick, read.time_ms, read.ack, read.is_full) == (2**32 - 1, 123456, 77, True)


def test_leaves_and_enters_are_read() -> None:
    """Ids and generations come out in order."""
    left = section(Section.LEAVE, {"id": 7}, {"id": 3})
    entered = section(Section.ENTER, {"id": 9, "generation": 65535})
    root = section(Section.ROOT, {"id": 9})
    read = read_snapshot(snapshot(left, entered, root))
    assert read.leaves == [7, 3]
    assert read.enters == [(9, 65535)]


@given(place=places, yaw=st.integers(0, 65535), pitch=st.integers(-127, 127))
def test_root_records_are_read(place: tuple[int, int, int], yaw: int, pitch: int) -> None:
    """Every position of 24 bits, yaw and pitch."""
    row = {"id": 5, "age": 9, "flags": 1, "place": place, "yaw": yaw, "pitch": pitch}
    read = read_snapshot(snapshot(section(Section.ROOT, row)))
    assert read.records == [Absolute(5, 9, 1, Pose(Section.ROOT, place, yaw, pitch))]


@given(place=places, orientation=st.integers(0, 2**32 - 1))
def test_thing_records_are_read(place: tuple[int, int, int], orientation: int) -> None:
    """Objects have a place and an orientation, and no flags."""
    read = read_snapshot(
        snapshot(section(Section.THING, {"id": 5, "age": 2, "place": place, "orientation": orientation}))
    )
    assert read.records == [Absolute(5, 2, 0, Pose(Section.THING, place, orientation=orientation))]


@given(dx=st.integers(-2048, 2047), dy=st.integers(-128, 127), dz=st.integers(-2048, 2047))
def test_root_deltas_are_read(dx: int, dy: int, dz: int) -> None:
    """Twelve signed bits across and along share three bytes; the base decides the rest."""
    row = {"id": 5, "age": 1, "shift": (dx, dy, dz), "yaw": 2, "pitch": -3}
    (delta,) = read_snapshot(snapshot(section(Section.ROOT_DELTA, row))).deltas
    assert delta == Delta(5, 1, Section.ROOT, (dx, dy, dz), 2, -3, ())
    base = Pose(Section.ROOT, (100, 200, 300), 9, 9)
    assert delta.applied_to(base) == Pose(Section.ROOT, (100 + dx, 200 + dy, 300 + dz), 2, -3)


def test_tracked_records_and_their_deltas_are_read() -> None:
    """Head and hands come with them: absolute places and orientations, then displacements and turns."""
    whole = np.zeros(1, DTYPES[Section.TRACKED])
    whole["id"], whole["pitch"] = 6, 7
    shift = np.zeros(1, DTYPES[Section.TRACKED_DELTA])
    shift["id"] = 6
    for number, part in enumerate(PARTS):
        for axis, name in enumerate("xyz"):
            whole[part][name] = 1000 * number - axis
            shift[part][f"d{name}"] = 10 * number - axis
        whole[part]["orientation"] = 3 << 30 | 500 + number
    write_deltas(shift, np.array([[1, -63, 2]], np.int32))
    write_turns(shift, np.array([[[1, -2, 3], [-255, 255, 0], [0, 0, -1]]], np.int16))
    (absolute,) = read_snapshot(snapshot(section_bytes(Section.TRACKED, whole))).absolutes
    (delta,) = read_snapshot(snapshot(section_bytes(Section.TRACKED_DELTA, shift))).deltas
    places = [(1000 * n, 1000 * n - 1, 1000 * n - 2) for n in range(3)]
    assert absolute.pose.parts == tuple(Part(place, 3 << 30 | 500 + n) for n, place in enumerate(places))
    after = delta.applied_to(absolute.pose)
    assert (after.place, absolute.pose.pitch, after.pitch) == ((1, -63, 2), 0, 0)
    assert [part.place for part in after.parts] == [(1010 * n, 1010 * n - 2, 1010 * n - 4) for n in range(3)]
    assert [part.orientation for part in after.parts] == [
        3 << 30 | 1 << 20 | 1022 << 10 | 503,
        3 << 30 | 769 << 20 | 255 << 10 | 501,
        3 << 30 | 501,
    ]


@given(st.tuples(*[st.integers(-(2**15), 2**15 - 1)] * 3))
def test_a_dot_is_a_place_in_steps(steps: tuple[int, int, int]) -> None:
    """It has neither age nor flags; and it is what is told of whoever stands there, or half a step beside."""
    row = np.zeros(1, DTYPES[Section.DOT])
    row["id"], (row["x"], row["y"], row["z"]) = 5, steps
    (dot,) = read_snapshot(snapshot(section_bytes(Section.DOT, row))).absolutes
    x, y, z = (125 * step for step in steps)
    assert dot == Absolute(5, 0, 0, Pose(Section.DOT, (x, y, z)))
    for by in (-62, 0, 62):
        assert as_dot(Pose(Section.ROOT, (x + by, y - by, z), 7)) == dot.pose
    assert as_dot(Pose(Section.ROOT, (x + 63, y, z))) != dot.pose


@given(streams)
def test_predictions_are_read_as_the_protocol_writes_them(records: list[dict[str, int]]) -> None:
    """Every number, whatever its size; and the bit of which the self-test makes an error is one of x."""
    data = predicted.write(records)
    packed = np.frombuffer(data, DTYPES[Section.PREDICTED])
    told = read_snapshot(snapshot(section_bytes(Section.PREDICTED, packed))).predictions if records else []
    names = ("id", "age", "x", "y", "z", "yaw", "pitch")
    found = [(one.entity, one.age, *one.shift, one.yaw, one.pitch) for one in told]
    assert found == [tuple(record[name] for name in names) for record in records]
    if records:
        place, wrong = first_error_at(data), bytearray(data)
        wrong[place // 8] ^= 1 << place % 8
        first = read_snapshot(snapshot(section_bytes(Section.PREDICTED, np.frombuffer(bytes(wrong), packed.dtype))))
        x, y, z = (records[0][axis] for axis in "xyz")
        assert first.predictions[0] == told[0]._replace(shift=(~x, y, z))


ROOT = section(Section.ROOT, {"id": 1})
LEAVE = section(Section.LEAVE, {"id": 2})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        snapshot()[:-1],
        snapshot(flags=4),
        snapshot(ROOT)[:-1],
        snapshot(ROOT)[:-17],
        snapshot(ROOT, LEAVE),
        snapshot(ROOT, ROOT),
        snapshot(bytes((Section.ROOT, 16, 0, 0))),
        snapshot(bytes((Section.LEAVE, 3, 1, 0, 1, 0, 0))),
        snapshot(bytes((99, 1, 1, 0, 0))),
        snapshot(section(Section.ROOT_INPUT, {"seq": 1})),
        snapshot(bytes((Section.PREDICTED, 1, 2, 0, 0, 0))),
        snapshot(predictions({"id": 1, "age": 1})[:-1] + b"\x80"),  # of its last byte two bits are the record's
        snapshot(bytes((Section.PREDICTED, 1, 9, 0)) + 9 * b"\xff"),
    ],
)
def test_what_a_server_must_not_write_is_refused(data: bytes) -> None:
    """Cut short, out of order, twice, empty, longer strides, kinds that are no snapshot's: all are said, none crash."""
    with pytest.raises(ValueError, match=r"[a-z]"):
        read_snapshot(data)


@given(st.binary(max_size=200))
def test_noise_is_refused_in_words(data: bytes) -> None:
    """Whatever comes, it is read or refused as ValueError."""
    try:
        read_snapshot(data)
    except ValueError as problem:
        assert str(problem)  # noqa: PT017  either way is fine; anything else would escape


@given(entity=st.integers(1, 65535), generation=st.integers(0, 65535))
def test_digest_terms_agree_with_the_protocol(entity: int, generation: int) -> None:
    """The digest is written twice, and comes out the same."""
    assert digest_term(entity, generation) == int(digest_terms(np.array([entity]), np.array([generation]))[0])


@given(st.lists(st.binary(min_size=1, max_size=70_000), max_size=4), st.sampled_from(Framing))
def test_streams_are_cut_into_their_payloads(written: list[bytes], framing: Framing) -> None:
    """All lengths of both framings."""
    assert payloads(b"".join(frame(framing, payload) for payload in written), framing) == written


@pytest.mark.parametrize("stream", [b"\x81\x01a", b"\x82\x05a", b"\x82"])
def test_a_stream_of_other_or_half_frames_is_refused(stream: bytes) -> None:
    """A server writes whole binary frames only."""
    with pytest.raises(ValueError, match="frame"):
        payloads(stream, Framing.WEBSOCKET)
