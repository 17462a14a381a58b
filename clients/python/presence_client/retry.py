"""Whether to come back after a connection ended, and when.

The server's close code decides by its range; a connection that ended without one broke on the way, and is resumed.
Pure; the random generator is an argument.
"""

from __future__ import annotations

from enum import Enum
from random import Random

from protocol.errors import Close

FIRST_S = 0.25
LONGEST_S = 10.0
# A session that stood this long was not one of a row of failures: the next wait starts small again.
STABLE_S = 10.0

_RESUMABLE = range(4000, 4100)
# When a crowd comes back at once, some are pushed out again: only trying once more finds the place that became free.
_CROWDED = frozenset({Close.HANDSHAKE_TIMEOUT, Close.SERVER_FULL})


class Verdict(Enum):
    """What to do about an ended connection."""

    RESUME = "resume"  # come back with the resume token, after a wait
    END = "end"  # stay away: something has to change first, or somebody decided so


def judge(code: int | None) -> Verdict:
    """Judge the close code of a session that once stood, or of an attempt to resume it (None: it broke without one)."""
    may_resume = code is None or code in _RESUMABLE or code in _CROWDED
    return Verdict.RESUME if may_resume else Verdict.END


class Backoff:
    """Waits that double up to a bound, jittered so that a crowd does not come back as one."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._failures = 0
        self._since: float | None = None

    def opened(self, now: float) -> None:
        """Take note that a session stands."""
        self._since = now

    def wait_s(self, now: float, asked_s: float = 0.0) -> float:
        """Say how long to wait before the next attempt, at least what the server asked for."""
        if self._since is not None and now - self._since >= STABLE_S:
            self._failures = 0
        self._since = None
        bound = min(FIRST_S * 2**self._failures, LONGEST_S)
        self._failures = min(self._failures + 1, 16)
        return asked_s + self._rng.uniform(bound / 2, bound)
