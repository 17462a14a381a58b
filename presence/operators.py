"""What operators ask over HTTP, on a listener of their own: metrics, rooms from above, and why one sees another or not.

Owns these routes, the page that draws a room, who may ask, and how parameters are written. Metrics name nobody, and are
told to everybody who reaches the listener. Whatever speaks of people asks for a token with the role `operator`, tells
of places only what its grants cover, and leaves an audit line; servers that take guests, which are for development,
answer without a token too. Of what is looked at again and again, only the beginning leaves a line: a line for each of
3,600 looks an hour would bury those that say something new, and no line would hide who watched whom.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web

from presence import metrics, pages
from presence.explain import Unanswerable, UnknownEntity, as_json, explain
from presence.http import Handler, armour, bearer, json_document, refuse_in_json, within_rate, world_documents
from presence.hub import Hub, Journal
from presence.identity import GUEST_PREFIX, MAX_USER_CHARS, OPERATOR, Identity
from presence.limits import Pool
from presence.metrics import Metrics
from presence.openapi import OPERATORS_DOCUMENT
from presence.overview import head_count, overview
from presence.pages import Page
from presence.problem import Problem
from presence.room import Room
from presence.state import Audit

LOOKING_S = 60.0  # who has not looked for so long begins anew
MAX_LOOKING = 1024  # who is forgotten begins anew

_NUMBER = re.compile(r"[0-9]{1,10}")
# Everything the map needs comes from here; it writes no markup and no style into itself as text.
_MAP_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# What the page says of itself, so that it need not ask only to be refused.
_TOKEN_NEEDED, _TOKEN_OPTIONAL = b'data-token="needed"', b'data-token="optional"'

_compact = partial(json.dumps, separators=(",", ":"))


def application(
    hub: Hub, counted: Metrics, journal: Journal, may_ask: Callable[[web.Request], bool], *, takes_guests: bool
) -> web.Application:
    """Make the application. may_ask tells whether the sender of a costly request is within its rate."""
    desk = _Desk(hub, journal, may_ask)
    made = web.Application(middlewares=[refuse_in_json])
    made.router.add_get("/metrics", metrics.page(counted))
    made.router.add_get("/ops/explain", desk.explain)
    made.router.add_get("/ops/rooms", desk.rooms)
    made.router.add_get("/ops/rooms/{name}/map", desk.map)
    for path, page in _map_pages(takes_guests=takes_guests).items():
        made.router.add_get(path, _map_page(page))
    made.router.add_get("/v1/worlds/{name}", world_documents(hub.worlds))
    made.router.add_get("/v1/openapi.json", json_document(OPERATORS_DOCUMENT))
    armour(made)
    return made


class _Desk:
    """The handlers that need the hub."""

    def __init__(self, hub: Hub, journal: Journal, may_ask: Callable[[web.Request], bool]) -> None:
        self._hub = hub
        self._journal = journal
        self._may_ask = may_ask
        self._looking: Pool[tuple[str, str, int]] = Pool(MAX_LOOKING)  # user, room, observer or 0

    async def rooms(self, request: web.Request) -> web.Response:
        operator = self._operator(request)
        _parameters(request)
        listed = [
            {
                "name": room.name,
                "world": room.world.name,
                "people": head_count(room, self._clearance_bits(operator, room)),
                "capacity": room.settings.capacity,
            }
            for room in self._hub.rooms.values()
        ]
        return web.json_response({"rooms": listed}, dumps=_compact)

    async def map(self, request: web.Request) -> web.Response:
        operator = self._operator(request)
        asked = _parameters(request, optional=("observer",))
        room = self._room(request.match_info["name"])
        try:
            observer = self._entity(room, asked["observer"]) if "observer" in asked else None
        except UnknownEntity:
            observer = None  # who has gone, or who may not be known of: told as nobody, since a map goes on
        told = overview(room, observer, self._clearance_bits(operator, room))
        self._note_look(operator, room, told)
        return web.json_response(told, dumps=_compact)

    def _note_look(self, operator: Identity, room: Room, told: Mapping[str, Any]) -> None:
        """Write down that an operator begins to look at a room, or at what somebody there sees."""
        now = self._hub.clock()
        for look in self._looking.expired(now - LOOKING_S):
            self._looking.discard(look)
        entity = 0 if told["observer"] is None else told["observer"]["entity"]
        look = (GUEST_PREFIX if operator.guest else operator.user, room.name, entity)
        if look not in self._looking:
            people = dict(zip(told["people"]["entity"], told["people"]["user"], strict=True)) if entity else {}
            target = f"observer {people[entity]}" if entity else ""
            self._journal.audited(Audit(operator.user, "look", target, room.name, ""))
        self._looking.discard(look)
        self._looking.add(look, now)

    async def explain(self, request: web.Request) -> web.Response:
        operator = self._operator(request)
        asked = _parameters(request, needed=("room", "observer", "subject"), optional=("tick",))
        room = self._room(asked["room"])
        tick = None if "tick" not in asked else _number("tick", asked["tick"])
        try:
            answer = self._explained(operator, room, asked["observer"], asked["subject"], tick)
        except Unanswerable as error:
            raise Problem(404, "unknown_tick", str(error), "leave `tick` out to ask about the newest") from None
        except UnknownEntity as error:
            raise Problem(404, "unknown_entity", str(error), "see /v1/presence for who is here") from None
        return web.json_response(answer)

    def _explained(
        self, operator: Identity, room: Room, observer: str, subject: str, tick: int | None
    ) -> dict[str, Any]:
        """Answer, and write down that it was asked. Raises as `explain` does."""
        target = f"observer {observer}, subject {subject}"
        self._journal.audited(Audit(operator.user, "explain", target, room.name, ""))
        one, other = (self._entity(room, named) for named in (observer, subject))
        return as_json(explain(room, one, other, tick, self._clearance_bits(operator, room)))

    def _clearance_bits(self, operator: Identity, room: Room) -> int:
        return room.world.clearance_bits(self._hub.as_of_now(operator).grants)

    def _room(self, name: str) -> Room:
        room = self._hub.rooms.get(name)
        if room is None:
            raise Problem(404, "unknown_room", f"there is no room {name}", "see /ops/rooms for which there are")
        return room

    def _entity(self, room: Room, named: str) -> int:
        """Find the entity id that is meant: the number itself, or that of a user who is in the room."""
        if _NUMBER.fullmatch(named):
            return int(named)
        session = self._hub.sessions.get(named)
        if session is None or session.room is not room:
            raise UnknownEntity(f"there is no user {named} in room {room.name}, as far as you may know")
        return int(room.state.entities.id[session.row])

    def _operator(self, request: web.Request) -> Identity:
        within_rate(self._may_ask, request)
        who = bearer(self._hub, request)
        if OPERATOR not in who.roles and not who.guest:
            raise Problem(403, "not_allowed", "only operators may ask this", f"show a token with the role {OPERATOR}")
        return who


def _parameters(request: web.Request, needed: Collection[str] = (), optional: Collection[str] = ()) -> dict[str, str]:
    """Read the query. Raises Problem for what is missing, unknown or said twice."""
    given, known = request.query, (*needed, *optional)
    for name in given:
        if name not in known:
            raise _bad(f"there is no parameter {name}", f"use {', '.join(known) or 'none'}")
        if len(given.getall(name)) > 1:
            raise _bad(f"{name} is given twice", "give it once")
    for name in (*needed, *given):
        if not 0 < len(given.get(name, "")) <= MAX_USER_CHARS:
            raise _bad(f"{name} is missing, or longer than any name", f"give {', '.join(needed or known)}")
    return dict(given)


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _bad(f"{name} is no number", "write it in digits")
    return int(text)


def _bad(what: str, advice: str) -> Problem:
    return Problem(400, "bad_parameter", what, advice)


# --- the map's page ---------------------------------------------------------------------------------------------------


def _map_pages(*, takes_guests: bool) -> dict[str, Page]:
    """Read the page and what it loads, by path. Whether it must ask for a token stands in it."""
    files = pages.read(pages.OPERATORS_PAGES)
    page = files.pop("map.html")
    if takes_guests:
        body = page.body.replace(_TOKEN_NEEDED, _TOKEN_OPTIONAL)
        page = replace(page, body=body, tag=pages.digest(body))
    return {"/ops/map": page} | {f"/ops/{name}": file for name, file in files.items()}


def _map_page(page: Page) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        response = page.answer(request)
        response.headers["Content-Security-Policy"] = _MAP_POLICY
        return response

    return answer
