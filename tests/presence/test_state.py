"""What a room is between two ticks: telling members, and finding what they may know of."""

from __future__ import annotations

import pytest

from presence.state import State
from protocol.errors import Refusal, Refused
from protocol.schema import Gestured, Spawn
from tests.rooms import Stage, world, zone

PLACE = world(
    clearances=["vault"],
    zones=[zone("vault", (5, 0, 5), (9, 3, 9), clearance=["vault"])],
    props={"kinds": [{"kind": "bag", "grabbable": True}]},
)


def test_room_time_counts_milliseconds_and_goes_round() -> None:
    """From the making of the room; it stays within 32 bits."""
    state = State("room", PLACE, 10.0, frozenset(), frozenset())
    assert state.time_ms(10.0) == 0
    assert state.time_ms(12.5) == 2500
    assert state.time_ms(10.0 + 2**32 / 1000 + 0.25) == 250


def test_telling_several_encodes_once_and_numbers_for_each() -> None:
    """Each member gets the event at its own place in its lane."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.tick()
    stage.room.state.tell([bob.row], Gestured(0, 1, 0))
    stage.room.state.tell([ann.row, bob.row], Gestured(0, 2, 0))
    stage.tick()
    assert [(event.seq, event.entity) for event in ann.all(Gestured)] == [(3, 2)]
    assert [(event.seq, event.entity) for event in bob.all(Gestured)] == [(3, 1), (4, 2)]


def test_what_one_may_not_see_is_as_unknown_as_what_is_not_there() -> None:
    """The two refusals differ in nothing but the id, so that guessing ids tells nothing."""
    stage = Stage(PLACE)
    ann, eve = stage.enter("ann", (6, 0, 6)), stage.enter("eve")
    stage.tick()
    state = stage.room.state
    with pytest.raises(Refused) as hidden:
        state.visible_row(eve.row, ann.entity)
    with pytest.raises(Refused) as missing:
        state.visible_row(eve.row, 999)
    assert hidden.value.code is missing.value.code is Refusal.UNKNOWN_ENTITY
    assert hidden.value.reason == missing.value.reason.replace("999", str(ann.entity))
    assert state.visible_row(ann.row, ann.entity) == ann.row


def test_an_object_is_no_person() -> None:
    """Where a person is meant, the id of a thing is unknown."""
    stage = Stage(PLACE)
    ann = stage.enter("ann")
    stage.send(ann, Spawn, "bag", 0, 0, 0, 0)
    stage.tick()
    (bag,) = ann.things
    with pytest.raises(Refused, match="unknown_entity"):
        stage.room.state.visible_person(ann.row, bag)


def test_distance_is_that_of_all_three_axes() -> None:
    """From the feet, in millimetres."""
    stage = Stage(PLACE)
    ann = stage.enter("ann", (1, 2, 3))
    assert stage.room.state.distance_mm(ann.row, (1000 + 200, 2000 - 300, 3000 + 600)) == 700
