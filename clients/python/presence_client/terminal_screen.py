"""The terminal client's picture: who is here and where, what was said, how the network does. Pure: data in, rich out.

Everything that came from others is shown as plain text, never as markup.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_ARROWS = "↑↖←↙↓↘→↗"  # counter-clockwise, as bearings are
_SMALLEST_ROSTER = 3
_FRAME_LINES = 10  # what is neither roster nor chat


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One row of the roster. distance_m and bearing (radians, left is positive) are None for who is out of sight."""

    entity: int
    name: str
    badge: str
    state: str
    distance_m: float | None = None
    bearing: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is shown."""

    title: str
    connection: str
    network: str
    traffic: str
    neighbours: Sequence[Neighbour] = field(default_factory=list)
    log: Sequence[str] = field(default_factory=list)
    typed: str = ""


def render(picture: Picture, height: int) -> RenderableType:
    """Lay the picture out for a terminal `height` lines high."""
    free = max(height - _FRAME_LINES, 2 * _SMALLEST_ROSTER)
    rows = min(len(picture.neighbours), max(free // 2, _SMALLEST_ROSTER))
    lines = list(picture.log)[-max(free - rows, 1) :]
    head = Text.assemble((picture.title, "bold"), "  ", (picture.connection, "cyan"))
    return Group(
        head,
        Text(picture.network),
        Text(picture.traffic, style="dim"),
        _roster(picture.neighbours, rows),
        Panel(Text("\n".join(lines)), title="said", title_align="left"),
        Text.assemble(("> ", "bold green"), picture.typed, ("▏", "blink")),
    )


def _roster(neighbours: Sequence[Neighbour], rows: int) -> RenderableType:
    table = Table(expand=True, box=None, pad_edge=False, header_style="bold dim")
    for name, justify in (("id", "right"), ("name", "left"), ("badge", "left"), ("state", "left"), ("m", "right")):
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
    table.add_column("bearing", no_wrap=True)
    for neighbour in sorted(neighbours, key=_by_distance)[:rows]:
        table.add_row(*(Text(cell) for cell in _cells(neighbour)))
    hidden = len(neighbours) - rows
    return Group(table, Text(f"… and {hidden} more", style="dim")) if hidden > 0 else table


def _by_distance(neighbour: Neighbour) -> tuple[float, str]:
    return (math.inf if neighbour.distance_m is None else neighbour.distance_m, neighbour.name)


def _cells(neighbour: Neighbour) -> tuple[str, ...]:
    distance = "" if neighbour.distance_m is None else f"{neighbour.distance_m:.1f}"
    where = "" if neighbour.bearing is None else arrow(neighbour.bearing)
    return (str(neighbour.entity), neighbour.name, neighbour.badge, neighbour.state, distance, where)


def arrow(bearing: float) -> str:
    """Show a bearing as an arrow and clock-wise degrees."""
    eighth = round(bearing / (math.pi / 4)) % 8
    return f"{_ARROWS[eighth]} {round(-math.degrees(bearing)) % 360}°"


def amount(count: float) -> str:
    """Write a number of bytes for people."""
    for unit in ("B", "KB", "MB"):
        if count < 1000:  # noqa: PLR2004 - SI
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
