"""The running server: listeners, the tick, refreshing of trust, and a stop in good order.

Owns every task and timer of the process, and puts the parts together: one Hub, two transports and HTTP in front of it,
what operators ask beside it. Nothing else in the package starts anything. One thread does all of it.

    ticker        every 1 / tick_hz s: each occupied room's five stages, then what its report asks for
    housekeeping  once a second: deadlines, traffic figures
    trust         every trust_refresh_s: keys and revocations read again
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import resource
import signal
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from random import SystemRandom
from typing import Any

import uvloop
from aiohttp import web

from presence import http, logs, metrics, operators, overview, pages
from presence.addresses import is_loopback
from presence.bots import Bots
from presence.catalogue import load_worlds
from presence.config import DECLARED, PREFIX, Settings
from presence.hub import Hub, HubSettings, Journal
from presence.identity import Verifier
from presence.intake import Intake
from presence.journal import LoggingJournal
from presence.keys import KeyRing, Refresh, TrustError
from presence.limits import Pool, SourceRates
from presence.pages import PagesError
from presence.proxies import Proxies
from presence.room import RoomSettings
from presence.sockets import send_each
from presence.tcp import TcpConnection
from presence.ticker import Ticker
from presence.tls import TlsConnection
from presence.upgrade import MAX_HTTP_CONNECTIONS, HttpConnection, Upgrader
from presence.websocket import WebSocketConnection
from presence.world import WorldError
from protocol.schema import SPEC_OF, Pose, Rate

CANNOT_START = 2
# A runner comes 1.2 m nearer meanwhile, and the cost of looking is a quarter.
LOOK_EVERY_TICKS = 4
HOUSEKEEPING_S = 1.0
# Sessions live long, and hardly anything here is garbage in a cycle: to look at all that 2,000 people need takes 65 ms.
_GARBAGE_THRESHOLDS = 10_000, 20, 100
# Long enough that a supervisor's new process can be listening, short enough that nobody notices.
RECONNECT_AFTER_MS = 1000
# Clients that were told to go close their sockets at once; who does not within this time is cut off.
FAREWELL_S = 3.0
# Listing a full room takes milliseconds of the thread that ticks: a page that polls is welcome, a loop is not.
LISTING_RATE = Rate(per_s=5, burst=20)
BACKLOG = 1024  # a whole hall coming back at once
MAX_OPEN_FILES = 65_536

_log = logs.logger(__name__)


class StartError(Exception):
    """The server cannot start; its text is one line that says why and what to do."""


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code."""
    try:
        uvloop.run(_serve(settings))
    except StartError as error:
        print(f"presence: {error}", file=sys.stderr)  # noqa: T201  before it serves, it talks to a terminal
        return CANNOT_START
    return 0


async def _serve(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    _raise_file_limit()
    server = Server(settings)
    await server.start()
    try:
        await stopping.wait()
    finally:
        await server.stop()


class Server:
    """One server process's worth of everything. `start`, then `stop`, once each."""

    def __init__(self, settings: Settings) -> None:
        """Load what can be loaded. Raises StartError."""
        self.settings = settings
        self.metrics = metrics.Metrics()
        self.http_port = self.tcp_port = 0
        self.metrics_port: int | None = None
        self._loop = asyncio.get_running_loop()
        self._proxies = Proxies(settings.trusted_proxies)
        self._trust = KeyRing(settings.keys_file or settings.keys_url, settings.revoked_file or settings.revoked_url)
        self._tls = _tls_context(settings)
        self._journal = LoggingJournal(self.metrics)
        self.hub = _hub(settings, self._trust, self._journal, self._is_exempt)
        self._intake = Intake(self._loop, self.hub.traffic)
        self._handshakes: Pool[TlsConnection] = Pool(settings.max_half_open)
        self._ticker: Ticker
        self._housekeeping_timer: asyncio.TimerHandle
        self._closing: contextlib.AsyncExitStack | None = None

    # --- start and stop -----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen, and start the clock. Raises StartError, leaving nothing behind."""
        try:
            await self._trust.load()
        except TrustError as error:
            raise StartError(str(error)) from None
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._intake.close)
            await self._listen(stack)
            self._start_timers(stack)
            if self.settings.bots:
                await self._start_bots(stack)
            self._closing = stack.pop_all()
        gc.collect()
        gc.freeze()  # what is there now stays for good; collections need not look at it again
        gc.set_threshold(*_GARBAGE_THRESHOLDS)
        _log.info(
            "listening",
            url=f"{'https' if self.settings.is_tls else 'http'}://{_in_url(self.settings.host)}:{self.http_port}/",
            host=self.settings.host,
            http_port=self.http_port,
            tcp_port=self.tcp_port,
            metrics_port=self.metrics_port,
            tls=self.settings.is_tls,
            guests=self.settings.allow_guests,
        )

    async def stop(self) -> None:
        """Send everybody away in good order, then close. Takes FAREWELL_S at most, and a little."""
        assert self._closing is not None, "stop comes after start"
        _log.info("stopping", sessions=len(self.hub.sessions))
        self.hub.stop("the server is stopping", RECONNECT_AFTER_MS, self._loop.time())
        await self._closing.aclose()
        _log.info("stopped")

    async def _listen(self, stack: contextlib.AsyncExitStack) -> None:
        settings = self.settings
        server = await self._web_server(stack, self._application())
        pool: Pool[HttpConnection] = Pool(MAX_HTTP_CONNECTIONS)
        stack.push_async_callback(self._see_off)
        plain = None if settings.is_tls else self._intake
        speak_http = self._secured(lambda: HttpConnection(server, pool, self._loop))
        speak_tcp = self._secured(lambda: TcpConnection(self.hub, self._loop, settings.max_frame_bytes, plain))
        self.http_port = await self._listen_on(stack, speak_http, settings.host, settings.port, "port")
        self.tcp_port = await self._listen_on(stack, speak_tcp, settings.host, settings.tcp_port, "tcp_port")
        await self._listen_for_operators(stack)

    async def _listen_for_operators(self, stack: contextlib.AsyncExitStack) -> None:
        may_ask = self._rate_limit(lambda request: request.remote or "")
        takes_guests = self.settings.allow_guests
        desk = operators.application(self.hub, self.metrics, self._journal, may_ask, takes_guests=takes_guests)
        server = await self._web_server(stack, desk)
        host, port = self.settings.metrics_host, self.settings.metrics_port
        try:
            self.metrics_port = await self._listen_on(stack, server, host, port, "metrics_port")
        except StartError as error:
            if not self.settings.is_default("metrics_port"):
                raise
            _log.warning("no metrics", reason=str(error))

    async def _web_server(self, stack: contextlib.AsyncExitStack, application: web.Application) -> web.Server:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        assert runner.server is not None
        return runner.server

    async def _listen_on(
        self,
        stack: contextlib.AsyncExitStack,
        factory: Callable[[], asyncio.BaseProtocol],
        host: str,
        port: int,
        setting: str,
    ) -> int:
        """Listen, and return the port. Raises StartError where that cannot be done."""
        try:
            listener = await self._loop.create_server(factory, host, port, backlog=BACKLOG)
        except OSError as error:
            raise StartError(_listen_problem(error, host, port, setting)) from None
        stack.callback(listener.close)
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    def _secured(self, behind: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Put TLS in front of a protocol, if there is a certificate."""
        context = self._tls
        if context is None:
            return behind
        return lambda: TlsConnection(context, behind, self._handshakes, self._loop.time)

    def _application(self) -> web.Application:
        plain = None if self.settings.is_tls else self._intake

        def connect(address: str) -> WebSocketConnection:
            return WebSocketConnection(self.hub, self._loop, self.settings.max_frame_bytes, plain, address)

        upgrader = Upgrader(frozenset(self.settings.origins), self._proxies.client_address, connect)
        is_public_tls = self.settings.is_tls and not self.settings.allow_guests
        may_ask = self._rate_limit(self._proxies.client_address)
        try:
            client = pages.load()
        except (PagesError, OSError) as error:
            raise StartError(f"the web client cannot be served: {error}") from None
        return http.application(
            self.hub,
            upgrader,
            may_ask,
            client,
            takes_guests=self.settings.allow_guests,
            is_public_tls=is_public_tls,
        )

    def _rate_limit(self, address_of: Callable[[web.Request], str]) -> Callable[[web.Request], bool]:
        """Tell, of requests as they come, which of them are within the rate of whoever sends them."""
        rates = SourceRates(LISTING_RATE, self._is_exempt)
        return lambda request: rates.take(address_of(request), self._loop.time())

    async def _start_bots(self, stack: contextlib.AsyncExitStack) -> None:
        settings = self.settings
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "localhost") else settings.host  # noqa: S104  compared only
        url = f"{'tcps' if settings.is_tls else 'tcp'}://{_in_url(host)}:{self.tcp_port}"
        worlds = f"{'https' if settings.is_tls else 'http'}://{_in_url(host)}:{self.http_port}"
        room = settings.rooms[0].name if settings.rooms else "hq"
        certificate = str(settings.tls_cert) if settings.tls_cert is not None else None
        bots = await Bots.start(url, worlds, room, settings.bots, certificate)
        stack.push_async_callback(bots.stop)

    def _start_timers(self, stack: contextlib.AsyncExitStack) -> None:
        self._ticker = Ticker(self.hub, self._intake.sweep, self.metrics, self._loop, 1.0 / self.settings.tick_hz)
        self._ticker.start()
        stack.callback(self._ticker.stop)
        self._keep_house()
        stack.callback(self._stop_keeping_house)
        refresher = asyncio.create_task(self._trust.keep_fresh(self.settings.trust_refresh_s, self._trust_refreshed))
        stack.callback(refresher.cancel)
        self.metrics.watch(self._levels)
        stack.enter_context(self.metrics.timing_garbage())

    async def _see_off(self) -> None:
        """Wait until every connection is closed, as long as that may take."""
        deadline = self._loop.time() + FAREWELL_S
        while self.hub.connections and self._loop.time() < deadline:  # noqa: ASYNC110  the hub is pure: it tells nobody
            await asyncio.sleep(0.02)

    # --- housekeeping -------------------------------------------------------------------------------------------------

    def _keep_house(self) -> None:
        self._housekeeping_timer = self._loop.call_later(HOUSEKEEPING_S, self._keep_house)
        now = self._loop.time()
        for connection in self._handshakes.expired(now - self.settings.handshake_timeout_s):
            connection.abort()
        self.hub.advance(now, time.time())
        traffic = self.hub.traffic.take()
        counted = self.metrics
        counted.received_bytes.add("poses", traffic.received_poses)
        counted.received_bytes.add("control", traffic.received_control)
        counted.sent_bytes.add("control", traffic.sent_control)
        counted.sent_bytes.add("events", traffic.sent_events)
        counted.drops.add("too_soon", traffic.too_soon)
        for name, count in traffic.messages.items():
            counted.messages.add(name, count)
        for code, count in traffic.refusals.items():
            counted.count_refusal(code, count)

    def _stop_keeping_house(self) -> None:
        self._housekeeping_timer.cancel()

    def _trust_refreshed(self, refresh: Refresh) -> None:
        for problem in refresh.problems:
            _log.warning("keys or revocations not refreshed", problem=problem)
        if refresh.changed:
            self.hub.sweep_revoked(self._loop.time())

    def _levels(self) -> metrics.Levels:
        sessions = self.hub.sessions.values()
        rooms = self.hub.rooms.values()
        things = sum(len(room.state.things) for room in rooms)
        return metrics.Levels(
            sessions=Counter("away" if session.away_since is not None else session.state.value for session in sessions),
            entities={"avatar": sum(map(len, rooms)), "object": things},
            rooms=len(rooms),
            half_open=len(self.hub.half_open) + len(self._handshakes),
            budgets=overview.budget_levels(self.hub.occupied_rooms()),
            load=self._ticker.load.share,
            level=self._ticker.load.level,
        )

    def _is_exempt(self, address: str) -> bool:
        """Tell whether connections from an address are not counted: a proxy's, or this machine's tests and bots."""
        trusts_loopback = self.settings.trust_loopback or self.settings.bots > 0
        return self._proxies.is_trusted(address) or (trusts_loopback and is_loopback(address))


def _hub(settings: Settings, trust: KeyRing, journal: Journal, is_exempt: Callable[[str], bool]) -> Hub:
    try:
        worlds = load_worlds(settings.worlds_dir)
    except WorldError as error:
        raise StartError(f"a world cannot be used: {error}") from None
    for room in settings.rooms:
        if room.world not in worlds:
            raise StartError(f"room {room.name} needs the world {room.world}; there is {', '.join(sorted(worlds))}")
    rng = SystemRandom()
    verifier = Verifier(
        trust.keys,
        audience=settings.audience,
        rng=rng,
        issuer=settings.issuer,
        revoked=trust.revoked,
        allow_guests=settings.allow_guests,
    )
    return Hub(
        _hub_settings(settings),
        worlds,
        verifier,
        rng,
        time.monotonic,
        journal=journal,
        is_exempt=is_exempt,
        write_each=send_each,
    )


def _hub_settings(settings: Settings) -> HubSettings:
    same: dict[str, Any] = {
        field.name: getattr(settings, field.name) for field in fields(HubSettings) if field.name in DECLARED
    }
    del same["rooms"], same["room_rings"]
    room = RoomSettings(
        capacity=settings.room_capacity,
        tick_hz=settings.tick_hz,
        interest_radius_mm=round(settings.interest_radius_m * 1000),
        look_every_ticks=LOOK_EVERY_TICKS,
        rings=settings.rings,
        budget_bytes_per_s=settings.pose_budget_kbit * 125,
        pinned_roles=frozenset(settings.pinned_roles),
        viewpoint_roles=frozenset(settings.viewpoint_roles),
        pose_rate=SPEC_OF[Pose].rate if settings.rate_limits else None,
    )
    return HubSettings(
        **same,
        default_world=settings.rooms[0].world if settings.rooms else "headquarters",
        rooms={room.name: room.world for room in settings.rooms},
        room_rings={own.room: own.rings for own in settings.room_rings},
        room=room,
    )


def _tls_context(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"the certificate {settings.tls_cert} and its key cannot be used: {error}") from None
    return context


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listen_problem(error: OSError, host: str, port: int, setting: str) -> str:
    variable = DECLARED[setting].also_from or PREFIX + setting.upper()
    name = f"--{setting.replace('_', '-')} or {variable}"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken: stop what uses it, or choose another with {name}"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} is not allowed to this user: choose one above 1023 with {name}"
    return f"cannot listen on {host} port {port}: {error.strerror or error}"


def _raise_file_limit() -> None:
    """Ask for as many sockets as the system allows: the usual soft limit of 1,024 is less than one full room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
