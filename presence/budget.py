"""What an observer is sent when not everything fits: slower rates further out, and newcomers a few at a time.

Each observer has a budget of bytes. Whoever wants more than it allows has its subjects slowed down, the furthest first
and the nearest few least of all, until what is planned fills the budget and does not exceed it. Nobody is left out for
long: everybody in sight is due at some rate, at the slowest every 32 ticks; where even so all are due rarely, nobody
stays in sight beyond the radius. What was planned and what was written differ by a little; the difference is carried
over to the next plan.

Pure, over columns; cost in proportion to the pairs of the observers that look, without sorting them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from presence.entities import Body
from presence.rings import RATE_CLASSES, Detail
from presence.snapshot import HEAD_BYTES
from protocol.records import DTYPES, SECTION_HEADER, Section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.entities import Entities, Mask, Rows
    from presence.interest import Pairs
    from presence.snapshot import Frames

# Who stands this near in the order of distance is told of at every second tick at least: more than can be talked to,
# and enough that whoever comes among the nearest thirty between two looks was told of often already.
_NEAREST = 40
_NEAREST_RATE = 1
_SLOWEST = RATE_CLASSES - 1
# In a crowd so dense that not everybody could be told of every 8 ticks, nobody beyond the radius is kept.
_LINGERING_TICKS = 8
# without head and hands, and with them
_DELTA_BYTES = DTYPES[Section.ROOT_DELTA].itemsize, DTYPES[Section.TRACKED_DELTA].itemsize
_ENTER_BYTES = tuple(DTYPES[Section.ENTER].itemsize + DTYPES[kind].itemsize for kind in (Section.ROOT, Section.TRACKED))
_BINS = 64  # of squared distance, by which an order of distance is estimated
_FRAME_BYTES = HEAD_BYTES + 3 * SECTION_HEADER.itemsize  # of a frame, besides its records
_ENTER_SHARE = 0.5  # of the budget, at the most, for those who come into sight
_FULL = 0.95  # plan a little less than there is: records are due unevenly
_SAVED_TICKS = 1  # of the budget, for later: a quiet time is no reason for a burst
_OWED_TICKS = 20
_CARRIED = 0.25  # of the balance, into the next plan: all of it at once would swing to and fro


@dataclass(frozen=True, slots=True)
class Ration:
    """What is granted. is_admitted: pairs that may stay or enter now. rate: u8, of every pair."""

    is_admitted: Mask
    rate: NDArray[np.uint8]


def grant(
    entities: Entities, looking: Rows, pairs: Pairs, rate: NDArray[np.uint8], detail: NDArray[np.uint8], ticks: int
) -> Ration:
    """Fit what observers want into their budgets for the next `ticks` ticks.

    looking: the observers, in the order in which pairs are grouped. rate, detail: what the rings ask for.
    """
    n = len(looking)
    budget = entities.budget[looking] * ticks * _FULL + entities.balance[looking] * _CARRIED
    slot_of = np.zeros(entities.capacity, np.intp)
    slot_of[looking] = np.arange(n)
    slots = slot_of.take(pairs.observers)
    if _is_plenty(pairs, slots, budget, ticks):
        return Ration(np.ones(len(slots), np.bool_), rate)
    is_full = (entities.body == Body.TRACKED).take(pairs.subjects) & (detail == Detail.FULL)
    is_admitted = _admitted(pairs, slots, budget)
    enters = np.flatnonzero(~pairs.is_held & is_admitted)
    entering_bytes = np.bincount(slots.take(enters), _bytes_of(is_full.take(enters), _ENTER_BYTES), minlength=n)
    bytes_left = np.maximum(budget - entering_bytes - ticks * _FRAME_BYTES, 1.0)
    usual_records = (entities.budget[looking] * _FULL - _FRAME_BYTES) / _DELTA_BYTES[0]
    is_admitted &= _may_linger(pairs, slots, is_admitted, usual_records)
    cost = np.where(is_admitted, _bytes_of(is_full, _DELTA_BYTES), 0.0)  # most records are deltas
    wanted = np.bincount(slots, cost, minlength=n)
    at_ring_rates = np.bincount(slots, cost / (1 << rate.astype(np.int32)), minlength=n) * ticks
    over = np.flatnonzero((at_ring_rates > bytes_left).take(slots) & is_admitted)
    if len(over):
        admitted = np.bincount(slots, is_admitted, minlength=n)
        records = bytes_left * admitted / (np.maximum(wanted, 1.0) * ticks)
        rate = rate.copy()
        rate[over] = _slowed(slots.take(over), pairs.apart.take(over), rate.take(over), records)
    return Ration(is_admitted, rate)


def settle(entities: Entities, observers: Rows, frames: Frames) -> None:
    """Give the observers of a tick its budget, and take what was written to them; neither is saved for long."""
    entities.balance[observers] += entities.budget[observers] * _FULL
    entities.balance[frames.rows] -= frames.ends - frames.starts
    budget = entities.budget[observers]
    entities.balance[observers] = np.clip(entities.balance[observers], -_OWED_TICKS * budget, _SAVED_TICKS * budget)


def _is_plenty(pairs: Pairs, slots: Rows, budget: NDArray[np.float64], ticks: int) -> bool:
    """Tell whether every observer could be told of all it wants at every tick, newcomers at once: the usual case.

    Nothing of what follows would hold anybody back then, so it need not be worked out.
    """
    counts = np.bincount(slots, minlength=len(budget))
    entering = np.bincount(slots.take(np.flatnonzero(~pairs.is_held)), minlength=len(budget)) * float(_ENTER_BYTES[-1])
    every_tick = ticks * (counts * float(_DELTA_BYTES[-1]) + _FRAME_BYTES)
    return bool(((entering <= budget * _ENTER_SHARE) & (entering + every_tick <= budget)).all())


def _bytes_of(is_full: Mask, sizes: tuple[int, ...]) -> NDArray[np.float64]:
    """Say what each of some records takes. sizes: of one without head and hands, and of one with them."""
    return np.array(sizes, np.float64).take(is_full.astype(np.intp))


def _admitted(pairs: Pairs, slots: Rows, budget: NDArray[np.float64]) -> Mask:
    """Choose who may stay or enter, of those who enter the nearest first."""
    entering = np.flatnonzero(~pairs.is_held)
    counts = np.bincount(slots.take(entering), minlength=len(budget))
    most = np.maximum(1, (budget * _ENTER_SHARE / _ENTER_BYTES[-1]).astype(np.int64))
    is_admitted = np.ones(len(slots), np.bool_)
    crowded = entering[(counts > most).take(slots.take(entering))]
    if len(crowded):
        order = crowded[np.lexsort((pairs.apart.take(crowded), slots.take(crowded)))]
        theirs = slots.take(order)
        rank = np.arange(len(order)) - np.searchsorted(theirs, theirs)
        is_admitted[order[rank >= most.take(theirs)]] = False
    return is_admitted


def _may_linger(pairs: Pairs, slots: Rows, is_admitted: Mask, records: NDArray[np.float64]) -> Mask:
    """Tell who may stay: whoever is within the radius, and others where that slows nobody below `_LINGERING_TICKS`.

    records: how many a tick each observer may usually be sent; what it owes for a moment is no reason to lose sight.
    """
    counts = np.bincount(slots, is_admitted, minlength=len(records))
    nearest = np.minimum(_NEAREST, counts)
    is_packed = nearest / (1 << _NEAREST_RATE) + (counts - nearest) / _LINGERING_TICKS > records
    return np.asarray(pairs.is_within | ~is_packed.take(slots), dtype=np.bool_)


def _slowed(
    slots: Rows, apart: NDArray[np.int64], rate: NDArray[np.uint8], records: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Slow down the subjects of observers that want too much. records: how many a tick each of them may be sent.

    Everybody is due at one rate, or nearer than some distance at the next faster one, or at the rate of its ring if
    that is slower; the nearest few at `_NEAREST_RATE`.
    """
    n = len(records)
    by_rate = np.bincount(slots * RATE_CLASSES + rate, minlength=n * RATE_CLASSES).reshape(n, RATE_CLASSES)
    nearest = np.minimum(np.minimum(_NEAREST, by_rate.sum(axis=1)), records.astype(np.int64))  # half of it at the most
    rest = by_rate.astype(np.float64)
    rest[:, 0] = np.maximum(0, rest[:, 0] - nearest)
    periods = 1 << np.arange(RATE_CLASSES)
    wanted = nearest[:, None] / (1 << _NEAREST_RATE) + rest @ (1.0 / np.maximum(periods[:, None], periods[None, :]))
    fits = wanted[:, 1:] <= records[:, None]
    slow = np.where(fits.any(axis=1), 1 + fits.argmax(axis=1), _SLOWEST)
    spare = np.maximum(0.0, records - wanted[np.arange(n), slow])
    faster = spare * periods[slow] + np.where(slow > _NEAREST_RATE, nearest, 0)

    furthest = int(apart.max()) + 1
    bins = (apart * _BINS // furthest).astype(np.intp)
    counts = np.bincount(slots * _BINS + bins, minlength=n * _BINS).reshape(n, _BINS)
    is_faster = apart <= (_reach(counts, faster) * furthest / _BINS).take(slots)
    is_nearest = apart <= (_reach(counts, nearest.astype(np.float64)) * furthest / _BINS).take(slots)
    slowed = slow.astype(np.uint8).take(slots) - is_faster.astype(np.uint8)
    slowed = np.where(is_nearest, np.minimum(slowed, _NEAREST_RATE), slowed)
    return np.maximum(rate, slowed).astype(np.uint8)


def _reach(counts: NDArray[np.intp], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Estimate within how many bins of each row as many as `wanted` are; bins count as if filled evenly."""
    below = np.cumsum(counts, axis=1)
    full = np.minimum((below <= wanted[:, None]).sum(axis=1), counts.shape[1] - 1)
    at = np.arange(len(counts))
    before = below[at, full] - counts[at, full]
    return np.asarray(full + np.clip((wanted - before) / np.maximum(1, counts[at, full]), 0.0, 1.0))
