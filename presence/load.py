"""How much of their time the ticks of a server take, and what is done about it: overrun is planned.

    NORMAL      as usual
    STRETCHED   observers look around a quarter as often, so that a tick costs less (`room`)
    REFUSING    nobody new is let into a room, and the server is not ready (`hub`, `http`); still stretched

Late ticks are left out whatever the level (`ticker`). There is one load and one level for all rooms, since one thread
ticks them. Owns the thresholds. Pure: whoever runs the ticks says how long they took.
"""

from __future__ import annotations

import math
from enum import IntEnum


class Level(IntEnum):
    """What is done about the load."""

    NORMAL = 0
    STRETCHED = 1
    REFUSING = 2


# A pause of half a second, or ten bad ticks in a row, are over before anything could be done about them.
SMOOTHING_S = 1.0
# Stretched ticks are up to two fifths shorter, so the way back is further than that, or it would undo itself. Between
# 0.9 and a whole interval there is room for ticks that are longer than most. Who is refused comes back after some
# seconds, with others: by then there must be room for a few.
RISES_ABOVE = {Level.STRETCHED: 0.7, Level.REFUSING: 0.9}
FALLS_BELOW = {Level.STRETCHED: 0.4, Level.REFUSING: 0.75}


class Load:
    """The share of its time that a server's ticks take, and the level that follows from it."""

    def __init__(self, interval_s: float) -> None:
        """interval_s: from one tick to the next."""
        self.share = 0.0  # 0 to 1, smoothed
        self.level = Level.NORMAL
        self._interval_s = interval_s

    def note(self, took_s: float, skipped: int) -> None:
        """Take a tick into account that was over `took_s` after it was due, `skipped` ticks having been left out.

        So what made it late counts, and a tick that is left out counts as one that took all its time.
        """
        elapsed_s = (1 + skipped) * self._interval_s
        share = min(1.0, took_s / elapsed_s)
        self.share += (share - self.share) * (1 - math.exp(-elapsed_s / SMOOTHING_S))
        self.level = _next(self.level, self.share)


def _next(level: Level, share: float) -> Level:
    while level < Level.REFUSING and share > RISES_ABOVE[Level(level + 1)]:
        level = Level(level + 1)
    while level > Level.NORMAL and share < FALLS_BELOW[level]:
        level = Level(level - 1)
    return level
