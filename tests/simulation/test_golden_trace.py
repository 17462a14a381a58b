"""The same seed and inputs give the same bytes, on every Python and every machine."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.snapshot_reader import Snapshot
from protocol import schema
from protocol.schema import MESSAGES, Lane, Sender
from tests.simulation.golden_trace import RECORD, TICKS, Play, trace

# Only a session leaves a room or is left by it; the rest of these lanes is the room's.
SESSIONS_OWN = {schema.Left}


def test_every_byte_is_the_recorded_one() -> None:
    """Tick by tick; golden_trace.py says how to write the record anew when bytes are meant to change."""
    assert trace() == RECORD.read_text().splitlines()


def test_uncompiled_loops_write_the_same_bytes() -> None:
    """As plain Python, which checks every index, the loops do what they do compiled."""
    code = "from tests.simulation.golden_trace import trace; print(*trace(), sep='\\n')"
    environ = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == RECORD.read_text()


def test_another_seed_gives_other_bytes() -> None:
    """The record depends on what people do."""
    assert [Play(seed=0).tick() for _ in range(TICKS // 10)] != RECORD.read_text().splitlines()[: TICKS // 10]


def test_the_play_has_a_part_for_every_message() -> None:
    """Whatever a room can write is in the record, or the record would not notice its change."""
    play = Play()
    for _ in range(TICKS):
        play.tick()
    ours = {spec.cls for spec in MESSAGES.values() if spec.sender is Sender.SERVER and spec.lane is not Lane.CONTROL}
    assert play.heard - {Snapshot} == ours - {schema.Snapshot} - SESSIONS_OWN
    assert Snapshot in play.heard
