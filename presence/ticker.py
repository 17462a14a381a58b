"""The clock of all rooms: runs each occupied room's five stages once a tick, and counts what they did.

Owns the schedule. A tick that is late is run once; the ticks it has overslept are left out, never run in a burst, so
that a server that cannot keep up grows slower and not later and later. Before that happens, what ticks take decides
what rooms and hub do (`load`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from presence import logs
from presence.hub import Hub
from presence.load import Level, Load
from presence.metrics import Metrics
from presence.room import Room
from presence.state import Report

_log = logs.logger(__name__)


class Metronome:
    """When ticks are due: on a grid of `interval_s`, from `start` on."""

    def __init__(self, interval_s: float, start: float) -> None:
        self.due = start
        self._interval_s = interval_s

    def strike(self, now: float) -> tuple[float, int]:
        """Begin the tick that is due, and set the next one. Returns how late it is, and how many are left out."""
        lag_s = max(0.0, now - self.due)
        skipped = int(lag_s / self._interval_s)
        self.due += (1 + skipped) * self._interval_s
        return lag_s, skipped


class Ticker:
    """Ticks the rooms of a hub from `start` to `stop`, each time after a sweep of what clients have sent."""

    def __init__(
        self,
        hub: Hub,
        sweep: Callable[[float], None],
        metrics: Metrics,
        loop: asyncio.AbstractEventLoop,
        tick_s: float,
    ) -> None:
        self._hub = hub
        self._sweep = sweep
        self._metrics = metrics
        self._loop = loop
        self.load = Load(tick_s)
        self._metronome = Metronome(tick_s, loop.time())
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Tick once an interval from now on."""
        self._timer = self._loop.call_at(self._metronome.due, self._tick)

    def stop(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        now, due = self._loop.time(), self._metronome.due
        lag_s, skipped = self._metronome.strike(now)
        self._metrics.count_tick(lag_s, skipped)
        self._timer = self._loop.call_at(self._metronome.due, self._tick)
        self._sweep(now)
        for room in self._hub.occupied_rooms():
            try:
                report = self._run(room, now)
                self._count(report)
                self._hub.settle(room, report, now)
            except Exception:  # noqa: BLE001  one room's trouble is not the others', who share this process
                _log.exception("tick failed", room=room.name, tick=room.tick_number)
        took_s = self._hub.clock() - due
        self._metrics.count_tick_time(took_s)
        self._weigh(took_s, skipped)

    def _run(self, room: Room, now: float) -> Report:
        stage = self._metrics.stage
        room.stretch(self.load.level >= Level.STRETCHED)
        if room.rest():
            return Report(tick=room.tick_number)
        with stage["drain"]:
            room.drain(now)
        with stage["simulate"]:
            room.simulate()
        with stage["select"]:
            room.select()
        with stage["encode"]:
            room.encode()
        with stage["fan_out"]:
            return room.fan_out()

    def _weigh(self, took_s: float, skipped: int) -> None:
        """Let what a tick took decide what is done from the next one on."""
        load, before = self.load, self.load.level
        load.note(took_s, skipped)
        self._hub.is_overloaded = load.level is Level.REFUSING
        if load.level is not before:
            self._metrics.count_level(before, load.level)
            tell = _log.warning if load.level > before else _log.info
            tell("load", now=load.level.name.lower(), before=before.name.lower(), share=round(load.share, 2))

    def _count(self, report: Report) -> None:
        counted = self._metrics
        counted.messages.add("pose", report.poses)
        counted.sent_bytes.add("poses", report.snapshot_bytes)
        counted.sent_bytes.add("events", report.event_bytes)
        counted.drops.add("stalled", report.stalled)
        counted.drops.add("corrected", report.corrections)
        for refusal in report.refusals:
            counted.count_refusal(refusal)
