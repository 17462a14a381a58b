"""Whatever is asked about a crowd's past, the explanation says what the oracle says: who held what of whom, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from benchmarks.oracle import ExactOracle
from presence.explain import Explanation, Reason, explain
from presence.history import KEPT_TICKS, Link
from tests.simulation.crowd import CLEARANCES, RADIUS_MM, ZONES, Crowd

EVERYTHING = 2 ** len(CLEARANCES) - 1
QUESTIONS = 10_000
QUESTIONS_A_TICK = 20
WARM_UP_TICKS = 75  # until the room is full
PATIENCE_TICKS = 10  # how long questions wait at the most


@dataclass(frozen=True)
class Verdict:
    """What the oracle says of one pair at one tick. pose_tick: of the pose that is held."""

    tick: int
    observer: int
    subject: int
    link: Link
    pose_tick: int | None
    is_blocked: bool
    is_cleared: bool
    is_isolated: bool
    is_unseen: bool
    is_pinned: bool
    is_within_radius: bool
    is_within_leaving_radius: bool
    looked_tick: int | None

    @property
    def reason(self) -> Reason:
        """Why, by the order in which reasons count."""
        is_allowed = self.is_cleared and not (self.is_blocked or self.is_isolated or self.is_unseen)
        waiting = {Link.STALLED: Reason.STALLED, Link.AWAY: Reason.AWAY}.get(self.link, Reason.NOT_LOOKED)
        if self.pose_tick is not None:
            if is_allowed and self.is_pinned:
                return Reason.PINNED
            if is_allowed and self.is_within_radius:
                return Reason.NEAR
            return Reason.LINGERS if is_allowed and self.is_within_leaving_radius else waiting
        refusals = (
            (Reason.ITSELF, self.observer == self.subject),
            (Reason.SPECTATOR, self.is_unseen),
            (Reason.BLOCKED, self.is_blocked),
            (Reason.UNCLEARED, not self.is_cleared),
            (Reason.ISOLATED, self.is_isolated),
            (Reason.TOO_FAR, not (self.is_within_radius or self.is_pinned)),
        )
        return next((reason for reason, holds in refusals if holds), waiting)


class Witness(ExactOracle):
    """An oracle that can be asked about pairs, once it has judged a tick."""

    def __init__(self, *facts: Any) -> None:
        super().__init__(*facts)
        self._looked: dict[int, int] = {}
        self._came: dict[int, int] = {}

    def verdict(self, entity: int, other: int, link: Link) -> Verdict:
        """Say what stands between two who are there, at the tick judged last."""
        one, two = self._subjects[entity].pose.place, self._subjects[other].pose.place
        told = self._observers[entity].holds.get(other)
        zone = self._zone(two)
        blocked = frozenset((self._subjects[entity].user, self._subjects[other].user)) in self._blocks
        return Verdict(
            tick=self._tick,
            observer=entity,
            subject=other,
            link=link,
            pose_tick=None if told is None else max(told, self._came[other]),
            is_blocked=blocked,
            is_cleared=entity == other or zone is None or ZONES[zone].requires <= self._observers[entity].grants,
            is_isolated=self._isolation(one) != self._isolation(two),
            is_unseen=entity != other and self._subjects[other].is_unseen,
            is_pinned=entity != other
            and not self._subjects[other].pinned_for.isdisjoint(self._observers[entity].groups),
            is_within_radius=self._is_near(entity, other, RADIUS_MM, is_held=False),
            is_within_leaving_radius=self._is_near(entity, other, RADIUS_MM, is_held=True),
            looked_tick=self._looked.get(entity),
        )

    def subjects(self) -> list[int]:
        """List everybody and everything."""
        return list(self._subjects)

    def judge(self, tick: int, *facts: Any) -> Any:
        """Judge, and note who is new."""
        for entity in self._subjects:
            self._came.setdefault(entity, tick)
        return super().judge(tick, *facts)

    def _faults(self, entity: int, told: Any, tick: int, now: float) -> list[str]:
        if self._is_looking(entity, tick):
            self._looked[entity] = tick
        return super()._faults(entity, told, tick, now)


class Watched(Crowd):
    """A crowd about which questions are noted, with the oracle's answers."""

    def __init__(self, seed: int, look_every_ticks: int, dots_beyond_mm: int | None = None) -> None:
        super().__init__(Random(seed), look_every_ticks, dots_beyond_mm)
        self.oracle = self.witness = Witness(*self.facts)
        self.asked: Counter[Reason] = Counter()

    def ask(self) -> Verdict:
        """Choose a pair as it is now: of a few, the one with the reason asked about least."""
        drawn = [self._drawn() for _ in range(6)]
        verdict = min(drawn, key=lambda each: self.asked[each.reason])
        self.asked[verdict.reason] += 1
        return verdict

    def _drawn(self) -> Verdict:
        actor, other = self.rng.choice(self.actors), self.rng.choice(self.witness.subjects())
        link = Link.READY if actor.is_writable else Link.STALLED if actor.is_connected else Link.AWAY
        return self.witness.verdict(actor.entity, other, link)

    def answer(self, verdict: Verdict) -> Explanation:
        """Have the room explain what a verdict is about."""
        return explain(self.room, verdict.observer, verdict.subject, verdict.tick, EVERYTHING)


def assert_agrees(answer: Explanation, verdict: Verdict, oldest_tick: int) -> None:
    """Compare everything that both say."""
    assert answer.reason is verdict.reason, (answer, verdict)
    assert answer.is_held is (verdict.pose_tick is not None)
    assert answer.link is verdict.link
    now = answer.now
    assert (now.is_within_radius, now.is_within_leaving_radius) == (
        verdict.is_within_radius,
        verdict.is_within_leaving_radius,
    )
    assert (now.is_blocked, not now.missing_clearances) == (verdict.is_blocked, verdict.is_cleared)
    hidden = verdict.is_isolated, verdict.is_unseen, verdict.is_pinned
    assert (now.is_isolated, now.is_spectator, now.is_pinned) == hidden
    for said, expected in (
        (answer.pose_tick, verdict.pose_tick),
        (answer.looked_tick, verdict.looked_tick),
    ):
        assert said == expected or (said is None and expected is not None and expected < oldest_tick), (answer, verdict)


@pytest.mark.parametrize(
    ("look_every_ticks", "seed", "dots_beyond_mm"), [(1, 1, None), (2, 2, 5_000), (4, 3, None), (8, 4, 5_000)]
)
def test_every_answer_is_the_oracles(look_every_ticks: int, seed: int, dots_beyond_mm: int | None) -> None:
    """10,000 random questions in all, about pairs and ticks, asked when the room has gone on."""
    crowd = Watched(seed, look_every_ticks, dots_beyond_mm)
    verdicts: list[Verdict] = []
    for tick in range(1, WARM_UP_TICKS + QUESTIONS // 4 // QUESTIONS_A_TICK + 1):
        assert crowd.live() == []
        if tick > WARM_UP_TICKS:
            verdicts += [crowd.ask() for _ in range(QUESTIONS_A_TICK)]
        if tick % PATIENCE_TICKS == 0:
            for verdict in verdicts:
                assert_agrees(crowd.answer(verdict), verdict, 1)
            verdicts.clear()
    assert crowd.asked.total() * 4 == QUESTIONS
    assert {*crowd.asked} == {*Reason} - {Reason.BUDGET}


@pytest.mark.long
def test_the_oldest_tick_that_is_kept_is_as_right_as_the_newest() -> None:
    """Six hundred ticks back, in a room that is twice as old."""
    crowd = Watched(6, look_every_ticks=4)
    verdicts = []
    for _ in range(2 * KEPT_TICKS):
        assert crowd.live() == []
        verdicts += [crowd.ask() for _ in range(2) if crowd.actors]  # all may have left
    oldest = crowd.room.history.oldest_tick
    assert oldest == KEPT_TICKS + 1
    for verdict in verdicts:
        if verdict.tick >= oldest:
            assert_agrees(crowd.answer(verdict), verdict, oldest)
