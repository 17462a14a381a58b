"""Bodies move as bodies do, within what a record can say, and are quantised as the wire says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.motion import Motion, Wander, embody
from benchmarks.walkers import stand, walk
from protocol import records

STEP_S = 0.05
STEPS = 400


@pytest.fixture(scope="module")
def people() -> Motion:
    """Forty people walking for twenty seconds, half of them with a headset."""
    rng = np.random.default_rng(2)
    worn = np.arange(40) % 2 == 1
    return embody(rng, walk(rng, 40, 30.0, STEPS, STEP_S), STEP_S, tracked=worn, swing_m=0.25)


def test_columns_of_bodies_are_those_of_their_wearers(people: Motion) -> None:
    """In ascending order, and none for the others."""
    assert people.tracked.tolist() == list(range(1, 40, 2))
    assert people.parts_mm.shape == (STEPS, 20, 3, 3)
    assert people.parts_packed.shape == (STEPS, 20, 3)


def test_hands_and_heads_stay_within_what_a_delta_can_say(people: Motion) -> None:
    """At every step, so that a tracked update is nearly always a small one; and within reach of the body."""
    assert np.abs(np.diff(people.parts_mm.astype(int), axis=0)).max() <= records.MAX_DELTA_Y
    assert np.abs(people.parts_mm).max() <= records.MAX_PART_MM
    assert people.parts_m[:, :, 0, 1].min() > 1.5  # heads are up


def test_hands_swing_against_each_other(people: Motion) -> None:
    """As far as they are asked to; heads sway a little only."""
    left, right = people.parts_m[:, :, 1, 2], people.parts_m[:, :, 2, 2]
    assert np.corrcoef(left.ravel(), right.ravel())[0, 1] < -0.9
    assert np.ptp(left, axis=0).mean() == pytest.approx(0.5, abs=0.08)
    assert np.ptp(people.parts_m[:, :, 0], axis=0).max() < 0.15


def test_every_part_changes_at_every_step(people: Motion) -> None:
    """So that every field of a tracked record is at work."""
    assert (np.diff(people.parts_mm, axis=0) != 0).any(axis=3).mean() > 0.95
    assert (np.diff(people.parts_packed.astype(int), axis=0) != 0).mean() > 0.95


def test_quantised_bodies_are_the_bodies(people: Motion) -> None:
    """Half a millimetre an axis, and what the specification allows of turns."""
    assert np.abs(people.parts_mm - people.parts_m * 1000).max() <= 0.5
    turned = records.unpack_orientations(people.parts_packed).reshape(people.parts_turned.shape)
    same = np.abs((turned * people.parts_turned).sum(axis=-1))
    assert np.degrees(2 * np.arccos(np.minimum(1, same))).max() <= 0.28


def test_who_wears_a_headset_is_never_still() -> None:
    """Standing people are still, unless their heads move."""
    rng = np.random.default_rng(1)
    worn = np.array([False, True, False])
    assert embody(rng, stand(rng, 3, 10.0, 5), STEP_S, tracked=worn).is_still.tolist() == [True, False, True]
    assert not embody(rng, walk(rng, 3, 10.0, 5, STEP_S), STEP_S).is_still.any()


def test_wandering_forgets_at_its_pace_and_stays_bounded() -> None:
    """A spread of about one, a memory as long as asked for, and nothing far out."""
    wander = Wander(np.random.default_rng(1), (2, 500), np.array([[0.5], [5.0]]), STEP_S)
    seen = []
    for _ in range(STEPS):
        seen.append(wander.state)
        wander.advance()
    states = np.array(seen)
    assert states.std() == pytest.approx(1.0, abs=0.06)
    assert np.abs(states).max() <= 2.4
    after_half_a_second = [np.corrcoef(states[:-10, k].ravel(), states[10:, k].ravel())[0, 1] for k in (0, 1)]
    assert after_half_a_second == pytest.approx(np.exp([-1, -0.1]), abs=0.05)
