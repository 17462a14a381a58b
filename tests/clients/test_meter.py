"""What the probe reports is what came."""

from __future__ import annotations

import pytest

from presence_client.meter import WINDOW_S, Meter
from presence_client.session import Session
from presence_client.view import Applied
from protocol.schema import Pong
from tests.clients.test_session import JOINED, full, give, opened


def metered() -> tuple[Session, Meter]:
    """Make a session in a room, and its meter."""
    session = opened(JOINED)
    return session, Meter(session, 100.0)


def see(session: Session, meter: Meter, *entities: int) -> int:
    """Let a snapshot come; returns its size as a message."""
    before = sum(session.traffic.received_bytes.values())
    for event in give(session, full(*entities), now=100.0):
        assert isinstance(event, Applied)
        meter.applied(event)
    return sum(session.traffic.received_bytes.values()) - before


def test_a_report_counts_from_the_beginning() -> None:
    """Snapshots, records, bytes by lane and everybody ever seen, as totals and per second."""
    session, meter = metered()
    sizes = [see(session, meter, 3), see(session, meter, 3, 4)]
    report = meter.report(104.0)
    assert report["seconds"] == 4.0
    assert (report["snapshots"], report["snapshots_per_s"]) == (2, 0.5)
    assert (report["records"], report["in_sight"], report["seen"]) == (3, 2, 2)
    assert report["received_bytes"] == {"control": 0, "events": 0, "poses": sum(sizes), "all": sum(sizes)}
    assert report["received_bytes_per_s"] == pytest.approx(sum(sizes) / 4, abs=0.1)
    assert report["rtt_ms"] is None


def test_round_trips_are_summed_up() -> None:
    """Shortest, middle and longest round trip, in milliseconds."""
    session, meter = metered()
    for trip_us in (10_000, 30_000, 20_000):
        give(session, Pong(0, 500, 500), now=trip_us / 1e6)
    assert meter.report(101.0)["rtt_ms"] == {"min": 10.0, "median": 20.0, "max": 30.0}


def test_rates_are_the_last_seconds() -> None:
    """What happened long ago does not count any more."""
    session, meter = metered()
    see(session, meter, 3)
    for tenth in range(1, 100):
        meter.rates(100.0 + tenth / 10)
    assert meter.rates(110.0).snapshots == 0.0
    see(session, meter, 3)
    assert meter.rates(111.0).snapshots == pytest.approx(1 / WINDOW_S, rel=0.4)


def test_breaks_and_corrections_are_counted() -> None:
    """A probe says how often the network or the server said no."""
    _, meter = metered()
    meter.broke()
    meter.corrected()
    report = meter.report(101.0)
    assert (report["breaks"], report["corrections"], report["resyncs"]) == (1, 1, 0)
