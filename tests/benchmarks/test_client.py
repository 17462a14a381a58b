"""A client of the load comes in as the protocol says, and is patient with a server that has too much to do."""

from __future__ import annotations

import socket
from collections import deque
from typing import Any, cast

import numpy as np
import pytest

from benchmarks.client import Client
from benchmarks.plan import Plan, Role, Where
from benchmarks.record import Record
from benchmarks.switchboard import Kind, Mail, Switchboard
from protocol.codec import decode, encode
from protocol.errors import Refusal
from protocol.schema import Error, Join, Sender, Welcome
from tests.hubs import Desk


class Board:
    """What a client says, in order."""

    def __init__(self) -> None:
        self.said: deque[Any] = deque()
        self.left_ns = np.full(1, -1)

    def connect(self, line: int, fd: int) -> None:
        """Take a line."""

    def send(self, line: int, data: bytes) -> None:
        """Take bytes that are no message."""

    def say(self, _line: int, payload: bytes) -> None:
        """Take a message."""
        self.said.append(decode(payload, Sender.CLIENT))


def welcomed() -> tuple[Client, Board, Record]:
    """Bring a client as far as its join."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        role = Role(0, (0, 0, 0), 0, 40, is_sampled=False)
        port: int = listener.getsockname()[1]
        frames = np.zeros((1, 1, 40), np.uint8)
        plan = Plan(Where("127.0.0.1", port, "localhost"), [role], frames, 50_000_000, (0, 1), mask_seed=1)
        board, record = Board(), Record()
        client = Client(0, plan, record, cast("Switchboard", board))
    client.take(Mail(0, Kind.CONNECTED, "", b""))
    client.take(Mail(0, Kind.UPGRADED, "", b"HTTP/1.1 101 Switching Protocols"))
    tell(client, Desk().guest().last(Welcome))
    return client, board, record


def tell(client: Client, message: Any) -> None:
    """Let the server say something."""
    client.take(Mail(0, Kind.MESSAGE, "", encode(message)))


def test_who_is_put_off_asks_again_later() -> None:
    """It is no trouble that an overloaded server lets nobody in for a while."""
    client, board, record = welcomed()
    assert isinstance(board.said.pop(), Join)
    board.said.clear()
    tell(client, Error(0, 1, Refusal.OVERLOADED, "try again"))
    assert (list(board.said), record.troubles) == ([], [])
    _, _, wake = record.timers.pop()
    wake()
    assert isinstance(board.said.pop(), Join)
    client.close()


def test_any_other_refusal_ends_the_run() -> None:
    """Of somebody who was to be there from the start."""
    client, _, record = welcomed()
    with pytest.raises(RuntimeError, match="room_full: full"):
        tell(client, Error(0, 1, Refusal.ROOM_FULL, "full"))
    assert len(record.troubles) == 1
    client.close()
