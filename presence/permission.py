"""Who may see and hear whom: the one rule that every way out of a room asks.

Poses, roster, counts, presence queries, chat and emotes all filter through `may_see`; chat filters through
`may_hear` as well. Spectators are unseen by this rule alone. Pure functions over entity columns; no state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from presence.entities import Entities, Mask, Rows
    from presence.kernels import Narrow


def is_cleared(requires: NDArray[np.uint64], grants: NDArray[np.uint64] | np.uint64) -> Mask:
    """Tell, element by element, whether `grants` hold every clearance that is required."""
    return np.asarray((requires & ~grants) == 0, dtype=np.bool_)


def may_know(entities: Entities, subjects: Rows | Narrow, grants: NDArray[np.uint64] | np.uint64) -> Mask:
    """Tell, element by element, whether somebody with these grants may know of the subjects: all but blocks."""
    return np.asarray(is_cleared(entities.requires[subjects], grants) & ~entities.is_unseen[subjects], dtype=np.bool_)


def may_hide(entities: Entities) -> bool:
    """Tell whether anybody is hidden from anybody: where nobody is, `may_see` need not be asked about every pair."""
    return bool(entities.has_blocks or entities.requires.any() or entities.is_unseen.any())


def may_see(entities: Entities, viewers: Rows | Narrow, subjects: Rows | Narrow) -> Mask:
    """Tell for each (viewer, subject) pair of rows whether the viewer may know of the subject at all.

    viewers and subjects broadcast against each other. Everybody may see themselves.
    """
    allowed = may_know(entities, subjects, entities.grants[viewers])
    if entities.has_blocks:
        allowed &= ~entities.blocks[viewers, subjects]
    return np.asarray(allowed | (viewers == subjects), dtype=np.bool_)


def may_hear(entities: Entities, listeners: Rows, speaker: int) -> Mask:
    """Tell for each listener whether open speech (room or nearby) of `speaker` may reach it.

    Speech stays inside a speech-private zone, and does not enter one.
    """
    together = entities.privacy[listeners] == entities.privacy[speaker]
    return np.asarray(together & may_see(entities, listeners, np.intp(speaker)), dtype=np.bool_)  # type: ignore[arg-type]


def block(entities: Entities, one: int, other: int, is_blocked: bool) -> None:
    """Hide two rows from each other, or undo it; a block works both ways."""
    entities.blocks[one, other] = entities.blocks[other, one] = is_blocked
    entities.has_blocks = bool(entities.has_blocks or is_blocked)
