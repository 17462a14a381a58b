"""A reader of the state of the Colyseus adapter: `avatars`, a map of Avatar, filtered by a StateView for each client.

Knows of the schema encoding (version 5) what that state uses, and refuses the rest: 255 and a reference switch to a
structure; a field of it is told as an operation with the field's index, and a value; an entry of the map as an
operation, its index, its key where it is new, and the reference of what it holds.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM_STATE, ROOM_STATE_PATCH = 14, 15

_SWITCH, _TYPE_ID = 255, 213
_ADD, _DELETE = 128, 64
_ROOT = 0
_FIXSTR, _STR_8 = 0xA0, 0xD9
_NUMBERS = {0xCC: Struct("<B"), 0xCD: Struct("<H"), 0xCE: Struct("<I")}
_SMALL = 0x80  # below it a number is its own byte

# Avatar's fields as the adapter's schema lists them: number, x, y, z, yaw, pitch.
_FIELDS = (Struct("<H"), Struct("<i"), Struct("<i"), Struct("<i"), Struct("<H"), Struct("<b"))
_NUMBER, _X, _Z = 0, 1, 3


class ColyseusState:
    """What one client holds."""

    def __init__(self) -> None:
        self._avatars: dict[int, list[int]] = {}  # by reference: the values of its fields
        self._map: int | None = None

    def apply(self, message: bytes) -> Iterator[tuple[int, int, int]]:
        """Apply a message; yields number, x and z of every avatar that it tells of. Raises ValueError."""
        if message[0] not in (ROOM_STATE, ROOM_STATE_PATCH):
            return
        at, reference = 1, _ROOT
        while at < len(message):
            if message[at] == _SWITCH:
                reference, at = _number(message, at + 1)
            if reference == _ROOT:
                at = self._take_root(message, at)
            elif reference == self._map:
                at = self._take_entries(message, at)
            else:
                avatar = self._avatars[reference]
                at = _take_fields(message, at, avatar)
                yield avatar[_NUMBER], avatar[_X], avatar[_Z]

    def _take_root(self, message: bytes, at: int) -> int:
        """Take the map's reference, the only field there is."""
        while at < len(message) and message[at] != _SWITCH:
            if message[at] not in (_ADD, 0):
                raise ValueError(f"operation {message[at]} on the state")
            self._map, at = _number(message, at + 1)
        return at

    def _take_entries(self, message: bytes, at: int) -> int:
        while at < len(message) and message[at] != _SWITCH:
            operation = message[at]
            _index, at = _number(message, at + 1)
            if operation == _DELETE:
                continue
            if operation & _ADD:
                at = _behind_string(message, at)
            reference, at = _number(message, at)
            self._avatars.setdefault(reference, [0] * len(_FIELDS))
            if at < len(message) and message[at] == _TYPE_ID:
                _type, at = _number(message, at + 1)
        return at


def _take_fields(message: bytes, at: int, avatar: list[int]) -> int:
    while at < len(message) and message[at] != _SWITCH:
        field = message[at] & 0x3F
        form = _FIELDS[field]
        (avatar[field],) = form.unpack_from(message, at + 1)
        at += 1 + form.size
    return at


def _number(message: bytes, at: int) -> tuple[int, int]:
    first = message[at]
    if first < _SMALL:
        return first, at + 1
    form = _NUMBERS.get(first)
    if form is None:
        raise ValueError(f"a number that begins with {first}")
    (value,) = form.unpack_from(message, at + 1)
    return value, at + 1 + form.size


def _behind_string(message: bytes, at: int) -> int:
    first = message[at]
    if first & 0xE0 == _FIXSTR:
        return at + 1 + (first & 0x1F)
    if first == _STR_8:
        return at + 2 + message[at + 1]
    raise ValueError(f"a string that begins with {first}")
