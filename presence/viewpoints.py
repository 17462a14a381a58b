"""Where an observer looks from besides its own body: a camera, the place on a tablet's map.

Owns who may, and how many places there are. Says nothing about permission, which is the observer's own wherever it
looks from: a viewpoint sees into no zone that its owner may not see into, and is in no zone itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from protocol.errors import Refusal, Refused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.entities import Entities, Rows
    from presence.state import State
    from protocol.schema import LookFrom


def look_from(state: State, row: int, message: LookFrom, _now: float) -> None:
    """Have a viewpoint at a place from this tick on, or have it no more. Raises Refused."""
    if not _may_have(state, row):
        roles = ", ".join(sorted(state.viewpoint_roles)) or "nobody here"
        raise Refused(Refusal.NOT_ALLOWED, f"looking from elsewhere is for: {roles}")
    place = message.x, message.y, message.z
    if message.on and not state.world.in_bounds(np.array([place])).all():
        raise Refused(Refusal.BAD_PLACE, "outside the world's bounds")
    viewpoints = state.entities.viewpoints
    places = viewpoints.pop(row, {}) | {message.viewpoint: place}
    if not message.on:
        del places[message.viewpoint]
    if places:
        viewpoints[row] = places
    state.changed_permissions.add(row)  # so that it looks around
    state.done(row, message.ref)


def update(state: State, row: int) -> None:
    """Take the viewpoints away from somebody who may have them no longer."""
    if not _may_have(state, row):
        state.entities.viewpoints.pop(row, None)


def _may_have(state: State, row: int) -> bool:
    return not state.viewpoint_roles.isdisjoint(state.seats[row].member.identity.roles)


def eyes(entities: Entities, observers: Rows) -> tuple[Rows, NDArray[np.int32]]:
    """List where observers look from, their own place first: whose eye it is, in their order; where, (eyes, 3), mm.

    Cost: beyond a copy of their places, in proportion to those who have viewpoints.
    """
    viewpoints = entities.viewpoints
    if not viewpoints:
        return observers, entities.position[observers]
    more = np.zeros(entities.capacity, np.intp)
    more[list(viewpoints)] = [len(places) for places in viewpoints.values()]
    counts = 1 + more[observers]
    owners, places = np.repeat(observers, counts), np.repeat(entities.position[observers], counts, axis=0)
    ends = np.cumsum(counts)
    for k in np.flatnonzero(counts > 1).tolist():
        places[ends[k] - counts[k] + 1 : ends[k]] = list(viewpoints[int(observers[k])].values())
    return owners, places
