"""presence.http: what is told to whom; tests/integration/test_http.py asks a running server."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from presence.http import application
from presence.openapi import MAX_WORLD_BYTES
from presence.pages import Page
from presence.upgrade import Upgrader
from presence.world import World
from protocol.schema import Block
from tests.hubs import Desk
from tests.rooms import world, zone

Client = TestClient[web.Request, web.Application]


def ask(
    desk: Desk,
    check: Callable[[Client], Awaitable[None]],
    *,
    pages: Mapping[str, Page] | None = None,
    takes_guests: bool = True,
    is_public_tls: bool = False,
    may_ask: bool = True,
) -> None:
    """Serve a desk's hub over HTTP for as long as `check` takes."""

    async def serve() -> None:
        upgrader = Upgrader(frozenset(), lambda _: "", lambda _: asyncio.Protocol())
        served = application(
            desk.hub,
            upgrader,
            lambda _: may_ask,
            pages or {},
            takes_guests=takes_guests,
            is_public_tls=is_public_tls,
        )
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


def test_an_overloaded_server_is_alive_but_not_ready_until_it_is_not() -> None:
    """So that a balancer sends newcomers elsewhere for as long as it lasts."""
    desk = Desk()

    async def check(client: Client) -> None:
        for is_overloaded, status in ((False, 200), (True, 503), (False, 200)):
            desk.hub.is_overloaded = is_overloaded
            async with client.get("/readyz") as answer:
                assert answer.status == status
                assert (await answer.json()).get("code") == ("overloaded" if is_overloaded else None)
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


# --- the web client ---------------------------------------------------------------------------------------------------


PAGES = {
    "/": Page(b"<p>hello", "text/html; charset=utf-8", "0a"),
    "/assets/app-x1.js": Page(b"1", "text/javascript; charset=utf-8", "0b", "max-age=1, immutable", {"br": b"!"}),
}


def test_the_web_client_is_served_under_a_policy_of_its_own() -> None:
    """Everything from here and its WebSocket, nothing inline; a headset and the whole screen may be asked for."""

    async def check(client: Client) -> None:
        for path in PAGES:
            async with client.get(path, headers={"Host": "hub.example:8443"}) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert answer.status == 200
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "connect-src 'self' ws://hub.example:8443 wss://hub.example:8443;" in policy
            assert "xr-spatial-tracking=(self)" in answer.headers["Permissions-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        async with client.get("/healthz") as answer:
            assert "script-src" not in answer.headers["Content-Security-Policy"]

    ask(Desk(), check, pages=PAGES)


def test_a_strange_host_does_not_reach_the_policy() -> None:
    """Whatever a request calls this server."""

    async def check(client: Client) -> None:
        async with client.get("/", headers={"Host": "a; script-src *"}) as answer:
            assert "*" not in answer.headers.get("Content-Security-Policy", "")

    ask(Desk(), check, pages=PAGES)


def test_only_the_files_of_the_build_have_a_path() -> None:
    """Nothing else is found, however the path is written; answers are JSON."""

    async def check(client: Client) -> None:
        for path in ("/assets/", "/assets/app-x1.js.br", "/../http.py", "/%2e%2e/http.py", "/assets/..%2f..%2fhttp.py"):
            async with client.get(URL(path, encoded=True)) as answer:
                assert (answer.status, (await answer.json())["code"]) == (404, "not_found"), path

    ask(Desk(), check, pages=PAGES)


def test_without_a_build_the_landing_page_says_how_to_make_one() -> None:
    """A page for people, which loads nothing and may run nothing."""

    async def check(client: Client) -> None:
        async with client.get("/") as answer:
            page = await answer.text()
            policy = answer.headers["Content-Security-Policy"]
        assert "make web" in page
        assert "/v1/connect" in page
        assert len(page) < 8192
        assert "<script" not in page
        assert "src=" not in page
        assert "script-src" not in policy

    ask(Desk(), check)


# --- worlds -----------------------------------------------------------------------------------------------------------


def test_worlds_are_listed_and_read_by_everybody() -> None:
    """A world's entity tag is its digest, so that a client asks for what it does not have."""
    place = world()

    async def check(client: Client) -> None:
        async with client.get("/v1/worlds") as answer:
            listed_ = [{"name": "stage", "title": place.title, "digest": place.digest}]
            assert await answer.json() == {"worlds": listed_}
        async with client.get("/v1/worlds/stage") as answer:
            assert (answer.status, answer.headers["ETag"]) == (200, f'"{place.digest}"')
            assert World.parse(await answer.text()).digest == place.digest
        async with client.get("/v1/worlds/stage", headers={"If-None-Match": f'"{place.digest}"'}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        async with client.get("/v1/worlds/nowhere") as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, "unknown_world")

    ask(Desk({"stage": place}, allow_guests=False), check, takes_guests=False)


def test_a_world_is_checked() -> None:
    """Good ones have no problems; of bad ones everything is said at once."""

    async def problems(client: Client, body: bytes) -> list[dict[str, str]]:
        async with client.post("/v1/worlds/check", data=body) as answer:
            assert answer.status == 200
            found: list[dict[str, str]] = (await answer.json())["problems"]
            return found

    async def check(client: Client) -> None:
        assert await problems(client, world().document.encode()) == []
        paths = {each["path"] for each in await problems(client, b'{"name": "A b", "walls": 3}')}
        assert {"$.name", "$.walls", "$.bounds"} <= paths
        assert (await problems(client, b"\xff"))[0]["path"] == "$"
        assert (await problems(client, b"[" * 100_000))[0]["path"] == "$"

    ask(Desk(), check)


def test_checking_worlds_is_bounded() -> None:
    """By size and by rate, and only where guests are let in."""

    async def refused(client: Client, status: int, code: str, body: bytes = b"{}") -> None:
        async with client.post("/v1/worlds/check", data=io.BytesIO(body)) as answer:
            assert (answer.status, (await answer.json())["code"]) == (status, code)

    async def too_much(client: Client) -> None:
        await refused(client, 413, "request_entity_too_large", bytes(MAX_WORLD_BYTES + 1))

    async def too_often(client: Client) -> None:
        await refused(client, 429, "too_soon")

    async def in_public(client: Client) -> None:
        await refused(client, 403, "not_allowed")

    ask(Desk(), too_much)
    ask(Desk(), too_often, may_ask=False)
    ask(Desk(), in_public, takes_guests=False)
