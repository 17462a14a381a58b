"""generated.ts: the protocol's constants and message types for TypeScript, from the declarations.

Data and types only, so that the file needs nothing at run time. Pure: returns text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

import numpy as np

from protocol import predicted, records, schema
from protocol.errors import CLOSE_ADVICE, CLOSE_RANGES, REFUSAL_ADVICE, Advice, Close, Refusal
from protocol.schema import MESSAGES, Bin, Bool, Field, Int, Kind, Many, Sender, Slug, Spec, State, Struct, Text
from protocol.tables import ENUMS, LIMITS, cls_doc

_LINE_CHARS = 100

_HEAD = """\
// Generated from protocol/schema.py, records.py and errors.py by `python -m protocol.generate`. Do not edit.
// Constants and types of the Presence protocol, described in protocol/SPEC.md. No code, no dependencies.
"""

_KINDS = """\
/** What a field may be; the bounds are included. */
export type Kind =
  | { readonly kind: "int"; readonly low: number; readonly high: number }
  | { readonly kind: "bool" }
  | { readonly kind: "text"; readonly min: number; readonly max: number; readonly newlines: boolean }
  | { readonly kind: "slug"; readonly min: number; readonly max: number }
  | { readonly kind: "bin"; readonly max: number }
  | { readonly kind: "list"; readonly item: Kind; readonly max: number }
  | { readonly kind: "struct"; readonly struct: StructName };

/** A field of a message or structure, in wire order. */
export interface Field {
  readonly name: string;
  readonly kind: Kind;
}

/** Where a packed field stands in its record; little-endian. */
export interface PackedField {
  readonly type: "u8" | "i8" | "u16" | "i16" | "u24" | "i24" | "u32" | "i32";
  readonly offset: number;
}
"""

_PACKED: dict[str, np.dtype[Any]] = {
    "section_header": records.SECTION_HEADER,
    "snapshot_header": records.SNAPSHOT_HEADER,
    **{kind.name.lower(): dtype for kind, dtype in records.DTYPES.items()},
}


def module() -> str:
    """Return the text of generated.ts."""
    enums: tuple[type[IntEnum], ...] = (*ENUMS, records.Section, Close, Refusal)
    declared = [_HEAD, *_constants(), *map(_enum, enums), _close_ranges(), *_advice()]
    return "\n".join((*declared, _KINDS, *_types(), *_tables()))


# --- constants --------------------------------------------------------------------------------------------------------


def _constants() -> list[str]:
    numbers = [("MAJOR", schema.MAJOR, "major version"), ("MINOR", schema.MINOR, "minor version"), *LIMITS]
    lines = [f"/** {text} */\nexport const {name} = {value};" for name, value, text in numbers]
    lines.append(
        f"/** schema hash, for diagnosis only */\nexport const SCHEMA_HASH = {json.dumps(schema.SCHEMA_HASH)};"
    )
    codes = {field.name: field.order for field in (predicted.GAP, *predicted.ERRORS)}
    return ["\n".join(lines) + "\n", _const("CODE_ORDERS", codes, "Orders of the numbers of a predicted record.")]


def _enum(enum: type[IntEnum]) -> str:
    name = enum.__name__
    values = _const(name, {member.name: int(member) for member in enum}, (enum.__doc__ or "").split("\n")[0])
    return f"{values}export type {name} = (typeof {name})[keyof typeof {name}];\n"


def _close_ranges() -> str:
    rows = [{"first": r.first, "last": r.last, "reconnect": r.reconnect} for r in CLOSE_RANGES]
    return _const("CLOSE_RANGES", rows, "When a client may connect again after a close code (SPEC section 14).")


def _advice() -> list[str]:
    return [
        _advice_table("CLOSE_ADVICE", CLOSE_ADVICE, "What close codes mean, and what to do (SPEC section 14)."),
        _advice_table("REFUSAL_ADVICE", REFUSAL_ADVICE, "What refusal codes mean, and what to do (SPEC section 15)."),
    ]


def _advice_table(name: str, advice: Mapping[Any, Advice], doc: str) -> str:
    rows = {
        str(int(code)): {"name": code.name.lower(), "meaning": said.meaning, "action": said.remedy}
        for code, said in advice.items()
    }
    kind = "{ readonly [code: number]: { readonly name: string; readonly meaning: string; readonly action: string } }"
    return f"/** {doc} */\nexport const {name}: {kind} = {_literal(rows)};\n"


def _const(name: str, value: Any, doc: str) -> str:
    return f"/** {doc} */\nexport const {name} = {_literal(value)} as const;\n"


def _literal(value: Any, indent: int = 0) -> str:
    """Write plain data as a TypeScript literal: on one line where it is short enough, else one item a line."""
    if not isinstance(value, dict | list):
        return json.dumps(value)
    if len(flat := _flat(value)) + 2 * indent <= _LINE_CHARS:
        return flat
    pairs = (
        [(f"{_key(key)}: ", item) for key, item in value.items()]
        if isinstance(value, dict)
        else [("", v) for v in value]
    )
    inner, outer = "  " * (indent + 1), "  " * indent
    items = "".join(f"{inner}{label}{_literal(item, indent + 1)},\n" for label, item in pairs)
    return f"{{\n{items}{outer}}}" if isinstance(value, dict) else f"[\n{items}{outer}]"


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)}: {_flat(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return json.dumps(value)


def _key(key: str) -> str:
    return key if key.isidentifier() or key.isdecimal() else json.dumps(key)


# --- types ------------------------------------------------------------------------------------------------------------


def _types() -> list[str]:
    parts = [_interface(cls, schema.fields_of(cls), ()) for cls in schema.STRUCTS]
    parts += [_interface(spec.cls, spec.fields, (f'readonly type: "{spec.name}";',)) for spec in MESSAGES.values()]
    for sender in Sender:
        names = [_type_name(spec) for spec in MESSAGES.values() if spec.sender is sender]
        parts.append(f"export type {sender.value.capitalize()}Message =\n  | " + "\n  | ".join(names) + ";\n")
    parts.append("export type Message = ClientMessage | ServerMessage;\n")
    parts.append('export type MessageName = Message["type"];\n')
    parts.append(f"export type StructName = {_union(cls.__name__.lower() for cls in schema.STRUCTS)};\n")
    parts.append(f"export type SessionState = {_union(state.value for state in State)};\n")
    parts.append(f"export type Lane = {_union(lane.value for lane in schema.Lane)};\n")
    return parts


def _union(names: Iterable[str]) -> str:
    return " | ".join(map(json.dumps, names))


def _type_name(spec: Spec) -> str:
    return f"{spec.cls.__name__}Message"


def _interface(cls: type[Any], fields: tuple[Field, ...], first: tuple[str, ...]) -> str:
    name = f"{cls.__name__}Message" if first else cls.__name__
    members = [*first, *(f"/** {field.doc} */\n  {field.name}: {_type(field.kind)};" for field in fields)]
    return f"/** {cls_doc(cls)} */\nexport interface {name} {{\n" + "".join(f"  {m}\n" for m in members) + "}\n"


def _type(kind: Kind) -> str:
    if isinstance(kind, Many):
        return f"{_type(kind.item)}[]"
    if isinstance(kind, Struct):
        return kind.cls.__name__
    return {Int: "number", Bool: "boolean", Text: "string", Slug: "string", Bin: "Uint8Array"}[type(kind)]


# --- tables -----------------------------------------------------------------------------------------------------------


def _tables() -> list[str]:
    return [
        _const("TYPES", {spec.name: spec.type for spec in MESSAGES.values()}, "The first element of each message."),
        _const(
            "STATES",
            {spec.name: [s.value for s in spec.states] for spec in MESSAGES.values() if spec.states},
            "In which states a client may send each message.",
        ),
        _const(
            "RATES",
            {
                spec.name: {"per_s": spec.rate.per_s, "burst": spec.rate.burst}
                for spec in MESSAGES.values()
                if spec.rate
            },
            "Token buckets: messages a second on average, and at once.",
        ),
        _const(
            "LANES",
            {spec.name: spec.lane.value for spec in MESSAGES.values() if spec.sender is Sender.SERVER},
            "On which lane the server sends each message.",
        ),
        _fields("STRUCTS", "StructName", {cls.__name__.lower(): schema.fields_of(cls) for cls in schema.STRUCTS}),
        _fields("FIELDS", "MessageName", {spec.name: spec.fields for spec in MESSAGES.values()}),
        _const(
            "STRIDES",
            {name: dtype.itemsize for name, dtype in _PACKED.items()},
            "Bytes of each packed record, and of the two headers.",
        ),
        _const(
            "LAYOUTS",
            {name: _layout(dtype) for name, dtype in _PACKED.items()},
            "Type and byte offset of every packed field.",
        ).replace(" as const;", " as const satisfies Record<string, Record<string, PackedField>>;"),
    ]


def _fields(name: str, keys: str, of: dict[str, tuple[Field, ...]]) -> str:
    data = {key: [{"name": field.name, "kind": _kind(field.kind)} for field in fields] for key, fields in of.items()}
    doc = "/** Fields in wire order, after the type in messages. */"
    return f"{doc}\nexport const {name}: {{ readonly [name in {keys}]: readonly Field[] }} = {_literal(data)};\n"


def _kind(kind: Kind) -> dict[str, Any]:
    match kind:
        case Int(low, high):
            data = {"kind": "int", "low": low, "high": high}
        case Bool():
            data = {"kind": "bool"}
        case Text(max_chars, min_chars, multiline):
            data = {"kind": "text", "min": min_chars, "max": max_chars, "newlines": multiline}
        case Slug(max_chars, optional):
            data = {"kind": "slug", "min": 0 if optional else 1, "max": max_chars}
        case Bin(max_bytes):
            data = {"kind": "bin", "max": max_bytes}
        case Many(item, max_items):
            data = {"kind": "list", "item": _kind(item), "max": max_items}
        case Struct(cls):
            data = {"kind": "struct", "struct": cls.__name__.lower()}
    return data


def _layout(dtype: np.dtype[Any]) -> dict[str, Any]:
    return {name: {"type": wire_type, "offset": offset} for name, wire_type, offset in records.layout(dtype)}
