"""A server of a few lines, in memory: bytes in, bytes out, written by hand from the protocol.

It knows one room per test, carries out every command, and does nothing by itself: tests push what should happen.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from presence_client.errors import ConnectError
from presence_client.transport import Link, Receiver
from protocol import codec
from protocol.errors import Close
from protocol.schema import (
    SPEC_OF,
    Bye,
    Closing,
    Done,
    Hello,
    Join,
    Joined,
    Lane,
    Leave,
    Left,
    Person,
    Ping,
    Pong,
    Roster,
    Sender,
    Snapshot,
    Welcome,
)
from tests.clients.snapshots import FULL, Sections, snapshot

ENTITY = 9


def person(entity: int, name: str = "Ada", **changes: Any) -> Person:
    """Make a roster entry: a guest."""
    return replace(Person(entity, 1, f"user:{entity}", name, "", "", [], True, 0, False, False), **changes)


class FakeServer:
    """Accepts links, answers what it must, and remembers what it was told.

    Every event it sends is numbered and kept, and repeated to a session that resumes.
    """

    def __init__(self) -> None:
        self.links: list[FakeLink] = []
        self.told: list[Any] = []  # everything clients said, but pings
        self.refuses: list[ConnectError] = []  # raised by the next dials, in turn
        self.resumes = True
        self.answers = True  # whether commands are answered
        self.hangs_up = False  # whether connections are gone as soon as they stand
        self.is_mute = False  # whether nothing is answered at all
        self.closes_on_hello: tuple[Close, str] | None = None
        self.joined = Joined(0, 0, "lobby", "plaza", "0" * 16, ENTITY, 1, 20, 10_000, 0, 0, 0, 0, False, 32_000)
        self.people = [person(ENTITY, "Me")]
        self._events: list[bytes] = []
        self._tokens = 0

    async def dial(self, _url: str, receiver: Receiver, _tls: ssl.SSLContext | None = None) -> Link:
        """Take a new connection, or refuse it."""
        await asyncio.sleep(0)
        if self.refuses:
            raise self.refuses.pop(0)
        self.links.append(FakeLink(self, receiver))
        if self.hangs_up:
            self.link.lose("hung up")
        return self.links[-1]

    @property
    def link(self) -> FakeLink:
        """The newest connection."""
        return self.links[-1]

    def told_of(self, kind: type[Any]) -> list[Any]:
        """List what clients said of this class."""
        return [message for message in self.told if isinstance(message, kind)]

    # --- what the server says -----------------------------------------------------------------------------------------

    def say(self, message: Any) -> None:
        """Send a message; an event is numbered and kept."""
        self.link.deliver(
            self._numbered(message) if SPEC_OF[type(message)].lane is Lane.EVENTS else codec.encode(message)
        )

    def miss(self, message: Any) -> None:
        """Let an event happen while nobody is connected: only a resume brings it."""
        self._numbered(message)

    def see(self, *entities: int, time_ms: int = 50, flags: int = 0, held: list[tuple[int, int]] | None = None) -> None:
        """Send a snapshot in which these entities enter, at x = id metres."""
        sections = Sections()
        for entity in entities:
            sections.enter(entity, 1)
            sections.root(entity, (entity * 1000, 0, 0), 0, 0)
        known = [(entity, 1) for entity in entities] if held is None else held
        self.say(Snapshot(snapshot(sections, held=known, time_ms=time_ms, flags=flags)))

    def close(self, code: Close, reason: str) -> None:
        """Close the newest connection, as the protocol does."""
        self.say(Closing(code, reason))
        self.link.vanish()

    def _numbered(self, message: Any) -> bytes:
        self._events.append(codec.encode(replace(message, seq=len(self._events) + 1)))
        return self._events[-1]

    # --- what the server hears ----------------------------------------------------------------------------------------

    def hear(self, payload: bytes) -> None:
        """Take a payload from the newest connection, and answer it."""
        if self.is_mute:
            return
        message = codec.decode(payload, Sender.CLIENT)
        if isinstance(message, Ping):
            self.say(Pong(message.sent, message.sent, message.sent))
            return
        self.told.append(message)
        if isinstance(message, Hello):
            self._welcome(message)
        elif isinstance(message, Bye):
            self.close(Close.LEFT, "bye")
        elif self.answers:
            self._answer(message)

    def _welcome(self, hello: Hello) -> None:
        if self.closes_on_hello:
            self.close(*self.closes_on_hello)
            return
        resumed = self.resumes and hello.resume == f"token-{self._tokens}" and self._tokens > 0
        if not resumed:
            self._events.clear()
        self._tokens += 1
        self.say(
            Welcome(
                0,
                1,
                "",
                "s1",
                f"token-{self._tokens}",
                resumed,
                "guest:1",
                hello.name,
                "",
                "",
                True,
                [],
                5000,
                60_000,
                16_384,
                0,
            )
        )
        for event in self._events[hello.last_event :]:
            self.link.deliver(event)

    def _answer(self, message: Any) -> None:
        if isinstance(message, Join):
            self.say(replace(self.joined, ref=message.ref, room=message.room))
            self.say(Roster(0, self.people))
            self.see(flags=FULL)
        elif isinstance(message, Leave):
            self.say(Left(0, message.ref))
        elif hasattr(message, "ref"):
            self.say(Done(0, message.ref, 0, 0))


class FakeLink:
    """One connection in memory. Nothing is delivered inside of a call that sends, as on a network."""

    def __init__(self, server: FakeServer, receiver: Receiver) -> None:
        self._server = server
        self._receiver: Receiver | None = receiver
        self._call = asyncio.get_running_loop().call_soon
        self.is_writable = True
        self.is_deaf = False  # what is sent is lost on the way

    def send(self, payload: bytes) -> None:
        """Carry a payload to the server."""
        if not self.is_deaf:
            self._call(self._if_open, self._server.hear, payload)

    def deliver(self, payload: bytes) -> None:
        """Carry a payload to the client."""
        self._call(self._receive, payload)

    def vanish(self, reason: str = "the connection was closed") -> None:
        """Be gone, after what was sent before."""
        self._call(self.lose, reason)

    def close(self) -> None:
        """Close from the client's side."""
        self.vanish()

    def abort(self) -> None:
        """Close from the client's side, at once."""
        self.vanish()

    async def wait_closed(self) -> None:
        """There is nothing left to wait for."""

    def _receive(self, payload: bytes) -> None:
        if self._receiver is not None:
            self._receiver.received(payload)

    def _if_open(self, do: Callable[[bytes], object], payload: bytes) -> None:
        if self._receiver is not None:
            do(payload)

    def lose(self, reason: str) -> None:
        """Be gone now: what is still on its way never arrives."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.lost(reason)
