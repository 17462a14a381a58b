"""Where everybody was at each sequence, and how far from it something held is."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.motion import Motion, embody
from benchmarks.plan import FIRST_SEQ, Visit
from benchmarks.snapshot_reader import Part
from benchmarks.trajectories import Trajectories
from benchmarks.walkers import walk
from protocol.records import Section, pack_orientations

STEP = 3
SEQS = np.array([FIRST_SEQ + STEP, FIRST_SEQ + STEP])
BOTH = np.array([0, 1])


@pytest.fixture(scope="module")
def people() -> Motion:
    """Two people, of whom the second has a headset."""
    rng = np.random.default_rng(1)
    return embody(rng, walk(rng, 2, 10.0, 6, 0.05), 0.05, tracked=np.array([False, True]), swing_m=0.2)


@pytest.fixture(scope="module")
def known(people: Motion) -> Trajectories:
    """What is known of them, one stop of the second included."""
    return Trajectories(people, {0: Visit(1, 1, 0, [(5, 6, 7, 8)]), 1: Visit(2, 1, 0, [(0, 0, 0, 9), (1, 2, 3, 4)])})


def test_stops_come_before_the_walk(known: Trajectories, people: Motion) -> None:
    """By sequence, each client's own; without head and hands, which come with the first pose."""
    assert known.places_mm(np.array([0, 1])).tolist() == [[5, 6, 7], [1, 2, 3]]
    first, second = known.poses(BOTH, np.array([0, 1]))
    assert (first.body, first.yaw, second.body, second.yaw, second.parts) == (Section.ROOT, 8, Section.ROOT, 4, ())
    assert known.places_mm(SEQS).tolist() == people.position_mm[STEP].tolist()


def test_poses_are_as_they_were_sent(known: Trajectories, people: Motion) -> None:
    """Bodies included; whose gaze is the head's has no pitch."""
    first, second = known.poses(BOTH, SEQS)
    assert (first.body, first.parts) == (Section.ROOT, ())
    assert (second.body, second.pitch) == (Section.TRACKED, 0)
    assert [list(part.place) for part in second.parts] == people.parts_mm[STEP, 0].tolist()
    assert [part.orientation for part in second.parts] == people.parts_packed[STEP, 0].tolist()


def test_errors_are_measured_from_the_truth(known: Trajectories, people: Motion) -> None:
    """Of what was sent, no more than quantisation; of a root, a hand or a head that is off, as far as that is off."""
    poses = known.poses(BOTH, SEQS)
    apart_mm, degrees = known.errors(BOTH, SEQS, poses)
    assert 0 < apart_mm <= 0.5 * 3**0.5
    assert 0 < degrees <= 90 / 127 / 2
    x, y, z = poses[0].place
    assert known.errors(BOTH, SEQS, [poses[0]._replace(place=(x + 30, y, z)), poses[1]])[0] == pytest.approx(30, abs=1)
    assert known.errors(BOTH, SEQS, [poses[0]._replace(yaw=(poses[0].yaw + 65536 // 36) % 65536), poses[1]])[
        1
    ] == pytest.approx(10, abs=0.1)
    head, left, right = poses[1].parts
    a, b, c = right.place
    moved = poses[1]._replace(parts=(head, left, Part((a, b + 40, c), right.orientation)))
    assert known.errors(BOTH, SEQS, [poses[0], moved])[0] == pytest.approx(40, abs=1)
    half_turn = people.parts_turned[STEP, 0, 0][[3, 2, 1, 0]] * (1, -1, 1, -1)  # times a half turn about X
    turned = poses[1]._replace(parts=(Part(head.place, int(pack_orientations(half_turn)[0])), left, right))
    assert known.errors(BOTH, SEQS, [poses[0], turned])[1] == pytest.approx(180, abs=1)


def test_nobody_to_compare_is_no_error(known: Trajectories) -> None:
    """Nothing held, nothing wrong."""
    nobody = np.zeros(0, np.int64)
    assert known.errors(nobody, nobody, []) == (0.0, 0.0)
