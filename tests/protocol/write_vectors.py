"""Writes protocol/vectors/*.json: `python -m tests.protocol.write_vectors`.

No decoder is asked what to expect. A vector is built around one thing that SPEC.md allows or forbids, so its
expectation is known before there are bytes: the values it was made of, or the close code of the rule it breaks. Stands
on the second decoder (its tables from SPEC.md, its writers), never on `protocol`; tests/protocol/test_vectors.py runs
both codecs on the files, and fails where they are not what this module writes.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.protocol import second_decoder as second
from tests.protocol.second_decoder import BY_NAME, MALFORMED, SPEC, TABLES, TOO_LARGE, VERSION_MISMATCH

FOLDER = SPEC.parent / "vectors"
_BULKY = 1024  # larger things than this are left to the tests of the codec

Vector = dict[str, Any]

_TEXT = SPEC.read_text()
_SECTION_OF = {name: number for number, name in re.findall(r"^### (\d+\.\d+) (\w+)$", _TEXT, re.MULTILINE)}


def write(folder: Path = FOLDER) -> None:
    """Write every file."""
    folder.mkdir(exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text)


def files() -> dict[str, str]:
    """Return the text of every file by name."""
    made = {
        "client.json": ("Payloads from a client.", [*envelopes(), *messages("client")]),
        "server.json": ("Payloads from a server.", list(messages("server"))),
        "pose.json": ("The `record` of `pose` messages.", poses()),
        "snapshot.json": ("The `data` of `snapshot` messages.", snapshots()),
        "handshake.json": ("The first payload of a connection.", handshakes()),
        "tcp.json": ("Raw TCP as a server receives it.", tcp_streams()),
        "websocket.json": ("WebSocket as a server receives it, after the upgrade.", websocket_streams()),
        "sending.json": ("When one's own poses are sent.", sendings()),
        "arithmetic.json": ("Quantisation, packing and digests.", arithmetic()),
    }
    return {name: _listed(about, vectors) for name, (about, vectors) in made.items()}


def _listed(about: str, vectors: list[Vector]) -> str:
    names = [vector["name"] for vector in vectors]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    lines = ",\n".join("  " + json.dumps(vector, ensure_ascii=False) for vector in vectors)
    return f'{{\n "about": {json.dumps(about)},\n "vectors": [\n{lines}\n ]\n}}\n'


# --- messages ---------------------------------------------------------------------------------------------------------


class Raw(bytes):
    """Bytes that stand for themselves where a value would."""

    __slots__ = ()


def payload(type_: Any, values: list[Any]) -> bytes:
    """Write a message of these values in their shortest forms, whatever they are."""
    return array([type_, *values])


def array(values: list[Any]) -> Raw:
    """Write an array whose members may be Raw."""
    count = len(values)
    head = bytes((0x90 + count,)) if count < 16 else b"\xdc" + struct.pack(">H", count)
    return Raw(head + b"".join(map(_written, values)))


def _written(value: Any) -> bytes:
    if isinstance(value, Raw):
        return value
    return array(value) if isinstance(value, list) else second.write_msgpack(value)


def wide(value: Any) -> Raw:
    """Write a value in the longest form msgpack has for it (section 4.3)."""
    if isinstance(value, bool):
        return Raw(second.write_msgpack(value))
    if isinstance(value, int):
        return Raw((b"\xcf" + struct.pack(">Q", value)) if value >= 0 else b"\xd3" + struct.pack(">q", value))
    if isinstance(value, str):
        return Raw(b"\xdb" + struct.pack(">I", len(value.encode())) + value.encode())
    if isinstance(value, bytes):
        return Raw(b"\xc6" + struct.pack(">I", len(value)) + value)
    return Raw(b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(wide, value)))


def examples() -> dict[str, dict[str, Any]]:
    """Return the fields of the first worked example of each message, packed records as bytes."""
    first: dict[str, dict[str, Any]] = {}
    for example in second.read_examples(_TEXT):
        packed = second.encode_records(example.packed)
        fields = {key: packed if value is None else value for key, value in example.fields.items()}
        first.setdefault(example.name, fields)
    return first


def _accept(name: str, spec: str, data: bytes, message: str, fields: dict[str, Any]) -> Vector:
    plain = {key: value.hex() if isinstance(value, bytes) else value for key, value in fields.items()}
    return {"name": name, "spec": spec, "payload": data.hex(), "message": message, "fields": plain}


def _reject(name: str, spec: str, data: bytes, close: int = MALFORMED) -> Vector:
    return {"name": name, "spec": spec, "payload": data.hex(), "close": close}


def messages(sender: str) -> Iterator[Vector]:
    """Make the vectors of every message from one side."""
    shown: set[str] = set()  # families of types whose every wrong value has been shown
    for name, fields in examples().items():
        if BY_NAME[name].sender == sender:
            yield from _accepted(name, fields)
            yield from _rejected(name, fields, shown)


def _accepted(name: str, fields: dict[str, Any]) -> Iterator[Vector]:
    message, spec = BY_NAME[name], _SECTION_OF[name]
    values = list(fields.values())
    yield _accept(f"{name}: the example", spec, second.encode(name, fields), name, fields)
    yield _accept(f"{name}: every value in its longest form", "4.3", wide([message.type, *values]), name, fields)
    later = [*values, 1, "later", [2, [3]], b"\x00", Raw(b"\xc0")]
    yield _accept(f"{name}: elements after the last field", "17", payload(message.type, later), name, fields)
    for end, index in (("lowest", 0), ("highest", 1)):
        bounded = {key: _ends(kind, fields[key])[index] for key, kind in message.fields.items()}
        if bounded != fields and fields:
            data = payload(message.type, list(bounded.values()))
            yield _accept(f"{name}: every field at its {end}", spec, data, name, bounded)


def _ends(kind: str, shown: Any) -> tuple[Any, Any]:
    """Return the lowest and the highest value of a type; packed records and long lists stay as the example shows."""
    listed = re.fullmatch(r"list 0\.\.(\d+) of (.*)", kind)
    if listed:
        most, inner = min(int(listed[1]), 16), listed[2].strip("`")
        low, high = _ends(inner, shown[0])
        return [], [high] * most if most == int(listed[1]) else [low, high]
    if kind in TABLES.structs:
        members = [_ends(each, value) for each, value in zip(TABLES.structs[kind].values(), shown, strict=True)]
        return [low for low, _ in members], [high for _, high in members]
    if kind == "bool":
        return False, True
    return _bounded_ends(kind, shown)


def _bounded_ends(kind: str, shown: Any) -> tuple[Any, Any]:
    family, low, high, newlines = second.bounds(kind)
    if family == "int":
        return low, high
    if family == "bin":
        return shown, shown
    if family == "slug":
        return "a" * low, ("z09_-" * high)[:high]
    wide_char = "😀" if high < _BULKY else "z"
    return "a" * low, ("\n" if newlines else "é") + wide_char * (high - 1)


def _rejected(name: str, fields: dict[str, Any], shown: set[str]) -> Iterator[Vector]:
    message, spec = BY_NAME[name], _SECTION_OF[name]
    values = list(fields.values())
    whole = payload(message.type, values)
    yield _reject(f"{name}: cut short by one byte", "4.1", whole[:-1])
    yield _reject(f"{name}: a byte too many", "4.1", whole + b"\x00")
    if values:
        yield _reject(f"{name}: the last field is missing", "4.1", payload(message.type, values[:-1]))
    for index, (key, kind) in enumerate(message.fields.items()):
        for what, wrong in _wrongs(kind, fields[key], shown):
            data = payload(message.type, [*values[:index], wrong, *values[index + 1 :]])
            yield _reject(f"{name}.{key}: {what}", spec, data)


def _wrongs(kind: str, good: Any, shown: set[str]) -> list[tuple[str, Any]]:
    """List what a field of this type may not be: beyond its bounds, and of another type.

    Every wrong value of a family is listed at its first field, afterwards one of another type.
    """
    listed = re.fullmatch(r"list 0\.\.(\d+) of (.*)", kind)
    if listed:
        most, inner = int(listed[1]), listed[2].strip("`")
        family, beyond, strange = "list", _too_long(most, good), _STRANGE["list"]
        beyond += [(f"item: {what}", [wrong]) for what, wrong in _wrongs(inner, good[0], shown)]
    elif kind in TABLES.structs:
        family, beyond, strange = "struct", list(_wrong_members(kind, good, shown)), _STRANGE["struct"]
    elif kind == "bool":
        family, beyond, strange = "bool", [], _STRANGE["bool"]
    else:
        family, low, high, newlines = second.bounds(kind)
        beyond, strange = _beyond(family, low, high, newlines), _STRANGE[family]
    all_of_them = family not in shown
    shown.add(family)
    return [*beyond, *(strange if all_of_them else strange[:1])]


def _too_long(most: int, good: list[Any]) -> list[tuple[str, Any]]:
    return [(f"{most + 1} items", (good * (most + 1))[: most + 1])] if most <= 16 else []


def _wrong_members(kind: str, good: list[Any], shown: set[str]) -> Iterator[tuple[str, Any]]:
    for index, (key, inner) in enumerate(TABLES.structs[kind].items()):
        for what, wrong in _wrongs(inner, good[index], shown):
            yield f"{key}: {what}", [*good[:index], wrong, *good[index + 1 :]]
    yield "a member is missing", good[:-1]


def _beyond(family: str, low: int, high: int, newlines: bool) -> list[tuple[str, Any]]:
    if family == "int":
        return [(f"{low - 1}", low - 1), (f"{high + 1}", high + 1)]
    if family == "bin":
        return [(f"{high + 1} bytes", bytes(high + 1))] if high < _BULKY else []
    wrong: list[tuple[str, Any]] = [(f"{high + 1} characters", "a" * (high + 1))]
    wrong += [("empty", "")] if low else []
    if family == "slug":
        return wrong
    if high > 2:
        wrong += [("a control character", "a\tb")]
        wrong += [] if newlines else [("a newline", "a\nb")]
    return wrong


_FLOAT, _NIL = Raw(b"\xcb" + struct.pack(">d", 1.0)), Raw(b"\xc0")
_NAN, _INFINITE = Raw(b"\xcb" + struct.pack(">d", math.nan)), Raw(b"\xca" + struct.pack(">f", math.inf))
_MAP, _EXTENSION = Raw(b"\x80"), Raw(b"\xd4\x05\x00")
_LATIN = Raw(b"\xa2\xe9\x20")

# Values of another type, by family of the right one.
_STRANGE: dict[str, list[tuple[str, Any]]] = {
    "int": [
        ("a float", _FLOAT),
        ("not a number", _NAN),
        ("infinite", _INFINITE),
        ("a boolean", True),
        ("text", "1"),
        ("nil", _NIL),
        ("an array", [1]),
        ("beyond 64 bits, as a float", Raw(b"\xcb" + struct.pack(">d", 2.0**64))),
    ],
    "bool": [("1", 1), ("0", 0), ("nil", _NIL), ("text", "true")],
    "text": [
        ("bin", b"a"),
        ("not UTF-8", _LATIN),
        ("a surrogate", Raw(b"\xa3\xed\xa0\x80")),
        ("overlong UTF-8", Raw(b"\xa2\xc0\x80")),
        ("a C1 control character", "a\x85"),
        ("a delete", "a\x7f"),
        ("a number", 1),
        ("nil", _NIL),
    ],
    "slug": [
        ("upper case", "Lobby"),
        ("a leading hyphen", "-lobby"),
        ("a leading underscore", "_lobby"),
        ("a space", "the lobby"),
        ("a newline at its end", "lobby\n"),
        ("a letter beyond ASCII", "café"),
        ("a dot", "a.b"),
        ("bin", b"lobby"),
        ("a number", 1),
    ],
    "bin": [("text", "record"), ("nil", _NIL), ("an array", [1, 2])],
    "list": [("nil", _NIL), ("text", "officer"), ("a map", _MAP)],
    "struct": [("a number", 7), ("nil", _NIL), ("a map", _MAP)],
}


def envelopes() -> list[Vector]:
    """Make the vectors of what is around the fields (section 4.1)."""
    ack = [BY_NAME["ack"].type, 5]
    fields = {"seq": 5}
    return [
        _reject("nothing", "4.1", b""),
        _reject("an empty array", "4.1", b"\x90"),
        _reject("a number instead of an array", "4.1", b"\x07"),
        _reject("nil", "4.1", b"\xc0"),
        _reject("a map", "4.1", b"\x81\x07\x05"),
        _reject("an unused code", "4.1", b"\xc1"),
        _reject("an extension", "4.1", b"\xd4\x07\x05"),
        _reject("an extension after the last field", "4.1", array([*ack, _EXTENSION])),
        _reject("an empty extension after the last field", "4.1", array([*ack, Raw(b"\xc7\x00\x05")])),
        _reject("a timestamp after the last field", "4.1", array([*ack, Raw(b"\xd6\xff\x00\x00\x00\x00")])),
        _reject("a map after the last field", "4.1", array([*ack, Raw(b"\x81\x01\x02")])),
        _reject("an empty map after the last field", "4.1", array([*ack, _MAP])),
        _reject("text that is not UTF-8 after the last field", "4.1", array([*ack, _LATIN])),
        _reject("type 0", "4.1", array([0, 5])),
        _reject("type 63, which is not used", "4.1", array([63, 5])),
        _reject("type 128, which is not used", "4.1", array([128, 5])),
        _reject("a negative type", "4.1", array([-1, 5])),
        _reject("a type as text", "4.1", array(["ack", 5])),
        _reject("a type as float", "4.1", array([Raw(b"\xca" + struct.pack(">f", 7.0)), 5])),
        _reject("a type as boolean", "4.1", array([True, 5])),
        _reject("no type, an array first", "4.1", array([[7], 5])),
        _reject("a message of the server", "4.1", array([BY_NAME["left"].type, 1, 2])),
        _reject("two messages", "4.1", array(ack) * 2),
        _reject("65 elements", "4.1", Raw(b"\xdc\x00\x41" + b"\x07" * 65)),
        _reject("65 elements in a nested array", "4.1", array([*ack, Raw(b"\xdc\x00\x41" + b"\x00" * 65)])),
        _reject("an array that announces 4 GiB", "4.1", b"\xdd\xff\xff\xff\xff\x07\x05"),
        _reject("a text that announces 4 GiB", "4.1", b"\x92\x07\xdb\xff\xff\xff\xff"),
        _reject("arrays in arrays without end", "4.1", b"\x92\x07" + b"\x91" * 4000),
        _accept("64 elements", "4.1", Raw(b"\xdc\x00\x40\x07\x05" + b"\x00" * 62), "ack", fields),
        _accept("an integer in a signed form", "4.3", b"\x92\x07\xd1\x00\x05", "ack", fields),
        _accept("a type in two bytes", "4.3", b"\x92\xcc\x07\x05", "ack", fields),
        _accept("floats and nil after the last field", "17", array([*ack, _FLOAT, _NAN, _NIL]), "ack", fields),
    ]


# --- packed records ---------------------------------------------------------------------------------------------------

_EXAMPLES = {example.title: example for example in second.read_examples(_TEXT)}
_DESKTOP, _TRACKED = _EXAMPLES["a desktop avatar"].packed, _EXAMPLES["a tracked avatar"].packed
_FULL, _NEXT = _EXAMPLES["a full one"].packed, _EXAMPLES["the one after it"].packed
_ON, _FAR = (_EXAMPLES[f"one of them {did}"].packed for did in ("goes on about as before", "has gone far away"))


def _records(name: str, spec: str, data: bytes, records: list[second.Record]) -> Vector:
    return {"name": name, "spec": spec, "data": data.hex(), "records": records}


def _bad_records(name: str, spec: str, data: bytes) -> Vector:
    return {"name": name, "spec": spec, "data": data.hex(), "close": MALFORMED}


def section(name: str, rows: list[dict[str, int]], *, more: bytes = b"", stride: int | None = None) -> bytes:
    """Write a section by hand: `more` follows every record, `stride` overrides the true one."""
    layout = TABLES.layouts[name]
    body = b"".join(second.encode_records([(name, row)])[4:] + more for row in rows)
    written = layout.stride + len(more) if stride is None else stride
    return struct.pack("<BBH", TABLES.kinds[name], written, len(rows)) + body


def unknown(kind: int, stride: int, count: int) -> bytes:
    """Write a section of a kind that nobody knows."""
    return struct.pack("<BBH", kind, stride, count) + b"\xaa" * (stride * count)


def poses() -> list[Vector]:
    """Make the vectors of input records."""
    (name, row), (tracked_name, tracked) = _DESKTOP[0], _TRACKED[0]
    plain, far, reach = section(name, [row]), TABLES.limits["MAX_COORDINATE_MM"], TABLES.limits["MAX_PART_MM"]
    corner = row | {"seq": 2**32 - 1, "x": far, "y": -far, "z": far, "yaw": 65535, "pitch": -127, "age": 255}
    stretched = tracked | {"head.x": reach, "left.y": -reach, "right.z": reach, "head.orientation": 0}
    vectors = [
        _records("a desktop pose", "10.10", plain, [(name, row)]),
        _records("a tracked pose", "10.10", section(tracked_name, [tracked]), [(tracked_name, tracked)]),
        _records("everything at its bounds", "10.3", section(name, [corner]), [(name, corner)]),
        _records("arms stretched", "10.3", section(tracked_name, [stretched]), [(tracked_name, stretched)]),
        _records("a longer stride", "10.1", section(name, [row], more=b"\xff\xff"), [(name, row)]),
        _records("an unknown section before it", "10.1", unknown(200, 3, 2) + plain, [(name, row)]),
        _records("an unknown section after it", "10.1", plain + unknown(34, 0, 9), [(name, row)]),
        _records("a section of snapshots is skipped", "10.1", plain + section("leave", [{"id": 9}]), [(name, row)]),
        _bad_records("nothing", "8.4", b""),
        _bad_records("only an unknown section", "8.4", unknown(200, 3, 2)),
        _bad_records("no record", "8.4", section(name, [])),
        _bad_records("two records", "8.4", section(name, [row, row])),
        _bad_records("two sections", "8.4", plain + section(tracked_name, [tracked])),
        _bad_records("a section header cut short", "10.1", plain + b"\xc8\x00\x00"),
        _bad_records("a record cut short", "10.1", plain[:-1]),
        _bad_records("a stride too small", "10.1", section(name, [row], stride=19)),
        _bad_records("an unknown section longer than the rest", "10.1", plain + unknown(200, 3, 2)[:-1]),
        _bad_records("a pitch of -128", "10.3", section(name, [row | {"pitch": -128}])),
    ]
    vectors += [
        _bad_records(f"{axis} = {value}", "10.3", section(name, [row | {axis: value}]))
        for axis in "xyz"
        for value in (far + 1, -far - 1)
    ]
    vectors.append(_bad_records("x = -2^31", "10.3", section(name, [row | {"x": -(2**31)}])))
    vectors += [
        _bad_records(f"{part}.{axis} = {value}", "10.3", section(tracked_name, [tracked | {f"{part}.{axis}": value}]))
        for part, axis, value in (("head", "x", reach + 1), ("left", "y", -reach - 1), ("right", "z", -(2**15)))
    ]
    return vectors


def snapshots() -> list[Vector]:
    """Make the vectors of snapshots."""
    header = _FULL[0]
    head = second.encode_records([header])
    busy = ("header", header[1] | {"flags": TABLES.limits["SNAPSHOT_FULL"] | TABLES.limits["SNAPSHOT_STRETCHED"]})
    leave, enter = ("leave", {"id": 65535}), ("enter", {"id": 1, "generation": 65535})
    longer = section("leave", [leave[1]], more=b"\x01\x02\x03")
    vectors = [
        _records("a full one", "10.6", second.encode_records(_FULL), _FULL),
        _records("changes", "10.6", second.encode_records(_NEXT), _NEXT),
        _records("somebody far away", "10.6", second.encode_records(_FAR), _FAR),
        _records("nothing to tell", "10.6", head, [header]),
        _records("a full one of a server that has too much to do", "10.6", second.encode_records([busy]), [busy]),
        _records("an empty section", "10.1", head + section("leave", []), [header]),
        _records("a longer stride", "10.1", head + longer, [header, leave]),
        _records("an unknown section", "10.1", head + unknown(99, 7, 3) + section(*_one(leave)), [header, leave]),
        _records("an unknown section twice", "10.1", head + unknown(99, 7, 3) * 2, [header]),
        _records("an unknown section without stride", "10.1", head + unknown(99, 0, 65535), [header]),
        _records("a section of poses is skipped", "10.1", head + second.encode_records(_DESKTOP), [header]),
        _records(
            "leave and enter", "10.9", head + section(*_one(leave)) + section(*_one(enter)), [header, leave, enter]
        ),
        _bad_records("nothing", "10.6", b""),
        _bad_records("a header cut short", "10.6", head[:-1]),
        _bad_records("a section header cut short", "10.1", head + b"\x01\x02\x01"),
        _bad_records("a section longer than the rest", "10.1", head + section(*_one(leave))[:-1]),
        _bad_records("a count longer than the rest", "10.1", head + b"\x01\x02\xff\xff\x01\x00"),
        _bad_records("an unknown section longer than the rest", "10.1", head + unknown(99, 7, 3)[:-1]),
        _bad_records("a kind twice", "10.1", head + section(*_one(leave)) * 2),
        _bad_records("a kind twice, once empty", "10.1", head + section("leave", []) + section(*_one(leave))),
    ]
    vectors += _predictions(head, header)
    for record in (*_FULL[1:], *_NEXT[1:], *_FAR[1:]):
        name, values = record
        low = {key: _lowest(name, key) for key in values}
        high = {key: _highest(name, key) for key in values}
        for what, row in (("lowest", low), ("highest", high)):
            vectors.append(
                _records(f"{name}: {what} values", "10.9", head + section(name, [row]), [header, (name, row)])
            )
        small = section(name, [values], stride=TABLES.layouts[name].stride - 1)
        vectors.append(_bad_records(f"{name}: a stride too small", "10.1", head + small))
    return list({vector["name"]: vector for vector in vectors}.values())


def _predictions(head: bytes, header: second.Record) -> list[Vector]:
    """Make the vectors of predicted records: of streams, whose every bit counts."""
    names = [name for name in TABLES.codes if name != "gap"]

    def row(entity: int, *numbers: int) -> second.Record:
        return "predicted", {"id": entity, **dict(zip(names, numbers, strict=True))}

    def stream(*records: second.Record) -> bytes:
        return second.encode_records(list(records))[4:]

    def sent(data: bytes, stride: int = 1) -> bytes:
        padded = b"".join(bytes([byte]) + b"\xaa" * (stride - 1) for byte in data)
        return head + struct.pack("<BBH", TABLES.kinds["predicted"], stride, len(data)) + padded

    still, walker = row(7, 0, 0, 0, 0, 0, 0), row(12, 1, -4, 0, 3, -120, 2)
    far = row(65535, -255, 8188, -508, -8188, -32768, 254)
    sizes = [row(400 + k, k, -k, k, -k, k, -k) for k in (1, 2, 3, 7, 12, 40, 200, 1000)]
    several = [row(0, 0, 1, 0, -1, 5, 0), row(1, 0, 0, 0, 0, 0, 0), walker, row(300, 2, 75, 1, -75, 0, -9), *sizes]
    data = stream(walker)
    return [
        _records("goes on about as before", "10.11", second.encode_records(_ON), _ON),
        _records("predicted: no error", "10.11", sent(stream(still)), [header, still]),
        _records("predicted: small errors", "10.11", sent(data), [header, walker]),
        _records("predicted: the largest errors", "10.11", sent(stream(far)), [header, far]),
        _records("predicted: several", "10.11", sent(stream(*several)), [header, *several]),
        _records("predicted: a longer stride", "10.1", sent(data, 3), [header, walker]),
        _records("predicted: a rest that is not zero", "10.11", sent(_with_rest(data)), [header, walker]),
        _bad_records("predicted: cut short", "10.11", sent(data[:-1])),
        _bad_records("predicted: a byte too many", "10.11", sent(data + b"\0")),
        _bad_records("predicted: a prefix too long", "10.11", sent(b"\xff\xff\x0f" + bytes(12))),
        _bad_records("predicted: an id above all", "10.11", sent(stream(row(65536, 0, 0, 0, 0, 0, 0)))),
        _bad_records("predicted: a stride too small", "10.1", head + bytes([TABLES.kinds["predicted"], 0, 1, 0])),
    ]


def _with_rest(stream: bytes) -> bytes:
    """Set the last bit, which no record of the stream needs."""
    assert stream[-1] < 128, "the last bit is a record's"
    return stream[:-1] + bytes([stream[-1] | 128])


def _one(record: second.Record) -> tuple[str, list[dict[str, int]]]:
    return record[0], [record[1]]


def _bits(name: str, key: str) -> tuple[int, bool]:
    if key in second.TURNS:
        return 9, True
    kinds = {field: kind for field, kind, _ in TABLES.layouts[name].fields}
    kind = kinds.get(key, "i7" if key == "dy" else "i12")
    return int(kind[1:]), kind[0] == "i"


def _lowest(name: str, key: str) -> int:
    bits, is_signed = _bits(name, key)
    return -(1 << bits - 1) if is_signed else 0


def _highest(name: str, key: str) -> int:
    bits, is_signed = _bits(name, key)
    return (1 << bits - is_signed) - 1


# --- the first payload ------------------------------------------------------------------------------------------------


def handshakes() -> list[Vector]:
    """Make the vectors of versions (section 5.2) and of what may come first (5.1)."""
    hello = examples()["hello"]
    major, minor = TABLES.version
    type_ = BY_NAME["hello"].type
    rest = list(hello.values())[2:]

    def said(major_: Any, minor_: Any) -> bytes:
        return payload(type_, [major_, minor_, *rest])

    def spoken(name: str, data: bytes, agreed: int) -> Vector:
        return {"name": name, "spec": "5.2", "payload": data.hex(), "minor": agreed}

    ping = payload(BY_NAME["ping"].type, [0])
    welcome = second.encode("welcome", examples()["welcome"])
    later = array([type_, major + 1, _MAP, _EXTENSION])
    return [
        spoken("the same version", said(major, minor), minor),
        spoken("an older minor version", said(major, 0), 0),
        spoken("a newer minor version", said(major, 255), minor),
        spoken("versions in longer forms", said(wide(major), wide(minor)), minor),
        spoken("more fields than we know", payload(type_, [major, minor + 1, *rest, "new", 7]), minor),
        _reject("a newer major version", "5.2", said(major + 1, 0), VERSION_MISMATCH),
        _reject("major version 255", "5.2", said(255, 255), VERSION_MISMATCH),
        _reject("a newer major version and nothing else", "5.2", array([type_, major + 1]), VERSION_MISMATCH),
        _reject("a newer major version, then what we cannot read", "5.2", later, VERSION_MISMATCH),
        _reject("a newer major version, cut short", "5.2", said(major + 1, 0)[:-1], VERSION_MISMATCH),
        _reject("a newer major version in an array 16", "5.2", b"\xdc\x00\x03\x01\x09\x00", VERSION_MISMATCH),
        _reject("a newer major version in an array 32", "5.2", b"\xdd\x00\x00\x00\x03\x01\x09\x00", VERSION_MISMATCH),
        _reject("a major version that is text", "5.2", said(str(major), minor)),
        _reject("a negative major version", "5.2", said(-1, minor)),
        _reject("a minor version of 256", "8.1", said(major, 256)),
        _reject("another message first", "5.1", ping, second.OUT_OF_STATE),
        _reject("a message of the server", "4.1", welcome),
        _reject("nothing", "4.1", b""),
        _reject("only an array header", "4.1", b"\x99"),
        _reject("only the type", "4.1", array([type_])),
        _reject("an HTTP request", "4.1", b"GET / HTTP/1.1\r\n\r\n"),
        _reject("zeros", "4.1", bytes(16)),
    ]


# --- streams ----------------------------------------------------------------------------------------------------------


def _stream(name: str, spec: str, max_bytes: int, data: bytes, payloads: list[Any], close: int | None = None) -> Vector:
    shown = [each.hex() if isinstance(each, bytes) else [each[0], each[1].hex()] for each in payloads]
    vector = {"name": name, "spec": spec, "max_bytes": max_bytes, "stream": data.hex(), "payloads": shown}
    return vector if close is None else vector | {"close": close}


def _prefixed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def tcp_streams() -> list[Vector]:
    """Make the vectors of section 3.1."""
    ack, bye = b"\x92\x07\x05", b"\x91\x14"
    both = _prefixed(ack) + _prefixed(bye)
    return [
        _stream("one frame", "3.1", 100, _prefixed(ack), [ack]),
        _stream("two frames", "3.1", 100, both, [ack, bye]),
        _stream("an empty payload is a frame", "3.1", 100, _prefixed(b"") + both, [b"", ack, bye]),
        _stream("a frame of the largest size", "3.1", 3, both, [ack, bye]),
        _stream("a second frame cut short", "3.1", 100, both[:-1], [ack]),
        _stream("a prefix cut short", "3.1", 100, both[:9], [ack]),
        _stream("one byte too many", "3.1", 2, _prefixed(bye) + _prefixed(ack), [bye], TOO_LARGE),
        _stream(
            "too large, before its payload came", "3.1", 100, _prefixed(ack) + b"\x00\x00\x00\x65", [ack], TOO_LARGE
        ),
        _stream("4 GiB announced", "3.1", 2**20, b"\xff\xff\xff\xff", [], TOO_LARGE),
        _stream("a little-endian length", "3.1", 2**16, b"\x03\x00\x00\x00" + ack, [], TOO_LARGE),
        _stream("a WebSocket frame", "3.1", 2**16, second.client_frame(2, ack), [], TOO_LARGE),
    ]


def websocket_streams() -> list[Vector]:
    """Make the vectors of section 3.2."""
    ack, bye = b"\x92\x07\x05", b"\x91\x14"
    text, binary, closing, ping, pong = 1, 2, 8, 9, 10
    one = second.client_frame(binary, ack)
    start = second.client_frame(binary, ack[:1], final=False)
    middle = second.client_frame(0, ack[1:2], final=False)
    end = second.client_frame(0, ack[2:])
    asked, widest = second.client_frame(ping, b"?"), second.client_frame(ping, bytes(125))
    last = second.client_frame(0, ack)
    long = bytes(range(200))
    bad: list[tuple[str, bytes, list[Any]]] = [
        ("a frame that is not masked", b"\x82\x03" + ack, []),
        ("the first reserved bit", bytes((one[0] | 0x40,)) + one[1:], []),
        ("the second reserved bit", bytes((one[0] | 0x20,)) + one[1:], []),
        ("the third reserved bit", bytes((one[0] | 0x10,)) + one[1:], []),
        ("a reserved data opcode", second.client_frame(3, ack), []),
        ("a reserved control opcode", second.client_frame(11, ack), []),
        ("a text message", one + second.client_frame(text, b"hello"), [ack]),
        ("a continuation of nothing", end, []),
        ("a continuation after a whole message", one + end, [ack]),
        ("a message inside another", start + one, []),
        ("a control frame in fragments", second.client_frame(ping, b"?", final=False), []),
        ("a control frame of 126 bytes", second.client_frame(ping, bytes(126)), []),
        ("an HTTP request", b"GET / HTTP/1.1\r\n\r\n", []),
    ]
    return [
        _stream("one message", "3.2", 100, one, [ack]),
        _stream("two messages", "3.2", 100, one + second.client_frame(binary, bye), [ack, bye]),
        _stream("another mask", "3.2", 100, second.client_frame(binary, ack, key=bytes(4)), [ack]),
        _stream("an empty message", "3.2", 100, second.client_frame(binary, b""), [b""]),
        _stream("a length of 16 bits", "3.2", 200, second.client_frame(binary, long), [long]),
        _stream("16 bits for a short length", "3.2", 100, b"\x82\xfe\x00\x03" + one[2:], [ack]),
        _stream("64 bits for a short length", "3.2", 100, b"\x82\xff" + bytes(7) + b"\x03" + one[2:], [ack]),
        _stream("three fragments", "3.2", 3, start + middle + end, [ack]),
        _stream("a ping between fragments", "3.2", 3, start + asked + middle + end, [(ping, b"?"), ack]),
        _stream("an empty fragment", "3.2", 3, second.client_frame(binary, b"", final=False) + last, [ack]),
        _stream("a pong", "3.2", 100, second.client_frame(pong, b""), [(pong, b"")]),
        _stream("a close", "3.2", 100, second.client_frame(closing, b"\x03\xe8bye"), [(closing, b"\x03\xe8bye")]),
        _stream("a control frame above the limit of messages", "3.2", 3, widest, [(ping, bytes(125))]),
        _stream("a message cut short", "3.2", 100, one + one[:-1], [ack]),
        _stream("a fragment without its end", "3.2", 100, one + start, [ack]),
        *(_stream(name, "3.2", 200, data, before, MALFORMED) for name, data, before in bad),
        _stream("one byte too many", "3.2", 2, second.client_frame(binary, bye) + one, [bye], TOO_LARGE),
        _stream("too large, before its payload came", "3.2", 200, b"\x82\xfe\x00\xc9", [], TOO_LARGE),
        _stream("2^63 bytes announced", "3.2", 200, b"\x82\xff\x80" + bytes(7), [], TOO_LARGE),
        _stream("fragments too large together", "3.2", 2, start + middle + end, [], TOO_LARGE),
    ]


# --- sending ----------------------------------------------------------------------------------------------------------

_FRAME_MS = 16  # no multiple of it is 25 ms + n * 50 ms, or 250 ms: nobody is asked at the very moment
_END_MS = 1600


def sendings() -> list[Vector]:
    """Make the vectors of section 11.2, steps 1 to 4. When what goes was worked out by hand."""
    still = _stance()
    strides = [(16 * k, _stance(x=0.02 * (k + 1))) for k in range(31)]
    turns = (0, 32, 80, 128, 176, 240, 288, 336, 384, 432, 480)
    tremble = [(16 * k, _stance(head_y=1.6 + 0.001 * (k % 3 - 1))) for k in range(62)]
    drift = [(32 * k, _stance(x=0.001 * (k + 1))) for k in range(16)]
    made = [
        _sending("less than a step of the wire", still, [(0, _stance(x=0.0004)), (48, _stance(yaw=0.00001))], []),
        _sending("a walk, twenty times a second", still, strides, [(turn, turn // 16) for turn in turns]),
        _sending(
            "the end of a walk",
            still,
            [(0, _stance(x=0.1)), (16, _stance(x=0.2)), (48, _stance(x=0.201))],
            [(0, 0), (32, 1), (288, 2)],  # 250 ms after what was sent at 32
        ),
        _sending(
            "a headset that trembles",
            _stance(head_y=1.6),
            tremble,
            [(0, 0), (256, 16), (512, 32), (768, 48), (1024, 61)],
        ),
        _sending(
            "a step out of a tremble",
            _stance(head_y=1.6),
            [(0, _stance(head_y=1.601)), (112, _stance(head_y=1.602)), (160, _stance(x=0.5, head_y=1.602))],
            [(0, 0), (160, 2)],
        ),
        _sending("a drift, every three millimetres", still, drift, [(96 * k, 3 * k) for k in range(6)]),
        _sending("a walk after a pause", still, [(0, _stance(x=0.1)), (1008, _stance(x=0.2))], [(0, 0), (1008, 1)]),
    ]
    for body, head_y in (("desktop", None), ("tracked", 1.6)):
        before = _stance(x=1.0, head_y=head_y)
        for change, after in _changes(head_y):
            is_little = change.startswith("little")
            sent = [(0, 0), (256 if is_little else 64, 1)]
            made.append(_sending(f"{body}, {change}", _stance(head_y=head_y), [(0, before), (64, after)], sent))
    return made


def _changes(head_y: float | None) -> Iterator[tuple[str, Vector]]:
    """Change what stands at x = 1 by a little, and by just enough."""
    degree = math.pi / 180
    yield "little: 2 mm", _stance(x=1.002, head_y=head_y)
    yield "3 mm", _stance(x=1.003, head_y=head_y)
    yield "3 mm down", _stance(x=1.0, y=-0.003, head_y=head_y)
    yield "3 mm north", _stance(x=1.0, z=-0.003, head_y=head_y)
    yield "little: yaw by 0.9°", _stance(x=1.0, yaw=-0.9 * degree, head_y=head_y)
    yield "yaw by 1.1°", _stance(x=1.0, yaw=-1.1 * degree, head_y=head_y)
    yield "little: pitch by 0.9°", _stance(x=1.0, pitch=0.9 * degree, head_y=head_y)
    yield "pitch by 1.1°", _stance(x=1.0, pitch=1.1 * degree, head_y=head_y)
    if head_y is None:
        yield "a headset put on", _stance(x=1.0, head_y=1.6)
        return
    yield "a headset taken off", _stance(x=1.0)
    yield "little: head up by 2 mm", _stance(x=1.0, head_y=head_y + 0.002)
    yield "head up by 3 mm", _stance(x=1.0, head_y=head_y + 0.003)
    yield "little: hand forward by 2 mm", _stance(x=1.0, head_y=head_y, reach=0.002)
    yield "hand forward by 3 mm", _stance(x=1.0, head_y=head_y, reach=0.003)
    yield "little: hand turned by 0.9°", _stance(x=1.0, head_y=head_y, wrist=0.9 * degree)  # 0.95° once packed
    yield "hand turned by 1.1°", _stance(x=1.0, head_y=head_y, wrist=1.1 * degree)


def _stance(
    *,
    x: float = 0.0,
    y: float = 0.0,
    z: float = 0.0,
    yaw: float = 0.0,
    pitch: float = 0.0,
    head_y: float | None = None,
    wrist: float = 0.0,
    reach: float = 0.0,
) -> Vector:
    """Write a pose; with a head, two hands as well, the right one turned about y and held further forward."""
    upright = [0.0, 0.0, 0.0, 1.0]
    turned = [0.0, math.sin(wrist / 2), 0.0, math.cos(wrist / 2)]
    parts = [[[0.0, head_y, 0.0], upright], [[-0.3, 1.0, -0.2], upright], [[0.3, 1.0, -0.2 - reach], turned]]
    return {"position": [x, y, z], "yaw": yaw, "pitch": pitch, "parts": None if head_y is None else parts}


def _sending(name: str, start: Vector, samples: list[tuple[int, Vector]], sent: list[tuple[int, int]]) -> Vector:
    return {
        "name": name,
        "spec": "11.2",
        "start": start,
        "samples": samples,
        "asked_every_ms": _FRAME_MS,
        "until_ms": _END_MS,
        "sent": sent,
    }


# --- arithmetic -------------------------------------------------------------------------------------------------------

_HALF = math.sqrt(0.5)


def arithmetic() -> list[Vector]:
    """Make the vectors of sections 10.3, 10.4, 10.5 and 10.8. Values are worked out by hand, but for two unpackings."""
    quarter = math.pi / 2
    return [
        *_numbers("millimetres", "10.4", [(0.0, 0), (1.25, 1250), (-4194.303, -4194303), (0.0004, 0), (-0.0006, -1)]),
        # 62.5 and 187.5 mm: halves, exact in binary
        *_numbers("millimetres", "10.4", [(0.0625, 62), (0.1875, 188), (-0.0625, -62), (-0.1875, -188)]),
        *_numbers("yaw", "10.4", [(0.0, 0), (quarter, 16384), (math.pi, 32768), (-quarter, 49152), (4 * quarter, 0)]),
        *_numbers("yaw", "10.4", [(-0.00001, 0), (-0.0001, 65535), (6.283184, 0), (100 * math.pi + 1.0, 10430)]),
        *_numbers("pitch", "10.4", [(0.0, 0), (quarter, 127), (-quarter, -127), (3.0, 127), (-9.0, -127), (0.35, 28)]),
        *_packings(),
        *_unpackings(),
        *_digests(),
        *_coordinates(),
    ]


def _numbers(of: str, spec: str, pairs: list[tuple[float, int]]) -> list[Vector]:
    return [
        {"name": f"{of} of {given!r}", "spec": spec, "of": of, "given": given, "value": value} for given, value in pairs
    ]


def _packings() -> list[Vector]:
    pairs = [
        ((0.0, 0.0, 0.0, 1.0), 0xE008_0200),
        ((0.0, 0.0, 0.0, -1.0), 0xE008_0200),
        ((1.0, 0.0, 0.0, 0.0), 0x2008_0200),
        ((0.0, 1.0, 0.0, 0.0), 0x6008_0200),
        ((0.0, 0.0, -1.0, 0.0), 0xA008_0200),
        ((0.0, _HALF, 0.0, _HALF), 0x6008_03FF),
        ((0.0, -_HALF, 0.0, _HALF), 0x6008_0001),
        # 0.5 is 361.3 steps: 361 + 512 = 0x369, three times
        ((0.5, 0.5, 0.5, 0.5), 0x369D_A769),
        ((-0.5, 0.5, 0.5, 0.5), 0x0972_5C97),
    ]
    return [
        {"name": f"orientation {list(q)}", "spec": "10.5", "of": "pack_orientation", "given": list(q), "value": value}
        for q, value in pairs
    ]


def _unpackings() -> list[Vector]:
    # all bits zero: three components of -512 steps exceed a unit quaternion, and are normalised
    third = -math.sqrt(1 / 3)
    known = {0xE008_0200: [0.0, 0.0, 0.0, 1.0], 0x2008_0200: [1.0, 0.0, 0.0, 0.0], 0: [0.0, third, third, third]}
    worked = {packed: list(second.unpack_orientation(packed)) for packed in (0x369D_A769, 0xFFFF_FFFF)}
    return [
        {"name": f"packed {packed:#010x}", "spec": "10.5", "of": "unpack_orientation", "given": packed, "value": q}
        for packed, q in (known | worked).items()
    ]


def _digests() -> list[Vector]:
    # the terms of section 10.8, where they are worked out; order does not matter
    terms = {(9, 1): 0x0FB3_393D, (12, 3): 0x900D_E89A, (300, 1): 0xD52B_57BE}
    held = [list(pair) for pair in terms]
    return [
        {"name": "digest of nothing", "spec": "10.8", "of": "digest", "given": [], "value": 0},
        *(
            {"name": f"digest of {list(pair)}", "spec": "10.8", "of": "digest", "given": [list(pair)], "value": term}
            for pair, term in terms.items()
        ),
        {"name": "digest of three", "spec": "10.8", "of": "digest", "given": held, "value": 0x74EC_7995},
        {"name": "digest in another order", "spec": "10.8", "of": "digest", "given": held[::-1], "value": 0x74EC_7995},
    ]


def _coordinates() -> list[Vector]:
    i24 = {0: "000000", 1: "010000", -1: "ffffff", 4194303: "ffff3f", -4194303: "0100c0", -70000: "90eefe"}
    dxz = {(-75, 3): "b53f00", (2047, -2047): "ff1780", (-2047, 2047): "01f87f", (-1, -1): "ffffff", (0, 1): "001000"}
    return [
        *({"name": f"i24 {n}", "spec": "10.3", "of": "i24", "given": n, "value": data} for n, data in i24.items()),
        *(
            {"name": f"dxz {dx} {dz}", "spec": "10.3", "of": "dxz", "given": [dx, dz], "value": data}
            for (dx, dz), data in dxz.items()
        ),
    ]


if __name__ == "__main__":
    write()
