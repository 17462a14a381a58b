"""The SDK: an asyncio client that stays connected, and the room it is in.

    async with connect("ws://localhost:8080", name="Ada") as client:
        room = await client.join("hq")
        client.on(Said, lambda said: print(room.people[said.entity].name, said.text))
        await room.chat("hello")

Owns the connection's life: it opens it, resumes it after a break, and gives up where the server's close code says so.
All state is the session's (`session.py`). Everything happens in the event loop's thread; callbacks are called from it
and must not block.
"""

from __future__ import annotations

import asyncio
import ssl
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from random import Random
from typing import Any, TypeVar

from presence_client import transport
from presence_client.errors import (
    BusyError,
    ClientError,
    ClosedError,
    ConnectError,
    LaggedError,
    OfflineError,
    RefusedError,
)
from presence_client.events import Ended, Offline, Online, RoomLost, Unanswered
from presence_client.pulse import Pulse
from presence_client.retry import Backoff, Verdict, judge
from presence_client.room import Room
from presence_client.session import Phase, Session
from presence_client.transport import Link, Receiver
from protocol.errors import Close, ProtocolError
from protocol.schema import Block, Done, Error, Join, Joined, Left, Renew, SetBudget

AGENT = "presence-client-python/0.1.0"
QUEUED_EVENTS = 4096  # as many as the server keeps for a session that is away
GOODBYE_S = 1.0

T = TypeVar("T")
Dial = Callable[[str, Receiver, ssl.SSLContext | None], Awaitable[Link]]


@asynccontextmanager
async def connect(
    url: str,
    *,
    token: str = "",
    name: str = "",
    tls: ssl.SSLContext | None = None,
    watch: bool = True,
    pulse: Pulse | None = None,
    dial: Dial = transport.dial,
) -> AsyncIterator[Client]:
    """Open a session at `ws://host:port`, `wss://…`, `tcp://host:port` or `tcps://…`, and end it on leaving the block.

    token: signed identity token; without one, a guest called `name`. tls: how to check the server's certificate.
    watch: False takes no notice of other people and objects, for bots. pulse: a timer shared with other clients.
    dial: how to open a connection. Raises ConnectError where no session could be opened.
    """
    async with AsyncExitStack() as stack:
        timer = await stack.enter_async_context(Pulse()) if pulse is None else pulse
        client = Client(url, Session(token, name, AGENT, watch=watch), timer, lambda to: dial(url, to, tls))
        await client.open()
        try:
            yield client
        finally:
            await client.close()


class Client:
    """One session, and what an application does with it outside of a room. Made by `connect`."""

    def __init__(self, url: str, session: Session, pulse: Pulse, dial: Callable[[Receiver], Awaitable[Link]]) -> None:
        self.url = url
        self.session = session
        self._pulse = pulse
        self._dial = dial
        self._link: Link | None = None
        self._room: Room | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._handlers: dict[type[Any], list[Callable[[Any], None]]] = {}
        self._streams: weakref.WeakSet[EventStream] = weakref.WeakSet()
        self._opening: asyncio.Future[None] | None = None
        self._broken: asyncio.Future[tuple[int | None, str]] | None = None
        self._abort_reason = ""
        self._backoff = Backoff(Random())
        self._keeper: asyncio.Task[None] | None = None
        self._ended: asyncio.Future[ClosedError] = asyncio.get_running_loop().create_future()

    # --- for the application ------------------------------------------------------------------------------------------

    @property
    def room(self) -> Room | None:
        """The room the session is in."""
        return self._room

    @property
    def is_online(self) -> bool:
        """Whether a connection stands just now."""
        return self.session.phase is Phase.READY

    def on(self, kind: type[T], callback: Callable[[T], None]) -> None:
        """Call `callback` with every message or event of this class, from `protocol.schema` or this package."""
        self._handlers.setdefault(kind, []).append(callback)

    def events(self, *kinds: type[Any]) -> EventStream:
        """Iterate over what happens from now on: `async for event in client.events(Said)`. No kinds: everything."""
        stream = EventStream(kinds)
        if self._ended.done():
            stream.end()
        self._streams.add(stream)
        return stream

    async def join(self, room: str, world: str = "") -> Room:
        """Enter a room, leaving the present one; `world` is what to make it from if it does not exist yet."""
        await self.command(lambda ref: Join(ref, room, world))
        assert self._room is not None
        return self._room

    async def block(self, user: str, *, blocked: bool = True) -> None:
        """Hide a user and oneself from each other for as long as the session lasts, or undo it."""
        await self.command(lambda ref: Block(ref, user, blocked))

    async def set_budget(self, bytes_per_s: int) -> None:
        """Be sent at most so many bytes of snapshots a second, for as long as the session lasts.

        The server sends no more than `room.joined.budget_bytes_per_s` whatever is asked, and plans with no less than
        8,000. The furthest people are told of more rarely then: for a network that got worse.
        """
        await self.command(lambda ref: SetBudget(ref, bytes_per_s))

    async def renew(self, token: str) -> None:
        """Present a newer token of the same user."""
        await self.command(lambda ref: Renew(ref, token))
        self.session.token = token

    async def wait_ended(self) -> ClosedError:
        """Wait until the session is over for good, and return why."""
        return await asyncio.shield(self._ended)

    async def command(self, make: Callable[[int], Any]) -> Any:
        """Send the message that `make` builds for a `ref`, and return the answering `done`, `joined` or `left`.

        Raises RefusedError; OfflineError while there is no connection, or where it broke before the answer;
        ClosedError; BusyError.
        """
        self.check_online()
        if self.session.is_full:
            raise BusyError("256 commands are waiting for their answers already")
        answer = asyncio.get_running_loop().create_future()
        ref = self.session.command(make)
        self._answers[ref] = answer
        self._flush()
        try:
            return await answer
        finally:
            self._answers.pop(ref, None)

    def check_online(self) -> None:
        """Raise what explains why nothing can be sent now, if so."""
        if self._ended.done():
            raise self._ended.result()
        if not self.is_online:
            raise OfflineError("the connection is broken just now, and being mended; try again after `Online`")

    # --- the connection's life ----------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Make the first connection. Raises ConnectError."""
        self._pulse.add(self._beat)
        try:
            await self._connect()
        except BaseException:
            self._pulse.remove(self._beat)
            raise
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Leave the server and close the connection."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self.is_online:
            await self._say_goodbye()
        if self._link is not None:
            self._link.abort()
            await self._link.wait_closed()
        if not self._ended.done():
            self._finish(self._farewell())

    async def _say_goodbye(self) -> None:
        """Give the seat up, and wait until the server has heard of it."""
        assert self._broken is not None
        self.session.end()
        self._flush()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._broken), GOODBYE_S)

    def _farewell(self) -> ClosedError:
        closing = self.session.closing
        return ClosedError(closing.code, closing.reason) if closing else ClosedError(Close.LEFT, "left")

    async def _connect(self) -> None:
        """Open a connection and a session on it. Raises ConnectError."""
        loop = asyncio.get_running_loop()
        self._abort_reason = ""
        self._opening, self._broken = loop.create_future(), loop.create_future()
        self._link = await self._dial(_Ear(self))
        if not self._opening.done():  # it may be gone already
            self.session.open(loop.time())
            self._flush()
        try:
            await self._opening
        except asyncio.CancelledError:
            self._link.abort()
            raise
        self._backoff.opened(loop.time())

    async def _keep(self) -> None:
        """Come back after every break, until the session is over."""
        assert self._broken is not None
        while True:
            code, reason = await asyncio.shield(self._broken)  # `close` cancels this task, and needs it still
            while judge(code) is Verdict.RESUME:
                asked_s = self.session.goaway.reconnect_after_ms / 1000 if self.session.goaway else 0.0
                wait_s = self._backoff.wait_s(asyncio.get_running_loop().time(), asked_s)
                self._deliver(Offline(code, reason, wait_s))
                await asyncio.sleep(wait_s)
                try:
                    await self._connect()
                except ConnectError as error:
                    code, reason = error.code, error.reason
                else:
                    break
            else:
                assert code is not None
                self._deliver(Ended(code, reason))
                self._finish(ClosedError(code, reason))
                return

    def _finish(self, error: ClosedError) -> None:
        """Let nothing wait any longer: the session is over."""
        self._ended.set_result(error)
        self._pulse.remove(self._beat)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(error)
        for stream in self._streams:
            stream.end()

    # --- called by the link and the pulse -----------------------------------------------------------------------------

    def receive(self, payload: bytes) -> None:
        """Take a payload of the present connection."""
        if self.session.phase is Phase.CLOSING:
            return
        try:
            events = self.session.receive(payload, asyncio.get_running_loop().time())
        except ProtocolError as error:
            self._distrust(error)
            return
        self._flush()
        for event in events:
            self._deliver(event)
        if self.session.closing is not None and self._link is not None:
            self._link.close()

    def break_off(self, reason: str) -> None:
        """Take note that the present connection is gone."""
        closing = self.session.closing
        code, reason = (closing.code, closing.reason) if closing else (None, self._abort_reason or reason)
        self.session.lose()
        if self._opening is not None and not self._opening.done():
            self._opening.set_exception(ConnectError(reason, code))
        if self._broken is not None and not self._broken.done():
            self._broken.set_result((code, reason))

    def _distrust(self, error: ProtocolError) -> None:
        """The server broke the protocol: coming back would not mend it."""
        self.session.fail(error)
        if self._link is not None:
            self._link.abort()

    def _beat(self, now: float) -> None:
        link = self._link
        if link is None or self.session.phase is Phase.OFFLINE:
            return
        if self.session.is_silent(now):
            self._abort_reason = "the server has been silent for too long"
            link.abort()
            return
        self.session.advance(now, is_writable=link.is_writable)
        self._flush()

    def _flush(self) -> None:
        for payload in self.session.take():
            if self._link is not None:
                self._link.send(payload)

    # --- delivery -----------------------------------------------------------------------------------------------------

    def _deliver(self, event: Any) -> None:
        self._settle(event)
        for callback in tuple(self._handlers.get(type(event), ())):
            self._call(callback, event)
        if self._streams:
            for stream in self._streams:
                stream.offer(event)

    def _settle(self, event: Any) -> None:
        """Keep `room` true, and answer the commands that an event concerns."""
        match event:
            case Online() if self._opening is not None and not self._opening.done():
                self._opening.set_result(None)
            case Joined() if self._room is None or event.ref in self._answers:
                self._room = Room(self)
            case Left() | RoomLost():
                self._room = None
            case _:
                pass
        for ref, answer in _answers_in(event):
            self._answer(ref, answer)

    def _answer(self, ref: int, answer: Any) -> None:
        future = self._answers.get(ref)
        if future is None or future.done():
            return
        if isinstance(answer, ClientError):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    def _call(self, callback: Callable[[Any], None], event: Any) -> None:
        """Call one callback; its failure is the application's and must not cost the connection."""
        try:
            callback(event)
        except Exception as error:  # noqa: BLE001 - whatever an application raises
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"a callback for {type(event).__name__} failed", "exception": error}
            )


def _answers_in(event: Any) -> list[tuple[int, Any]]:
    """List the refs an event answers, each with its result, or the error to raise."""
    match event:
        case Joined() | Left() | Done():
            return [(event.ref, event)]
        case Error():
            return [(event.ref, RefusedError(event.code, event.reason))]
        case Unanswered():
            return [(ref, OfflineError("the connection broke before the server received this")) for ref in event.refs]
        case _:
            return []


class _Ear:
    """What one connection tells; a link of the past says nothing to its client any more."""

    def __init__(self, client: Client) -> None:
        self._client: Client | None = client

    def received(self, payload: bytes) -> None:
        if self._client is not None:
            self._client.receive(payload)

    def lost(self, reason: str) -> None:
        if self._client is not None:
            self._client.break_off(reason)
        self._client = None


class EventStream:
    """An async iterator of events; holds `QUEUED_EVENTS` that were not read yet.

    Ends with the session. Raises LaggedError at the next read where the reader fell behind further than that.
    """

    def __init__(self, kinds: tuple[type[Any], ...]) -> None:
        self._kinds = kinds or (object,)
        self._queue: deque[Any] = deque()
        self._has_news = asyncio.Event()
        self._has_lagged = False
        self._is_over = False

    def offer(self, event: Any) -> None:
        """Queue an event, if it is of the kinds wanted."""
        if not isinstance(event, self._kinds):
            return
        if len(self._queue) >= QUEUED_EVENTS:
            self._has_lagged = True
        else:
            self._queue.append(event)
        self._has_news.set()

    def end(self) -> None:
        """Let the iteration end after what is queued."""
        self._is_over = True
        self._has_news.set()

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Any:
        while not self._queue:
            if self._has_lagged:
                raise LaggedError(f"more than {QUEUED_EVENTS} events were not read")
            if self._is_over:
                raise StopAsyncIteration
            self._has_news.clear()
            await self._has_news.wait()
        return self._queue.popleft()
