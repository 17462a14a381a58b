"""What a client measures of its connection: round trips, rates, bytes by lane, jitter.

Reads the session and counts what it delivers; changes nothing. Pure; `now` is seconds, monotonic.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from presence_client.session import Session
from presence_client.view import Applied
from protocol.schema import Lane

WINDOW_S = 3.0  # rates shown live are the last seconds'


class _Counts(NamedTuple):
    at: float
    snapshots: int
    records: int
    received: dict[str, int]
    sent: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Per second, lately. `received_bytes` by lane."""

    snapshots: float
    records: float
    received_bytes: dict[str, float]
    sent_bytes: float


class Meter:
    """Counts what one client receives from now on."""

    def __init__(self, session: Session, now: float) -> None:
        self._session = session
        self._snapshots = self._records = self._corrections = 0
        self._breaks = 0
        self._seen: set[int] = set()
        self._first = self._counts(now)
        self._past = deque([self._first])

    def applied(self, applied: Applied) -> None:
        """Count a snapshot."""
        self._snapshots += 1
        self._records += len(applied.updated)
        self._seen.update(applied.entered.tolist())

    def broke(self) -> None:
        """Count a break of the connection."""
        self._breaks += 1

    def corrected(self) -> None:
        """Count a pose that the server did not accept."""
        self._corrections += 1

    def rates(self, now: float) -> Rates:
        """Return the rates of the last seconds."""
        present = self._counts(now)
        self._past.append(present)
        while len(self._past) > 2 and self._past[1].at <= now - WINDOW_S:  # noqa: PLR2004 - two ends of a window
            self._past.popleft()
        return _rates_between(self._past[0], present)

    def report(self, now: float) -> dict[str, Any]:
        """Describe everything since the beginning as plain data (the probe's JSON)."""
        session = self._session
        present = self._counts(now)
        rates = _rates_between(self._first, present)
        trips = [trip * 1000.0 for trip in session.clock.round_trips_s]
        received = {lane: count - self._first.received[lane] for lane, count in present.received.items()}
        return {
            "seconds": round(now - self._first.at, 3),
            "rtt_ms": {name: round(of(trips), 3) for name, of in _SUMMARY.items()} if trips else None,
            "jitter_ms": round(session.playout.jitter_ms, 3),
            "delay_ms": round(session.playout.delay_ms, 3),
            "snapshots": self._snapshots,
            "snapshots_per_s": round(rates.snapshots, 2),
            "records": self._records,
            "records_per_s": round(rates.records, 2),
            "received_bytes": {**received, "all": sum(received.values())},
            "received_bytes_per_s": round(sum(rates.received_bytes.values()), 1),
            "sent_bytes": present.sent - self._first.sent,
            "people": len(session.view.people),
            "things": len(session.view.things),
            "in_sight": len(session.view.held),
            "seen": len(self._seen),
            "corrections": self._corrections,
            "resyncs": session.resyncs,
            "breaks": self._breaks,
        }

    def _counts(self, now: float) -> _Counts:
        traffic = self._session.traffic
        received = {lane.value: traffic.received_bytes[lane] for lane in Lane}
        return _Counts(now, self._snapshots, self._records, received, traffic.sent_bytes)


_SUMMARY: dict[str, Any] = {"min": min, "median": median, "max": max}


def _rates_between(old: _Counts, new: _Counts) -> Rates:
    passed = max(new.at - old.at, 1e-3)
    return Rates(
        snapshots=(new.snapshots - old.snapshots) / passed,
        records=(new.records - old.records) / passed,
        received_bytes={lane: (count - old.received[lane]) / passed for lane, count in new.received.items()},
        sent_bytes=(new.sent - old.sent) / passed,
    )
