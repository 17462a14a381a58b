"""Every code says what it means and what to do, and its range says whether to come back."""

from __future__ import annotations

import pytest

from protocol.errors import (
    CLOSE_ADVICE,
    CLOSE_RANGES,
    REFUSAL_ADVICE,
    Close,
    ProtocolError,
    Refusal,
    Refused,
)


def test_every_code_has_advice() -> None:
    """No refusal without what it means and what to do about it, in sentences."""
    assert list(CLOSE_ADVICE) == list(Close)
    assert list(REFUSAL_ADVICE) == list(Refusal)
    for advice in (*CLOSE_ADVICE.values(), *REFUSAL_ADVICE.values()):
        assert advice.meaning.endswith(".")
        assert advice.remedy.endswith(".")


@pytest.mark.parametrize("code", Close)
def test_every_close_code_lies_in_one_range(code: Close) -> None:
    """A client that does not know a code can still act by its range."""
    assert sum(r.first <= code <= r.last for r in CLOSE_RANGES) == 1


def test_ranges_follow_each_other() -> None:
    """Ranges are hundreds, without gaps, inside WebSocket's private codes."""
    assert [(r.first, r.last) for r in CLOSE_RANGES] == [(k, k + 99) for k in range(4000, 4400, 100)]
    assert [r.reconnect for r in CLOSE_RANGES] == ["resume", "changed", "fixed", "asked"]


@pytest.mark.parametrize(("error", "code"), [(ProtocolError, Close.SLOW), (Refused, Refusal.HELD)])
def test_errors_carry_code_and_reason(error: type[Exception], code: Close | Refusal) -> None:
    """A log line of either names the code, its number and the reason."""
    raised = error(code, "because")
    assert str(raised) == f"{code.name.lower()} ({code.value}): because"
    assert vars(raised) == {"code": code, "reason": "because"}
