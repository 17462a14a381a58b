"""Rows and ids: who may take which, and when one may be taken again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import entities as entities_module
from presence import kernels
from presence.entities import ID_REST_S, RECORD_COLUMNS, Body, Entities, held_pose, held_tick

if TYPE_CHECKING:
    from numpy.typing import NDArray

RECORDS = {name for name, _dtype, _shape in RECORD_COLUMNS}


def test_the_first_entity_has_id_one_and_generation_one() -> None:
    """Id 0 means nobody on the wire, so ids start at 1."""
    entities = Entities()
    row = entities.add(Body.ROOT, 0.0)
    assert (entities.id[row], entities.generation[row]) == (1, 1)
    assert entities.row_of(1) == row


def test_an_id_rests_before_it_means_somebody_else() -> None:
    """Until the rest is over newcomers get other ids; afterwards the same id with the next generation."""
    entities = Entities()
    entities.remove(entities.add(Body.ROOT, 0.0), 0.0)
    just_before = entities.add(Body.ROOT, ID_REST_S - 0.001)
    on_time = entities.add(Body.ROOT, ID_REST_S)
    assert entities.id[just_before] == 2
    assert (entities.id[on_time], entities.generation[on_time]) == (1, 2)


def test_a_removed_entity_is_found_no_more() -> None:
    """An id stops meaning anything the moment its entity leaves."""
    entities = Entities()
    row = entities.add(Body.ROOT, 0.0)
    entities.remove(row, 0.0)
    assert entities.row_of(1) is None
    assert row not in entities.alive()


def test_running_out_of_ids_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """When every id is in use or resting there is none to give."""
    monkeypatch.setattr(entities_module, "MAX_ID", 2)
    entities = Entities()
    stayer = entities.add(Body.ROOT, 0.0)
    entities.remove(entities.add(Body.ROOT, 0.0), 0.0)
    with pytest.raises(OverflowError):
        entities.add(Body.ROOT, 1.0)
    assert entities.alive().tolist() == [stayer], "the failed newcomer took no row"
    assert entities.id[entities.add(Body.ROOT, ID_REST_S)] == 2


def of_row(entities: Entities, name: str, row: int) -> NDArray[Any]:
    """Return what a column has of a row: a view, of all rate classes where there are several."""
    column: NDArray[Any] = getattr(entities, name)
    return column[:, row : row + 1] if name in RECORDS else column[row : row + 1]


@pytest.mark.parametrize("matrix", ["given", "knows"])
def test_a_row_waits_until_nobody_means_what_stood_there(matrix: str) -> None:
    """As long as an observer holds or knows the one who left, nobody else stands in that row."""
    entities = Entities()
    observer, leaver = entities.add(Body.ROOT, 0.0), entities.add(Body.ROOT, 0.0)
    getattr(entities, matrix)[observer, leaver] = True
    entities.remove(leaver, 0.0)
    entities.recycle()
    assert leaver not in {entities.add(Body.ROOT, 0.0) for _ in range(entities.capacity - 2)}
    getattr(entities, matrix)[observer, leaver] = False
    entities.recycle()
    assert entities.add(Body.ROOT, 0.0) == leaver


def test_a_leaver_means_nothing_as_an_observer() -> None:
    """What somebody held or knew does not outlive them, and neither do blocks either way."""
    entities = Entities()
    leaver, other = entities.add(Body.ROOT, 0.0), entities.add(Body.ROOT, 0.0)
    entities.has_blocks = True
    entities.given[leaver, other] = entities.knows[leaver, other] = True
    entities.blocks[leaver, other] = entities.blocks[other, leaver] = True
    entities.remove(leaver, 0.0)
    assert not entities.given.any()
    assert not entities.knows.any()
    assert not entities.blocks.any()


def test_a_reused_row_starts_from_nothing() -> None:
    """No column remembers the entity that stood there before, except for who is there now."""
    entities = Entities()
    row = entities.add(Body.TRACKED, 0.0)
    columns = [name for name in vars(entities) if isinstance(getattr(entities, name), np.ndarray)]
    fresh = {name: of_row(entities, name, row).copy() for name in columns}
    for name in set(columns) - {"is_alive", "id", "given", "knows", "blocks"}:
        of_row(entities, name, row)[...] = 1
    entities.remove(row, 0.0)
    entities.recycle()
    assert entities.add(Body.TRACKED, ID_REST_S) == row
    fresh["generation"] += 1
    for name in columns:
        assert np.array_equal(of_row(entities, name, row), fresh[name]), name


def test_growing_keeps_everything() -> None:
    """More entities than fit at first: columns and matrices keep what they had."""
    entities = Entities()
    first = [entities.add(Body.THING, 0.0) for _ in range(entities.capacity)]
    entities.position[first] = np.arange(3 * len(first)).reshape(-1, 3)
    entities.has_blocks = True
    entities.given[first[3], first[5]] = entities.knows[first[4], first[6]] = entities.blocks[0, 1] = True
    newcomer = entities.add(Body.ROOT, 0.0)
    assert newcomer == len(first)
    assert entities.position[first].tolist() == np.arange(3 * len(first)).reshape(-1, 3).tolist()
    assert np.argwhere(entities.given).tolist() == [[first[3], first[5]]]
    assert np.argwhere(entities.knows).tolist() == [[first[4], first[6]]]
    assert np.argwhere(entities.blocks).tolist() == [[0, 1]]


def test_letting_go_of_everything_keeps_the_sums_true() -> None:
    """Observers that start over hold nothing, and their digest says so; others keep theirs."""
    entities = Entities()
    entities.given[[1, 2], 3] = True
    entities.digest[[1, 2]] = 99
    entities.forget_held(np.array([1]))
    assert entities.digest[[1, 2]].tolist() == [0, 99]
    assert np.argwhere(entities.given).tolist() == [[2, 3]]


def test_what_is_let_go_must_leave_the_views() -> None:
    """Somebody who held nothing leaves none."""
    entities = Entities()
    row = entities.add(Body.ROOT, 0.0)
    entities.forget_held(np.array([row]))
    entities.forget(np.zeros(0, np.intp), np.zeros(0, np.intp))
    assert not entities.has_forgotten
    entities.given[row, 3] = True
    entities.forget(np.array([row]), np.array([3]))
    assert entities.has_forgotten
    assert not entities.given.any()


@given(
    deeds=st.lists(st.tuples(st.sampled_from(["add", "remove", "recycle", "wait"]), st.integers(0, 200)), max_size=400)
)
def test_no_two_living_entities_share_a_row_or_an_id(deeds: list[tuple[str, int]]) -> None:
    """However people come and go, and no (id, generation) ever comes back."""
    entities, now = Entities(), 0.0
    living: dict[int, tuple[int, int]] = {}
    seen: set[tuple[int, int]] = set()
    for deed, number in deeds:
        if deed == "add":
            row = entities.add(Body.ROOT, now)
            name = int(entities.id[row]), int(entities.generation[row])
            assert row not in living
            assert name not in seen
            assert name[0] not in {entity for entity, _ in living.values()}
            living[row] = name
            seen.add(name)
        elif deed == "remove" and living:
            row = sorted(living)[number % len(living)]
            del living[row]
            entities.remove(row, now)
        elif deed == "recycle":
            entities.recycle()
        now += number if deed == "wait" else 0
    assert entities.alive().tolist() == sorted(living)


def test_a_held_pose_tells_its_tick_for_months() -> None:
    """Each says when its pose came to be, none is 0, and no two are alike in any detail."""
    ticks = np.concatenate([np.arange(0, 9_000), 2**28 - 1 - np.arange(0, 9_000, 7)]).astype(np.int32)
    assert held_tick(held_pose(ticks)).tolist() == ticks.tolist()
    assert (held_pose(ticks) > 0).all()
    assert len(np.unique(held_pose(ticks) | 6)) == len(ticks)
    assert not (held_pose(ticks) & kernels.STEADY).any()
