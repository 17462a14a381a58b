"""With a server that lets people in: as long as more of them come, and not for ever."""

from __future__ import annotations

_STANDSTILL_S = 20.0
_LEAST_S, _MORE_S_A_PERSON = 30.0, 0.03  # in all: a minute and a half for 2,000


class NotLetIn(RuntimeError):
    """The server lets not everybody in: that is how much it takes, and no fault of the load."""


class Patience:
    """Of a generator with people to bring in, from `now_s` on (monotonic)."""

    def __init__(self, people: int, now_s: float) -> None:
        self._people = people
        self._came = 0
        self._end_s = now_s + _LEAST_S + _MORE_S_A_PERSON * people
        self._came_by_s = now_s + _STANDSTILL_S

    def look(self, came: int, now_s: float) -> None:
        """Take note of how many are in. Raises NotLetIn once that is for nothing."""
        if came > self._came:
            self._came, self._came_by_s = came, now_s + _STANDSTILL_S
        if now_s > self._came_by_s:
            raise NotLetIn(f"nobody more got in for {_STANDSTILL_S:.0f} s; {came} of {self._people} are there")
        if now_s > self._end_s:
            raise NotLetIn(f"it takes too long until everybody is in; {came} of {self._people} are there")
