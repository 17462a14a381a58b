"""A client's memory follows the snapshots, and says what no client could make sense of."""

from __future__ import annotations

import pytest

from benchmarks.replica import Replica
from benchmarks.snapshot_reader import Delta, Pose, read_snapshot
from protocol.records import Section
from tests.benchmarks.packing import predictions, section, snapshot

ENTER = section(Section.ENTER, {"id": 5, "generation": 2})
ROOT = section(Section.ROOT, {"id": 5, "place": (100, 0, -50), "yaw": 7})
STEP = section(Section.ROOT_DELTA, {"id": 5, "shift": (-10, 2, 30), "yaw": 9})


def replica() -> Replica:
    """Make one that holds entity 5."""
    made = Replica()
    assert made.apply(read_snapshot(snapshot(ENTER, ROOT, held=((5, 2),)))) == []
    return made


def test_what_enters_is_held() -> None:
    """With its generation and its pose."""
    assert replica().held[5].generation == 2
    assert replica().held[5].pose == Pose(Section.ROOT, (100, 0, -50), 7)


def test_deltas_move_what_is_held() -> None:
    """Displacements add to the place; yaw and pitch are whole."""
    held = replica()
    assert held.apply(read_snapshot(snapshot(STEP, held=((5, 2),)))) == []
    assert held.held[5].pose == Pose(Section.ROOT, (90, 2, -20), 9)


def test_predictions_become_the_deltas_that_they_stand_for() -> None:
    """The way of the last one once more, but for their errors; yaw, pitch and age go round."""
    held = replica()
    assert held.apply(read_snapshot(snapshot(STEP, held=((5, 2),)))) == []
    for error in ({"age": -1, "x": -2, "y": 1, "z": 5, "yaw": -20, "pitch": -128}, {"age": 3, "yaw": 1, "pitch": -1}):
        told = read_snapshot(snapshot(predictions({"id": 5, **error}), held=((5, 2),)))
        assert [record.entity for record in told.records] == [5]
        assert held.apply(told) == []
        assert told.predictions == []
    (delta,) = told.deltas
    assert delta == Delta(5, 2, Section.ROOT, (-12, 3, 35), (9 - 18 - 17) % 65536, 127, ())
    assert held.held[5].pose == Pose(Section.ROOT, (90 - 24, 2 + 6, -20 + 70), (9 - 18 - 17) % 65536, 127)


def test_a_prediction_needs_a_way() -> None:
    """A delta before it, and of a root."""
    held = replica()
    told = snapshot(predictions({"id": 5}), held=((5, 2),))
    assert held.apply(read_snapshot(told)) == ["a prediction of 5, which has no way"]
    assert held.apply(read_snapshot(snapshot(STEP, held=((5, 2),)))) == []
    assert held.apply(read_snapshot(told)) == []
    assert held.apply(read_snapshot(snapshot(ROOT, held=((5, 2),)))) == []
    assert held.apply(read_snapshot(told)) == ["a prediction of 5, which has no way"]


def test_what_leaves_is_forgotten() -> None:
    """And the digest with it."""
    held = replica()
    assert held.apply(read_snapshot(snapshot(section(Section.LEAVE, {"id": 5})))) == []
    assert (held.held, held.digest) == ({}, 0)


def test_a_full_snapshot_starts_over() -> None:
    """What was held before is gone without a leave."""
    held = replica()
    assert held.apply(read_snapshot(snapshot(flags=1))) == []
    assert held.held == {}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (snapshot(section(Section.LEAVE, {"id": 6}), held=((5, 2),)), "6 leaves, but was not held"),
        (snapshot(ENTER, ROOT, held=((5, 2),)), "5 enters, but was held"),
        (snapshot(section(Section.ENTER, {"id": 6}), held=((5, 2),)), "6 enters without an absolute record"),
        (snapshot(section(Section.ROOT, {"id": 6}), held=((5, 2),)), "a record of 6, which is not held"),
        (snapshot(section(Section.ROOT_DELTA, {"id": 6}), held=((5, 2),)), "a record of 6, which is not held"),
        (snapshot(ROOT, STEP, held=((5, 2),)), "two records of 5"),
        (
            snapshot(section(Section.TRACKED_DELTA, {"id": 5}), held=((5, 2),)),
            "a TRACKED delta of 5, held as ROOT",
        ),
        (snapshot(held=((5, 3),)), "the digest is not that of what is held"),
    ],
)
def test_nonsense_is_said(data: bytes, fault: str) -> None:
    """Each thing that no client could make sense of has its words."""
    assert fault in replica().apply(read_snapshot(data))
