"""What can be known of a server's process; what cannot be known is said to be so."""

from __future__ import annotations

import os
from math import isnan

import pytest
from prometheus_client import generate_latest

from benchmarks.vitals import OfPage, OfProcess, gauges, page
from presence.metrics import Metrics


def test_a_process_on_this_machine_is_asked_of_the_kernel() -> None:
    """Without a page of metrics nothing is known of its ticks."""
    vitals = OfProcess(os.getpid())
    assert vitals.cpu().used > 0
    assert vitals.resident_kib() > 1000
    assert vitals.ticks().spread()["p50"] is None


def test_nothing_is_known_of_a_server_elsewhere_without_its_page() -> None:
    """Neither CPU, nor memory, nor ticks."""
    vitals = OfPage(None)
    used = vitals.cpu().since(vitals.cpu())
    assert isnan(used.used)
    assert isnan(used.waited)
    assert isnan(vitals.resident_kib())
    assert vitals.ticks().spread()["p50"] is None


def test_figures_are_read_by_name_and_summed_over_labels() -> None:
    """From the server's own page."""
    metrics = Metrics()
    metrics.count_tick(0.0, 3)
    metrics.count_tick(0.0, 0)
    found = gauges(generate_latest(metrics.registry).decode())
    assert found["presence_ticks_total"] == 2 + 3
    assert found["process_resident_memory_bytes"] > 1 << 20


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/metrics", "file:///etc/passwd", "nonsense"])
def test_a_page_that_is_not_there_is_said_to_be_missing(url: str) -> None:
    """Naming the URL."""
    with pytest.raises(RuntimeError, match="no metrics at"):
        page(url)
