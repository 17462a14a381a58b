"""How a test finds ports for a server that cannot be told to take any, and knows when it serves."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request


def first_of_three_free_ports() -> int:
    """Find a port that is free together with the next two, which the server takes for raw TCP and metrics."""
    for first in range(20000, 60000, 10):
        if all(is_free(first + step) for step in range(3)):
            return first
    raise AssertionError("no three free ports in a row")


def is_free(port: int) -> bool:
    """Tell whether a listener could bind `port` on loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def seconds_until_healthy(server: subprocess.Popen[bytes], port: int, deadline_s: float) -> float | None:
    """Poll /healthz until it answers; None when the server ends first or the deadline passes."""
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < deadline_s and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                assert answer.status == 200
                return elapsed
        except OSError:
            time.sleep(0.2)
    return None


def front_page(port: int) -> bytes:
    """Read what a browser is shown first."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        page: bytes = answer.read()
        return page
