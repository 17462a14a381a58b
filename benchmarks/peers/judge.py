"""What clients of another server were told, compared with where everybody was.

A place in exact millimetres says which step of a walk it is, so no message needs to carry a number or a time for this.
Pure: motion and what was heard go in, figures come out. What cannot be told apart from outside is given room: an
observer's own place at the moment of a tick is known to a step or two, so of pairs within `MARGIN_M` of the radius
nothing is demanded and nothing is held against the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.motion import Floats

if TYPE_CHECKING:
    from collections.abc import Callable

Ints = NDArray[np.int64]
TOLD = np.dtype(
    [("arrived_ns", np.int64), ("observer", np.int64), ("subject", np.int64), ("x", np.int64), ("z", np.int64)]
)

MARGIN_M = 0.5  # two steps of two walkers towards each other at 2.1 m/s are 0.42 m
_BITS = 20  # of a coordinate: up to 524 m from the origin
_HALF = 1 << (_BITS - 1)


@dataclass(frozen=True, slots=True)
class Heard:
    """Figures over the measured time. latency_ms: (k,), one for each pose that was due to somebody and reached them."""

    updates: int
    repeats: int  # records that told nothing new
    unknown: int  # records of a place where the subject never was
    due: int  # pairs and steps well within the radius, of poses that anybody was told of
    missing: int  # of those
    beyond: int  # updates about somebody well beyond the radius
    overtaken: int  # poses that nobody was told of
    latency_ms: Floats


def judge(
    place_mm: NDArray[np.int32],
    told: NDArray[np.void],
    sent_ns: Callable[[Ints, Ints], Ints],
    steps: tuple[int, int],
    window_ns: tuple[int, int],
    radius_m: float,
) -> Heard:
    """Match what was told (TOLD records, of the whole run) with the walks, place_mm (steps, people, 3).

    sent_ns: (subjects, steps) -> when those poses were to be sent. steps: those measured, from, up to.
    Cost: O(steps x people²) for who is near whom.
    """
    place = place_mm[:, :, [0, 2]].astype(np.int64)
    told = told[np.argsort(told["arrived_ns"], kind="stable")]
    step = _steps(place, told["subject"], told["x"], told["z"])
    is_known = step >= 0
    unknown = int(np.count_nonzero(~is_known & _within(told["arrived_ns"], window_ns)))
    told, step = told[is_known], step[is_known]
    is_new, before = _progress(told, step)
    in_window = _within(told["arrived_ns"], window_ns)
    updates, newest = told[is_new & in_window], step[is_new & in_window]
    due, missing, overtaken = _accounts(place, told, step, steps, radius_m)
    return Heard(
        updates=len(updates),
        repeats=int(np.count_nonzero(~is_new & in_window)),
        unknown=unknown,
        due=due,
        missing=missing,
        beyond=int(np.count_nonzero(_apart_m(place, updates, newest) > radius_m + MARGIN_M)),
        overtaken=overtaken,
        latency_ms=_latencies(place, updates, newest, before[is_new & in_window], sent_ns, radius_m),
    )


def _within(moments_ns: Ints, window_ns: tuple[int, int]) -> NDArray[np.bool_]:
    return (moments_ns >= window_ns[0]) & (moments_ns < window_ns[1])


def _steps(place: Ints, subject: Ints, x: Ints, z: Ints) -> Ints:
    """Find at which step a subject was at a place; -1 for none."""
    steps, people, _ = place.shape
    keys = _keys(np.tile(np.arange(people), steps), place[:, :, 0].ravel(), place[:, :, 1].ravel())
    order = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys[order], _keys(subject, x, z))
    candidate = order[np.minimum(at, len(order) - 1)]
    return np.where(keys[candidate] == _keys(subject, x, z), candidate // people, -1)


def _keys(subject: Ints, x: Ints, z: Ints) -> Ints:
    return (subject << (2 * _BITS)) | ((x + _HALF) << _BITS) | (z + _HALF)


def _progress(told: NDArray[np.void], step: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Say which records brought a newer step than the observer had of that subject, and which it had; -1 for none."""
    order = np.lexsort((told["subject"], told["observer"]))  # in order of arrival within each pair: it is stable
    observer, subject, sorted_step = told["observer"][order], told["subject"][order], step[order]
    starts = np.ones(len(told), np.bool_)
    starts[1:] = (observer[1:] != observer[:-1]) | (subject[1:] != subject[:-1])
    # Running maximum within each pair: pairs are lifted above each other so that one maximum serves all.
    lift = np.cumsum(starts) * (1 << 32)
    highest = np.maximum.accumulate(sorted_step + lift) - lift
    previous = np.concatenate([[-1], highest[:-1]])
    previous[starts] = -1
    before = np.empty(len(told), np.int64)
    before[order] = previous
    return step > before, before


def _apart_m(place: Ints, told: NDArray[np.void], step: Ints) -> Floats:
    apart: Floats = np.linalg.norm(place[step, told["observer"]] - place[step, told["subject"]], axis=1) / 1000
    return apart


def _accounts(
    place: Ints, told: NDArray[np.void], step: Ints, steps: tuple[int, int], radius_m: float
) -> tuple[int, int, int]:
    """Count what was due over the measured steps, what of it is missing, and poses that nobody was told of.

    Missing is a pose of which the observer was told neither itself nor the next one, by which it was overtaken.
    """
    due = missing = overtaken = 0
    limit = (1000 * (radius_m - MARGIN_M)) ** 2
    order = np.argsort(step, kind="stable")
    bounds = np.searchsorted(step[order], np.arange(len(place) + 1))

    def reached(at: int) -> NDArray[np.bool_]:
        """Say who was told of whose pose of one step: (observers, subjects)."""
        pairs = np.zeros((place.shape[1],) * 2, np.bool_)
        if at < len(place):
            rows = told[order[bounds[at] : bounds[at + 1]]]
            pairs[rows["observer"], rows["subject"]] = True
        return pairs

    later = reached(steps[1])
    for at in reversed(range(*steps)):
        now = reached(at)
        is_told = np.asarray(now.any(axis=0))
        near: NDArray[np.bool_] = ((place[at, :, None] - place[at, None, :]) ** 2).sum(axis=2) <= limit
        np.fill_diagonal(near, val=False)
        overtaken += int(np.count_nonzero(near.any(axis=0) & ~is_told))
        near &= is_told[None, :]
        due += int(np.count_nonzero(near))
        missing += int(np.count_nonzero(near & ~now & ~later))
        later = now
    return due, missing, overtaken


def _latencies(
    place: Ints,
    updates: NDArray[np.void],
    step: Ints,
    before: Ints,
    sent_ns: Callable[[Ints, Ints], Ints],
    radius_m: float,
) -> Floats:
    """Age every pose that reached somebody: an overtaken one until the newer one's arrival.

    Overtaken poses count where the pair was well within the radius all the while: else it had left, and come back.
    """
    count = np.where(before < 0, 1, step - before)
    row = np.repeat(np.arange(len(updates)), count)
    first = np.cumsum(count) - count
    back = np.arange(len(row)) - first[row]
    pose, told = step[row] - back, updates[row]
    is_near: NDArray[np.bool_] = _apart_m(place, told, pose) <= radius_m - MARGIN_M
    stayed = np.asarray(np.logical_and.reduceat(is_near, first)) if len(first) else is_near
    counts = (back == 0) | stayed[row]
    return np.asarray((told["arrived_ns"] - sent_ns(told["subject"], pose))[counts] / 1e6)
