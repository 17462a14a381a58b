"""A full hall: three hundred bots, and one page that must not mind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.integration.browser.conftest import Come, Figures
from tests.integration.browser.worlds import entered_at
from tests.integration.conftest import ROOT, RunningServer

BOTS = 300
IN_THE_HALL = "0,-0.8,-16"
MINUTES = 5
SNAPSHOT_MS = 4.0
GROWTH = 0.05  # of the heap, from the first minute to the last: what a collector leaves lying about


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The headquarters, entered on the podium of the assembly hall, looking at the audience."""
    folder = tmp_path_factory.mktemp("worlds")
    entered_at(folder, "headquarters", [((0, -1.6, -28), 180)])
    return folder


@pytest.fixture
def crowd(server: RunningServer) -> Iterator[None]:
    """Three hundred bots in the assembly hall."""
    command = [sys.executable, "-m", "presence_client.bots", server.ws_url, "--count", str(BOTS), "--room", "hq"]
    process = subprocess.Popen(
        [*command, "--near", IN_THE_HALL, "--within", "18", "--talk"], cwd=ROOT, stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    yield
    process.stdin.close()
    process.wait(10)


@pytest.mark.long
@pytest.mark.usefixtures("crowd")
def test_three_hundred_in_the_assembly_hall(come: Come, figures: Figures) -> None:
    """It keeps drawing, holds its memory, and spends little of the main thread on each snapshot."""
    ada = come("Ada")
    ada.meter()
    ada.enter()
    expect(ada.page.locator("[data-testid=person]")).to_have_count(BOTS + 1, timeout=120_000)
    ada.until(lambda: ada.network()["inSight"] >= BOTS * 0.9, "the hall to come into sight", 120_000)
    heap, card, frames = [], [], []
    for _minute in range(MINUTES + 1):
        before = ada.stats()["frames"]
        ada.page.wait_for_timeout(60_000)
        after = ada.stats()
        frames.append(after["frames"] - before)
        card.append([after[kind] for kind in ("geometries", "textures", "programs")])
        heap.append(ada.heap_bytes())
    spent = ada.spent_on_snapshots()
    p50, p95, p99 = np.quantile(spent, (0.5, 0.95, 0.99))
    figures(
        f"{BOTS} bots, {MINUTES} min: frames a minute {frames}, heap {[round(size / 1e6, 1) for size in heap]} MB, "
        f"on the card {card[-1]}, ms a snapshot p50 {p50:.2f} p95 {p95:.2f} p99 {p99:.2f} of {len(spent)}"
    )
    assert min(frames) > 60, "a frame a second at the least"
    assert p95 < SNAPSHOT_MS
    assert heap[-1] < heap[0] * (1 + GROWTH)
    assert card[-1] == card[0]
