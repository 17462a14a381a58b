"""The room view holds exactly what the server sent, and notices where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence_client.view import Applied, RoomView
from protocol.errors import ProtocolError
from protocol.schema import Done, Gone, Joined, Objects, Person, RoomState, Roster, Thing
from tests.clients.snapshots import (
    DOT,
    FULL,
    JUMP,
    PREDICTED,
    ROOT,
    THING,
    TRACKED,
    PartRow,
    Sections,
    digest,
    snapshot,
)

Step = dict[str, Any]

REST: tuple[PartRow, ...] = ((0, 600, 0, 7), (-300, 0, -100, 8), (300, 0, -100, 9))


def person(entity: int, name: str = "Ada") -> Person:
    """Make a roster entry."""
    return Person(entity, 1, f"user:{entity}", name, "", "", [], True, 0, False, False)


def joined(**changes: Any) -> Joined:
    """Make the message that enters a room."""
    message = Joined(1, 1, "lobby", "plaza", "0" * 16, 9, 1, 20, 10_000, 0, 0, 0, 0, False, 32_000)
    return replace(message, **changes)


# --- single snapshots -------------------------------------------------------------------------------------------------


def test_an_enter_brings_the_pose_it_names() -> None:
    """After an enter with its absolute record, id, generation and pose are held."""
    sections = Sections()
    sections.enter(7, 3)
    sections.root(7, (-4_000_000, -5, 123_456), 40_000, -127, age=5)
    view = RoomView()
    applied = view.apply(snapshot(sections, held=[(7, 3)], tick=9, time_ms=450, ack=77))
    assert view.held.tolist() == [7]
    assert view.columns.position[7].tolist() == [-4_000_000, -5, 123_456]
    assert (view.columns.generation[7], view.columns.yaw[7], view.columns.pitch[7]) == (3, 40_000, -127)
    assert (applied.tick, applied.time_ms, applied.ack) == (9, 450, 77)
    assert applied.entered.tolist() == [7]
    assert applied.sampled_ms.tolist() == [430]
    assert not view.wants_resync


def test_a_delta_adds_to_the_last_record() -> None:
    """Displacements add up over snapshots; yaw and pitch replace."""
    view = seeing(7)
    for _ in range(2):
        sections = Sections()
        sections.root_delta(7, (-2047, 127, 2047), 5, -6)
        view.apply(snapshot(sections, held=[(7, 1)]))
    assert view.columns.position[7].tolist() == [-4094, 254, 4094]
    assert (view.columns.yaw[7], view.columns.pitch[7]) == (5, -6)


def test_a_prediction_says_how_far_one_is_from_going_on() -> None:
    """The way happens once more, but for what the record says; then it is what has happened."""
    view = seeing(7)
    walk(view, lambda sections: sections.root_delta(7, (75, 2, -20), 65_000, -5, age=12))
    for errors in ((1, -5, 3, 2, -30, 100), (-14, 6, 0, 0, 600, 100), (0, 0, 0, 0, 0, 0)):
        applied = go_on(view, errors)
        assert applied.updated.tolist() == [7]
    assert view.columns.position[7].tolist() == [75 + 70 + 76 + 76, 2 + 5 + 5 + 5, -20 - 18 - 18 - 18]
    turns = [65_000 - 65_536, -566, 34, 34]  # yaw was 0, and goes backwards through it
    assert view.columns.yaw[7] == sum(turns) % 65_536
    assert view.columns.pitch[7] == -5 + 200 - 256
    assert applied.sampled_ms.tolist() == [50 - 4 * 255]  # ages: 12, 13, -1 modulo 256, and the same again
    assert not view.wants_resync


def test_a_prediction_needs_a_way() -> None:
    """Which a delta gives and an absolute record takes; of who has none, or is not held, nothing is changed."""
    still = (0, 1, 1, 1, 1, 1)
    for steps in (
        [],
        [
            lambda sections: sections.root_delta(7, (75, 2, -20), 5, -5),
            lambda sections: sections.root(7, (1, 2, 3), 4, 5),
        ],
        [lambda sections: sections.root_delta(7, (75, 2, -20), 5, -5), lambda sections: sections.dot(7, (1, 2, 3))],
    ):
        view = seeing(7)
        for step in steps:
            walk(view, step)
        before = view.columns.position[7].tolist()
        assert not view.wants_resync
        go_on(view, still)
        assert view.wants_resync
        assert view.columns.position[7].tolist() == before
    view = seeing(7)
    assert go_on(view, still, entity=65_535).updated.tolist() == []
    assert view.wants_resync
    assert view.columns.capacity == 64


def test_a_broken_stream_changes_nothing() -> None:
    """It is refused before what stands beside it is applied."""
    view = seeing(7)
    sections = Sections()
    sections.root(7, (1, 2, 3), 0, 0)
    sections.predicted(7, (0, 0, 0, 0, 0, 0))
    sections.rows[PREDICTED].pop()
    with pytest.raises(ProtocolError):
        view.apply(snapshot(sections, held=[(7, 1)]))
    assert view.columns.position[7].tolist() == [0, 0, 0]


def go_on(view: RoomView, errors: Sequence[int], entity: int = 7) -> Applied:
    """Apply a snapshot with one predicted record."""
    return walk(view, lambda sections: sections.predicted(entity, errors))


def walk(view: RoomView, step: Callable[[Sections], None]) -> Applied:
    """Apply a snapshot that a step has written, of entity 7 alone."""
    sections = Sections()
    step(sections)
    return view.apply(snapshot(sections, held=[(7, 1)]))


def test_tracked_parts_follow_absolute_and_delta_records() -> None:
    """Head and hands move by their own displacements, and turn by their own turns; the pitch stays."""
    view = RoomView()
    first = Sections()
    first.enter(2, 1)
    first.tracked(2, (0, 0, 0), 0, -5, REST)
    view.apply(snapshot(first, held=[(2, 1)]))
    second = Sections()
    shifts = [(-127, 127, 0, 255, 0, -1), (1, 2, 3, -256, 1, 2), (0, 0, 0, 0, -1, 0)]
    second.tracked_delta(2, (1, -64, 1), 9, shifts)
    view.apply(snapshot(second, held=[(2, 1)]))
    assert view.columns.position[2].tolist() == [1, -64, 1]
    assert (view.columns.yaw[2], view.columns.pitch[2]) == (9, -5)
    assert view.columns.parts[2].tolist() == [[-127, 727, 0], [-299, 2, -97], [300, 0, -100]]
    expected = [turned(before[3], shift[3:]) for before, shift in zip(REST, shifts, strict=True)]
    assert view.columns.part_orientations[2].tolist() == expected


def test_a_leave_lets_go() -> None:
    """What left is held no more, and the digest agrees."""
    view = seeing(7, 8)
    sections = Sections()
    sections.leave(7)
    applied = view.apply(snapshot(sections, held=[(8, 1)]))
    assert applied.left.tolist() == [7]
    assert view.held.tolist() == [8]
    assert not view.wants_resync


def test_a_full_snapshot_starts_over() -> None:
    """Everything held before is forgotten, and a wish for a resync is fulfilled."""
    view = seeing(7, 8)
    view.wants_resync = True
    sections = Sections()
    sections.enter(9, 1)
    sections.root(9, (1, 2, 3), 0, 0)
    applied = view.apply(snapshot(sections, held=[(9, 1)], flags=FULL))
    assert applied.is_full
    assert view.held.tolist() == [9]
    assert not view.wants_resync


def test_a_dot_says_where_and_nothing_else() -> None:
    """Its yaw is not what it was; and a delta of it cannot be."""
    view = seeing(7)
    turn, dot, delta = Sections(), Sections(), Sections()
    turn.root(7, (-1060, 0, 60), 9000, 5)
    dot.dot(7, (-8, 0, 32_000))
    delta.root_delta(7, (1, 1, 1), 0, 0)
    view.apply(snapshot(turn, held=[(7, 1)]))
    applied = view.apply(snapshot(dot, held=[(7, 1)], time_ms=450))
    assert (view.columns.body[7], view.columns.position[7].tolist()) == (DOT, [-1000, 0, 4_000_000])
    assert (view.columns.yaw[7], view.columns.pitch[7]) == (0, 0)
    assert (applied.updated.tolist(), applied.sampled_ms.tolist()) == ([7], [450])
    assert not view.wants_resync
    view.apply(snapshot(delta, held=[(7, 1)]))
    assert view.wants_resync


def test_a_jump_is_told() -> None:
    """The discontinuity flag of a record reaches whoever interpolates."""
    view = seeing(7)
    sections = Sections()
    sections.root(7, (15_000, 0, 0), 0, 0, flags=JUMP)
    assert view.apply(snapshot(sections, held=[(7, 1)])).jumped.tolist() == [True]


def test_high_ids_have_columns() -> None:
    """The last entity id there is can be seen."""
    view = seeing(65_535)
    assert view.holds(65_535)
    assert view.columns.position[65_535].tolist() == [0, 0, 0]


# --- divergence -------------------------------------------------------------------------------------------------------


def test_a_wrong_digest_asks_for_a_resync() -> None:
    """The client notices that it does not hold what the server believes."""
    view = seeing(7)
    view.apply(snapshot(Sections(), held=[(7, 2)]))
    assert view.wants_resync


def test_a_delta_for_something_unheld_asks_for_a_resync() -> None:
    """A delta without its base changes nothing and is not taken for a pose."""
    view = seeing(7)
    sections = Sections()
    sections.root_delta(8, (1, 1, 1), 0, 0)
    sections.root_delta(7, (1, 1, 1), 0, 0)
    applied = view.apply(snapshot(sections, held=[(7, 1)]))
    assert view.wants_resync
    assert applied.updated.tolist() == [7]
    assert not view.holds(8)


def test_a_delta_of_another_body_asks_for_a_resync() -> None:
    """A tracked delta does not fit a root avatar."""
    view = seeing(7)
    sections = Sections()
    sections.tracked_delta(7, (1, 1, 1), 0, [(0,) * 6] * 3)
    view.apply(snapshot(sections, held=[(7, 1)]))
    assert view.wants_resync
    assert view.columns.position[7].tolist() == [0, 0, 0]


@pytest.mark.parametrize("entity", [8, 65_535])
def test_a_leave_of_something_unheld_asks_for_a_resync(entity: int) -> None:
    """A leave for what never entered means that something was missed."""
    view = seeing(7)
    sections = Sections()
    sections.leave(entity)
    view.apply(snapshot(sections, held=[(7, 1)]))
    assert view.wants_resync


def test_a_second_enter_asks_for_a_resync_but_takes_the_newer_generation() -> None:
    """Entering twice is a divergence, even where both sides agree afterwards."""
    view = seeing(7)
    sections = Sections()
    sections.enter(7, 2)
    sections.root(7, (1, 1, 1), 0, 0)
    view.apply(snapshot(sections, held=[(7, 2)]))
    assert view.wants_resync
    assert view.digest == digest([(7, 2)])


@given(st.binary(max_size=200))
def test_noise_is_refused_and_changes_nothing(data: bytes) -> None:
    """Whatever does not parse raises ProtocolError before anything is applied."""
    view = seeing(7)
    try:
        view.apply(data)
    except ProtocolError:
        assert view.held.tolist() == [7]
        assert view.tick == 1


# --- against a model --------------------------------------------------------------------------------------------------


@dataclass
class Model:
    """An entity as the obvious code would keep it."""

    generation: int
    body: int
    at: tuple[int, int, int]
    turn: tuple[int, int] = (0, 0)
    parts: tuple[PartRow, ...] = REST
    orientation: int = 0


STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "full": st.sampled_from([False, False, False, True]),
            "acts": st.dictionaries(
                st.integers(1, 6), st.sampled_from(["toggle", "delta", "absolute", "body"]), max_size=6
            ),
            "by": st.tuples(st.integers(-2047, 2047), st.integers(-63, 63), st.integers(-2047, 2047)),
            "part": st.tuples(*[st.integers(-127, 127)] * 3),
            "orientation": st.integers(0, 2**32 - 1),
            "turns": st.tuples(*[st.integers(-255, 255)] * 3),
            "turn": st.tuples(st.integers(0, 65_535), st.integers(-127, 127)),
            "age": st.integers(0, 255),
        }
    ),
    max_size=12,
)


@given(STEPS)
def test_any_history_leaves_the_view_equal_to_a_model(steps: list[Step]) -> None:
    """Enters, leaves, absolutes, deltas, changes of body and full snapshots, in any order, are applied exactly."""
    view, model, generations = RoomView(), dict[int, Model](), dict[int, int]()
    for tick, step in enumerate(steps, start=1):
        sections = Sections()
        if step["full"]:
            model.clear()
        for entity, act in step["acts"].items():
            play(sections, model, generations, entity, act, step)
        held = [(entity, known.generation) for entity, known in model.items()]
        view.apply(snapshot(sections, held=held, tick=tick, flags=FULL if step["full"] else 0))
        assert_equal(view, model)


def play(
    sections: Sections, model: dict[int, Model], generations: dict[int, int], entity: int, act: str, step: Step
) -> None:
    """Let one entity do something, in the model and in the snapshot."""
    known = model.get(entity)
    if known is None:
        generations[entity] = generations.get(entity, 0) + 1
        model[entity] = known = Model(generations[entity], ROOT, (entity, 0, -entity))
        sections.enter(entity, known.generation)
        tell(sections, entity, known, step["age"])
    elif act == "toggle":
        del model[entity]
        sections.leave(entity)
    elif act == "body":
        known.body = {ROOT: TRACKED, TRACKED: THING, THING: ROOT}[known.body]
        known.parts = REST
        known.orientation = step["orientation"]
        tell(sections, entity, known, step["age"])
    else:
        is_delta = act == "delta" and known.body != THING
        move(known, step, is_delta)
        if is_delta:
            tell_delta(sections, entity, known, step)
        else:
            tell(sections, entity, known, step["age"])


def move(known: Model, step: Step, is_delta: bool) -> None:
    """Displace a model entity."""
    x, y, z = (old + by for old, by in zip(known.at, step["by"], strict=True))
    (yaw, pitch), (_, pitch_before) = step["turn"], known.turn
    known.at, known.turn = (x, y, z), (yaw, pitch_before if is_delta and known.body == TRACKED else pitch)
    if known.body == TRACKED:
        dx, dy, dz = step["part"]
        known.parts = tuple(
            (x + dx, y + dy, z + dz, turned(packed, step["turns"]) if is_delta else step["orientation"])
            for x, y, z, packed in known.parts
        )


def turned(packed: int, turns: Sequence[int]) -> int:
    """Turn a packed orientation, as the specification says."""
    components = [(packed >> shift) + turn & 1023 for shift, turn in zip((20, 10, 0), turns, strict=True)]
    return packed >> 30 << 30 | components[0] << 20 | components[1] << 10 | components[2]


def tell(sections: Sections, entity: int, known: Model, age: int) -> None:
    """Write an absolute record."""
    if known.body == ROOT:
        sections.root(entity, known.at, *known.turn, age=age)
    elif known.body == TRACKED:
        sections.tracked(entity, known.at, *known.turn, known.parts, age=age)
    else:
        sections.thing(entity, known.at, known.orientation, age=age)


def tell_delta(sections: Sections, entity: int, known: Model, step: Step) -> None:
    """Write a delta record."""
    if known.body == ROOT:
        sections.root_delta(entity, step["by"], *known.turn, age=step["age"])
    else:
        shift = (*step["part"], *step["turns"])
        sections.tracked_delta(entity, step["by"], known.turn[0], [shift] * 3, age=step["age"])


def assert_equal(view: RoomView, model: dict[int, Model]) -> None:
    """Compare everything that is held."""
    assert not view.wants_resync
    assert view.held.tolist() == sorted(model)
    columns = view.columns
    for entity, known in model.items():
        assert (columns.generation[entity], columns.body[entity]) == (known.generation, known.body)
        assert tuple(columns.position[entity].tolist()) == known.at
        if known.body == THING:
            assert columns.orientation[entity] == known.orientation
            continue
        assert (columns.yaw[entity], columns.pitch[entity]) == known.turn
        if known.body == TRACKED:
            assert columns.parts[entity].tolist() == [list(part[:3]) for part in known.parts]
            assert columns.part_orientations[entity].tolist() == [part[3] for part in known.parts]


# --- events -----------------------------------------------------------------------------------------------------------


def test_the_roster_is_the_newest_entry_of_everybody() -> None:
    """Entries replace those with the same entity; `gone` removes people and objects alike."""
    view = RoomView()
    thing = Thing(4, 1, "mug", 1, 0, 0, 0, 0, 0)
    for event in (
        Roster(1, [person(2), person(3)]),
        Roster(2, [person(3, "Bo")]),
        Objects(3, [thing]),
        Gone(4, [2, 99]),
    ):
        view.receive(event)
    assert {entity: known.name for entity, known in view.people.items()} == {3: "Bo"}
    view.receive(Gone(5, [4]))
    assert view.things == {}


def test_entering_a_room_forgets_the_last_one() -> None:
    """People, objects and everything in sight belong to the room that was left."""
    view = seeing(7)
    view.receive(Roster(1, [person(7)]))
    view.receive(joined(locked=True))
    assert (view.people, view.things, view.held.tolist(), view.is_locked) == ({}, {}, [], True)
    view.receive(RoomState(2, False))
    assert not view.is_locked


def test_an_answer_brings_the_version_of_its_object() -> None:
    """After a grab the object can be moved at once, whichever of answer and upsert came first."""
    view = RoomView()
    view.receive(Objects(1, [Thing(4, 1, "mug", 1, 0, 0, 0, 0, 0)]))
    view.receive(Done(2, 1, 4, 2))
    assert view.things[4].version == 2
    view.receive(Done(3, 2, 5, 1))
    assert view.things.keys() == {4}


def seeing(*entities: int) -> RoomView:
    """Make a view that holds these entities, generation 1, at the origin."""
    sections = Sections()
    for entity in entities:
        sections.enter(entity, 1)
        sections.root(entity, (0, 0, 0), 0, 0)
    view = RoomView()
    view.apply(snapshot(sections, held=[(entity, 1) for entity in entities]))
    return view
