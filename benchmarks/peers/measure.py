"""Runs another server under the load of a scenario, and describes it as this server is described beside it."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import engine
from benchmarks.client_frames import masked
from benchmarks.parameters import PERIOD_NS
from benchmarks.peers.dialect import DIALECTS
from benchmarks.peers.installation import command, versions
from benchmarks.peers.judge import TOLD, judge
from benchmarks.plan import FRAME_COLUMNS, Where
from benchmarks.result import machine_reasons, per, percentiles, spread
from benchmarks.server_process import ServerError, started, stop
from benchmarks.vitals import OfProcess

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from benchmarks.engine import Carried
    from benchmarks.parameters import Parameters
    from benchmarks.peers.catalogue import Peer
    from benchmarks.peers.dialect import Dialect, Ints
    from benchmarks.peers.judge import Heard
    from benchmarks.progress import Progress
    from benchmarks.scenario import Scenario

TICK_HZ = 20
NOT_MEASURED = (
    "that nobody hidden, behind a clearance or blocked is shown: no peer has such rules here",
    "heights, yaw and pitch of what is told: only x and z are compared with the walks",
    "pairs within half a metre of the radius: a tick's moment is not known from outside",
    "decoding at the client: latency ends when a message arrives",
    "validation of movement, sessions that resume, explained refusals: the peers do without",
)
KEYS = (
    "what",
    "valid",
    "invalid",
    "cpu_us_per_update",
    "bytes_per_update",
    "latency_ms",
    "latency_percentiles_ms",
    "delivered_share",
    "updates_delivered",
    "updates_overtaken",
    "neighbours_mean",
    "wrong",
    "server_cpu",
    "server_waited",
    "tick_ms",
    "generator_cpu",
    "generator_lateness_ms",
    "versions",
    "not_measured",
    "cpu_to_presence",
    "bytes_to_presence",
)

_START_S = 30.0
_LOOK_S = 0.05


def beside(
    result: dict[str, Any], peers: Sequence[Peer], scenario: Scenario, asked: Parameters, progress: Progress
) -> dict[str, Any]:
    """Measure peers under the load that a result was measured under, and put them into it as `peers`."""
    own = own_figures(result)
    told = {"presence": own}
    for peer in peers:
        figures = measured(peer, scenario, asked, progress)
        told[peer.name] = figures | {
            "cpu_to_presence": _ratio(figures["cpu_us_per_update"], own["cpu_us_per_update"]),
            "bytes_to_presence": _ratio(figures["bytes_per_update"], own["bytes_per_update"]),
        }
    return result | {"peers": told}


def own_figures(result: dict[str, Any]) -> dict[str, Any]:
    """Describe this server's own run by the keys of a peer: KEYS."""
    expected, delivered = result["updates_expected"], result["updates_delivered"]
    return {
        "what": "this server",
        "valid": result["invalid"] is None,
        "invalid": result["invalid"],
        "cpu_us_per_update": result["cpu_us_per_update"],
        "bytes_per_update": result["bytes_per_update"],
        "latency_ms": result["latency_ms"],
        "latency_percentiles_ms": result["latency_percentiles_ms"],
        "delivered_share": round(min(1.0, delivered / expected), 5) if expected else None,
        "updates_delivered": delivered,
        "updates_overtaken": result["updates_coalesced"],
        "neighbours_mean": result["neighbours_mean"],
        "wrong": result["oracle_violations"],
        "server_cpu": result["server_cpu"],
        "server_waited": result["server_waited"],
        "tick_ms": result["tick_ms"],
        "generator_cpu": result["generator_cpu"],
        "generator_lateness_ms": result["generator_lateness_ms"],
        "versions": result["environment"]["packages"],
        "not_measured": [],
        "cpu_to_presence": 1.0,
        "bytes_to_presence": 1.0,
    }


def measured(peer: Peer, scenario: Scenario, asked: Parameters, progress: Progress) -> dict[str, Any]:
    """Run one peer once. What cannot be had or fails is told as invalid, with the reason."""
    try:
        return run(peer, scenario, asked, progress)
    except RuntimeError as problem:
        return unmeasured(peer.what, problem)


def unmeasured(what: str, problem: RuntimeError) -> dict[str, Any]:
    """Describe a server that could not be had, or a run that came to nothing, by the keys of a peer: KEYS."""
    return dict.fromkeys(KEYS) | {
        "what": what,
        "valid": False,
        "invalid": str(problem),
        "not_measured": ["anything"],
    }


def run(peer: Peer, scenario: Scenario, asked: Parameters, progress: Progress) -> dict[str, Any]:
    """Run one peer once. Raises RuntimeErrors: PeerError, ServerError, GeneratorError, NotLetIn."""
    engine.allow_many_sockets()
    dialect = DIALECTS[peer.dialect]
    rng = np.random.default_rng(asked.seed)
    guests = scenario.guests(asked)
    _, end = asked.measured_steps
    motion = scenario.stage(rng, asked, len(guests), end + engine.TAIL_STEPS).motion
    payloads = dialect.poses(motion)
    keys = rng.integers(0, 256, (*payloads.shape[:2], 4), np.uint8)
    frames = masked(payloads, keys, dialect.opcode)
    poses = frames, np.full(len(guests), frames.shape[2])
    with progress.stage(f"starting {peer.name}", 1), _serving(peer, asked, scenario.radius_m) as (process, port):
        where = Where("127.0.0.1", port, f"127.0.0.1:{port}")
        plans = engine.deal(asked, guests, motion, poses, where, rng, peer.dialect)
        carried = engine.carry_out(plans, asked, OfProcess(process.pid), progress)
        troubles = [what for log in carried.logs for what in log.troubles]
        if process.poll() is not None:
            troubles.append(f"the server ended with exit code {process.returncode}")
    with progress.stage("reading what was told", 1):
        phases = asked.phases_ns(len(guests))

        def sent_ns(who: Ints, step: Ints) -> Ints:
            return carried.start_ns + step * PERIOD_NS + phases[who]

        told = _told(dialect, carried, len(guests))
        heard = judge(motion.position_mm, told, sent_ns, asked.measured_steps, carried.window_ns, scenario.radius_m)
    return _described(peer, asked, carried, heard, troubles)


def _told(dialect: Dialect, carried: Carried, people: int) -> NDArray[np.void]:
    """Read every message of every client: TOLD records, of the whole run."""
    parts = []
    sampled = {number: messages for log in carried.logs for number, messages in log.sampled.items()}
    for number in range(people):
        arrived = np.array([arrived_ns for arrived_ns, _ in sampled[number]], np.int64)
        heard = dialect.heard([payload for _, payload in sampled[number]])
        told = np.zeros(len(heard), TOLD)
        told["arrived_ns"], told["observer"] = arrived[heard["message"]], number
        for name in ("subject", "x", "z"):
            told[name] = heard[name]
        parts.append(told)
    return np.concatenate(parts)


def _described(peer: Peer, asked: Parameters, carried: Carried, heard: Heard, troubles: list[str]) -> dict[str, Any]:
    begin, end = asked.measured_steps
    logs, ticks = carried.logs, asked.avatars * asked.seconds * TICK_HZ
    lateness_ns = np.concatenate([log.lateness_ns[begin:end].ravel() for log in logs])
    figures = {
        "cpu_us_per_update": per(carried.used.used * 1e6, heard.updates),
        "bytes_per_update": per(_bytes(carried), heard.updates),
        "latency_ms": spread(heard.latency_ms),
        "latency_percentiles_ms": percentiles(heard.latency_ms),
        "delivered_share": round(1 - heard.missing / heard.due, 5) if heard.due else None,
        "updates_delivered": heard.updates,
        "updates_overtaken": heard.overtaken,
        "neighbours_mean": round(heard.updates / ticks, 2),
        "wrong": heard.unknown + heard.beyond,
        "server_cpu": round(carried.used.used / carried.used.at, 4),
        "server_waited": round(carried.used.waited / carried.used.at, 4),
        "tick_ms": carried.ticks.spread(),
        "generator_cpu": round(sum(log.cpu_ns for log in logs) / (asked.seconds * 1e9), 4),
        "generator_lateness_ms": spread(lateness_ns[lateness_ns >= 0] / 1e6),
    }
    cores = asked.generators if asked.generator_cpu is None else 1
    reasons = machine_reasons(figures, cores, troubles)
    if not heard.updates or not heard.due:
        reasons.append("no updates")
    return {
        "what": peer.what,
        "valid": not reasons,
        "invalid": "; ".join(reasons) or None,
        **figures,
        "versions": versions(peer),
        "not_measured": list(NOT_MEASURED),
    }


def _bytes(carried: Carried) -> int:
    """Add up the messages of the measured time, framing included."""
    total = 0
    for log in carried.logs:
        arrived = log.frames[:, FRAME_COLUMNS.index("arrived_ns")]
        is_measured = (arrived >= carried.window_ns[0]) & (arrived < carried.window_ns[1])
        total += int(log.frames[is_measured, FRAME_COLUMNS.index("bytes")].sum())
    return total


@contextmanager
def _serving(peer: Peer, asked: Parameters, radius_m: float) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a peer's server on the server's core. Raises PeerError, ServerError."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    words = command(peer, [str(port), str(round(radius_m * 1000)), str(TICK_HZ), *peer.words])
    with tempfile.TemporaryDirectory(prefix="presence-benchmark-") as folder:
        log = Path(folder) / "server.log"
        with log.open("wb") as sink:
            process = started(words, os.environ | {"NODE_ENV": "production"}, asked.server_cpu, sink.fileno())
        try:
            _wait_for(process, port, log)
            yield process, port
        finally:
            stop(process)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(_LOOK_S)
        else:
            return
    raise ServerError(f"the server did not start: {log.read_text(encoding='utf-8', errors='replace')[-500:]}")


def _ratio(one: float | None, other: float | None) -> float | None:
    return round(one / other, 3) if one and other else None
