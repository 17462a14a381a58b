"""Who is close enough to be seen: candidate pairs from a grid, then permission, isolation and distance with hysteresis.

Seen from an observer's own place and from its viewpoints; the nearest counts. Also in which ring they stand, and who
may not stay in view whatever their distance. Exact on integer millimetres: a subject enters at the radius and leaves
beyond 1.15 times it; one that is pinned is always as near as can be. Reads entity columns, writes nothing. Its answers
are flat lists of (observer, subject) rows, grouped by observer; cost O(observers + candidates), without per-entity
Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from presence import pins, viewpoints
from presence.kernels import in_sight
from presence.permission import may_hide, may_see

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.entities import Entities, Mask, Rows
    from presence.kernels import Narrow
    from presence.rings import Ring

# (1.15)^2 = 529/400, so that the leaving radius is exact in integers
_LEAVE_NUMERATOR = 529
_LEAVE_DENOMINATOR = 400
LEAVING_FACTOR = 1.15
# Cells of half the leaving radius and a span of two: the 5 x 5 cells around a point cover 1.97 times the
# circle's area, against 2.86 times for 3 x 3 cells of the whole radius, and more ranges cost more than they
# save.
_SPAN = 2


@dataclass(frozen=True, slots=True)
class Pairs:
    """What observers want to see: parallel columns, grouped by observer in the order in which they were asked for."""

    observers: Narrow
    subjects: Narrow
    is_held: Mask  # whether the observer has been told of the subject
    is_within: Mask  # whether it is within the radius, and not only within the leaving radius
    apart: NDArray[np.int64]  # squared distance, mm2; 0 of who is pinned

    def where(self, chosen: Mask) -> Pairs:
        """Take some of the pairs."""
        return Pairs(*(getattr(self, name)[chosen] for name in Pairs.__slots__))


def select(entities: Entities, observers: Rows, radius_mm: int) -> Pairs:
    """List what each of `observers` (distinct rows) wants to see now, given what it holds."""
    owners, eyes = viewpoints.eyes(entities, observers)
    subjects, first, last = _candidates(entities.position, eyes, entities.alive(), radius_mm)
    pairs = Pairs(
        *in_sight(
            owners,
            eyes,
            subjects,
            np.ascontiguousarray(entities.position[subjects].T, np.float64),
            first,
            last,
            radius_mm * radius_mm,
            leaving_squared(radius_mm),
            entities.given,
            pins.pinned(entities),
            entities.pinned_for,
            entities.groups,
        )
    )
    if entities.isolation.any():
        pairs = pairs.where(entities.isolation.take(pairs.observers) == entities.isolation.take(pairs.subjects))
    if may_hide(entities):
        pairs = pairs.where(may_see(entities, pairs.observers, pairs.subjects))
    return pairs


def leaving_squared(radius_mm: int) -> int:
    """Square the leaving radius, mm2: the largest squared distance at which somebody seen stays in sight."""
    return radius_mm * radius_mm * _LEAVE_NUMERATOR // _LEAVE_DENOMINATOR


def classify(rings: tuple[Ring, ...], apart: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return rate class and detail for squared distances, mm2. rings: inner ones first, the last one endless."""
    if len(rings) == 1:
        return np.full(len(apart), rings[0].rate, np.uint8), np.full(len(apart), rings[0].detail, np.uint8)
    which = np.searchsorted(np.array([ring.reach_mm**2 for ring in rings[:-1]], np.int64), apart)
    rates = np.array([ring.rate for ring in rings], np.uint8)
    details = np.array([ring.detail for ring in rings], np.uint8)
    return rates.take(which), details.take(which)


def forbidden(entities: Entities, changed: Rows) -> tuple[Rows, Rows]:
    """List the (holder, subject) pairs that may not stay, whatever their distance.

    changed: subjects whose permission, isolation or existence changed, distinct rows, gone ones included. What follows
    from distance waits for an observer's next look; this does not. Cost: a column of `given` for each.
    """
    if not len(changed):
        return changed, changed
    holders, which = np.nonzero(entities.given[:, changed])
    subjects = changed[which]
    stays = entities.is_alive[subjects] & (entities.isolation[holders] == entities.isolation[subjects])
    stays &= may_see(entities, holders, subjects)
    return holders[~stays], subjects[~stays]


def grid(position: NDArray[np.int32], subjects: Rows, radius_mm: int) -> tuple[NDArray[np.int64], int]:
    """Lay a tick's grid over its subjects, one at least: where it begins (x and z), and the size of a cell, mm."""
    leave_mm = -(-radius_mm * 23 // 20)  # 1.15 r, rounded up
    return position[subjects][:, (0, 2)].min(axis=0).astype(np.int64), -(-leave_mm // _SPAN)


def _candidates(
    position: NDArray[np.int32], eyes: NDArray[np.int32], subjects: Rows, radius_mm: int
) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
    """List subjects in order of their cells, and which ranges of that list the cells around each eye, (eyes, 3), are.

    Together these are a superset of whom it has within the leaving radius, nobody twice.
    """
    if not len(eyes) or not len(subjects):
        nothing = np.zeros((len(eyes), 0), np.int64)
        return subjects, nothing, nothing
    origin, cell_mm = grid(position, subjects, radius_mm)
    cells = (position[subjects][:, (0, 2)] - origin) // cell_mm
    width = int(cells[:, 0].max()) + 1 + 2 * _SPAN  # margins: a row's range never reaches into its neighbour's
    keys = cells[:, 1] * width + cells[:, 0]
    order = np.argsort(keys, kind="stable")
    keys = keys.take(order)
    home = (eyes[:, (0, 2)] - origin) // cell_mm
    middles = (home[:, 1] * width + home[:, 0])[:, None] + np.arange(-_SPAN, _SPAN + 1) * width
    first, last = np.searchsorted(keys, middles - _SPAN), np.searchsorted(keys, middles + _SPAN, side="right")
    return subjects.take(order), first, last


def distances_squared(places: NDArray[np.int32], place: NDArray[np.int32]) -> NDArray[np.int64]:
    """Squared 3-D distances of places, (n, 3), from one, mm2: exact, since coordinates stay below 2**22."""
    apart = places.astype(np.int64) - place
    return np.asarray((apart * apart).sum(axis=1), dtype=np.int64)
