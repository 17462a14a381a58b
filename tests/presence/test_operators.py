"""What operators may ask over HTTP, who may, and that answers are as declared."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from presence import movement
from presence.metrics import Metrics
from presence.openapi import OPERATORS_DOCUMENT
from presence.operators import LOOKING_S, application
from protocol.schema import Block
from tests.hubs import Desk, Line
from tests.rooms import world, zone

Client = TestClient[web.Request, web.Application]
OPERATOR = frozenset({"operator"})
MAP, ROOMS = "/ops/rooms/{name}/map", "/ops/rooms"


class Office:
    """A desk with two people in its lobby, and an operator who asks about them."""

    def __init__(self, *, allow_guests: bool = False) -> None:
        place = world(zones=[zone("vault", (5, -1, -5), (9, 5, 5), clearance=["secret"])], clearances=["secret"])
        self.desk = Desk({"stage": place}, allow_guests=allow_guests)
        self.ann, self.bob = (self._enter(user) for user in ("u-ann", "u-bob"))
        self.desk.tick(4)
        self.token: str | None = self.desk.token("u-op", roles=OPERATOR)
        self.between_s = 1.0
        self._takes_guests = allow_guests

    def lock_bob_up(self) -> None:
        """Put Bob into the vault."""
        bob, state = self.desk.hub.sessions["u-bob"], self.desk.hub.rooms["lobby"].state
        movement.place(state.entities, state.world, bob.row, (6000, 0, 0), self.desk.now)
        state.moved.add(bob.row)
        self.desk.tick()

    def _enter(self, user: str) -> Line:
        line = self.desk.member(user, grants=frozenset({"secret"}))
        line.join()
        return line

    def ask(self, changed: Mapping[str, str | None] = MappingProxyType({}), *, may_ask: bool = True) -> tuple[int, Any]:
        """Ask about Ann and Bob, with other parameters or without some; the status, and the answer, as declared."""
        usual = {"room": "lobby", "observer": "u-ann", "subject": "u-bob"}
        parameters = {name: value for name, value in (usual | {**changed}).items() if value is not None}
        ((status, told),) = self.ask_often("/ops/explain", [parameters], may_ask=may_ask)
        return status, told

    def map(self, room: str = "lobby", **parameters: str) -> tuple[int, Any]:
        """Look at a room once."""
        ((status, told),) = self.ask_often(MAP, [parameters], room)
        return status, told

    def look(self, *observers: str) -> list[str]:
        """Look at the lobby with one page, again and again; the targets of the audit lines that this leaves."""
        before = len(self.desk.notebook.audits)
        answers = self.ask_often(MAP, [{"observer": each} if each else {} for each in observers])
        assert {status for status, _ in answers} == {200}
        audits = self.desk.notebook.audits[before:]
        assert all((audit.action, audit.room) == ("look", "lobby") for audit in audits)
        return [audit.target for audit in audits]

    def ask_often(
        self, path: str, asked: Sequence[Mapping[str, str]], name: str = "lobby", *, may_ask: bool = True
    ) -> list[tuple[int, Any]]:
        """Ask one listener one thing after the other, a second apart; statuses and answers, as declared."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        found: list[tuple[int, Any]] = []

        async def check(client: Client) -> None:
            for parameters in asked:
                async with client.get(path.format(name=name), params=parameters, headers=headers) as answer:
                    assert answer.headers["Cache-Control"] == "no-store"
                    found.append((answer.status, await answer.json()))
                self.desk.now += self.between_s

        self.serve(check, may_ask=may_ask)
        responses = OPERATORS_DOCUMENT["paths"][path]["get"]["responses"]
        for status, told in found:
            schema = responses[str(status)]["content"]["application/json"]["schema"]
            components = {"components": OPERATORS_DOCUMENT["components"]}
            jsonschema.Draft202012Validator(schema | components).validate(told)
        return found

    def serve(self, check: Callable[[Client], Awaitable[None]], *, may_ask: bool = True) -> None:
        """Listen for as long as `check` takes."""

        async def serve() -> None:
            hub, notebook, takes_guests = self.desk.hub, self.desk.notebook, self._takes_guests
            served = application(hub, Metrics(), notebook, lambda _: may_ask, takes_guests=takes_guests)
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
    office.lock_bob_up()
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
            async with client.get(path.format(name="stage")) as answer:
                assert answer.status in (200, 401)
        async with client.get("/nowhere") as answer:
            assert (await answer.json())["code"] == "not_found"
        async with client.get("/ops/explain?room=a&room=b") as answer:
            assert answer.status == 401, "who asks is found out first"

    Office().serve(check)


# --- rooms from above -------------------------------------------------------------------------------------------------


def test_an_operator_sees_a_room_from_above() -> None:
    """Everybody in it, and whom one of them sees, by user or entity id."""
    office = Office()
    status, told = office.map(observer="u-ann")
    assert (status, told["people"]["user"]) == (200, ["u-ann", "u-bob"])
    ann, bob = told["people"]["entity"]
    assert (told["observer"]["entity"], told["observer"]["subject"]) == (ann, [bob])
    assert office.map(observer=str(ann)) == (200, told)
    assert office.map()[1]["observer"] is None


def test_an_operators_grants_bound_its_map() -> None:
    """Whoever is where it may not look is left out, of the count too; it may observe nobody there."""
    office = Office()
    office.lock_bob_up()
    for observer in ("u-bob", "u-ann"):
        _, told = office.map(observer=observer)
        assert told["people"]["user"] == ["u-ann"]
    assert told["observer"]["subject"] == []
    assert office.map(observer="u-bob")[1]["observer"] is None
    assert office.ask_often(ROOMS, [{}])[0][1]["rooms"][0]["people"] == 1
    office.token = office.desk.token("u-op", roles=OPERATOR, grants=frozenset({"secret"}))
    assert office.map(observer="u-bob")[1]["people"]["user"] == ["u-ann", "u-bob"]
    assert office.ask_often(ROOMS, [{}])[0][1]["rooms"][0]["people"] == 2
    office.desk.member("u-op", roles=OPERATOR)
    assert office.map()[1]["people"]["user"] == ["u-ann"], "an older token with more makes no odds"


def test_a_block_hides_nobody_from_an_operator() -> None:
    """Neither one's own nor theirs, nor that of two others; but who is blocked is not seen by who blocked."""
    office = Office()
    office.ann.send(Block(1, "u-bob", blocked=True))
    office.ann.send(Block(2, "u-op", blocked=True))
    office.desk.tick(4)
    _, told = office.map(observer="u-ann")
    assert (told["people"]["user"], told["observer"]["subject"]) == (["u-ann", "u-bob"], [])


@pytest.mark.parametrize("path", [MAP, ROOMS])
def test_only_operators_look(path: str) -> None:
    """Not members, not strangers; nobody who was refused is written down, and nobody is told without end."""
    office = Office()
    for token, status in ((None, 401), ("rubbish", 401), (office.desk.token("u-ann"), 403)):
        office.token = token
        assert office.ask_often(path, [{}])[0][0] == status
    office.token = office.desk.token("u-op", roles=OPERATOR)
    assert office.ask_often(path, [{}], may_ask=False)[0][1]["code"] == "too_soon"
    assert office.desk.notebook.audits == []
    assert office.ask_often(path, [{}])[0][0] == 200


@pytest.mark.parametrize(
    ("path", "name", "parameters", "status", "code"),
    [
        (MAP, "attic", {}, 404, "unknown_room"),
        (MAP, "lobby", {"observer": ""}, 400, "bad_parameter"),
        (MAP, "lobby", {"observer": "u" * 129}, 400, "bad_parameter"),
        (MAP, "lobby", {"subject": "u-bob"}, 400, "bad_parameter"),
        (ROOMS, "", {"room": "lobby"}, 400, "bad_parameter"),
    ],
)
def test_a_wrong_look_is_refused_in_words(
    path: str, name: str, parameters: dict[str, str], status: int, code: str
) -> None:
    """With what to do about it; nothing is written down."""
    office = Office()
    ((answered, told),) = office.ask_often(path, [parameters], name)
    assert (answered, told["code"]) == (status, code)
    assert told["advice"]
    assert office.desk.notebook.audits == []


@pytest.mark.parametrize("observer", ["u-nobody", "60000", "9999999999"])
def test_who_is_not_there_observes_nothing(observer: str) -> None:
    """A map goes on when its observer leaves."""
    status, told = Office().map(observer=observer)
    assert (status, told["observer"]) == (200, None)


def test_beginning_to_look_is_written_down() -> None:
    """Once for a room, and once for each observer in it; going on is not, and coming back after a while is."""
    office = Office()
    assert office.look("", "", "u-ann", "u-ann", "", "u-bob", "u-ann", "u-nobody") == [
        "",
        "observer u-ann",
        "observer u-bob",
    ]
    office.between_s = LOOKING_S + 1
    assert office.look("", "") == ["", ""]


def test_guests_look_at_a_server_for_development() -> None:
    """Without a token; each request is another guest, but together they begin once."""
    office = Office(allow_guests=True)
    office.token = None
    assert office.look("", "", "") == [""]


def test_the_page_is_served_as_strictly_as_it_is_written() -> None:
    """It loads only what is beside it, which is there; it says whether a token is needed; browsers may keep it."""

    def check_of(need: str) -> Callable[[Client], Awaitable[None]]:
        async def check(client: Client) -> None:
            async with client.get("/ops/map") as answer:
                page, policy, tag = (
                    await answer.text(),
                    answer.headers["Content-Security-Policy"],
                    answer.headers["ETag"],
                )
                assert (answer.status, answer.content_type) == (200, "text/html")
                assert answer.headers["X-Frame-Options"] == "DENY"
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert "unsafe" not in policy
            assert f'<body data-token="{need}">' in page
            async with client.get("/ops/map", headers={"If-None-Match": tag}) as answer:
                assert answer.status == 304
            loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
            assert sorted(loaded) == ["map.css", "map.js", "map.svg"]
            for name in (*loaded, "plan.js"):
                async with client.get(f"/ops/{name}") as answer:
                    assert answer.status == 200
                    assert not re.search(r"https?://(?!www\.w3\.org)", await answer.text())
            async with client.get("/ops/map.html") as answer:
                assert answer.status == 404, "there is one address of it"

        return check

    Office().serve(check_of("needed"))
    Office(allow_guests=True).serve(check_of("optional"))


def test_worlds_are_told_here_too() -> None:
    """What the page draws below people, under the digest that a map names."""
    office = Office()
    digest = office.map()[1]["digest"]

    async def check(client: Client) -> None:
        async with client.get("/v1/worlds/stage") as answer:
            assert (answer.status, answer.headers["ETag"]) == (200, f'"{digest}"')
        async with client.get("/v1/worlds/attic") as answer:
            assert (await answer.json())["code"] == "unknown_world"

    office.serve(check)
