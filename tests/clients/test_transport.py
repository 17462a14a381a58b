"""Links carry payloads whole and in order over real sockets, and say in words what went wrong."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiohttp import WSMsgType, web

from presence_client.errors import ConnectError
from presence_client.transport import MAX_PAYLOAD_BYTES, Link, dial, split_url
from protocol.framing import TcpReader, tcp_header

PAYLOADS = [b"", b"one", bytes(range(256)) * 300, b"end"]


class Heard:
    """A receiver that notes what it is told."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.reasons: list[str] = []
        self._news = asyncio.Event()

    def received(self, payload: bytes) -> None:
        """Note a payload."""
        self.payloads.append(payload)
        self._news.set()

    def lost(self, reason: str) -> None:
        """Note a loss."""
        self.reasons.append(reason)
        self._news.set()

    async def until(self, is_enough: Callable[[], object]) -> None:
        """Wait until something was heard."""
        async with asyncio.timeout(10):
            while not is_enough():
                await self._news.wait()
                self._news.clear()


@asynccontextmanager
async def tcp_echo() -> AsyncIterator[str]:
    """Serve length-prefixed payloads, each sent back; `bye` closes."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cutter = TcpReader(MAX_PAYLOAD_BYTES)
        while data := await reader.read(65_536):
            for payload in cutter.feed(data):
                if payload == b"bye":
                    writer.close()
                    return
                writer.write(tcp_header(len(payload)) + payload)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def websocket_echo() -> AsyncIterator[str]:
    """Serve binary messages at the protocol's path, each sent back; `bye` closes, `text` answers with text."""

    async def echo(request: web.Request) -> web.WebSocketResponse:
        answer = web.WebSocketResponse(max_msg_size=MAX_PAYLOAD_BYTES)
        await answer.prepare(request)
        async for message in answer:
            assert message.type is WSMsgType.BINARY
            if message.data == b"bye":
                break
            if message.data == b"text":
                await answer.send_str("hello")
            else:
                await answer.send_bytes(message.data)
        return answer

    application = web.Application()
    application.router.add_get("/v1/connect", echo)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


BOTH = pytest.mark.parametrize("echo", [tcp_echo, websocket_echo])
Echo = Callable[[], AbstractAsyncContextManager[str]]


def over(echo: Echo, check: Callable[[Link, Heard], Awaitable[None]]) -> None:
    """Run a check over a link to an echo server."""

    async def main() -> None:
        async with echo() as url:
            heard = Heard()
            link = await dial(url, heard)
            try:
                await check(link, heard)
            finally:
                link.abort()
                await link.wait_closed()

    asyncio.run(main())


@BOTH
def test_payloads_come_back_whole_and_in_order(echo: Echo) -> None:
    """Empty, short and long payloads pass unchanged either way."""

    async def check(link: Link, heard: Heard) -> None:
        for payload in PAYLOADS:
            link.send(payload)
        await heard.until(lambda: len(heard.payloads) == len(PAYLOADS))
        assert heard.payloads == PAYLOADS

    over(echo, check)


@BOTH
def test_a_loss_is_told_once(echo: Echo) -> None:
    """Whoever closed, the receiver hears of it exactly once, and may go on sending into nothing."""

    async def check(link: Link, heard: Heard) -> None:
        link.send(b"bye")
        await heard.until(lambda: heard.reasons)
        link.send(b"too late")
        link.close()
        link.abort()
        await link.wait_closed()
        assert len(heard.reasons) == 1

    over(echo, check)


@BOTH
def test_a_close_sends_what_is_left(echo: Echo) -> None:
    """What was sent before closing still arrives: good-byes are heard."""

    async def check(link: Link, heard: Heard) -> None:
        link.send(b"last words")
        link.close()
        await heard.until(lambda: heard.reasons)
        await link.wait_closed()
        assert heard.payloads in ([], [b"last words"])  # the echo may come after the close

    over(echo, check)


@BOTH
def test_a_full_line_is_not_writable(echo: Echo) -> None:
    """Megabytes in the air mean that poses have to wait; once they are through, they may go again."""

    async def check(link: Link, heard: Heard) -> None:
        assert link.is_writable
        for _ in range(8):
            link.send(bytes(2**20))
        assert not link.is_writable
        await heard.until(lambda: len(heard.payloads) == 8)
        assert link.is_writable

    over(echo, check)


def test_text_is_not_the_protocol() -> None:
    """A WebSocket that talks text is left."""

    async def check(link: Link, heard: Heard) -> None:
        link.send(b"text")
        await heard.until(lambda: heard.reasons)
        assert "sent text" in heard.reasons[0]

    over(websocket_echo, check)


def test_an_endless_payload_is_not_waited_for() -> None:
    """A length that no presence server sends ends the connection, with a hint."""

    async def main() -> None:
        async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            heard = Heard()
            link = await dial(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard)
            await heard.until(lambda: heard.reasons)
            await link.wait_closed()
            assert "no presence server" in heard.reasons[0]

    asyncio.run(main())


def failure(url: str) -> str:
    """Dial a URL that cannot work, and return the reason."""

    async def main() -> str:
        with pytest.raises(ConnectError) as caught:
            await dial(url, Heard())
        return caught.value.reason

    return asyncio.run(main())


@pytest.mark.parametrize("scheme", ["ws", "wss", "tcp", "tcps"])
def test_nobody_there_is_said_so(scheme: str) -> None:
    """A port without a listener is called that."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert failure(f"{scheme}://127.0.0.1:{port}") == f"cannot reach 127.0.0.1:{port}: nothing listens there"


@pytest.mark.parametrize(
    ("echo", "scheme", "words"),
    [
        (websocket_echo, "tcps", "does not speak TLS"),
        (websocket_echo, "wss", "does not speak TLS"),
        (websocket_echo, "ws", "refused the WebSocket with HTTP status 404"),
    ],
)
def test_the_wrong_kind_of_server_is_said_so(echo: Echo, scheme: str, words: str) -> None:
    """TLS to a plain port and a path that is none end with what is the matter."""

    async def main() -> str:
        async with echo() as url:
            where = url.partition("://")[2]
            path = "/elsewhere" if scheme == "ws" else ""
            with pytest.raises(ConnectError) as caught:
                await dial(f"{scheme}://{where}{path}", Heard())
            return caught.value.reason

    assert words in asyncio.run(main())


@pytest.mark.parametrize("url", ["", "localhost:8080", "http://host:1", "tcp://host", "ws://", "tcp://host:port"])
def test_what_is_no_url_is_our_mistake(url: str) -> None:
    """A URL that cannot be meant raises ValueError before anything is opened."""
    with pytest.raises(ValueError, match=r"URL|port|Port"):
        split_url(url)
