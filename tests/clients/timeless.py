"""An event loop whose time passes only when nothing else can happen: what would sleep for minutes takes none.

A loop that waits for nothing at all fails at once instead of hanging.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, lets time pass."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits, and nothing will ever happen"
            self.now += max(timeout, 0.0)
        return ready


class TimelessLoop(asyncio.SelectorEventLoop):
    """An event loop on the selector above."""

    def __init__(self) -> None:
        self._selector_of_ours = _Selector()
        super().__init__(self._selector_of_ours)

    def time(self) -> float:
        """Tell the loop's time, which is not the world's."""
        return self._selector_of_ours.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own, where time costs nothing."""
    with asyncio.Runner(loop_factory=TimelessLoop) as runner:
        return runner.run(main)
