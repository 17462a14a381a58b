"""What each observer has in view: whom, in which records, and which pose of it it was told last.

A view is replaced when its observer looks around, and loses whoever may not be seen any longer; so it always lists what
the observer's client holds. An observer looks around at every `every`-th tick, and a record of rate class c is due at
every 2**c-th, both in step with entity ids: (tick + id) is a multiple. So the cost of looking is spread over the ticks,
records of slow classes are spread over theirs, and anybody who knows an id can tell when something was due. While a
room is *stretched*, because ticks take too long, only one in four of these turns is taken.

Owns views, and when they are replaced; decides nothing about distance, permission or budgets. Cost of a tick: in
proportion to what is due and to the views that are replaced, however many pairs wait.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from presence import kernels
from presence.entities import MAX_ROWS
from presence.rings import RATE_CLASSES, Detail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from presence.entities import Entities, Held, Mask, Rows
    from presence.kernels import Narrow

ROW_BITS = 14
_ROW = MAX_ROWS - 1
STRETCH = 4  # turns of an observer to one that is taken, in a stretched room
assert 1 << ROW_BITS == MAX_ROWS, "a key is a row, and above it a kind of record"


@dataclass(frozen=True, slots=True)
class Sightings:
    """Pairs of an observer and what it sees: parallel columns, grouped by observer.

    keys: subject and kind of record, as `keys_of` names them. pose: which pose was told last and in which detail, as
    `held_pose` names it; 0 where nothing was told yet.
    """

    observers: Narrow
    keys: Narrow
    pose: Held

    @classmethod
    def new(cls, observers: Narrow, keys: Narrow) -> Sightings:
        """List pairs of which nothing was told yet."""
        return cls(observers, keys, np.zeros(len(keys), np.uint32))

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def subjects(self) -> Narrow:
        """Their rows."""
        return self.keys & _ROW

    @property
    def rate(self) -> Narrow:
        """The rate class at which each subject is told of."""
        return (self.keys >> ROW_BITS) // len(Detail)

    @property
    def detail(self) -> Narrow:
        """How much of each subject is told, as in `rings`."""
        return (self.keys >> ROW_BITS) % len(Detail)

    def where(self, chosen: Mask) -> Sightings:
        """Take some of the pairs."""
        return self if chosen.all() else self.take(np.flatnonzero(chosen))

    def between(self, first: int, last: int) -> Sightings:
        """Take the pairs of some places in a row, which are shared and not copied."""
        return Sightings(self.observers[first:last], self.keys[first:last], self.pose[first:last])

    def take(self, chosen: Rows) -> Sightings:
        """Take pairs by their positions."""
        return Sightings(self.observers.take(chosen), self.keys.take(chosen), self.pose.take(chosen))


NOTHING = Sightings.new(np.zeros(0, np.int32), np.zeros(0, np.int32))


def keys_of(subjects: Narrow, rate: NDArray[np.uint8], detail: NDArray[np.uint8]) -> Narrow:
    """Name records: each by the place in a `by_key` that is its own."""
    keys = rate.astype(np.int32)
    keys *= len(Detail)
    keys += detail
    keys <<= ROW_BITS
    keys |= subjects
    return keys


def by_key(dtype: type[np.generic], column: NDArray[Any]) -> NDArray[Any]:
    """Lay a column out by key. column: broadcasts to (rate class, detail, row). Undefined for keys of other rows."""
    rows = column.shape[-1]
    laid = np.empty((RATE_CLASSES, len(Detail), MAX_ROWS), dtype)  # memory is taken only where it is written to
    laid[..., :rows] = column
    return laid.ravel()


def joined(parts: Iterable[Sightings]) -> Sightings:
    """Put lists of pairs one behind the other."""
    some = [part for part in parts if len(part)] or [NOTHING]
    if len(some) == 1:
        return some[0]
    return Sightings(*(np.concatenate([getattr(part, name) for part in some]) for name in Sightings.__slots__))


@dataclass(frozen=True, slots=True)
class Due:
    """Which pairs are due at one tick. at: their positions in a list. rates: a bit for each rate class among them."""

    at: Narrow
    observers: Narrow
    keys: Narrow
    rates: int


@dataclass(frozen=True, slots=True)
class Told:
    """What observers are about to be told of those they had in view.

    deltas, predicted: (2, pairs): for each record its observer, as those were numbered, ascending, and its key. whole:
    pairs to be sent whole, with the poses that were told before.
    """

    deltas: Rows
    predicted: Rows
    whole: Sightings

    def __len__(self) -> int:
        return len(self.deltas[0]) + len(self.predicted[0]) + len(self.whole)


@dataclass(frozen=True, slots=True)
class Change:
    """What replacing views came to: the pairs that are new, and those that are gone."""

    entering: Sightings
    left: Sightings


class Views:
    """The views of a room's observers."""

    def __init__(self, every: int) -> None:
        """every: ticks from one turn to look around to the next, a power of two; or `STRETCH` times as many."""
        self._every = every
        self._put([NOTHING] * every)

    def _put(self, views: list[Sightings]) -> None:
        """Keep lists of views: one for those who look at the same tick, in the order of `order`."""
        self._views = views
        # likewise: what is due at a tick, and at the ones after it
        self._planned_at = [0] * len(views)
        self._due: list[list[Due]] = [[] for _ in views]

    def _phases(self, entities: Entities, observers: Narrow | Rows) -> Rows:
        """Tell when observers look, as a number of those who look together; who does in either case has one nearby."""
        return np.asarray(self._phase(entities.id[observers].astype(np.intp)), dtype=np.intp)

    def _phase(self, entity: Any) -> Any:
        return entity % self._every * STRETCH + entity // self._every % STRETCH

    def _list_of(self, phases: Any, many: int) -> Any:
        """Tell in which of `many` lists views stand."""
        return phases * many // (STRETCH * self._every)

    def _arrange(self, entities: Entities, ticks: int) -> None:
        """Keep as many lists as there are ticks from turn to turn. Costs a pass over all views when that changes."""
        before, many = self._views, len(self._views)
        if ticks < many:
            self._put([joined(before[at : at + many // ticks]) for at in range(0, many, many // ticks)])
        elif ticks > many:
            parts = ((before[number * many // ticks], number) for number in range(ticks))
            self._put([self._part(entities, views, number, ticks) for views, number in parts])

    def _part(self, entities: Entities, pairs: Sightings, number: int, many: int) -> Sightings:
        """Take those of some pairs, in the order of `order`, whose observers' views stand in one of `many` lists."""

        def list_at(place: int) -> int:
            return int(self._list_of(self._phase(int(entities.id[pairs.observers[place]])), many))

        return pairs.between(*(bisect_left(range(len(pairs)), which, key=list_at) for which in (number, number + 1)))

    def order(self, entities: Entities, observers: Rows) -> Rows:
        """Sort observers (distinct rows) as views are listed: by when they look, then by row."""
        return observers[np.lexsort((observers, self._phases(entities, observers)))]

    def replace(
        self, entities: Entities, looking: Rows, wanted: Sightings, shown: Held, tick: int, ticks: int
    ) -> Change:
        """Let the observers `looking`, in the order of `order`, see what they want. shown: the newest pose of each key.

        wanted: in that order too, of those observers alone. Who comes into view is about to be told that pose. ticks:
        from this turn to their next.
        """
        self._arrange(entities, ticks)
        is_looking = np.zeros(entities.capacity, np.bool_)
        is_looking[looking] = True
        lists = self._list_of(self._phases(entities, looking), ticks)
        entering, left = [NOTHING], [NOTHING]
        for number in np.unique(lists).tolist():
            theirs, views, others = self._part(entities, wanted, number, ticks), self._views[number], NOTHING
            is_theirs = is_looking.take(views.observers)
            if not is_theirs.all():
                views, others = views.where(is_theirs), views.where(~is_theirs)
            columns = views.observers, views.keys, views.pose, theirs.observers, theirs.keys
            pose, came, gone = kernels.matched(looking[lists == number], ROW_BITS, *columns, shown)
            seen = Sightings(theirs.observers, theirs.keys, pose)
            entering.append(seen.take(came))
            left.append(views.take(gone))
            self._views[number] = self._merged(entities, others, seen)
            self._plan(entities, number, tick, ticks)
        return Change(joined(entering), joined(left))

    def _merged(self, entities: Entities, one: Sightings, other: Sightings) -> Sightings:
        """Put two lists in the order of `order`."""
        both = joined((one, other))
        if len(both) in (len(one), len(other)):
            return both
        return both.take(np.lexsort((both.observers, self._phases(entities, both.observers))))

    def prune(self, entities: Entities, tick: int) -> None:
        """Drop the pairs that are not held any longer."""
        for number, views in enumerate(self._views):
            cells = views.observers * entities.capacity + views.subjects
            is_held = entities.given.ravel().take(cells)
            if not is_held.all():
                self._views[number] = views.where(is_held)
                self._plan(entities, number, tick, self._every)

    def of(self, entities: Entities, observer: int) -> Sightings:
        """List what one observer has in view."""
        views = self._views[int(self._list_of(self._phase(int(entities.id[observer])), len(self._views)))]
        places = np.flatnonzero(views.observers == observer)
        return views.between(places[0], places[-1] + 1) if len(places) else NOTHING

    def slowest_rate(self) -> int:
        """Return the slowest rate class of all that is in view. Cost: about 2 ms for a million pairs."""
        return max(int(views.keys.max(initial=0)) for views in self._views) // (len(Detail) << ROW_BITS)

    def rates_due(self, entities: Entities, tick: int) -> list[int]:
        """List the rate classes that are due at this tick, ascending."""
        rates = 0
        for _views, due in self._at(entities, tick):
            rates |= due.rates
        return [rate for rate in range(RATE_CLASSES) if rates >> rate & 1]

    def tell(self, entities: Entities, tick: int, slot_of: Rows, shown: Held, bases: Held) -> Told:
        """Let observers be told of what is due at this tick and is new to them, in the order of `order`.

        slot_of: the number of each observer, by row, negative for one who cannot be told. shown: the newest pose of
        each key. bases: the one from which its delta leads there, `STEADY` where there is a predicted record.
        """
        planned = self._at(entities, tick)
        most = sum(len(due.at) for _views, due in planned)
        lists, counts, whole = (np.empty((2, most), np.intp), np.empty((2, most), np.intp)), (0, 0), []
        slower = len(Detail) << ROW_BITS
        for views, due in planned:
            columns = due.at, due.observers, due.keys, views.pose
            counts, others, held = kernels.told(*columns, slot_of, shown, bases, slower, *lists, counts)
            if len(others):
                whole.append(Sightings(due.observers.take(others), due.keys.take(others), held))
        deltas, predicted = (pairs[:, :count] for pairs, count in zip(lists, counts, strict=True))
        return Told(deltas, predicted, joined(whole))

    def _at(self, entities: Entities, tick: int) -> list[tuple[Sightings, Due]]:
        """Return the views, and what is due of each at a tick. Plans that have run out are renewed: nobody looked."""
        for number, due in enumerate(self._due):
            if tick - self._planned_at[number] >= len(due):
                self._plan(entities, number, tick, self._every)
        plans = zip(self._views, self._due, self._planned_at, strict=True)
        return [(views, due[tick - planned_at]) for views, due, planned_at in plans]

    def _plan(self, entities: Entities, number: int, tick: int, ticks: int) -> None:
        """Find what is due of a list at the next ticks, from this one on."""
        observers, keys, self._planned_at[number] = self._views[number].observers, self._views[number].keys, tick
        if keys.max(initial=0) >> ROW_BITS < len(Detail):  # everybody at every tick: the usual case
            self._due[number] = [Due(np.arange(len(keys), dtype=np.int32), observers, keys, int(len(keys) > 0))] * ticks
            return
        layout = ROW_BITS, len(Detail), RATE_CLASSES
        *pairs, ends, rates = kernels.planned(observers, keys, *layout, entities.id, tick, ticks)
        columns = (np.split(column, ends[:-1]) for column in pairs)
        self._due[number] = [Due(*parts) for parts in zip(*columns, rates.tolist(), strict=True)]


def is_turn(ids: NDArray[np.integer[Any]], tick: int, every: int) -> Mask:
    """Tell of which observers, by entity id, it is the turn to look around."""
    return np.asarray((ids.astype(np.int64) + tick) % every == 0, dtype=np.bool_)


def in_step(entities: Entities, rows: Rows, rate: int, tick: int) -> Mask:
    """Tell of which rows records of a rate class are made at this tick."""
    steps = entities.id[rows].astype(np.int64) + tick
    return np.asarray(steps & ((1 << rate) - 1) == 0, dtype=np.bool_)
