"""Who knows of whom: every roster is exactly what its owner may see, from the same tick on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.schema import Gone, Grab, Joined, Objects, Roster, SetStatus, Spawn, Status
from tests.rooms import Metres, Stage, Visitor, identity, last_snapshot, world, zone

INSIDE: Metres = (6, 0, 6)
OUTSIDE: Metres = (4, 0, 4)
PLACE = world(
    clearances=["vault", "attic"],
    zones=[zone("vault", (5, 0, 5), (9, 3, 9), clearance=["vault"])],
    props={"kinds": [{"kind": "bag", "grabbable": True}]},
)


def users(*visitors: Visitor) -> set[str]:
    """Name visitors by user id."""
    return {visitor.user for visitor in visitors}


def test_a_newcomer_is_told_of_all_and_all_of_the_newcomer() -> None:
    """First `joined`, then everybody, oneself first; the others hear of the newcomer alone."""
    stage = Stage(PLACE)
    ann = stage.enter("ann")
    stage.tick()
    bob = stage.enter("bob")
    stage.tick()
    assert [type(message) for message in bob.heard[:2]] == [Joined, Roster]
    assert [person.user for person in bob.only(Roster).people] == ["bob", "ann"]
    assert [person.user for person in ann.only(Roster).people] == ["bob"]


def test_objects_follow_people() -> None:
    """What lies about comes after who is there, each object once."""
    stage = Stage(PLACE)
    ann = stage.enter("ann")
    stage.send(ann, Spawn, "bag", 1, 2, 3, 4)
    stage.tick()
    bob = stage.enter("bob")
    stage.tick()
    assert [type(message) for message in bob.heard[:3]] == [Joined, Roster, Objects]
    (bag,) = bob.only(Objects).things
    assert (bag.prop, bag.version, bag.holder, bag.x, bag.y, bag.z, bag.orientation) == ("bag", 1, 0, 1, 2, 3, 4)


def test_a_leaver_is_gone_for_all_who_knew() -> None:
    """Told on the next tick, once."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann"), stage.enter("bob", (500, 0, 0))
    stage.tick()
    stage.exit(bob)
    stage.tick()
    assert ann.only(Gone).entities == [bob.entity]
    assert users(ann) == ann.roster.keys()


def test_who_came_and_went_between_two_ticks_was_never_there() -> None:
    """Nobody hears of somebody who did not stay for a tick."""
    stage = Stage(PLACE)
    ann = stage.enter("ann")
    stage.tick()
    stage.exit(stage.enter("bob"))
    stage.tick()
    assert ann.heard == []


def test_a_storm_of_joins_is_one_event_a_member() -> None:
    """A hundred who come at once are one roster event for each who hears of them."""
    stage = Stage(PLACE)
    ann = stage.enter("ann")
    stage.tick()
    crowd = [stage.enter(f"u{k}") for k in range(100)]
    stage.tick()
    assert len(ann.only(Roster).people) == 100
    assert [len(visitor.only(Roster).people) for visitor in crowd] == [101] * 100
    for visitor in crowd[:99]:
        stage.exit(visitor)
    stage.tick()
    assert len(ann.only(Gone).entities) == 99


def test_long_lists_are_split() -> None:
    """No event grows with the room without bound, and nobody is told twice."""
    stage = Stage(PLACE)
    crowd = [stage.enter(f"u{k}") for k in range(300)]
    for visitor in crowd[1:]:
        stage.lose(visitor)
    stage.tick()
    told = [[person.user for person in event.people] for event in crowd[0].all(Roster)]
    assert [len(people) for people in told] == [128, 128, 44]
    assert told[0][0] == "u0"
    assert {user for people in told for user in people} == users(*crowd)


def test_an_entry_that_changed_is_told_once_a_tick() -> None:
    """Several changes of one person in a tick are one new entry, the newest."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.tick()
    stage.send(bob, SetStatus, Status.BUSY)
    stage.send(bob, SetStatus, Status.IN_COURSE)
    stage.lose(bob)
    stage.tick()
    (entry,) = ann.only(Roster).people
    assert (entry.user, entry.status, entry.away) == ("bob", Status.IN_COURSE, True)
    stage.tick()
    assert ann.heard == []


def test_events_wait_for_who_is_away() -> None:
    """A lost member finds on its return all it missed, in order (its visitor checks the numbers)."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.tick()
    stage.lose(bob)
    cid, dan = stage.enter("cid"), stage.enter("dan")
    stage.tick()
    stage.exit(cid)
    stage.tick()
    assert bob.roster.keys() == users(ann, bob)
    stage.resume(bob)
    stage.tick()
    assert bob.roster.keys() == users(ann, bob, dan)


# --- permission -------------------------------------------------------------------------------------------------------


def test_walking_into_a_cleared_zone_hides_on_the_same_tick() -> None:
    """For those without the clearance the walker is gone with the very snapshot that says leave."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann", OUTSIDE, grants=["vault"]), stage.enter("bob", OUTSIDE)
    cid = stage.enter("cid", OUTSIDE, grants=["vault", "other"])
    stage.tick()
    stage.walk(ann, (5, 0, 5))
    stage.tick()
    assert bob.only(Gone).entities == [ann.entity]
    assert last_snapshot(bob).leaves == [ann.entity]
    assert bob.heard.index(bob.only(Gone)) < bob.heard.index(last_snapshot(bob))
    assert cid.all(Gone) == []
    assert ann.entity in cid.held


def test_walking_out_again_shows_on_the_same_tick() -> None:
    """The roster entry comes before the snapshot in which the avatar enters."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann", (5, 0, 5), grants=["vault"]), stage.enter("bob", OUTSIDE)
    stage.tick()
    assert bob.roster.keys() == users(bob)
    assert bob.held == {}
    stage.walk(ann, OUTSIDE)
    stage.tick()
    assert [type(message) for message in bob.heard] == [Roster, type(last_snapshot(bob))]
    assert last_snapshot(bob).enters == [(ann.entity, 1)]


def test_an_object_in_a_cleared_zone_is_known_to_the_cleared() -> None:
    """Things follow the rule of the place where they lie, and blocks do not concern them."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann", (5, 0, 5), grants=["vault"]), stage.enter("bob", OUTSIDE)
    stage.send(ann, Spawn, "bag", 6000, 0, 6000, 0)
    stage.send(ann, Spawn, "bag", 4000, 0, 4000, 0)
    stage.block(ann, bob)
    stage.tick()
    assert {thing.x for thing in ann.things.values()} == {6000, 4000}
    assert {thing.x for thing in bob.things.values()} == {4000}


@pytest.mark.parametrize("hidden_by", ["clearance", "block"])
def test_hidden_hands_hold_nothing(hidden_by: str) -> None:
    """Whoever may not know of the holder sees the object in nobody's hands, from the same tick, and back again."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann", OUTSIDE, grants=["vault"]), stage.enter("bob", OUTSIDE)
    x, y, z = (round(axis * 1000) for axis in OUTSIDE)
    stage.send(ann, Spawn, "bag", x, y, z, 0)
    stage.tick()
    (bag,) = bob.things
    stage.send(ann, Grab, bag)
    stage.tick()
    assert bob.things[bag].holder == ann.entity
    if hidden_by == "block":
        stage.block(bob, ann)
    else:
        stage.put(ann, INSIDE)
    stage.tick()
    assert bob.things[bag].holder == 0
    assert ann.things[bag].holder == ann.entity
    if hidden_by == "block":
        stage.block(bob, ann, is_blocked=False)
    else:
        stage.put(ann, OUTSIDE)
    stage.tick()
    assert bob.things[bag].holder == ann.entity


def test_a_downgrade_acts_on_the_same_tick() -> None:
    """Who loses a grant loses sight of people and things in the zone, and gets them back with it."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann", INSIDE, grants=["vault"]), stage.enter("bob", OUTSIDE, grants=["vault"])
    stage.send(ann, Spawn, "bag", 6000, 0, 6000, 0)
    stage.tick()
    (bag,) = bob.things
    assert bob.held.keys() == {ann.entity, bag}
    bob.identity = identity("bob")
    stage.room.refresh(bob.row)
    stage.tick()
    assert sorted(bob.only(Gone).entities) == sorted([ann.entity, bag])
    assert sorted(last_snapshot(bob).leaves) == sorted([ann.entity, bag])
    bob.identity = identity("bob", grants=["vault"])
    stage.room.refresh(bob.row)
    stage.tick()
    assert bob.roster.keys() == users(ann, bob)
    assert bob.things.keys() == {bag}
    assert bob.held.keys() == {ann.entity, bag}


def test_a_renewed_identity_is_told_to_the_others() -> None:
    """New roles are a new entry in every roster that has the person."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.tick()
    bob.identity = replace(bob.identity, roles=frozenset({"instructor", "bomb-squad"}))
    stage.room.refresh(bob.row)
    stage.tick()
    assert ann.roster["bob"].roles == ["bomb-squad", "instructor"]


def test_a_block_acts_both_ways_on_the_same_tick_and_is_undone_the_same_way() -> None:
    """Gone from roster and view of both; a third person notices nothing."""
    stage = Stage(PLACE)
    ann, bob, cid = stage.enter("ann"), stage.enter("bob"), stage.enter("cid")
    stage.tick()
    stage.block(ann, bob)
    stage.tick()
    assert (ann.only(Gone).entities, bob.only(Gone).entities) == ([bob.entity], [ann.entity])
    assert ann.held.keys() == bob.held.keys() == {cid.entity}
    assert cid.all(Gone) == []
    stage.block(ann, bob, is_blocked=False)
    stage.tick()
    assert ann.held.keys() == {bob.entity, cid.entity}
    assert bob.roster.keys() == users(ann, bob, cid)


def test_a_block_from_both_sides_holds_until_both_undo_it() -> None:
    """One of two who take it back is not enough."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.block(ann, bob)
    stage.block(bob, ann)
    stage.block(ann, bob, is_blocked=False)
    stage.tick()
    assert ann.roster.keys() == users(ann)
    stage.block(bob, ann, is_blocked=False)
    stage.tick()
    assert ann.roster.keys() == users(ann, bob)


def test_who_was_blocked_before_they_came_is_never_known() -> None:
    """A block by user id holds for people who come later, whoever of the two comes later."""
    stage = Stage(PLACE)
    ann = stage.enter("ann")
    ann.blocks |= {"bob", "cid"}
    stage.tick()
    bob = Visitor(identity("bob"))
    stage.admit(bob)
    eve = Visitor(identity("eve"))
    eve.blocks.add("ann")
    stage.admit(eve)
    stage.tick()
    assert ann.heard == []
    assert ann.roster.keys() == users(ann)
    assert bob.roster.keys() == eve.roster.keys() == users(bob, eve)


# --- against one rule -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deed:
    """What happens between two ticks, and to whom; `number` says the rest."""

    what: str
    who: int
    number: int


DEEDS = st.builds(
    Deed,
    what=st.sampled_from(["join", "leave", "cross", "cross", "regrade", "block", "drop", "lose", "tick"]),
    who=st.integers(0, 5),
    number=st.integers(0, 5),
)


class Hall:
    """People who come, go and change, inside and outside of the vault, and what they leave lying about."""

    def __init__(self) -> None:
        self.stage = Stage(PLACE)
        self.inside: set[str] = set()
        self.bags: list[Metres] = []
        self._came = 0

    def do(self, deed: Deed) -> None:
        """Let it happen to one of those present."""
        present = self.stage.visitors
        if deed.what == "join" or not present:
            self._came += 1
            self.stage.enter(f"u{self._came}", OUTSIDE, grants=["vault"] if deed.number % 2 else [])
        else:
            getattr(self, deed.what)(present[deed.who % len(present)], deed.number)

    def leave(self, one: Visitor, _number: int) -> None:
        """Somebody goes for good."""
        self.inside.discard(one.user)
        self.stage.exit(one)

    def cross(self, one: Visitor, _number: int) -> None:
        """Somebody is taken into the vault, or out of it."""
        self.inside ^= {one.user}
        self.stage.put(one, INSIDE if one.user in self.inside else OUTSIDE)

    def regrade(self, one: Visitor, _number: int) -> None:
        """Somebody gets the grant, or loses it."""
        one.identity = identity(one.user, grants=() if one.identity.grants else ("vault",))
        self.stage.room.refresh(one.row)

    def block(self, one: Visitor, number: int) -> None:
        """Somebody blocks somebody else, or takes it back."""
        other = self.stage.visitors[number % len(self.stage.visitors)]
        if one is not other:
            self.stage.block(one, other, is_blocked=other.user not in one.blocks)

    def drop(self, one: Visitor, number: int) -> None:
        """Somebody puts a bag into the vault, or outside of it."""
        place = INSIDE if number % 2 else OUTSIDE
        if len(self.bags) < 5:
            self.bags.append(place)
            self.stage.send(one, Spawn, "bag", *(round(metres * 1000) for metres in place), 0)
            self.tick(one, number)

    def lose(self, one: Visitor, _number: int) -> None:
        """Somebody's connection breaks, or is back."""
        (self.stage.resume if one.is_lost else self.stage.lose)(one)

    def tick(self, _one: Visitor, _number: int) -> None:
        """Everybody who is connected now knows exactly whom and what they may see."""
        self.stage.tick()
        for viewer in self.stage.visitors:
            if not viewer.is_lost:
                assert viewer.roster.keys() == {one.user for one in self.stage.visitors if self.may_see(viewer, one)}
                is_cleared = "vault" in viewer.identity.grants
                assert len(viewer.things) == sum(is_cleared or place == OUTSIDE for place in self.bags)

    def may_see(self, viewer: Visitor, subject: Visitor) -> bool:
        """Decide in the words of the specification."""
        is_cleared = subject.user not in self.inside or "vault" in viewer.identity.grants
        is_blocked = subject.user in viewer.blocks or viewer.user in subject.blocks
        return viewer is subject or (is_cleared and not is_blocked)


@given(deeds=st.lists(DEEDS, min_size=20, max_size=80))
def test_rosters_are_exactly_what_may_be_seen(deeds: list[Deed]) -> None:
    """After any joins, leaves, ways through a cleared zone, changes of grants and blocks: at every tick, for all."""
    hall = Hall()
    for deed in [*deeds, Deed("join", 0, 0), Deed("tick", 0, 0)]:
        hall.do(deed)
