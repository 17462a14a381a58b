"""What README promises of a machine with only Python, venv and make, tried on such a machine."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import bare_root
from tests.integration.serving import first_of_three_free_ports, front_page, seconds_until_healthy

pytestmark = [pytest.mark.long, bare_root.skip_unless_possible]

PREREQUISITES = ("python3", "python3-venv", "make", "ca-certificates")
COLD_START_S = 180
WARM_START_S = 5
STOP_S = 30


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Path]:
    """A bare root with the checkout in /presence."""
    with bare_root.removed_afterwards(tmp_path / "machine") as root:
        bare_root.make_bare_root(root, PREREQUISITES)
        bare_root.copy_checkout(root / "presence")
        yield root


def test_make_run_serves_the_app_soon_and_dies_with_its_group(machine: Path, tmp_path: Path) -> None:
    """Cold within 3 minutes, warm within 5 s; a SIGTERM to its group leaves no process behind."""
    log = tmp_path / "run.log"
    for deadline_s in (COLD_START_S, WARM_START_S):
        port = first_of_three_free_ports()
        command = ("make", "-C", "/presence", "run", f"PORT={port}", "BOTS=3")
        with log.open("wb") as output:
            server = start(machine, *command, output=output.fileno())
            try:
                serving_after_s = seconds_until_healthy(server, port, deadline_s=deadline_s)
                assert serving_after_s is not None, log.read_text()
                assert b'<script type="module"' in front_page(port)
                assert len(processes_inside(machine)) >= 3, "make, the server and its bots"
                os.killpg(server.pid, signal.SIGTERM)
                server.wait(STOP_S)
                assert emptied(machine, within_s=STOP_S), log.read_text()
            finally:
                end(machine, server)


def test_ci_passes(machine: Path, tmp_path: Path) -> None:
    """`.ci/run` passes, and its last line is pytest's summary."""
    log = tmp_path / "ci.log"
    with log.open("wb") as output:
        run = start(machine, "/presence/.ci/run", output=output.fileno())
        try:
            code = run.wait()
        finally:
            end(machine, run)
    text = log.read_text()
    assert code == 0, text[-8000:]
    assert " passed" in text.splitlines()[-1]


def start(machine: Path, *command: str, output: int) -> subprocess.Popen[bytes]:
    """Run `command` inside the machine, as the leader of a process group of its own."""
    return subprocess.Popen(
        bare_root.entering(machine, *command),
        env=bare_root.environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def end(machine: Path, leader: subprocess.Popen[bytes]) -> None:
    """Kill whatever still runs inside the machine."""
    for pid in processes_inside(machine):
        os.kill(pid, signal.SIGKILL)
    leader.wait(STOP_S)


def emptied(machine: Path, within_s: float) -> bool:
    """Tell whether every process inside the machine ends in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not processes_inside(machine):
            return True
        time.sleep(0.1)
    return False


def processes_inside(machine: Path) -> list[int]:
    """List the processes whose root is the machine: also those that left the process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "root").readlink() == machine:
                    found.append(int(entry.name))
            except OSError:  # it ended meanwhile
                continue
    return found
