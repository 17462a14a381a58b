"""Messages to bytes and back, checked against the schema.

`decode` accepts exactly what `schema` declares, raising ProtocolError(MALFORMED) with the field and the bound
for anything else; fields after the last known one are ignored, as the evolution rules demand. `encode` trusts
its caller's values (ours). No state, no I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgpack

from protocol.errors import Close, ProtocolError
from protocol.schema import (
    MESSAGES,
    SPEC_OF,
    STRUCTS,
    Bin,
    Bool,
    Int,
    Lane,
    Many,
    Sender,
    Slug,
    Struct,
    Text,
    fields_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from protocol.schema import Field, Kind


T = TypeVar("T")

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_NEWLINE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")


# --- encoding ---------------------------------------------------------------------------------------------------------


def encode(message: object) -> bytes:
    """Encode a message of the schema as its msgpack array."""
    return _packed([SPEC_OF[type(message)].type, *_values(message)])


@dataclass(frozen=True, slots=True)
class SharedEvent:
    """An events-lane message encoded once for many sessions, each of which numbers it on its own."""

    head: bytes
    tail: bytes

    def numbered(self, seq: int) -> bytes:
        """Return the payload for one session; `seq` is always written as a 32-bit integer."""
        return b"%b\xce%b%b" % (self.head, seq.to_bytes(4, "big"), self.tail)


def share(message: object) -> SharedEvent:
    """Encode an events-lane message, leaving out its `seq` (whatever value it has)."""
    spec = SPEC_OF[type(message)]
    assert spec.lane is Lane.EVENTS, f"{spec.name} is not an events-lane message"
    values = _values(message)
    return SharedEvent(
        _PACKER.pack_array_header(1 + len(values)) + _packed(spec.type), b"".join(map(_packed, values[1:]))
    )


def pack_item(item: object) -> bytes:
    """Encode one structure of a list, to be shared by many events (see `share_items`)."""
    return _packed(_values(item))


def share_items(cls: type[Any], items: list[bytes]) -> SharedEvent:
    """Share an events-lane message whose only field besides `seq` is a list of already packed items."""
    spec = SPEC_OF[cls]
    assert spec.lane is Lane.EVENTS, f"{spec.name} is not an events-lane message"
    return SharedEvent(
        _PACKER.pack_array_header(3) + _packed(spec.type),
        b"".join((_PACKER.pack_array_header(len(items)), *items)),
    )


def _values(instance: object) -> list[object]:
    names = _PLAIN_FIELDS.get(type(instance))
    if names is not None:
        return [getattr(instance, name) for name in names]
    return [_plain(getattr(instance, field.name), field.kind) for field in _FIELDS[type(instance)]]


def _plain(value: Any, kind: Kind) -> object:
    if isinstance(kind, Struct):
        return _values(value)
    if isinstance(kind, Many):
        return [_plain(item, kind.item) for item in value]
    return value


_PACKER = msgpack.Packer(use_bin_type=True)
_packed: Callable[[object], bytes] = _PACKER.pack


_FIELDS: dict[type[Any], tuple[Field, ...]] = {cls: fields_of(cls) for cls in (*SPEC_OF, *STRUCTS)}
# of those whose values are packed as they are
_PLAIN_FIELDS = {
    cls: tuple(field.name for field in fields)
    for cls, fields in _FIELDS.items()
    if not any(isinstance(field.kind, Struct | Many) for field in fields)
}

# A decoder allocates what an array header announces, and arrays nest: without a bound, 16 KB of headers from
# a client would cost it 60 MB. A client's longest array has 9 elements; the rest is room to grow.
MAX_CLIENT_ARRAY = 64
_MAX_ARRAY_LEN = {Sender.CLIENT: MAX_CLIENT_ARRAY, Sender.SERVER: 2**16}

Payload = bytes | bytearray | memoryview


# --- decoding ---------------------------------------------------------------------------------------------------------


def decode(payload: Payload, sender: Sender) -> Any:
    """Decode and validate one message sent by `sender`.

    Returns an instance of the message's class. Raises ProtocolError(MALFORMED) for anything that is not one.
    """
    array = _unpack(payload, _MAX_ARRAY_LEN[sender])
    if type(array) is not list or not array:
        raise _malformed("a message is a non-empty array")
    spec = MESSAGES.get(array[0]) if type(array[0]) is int else None
    if spec is None or spec.sender is not sender:
        raise _malformed(f"unknown message type {_shown(array[0])}")
    return _instance(spec.cls, array[1:], spec.name)


def _unpack(payload: Payload, max_array_len: int) -> object:
    try:
        return msgpack.unpackb(
            payload,
            max_array_len=max_array_len,
            max_map_len=0,
            max_ext_len=0,
            object_hook=_never,
            ext_hook=_never,
        )
    except UnicodeDecodeError:
        raise _malformed("text is not UTF-8") from None
    except (ValueError, TypeError, msgpack.exceptions.UnpackException, RecursionError):
        raise _malformed("not one whole msgpack value of the kinds used here") from None


def _never(*_: object) -> NoReturn:
    raise ValueError("maps and extensions never occur")


def _instance(cls: type[T], values: list[object], path: str) -> T:
    declared = _FIELDS[cls]
    if len(values) < len(declared):
        raise _malformed(f"{path}: {len(values)} fields, expected {len(declared)}")
    known = zip(declared, values, strict=False)
    return cls(*[_checked(value, field.kind, f"{path}.{field.name}") for field, value in known])


def _checked(value: object, kind: Kind, path: str) -> object:
    return _CHECKS[type(kind)](value, kind, path)


def _check_int(value: object, kind: Int, path: str) -> int:
    if type(value) is not int:
        raise _malformed(f"{path}: {_shown(value)} is not an integer")
    if not kind.low <= value <= kind.high:
        raise _malformed(f"{path}: {value} is not within {kind.low} to {kind.high}")
    return value


def _check_bool(value: object, _kind: Bool, path: str) -> bool:
    if type(value) is not bool:
        raise _malformed(f"{path}: {_shown(value)} is not true or false")
    return value


def _check_text(value: object, kind: Text, path: str) -> str:
    if type(value) is not str:
        raise _malformed(f"{path}: {_shown(value)} is not text")
    if not kind.min_chars <= len(value) <= kind.max_chars:
        raise _malformed(f"{path}: {len(value)} characters, expected {kind.min_chars} to {kind.max_chars}")
    if (_CONTROL_BUT_NEWLINE if kind.multiline else _CONTROL).search(value):
        raise _malformed(f"{path}: has a control character")
    return value


def _check_slug(value: object, kind: Slug, path: str) -> str:
    if type(value) is not str:
        raise _malformed(f"{path}: {_shown(value)} is not text")
    if len(value) > kind.max_chars or not (_SLUG.match(value) or (kind.optional and not value)):
        raise _malformed(f"{path}: not a name of at most {kind.max_chars} of a-z, 0-9, - and _")
    return value


def _check_bin(value: object, kind: Bin, path: str) -> bytes:
    if type(value) is not bytes:
        raise _malformed(f"{path}: {_shown(value)} is not binary")
    if len(value) > kind.max_bytes:
        raise _malformed(f"{path}: {len(value)} bytes, at most {kind.max_bytes}")
    return value


def _check_many(value: object, kind: Many, path: str) -> list[object]:
    if type(value) is not list:
        raise _malformed(f"{path}: {_shown(value)} is not a list")
    if len(value) > kind.max_items:
        raise _malformed(f"{path}: {len(value)} items, at most {kind.max_items}")
    return [_checked(item, kind.item, f"{path}[{index}]") for index, item in enumerate(value)]


def _check_struct(value: object, kind: Struct, path: str) -> object:
    if type(value) is not list:
        raise _malformed(f"{path}: {_shown(value)} is not an array")
    return _instance(kind.cls, value, path)


_CHECKS: dict[type[Kind], Callable[[object, Any, str], object]] = {
    Int: _check_int,
    Bool: _check_bool,
    Text: _check_text,
    Slug: _check_slug,
    Bin: _check_bin,
    Many: _check_many,
    Struct: _check_struct,
}


def _shown(value: object) -> str:
    """Show a peer's value in a reason: itself if it is a plain number, else only its type."""
    return str(value) if type(value) in (int, bool) else type(value).__name__


def _malformed(reason: str) -> ProtocolError:
    return ProtocolError(Close.MALFORMED, reason)
