"""A visit from the terminal: what happens is told in lines, or drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from presence_client.errors import ClosedError
from presence_client.meter import Meter
from presence_client.terminal_visit import LineVisit, LiveVisit
from protocol.errors import Close
from protocol.schema import Channel, Chat, Emote, Gestured, Gone, RoomState, Roster, Said
from tests.clients.fake_server import ENTITY, FakeServer, person
from tests.clients.test_client import visiting
from tests.clients.timeless import run


def line_visit(check: Callable[[FakeServer, LineVisit, list[str]], Awaitable[None]]) -> list[str]:
    """Run a check during a visit line by line; returns the lines."""
    lines: list[str] = []

    async def main() -> None:
        server = FakeServer()
        async with visiting(server) as (client, _):
            assert client.room is not None
            meter = Meter(client.session, asyncio.get_running_loop().time())
            await check(server, LineVisit(client, client.room, meter, lines.append), lines)

    run(main())
    return lines


def test_everything_that_happens_is_a_line() -> None:
    """Who comes and goes, what is said and shown, and what becomes of the room and the connection."""

    async def check(server: FakeServer, visit: LineVisit, _: list[str]) -> None:
        visiting = asyncio.create_task(visit.run(30.0))
        await asyncio.sleep(0.1)
        server.say(Roster(0, [person(3, "Bo"), replace(person(4, "Cy", agency="Customs", country="FR"), guest=False)]))
        server.say(Said(0, 3, Channel.ROOM, "hello", 0))
        server.say(Said(0, 4, Channel.DIRECT, "psst", 0))
        server.say(Gestured(0, 3, Emote.WAVE))
        server.say(RoomState(0, True))
        server.say(Roster(0, [person(3, "Bo", away=True)]))
        server.say(Gone(0, [3]))
        await asyncio.sleep(0.1)
        server.link.vanish("cable pulled")
        await visiting

    lines = line_visit(check)
    assert lines[:8] == [
        f"entered lobby (plaza) as entity {ENTITY}",
        "+ Bo [guest], entity 3",
        "+ Cy [Customs FR], entity 4",
        "Bo: hello",
        "Cy (to you alone): psst",
        "* Bo: wave",
        "the room is locked",
        "- Bo",
    ]
    assert lines[8].startswith("offline: cable pulled; trying again in 0.")
    assert lines[9] == "back online, in the same place"
    assert any("people" in line and "ping" in line and "snapshots/s" in line for line in lines[10:])


def test_typed_lines_are_done() -> None:
    """Words are said; what is unclear is explained; a refusal is shown."""

    async def check(server: FakeServer, visit: LineVisit, lines: list[str]) -> None:
        visit.act("good morning")
        visit.act("/dance")
        await asyncio.sleep(0.1)
        assert server.told_of(Chat)[0].text == "good morning"
        assert "/wave" in lines[-1]
        server.link.vanish()
        await asyncio.sleep(0.01)
        visit.act("anybody?")
        await asyncio.sleep(0.01)
        assert lines[-1].startswith("! ")

    line_visit(check)


def test_a_session_that_ends_ends_the_visit() -> None:
    """The reason comes out, for the exit code and the last line."""

    async def check(server: FakeServer, visit: LineVisit, _: list[str]) -> None:
        visiting = asyncio.create_task(visit.run(None))
        await asyncio.sleep(0.1)
        server.close(Close.KICKED, "enough now")
        with pytest.raises(ClosedError, match="enough now"):
            await visiting

    assert "the session is over: enough now" in line_visit(check)


def test_the_live_picture_has_people_with_distance_and_bearing() -> None:
    """Those in sight have a distance and a direction, those out of it do not; oneself is not in the list."""

    async def main() -> None:
        server = FakeServer()
        async with visiting(server) as (client, _):
            assert client.room is not None
            visit = LiveVisit(client, client.room, Meter(client.session, asyncio.get_running_loop().time()))
            server.say(Roster(0, [person(3, "Bo"), person(4, "Cy", away=True, status=1)]))
            server.see(3)
            await asyncio.sleep(0.1)
            visit.say("a line")
            picture = visit.picture()
            assert "Ada (guest) · lobby (plaza)" in picture.title
            assert picture.log[-1] == "a line"
            bo, cy = sorted(picture.neighbours, key=lambda row: row.entity)
            assert bo.distance_m == pytest.approx(3.0)
            assert bo.bearing == pytest.approx(-1.5708, abs=1e-4)
            assert (cy.distance_m, cy.bearing, cy.state) == (None, None, "busy, connection lost")
            await client.room.leave()
            assert "in no room" in visit.picture().title

    run(main())
