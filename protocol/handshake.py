"""The first message of a connection: which version it is spoken in, and whether it is a `hello` at all.

Stands between `codec` and whoever opens sessions. Tells a stranger of another major version so before looking
at the rest of what it sent, since only the beginning of `hello` is the same in all versions. No state, no
I/O.
"""

from __future__ import annotations

from protocol.codec import Payload, decode
from protocol.errors import Close, ProtocolError
from protocol.schema import MAJOR, MINOR, SPEC_OF, Hello, Sender

_ARRAY_HEADER_BYTES = {0xDC: 3, 0xDD: 5}
_FIXARRAY = 0x90
_LAST_FIXINT = 0x7F
_UINT8 = 0xCC


def read_hello(payload: Payload) -> Hello:
    """Decode the first payload of a connection.

    Raises ProtocolError: VERSION_MISMATCH for a `hello` of another major version whatever else it holds, OUT_OF_STATE
    for another message, MALFORMED for anything else.
    """
    major = _major(bytes(payload[:8]))
    if major is not None and major != MAJOR:
        reason = f"you speak version {major}, this server speaks version {MAJOR}: use a client for that version"
        raise ProtocolError(Close.VERSION_MISMATCH, reason)
    message = decode(payload, Sender.CLIENT)
    if not isinstance(message, Hello):
        raise ProtocolError(Close.OUT_OF_STATE, f"{SPEC_OF[type(message)].name} cannot come before hello")
    return message


def spoken_minor(hello: Hello) -> int:
    """Choose the minor version of a session: the highest that both sides speak."""
    return min(MINOR, hello.minor)


def _major(head: bytes) -> int | None:
    """Find the major version in the first bytes of a `hello`, in any msgpack form; None in other payloads."""
    if not head:
        return None
    start = 1 if head[0] & 0xF0 == _FIXARRAY else _ARRAY_HEADER_BYTES.get(head[0], len(head))
    if head[start : start + 1] != bytes((SPEC_OF[Hello].type,)):
        return None
    version = head[start + 1 :]
    if version[:1] == bytes((_UINT8,)):
        version = version[1:]
    elif version[:1] > bytes((_LAST_FIXINT,)):
        return None
    return version[0] if version else None
