"""What the clients of one generator process note down beside their snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.plan import Visit


@dataclass(slots=True)
class Record:
    """Added to by every client. seated, entered: how many ever got a seat, and to where their walk begins."""

    visits: dict[int, Visit] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    timers: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)  # a heap: when (ns) to do what
    seated: int = 0
    entered: int = 0
    radius_mm: int = 0
    tick_hz: int = 0
    budget_bytes_per_s: int = 0
