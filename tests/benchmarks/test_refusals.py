"""Whoever is not let in says why, and what whoever measures can do about it."""

from __future__ import annotations

import pytest

from benchmarks.refusals import in_words, other_version
from protocol.errors import CLOSE_ADVICE, REFUSAL_ADVICE, Close, Refusal
from protocol.schema import Closing, Correction, Error


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Closing(Close.TOKEN_REQUIRED, "no guests"), "token_required: no guests (give tokens with --token"),
        (Closing(Close.REPLACED, "elsewhere"), "replaced: elsewhere (a token is a user"),
        (Closing(Close.SERVER_FULL, "full"), "--max-per-address"),
        (Closing(Close.VERSION_MISMATCH, "1 and 2"), CLOSE_ADVICE[Close.VERSION_MISMATCH].remedy),
        (Error(1, 1, Refusal.ROOM_FULL, "its 2 people"), "room_full: its 2 people (the server needs a larger --room-"),
        (Error(1, 1, Refusal.UNKNOWN_WORLD, "none"), "the world `open` alone"),
        (Error(1, 1, Refusal.TOO_SOON, "wait"), REFUSAL_ADVICE[Refusal.TOO_SOON].remedy),
        (Closing(4999, "of tomorrow"), "of tomorrow"),
        (Correction(7, 1, 0, 0, 0, 0), "was told Correction"),
    ],
)
def test_a_refusal_says_what_to_do(message: Closing | Error | Correction, words: str) -> None:
    """In one line."""
    assert words in in_words(message)
    assert "\n" not in in_words(message)


def test_another_version_is_named() -> None:
    """With its schema, so that its benchmarks can be found."""
    assert "schema abcd" in other_version("abcd")
