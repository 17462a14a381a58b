"""What operators can count: every metric of the server, and the page that Prometheus reads.

Owns the metrics' names, their bounded labels and the page. The server counts and times where things happen; what can be
looked up instead (sessions, rooms, entities) is read once a scrape, so that it never drifts. Never decides anything.

Counting happens thousands of times a second, so counters and histograms here are plain integers, several times cheaper
than locked ones. That is safe because one thread, the event loop's, both counts and answers scrapes.
"""

from __future__ import annotations

import gc
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate

from aiohttp import web
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from presence.load import Level
from presence.overview import BudgetLevels
from protocol.errors import Close, Refusal

STAGES = ("drain", "simulate", "select", "encode", "fan_out")
LANES = ("control", "events", "poses")

MAX_LABEL_VALUES = 64  # of one label; more different ones count together as OTHER, so that the page stays small
OTHER = "other"

# A tick has 50 ms. The shortest stages of a small room take tens of microseconds.
DURATIONS_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25)
# How much of its interval a tick leaves decides what a server can hold, so these tell a millisecond from the next.
TICK_DURATIONS_S = (*(ms / 1000 for ms in (*range(1, 60), *range(60, 100, 5))), 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True, slots=True)
class Levels:
    """What stands right now; the mappings are from label value to count."""

    sessions: Mapping[str, int] = field(default_factory=dict)  # by state
    entities: Mapping[str, int] = field(default_factory=dict)  # by kind: avatar, object
    rooms: int = 0
    half_open: int = 0
    budgets: BudgetLevels = field(default_factory=BudgetLevels)
    load: float = 0.0  # the share of their time that ticks take, smoothed
    level: Level = Level.NORMAL


class Tally(Collector):
    """Counts by the value of one label."""

    def __init__(self, name: str, text: str, label: str, values: Iterable[str] = ()) -> None:
        self._family = (name, text)
        self._label = label
        self._counts = dict.fromkeys(values, 0)  # known values show as 0 before they happen

    def add(self, value: str, count: int = 1) -> None:
        """Count; beyond MAX_LABEL_VALUES different values, as OTHER."""
        try:
            self._counts[value] += count
        except KeyError:
            counted = value if len(self._counts) < MAX_LABEL_VALUES else OTHER
            self._counts[counted] = self._counts.get(counted, 0) + count

    def collect(self) -> Iterator[Metric]:
        """Hand the counts to a scrape."""
        family = CounterMetricFamily(*self._family, labels=[self._label])
        for value, count in self._counts.items():
            family.add_metric([value], count)
        yield family


class Stopwatch:
    """Durations in buckets. As a `with` block it times the block; blocks of one stopwatch must not nest."""

    __slots__ = ("_bounds_s", "_clock", "_counts", "_started", "_total_s")

    def __init__(self, clock: Callable[[], float], bounds_s: Sequence[float] = DURATIONS_S) -> None:
        self._clock = clock
        self._bounds_s = bounds_s
        self._counts = [0] * (len(bounds_s) + 1)
        self._started = 0.0
        self._total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(self._bounds_s, seconds)] += 1
        self._total_s += seconds

    def start(self) -> None:
        """Begin a duration that `stop` ends."""
        self._started = self._clock()

    def stop(self) -> None:
        """Count the time since `start`."""
        self.observe(self._clock() - self._started)

    def __enter__(self) -> None:
        self._started = self._clock()

    def __exit__(self, *_error: object) -> None:
        self.observe(self._clock() - self._started)

    def add_to(self, family: HistogramMetricFamily, labels: list[str]) -> None:
        """Add the buckets, cumulated as Prometheus wants them, to a scrape."""
        bounds = [*map(str, self._bounds_s), "+Inf"]
        family.add_metric(labels, list(zip(bounds, accumulate(self._counts), strict=True)), self._total_s)


class Timings(Collector):
    """Stopwatches by the value of one label: `timings["drain"]`."""

    def __init__(self, name: str, text: str, label: str, watches: Mapping[str, Stopwatch]) -> None:
        self._family = (name, text)
        self._label = label
        self._watches = watches

    def __getitem__(self, value: str) -> Stopwatch:
        return self._watches[value]

    def collect(self) -> Iterator[Metric]:
        """Hand the durations to a scrape."""
        family = HistogramMetricFamily(*self._family, labels=[self._label])
        for value, watch in self._watches.items():
            watch.add_to(family, [value])
        yield family


class Metrics(Collector):
    """Every metric of one server, in a registry of its own.

    The public tallies count by label value: sent_bytes and received_bytes by lane, messages by message name,
    drops by reason. stage has a stopwatch for each of STAGES: `with metrics.stage["select"]: …`.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.registry = CollectorRegistry()
        self.stage = Timings(
            "presence_stage_seconds",
            "Time one room spends in one stage of a tick",
            "stage",
            {stage: Stopwatch(clock) for stage in STAGES},
        )
        self.sent_bytes = Tally("presence_sent_bytes", "Bytes handed to clients' sockets", "lane", LANES)
        self.received_bytes = Tally("presence_received_bytes", "Bytes of frames from clients", "lane", LANES)
        self.messages = Tally("presence_received_messages", "Messages from clients", "type")
        self.drops = Tally("presence_drops", "Messages or updates given up, and why", "reason")
        self._refusals = Tally("presence_refusals", "Commands refused", "code", map(_word, Refusal))
        self._closes = Tally("presence_closes", "Connections closed by the server", "code", map(_word, Close))
        self._ticks = Tally("presence_ticks", "Ticks run and left out", "outcome", ("run", "skipped"))
        self._changes = Tally("presence_load_changes", "Changes of the load's level", "change", _CHANGES)
        self._lag = Stopwatch(clock)
        self._tick = Stopwatch(clock, TICK_DURATIONS_S)
        self._pauses = Timings(
            "presence_gc_pause_seconds",
            "Time the garbage collector stopped the process",
            "generation",
            {str(generation): Stopwatch(clock) for generation in range(3)},
        )
        self._read_levels: Callable[[], Levels] = Levels
        tallies = (self.sent_bytes, self.received_bytes, self.messages, self.drops)
        for collector in (
            *tallies,
            self._refusals,
            self._closes,
            self._ticks,
            self._changes,
            self.stage,
            self._pauses,
            self,
        ):
            self.registry.register(collector)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def watch(self, read_levels: Callable[[], Levels]) -> None:
        """Ask `read_levels` at every scrape what stands."""
        self._read_levels = read_levels

    def count_tick(self, lag_s: float, skipped: int) -> None:
        """Count one tick that began `lag_s` after it was due, and the ticks left out before it."""
        self._lag.observe(lag_s)
        self._ticks.add("run")
        self._ticks.add("skipped", skipped)

    def count_tick_time(self, seconds: float) -> None:
        """Count how long a tick of all rooms took, from when it was due to its last write."""
        self._tick.observe(seconds)

    def count_level(self, before: Level, now: Level) -> None:
        """Count one change of the load's level."""
        self._changes.add(_change(before, now))

    def count_refusal(self, code: Refusal, count: int = 1) -> None:
        """Count commands that were refused."""
        self._refusals.add(_word(code), count)

    def count_close(self, code: Close) -> None:
        """Count one connection that the server closed."""
        self._closes.add(_word(code))

    @contextmanager
    def timing_garbage(self) -> Iterator[None]:
        """Time the garbage collector's pauses for as long as the block lasts."""
        gc.callbacks.append(self._on_garbage)
        try:
            yield
        finally:
            gc.callbacks.remove(self._on_garbage)

    def collect(self) -> Iterator[Metric]:
        """Hand the ticks' durations and the levels to a scrape."""
        for watch, name, text in (
            (self._lag, "presence_tick_lag_seconds", "How late ticks begin"),
            (self._tick, "presence_tick_seconds", "Time from when a tick of all rooms is due to its last write"),
        ):
            family = HistogramMetricFamily(name, text)
            watch.add_to(family, [])
            yield family
        levels = self._read_levels()
        yield _gauge("presence_sessions", "Sessions", "state", levels.sessions)
        yield _gauge("presence_entities", "Entities in rooms", "kind", levels.entities)
        yield GaugeMetricFamily("presence_rooms", "Rooms", value=levels.rooms)
        yield GaugeMetricFamily("presence_half_open", "Unfinished handshakes", value=levels.half_open)
        yield from _budgets(levels.budgets)
        yield GaugeMetricFamily("presence_load", "Share of their time that ticks take, of a second", value=levels.load)
        is_level = {_word(level): level is levels.level for level in Level}
        yield _gauge("presence_load_level", "1 for what is done about the load now, 0 for the rest", "level", is_level)

    def _on_garbage(self, phase: str, info: dict[str, int]) -> None:
        pause = self._pauses[str(info["generation"])]
        if phase == "start":
            pause.start()
        else:
            pause.stop()


def page(metrics: Metrics) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return what answers GET /metrics."""

    async def scrape(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(metrics.registry), headers={"Content-Type": content_type})

    return scrape


def _gauge(name: str, text: str, label: str, counts: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _budgets(levels: BudgetLevels) -> Iterator[Metric]:
    used = {f"{quantile:g}": share for quantile, share in levels.used.items()}
    yield _gauge("presence_budget_used_ratio", "Share of its budget an observer is sent", "quantile", used)
    short = "Observers who want more than their budget carries"
    yield GaugeMetricFamily("presence_observers_short", short, value=levels.short)
    slowest = "How long, at the most, a change of somebody in view waits to be told"
    yield GaugeMetricFamily("presence_staleness_bound_seconds", slowest, value=levels.slowest_s)


def _word(code: Close | Refusal | Level) -> str:
    return code.name.lower()


def _change(before: Level, now: Level) -> str:
    return f"{'up' if now > before else 'down'}_to_{_word(now)}"


_CHANGES = ("up_to_stretched", "up_to_refusing", "down_to_stretched", "down_to_normal")
