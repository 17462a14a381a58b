"""Objects: who may spawn, grab, move, release and remove them.

Ownership is a version: it grows with every change of hands, and a message that names an older one comes from
somebody who has not heard yet. The holder decides the pose, within arm's reach of its avatar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from presence import movement
from presence.entities import Body
from presence.state import Thing
from protocol.errors import Refusal, Refused
from protocol.records import pack_orientations
from protocol.schema import Despawn, Grab, Move, Release, Spawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.state import Member, State

REACH_MM = 3000  # an arm, a step, and the lag of one's own pose
MAX_OBJECTS = 512
MAX_OBJECTS_PER_PERSON = 32


def furnish(state: State, now: float) -> None:
    """Put the world's own objects into a new room."""
    for placed in state.world.objects:
        orientation = int(pack_orientations(np.array([placed.orientation]))[0])
        _put(state, Thing(placed.kind, None), placed.position_mm, orientation, now)


def spawn(state: State, row: int, message: Spawn, now: float) -> None:
    """Add an object at a place within reach, unheld."""
    member = state.seats[row].member
    if message.prop not in {kind.name for kind in state.world.kinds}:
        raise Refused(Refusal.UNKNOWN_KIND, f"this world has no prop called {message.prop}")
    mine = sum(1 for thing in state.things.values() if thing.spawner is member)
    if len(state.things) >= MAX_OBJECTS or mine >= MAX_OBJECTS_PER_PERSON:
        raise Refused(Refusal.TOO_MANY_OBJECTS, "too many objects here already; remove some first")
    place = (message.x, message.y, message.z)
    _check_place(state, row, place)
    try:
        made = _put(state, Thing(message.prop, member), place, message.orientation, now)
    except OverflowError:
        raise Refused(Refusal.TOO_MANY_OBJECTS, "the room has no entity id to spare; try again later") from None
    state.done(row, message.ref, int(state.entities.id[made]), 1)


def grab(state: State, row: int, message: Grab, _now: float) -> None:
    """Take an object nobody holds."""
    target = _visible_thing(state, row, message.entity)
    thing = state.things[target]
    if not _is_grabbable(state, thing):
        raise Refused(Refusal.NOT_ALLOWED, "this object stays where it is")
    if thing.holder is not None:
        raise Refused(Refusal.HELD, "somebody holds it; ask them to let go")
    x, y, z = state.entities.position[target].tolist()
    if state.distance_mm(row, (x, y, z)) > REACH_MM:
        raise Refused(Refusal.OUT_OF_REACH, f"too far away; come within {REACH_MM / 1000:.0f} m")
    _hand_over(state, target, row)
    state.done(row, message.ref, message.entity, thing.version)


def move(state: State, row: int, message: Move, now: float) -> None:
    """Move an object one holds; a move from before the last change of hands, or out of reach, is dropped."""
    target = _visible_thing(state, row, message.entity)
    thing = state.things[target]
    if message.version < thing.version:
        return
    _check_held(thing, row)
    place = (message.x, message.y, message.z)
    if state.distance_mm(row, place) <= REACH_MM and _is_inside(state, place):
        _pose(state, target, place, message.orientation, now)


def release(state: State, row: int, message: Release, now: float) -> None:
    """Let go of an object at its last pose."""
    target = _held_thing(state, row, message)
    place = (message.x, message.y, message.z)
    _check_place(state, row, place)
    _pose(state, target, place, message.orientation, now)
    _hand_over(state, target, None)
    state.done(row, message.ref, message.entity, state.things[target].version)


def despawn(state: State, row: int, message: Despawn, now: float) -> None:
    """Remove an object one holds."""
    target = _held_thing(state, row, message)
    version = state.things.pop(target).version
    state.entities.remove(target, now)
    state.changed_entries.add(target)
    state.done(row, message.ref, message.entity, version)


def drop_all(state: State, row: int) -> None:
    """Return everything a leaver holds, each at its last pose."""
    for target, thing in state.things.items():
        if thing.holder == row:
            _hand_over(state, target, None)


def carry_along(state: State, row: int, step_mm: NDArray[np.int32], now: float) -> None:
    """Take what a member holds along on a jump; nothing leaves the world's bounds."""
    low, high = state.world.bounds_mm
    for target, thing in state.things.items():
        if thing.holder == row:
            x, y, z = np.clip(state.entities.position[target] + step_mm, low, high).tolist()
            _pose(state, target, (x, y, z), int(state.entities.orientation[target]), now)


def disown(state: State, member: Member) -> None:
    """Forget who spawned what, for a member who leaves."""
    for thing in state.things.values():
        if thing.spawner is member:
            thing.spawner = None


def _put(state: State, thing: Thing, place: tuple[int, ...], orientation: int, now: float) -> int:
    row = state.entities.add(Body.THING, now)
    state.things[row] = thing
    _pose(state, row, place, orientation, now)
    state.changed_entries.add(row)
    return row


def _pose(state: State, row: int, place: tuple[int, ...], orientation: int, now: float) -> None:
    entities = state.entities
    entities.position[row], entities.orientation[row], entities.sampled_at[row] = place, orientation, now
    movement.enter_zones(entities, state.world, np.array([row]))
    state.moved.add(row)


def _hand_over(state: State, target: int, holder: int | None) -> None:
    thing = state.things[target]
    thing.holder, thing.version = holder, thing.version + 1
    state.changed_entries.add(target)


def _visible_thing(state: State, row: int, entity: int) -> int:
    target = state.visible_row(row, entity)
    if target not in state.things:
        raise Refused(Refusal.UNKNOWN_ENTITY, f"entity {entity} is not an object")
    return target


def _held_thing(state: State, row: int, message: Release | Despawn) -> int:
    target = _visible_thing(state, row, message.entity)
    thing = state.things[target]
    _check_held(thing, row)
    if message.version < thing.version:
        raise Refused(Refusal.STALE_VERSION, f"the object is at version {thing.version}")
    return target


def _is_grabbable(state: State, thing: Thing) -> bool:
    return any(kind.name == thing.prop and kind.is_grabbable for kind in state.world.kinds)


def _check_held(thing: Thing, row: int) -> None:
    if thing.holder != row:
        raise Refused(Refusal.NOT_HELD, "you do not hold it; grab it first")


def _check_place(state: State, row: int, place: tuple[int, int, int]) -> None:
    if state.distance_mm(row, place) > REACH_MM:
        raise Refused(Refusal.OUT_OF_REACH, f"too far away; stay within {REACH_MM / 1000:.0f} m")
    if not _is_inside(state, place):
        raise Refused(Refusal.BAD_PLACE, "outside the world's bounds")


def _is_inside(state: State, place: tuple[int, int, int]) -> bool:
    return bool(state.world.in_bounds(np.array([place], dtype=np.int32))[0])
