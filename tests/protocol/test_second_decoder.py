"""SPEC.md alone is enough: a decoder written from it reads every worked example, and writes it back byte for byte."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from protocol.schema import MESSAGES
from tests.protocol import second_decoder
from tests.protocol.second_decoder import (
    BY_NAME,
    INPUTS,
    SPEC,
    TABLES,
    Example,
    decode,
    decode_input,
    decode_snapshot,
    digest,
    digest_term,
    encode,
    encode_records,
    pack_orientation,
    read_examples,
)

TEXT = SPEC.read_text()
EXAMPLES = read_examples(TEXT)


def test_it_imports_the_standard_library_only() -> None:
    """The second decoder shares nothing with the first: no line of `protocol`, no msgpack, no numpy."""
    tree = ast.parse(Path(second_decoder.__file__).read_text())
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names - {"importlib"}


def test_every_message_has_an_example() -> None:
    """SPEC.md shows each message, each body and each kind of packed section at least once."""
    assert {example.name for example in EXAMPLES} == {spec.name for spec in MESSAGES.values()}
    assert {name for example in EXAMPLES for name, _ in example.packed} == {*TABLES.kinds, "header"}


def test_spec_describes_exactly_the_messages_there_are() -> None:
    """Type, name and side of each message in SPEC.md are those of the code."""
    described = {(message.type, message.name, message.sender) for message in TABLES.messages.values()}
    assert described == {(spec.type, spec.name, spec.sender.value) for spec in MESSAGES.values()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.name}: {example.title}")
def test_an_example_reads_as_it_says(example: Example) -> None:
    """The hexadecimal of an example decodes to the fields and records printed above it."""
    name, fields = decode(example.payload, BY_NAME[example.name].sender)
    assert name == example.name
    packed = [value for value in fields.values() if isinstance(value, bytes)]
    assert {key: None if isinstance(value, bytes) else value for key, value in fields.items()} == example.fields
    if packed:
        listed = decode_snapshot(packed[0]) if name == "snapshot" else decode_input(packed[0])
        assert listed == example.packed


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.name}: {example.title}")
def test_an_example_writes_as_it_says(example: Example) -> None:
    """The fields and records printed in an example encode to its hexadecimal, byte for byte."""
    packed = encode_records(example.packed)
    fields = {key: packed if value is None else value for key, value in example.fields.items()}
    assert encode(example.name, fields).hex(" ") == example.payload.hex(" ")


def test_digests_of_the_examples_follow_from_what_they_hold() -> None:
    """Applying the snapshot examples in order gives, after each, the digest in its header."""
    held: dict[int, int] = {}
    snapshots = [example for example in EXAMPLES if example.name == "snapshot"]
    for example in snapshots:
        header = example.packed[0][1]
        if header["flags"] & TABLES.limits["SNAPSHOT_FULL"]:
            held.clear()
        for name, record in example.packed:
            if name == "leave":
                del held[record["id"]]
            elif name == "enter":
                held[record["id"]] = record["generation"]
        assert digest(held) == header["digest"]
    assert len(snapshots) == 4


def test_the_worked_digest_is_right() -> None:
    """Section 10.8 shows the terms and the sum that its own rule gives."""
    rows = re.findall(r"^\| (\d+) \| (\d+) \| `0x([0-9a-f]{8})` \| `0x([0-9a-f]{8})` \|$", TEXT, re.MULTILINE)
    assert len(rows) == 3
    total = re.search(r"\| digest \| `0x([0-9a-f]{8})` \|", TEXT)
    assert total
    for entity, generation, joined, term in rows:
        assert int(joined, 16) == int(entity) << 16 | int(generation)
        assert int(term, 16) == digest_term(int(entity), int(generation))
    assert int(total[1], 16) == digest({int(row[0]): int(row[1]) for row in rows})


def test_the_worked_orientations_are_right() -> None:
    """Section 10.5 shows packed values that its own rule gives."""
    rows = re.findall(r"\| ([01√½]+) ([01√½]+) ([01√½]+) ([01√½]+) \| `0x([0-9a-f]{8})` \|", TEXT)
    assert len(rows) == 3
    for *axes, packed in rows:
        x, y, z, w = (0.5**0.5 if axis == "√½" else float(axis) for axis in axes)
        assert pack_orientation((x, y, z, w)) == int(packed, 16)


def test_an_example_shows_each_kind_of_input() -> None:
    """A desktop and a tracked pose are both worked out."""
    shown = {name for example in EXAMPLES if example.name == "pose" for name, _ in example.packed}
    assert shown == set(INPUTS)
