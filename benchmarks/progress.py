"""What somebody watching a benchmark sees: plain words and a bar for each stage, on stderr."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import progress as bars
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Progress:
    """Shows one stage at a time."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)

    @contextmanager
    def stage(self, what: str, total: float) -> Iterator[Callable[[float], None]]:
        """Show a stage while it lasts; the function given says how far it has come, of `total`."""
        shown = bars.Progress(
            bars.TextColumn("{task.description:<20}"),
            bars.BarColumn(),
            bars.TaskProgressColumn(),
            bars.TimeElapsedColumn(),
            console=self._console,
            refresh_per_second=4,
        )
        with shown:
            task = shown.add_task(what, total=max(total, 1e-9))
            yield lambda done: shown.update(task, completed=done)
            shown.update(task, completed=total)
