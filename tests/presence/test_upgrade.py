"""presence.upgrade: a real aiohttp server, a real socket, and the transport changing hands."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
import uvloop
from aiohttp import web

from presence import upgrade
from presence.limits import Pool
from presence.problem import Problem
from presence.upgrade import HttpConnection, Upgrader

KEY = base64.b64encode(b"0123456789abcdef").decode()
LARGE = bytes(range(256)) * 1000  # more than aiohttp keeps for a protocol that is to come


class Successor(asyncio.Protocol):
    """Takes the transport over."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.transport: asyncio.Transport
        self.received = b""
        self.is_lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember it."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Echo."""
        self.received += data
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember it."""
        del exc
        self.is_lost.set()


@dataclass
class Site:
    """A server on a real port."""

    port: int
    server: web.Server
    runner: web.AppRunner
    pool: Pool[HttpConnection]
    successors: list[Successor] = field(default_factory=list)

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def send(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        """Connect, send, and read the head of the answer."""
        reader, writer = await self.dial()
        writer.write(data)
        return reader, writer, await reader.readuntil(b"\r\n\r\n")


@contextlib.asynccontextmanager
async def site(origins: frozenset[str] = frozenset(), pool: int = 10) -> AsyncIterator[Site]:
    """Serve GET /v1/connect and GET /healthz."""

    def connect(address: str) -> Successor:
        made.successors.append(Successor(address))
        return made.successors[-1]

    async def health(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    @web.middleware
    async def refuse(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return problem.response()

    application = web.Application(middlewares=[refuse])
    application.router.add_get("/v1/connect", Upgrader(origins, lambda request: request.remote or "", connect).handle)
    application.router.add_get("/healthz", health)
    runner = web.AppRunner(application, shutdown_timeout=1.0)
    await runner.setup()
    server = runner.server
    assert server is not None
    loop = asyncio.get_running_loop()
    places: Pool[HttpConnection] = Pool(pool)
    listener = await loop.create_server(lambda: HttpConnection(server, places, loop), "127.0.0.1", 0)
    made = Site(listener.sockets[0].getsockname()[1], server, runner, places)
    try:
        yield made
    finally:
        listener.close()
        await runner.cleanup()


def request(**headers: str) -> bytes:
    """Write an opening handshake."""
    lines = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"GET /v1/connect HTTP/1.1\r\n{fields}\r\n".encode()


@pytest.fixture(params=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Awaitable[None]]], None]:
    """Run a test on either event loop, and fail on what it leaves behind."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def run_on(test: Callable[[], Awaitable[None]]) -> None:
        troubles: list[dict[str, object]] = []

        async def watched() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _loop, trouble: troubles.append(trouble))
            await test()
            gc.collect()
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(watched())
        assert troubles == []

    return run_on


Run = Callable[[Callable[[], Awaitable[None]]], None]


def test_the_transport_changes_hands_cleanly(run: Run) -> None:
    """No task, timer or place in the pool stays behind in aiohttp, and its shutdown closes nothing."""

    async def check() -> None:
        async with site() as made:
            reader, writer, head = await made.send(request())
            accept = base64.b64encode(hashlib.sha1(KEY.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324  RFC 6455
            assert head.startswith(b"HTTP/1.1 101 ")
            assert b"Sec-WebSocket-Accept: " + accept in head
            (successor,) = made.successors
            assert successor.address == "127.0.0.1"
            await asyncio.sleep(0.01)
            assert made.server.connections == []
            assert len(made.pool) == 0
            assert asyncio.all_tasks() == {asyncio.current_task()}
            writer.write(b"to the successor")
            assert await reader.readexactly(16) == b"to the successor"
            await made.server.shutdown(0.1)
            assert not successor.transport.is_closing()
            writer.close()
            await successor.is_lost.wait()

    run(check)


@pytest.mark.parametrize("tail", [b"x", LARGE])
def test_what_came_behind_the_request_is_handed_over(run: Run, tail: bytes) -> None:
    """In the same piece, and more than aiohttp would keep, in order, followed by what comes later."""

    async def check() -> None:
        async with site() as made:
            reader, writer, _ = await made.send(request() + tail)
            writer.write(b"later")
            assert await reader.readexactly(len(tail) + 5) == tail + b"later"
            writer.close()
            await made.successors[0].is_lost.wait()

    run(check)


def test_requests_come_before_an_upgrade_on_one_connection(run: Run) -> None:
    """Two pipelined requests and an upgrade behind them are answered in order."""

    async def check() -> None:
        async with site() as made:
            health = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            reader, writer, head = await made.send(health + health + request() + b"tail")
            assert b"200" in head.splitlines()[0]
            assert await reader.readexactly(2) == b"ok"
            assert b"200" in (await reader.readuntil(b"\r\n\r\n")).splitlines()[0]
            assert await reader.readexactly(2) == b"ok"
            assert b"101" in (await reader.readuntil(b"\r\n\r\n")).splitlines()[0]
            assert await reader.readexactly(4) == b"tail"
            writer.close()
            await made.successors[0].is_lost.wait()

    run(check)


def test_a_client_that_goes_during_the_handshake_is_forgotten(run: Run) -> None:
    """Whoever resets the connection at once leaves nothing behind."""

    async def check() -> None:
        async with site() as made:
            for _ in range(20):
                _, writer = await made.dial()
                writer.write(request())
                writer.transport.abort()
            await asyncio.sleep(0.1)
            for successor in made.successors:
                await asyncio.wait_for(successor.is_lost.wait(), 5)
            assert made.server.connections == []
            assert len(made.pool) == 0

    run(check)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upgrade": "h2c"}, 426),
        ({"Upgrade": "websocket, h2c"}, 426),
        ({"Connection": "close"}, 426),
        ({"Sec_WebSocket_Version": "12"}, 426),
        ({"Sec_WebSocket_Key": "dG9vIHNob3J0"}, 400),
        ({"Sec_WebSocket_Key": "\u00fc" * 24}, 400),
        ({"Content_Length": "5"}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_what_is_refused_stays_with_aiohttp(run: Run, headers: dict[str, str], status: int) -> None:
    """No successor is made, and the answer is HTTP."""

    async def check() -> None:
        async with site() as made:
            _, writer, head = await made.send(request(**headers))
            assert int(head.split()[1]) == status
            assert made.successors == []
            writer.close()

    run(check)


@pytest.mark.parametrize("origin", ["http://127.0.0.1", "HTTPS://HUB.example.org", "https://127.0.0.1"])
def test_own_and_named_origins_are_let_in(run: Run, origin: str) -> None:
    """Whatever their case, and whether a proxy ended TLS or not."""

    async def check() -> None:
        async with site(frozenset({"https://hub.example.org"})) as made:
            _, writer, head = await made.send(request(Origin=origin))
            assert b" 101 " in head
            writer.close()
            await made.successors[0].is_lost.wait()

    run(check)


def test_idle_http_connections_make_room(run: Run) -> None:
    """Connections that ask nothing push out each other, oldest first."""

    async def check() -> None:
        async with site(pool=3) as made:
            idle = [await made.dial() for _ in range(5)]
            assert await idle[0][0].read() == b""
            assert await idle[1][0].read() == b""
            _, writer, head = await made.send(request())
            assert b" 101 " in head
            for _, each in (*idle, (None, writer)):
                each.close()
            await made.successors[0].is_lost.wait()

    run(check)


def test_an_http_connection_that_asks_nothing_is_closed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that never sends a whole request."""
    monkeypatch.setattr(upgrade, "KEEP_ALIVE_S", 0.05)

    async def check() -> None:
        async with site() as made:
            reader, writer = await made.dial()
            writer.write(b"GET / HTT")
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()

    run(check)
