"""The collision rule, the first-volume rule and the floor rule, against plain arithmetic with fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from presence import geometry

Point = tuple[int, int, int]
WallRow = tuple[int, int, int, int, int, int]
Ground = tuple[int, int]


# --- the rule said another way: where, along the move, does it meet the wall? -----------------------------------------


def stopped_plainly(wall: WallRow, start: Point, end: Point) -> bool:
    """Whether one wall stops one move: segments meet in exact fractions, and heights overlap."""
    ax, az, bx, bz, base, top = wall
    lowest, highest = min(start[1], end[1]) + 300, max(start[1], end[1]) + 1700
    return top > lowest and base < highest and meet((ax, az), (bx, bz), (start[0], start[2]), (end[0], end[2]))


def meet(a: Ground, b: Ground, s: Ground, e: Ground) -> bool:
    """Whether two closed segments of the ground, either of which may be a point, have a point in common."""
    wall, move, gap = minus(b, a), minus(e, s), minus(a, s)
    turn = wall[0] * move[1] - wall[1] * move[0]
    if turn == 0:
        return any(lies_on(p, q, r) for p, q, r in ((s, a, b), (e, a, b), (a, s, e), (b, s, e)))
    along_wall = Fraction(move[0] * gap[1] - move[1] * gap[0], turn)
    along_move = Fraction(wall[0] * gap[1] - wall[1] * gap[0], turn)
    return 0 <= along_wall <= 1 and 0 <= along_move <= 1


def lies_on(p: Ground, q: Ground, r: Ground) -> bool:
    """Whether p lies on the closed segment from q to r."""
    length = (r[0] - q[0]) ** 2 + (r[1] - q[1]) ** 2
    if length == 0:
        return p == q
    along = Fraction((p[0] - q[0]) * (r[0] - q[0]) + (p[1] - q[1]) * (r[1] - q[1]), length)
    return 0 <= along <= 1 and all(q[i] + along * (r[i] - q[i]) == p[i] for i in (0, 1))


def minus(p: Ground, q: Ground) -> Ground:
    """The step from q to p."""
    return p[0] - q[0], p[1] - q[1]


def points(rows: list[Point]) -> NDArray[np.int32]:
    """(n, 3) int32."""
    return np.array(rows, np.int32).reshape(-1, 3)


def walls_of(rows: list[WallRow]) -> NDArray[np.int32]:
    """(w, 6) int32."""
    return np.array(rows, np.int32).reshape(-1, 6)


# Few distinct values make walls and moves touch, overlap and line up; wide ones fill all the bits there are.
NARROW = st.sampled_from([-1024, -513, -512, -511, -2, -1, 0, 1, 2, 300, 511, 512, 513, 700, 1024])
WIDE = st.integers(-(2**23), 2**23)
HEIGHT = st.sampled_from([-1701, -1700, -1699, -300, -1, 0, 1, 299, 300, 301, 1699, 1700, 1701, 3000])


def moves(ground: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[Point, Point]]:
    """A move between two places with these ground coordinates."""
    place = st.tuples(ground, HEIGHT, ground)
    return st.tuples(place, place)


def walls(ground: st.SearchStrategy[int]) -> st.SearchStrategy[WallRow]:
    """A wall between two places with these ground coordinates."""
    heights = st.tuples(HEIGHT, HEIGHT).map(sorted)
    return st.builds(lambda a, b, c, d, h: (a, b, c, d, *h), ground, ground, ground, ground, heights)


@given(
    st.one_of(
        [
            st.tuples(st.lists(walls(ground), max_size=6), st.lists(moves(ground), max_size=6))
            for ground in (NARROW, WIDE, NARROW | WIDE)
        ]
    )
)
@example(([(0, 0, 0, 0, 0, 3000)], [((0, 0, 0), (0, 0, 0))]))
def test_a_move_is_stopped_exactly_when_it_meets_a_wall(case: tuple[list[WallRow], list[tuple[Point, Point]]]) -> None:
    """Both ways to ask equal exact fractions, move by move, for every kind of touching there is."""
    wall_list, move_list = case
    starts, ends = points([s for s, _ in move_list]), points([e for _, e in move_list])
    truth = [any(stopped_plainly(wall, s, e) for wall in wall_list) for s, e in move_list]
    assert geometry.stopped_by_any(walls_of(wall_list), starts, ends).tolist() == truth
    assert geometry.WallRaster(walls_of(wall_list)).stopped(starts, ends).tolist() == truth


@given(walls(WIDE | NARROW), moves(WIDE | NARROW))
def test_there_and_back_have_the_same_answer(wall: WallRow, move: tuple[Point, Point]) -> None:
    """Neither the direction of a move nor that of a wall matters."""
    ax, az, bx, bz, base, top = wall
    start, end = move
    ways = [
        geometry.stops(walls_of([w]), points([s]), points([e]))[0]
        for w in (wall, (bx, bz, ax, az, base, top))
        for s, e in ((start, end), (end, start))
    ]
    assert len(set(ways)) == 1


def test_the_rule_is_exact_at_the_coordinate_limit() -> None:
    """At x = limit - 2 this wall passes an eight-millionth of a millimetre above z = limit - 3, and that decides."""
    limit = geometry.COORDINATE_LIMIT_MM
    wall = walls_of([(-limit, -limit, limit, limit - 1, 0, 3000)])
    reached = [(limit - 4, limit - 3), (limit - 3, limit - 2), (limit - 2, limit - 1)]
    starts = points([(limit - 2, 0, z) for z, _ in reached])
    ends = points([(limit - 2, 0, z) for _, z in reached])
    assert geometry.stopped_by_any(wall, starts, ends).tolist() == [False, True, False]


# --- the raster -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extent_mm", [3_000, 60_000, 4_000_000])
@pytest.mark.parametrize("longest_mm", [90, 512, 1000, 20_000])
def test_the_raster_changes_no_answer(extent_mm: int, longest_mm: int) -> None:
    """Walls of all sizes, moves on both sides of the reach, small worlds and worlds with coarse cells."""
    generator = np.random.default_rng([extent_mm, longest_mm])
    wall_rows = np.zeros((120, 6), np.int32)
    wall_rows[:, :2] = generator.integers(-extent_mm, extent_mm, (120, 2))
    wall_rows[:, 2:4] = wall_rows[:, :2] + generator.integers(-extent_mm // 4, extent_mm // 4, (120, 2))
    wall_rows[:, 5] = 3000
    near = wall_rows[generator.integers(0, 120, 4000)]
    along = generator.random((4000, 1))
    starts = np.zeros((4000, 3), np.int32)
    starts[:, ::2] = near[:, :2] + along * (near[:, 2:4] - near[:, :2]) + generator.integers(-600, 600, (4000, 2))
    ends = starts.copy()
    ends[:, ::2] += generator.integers(-longest_mm, longest_mm + 1, (4000, 2), np.int32)

    truth = geometry.stopped_by_any(wall_rows, starts, ends)

    assert 50 < truth.sum() < 3950
    assert np.array_equal(geometry.WallRaster(wall_rows).stopped(starts, ends), truth)


@pytest.mark.parametrize("step", list(product((-1, 1), (-1, 0, 1))))
def test_a_short_move_from_any_cell_around_a_wall_finds_it(step: tuple[int, int]) -> None:
    """No cell border lies between a wall and the longest short move: every start on a fine lattice is tried."""
    wall_rows = walls_of([(0, 0, 700, 300, 0, 3000)])
    lattice = np.array(list(product(range(-700, 1400, 31), [0], range(-700, 1000, 29))), np.int32)
    ends = lattice + np.array([512 * step[0], 0, 512 * step[1]], np.int32)
    truth = geometry.stopped_by_any(wall_rows, lattice, ends)
    assert truth.any()
    assert np.array_equal(geometry.WallRaster(wall_rows).stopped(lattice, ends), truth)


def test_a_burst_of_long_moves_is_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few pairs fit at once, the answer is that of all at once."""
    generator = np.random.default_rng(4)
    wall_rows = generator.integers(-9000, 9000, (30, 6)).astype(np.int32)
    wall_rows[:, 4:] = (0, 3000)
    starts, ends = generator.integers(-9000, 9000, (2, 100, 3)).astype(np.int32)
    at_once = geometry.stopped_by_any(wall_rows, starts, ends)
    monkeypatch.setattr(geometry, "_MOST_PAIRS", 7)
    assert np.array_equal(geometry.stopped_by_any(wall_rows, starts, ends), at_once)


def test_nothing_stops_where_there_is_nothing() -> None:
    """No walls, or no moves, are no special case to a caller."""
    nobody = points([])
    somebody = points([(0, 0, 0)])
    assert geometry.WallRaster(walls_of([])).stopped(somebody, somebody).tolist() == [False]
    assert geometry.WallRaster(walls_of([(0, 0, 1, 1, 0, 9)])).stopped(nobody, nobody).tolist() == []


# --- volumes ----------------------------------------------------------------------------------------------------------

CORNER = st.tuples(*[st.integers(-4, 4)] * 3)


@given(
    st.lists(st.tuples(CORNER, CORNER), max_size=7),
    st.lists(st.tuples(*[st.integers(-6, 6)] * 3), min_size=1, max_size=20),
)
def test_the_first_box_around_a_point_wins(boxes: list[tuple[Point, Point]], where: list[Point]) -> None:
    """Boxes that overlap, touch, repeat and nest: the first listed one that holds the point, faces included."""
    lows = [tuple(map(min, a, b)) for a, b in boxes]
    highs = [tuple(map(max, a, b)) for a, b in boxes]
    volumes = geometry.Volumes(points(lows), points(highs))  # type: ignore[arg-type]
    truth = [
        next((i for i, (a, b) in enumerate(zip(lows, highs, strict=True), 1) if holds(a, b, point)), 0)
        for point in where
    ]
    first = volumes.first_around(points(where))
    assert first.dtype == np.int16
    assert first.tolist() == truth


def holds(low: tuple[int, ...], high: tuple[int, ...], point: Point) -> bool:
    """Whether a closed box holds a point."""
    return all(a <= p <= b for a, p, b in zip(low, point, high, strict=True))


def test_points_anywhere_have_an_answer() -> None:
    """The largest and smallest int32 lie in no box, and are no error."""
    volumes = geometry.Volumes(points([(-5, -5, -5)]), points([(5, 5, 5)]))
    ends = np.iinfo(np.int32)
    assert volumes.first_around(points([(ends.min,) * 3, (0, 0, 0), (ends.max,) * 3])).tolist() == [0, 1, 0]


# --- floors -----------------------------------------------------------------------------------------------------------

FloorRow = tuple[int, int, int, int, int, int, int]


def height_of(floor: FloorRow, x: int, z: int) -> int | None:
    """How high a floor is at a place, in fractions; None beside it."""
    x0, z0, x1, z1, start, end, axis = floor
    if not (x0 <= x <= x1 and z0 <= z <= z1):
        return None
    along = Fraction(x - x0, x1 - x0) if axis == 0 else Fraction(z - z0, z1 - z0)
    return math.floor(start + (end - start) * along)


@st.composite
def floors(draw: st.DrawFn, ground: st.SearchStrategy[int]) -> FloorRow:
    """A level floor or a ramp."""
    x, z = (sorted(draw(st.lists(ground, min_size=2, max_size=2, unique=True))) for _ in range(2))
    start = draw(HEIGHT)
    axis = draw(st.sampled_from([0, 1]))
    return x[0], z[0], x[1], z[1], start, draw(HEIGHT | st.just(start)), axis


@given(
    st.one_of([st.tuples(st.lists(floors(g), max_size=5), st.tuples(g, HEIGHT, g)) for g in (NARROW, WIDE)]),
)
def test_feet_are_carried_where_a_floor_is_near(case: tuple[list[FloorRow], Point]) -> None:
    """Level floors and ramps that overlap, touch and hang in the air, against fractions; and the highest one below."""
    rows, (x, y, z) = case
    heights = [height for height in (height_of(row, x, z) for row in rows) if height is not None]
    some = geometry.Floors(np.array(rows, np.int32).reshape(-1, 7))
    where = points([(x, y, z)])
    assert some.carries(where).tolist() == [any(abs(y - height) <= 300 for height in heights)]
    below = [height for height in heights if height <= y + 300]
    height, is_there = some.under(where)
    assert is_there.tolist() == [bool(below)]
    assert not below or height.tolist() == [max(below)]


def test_feet_anywhere_have_an_answer() -> None:
    """The largest and smallest int32 are on no floor, and are no error."""
    ends = np.iinfo(np.int32)
    some = geometry.Floors(np.array([(-5, -5, 5, 5, 0, 0, 0)], np.int32))
    assert some.carries(points([(ends.min,) * 3, (0, 0, 0), (ends.max,) * 3])).tolist() == [False, True, False]
