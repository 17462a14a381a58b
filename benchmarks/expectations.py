"""What each observer is to hold and to be told at a tick: the rules of a room, by brute force on exact integers.

One class for each set of rules; the oracle asks it and judges by the answer. An `Expected` has room for rules that
leave the server a choice: what must be told, and what may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from benchmarks.evidence import Flags, Ints


@dataclass(frozen=True, slots=True)
class Scene:
    """What the oracle knows at a tick, of n clients. Pairs are (observer, subject)."""

    tick: int
    place_mm: Ints  # (n, 3)
    present: Flags  # (n,)
    turn: Flags  # (n,) who looks around at this tick anyway
    starts_over: Flags  # (n,) who is told everything anew
    held: Flags  # (n, n) what each holds before this tick
    moved_tick: Ints  # (n,) when a pose of each was last accepted
    told_tick: NDArray[np.int32]  # (n, n) when each was last told of each


@dataclass(frozen=True, slots=True)
class Expected:
    """What is right at a tick, for whoever is told something at it. `must_tell` is a part of `may_tell`."""

    wanted: Flags  # (n, n) whom each observer holds afterwards
    must_tell: Flags  # (n, n) records that must come
    may_tell: Flags  # (n, n) records that may come


class Rules(Protocol):
    """What a room promises its observers."""

    def expect(self, scene: Scene) -> Expected:
        """Say what is right at a tick."""

    def updates_due(self, scene: Scene, expected: Expected) -> Flags:
        """Say which pairs are due a new pose at this tick, (n, n): what `updates_expected` counts."""


@dataclass(frozen=True, slots=True)
class FullRate:
    """Everybody within the radius, at every tick; looked for at each one's turn, left beyond 1.15 times the radius."""

    radius_mm: int

    def expect(self, scene: Scene) -> Expected:
        """Say that whoever was near at the last look is held, and told of if it has moved since it was last told of."""
        looking = np.flatnonzero(scene.present & (scene.turn | scene.starts_over))
        near = self._near(scene, looking)
        wanted = scene.held & scene.present[None, :] & scene.present[:, None]
        wanted[looking] = near
        due = wanted & (~scene.held | (scene.moved_tick[None, :] > scene.told_tick))
        return Expected(wanted, due, due)

    def updates_due(self, scene: Scene, expected: Expected) -> Flags:
        """Say that every new pose is due to everybody who holds its subject."""
        due: Flags = expected.wanted & (scene.moved_tick == scene.tick)[None, :]
        return due

    def _near(self, scene: Scene, looking: Ints) -> Flags:
        """Say whom some observers see when they look around: (len(looking), n)."""
        there = np.flatnonzero(scene.present)
        place, pairs = scene.place_mm, np.ix_(looking, there)
        squared = np.zeros((len(looking), len(there)), np.int64)
        for axis in place.T[np.ptp(place[there], axis=0) > 0] if len(there) else ():
            apart = axis[looking, None] - axis[None, there]
            apart *= apart
            squared += apart
        limit = self.radius_mm**2
        near = np.zeros((len(looking), len(place)), np.bool_)
        near[:, there] = (squared <= limit) | ((squared <= limit * 529 // 400) & scene.held[pairs])
        near[np.arange(len(looking)), looking] = False
        return near
