"""Runs any scenario once: server process, generator processes, schedule, oracle, result."""

from __future__ import annotations

import resource
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from benchmarks import client_frames
from benchmarks.crowd_oracle import CrowdOracle
from benchmarks.evidence import gather
from benchmarks.expectations import FullRate
from benchmarks.generators import Generators
from benchmarks.parameters import PERIOD_NS, POSE_HZ
from benchmarks.plan import FIRST_SEQ, Plan, Role, Where
from benchmarks.result import Measurement, describe
from benchmarks.sampled_oracle import SampledOracle
from benchmarks.scenario import Played, most_at_once
from benchmarks.server_process import serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.evidence import Ints
    from benchmarks.motion import Motion
    from benchmarks.parameters import Parameters
    from benchmarks.plan import Log
    from benchmarks.process_usage import CpuTime
    from benchmarks.progress import Progress
    from benchmarks.scenario import Findings, Guest, Scenario, Staged
    from benchmarks.tick_times import TickTimes
    from benchmarks.vitals import Vitals

_LEAD_NS = 500_000_000  # between "everybody is there" and the first step
TAIL_STEPS = POSE_HZ // 2  # people go on for a moment, so that the last measured tick is like any other
_DEAF_STEPS = 3 * POSE_HZ  # for how long slow clients read nothing, so that they are behind when it counts
_WAY_IN_STEPS = 5 * POSE_HZ  # for the seats there must be: joining and hopping take two seconds
_OWN_OPTIONS = ("side_m", "joiners", "rate", "slow_share", "slow_bytes", "pairs")


def run(scenario: Scenario, asked: Parameters, progress: Progress) -> dict[str, Any]:
    """Run a scenario once and return the result as plain data.

    Raises ServerError or GeneratorError, both RuntimeErrors, where there is nothing to report.
    """
    allow_many_sockets()
    with serving(seats(scenario, asked), asked.server_cpu, scenario.radius_m, rules(scenario, asked)) as server:
        return measure(scenario, asked, server, progress)


class Server(Protocol):
    """A server that runs."""

    @property
    def url(self) -> str | None:
        """Where it is, for one that somebody else runs; None for our own."""

    @property
    def where(self) -> Where:
        """Where clients go."""

    @property
    def vitals(self) -> Vitals:
        """What can be known of its process."""

    def troubles(self) -> list[str]:
        """List what went wrong inside."""


def measure(scenario: Scenario, asked: Parameters, server: Server, progress: Progress) -> dict[str, Any]:
    """Run a scenario once on a server that runs, and return the result as plain data.

    Raises GeneratorError, a RuntimeError, where there is nothing to report.
    """
    script = Script.write(scenario, asked)
    carried = carry_out(script.deal(asked, server.where), asked, server.vitals, progress)
    return conclude(scenario, asked, script, carried, progress, url=server.url, inside=server.troubles())


@dataclass(frozen=True, slots=True)
class Script:
    """Who comes when, how they move, and what they send: the same for the same parameters, on every machine."""

    guests: list[Guest]
    staged: Staged
    poses: tuple[client_frames.Bytes, Ints]  # frames (steps, people, widest), and how long each person's are
    rng: np.random.Generator

    @classmethod
    def write(cls, scenario: Scenario, asked: Parameters) -> Script:
        """Write it."""
        rng = np.random.default_rng(asked.seed)
        guests = scenario.guests(asked)
        _, end = asked.measured_steps
        staged = scenario.stage(rng, asked, len(guests), end + TAIL_STEPS)
        return cls(guests, staged, client_frames.pose_frames(staged.motion, FIRST_SEQ, rng), rng)

    def deal(self, asked: Parameters, where: Where) -> list[Plan]:
        """Deal the clients out; once."""
        return deal(asked, self.guests, self.staged.motion, self.poses, where, self.rng)


def conclude(
    scenario: Scenario,
    asked: Parameters,
    script: Script,
    carried: Carried,
    progress: Progress,
    *,
    url: str | None,
    inside: Sequence[str] = (),
    machines: int = 1,
) -> dict[str, Any]:
    """Ask the oracle what it says to a load that was carried out, and describe the run.

    inside: what went wrong in the server. machines: that clients were on.
    """
    guests, staged = script.guests, script.staged
    start_ns, window_ns, logs = carried.start_ns, carried.window_ns, carried.logs
    visits = {number: visit for log in logs for number, visit in log.visits.items()}
    phases = asked.phases_ns(len(guests))
    first_steps = np.array([visits[k].first_step if k in visits else 0 for k in range(len(guests))], np.int64)

    def sent_ns(who: Ints, seq: Ints) -> Ints:
        return start_ns + (seq - FIRST_SEQ + first_steps[who]) * PERIOD_NS + phases[who]

    evidence = gather(staged.motion, logs, sent_ns)
    slow = frozenset(number for number, guest in enumerate(guests) if guest.is_slow)
    radius_mm = logs[0].radius_mm
    oracle: SampledOracle | CrowdOracle
    if has_choice(scenario, asked):
        oracle = CrowdOracle(evidence, radius_mm, logs[0].budget_bytes_per_s, window_ns)
    else:
        oracle = SampledOracle(evidence, FullRate(radius_mm), window_ns, slow)
    with progress.stage("asking the oracle", oracle.ticks) as advance:
        verdict = oracle.replay(advance)
    played = Played(
        guests=guests,
        visits=visits,
        evidence=evidence,
        arrived_ns=lambda number: start_ns + guests[number].arrives * PERIOD_NS,
        window_ns=window_ns,
        rows=evidence.measured_rows(window_ns),
    )
    cores = asked.generators if asked.generator_cpu is None else 1
    return describe(
        scenario.name,
        _workload(scenario, asked, url)
        | staged.facts
        | {"pose_bytes": float(client_frames.pose_lengths(staged.motion).mean())},
        Measurement(
            verdict=verdict,
            logs=logs,
            measured_steps=asked.measured_steps,
            server=carried.used,
            ticks=carried.ticks,
            server_growth_kib=carried.growth_kib,
            generator_cores=cores * machines,
            seconds=asked.seconds,
            troubles=[*inside, *(what for log in logs for what in log.troubles)],
            is_lively=scenario.is_lively,
            findings=_with_crowd(scenario.judge(played), oracle, logs[0].tick_hz),
        ),
    )


def has_choice(scenario: Scenario, asked: Parameters) -> bool:
    """Tell whether budgets or rings leave the server a choice of what it tells."""
    return scenario.is_budgeted or asked.rings == "default"


def seats(scenario: Scenario, asked: Parameters) -> int:
    """Say how many people a server must be able to take."""
    return most_at_once(scenario.guests(asked), _WAY_IN_STEPS)


def rules(scenario: Scenario, asked: Parameters) -> list[str]:
    """Write the server's settings: without a choice, everybody within the radius is told of at every tick."""
    rings = [] if asked.rings == "default" else ["--rings", f"{scenario.radius_m}:1"]
    return rings if has_choice(scenario, asked) else [*rings, "--pose-budget-kbit", "1600"]


def _with_crowd(findings: Findings, oracle: SampledOracle | CrowdOracle, tick_hz: int) -> Findings:
    if isinstance(oracle, SampledOracle):
        return findings
    return replace(findings, figures=findings.figures | oracle.figures(1000 / tick_hz))


def _workload(scenario: Scenario, asked: Parameters, url: str | None) -> dict[str, Any]:
    """Describe what was asked for, without the options of other scenarios."""
    told = {
        name: value for name, value in asdict(asked).items() if name not in _OWN_OPTIONS or name in scenario.options
    }
    pinned = {"server_cpu": asked.server_cpu if url is None else None}
    return told | pinned | {"url": url, "pose_hz": POSE_HZ}


@dataclass(frozen=True, slots=True)
class Carried:
    """What a load that was carried out left behind: logs, and figures of the server over the measured time."""

    logs: list[Log]
    start_ns: int
    window_ns: tuple[int, int]
    used: CpuTime
    ticks: TickTimes
    growth_kib: float  # of resident memory, from before anybody came


def carry_out(
    plans: list[Plan], asked: Parameters, vitals: Vitals, progress: Progress, starts_at: float | None = None
) -> Carried:
    """Let generator processes do as planned, and watch a server while it is measured.

    starts_at: when the first step is, in Unix time, where several machines agreed on that; None for at once.
    """
    begin, end = asked.measured_steps
    empty_kib = vitals.resident_kib()
    with Generators(plans, asked.generator_cpu) as generators:
        with progress.stage("bringing people in", sum(len(plan.roles) for plan in plans)) as advance:
            generators.wait_until_ready(advance)
        start_ns = time.monotonic_ns() + _lead_ns(starts_at)
        generators.start(start_ns)
        window_ns = (start_ns + begin * PERIOD_NS, start_ns + end * PERIOD_NS)
        _sleep_until(window_ns[0], progress, "warming up")
        ticks_before = vitals.ticks()  # what the answer costs is not measured, neither here nor at the end
        before = vitals.cpu()
        _sleep_until(window_ns[1], progress, "measuring")
        used, full_kib = vitals.cpu().since(before), vitals.resident_kib()
        ticked = vitals.ticks().since(ticks_before)
        return Carried(generators.logs(), start_ns, window_ns, used, ticked, full_kib - empty_kib)


def _lead_ns(starts_at: float | None) -> int:
    """Say how long it is until the first step. Raises RuntimeError where an agreed one can no longer be kept."""
    if starts_at is None:
        return _LEAD_NS
    lead_ns = int((starts_at - time.time()) * 1e9)
    if lead_ns < _LEAD_NS:
        late_s = (_LEAD_NS - lead_ns) / 1e9
        raise RuntimeError(f"everybody was there {late_s:.1f} s too late for the agreed start: agree on a later one")
    return lead_ns


def deal(
    asked: Parameters,
    guests: list[Guest],
    motion: Motion,
    poses: tuple[client_frames.Bytes, Ints],
    where: Where,
    rng: np.random.Generator,
    peer: str | None = None,
) -> list[Plan]:
    """Deal the clients out to the generator processes, like cards.

    poses: frames (steps, people, widest), and how long each person's are. peer: whose server it is, if not ours.
    """
    people = len(guests)
    frames, lengths = poses
    sampled = set(rng.choice(people, min(asked.observers, people), replace=False).tolist())
    phases = asked.phases_ns(people).tolist()
    roles = [
        Role(
            number=number,
            start_mm=tuple(motion.position_mm[0, number].tolist()),
            phase_ns=phases[number],
            frame_bytes=int(lengths[number]),
            is_sampled=number in sampled,
            is_still=bool(motion.is_still[number]),
            is_slow=guest.is_slow,
            arrives=guest.arrives,
            stays=guest.stays,
        )
        for number, guest in enumerate(guests)
    ]
    return [
        Plan(
            where=where,
            roles=roles[k :: asked.generators],
            frames=np.ascontiguousarray(frames[:, k :: asked.generators]),
            period_ns=PERIOD_NS,
            measured_steps=asked.measured_steps,
            mask_seed=int(rng.integers(2**32)),
            deaf_step=max(1, asked.measured_steps[0] - _DEAF_STEPS),
            slow_bytes_per_step=-(-asked.slow_bytes // POSE_HZ),
            peer=peer,
        )
        for k in range(asked.generators)
    ]


def _sleep_until(moment_ns: int, progress: Progress, what: str) -> None:
    """Sleep until a moment of the monotonic clock, moving a bar a few times a second."""
    begin_ns = time.monotonic_ns()
    with progress.stage(what, (moment_ns - begin_ns) / 1e9) as advance:
        while (left_ns := moment_ns - time.monotonic_ns()) > 0:
            time.sleep(min(0.25, left_ns / 1e9))
            advance((time.monotonic_ns() - begin_ns) / 1e9)


def allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one: each client is a socket, here and in the server."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
