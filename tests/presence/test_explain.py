"""Why A sees B, or does not; tests/simulation/test_explain_against_the_oracle.py compares thousands of answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from presence.explain import Explanation, Reason, Unanswerable, UnknownEntity, as_json, explain, in_words
from presence.history import KEPT_TICKS, Link
from presence.identity import SPECTATOR
from presence.rings import Detail, Ring
from presence.room import RoomSettings
from tests.rooms import Metres, Stage, Visitor, world, zone

EVERY = 4
CLEARED = 1  # the clearances of who asks, as bits
ZONES = [
    zone("vault", (5, -1, -5), (9, 5, 5), clearance=["secret"]),
    zone("booth", (-9, -1, -5), (-5, 5, 5), isolated=True),
]
RINGS = (Ring(4_000, 0, Detail.FULL), Ring(6_000, 1, Detail.FULL), Ring(10_000, 3, Detail.ROOT))


def scene(bob_at: Metres = (3, 0, 0), settings: RoomSettings | None = None) -> tuple[Stage, Visitor, Visitor]:
    """Let Ann stand in the middle, and Bob somewhere else, until they have looked around."""
    place = world(zones=ZONES, clearances=["secret"])
    stage = Stage(place, settings or RoomSettings(look_every_ticks=EVERY))
    ann, bob = stage.enter("ann", (0, 0, 0)), stage.enter("bob", bob_at)
    stage.tick(2 * EVERY)
    return stage, ann, bob


def why(stage: Stage, one: Visitor, other: Visitor, tick: int | None = None) -> Explanation:
    """Ask on behalf of somebody who may know everything."""
    return explain(stage.room, one.entity, other.entity, tick, CLEARED)


def until_look(stage: Stage, observer: Visitor) -> None:
    """Go on until the tick at which somebody looks around."""
    while (observer.entity + stage.room.tick_number) % EVERY:
        stage.tick()


# --- reasons ----------------------------------------------------------------------------------------------------------


def test_who_is_near_is_seen() -> None:
    """With all that stands behind it."""
    stage, ann, bob = scene()
    answer = why(stage, ann, bob)
    assert (answer.is_held, answer.reason, answer.now.distance_mm) == (True, Reason.NEAR, 3000)
    assert (answer.observer.user, answer.subject.user, answer.subject.place_mm) == ("ann", "bob", (3000, 0, 0))
    assert (answer.radius_mm, answer.tick) == (10_000, stage.room.tick_number)
    assert answer.next_look_tick - stage.room.tick_number in range(1, EVERY + 1)
    assert (answer.next_look_tick + ann.entity) % EVERY == 0


def test_the_next_look_of_a_busy_room_is_later() -> None:
    """As of the tick that is asked about."""
    stage, ann, bob = scene()
    usual = stage.room.tick_number
    stage.room.stretch(True)
    stage.tick(4 * EVERY)
    busy = stage.room.tick_number
    stage.room.stretch(False)
    stage.tick(2 * EVERY)
    for tick, every in ((usual, EVERY), (busy, 4 * EVERY), (stage.room.tick_number, EVERY)):
        next_look = why(stage, ann, bob, tick).next_look_tick
        assert next_look - tick in range(1, every + 1)
        assert (next_look + ann.entity) % every == 0
    assert why(stage, ann, bob).looked_tick == stage.room.tick_number - (stage.room.tick_number + ann.entity) % EVERY


def test_cells_are_those_of_the_grid() -> None:
    """Counted from whoever stands furthest left and back."""
    stage, ann, bob = scene(bob_at=(-6, 0, 12))
    answer = why(stage, ann, bob)
    assert (answer.observer.cell, answer.subject.cell, answer.cell_mm) == ((1, 0), (0, 2), 5750)


@pytest.mark.parametrize(
    ("bob_at", "reason", "zone_name"),
    [
        ((10.001, 0, 0), Reason.TOO_FAR, ""),
        ((6, 0, 0), Reason.UNCLEARED, "vault"),
        ((-6, 0, 0), Reason.ISOLATED, "booth"),
    ],
)
def test_a_place_hides_who_is_there(bob_at: Metres, reason: Reason, zone_name: str) -> None:
    """And the answer names it, and the clearance that it would take."""
    stage, ann, bob = scene(bob_at)
    answer = why(stage, ann, bob)
    assert (answer.is_held, answer.reason, answer.subject.zone) == (False, reason, zone_name)
    assert answer.now.missing_clearances == (("secret",) if reason is Reason.UNCLEARED else ())
    assert bob.entity not in ann.held


def test_who_goes_lingers_up_to_the_leaving_radius() -> None:
    """Then waits for the observer's next look to be given up."""
    stage, ann, bob = scene(bob_at=(9.5, 0, 0))
    stage.put(bob, (11.5, 0, 0))
    stage.tick(2 * EVERY)
    assert (why(stage, ann, bob).is_held, why(stage, ann, bob).reason) == (True, Reason.LINGERS)
    until_look(stage, ann)
    stage.put(bob, (11.501, 0, 0))
    bob_moved = stage.room.tick_number + 1
    stage.tick()
    answer = why(stage, ann, bob)
    assert (answer.is_held, answer.reason) == (True, Reason.NOT_LOOKED)
    assert (answer.looked_tick, answer.next_look_tick) == (bob_moved - 1, bob_moved - 1 + EVERY)
    stage.tick(EVERY)
    assert why(stage, ann, bob).reason is Reason.TOO_FAR


def test_nobody_needs_a_clearance_for_themselves() -> None:
    """Who has lost it where they stand is hidden from others, not from themselves."""
    stage, ann, _ = scene()
    stage.put(ann, (6, 0, 0))
    stage.tick()
    answer = why(stage, ann, ann)
    assert (answer.observer.zone, answer.reason, answer.now.missing_clearances) == ("vault", Reason.ITSELF, ())


def test_a_block_hides_both_from_its_tick_on() -> None:
    """And not before it."""
    stage, ann, bob = scene()
    stage.block(bob, ann)
    stage.tick()
    assert why(stage, ann, bob).reason is why(stage, bob, ann).reason is Reason.BLOCKED
    assert why(stage, ann, bob, stage.room.tick_number - 1).reason is Reason.NEAR


def test_a_full_socket_is_the_reason_while_it_is_full() -> None:
    """For what has come, and for what has gone."""
    stage, ann, bob = scene(bob_at=(20, 0, 0))
    ann.is_writable = False
    stage.put(bob, (3, 0, 0))
    stage.tick(2 * EVERY)
    answer = why(stage, ann, bob)
    assert (answer.is_held, answer.reason) == (False, Reason.STALLED)
    ann.is_writable = True
    stage.tick(EVERY)
    ann.is_writable = False
    stage.put(bob, (6, 0, 0))
    stage.tick()
    answer = why(stage, ann, bob)
    assert (answer.is_held, answer.reason, answer.now.missing_clearances) == (True, Reason.STALLED, ("secret",))


def test_who_is_away_is_told_nothing() -> None:
    """Until it is back."""
    stage, ann, bob = scene(bob_at=(20, 0, 0))
    stage.lose(ann)
    stage.put(bob, (3, 0, 0))
    stage.tick(EVERY)
    assert why(stage, ann, bob).reason is Reason.AWAY
    stage.resume(ann)
    stage.tick()
    assert why(stage, ann, bob).reason is Reason.NEAR


def test_in_a_quiet_room_everybody_can_be_told() -> None:
    """Where nothing happens nobody is asked whether they can be written to; who is lost then is away at once."""
    stage, ann, bob = scene()
    stage.tick(150)
    assert [why(stage, ann, bob, stage.room.tick_number - back).link for back in range(120)] == [Link.READY] * 120
    stage.lose(ann)
    stage.tick()
    assert why(stage, ann, bob).link is Link.AWAY
    assert why(stage, ann, bob, stage.room.tick_number - 1).link is Link.READY


def test_nobody_is_shown_to_themselves() -> None:
    """Which is no failure."""
    stage, ann, _ = scene()
    assert why(stage, ann, ann).reason is Reason.ITSELF


def test_a_spectator_is_explained() -> None:
    """To operators, who may know; at the tick at which it is one, and not at those before."""
    stage, ann, bob = scene()
    before = stage.room.tick_number
    bob.identity = replace(bob.identity, roles=frozenset({SPECTATOR}))
    stage.room.refresh(bob.row)
    stage.tick()
    answer = why(stage, ann, bob)
    assert (answer.is_held, answer.reason, answer.now.is_spectator) == (False, Reason.SPECTATOR, True)
    assert in_words(answer)[0].endswith(
        "does not see entity 2 (bob): it is a spectator, and spectators are shown to nobody."
    )
    assert "Between them: the role of a spectator, which the subject has." in in_words(answer)
    assert why(stage, ann, bob, before).reason is Reason.NEAR
    assert why(stage, bob, ann).reason is Reason.NEAR


# --- rings and budgets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "ring", "every", "detail"), [(3, 1, 1, 2), (4.5, 2, 2, 2), (9.5, 3, 8, 1)])
def test_a_ring_says_how_often_and_how_much(at: float, ring: int, every: int, detail: int) -> None:
    """And the pose that is held is the one of the last tick that was the subject's turn."""
    stage, ann, bob = scene((at, 0, 0), RoomSettings(look_every_ticks=EVERY, rings=RINGS))
    for step in range(20):
        stage.walk(bob, (at, 0, step / 1000))
        stage.tick()
        answer = why(stage, ann, bob)
        assert answer.plan is not None
        plan = answer.plan
        assert (plan.ring, plan.ring_every_ticks, plan.every_ticks, plan.detail) == (ring, every, every, detail)
        held = ann.held[bob.entity].place
        past = stage.room.history.past(stage.room.state.entities, ann.entity)
        assert answer.pose_tick is not None
        past.back_to(answer.pose_tick)
        place = past.place_of(bob.entity)
        assert place is not None
        assert held == tuple(place.tolist())


def test_the_rings_are_those_of_the_room() -> None:
    """Its own, or its world's: what the plan says is what records do."""
    for settings, every in ((RoomSettings(), 4), (RoomSettings(own_rings=(Ring(10_000, 3, Detail.FULL),)), 8)):
        stage = Stage(world(rings=["10:4"]), replace(settings, look_every_ticks=EVERY))
        ann, bob = stage.enter("ann", (0, 0, 0)), stage.enter("bob", (3, 0, 0))
        stage.tick(2 * EVERY)
        plan = why(stage, ann, bob).plan
        assert plan is not None
        assert (plan.ring_every_ticks, plan.every_ticks) == (every, every)
        told = 0
        for step in range(16):
            stage.walk(bob, (3, 0, (step + 1) / 1000))
            stage.tick()
            told += ann.held[bob.entity].place == (3000, 0, step + 1)
        assert told == 16 // every


def test_a_budget_slows_the_far_and_says_so() -> None:
    """The answer is how often records come, for every subject of a crowd, whatever the ring asks for."""
    crowd = RoomSettings(capacity=200, look_every_ticks=EVERY, budget_bytes_per_s=5_000)
    stage = Stage(world(), crowd)
    ann = stage.enter("ann", (0, 0, 0))
    others = [stage.enter(f"v{number}", (0, 0, -number / 20)) for number in range(1, 90)]
    for step in range(80):
        for number, other in enumerate(others, 1):
            stage.walk(other, (step / 1000, 0, -number / 20))
        stage.tick()
        for other in others[step % 20 :: 20] if step > 40 else ():
            answer = why(stage, ann, other)
            assert answer.is_held is (other.entity in ann.held)
            if answer.pose_tick is not None:
                assert ann.held[other.entity].place[0] == answer.pose_tick - 1
    nearest, furthest = (why(stage, ann, other).plan for other in (others[0], others[-1]))
    assert nearest is not None
    assert furthest is not None
    assert nearest.every_ticks <= 2 < furthest.every_ticks
    assert nearest.ring_every_ticks == furthest.ring_every_ticks == 1


def test_a_plan_names_the_observers_own_budget() -> None:
    """That with which it was made: who asks for less is told of it from its next look on, and why others are slow."""
    stage = Stage(world(), RoomSettings(capacity=200, look_every_ticks=EVERY, budget_bytes_per_s=40_000))
    ann = stage.enter("ann", (0, 0, 0))
    others = [stage.enter(f"v{number}", (0, 0, -number / 20)) for number in range(1, 90)]
    stage.tick(40)
    until_look(stage, ann)
    ann.budget_bytes_per_s = 8_000
    stage.room.allot(ann.row)
    planned = []
    for _ in range(EVERY):
        stage.tick()
        planned.append(why(stage, ann, others[-1]))
    budgets = [answer.plan and (answer.plan.budget_bytes_per_s, answer.plan.every_ticks > 2) for answer in planned]
    assert budgets == [(40_000, False)] * (EVERY - 1) + [(8_000, True)]
    assert "would not fit the observer's budget of 64 kbit/s" in " ".join(in_words(planned[-1]))


def test_a_budget_admits_newcomers_a_few_at_a_time() -> None:
    """Who is not admitted yet is near enough, and waits for a later look."""
    crowd = RoomSettings(capacity=200, look_every_ticks=EVERY, budget_bytes_per_s=5_000)
    stage = Stage(world(), crowd)
    ann = stage.enter("ann", (0, 0, 0))
    others = [stage.enter(f"v{number}", (0, 0, -number / 20)) for number in range(1, 90)]
    stage.tick(EVERY)
    reasons = {other.entity: why(stage, ann, other).reason for other in others}
    assert {entity for entity, reason in reasons.items() if reason is Reason.NEAR} == ann.held.keys()
    assert {*reasons.values()} == {Reason.NEAR, Reason.BUDGET}
    stage.tick(20 * EVERY)
    assert {why(stage, ann, other).reason for other in others} == {Reason.NEAR}


# --- what can be asked ------------------------------------------------------------------------------------------------


def test_a_tick_that_is_not_kept_is_refused_with_those_that_are() -> None:
    """The future is not either."""
    stage, ann, bob = scene()
    with pytest.raises(Unanswerable, match="has had no tick yet"):
        explain(Stage().room, 1, 1, None, 0)
    stage.tick(KEPT_TICKS)
    newest = stage.room.tick_number
    for tick in (newest - KEPT_TICKS, newest + 1):
        with pytest.raises(Unanswerable, match=f"from {newest - KEPT_TICKS + 1} to {newest}"):
            why(stage, ann, bob, tick)


def test_who_was_not_there_is_unknown() -> None:
    """Before they came, after they left; in between they can be asked about still."""
    stage, ann, bob = scene()
    tick = stage.room.tick_number
    stage.exit(bob)
    stage.tick(2)
    with pytest.raises(UnknownEntity, match=f"no entity {bob.entity} "):
        why(stage, ann, bob)
    assert why(stage, ann, bob, tick).is_held
    assert why(stage, bob, ann, tick).is_held


def test_who_lacks_a_clearance_is_told_as_if_nobody_were_there() -> None:
    """Of observers and of subjects, in the same words; at a tick at which they stood elsewhere, everything."""
    stage, ann, bob = scene(bob_at=(6, 0, 0))
    stage.exit(stage.enter("gone"))
    for pair in ((ann, bob), (bob, ann)):
        assert why(stage, *pair).subject.entity == pair[1].entity
        with pytest.raises(UnknownEntity, match=f"no entity {bob.entity} in room stage at tick 8, as far as"):
            explain(stage.room, pair[0].entity, pair[1].entity, None, 0)
    until_look(stage, ann)
    stage.put(bob, (3, 0, 0))
    stage.tick()
    answer = explain(stage.room, ann.entity, bob.entity, None, 0)
    assert (answer.now.distance_mm, answer.looked) == (3000, None), "where it was at the last look is not told"


# --- words ------------------------------------------------------------------------------------------------------------


def test_an_answer_reads_as_sentences() -> None:
    """The first is the answer; names, places, figures and turns follow."""
    stage, ann, bob = scene(bob_at=(6, 0, 0))
    sentences = in_words(why(stage, ann, bob))
    assert sentences[0] == (
        f"At tick 8 of room stage, entity {ann.entity} (ann) does not see entity {bob.entity} (bob): "
        "where it is, a clearance is needed."
    )
    text = " ".join(sentences)
    assert "in zone vault" in text
    assert (
        "They were 6 m apart, in cells of 5.75 m; one comes into sight within 10 m, and stays in it up to 11.5 m"
        in text
    )
    assert "the clearance secret, which the observer lacks" in text
    assert all(sentence[-1] == "." for sentence in sentences)


def test_a_dot_is_said_to_be_one() -> None:
    """It says where, and nothing else."""
    rings = (RINGS[0], Ring(10_000, 1, Detail.DOT))
    stage, ann, bob = scene((9.5, 0, 0), RoomSettings(look_every_ticks=EVERY, rings=rings))
    answer = why(stage, ann, bob)
    said = (
        "The subject is in ring 2 and told of every 2 ticks, as that ring asks for, as a dot, which says where it is "
    )
    assert said + "and nothing else." in in_words(answer)
    assert as_json(answer)["plan"]["detail"] == "dot"


def test_a_slow_plan_is_said_with_its_reason() -> None:
    """By the ring, or by the budget."""
    stage, ann, bob = scene((9.5, 0, 0), RoomSettings(look_every_ticks=EVERY, rings=RINGS))
    answer = why(stage, ann, bob)
    said = "The subject is in ring 3 and told of every 8 ticks, as that ring asks for, without head and hands."
    assert said in in_words(answer)
    assert answer.plan is not None
    slowed = replace(answer, plan=replace(answer.plan, every_ticks=16, budget_bytes_per_s=32_000))
    said = "every 16 ticks, instead of 8, because more would not fit the observer's budget of 256 kbit/s"
    assert said in " ".join(in_words(slowed))


def test_an_answer_is_json_for_machines() -> None:
    """Names for what is counted in the server, and the sentences too."""
    stage, ann, bob = scene()
    told = json.loads(json.dumps(as_json(why(stage, ann, bob))))
    assert (told["is_held"], told["reason"], told["link"]) == (True, "near", "ready")
    assert told["plan"]["detail"] == "full"
    assert told["sentences"][0].endswith("it is near enough.")
