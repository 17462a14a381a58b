"""The reader of Colyseus's state: enters, changed fields, leaves, and what it refuses."""

from __future__ import annotations

from struct import pack

import pytest

from benchmarks.peers.colyseus_state import ROOM_STATE, ROOM_STATE_PATCH, ColyseusState

ADD, DELETE, SWITCH = 128, 64, 255
MAP, AVATAR, FAR_AVATAR = 1, 2, 300
X, Z = 1, 3


def message(code: int, *parts: bytes) -> bytes:
    """Put a message together."""
    return bytes([code]) + b"".join(parts)


def switch(reference: int) -> bytes:
    """Go to a structure."""
    return bytes([SWITCH]) + number(reference)


def number(value: int) -> bytes:
    """Write a number as the schema does: in one byte where it fits."""
    return bytes([value]) if value < 128 else b"\xcd" + pack("<H", value)


def entry(index: int, reference: int, key: bytes = b"session") -> bytes:
    """Add an avatar to the map."""
    return bytes([ADD]) + number(index) + bytes([0xA0 | len(key)]) + key + number(reference)


def whole(who: int, x: int, z: int) -> bytes:
    """Tell every field of an avatar as it comes into view."""
    values = (pack("<H", who), pack("<i", x), pack("<i", 0), pack("<i", z), pack("<H", 9), pack("<b", -1))
    return b"".join(bytes([ADD | field]) + value for field, value in enumerate(values))


@pytest.fixture
def state() -> ColyseusState:
    """A client that has joined and sees one avatar."""
    state = ColyseusState()
    begin = message(ROOM_STATE, bytes([ADD]), number(MAP))
    assert list(state.apply(begin)) == []
    came = message(ROOM_STATE_PATCH, switch(MAP), entry(0, AVATAR), switch(AVATAR), whole(7, -100, 200))
    assert list(state.apply(came)) == [(7, -100, 200)]
    return state


def test_fields_that_did_not_change_are_remembered(state: ColyseusState) -> None:
    """Only x is told, and z is what it was."""
    patch = message(ROOM_STATE_PATCH, switch(AVATAR), bytes([X]), pack("<i", 255))
    assert list(state.apply(patch)) == [(7, 255, 200)]


def test_several_avatars_share_a_message(state: ColyseusState) -> None:
    """References above 127 take more bytes, and a value may hold the byte that switches."""
    patch = message(
        ROOM_STATE_PATCH,
        switch(MAP),
        entry(1, FAR_AVATAR),
        switch(FAR_AVATAR),
        whole(8, -1, -1),
        switch(AVATAR),
        bytes([Z]),
        pack("<i", 201),
    )
    assert list(state.apply(patch)) == [(8, -1, -1), (7, -100, 201)]


def test_who_leaves_is_not_told_of(state: ColyseusState) -> None:
    """And comes back under the same reference."""
    assert list(state.apply(message(ROOM_STATE_PATCH, switch(MAP), bytes([DELETE]), number(0)))) == []
    back = message(ROOM_STATE_PATCH, switch(MAP), entry(0, AVATAR), switch(AVATAR), whole(7, 5, 6))
    assert list(state.apply(back)) == [(7, 5, 6)]


def test_other_messages_are_passed_over(state: ColyseusState) -> None:
    """A seat's confirmation has no state in it."""
    assert list(state.apply(b"\x0atoken")) == []


@pytest.mark.parametrize(
    "parts",
    [(bytes([DELETE]),), (switch(MAP), bytes([ADD]), b"\xcb"), (switch(MAP), bytes([ADD]), number(0), b"\xdb")],
)
def test_what_the_adapter_never_sends_is_refused(parts: tuple[bytes, ...], state: ColyseusState) -> None:
    """Rather than guessed at."""
    with pytest.raises(ValueError, match=r"operation|number|string"):
        list(state.apply(message(ROOM_STATE_PATCH, *parts)))
