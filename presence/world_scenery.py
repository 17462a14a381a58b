"""Reads the values that all parts of a world file are written with, and those parts that are only looked at.

Owns coordinates, texts in four languages and looks as a file writes them, and the shape of ceilings, fixtures, lights,
signs and the sky, of which nothing is kept. Never asks what parts mean to each other: `world_document.py` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from presence.checked_json import Node
from presence.world_parts import (
    CEILING_LOOKS,
    COORDINATE_LIMIT_M,
    FIXTURE_KINDS,
    LANGUAGES,
    LIGHT_KINDS,
    MAX_LIGHT_INTENSITY,
    MAX_LIGHT_RANGE_M,
    MAX_SCALE,
    MAX_TEXT_CHARACTERS,
    SIGN_STYLES,
    SKY_KINDS,
    Box,
    Pair,
    Triple,
)

_DOUBLE_ERROR_MM: Final = 1e-6  # a thousand times what a double of this size is off by
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")

ExpectInBounds = Callable[..., None]


# --- values -----------------------------------------------------------------------------------------------------------


def millimetres(node: Node) -> int | None:
    """A coordinate in metres with at most three decimals, so that no reader of the file ever has to round."""
    metres = node.number(-COORDINATE_LIMIT_M, COORDINATE_LIMIT_M)
    if metres is None:
        return None
    nearest = round(metres * 1000)
    if abs(metres * 1000 - nearest) > _DOUBLE_ERROR_MM:
        node.fail("is finer than a millimetre", f"write {nearest / 1000:g}")
        return None
    return nearest


def length(node: Node, most_m: float) -> int | None:
    """A length above zero, in millimetres."""
    value = millimetres(node)
    if value is not None and not 0 < value <= most_m * 1000:
        node.fail("out of range", f"write metres above 0, up to {most_m:g}")
        return None
    return value


def point(node: Node) -> Triple | None:
    """A place: x, y, z."""
    row = node.row(millimetres, 3, "[x, y, z] in metres")
    return None if row is None else (row[0], row[1], row[2])


def ground_point(node: Node) -> Pair | None:
    """A place on the plan: x, z."""
    row = node.row(millimetres, 2, "[x, z] in metres")
    return None if row is None else (row[0], row[1])


def box(node: Node) -> Box | None:
    """The box of an object's `min` and `max`, which must hold a volume."""
    low, high = point(node["min"]), point(node["max"])
    if low is None or high is None:
        return None
    if not _is_below(low, high):
        node.fail("holds no volume", "write a max above min on every axis")
        return None
    return Box(low, high)


def rectangle(node: Node) -> tuple[Pair, Pair] | None:
    """The rectangle of an object's `min` and `max` on the plan, which must hold an area."""
    low, high = ground_point(node["min"]), ground_point(node["max"])
    if low is None or high is None:
        return None
    if not _is_below(low, high):
        node.fail("holds no area", "write a max above min on both axes")
        return None
    return low, high


def yaw(node: Node) -> float | None:
    """Degrees counter-clockwise seen from above; 0 looks along -Z."""
    return node.number(-360, 360)


def texts(node: Node) -> dict[str, str] | None:
    """One text for every language, or one for each."""
    if isinstance(node.value, str):
        text = node.text(MAX_TEXT_CHARACTERS)
        return None if text is None else dict.fromkeys(LANGUAGES, text)
    if not node.has_keys(LANGUAGES):
        return None
    read = {language: node[language].text(MAX_TEXT_CHARACTERS) for language in LANGUAGES}
    return {language: text for language, text in read.items() if text is not None}


def check_look(node: Node, looks: Sequence[str]) -> None:
    """A look may be left out; written, it must be one of the list."""
    if not node.is_absent:
        node.choice(looks)


def _is_below(low: Sequence[int], high: Sequence[int]) -> bool:
    return all(a < b for a, b in zip(low, high, strict=True))


# --- what is only looked at -------------------------------------------------------------------------------------------


def check_ceiling(node: Node, expect_in_bounds: ExpectInBounds) -> None:
    """A level rectangle overhead."""
    node.has_keys(("min", "max", "height", "look"))
    area, height = rectangle(node), millimetres(node["height"])
    node["look"].choice(CEILING_LOOKS)
    if area is not None and height is not None:
        (x0, z0), (x1, z1) = area
        expect_in_bounds(node, (x0, height, z0), (x1, height, z1))


def check_fixture(node: Node, expect_in_bounds: ExpectInBounds) -> None:
    """A piece of decoration."""
    node.has_keys(("kind", "position"), ("yaw", "scale"))
    node["kind"].choice(FIXTURE_KINDS)
    _check_place(node, expect_in_bounds)
    if not node["yaw"].is_absent:
        yaw(node["yaw"])
    if not node["scale"].is_absent:
        node["scale"].number(1 / MAX_SCALE, MAX_SCALE)


def check_light(node: Node, expect_in_bounds: ExpectInBounds) -> None:
    """A lamp and what it gives."""
    node.has_keys(("kind", "position"), ("colour", "intensity", "range"))
    node["kind"].choice(LIGHT_KINDS)
    _check_place(node, expect_in_bounds)
    colour = node["colour"]
    if not colour.is_absent and not (isinstance(colour.value, str) and _COLOUR.fullmatch(colour.value)):
        colour.fail("is not a colour", "write #rrggbb, with the digits 0-9 a-f")
    if not node["intensity"].is_absent:
        node["intensity"].number(0, MAX_LIGHT_INTENSITY)
    if not node["range"].is_absent:
        length(node["range"], MAX_LIGHT_RANGE_M)


def check_sign(node: Node, expect_in_bounds: ExpectInBounds) -> None:
    """A text in every language, on a plate or in letters."""
    node.has_keys(("text", "position", "yaw", "width", "style"))
    texts(node["text"])
    _check_place(node, expect_in_bounds)
    yaw(node["yaw"])
    length(node["width"], 100)
    node["style"].choice(SIGN_STYLES)


def check_sky(node: Node) -> None:
    """The hour of the day, and where the sun stands."""
    if node.is_absent:
        return
    node.has_keys(("kind",), ("sun",))
    node["kind"].choice(SKY_KINDS)
    sun = node["sun"]
    if not sun.is_absent and sun.has_keys(("azimuth", "elevation")):
        sun["azimuth"].number(0, 360)
        sun["elevation"].number(0, 90)


def _check_place(node: Node, expect_in_bounds: ExpectInBounds) -> None:
    position = point(node["position"])
    if position is not None:
        expect_in_bounds(node, position)
