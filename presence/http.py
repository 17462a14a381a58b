"""What the server says over HTTP: the landing page, health, rooms and presence, and the way to the WebSocket.

Owns routes, headers and JSON; `openapi` declares the same for others. Every answer about people is filtered for the
caller by the room's own `may_see`. Never changes anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from aiohttp import hdrs, web

from presence import __version__
from presence.hub import Hub
from presence.identity import Identity
from presence.openapi import DOCUMENT
from presence.problem import Problem, bad_token, from_http
from presence.upgrade import Upgrader
from protocol.errors import ProtocolError
from protocol.schema import Person, Status

# Nothing here loads anything from elsewhere, and no other page may frame it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "presence",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(
    hub: Hub, upgrader: Upgrader, may_ask: Callable[[web.Request], bool], *, is_public_tls: bool
) -> web.Application:
    """Make the application.

    may_ask tells whether the sender of a request for people is within its rate; is_public_tls asks browsers to insist
    on TLS.
    """
    api = _Api(hub, may_ask)
    made = web.Application(middlewares=[_refuse_in_json], client_max_size=0)
    made.router.add_get("/", _landing_page)
    made.router.add_get("/healthz", api.health)
    made.router.add_get("/readyz", api.readiness)
    made.router.add_get("/v1/openapi.json", _openapi)
    made.router.add_get("/v1/rooms", api.rooms)
    made.router.add_get("/v1/presence", api.presence)
    made.router.add_get("/v1/connect", upgrader.handle)
    headers = HEADERS | (STRICT_TRANSPORT if is_public_tls else {})

    async def secure(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers)
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")

    made.on_response_prepare.append(secure)
    return made


class _Api:
    """The handlers that need the hub."""

    def __init__(self, hub: Hub, may_ask: Callable[[web.Request], bool]) -> None:
        self._hub = hub
        self._may_ask = may_ask

    async def health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "version": __version__})

    async def readiness(self, _request: web.Request) -> web.Response:
        if self._hub.is_stopping:
            raise Problem(503, "stopping", "the server is stopping", "use another one, or come back in a moment")
        return web.json_response({"status": "ready"})

    async def rooms(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request)
        listed = [
            {
                "name": room.name,
                "world": room.world.name,
                "people": len(people),
                "capacity": room.settings.capacity,
                "locked": room.state.is_locked,
            }
            for room, people in self._hub.visible_people(viewer)
        ]
        return web.json_response({"rooms": listed})

    async def presence(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request)
        listed = [
            _described(person, room.name) for room, people in self._hub.visible_people(viewer) for person in people
        ]
        return web.json_response({"people": listed})

    def _viewer(self, request: web.Request) -> Identity:
        if not self._may_ask(request):
            raise Problem(
                429, "too_soon", "too many requests from your address", "ask less often", {"Retry-After": "1"}
            )
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme and scheme.lower() != "bearer":
            raise Problem(
                401, "token_required", "only bearer tokens are known here", "send Authorization: Bearer TOKEN"
            )
        try:
            return self._hub.identify(token.strip(), "", self._hub.clock())
        except ProtocolError as error:
            raise bad_token(error) from None


def _described(person: Person, room: str) -> dict[str, Any]:
    return {
        "user": person.user,
        "name": person.name,
        "agency": person.agency,
        "country": person.country,
        "roles": person.roles,
        "guest": person.guest,
        "status": Status(person.status).name.lower(),
        "away": person.away,
        "room": room,
    }


async def _landing_page(_request: web.Request) -> web.Response:
    return web.Response(text=_LANDING_PAGE, content_type="text/html", charset="utf-8")


async def _openapi(_request: web.Request) -> web.Response:
    return web.json_response(DOCUMENT)


@web.middleware
async def _refuse_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPException as error:
        return from_http(error).response()


_LANDING_PAGE = files("presence").joinpath("landing.html").read_text("utf-8")
