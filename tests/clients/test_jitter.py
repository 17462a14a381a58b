"""Others are shown smoothly: the rules in numbers (jitter_cases.json), and how the delay follows the network."""

from __future__ import annotations

import json
import math
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence_client.jitter import MAX_DELAY_MS, SAMPLES, Playout, PoseBuffer
from presence_client.pose import packed_orientation as packed
from presence_client.view import RoomView
from tests.clients.snapshots import FULL, JUMP, Sections, snapshot

CASES = json.loads(Path(__file__).with_name("jitter_cases.json").read_text())


class Watcher:
    """A view and its buffer, fed together as a session does."""

    def __init__(self) -> None:
        self.view = RoomView()
        self.buffer = PoseBuffer()

    def see(self, time_ms: int, sections: Sections, *, flags: int = 0) -> None:
        """Apply a snapshot; the digest is not what is tested here."""
        applied = self.view.apply(snapshot(sections, time_ms=time_ms, flags=flags))
        self.buffer.push(applied, self.view.columns)

    def root_mm(self, entity: int, moment_ms: float) -> tuple[list[float], float]:
        """Where an entity is shown, in mm, and its yaw in turns / 65536."""
        positions, yaws = self.buffer.roots(np.array([entity]), moment_ms)
        return (positions[0] * 1000).tolist(), float(yaws[0]) * 65_536 / math.tau


def told(case: dict[str, Any]) -> Watcher:
    """Feed a case's snapshots."""
    watcher = Watcher()
    for step in case["snapshots"]:
        sections = Sections()
        for entity in step.get("leaves", []):
            sections.leave(entity)
        for record in step["records"]:
            if record.get("enters"):
                sections.enter(record["entity"], 1)
            if "dot" in record:
                sections.dot(record["entity"], record["dot"])
                continue
            flags = JUMP if record.get("jump") else 0
            sections.root(record["entity"], record["mm"], record["yaw"], 0, age=record.get("age", 0), flags=flags)
        watcher.see(step["time_ms"], sections, flags=FULL if step.get("full") else 0)
    return watcher


@pytest.mark.parametrize("case", CASES["poses"], ids=lambda case: case["name"])
def test_poses_are_read_as_the_cases_say(case: dict[str, Any]) -> None:
    """Every rule of the buffer, in numbers that any SDK can be held to."""
    watcher = told(case)
    for shown in case["shown"]:
        position, yaw = watcher.root_mm(shown["entity"], shown["moment_ms"])
        assert position == pytest.approx(shown["mm"], abs=0.01), shown
        assert (yaw - shown["yaw"] + 32_768) % 65_536 - 32_768 == pytest.approx(0.0, abs=0.5), shown


@pytest.mark.parametrize("case", CASES["playout"], ids=lambda case: case["name"])
def test_the_moment_shown_is_as_the_cases_say(case: dict[str, Any]) -> None:
    """How arrivals become the moment of room time that is shown, in numbers."""
    playout, arrivals = Playout(case["tick_ms"]), [tuple(arrival) for arrival in case["arrivals"]]
    for now_ms, expected in case["shown"]:
        while arrivals and arrivals[0][1] <= now_ms:
            playout.receive(*arrivals.pop(0))
        assert playout.moment_ms(now_ms) == pytest.approx(expected, abs=0.01)


def test_only_the_newest_samples_are_kept() -> None:
    """A moment before everything that is kept shows the oldest sample kept."""
    watcher = Watcher()
    for tick in range(SAMPLES + 5):
        sections = Sections()
        if tick == 0:
            sections.enter(1, 1)
        sections.root(1, (tick, 0, 0), 0, 0)
        watcher.see(1000 + tick * 50, sections)
    assert watcher.root_mm(1, 0.0)[0][0] == pytest.approx(5)
    assert watcher.root_mm(1, 1000 + 10.5 * 50)[0][0] == pytest.approx(10.5)


def test_many_are_read_like_one() -> None:
    """Reading a crowd at once gives what reading each alone gives, whatever each has been through."""
    watcher, rng = Watcher(), Random(3)
    for tick in range(12):
        sections = Sections()
        for entity in range(1, 200):
            if tick == 0:
                sections.enter(entity, 1)
            if tick == 0 or rng.random() < 0.6:
                at = (rng.randrange(9000), rng.randrange(9000), rng.randrange(9000))
                sections.root(entity, at, rng.randrange(65_536), 0, age=rng.randrange(15), flags=rng.random() < 0.1)
        watcher.see(1000 + tick * 50, sections)
    ids = np.arange(1, 200)
    positions, yaws = watcher.buffer.roots(ids, 1430.0)
    for index, entity in enumerate(ids.tolist()):
        pose = watcher.buffer.pose(entity, 1430.0)
        assert pose.position == pytest.approx(positions[index].tolist())
        assert pose.yaw == pytest.approx(yaws[index])


def test_a_tracked_pose_comes_with_head_and_hands() -> None:
    """Parts are interpolated in place and orientation like the root."""
    watcher = Watcher()
    first, second = Sections(), Sections()
    first.enter(1, 1)
    level, rolled = packed((0, 0, 0, 1)), packed((0, 0, 1, 1))
    first.tracked(1, (0, 0, 0), 0, 0, [(0, 600, 0, level)] * 3)
    second.tracked(1, (0, 0, 0), 0, 127, [(0, 700, 0, rolled)] * 3)
    watcher.see(1000, first)
    watcher.see(1050, second)
    pose = watcher.buffer.pose(1, 1025.0)
    assert pose.parts is not None
    assert pose.pitch == pytest.approx(math.pi / 4)
    for part in pose.parts:
        assert part.position == pytest.approx((0.0, 0.65, 0.0))
        assert part.orientation == pytest.approx((0, 0, math.sin(math.pi / 8), math.cos(math.pi / 8)), abs=2e-3)


def test_a_headset_put_on_brings_head_and_hands_at_once() -> None:
    """They do not grow out of the floor: what the earlier sample lacks is taken from the later one."""
    watcher = Watcher()
    first, second = Sections(), Sections()
    first.enter(1, 1)
    first.root(1, (0, 0, 0), 0, 0)
    second.tracked(1, (100, 0, 0), 0, 0, [(0, 1600, 0, packed((0, 0, 0, 1)))] * 3)
    watcher.see(1000, first)
    watcher.see(1050, second)
    pose = watcher.buffer.pose(1, 1010.0)
    assert pose.parts is not None
    assert pose.x == pytest.approx(0.02)
    assert pose.parts[0].position == pytest.approx((0.0, 1.6, 0.0))


def test_an_object_turns_the_shorter_way() -> None:
    """Two packings of nearly the same orientation are near each other, whatever their signs."""
    watcher = Watcher()
    first, second = Sections(), Sections()
    first.enter(1, 1)
    first.thing(1, (0, 0, 0), packed((1, 0, 0.1, 1)))
    second.thing(1, (0, 0, 0), packed((-1, 0, 0.1, -1.01)))
    watcher.see(1000, first)
    watcher.see(1050, second)
    orientation = np.array(watcher.buffer.pose(1, 1025.0).orientation)
    assert abs(orientation @ np.array([1, 0, 0, 1]) / math.sqrt(2)) > 0.99


def test_jitter_is_what_nineteen_of_twenty_stay_below() -> None:
    """Snapshots up to 40 ms late are measured as such; a single outlier is not waited for."""
    playout, rng = Playout(50.0), Random(5)
    for tick in range(128):
        late = 400.0 if tick == 60 else rng.uniform(0.0, 40.0)
        playout.receive(tick * 50, tick * 50 + 20 + late)
    assert 34.0 < playout.jitter_ms < 41.0
    assert playout.delay_ms == pytest.approx(100.0 + playout.jitter_ms)


def test_the_delay_has_a_bound() -> None:
    """A hopeless network is shown half a second late, not more."""
    playout = Playout(50.0)
    for tick in range(100):
        playout.receive(tick * 50, tick * 50 + (tick % 3) * 900.0)
    assert playout.delay_ms == MAX_DELAY_MS


def test_a_better_network_brings_the_delay_down_again() -> None:
    """What was measured is forgotten after some seconds, and the moment shown catches up without a leap."""
    playout, rng = Playout(50.0), Random(5)
    now, last = 0.0, -math.inf
    for tick in range(600):
        late = rng.uniform(0.0, 120.0) if tick < 150 else 0.0
        now = max(now, tick * 50 + 20 + late)
        playout.receive(tick * 50, now)
        moment = playout.moment_ms(now)
        assert moment >= last
        last = moment
    assert playout.delay_ms == pytest.approx(100.0)
    assert playout.room_ms(now) - last == pytest.approx(100.0, abs=2.0)


def test_another_room_time_is_shown_at_once() -> None:
    """After the machine slept, or the room began anew, nothing is played through slowly."""
    playout = Playout(50.0)
    playout.receive(1000, 0.0)
    playout.receive(61_050, 50.0)
    assert playout.moment_ms(50.0) == pytest.approx(60_950.0)


@given(st.lists(st.floats(0.0, 90.0), min_size=2, max_size=80))
def test_the_moment_shown_keeps_nearly_the_pace_of_time(lateness: list[float]) -> None:
    """Whatever the network does within a second, time as shown runs between 0.9 and 1.1 times as fast."""
    playout, now = Playout(50.0), 0.0
    playout.receive(0, now)
    last_now, last_moment = now, playout.moment_ms(now)
    for tick, late in enumerate(lateness, start=1):
        now = max(now + 0.1, tick * 50.0 + late)
        playout.receive(tick * 50, now)
        moment = playout.moment_ms(now)
        assert 0.9 * (now - last_now) - 1e-6 <= moment - last_moment <= 1.1 * (now - last_now) + 1e-6
        last_now, last_moment = now, moment
