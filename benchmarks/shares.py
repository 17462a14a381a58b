"""Several machines that load one server together, each with a share of the clients, and share nothing but files.

They agree beforehand on everything that matters: scenario, parameters, seed, and a moment at which all begin. From
these follow, on each by itself, who walks where and sends when, and the room that all meet in. Each writes what its
clients did and saw, its evidence, to a file; from all files together the oracle judges the run.

Their clocks differ, and nothing is done to hide that. The oracle needs no clock: it goes by ticks and by acknowledged
sequences. Times in a file count from its machine's own start, so they are off by as much as the clocks are; latency is
counted where subject and observer were on one machine, and nowhere else.

A file is an archive of numpy arrays, read without pickle, since it comes from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import engine
from benchmarks.engine import Carried, Script
from benchmarks.environment import describe_environment
from benchmarks.parameters import PERIOD_NS, Parameters
from benchmarks.plan import FRAME_COLUMNS, Log, Visit
from benchmarks.process_usage import CpuTime
from benchmarks.result import per, spread
from benchmarks.scenarios import SCENARIOS
from benchmarks.tick_times import TickTimes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.progress import Progress
    from benchmarks.remote import RemoteServer
    from benchmarks.scenario import Scenario

FORMAT = 1

_NOT_SHARED = ("server_cpu", "generator_cpu")  # parameters that may differ between machines
_KEPT_COLUMNS = 3  # client, arrived ns, length
_TOGETHER = ("format", "scenario", "parameters", "of", "starts_at", "script")  # what all files must agree on


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of the clients one machine takes, and when all machines begin (Unix time)."""

    number: int
    of: int
    starts_at: float

    @classmethod
    def read(cls, part: str, start: str) -> Share:
        """Read `2/3` and a time such as `2030-01-31T12:00:00Z`. Raises ValueError."""
        found = re.fullmatch(r"(\d+)/(\d+)", part)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise ValueError(f"share is {part}, it must be like 1/3, 2/3 or 3/3")
        try:
            at = datetime.fromisoformat(start)
        except ValueError as problem:
            raise ValueError(f"start is {start}, it must be a time like 2030-01-31T12:00:00Z") from problem
        if at.tzinfo is None:
            raise ValueError(f"start is {start}, it must say its time zone: machines may be set to different ones")
        return cls(int(found[1]), int(found[2]), at.timestamp())

    def room(self, scenario: str, seed: int) -> str:
        """Name the room that all machines meet in."""
        return f"benchmark-{scenario}-{seed}-{int(self.starts_at * 1000)}"


def contribute(
    scenario: Scenario, asked: Parameters, server: RemoteServer, share: Share, file: Path, progress: Progress
) -> dict[str, Any]:
    """Carry out one machine's share of a run, and write its evidence. Returns what there is to say of it.

    Raises ValueError for a scenario of several runs, and RuntimeError where the share came to nothing.
    """
    if scenario.repeat is not None:
        raise ValueError(f"{scenario.name} is several runs, which cannot be shared")
    script = Script.write(scenario, asked)
    everybody = replace(asked, generators=asked.generators * share.of)
    plans = script.deal(everybody, server.where)[share.number - 1 :: share.of]
    carried = engine.carry_out(plans, asked, server.vitals, progress, share.starts_at)
    header = {
        "format": FORMAT,
        "scenario": scenario.name,
        "parameters": asdict(asked),
        "share": share.number,
        "of": share.of,
        "starts_at": share.starts_at,
        "script": _digest(script),
        "url": server.url,
        "environment": describe_environment(),
    }
    write(file, header, merged(carried.logs), carried.start_ns)
    return {"scenario": scenario.name, "invalid": None, "share": f"{share.number}/{share.of}", "evidence": str(file)}


def join(files: Sequence[Path], progress: Progress) -> dict[str, Any]:
    """Judge the shares of all machines as one run. Raises ValueError for files that do not belong together."""
    headers, logs = zip(*map(read, files), strict=True)
    first = headers[0]
    for header, file in zip(headers, files, strict=True):
        for what in _TOGETHER:
            if _comparable(header[what]) != _comparable(first[what]):
                raise ValueError(f"{file} is of another run than {files[0]}: they differ in {what}")
    if sorted(header["share"] for header in headers) != list(range(1, first["of"] + 1)):
        found = ", ".join(f"{header['share']}/{header['of']}" for header in headers)
        raise ValueError(f"a run of {first['of']} shares needs each of them once, here are {found}")
    scenario = SCENARIOS[first["scenario"]]
    asked = Parameters(**first["parameters"] | dict.fromkeys(_NOT_SHARED))
    script = Script.write(scenario, asked)
    if _digest(script) != first["script"]:
        raise ValueError(
            "people walk differently here than where the files are from: use the same version and packages"
        )
    begin, end = asked.measured_steps
    window_ns = (begin * PERIOD_NS, end * PERIOD_NS)
    told = [replace(log, clock=machine) for machine, log in enumerate(logs)]
    unknown = CpuTime(asked.seconds, nan, nan)
    carried = Carried(told, 0, window_ns, unknown, TickTimes.untold(), nan)
    result = engine.conclude(scenario, asked, script, carried, progress, url=first["url"], machines=len(files))
    return result | {"shares": [_described(*each, asked) for each in zip(headers, logs, strict=True)]}


def _described(header: dict[str, Any], log: Log, asked: Parameters) -> dict[str, Any]:
    begin, end = asked.measured_steps
    lateness_ns = log.lateness_ns[begin:end]
    return {
        "share": f"{header['share']}/{header['of']}",
        "generator_cpu": per(log.cpu_ns, round(asked.seconds * 1e9)),
        "generator_lateness_ms": spread(lateness_ns[lateness_ns >= 0] / 1e6),
        "environment": header["environment"],
    }


def _comparable(value: Any) -> Any:
    """Leave out of parameters what may differ between machines."""
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if name not in _NOT_SHARED}
    return value


def _digest(script: Script) -> str:
    frames, lengths = script.poses
    return hashlib.sha256(frames.tobytes() + lengths.tobytes()).hexdigest()[:16]


# --- logs -------------------------------------------------------------------------------------------------------------


def merged(logs: Sequence[Log]) -> Log:
    """Put the logs of the generator processes of one machine together."""
    return replace(
        logs[0],
        frames=np.concatenate([log.frames for log in logs]),
        sampled={number: received for log in logs for number, received in log.sampled.items()},
        visits={number: visit for log in logs for number, visit in log.visits.items()},
        lateness_ns=np.concatenate([log.lateness_ns for log in logs], axis=1),
        cpu_ns=sum(log.cpu_ns for log in logs),
        troubles=[what for log in logs for what in log.troubles],
    )


# --- files ------------------------------------------------------------------------------------------------------------


def write(file: Path, header: dict[str, Any], log: Log, start_ns: int) -> None:
    """Write the evidence of one machine. start_ns: its first step, from which the times in the file count."""
    frames = log.frames.copy()
    frames[:, FRAME_COLUMNS.index("arrived_ns")] -= start_ns
    kept = [(number, arrived_ns - start_ns, data) for number, told in log.sampled.items() for arrived_ns, data in told]
    visits = {
        number: asdict(visit)
        | {
            "joined_ns": visit.joined_ns - start_ns,
            "left_ns": None if visit.left_ns is None else visit.left_ns - start_ns,
        }
        for number, visit in log.visits.items()
    }
    rest = {name: getattr(log, name) for name in ("cpu_ns", "troubles", "radius_mm", "tick_hz", "budget_bytes_per_s")}
    text = json.dumps(header | {"log": rest, "visits": visits, "sampled": sorted(log.sampled)})
    with file.open("wb") as sink:
        np.savez_compressed(
            sink,
            header=np.frombuffer(text.encode(), np.uint8),
            frames=frames,
            lateness_ns=log.lateness_ns,
            kept=np.array([(number, at, len(data)) for number, at, data in kept], np.int64).reshape(-1, _KEPT_COLUMNS),
            kept_bytes=np.frombuffer(b"".join(data for *_, data in kept), np.uint8),
        )


def read(file: Path) -> tuple[dict[str, Any], Log]:
    """Read the evidence of one machine: its header and its log. Raises ValueError for anything else."""
    try:
        with np.load(file, allow_pickle=False) as parts:
            header = json.loads(parts["header"].tobytes())
            data, at = parts["kept_bytes"].tobytes(), 0
            sampled: dict[int, list[tuple[int, bytes]]] = {number: [] for number in header.pop("sampled")}
            for number, arrived_ns, length in parts["kept"].tolist():
                sampled[number].append((arrived_ns, data[at : at + length]))
                at += length
            visits = {
                int(number): Visit(**visit | {"stops": list(map(tuple, visit["stops"]))})
                for number, visit in header.pop("visits").items()
            }
            log = Log(
                frames=parts["frames"],
                sampled=sampled,
                visits=visits,
                lateness_ns=parts["lateness_ns"],
                **header.pop("log"),
            )
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as problem:
        raise ValueError(f"{file} is no evidence of a share: {problem}") from problem
    if header.get("format") != FORMAT:
        raise ValueError(f"{file} has format {header.get('format')}, this reads {FORMAT}")
    return header, log
