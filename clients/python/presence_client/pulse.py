"""One timer for any number of clients: calls each of them once a period.

Clients in one process share a pulse; it spreads them over the period, so that a thousand do not act in the same moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

Beat = Callable[[float], None]

PERIOD_S = 0.05  # the fastest that poses are sent


class Pulse:
    """Calls every beat added to it with the loop's time, once a period. Use as an async context manager.

    `slices`: into how many groups the beats are spread over a period. A period that comes late is not made up for.
    """

    def __init__(self, period_s: float = PERIOD_S, slices: int = 1) -> None:
        self._period_s = period_s
        self._slices: list[dict[Beat, None]] = [{} for _ in range(slices)]
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    def add(self, beat: Beat) -> None:
        """Call `beat(now)` from now on."""
        min(self._slices, key=len)[beat] = None

    def remove(self, beat: Beat) -> None:
        """Call `beat` no more."""
        for beats in self._slices:
            beats.pop(beat, None)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        step_s = self._period_s / len(self._slices)
        at = loop.time()
        while True:
            for beats in self._slices:
                at = max(at + step_s, loop.time())
                await asyncio.sleep(at - loop.time())
                for beat in list(beats):
                    beat(loop.time())
