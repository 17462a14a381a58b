"""presence.server: parts put together in this process; tests/integration/test_server.py runs a process of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from presence import config
from presence.server import Server, StartError
from protocol.codec import encode
from protocol.framing import tcp_header
from protocol.schema import Join
from tests.hubs import a_hello


def settings(**values: object) -> config.Settings:
    """Make settings of a server for guests on free ports."""
    return config.build(
        **{"port": 0, "tcp_port": 0, "metrics_port": 0, "allow_guests": True, "rooms": ["lobby=plaza"]} | values
    )


def serve(check: Callable[[Server], Awaitable[None]], **values: object) -> None:
    """Run a server for as long as `check` takes, and fail on what it leaves behind."""

    async def run() -> None:
        server = Server(settings(**values))
        await server.start()
        try:
            await check(server)
        finally:
            await server.stop()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    uvloop.run(run())


def start_problem(**values: object) -> str:
    """Try to start, and return why it does not work."""

    async def run() -> str:
        with pytest.raises(StartError) as caught:
            await Server(settings(**values)).start()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return str(caught.value)

    return uvloop.run(run())


def test_it_starts_and_stops_and_leaves_nothing_behind() -> None:
    """Three ports are open in between, and closed afterwards."""
    ports: list[int] = []

    async def check(server: Server) -> None:
        assert server.metrics_port is not None
        ports.extend((server.http_port, server.tcp_port, server.metrics_port))
        for port in ports:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()

    serve(check)
    assert len(set(ports)) == 3
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_a_sweep_of_levels_counts_what_is_there() -> None:
    """Sessions by state, avatars, rooms and half-open connections."""

    async def check(server: Server) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.tcp_port)
        for message in (a_hello(), Join(1, "lobby", "")):
            payload = encode(message)
            writer.write(tcp_header(len(payload)) + payload)
        await reader.readexactly(4)
        _, idle = await asyncio.open_connection("127.0.0.1", server.tcp_port)
        while not server.hub.half_open or not len(server.hub.rooms["lobby"]):  # noqa: ASYNC110  the hub tells nobody
            await asyncio.sleep(0.01)
        levels = server._levels()  # noqa: SLF001  what a scrape asks
        assert (dict(levels.sessions), levels.entities["avatar"]) == ({"room": 1}, 1)
        assert (levels.rooms, levels.half_open) == (1, 1)
        assert (levels.budgets.short, levels.budgets.slowest_s) == (0, 0.05)
        for each in (writer, idle):
            each.close()

    serve(check)


def test_configured_rooms_are_there_from_the_start() -> None:
    """And the first one's world is what others are made from."""

    async def check(server: Server) -> None:
        assert {name: room.world.name for name, room in server.hub.rooms.items()} == {"field": "open", "lobby": "plaza"}
        assert server.hub.room_for("new", "", 0.0).world.name == "open"
        assert server.hub.rooms["field"].rings == server.settings.rings
        assert [str(ring) for ring in server.hub.rooms["lobby"].rings] == ["5:1", "8:4"]

    serve(check, rooms=["field=open", "lobby=plaza"], room_rings=["lobby=5:1,8:4"])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"rooms": ["lobby=nowhere"]}, "there is checkpoint, headquarters, open, plaza"),
        ({"keys_file": Path("pyproject.toml")}, "key set"),
        ({"tls_cert": Path("LICENSE"), "tls_key": Path("LICENSE")}, "LICENSE"),
        ({"host": "192.0.2.1", "behind_tls_proxy": True}, "192.0.2.1"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(values: dict[str, object], says: str) -> None:
    """Whatever is wrong, nothing is left running."""
    problem = start_problem(**values)
    assert says in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("port", "--port or PORT"),
        ("tcp_port", "--tcp-port or TCP_PORT"),
        ("metrics_port", "--metrics-port or PRESENCE_METRICS_PORT"),
    ],
)
def test_a_taken_port_says_what_to_use(name: str, says: str) -> None:
    """The flag, and what to set where `make` starts the server."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        problem = start_problem(**{name: port})
    assert f"port {port} on 127.0.0.1 is taken" in problem
    assert problem.endswith(f"choose another with {says}")


@pytest.mark.parametrize(
    ("values", "address", "is_exempt"),
    [
        ({}, "127.0.0.1", False),
        ({"trust_loopback": True}, "127.0.0.1", True),
        ({"trust_loopback": True}, "192.0.2.1", False),
        ({"trusted_proxies": ["10.0.0.0/8"]}, "10.1.2.3", True),
        ({"trusted_proxies": ["10.0.0.0/8"]}, "127.0.0.1", False),
    ],
)
def test_whose_connections_are_not_counted(values: dict[str, object], address: str, is_exempt: bool) -> None:
    """Proxies bring many people, and tests bring many connections."""

    async def check(server: Server) -> None:
        assert server._is_exempt(address) is is_exempt  # noqa: SLF001  what the hub is given

    serve(check, **values)
