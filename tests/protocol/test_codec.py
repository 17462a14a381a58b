"""What goes in comes out; what does not fit the schema is refused with a reason, and nothing else ever happens."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.codec import MAX_CLIENT_ARRAY, decode, encode, pack_item, share, share_items
from protocol.errors import Close, ProtocolError
from protocol.schema import (
    MESSAGES,
    SPEC_OF,
    Ack,
    Chat,
    Join,
    Lane,
    Many,
    Objects,
    Person,
    Roster,
    Said,
    Sender,
    Snapshot,
    Thing,
    fields_of,
)
from tests.protocol.refusals import close_of
from tests.protocol.strategies import instances, messages, mutated

LANE_EVENTS = [spec for spec in MESSAGES.values() if spec.lane is Lane.EVENTS]


def refusal(payload: bytes, sender: Sender = Sender.CLIENT) -> str:
    """Return the reason for which a payload is refused as malformed."""
    with pytest.raises(ProtocolError) as caught:
        decode(payload, sender)
    assert caught.value.code is Close.MALFORMED
    return caught.value.reason


def sender_of(message: Any) -> Sender:
    """Return the side that sends a message."""
    return SPEC_OF[type(message)].sender


# --- round trips ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", MESSAGES.values(), ids=lambda spec: spec.name)
@given(data=st.data())
def test_every_message_survives(spec: Any, data: st.DataObject) -> None:
    """decode(encode(m)) == m for any valid message of each class."""
    message = data.draw(instances(spec.cls))
    assert decode(encode(message), spec.sender) == message


@given(messages, st.lists(st.none() | st.floats() | st.integers(0, 9) | st.text(max_size=3), max_size=3))
def test_elements_after_the_last_field_are_ignored(message: Any, later: list[Any]) -> None:
    """A newer peer's additional fields change nothing for an older one."""
    array = msgpack.unpackb(encode(message))
    assert decode(msgpack.packb([*array, *later]), sender_of(message)) == message


@given(messages)
def test_a_message_is_read_from_any_kind_of_buffer(message: Any) -> None:
    """bytes, bytearray and memoryview are all the same to decode."""
    payload = encode(message)
    for buffer in (payload, bytearray(payload), memoryview(payload)):
        assert decode(buffer, sender_of(message)) == message


@pytest.mark.parametrize("spec", LANE_EVENTS, ids=lambda spec: spec.name)
@given(data=st.data(), seq=st.integers(0, 2**32 - 1))
def test_a_shared_event_is_numbered_for_each_session(spec: Any, data: st.DataObject, seq: int) -> None:
    """One encoding serves every session: only the sequence differs, always in 32 bits."""
    message = data.draw(instances(spec.cls))
    payload = share(message).numbered(seq)
    again = decode(payload, Sender.SERVER)
    assert again.seq == seq
    assert [getattr(again, field.name) for field in spec.fields[1:]] == [
        getattr(message, field.name) for field in spec.fields[1:]
    ]
    assert payload.startswith(share(message).head + b"\xce" + seq.to_bytes(4, "big"))


@pytest.mark.parametrize(("cls", "item"), [(Roster, Person), (Objects, Thing)])
@given(data=st.data())
def test_packed_items_make_the_same_event(cls: Any, item: Any, data: st.DataObject) -> None:
    """A list of items packed one by one is byte for byte the list packed whole."""
    items = data.draw(st.lists(instances(item), max_size=20))
    assert share_items(cls, [pack_item(each) for each in items]) == share(cls(0, items))


def test_only_events_are_shared() -> None:
    """Asking for a shared encoding of anything else is our own mistake."""
    with pytest.raises(AssertionError, match="pong"):
        share(MESSAGES[77].cls(1, 2, 3))
    with pytest.raises(AssertionError, match="snapshot"):
        share_items(Snapshot, [])


# --- refusals ---------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200), st.sampled_from(Sender))
@example(b"", Sender.CLIENT)
@example(b"\x92\x07" + b"\x91" * 5000, Sender.CLIENT)
def test_arbitrary_bytes_raise_only_protocol_errors(payload: bytes, sender: Sender) -> None:
    """Whatever a peer sends, decode answers with a message or with MALFORMED."""
    assert close_of(decode, payload, sender) in (None, Close.MALFORMED)


@given(mutated())
def test_mutated_payloads_raise_only_protocol_errors(claimed: tuple[Sender, bytes]) -> None:
    """So it does for bytes that nearly are a message; and what it accepts is within the schema."""
    sender, payload = claimed
    close = close_of(decode, payload, sender)
    assert close in (None, Close.MALFORMED)
    if close is None:
        message = decode(payload, sender)
        assert decode(encode(message), sender) == message


def test_the_reason_names_the_field_and_the_bound() -> None:
    """A client's author can find the mistake from the reason alone."""
    assert refusal(msgpack.packb([8, 1, 3, 0, "hi"])) == "chat.channel: 3 is not within 0 to 2"
    assert refusal(msgpack.packb([8, 1, 0, 0, ""])) == "chat.text: 0 characters, expected 1 to 1000"
    assert refusal(msgpack.packb([8, 1, 0, 0, "a\tb"])) == "chat.text: has a control character"
    assert refusal(msgpack.packb([7, "5"])) == "ack.seq: str is not an integer"
    assert refusal(msgpack.packb([7, True])) == "ack.seq: True is not an integer"
    assert refusal(msgpack.packb([4, "x"])) == "pose.record: str is not binary"
    assert refusal(msgpack.packb([4, bytes(257)])) == "pose.record: 257 bytes, at most 256"
    assert refusal(msgpack.packb([16, 1, "u", 1])) == "block.blocked: 1 is not true or false"
    assert refusal(msgpack.packb([2, 1, "Lobby", ""])).startswith("join.room: not a name of at most 64")
    assert refusal(msgpack.packb([2, 1, 7, ""])) == "join.room: 7 is not text"
    assert refusal(msgpack.packb([18, 1, None])) == "renew.token: NoneType is not text"
    assert refusal(msgpack.packb([8, 1])) == "chat: 1 fields, expected 4"
    assert refusal(msgpack.packb([99, 1])) == "unknown message type 99"
    assert refusal(msgpack.packb([math.nan, 1])) == "unknown message type float"


def test_the_reason_names_the_place_in_a_list() -> None:
    """A fault inside a list of structures is found by its index."""
    person = [7, 1, "u", "n", "", "", ["a", "B"], False, 0, False, False]
    reason = refusal(msgpack.packb([68, 1, [person]]), Sender.SERVER)
    assert reason.startswith("roster.people[0].roles[1]: not a name")
    assert refusal(msgpack.packb([68, 1, [7]]), Sender.SERVER) == "roster.people[0]: 7 is not an array"
    assert refusal(msgpack.packb([68, 1, 7]), Sender.SERVER) == "roster.people: 7 is not a list"
    assert refusal(msgpack.packb([70, 1, [1] * 65536 + [1]]), Sender.SERVER).startswith("not one whole")


def test_a_reason_never_quotes_text() -> None:
    """Reasons are logged: a token in the wrong place must not get into them."""
    for payload in ([1, "secret"], ["secret"], [18, "secret", "secret"], [2, 1, "SECRET", ""], [7, "secret"]):
        assert "secret" not in refusal(msgpack.packb(payload)).lower()


@pytest.mark.parametrize("length", [0, 15, 16, 17])
def test_lists_end_where_the_schema_says(length: int) -> None:
    """A list of 16 is taken, one of 17 refused."""
    person = [7, 1, "u", "n", "", "", ["a"] * length, False, 0, False, False]
    payload = msgpack.packb([68, 1, [person]])
    if length <= 16:
        assert len(decode(payload, Sender.SERVER).people[0].roles) == length
    else:
        assert refusal(payload, Sender.SERVER) == "roster.people[0].roles: 17 items, at most 16"


def test_text_is_counted_in_characters() -> None:
    """A thousand characters of four bytes fit where a thousand characters may be."""
    said = Chat(1, 0, 0, "😀" * 1000)
    assert decode(encode(said), Sender.CLIENT) == said


def test_a_newline_ends_a_name_nowhere() -> None:
    """The end of a slug is the end, not the place before a last newline."""
    refusal(msgpack.packb([2, 1, "lobby\n", ""]))
    assert decode(msgpack.packb([2, 1, "lobby", ""]), Sender.CLIENT) == Join(1, "lobby", "")


def test_newlines_are_for_speech() -> None:
    """A chat text may have several lines; a name may not."""
    assert decode(encode(Said(1, 2, 0, "a\nb", 3)), Sender.SERVER).text == "a\nb"
    assert "control" in refusal(msgpack.packb([1, 0, 1, "", "a\nb", "", "", "", 0]))


def test_headers_alone_cost_no_memory() -> None:
    """16 KB of nested array headers, each announcing thousands of elements, allocate next to nothing."""
    payload = (b"\xdd" + (16_000).to_bytes(4, "big")) * 3200
    tracemalloc.start()
    refusal(payload)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


def test_no_message_of_a_client_needs_a_longer_array() -> None:
    """The bound on a client's arrays leaves room for every message, and for fields to come."""
    longest = max(len(spec.fields) for spec in MESSAGES.values() if spec.sender is Sender.CLIENT)
    listed = [f for spec in MESSAGES.values() if spec.sender is Sender.CLIENT for f in spec.fields]
    assert not any(isinstance(field.kind, Many) for field in listed)
    assert longest * 4 < MAX_CLIENT_ARRAY


def test_a_message_is_not_for_changing() -> None:
    """A decoded message can be handed around: nobody changes it on the way."""
    with pytest.raises(AttributeError):
        decode(encode(Ack(1)), Sender.CLIENT).seq = 2


def test_structures_have_fields() -> None:
    """The structures inside messages are described like messages."""
    assert [field.name for field in fields_of(Thing)][:3] == ["entity", "generation", "prop"]
