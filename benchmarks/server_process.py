"""The server under test: the real command, in a process of its own, on a core of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.plan import Where
from benchmarks.vitals import OfProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_START_S = 60.0  # on a busy machine; a server that cannot start ends at once
_STOP_S = 10.0
_SPARE_SESSIONS = 16  # beyond those measured


class ServerError(RuntimeError):
    """The server did not start."""


class ServerProcess:
    """A running `presence serve`."""

    def __init__(self, process: subprocess.Popen[bytes], ports: Mapping[str, int], log: Path) -> None:
        """ports: those of `http`, `tcp` and `metrics`."""
        self._process = process
        self._log = log
        self.url: str | None = None  # nobody else could find it there
        self.where = Where("127.0.0.1", ports["http"], f"127.0.0.1:{ports['http']}")
        self.tcp_port = ports["tcp"]
        self.metrics_url = f"http://127.0.0.1:{ports['metrics']}/metrics"
        self.vitals = OfProcess(process.pid, self.metrics_url)

    def troubles(self) -> list[str]:
        """List what went wrong inside: an early end, errors in the log."""
        lines = _lines(self._log)
        errors = [f"the server logged: {line[:500]}" for line in lines if '"level": "error"' in line]
        if self._process.poll() is None:
            return errors
        return [f"the server ended with exit code {self._process.returncode}", *errors, *lines[-1:]]


@contextmanager
def serving(people: int, cpu: int | None, radius_m: float, rules: list[str]) -> Iterator[ServerProcess]:
    """Run a server that lets in `people` guests from this machine, all at once if need be.

    rules: flags about what they are told. Every other setting is at its default, except that they see each other within
    `radius_m`.

    cpu: the core it is pinned to; None for any. Raises ServerError.
    """
    with tempfile.TemporaryDirectory(prefix="presence-benchmark-") as folder:
        log = Path(folder) / "server.log"
        with log.open("wb") as sink:
            process = _start(people, cpu, [*rules, "--interest-radius-m", str(radius_m)], sink.fileno())
        try:
            yield ServerProcess(process, _ports(process, log), log)
        finally:
            stop(process)


def _start(people: int, cpu: int | None, rules: list[str], log: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "presence", "serve", "--config", os.devnull, "--host", "127.0.0.1"]
    command += ["--port", "0", "--tcp-port", "0", "--metrics-port", "0", "--log-format", "json"]
    command += ["--allow-guests", "--trust-loopback", "--room-capacity", str(people)]
    command += ["--max-sessions", str(people + _SPARE_SESSIONS), "--max-half-open", str(people + _SPARE_SESSIONS)]
    command += ["--rooms", "lobby=plaza", *rules]
    environ = {name: value for name, value in os.environ.items() if not _is_setting(name)}
    return started(command, environ, cpu, log)


def started(command: Sequence[str], environ: Mapping[str, str], cpu: int | None, log: int) -> subprocess.Popen[bytes]:
    """Start a server on a core, which all its threads keep to; None for any. log: a file descriptor."""
    before = os.sched_getaffinity(0)
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})  # the child inherits it from its first instruction on
    try:
        return subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    finally:
        os.sched_setaffinity(0, before)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a server to end, and end it if it does not."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_setting(variable: str) -> bool:
    return variable.startswith("PRESENCE_") or variable in ("PORT", "TCP_PORT")


def _ports(process: subprocess.Popen[bytes], log: Path) -> dict[str, int]:
    """Wait until the server says where it listens: for clients of either transport, and for readers of metrics."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        for line in _lines(log):
            if '"listening"' in line:
                told = json.loads(line)
                return {name: int(told[f"{name}_port"]) for name in ("http", "tcp", "metrics")}
        time.sleep(0.02)
    raise ServerError("the server did not start: " + " ".join(_lines(log)[-5:]))


def _lines(log: Path) -> list[str]:
    """Return the whole lines of a log that is still being written."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return text[: text.rfind("\n") + 1].splitlines()
