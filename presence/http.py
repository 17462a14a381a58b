"""What the server says over HTTP: the web client, health, rooms, presence, worlds, and the way to the WebSocket.

Owns routes, headers and JSON; `openapi` declares the same for others. Every answer about people is filtered for the
caller by the room's own `may_see`; worlds hold no people and are told to everybody. Never changes anything.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Any

from aiohttp import hdrs, web

from presence import __version__, pages, world_document
from presence.hub import Hub
from presence.identity import Identity
from presence.openapi import DOCUMENT, MAX_WORLD_BYTES
from presence.pages import Page
from presence.problem import Problem, bad_token, from_http
from presence.upgrade import Upgrader
from presence.world import World, WorldError
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
# The web client: everything it needs comes from here, and it may ask for a headset and the whole screen.
_APP_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'{sockets}; worker-src 'self' blob:; manifest-src 'self'; media-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_APP_PERMISSIONS = "camera=(), fullscreen=(self), geolocation=(), microphone=(), xr-spatial-tracking=(self)"
_AUTHORITY = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")

WORLD_READING_S = 10.0  # for a world file that comes over a slow line

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(
    hub: Hub,
    upgrader: Upgrader,
    may_ask: Callable[[web.Request], bool],
    client: Mapping[str, Page],
    *,
    takes_guests: bool,
    is_public_tls: bool,
) -> web.Application:
    """Make the application.

    may_ask tells whether the sender of a costly request is within its rate; client: the pages of the web client by
    path, none if it was not built; is_public_tls asks browsers to insist on TLS.
    """
    api = _Api(hub, may_ask)
    worlds = _Worlds(hub.worlds, may_ask, takes_guests=takes_guests)
    made = web.Application(middlewares=[refuse_in_json], client_max_size=MAX_WORLD_BYTES)
    if not client:
        made.router.add_get("/", _landing_page)
    for path, page in client.items():
        made.router.add_get(path, _app_page(page))
    made.router.add_get("/healthz", api.health)
    made.router.add_get("/readyz", api.readiness)
    made.router.add_get("/v1/openapi.json", json_document(DOCUMENT))
    made.router.add_get("/v1/rooms", api.rooms)
    made.router.add_get("/v1/presence", api.presence)
    made.router.add_get("/v1/worlds", worlds.list)
    made.router.add_get("/v1/worlds/{name}", world_documents(hub.worlds))
    made.router.add_post("/v1/worlds/check", worlds.check)
    made.router.add_get("/v1/connect", upgrader.handle)
    armour(made, HEADERS | (STRICT_TRANSPORT if is_public_tls else {}))
    return made


def armour(application: web.Application, headers: Mapping[str, str] = HEADERS) -> None:
    """Put these headers on every answer; a page may have a policy, and a time to be kept, of its own."""

    async def secure(_request: web.Request, response: web.StreamResponse) -> None:
        policy = response.headers.get("Content-Security-Policy", headers["Content-Security-Policy"])
        response.headers.update({**headers, "Content-Security-Policy": policy})
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")

    application.on_response_prepare.append(secure)


def bearer(hub: Hub, request: web.Request) -> Identity:
    """Find out who asks, by the token in the request; without one, a guest where guests are let in. Raises Problem."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme and scheme.lower() != "bearer":
        raise Problem(401, "token_required", "only bearer tokens are known here", "send Authorization: Bearer TOKEN")
    try:
        return hub.identify(token.strip(), "", hub.clock())
    except ProtocolError as error:
        raise bad_token(error) from None


def within_rate(may_ask: Callable[[web.Request], bool], request: web.Request) -> None:
    """Raise Problem where the sender of a costly request is not within its rate."""
    if not may_ask(request):
        raise Problem(429, "too_soon", "too many requests from your address", "ask less often", {"Retry-After": "1"})


def json_document(document: Mapping[str, Any]) -> Handler:
    """Return what answers with a document that does not change."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(document)

    return answer


def world_documents(worlds: Mapping[str, World]) -> Handler:
    """Return what answers with the world of a name."""
    documents = {world.name: pages.json_page(world.document, world.digest) for world in worlds.values()}

    async def answer(request: web.Request) -> web.Response:
        page = documents.get(request.match_info["name"])
        if page is None:
            raise Problem(404, "unknown_world", "there is no such world", "see /v1/worlds for what there is")
        return page.answer(request)

    return answer


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
        if self._hub.is_overloaded:
            raise Problem(
                503, "overloaded", "ticks take nearly all of their time", "use another one, or come back later"
            )
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
        within_rate(self._may_ask, request)
        return bearer(self._hub, request)


class _Worlds:
    """The handlers about worlds: which there are, and what is wrong with a new one."""

    def __init__(
        self, worlds: Mapping[str, World], may_ask: Callable[[web.Request], bool], *, takes_guests: bool
    ) -> None:
        self._may_ask = may_ask
        self._takes_guests = takes_guests
        self._listed = [
            {"name": world.name, "title": world.title, "digest": world.digest} for _, world in sorted(worlds.items())
        ]
        self._checking = asyncio.Lock()

    async def list(self, _request: web.Request) -> web.Response:
        return web.json_response({"worlds": self._listed})

    async def check(self, request: web.Request) -> web.Response:
        """Say what is wrong with a world: one at a time, beside the thread that ticks, and not for the public."""
        if not self._takes_guests:
            raise Problem(
                403, "not_allowed", "worlds are checked by servers for development", "run `presence world check`"
            )
        within_rate(self._may_ask, request)
        async with self._checking:
            try:
                async with asyncio.timeout(WORLD_READING_S):
                    body = await request.read()
            except TimeoutError:
                raise Problem(408, "too_slow", "the world did not arrive in time", "send it at once") from None
            problems = await asyncio.to_thread(_problems_of, body)
        return web.json_response({"problems": problems})


def _problems_of(body: bytes) -> list[dict[str, str]]:
    try:
        world_document.read(body.decode())
    except UnicodeDecodeError as error:
        return [{"path": "$", "problem": f"is not UTF-8 at byte {error.start}", "remedy": "send it as UTF-8"}]
    except WorldError as error:
        return [{"path": path, "problem": what, "remedy": remedy} for path, what, remedy in error.problems]
    return []


def _app_page(page: Page) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        response = page.answer(request)
        # Older browsers do not count a WebSocket to where the page came from as 'self'.
        host = request.host if _AUTHORITY.fullmatch(request.host) else ""
        sockets = f" ws://{host} wss://{host}" if host else ""
        response.headers["Content-Security-Policy"] = _APP_POLICY.format(sockets=sockets)
        response.headers["Permissions-Policy"] = _APP_PERMISSIONS
        return response

    return answer


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


@web.middleware
async def refuse_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal in one form."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPException as error:
        return from_http(error).response()


_LANDING_PAGE = files("presence").joinpath("landing.html").read_text("utf-8")
