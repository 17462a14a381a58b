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

from presence import kernels
from presence.entities import Body
from presence.rings import RATE_CLASSES, Detail
from presence.snapshot import HEAD_BYTES
from protocol.records import DTYPES, SECTION_HEADER, Section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.entities import Entities, Mask, Rows
    from presence.interest import Pairs
    from presence.kernels import Rationing
    from presence.snapshot import Frames

# What no observer is held below, unless its room is: a quarter of the usual. A tenth of it is heads of frames; the rest
# carries the nearest dozen ten times a second and everybody else in sight at the slowest rate, be they 500 walkers or
# 200 people with headsets.
MIN_BYTES_PER_S = 8_000
# Who stands this near in the order of distance is told of at every second tick at least: more than can be talked to,
# and enough that whoever comes among the nearest thirty between two looks was told of often already.
_NEAREST = 40
_NEAREST_RATE = 1
# In a crowd so dense that not everybody could be told of every 8 ticks, nobody beyond the radius is kept.
_LINGERING_TICKS = 8
# by detail: of a dot, without head and hands, and with them
_DOT, _ROOT, _TRACKED = (float(DTYPES[section].itemsize) for section in (Section.DOT, Section.ROOT, Section.TRACKED))
# Of who is told at every tick roots are predicted: in five bytes where somebody walks, in eight at the most. The sixth
# is for those who come from another rate, or into sight.
_STEADY_BYTES = _DOT, 6.0, float(DTYPES[Section.TRACKED_DELTA].itemsize)
_DELTA_BYTES = _DOT, float(DTYPES[Section.ROOT_DELTA].itemsize), float(DTYPES[Section.TRACKED_DELTA].itemsize)
assert all(steady > delta / 2 for steady, delta in zip(_STEADY_BYTES, _DELTA_BYTES, strict=True)), (
    "else rarer is dearer"
)
_ENTER = DTYPES[Section.ENTER].itemsize
_ENTER_BYTES = _ENTER + _DOT, _ENTER + _ROOT, _ENTER + _TRACKED
_BINS = 64  # of squared distance, by which an order of distance is estimated
_FRAME_BYTES = HEAD_BYTES + 3 * SECTION_HEADER.itemsize  # of a frame, besides its records
_ENTER_SHARE = 0.5  # of the budget, at the most, for those who come into sight
# Plan a little less than there is, since records are due unevenly; and less than that where a room is stretched, since
# what was planned wrongly is put right more rarely.
_FULL, _FULL_STRETCHED = 0.95, 0.8
_SAVED_TICKS = 0.25  # of the budget, for later: a quiet time is no reason for a burst
_OWED_TICKS = 20
_SPENT_TICKS = 16  # over which what was written is averaged
_CARRIED = 0.25  # of the balance, into the next plan: all of it at once would swing to and fro
_RULES: Rationing = (
    _STEADY_BYTES,
    _DELTA_BYTES,
    _ENTER_BYTES,
    float(_FRAME_BYTES),
    _ENTER_SHARE,
    _NEAREST,
    _NEAREST_RATE,
    _LINGERING_TICKS,
    RATE_CLASSES,
    _BINS,
)


@dataclass(frozen=True, slots=True)
class Ration:
    """What is granted.

    is_admitted: pairs that may stay or enter now. rate: u8, of every pair. is_short: observers that want more.
    """

    is_admitted: Mask
    rate: NDArray[np.uint8]
    is_short: Mask


def allowed(asked: float, most: int) -> float:
    """Return the budget of an observer that asked for one, in a room with a budget of `most`; both bytes a second."""
    return min(max(asked, MIN_BYTES_PER_S), most)


def grant(
    entities: Entities,
    looking: Rows,
    pairs: Pairs,
    rate: NDArray[np.uint8],
    detail: NDArray[np.uint8],
    ticks: int,
    *,
    is_stretched: bool,
) -> Ration:
    """Fit what observers want into their budgets for the next `ticks` ticks.

    looking: the observers, in the order in which pairs are grouped. rate, detail: what the rings ask for. Of a
    stretched room `ticks` is as usual, although what is granted holds for longer: it is rates that are granted,
    so much for each tick, and newcomers are paid for before it may be as usual again.
    """
    usual = entities.budget[looking] * _share(is_stretched=is_stretched)
    is_tracked, told = entities.body == Body.TRACKED, np.minimum(detail, np.uint8(Detail.ROOT))
    if is_tracked.any():
        told = np.where(is_tracked.take(pairs.subjects), detail, told)
    return Ration(
        *kernels.rationed(
            looking,
            pairs.observers,
            pairs.apart,
            pairs.is_held,
            pairs.is_within,
            rate,
            told,
            usual * ticks + entities.balance[looking] * _CARRIED,
            (usual - _FRAME_BYTES) / _DELTA_BYTES[Detail.ROOT],
            ticks,
            _RULES,
        )
    )


def settle(entities: Entities, observers: Rows, frames: Frames, *, is_stretched: bool) -> None:
    """Give the observers of a tick its budget, and take what was written to them; neither is saved for long."""
    written = frames.ends - frames.starts
    let_fade(entities)
    entities.spent[frames.rows] += written
    if not len(observers):
        return
    budget = entities.budget[observers]
    entities.balance[observers] += budget * _share(is_stretched=is_stretched)
    entities.balance[frames.rows] -= written
    balance = np.maximum(entities.balance[observers], -_OWED_TICKS * budget)
    entities.balance[observers] = np.minimum(balance, _SAVED_TICKS * budget)


def _share(*, is_stretched: bool) -> float:
    return _FULL_STRETCHED if is_stretched else _FULL


def let_fade(entities: Entities) -> None:
    """Let a tick pass over what was spent."""
    entities.spent -= entities.spent // _SPENT_TICKS


def used(entities: Entities, observers: Rows) -> NDArray[np.float64]:
    """Tell which share of its budget each of some observers was written lately: 1 is all of it."""
    return np.asarray(entities.spent[observers] / (_SPENT_TICKS * entities.budget[observers]), dtype=np.float64)
