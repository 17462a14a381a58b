"""Authoritative movement: which of the poses that clients claim become true.

Takes the packed input records of one drain, in order of arrival, and either writes them into the entity
columns or answers with the cause of a correction. The allowance is a bucket of distance, so that a client may
send as seldom as it likes. Pure; cost O(poses), without per-entity Python except for zones with a capacity.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from presence.entities import Body
from presence.geometry import BODY_HEIGHT_MM
from presence.permission import is_cleared, may_see
from protocol import records
from protocol.records import PARTS, Section, Table
from protocol.schema import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from presence.entities import Entities, Mask, Rows
    from presence.world import World

# A runner's pace; half a second of it may be spent at once, which is what a network stall of that length
# releases.
SPEED_MM_S = 6000.0
MAX_CREDIT_MM = 3000.0
# Further than one can walk at once, near enough that a hall is not crossed unseen.
TELEPORT_REACH_MM = 15_000
JUMP_REST_S = 0.5

# Where somebody who comes to a person may stand: at a distance for talking, facing them, in front rather than behind.
_BESIDE_MM = (1200, 1600, 800, 2200, 3000)
_WAYS = 16  # looks at places this many directions apart
_WAY_TURNS = records.YAW_TURN // _WAYS
_PLACES_BESIDE = sorted(  # (direction from where the person looks, distance), best first
    ((way, distance) for way in range(-_WAYS // 2 + 1, _WAYS // 2 + 1) for distance in range(len(_BESIDE_MM))),
    key=lambda place: (abs(place[0]) > _WAYS // 4, place[1], abs(place[0]), place[0]),
)
_ELBOW_ROOM_MM = 500
_DROP_MM = 600  # the foot of a ramp, not of a balcony

FINE = 255  # no cause: the step is accepted

Causes = NDArray[np.uint8]


def apply(
    entities: Entities, world: World, kind: Section, rows: Rows, table: Table, received: NDArray[np.float64]
) -> tuple[Rows, Rows, Causes]:
    """Apply input records in order: `table[k]` came from `rows[k]` at `received[k]` (server clock, seconds).

    Returns the distinct rows whose pose was accepted, and the rows that are to be corrected with their causes
    (distinct; the last cause of each). Records whose sequence is not newer than the row's last are ignored.
    """
    moved = np.zeros(entities.capacity, np.bool_)
    causes = np.full(entities.capacity, FINE, np.uint8)
    for turn in _turns(rows):
        fresh = turn[is_newer(table["seq"][turn], entities.ack[rows[turn]])]
        judged = _judge(entities, world, rows[fresh], table[fresh], received[fresh])
        entities.ack[rows[fresh]] = table["seq"][fresh]
        accepted = fresh[judged == FINE]
        _write(entities, kind, rows[accepted], table[accepted], received[accepted])
        if len(world.zones):
            enter_zones(entities, world, rows[accepted])
        moved[rows[accepted]] = True
        causes[rows[fresh]] = np.where(judged == FINE, causes[rows[fresh]], judged)
    corrected = np.flatnonzero(causes != FINE)
    return np.flatnonzero(moved), corrected, causes[corrected]


def _turns(rows: Rows) -> Iterator[Rows]:
    """Divide records into turns, in order: one of each row at a time, since each is judged from where the last led."""
    remaining = np.arange(len(rows))
    while len(remaining) and np.bincount(rows[remaining]).max() > 1:
        _, first = np.unique(rows[remaining], return_index=True)
        yield remaining[np.sort(first)]
        remaining = np.delete(remaining, first)
    if len(remaining):
        yield remaining


def place(
    entities: Entities,
    world: World,
    row: int,
    position_mm: tuple[int, int, int] | NDArray[np.int32],
    now: float,
) -> None:
    """Put an entity somewhere without asking: a spawn, or a judged teleport. Its allowance is full afterwards."""
    entities.position[row] = position_mm
    entities.credit[row], entities.credit_at[row] = MAX_CREDIT_MM, now
    entities.sampled_at[row] = now
    enter_zones(entities, world, np.array([row]))


def place_beside(entities: Entities, world: World, row: int, person: int) -> tuple[NDArray[np.int32], int] | None:
    """Find a free place beside a person for `row`: its position and the yaw that faces the person, or None.

    It is in the person's zone, walkable from the person, and clear of everybody whom `row` may see; of others it must
    not learn that they are there. Cost: 80 places, each against the walls and the people of the room.
    """
    ways, distances = np.array(_PLACES_BESIDE).T
    ways = (ways + (int(entities.yaw[person]) + _WAY_TURNS // 2) // _WAY_TURNS) % _WAYS
    centre = entities.position[person]
    places = centre + _STEPS[ways, distances]
    is_fine = np.ones(len(places), np.bool_)
    if world.floors is not None:
        heights, has_floor = world.floors.under(places)
        is_fine = has_floor & (heights >= centre[1] - _DROP_MM)
        places[:, 1] = np.where(is_fine, heights, centre[1])
    is_fine &= ~world.blocked(np.broadcast_to(centre, places.shape), places)
    is_fine &= (world.zone_of(places) == entities.zone[person]) & _is_clear(entities, row, places)
    if not is_fine.any():
        return None
    best = int(is_fine.argmax())
    return places[best], int((ways[best] + _WAYS // 2) % _WAYS * _WAY_TURNS)


def _steps_beside() -> NDArray[np.int32]:
    """List (direction, distance, xyz) the steps from a person to the places beside it."""
    angle = np.arange(_WAYS) * (math.tau / _WAYS)
    towards = np.stack([-np.sin(angle), np.zeros(_WAYS), -np.cos(angle)], axis=1)
    steps: NDArray[np.int32] = np.round(towards[:, None, :] * np.array(_BESIDE_MM)[:, None]).astype(np.int32)
    return steps


_STEPS = _steps_beside()


def _is_clear(entities: Entities, row: int, places: NDArray[np.int32]) -> Mask:
    """Tell which places have nobody within elbow room, of those whom `row` may see."""
    others = np.flatnonzero(entities.is_alive & (entities.body != Body.THING))
    others = others[(others != row) & may_see(entities, np.array([row]), others)]
    apart = np.abs(places[:, None, :].astype(np.int64) - entities.position[others][None, :, :])
    is_near = (apart[..., 0] ** 2 + apart[..., 2] ** 2 < _ELBOW_ROOM_MM**2) & (apart[..., 1] < BODY_HEIGHT_MM)
    return np.asarray(~is_near.any(axis=1))


def enter_zones(entities: Entities, world: World, rows: Rows) -> None:
    """Bring the zone columns of `rows` in line with their positions."""
    zone = world.zone_of(entities.position[rows])
    entities.zone[rows] = zone
    entities.requires[rows] = world.zone_requires[zone]
    entities.isolation[rows] = np.where(world.zone_isolated[zone], zone, 0)
    entities.privacy[rows] = np.where(world.zone_private[zone], zone, 0)


def zone_cause(entities: Entities, world: World, rows: Rows, position_mm: NDArray[np.int32]) -> Causes:
    """Tell which rows may not be in the zone of their new position, and why; in order, for zones that fill up."""
    causes = np.full(len(rows), FINE, np.uint8)
    zone = world.zone_of(position_mm)
    crossing = np.flatnonzero(zone != entities.zone[rows])
    uncleared = ~is_cleared(world.zone_requires[zone[crossing]], entities.grants[rows[crossing]])
    causes[crossing[uncleared]] = Cause.ZONE_CLEARANCE
    # nobody can tell from a zone that is full, or is not, that a spectator stands in it
    counts = ~uncleared & ~entities.is_unseen[rows[crossing]]
    limited = crossing[counts & (world.zone_capacity[zone[crossing]] >= 0)]
    if len(limited):
        avatars = entities.is_alive & (entities.body != Body.THING) & ~entities.is_unseen
        inside = np.bincount(entities.zone[avatars], minlength=len(world.zone_capacity))
        for k in limited:
            if inside[zone[k]] >= world.zone_capacity[zone[k]]:
                causes[k] = Cause.ZONE_FULL
            else:
                inside[zone[k]] += 1
    return causes


def is_newer(seq: NDArray[np.uint32], last: NDArray[np.uint32]) -> Mask:
    """Compare sequence numbers in serial arithmetic (RFC 1982)."""
    return np.asarray((seq - last).astype(np.int32) > 0, dtype=np.bool_)


def _judge(entities: Entities, world: World, rows: Rows, table: Table, received: NDArray[np.float64]) -> Causes:
    """Find what is wrong with one step of each row; its length is taken from the allowance only if nothing is."""
    target = np.stack([table["x"], table["y"], table["z"]], axis=1)
    start = entities.position[rows]
    causes = np.full(len(rows), FINE, np.uint8)
    length = np.sqrt(((target - start).astype(np.float64) ** 2).sum(axis=1))
    elapsed = np.maximum(0.0, received - entities.credit_at[rows])
    credit = np.minimum(MAX_CREDIT_MM, entities.credit[rows] + elapsed * SPEED_MM_S)

    # the most telling cause wins: each rule overwrites the ones before it; only who may come takes a zone's place
    causes[length > credit] = Cause.TOO_FAST
    causes[~world.on_floor(target) & (length > 0)] = Cause.NO_FLOOR
    causes[world.blocked(start, target) & (length > 0)] = Cause.WALL
    causes[~world.in_bounds(target)] = Cause.OUT_OF_BOUNDS
    if len(world.zones):
        coming = np.flatnonzero((length > 0) & (causes == FINE))
        causes[coming] = zone_cause(entities, world, rows[coming], target[coming])

    entities.credit[rows] = np.where(causes == FINE, credit - length, credit)
    entities.credit_at[rows] = np.maximum(received, entities.credit_at[rows])
    return causes


def _write(entities: Entities, kind: Section, rows: Rows, table: Table, received: NDArray[np.float64]) -> None:
    entities.body[rows] = Body.TRACKED if kind is Section.TRACKED_INPUT else Body.ROOT
    for axis, name in enumerate("xyz"):
        entities.position[rows, axis] = table[name]
    entities.yaw[rows], entities.pitch[rows] = table["yaw"], table["pitch"]
    entities.sampled_at[rows] = received - table["age"] * (records.AGE_STEP_MS / 1000)
    if kind is Section.TRACKED_INPUT:
        for index, part in enumerate(PARTS):
            for axis, name in enumerate("xyz"):
                entities.parts[rows, index, axis] = table[part][name]
            entities.part_orientations[rows, index] = table[part]["orientation"]
