"""Something done again and again by a thread, beside what a block does."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class Beside(ABC):
    """Takes turns at even intervals, unless they take longer. A context manager: afterwards it takes no more."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._is_over.set()
        self._thread.join()

    @abstractmethod
    def turn(self) -> None:
        """Take a turn."""

    def sleep(self, seconds: float) -> None:
        """Sleep within a turn, but not longer than the block lasts."""
        self._is_over.wait(seconds)

    def _run(self) -> None:
        while not self._is_over.is_set():
            begin_s = time.monotonic()
            self.turn()
            self.sleep(begin_s + self._every_s - time.monotonic())
