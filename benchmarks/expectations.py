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
    held: Flags  # (n, n) what each holds before this tick
    moved_tick: Ints  # (n,) when a pose of each was last accepted
    told_tick: Ints  # (n,) when each was last told something


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
    """Everybody within the radius, at every tick: enter at the radius, leave beyond 1.15 times it."""

    radius_mm: int

    def expect(self, scene: Scene) -> Expected:
        """Say that whoever is near is held, and told of if it has moved since the observer was last told."""
        wanted = self._wanted(scene)
        due = wanted & (~scene.held | (scene.moved_tick[None, :] > scene.told_tick[:, None]))
        return Expected(wanted, due, due)

    def updates_due(self, scene: Scene, expected: Expected) -> Flags:
        """Say that every new pose is due to everybody who holds its subject."""
        due: Flags = expected.wanted & (scene.moved_tick == scene.tick)[None, :]
        return due

    def _wanted(self, scene: Scene) -> Flags:
        there = np.flatnonzero(scene.present)
        place, pairs = scene.place_mm[there], np.ix_(there, there)
        squared = np.zeros((len(there), len(there)), np.int64)
        for axis in place.T[np.ptp(place, axis=0) > 0] if len(there) else ():
            apart = axis[:, None] - axis[None, :]
            apart *= apart
            squared += apart
        limit = self.radius_mm**2
        near: NDArray[np.bool_] = (squared <= limit) | ((squared <= limit * 529 // 400) & scene.held[pairs])
        np.fill_diagonal(near, False)
        wanted = np.zeros_like(scene.held)
        wanted[pairs] = near
        return wanted
