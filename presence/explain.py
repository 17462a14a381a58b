"""Why one sees another, or does not: an answer for one pair at one tick, with the facts behind it and in plain words.

Works everything out again from what `history` kept, with the functions that decided it then: `interest`, `permission`,
`rings` and `budget`. Owns the reasons and their words. Pure, and reads only; whoever asks is told of nothing in places
for which they lack the clearance. Cost of a question: some 10 us for each tick between, and 1 ms.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from presence import budget, interest, pins, viewpoints
from presence.entities import Entities
from presence.history import Link
from presence.permission import is_cleared
from presence.rings import Detail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.history import Past
    from presence.room import Room


class Reason(StrEnum):
    """What decides: the first that holds, in this order, of those who see, then of those who do not."""

    PINNED = "pinned"  # in sight at any distance
    NEAR = "near"  # within the radius
    LINGERS = "lingers"  # beyond the radius, but not beyond the leaving radius
    ITSELF = "itself"
    SPECTATOR = "spectator"  # it is one: nobody is shown it
    BLOCKED = "blocked"
    UNCLEARED = "uncleared"
    ISOLATED = "isolated"
    TOO_FAR = "too_far"
    AWAY = "away"  # the observer has no connection, and is told when it is back
    STALLED = "stalled"  # the observer's socket is full, and it is told when that has drained
    BUDGET = "budget"  # newcomers are admitted a few at a time
    NOT_LOOKED = "not_looked"  # things changed since the observer last looked around


class Unanswerable(LookupError):
    """There is no such tick to ask about. The text says which there are."""


class UnknownEntity(LookupError):
    """There was no such entity, or not for who asks: the two look the same."""


@dataclass(frozen=True, slots=True)
class Party:
    """One of the two, as it was. user: of a member who is still there, or "". cell: x and z in the tick's grid."""

    entity: int
    user: str
    place_mm: tuple[int, int, int]
    zone: str
    cell: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sight:
    """What stands between the two at one tick. distance_mm: from the nearest place that the observer looks from."""

    tick: int
    distance_mm: float
    viewpoints: int
    is_within_radius: bool
    is_within_leaving_radius: bool
    is_blocked: bool
    missing_clearances: tuple[str, ...]
    is_isolated: bool
    is_spectator: bool
    is_pinned: bool

    @property
    def is_allowed(self) -> bool:
        """Whether the observer may see the subject, however far it is."""
        return not (self.is_blocked or self.missing_clearances or self.is_isolated or self.is_spectator)


@dataclass(frozen=True, slots=True)
class Share:
    """How often the observer is told of the subject, as planned when it looked around.

    ring: 1 for the innermost. ring_every_ticks is what the ring asks for, every_ticks what the observer's budget then
    leaves of it.
    """

    tick: int
    ring: int
    detail: Detail
    ring_every_ticks: int
    every_ticks: int
    budget_bytes_per_s: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer. Ticks are None where they lie before everything that is kept.

    pose_tick: when the pose that the observer holds came to be; of a dot, the newest that it stands for. looked_tick:
    when the observer last looked around and was told. looked: what stood between the two then; None where there is
    nothing to tell. next_look_tick: its next turn, whether or not it can be told then. plan: None where the observer is
    to be told nothing of the subject.
    """

    room: str
    tick: int
    observer: Party
    subject: Party
    is_held: bool
    reason: Reason
    pose_tick: int | None
    link: Link
    now: Sight
    looked_tick: int | None
    looked: Sight | None
    next_look_tick: int
    plan: Share | None
    radius_mm: int
    cell_mm: int


def explain(room: Room, observer: int, subject: int, tick: int | None, clearance_bits: int) -> Explanation:
    """Say what an observer held of a subject (entity ids) at the end of a tick, the newest by default, and why.

    Only between two ticks. clearance_bits: of who asks. Raises Unanswerable for a tick that is not kept; UnknownEntity.
    """
    history = room.history
    tick = history.tick if tick is None else tick
    if not history.tick:
        raise Unanswerable(f"room {room.name} has had no tick yet")
    if not history.oldest_tick <= tick <= history.tick:
        raise Unanswerable(f"room {room.name} remembers its ticks from {history.oldest_tick} to {history.tick}")
    past = history.past(room.state.entities, observer)
    past.back_to(tick)
    scene = _Scene(room, past, subject, clearance_bits)
    for entity in (observer, subject):
        if not scene.may_be_told_of(entity):
            where = f"in room {room.name} at tick {tick}"
            raise UnknownEntity(f"there was no entity {entity} {where}, as far as you may know")
    view = scene.view()
    now, is_held, link = scene.sight(view), subject in past.held, past.link()
    parties, cell_mm = scene.parties(view)
    next_look_tick = tick + 1 + (-observer - tick - 1) % past.look_every_ticks
    before = _go_back(scene, is_held=is_held)
    is_put_off = before.looked is not None and before.looked.is_put_off
    return Explanation(
        room=room.name,
        tick=tick,
        observer=parties[0],
        subject=parties[1],
        is_held=is_held,
        reason=_why_held(now, link) if is_held else _why_not(now, link, parties, is_put_off=is_put_off),
        pose_tick=before.pose_tick,
        link=link,
        now=now,
        looked_tick=before.looked_tick,
        looked=None if before.looked is None else before.looked.sight,
        next_look_tick=next_look_tick,
        plan=None if before.looked is None else before.looked.share,
        radius_mm=room.radius_mm,
        cell_mm=cell_mm,
    )


# --- deciding ---------------------------------------------------------------------------------------------------------


def _why_held(now: Sight, link: Link) -> Reason:
    if now.is_allowed and now.is_pinned:
        return Reason.PINNED
    if now.is_allowed and now.is_within_radius:
        return Reason.NEAR
    if now.is_allowed and now.is_within_leaving_radius:
        return Reason.LINGERS
    return _waiting(link)


def _why_not(now: Sight, link: Link, parties: tuple[Party, Party], *, is_put_off: bool) -> Reason:
    refusals = (
        (Reason.ITSELF, parties[0] == parties[1]),
        (Reason.SPECTATOR, now.is_spectator),
        (Reason.BLOCKED, now.is_blocked),
        (Reason.UNCLEARED, bool(now.missing_clearances)),
        (Reason.ISOLATED, now.is_isolated),
        (Reason.TOO_FAR, not (now.is_within_radius or now.is_pinned)),
        (_waiting(link), link is not Link.READY),
        (Reason.BUDGET, is_put_off),
    )
    return next((reason for reason, holds in refusals if holds), Reason.NOT_LOOKED)


def _waiting(link: Link) -> Reason:
    """What keeps an observer from being told of what changed."""
    return {Link.STALLED: Reason.STALLED, Link.AWAY: Reason.AWAY}.get(link, Reason.NOT_LOOKED)


# --- working it out again ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    """What looking around at one tick made of a subject. is_put_off: it was wanted, and not admitted yet."""

    sight: Sight
    share: Share | None
    is_put_off: bool


class _Scene:
    """Two in a room of the past, wherever that stands."""

    def __init__(self, room: Room, past: Past, subject: int, clearance_bits: int) -> None:
        self.past = past
        self.subject = subject
        self._room = room
        self._clearance_bits = np.uint64(clearance_bits)
        self._view: tuple[int, Entities] = (-1, Entities(0))

    def view(self) -> Entities:
        """Return the columns of this tick."""
        if self._view[0] != self.past.tick:
            self._view = self.past.tick, self.past.columns(self._room.world)
        return self._view[1]

    def may_be_told_of(self, entity: int) -> bool:
        """Whether an entity was there, in a place for which who asks has the clearance."""
        place, world = self.past.place_of(entity), self._room.world
        if place is None:
            return False
        return bool(is_cleared(world.zone_requires[world.zone_of(place[None])], self._clearance_bits)[0])

    def sight(self, view: Entities) -> Sight:
        """Say what stands between the two."""
        one, other = self._rows()
        _, eyes = viewpoints.eyes(view, np.array([one]))
        apart = interest.distances_squared(eyes, view.position[other]).min()
        lacking = int(view.requires[other] & ~view.grants[one]) if one != other else 0
        world, radius_mm = self._room.world, self._room.radius_mm
        return Sight(
            tick=self.past.tick,
            distance_mm=math.sqrt(apart),
            viewpoints=len(eyes) - 1,
            is_within_radius=bool(apart <= radius_mm * radius_mm),
            is_within_leaving_radius=bool(apart <= interest.leaving_squared(radius_mm)),
            is_blocked=bool(view.blocks[one, other]),
            missing_clearances=tuple(name for bit, name in enumerate(world.clearances) if lacking >> bit & 1),
            is_isolated=bool(view.isolation[one] != view.isolation[other]),
            is_spectator=bool(view.is_unseen[other] and one != other),
            is_pinned=pins.is_pinned(view, one, other),
        )

    def parties(self, view: Entities) -> tuple[tuple[Party, Party], int]:
        """Describe the two, and tell the size of a cell, mm."""
        origin, cell_mm = interest.grid(view.position, view.alive(), self._room.radius_mm)
        one, other = (self._party(view, row, origin, cell_mm) for row in self._rows())
        return (one, other), cell_mm

    def look(self) -> _Look | None:
        """Look around as the observer did at this tick, or would have. None where either was not there for who asks."""
        if not (self.may_be_told_of(self.past.observer) and self.may_be_told_of(self.subject)):
            return None
        view, (one, other) = self.view(), self._rows()
        settings, sight = self._room.settings, self.sight(view)
        looking = np.array([one])
        pairs = interest.select(view, looking, self._room.radius_mm)
        at = np.flatnonzero(pairs.subjects == other)
        if not len(at):
            return _Look(sight, None, is_put_off=False)
        ring_rate, detail = interest.classify(self._room.rings, pairs.apart)
        rate = ring_rate
        if self.past.is_rationed():
            ticks, is_stretched = settings.look_every_ticks, self.past.look_every_ticks > settings.look_every_ticks
            ration = budget.grant(view, looking, pairs, ring_rate, detail, ticks, is_stretched=is_stretched)
            rate = ration.rate
            if not ration.is_admitted[at[0]]:
                return _Look(sight, None, is_put_off=True)
        share = Share(
            tick=self.past.tick,
            ring=1 + bisect_left([ring.reach_mm**2 for ring in self._room.rings[:-1]], pairs.apart[at[0]]),
            detail=Detail(int(detail[at[0]])),
            ring_every_ticks=1 << int(ring_rate[at[0]]),
            every_ticks=1 << int(rate[at[0]]),
            budget_bytes_per_s=round(view.budget[one] * settings.tick_hz),
        )
        return _Look(sight, share, is_put_off=False)

    def _rows(self) -> tuple[int, int]:
        rows = self.past.row_of(self.past.observer), self.past.row_of(self.subject)
        assert rows[0] is not None, "ask who is missing first"
        assert rows[1] is not None, "likewise"
        return rows[0], rows[1]

    def _party(self, view: Entities, row: int, origin: NDArray[np.int64], cell_mm: int) -> Party:
        state, zone, entity = self._room.state, int(view.zone[row]), int(view.id[row])
        row_now = state.entities.row_of(entity)
        seat = None if row_now is None else state.seats.get(row_now)
        x, y, z = view.position[row].tolist()
        return Party(
            entity=entity,
            user="" if seat is None else seat.member.identity.user,
            place_mm=(x, y, z),
            zone=self._room.world.zones[zone - 1].name if zone else "",
            cell=((x - int(origin[0])) // cell_mm, (z - int(origin[1])) // cell_mm),
        )


@dataclass(slots=True)
class _Background:
    """What earlier ticks add. looked: what the observer's last look made of the subject, in force until its next."""

    looked_tick: int | None = None
    looked: _Look | None = None
    pose_tick: int | None = None


def _go_back(scene: _Scene, *, is_held: bool) -> _Background:
    """Find the observer's last look, and which pose it holds of the subject.

    An observer that can be told is told of a subject when that enters its sight, and from then on whenever it is due by
    what the observer's last look made of it.
    """
    past, subject, found = scene.past, scene.subject, _Background()
    moved: list[int] = []  # ticks, the newest first
    may_be_due: list[int] = []  # likewise, since the look before
    entered_tick: int | None = None
    told_tick: int | None = None
    while True:
        if past.has_moved(subject):
            moved.append(past.tick)
        if past.link() is Link.NONE:
            break
        if is_held and entered_tick is None:
            if past.has_entered(subject):
                entered_tick = past.tick
            elif past.link() is Link.READY:
                may_be_due.append(past.tick)
        if past.has_looked() and (found.looked_tick is None or told_tick is None):
            look = scene.look()
            if found.looked_tick is None:
                found.looked_tick, found.looked = past.tick, look
            due = (tick for tick in may_be_due if look is not None and _is_due(subject, look.share, tick))
            told_tick = told_tick or next(due, entered_tick)
            may_be_due.clear()
        if not past.has_more or (found.looked_tick and (told_tick or not is_held)):
            break
        past.back_to(past.tick - 1)
    told_tick = told_tick or entered_tick  # there was no look since that one came
    found.pose_tick = None if told_tick is None else _last_moved(past, subject, moved, told_tick)
    return found


def _last_moved(past: Past, subject: int, moved: list[int], tick: int) -> int | None:
    """Find when the pose that a subject had at a tick came to be. moved: such ticks from `past` on, newest first."""
    while moved[-1:] > [tick] or not moved:
        if not past.has_more:
            return None
        past.back_to(past.tick - 1)
        if past.has_moved(subject):
            moved.append(past.tick)
    return next(each for each in moved if each <= tick)


def _is_due(subject: int, share: Share | None, tick: int) -> bool:
    return share is not None and (subject + tick) % share.every_ticks == 0


# --- saying it --------------------------------------------------------------------------------------------------------


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Put an explanation into what JSON can hold, its sentences among it."""
    return asdict(explanation, dict_factory=_plain) | {"sentences": in_words(explanation)}


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value.name.lower() if isinstance(value, IntEnum) else value for name, value in items}


def in_words(explanation: Explanation) -> list[str]:
    """Say it in whole sentences, the answer first, then the facts."""
    told, now = explanation, explanation.now
    sees = "sees" if told.is_held else "does not see"
    because = _BECAUSE[told.reason]
    leaving = _metres(told.radius_mm * interest.LEAVING_FACTOR)
    sight = f"one comes into sight within {_metres(told.radius_mm)}, and stays in it up to {leaving}"
    they = f"They were {_metres(now.distance_mm)} apart"
    if now.viewpoints:
        they += f", from the nearest of the {1 + now.viewpoints} places that the observer looks from"
    sentences = [
        f"At tick {told.tick} of room {told.room}, {_name(told.observer)} {sees} {_name(told.subject)}: {because}.",
        f"The observer was {_where(told.observer)}, the subject {_where(told.subject)}.",
        f"{they}, in cells of {_metres(told.cell_mm)}; {sight}.",
        f"Between them: {_between(now)}.",
        _LINK_WORDS[told.link],
        _look_words(told),
    ]
    if told.plan is not None:
        sentences.append(_plan_words(told.plan))
    if told.is_held:
        since = "before what is remembered" if told.pose_tick is None else f"at tick {told.pose_tick}"
        sentences.append(f"The pose that the observer holds of the subject came to be {since}.")
    return sentences


_BECAUSE = {
    Reason.NEAR: "it is near enough",
    Reason.PINNED: "it is pinned for the observer, whatever the distance",
    Reason.LINGERS: "it has not gone beyond the leaving radius since it was near",
    Reason.ITSELF: "nobody is shown to themselves",
    Reason.SPECTATOR: "it is a spectator, and spectators are shown to nobody",
    Reason.BLOCKED: "one of them has blocked the other",
    Reason.UNCLEARED: "where it is, a clearance is needed",
    Reason.ISOLATED: "an isolating zone is between them",
    Reason.TOO_FAR: "it is too far away",
    Reason.AWAY: "the observer's connection is lost, and nothing can be told until it is back",
    Reason.STALLED: "the observer's socket is full, and nothing can be told until it has drained",
    Reason.BUDGET: "the observer's budget admits a few newcomers at each look, the nearest first",
    Reason.NOT_LOOKED: "the observer has not looked around since that changed",
}
_DETAIL_WORDS = {
    Detail.DOT: "as a dot, which says where it is and nothing else",
    Detail.ROOT: "without head and hands",
    Detail.FULL: "with its head and hands if it has any",
}
_LINK_WORDS = {
    Link.NONE: "The observer is an object, and observes nothing.",
    Link.READY: "The observer's socket had taken everything sent before.",
    Link.STALLED: "The observer's socket was full: its client reads too slowly, or its network does.",
    Link.AWAY: "The observer's connection was lost; its seat was held.",
}


def _name(party: Party) -> str:
    return f"entity {party.entity} ({party.user})" if party.user else f"entity {party.entity}"


def _where(party: Party) -> str:
    zone = f"in zone {party.zone}" if party.zone else "in no zone"
    return f"{zone}, cell {party.cell[0]},{party.cell[1]}"


def _metres(millimetres: float) -> str:
    return f"{millimetres / 1000:.3f}".rstrip("0").rstrip(".") + " m"


def _between(sight: Sight) -> str:
    hindrances = [
        *(["a block"] if sight.is_blocked else []),
        *(f"the clearance {name}, which the observer lacks" for name in sight.missing_clearances),
        *(["an isolating zone"] if sight.is_isolated else []),
        *(["the role of a spectator, which the subject has"] if sight.is_spectator else []),
    ]
    return " and ".join(hindrances) or "no block, no clearance that the observer lacks, no isolating zone"


def _look_words(told: Explanation) -> str:
    turn = f"its next turn is tick {told.next_look_tick}"
    if told.looked_tick is None:
        return f"When the observer last looked around is not known; {turn}."
    looked = f"The observer last looked around at tick {told.looked_tick}"
    if told.looked is None:
        return f"{looked}; {turn}."
    then = f"{_metres(told.looked.distance_mm)} and {_between(told.looked)} between them"
    return f"{looked}, with {then}; {turn}."


def _plan_words(plan: Share) -> str:
    often = "every tick" if plan.every_ticks == 1 else f"every {plan.every_ticks} ticks"
    if plan.every_ticks == plan.ring_every_ticks:
        why = "as that ring asks for"
    else:
        limit = f"the observer's budget of {plan.budget_bytes_per_s / 125:g} kbit/s"
        why = f"instead of {plan.ring_every_ticks}, because more would not fit {limit}"
    return f"The subject is in ring {plan.ring} and told of {often}, {why}, {_DETAIL_WORDS[plan.detail]}."
