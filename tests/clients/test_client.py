"""The client keeps its session: commands and their answers, breaks and resumes, and knowing when to stay away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from presence_client import (
    BusyError,
    Client,
    ClosedError,
    ConnectError,
    Ended,
    LaggedError,
    Offline,
    OfflineError,
    Online,
    Pose,
    RefusedError,
    RoomLost,
    connect,
)
from presence_client.client import QUEUED_EVENTS
from presence_client.session import MAX_UNANSWERED
from protocol.errors import Close, Refusal
from protocol.schema import (
    Ack,
    Bye,
    Chat,
    Error,
    Goaway,
    Hello,
    Join,
    Joined,
    Renew,
    Roster,
    Said,
)
from protocol.schema import Pose as PoseMessage
from tests.clients.fake_server import ENTITY, FakeServer, person
from tests.clients.timeless import run


@asynccontextmanager
async def visiting(server: FakeServer) -> AsyncIterator[tuple[Client, list[Any]]]:
    """Connect, enter the lobby, and note everything that happens to the connection."""
    async with connect("ws://nowhere", name="Ada", dial=server.dial) as client:
        noted: list[Any] = []
        for kind in (Online, Offline, Ended, RoomLost, Said, Joined):
            client.on(kind, noted.append)
        await client.join("lobby")
        noted.clear()
        yield client, noted


def with_visit(check: Callable[[FakeServer, Client, list[Any]], Awaitable[None]]) -> None:
    """Run a check inside of a visit to a fresh fake server."""

    async def main() -> None:
        server = FakeServer()
        async with visiting(server) as (client, noted):
            await check(server, client, noted)

    run(main())


def said(text: str) -> Said:
    """Make a chat message of somebody."""
    return Said(0, ENTITY, 0, text, 0)


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_visit_from_hello_to_bye() -> None:
    """Connecting says hello, joining enters, leaving the block says good-bye and waits for it."""
    server = FakeServer()

    async def main() -> None:
        async with visiting(server) as (client, _):
            assert client.is_online
            assert client.room is not None
            assert client.room.people == {ENTITY: person(ENTITY, "Me")}
        assert not client.is_online

    run(main())
    hello, join, bye = (message for message in server.told if not isinstance(message, Ack))
    assert isinstance(hello, Hello)
    assert (hello.name, hello.token, hello.resume, hello.last_event) == ("Ada", "", "", 0)
    assert (join.room, join.world) == ("lobby", "")
    assert isinstance(bye, Bye)


@pytest.mark.parametrize("code", [Close.TOKEN_REQUIRED, Close.SERVER_FULL, Close.VERSION_MISMATCH, Close.GOAWAY])
def test_a_refused_session_raises_with_code_and_reason(code: Close) -> None:
    """The first attempt is never repeated silently: whoever connects is told why it failed."""
    server = FakeServer()
    server.closes_on_hello = (code, "because")

    async def main() -> None:
        async with connect("ws://nowhere", dial=server.dial):
            raise AssertionError("nobody was let in")

    with pytest.raises(ConnectError, match="because") as caught:
        run(main())
    assert caught.value.code == code


def test_a_server_that_says_nothing_is_given_up() -> None:
    """Where no welcome comes, connecting fails after the handshake's time, in words."""
    server = FakeServer()
    server.is_mute = True

    async def main() -> None:
        async with connect("ws://nowhere", dial=server.dial):
            raise AssertionError("nobody was let in")

    with pytest.raises(ConnectError, match="silent"):
        run(main())


def test_a_connection_that_is_gone_at_once_is_a_failed_attempt() -> None:
    """A server that hangs up before a word was said leaves nobody waiting, at first or later."""
    server = FakeServer()
    server.hangs_up = True

    async def refused() -> None:
        async with connect("ws://nowhere", dial=server.dial):
            raise AssertionError("nobody was let in")

    with pytest.raises(ConnectError, match="hung up"):
        run(refused())

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        server.hangs_up = True
        server.link.vanish("cable pulled")
        await asyncio.sleep(1)
        server.hangs_up = False
        await asyncio.sleep(20)
        assert noted[-1] == Online(resumed=True)
        assert {event.reason for event in noted[:-1]} == {"cable pulled", "hung up"}
        assert client.is_online

    with_visit(check)


# --- commands ---------------------------------------------------------------------------------------------------------


def test_a_command_returns_when_it_is_done() -> None:
    """Each answer finds its command, also where they come in another order."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        server.answers = False
        assert client.room is not None
        first, second = (asyncio.create_task(client.room.chat(text)) for text in ("one", "two"))
        await asyncio.sleep(0.1)
        asked = server.told_of(Chat)
        server.say(Error(0, asked[1].ref, Refusal.MUTED, "you are muted"))
        await asyncio.sleep(0.1)
        assert second.done()
        assert not first.done()
        server._answer(asked[0])  # noqa: SLF001 - the fake's own answer, late
        await first
        with pytest.raises(RefusedError, match="you are muted") as caught:
            await second
        assert caught.value.code == Refusal.MUTED

    with_visit(check)


def test_a_refused_join_raises_and_changes_nothing() -> None:
    """The room one is in stays the room."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        server.answers = False
        before = client.room
        joining = asyncio.create_task(client.join("vault"))
        await asyncio.sleep(0.1)
        server.say(Error(0, server.told_of(Join)[-1].ref, Refusal.ROOM_LOCKED, "locked"))
        with pytest.raises(RefusedError):
            await joining
        assert client.room is before

    with_visit(check)


def test_too_many_commands_in_the_air_are_refused_here() -> None:
    """Waiting commands are bounded: the application hears of it instead of filling memory."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        server.answers = False
        room = client.room
        assert room is not None
        waiting = [asyncio.create_task(room.chat("x")) for _ in range(MAX_UNANSWERED)]
        await asyncio.sleep(0.1)
        with pytest.raises(BusyError):
            await room.chat("one more")
        for task in waiting:
            task.cancel()

    with_visit(check)


def test_renewing_keeps_the_token_for_the_next_connection() -> None:
    """After a renewal a resume presents the newer token."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        await client.renew("fresh")
        assert server.told_of(Renew)[0].token == "fresh"
        server.link.vanish()
        await asyncio.sleep(5)
        assert server.told_of(Hello)[-1].token == "fresh"

    with_visit(check)


# --- breaks -----------------------------------------------------------------------------------------------------------


def test_a_broken_connection_is_resumed_with_exactly_the_missed_events() -> None:
    """Same room, same entity; what was missed comes once, what had come does not come again."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        room = client.room
        server.say(said("before"))
        await asyncio.sleep(0.01)
        server.link.vanish("cable pulled")
        server.miss(said("meanwhile 1"))
        server.miss(said("meanwhile 2"))
        await asyncio.sleep(5)
        offline, online = noted[1:3]
        assert (offline.code, offline.reason) == (None, "cable pulled")
        assert online == Online(resumed=True)
        assert [event.text for event in noted if isinstance(event, Said)] == ["before", "meanwhile 1", "meanwhile 2"]
        assert client.room is room
        hello = server.told_of(Hello)[-1]
        assert (hello.resume, hello.last_event) == ("token-1", 3)

    with_visit(check)


def test_events_that_a_server_repeats_are_ignored() -> None:
    """A server that did not get the last acknowledgement repeats events; the application hears each once."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        server.say(said("once"))
        await asyncio.sleep(0.01)
        for payload in list(server._events):  # noqa: SLF001 - the fake's memory
            server.link.deliver(payload)
        await asyncio.sleep(1)
        assert [event.text for event in noted if isinstance(event, Said)] == ["once"]
        assert client.is_online

    with_visit(check)


def test_a_new_session_returns_to_the_room() -> None:
    """Where the seat was not held, the client enters the same room anew, in the same room object."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        room = client.room
        server.resumes = False
        server.link.vanish()
        await asyncio.sleep(5)
        assert [type(event) for event in noted] == [Offline, Online, Joined]
        assert noted[1] == Online(resumed=False)
        assert server.told_of(Join)[-1].room == "lobby"
        assert client.room is room
        assert room is not None
        assert room.entity == ENTITY

    with_visit(check)


def test_a_way_back_that_is_refused_is_told() -> None:
    """If the room cannot be entered again, the application knows that it is in none."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        server.resumes = server.answers = False
        server.link.vanish()
        await asyncio.sleep(5)
        server.say(Error(0, server.told_of(Join)[-1].ref, Refusal.ROOM_FULL, "full"))
        await asyncio.sleep(1)
        assert noted[-1] == RoomLost("lobby", Refusal.ROOM_FULL, "full")
        assert client.room is None

    with_visit(check)


def test_failed_attempts_are_repeated_later_and_later() -> None:
    """While the server cannot be reached, waits grow; then the session resumes."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        server.refuses = [ConnectError("nothing listens there") for _ in range(5)]
        server.link.vanish()
        await asyncio.sleep(60)
        waits = [event.retry_s for event in noted if isinstance(event, Offline)]
        assert len(waits) == 6
        assert waits[5] > 4 * waits[0]
        assert noted[-1] == Online(resumed=True)
        assert client.is_online

    with_visit(check)


def test_a_server_that_goes_away_is_given_the_time_it_asked_for() -> None:
    """After goaway the client comes back no earlier than it was told."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        server.say(Goaway("restart", 30_000))
        server.close(Close.GOAWAY, "restart")
        await asyncio.sleep(29)
        assert not client.is_online
        await asyncio.sleep(2)
        assert client.is_online
        assert noted[0].code == Close.GOAWAY
        assert noted[0].retry_s > 30

    with_visit(check)


@pytest.mark.parametrize("code", [Close.SLOW, Close.HEARTBEAT_TIMEOUT])
def test_resumable_closes_are_resumed(code: Close) -> None:
    """Codes from 4000 to 4099 are mended without the application's doing."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        server.close(code, "too slow")
        await asyncio.sleep(5)
        assert [type(event) for event in noted] == [Offline, Online]
        assert client.is_online

    with_visit(check)


@pytest.mark.parametrize("code", [Close.TOKEN_EXPIRED, Close.MALFORMED, Close.REPLACED, Close.KICKED])
def test_other_closes_end_the_session(code: Close) -> None:
    """From 4100 on nobody comes back by themselves: everything waiting is told, and stays told."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        server.answers = False
        room = client.room
        assert room is not None
        waiting = asyncio.create_task(room.chat("hello?"))
        stream = client.events(Said)
        await asyncio.sleep(0.1)
        server.close(code, "enough")
        ended = await client.wait_ended()
        assert (ended.code, ended.reason) == (code, "enough")
        assert noted == [Ended(code, "enough")]
        with pytest.raises(ClosedError, match="enough"):
            await waiting
        with pytest.raises(ClosedError):
            await room.chat("still there?")
        assert [event async for event in stream] == []
        await asyncio.sleep(60)
        assert len(server.links) == 1

    with_visit(check)


def test_a_close_while_coming_back_ends_the_session() -> None:
    """A resume that is answered with a code above 4099 is not tried again."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        server.closes_on_hello = (Close.TOKEN_REVOKED, "revoked")
        server.link.vanish()
        assert (await client.wait_ended()).code == Close.TOKEN_REVOKED

    with_visit(check)


def test_a_server_that_breaks_the_protocol_is_left() -> None:
    """Bytes that are no message end the session; coming back would not mend the server."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        server.link.deliver(b"\x91\x05")
        ended = await client.wait_ended()
        assert ended.code == Close.MALFORMED
        assert "broke the protocol" in ended.reason

    with_visit(check)


def test_a_silent_server_is_given_up_and_found_again() -> None:
    """Three heartbeats without a byte mean that the connection is dead, whatever the socket says."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        server.link.is_deaf = True
        await asyncio.sleep(14)
        assert noted == []
        await asyncio.sleep(4)
        assert "silent" in noted[0].reason
        assert noted[1] == Online(resumed=True)
        assert client.is_online

    with_visit(check)


def test_leaving_does_not_wait_for_a_broken_connection() -> None:
    """While the client is between two attempts, leaving is immediate."""

    async def main() -> float:
        server, loop = FakeServer(), asyncio.get_running_loop()
        async with visiting(server):
            server.refuses = [ConnectError("nothing listens there") for _ in range(50)]
            server.link.vanish()
            await asyncio.sleep(30)
            left = loop.time()
        return loop.time() - left

    assert run(main()) == 0.0


def test_commands_offline_are_refused_at_once() -> None:
    """While there is no connection a command does not wait in secret."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        server.link.vanish()
        await asyncio.sleep(0.01)
        room = client.room
        assert room is not None
        with pytest.raises(OfflineError):
            await room.chat("hello?")

    with_visit(check)


def test_a_command_answered_during_the_break_is_done() -> None:
    """The answer is an event like others: the resume brings it."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        server.answers = False
        room = client.room
        assert room is not None
        chatting = asyncio.create_task(room.chat("hello"))
        await asyncio.sleep(0.1)
        server.answers = True
        server.link.is_deaf = True
        lost = server.links[-1]
        server._answer(server.told_of(Chat)[-1])  # noqa: SLF001 - answered, but never delivered:
        lost.lose("cable pulled")
        await asyncio.sleep(5)
        await chatting

    with_visit(check)


def test_a_command_that_never_arrived_fails_after_the_resume() -> None:
    """Once the resumed session has repeated everything, a command without an answer was lost, and says so."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        server.link.is_deaf = True
        room = client.room
        assert room is not None
        chatting = asyncio.create_task(room.chat("hello"))
        await asyncio.sleep(0.1)
        server.link.vanish()
        await asyncio.sleep(5)
        assert client.is_online
        assert not chatting.done()
        server.see(flags=1)
        with pytest.raises(OfflineError):
            await chatting

    with_visit(check)


def test_poses_go_on_after_a_break() -> None:
    """The newest pose is told again, since the break may have swallowed it; poses of the break are not queued."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        room = client.room
        assert room is not None
        room.move_to(Pose(1.0))
        await asyncio.sleep(1)
        assert len(server.told_of(PoseMessage)) == 1
        server.link.vanish()
        await asyncio.sleep(0)
        for step in range(10):
            room.move_to(Pose(2.0 + step))
        await asyncio.sleep(5)
        assert len(server.told_of(PoseMessage)) == 2

    with_visit(check)


def test_a_crowded_line_sends_no_poses() -> None:
    """While the network does not take what is sent, poses wait and overtake each other; nothing piles up."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        room = client.room
        assert room is not None
        server.link.is_writable = False
        for step in range(100):
            room.move_to(Pose(step * 0.01))
            await asyncio.sleep(0.05)
        assert server.told_of(PoseMessage) == []
        server.link.is_writable = True
        await asyncio.sleep(0.2)
        assert len(server.told_of(PoseMessage)) == 1

    with_visit(check)


# --- delivery ---------------------------------------------------------------------------------------------------------


def test_a_callback_that_fails_costs_nothing_but_itself() -> None:
    """The application's mistake is reported to the loop, and others still hear of the event."""

    async def check(server: FakeServer, client: Client, noted: list[Any]) -> None:
        reported: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
        client.on(Roster, lambda _: 1 / 0)  # type: ignore[arg-type]
        client.on(Roster, noted.append)
        server.say(Roster(0, [person(3)]))
        await asyncio.sleep(0.1)
        assert isinstance(reported[0], ZeroDivisionError)
        assert isinstance(noted[0], Roster)
        assert client.is_online

    with_visit(check)


def test_events_can_be_iterated_over() -> None:
    """A stream has what was asked for, in order, from when it was asked for."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        server.say(said("too early"))
        await asyncio.sleep(0.1)
        stream = client.events(Said)
        server.say(said("one"))
        server.say(Roster(0, []))
        server.say(said("two"))
        assert [(await anext(stream)).text, (await anext(stream)).text] == ["one", "two"]

    with_visit(check)


def test_a_reader_that_falls_behind_is_told() -> None:
    """A stream nobody reads does not grow without end; its reader gets what was kept, then the truth."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        stream = client.events(Said)
        for number in range(QUEUED_EVENTS + 10):
            server.say(said(str(number)))
        await asyncio.sleep(1)
        for number in range(QUEUED_EVENTS):
            assert (await anext(stream)).text == str(number)
        with pytest.raises(LaggedError):
            await anext(stream)

    with_visit(check)


def test_the_connection_is_kept_alive_without_poses() -> None:
    """Pings have a timer of their own, and events are acknowledged within a second."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        heard: list[bytes] = []
        hear = server.hear

        def listen(payload: bytes) -> None:
            heard.append(payload)
            hear(payload)

        server.hear = listen  # type: ignore[method-assign]
        server.say(said("hello"))
        await asyncio.sleep(20)
        pings = [payload for payload in heard if payload[1] == 6]
        assert 7 <= len(pings) <= 9
        assert server.told_of(Ack)[-1].seq == 3
        assert client.session.clock.is_synced

    with_visit(check)


def test_a_divergence_is_resynced_once() -> None:
    """A digest that does not fit asks for a full snapshot, and only once until it comes."""

    async def check(server: FakeServer, client: Client, _: list[Any]) -> None:
        for tick in range(5):
            server.see(time_ms=100 + tick * 50, held=[(3, 1)])
        await asyncio.sleep(1)
        resyncs = [message for message in server.told if type(message).__name__ == "Resync"]
        assert len(resyncs) == 1
        server.see(3, flags=1)
        server.see(held=[(4, 1)])
        await asyncio.sleep(1)
        assert client.session.resyncs == 2

    with_visit(check)


def test_a_session_that_does_not_watch_still_counts_its_events() -> None:
    """Bots leave rosters undecoded, and acknowledge them all the same."""

    async def main() -> None:
        server = FakeServer()
        async with connect("tcp://nowhere:1", name="Bot", watch=False, dial=server.dial) as client:
            room = await client.join("lobby")
            server.link.deliver(b"\x92\x42\xc4\x00")  # a snapshot too short to be one: nobody looks
            await room.chat("hello")
            await asyncio.sleep(1)
            assert room.people == {}
            assert server.told_of(Ack)[-1].seq == 3

    run(main())
