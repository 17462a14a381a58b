"""The one rule of who may see and hear whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.entities import Body, Entities
from presence.permission import block, is_cleared, may_hear, may_hide, may_know, may_see

U64 = st.integers(0, 2**64 - 1)


def people(count: int) -> Entities:
    """Make rows 0 to count - 1."""
    entities = Entities()
    for _ in range(count):
        entities.add(Body.ROOT, 0.0)
    return entities


def sees(entities: Entities, viewer: int, subject: int) -> bool:
    """Ask `may_see` of one pair."""
    return bool(may_see(entities, np.array([viewer]), np.array([subject]))[0])


@given(required=U64, granted=U64)
def test_clearance_needs_every_bit(required: int, granted: int) -> None:
    """All that is required must be granted; more does not matter. The 64th bit is one like the others."""
    cleared = is_cleared(np.array([required], np.uint64), np.array([granted], np.uint64))
    assert cleared.tolist() == [required & granted == required]


@pytest.mark.parametrize(("granted", "visible"), [(0b00, False), (0b01, False), (0b11, True), (0b111, True)])
def test_a_subject_in_a_cleared_place_is_seen_by_the_cleared(granted: int, visible: bool) -> None:
    """The place's requirement is compared with the viewer's grants, not with the subject's."""
    entities = people(2)
    entities.requires[1], entities.grants[0] = 0b11, granted
    assert sees(entities, 0, 1) is visible
    assert sees(entities, 1, 0)


def test_a_block_hides_both_ways_until_undone() -> None:
    """It does not matter who blocked whom; third persons are not concerned."""
    entities = people(3)
    block(entities, 0, 1, True)
    assert not sees(entities, 0, 1)
    assert not sees(entities, 1, 0)
    assert sees(entities, 0, 2)
    assert sees(entities, 2, 1)
    block(entities, 1, 0, False)
    assert sees(entities, 0, 1)
    assert sees(entities, 1, 0)


def test_everybody_sees_themselves() -> None:
    """Even somebody who stands where they are no longer cleared for."""
    entities = people(1)
    entities.requires[0] = 1
    assert sees(entities, 0, 0)


def test_a_spectator_is_seen_by_nobody_but_itself() -> None:
    """Whatever others are granted; it sees what its own grants allow."""
    entities = people(3)
    assert not may_hide(entities)
    entities.grants[:3] = 2**63
    entities.is_unseen[1] = True
    assert may_hide(entities)
    rows = np.arange(3)
    assert may_see(entities, rows[:, None], rows[None, :]).tolist() == [
        [True, False, True],
        [True, True, True],
        [True, False, True],
    ]
    assert may_know(entities, rows, np.uint64(2**63)).tolist() == [True, False, True]
    assert may_hear(entities, rows, 0).all()


def test_rows_broadcast_to_a_table() -> None:
    """Viewers down, subjects across: one call answers for every pair."""
    entities = people(3)
    entities.requires[2], entities.grants[1] = 1, 1
    rows = np.arange(3)
    assert may_see(entities, rows[:, None], rows[None, :]).tolist() == [
        [True, True, False],
        [True, True, True],
        [True, True, True],
    ]


@pytest.mark.parametrize(
    ("speaker", "listener", "heard"), [(0, 0, True), (1, 1, True), (1, 0, False), (0, 1, False), (1, 2, False)]
)
def test_speech_stays_in_its_private_zone_and_out_of_others(speaker: int, listener: int, heard: bool) -> None:
    """Two share speech only in the same private zone, or both in none."""
    entities = people(2)
    entities.privacy[[0, 1]] = speaker, listener
    assert bool(may_hear(entities, np.array([1]), 0)[0]) is heard


def test_who_may_not_see_does_not_hear() -> None:
    """Hearing asks for sight first, and one always hears oneself."""
    entities = people(2)
    entities.requires[0] = 1
    assert may_hear(entities, np.array([0, 1]), 0).tolist() == [True, False]
