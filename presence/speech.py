"""What people say and show: chat, emotes and status, each told to exactly those who may see and hear it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from presence.permission import may_hear, may_see
from presence.state import unknown
from protocol.errors import Refusal, Refused
from protocol.schema import Channel, Chat, Gesture, Gestured, Said, SetStatus

if TYPE_CHECKING:
    from presence.state import State

# A raised voice in a quiet hall: further than that one walks over.
NEARBY_MM = 8000


def chat(state: State, row: int, message: Chat, now: float) -> None:
    """Say something on one channel. Refuses the muted, and direct messages to whom one cannot see."""
    if state.seats[row].is_muted:
        raise Refused(Refusal.MUTED, "a moderator has muted you in this room")
    said = Said(0, int(state.entities.id[row]), message.channel, message.text, state.time_ms(now))
    state.tell_of(row, _listeners(state, row, message), said)
    state.done(row, message.ref)


def _listeners(state: State, row: int, message: Chat) -> list[int]:
    entities = state.entities
    if message.channel == Channel.DIRECT:
        target = state.visible_person(row, message.target)
        if not may_see(entities, np.array([target]), np.array([row]))[0]:
            raise unknown(message.target)
        return sorted({row, target})
    listeners = state.seat_rows()
    hears = may_hear(entities, listeners, row)
    if message.channel == Channel.NEARBY:
        apart = entities.position[listeners].astype(np.int64) - entities.position[row]
        hears &= (apart**2).sum(axis=1) <= NEARBY_MM**2
    return [int(listener) for listener in listeners[hears]]


def gesture(state: State, row: int, message: Gesture, _now: float) -> None:
    """Show an emote to those who may see the avatar."""
    state.tell_of(row, state.who_may_see(row), Gestured(0, int(state.entities.id[row]), message.emote))
    state.done(row, message.ref)


def set_status(state: State, row: int, message: SetStatus, _now: float) -> None:
    """Change one's status; the roster tells the others."""
    state.seats[row].status = message.status
    state.changed_entries.add(row)
    state.done(row, message.ref)
