"""A room from above, for operators: who is where, how crowded it is, what budgets carry, and whom one observer sees.

Reads a room between two ticks and writes nothing. Whoever asks is told of nobody in places for which they lack the
clearance: not as an entity, not in a density, not in what an observer sees. Poses are told in columns, since everybody
is told at once. Cost: about 2 ms for 1,000 people, in proportion to their number; of pairs, those of one observer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from presence import budget, interest
from presence.entities import Body
from presence.permission import is_cleared
from presence.rings import Detail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.entities import Entities, Rows
    from presence.room import Room
    from presence.state import Seat

DENSITY_CELL_MM = 4000  # a few people who talk to each other
QUANTILES = (0.5, 0.9, 0.99, 1.0)
_WIDE = 2**14  # more cells than any world is wide


# --- one room ---------------------------------------------------------------------------------------------------------


def overview(room: Room, observer: int | None, clearance_bits: int) -> dict[str, Any]:
    """Describe a room as it is now, in what JSON can hold; `observer`: whose view is told too, an entity id.

    clearance_bits: of who asks. An observer who is not there for them, or is no member, is told as None.
    """
    entities, settings = room.state.entities, room.settings
    visible = _visible(room, clearance_bits)
    is_thing = entities.body[visible] == Body.THING
    people, things = visible[~is_thing], visible[is_thing]
    row = None if observer is None else entities.row_of(observer)
    return {
        "room": room.name,
        "world": room.world.name,
        "digest": room.world.digest,
        "tick": room.tick_number,
        "tick_hz": settings.tick_hz,
        "capacity": settings.capacity,
        "radius_mm": room.radius_mm,
        "leaving_radius_mm": round(room.radius_mm * interest.LEAVING_FACTOR),
        "rings": _rings(room),
        "people": _people(room, people),
        "objects": _places(entities, things) | {"prop": [room.state.things[row].prop for row in things.tolist()]},
        "density": _density(entities, people),
        "observer": _view(room, row, visible) if row is not None and row in people else None,
    }


def head_count(room: Room, clearance_bits: int) -> int:
    """Count the people in a room of whom somebody with these clearances may be told."""
    rows = room.state.seat_rows()
    return int(is_cleared(room.state.entities.requires[rows], np.uint64(clearance_bits)).sum())


def _visible(room: Room, clearance_bits: int) -> Rows:
    entities = room.state.entities
    alive = entities.alive()
    return alive[is_cleared(entities.requires[alive], np.uint64(clearance_bits))]


def _rings(room: Room) -> list[dict[str, Any]]:
    """List the rings up to the radius, where the outermost ends, wherever it would end by itself."""
    rings = room.rings
    within = 1 + sum(ring.reach_mm < room.radius_mm for ring in rings[:-1])
    reaches = [*(ring.reach_mm for ring in rings[: within - 1]), room.radius_mm]
    return [
        {"reach_mm": reach_mm, "every_ticks": 1 << ring.rate, "detail": ring.detail.name.lower()}
        for reach_mm, ring in zip(reaches, rings, strict=False)
    ]


def _people(room: Room, people: Rows) -> dict[str, Any]:
    entities = room.state.entities
    seats = [room.state.seats[row] for row in people.tolist()]
    identities = [seat.member.identity for seat in seats]
    degrees = np.rint(entities.yaw[people] * (360 / 65536)).astype(np.int64) % 360
    return _places(entities, people) | {
        "user": [identity.user for identity in identities],
        "name": [identity.name for identity in identities],
        "is_spectator": entities.is_unseen[people].tolist(),
        "yaw_degrees": degrees.tolist(),
        "link": list(map(_link, seats, entities.is_writable[people].tolist())),
        "budget_bytes_per_s": np.rint(entities.budget[people] * room.settings.tick_hz).astype(np.int64).tolist(),
        "budget_used": np.round(budget.used(entities, people), 2).tolist(),
        "is_short": entities.is_short[people].tolist(),
    }


def _places(entities: Entities, rows: Rows) -> dict[str, Any]:
    x, y, z = entities.position[rows].T.tolist()
    return {
        "entity": entities.id[rows].tolist(),
        "x_mm": x,
        "y_mm": y,
        "z_mm": z,
        "zone": entities.zone[rows].tolist(),
    }


def _link(seat: Seat, is_writable: bool) -> str:
    """Tell how a member can be told: in the words of `history.Link`."""
    if seat.is_away:
        return "away"
    return "ready" if is_writable else "stalled"


def _density(entities: Entities, people: Rows) -> dict[str, Any]:
    """Count people by cell of a fixed grid: where hidden ones stand does not move it, as it would `interest`'s."""
    x, _, z = entities.position[people].T // DENSITY_CELL_MM
    cells, counts = np.unique(z * _WIDE + x, return_counts=True)
    rows = (cells + _WIDE // 2) // _WIDE
    return {
        "cell_mm": DENSITY_CELL_MM,
        "column": (cells - rows * _WIDE).tolist(),
        "row": rows.tolist(),
        "people": counts.tolist(),
    }


def _view(room: Room, row: int, visible: Rows) -> dict[str, Any]:
    """Tell whom a member holds, of those whom who asks may be told of."""
    entities = room.state.entities
    view = room.view_of(row)
    view = view.where(np.isin(view.subjects, visible))
    return {
        "entity": int(entities.id[row]),
        "viewpoints_mm": [list(place) for place in entities.viewpoints.get(row, {}).values()],
        "subject": entities.id[view.subjects].tolist(),
        "every_ticks": (1 << view.rate).tolist(),
        "detail": [Detail(detail).name.lower() for detail in view.detail.tolist()],
    }


# --- all rooms --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BudgetLevels:
    """What budgets carry for everybody who can be told.

    used: a share, by quantile. short: how many of them want more than theirs carries. slowest_s: how often, at the
    least, anybody is told of whom it sees.
    """

    used: Mapping[float, float] = field(default_factory=dict)
    short: int = 0
    slowest_s: float = 0.0


def budget_levels(rooms: Iterable[Room]) -> BudgetLevels:
    """Sum up rooms that have members. Cost: about 2 ms for a million pairs in view."""
    shares, short, slowest_s = [np.zeros(0)], 0, 0.0
    for room in rooms:
        entities = room.state.entities
        rows = room.state.seat_rows()
        observers = rows[entities.is_writable[rows]]
        shares.append(budget.used(entities, observers))
        short += int(entities.is_short[observers].sum())
        slowest_s = max(slowest_s, room.slowest_ticks() / room.settings.tick_hz)
    used = np.concatenate(shares)
    levels: NDArray[np.float64] = np.quantile(used, QUANTILES) if len(used) else np.zeros(len(QUANTILES))
    return BudgetLevels(dict(zip(QUANTILES, levels.tolist(), strict=True)), short, slowest_s)
