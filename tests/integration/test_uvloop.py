"""What reading and writing sockets past the event loop takes for granted about it (docs/decisions/0011)."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import cast

import uvloop


class Witness(asyncio.Protocol):
    """Takes note of what its transport does."""

    def __init__(self, *, reads: bool = True) -> None:
        self.transport: asyncio.Transport
        self.number = -1
        self.received = b""
        self.was_open = False  # when the loss was told
        self.lost = asyncio.Event()
        self._reads = reads

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Have every write go out at once, and read or not."""
        self.transport = cast("asyncio.Transport", transport)
        self.number = transport.get_extra_info("socket").fileno()
        self.transport.set_write_buffer_limits(high=0)
        if not self._reads:
            asyncio.get_running_loop().call_soon(self.transport.pause_reading)

    def data_received(self, data: bytes) -> None:
        """Keep what comes."""
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """See whether the socket is still there."""
        with suppress(OSError):
            os.fstat(self.number)
            self.was_open = True
        self.lost.set()


async def accepted(protocol: Witness) -> socket.socket:
    """Connect a protocol to a plain socket; return that."""
    near, far = socket.socketpair()
    near.setblocking(False)
    await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, near)
    return far


def test_a_write_is_on_the_socket_before_it_returns() -> None:
    """So that whoever writes to the socket itself afterwards does not overtake it."""

    async def go() -> bytes:
        protocol = Witness()
        with await accepted(protocol) as far:
            protocol.transport.write(b"first ")
            os.write(protocol.number, b"second")
            protocol.transport.abort()
            await protocol.lost.wait()
            return far.recv(100)

    assert uvloop.run(go()) == b"first second"


def test_a_sockets_number_is_its_own_until_the_loss_has_been_told() -> None:
    """Also after an error, which is when nobody but the loop knows of it: no other client can have the number yet."""

    async def go() -> bool:
        protocol = Witness()
        (await accepted(protocol)).close()
        protocol.transport.write(b"into the void")
        protocol.transport.abort()
        os.fstat(protocol.number)
        await protocol.lost.wait()
        return protocol.was_open

    assert uvloop.run(go())


def test_a_transport_that_pauses_as_it_begins_reads_nothing() -> None:
    """And reads the end once it is told to."""

    async def go() -> tuple[bytes, bytes]:
        protocol = Witness(reads=False)
        with await accepted(protocol) as far:
            await asyncio.sleep(0)
            far.send(b"hello")
            for _ in range(5):
                await asyncio.sleep(0)
            taken = os.read(protocol.number, 100)
        protocol.transport.resume_reading()
        await protocol.lost.wait()
        return taken, protocol.received

    assert uvloop.run(go()) == (b"hello", b"")
