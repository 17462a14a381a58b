"""Order in the room: mute, kick, pin and lock by role, each with an audit line; and whom a block hides from whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from presence import pins
from presence.state import Audit
from protocol.errors import Close, ProtocolError, Refusal, Refused
from protocol.schema import Action, Moderate, RoomState

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from presence.identity import Identity
    from presence.state import Member, State

MODERATORS = frozenset({"moderator", "operator"})


def may_moderate(identity: Identity) -> bool:
    """Tell whether an identity's roles let it moderate."""
    return not MODERATORS.isdisjoint(identity.roles)


def is_blocked(who: Identity, blocks: AbstractSet[str], other: Member) -> bool:
    """Tell whether somebody with these blocks and a member hide from each other; nobody hides from a moderator."""
    one_way = other.identity.user in blocks and not may_moderate(other.identity)
    return one_way or (who.user in other.blocks and not may_moderate(who))


def moderate(state: State, row: int, message: Moderate, _now: float) -> None:
    """Carry out one act of moderation, and write it down."""
    actor = state.seats[row].member.identity
    if not may_moderate(actor):
        raise Refused(Refusal.NOT_ALLOWED, "only moderators may do this")
    action = Action(message.action)
    if action in (Action.LOCK, Action.UNLOCK):
        _lock(state, action is Action.LOCK)
        target = state.name
    else:
        target = _act_on(state, state.visible_person(row, message.target), action, message.reason)
    state.report.audits.append(Audit(actor.user, action.name.lower(), target, state.name, message.reason))
    state.done(row, message.ref)


def _lock(state: State, is_locked: bool) -> None:
    state.is_locked = is_locked
    state.tell(state.seats, RoomState(0, is_locked))


def _act_on(state: State, target: int, action: Action, reason: str) -> str:
    seat = state.seats[target]
    if action is Action.KICK:
        state.report.faults.append((seat.member, ProtocolError(Close.KICKED, reason or "removed by a moderator")))
    elif action in (Action.PIN, Action.UNPIN):
        seat.is_pinned = action is Action.PIN
        pins.update(state, target)
        state.changed_permissions.add(target)  # so that everybody looks around
    else:
        seat.is_muted = action is Action.MUTE
        state.changed_entries.add(target)
    return seat.member.identity.user
