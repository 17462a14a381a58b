"""Who knows of whom: keeps every member's roster and object list equal to what it may see.

Runs once a tick, over what changed: joins, leaves, new entries, and permissions that moved. Tells each member
the difference between what it knows and what it may know, as one `gone`, one `roster` and one `objects` event
at most (long lists are split), so a storm of joins costs each member one message a tick. Equal differences
are encoded once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from presence.entities import Body
from presence.permission import may_see
from protocol.codec import pack_item, share, share_items
from protocol.schema import Gone, Objects, Person, Roster, Thing

if TYPE_CHECKING:
    from presence.entities import Mask, Rows
    from presence.state import State
    from protocol.codec import SharedEvent

# An entry takes 60 bytes as a rule and 1.5 KB with the longest names and roles: events stay below 200 KB.
_MAX_ITEMS = 128


def update(state: State) -> None:
    """Send every member what changed in what it may know, then what came too early, and clear both in `state`."""
    if state.changed_entries or state.changed_permissions:
        _tell_changes(state)
    for row, subject, event in state.early:
        if state.entities.knows[row, subject]:
            state.send(row, event)
    state.early.clear()


def _tell_changes(state: State) -> None:
    held = _held(state)
    # whose hands hold an object is told according to whether the viewer may know of the holder
    state.changed_entries.update(thing for thing, holder in held.items() if holder in state.changed_permissions)
    changed = np.array(sorted(state.changed_entries | state.changed_permissions), dtype=np.intp)
    viewers = state.seat_rows()
    is_refocused = np.isin(viewers, list(state.changed_permissions))
    letters = _Letters(state, held)
    _tell(state, letters, viewers[~is_refocused], changed, state.changed_entries)
    everything = np.union1d(changed, state.entities.alive())
    _tell(state, letters, viewers[is_refocused], everything, state.changed_entries | held.keys())
    state.changed_entries.clear()
    state.changed_permissions.clear()


def _tell(state: State, letters: _Letters, viewers: Rows, subjects: Rows, fresh: set[int]) -> None:
    """Bring what `viewers` know of `subjects` up to date, and tell them; `fresh` entries go to all who know them."""
    is_new_entry = np.isin(subjects, list(fresh))
    entities = state.entities
    grid = np.ix_(viewers, subjects)
    wanted = may_see(entities, viewers[:, None], subjects[None, :]) & entities.is_alive[subjects]
    known = entities.knows[grid]
    entities.knows[grid] = wanted
    gone = known & ~wanted
    news = wanted & (~known | is_new_entry)
    for k in np.flatnonzero((gone | news).any(axis=1)):
        row = int(viewers[k])
        for event in letters.of(row, subjects, gone[k], news[k]):
            state.send(row, event)


def _held(state: State) -> dict[int, int]:
    """Map the row of each object in somebody's hands to its holder's."""
    return {row: made.holder for row, made in state.things.items() if made.holder is not None}


class _Letters:
    """The events of one update, each distinct one encoded once. What a viewer does not know of holds nothing for it."""

    def __init__(self, state: State, held: dict[int, int]) -> None:
        self._state = state
        self._held = held
        self._items: dict[tuple[int, bool], bytes] = {}
        self._events: dict[tuple[bytes, bytes, frozenset[int]], list[SharedEvent]] = {}

    def of(self, viewer: int, subjects: Rows, gone: Mask, news: Mask) -> list[SharedEvent]:
        """Return the events that tell `viewer` of the chosen subjects; its own entry comes first."""
        told = subjects[news]
        if viewer in told:
            told = np.concatenate([[viewer], told[told != viewer]])
        lost = subjects[gone]
        knows = self._state.entities.knows[viewer]
        in_hidden_hands = frozenset(row for row, holder in self._held.items() if not knows[holder])
        key = (told.tobytes(), lost.tobytes(), in_hidden_hands)
        if key not in self._events:
            self._events[key] = self._written(told, lost, in_hidden_hands)
        return self._events[key]

    def _written(self, told: Rows, lost: Rows, in_hidden_hands: frozenset[int]) -> list[SharedEvent]:
        entities = self._state.entities
        events = [share(Gone(0, entities.id[lost].tolist()))] if len(lost) else []
        is_thing = entities.body[told] == Body.THING
        for cls, rows in ((Roster, told[~is_thing]), (Objects, told[is_thing])):
            items = [self._item(row, row in in_hidden_hands) for row in rows.tolist()]
            events += [share_items(cls, items[k : k + _MAX_ITEMS]) for k in range(0, len(items), _MAX_ITEMS)]
        return events

    def _item(self, row: int, is_holder_hidden: bool) -> bytes:
        key = (row, is_holder_hidden)
        if key not in self._items:
            is_thing = row in self._state.things
            entry = thing(self._state, row, is_holder_hidden) if is_thing else person(self._state, row)
            self._items[key] = pack_item(entry)
        return self._items[key]


def person(state: State, row: int) -> Person:
    """Describe the person of a row as the roster does."""
    seat, entities = state.seats[row], state.entities
    who = seat.member.identity
    return Person(
        entity=int(entities.id[row]),
        generation=int(entities.generation[row]),
        user=who.user,
        name=who.name,
        agency=who.agency,
        country=who.country,
        roles=sorted(who.roles),
        guest=who.guest,
        status=seat.status,
        away=seat.is_away,
        muted=seat.is_muted,
    )


def thing(state: State, row: int, is_holder_hidden: bool) -> Thing:
    """Describe the object of a row as the object list does; a hidden holder is nobody."""
    made, entities = state.things[row], state.entities
    x, y, z = entities.position[row].tolist()
    return Thing(
        entity=int(entities.id[row]),
        generation=int(entities.generation[row]),
        prop=made.prop,
        version=made.version,
        holder=0 if made.holder is None or is_holder_hidden else int(entities.id[made.holder]),
        x=x,
        y=y,
        z=z,
        orientation=int(entities.orientation[row]),
    )
