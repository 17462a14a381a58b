"""A server that runs already, elsewhere: where it is, what clients show there, and what can be known of it.

It is neither started nor stopped nor pinned. Everybody goes to a room of its own, so that the oracle knows everybody
there. Tokens are read here, dealt out in the plans of generators, and told to nobody else.
"""

from __future__ import annotations

import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.plan import Where
from benchmarks.vitals import OfPage

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_VARIABLE = "PRESENCE_TOKEN"  # noqa: S105  a name, and no token

_STDIN = "-"
_PORT = 80


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """A server that somebody else runs."""

    url: str | None
    where: Where
    vitals: OfPage

    def troubles(self) -> list[str]:
        """List what went wrong inside: nobody can know."""
        return []


def remote(url: str, tokens: tuple[str, ...], metrics_url: str | None, room: str = "") -> RemoteServer:
    """Find a server by its URL. room: where everybody goes; a new one if empty.

    Raises ValueError for what is no URL of ours, and RuntimeError for a host that is not known.
    """
    parts = urlsplit(url)
    if parts.scheme == "wss":
        raise ValueError("the generator speaks no TLS: name the server behind what ends it, as ws://…")
    if parts.scheme != "ws" or not parts.hostname or parts.path not in ("", "/") or parts.query or "@" in parts.netloc:
        raise ValueError(f"the URL must be like ws://HOST:PORT, it is {parts.scheme or 'without a scheme'}://…")
    port = parts.port or _PORT
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError as problem:
        raise RuntimeError(f"cannot find {parts.hostname}: {problem.strerror}; is the name right?") from problem
    host = str(found[0][4][0])
    where = Where(host, port, parts.netloc, room or f"benchmark-{secrets.token_hex(4)}", tokens=tokens)
    return RemoteServer(f"ws://{parts.netloc}", where, OfPage(metrics_url))


def read_tokens(source: str | None, environ: Mapping[str, str], clients: int) -> tuple[str, ...]:
    """Read tokens from a file (- for stdin), one a line; without a file, one from the environment; none for guests.

    Raises ValueError where there are neither enough for all, nor a single one.
    """
    if source is None:
        return tuple(filter(None, [environ.get(TOKEN_VARIABLE, "").strip()]))
    try:
        text = sys.stdin.read() if source == _STDIN else Path(source).read_text(encoding="utf-8")
    except OSError as problem:
        raise ValueError(f"cannot read tokens from {source}: {problem.strerror}") from problem
    tokens = tuple(filter(None, map(str.strip, text.splitlines())))
    if not tokens:
        raise ValueError(f"there is no token in {source}: write one on each line")
    if 1 < len(tokens) < clients:
        raise ValueError(
            f"{len(tokens)} tokens are too few for {clients} clients: a token for each, or a single one for all"
        )
    return tokens
