"""Pinned people: in sight at any distance, in full detail, for whom they are pinned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.snapshot_reader import Snapshot
from presence.pins import MAX_TEAMS
from presence.rings import Detail, Ring
from presence.room import RoomSettings
from protocol.records import Section
from protocol.schema import Action, Moderate
from tests.rooms import Stage, Visitor, world, zone

FAR = (900.0, 0.0, 0.0)
RINGS = (Ring(10_000, 0, Detail.FULL), Ring(20_000, 3, Detail.ROOT))
PLACE = world(
    clearances=["sealed"],
    zones=[
        zone("cell", (890, -1, -10), (910, 4, -2), isolated=True),
        zone("vault", (890, -1, 2), (910, 4, 10), clearance=["sealed"]),
    ],
)


def stage(**settings: Any) -> Stage:
    """Make a wide place with a sight of twenty metres, and a slow outer ring."""
    return Stage(PLACE, replace(RoomSettings(interest_radius_mm=20_000, rings=RINGS), **settings))


def sees(one: Visitor, other: Visitor) -> bool:
    """Tell whether somebody has another in view, as far as was told."""
    return other.entity in one.held


def test_an_instructor_is_seen_from_anywhere_and_sees_nobody_more() -> None:
    """By everybody, from the first snapshot on; the role says nothing about whom its holder sees."""
    hall = stage()
    ann, teacher = hall.enter("ann"), hall.enter("teacher", FAR, roles=["instructor"])
    hall.tick()
    assert sees(ann, teacher)
    assert not sees(teacher, ann)


def test_which_roles_are_pinned_is_a_setting() -> None:
    """None of them need be."""
    hall = stage(pinned_roles=frozenset({"speaker"}))
    ann = hall.enter("ann")
    teacher, speaker = hall.enter("t", FAR, roles=["instructor"]), hall.enter("s", FAR, roles=["speaker"])
    hall.tick()
    assert (sees(ann, teacher), sees(ann, speaker)) == (False, True)


def test_a_pinned_person_is_told_of_as_often_as_the_nearest() -> None:
    """At every tick, where the outer ring would say every eighth."""
    hall = stage()
    ann, near, teacher = hall.enter("ann"), hall.enter("near", (15, 0, 0)), hall.enter("t", FAR, roles=["instructor"])
    hall.tick()
    told = {near.entity: 0, teacher.entity: 0}
    for step in range(1, 17):
        for each, (x, y, z) in ((near, (15, 0, 0)), (teacher, FAR)):
            hall.walk(each, (x, y, z + step / 100))
        hall.tick()
        for snapshot in ann.all(Snapshot):
            for record in snapshot.records:
                told[record.entity] += 1
    assert told == {near.entity: 2, teacher.entity: 16}


def test_a_pinned_person_is_never_a_dot() -> None:
    """Since it stands beside everybody; whoever is nearer and not pinned may be one."""
    hall = stage(rings=(RINGS[0], Ring(20_000, 0, Detail.DOT)))
    ann, near, teacher = hall.enter("ann"), hall.enter("near", (15, 0, 0)), hall.enter("t", FAR, roles=["instructor"])
    hall.reach(teacher, FAR, head_y=1700)
    hall.tick(2)
    assert ann.held[near.entity].body is Section.DOT
    assert ann.held[teacher.entity].body is Section.TRACKED


def test_a_team_sees_its_own() -> None:
    """Both ways, whichever of several teams they share; others see nothing of it."""
    hall = stage()
    red, both = hall.enter("red", teams=["red"]), hall.enter("both", FAR, teams=["blue", "red"])
    blue, none = hall.enter("blue", (-900, 0, 0), teams=["blue"]), hall.enter("none", (0, 0, 900))
    hall.tick()
    everybody = (red, both, blue, none)
    seen = {(one.user, other.user) for one in everybody for other in everybody if sees(one, other)}
    assert seen == {("red", "both"), ("both", "red"), ("both", "blue"), ("blue", "both")}


def test_a_renewed_token_changes_teams() -> None:
    """Who leaves a team is out of its sight at the next look."""
    hall = stage()
    ann, bob = hall.enter("ann", teams=["red"]), hall.enter("bob", FAR, teams=["red"])
    hall.tick()
    assert sees(ann, bob)
    bob.identity = replace(bob.identity, teams=frozenset())
    hall.room.refresh(bob.row)
    hall.tick()
    assert not sees(ann, bob)
    assert not sees(bob, ann)


def test_more_teams_than_a_room_can_tell_apart_are_not_pinned() -> None:
    """The first ones are; nobody is shown to the wrong team."""
    hall = stage()
    pairs = [
        (hall.enter(f"a{k}", (0, 0, k * 25 - 900), teams=[f"t{k}"]), hall.enter(f"b{k}", FAR, teams=[f"t{k}"]))
        for k in range(MAX_TEAMS + 2)
    ]
    hall.tick()
    assert [sees(one, other) for one, other in pairs] == [True] * MAX_TEAMS + [False] * 2
    assert all(len(one.held) <= 1 for one, _ in pairs)
    for gone in pairs[5]:
        hall.exit(gone)
    one, other = (hall.enter(f"late{z}", (0, 0, z), teams=["late"]) for z in (930, -930))
    hall.tick()
    assert (sees(one, other), sees(other, one)) == (True, True), "the place of a team that has gone is free"
    assert sees(*pairs[6])


def test_a_moderator_pins_who_speaks() -> None:
    """For everybody, in a room where nobody moves, and until it is undone."""
    hall = stage(look_every_ticks=4)
    chair, speaker = hall.enter("chair", roles=["moderator"]), hall.enter("speaker", FAR)
    ann = hall.enter("ann", (-900, 0, 0))
    hall.tick(80)
    assert not sees(ann, speaker)
    for action, is_seen in ((Action.PIN, True), (Action.UNPIN, False)):
        hall.send(chair, Moderate, action, speaker.entity, "")
        report = hall.tick()
        assert [audit.action for audit in report.audits] == [action.name.lower()]
        hall.tick(4)
        assert (sees(ann, speaker), sees(chair, speaker)) == (is_seen, is_seen)
        hall.tick(80)


@pytest.mark.parametrize(("place", "is_seen"), [((900, 0, 0), True), ((900, 0, -5), False), ((900, 0, 5), False)])
def test_a_pin_is_no_permission(place: tuple[float, float, float], is_seen: bool) -> None:
    """An isolating zone and a clearance count as ever."""
    hall = stage()
    ann, teacher = hall.enter("ann"), hall.enter("t", place, roles=["instructor"], grants=["sealed"])
    hall.tick()
    assert sees(ann, teacher) is is_seen


def test_a_block_hides_the_pinned() -> None:
    """From who blocked them, and the other way round."""
    hall = stage()
    ann, teacher = hall.enter("ann"), hall.enter("t", FAR, roles=["instructor"])
    ann.blocks.add("t")
    hall.room.refresh(ann.row)
    hall.tick()
    assert not sees(ann, teacher)


def test_the_pinned_are_told_of_first_where_budgets_are_short() -> None:
    """At every second tick at least, like the nearest, whatever the crowd."""
    hall = stage(budget_bytes_per_s=8000)
    ann, teacher = hall.enter("ann"), hall.enter("t", FAR, roles=["instructor"])
    crowd = [hall.enter(f"c{k}", (1 + k % 10 / 2, 0, 1 + k // 10 / 2)) for k in range(100)]
    hall.tick(60)
    told = 0
    for step in range(1, 65):
        hall.walk(teacher, (FAR[0], 0, step / 100))
        for each in crowd:
            x, _, z = hall.room.state.entities.position[each.row].tolist()
            hall.walk(each, (x / 1000 + (0.01 if step % 2 else -0.01), 0, z / 1000))
        hall.tick()
        records = [record for snapshot in ann.all(Snapshot) for record in snapshot.records]
        told += sum(record.entity == teacher.entity for record in records)
    assert told >= 32
