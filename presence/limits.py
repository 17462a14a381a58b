"""How much one peer may ask for: message rates, connections from one address, and handshakes not yet finished.

Owns the arithmetic of the limits and nothing else: time comes in as an argument, and what happens to somebody who is
over a limit is decided by the session (messages) and the hub (connections). A bucket is asked for every message
received.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Generic, TypeVar

from protocol.errors import Close, ProtocolError
from protocol.schema import MESSAGES, Rate, Sender

# A burst over the limit can be an accident of a stalled network; ten seconds of it is a program that does not look.
MAX_OVERRUNS = 200
OVERRUN_WINDOW_S = 10.0

MAX_SOURCES = 4096  # a bucket is 200 bytes; who is forgotten starts with a full one

_ROUNDING_S = 1e-6  # intervals added up must not cost the last message of a burst
_IPV6_SUBNET_BITS = 64  # what one customer is given: counting single addresses in it would count nothing

T = TypeVar("T")


class Bucket:
    """A token bucket: `rate.per_s` messages a second on average, `rate.burst` at once. Starts full.

    Kept as the time at which it would be full again (the generic cell rate algorithm, ITU-T I.371): one number, and one
    comparison for a message.
    """

    __slots__ = ("_full_at", "_interval_s", "_overruns", "_slack_s", "_window_ends_at")

    def __init__(self, rate: Rate) -> None:
        self._interval_s, self._slack_s = pace_of(rate)
        self._full_at = float("-inf")
        self._window_ends_at = float("-inf")
        self._overruns = 0

    def take(self, now: float) -> bool:
        """Take a token if there is one. Cost: about 0.15 µs."""
        full_at = self._full_at
        if full_at <= now:
            self._full_at = now + self._interval_s
            return True
        if full_at - now > self._slack_s:
            return False
        self._full_at = full_at + self._interval_s
        return True

    def count_overrun(self, now: float, count: int = 1) -> int:
        """Count messages that found no token; return how many there were in this window."""
        if now >= self._window_ends_at:
            self._window_ends_at = now + OVERRUN_WINDOW_S
            self._overruns = 0
        self._overruns += count
        return self._overruns


def pace_of(rate: Rate) -> tuple[float, float]:
    """Return what a bucket goes by, seconds: how long a token takes to come back, and how far ahead it may be taken."""
    interval_s = 1.0 / rate.per_s
    return interval_s, (rate.burst - 1) * interval_s + _ROUNDING_S


class RateLimits:
    """The buckets of one session, one for each message type that clients send."""

    __slots__ = ("_buckets", "_rates")

    def __init__(self, *, are_enforced: bool = True) -> None:
        self._rates = _RATES if are_enforced else _BOUNDLESS_RATES
        self._buckets: dict[int, Bucket] = {}  # most clients never send most types

    def take(self, type_: int, now: float) -> bool:
        """Tell whether a message of this type may pass; count it if not.

        Raises ProtocolError(RATE_LIMITED) when the bucket was overrun too often.
        """
        if self._bucket(type_).take(now):
            return True
        self.count_overrun(type_, now)
        return False

    def count_overrun(self, type_: int, now: float, count: int = 1) -> None:
        """Count messages that were not let pass.

        Raises ProtocolError(RATE_LIMITED) when there were more than MAX_OVERRUNS within OVERRUN_WINDOW_S.
        """
        if self._bucket(type_).count_overrun(now, count) > MAX_OVERRUNS:
            raise ProtocolError(
                Close.RATE_LIMITED,
                f"over {MAX_OVERRUNS} {MESSAGES[type_].name} messages too many within {OVERRUN_WINDOW_S:.0f} s:"
                f" send at most {_RATES[type_].per_s:g} a second",
            )

    def _bucket(self, type_: int) -> Bucket:
        bucket = self._buckets.get(type_)
        if bucket is None:
            bucket = self._buckets[type_] = Bucket(self._rates[type_])
        return bucket


_RATES = {
    type_: spec.rate for type_, spec in MESSAGES.items() if spec.sender is Sender.CLIENT and spec.rate is not None
}
_BOUNDLESS_RATES = dict.fromkeys(_RATES, Rate(per_s=1e9, burst=10**9))  # faster than anything can be received


class AddressLimits:
    """How many connections each address holds. Addresses for which `is_exempt` is true are not counted."""

    def __init__(self, max_per_address: int, is_exempt: Callable[[str], bool]) -> None:
        self._max = max_per_address
        self._is_exempt = is_exempt
        self._counts: dict[str, int] = {}

    def enter(self, address: str) -> None:
        """Count a connection. Raises ProtocolError(SERVER_FULL), counting nothing, where the address has its share."""
        if self._is_exempt(address):
            return
        source = source_of(address)
        count = self._counts.get(source, 0)
        if count >= self._max:
            raise ProtocolError(
                Close.SERVER_FULL, f"{source} has {count} connections already, at most {self._max}: close one of them"
            )
        self._counts[source] = count + 1

    def leave(self, address: str) -> None:
        """Forget a connection that `enter` counted."""
        if self._is_exempt(address):
            return
        source = source_of(address)
        if self._counts[source] == 1:
            del self._counts[source]
        else:
            self._counts[source] -= 1


class SourceRates:
    """A bucket for each address, for requests that belong to no session. Remembers the MAX_SOURCES newest addresses."""

    def __init__(self, rate: Rate, is_exempt: Callable[[str], bool]) -> None:
        self._rate = rate
        self._is_exempt = is_exempt
        self._buckets: dict[str, Bucket] = {}

    def take(self, address: str, now: float) -> bool:
        """Tell whether a request from an address may pass."""
        if self._is_exempt(address):
            return True
        source = source_of(address)
        bucket = self._buckets.get(source)
        if bucket is None:
            if len(self._buckets) >= MAX_SOURCES:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[source] = Bucket(self._rate)
        return bucket.take(now)


def source_of(address: str) -> str:
    """Return whom an address is counted as: itself, or its /64 network for IPv6. Text that is no address is itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, _IPV6_SUBNET_BITS), strict=False))


class Pool(Generic[T]):
    """At most `capacity` members, each with the time it came; when full, the oldest makes room."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._since: dict[T, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._since))

    def __contains__(self, member: T) -> bool:
        return member in self._since

    def add(self, member: T, now: float) -> T | None:
        """Add a member; return the one that had to make room for it, which is no longer in the pool."""
        oldest = next(iter(self._since)) if len(self._since) >= self._capacity else None
        if oldest is not None:
            del self._since[oldest]
        self._since[member] = now
        return oldest

    def discard(self, member: T) -> None:
        """Remove a member if it is there."""
        self._since.pop(member, None)

    def expired(self, came_before: float) -> list[T]:
        """Return the members that came at `came_before` or earlier, oldest first."""
        found: list[T] = []
        for member, since in self._since.items():
            if since > came_before:
                break
            found.append(member)
        return found
