"""Runs something that may be refused, and says with which close code it was."""

from __future__ import annotations

from collections.abc import Callable

from protocol.errors import Close, ProtocolError


def close_of(read: Callable[..., object], *arguments: object) -> Close | None:
    """Return the close code that `read(*arguments)` raises, None for none; any other exception passes through."""
    try:
        read(*arguments)
    except ProtocolError as error:
        return error.code
    return None
