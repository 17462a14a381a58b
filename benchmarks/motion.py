"""How people move: where each is at each step, as truth and as the wire says it.

Pure: a generator of random numbers in, arrays out. A `Track` is a root on its way; `embody` makes a `Motion` of it,
with head and hands for those who wear a headset, quantised once. `walkers` and `assembly` make tracks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from protocol import records

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SPREADS = 2.4  # nothing strays further than this many spreads from its mean

# A standing adult: eyes at 1.65 m, hands before the hips, a swing of the arms with each pair of steps.
_REST_M = np.array([[0.0, 1.65, 0.0], [-0.25, 1.0, -0.2], [0.25, 1.0, -0.2]])
_SWAY_M = np.array([0.02, 0.01, 0.01])  # per part: head, left, right
_SWAY_CHANGE_S = 1.0
_SWINGS_HZ = 0.9
_TURN_SPREAD_RAD = np.array([0.35, 0.5, 0.5])
_TURN_CHANGE_S = 0.8
_PARTS, _AXES = 3, 3


@dataclass(frozen=True, slots=True)
class Track:
    """Roots of n people over a number of steps."""

    position_m: Floats  # (steps, n, 3)
    yaw: Floats  # (steps, n) radians
    pitch: Floats  # (steps, n) radians


@dataclass(frozen=True, slots=True)
class Motion:
    """Trajectories of n people over a number of steps: float truth, and its quantised form.

    m of them are tracked; `tracked` lists which, ascending, and the columns of head and hands are in that order.
    """

    position_m: Floats  # (steps, n, 3)
    yaw: Floats  # (steps, n) radians
    pitch: Floats  # (steps, n) radians
    position_mm: NDArray[np.int32]  # (steps, n, 3)
    yaw_turns: NDArray[np.uint16]  # (steps, n)
    pitch_steps: NDArray[np.int8]  # (steps, n)
    is_still: Flags  # (n,): its pose never changes
    tracked: NDArray[np.int64]  # (m,)
    parts_m: Floats  # (steps, m, 3, 3): head, left and right hand, relative to the root
    parts_turned: Floats  # (steps, m, 3, 4) quaternions x y z w
    parts_mm: NDArray[np.int16]  # (steps, m, 3, 3)
    parts_packed: NDArray[np.uint32]  # (steps, m, 3)

    @property
    def people(self) -> int:
        """How many there are."""
        return int(self.yaw.shape[1])


def embody(
    rng: np.random.Generator, track: Track, step_s: float, *, tracked: Flags | None = None, swing_m: float = 0.0
) -> Motion:
    """Give people bodies: those `tracked` (n,) a head that looks about and hands that swing up to `swing_m`."""
    steps, n = track.yaw.shape
    wearers = np.flatnonzero(np.zeros(n, np.bool_) if tracked is None else tracked)
    parts, turned = _gestures(rng, len(wearers), steps, step_s, swing_m)
    position_mm, yaw = records.millimetres(track.position_m), records.yaw_turns(track.yaw)
    pitch = records.pitch_steps(track.pitch)
    is_still = _never_changes(position_mm) & _never_changes(yaw) & _never_changes(pitch)
    is_still[wearers] = False
    return Motion(
        position_m=track.position_m,
        yaw=track.yaw,
        pitch=track.pitch,
        position_mm=position_mm,
        yaw_turns=yaw,
        pitch_steps=pitch,
        is_still=is_still,
        tracked=wearers,
        parts_m=parts,
        parts_turned=turned,
        parts_mm=records.millimetres(parts).astype(np.int16),
        parts_packed=records.pack_orientations(turned.reshape(-1, 4)).reshape(steps, len(wearers), _PARTS),
    )


def _never_changes(column: NDArray[np.generic]) -> Flags:
    """Tell of each person whether a column (steps, n, ...) is the same at every step."""
    same: Flags = (column == column[:1]).reshape(*column.shape[:2], -1).all(axis=(0, 2))
    return same


def _gestures(
    rng: np.random.Generator, people: int, steps: int, step_s: float, swing_m: float
) -> tuple[Floats, Floats]:
    """Move heads and hands: they sway and turn slowly at random, and hands swing against each other."""
    parts, turned = np.empty((steps, people, _PARTS, _AXES)), np.empty((steps, people, _PARTS, 4))
    sway = Wander(rng, (people, _PARTS, _AXES), np.full((_PARTS, 1), _SWAY_CHANGE_S), step_s)
    turns = Wander(rng, (people, _PARTS, _AXES), np.full((_PARTS, 1), _TURN_CHANGE_S), step_s)
    phase = rng.uniform(0, 2 * np.pi, people)
    for step in range(steps):
        parts[step] = _REST_M + sway.state * _SWAY_M[:, None]
        swing = swing_m * np.sin(phase + 2 * np.pi * _SWINGS_HZ * step * step_s)
        parts[step, :, 1, 2] += swing
        parts[step, :, 2, 2] -= swing
        turned[step] = _quaternions(turns.state * _TURN_SPREAD_RAD[:, None])
        sway.advance()
        turns.advance()
    return parts, turned


def _quaternions(rotations: Floats) -> Floats:
    """Turn rotation vectors (..., 3), radians, into unit quaternions x y z w."""
    angle = np.linalg.norm(rotations, axis=-1, keepdims=True)
    axis = rotations / np.where(angle == 0, 1.0, angle)
    return np.concatenate([axis * np.sin(angle / 2), np.cos(angle / 2)], axis=-1)


class Wander:
    """Slow random change: each value of `state` forgets where it was after its time, has a spread of 1, and is bounded.

    forgets_s: how long each value keeps roughly what it is, of a shape that broadcasts to `shape`.
    """

    def __init__(
        self, rng: np.random.Generator, shape: Sequence[int], forgets_s: NDArray[np.float64], step_s: float
    ) -> None:
        self._rng = rng
        self._keep = np.exp(-step_s / forgets_s)
        self.state = self._bounded(rng.standard_normal(shape))

    @staticmethod
    def _bounded(state: Floats) -> Floats:
        return np.clip(state, -_SPREADS, _SPREADS)

    def advance(self) -> None:
        """Take one step."""
        noise = self._rng.standard_normal(self.state.shape) * np.sqrt(1 - self._keep**2)
        self.state = self._bounded(self.state * self._keep + noise)
