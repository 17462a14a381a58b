"""presence.limits: how much one peer may ask for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.kernels import paced
from presence.limits import (
    MAX_OVERRUNS,
    MAX_SOURCES,
    OVERRUN_WINDOW_S,
    AddressLimits,
    Bucket,
    Pool,
    RateLimits,
    SourceRates,
    pace_of,
    source_of,
)
from protocol.errors import Close, ProtocolError
from protocol.schema import MESSAGES, SPEC_OF, Chat, Pose, Rate, Sender

CHAT = SPEC_OF[Chat].type
POSE = SPEC_OF[Pose].type


# --- buckets ----------------------------------------------------------------------------------------------------------


def test_a_full_bucket_lets_a_burst_pass_and_no_more() -> None:
    """At one moment, exactly `burst` messages pass."""
    bucket = Bucket(Rate(per_s=5, burst=20))
    assert [bucket.take(100.0) for _ in range(25)] == [True] * 20 + [False] * 5


def test_an_empty_bucket_refills_at_its_rate() -> None:
    """Once empty, a message passes each 1 / per_s seconds."""
    bucket = Bucket(Rate(per_s=4, burst=2))
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(now) for now in (0.2, 0.25, 0.4, 0.5)] == [False, True, False, True]


def test_a_rest_fills_the_bucket_and_not_beyond() -> None:
    """However long the rest, only `burst` messages pass at once."""
    bucket = Bucket(Rate(per_s=10, burst=3))
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(1e6) for _ in range(4)] == [True, True, True, False]


@given(st.lists(st.floats(0, 0.5), max_size=200), st.integers(1, 50), st.integers(1, 30))
def test_no_schedule_beats_the_bucket(gaps: list[float], per_s: int, burst: int) -> None:
    """However messages are spread, no more pass than the burst and what the time gone by allows."""
    bucket = Bucket(Rate(per_s, burst))
    now, passed = 0.0, 0
    for gap in gaps:
        now += gap
        passed += bucket.take(now)
        assert passed <= burst + now * per_s + 1e-3


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 0.2)), max_size=200), st.integers(1, 50), st.integers(1, 30))
def test_the_pace_of_everybody_is_the_pace_of_each(arrivals: list[tuple[int, float]], per_s: int, burst: int) -> None:
    """Poses of all are let pass as if each sender had a bucket; and it is noted when each was heard last."""
    rate, now = Rate(per_s, burst), 1000.0
    buckets = [Bucket(rate) for _ in range(3)]
    rows, times, expected, heard = [], [], [], [0.0, 0.0, 0.0]
    for row, gap in arrivals:
        now += gap
        rows.append(row)
        times.append(now)
        expected.append(buckets[row].take(now))
        heard[row] = now
    full_at, heard_at = np.zeros(3), np.zeros(3)
    passed = paced(np.array(rows, np.intp), np.array(times, np.float64), full_at, heard_at, *pace_of(rate))
    assert (passed.tolist(), heard_at.tolist()) == (expected, heard)


def test_overruns_are_counted_within_a_window() -> None:
    """Messages too many are counted for ten seconds, then the count starts over."""
    bucket = Bucket(Rate(1, 1))
    assert [bucket.count_overrun(now) for now in (0.0, 1.0, OVERRUN_WINDOW_S - 0.1)] == [1, 2, 3]
    assert bucket.count_overrun(OVERRUN_WINDOW_S) == 1


# --- a session's limits -----------------------------------------------------------------------------------------------


def test_every_client_message_has_a_bucket_of_its_own() -> None:
    """Emptying one bucket leaves the others full."""
    limits = RateLimits()
    while limits.take(CHAT, 0.0):
        pass
    others = [type_ for type_, spec in MESSAGES.items() if spec.sender is Sender.CLIENT and type_ != CHAT]
    assert all(limits.take(type_, 0.0) for type_ in others)


def test_more_than_the_tolerated_overruns_are_the_peers_fault() -> None:
    """200 messages too many are dropped, the next one closes the session."""
    limits = RateLimits()
    while limits.take(CHAT, 0.0):
        pass
    for _ in range(MAX_OVERRUNS - 1):
        assert not limits.take(CHAT, 0.0)
    with pytest.raises(ProtocolError) as caught:
        limits.take(CHAT, 0.0)
    assert caught.value.code is Close.RATE_LIMITED
    assert "chat" in caught.value.reason


def test_limits_can_be_lifted() -> None:
    """Without enforcement a hundred thousand messages at once pass."""
    limits = RateLimits(are_enforced=False)
    assert all(limits.take(POSE, 0.0) for _ in range(100_000))


# --- addresses --------------------------------------------------------------------------------------------------------


def test_an_address_has_its_share_and_no_more() -> None:
    """The connection over the limit is refused with the count and what to do; one that leaves makes room."""
    limits = AddressLimits(2, is_exempt=lambda _: False)
    limits.enter("192.0.2.1")
    limits.enter("192.0.2.1")
    with pytest.raises(ProtocolError, match="at most 2") as caught:
        limits.enter("192.0.2.1")
    assert caught.value.code is Close.SERVER_FULL
    limits.enter("192.0.2.2")
    limits.leave("192.0.2.1")
    limits.enter("192.0.2.1")


def test_exempt_addresses_are_not_counted() -> None:
    """A trusted proxy may bring everybody."""
    limits = AddressLimits(1, is_exempt=lambda address: address == "10.0.0.1")
    for _ in range(100):
        limits.enter("10.0.0.1")
    limits.leave("10.0.0.1")


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
    ],
)
def test_who_an_address_counts_as(address: str, source: str) -> None:
    """IPv4 is counted by address in either notation, IPv6 by the network that one customer has."""
    assert source_of(address) == source


def test_each_address_has_a_rate_of_its_own() -> None:
    """One that asks too often does not cost the others their turn; an exempt one is not counted."""
    rates = SourceRates(Rate(1, 2), is_exempt=lambda address: address == "10.0.0.1")
    assert [rates.take("192.0.2.1", 0.0) for _ in range(3)] == [True, True, False]
    assert rates.take("192.0.2.2", 0.0)
    assert rates.take("192.0.2.1", 1.0)
    assert all(rates.take("10.0.0.1", 0.0) for _ in range(10))


def test_only_so_many_addresses_are_remembered() -> None:
    """The one seen first is forgotten first, and starts over."""
    rates = SourceRates(Rate(1, 1), is_exempt=lambda _: False)
    for number in range(MAX_SOURCES):
        rates.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)
    assert not rates.take("10.0.0.0", 0.0)
    rates.take("192.0.2.1", 0.0)
    assert rates.take("10.0.0.0", 0.0)
    assert not rates.take("192.0.2.1", 0.0)


# --- pool -------------------------------------------------------------------------------------------------------------


def test_a_full_pool_pushes_out_its_oldest() -> None:
    """The newcomer stays, whoever waited longest goes."""
    pool: Pool[str] = Pool(2)
    assert [pool.add(name, now) for now, name in enumerate("abc")] == [None, None, "a"]
    assert list(pool) == ["b", "c"]
    assert "a" not in pool


def test_a_member_that_leaves_makes_room() -> None:
    """Nobody is pushed out of a pool with a free place; leaving twice is harmless."""
    pool: Pool[str] = Pool(1)
    pool.add("a", 0.0)
    pool.discard("a")
    pool.discard("a")
    assert pool.add("b", 1.0) is None
    assert len(pool) == 1


def test_expired_members_are_found_oldest_first() -> None:
    """A member has expired once it came at the given time or earlier."""
    pool: Pool[str] = Pool(10)
    for now, name in enumerate("abcd"):
        pool.add(name, now)
    assert pool.expired(1.0) == ["a", "b"]
    assert pool.expired(-1.0) == []
