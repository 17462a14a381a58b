"""How a test asks a server over HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request
from email.message import Message


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, Message, bytes]:
    """Send a request; return the status, headers and body of the answer."""
    request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310  our own server
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def figures(metrics_url: str) -> dict[str, float]:
    """Read every figure off a server's page of metrics, by its name and labels as they stand there."""
    page = ask(f"{metrics_url}/metrics")[2].decode()
    lines = (line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}
