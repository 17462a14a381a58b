"""A real server process for tests, and clients of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from presence.certificate import Certificate, ensure_certificate
from tests.integration.peer import Peer

ROOT = Path(__file__).resolve().parents[2]
START_S = 30.0
STOP_S = 10.0


# The room of most tests: wide, flat, and nearly empty.
LOBBY = ("--rooms", "lobby=plaza")


class RunningServer:
    """A `presence serve` process, its addresses and its log."""

    def __init__(self, *flags: str, **env: str) -> None:
        """Start one on free ports. Raises AssertionError with its output where it does not serve."""
        command = [sys.executable, "-m", "presence", "serve", "--log-format", "json", *flags]
        if "--port" not in flags:
            command += ["--port", "0"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PRESENCE_")}
        for name in ("PORT", "TCP_PORT"):
            clean.pop(name, None)
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=clean | env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        self.log: list[dict[str, Any]] = []
        self.raw: list[str] = []
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        assert self._listening.wait(START_S), f"does not serve: {self.raw}"
        line = next((line for line in self.log if line["event"] == "listening"), None)
        if line is None:
            self.stop()
            raise AssertionError(f"ended at once: {self.raw}")
        secure = "s" if line["tls"] else ""
        self.tcp_url = f"tcp{secure}://127.0.0.1:{line['tcp_port']}"
        self.ws_url = f"ws{secure}://127.0.0.1:{line['http_port']}"
        self.http_url = f"http{secure}://127.0.0.1:{line['http_port']}"
        self.metrics_url = f"http://127.0.0.1:{line['metrics_port']}"

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.raw.append(line)
            with contextlib.suppress(ValueError):
                self.log.append(json.loads(line))
                if self.log[-1].get("event") == "listening":
                    self._listening.set()
        self._listening.set()

    def url(self, transport: str) -> str:
        """Return the address of a transport, "tcp" or "ws"."""
        return self.tcp_url if transport == "tcp" else self.ws_url

    def lines(self, event: str) -> list[dict[str, Any]]:
        """List the log lines of one event so far."""
        return [line for line in self.log if line["event"] == event]

    def wait_for_line(self, event: str, **fields: object) -> dict[str, Any]:
        """Wait for a log line with these fields."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            for line in self.lines(event):
                if fields.items() <= line.items():
                    return line
            time.sleep(0.01)
        raise AssertionError(f"no {event} line with {fields}: {self.raw}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it in good order; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not stop within {STOP_S} s: {self.raw}") from None
        finally:
            self._reader.join(STOP_S)
            assert self.process.stderr is not None
            self.process.stderr.close()
        return code

    def check_log(self) -> None:
        """Fail if the server logged a trouble of its own."""
        bad = [line for line in self.log if line["level"] in ("error", "critical") or "exception" in line]
        plain = [line for line in self.raw if not line.startswith("{")]
        assert not bad, bad
        assert not plain, plain


class Connect(Protocol):
    """Opens a connection to the module's server, or to another one: `connect("tcp")`, `connect("ws", other)`."""

    def __call__(self, transport: str, to: RunningServer = ..., **more: Any) -> Peer:
        """Open one; `more` goes to Peer."""


class StartServer(Protocol):
    """Starts a server with flags and environment; it is stopped after the test."""

    def __call__(self, *flags: str, **env: str) -> RunningServer:
        """Start one."""


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """Start servers; each must stop with exit code 0 and without an error in its log."""
    started: list[RunningServer] = []

    def start(*flags: str, **env: str) -> RunningServer:
        running = RunningServer(*LOBBY, *flags, **env)
        started.append(running)
        return running

    yield start
    codes = [running.stop() for running in started]
    assert codes == [0] * len(started)
    for running in started:
        running.check_log()


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server that takes guests, shared by a module's tests."""
    running = RunningServer("--allow-guests", *LOBBY)
    yield running
    assert running.stop() == 0
    running.check_log()


@pytest.fixture
def connect(server: RunningServer) -> Iterator[Connect]:
    """Open connections to `server`, or to another one; they are closed after the test."""
    with contextlib.ExitStack() as stack:

        def open_one(transport: str, to: RunningServer = server, **more: Any) -> Peer:
            return stack.enter_context(Peer(to.url(transport), **more))

        yield open_one


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for loopback."""
    return ensure_certificate(tmp_path_factory.mktemp("certificate"), ("localhost", "127.0.0.1"), datetime.now(UTC))
