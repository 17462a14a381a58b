"""A room from above: who is told of, what of them, and what budgets come to."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from presence.identity import SPECTATOR
from presence.overview import DENSITY_CELL_MM, BudgetLevels, budget_levels, head_count, overview
from presence.rings import Detail, Ring
from presence.room import RoomSettings
from protocol.schema import Spawn
from tests.rooms import Metres, Stage, Visitor, world, zone

CLEARED, UNCLEARED = 1, 0
ZONES = [
    zone("booth", (-9, -1, -5), (-5, 5, 5)),
    zone("vault", (5, -1, -5), (9, 5, 5), clearance=["secret"]),
]
VAULT: Metres = (6, 0, 0)
RINGS = (Ring(2_000, 0, Detail.FULL), Ring(4_000, 1, Detail.FULL), Ring(20_000, 3, Detail.ROOT))
PACKED = RoomSettings(look_every_ticks=4, budget_bytes_per_s=4_000)


def stage_with(*places: Metres, settings: RoomSettings | None = None) -> tuple[Stage, list[Visitor]]:
    """Let people with every clearance stand at some places until they have looked around."""
    kinds = {"kinds": [{"kind": "folder", "grabbable": True}]}
    stage = Stage(world(zones=ZONES, clearances=["secret"], props=kinds), settings or RoomSettings(rings=RINGS))
    visitors = [stage.enter(f"u{number}", place, grants=["secret"]) for number, place in enumerate(places)]
    stage.tick(2 * stage.room.settings.look_every_ticks)
    return stage, visitors


def crowd() -> Stage:
    """Pack eighty people, who want four times what their budgets carry, and let them walk for two seconds."""
    stage, visitors = stage_with(*((number % 9 / 4, 0, number // 9 / 4) for number in range(80)), settings=PACKED)
    for step in range(40):
        for number, visitor in enumerate(visitors):
            stage.walk(visitor, (number % 9 / 4 + step % 2 / 50, 0, number // 9 / 4))
        stage.tick()
    return stage


# --- one room ---------------------------------------------------------------------------------------------------------


def test_everybody_is_told_in_columns() -> None:
    """Where they are and look, who they are, and how their connections do; JSON can hold it."""
    settings = RoomSettings(budget_bytes_per_s=32_000)
    stage, (ann, bob) = stage_with((1, 0, -2), (-6, 0, 0.25), settings=settings)
    stage.tick(80)
    stage.walk(ann, (1.1, 0, -2), yaw=2**14)
    stage.tick()
    told = overview(stage.room, None, UNCLEARED)
    assert told["people"] == {
        "entity": [ann.entity, bob.entity],
        "x_mm": [1100, -6000],
        "y_mm": [0, 0],
        "z_mm": [-2000, 250],
        "zone": [0, 1],
        "user": ["u0", "u1"],
        "name": ["U0", "U1"],
        "is_spectator": [False, False],
        "yaw_degrees": [90, 0],
        "link": ["ready", "ready"],
        "budget_bytes_per_s": [32_000, 32_000],
        "budget_used": [0.0, 0.0],
        "is_short": [False, False],
    }
    assert (told["room"], told["tick"], told["tick_hz"], told["observer"]) == ("stage", 83, 20, None)
    assert json.loads(json.dumps(told)) == told


def test_an_empty_room_can_be_looked_at() -> None:
    """Before anybody has come."""
    told = overview(Stage().room, 1, CLEARED)
    assert (told["people"]["entity"], told["density"]["people"], told["observer"]) == ([], [], None)


def test_objects_are_told_by_what_they_are() -> None:
    """Apart from people, and not counted among them."""
    stage, (ann,) = stage_with((0, 0, 0))
    stage.send(ann, Spawn, "folder", 500, 0, 0, 0)
    stage.tick()
    told = overview(stage.room, None, UNCLEARED)
    assert (told["objects"]["prop"], told["objects"]["x_mm"]) == (["folder"], [500])
    assert (told["people"]["user"], told["density"]["people"]) == (["u0"], [1])


def test_who_may_not_be_known_of_is_nowhere() -> None:
    """Not among people, nor in the density, nor as an observer, nor in what an observer sees, nor in the count."""
    stage, (ann, bob, cid) = stage_with((4, 0, 0), VAULT, (3, 0, 0))
    told = overview(stage.room, ann.entity, CLEARED)
    assert (told["people"]["user"], told["density"]["people"]) == (["u0", "u1", "u2"], [1, 2])
    assert set(told["observer"]["subject"]) == {bob.entity, cid.entity}
    assert set(overview(stage.room, bob.entity, CLEARED)["observer"]["subject"]) == {ann.entity, cid.entity}
    told = overview(stage.room, ann.entity, UNCLEARED)
    assert (told["people"]["user"], told["density"]["people"]) == (["u0", "u2"], [1, 1])
    assert told["observer"]["subject"] == [cid.entity]
    assert overview(stage.room, bob.entity, UNCLEARED)["observer"] is None
    assert (head_count(stage.room, CLEARED), head_count(stage.room, UNCLEARED)) == (3, 2)


def test_a_spectator_is_told_as_one() -> None:
    """Among everybody, since operators may know of it; and only as long as it is one."""
    stage, _ = stage_with((0, 0, 0))
    watcher = stage.enter("watcher", (1, 0, 0), roles=[SPECTATOR])
    stage.tick()
    told = overview(stage.room, None, UNCLEARED)
    assert (told["people"]["user"], told["people"]["is_spectator"]) == (["u0", "watcher"], [False, True])
    assert told["density"]["people"] == [2]
    watcher.identity = replace(watcher.identity, roles=frozenset())
    stage.room.refresh(watcher.row)
    assert overview(stage.room, None, UNCLEARED)["people"]["is_spectator"] == [False, False]


def test_people_are_counted_by_cell() -> None:
    """Of a grid that lies still, on both sides of its middle."""
    stage, _ = stage_with((0, 0, 0), (3.999, 0, 0.5), (4, 0, 0), (-0.001, 0, -0.001), (-400, 0, 800))
    assert overview(stage.room, None, UNCLEARED)["density"] == {
        "cell_mm": DENSITY_CELL_MM,
        "column": [-1, 0, 1, -100],
        "row": [-1, 0, 0, 200],
        "people": [1, 2, 1, 1],
    }


def test_a_connection_is_told_as_it_is() -> None:
    """Lost, or too slow, or well."""
    stage, (ann, bob, _cid) = stage_with((0, 0, 0), (1, 0, 0), (2, 0, 0))
    stage.lose(ann)
    bob.is_writable = False
    stage.tick()
    assert overview(stage.room, None, UNCLEARED)["people"]["link"] == ["away", "stalled", "ready"]


def test_an_observers_view_is_what_it_was_told() -> None:
    """Whom it holds, how often it is told of each, and in which detail: by the rings, which end at the radius."""
    stage, (ann, bob, cid, dee, eve) = stage_with((0, 0, 0), (1, 0, 0), (3, 0, 0), (-8, 0, 0), (0, 0, 30))
    told = overview(stage.room, ann.entity, UNCLEARED)
    assert told["rings"] == [
        {"reach_mm": 2_000, "every_ticks": 1, "detail": "full"},
        {"reach_mm": 4_000, "every_ticks": 2, "detail": "full"},
        {"reach_mm": 10_000, "every_ticks": 8, "detail": "root"},
    ]
    assert (told["radius_mm"], told["leaving_radius_mm"]) == (10_000, 11_500)
    view = told["observer"]
    assert view["entity"] == ann.entity
    assert set(zip(view["subject"], view["every_ticks"], view["detail"], strict=True)) == {
        (bob.entity, 1, "full"),
        (cid.entity, 2, "full"),
        (dee.entity, 8, "root"),
    }
    assert (view["viewpoints_mm"], set(view["subject"])) == ([], {*ann.held})
    assert overview(stage.room, eve.entity, UNCLEARED)["observer"]["subject"] == []


def test_rings_beyond_the_radius_are_not_told() -> None:
    """Nobody is ever in them."""
    stage, _ = stage_with((0, 0, 0), settings=RoomSettings(rings=RINGS, interest_radius_mm=3_000))
    assert [ring["reach_mm"] for ring in overview(stage.room, None, UNCLEARED)["rings"]] == [2_000, 3_000]


def test_the_rings_are_those_of_the_room() -> None:
    """As its world says them, where it says any; dots among them."""
    stage = Stage(world(rings=["1:1", "3.5:8:dot"]), RoomSettings(rings=RINGS, interest_radius_mm=3_000))
    ann, bob = stage.enter("ann"), stage.enter("bob", (2, 0, 0))
    stage.tick(2)
    told = overview(stage.room, ann.entity, UNCLEARED)
    assert told["rings"] == [
        {"reach_mm": 1_000, "every_ticks": 1, "detail": "full"},
        {"reach_mm": 3_000, "every_ticks": 8, "detail": "dot"},
    ]
    assert told["observer"]["subject"] == [bob.entity]
    assert told["observer"]["detail"] == ["dot"]


def test_who_has_left_observes_nothing() -> None:
    """And neither does an object."""
    stage, (ann, bob) = stage_with((0, 0, 0), (1, 0, 0))
    stage.send(ann, Spawn, "folder", 500, 0, 0, 0)
    stage.tick()
    (thing,) = overview(stage.room, None, UNCLEARED)["objects"]["entity"]
    stage.exit(bob)
    assert overview(stage.room, bob.entity, UNCLEARED)["observer"] is None
    assert overview(stage.room, thing, UNCLEARED)["observer"] is None


def test_looking_changes_nothing() -> None:
    """What is sent is the same, looked at or not."""
    written = []
    for looks in (False, True):
        stage, visitors = stage_with((0, 0, 0), (1, 0, 0), (2, 0, 0))
        for step in range(20):
            stage.walk(visitors[0], (step / 10, 0, 0))
            stage.tick()
            written.append(b"".join(bytes(data) for visitor in visitors for data in visitor.written))
            if looks:
                overview(stage.room, visitors[1].entity, UNCLEARED)
                budget_levels([stage.room])
    assert written[:20] == written[20:]


# --- budgets ----------------------------------------------------------------------------------------------------------


def test_a_crowd_uses_its_budgets() -> None:
    """Nearly all of them, which is told as a share; everybody is held short, and somebody is told of rarely."""
    stage = crowd()
    told = overview(stage.room, None, UNCLEARED)["people"]
    assert all(0.8 < share < 1.1 for share in told["budget_used"])
    assert all(told["is_short"])
    levels = budget_levels([stage.room])
    assert list(levels.used) == [0.5, 0.9, 0.99, 1.0]
    assert 0.8 < levels.used[0.5] <= levels.used[0.9] <= levels.used[0.99] <= levels.used[1.0] < 1.1
    assert levels.short == 80
    told_every = overview(stage.room, stage.visitors[0].entity, UNCLEARED)["observer"]["every_ticks"]
    assert levels.slowest_s >= max(told_every) / 20 > 0.1


def test_what_is_spent_is_forgotten() -> None:
    """A few seconds after the last one moved, nothing is used."""
    stage = crowd()
    stage.tick(80)
    assert max(overview(stage.room, None, UNCLEARED)["people"]["budget_used"]) <= 0.02


def test_nobody_is_short_where_budgets_suffice() -> None:
    """And everybody is told of at every tick."""
    stage, _ = stage_with((0, 0, 0), (1, 0, 0), settings=RoomSettings())
    levels = budget_levels([stage.room])
    assert levels.short == 0
    assert levels.slowest_s == pytest.approx(0.05)


def test_the_lost_and_the_slow_are_not_counted() -> None:
    """They are sent nothing, which says nothing about budgets."""
    stage = crowd()
    _well, lost, *slow = stage.visitors
    stage.lose(lost)
    for visitor in slow:
        visitor.is_writable = False
    assert budget_levels([stage.room]).short == 1


def test_no_rooms_have_no_budgets() -> None:
    """Before anybody comes, all is nought."""
    assert budget_levels([]) == BudgetLevels({0.5: 0.0, 0.9: 0.0, 0.99: 0.0, 1.0: 0.0}, 0, 0.0)
