"""presence.ticker: when rooms tick, and what is counted."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from presence.load import Level
from presence.metrics import Metrics
from presence.room import Room
from presence.state import Report
from presence.ticker import Metronome, Ticker
from protocol.schema import Snapshot
from tests.hubs import Desk


class Loop:
    """An event loop's clock, and the one timer that a ticker has."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.timer: tuple[float, Any] | None = None

    def time(self) -> float:
        """Return the desk's time."""
        return self._desk.now

    def call_at(self, when: float, callback: Any) -> Loop:
        """Remember the timer."""
        self.timer = (when, callback)
        return self

    def cancel(self) -> None:
        """Forget the timer."""
        self.timer = None

    def run(self, until: float) -> None:
        """Let time pass, with the timer going off as it should."""
        while self.timer is not None and self.timer[0] <= until:
            when, callback = self.timer
            self._desk.now = max(self._desk.now, when)
            callback()
        self._desk.now = until


def counted(metrics: Metrics, name: str, **labels: str) -> float:
    """Read one value off the metrics."""
    return metrics.registry.get_sample_value(name, labels) or 0.0


def started(desk: Desk, sweep: Callable[[float], None] = lambda _: None) -> tuple[Loop, Metrics, Ticker]:
    """Start a ticker of 20 Hz on a desk's hub."""
    loop, metrics = Loop(desk), Metrics()
    ticker = Ticker(desk.hub, sweep, metrics, cast("asyncio.AbstractEventLoop", loop), 0.05)
    ticker.start()
    return loop, metrics, ticker


def taking(desk: Desk, seconds: float) -> Callable[[Room], Report]:
    """Make a `fan_out` that takes its time."""
    fan_out = Room.fan_out

    def slowly(room: Room) -> Report:
        desk.now += seconds
        return fan_out(room)

    return slowly


def test_ticks_in_time_stay_on_their_grid() -> None:
    """Small delays do not add up."""
    metronome = Metronome(0.05, 10.0)
    assert metronome.strike(10.001) == pytest.approx((0.001, 0))
    assert metronome.due == pytest.approx(10.05)
    assert metronome.strike(10.07) == pytest.approx((0.02, 0))
    assert metronome.due == pytest.approx(10.1)


def test_overslept_ticks_are_left_out() -> None:
    """After a pause one tick is run, and the next is due on the grid."""
    metronome = Metronome(0.05, 10.0)
    assert metronome.strike(10.27) == pytest.approx((0.27, 5))
    assert metronome.due == pytest.approx(10.3)
    assert metronome.strike(10.3)[1] == 0


def test_a_tick_before_its_time_is_not_late() -> None:
    """Timers of millisecond resolution go off a little early."""
    assert Metronome(0.05, 10.0).strike(9.9995) == (0.0, 0)


def test_an_occupied_room_ticks_twenty_times_a_second() -> None:
    """And what it did is counted: poses, bytes, stages."""
    desk = Desk()
    line = desk.guest()
    line.join()
    loop, metrics, _ = started(desk)
    before = desk.hub.rooms["lobby"].tick_number
    line.pose(1, 0.1)
    loop.run(desk.now + 1.0)
    assert desk.hub.rooms["lobby"].tick_number - before == pytest.approx(20, abs=1)
    assert line.all(Snapshot)
    assert counted(metrics, "presence_received_messages_total", type="pose") == 1
    assert counted(metrics, "presence_sent_bytes_total", lane="poses") > 0
    assert counted(metrics, "presence_stage_seconds_count", stage="drain") == pytest.approx(20, abs=1)


def test_what_came_until_a_tick_is_in_it() -> None:
    """Sockets are read before the rooms tick: a pose does not wait for the sweep behind the tick."""
    desk = Desk()
    line = desk.guest()
    line.join()
    line.forget()
    seqs = itertools.count(1)
    loop, _, _ = started(desk, lambda _: line.pose(next(seqs)))
    loop.run(desk.now + 1.0)
    acks = [int.from_bytes(snapshot.data[8:12], "little") for snapshot in line.all(Snapshot)]
    assert acks == list(range(1, 1 + len(acks)))
    assert acks


def test_a_pause_is_caught_up_with_one_tick() -> None:
    """The ticks it cost are counted as skipped, not run."""
    desk = Desk()
    desk.guest().join()
    loop, metrics, _ = started(desk)
    before = desk.hub.rooms["lobby"].tick_number
    desk.now += 1.01
    loop.run(desk.now)
    assert desk.hub.rooms["lobby"].tick_number - before == 1
    assert counted(metrics, "presence_ticks_total", outcome="skipped") == 20


def test_a_tick_lasts_from_when_it_was_due_to_its_last_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """What made it late is part of it."""
    desk = Desk()
    desk.guest().join()
    loop, metrics, _ = started(desk)
    monkeypatch.setattr(Room, "fan_out", taking(desk, 0.02))
    desk.now += 0.004  # the loop was busy with something else
    loop.run(desk.now)
    assert counted(metrics, "presence_tick_seconds_count") == 1
    assert counted(metrics, "presence_tick_seconds_sum") == pytest.approx(0.024)


def test_what_ticks_take_decides_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Observers look around more rarely, then nobody joins; and all the way back when it is over."""
    desk = Desk()
    line = desk.guest()
    line.join()
    loop, metrics, ticker = started(desk)
    fan_out, room = Room.fan_out, desk.hub.rooms["lobby"]
    monkeypatch.setattr(Room, "rest", lambda _: False)

    def states(share: float) -> tuple[bool, bool]:
        monkeypatch.setattr(Room, "fan_out", fan_out)
        monkeypatch.setattr(Room, "fan_out", taking(desk, share * 0.05))
        loop.run(desk.now + 6.0)
        return room.is_stretched, desk.hub.is_overloaded

    with capture_logs() as lines:
        assert states(0.4) == (False, False)
        assert states(0.8) == (True, False)
        assert states(3.0) == (True, True)
        assert states(0.8) == (True, True)
        assert states(0.6) == (True, False)
        assert states(0.3) == (False, False)
    assert [(line["log_level"], line["now"], line["before"]) for line in lines] == [
        ("warning", "stretched", "normal"),
        ("warning", "refusing", "stretched"),
        ("info", "stretched", "refusing"),
        ("info", "normal", "stretched"),
    ]
    assert ticker.load.level is Level.NORMAL
    for change in ("up_to_stretched", "up_to_refusing", "down_to_stretched", "down_to_normal"):
        assert counted(metrics, "presence_load_changes_total", change=change) == 1


def test_one_rooms_trouble_is_not_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that fails is logged each time; the others tick on."""
    desk = Desk()
    bad, good = desk.guest(), desk.guest()
    bad.join("cellar")
    good.join("lobby")
    good.forget()
    loop, _, _ = started(desk)
    select = Room.select

    def fail_in_the_cellar(room: Room) -> None:
        if room.name == "cellar":
            raise RuntimeError("a pipe burst")
        select(room)

    monkeypatch.setattr(Room, "select", fail_in_the_cellar)
    with capture_logs() as lines:
        loop.run(desk.now + 6.1)
    assert good.all(Snapshot)
    assert {(line["event"], line["room"]) for line in lines} == {("tick failed", "cellar")}
    assert len(lines) >= 20


def test_a_stopped_ticker_ticks_no_more() -> None:
    """Nor does one that never started."""
    desk = Desk()
    loop, metrics, ticker = started(desk)
    ticker.stop()
    loop.run(desk.now + 1.0)
    assert counted(metrics, "presence_ticks_total", outcome="run") == 0
    Ticker(desk.hub, lambda _: None, metrics, cast("asyncio.AbstractEventLoop", loop), 0.05).stop()
