"""The peers: which program each is, which dialect it speaks, and what is said of it in a result."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Peer:
    """One other server.

    program: below this folder; started with port, radius in mm and ticks a second, then `words`. packages: whose
    versions are told. needs_libc: it is published for C libraries from 2.38 on.
    """

    name: str
    what: str
    program: str
    dialect: str
    packages: tuple[str, ...]
    words: tuple[str, ...] = ()
    needs_libc: bool = field(default=False)

    @property
    def is_node(self) -> bool:
        """Whether Node runs it, or Python."""
        return self.program.endswith(".mjs")


_COLYSEUS = ("@colyseus/core", "@colyseus/schema")
_ALL = (
    Peer(
        "colyseus-ws",
        "Colyseus, a StateView for each client filled from a grid, over `ws`",
        "colyseus/server.mjs",
        "colyseus",
        (*_COLYSEUS, "@colyseus/ws-transport", "bufferutil"),
        ("ws",),
    ),
    Peer(
        "colyseus-uws",
        "the same over uWebSockets.js",
        "colyseus/server.mjs",
        "colyseus",
        (*_COLYSEUS, "@colyseus/uwebsockets-transport", "uWebSockets.js"),
        ("uws",),
        needs_libc=True,
    ),
    Peer(
        "socketio",
        "Socket.IO with its msgpack parser, a hand-written grid and binary records",
        "socketio/server.mjs",
        "socketio",
        ("socket.io", "socket.io-msgpack-parser", "bufferutil"),
    ),
    Peer(
        "ws",
        "`ws` on Node with a hand-written grid and binary records",
        "ws/server.mjs",
        "records",
        ("ws", "bufferutil"),
    ),
    Peer(
        "picows",
        "picows on uvloop with a hand-written grid in Python and binary records",
        "picows/server.py",
        "records",
        ("picows", "uvloop"),
    ),
    Peer(
        "websockets",
        "`websockets` as first written: JSON, everybody compared with everybody",
        "websockets/server.py",
        "naive",
        ("websockets",),
    ),
)
PEERS = {peer.name: peer for peer in _ALL}


def chosen(names: str) -> list[Peer]:
    """Read a list of names with commas between, or `all`. Raises ValueError for one that nobody has."""
    if names == "all":
        return list(_ALL)
    unknown = [name for name in names.split(",") if name not in PEERS]
    if unknown:
        raise ValueError(f"no peer is called {unknown[0]}, there are: {', '.join(PEERS)}")
    return [PEERS[name] for name in names.split(",")]
