"""Hypothesis strategies derived from the schema: any value of a field, any message, any bytes that nearly are one."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from protocol.codec import encode
from protocol.schema import MESSAGES, Bin, Bool, Int, Kind, Many, Sender, Slug, Spec, Struct, Text, fields_of

MAX_LISTED = 5  # long lists and texts cost time and show nothing that short ones do not
MAX_CHARS = 40

_CONTROL = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
_SLUG_CHARS = string.ascii_lowercase + string.digits + "-_"


def values(kind: Kind) -> SearchStrategy[Any]:
    """Any value that a field of this kind may have."""
    match kind:
        case Int(low, high):
            made: SearchStrategy[Any] = st.integers(low, high)
        case Bool():
            made = st.booleans()
        case Text(max_chars, min_chars, multiline):
            allowed = st.characters(
                exclude_characters=_CONTROL.replace("\n", "") if multiline else _CONTROL, codec="utf-8"
            )
            made = st.text(allowed, min_size=min_chars, max_size=min(max_chars, MAX_CHARS))
        case Slug(max_chars, optional):
            rest = st.text(_SLUG_CHARS, max_size=min(max_chars, MAX_CHARS) - 1)
            made = st.tuples(st.sampled_from(_SLUG_CHARS[:-2]), rest).map("".join)
            made = made | st.just("") if optional else made
        case Bin(max_bytes):
            made = st.binary(max_size=min(max_bytes, 2 * MAX_CHARS))
        case Many(item, max_items):
            made = st.lists(values(item), max_size=min(max_items, MAX_LISTED))
        case Struct(cls):
            made = instances(cls)
    return made


def instances(cls: type[Any]) -> SearchStrategy[Any]:
    """Any valid message or structure of a class."""
    return st.builds(cls, **{field.name: values(field.kind) for field in fields_of(cls)})


def specs(sender: Sender | None = None) -> SearchStrategy[Spec]:
    """Any declaration of one side, or of either."""
    return st.sampled_from([spec for spec in MESSAGES.values() if sender in (None, spec.sender)])


messages: SearchStrategy[Any] = specs().flatmap(lambda spec: instances(spec.cls))


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Sender, bytes]:
    """A valid payload with some bytes changed, cut out, doubled or put in; and the side it claims to come from."""
    spec = draw(specs())
    payload = bytearray(encode(draw(instances(spec.cls))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(payload)))
        end = draw(st.integers(at, min(len(payload), at + 8)))
        kept = bytes(payload[at:end])
        payload[at:end] = draw(st.binary(max_size=8) | st.just(kept * 2) | st.just(b""))
    return draw(st.just(spec.sender) | st.sampled_from(Sender)), bytes(payload)
