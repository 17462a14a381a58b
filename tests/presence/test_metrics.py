"""Metrics: what is counted comes out on the page, with bounded labels."""

from __future__ import annotations

import asyncio
import gc
from itertools import count

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from presence.load import Level
from presence.metrics import MAX_LABEL_VALUES, OTHER, STAGES, Levels, Metrics, page
from presence.overview import BudgetLevels
from protocol.errors import Close, Refusal


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Scrape: the value of each sample by its name and its label values, in the order of the labels' names."""
    page_text = asyncio.run(scraped(metrics))[1]
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page_text)
        for sample in family.samples
    }


async def scraped(metrics: Metrics, **headers: str) -> tuple[str, str]:
    """Fetch the page; its content type and text."""
    application = web.Application()
    application.router.add_get("/metrics", page(metrics))
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"
        async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
            return answer.headers["Content-Type"], await answer.text()
    finally:
        await runner.cleanup()


def test_a_stage_is_timed_by_its_block() -> None:
    """Ten stages of a millisecond are ten counts in the bucket of a millisecond, whatever happens inside."""
    ticks = count()
    metrics = Metrics(clock=lambda: next(ticks) * 0.0009)
    for _ in range(10):
        with metrics.stage["select"]:
            pass
    with pytest.raises(KeyError), metrics.stage["select"]:
        raise KeyError
    found = samples(metrics)
    assert found["presence_stage_seconds_count", "select"] == 11
    assert found["presence_stage_seconds_sum", "select"] == pytest.approx(0.0099)
    assert found["presence_stage_seconds_bucket", "0.0005", "select"] == 0
    assert found["presence_stage_seconds_bucket", "0.001", "select"] == 11
    assert found["presence_stage_seconds_bucket", "+Inf", "select"] == 11
    assert {labels[1] for labels in found if labels[0] == "presence_stage_seconds_count"} == set(STAGES)


def test_a_duration_beyond_every_bucket_counts() -> None:
    """The worst pauses are the ones worth seeing."""
    metrics = Metrics()
    metrics.stage["drain"].observe(60)
    found = samples(metrics)
    assert found["presence_stage_seconds_bucket", "0.25", "drain"] == 0
    assert found["presence_stage_seconds_bucket", "+Inf", "drain"] == 1


def test_ticks_lag_and_are_skipped() -> None:
    """A late server shows it in two numbers."""
    metrics = Metrics()
    metrics.count_tick(0.004, 0)
    metrics.count_tick(0.06, 1)
    found = samples(metrics)
    assert (found["presence_ticks_total", "run"], found["presence_ticks_total", "skipped"]) == (2, 1)
    assert found["presence_tick_lag_seconds_count",] == 2
    assert found["presence_tick_lag_seconds_sum",] == pytest.approx(0.064)


def test_a_tick_of_45_ms_is_told_from_one_of_46() -> None:
    """What a tick may take is decided by the millisecond."""
    metrics = Metrics()
    for milliseconds in (44.9, 45.0, 45.1, 46.0):
        metrics.count_tick_time(milliseconds / 1000)
    found = samples(metrics)
    assert found["presence_tick_seconds_bucket", "0.044"] == 0
    assert found["presence_tick_seconds_bucket", "0.045"] == 2
    assert found["presence_tick_seconds_bucket", "0.046"] == 4


def test_counts_come_out_by_label() -> None:
    """Bytes by lane, messages by name, drops by reason, refusals and closes by code."""
    metrics = Metrics()
    metrics.sent_bytes.add("poses", 1000)
    metrics.sent_bytes.add("poses", 24)
    metrics.received_bytes.add("poses", 7)
    metrics.messages.add("pose")
    metrics.drops.add("stale", 3)
    metrics.count_refusal(Refusal.ROOM_FULL)
    metrics.count_close(Close.SLOW)
    found = samples(metrics)
    assert found["presence_sent_bytes_total", "poses"] == 1024
    assert found["presence_received_bytes_total", "poses"] == 7
    assert found["presence_received_messages_total", "pose"] == 1
    assert found["presence_drops_total", "stale"] == 3
    assert found["presence_refusals_total", "room_full"] == 1
    assert found["presence_closes_total", "slow"] == 1


def test_what_has_not_happened_shows_as_nought() -> None:
    """An alert on a first refusal needs the nought before it."""
    found = samples(Metrics())
    assert all(found["presence_refusals_total", code.name.lower()] == 0 for code in Refusal)
    assert all(found["presence_closes_total", code.name.lower()] == 0 for code in Close)
    assert found["presence_sent_bytes_total", "events"] == 0


def test_a_label_cannot_grow_without_bound() -> None:
    """Whatever values are counted, the page stays small and no count is lost."""
    metrics = Metrics()
    for number in range(1000):
        metrics.messages.add(f"m{number}")
    messages = {key: value for key, value in samples(metrics).items() if key[0] == "presence_received_messages_total"}
    assert len(messages) == MAX_LABEL_VALUES + 1
    assert sum(messages.values()) == 1000
    assert messages["presence_received_messages_total", OTHER] == 1000 - MAX_LABEL_VALUES


def test_levels_are_read_at_each_scrape() -> None:
    """Gauges are looked up, not kept, so they cannot drift."""
    metrics = Metrics()
    levels = Levels({"ready": 2}, {"avatar": 5, "object": 1}, 3, 4)
    metrics.watch(lambda: levels)
    found = samples(metrics)
    assert found["presence_sessions", "ready"] == 2
    assert (found["presence_entities", "avatar"], found["presence_entities", "object"]) == (5, 1)
    assert (found["presence_rooms",], found["presence_half_open",]) == (3, 4)
    levels = Levels({"ready": 0}, {}, 0, 9)
    found = samples(metrics)
    assert (found["presence_sessions", "ready"], found["presence_half_open",]) == (0, 9)


def test_budgets_are_levels_too() -> None:
    """Shares by quantile, how many are held short, and how long a change may wait to be told."""
    metrics = Metrics()
    metrics.watch(lambda: Levels(budgets=BudgetLevels({0.5: 0.25, 1.0: 0.9}, short=3, slowest_s=0.4)))
    found = samples(metrics)
    shares = {key[1]: value for key, value in found.items() if key[0] == "presence_budget_used_ratio"}
    assert shares == {"0.5": 0.25, "1": 0.9}
    assert (found["presence_observers_short",], found["presence_staleness_bound_seconds",]) == (3, 0.4)


def test_the_load_and_what_is_done_about_it_are_shown() -> None:
    """The share, one level of three, and every way from one to another that was taken."""
    metrics = Metrics()
    metrics.watch(lambda: Levels(load=0.75, level=Level.STRETCHED))
    metrics.count_level(Level.NORMAL, Level.STRETCHED)
    metrics.count_level(Level.STRETCHED, Level.REFUSING)
    metrics.count_level(Level.REFUSING, Level.STRETCHED)
    found = samples(metrics)
    assert found["presence_load",] == 0.75
    assert [found["presence_load_level", level] for level in ("normal", "stretched", "refusing")] == [0, 1, 0]
    assert [
        found["presence_load_changes_total", change]
        for change in ("up_to_stretched", "up_to_refusing", "down_to_stretched", "down_to_normal")
    ] == [1, 1, 1, 0]


def test_garbage_collection_is_timed_while_asked_for() -> None:
    """Each pause counts under its generation, and nothing stays behind."""
    metrics = Metrics()
    before = len(gc.callbacks)
    with metrics.timing_garbage():
        gc.collect(2)
    gc.collect(2)
    assert samples(metrics)["presence_gc_pause_seconds_count", "2"] == 1
    assert len(gc.callbacks) == before


def test_the_page_speaks_both_formats() -> None:
    """Prometheus asks for OpenMetrics; people get text. The process's own figures are there."""
    metrics = Metrics()
    kind, text = asyncio.run(scraped(metrics, Accept="application/openmetrics-text; version=1.0.0"))
    assert kind.startswith("application/openmetrics-text")
    families = openmetrics.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert {"presence_stage_seconds", "process_resident_memory_bytes", "python_info"} <= names
    kind, text = asyncio.run(scraped(metrics))
    assert kind.startswith("text/plain")
