"""Stages are timed in a room in memory, told per avatar and per pair, and what cannot be had is said."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from benchmarks import stages
from benchmarks.__main__ import main
from benchmarks.motion import embody
from benchmarks.progress import Progress
from benchmarks.room_in_memory import STAGES, RoomInMemory
from benchmarks.walkers import stand, walk

TOO_MANY = 70_000  # more than there are entity ids


def test_costs_are_medians_with_their_quartiles() -> None:
    """An outlier shows in none of them."""
    told = stages.cost([1000, 2000, 3000, 4000, 900_000], 10, 60)
    assert told == {"median_us": 3.0, "p25_us": 2.0, "p75_us": 4.0, "us_per_avatar": 0.3, "us_per_pair": 0.05}
    assert stages.cost([1000], 10, 0)["us_per_pair"] is None


def test_pairs_are_counted_both_ways_and_nobody_sees_themselves() -> None:
    """As a plain loop counts them, in more than one portion."""
    rng = np.random.default_rng(1)
    people = embody(rng, stand(rng, 700, 60.0, 1), 0.05)
    place = people.position_mm[0].astype(np.int64)
    expected = sum(int((((place - one) ** 2).sum(axis=1) <= 10_000**2).sum()) - 1 for one in place)
    assert stages.pairs_within(people, 0, 10_000) == expected > 0


def test_a_tick_times_every_stage_and_everybody_is_told() -> None:
    """The stages run in order, each between two looks at the clock; each of four people is told of three."""
    rng = np.random.default_rng(1)
    room = RoomInMemory(embody(rng, walk(rng, 4, 2.0, 6, 0.05), 0.05))
    looks = iter([0, 1, 10, 12, 20, 23, 30, 34, 40, 45])
    for _ in range(4):  # until everybody has looked around
        room.tick(lambda: 0)
    took, report = room.tick(lambda: next(looks))
    assert took == dict(zip(STAGES, (1, 2, 3, 4, 5), strict=True))
    assert (report.poses, report.updates, report.snapshots, report.corrections) == (4, 12, 4, 0)


def test_people_stand_where_their_motion_begins() -> None:
    """However many they are and however far from where one comes in: their first steps are taken as they are."""
    rng = np.random.default_rng(1)
    people = embody(rng, walk(rng, 600, 70.0, 2, 0.05), 0.05)
    _, report = RoomInMemory(people).tick(lambda: 0)
    assert (report.poses, report.corrections, report.refusals) == (600, 0, [])
    assert report.updates == pytest.approx(stages.pairs_within(people, 0, 10_000))


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """Measure one size that can be had, and one that cannot."""
    return stages.measure(stages.Sizes((30, TOO_MANY), ticks=3, cpu=None), Progress())


def test_every_stage_has_its_cost(result: dict[str, Any]) -> None:
    """At both layouts; on one spot everybody sees everybody."""
    assert result["invalid"] is None
    spread, spot = result["rows"][:2]
    assert (spread["layout"], spot["layout"], spot["pairs"]) == ("spread", "spot", 30 * 29)
    assert spot["updates_per_tick"] == 30 * 29
    for row in (spread, spot):
        assert list(row["stages"]) == list(STAGES)
        assert row["stages"]["encode"]["median_us"] > 0
        assert row["tick"]["median_us"] >= row["stages"]["encode"]["median_us"]
    assert json.loads(json.dumps(result)) == result | {"parameters": result["parameters"] | {"avatars": [30, TOO_MANY]}}


def test_what_a_room_cannot_hold_is_said(result: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """In its row, and in the table; the rest is told all the same."""
    assert all("capacity" in row["unavailable"] for row in result["rows"][2:])
    stages.print_stages(result)
    assert "70,000 spot: not to be had: room capacity" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"), [("--avatars 1", "avatars is 1"), ("--ticks 0", "ticks is 0"), ("--cpu 4096", "cpu is 4096")]
)
def test_what_cannot_be_measured_is_refused(words: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, before anything starts."""
    assert main(["stages", *words.split()]) == 2
    assert problem in capsys.readouterr().err
