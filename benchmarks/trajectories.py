"""Where every client was at each of its sequences: the spawn, the hops, then its motion.

What the oracle compares with; made from what the generator did alone. Sequences below FIRST_SEQ are the stops on the
way to where the walk begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.plan import FIRST_SEQ
from benchmarks.snapshot_reader import Part, Pose
from protocol.records import PITCH_QUARTER, YAW_TURN, Section, unpack_orientations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.motion import Motion
    from benchmarks.plan import Visit

Ints = NDArray[np.int64]
_PARTS = 3


class Trajectories:
    """Poses by client and sequence."""

    def __init__(self, motion: Motion, visits: Mapping[int, Visit]) -> None:
        steps, n = motion.yaw_turns.shape
        self._motion = motion
        self._place_mm = np.zeros((n, FIRST_SEQ + steps, 3), np.int64)
        self._yaw, self._pitch = np.zeros((2, n, FIRST_SEQ + steps), np.int64)
        self._place_mm[:, FIRST_SEQ:] = motion.position_mm.transpose(1, 0, 2)
        self._yaw[:, FIRST_SEQ:], self._pitch[:, FIRST_SEQ:] = motion.yaw_turns.T, motion.pitch_steps.T
        for number, visit in visits.items():
            for seq, (x, y, z, turns) in enumerate(visit.stops):
                self._place_mm[number, seq], self._yaw[number, seq] = (x, y, z), turns
        self._wearer = np.full(n, -1)  # the column of a tracked client's head and hands
        self._wearer[motion.tracked] = np.arange(len(motion.tracked))

    def places_mm(self, seqs: Ints) -> Ints:
        """Say where every client was at a sequence of its own: (n,) -> (n, 3)."""
        return self._place_mm[np.arange(len(seqs)), seqs]

    def poses(self, clients: Ints, seqs: Ints) -> list[Pose]:
        """Say in full how some clients were, each at a sequence of its own: both (k,)."""
        places = self._place_mm[clients, seqs].tolist()
        gazes = zip(self._yaw[clients, seqs].tolist(), self._pitch[clients, seqs].tolist(), strict=True)
        bodies = map(self._body, clients.tolist(), seqs.tolist())
        return [
            Pose(Section.TRACKED, (x, y, z), yaw, 0, parts) if parts else Pose(Section.ROOT, (x, y, z), yaw, pitch)
            for (x, y, z), (yaw, pitch), parts in zip(places, gazes, bodies, strict=True)
        ]

    def _body(self, client: int, seq: int) -> tuple[Part, ...]:
        """Return head and hands; nothing for who has none, and before the first pose that brings them."""
        column = int(self._wearer[client])
        if column < 0 or seq < FIRST_SEQ:
            return ()
        places = self._motion.parts_mm[seq - FIRST_SEQ, column].tolist()
        packed = self._motion.parts_packed[seq - FIRST_SEQ, column].tolist()
        return tuple(Part((x, y, z), one) for (x, y, z), one in zip(places, packed, strict=True))

    def errors(self, clients: Ints, seqs: Ints, held: Sequence[Pose]) -> tuple[float, float]:
        """Compare poses with the truth before quantisation, from FIRST_SEQ on.

        Returns the largest distance, mm, of roots and of head and hands from theirs, and the largest angle, degrees.
        """
        motion, steps = self._motion, seqs - FIRST_SEQ
        root = np.array([(*pose.place, pose.yaw, pose.pitch) for pose in held], np.int64).reshape(-1, 5)
        apart_mm = np.linalg.norm(root[:, :3] - motion.position_m[steps, clients] * 1000, axis=1)
        yaw = _turned(root[:, 3] * (360 / YAW_TURN) - np.degrees(motion.yaw[steps, clients]))
        pitch = _turned(root[:, 4] * (90 / PITCH_QUARTER) - np.degrees(motion.pitch[steps, clients]))
        has_parts = np.array([bool(pose.parts) for pose in held], np.bool_)
        apart, degrees = apart_mm.max(initial=0.0), max(yaw.max(initial=0.0), pitch[~has_parts].max(initial=0.0))
        worn = np.flatnonzero((self._wearer[clients] >= 0) & has_parts)
        if not len(worn):
            return apart, degrees
        parts_mm, turned = self._part_errors(
            steps[worn], self._wearer[clients[worn]], [held[k].parts for k in worn.tolist()]
        )
        return max(apart, parts_mm.max()), max(degrees, turned.max())

    def _part_errors(
        self, steps: Ints, columns: Ints, held: list[tuple[Part, ...]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        places = np.array([[part.place for part in parts] for parts in held], np.float64).reshape(-1, _PARTS, 3)
        packed = np.array([[part.orientation for part in parts] for parts in held], np.int64).reshape(-1, _PARTS)
        apart_mm = np.linalg.norm(places - self._motion.parts_m[steps, columns] * 1000, axis=2)
        turned = unpack_orientations(packed).reshape(-1, _PARTS, 4)
        same = np.abs((turned * self._motion.parts_turned[steps, columns]).sum(axis=2))
        return apart_mm, np.degrees(2 * np.arccos(np.minimum(1.0, same)))


def _turned(difference: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.asarray(np.abs((difference + 180) % 360 - 180), np.float64)
