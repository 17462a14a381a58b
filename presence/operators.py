"""What operators ask over HTTP, on a listener of their own: metrics, and why one sees another or does not.

Owns these routes, who may ask, and how parameters are written. Metrics name nobody, and are told to everybody who
reaches the listener. Whatever speaks of people asks for a token with the role `operator`, tells of places only what its
grants cover, and leaves an audit line; servers that take guests, which are for development, answer without a token too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from presence import metrics
from presence.explain import Unanswerable, UnknownEntity, as_json, explain
from presence.http import armour, bearer, json_document, refuse_in_json, within_rate
from presence.hub import Hub, Journal
from presence.identity import MAX_USER_CHARS, OPERATOR, Identity
from presence.metrics import Metrics
from presence.openapi import OPERATORS_DOCUMENT
from presence.problem import Problem
from presence.room import Room
from presence.state import Audit

_NUMBER = re.compile(r"[0-9]{1,10}")
_NEEDED = ("room", "observer", "subject")
_KNOWN = (*_NEEDED, "tick")


def application(
    hub: Hub, counted: Metrics, journal: Journal, may_ask: Callable[[web.Request], bool]
) -> web.Application:
    """Make the application. may_ask tells whether the sender of a costly request is within its rate."""
    desk = _Desk(hub, journal, may_ask)
    made = web.Application(middlewares=[refuse_in_json])
    made.router.add_get("/metrics", metrics.page(counted))
    made.router.add_get("/ops/explain", desk.explain)
    made.router.add_get("/v1/openapi.json", json_document(OPERATORS_DOCUMENT))
    armour(made)
    return made


class _Desk:
    """The handlers that need the hub."""

    def __init__(self, hub: Hub, journal: Journal, may_ask: Callable[[web.Request], bool]) -> None:
        self._hub = hub
        self._journal = journal
        self._may_ask = may_ask

    async def explain(self, request: web.Request) -> web.Response:
        operator = self._operator(request)
        asked = _parameters(request)
        room = self._hub.rooms.get(asked["room"])
        if room is None:
            raise Problem(404, "unknown_room", f"there is no room {asked['room']}", "see /v1/rooms of the public port")
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
        clearance_bits = room.world.clearance_bits(self._hub.as_of_now(operator).grants)
        one, other = (self._entity(room, named) for named in (observer, subject))
        return as_json(explain(room, one, other, tick, clearance_bits))

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


def _parameters(request: web.Request) -> dict[str, str]:
    """Read the query. Raises Problem for what is missing, unknown or said twice."""
    given = request.query
    for name in given:
        if name not in _KNOWN:
            raise _bad(f"there is no parameter {name}", f"use {', '.join(_KNOWN)}")
        if len(given.getall(name)) > 1:
            raise _bad(f"{name} is given twice", "give it once")
    for name in _NEEDED:
        if not 0 < len(given.get(name, "")) <= MAX_USER_CHARS:
            raise _bad(f"{name} is missing, or longer than any name", f"give {', '.join(_NEEDED)}")
    return dict(given)


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _bad(f"{name} is no number", "write it in digits")
    return int(text)


def _bad(what: str, advice: str) -> Problem:
    return Problem(400, "bad_parameter", what, advice)
