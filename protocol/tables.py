"""The generated parts of SPEC.md: reference tables and worked examples, as Markdown, from the declarations.

`blocks` returns them all by name; `generate` puts each between its markers. Pure: text in, text out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from protocol import plain, predicted, records, schema
from protocol.codec import MAX_CLIENT_ARRAY
from protocol.errors import CLOSE_ADVICE, CLOSE_RANGES, REFUSAL_ADVICE
from protocol.examples import EXAMPLES, Example
from protocol.records import DTYPES
from protocol.schema import MESSAGES, Bin, Bool, Int, Kind, Many, Slug, Spec, State, Struct, Text

HEX_BYTES_A_LINE = 24

# the chapters of SPEC.md that list messages
_CHAPTER = {schema.Sender.CLIENT: 8, schema.Sender.SERVER: 9}

ENUMS: tuple[type[IntEnum], ...] = (
    schema.Status,
    schema.Channel,
    schema.Emote,
    schema.Action,
    schema.Cause,
)

_NAMED_RANGES = {(0, 2**bits - 1): f"u{bits}" for bits in (8, 16, 32, 53)}

# What the fields of packed records mean; parts of a body are named after their last component.
_PACKED_MEANING = {
    "kind": "section kind (10.2)",
    "stride": "bytes from one record to the next",
    "count": "number of records",
    "tick": "room tick",
    "time_ms": "room time of the tick, ms",
    "ack": "newest pose `seq` processed; 0 for none",
    "digest": "digest of what is held after this snapshot (10.8)",
    "id": "entity id",
    "generation": "generation of the id",
    "seq": "pose sequence (11.1)",
    "age": "sample age, 4 ms steps (10.7)",
    "yaw": "turns / 65536",
    "pitch": "90/127 degrees, up positive; −127 to 127",
    "orientation": "packed quaternion (10.5)",
    "dxz": "dx in bits 0–11, dz in bits 12–23, signed, mm",
    "dy": "displacement, mm",
    "dx": "displacement, mm",
    "dz": "displacement, mm",
    "first": "turn of the orientation's first component, its low eight bits (10.5)",
    "second": "likewise of the second",
    "third": "likewise of the third",
    "bits": "eight more bits of the stream",
    "signs_dy": "bits 0–8: the signs of the nine turns, in the order above; bits 9–15: dy, signed, mm",
}
_CODED_MEANING = {
    "gap": "ids left out: id − 1 − that of the record before; in the first record the id itself",
    "age": "age − the one before",
    "x": "x − the one before − dx of the way, mm",
    "y": "y − the one before − dy of the way, mm",
    "z": "z − the one before − dz of the way, mm",
    "yaw": "yaw − the one before − dyaw of the way, turns / 65536, −32768 to 32767",
    "pitch": "pitch − the one before, 90/127 degrees",
}
_FLAGS_MEANING = {"header": "bit 0: FULL, bit 1: STRETCHED (10.6)", "record": "bit 0: JUMP (10.6)"}
_COORDINATE_MEANING = {
    "world": f"mm; −{records.MAX_COORDINATE_MM} to {records.MAX_COORDINATE_MM}",
    "part": f"mm from the root, in its frame; −{records.MAX_PART_MM} to {records.MAX_PART_MM}",
    "dot": f"steps of {records.DOT_STEP_MM} mm (10.3)",
}


def blocks() -> dict[str, str]:
    """Return the Markdown of every generated block of SPEC.md by name, without trailing newline."""
    made = {
        "version": f"This document describes version **{schema.MAJOR}.{schema.MINOR}**, "
        f"schema hash `{schema.SCHEMA_HASH}`.",
        "messages": _overview(),
        "section header": _record_table(records.SECTION_HEADER, "header"),
        "snapshot header": _record_table(records.SNAPSHOT_HEADER, "header"),
        "sections": _sections(),
        "codes": _table(
            ("number", "order", "meaning"),
            [(f"`{name}`", order, _CODED_MEANING[name]) for name, order in (predicted.GAP, *predicted.ERRORS)],
        ),
        "close ranges": _close_ranges(),
        "close codes": _codes(CLOSE_ADVICE),
        "refusal codes": _codes(REFUSAL_ADVICE),
        "format limits": _limits(),
    }
    made |= {f"message {spec.name}": _message(spec) for spec in MESSAGES.values()}
    made |= {f"struct {cls.__name__.lower()}": _struct(cls) for cls in schema.STRUCTS}
    made |= {f"section {kind.name.lower()}": _record_table(dtype, "record") for kind, dtype in DTYPES.items()}
    made |= {f"enum {enum.__name__.lower()}": _enum(enum) for enum in ENUMS}
    return made


def describe(kind: Kind) -> str:
    """Describe what a field may be in the notation of SPEC section 4.2."""
    match kind:
        case Int(low, high):
            text = _NAMED_RANGES.get((low, high), f"int {_number(low)}..{_number(high)}")
        case Bool():
            text = "bool"
        case Text(max_chars, min_chars, multiline):
            text = f"text {min_chars}..{max_chars}" + (", newlines" if multiline else "")
        case Slug(max_chars, optional):
            text = f"slug {0 if optional else 1}..{max_chars}"
        case Bin(max_bytes):
            text = f"bin 0..{max_bytes}"
        case Many(item, max_items):
            text = f"list 0..{max_items} of {describe(item)}"
        case Struct(cls):
            text = f"`{cls.__name__.lower()}`"
    return text


# --- messages ---------------------------------------------------------------------------------------------------------


def _overview() -> str:
    rows = [
        (spec.type, f"[`{spec.name}`](#{_anchor(spec)})", spec.sender.value, _where(spec), _first_sentence(spec.cls))
        for spec in MESSAGES.values()
    ]
    return _table(("type", "message", "from", "states or lane", "what for"), rows)


def _anchor(spec: Spec) -> str:
    """Return the anchor of the heading `8.3 leave`, as Markdown readers derive it."""
    mine = [other for other in MESSAGES.values() if other.sender is spec.sender]
    return f"{_CHAPTER[spec.sender]}{mine.index(spec) + 1}-{spec.name}"


def _where(spec: Spec) -> str:
    return ", ".join(map(_state, spec.states)) if spec.states else f"lane {spec.lane.value}"


def _state(state: State) -> str:
    return state.name


def _first_sentence(cls: type[Any]) -> str:
    return (cls.__doc__ or "").split(". ")[0].removesuffix(".")


def _message(spec: Spec) -> str:
    parts = [cls_doc(spec.cls), _facts(spec), _fields(spec.fields)]
    parts += [_example(example) for example in EXAMPLES if example.name == spec.name]
    return "\n\n".join(part for part in parts if part)


def cls_doc(cls: type[Any]) -> str:
    """Return a declaration's docstring on one line."""
    return " ".join((cls.__doc__ or "").split())


def _facts(spec: Spec) -> str:
    facts = [f"Type {spec.type}", f"from the {spec.sender.value}"]
    if spec.rate is None:
        facts.append(f"lane {spec.lane.value}")
    else:
        facts.append("in state " + " or ".join(map(_state, spec.states)))
        facts.append(f"at most {spec.rate.per_s:g} a second, {spec.rate.burst} at once")
    return " · ".join(facts)


def _fields(fields: Iterable[schema.Field]) -> str:
    rows = [(f"`{field.name}`", describe(field.kind), _meaning(field.doc)) for field in fields]
    return _table(("field", "type", "meaning"), rows) if rows else "No fields."


def _meaning(doc: str) -> str:
    """Point from the name of an enumeration to its table."""
    names = {enum.__name__: enum for enum in ENUMS}
    if doc in names:
        return f"a value of [{doc}](#918-enumerations)"
    return {"Close": "a [close code](#14-close-codes)", "Refusal": "a [refusal code](#15-refusal-codes)"}.get(doc, doc)


def _struct(cls: type[Any]) -> str:
    return f"{cls_doc(cls)}\n\n{_fields(schema.fields_of(cls))}"


def _enum(enum: type[IntEnum]) -> str:
    values = ", ".join(f"{member.value} {member.name.lower()}" for member in enum)
    return f"**{enum.__name__}**. {cls_doc(enum)} {values}."


# --- examples ---------------------------------------------------------------------------------------------------------


def _example(example: Example) -> str:
    lines = ["```example", f"example {example.name}: {example.title}"]
    for field in schema.fields_of(type(example.message)):
        lines += _example_field(field, getattr(example.message, field.name))
    dump = example.payload.hex(" ").split()
    lines += ["hex " + " ".join(dump[k : k + HEX_BYTES_A_LINE]) for k in range(0, len(dump), HEX_BYTES_A_LINE)]
    return "\n".join((*lines, "```"))


def _example_field(field: schema.Field, value: Any) -> list[str]:
    if not isinstance(field.kind, Bin):
        return [f"field {field.name} = {_json(plain_value(value, field.kind))}"]
    listed = plain.list_snapshot(value) if field.name == "data" else plain.list_input(value)
    return [f"field {field.name}", *(f"packed {name} {_json(values)}" for name, values in listed)]


def plain_value(value: Any, kind: Kind) -> Any:
    """Return a field's value as JSON has it; a structure is the array of its members."""
    if isinstance(kind, Many):
        return [plain_value(item, kind.item) for item in value]
    if isinstance(kind, Struct):
        return [plain_value(getattr(value, field.name), field.kind) for field in schema.fields_of(kind.cls)]
    return value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# --- packed records, codes, limits ------------------------------------------------------------------------------------


def _record_table(dtype: Any, flags: str) -> str:
    rows = []
    for name, wire_type, offset in records.layout(dtype):
        size = int(wire_type[1:]) // 8
        rows.append((offset, size, wire_type, f"`{name}`", _packed_meaning(name, wire_type, flags)))
    return _table(("offset", "size", "type", "field", "meaning"), [*rows, ("**total**", dtype.itemsize, "", "", "")])


def _packed_meaning(name: str, wire_type: str, flags: str) -> str:
    last = name.rpartition(".")[2]
    if last == "flags":
        return _FLAGS_MEANING[flags]
    if last in "xyz":
        return _COORDINATE_MEANING["part" if "." in name else "dot" if wire_type == "i16" else "world"]
    return _PACKED_MEANING[last]


def _sections() -> str:
    rows = [
        (kind.value, f"`{kind.name.lower()}`", "pose" if kind in records.INPUT_SECTIONS else "snapshot", dtype.itemsize)
        for kind, dtype in DTYPES.items()
    ]
    return _table(("kind", "section", "in", "stride"), rows)


def _close_ranges() -> str:
    return _table(("codes", "what a client does"), [(f"{r.first}–{r.last}", r.rule) for r in CLOSE_RANGES])


def _codes(advice: dict[Any, Any]) -> str:
    rows = [(code.value, f"`{code.name.lower()}`", text.meaning, text.remedy) for code, text in advice.items()]
    return _table(("code", "name", "meaning", "what to do"), rows)


LIMITS: tuple[tuple[str, int, str], ...] = (
    ("MAX_COORDINATE_MM", records.MAX_COORDINATE_MM, "largest coordinate either way, mm"),
    ("MAX_PART_MM", records.MAX_PART_MM, "furthest head or hand from the root, each axis, mm"),
    ("MAX_DELTA_XZ_MM", records.MAX_DELTA_XZ, "largest displacement of a root in a delta record, x and z, mm"),
    ("MAX_DELTA_Y_MM", records.MAX_DELTA_Y, "the same for y, and for each axis of a head or hand, mm"),
    ("MAX_TRACKED_DELTA_Y_MM", records.MAX_TRACKED_DELTA_Y, "the same for y of an avatar with head and hands, mm"),
    ("MAX_TURN", records.MAX_TURN, "furthest turn of an orientation's component in a delta record, steps"),
    ("DOT_STEP_MM", records.DOT_STEP_MM, "one step of a dot's coordinates, mm"),
    ("AGE_STEP_MS", records.AGE_STEP_MS, "one step of `age`, ms"),
    ("MAX_AGE", records.MAX_AGE, "largest `age`: this old or older"),
    ("YAW_TURN", records.YAW_TURN, "yaw steps in a full turn"),
    ("PITCH_QUARTER", records.PITCH_QUARTER, "pitch steps from level to straight up"),
    ("SNAPSHOT_FULL", records.SNAPSHOT_FULL, "snapshot flag FULL"),
    ("SNAPSHOT_STRETCHED", records.SNAPSHOT_STRETCHED, "snapshot flag STRETCHED"),
    ("POSE_JUMP", records.POSE_JUMP, "record flag JUMP"),
    ("MAX_CLIENT_ARRAY", MAX_CLIENT_ARRAY, "most elements of one array in a client's message"),
)


def _limits() -> str:
    return _table(("constant", "value", "meaning"), [(f"`{name}`", value, text) for name, value, text in LIMITS])


def _number(value: int) -> str:
    return str(value).replace("-", "−")


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
