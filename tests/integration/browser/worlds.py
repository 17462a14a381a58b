"""Worlds for tests: a shipped one entered elsewhere, and a small one of our own.

A room hands its spawn points out in turn, so whoever writes them decides where everybody appears.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from presence.catalogue import SHIPPED_WORLDS
from tests.integration.browser.visitor import Vector

# Small, so that a test of people is not one of drawing: a wall, a desk with a tablet on it, and a way out.
HALL: dict[str, Any] = {
    "name": "hall",
    "title": "Hall",
    "bounds": {"min": [-12, 0, -12], "max": [12, 5, 12]},
    "sight": 30,
    "floors": [{"min": [-12, -12], "max": [12, 12], "height": 0, "look": "terrazzo"}],
    "walls": [{"from": [-6, -8], "to": [6, -8], "base": 0, "height": 3}],
    "boxes": [{"min": [-1, 0, -0.4], "max": [1, 0.8, 0.4], "look": "desk"}],
    "portals": [{"min": [6, 0, 1], "max": [7, 2.5, 3], "world": "open", "room": "meadow"}],
    "props": {
        "kinds": [{"kind": "tablet", "grabbable": True}],
        "objects": [{"kind": "tablet", "position": [0, 0.82, 0.2]}],
    },
}

Spawn = tuple[Vector, float]  # where the feet are, and the yaw in degrees


def entered_at(folder: Path, name: str, spawns: Sequence[Spawn], world: str = "headquarters") -> str:
    """Write a copy of a shipped world that is entered at other places. Returns its name."""
    document = json.loads((SHIPPED_WORLDS / f"{world}.json").read_text("utf-8"))
    return write(folder, document | {"name": name}, spawns)


def write(folder: Path, document: dict[str, Any], spawns: Sequence[Spawn]) -> str:
    """Write a world with these places to enter it. Returns its name."""
    document["spawns"] = [{"position": list(position), "yaw": yaw} for position, yaw in spawns]
    document.pop("$schema", None)
    name: str = document["name"]
    (folder / f"{name}.json").write_text(json.dumps(document), "utf-8")
    return name
