"""Where one can walk in a world: what bots know of it, so that they go round walls and through doors.

Made once from a world document (docs/worlds.md): a grid of places that people can get to on foot, and the ways between
them. Approximate on purpose, and on the safe side: the server decides, this only spares it most corrections. Keeps out
of zones that not everybody may enter or be seen in. Pure; metres.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from presence_client.pose import Vector

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

STEP_M = 0.5  # between places: a door is as wide as two
BODY_M = 0.26  # what a walker keeps from walls
STAIR_M = 0.3  # the collision rule's step and body heights
BODY_HEIGHT_M = 1.7
REACH_M = 60.0  # of the places around the walkers: some tens of thousands at most
_STOREYS = 3  # floors above one another that are told apart
_LONGEST_SIGHT = 40  # places along a way that are tried as one straight line
_ROUNDS = ((1, 0), (0, 1), (1, 1), (1, -1))


class Seat(NamedTuple):
    """Where the feet of somebody who sits are, and where they look."""

    position: Vector
    yaw: float


class Ground:
    """A world's places and ways."""

    def __init__(self, document: Mapping[str, Any], near: Vector | None = None) -> None:
        """near: where the walkers will be, besides where people come in. Cost: a second or two for a large world."""
        spawns: list[Vector] = [(x, y, z) for x, y, z in (spawn["position"] for spawn in document["spawns"])]
        self.seats = [seat for row in document.get("seats", ()) for seat in _seats(row)]
        self._walls = _walls(document)
        starts = [*spawns, *([] if near is None else [near])]
        cells, heights = _places(document, starts)
        is_free = _is_free(document, self._walls, cells, heights)
        cells, heights = cells[is_free], heights[is_free]
        links = _open_links(self._walls, cells, heights)
        kept, self._links = _reached(_positions(cells, heights), links, starts)
        self.places = _positions(cells, heights)[kept]
        self._points: list[Vector] = [(x, y, z) for x, y, z in self.places.tolist()]
        self._at: dict[tuple[int, int], list[int]] = {}
        for index, (column, row) in enumerate(cells[kept].tolist()):
            self._at.setdefault((column, row), []).append(index)

    def nearest(self, position: Vector) -> Vector | None:
        """The place nearest to a position; None where there are none at all."""
        if not len(self.places):
            return None
        return self._points[int(((self.places - position) ** 2).sum(axis=1).argmin())]

    def somewhere(self, rng: Random, around: Vector, radius_m: float) -> Vector | None:
        """A place at most so far from a position, by chance."""
        near = np.flatnonzero(((self.places - around) ** 2).sum(axis=1) <= radius_m**2)
        return self._points[int(near[rng.randrange(len(near))])] if len(near) else None

    def hop(self, start: Vector, goal: Vector, reach_m: float) -> Vector | None:
        """The place nearest to `goal` that is in reach of `start`; None where none is nearer than `start` itself."""
        in_reach = np.flatnonzero(((self.places - start) ** 2).sum(axis=1) <= reach_m**2)
        if not len(in_reach):
            return None
        apart = ((self.places[in_reach] - goal) ** 2).sum(axis=1)
        best = self._points[int(in_reach[apart.argmin()])]
        return best if math.dist(best, goal) < math.dist(start, goal) - STEP_M else None

    def way(self, start: Vector, goal: Vector) -> list[Vector]:
        """The way to the place nearest to `goal` as corners to walk to one after the other; empty if there is none."""
        first, last = self._index(start), self._index(goal)
        if first is None or last is None:
            return []
        indices = self._shortest(first, last)
        corners: list[Vector] = []
        at, here = 0, start
        while at < len(indices) - 1:
            ahead = min(at + _LONGEST_SIGHT, len(indices) - 1)
            while ahead > at + 1 and not self.is_clear(here, self._points[indices[ahead]]):
                ahead -= max(1, (ahead - at) // 4)
            at = max(ahead, at + 1)
            here = self._points[indices[at]]
            corners.append(here)
        return corners

    def height(self, x: float, y: float, z: float) -> float:
        """How high the ground is at x, z for feet at about `y`: between the places around; `y` where there are none."""
        column, row = x / STEP_M, z / STEP_M
        left, top = math.floor(column), math.floor(row)
        weight = total = 0.0
        for dx, dz in ((0, 0), (1, 0), (0, 1), (1, 1)):
            share = (1 - abs(column - left - dx)) * (1 - abs(row - top - dz))
            index = self._near((left + dx, top + dz), y, STAIR_M)
            if index is not None:
                weight, total = weight + share, total + share * self._points[index][1]
        return total / weight if weight > 0.0 else y

    def is_clear(self, start: Vector, end: Vector) -> bool:
        """Whether the straight way leads over places only, with room for a body on both sides."""
        distance = math.dist(start, end)
        steps = max(1, math.ceil(distance / (STEP_M / 2)))
        y = start[1]
        for k in range(steps + 1):
            share = k / steps
            x, z = start[0] + (end[0] - start[0]) * share, start[2] + (end[2] - start[2]) * share
            index = self._near((round(x / STEP_M), round(z / STEP_M)), y, STAIR_M)
            if index is None:
                return False
            y = self._points[index][1]
        if abs(y - end[1]) > STAIR_M or distance == 0.0:
            return distance == 0.0
        side_x, side_z = (end[2] - start[2]) / distance * BODY_M * 0.8, (start[0] - end[0]) / distance * BODY_M * 0.8
        lines = [
            (start[0] + side * side_x, start[2] + side * side_z, end[0] + side * side_x, end[2] + side * side_z)
            for side in (-1, 0, 1)
        ]
        heights = np.array([[min(start[1], end[1]), max(start[1], end[1])]] * len(lines))
        return not _crossed(self._walls, np.array(lines), heights).any()

    def _index(self, position: Vector) -> int | None:
        """The place at or around a position."""
        found = self._near((round(position[0] / STEP_M), round(position[2] / STEP_M)), position[1], 2 * STAIR_M)
        if found is None and len(self.places):
            apart = ((self.places - position) ** 2).sum(axis=1)
            found = int(apart.argmin())
            found = found if apart[found] < (3 * STEP_M) ** 2 else None
        return found

    def _near(self, cell: tuple[int, int], y: float, within_m: float) -> int | None:
        for index in self._at.get(cell, ()):
            if abs(self._points[index][1] - y) <= within_m:
                return index
        return None

    def _shortest(self, first: int, last: int) -> list[int]:
        """A* over the links; empty where there is no way."""
        places = self._points
        goal = places[last]
        open_ = [(0.0, first)]
        cost, before = {first: 0.0}, {first: first}
        done: set[int] = set()
        while open_:
            _, here = heappop(open_)
            if here == last:
                break
            if here in done:
                continue
            done.add(here)
            for there in self._links[here]:
                further = cost[here] + math.dist(places[here], places[there])
                if further < cost.get(there, math.inf):
                    cost[there], before[there] = further, here
                    heappush(open_, (further + math.dist(places[there], goal), there))
        if last not in before:
            return []
        way = [last]
        while way[-1] != first:
            way.append(before[way[-1]])
        return way[::-1]


# --- reading a document -----------------------------------------------------------------------------------------------


def _seats(row: Mapping[str, Any]) -> Iterable[Seat]:
    count, yaw = row["count"], math.radians(row["yaw"])
    start, end = (np.array(row[key], np.float64) for key in ("from", "to"))
    for k in range(count):
        x, y, z = (start + (end - start) * (k / max(count - 1, 1))).tolist()
        yield Seat((x, y, z), yaw)


def _walls(document: Mapping[str, Any]) -> Floats:
    """List (w, 6) x0 z0 x1 z1 base top: the walls, and the sides of boxes."""
    rows = [
        (*wall["from"], *wall["to"], wall["base"], wall["base"] + wall["height"]) for wall in document.get("walls", ())
    ]
    for box in document.get("boxes", ()):
        (x0, y0, z0), (x1, y1, z1) = box["min"], box["max"]
        sides = ((x0, z0, x1, z0), (x1, z0, x1, z1), (x1, z1, x0, z1), (x0, z1, x0, z0))
        rows += [(*side, y0, y1) for side in sides]
    return np.array(rows, np.float64).reshape(-1, 6)


def _places(document: Mapping[str, Any], starts: Sequence[Vector]) -> tuple[Ints, Floats]:
    """List the grid's cells (n, 2) around the starts that have a floor, and its height (n,); sorted by cell."""
    bounds = document["bounds"]
    whole = {"min": bounds["min"][::2], "max": bounds["max"][::2], "height": starts[0][1]}
    around = np.array(starts)[:, ::2]
    lowest, highest = around.min(axis=0) - REACH_M, around.max(axis=0) + REACH_M
    cells, heights = [np.zeros((0, 2), np.intp)], [np.zeros(0)]
    for floor in document.get("floors", (whole,)):
        low, high = np.maximum(floor["min"], lowest), np.minimum(floor["max"], highest)
        (x0, z0), (x1, z1) = np.ceil(low / STEP_M).astype(int), np.floor(high / STEP_M).astype(int)
        columns, rows = np.meshgrid(np.arange(x0, x1 + 1), np.arange(z0, z1 + 1), indexing="ij")
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        heights.append(_heights(floor, cells[-1].astype(np.float64) * STEP_M))
    every, height = np.concatenate(cells), np.concatenate(heights)
    order = np.lexsort((height, every[:, 1], every[:, 0]))
    every, height = every[order], height[order]
    is_same = (every[1:] == every[:-1]).all(axis=1) & (height[1:] - height[:-1] <= STAIR_M)
    is_kept = np.concatenate([~is_same, np.ones(min(1, len(every)), np.bool_)])  # of two floors, the higher carries
    return every[is_kept], height[is_kept]


def _heights(floor: Mapping[str, Any], places: Floats) -> Floats:
    slope = floor.get("slope")
    if slope is None:
        return np.full(len(places), float(floor["height"]))
    axis = "xz".index(slope["axis"])
    start, end = floor["min"][axis], floor["max"][axis]
    return np.asarray(floor["height"] + (slope["to"] - floor["height"]) * (places[:, axis] - start) / (end - start))


def _is_free(document: Mapping[str, Any], walls: Floats, cells: Ints, heights: Floats) -> Flags:
    """Tell which places nothing stands in, and everybody may enter and be seen at."""
    places = _positions(cells, heights)
    is_free = np.ones(len(places), np.bool_)
    for ax, az, bx, bz, base, top in walls:
        near = _between(cells, min(ax, bx) - BODY_M, max(ax, bx) + BODY_M)
        x, y, z = places[near].T
        length2 = max((bx - ax) ** 2 + (bz - az) ** 2, 1e-9)
        share = np.clip(((x - ax) * (bx - ax) + (z - az) * (bz - az)) / length2, 0.0, 1.0)
        apart2 = (x - ax - share * (bx - ax)) ** 2 + (z - az - share * (bz - az)) ** 2
        is_free[near] &= (apart2 > BODY_M**2) | (top <= y + STAIR_M) | (base >= y + BODY_HEIGHT_M)
    for zone in document.get("zones", ()):
        if zone.get("clearance") or zone.get("isolated") or zone.get("capacity"):
            low, high = np.array(zone["min"]) - BODY_M, np.array(zone["max"]) + BODY_M
            is_free &= ~((places >= low) & (places <= high)).all(axis=1)
    return is_free


def _open_links(walls: Floats, cells: Ints, heights: Floats) -> Ints:
    """List (k, 2) the pairs of neighbours that one can step between."""
    pairs = np.concatenate([_pairs(cells, heights, *way) for way in _ROUNDS])
    pairs = pairs[np.argsort(cells[pairs[:, 0], 0], kind="stable")]
    places = _positions(cells, heights)
    starts, ends = places[pairs[:, 0]], places[pairs[:, 1]]
    lines = np.stack([starts[:, 0], starts[:, 2], ends[:, 0], ends[:, 2]], axis=1)
    levels = np.stack([np.minimum(starts[:, 1], ends[:, 1]), np.maximum(starts[:, 1], ends[:, 1])], axis=1)
    is_open = np.ones(len(pairs), np.bool_)
    for wall in walls:
        low, high = sorted((wall[0], wall[2]))
        near = _between(cells[pairs[:, 0]], low - STEP_M, high + STEP_M)
        is_open[near] &= ~_crossed(wall[None, :], lines[near], levels[near])
    return pairs[is_open]


def _pairs(cells: Ints, heights: Floats, dx: int, dz: int) -> Ints:
    """List the pairs of places one step that way apart, and about as high."""
    width = int(cells[:, 1].max() - cells[:, 1].min() + 3) if len(cells) else 1
    keys = cells[:, 0] * width + cells[:, 1]
    wanted = keys + dx * width + dz
    first = np.searchsorted(keys, wanted)
    found = [np.zeros((0, 2), np.intp)]
    for storey in range(_STOREYS):
        there = np.minimum(first + storey, max(len(keys) - 1, 0))
        fits = (keys[there] == wanted) & (first + storey < len(keys)) & (np.abs(heights[there] - heights) <= STAIR_M)
        found.append(np.stack([np.flatnonzero(fits), there[fits]], axis=1))
    return np.concatenate(found)


def _crossed(walls: Floats, lines: Floats, levels: Floats) -> Flags:
    """Tell for each line (n, 4) x0 z0 x1 z1 between two levels (n, 2) whether a wall stops it. (n,) bool."""
    sx, sz, ex, ez = (column[:, None] for column in lines.T)
    ax, az, bx, bz, base, top = walls.T[:, None, :]
    low, high = (column[:, None] for column in levels.T)
    is_tall = (top > low + STAIR_M) & (base < high + BODY_HEIGHT_M)
    one, other = _side(ax, az, bx, bz, sx, sz), _side(ax, az, bx, bz, ex, ez)
    here, there = _side(sx, sz, ex, ez, ax, az), _side(sx, sz, ex, ez, bx, bz)
    crosses = (one * other <= 0) & (here * there <= 0)
    meets = (np.maximum(sx, ex) >= np.minimum(ax, bx)) & (np.minimum(sx, ex) <= np.maximum(ax, bx))
    meets &= (np.maximum(sz, ez) >= np.minimum(az, bz)) & (np.minimum(sz, ez) <= np.maximum(az, bz))
    return np.asarray((is_tall & crosses & meets).any(axis=1))


def _side(px: Floats, pz: Floats, qx: Floats, qz: Floats, rx: Floats, rz: Floats) -> Floats:
    return (qx - px) * (rz - pz) - (qz - pz) * (rx - px)


def _between(cells: Ints, low: float, high: float) -> slice:
    """The run of cells, sorted by column, whose x lies between two."""
    return slice(
        int(np.searchsorted(cells[:, 0], math.floor(low / STEP_M))),
        int(np.searchsorted(cells[:, 0], math.ceil(high / STEP_M), side="right")),
    )


def _positions(cells: Ints, heights: Floats) -> Floats:
    return np.stack([cells[:, 0] * STEP_M, heights, cells[:, 1] * STEP_M], axis=1)


def _reached(places: Floats, links: Ints, starts: Iterable[Vector]) -> tuple[Ints, list[list[int]]]:
    """List the places one can get to from the ones nearest to the starts, and the neighbours of each among them."""
    neighbours = _neighbours(len(places), links)
    found = {int(((places - start) ** 2).sum(axis=1).argmin()) for start in starts} if len(places) else set()
    edge = list(found)
    while edge:
        fresh = [there for there in neighbours[edge.pop()] if there not in found]
        found.update(fresh)
        edge += fresh
    kept = sorted(found)
    renumbered = {old: new for new, old in enumerate(kept)}
    return np.array(kept, np.intp), [[renumbered[there] for there in neighbours[here]] for here in kept]


def _neighbours(count: int, links: Ints) -> list[list[int]]:
    both = np.concatenate([links, links[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    ends, first = both[:, 1].tolist(), np.searchsorted(both[:, 0], np.arange(count + 1)).tolist()
    return [ends[a:b] for a, b in pairwise(first)]
