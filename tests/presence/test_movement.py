"""Which of the poses that clients claim become true, and what the others are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import movement
from presence.entities import Body, Entities
from presence.world import World
from protocol.records import Section
from protocol.schema import Cause
from tests.rooms import Metres, input_record, world, zone

ROOT, TRACKED = Section.ROOT_INPUT, Section.TRACKED_INPUT
Step = tuple[int, int, Metres, float]  # row, sequence, place, when it arrived


class Floor:
    """Avatars on the floor of a world, whose poses are handed to `movement.apply`."""

    def __init__(self, *places: Metres, **parts: Any) -> None:
        self.world: World = world(**parts)
        self.entities = Entities()
        for place in places:
            row = self.entities.add(Body.ROOT, 0.0)
            movement.place(self.entities, self.world, row, _mm(place), 0.0)

    def apply(self, *steps: Step, kind: Section = ROOT, **fields: int) -> tuple[list[int], dict[int, Cause]]:
        """Apply poses in order: the rows that moved, and the causes of corrections by row."""
        table = np.concatenate([input_record(kind, seq, at, **fields) for _, seq, at, _ in steps])
        rows = np.array([step[0] for step in steps], np.intp)
        received = np.array([step[3] for step in steps])
        moved, corrected, causes = movement.apply(self.entities, self.world, kind, rows, table, received)
        return moved.tolist(), {row: Cause(cause) for row, cause in zip(corrected.tolist(), causes, strict=True)}

    def step(self, at: Metres, seq: int = 1, when: float = 0.0, row: int = 0) -> Cause | None:
        """Apply one pose; return why it was corrected, or None."""
        moved, corrected = self.apply((row, seq, at, when))
        assert (row in moved) is (not corrected)
        return corrected.get(row)

    def place(self, row: int = 0) -> Metres:
        """Where an avatar truly is."""
        x, y, z = (self.entities.position[row] / 1000).tolist()
        return x, y, z


def _mm(place: Metres) -> tuple[int, int, int]:
    x, y, z = (round(metres * 1000) for metres in place)
    return x, y, z


# --- what an accepted pose changes ------------------------------------------------------------------------------------


def test_an_accepted_pose_is_taken_over_whole() -> None:
    """Place, yaw, pitch, and when it was sampled: the age is what the client says, in steps of 4 ms."""
    floor = Floor((0, 0, 0))
    assert floor.apply((0, 7, (0.1, 0.2, -0.3), 5.0), yaw=300, pitch=-5, age=50) == ([0], {})
    entities = floor.entities
    assert floor.place() == (0.1, 0.2, -0.3)
    assert (entities.yaw[0], entities.pitch[0], entities.body[0], entities.ack[0]) == (300, -5, Body.ROOT, 7)
    assert entities.sampled_at[0] == 5.0 - 50 * 0.004


def test_a_tracked_pose_brings_head_and_hands() -> None:
    """Each part's offset and orientation goes to its own place in the columns."""
    floor = Floor((0, 0, 0))
    parts = {"head_y": 1700, "left_x": -300, "right_x": 301, "head_orientation": 1, "right_orientation": 2**32 - 1}
    assert floor.apply((0, 1, (0, 0, 0), 0.0), kind=TRACKED, **parts) == ([0], {})
    assert floor.entities.body[0] == Body.TRACKED
    assert floor.entities.parts[0].tolist() == [[0, 1700, 0], [-300, 0, 0], [301, 0, 0]]
    assert floor.entities.part_orientations[0].tolist() == [1, 0, 2**32 - 1]


# --- sequence numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "seq", "is_newer"),
    [(5, 6, True), (5, 5, False), (5, 4, False), (2**32 - 1, 0, True), (0, 2**32 - 1, False), (1, 2**31, True)],
)
def test_a_pose_counts_if_its_sequence_is_newer(last: int, seq: int, is_newer: bool) -> None:
    """Serial numbers go round: after 2**32 - 1 comes 0. An old pose changes nothing and is not corrected."""
    floor = Floor((0, 0, 0))
    floor.entities.ack[0] = last
    assert floor.apply((0, seq, (1, 0, 0), 0.0)) == ([0] if is_newer else [], {})
    assert floor.entities.ack[0] == (seq if is_newer else last)


def test_several_poses_of_one_avatar_are_judged_in_order() -> None:
    """Each from where the last accepted one led; the newest wins, and those out of order are ignored."""
    floor = Floor((0, 0, 0), (50, 0, 0))
    steps = [(0, 1, (1, 0, 0), 0.0), (1, 4, (51, 0, 0), 0.0), (0, 3, (2, 0, 0), 0.0), (0, 2, (0, 0, 0), 0.0)]
    assert floor.apply(*steps) == ([0, 1], {})
    assert (floor.place(0), floor.place(1)) == ((2, 0, 0), (51, 0, 0))
    assert floor.entities.ack[[0, 1]].tolist() == [3, 4]


def test_a_wrong_pose_is_acknowledged_and_the_next_right_one_counts() -> None:
    """The correction names its cause although the avatar moved on in the same tick."""
    floor = Floor((0, 0, 0))
    steps = [(0, 1, (9, 0, 0), 0.0), (0, 2, (1, 0, 0), 0.0)]
    assert floor.apply(*steps) == ([0], {0: Cause.TOO_FAST})
    assert floor.place() == (1, 0, 0)
    assert floor.entities.ack[0] == 2


def test_the_last_cause_of_a_tick_is_told() -> None:
    """Two wrong poses make one correction: the newer one's."""
    floor = Floor((999, 0, 0))
    steps = [(0, 1, (990, 0, 0), 0.0), (0, 2, (1001, 0, 0), 0.0)]
    assert floor.apply(*steps) == ([], {0: Cause.OUT_OF_BOUNDS})


# --- the allowance ----------------------------------------------------------------------------------------------------


def test_three_metres_may_be_spent_at_once_and_no_more() -> None:
    """The allowance starts full with 3 m, whichever way they go."""
    floor = Floor((0, 0, 0))
    assert floor.step((1.8, 0, 2.4)) is None
    assert floor.step((1.8, 0.001, 2.4), seq=2) is Cause.TOO_FAST
    assert floor.place() == (1.8, 0, 2.4)


def test_the_allowance_refills_at_a_runners_pace() -> None:
    """After a quarter of a second 1.5 m more may be gone, and not a millimetre further."""
    floor = Floor((0, 0, 0))
    assert floor.step((3, 0, 0), seq=1) is None
    assert floor.step((4.501, 0, 0), seq=2, when=0.25) is Cause.TOO_FAST
    assert floor.step((4.5, 0, 0), seq=3, when=0.25) is None


def test_the_allowance_never_holds_more_than_three_metres() -> None:
    """Standing still for an hour saves up nothing."""
    floor = Floor((0, 0, 0))
    assert floor.step((3.001, 0, 0), when=3600.0) is Cause.TOO_FAST
    assert floor.step((3, 0, 0), seq=2, when=3600.0) is None


def test_a_refused_step_costs_nothing() -> None:
    """The allowance is taken by accepted poses only."""
    floor = Floor((0, 0, 0))
    assert floor.step((100, 0, 0), seq=1) is Cause.TOO_FAST
    assert floor.step((3, 0, 0), seq=2) is None


def test_time_that_goes_back_gives_no_allowance_twice() -> None:
    """Poses that arrived out of order of their times do not refill what was refilled before."""
    floor = Floor((0, 0, 0))
    assert floor.step((3, 0, 0), seq=1, when=1.0) is None
    assert floor.step((3, 0, 0), seq=2, when=0.0) is None
    assert floor.step((4, 0, 0), seq=3, when=1.0) is Cause.TOO_FAST


@given(
    pauses=st.lists(st.sampled_from([0.0, 0.01, 0.05, 0.3, 2.0]), min_size=1, max_size=30), stride=st.integers(1, 900)
)
def test_nobody_outruns_the_allowance(pauses: list[float], stride: int) -> None:
    """Whatever a walker claims, from the start it is never further than 3 m and 6 m for each second since."""
    floor, now = Floor((0, 0, 0)), 0.0
    for seq, pause in enumerate(pauses, 1):
        now += pause
        x, _, _ = floor.place()
        floor.step((x + stride / 100, 0, 0), seq=seq, when=now)
        assert floor.place()[0] <= 3 + 6 * now + 0.001


# --- walls and bounds -------------------------------------------------------------------------------------------------

WALL = {"walls": [{"from": [1, -5], "to": [1, 5], "base": 0, "height": 3}]}


def test_walls_stop_and_say_so() -> None:
    """A step through a wall is corrected; one along it is not."""
    floor = Floor((0, 0, 0), **WALL)
    assert floor.step((1.5, 0, 0), seq=1) is Cause.WALL
    assert floor.step((0.5, 0, 1), seq=2) is None
    assert floor.place() == (0.5, 0, 1)


def test_feet_need_a_floor_where_there_are_floors() -> None:
    """Beside a floor, above it and below it is nowhere; looking around and other worlds are not concerned."""
    floor = Floor((0, 0, 0), floors=[{"min": [-1, -1], "max": [1, 1], "height": 0}])
    assert floor.step((1.001, 0, 0), seq=1) is Cause.NO_FLOOR
    assert floor.step((0, 0.301, 0), seq=2) is Cause.NO_FLOOR
    assert floor.step((1, 0.3, 0), seq=3) is None
    floor.entities.position[0] = (9000, 0, 0)
    assert floor.step((9, 0, 0), seq=4) is None


def test_looking_around_is_always_possible() -> None:
    """A pose that goes nowhere is fine, even from inside a wall somebody was put into."""
    floor = Floor((1, 0, 0), **WALL)
    assert floor.step((1, 0, 0)) is None


def test_the_bounds_are_solid() -> None:
    """The last millimetre inside is fine, the next one outside is not."""
    floor = Floor((999.5, 0, 0))
    assert floor.step((1000, 0, 0), seq=1) is None
    assert floor.step((1000.001, 0, 0), seq=2) is Cause.OUT_OF_BOUNDS


def test_the_most_telling_cause_is_told() -> None:
    """Out of bounds before walls, walls before missing floors, those before speed, speed before zones."""
    room = zone("vault", (2, -1, -1), (90, 3, 1), clearance=["vault"])
    floor = Floor((0, 0, 0), **WALL, clearances=["vault"], zones=[room])
    assert floor.step((1500, 0, 0), seq=1) is Cause.OUT_OF_BOUNDS
    assert floor.step((50, 0, 0), seq=2) is Cause.WALL
    floor = Floor((0, 0, 0), **WALL, floors=[{"min": [-9, -9], "max": [9, 9], "height": 0}])
    assert floor.step((50, 0, 0), seq=1) is Cause.WALL
    assert floor.step((-50, 0, 0), seq=2) is Cause.NO_FLOOR
    floor = Floor((0, 0, 0), clearances=["vault"], zones=[room])
    assert floor.step((50, 0, 0), seq=1) is Cause.TOO_FAST
    assert floor.step((2.5, 0, 0), seq=2) is Cause.ZONE_CLEARANCE


# --- zones ------------------------------------------------------------------------------------------------------------

VAULT = {"clearances": ["vault"], "zones": [zone("vault", (1, -1, -1), (3, 3, 1), clearance=["vault"])]}
BOOTH = {
    "zones": [
        zone("booth", (1, -1, -1), (3, 3, 1), capacity=1, speech_private=True),
        zone("cell", (-3, -1, -1), (-1, 3, 1), isolated=True),
    ]
}


def test_a_zone_with_clearance_lets_in_the_cleared_only() -> None:
    """Without the grant one stays outside; with it the place's requirement is one's own from then on."""
    floor = Floor((0, 0, 0), (0, 0, 0), **VAULT)
    floor.entities.grants[1] = floor.world.clearance_bits(["vault"])
    assert floor.step((1, 0, 0), row=0) is Cause.ZONE_CLEARANCE
    assert floor.step((1, 0, 0), row=1) is None
    assert floor.entities.requires[[0, 1]].tolist() == [0, 1]
    assert floor.step((0.9, 0, 0), row=1, seq=2) is None
    assert floor.entities.requires[1] == 0


def test_who_lost_the_clearance_may_move_inside_and_leave_but_not_return() -> None:
    """Only entering asks for it."""
    floor = Floor((2, 0, 0), **VAULT)
    assert floor.step((1.5, 0, 0), seq=1) is None
    assert floor.step((0.5, 0, 0), seq=2) is None
    assert floor.step((1.5, 0, 0), seq=3) is Cause.ZONE_CLEARANCE


def test_a_zone_is_full_at_its_capacity() -> None:
    """One more does not get in until one leaves; who is inside may move on."""
    floor = Floor((2, 0, 0), (0, 0, 0), **BOOTH)
    assert floor.step((2.5, 0, 0), row=0, seq=1) is None
    assert floor.step((1.5, 0, 0), row=1, seq=1) is Cause.ZONE_FULL
    assert floor.step((0.5, 0, 0), row=0, seq=2) is None
    assert floor.step((1.5, 0, 0), row=1, seq=2) is None


def test_of_two_at_one_tick_the_first_gets_the_last_place() -> None:
    """A zone does not fill beyond its capacity because several enter at once."""
    floor = Floor((0, 0, 0), (0, 0, 0.5), **BOOTH)
    assert floor.apply((1, 1, (1.5, 0, 0), 0.0), (0, 1, (1.5, 0, 0), 0.0)) == ([1], {0: Cause.ZONE_FULL})


def test_who_is_refused_takes_no_place_from_another() -> None:
    """Somebody too fast for the last place does not keep out the one behind."""
    floor = Floor((90, 0, 0), (0, 0, 0), **BOOTH)
    steps = [(0, 1, (1.5, 0, 0), 0.0), (1, 1, (1.5, 0, 0), 0.0)]
    assert floor.apply(*steps) == ([1], {0: Cause.TOO_FAST})


def test_objects_do_not_count_in_a_zone() -> None:
    """A capacity is one of people."""
    floor = Floor((2, 0, 0), (0, 0, 0), **BOOTH)
    floor.entities.body[0] = Body.THING
    assert floor.step((1.5, 0, 0), row=1) is None


def test_spectators_neither_count_in_a_zone_nor_are_kept_out() -> None:
    """Nobody can tell from its being full that one is inside."""
    floor = Floor((2, 0, 0), (0, 0, 0), (0, 0, 0.5), **BOOTH)
    floor.entities.is_unseen[[0, 2]] = True
    assert floor.step((1.5, 0, 0), row=1) is None
    assert floor.step((1.5, 0, 0.5), row=2) is None


def test_zone_rules_follow_the_feet() -> None:
    """Isolation and speech privacy are those of the zone one stands in, and only where it has them."""
    floor = Floor((0, 0, 0), **BOOTH)
    for seq, (x, expected) in enumerate([(1.5, (1, 0, 1)), (0, (0, 0, 0)), (-1.5, (2, 2, 0))], 1):
        assert floor.step((x, 0, 0), seq=seq, when=float(seq)) is None
        columns = floor.entities.zone, floor.entities.isolation, floor.entities.privacy
        assert tuple(int(column[0]) for column in columns) == expected


def test_a_place_that_is_given_fills_the_allowance() -> None:
    """After a spawn or a jump one may run again, and stands under the rules of the zone there."""
    floor = Floor((0, 0, 0), **BOOTH)
    assert floor.step((3, 0, 0), seq=1) is None
    movement.place(floor.entities, floor.world, 0, (-2000, 0, 0), 0.0)
    assert floor.entities.isolation[0] == 2
    assert floor.step((0.5, 0, 1), seq=2) is None
