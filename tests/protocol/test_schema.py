"""The declarations are fit to be generated from: complete, numbered apart, described, and hashed."""

from __future__ import annotations

import re
from enum import Enum

import pytest

from protocol import schema
from protocol.schema import MESSAGES, SPEC_OF, Int, Lane, Many, Sender, Spec, State, Struct, describe_kind, fields_of

EVENTS = [spec for spec in MESSAGES.values() if spec.lane is Lane.EVENTS]


def test_types_tell_the_side() -> None:
    """SPEC 4.4: clients have types 1 to 63, servers 64 to 127, so that one byte carries each."""
    assert all((1 if spec.sender is Sender.CLIENT else 64) <= spec.type for spec in MESSAGES.values())
    assert all(spec.type <= (63 if spec.sender is Sender.CLIENT else 127) for spec in MESSAGES.values())
    assert [SPEC_OF[spec.cls] for spec in MESSAGES.values()] == list(MESSAGES.values())


@pytest.mark.parametrize("spec", MESSAGES.values(), ids=lambda spec: spec.name)
def test_every_message_is_described(spec: Spec) -> None:
    """A message has a name, a sentence, and a meaning for each of its fields."""
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", spec.name)
    assert (spec.cls.__doc__ or "").endswith(".")
    assert all(field.doc for field in spec.fields)


@pytest.mark.parametrize("spec", MESSAGES.values(), ids=lambda spec: spec.name)
def test_clients_have_states_and_rates(spec: Spec) -> None:
    """What a client may send has its states and its bucket; what a server sends has a lane instead."""
    is_client = spec.sender is Sender.CLIENT
    assert bool(spec.states) is is_client
    assert (spec.rate is not None) is is_client
    assert not is_client or spec.lane is Lane.CONTROL
    assert (State.OPEN in spec.states) is (spec.name == "hello")


@pytest.mark.parametrize("spec", EVENTS, ids=lambda spec: spec.name)
def test_events_start_with_their_sequence(spec: Spec) -> None:
    """Sharing an encoding relies on it: `seq` comes first."""
    assert spec.fields[0].name == "seq"
    assert spec.fields[0].kind == Int(0, 2**32 - 1)


def test_structures_are_all_listed() -> None:
    """Every structure inside a message is generated too."""
    kinds = [field.kind for spec in MESSAGES.values() for field in spec.fields]
    items = [kind.item for kind in kinds if isinstance(kind, Many)]
    assert {item.cls for item in items if isinstance(item, Struct)} == set(schema.STRUCTS)


def test_kinds_are_described_as_plain_data() -> None:
    """The hash and the documents see every bound."""
    person = fields_of(schema.Person)
    described = {field.name: describe_kind(field.kind) for field in person}
    assert described["entity"] == ["int", 1, 65535]
    assert described["roles"] == ["many", ["slug", 32, False], 16]
    assert describe_kind(Struct(schema.Person)) == ["struct", "Person"]
    assert described["guest"] == ["bool"]


def test_the_hash_is_a_hash() -> None:
    """Sixteen hexadecimal digits, as long as the field that carries it."""
    assert re.fullmatch(r"[0-9a-f]{16}", schema.SCHEMA_HASH)


@pytest.mark.parametrize("enum", [schema.Status, schema.Channel, schema.Emote, schema.Action, schema.Cause])
def test_enumerations_count_from_zero(enum: type[Enum]) -> None:
    """A field bounded by the largest value has no number without a name."""
    assert [member.value for member in enum] == list(range(len(enum)))
