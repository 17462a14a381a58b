"""The cost model: lines through runs, so what lies on a line is found exactly."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cost_model import fit


def plaza(avatars: int, **more: float) -> dict[str, Any]:
    """Make a run whose ticks take 10 ms and 20 µs a person, and its memory 1,000 KiB and 20 a person."""
    return {
        "server_cpu": (0.010 + 20e-6 * avatars) * 20,
        "server_memory_kib_per_avatar": (1000 + 20 * avatars) / avatars,
        "cpu_us_per_update": 1.0,
        "bytes_per_update": 11.0,
        "updates_delivered": 40 * avatars * 100,
        "ticks": 100,
        "parameters": {"avatars": avatars, "tick_hz": 20, "pose_hz": 20, "pose_bytes": 34.0},
    } | more


def test_runs_on_a_line_give_the_line() -> None:
    """What a tick costs whoever is there, what each person adds, and the same of memory."""
    tracked = plaza(400, cpu_us_per_update=1.5, bytes_per_update=36.0)
    model = fit(plaza(400), plaza(1000), plaza(2000), tracked)
    assert (model.tick_ms, model.person_us) == pytest.approx((10, 20))
    assert (model.server_kib, model.person_kib) == pytest.approx((1000, 20))
    assert (model.updates, model.update_us) == pytest.approx((40, 0.5))
    assert (model.update_bytes, model.byte_ns) == pytest.approx((11, 20))
    assert (model.down_bytes_per_s, model.up_bytes_per_s) == pytest.approx((40 * 11 * 20, 680))
    assert model.share(1000) == pytest.approx(0.6)
    assert model.people(0.601) == 1002
