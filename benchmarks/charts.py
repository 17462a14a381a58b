"""Charts as SVG, small enough to read on a phone, in colours that the page decides.

Pure: numbers in, text out. Written by hand rather than with a plotting library, because a page that is light or dark as
its reader's screen is, and black on white on paper, takes its colours from the page's own style, which drawings made by
a library cannot. Colours are the classes `c0` to `c7`; text has the page's colour.
"""

from __future__ import annotations

import math
from html import escape
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Points = Sequence[tuple[float, float]]

COLOURS = 8

_WIDTH = 340  # in the units of the drawing: a phone shows them nearly as pixels
_ROW, _BAR = 34, 10
_PLOT = (44, 10, 328, 190)  # left, top, right, bottom of a plot with axes
_LEGEND_ROW = 18
_OFF_SCALE = 6.0  # times the median: beyond that the others would be too short to compare
_WHOLE = 1000  # from here on figures are told without decimals
_TICKS = 4


def number(value: float) -> str:
    """Say a figure to about four places."""
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.4g}"


def bars(rows: Mapping[str, float | None], unit: str) -> str:
    """Draw one bar for each row; None says that there is no figure. One far beyond the others is cut, and says so."""
    figures = [value for value in rows.values() if value is not None]
    scale = max((value for value in figures if value <= _OFF_SCALE * median(figures)), default=0.0) or 1.0
    parts = []
    for index, (label, value) in enumerate(rows.items()):
        width = (_WIDTH - 90) * min(value or 0.0, scale) / scale
        said = "no figure" if value is None else f"{number(value)} {unit}"
        name = label if value is None or value <= scale else f"{label} (off the scale)"
        top = index * _ROW
        parts += [_text(0, top + 12, name), _bar(min(index, 1), 0, top + 17, width), _text(width + 6, top + 26, said)]
    return _svg(len(rows) * _ROW, parts, ", ".join(rows))


def stacked(rows: Mapping[str, Mapping[str, float]], unit: str) -> str:
    """Draw one bar for each row, made of named parts that are the same in all rows."""
    largest = max((sum(parts.values()) for parts in rows.values()), default=0.0) or 1.0
    names = list(dict.fromkeys(name for parts in rows.values() for name in parts))
    drawn = []
    for index, (label, values) in enumerate(rows.items()):
        at, top = 0.0, index * _ROW
        drawn.append(_text(0, top + 12, f"{label}: {number(sum(values.values()))} {unit}"))
        for name, value in values.items():
            width = _WIDTH * value / largest
            said = f"{name}: {number(value)} {unit}"
            drawn.append(_bar(names.index(name) % COLOURS, at, top + 17, width, said))
            at += width
    height = len(rows) * _ROW
    return _svg(height + _legend_height(names), drawn + _legend(names, height), ", ".join(rows))


def ranges(rows: Mapping[str, tuple[float | None, float | None]], unit: str) -> str:
    """Draw an interval for each row; without its lower end it begins at nothing, without its upper one it goes on."""
    largest = 1.1 * max((edge for row in rows.values() for edge in row if edge is not None), default=1.0)
    drawn = []
    for index, (label, (low, high)) in enumerate(rows.items()):
        begin, end = (_WIDTH * (low or 0) / largest, _WIDTH * (largest if high is None else high) / largest)
        said = f"{low or 0:,.0f} {'or more' if high is None else f'to {high:,.0f}'} {unit}"
        y = index * _ROW + 22
        drawn += [
            _text(0, index * _ROW + 12, f"{label}: {said}"),
            f'<line class="rule" x1="0" y1="{y}" x2="{_WIDTH}" y2="{y}"/>',
            _bar(min(index, 1), begin, y - 5, max(3.0, end - begin)),
        ]
    return _svg(len(rows) * _ROW, drawn, ", ".join(rows))


def lines(series: Mapping[str, Points], x_label: str, y_label: str, *, x_most: float | None = None) -> str:
    """Draw lines through points; both axes begin at nothing. x_most: what lies beyond is not drawn."""
    shown = {name: [p for p in points if x_most is None or p[0] <= x_most] for name, points in series.items()}
    points = [point for each in shown.values() for point in each]
    x_ticks, y_ticks = (_ticks(max((point[axis] for point in points), default=1.0)) for axis in (0, 1))
    left, top, right, bottom = _PLOT

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * x / x_ticks[-1], bottom - (bottom - top) * y / y_ticks[-1]

    drawn = []
    for tick in y_ticks:
        y = place(0, tick)[1]
        drawn += [f'<line class="rule" x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>']
        drawn += [_text(left - 5, y + 4, f"{tick:g}", "end")]
    drawn += [_text(place(tick, 0)[0], bottom + 16, f"{tick:g}", "middle") for tick in x_ticks]
    drawn += [_text(right, bottom + 32, x_label, "end"), _text(left + 4, top + 12, y_label)]
    for index, each in enumerate(shown.values()):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in each))
        drawn.append(f'<polyline class="l{index % COLOURS}" points="{path}"/>')
    height = bottom + 38
    return _svg(height + _legend_height(series), drawn + _legend(list(series), height), f"{y_label} by {x_label}")


def _ticks(largest: float) -> list[float]:
    """Divide 0 to at least `largest` into a few round steps."""
    rough = (largest or 1.0) / _TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    return [step * k for k in range(math.ceil(largest / step - 1e-9) + 1)] if largest else [0.0, 1.0]


def _legend_height(names: Sequence[str] | Mapping[str, object]) -> int:
    return _LEGEND_ROW * math.ceil(len(names) / 3) + 4


def _legend(names: Sequence[str], top: int) -> list[str]:
    drawn = []
    for index, name in enumerate(names):
        x, y = (index % 3) * _WIDTH / 3, top + 4 + (index // 3) * _LEGEND_ROW
        drawn.append(_bar(index % COLOURS, x, y, 10))
        drawn.append(_text(x + 15, y + 10, name))
    return drawn


def _bar(colour: int, x: float, y: float, width: float, title: str = "") -> str:
    told = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect class="c{colour}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR}">{told}</rect>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(height: float, parts: Sequence[str], label: str) -> str:
    body = "".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">{body}</svg>'
