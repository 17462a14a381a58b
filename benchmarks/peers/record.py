"""What the clients of one generator process note down while they run, as cheaply as can be."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.plan import Visit


@dataclass(slots=True)
class Record:
    """Appended to by every client; `random_bytes` makes masks and keys."""

    random_bytes: Callable[[int], bytes]
    frames: array[int] = field(default_factory=lambda: array("q"))
    sampled: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    timers: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)  # a heap: when to do what
    radius_mm: int = 0
    tick_hz: int = 0
