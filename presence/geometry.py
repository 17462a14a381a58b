"""Where a body may go, what carries it and which volume it stands in: exact integer geometry over millimetre columns.

Owns the collision rule, the floor rule and the first-volume rule, all in whole millimetres, so that every machine and
every language gets the same answer from the same numbers. Never rounds, never uses floating point, and knows nothing of
worlds, rooms or files: `world.py` hands it columns once, and the room asks it questions every tick.

The collision rule, complete. A move goes from S to E (feet). A wall stands on the ground segment from A to B and
reaches from height `base` up to height `top`. With

    cross(P, Q, R) = (Qx - Px) (Rz - Pz) - (Qz - Pz) (Rx - Px)

the wall stops the move when all four of these hold:

1. body    top > min(Sy, Ey) + 300  and  base < max(Sy, Ey) + 1700
2. ranges  the ranges of x from S to E and from A to B share a number (ends included), and so do those of z
3. wall    cross(A, B, S) and cross(A, B, E) are not both positive and not both negative
4. move    cross(S, E, A) and cross(S, E, B) are not both positive and not both negative

So touching a wall is crossing it, sliding along it too; a move of no length is the point S; there and back are the
same. With coordinates within 2^23 mm every cross product stays within 2^49: a double is as exact as an int64.

The floor rule, complete. A floor is a rectangle from (x0, z0) to (x1, z1), sides included, whose height at a place p on
its axis, from a to b, is `h0 + floor((h1 - h0) (p - a) / (b - a))`: h0 and h1 are the same unless it is a ramp. A
floor carries feet at (x, y, z) when the rectangle holds (x, z) and |y - height| <= 300.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.int32]  # (n, 3) x y z, mm
Walls = NDArray[np.int32]  # (w, 6) x0 z0 x1 z1 base top, mm
FloorRows = NDArray[np.int32]  # (f, 7) x0 z0 x1 z1 h0 h1 axis (0: x, 1: z), mm
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

STEP_HEIGHT_MM: Final = 300  # a wall that ends at this height is a stair, and is stepped over
BODY_HEIGHT_MM: Final = 1700  # a wall that starts at this height is a lintel, and is walked under
COORDINATE_LIMIT_MM: Final = 2**23  # keeps cross products exact in doubles, hence in every client

_REACH_MM: Final = 512  # five ticks of walking; more would only put more walls into every cell
_SMALLEST_CELL_BITS: Final = 9  # cells of 512 mm
_MOST_CELLS: Final = 2**20  # 8 MB of index; a wider world gets coarser cells
_MOST_PAIRS: Final = 2**20  # taken at once, so that a burst of long moves stays within tens of megabytes


def stops(walls: Walls, starts: Points, ends: Points) -> Flags:
    """Whether walls[i] stops the move from starts[i] to ends[i], by the collision rule. (n,) bool."""
    ax, az, bx, bz, base, top = walls.T.astype(np.int64)
    sx, sy, sz = starts.T.astype(np.int64)
    ex, ey, ez = ends.T.astype(np.int64)
    body = (top > np.minimum(sy, ey) + STEP_HEIGHT_MM) & (base < np.maximum(sy, ey) + BODY_HEIGHT_MM)
    ranges = _ranges_meet(sx, ex, ax, bx) & _ranges_meet(sz, ez, az, bz)
    wall = _not_one_side(_cross(ax, az, bx, bz, sx, sz), _cross(ax, az, bx, bz, ex, ez))
    move = _not_one_side(_cross(sx, sz, ex, ez, ax, az), _cross(sx, sz, ex, ez, bx, bz))
    return np.asarray(body & ranges & wall & move)


def stopped_by_any(walls: Walls, starts: Points, ends: Points) -> Flags:
    """Whether any wall stops each move. (n,) bool. Cost: O(moves x walls), mostly four comparisons each."""
    stopped = np.zeros(len(starts), np.bool_)
    step = max(1, _MOST_PAIRS // max(1, len(walls)))
    for first in range(0, len(starts), step):
        some = slice(first, first + step)
        mover, wall = np.nonzero(_ranges_meet_pairwise(walls, starts[some], ends[some]))
        hit = stops(walls[wall], starts[some][mover], ends[some][mover])
        stopped[some][mover[hit]] = True
    return stopped


def _cross(px: Ints, pz: Ints, qx: Ints, qz: Ints, rx: Ints, rz: Ints) -> Ints:
    return (qx - px) * (rz - pz) - (qz - pz) * (rx - px)


def _not_one_side(one: Ints, other: Ints) -> Flags:
    # Signs are compared, never multiplied: the product of two cross products would need 98 bits.
    return ~(((one > 0) & (other > 0)) | ((one < 0) & (other < 0)))


def _ranges_meet(a: Ints, b: Ints, c: Ints, d: Ints) -> Flags:
    return np.asarray((np.maximum(a, b) >= np.minimum(c, d)) & (np.minimum(a, b) <= np.maximum(c, d)))


def _ranges_meet_pairwise(walls: Walls, starts: Points, ends: Points) -> Flags:
    """Whether the ranges of each move and each wall meet: (moves, walls) bool."""
    (sx, sz), (ex, ez) = starts[:, ::2].T[:, :, None], ends[:, ::2].T[:, :, None]
    ax, az, bx, bz = walls.T[:4, None, :]
    return _ranges_meet(sx, ex, ax, bx) & _ranges_meet(sz, ez, az, bz)


class WallRaster:
    """Walls with an index of square cells: a short move is tested only against the walls near its start.

    Each cell lists the walls that a move of at most `_REACH_MM` along each axis can touch from inside it; a longer move
    is tested against every wall. Either way the answer is that of `stopped_by_any`. Never changes.
    """

    def __init__(self, walls: Walls) -> None:
        """walls: kept, not copied. Cost: one pass over the cells around each wall."""
        self._walls = walls
        self._origin, self._shape, self._bits = _raster_frame(walls)
        self._outside = self._shape[0] * self._shape[1]  # the cell of every place without a cell; it lists nothing
        cells, members = self._cells_and_walls()
        self._members = members[np.argsort(cells, kind="stable")]
        per_cell = np.bincount(cells, minlength=self._outside + 2)
        self._first = np.cumsum(per_cell) - per_cell

    def stopped(self, starts: Points, ends: Points) -> Flags:
        """Whether a wall stops each move. starts, ends: (n, 3) int32. Returns (n,) bool.

        Cost: ten passes over the moves, and the exact rule for the pairs of short move and near wall; each
        long move costs a comparison with every wall.
        """
        stopped = np.zeros(len(starts), np.bool_)
        if len(self._walls):
            is_long = _is_long(starts, ends)
            self._stop_short(stopped, starts, ends)
            stopped[is_long] = stopped_by_any(self._walls, starts[is_long], ends[is_long])
        return stopped

    def _stop_short(self, stopped: Flags, starts: Points, ends: Points) -> None:
        cell = self._cell_of(starts)
        first, beyond = self._first[cell], self._first[cell + 1]
        near = np.flatnonzero(beyond > first)
        mover, wall = self._pairs(near, first[near], beyond[near])
        hit = stops(self._walls[wall], starts[mover], ends[mover])
        stopped[mover[hit]] = True

    def _pairs(self, movers: Ints, first: Ints, beyond: Ints) -> tuple[Ints, Ints]:
        count = beyond - first
        offset = first - (np.cumsum(count) - count)
        place = np.arange(count.sum()) + np.repeat(offset, count)
        return np.repeat(movers, count), self._members[place]

    def _cell_of(self, points: Points) -> Ints:
        columns, rows = self._shape
        column = (points[:, 0] - self._origin[0]) >> self._bits
        row = (points[:, 2] - self._origin[1]) >> self._bits
        is_inside = (column >= 0) & (row >= 0) & (column < columns) & (row < rows)
        return np.where(is_inside, column * rows + row, self._outside)

    def _cells_and_walls(self) -> tuple[Ints, Ints]:
        near = [self._cells_near(wall) for wall in self._walls.astype(np.int64)]
        members = np.repeat(np.arange(len(near)), [len(cells) for cells in near])
        return np.concatenate([*near, np.zeros(0, np.int64)]), members

    def _cells_near(self, wall: Ints) -> Ints:
        """The cells from which a short move can touch this wall: those it passes within the reach of."""
        size, (start, end) = 1 << self._bits, wall[:4].reshape(2, 2) - self._origin
        low = (np.minimum(start, end) - _REACH_MM) >> self._bits
        high = (np.maximum(start, end) + _REACH_MM) >> self._bits
        column, row = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1), indexing="ij")
        # Separating axis: a square misses a line that is farther from its centre than it is wide that way.
        along_x, along_z = end - start
        middle_x, middle_z = column * size + size // 2 - start[0], row * size + size // 2 - start[1]
        width = (size // 2 + _REACH_MM) * (abs(along_x) + abs(along_z))
        is_near = np.abs(along_x * middle_z - along_z * middle_x) <= width
        return np.asarray(column[is_near] * self._shape[1] + row[is_near])


def _is_long(starts: Points, ends: Points) -> Flags:
    along_x = np.abs(ends[:, 0].astype(np.int64) - starts[:, 0])
    along_z = np.abs(ends[:, 2].astype(np.int64) - starts[:, 2])
    return np.asarray(np.maximum(along_x, along_z) > _REACH_MM)


def _raster_frame(walls: Walls) -> tuple[Ints, tuple[int, int], int]:
    """Origin (x, z), shape (columns, rows) and cell size in bits of a raster around walls and reach."""
    if not len(walls):
        return np.zeros(2, np.int64), (0, 0), _SMALLEST_CELL_BITS
    corners = walls[:, :4].reshape(-1, 2).astype(np.int64)
    origin = corners.min(axis=0) - _REACH_MM
    width, depth = map(int, corners.max(axis=0) + _REACH_MM - origin)
    bits = _SMALLEST_CELL_BITS
    while ((width >> bits) + 1) * ((depth >> bits) + 1) > _MOST_CELLS:
        bits += 1
    return origin, ((width >> bits) + 1, (depth >> bits) + 1), bits


class _Plan:
    """Rectangles in a fixed order, asked which of them lie over a place. Never changes.

    Their sides cut the ground plan into cells, and the rectangles over one cell are stacked in layers, in their order:
    a place looks up its cell, then reads one number from each layer.
    """

    def __init__(self, low_x: Ints, low_z: Ints, high_x: Ints, high_z: Ints) -> None:
        """Sides belong to the rectangles. At most 32,767 of them."""
        self._x_cuts = np.unique(np.concatenate((low_x, high_x + 1)))
        self._z_cuts = np.unique(np.concatenate((low_z, high_z + 1)))
        stacked = self._stacked(np.stack([low_x, low_z, high_x, high_z], axis=1))
        self.layers = [layer.ravel() for layer in stacked]  # by cell: the number of a rectangle, from 1, or 0

    def cells(self, x: NDArray[np.int32], z: NDArray[np.int32]) -> NDArray[np.intp]:
        """The cell of each place. Cost: two binary searches a place."""
        return self._column(x) * (len(self._z_cuts) + 1) + self._row(z)

    def _stacked(self, rectangles: Ints) -> list[NDArray[np.int16]]:
        shape = (len(self._x_cuts) + 1, len(self._z_cuts) + 1)
        height = np.zeros(shape, np.int64)
        layers: list[NDArray[np.int16]] = []
        for number, (low_x, low_z, high_x, high_z) in enumerate(rectangles, start=1):
            columns = slice(self._column(low_x), self._column(high_x) + 1)
            rows = slice(self._row(low_z), self._row(high_z) + 1)
            under = height[columns, rows]
            layers += [np.zeros(shape, np.int16) for _ in range(len(layers), int(under.max()) + 1)]
            for level in np.unique(under):
                layers[level][columns, rows][under == level] = number
            under += 1
        return layers

    def _column(self, x: NDArray[np.int32]) -> NDArray[np.intp]:
        return np.searchsorted(self._x_cuts, x, side="right")

    def _row(self, z: NDArray[np.int32]) -> NDArray[np.intp]:
        return np.searchsorted(self._z_cuts, z, side="right")


class Volumes:
    """Boxes in a fixed order, asked which of them comes first around a point. Never changes."""

    def __init__(self, lows: Points, highs: Points) -> None:
        """lows, highs: (v, 3) int32, the corners; a box holds its faces. v is at most 32,767."""
        low_x, low_y, low_z = lows.T
        high_x, high_y, high_z = highs.T
        self._plan = _Plan(low_x, low_z, high_x, high_z)
        self._low_y = np.concatenate(([1], low_y))  # number 0 holds no height
        self._high_y = np.concatenate(([0], high_y))

    def first_around(self, points: Points) -> NDArray[np.int16]:
        """The number, from 1, of the first box that holds each point, or 0. points: (n, 3) int32.

        Cost: two binary searches a point and four passes for each layer, however many boxes there are.
        """
        first = np.zeros(len(points), np.int16)
        if self._plan.layers:
            x, y, z = np.ascontiguousarray(points.T)
            cell = self._plan.cells(x, z)
            for layer in reversed(self._plan.layers):
                number = layer[cell]
                is_inside = (y >= self._low_y[number]) & (y <= self._high_y[number])
                first = np.where(is_inside, number, first)
        return first


class Floors:
    """Level rectangles and ramps, asked whether one of them carries the feet at a place. Never changes."""

    def __init__(self, rows: FloorRows) -> None:
        """rows: (f, 7) int32. f is at most 32,767."""
        x0, z0, x1, z1, h0, h1, axis = rows.T.astype(np.int64)
        self._plan = _Plan(x0, z0, x1, z1)
        start, end = np.where(axis == 0, x0, z0), np.where(axis == 0, x1, z1)
        # number 0 carries nobody: its height is beyond every place
        self._start, self._run = _numbered(start, 0), _numbered(end - start, 1)
        self._height, self._rise = _numbered(h0, 4 * COORDINATE_LIMIT_MM), _numbered(h1 - h0, 0)
        self._axis = _numbered(axis, 0)

    def carries(self, points: Points) -> Flags:
        """Whether a floor carries feet at each point (n, 3) int32, by the floor rule. (n,) bool."""
        carried = np.zeros(len(points), np.bool_)
        for height in self._heights(points):
            carried |= np.abs(points[:, 1] - height) <= STEP_HEIGHT_MM
        return carried

    def under(self, points: Points) -> tuple[Ints, Flags]:
        """The height (n,) int64 of the highest floor at most 300 mm above each point, and whether there is one."""
        best = np.full(len(points), np.iinfo(np.int64).min)
        for height in self._heights(points):
            best = np.where(height <= points[:, 1] + STEP_HEIGHT_MM, np.maximum(best, height), best)
        return best, best > np.iinfo(np.int64).min

    def _heights(self, points: Points) -> Iterator[Ints]:
        """For each layer of floors, the height of its floor at each point."""
        x, _, z = points.T.astype(np.int64)
        cell = self._plan.cells(x, z)
        for layer in self._plan.layers:
            number = layer[cell]
            along = np.where(self._axis[number] == 0, x, z) - self._start[number]
            yield self._height[number] + self._rise[number] * along // self._run[number]


def _numbered(column: Ints, of_none: int) -> Ints:
    return np.concatenate(([of_none], column))
