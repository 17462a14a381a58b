"""Coming back follows the close code's range, later each time, and never all at once."""

from __future__ import annotations

from random import Random

import pytest

from presence_client.retry import FIRST_S, LONGEST_S, STABLE_S, Backoff, Verdict, judge
from protocol.errors import Close


@pytest.mark.parametrize("close", list(Close))
def test_the_range_of_a_close_code_decides(close: Close) -> None:
    """Codes from 4000 to 4099 resume, and so do the crowded out; others need somebody to change something first."""
    is_crowded = close in (Close.HANDSHAKE_TIMEOUT, Close.SERVER_FULL)
    assert judge(close) is (Verdict.RESUME if close < 4100 or is_crowded else Verdict.END)


def test_a_connection_that_broke_without_a_word_is_resumed() -> None:
    """A dropped network is no verdict of the server."""
    assert judge(None) is Verdict.RESUME


def test_waits_double_up_to_a_bound() -> None:
    """Each failure doubles the wait, within its jitter, until the longest."""
    backoff = Backoff(Random(7))
    for failures in range(12):
        bound = min(FIRST_S * 2**failures, LONGEST_S)
        assert bound / 2 <= backoff.wait_s(0.0) <= bound


def test_a_crowd_does_not_come_back_as_one() -> None:
    """Clients that broke at the same moment wait for different times."""
    waits = {Backoff(Random(seed)).wait_s(0.0) for seed in range(100)}
    assert len(waits) == 100
    assert max(waits) - min(waits) > FIRST_S / 3


def test_the_server_may_ask_for_longer() -> None:
    """A goaway's wait is kept, and jittered on top."""
    wait = Backoff(Random(7)).wait_s(0.0, asked_s=5.0)
    assert 5.0 < wait <= 5.0 + FIRST_S


def test_only_a_stable_session_starts_over_small() -> None:
    """A server that accepts and drops at once is not hammered; after ten good seconds the first wait is short again."""
    backoff = Backoff(Random(7))
    for _ in range(6):
        backoff.opened(100.0)
        wait = backoff.wait_s(101.0)
    assert wait > FIRST_S * 8
    backoff.opened(200.0)
    assert backoff.wait_s(200.0 + STABLE_S) <= FIRST_S
