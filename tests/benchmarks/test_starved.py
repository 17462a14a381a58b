"""A generator that does not get its CPU makes a run invalid: what it was late with is not the server's latency."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import engine
from benchmarks.__main__ import FAILED, main

STOPPED_S = 0.5  # a quarter of the measured time
ASKED = "plaza --avatars 8 --seconds 2 --warmup 0.5 --server-cpu any --generator-cpu any --json"


def test_a_starved_generator_is_no_figure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The machine takes the CPU away from the generator for a while, and the result says that it does not count."""
    sleep_until: Callable[..., None] = vars(engine)["_sleep_until"]

    def starving(moment_ns: int, progress: Any, what: str) -> None:
        """Stop the generator as the measured time begins, and let it go on a while later."""
        if what == "measuring":
            (generator,) = multiprocessing.active_children()
            assert generator.pid is not None
            os.kill(generator.pid, signal.SIGSTOP)
            threading.Timer(STOPPED_S, os.kill, (generator.pid, signal.SIGCONT)).start()
        sleep_until(moment_ns, progress, what)

    monkeypatch.setattr(engine, "_sleep_until", starving)
    assert main(ASKED.split()) == FAILED
    result = json.loads(capsys.readouterr().out)
    assert "the generator sent" in result["invalid"]
    assert result["generator_lateness_ms"]["p99"] > 100
