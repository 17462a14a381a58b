"""Objects: spawned, taken, carried, handed on and removed, by exactly those who may."""

from __future__ import annotations

import pytest

from presence import entities as entities_module
from presence import objects
from protocol.errors import Refusal
from protocol.schema import Despawn, Done, Error, Gone, Grab, Move, Objects, Release, Spawn, Thing
from tests.rooms import HERE, Metres, Stage, Visitor, last_snapshot, world, zone

TURNED = 123_456
PLACE = world(
    clearances=["vault"],
    zones=[zone("vault", (20, 0, 20), (22, 3, 22), clearance=["vault"])],
    props={
        "kinds": [{"kind": "bag", "grabbable": True}, {"kind": "sign", "grabbable": False}],
        "objects": [{"kind": "sign", "position": [0, 0, -2]}],
    },
)


class Workshop:
    """Ann at the origin and Bob a metre east, and the commands about objects."""

    def __init__(self, *grants: str) -> None:
        self.stage = Stage(PLACE)
        self.ann = self.stage.enter("ann", grants=grants)
        self.bob = self.stage.enter("bob", (1, 0, 0), grants=grants)
        self.stage.tick()
        (self.sign,) = self.ann.things

    def do(self, who: Visitor, cls: type, *fields: object) -> Done | Refusal | None:
        """Send a command and tick; return what was answered: done, why it was refused, or nothing."""
        ref = self.stage.send(who, cls, *fields)
        self.stage.tick()
        if who.all(Error):
            assert who.only(Error).ref in (ref, 0)
            return Refusal(who.only(Error).code)
        return who.only(Done) if who.all(Done) else None

    def spawn(self, who: Visitor, at: Metres = HERE) -> int:
        """Make a bag; return its entity id."""
        done = self.do(who, Spawn, "bag", *mm(at), TURNED)
        assert isinstance(done, Done)
        return done.entity

    def held_bag(self, who: Visitor) -> int:
        """Make a bag in somebody's hand, at version 2."""
        bag = self.spawn(who, (1, 0, 0))
        assert isinstance(self.do(who, Grab, bag), Done)
        return bag

    def thing(self, entity: int) -> Thing:
        """What Bob knows of an object."""
        return self.bob.things[entity]


def mm(place: Metres) -> tuple[int, int, int]:
    """Millimetres of a place in metres."""
    x, y, z = (round(metres * 1000) for metres in place)
    return x, y, z


def last_place(visitor: Visitor, entity: int) -> tuple[int, int, int]:
    """Where a visitor sees an object."""
    return visitor.held[entity].place


# --- spawn ------------------------------------------------------------------------------------------------------------


def test_a_room_opens_with_the_worlds_objects() -> None:
    """They lie where the world says, held by nobody, at version 1."""
    shop = Workshop()
    assert shop.thing(shop.sign) == Thing(shop.sign, 1, "sign", 1, 0, 0, 0, -2000, shop.thing(shop.sign).orientation)
    assert last_place(shop.bob, shop.sign) == (0, 0, -2000)


def test_a_spawned_object_is_there_for_all() -> None:
    """The answer names it, the object list describes it, the snapshot places it."""
    shop = Workshop()
    done = shop.do(shop.ann, Spawn, "bag", 100, 200, 300, TURNED)
    assert isinstance(done, Done)
    assert done.version == 1
    assert shop.thing(done.entity) == Thing(done.entity, 1, "bag", 1, 0, 100, 200, 300, TURNED)
    assert last_snapshot(shop.bob).enters == [(done.entity, 1)]
    assert last_place(shop.bob, done.entity) == (100, 200, 300)


@pytest.mark.parametrize(
    ("prop", "place", "refusal"),
    [
        ("piano", HERE, Refusal.UNKNOWN_KIND),
        ("bag", (3.001, 0, 0), Refusal.OUT_OF_REACH),
        ("bag", (0, -101, 0), Refusal.OUT_OF_REACH),
    ],
)
def test_what_cannot_be_spawned(prop: str, place: Metres, refusal: Refusal) -> None:
    """Only the world's props, only within three metres."""
    shop = Workshop()
    assert shop.do(shop.ann, Spawn, prop, *mm(place), 0) is refusal
    assert shop.ann.things.keys() == {shop.sign}


def test_three_metres_are_in_reach() -> None:
    """To the millimetre."""
    shop = Workshop()
    assert isinstance(shop.do(shop.ann, Spawn, "bag", 1800, 0, 2400, 0), Done)


def test_nothing_is_spawned_outside_the_world() -> None:
    """Reach does not go through its walls."""
    shop = Workshop()
    shop.stage.put(shop.ann, (999, 0, 0))
    assert shop.do(shop.ann, Spawn, "bag", 1_000_001, 0, 0, 0) is Refusal.BAD_PLACE


def test_a_person_has_so_many_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """One's own count, the room counts all; who removes one may spawn again."""
    monkeypatch.setattr(objects, "MAX_OBJECTS_PER_PERSON", 2)
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    shop.spawn(shop.ann)
    assert shop.do(shop.ann, Spawn, "bag", 0, 0, 0, 0) is Refusal.TOO_MANY_OBJECTS
    assert shop.spawn(shop.bob)
    shop.do(shop.ann, Despawn, bag, 2)
    assert shop.spawn(shop.ann)


def test_a_room_has_so_many_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever made them, those of the world included."""
    monkeypatch.setattr(objects, "MAX_OBJECTS", 2)
    shop = Workshop()
    shop.spawn(shop.bob)
    assert shop.do(shop.ann, Spawn, "bag", 0, 0, 0, 0) is Refusal.TOO_MANY_OBJECTS


def test_running_out_of_ids_is_the_spawners_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room whose ids are all in use or resting goes on; it just gets no more objects for a while."""
    monkeypatch.setattr(entities_module, "MAX_ID", 4)
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    shop.do(shop.ann, Despawn, bag, 2)
    assert shop.do(shop.ann, Spawn, "bag", 0, 0, 0, 0) is Refusal.TOO_MANY_OBJECTS
    shop.stage.now += entities_module.ID_REST_S
    assert shop.spawn(shop.ann) == bag
    assert shop.thing(bag).generation == 2


# --- grab and release -------------------------------------------------------------------------------------------------


def test_a_grab_hands_over_and_counts() -> None:
    """The version grows, and everybody is told who holds it."""
    shop = Workshop()
    bag = shop.spawn(shop.ann)
    done = shop.do(shop.bob, Grab, bag)
    assert isinstance(done, Done)
    assert (done.entity, done.version) == (bag, 2)
    assert (shop.ann.only(Objects).things[0].holder, shop.ann.only(Objects).things[0].version) == (shop.bob.entity, 2)


def test_what_is_held_cannot_be_grabbed() -> None:
    """Not by another, and not twice by its holder."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    assert shop.do(shop.bob, Grab, bag) is Refusal.HELD
    assert shop.do(shop.ann, Grab, bag) is Refusal.HELD


def test_of_two_who_grab_at_one_tick_the_first_gets_it() -> None:
    """Both are answered, and everybody is told one holder."""
    shop = Workshop()
    bag = shop.spawn(shop.ann)
    shop.stage.send(shop.bob, Grab, bag)
    assert shop.do(shop.ann, Grab, bag) is Refusal.HELD
    assert (shop.thing(bag).holder, shop.thing(bag).version) == (shop.bob.entity, 2)


def test_what_is_out_of_reach_cannot_be_grabbed() -> None:
    """Three metres from one's feet to the object, and not a millimetre more."""
    shop = Workshop()
    bag = shop.spawn(shop.ann, (-2, 0, 0))
    assert isinstance(shop.do(shop.bob, Grab, bag), Done)
    shop = Workshop()
    bag = shop.spawn(shop.ann, (-2.001, 0, 0))
    assert shop.do(shop.bob, Grab, bag) is Refusal.OUT_OF_REACH


def test_what_stays_where_it_is_and_what_is_no_object() -> None:
    """A prop that is not grabbable, a person, nothing at all."""
    shop = Workshop()
    assert shop.do(shop.ann, Grab, shop.sign) is Refusal.NOT_ALLOWED
    assert shop.do(shop.ann, Grab, shop.bob.entity) is Refusal.UNKNOWN_ENTITY
    assert shop.do(shop.ann, Grab, 999) is Refusal.UNKNOWN_ENTITY


def test_what_one_may_not_see_one_cannot_grab() -> None:
    """An object in a cleared zone is unknown to the uncleared, however near."""
    shop = Workshop("vault")
    shop.stage.put(shop.ann, (21, 0, 21))
    bag = shop.spawn(shop.ann, (21, 0, 21))
    eve = shop.stage.enter("eve", (19.5, 0, 21))
    assert shop.do(eve, Grab, bag) is Refusal.UNKNOWN_ENTITY
    assert eve.things.keys() == {shop.sign}


def test_a_release_leaves_it_at_its_last_pose() -> None:
    """Held by nobody, one version on, where and as it was put down."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    done = shop.do(shop.ann, Release, bag, 2, 0, 1000, 500, 77)
    assert isinstance(done, Done)
    assert done.version == 3
    assert shop.thing(bag) == Thing(bag, 1, "bag", 3, 0, 0, 1000, 500, 77)
    assert last_place(shop.bob, bag) == (0, 1000, 500)
    assert isinstance(shop.do(shop.bob, Grab, bag), Done)


@pytest.mark.parametrize(
    ("version", "place", "refusal"),
    [
        (1, HERE, Refusal.STALE_VERSION),
        (2, (0, 3.001, 0), Refusal.OUT_OF_REACH),
    ],
)
def test_a_release_that_is_refused_changes_nothing(version: int, place: Metres, refusal: Refusal) -> None:
    """The holder holds on."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    assert shop.do(shop.ann, Release, bag, version, *mm(place), 0) is refusal
    assert (shop.thing(bag).holder, shop.thing(bag).version) == (shop.ann.entity, 2)
    assert last_place(shop.bob, bag) == (1000, 0, 0)


def test_only_the_holder_may_release_or_remove() -> None:
    """Neither a bystander nor, once released, the one who held it."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    assert shop.do(shop.bob, Release, bag, 2, 0, 0, 0, 0) is Refusal.NOT_HELD
    assert shop.do(shop.bob, Despawn, bag, 2) is Refusal.NOT_HELD
    shop.do(shop.ann, Release, bag, 2, 0, 0, 0, 0)
    assert shop.do(shop.ann, Despawn, bag, 3) is Refusal.NOT_HELD


def test_a_despawned_object_is_gone() -> None:
    """From the object lists and from the views, and its id rests."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    assert shop.do(shop.ann, Despawn, bag, 1) is Refusal.STALE_VERSION
    assert isinstance(shop.do(shop.ann, Despawn, bag, 2), Done)
    assert shop.bob.only(Gone).entities == [bag]
    assert last_snapshot(shop.bob).leaves == [bag]
    assert shop.spawn(shop.ann) != bag


# --- move -------------------------------------------------------------------------------------------------------------


def test_the_holder_moves_it_without_an_answer() -> None:
    """The pose goes out with the snapshot; the object list says nothing."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    assert shop.do(shop.ann, Move, bag, 2, 0, 1500, 0, 5) is None
    assert (last_place(shop.bob, bag), shop.bob.held[bag].orientation) == ((0, 1500, 0), 5)
    assert shop.bob.all(Objects) == []


@pytest.mark.parametrize("place", [(3.001, 0, 0), (0, 0, -3.001)])
def test_a_move_out_of_reach_is_dropped(place: Metres) -> None:
    """Silently: the next one in reach counts."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    assert shop.do(shop.ann, Move, bag, 2, *mm(place), 0) is None
    assert last_place(shop.bob, bag) == (1000, 0, 0)


def test_a_move_out_of_the_world_is_dropped() -> None:
    """However near the holder stands to its edge."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    shop.stage.put(shop.ann, (999, 0, 0))
    assert shop.do(shop.ann, Move, bag, 2, 1_000_001, 0, 0, 0) is None
    newcomer = shop.stage.enter("newcomer")
    shop.stage.tick()
    assert newcomer.things[bag].x == 1000


def test_a_move_from_before_a_change_of_hands_is_dropped() -> None:
    """Its sender has not heard yet; one who knows the version and does not hold it is told so."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    shop.do(shop.ann, Release, bag, 2, 0, 0, 0, 0)
    shop.do(shop.bob, Grab, bag)
    assert shop.do(shop.ann, Move, bag, 2, 0, 0, 500, 0) is None
    assert last_place(shop.ann, bag) == (0, 0, 0)
    assert shop.do(shop.ann, Move, bag, 4, 0, 0, 500, 0) is Refusal.NOT_HELD


# --- holders who go ---------------------------------------------------------------------------------------------------


def test_a_lost_holder_keeps_what_it_holds() -> None:
    """Its seat is held, and so is the object, until it is back or gone."""
    shop = Workshop()
    bag = shop.held_bag(shop.ann)
    shop.stage.lose(shop.ann)
    assert shop.do(shop.bob, Grab, bag) is Refusal.HELD
    shop.stage.resume(shop.ann)
    assert shop.do(shop.ann, Move, bag, 2, 0, 1, 0, 0) is None
    assert last_place(shop.bob, bag) == (0, 1, 0)


def test_a_leaver_returns_what_it_holds_at_its_last_pose() -> None:
    """Free at once, one version on; what it only spawned stays as it is."""
    shop = Workshop()
    bag, other = shop.held_bag(shop.ann), shop.spawn(shop.ann)
    shop.do(shop.ann, Move, bag, 2, 0, 900, 0, 6)
    shop.stage.exit(shop.ann)
    shop.stage.tick()
    assert shop.thing(bag) == Thing(bag, 1, "bag", 3, 0, 0, 900, 0, 6)
    assert (shop.thing(other).version, shop.thing(other).holder) == (1, 0)
    assert isinstance(shop.do(shop.bob, Grab, bag), Done)


def test_who_comes_again_counts_objects_anew() -> None:
    """What a leaver made belongs to nobody, so that it is not held against the same person later."""
    shop = Workshop()
    shop.spawn(shop.ann)
    shop.stage.exit(shop.ann)
    shop.stage.admit(shop.ann)
    for _ in range(objects.MAX_OBJECTS_PER_PERSON):
        shop.stage.send(shop.ann, Spawn, "bag", 0, 0, 0, 0)
    shop.stage.tick()
    assert (len(shop.ann.all(Done)), shop.ann.all(Error)) == (objects.MAX_OBJECTS_PER_PERSON, [])
