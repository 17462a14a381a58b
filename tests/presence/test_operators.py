"""What operators may ask over HTTP, who may, and that answers are as declared."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from presence.metrics import Metrics
from presence.openapi import OPERATORS_DOCUMENT
from presence.operators import application
from tests.hubs import Desk, Line
from tests.rooms import world, zone

Client = TestClient[web.Request, web.Application]
OPERATOR = frozenset({"operator"})


class Office:
    """A desk with two people in its lobby, and an operator who asks about them."""

    def __init__(self, *, allow_guests: bool = False) -> None:
        place = world(zones=[zone("vault", (5, -1, -5), (9, 5, 5), clearance=["secret"])], clearances=["secret"])
        self.desk = Desk({"stage": place}, allow_guests=allow_guests)
        self.ann, self.bob = (self._enter(user) for user in ("u-ann", "u-bob"))
        self.desk.tick(4)
        self.token: str | None = self.desk.token("u-op", roles=OPERATOR)

    def _enter(self, user: str) -> Line:
        line = self.desk.member(user, grants=frozenset({"secret"}))
        line.join()
        return line

    def ask(self, changed: Mapping[str, str | None] = MappingProxyType({}), *, may_ask: bool = True) -> tuple[int, Any]:
        """Ask about Ann and Bob, with other parameters or without some; the status, and the answer, as declared."""
        usual = {"room": "lobby", "observer": "u-ann", "subject": "u-bob"}
        parameters = {name: value for name, value in (usual | {**changed}).items() if value is not None}
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        found: list[tuple[int, Any]] = []

        async def check(client: Client) -> None:
            async with client.get("/ops/explain", params=parameters, headers=headers) as answer:
                assert answer.headers["Cache-Control"] == "no-store"
                found.append((answer.status, await answer.json()))

        self.serve(check, may_ask=may_ask)
        ((status, told),) = found
        declared = OPERATORS_DOCUMENT["paths"]["/ops/explain"]["get"]["responses"][str(status)]
        schema = declared["content"]["application/json"]["schema"]
        components = {"components": OPERATORS_DOCUMENT["components"]}
        jsonschema.Draft202012Validator(schema | components).validate(told)
        return status, told

    def serve(self, check: Callable[[Client], Awaitable[None]], *, may_ask: bool = True) -> None:
        """Listen for as long as `check` takes."""

        async def serve() -> None:
            served = application(self.desk.hub, Metrics(), self.desk.notebook, lambda _: may_ask)
            async with TestClient(TestServer(served)) as client:
                await check(client)

        asyncio.run(serve())


def test_an_operator_is_told_why() -> None:
    """By the names of users, by entity ids, now and for a tick of the past; each question leaves an audit line."""
    office = Office()
    status, told = office.ask()
    assert (status, told["is_held"], told["reason"], told["observer"]["user"]) == (200, True, "near", "u-ann")
    ids = {"observer": str(told["observer"]["entity"]), "subject": str(told["subject"]["entity"])}
    assert office.ask(ids) == (200, told)
    status, before = office.ask({"tick": str(told["tick"] - 1)})
    assert (status, before["tick"]) == (200, told["tick"] - 1)
    audit = office.desk.notebook.audits[0]
    assert (audit.actor, audit.action, audit.room) == ("u-op", "explain", "lobby")
    assert audit.target == "observer u-ann, subject u-bob"


def test_only_operators_are_told() -> None:
    """Not members, not moderators, not strangers; nothing is written down that was not answered."""
    office = Office()
    for roles in ((), ("moderator",), ("instructor",)):
        office.token = office.desk.token("u-ann", roles=frozenset(roles))
        status, told = office.ask()
        assert (status, told["code"]) == (403, "not_allowed")
    for token in (None, "rubbish"):
        office.token = token
        assert office.ask()[0] == 401
    office.token = office.desk.token("u-op", roles=OPERATOR, lifetime_s=-1)
    assert office.ask()[0] == 401
    assert office.desk.notebook.audits == []


def test_a_server_for_development_asks_for_no_token() -> None:
    """Where guests walk about, there is nothing to keep from them but clearances."""
    office = Office(allow_guests=True)
    office.token = None
    assert office.ask()[0] == 200


def test_an_operators_grants_are_its_eyes() -> None:
    """Who stands where it may not look is unknown, as is who is not there; an older token with more makes no odds."""
    office = Office()
    bob = office.desk.hub.sessions["u-bob"]
    place = office.desk.hub.rooms["lobby"].state.entities.position
    place[bob.row] = (6000, 0, 0)
    office.desk.hub.rooms["lobby"].state.moved.add(bob.row)
    office.desk.tick()
    status, told = office.ask()
    assert (status, told["code"]) == (404, "unknown_entity")
    office.token = office.desk.token("u-op", roles=OPERATOR, grants=frozenset({"secret"}))
    assert office.ask()[1]["subject"]["zone"] == "vault"
    office.desk.member("u-op", roles=OPERATOR)
    assert office.ask()[1]["code"] == "unknown_entity"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"room": None}, 400, "bad_parameter"),
        ({"observer": None}, 400, "bad_parameter"),
        ({"subject": ""}, 400, "bad_parameter"),
        ({"subject": "u" * 129}, 400, "bad_parameter"),
        ({"tick": "soon"}, 400, "bad_parameter"),
        ({"tick": "-1"}, 400, "bad_parameter"),
        ({"tick": "99999999999"}, 400, "bad_parameter"),
        ({"when": "now"}, 400, "bad_parameter"),
        ({"room": "attic"}, 404, "unknown_room"),
        ({"observer": "u-nobody"}, 404, "unknown_entity"),
        ({"observer": "60000"}, 404, "unknown_entity"),
        ({"subject": "9999999999"}, 404, "unknown_entity"),
        ({"tick": "9999999999"}, 404, "unknown_tick"),
        ({"tick": "0"}, 404, "unknown_tick"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(changed: dict[str, str | None], status: int, code: str) -> None:
    """With what to do about it."""
    answered, told = Office().ask(changed)
    assert (answered, told["code"]) == (status, code)
    assert told["advice"]


def test_questions_are_rationed() -> None:
    """They cost the thread that ticks some milliseconds each."""
    assert Office().ask(may_ask=False)[1]["code"] == "too_soon"


def test_metrics_and_the_document_are_there_for_everybody() -> None:
    """Scrapers have no token; everything that is declared is there."""

    async def check(client: Client) -> None:
        async with client.get("/metrics") as answer:
            assert "presence_sessions" in await answer.text()
        async with client.get("/v1/openapi.json") as answer:
            paths = (await answer.json())["paths"]
        for path in paths:
            async with client.get(path) as answer:
                assert answer.status in (200, 401)
        async with client.get("/nowhere") as answer:
            assert (await answer.json())["code"] == "not_found"
        async with client.get("/ops/explain?room=a&room=b") as answer:
            assert answer.status == 401, "who asks is found out first"

    Office().serve(check)
