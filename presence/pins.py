"""Who is in sight at any distance: pinned subjects, which count as standing beside those for whom they are pinned.

Owns what makes somebody pinned: a role, for everybody; a moderator's word, for everybody; a team, for its members. Says
nothing about permission, which comes first: who may not see somebody is not helped by a pin.

A pin is for groups, which are bits: everybody belongs to the first one, and each team of a room has one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from presence.entities import Entities, Rows
    from presence.identity import Identity
    from presence.state import State

EVERYBODY = 1
MAX_TEAMS = 63  # present at once, bits that are left; members of further ones are not pinned for each other


class Teams:
    """The teams of those who are in a room, and the group that each of them is."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}

    def groups(self, identity: Identity, in_use: int) -> int:
        """Return the groups that somebody belongs to, as bits, besides everybody's. in_use: those of all present."""
        if identity.teams <= self._bits.keys():
            return sum(self._bits[team] for team in identity.teams)
        self._bits = {team: bit for team, bit in self._bits.items() if bit & in_use or team in identity.teams}
        free = (2 << k for k in range(MAX_TEAMS) if 2 << k not in self._bits.values())
        self._bits |= dict(zip(sorted(identity.teams - self._bits.keys()), free, strict=False))
        return sum(self._bits.get(team, 0) for team in identity.teams)


def update(state: State, row: int) -> None:
    """Note for whom the person of a row is pinned, and whose pins are for it."""
    seat, entities = state.seats[row], state.entities
    identity = seat.member.identity
    in_use = int(np.bitwise_or.reduce(entities.groups[entities.is_alive]))
    teams = state.teams.groups(identity, in_use)
    is_for_everybody = seat.is_pinned or not state.pinned_roles.isdisjoint(identity.roles)
    entities.groups[row] = teams | EVERYBODY
    entities.pinned_for[row] = teams | (EVERYBODY if is_for_everybody else 0)


def pinned(entities: Entities) -> Rows:
    """List the rows that are pinned for anybody."""
    return np.flatnonzero(entities.is_alive & (entities.pinned_for != 0))


def is_pinned(entities: Entities, viewer: int, subject: int) -> bool:
    """Tell whether a subject is pinned for somebody."""
    return viewer != subject and bool(entities.pinned_for[subject] & entities.groups[viewer])
