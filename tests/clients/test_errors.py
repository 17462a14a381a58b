"""Errors say what happened in words, with the specification's names for codes."""

from __future__ import annotations

import pytest

from presence_client.errors import ClosedError, ConnectError, RefusedError
from protocol.errors import Close, Refusal


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RefusedError(Refusal.HELD, "Ada holds it"), "Ada holds it (held, 11)"),
        (ClosedError(Close.KICKED, "noise"), "noise (kicked, 4301)"),
        (ConnectError("full", Close.SERVER_FULL), "full (server_full, 4101)"),
        (ConnectError("cannot reach host:1: nothing listens there"), "cannot reach host:1: nothing listens there"),
        (ClosedError(4999, "new in a later version"), "new in a later version (unknown, 4999)"),
        (RefusedError(999, "likewise"), "likewise (unknown, 999)"),
    ],
)
def test_an_error_reads_as_a_sentence(error: Exception, text: str) -> None:
    """Reason first, then the code by name and number; a code of a later version is not an accident."""
    assert str(error) == text
