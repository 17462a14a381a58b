"""The client's idea of the server's clock: close, monotonic, and not thrown by a slow network."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence_client.clock import WINDOW_S, ClockSync


def pong(clock: ClockSync, now: float, offset: float, there: float, back: float) -> float:
    """Let a ping leave at `now`; returns when its pong arrived. offset: server clock minus client clock."""
    received = now + there + offset
    arrived = now + there + back
    clock.receive(round(now * 1e6), round(received * 1e6), round(received * 1e6), arrived)
    return arrived


def test_an_even_way_gives_the_exact_offset() -> None:
    """Where both ways take equally long, half the round trip is the truth."""
    clock = ClockSync()
    arrived = pong(clock, 100.0, 5000.0, 0.02, 0.02)
    assert clock.rtt_s == pytest.approx(0.04)
    assert clock.server_s(arrived) == pytest.approx(arrived + 5000.0, abs=2e-6)


def test_time_spent_in_the_server_is_not_network() -> None:
    """What passes between receiving a ping and answering it belongs to no way."""
    clock = ClockSync()
    clock.receive(0, 1_010_000, 1_500_000, 0.51)
    assert clock.rtt_s == pytest.approx(0.02)
    assert clock.server_s(0.51) == pytest.approx(1.51)


def test_the_fastest_pong_is_believed() -> None:
    """Pongs that stood in a queue on one way do not move the clock."""
    clock = ClockSync()
    pong(clock, 0.0, 10.0, 0.010, 0.010)
    for second in range(1, 20):
        arrived = pong(clock, float(second), 10.0, 0.300, 0.010)
    assert clock.server_s(arrived) == pytest.approx(arrived + 10.0, abs=1e-4)


def test_a_drifting_clock_is_followed() -> None:
    """A server whose clock runs 100 us/s fast stays within a few milliseconds over ten minutes."""
    clock, rng = ClockSync(), Random(1)
    worst = 0.0
    for second in range(600):
        offset = 3.0 + second * 1e-4
        arrived = pong(clock, float(second), offset, 0.01 + rng.expovariate(200), 0.01 + rng.expovariate(200))
        if second > 1:
            worst = max(worst, abs(clock.server_s(arrived) - arrived - offset))
    assert worst < 0.008


def test_old_pongs_are_forgotten() -> None:
    """After the network got slower for good, its new best round trip is what is reported."""
    clock = ClockSync()
    pong(clock, 0.0, 0.0, 0.001, 0.001)
    pong(clock, WINDOW_S + 1.0, 0.0, 0.050, 0.050)
    assert clock.rtt_s == pytest.approx(0.1)


def test_a_clock_that_slept_steps_forward() -> None:
    """An error of seconds is not steered away slowly."""
    clock = ClockSync()
    pong(clock, 0.0, 0.0, 0.01, 0.01)
    clock.server_s(1.0)
    arrived = pong(clock, WINDOW_S + 2.0, 30.0, 0.01, 0.01)
    assert clock.server_s(arrived) == pytest.approx(arrived + 30.0)


def test_before_the_first_pong_there_is_no_time() -> None:
    """Nobody is given a made-up clock."""
    clock = ClockSync()
    assert clock.rtt_s is None
    assert not clock.is_synced
    with pytest.raises(ValueError, match="no pong"):
        clock.server_s(0.0)


@given(
    st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 0.5), st.floats(0.0, 0.5), st.floats(-0.5, 0.5)), min_size=1)
)
def test_the_reading_never_goes_back(steps: list[tuple[float, float, float, float]]) -> None:
    """Whatever the network and the server's clock do, time as read is monotonic."""
    clock, now, last = ClockSync(), 100.0, 0.0
    for passed, there, back, offset in steps:
        now = pong(clock, now + passed, 1000.0 + offset, there, back)
        reading = clock.server_s(now)
        assert reading >= last
        last = reading
