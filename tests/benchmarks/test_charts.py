"""Charts are well-formed, say their figures in words, and draw them to scale."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from benchmarks.charts import bars, lines, ranges, stacked


def drawn(chart: str, kind: str) -> list[ET.Element]:
    """Parse a chart and list the shapes of one kind."""
    return ET.fromstring(chart).findall(kind)  # noqa: S314  written here


def words(chart: str) -> str:
    """List what a chart says."""
    return " | ".join(each.text or "" for each in drawn(chart, "text"))


def test_bars_are_as_long_as_their_figures() -> None:
    """The first one stands out; where there is no figure there is no bar."""
    chart = bars({"ours": 1.0, "<theirs>": 4.0, "nobody's": None}, "µs")
    ours, theirs, nobody = drawn(chart, "rect")
    assert float(theirs.attrib["width"]) == pytest.approx(4 * float(ours.attrib["width"]), rel=0.01)
    assert float(nobody.attrib["width"]) == 0
    assert (ours.attrib["class"], theirs.attrib["class"]) == ("c0", "c1")
    assert "4 µs" in words(chart)
    assert "<theirs>" in words(chart)
    assert "no figure" in words(chart)


def test_a_figure_far_beyond_the_others_is_cut() -> None:
    """So that the others can be compared; it says so, and its figure."""
    chart = bars({"a": 1.0, "b": 2.0, "c": 3.0, "d": 5000.0}, "µs")
    widths = [float(each.attrib["width"]) for each in drawn(chart, "rect")]
    assert widths[3] == widths[2] == pytest.approx(3 * widths[0], rel=0.01)
    assert "d (off the scale) | 5,000 µs" in words(chart)


def test_parts_of_a_stack_add_up() -> None:
    """Each part begins where the one before ends, and the legend names it once."""
    chart = stacked({"100": {"select": 1.0, "encode": 2.0}, "200": {"select": 2.0, "encode": 4.0}}, "ms")
    first, second, third, fourth, *legend = drawn(chart, "rect")
    assert float(second.attrib["x"]) == pytest.approx(float(first.attrib["width"]), abs=0.2)
    assert float(fourth.attrib["x"]) + float(fourth.attrib["width"]) == pytest.approx(340, abs=0.2)
    assert (third.attrib["class"], len(legend)) == (first.attrib["class"], 2)
    assert "200: 6 ms" in words(chart)


def test_a_range_without_an_end_goes_on() -> None:
    """To the edge of the chart, and in words."""
    chart = ranges({"ours": (100.0, 200.0), "theirs": (50.0, None), "nobody": (None, 40.0)}, "people")
    ours, theirs, nobody = drawn(chart, "rect")
    assert float(ours.attrib["x"]) > float(theirs.attrib["x"])
    assert float(theirs.attrib["x"]) + float(theirs.attrib["width"]) == pytest.approx(340, abs=0.2)
    assert float(nobody.attrib["x"]) == 0
    assert "50 or more people" in words(chart)
    assert "100 to 200 people" in words(chart)


@pytest.mark.parametrize("scale", [0.003, 1.0, 70.0, 12345.0])
def test_lines_stay_inside_and_axes_are_round(scale: float) -> None:
    """Whatever the figures are."""
    chart = lines({"ours": [(0.0, 0.0), (scale, scale)], "theirs": []}, "x", "y")
    ours, theirs = drawn(chart, "polyline")
    assert theirs.attrib["points"] == ""
    for point in ours.attrib["points"].split():
        x, y = map(float, point.split(","))
        assert 44 <= x <= 328
        assert 10 <= y <= 190
    assert all(len(word) <= 6 for word in words(chart).split(" | "))


def test_what_lies_far_out_is_left_out() -> None:
    """A slow peer does not squeeze the others into a corner."""
    (line,) = drawn(lines({"a": [(1, 1), (2, 2), (900, 3)]}, "x", "y", x_most=10), "polyline")
    assert len(line.attrib["points"].split()) == 2
