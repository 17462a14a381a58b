"""Whatever anybody sends: the server lives, says why it closes, keeps its memory, and others notice nothing.

`FUZZ_SEED` and `FUZZ_FRAMES` choose another run than the usual one; the seed and the figures go to stderr. A failure
names the frame in hexadecimal, which `presence wire decode -` reads, and `python -m tests.integration.fuzz_run` plays
its connection again.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from protocol.errors import Close
from protocol.framing import Framing
from tests.integration import close_codes
from tests.integration.conftest import LOBBY, ROOT, RunningServer
from tests.integration.fuzz_run import Run
from tests.integration.fuzzer import BYTE_MUTATIONS, CLIENT_SPECS, FRAME_MUTATIONS, VALUE_MUTATIONS
from tests.integration.issuer import Issuer
from tests.integration.peer import Peer, code_of

SEED = int(os.environ.get("FUZZ_SEED", "1"))
FRAMES = int(os.environ.get("FUZZ_FRAMES", "100000"))
LEAST_MUTATED = 0.6

WARM_UP = 0.2  # of the frames: by then every path was taken
# Of a server that takes 80 MB: what it may grow by. A room remembers each entity id that was used, with its generation
# and how long it rests: 3 MB when all 65,535 of them were; the rest is the allocator's.
MOST_GROWTH_MB = 16
SEAT_HELD_S = 2.0
LONGEST_GAP_MS = 1000
MOST_BEHIND = 20  # poses: a second of them

COVERED = ("protocol/codec.py", "protocol/framing.py", "protocol/records.py")
UNIT_TESTS = ("tests/protocol/test_codec.py", "tests/protocol/test_framing.py", "tests/protocol/test_records.py")
LEAST_COVERAGE = 0.95


class WatchedServer(RunningServer):
    """A server that writes more log than one wants to keep: what is in order is counted and forgotten."""

    info_lines = 0

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if self._listening.is_set() and '"level": "info"' in line and "Traceback" not in line:
                self.info_lines += 1
                continue
            self.raw.append(line)
            with contextlib.suppress(ValueError):
                self.log.append(json.loads(line))
                if self.log[-1].get("event") == "listening":
                    self._listening.set()
        self._listening.set()

    @property
    def has_trouble(self) -> bool:
        """Whether it has logged anything but info since it listens."""
        return len(self.raw) > 1

    @property
    def resident_mb(self) -> float:
        """How much memory it takes now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


class Bystanders:
    """The process of two clients who check what they are shown."""

    def __init__(self, running: RunningServer) -> None:
        command = [sys.executable, "-m", "tests.integration.bystanders", running.ws_url, running.tcp_url]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": "."},
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "watching\n"

    @property
    def have_left(self) -> bool:
        """Whether they ended by themselves, which they do when something is wrong."""
        return self._process.poll() is not None

    def report(self) -> dict[str, Any]:
        """Let them go, and return what they saw."""
        with self._process as process:
            written, _ = process.communicate("", timeout=30)
        report: dict[str, Any] = json.loads(written)
        return report


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    """Whoever signs tokens here; one user's are withdrawn."""
    made = Issuer(tmp_path)
    made.withdraw(f"sub:{close_codes.WITHDRAWN}")
    return made


@pytest.fixture
def under_fire(issuer: Issuer) -> Iterator[WatchedServer]:
    """The server that is fuzzed: it has no rate limits, so that every frame is looked at."""
    flags = ("--allow-guests", "--no-rate-limits", "--trust-loopback", "--resume-window-s", str(SEAT_HELD_S))
    running = WatchedServer(*_trusting(issuer), *flags, "--handshake-timeout-s", "2", "--heartbeat-s", "2")
    yield running
    running.stop()


@pytest.fixture
def strict(issuer: Issuer) -> Iterator[RunningServer]:
    """A server with its usual limits, and without guests."""
    running = RunningServer(*_trusting(issuer), "--max-per-address", str(close_codes.MAX_PER_ADDRESS))
    yield running
    assert running.stop() == 0
    running.check_log()


def _trusting(issuer: Issuer) -> tuple[str, ...]:
    return *LOBBY, "--keys-file", str(issuer.key_set_file), "--revoked-file", str(issuer.revoked_file)


def tell(**figures: object) -> None:
    """Write figures where a person who asks for them finds them."""
    sys.stderr.write(f"fuzz: {json.dumps(figures, default=str)}\n")


@pytest.mark.long
def test_nothing_that_is_sent_does_harm(
    under_fire: WatchedServer, strict: RunningServer, issuer: Issuer, tmp_path: Path
) -> None:
    """A hundred thousand frames, most mutated: right codes, no exception, flat memory, bystanders undisturbed."""
    tell(seed=SEED, frames=FRAMES)
    started = time.monotonic()
    bystanders = Bystanders(under_fire)
    run = Run(
        under_fire.ws_url, under_fire.tcp_url, SEED, FRAMES, lambda: under_fire.has_trouble or bystanders.have_left
    )
    warm_mb = uvloop.run(_go(run, under_fire))
    tally = run.tally
    (tmp_path / "recent.txt").write_text(
        "".join(f"{number} {frame.data.hex()}\n" for number, frame in tally.recent), "ascii"
    )

    assert not under_fire.has_trouble, f"{under_fire.raw[1]}\nthe frames before it are in {tmp_path / 'recent.txt'}"
    assert not tally.failures, f"seed {SEED}: " + "\n".join(map(str, tally.failures))
    seen = tally.closes.keys() | {act(under_fire, issuer) for act in close_codes.EASY.values()}
    seen |= {act(strict, issuer) for act in close_codes.STRICT.values()}
    time.sleep(SEAT_HELD_S)  # until the last session that was left is gone, with all it had
    grown_mb = under_fire.resident_mb - warm_mb
    report = bystanders.report()
    seen |= {_stopped(under_fire)}
    tell(
        seconds=round(time.monotonic() - started),
        sent=tally.frames,
        mutated=tally.mutated / tally.frames,
        mutations=tally.mutations,
        verdicts={verdict.value: count for verdict, count in tally.verdicts.items()},
        beside={"openings": tally.openings, "probes": tally.probes, "before welcome": tally.before_welcome},
        connections={framing.value: count for framing, count in tally.connections.items()},
        closes={code.name.lower(): count for code, count in tally.closes.items()},
        memory_mb={"warm": round(warm_mb, 1), "grown": round(grown_mb, 1)},
        log_lines=under_fire.info_lines,
        bystanders=report,
    )
    under_fire.check_log()
    assert not under_fire.has_trouble, under_fire.raw[1:]
    assert tally.mutated >= LEAST_MUTATED * tally.frames
    assert min(tally.connections[framing] for framing in Framing) > 0.4 * sum(tally.connections.values())
    assert tally.messages.keys() == {spec.name for spec in CLIENT_SPECS}
    assert tally.mutations.keys() >= {
        *VALUE_MUTATIONS,
        *BYTE_MUTATIONS,
        *FRAME_MUTATIONS[Framing.TCP],
        *FRAME_MUTATIONS[Framing.WEBSOCKET],
    }
    assert seen == set(Close)
    assert grown_mb <= MOST_GROWTH_MB
    for one in report.values():
        assert one["longest_gap_ms"] <= LONGEST_GAP_MS + one["longest_nap_ms"]
        assert one["most_behind"] <= MOST_BEHIND
        assert one["updates"] > 0.5 * one["snapshots"]


async def _go(run: Run, running: WatchedServer) -> float:
    """Let a run go on to its end; return how much memory the server took once it was warm, in MB."""
    await run.go(until=WARM_UP)
    warm_mb = running.resident_mb
    await run.go()
    return warm_mb


def _stopped(running: RunningServer) -> Close:
    """Stop a server, and return the code that a client of it hears."""
    with Peer(running.ws_url) as peer:
        peer.hello()
        running.process.terminate()
        code = code_of(peer.closing())
    assert running.stop() == 0
    return code


@pytest.mark.long
def test_the_decoders_are_reached(tmp_path: Path) -> None:
    """Mutated frames and unit tests take nearly every branch of the decoders; no bytes raise but ProtocolError."""
    report = tmp_path / "coverage.json"
    _under_coverage(tmp_path, "run", "-m", "tests.integration.decode_corpus", str(SEED), "2000")
    _under_coverage(tmp_path, "run", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *UNIT_TESTS)
    _under_coverage(tmp_path, "combine")
    _under_coverage(tmp_path, "json", "-o", str(report))
    files = json.loads(report.read_text("utf-8"))["files"]
    summaries = {name: files[name]["summary"] for name in COVERED}
    branches = {name: each["covered_branches"] / each["num_branches"] for name, each in summaries.items()}
    tell(branch_coverage=branches)
    assert min(branches.values()) >= LEAST_COVERAGE


def _under_coverage(folder: Path, *words: str) -> None:
    settings = folder / "coveragerc"
    settings.write_text("[run]\nbranch = true\nparallel = true\ninclude =\n    " + "\n    ".join(COVERED), "utf-8")
    subprocess.run(
        [sys.executable, "-m", "coverage", words[0], "--rcfile", str(settings), *words[1:]],
        cwd=ROOT,
        env=os.environ | {"COVERAGE_FILE": str(folder / "coverage")},
        check=True,
        timeout=300,
        stdout=subprocess.PIPE,
    )
