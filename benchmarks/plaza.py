"""The plaza: people walking about on a square, each seeing about as many others, all of them sending and receiving.

Puts one run together: server process, generator processes, schedule, oracle, result.
"""

from __future__ import annotations

import os
import resource
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import client_frames
from benchmarks.cpu_time import cpu_time
from benchmarks.generators import Generators
from benchmarks.result import Measurement, describe
from benchmarks.sampled_oracle import SampledOracle, gather
from benchmarks.server_process import serving
from benchmarks.swarm import FIRST_SEQ, Plan
from benchmarks.walkers import Walk, square_side_m, walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.progress import Progress

POSE_HZ = 20
NEIGHBOURS = 32
RADIUS_M = 10.0  # the server's default; what it answers is what the oracle uses
ROOM, WORLD = "plaza-benchmark", "open"

_PERIOD_NS = 1_000_000_000 // POSE_HZ
_LEAD_NS = 500_000_000  # between "everybody is there" and the first step
_TAIL_STEPS = POSE_HZ // 2  # people walk on for a moment, so that the last measured tick is like any other


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a run is asked for. A core of None leaves that side unpinned."""

    avatars: int
    seconds: float
    warmup: float = 3.0
    seed: int = 1
    observers: int = 64  # sampled: every record they are sent is checked
    generators: int = 1  # processes
    server_cpu: int | None = 0
    generator_cpu: int | None = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be run, as ValueError."""
        for name, low in (("avatars", 2), ("seconds", 0.5), ("warmup", 0), ("observers", 1), ("generators", 1)):
            if getattr(self, name) < low:
                raise ValueError(f"{name} is {getattr(self, name)}, it must be at least {low}")
        cores = os.sched_getaffinity(0)
        for name in ("server_cpu", "generator_cpu"):
            if getattr(self, name) not in {None, *cores}:
                raise ValueError(f"{name} is {getattr(self, name)}, this process may use {sorted(cores)}, or any")

    @property
    def measured_steps(self) -> tuple[int, int]:
        """From which step up to which the run counts."""
        begin = round(self.warmup * POSE_HZ)
        return begin, begin + round(self.seconds * POSE_HZ)

    @property
    def phases_ns(self) -> NDArray[np.int64]:
        """When each client sends within a period: evenly spread."""
        return np.arange(self.avatars, dtype=np.int64) * _PERIOD_NS // self.avatars


def run(parameters: Parameters, progress: Progress) -> dict[str, Any]:
    """Run the plaza once and return the result as plain data.

    Raises ServerError or GeneratorError, both RuntimeErrors, where there is nothing to report.
    """
    _allow_many_sockets()
    side_m = square_side_m(parameters.avatars, NEIGHBOURS, RADIUS_M)
    begin, end = parameters.measured_steps
    rng = np.random.default_rng(parameters.seed)
    people = walk(rng, parameters.avatars, side_m, end + _TAIL_STEPS, 1 / POSE_HZ)
    with serving(parameters.avatars, parameters.server_cpu) as server:
        plans = _plans(parameters, people, server.port, rng)
        with Generators(plans, parameters.generator_cpu) as generators:
            with progress.stage("bringing people in", parameters.avatars) as advance:
                generators.wait_until_ready(advance)
            start_ns = time.monotonic_ns() + _LEAD_NS
            generators.start(start_ns)
            window_ns = (start_ns + begin * _PERIOD_NS, start_ns + end * _PERIOD_NS)
            _sleep_until(window_ns[0], progress, "warming up")
            before = cpu_time(server.pid)
            _sleep_until(window_ns[1], progress, "measuring")
            used = cpu_time(server.pid).since(before)
            logs = generators.logs()
        troubles = [*server.troubles(), *(what for log in logs for what in log.troubles)]

    phases = parameters.phases_ns
    evidence = gather(people, logs, lambda who, seq: start_ns + (seq - FIRST_SEQ) * _PERIOD_NS + phases[who])
    oracle = SampledOracle(evidence, people, logs[0].radius_mm, window_ns)
    with progress.stage("asking the oracle", oracle.ticks) as advance:
        verdict = oracle.replay(advance)
    workload = {
        **asdict(parameters),
        "pose_hz": POSE_HZ,
        "neighbours_within_radius": NEIGHBOURS,
        "square_side_m": round(side_m, 3),
    }
    return describe(
        "plaza",
        workload,
        Measurement(
            verdict=verdict,
            logs=logs,
            measured_steps=(begin, end),
            server=used,
            generator_cores=parameters.generators if parameters.generator_cpu is None else 1,
            seconds=parameters.seconds,
            troubles=troubles,
        ),
    )


def _plans(parameters: Parameters, people: Walk, port: int, rng: np.random.Generator) -> list[Plan]:
    """Deal the clients out to the generator processes, like cards."""
    frames = client_frames.pose_frames(people, FIRST_SEQ, rng)
    sampled = rng.choice(parameters.avatars, min(parameters.observers, parameters.avatars), replace=False)
    shares = [np.arange(k, parameters.avatars, parameters.generators) for k in range(parameters.generators)]
    return [
        Plan(
            host="127.0.0.1",
            port=port,
            room=ROOM,
            world=WORLD,
            numbers=numbers.tolist(),
            sampled=frozenset(sampled.tolist()),
            frames=np.ascontiguousarray(frames[:, numbers]),
            starts_mm=people.position_mm[0, numbers],
            phases_ns=parameters.phases_ns[numbers].tolist(),
            period_ns=_PERIOD_NS,
            measured_steps=parameters.measured_steps,
            mask_seed=int(rng.integers(2**32)),
        )
        for numbers in shares
    ]


def _sleep_until(moment_ns: int, progress: Progress, what: str) -> None:
    """Sleep until a moment of the monotonic clock, moving a bar a few times a second."""
    begin_ns = time.monotonic_ns()
    with progress.stage(what, (moment_ns - begin_ns) / 1e9) as advance:
        while (left_ns := moment_ns - time.monotonic_ns()) > 0:
            time.sleep(min(0.25, left_ns / 1e9))
            advance((time.monotonic_ns() - begin_ns) / 1e9)


def _allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one: each client is a socket, here and in the server."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
