"""The live picture shows who is where, fits the terminal, and takes nobody's name for markup."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from presence_client.terminal_screen import Neighbour, Picture, amount, arrow, render


def shown(picture: Picture, height: int = 40) -> str:
    """Render as plain text, 100 columns wide."""
    console = Console(file=io.StringIO(), width=100, height=height, force_terminal=False)
    console.print(render(picture, height))
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def picture(neighbours: list[Neighbour], **changes: object) -> Picture:
    """Make a picture."""
    return Picture("Ada · lobby", "online", "ping 1 ms", "in 3 KB/s", neighbours, **changes)  # type: ignore[arg-type]


def test_the_nearest_stand_first() -> None:
    """People in sight are sorted by distance, the others follow by name."""
    text = shown(
        picture(
            [
                Neighbour(3, "Zoe", "guest", ""),
                Neighbour(4, "Far", "guest", "", 9.5, 0.0),
                Neighbour(5, "Near", "Border Guard FR", "busy", 1.25, math.pi / 2),
                Neighbour(6, "Amy", "guest", ""),
            ]
        )
    )
    assert text.index("Near") < text.index("Far") < text.index("Amy") < text.index("Zoe")
    assert "1.2" in text
    assert "Border Guard FR" in text


def test_a_crowd_does_not_push_the_input_off_the_screen() -> None:
    """However many there are, the picture is no higher than the terminal, and says how many it left out."""
    crowd = [Neighbour(n, f"Person {n}", "guest", "", float(n), 0.0) for n in range(1, 500)]
    text = shown(picture(crowd, log=[f"line {n}" for n in range(200)], typed="hel"), height=24)
    assert len(text.splitlines()) <= 24
    assert "more" in text
    assert "line 199" in text
    assert "> hel" in text


def test_names_and_words_are_not_markup() -> None:
    """Square brackets are characters like others."""
    text = shown(picture([Neighbour(3, "[red]Eve[/red]", "guest", "")], log=["[bold]hi[/bold]"]))
    assert "[red]Eve[/red]" in text
    assert "[bold]hi[/bold]" in text


@pytest.mark.parametrize(
    ("bearing", "expected"),
    [
        (0.0, "↑ 0°"),
        (math.pi / 2, "← 270°"),
        (-math.pi / 2, "→ 90°"),
        (math.pi, "↓ 180°"),
        (-math.pi / 4, "↗ 45°"),
        (-0.001, "↑ 0°"),
    ],
)
def test_a_bearing_is_an_arrow_and_degrees(bearing: float, expected: str) -> None:
    """Ahead is up, left is left; degrees run clockwise, as on a compass."""
    assert arrow(bearing) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (1.5e6, "1.5 MB"), (2e9, "2.0 GB")]
)
def test_amounts_are_readable(count: float, expected: str) -> None:
    """Bytes in the unit a person would choose."""
    assert amount(count) == expected
