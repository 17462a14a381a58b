"""When each observer looks around, and which of the subjects it then wants are due at which tick until it looks again.

An observer looks around at every `every`-th tick, and a record of rate class c is due at every 2**c-th, both in step
with entity ids: (tick + id) is a multiple. So the cost of looking is spread over the ticks, records of slow classes are
spread over theirs, and anybody who knows an id can tell when something was due.

Owns what was planned; decides nothing about distance, permission or budgets. Cost of a tick: in proportion to what is
due, however many pairs wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from presence.entities import Entities, Mask, Rows


@dataclass(frozen=True, slots=True)
class Due:
    """Pairs that may be told something: parallel columns, grouped by observer.

    rate: u8, the rate class of each. detail: u8, how much of the subject is told, as in `rings`.
    """

    observers: Rows
    subjects: Rows
    rate: NDArray[np.uint8]
    detail: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.observers)

    def columns(self) -> tuple[NDArray[Any], ...]:
        """Return the columns in order."""
        return self.observers, self.subjects, self.rate, self.detail

    def where(self, chosen: Mask) -> Due:
        """Take some of the pairs."""
        if chosen.all():
            return self
        return self.take(np.flatnonzero(chosen))

    def take(self, chosen: Rows) -> Due:
        """Take pairs by their positions."""
        return Due(*(column.take(chosen) for column in self.columns()))


NOTHING = Due(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.uint8), np.zeros(0, np.uint8))


def joined(parts: Sequence[Due]) -> Due:
    """Put lists of pairs one behind the other."""
    return Due(*map(np.concatenate, zip(*(part.columns() for part in parts), strict=True)))


class Agenda:
    """The plan of a room's next ticks."""

    def __init__(self, every: int) -> None:
        """every: ticks from one look of an observer to its next, a power of two."""
        self._every = every
        # by the observers' ids modulo `every`, then by the tick modulo `every`
        self._plan = [[NOTHING] * every for _ in range(every)]
        self._wanted = [NOTHING] * every  # by the observers' ids likewise

    def order(self, entities: Entities, observers: Rows) -> Rows:
        """Sort observers (distinct rows) as `due` lists them: by the tick at which they look, then by row."""
        return observers[np.lexsort((observers, entities.id[observers] % self._every))]

    def looks(self, entities: Entities, observers: Rows, tick: int) -> Mask:
        """Tell which observers look around at this tick anyway."""
        return is_turn(entities.id[observers], tick, self._every)

    def plan(self, entities: Entities, wanted: Due, tick: int) -> None:
        """Plan the ticks from this one until the next look, for those who look at this one: all that they want."""
        self._wanted[-tick % self._every] = wanted
        plan = self._plan[-tick % self._every]
        if not wanted.rate.any():
            plan[:] = [wanted] * self._every
            return
        step = entities.id.take(wanted.subjects) + np.int32(tick)
        interval = (np.int32(1) << wanted.rate) - 1
        for ahead in range(self._every):
            plan[(tick + ahead) % self._every] = wanted.where(((step + ahead) & interval) == 0)

    def repeat(self, entities: Entities, tick: int) -> None:
        """Plan once more what was wanted at the last look of those who look at this tick."""
        self.plan(entities, self._wanted[-tick % self._every], tick)

    def due(self, tick: int) -> Due:
        """List what is due at this tick, grouped by observer in the order of `order`.

        Observers and subjects may be gone by now, and held no longer.
        """
        return joined([plan[tick % self._every] for plan in self._plan])


def is_turn(ids: NDArray[np.integer[Any]], tick: int, every: int) -> Mask:
    """Tell of which observers, by entity id, it is the turn to look around."""
    return np.asarray((ids.astype(np.int64) + tick) % every == 0, dtype=np.bool_)


def in_step(entities: Entities, rows: Rows, rate: int, tick: int) -> Mask:
    """Tell of which rows records of a rate class are made at this tick."""
    steps = entities.id[rows].astype(np.int64) + tick
    return np.asarray(steps & ((1 << rate) - 1) == 0, dtype=np.bool_)
