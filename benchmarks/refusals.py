"""Why a server did not let a client in, or sent it away, in one line that says what to do about it.

Pure. Whoever measures runs the server as well, or knows who does: the advice is for them, not for a user of a client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.errors import CLOSE_ADVICE, REFUSAL_ADVICE, Close, Refusal
from protocol.schema import SCHEMA_HASH, Closing, Correction, Error

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLOSED: Mapping[int, str] = {
    Close.SERVER_FULL: "the server needs a larger --max-sessions, and --max-per-address for each generator's address",
    Close.HANDSHAKE_TIMEOUT: "the server needs a larger --max-half-open",
    Close.TOKEN_REQUIRED: "give tokens with --token, or let the server --allow-guests",
    Close.REPLACED: "a token is a user, who is here once: give a token for each client",
}
_REFUSED: Mapping[int, str] = {
    Refusal.ROOM_FULL: "the server needs a larger --room-capacity",
    Refusal.UNKNOWN_WORLD: "the oracle knows the world `open` alone, which the server must have",
    Refusal.HUB_FULL: "the server has all the rooms it can have, and one of its own is needed here",
}


def in_words(message: Closing | Correction | Error) -> str:
    """Say what a client was told."""
    match message:
        case Closing(code=code, reason=reason) if code in CLOSE_ADVICE:
            known = Close(code)
            return f"{known.name.lower()}: {reason} ({_CLOSED.get(known, CLOSE_ADVICE[known].remedy)})"
        case Error(code=code, reason=reason) if code in REFUSAL_ADVICE:
            refused = Refusal(code)
            return f"{refused.name.lower()}: {reason} ({_REFUSED.get(refused, REFUSAL_ADVICE[refused].remedy)})"
    return f"was told {message}"


def other_version(schema: str) -> str:
    """Say that a server speaks otherwise than this oracle reads."""
    return (
        f"the server speaks another version of the protocol (schema {schema}, this oracle reads {SCHEMA_HASH}): "
        "measure it with the benchmarks of its own version"
    )
