"""What is derived from the declarations is fresh, complete, and says the same everywhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from protocol import asyncapi, generate, records, tables, typescript
from protocol.codec import decode
from protocol.errors import Close, Refusal
from protocol.examples import EXAMPLES, Example
from protocol.schema import MESSAGES, SPEC_OF, Spec

DOCUMENT = asyncapi.document()
MODULE = typescript.module()


# --- the command ------------------------------------------------------------------------------------------------------


def test_derived_files_are_fresh() -> None:
    """SPEC.md's tables, generated.ts and asyncapi.json are those of the declarations; run protocol.generate if not."""
    assert [path.name for path, text in generate.fresh().items() if path.read_text() != text] == []


def test_the_check_passes_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m protocol.generate --check` exits 0 and says nothing when all is fresh."""
    assert generate.main(["--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_check_names_stale_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It exits 1 with the name of each stale or missing file and changes nothing; without --check it writes them."""
    folder = tmp_path / "protocol"
    folder.mkdir()
    for name in ("SPEC.md", "generated.ts", "asyncapi.json"):
        target = folder / name if name == "SPEC.md" else folder / "generated" / name
        constant = {"SPEC.md": "SPEC", "generated.ts": "TYPESCRIPT", "asyncapi.json": "ASYNCAPI"}[name]
        if name == "SPEC.md":
            target.write_text(generate.SPEC.read_text().replace("| `major` | u8 |", "| `major` | u16 |", 1))
        monkeypatch.setattr(generate, constant, target)
    monkeypatch.setattr(generate, "FOLDER", folder)
    assert generate.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert [line.split(" is stale")[0] for line in said.splitlines()] == [
        "protocol/SPEC.md",
        "protocol/generated/generated.ts",
        "protocol/generated/asyncapi.json",
    ]
    assert not (folder / "generated").exists()
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_every_block_needs_its_place() -> None:
    """SPEC.md cannot lose a message, nor show one twice."""
    place = "<!-- generated: a -->\nold\n<!-- end -->\n"
    assert generate.filled(place, {"a": "new"}) == place.replace("old", "new")
    assert generate.filled("<!-- generated: a -->\n<!-- end -->\n", {"a": "new"}) == place.replace("old", "new")
    for text, blocks in (("", {"a": "x"}), (place * 2, {"a": "x"}), (place, {"a": "x", "b": "y"}), (place, {})):
        with pytest.raises(ValueError, match="no place for"):
            generate.filled(text, blocks)


# --- SPEC.md ----------------------------------------------------------------------------------------------------------


def test_links_inside_the_specification_lead_somewhere() -> None:
    """Every anchor that SPEC.md points to is a heading of it."""
    text = generate.SPEC.read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_sections_named_in_the_specification_exist() -> None:
    """Every "section 7.2" is one, in SPEC.md and in the advice of codes."""
    text = generate.SPEC.read_text()
    numbers = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", text, re.MULTILINE))
    assert set(re.findall(r"[Ss]ections? (\d+(?:\.\d+)?)", text)) <= numbers


@pytest.mark.parametrize("spec", MESSAGES.values(), ids=lambda spec: spec.name)
def test_each_message_stands_under_its_own_heading(spec: Spec) -> None:
    """Table, prose and example of a message are found where the overview points."""
    text = generate.SPEC.read_text()
    chapter = 8 if spec.type < 64 else 9
    assert re.search(
        rf"^### {chapter}\.\d+ {spec.name}\n\n<!-- generated: message {spec.name} -->\n", text, re.MULTILINE
    )
    assert tables.blocks()[f"message {spec.name}"].count("```example") >= 1


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_examples_decode_to_themselves(example: Example) -> None:
    """The bytes that SPEC.md shows are read by the codec as the message they show."""
    assert decode(example.payload, SPEC_OF[type(example.message)].sender) == example.message


# --- generated.ts -----------------------------------------------------------------------------------------------------


def test_typescript_has_every_name() -> None:
    """Each message, code, section and packed field can be written without a number."""
    for spec in MESSAGES.values():
        assert f"export interface {spec.cls.__name__}Message {{\n  readonly type: {json.dumps(spec.name)};" in MODULE
        assert f"  {spec.name}: {spec.type},\n" in MODULE
    for code in (*Close, *Refusal, *records.Section):
        assert f"{code.name}: {code.value}" in MODULE
    for dtype in records.DTYPES.values():
        for name, wire_type, offset in records.layout(dtype):
            key = name if "." not in name else json.dumps(name)
            assert f'{key}: {{ type: "{wire_type}", offset: {offset} }}' in MODULE


def test_typescript_is_data_only() -> None:
    """The file imports nothing and runs nothing."""
    code = re.sub(r"/\*\*.*?\*/|//.*", "", re.sub(r'"[^"\n]*"', '""', MODULE))
    assert not re.search(r"\b(import|require|function|class|new|=>)\b", code)


# --- asyncapi.json ----------------------------------------------------------------------------------------------------


def resolved(reference: str) -> Any:
    """Follow a reference of the document."""
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(value: Any) -> list[str]:
    """List every reference in plain data."""
    if isinstance(value, dict):
        return [value["$ref"]] if "$ref" in value else [ref for item in value.values() for ref in references(item)]
    return [ref for item in value for ref in references(item)] if isinstance(value, list) else []


def validator(spec: Spec) -> Any:
    """Make a validator of a message's payload, with the document's own schemas to refer to."""
    payload = DOCUMENT["components"]["messages"][spec.name]["payload"]
    return jsonschema.Draft7Validator({**payload, "components": DOCUMENT["components"]})


def test_asyncapi_references_lead_somewhere() -> None:
    """The document is whole."""
    found = references(DOCUMENT)
    assert len(found) > 100
    for reference in found:
        assert resolved(reference)


def test_asyncapi_has_one_operation_for_each_message() -> None:
    """What clients send the server receives; and the other way round."""
    assert {name: o["action"] for name, o in DOCUMENT["operations"].items()} == {
        spec.name: "receive" if spec.type < 64 else "send" for spec in MESSAGES.values()
    }
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {server["protocol"] for server in DOCUMENT["servers"].values()} == {"ws", "tcp"}


@pytest.mark.parametrize("spec", MESSAGES.values(), ids=lambda spec: spec.name)
def test_asyncapi_payloads_take_their_examples(spec: Spec) -> None:
    """Each message's schema accepts its examples, and refuses another type and a missing field."""
    check = validator(spec)
    jsonschema.Draft7Validator.check_schema(check.schema)
    for shown in DOCUMENT["components"]["messages"][spec.name]["examples"]:
        payload = shown["payload"]
        assert check.is_valid(payload)
        assert check.is_valid([*payload, "later"])
        assert not check.is_valid([0, *payload[1:]])
        assert not check.is_valid(payload[:-1])


def test_asyncapi_bounds_are_the_schemas() -> None:
    """A value beyond its bound is refused by the document too."""
    chat = validator(MESSAGES[8])
    assert chat.is_valid([8, 1, 0, 0, "hi\nthere"])
    assert not chat.is_valid([8, 1, 3, 0, "hi"])
    assert not chat.is_valid([8, 1, 0, 0, ""])
    assert not chat.is_valid([8, 1, 0, 0, "a\tb"])
    assert not chat.is_valid([8, 1, 0, True, "hi"])
    join = validator(MESSAGES[2])
    assert join.is_valid([2, 1, "lobby", ""])
    assert not join.is_valid([2, 1, "Lobby", ""])
    assert not join.is_valid([2, 1, "", ""])
