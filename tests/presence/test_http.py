"""presence.http: what is told to whom; tests/integration/test_http.py asks a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from presence.http import application
from presence.upgrade import Upgrader
from protocol.schema import Block
from tests.hubs import Desk
from tests.rooms import world, zone

Client = TestClient[web.Request, web.Application]


def ask(
    desk: Desk, check: Callable[[Client], Awaitable[None]], *, is_public_tls: bool = False, may_ask: bool = True
) -> None:
    """Serve a desk's hub over HTTP for as long as `check` takes."""

    async def serve() -> None:
        upgrader = Upgrader(frozenset(), lambda _: "", lambda _: asyncio.Protocol())
        served = application(desk.hub, upgrader, lambda _: may_ask, is_public_tls=is_public_tls)
        async with TestClient(TestServer(served)) as client:
            await check(client)

    asyncio.run(serve())


async def listed(client: Client, path: str, token: str) -> Any:
    """Return the JSON that is answered to a token's bearer."""
    async with client.get(path, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 200
        return await answer.json()


def test_a_stopping_server_is_alive_but_not_ready() -> None:
    """So that a balancer sends nobody here, and a supervisor leaves it to finish."""
    desk = Desk()
    desk.hub.stop("", 0, desk.now)

    async def check(client: Client) -> None:
        async with client.get("/readyz") as answer:
            assert answer.status == 503
            assert (await answer.json())["code"] == "stopping"
        async with client.get("/healthz") as answer:
            assert answer.status == 200

    ask(desk, check)


def test_browsers_are_told_to_insist_on_tls() -> None:
    """Where the server ends TLS for the public, and not on a developer's machine."""

    async def insists(client: Client) -> None:
        async with client.get("/healthz") as answer:
            assert "max-age=" in answer.headers["Strict-Transport-Security"]

    async def does_not(client: Client) -> None:
        async with client.get("/healthz") as answer:
            assert "Strict-Transport-Security" not in answer.headers

    ask(Desk(), insists, is_public_tls=True)
    ask(Desk(), does_not)


def test_lists_and_counts_are_filtered_for_the_caller() -> None:
    """Whom a clearance or a block hides is neither listed nor counted; nor is who asks shown more by asking here."""
    place = world(
        spawns=((0, 0, 0),),
        clearances=["secret"],
        zones=[zone("vault", (40, -1, 40), (60, 5, 60), clearance=["secret"])],
    )
    desk = Desk({"stage": place})
    ada, eve = desk.member("u-ada"), desk.member("u-eve")
    spy = desk.member("u-spy", grants=frozenset({"secret"}))
    for line in (ada, eve, spy):
        line.join()
    spy_session = desk.hub.sessions["u-spy"]
    desk.hub.rooms["lobby"].state.entities.requires[spy_session.row] = place.clearance_bits({"secret"})
    eve.send(Block(1, "u-ada", blocked=True))
    desk.tick()

    async def check(client: Client) -> None:
        for token, users in [
            (desk.token("u-ada"), {"u-ada"}),
            (desk.token("u-eve"), {"u-eve"}),
            (desk.token("u-boss", grants=frozenset({"secret"})), {"u-ada", "u-eve", "u-spy"}),
            ("", {"u-ada", "u-eve"}),
        ]:
            people = (await listed(client, "/v1/presence", token))["people"]
            assert {person["user"] for person in people} == users
            (room,) = (await listed(client, "/v1/rooms", token))["rooms"]
            assert room["people"] == len(users)

    ask(desk, check)


def test_a_withdrawn_token_asks_in_vain() -> None:
    """The same verifier as at the door."""
    desk = Desk(allow_guests=False)
    desk.revoked.add("sub:u-eve")

    async def check(client: Client) -> None:
        headers = {"Authorization": f"Bearer {desk.token('u-eve')}"}
        async with client.get("/v1/presence", headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (401, "token_revoked")

    ask(desk, check)


def test_who_asks_too_often_is_told_when_to_come_back() -> None:
    """Before any token is looked at; health is not counted."""

    async def check(client: Client) -> None:
        for path in ("/v1/rooms", "/v1/presence"):
            async with client.get(path) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        async with client.get("/healthz") as answer:
            assert answer.status == 200

    ask(Desk(allow_guests=False), check, may_ask=False)
